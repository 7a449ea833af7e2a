"""Take uploaded files apart while they arrive: to disk in pieces, hashed on the way.

Nothing is held in memory and no file name is ever used as a path. A file over the limit is read to
its end and thrown away, so that the files after it still arrive. python-multipart is imported here
only.
"""

import hashlib
import re
import tempfile
from collections.abc import AsyncIterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING
from urllib.parse import unquote_to_bytes

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.concurrency import run_in_threadpool

from api.errors import TooLarge
from inspection.errors import BadInput

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

FIELD = "files"
NAME_MAX_CHARS = 200
EXTENDED = re.compile(rb"(?i);\s*filename\*\s*=\s*(?:utf-8|shift_jis|cp932)'[^']*'([^;\s\"]+)")
ENVELOPE_MAX_BYTES = 4096
"""Room for boundary and headers of one part, on top of its content."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bound what one request may send.

    Attributes:
        file_max_bytes: of one file; a larger one is set aside.
        files_max: files in one request; more make the whole request fail.
        model_max_bytes: of an uploaded network.
    """

    file_max_bytes: int
    files_max: int = 500
    model_max_bytes: int = 500_000_000

    @property
    def body_max_bytes(self) -> int:
        """Give the size above which a body cannot be honest."""
        return self.files_max * (self.file_max_bytes + ENVELOPE_MAX_BYTES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """Describe one file that arrived.

    Attributes:
        name: cleaned name, for people only.
        path: where it lies until the request ends; None when it was over the limit.
        sha256: hexadecimal digest, None when it was over the limit.
        size_bytes: as sent, also when over the limit.
    """

    name: str
    path: Path | None
    sha256: str | None
    size_bytes: int


def clean_name(sent: str) -> str:
    r"""Reduce a sent file name to something a person can read.

    >>> clean_name("C:\\photos\\DJI_0001.JPG"), clean_name("../../etc/passwd"), clean_name("")
    ('DJI_0001.JPG', 'passwd', 'unnamed')
    """
    base = re.split(r"[/\\]", sent)[-1]
    printable = "".join(char for char in base if char.isprintable()).strip()
    name = printable[-NAME_MAX_CHARS:].strip()
    return name if name.strip(".") else "unnamed"


@contextmanager
def receiving_folder(parent: Path) -> Iterator[Path]:
    """Give a folder for the files of one request, removed when the request ends."""
    parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="upload-", dir=parent) as folder:
        yield Path(folder)


async def receive(
    stream: AsyncIterable[bytes], *, content_type: str, folder: Path, limits: Limits
) -> list[Received]:
    """Write the files of a multipart body into a folder and describe them, in order.

    Args:
        stream: pieces of the body as they arrive.
        content_type: of the request, with its boundary.
        folder: for the files; the caller removes it.
        limits: what to accept.

    Raises:
        BadInput: when the body is not multipart, is cut off or carries no file.
        TooLarge: when there are too many files or bytes.
    """
    sink = _Sink(folder=folder, limits=limits)
    try:
        parser = MultipartParser(_boundary(content_type), sink.callbacks())
        total = 0
        async for piece in stream:
            total += len(piece)
            if total > limits.body_max_bytes:
                raise TooLarge(f"the upload is over {limits.body_max_bytes} bytes; send less")
            await run_in_threadpool(parser.write, piece)
        await run_in_threadpool(parser.finalize)
    except FormParserError as error:
        raise BadInput(f"the upload is not a valid multipart body: {error}") from error
    finally:
        sink.close()
    return sink.finished()


def _boundary(content_type: str) -> bytes:
    kind, options = parse_options_header(content_type)
    boundary = options.get(b"boundary")
    if kind != b"multipart/form-data" or not boundary:
        raise BadInput("send the photos as multipart/form-data with a boundary")
    return boundary


def _extended_name(disposition: bytes) -> bytes | None:
    """Read ``filename*``: forms should not have it, but many programs write Japanese names so.

    Source: RFC 8187 §3.2 (the value), RFC 7578 §4.2 (that forms should not).
    """
    found = EXTENDED.search(disposition)
    return None if found is None else unquote_to_bytes(found[1])


def _read_name(sent: bytes) -> str:
    """Read a name, which old programs of Japan send as Shift_JIS."""
    for encoding in ("utf-8", "cp932"):
        try:
            return sent.decode(encoding)
        except UnicodeDecodeError:
            continue
    return sent.decode("utf-8", "replace")


class _Sink:
    """Follow the parser's events and write one file after the other."""

    def __init__(self, *, folder: Path, limits: Limits) -> None:
        self._folder = folder
        self._limits = limits
        self._received: list[Received] = []
        self._header = (b"", b"")
        self._disposition = b""
        self._file: IO[bytes] | None = None
        self._path = folder
        self._name = ""
        self._size_bytes = 0
        self._digest = hashlib.sha256()
        self._ended = False

    def callbacks(self) -> "MultipartCallbacks":
        """Give the functions that the parser calls."""
        return {
            "on_part_begin": self._begin_part,
            "on_header_field": self._header_field,
            "on_header_value": self._header_value,
            "on_header_end": self._end_header,
            "on_headers_finished": self._open_file,
            "on_part_data": self._write,
            "on_part_end": self._end_part,
            "on_end": self._end,
        }

    def close(self) -> None:
        """Close a file that the request left open."""
        if self._file is not None:
            self._file.close()

    def finished(self) -> list[Received]:
        """Give what arrived.

        Raises:
            BadInput: when the body was cut off or had no file.
        """
        if not self._ended:
            raise BadInput("the upload was cut off before its end; send it again")
        if not self._received:
            raise BadInput(f"the upload has no file; send each as a part named {FIELD!r}")
        return self._received

    def _begin_part(self) -> None:
        if len(self._received) >= self._limits.files_max:
            raise TooLarge(
                f"more than {self._limits.files_max} files in one request; send them in several"
            )
        self._header, self._disposition = (b"", b""), b""

    def _header_field(self, piece: bytes, start: int, end: int) -> None:
        self._header = (self._header[0] + piece[start:end], self._header[1])

    def _header_value(self, piece: bytes, start: int, end: int) -> None:
        self._header = (self._header[0], self._header[1] + piece[start:end])

    def _end_header(self) -> None:
        if self._header[0].lower() == b"content-disposition":
            self._disposition = self._header[1]
        self._header = (b"", b"")

    def _open_file(self) -> None:
        _, options = parse_options_header(self._disposition)
        sent = options.get(b"filename", _extended_name(self._disposition))
        if options.get(b"name") != FIELD.encode() or sent is None:
            raise BadInput(f"send every file as a part named {FIELD!r} with a file name")
        self._name = clean_name(_read_name(sent))
        self._path = self._folder / f"{len(self._received):06d}"
        self._size_bytes, self._digest = 0, hashlib.sha256()
        self._file = self._path.open("wb")

    def _write(self, piece: bytes, start: int, end: int) -> None:
        self._size_bytes += end - start
        if self._file is None or self._size_bytes > self._limits.file_max_bytes:
            return
        self._digest.update(piece[start:end])
        self._file.write(piece[start:end])

    def _end_part(self) -> None:
        assert self._file is not None
        self._file.close()
        self._file = None
        kept = self._size_bytes <= self._limits.file_max_bytes
        if not kept:
            self._path.unlink()
        self._received.append(
            Received(
                name=self._name,
                path=self._path if kept else None,
                sha256=self._digest.hexdigest() if kept else None,
                size_bytes=self._size_bytes,
            )
        )

    def _end(self) -> None:
        self._ended = True

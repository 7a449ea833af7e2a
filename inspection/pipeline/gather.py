"""Gather files that arrive in pieces: each piece a blob, the offset a row, the photo at the end.

A piece is written as a blob first, then the offset moves: a service that dies in between has lost
a piece that nobody was told had arrived. When the last byte is there, the pieces are put together,
compared with the digest that the sender promised, and received as any upload is. That may happen
twice, after a crash or in two processes, and is the same as once.
"""

import hashlib
import logging
import shutil
import tempfile
import uuid
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import Engine

from inspection.errors import BadInput, NotFound, Refused, TenkenError, Unavailable
from inspection.pipeline.ports import BlobStore
from inspection.pipeline.receive import Arrival, Examine, Status, receive_photos
from inspection.store import jobs, keys, surveys, uploads
from inspection.store.engine import reading, writing
from inspection.store.uploads import Part, Upload, UploadState

PART_BYTES = 8 << 20
"""A piece is written down when so many bytes have arrived; so much a broken connection costs."""

BLOCK_BYTES = 1 << 20

TAKES_NONE = "it takes no photos now, and those that are on their way count for its next run"

log = logging.getLogger("tenken.api")


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """Bound what may be arriving at a time.

    Attributes:
        unfinished_max_bytes: of all unfinished uploads of one organisation.
        unfinished_max: number of unfinished uploads of one organisation.
        keep: how long an upload to which nothing is added is kept.
        part_bytes: size of a piece.
    """

    unfinished_max_bytes: int = 100 << 30
    unfinished_max: int = 10_000
    keep: timedelta = timedelta(days=1)
    part_bytes: int = PART_BYTES


@dataclass(frozen=True, slots=True, kw_only=True)
class Gatherer:
    """Hold what gathering needs.

    Attributes:
        engine: the database, narrowed to what the sender may change.
        blobs: keeps pieces and photos.
        scratch: folder for the file that is put together.
        terms: what may be arriving.
        examine: looks at a file of a stranger, in another process.
    """

    engine: Engine
    blobs: BlobStore
    scratch: Path
    terms: Terms
    examine: Examine

    def begin(
        self,
        survey_id: uuid.UUID,
        *,
        name: str,
        length_bytes: int,
        sha256: str | None,
        now: datetime,
    ) -> Upload:
        """Reserve room for a file; an empty one has arrived at once.

        Raises:
            NotFound: when there is no such survey.
            Conflict: when it is being processed.
            Refused: when the organisation has too much on its way already.
        """
        upload = Upload(
            upload_id=uuid.uuid4(),
            survey_id=survey_id,
            name=name,
            length_bytes=length_bytes,
            sha256_promised=sha256,
            created_at=now,
            expires_at=now + self.terms.keep,
        )
        with writing(self.engine) as connection:
            jobs.demand_idle(connection, survey_id, TAKES_NONE)
            count, size = uploads.reserved_bytes(connection, survey_id)
            self._demand_quota(count + 1, size + length_bytes)
            uploads.begin(connection, upload)
        return self.finish(upload) if upload.is_complete else upload

    def keep_piece(self, upload: Upload, start_byte: int, content: bytes) -> Part:
        """Write a piece as a blob; it counts when ``advance`` says so."""
        key = keys.part_key(upload.survey_id, upload.upload_id, start_byte, uuid.uuid4().hex[:12])
        self.blobs.put_bytes(key, content)
        return Part(key=key, size_bytes=len(content))

    def advance(self, upload: Upload, parts: Sequence[Part], now: datetime) -> Upload:
        """Let pieces count that were written.

        Raises:
            Conflict: when others were faster; the pieces are removed.
        """
        try:
            with writing(self.engine) as connection:
                uploads.by_id(connection, upload.survey_id, upload.upload_id)
                return uploads.advance(connection, upload, tuple(parts), now + self.terms.keep)
        except TenkenError:
            self.drop(parts)
            raise

    def drop(self, parts: Sequence[Part]) -> None:
        """Remove pieces that do not count."""
        for part in parts:
            self.blobs.delete(part.key)

    def finish(self, upload: Upload) -> Upload:
        """Put a complete upload together and take it in as a photo; give what became of it.

        Raises:
            NotFound: when pieces are gone, because another process finished it or it was ended.
            Unavailable: when the disk is full, or refuses.
        """
        with reading(self.engine) as connection:
            survey = surveys.by_id(connection, upload.survey_id)
        with self._whole(upload) as (path, sha256):
            promised = upload.sha256_promised
            if promised is not None and promised != sha256:
                words = f"the bytes that arrived have the digest {sha256}, promised was {promised}"
                return self._end(upload, UploadState.REJECTED, sha256, detail=words)
            arrival = Arrival(
                name=upload.name, path=path, sha256=sha256, size_bytes=upload.length_bytes
            )
            (fate,) = receive_photos(
                survey,
                [arrival],
                engine=self.engine,
                blobs=self.blobs,
                file_max_bytes=upload.length_bytes,
                examine=self.examine,
            )
        ended = {
            Status.STORED: UploadState.STORED,
            Status.ALREADY_HERE: UploadState.ALREADY_HERE,
            Status.REJECTED: UploadState.REJECTED,
        }[fate.status]
        with writing(self.engine) as connection:
            told = uploads.finish(
                connection,
                upload,
                state=ended,
                sha256=sha256,
                reason=None if fate.rejection is None else fate.rejection.reason,
                detail="" if fate.rejection is None else fate.rejection.detail,
            )
        self._clear(upload)
        return told

    def end(self, upload: Upload) -> None:
        """Forget an upload and remove what has arrived of it."""
        with writing(self.engine) as connection:
            uploads.by_id(connection, upload.survey_id, upload.upload_id)
            uploads.remove(connection, upload)
        self._clear(upload)

    def tidy(self, now: datetime) -> tuple[int, int]:
        """Finish what is complete and forget what has expired; give how many of each.

        What a crash left between the last byte and the photo is finished here, though the sender
        may never come back.
        """
        self._sweep_scratch(now)
        with reading(self.engine) as connection:
            waiting = uploads.due(connection, now)
        finished = expired = 0
        for upload in waiting:
            try:
                if upload.is_complete:
                    self.finish(upload)
                    finished += 1
                else:
                    self.end(upload)
                    expired += 1
            except TenkenError as error:
                log.warning("upload %s: %s", upload.upload_id, error)
        return finished, expired

    def _sweep_scratch(self, now: datetime) -> None:
        """Remove what a service that was killed had put together."""
        for left in self.scratch.glob("*"):
            with suppress(OSError):  # it was in use and has just been removed, or cannot be
                if now.timestamp() - left.stat().st_mtime > self.terms.keep.total_seconds():
                    if left.is_dir():
                        shutil.rmtree(left, ignore_errors=True)
                    else:
                        left.unlink()

    def _demand_quota(self, count: int, size_bytes: int) -> None:
        terms = self.terms
        if count > terms.unfinished_max or size_bytes > terms.unfinished_max_bytes:
            raise Refused(
                f"{count} unfinished uploads of {size_bytes / 1e6:.0f} MB would be over the quota "
                f"of {terms.unfinished_max} and {terms.unfinished_max_bytes / 1e6:.0f} MB; finish "
                "or end some first"
            )

    def _end(
        self, upload: Upload, state: UploadState, sha256: str | None, *, detail: str
    ) -> Upload:
        with writing(self.engine) as connection:
            told = uploads.finish(connection, upload, state=state, sha256=sha256, detail=detail)
        self._clear(upload)
        return told

    def _clear(self, upload: Upload) -> None:
        """Remove every piece of an upload, also those that never counted."""
        prefix = keys.parts_prefix(upload.survey_id, upload.upload_id)
        for key in list(self.blobs.keys(prefix)):
            self.blobs.delete(key)

    @contextmanager
    def _whole(self, upload: Upload) -> Iterator[tuple[Path, str]]:
        """Give the whole file and its digest for as long as the context lasts."""
        with ExitStack() as stack:
            try:
                self.scratch.mkdir(parents=True, exist_ok=True)
                folder = stack.enter_context(
                    tempfile.TemporaryDirectory(prefix="whole-", dir=self.scratch)
                )
                path, digest = Path(folder) / upload.upload_id.hex, hashlib.sha256()
                with path.open("wb") as whole:
                    for block in self._blocks(upload):
                        digest.update(block)
                        whole.write(block)
            except OSError as error:
                raise Unavailable(
                    f"{upload.name} cannot be put together in {self.scratch}: {error.strerror}; "
                    "check folder and disk"
                ) from error
            yield path, digest.hexdigest()

    def _blocks(self, upload: Upload) -> Iterator[bytes]:
        """Read the pieces of an upload from the beginning to the end."""
        for part in upload.parts:
            try:
                with self.blobs.local_path(part.key) as piece, piece.open("rb") as file:
                    while block := file.read(BLOCK_BYTES):
                        yield block
            except FileNotFoundError as error:  # between the question and the answer
                raise NotFound(f"there is no blob {part.key!r} any more") from error


def settle(gatherer: Gatherer, upload: Upload) -> Upload:
    """Give an upload as it is when nothing is left to do for it: a complete one is finished first.

    Another process may be doing the same; whoever comes second reads what the first one wrote.

    Raises:
        NotFound: when it was ended meanwhile.
    """
    if not upload.is_complete:
        return upload
    try:
        return gatherer.finish(upload)
    except NotFound:  # the pieces are gone, for another process has just finished it
        with reading(gatherer.engine) as connection:
            return uploads.by_id(connection, upload.survey_id, upload.upload_id)


def check_promise(sha256: str) -> str:
    """Check that a promised digest is one.

    Raises:
        BadInput: when it is not.

    >>> check_promise("AB" * 32) == "ab" * 32
    True
    """
    lower = sha256.strip().lower()
    if len(lower) != 64 or set(lower) - set("0123456789abcdef"):
        raise BadInput(f"a sha256 has 64 hexadecimal digits, got {sha256[:80]!r}")
    return lower

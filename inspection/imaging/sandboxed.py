"""Decode files of strangers in processes that have little to lose: ``python -m`` this module.

It reads one JSON line a file (``{"path": …}``) and answers each with one: ``{}`` for a photo, or
``{"reason": …, "detail": …}``, both with a ``thumbnail`` where something can be seen. Each file is
decoded in a process of its own, a copy of this one that has everything imported; what a file makes
it do ends with it, and the answer is then ``null``. Memory, processor time, open files and what it
may write are bounded before the first byte is read. The parent (``sandbox``) bounds the time and
starts another one.
"""

import gc
import io
import json
import os
import resource
import sys
from base64 import b64encode
from pathlib import Path
from typing import NoReturn, TextIO

from PIL import Image

from inspection.domain.capture import RejectionReason
from inspection.imaging.decode import Flaw, decode
from inspection.imaging.thumbnail import thumbnail_of_part

OPEN_FILES = 32

ANSWER_CHARS = 1 << 17
"""Longest answer: words, and a small picture as Base64."""

SHOWN = frozenset({RejectionReason.TRUNCATED, RejectionReason.UNREADABLE})
"""Flaws of files that may still show something; of others nothing is decoded once more."""


def confine(memory_bytes: int) -> None:
    """Give up what decoding does not need; there is no way back."""
    for kind, limit in (
        (resource.RLIMIT_AS, memory_bytes),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, OPEN_FILES),
    ):
        resource.setrlimit(kind, (limit, limit))


def examine(path: Path, max_pixels: int) -> dict[str, str]:
    """Decode one file whole; give what is wrong with it, and a small picture of it."""
    thumbnail = None
    try:
        content = path.read_bytes()
        found = decode(content, max_pixels=max_pixels)
        if not isinstance(found, Flaw) or found.reason in SHOWN:
            thumbnail = thumbnail_of_part(content)
    except MemoryError:
        found = Flaw(
            reason=RejectionReason.TOO_LARGE,
            detail="decoding it needs more memory than a photo of its size may",
        )
    except OSError as error:
        found = Flaw(reason=RejectionReason.UNREADABLE, detail=f"cannot be read: {error.strerror}")
    except Exception as error:  # noqa: BLE001 a decoder met what its author did not foresee
        found = Flaw(reason=RejectionReason.UNREADABLE, detail=f"{type(error).__name__}: {error}")
    answer = {}
    if isinstance(found, Flaw):
        answer = {"reason": found.reason.value, "detail": found.detail}
    return answer if thumbnail is None else {**answer, "thumbnail": b64encode(thumbnail).decode()}


def serve(
    asked: TextIO, answers: TextIO, *, max_pixels: int, memory_bytes: int, cpu_s: int
) -> None:
    """Answer questions until there are no more."""
    confine(memory_bytes)
    warm_up()
    for line in asked:
        path = Path(json.loads(line)["path"])
        answers.write(_asked_of_a_copy(path, max_pixels=max_pixels, cpu_s=cpu_s) + "\n")
        answers.flush()


def warm_up() -> None:
    """Have decoders imported before anybody asks: a copy that imports them does so every time."""
    for kind in ("JPEG", "TIFF", "PNG"):
        stream = io.BytesIO()
        Image.new("L", (8, 8)).save(stream, kind)
        thumbnail_of_part(stream.getvalue())
        decode(stream.getvalue())
    gc.freeze()


def _asked_of_a_copy(path: Path, *, max_pixels: int, cpu_s: int) -> str:
    """Have one file examined by a copy of this process; ``null`` when it did not survive it."""
    reading, writing = os.pipe()
    child = os.fork()  # this process has one thread
    if child == 0:
        os.close(reading)
        _answer_and_end(writing, path, max_pixels, cpu_s)
    os.close(writing)
    with os.fdopen(reading, encoding="ascii", errors="replace") as pipe:
        answer = pipe.read(ANSWER_CHARS)
    _, status = os.waitpid(child, 0)
    return answer if status == 0 and answer and "\n" not in answer else "null"


def _answer_and_end(out: int, path: Path, max_pixels: int, cpu_s: int) -> NoReturn:
    """Examine one file as the copy that has nothing to do but this."""
    content = b"?"
    try:
        os.close(0)
        os.close(1)  # the answers to other questions are not its own
        resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s + 1))
        content = json.dumps(examine(path, max_pixels)).encode("ascii")
        while content:
            content = content[os.write(out, content) :]
    finally:
        os._exit(0 if not content else 1)


if __name__ == "__main__":
    serve(
        sys.stdin,
        sys.stdout,
        max_pixels=int(sys.argv[1]),
        memory_bytes=int(sys.argv[2]),
        cpu_s=int(sys.argv[3]),
    )

"""Decode files of strangers in a process that has little to lose: ``python -m`` this module.

It reads one JSON line a file (``{"path": …}``) and answers each with one: ``{}`` for a photo, or
``{"reason": …, "detail": …}``. What a file makes it do ends with this process: memory, processor
time, open files and what it may write are bounded before the first byte is read. The parent
(``sandbox``) bounds the time and starts another one.
"""

import json
import resource
import sys
import time
from pathlib import Path
from typing import TextIO

from inspection.domain.capture import RejectionReason
from inspection.imaging.decode import Flaw, decode

OPEN_FILES = 32


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
    """Decode one file whole; give what is wrong with it, empty when nothing is."""
    try:
        found = decode(path.read_bytes(), max_pixels=max_pixels)
    except MemoryError:
        found = Flaw(
            reason=RejectionReason.TOO_LARGE,
            detail="decoding it needs more memory than a photo of its size may",
        )
    except OSError as error:
        found = Flaw(reason=RejectionReason.UNREADABLE, detail=f"cannot be read: {error.strerror}")
    except Exception as error:  # noqa: BLE001 a decoder met what its author did not foresee
        found = Flaw(reason=RejectionReason.UNREADABLE, detail=f"{type(error).__name__}: {error}")
    return {"reason": found.reason, "detail": found.detail} if isinstance(found, Flaw) else {}


def serve(
    asked: TextIO, answers: TextIO, *, max_pixels: int, memory_bytes: int, cpu_s: int
) -> None:
    """Answer questions until there are no more."""
    confine(memory_bytes)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    for line in asked:
        # the limit counts from the beginning of the process: each file gets its own share
        resource.setrlimit(resource.RLIMIT_CPU, (int(time.process_time()) + cpu_s + 1, hard))
        answers.write(json.dumps(examine(Path(json.loads(line)["path"]), max_pixels)) + "\n")
        answers.flush()


if __name__ == "__main__":
    serve(
        sys.stdin,
        sys.stdout,
        max_pixels=int(sys.argv[1]),
        memory_bytes=int(sys.argv[2]),
        cpu_s=int(sys.argv[3]),
    )

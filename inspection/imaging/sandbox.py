"""Have files of strangers decoded by another process, bounded in pixels, memory and time.

A file that makes the process crash, hang or grow loses its process, not the service; the files
after it get a new one.
"""

import json
import os
import select
import subprocess
import sys
import threading
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

from inspection.domain.capture import RejectionReason
from inspection.imaging.decode import MAX_PHOTO_PIXELS, Flaw

MEMORY_BYTES = 4 << 30
"""Address space of the process: 250 Mpx in three colours and grey, the file, and Python itself."""

TIME_S = 60.0
"""Longest time for one photo; 250 Mpx take some seconds."""

START_S = 60.0
"""Longest time for the process to start, on a busy machine."""

ANSWER_BYTES = 1 << 16

KEPT_VARIABLES = ("PATH", "HOME", "LANG", "LC_ALL", "VIRTUAL_ENV", "PYTHONPATH")
"""What the process is told of the environment; no setting and no secret of ours is among it."""

ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}
"""Threads would reserve address space, which is bounded."""


class Sandbox:
    """Decode files in processes of their own, a few at a time."""

    def __init__(
        self,
        *,
        max_pixels: int = MAX_PHOTO_PIXELS,
        memory_bytes: int = MEMORY_BYTES,
        time_s: float = TIME_S,
        processes: int = 2,
    ) -> None:
        """Set the bounds.

        Args:
            max_pixels: of one photo.
            memory_bytes: address space of a process.
            time_s: longest wait for one photo, and its processor time.
            processes: how many may run at a time; others wait.
        """
        self._command = [
            sys.executable, "-m", "inspection.imaging.sandboxed",
            str(max_pixels), str(memory_bytes), str(max(1, int(time_s))),
        ]  # fmt: skip
        self._time_s = time_s
        self._seats = threading.BoundedSemaphore(processes)

    def flaws(self, paths: Iterable[Path]) -> dict[Path, Flaw]:
        """Decode files and give what is wrong with those that are no usable photo."""
        found: dict[Path, Flaw] = {}
        waiting = list(paths)
        with self._seats:
            while waiting:
                waiting = self._some(waiting, found)
        return found

    def _some(self, waiting: list[Path], found: dict[Path, Flaw]) -> list[Path]:
        """Ask one process about files until one of them ends it; give those that are left."""
        with _Child(self._command) as child:
            for index, path in enumerate(waiting):
                answer = child.ask(path, self._time_s + (START_S if index == 0 else 0.0))
                if isinstance(answer, Flaw):
                    found[path] = answer
                    return waiting[index + 1 :]
                if answer:
                    reason = RejectionReason(answer["reason"])
                    found[path] = Flaw(reason=reason, detail=answer["detail"])
        return []


class _Child:
    """Talk with one process over its pipes."""

    def __init__(self, command: list[str]) -> None:
        kept = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={
                **kept,
                "OPENBLAS_NUM_THREADS": "1",
                "OMP_NUM_THREADS": "1",
                "PYTHONDONTWRITEBYTECODE": "1",
            },
            start_new_session=True,  # a Ctrl+C is the service's
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            try:
                pipe.close()
            except BrokenPipeError:
                continue

    def ask(self, path: Path, time_s: float) -> dict[str, str] | Flaw:
        """Have one file decoded; a flaw when the process did not survive it."""
        assert self._process.stdin is not None and self._process.stdout is not None
        try:
            self._process.stdin.write(json.dumps({"path": str(path)}).encode() + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            return _crashed()
        answered = select.poll()  # unlike select(), also for the 1025th open file
        answered.register(self._process.stdout, select.POLLIN)
        if not answered.poll(time_s * 1000):
            return Flaw(
                reason=RejectionReason.TOO_LARGE,
                detail=f"decoding it takes longer than {time_s:.0f} s",
            )
        line = self._process.stdout.readline(ANSWER_BYTES)
        try:
            answer: dict[str, str] = json.loads(line)
        except ValueError:
            return _crashed()
        return answer


def _crashed() -> Flaw:
    return Flaw(
        reason=RejectionReason.UNREADABLE,
        detail="the decoder crashed or ran out of processor time on it; copy the file again",
    )

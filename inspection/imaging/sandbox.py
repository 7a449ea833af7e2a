"""Have files of strangers decoded by other processes, bounded in pixels, memory and time.

A file that makes its process crash, hang or grow loses that process, not the service. Starting
Python takes longer than decoding a small photo, so what starts them is kept between questions.
"""

import json
import os
import select
import signal
import subprocess
import sys
import weakref
from base64 import b64decode
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from inspection.domain.capture import RejectionReason
from inspection.imaging.decode import MAX_PHOTO_PIXELS, Flaw, Looked
from inspection.turns import Turns

MEMORY_BYTES = 4 << 30
"""Address space of the process: 250 Mpx in three colours and grey, the file, and Python itself."""

TIME_S = 60.0
"""Longest time for one photo; 250 Mpx take some seconds."""

START_S = 60.0
"""Longest time for the process to start, on a busy machine."""

ANSWER_BYTES = 1 << 18
"""Longest answer: words, and a small picture."""

CRASHED = "the decoder crashed or ran out of processor time on it; copy the file again"

KEPT_VARIABLES = ("PATH", "HOME", "LANG", "LC_ALL", "VIRTUAL_ENV", "PYTHONPATH")
"""What the process is told of the environment; no setting and no secret of ours is among it."""

ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}
"""Threads would reserve address space, which is bounded."""


def bare_environment() -> dict[str, str]:
    """Give what a process that reads files of strangers is told of the environment."""
    return {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}


class Sandbox:
    """Decode files in processes of their own, a few at a time."""

    def __init__(
        self,
        *,
        max_pixels: int = MAX_PHOTO_PIXELS,
        memory_bytes: int = MEMORY_BYTES,
        time_s: float = TIME_S,
        processes: int = 2,
        waiting_most: int = 12,
        patience_s: float = 30.0,
    ) -> None:
        """Set the bounds.

        Args:
            max_pixels: of one photo.
            memory_bytes: address space of a process.
            time_s: longest wait for one photo, and its processor time.
            processes: how many may run at a time; others wait.
            waiting_most: how many may wait; more are turned away.
            patience_s: how long one waits before it is turned away too.
        """
        self._command = [
            sys.executable, "-m", "inspection.imaging.sandboxed",
            str(max_pixels), str(memory_bytes), str(max(1, int(time_s))),
        ]  # fmt: skip
        self._time_s = time_s
        self._turns = Turns(
            "looking at uploaded files",
            seats=processes,
            waiting_most=waiting_most,
            patience_s=patience_s,
        )
        self._idle: list[_Child] = []
        weakref.finalize(self, _end_all, self._idle)

    def flaws(self, paths: Iterable[Path]) -> Mapping[Path, Flaw]:
        """Decode files and give what is wrong with those that are no usable photo."""
        return self.look(paths).flaws

    def look(self, paths: Iterable[Path]) -> Looked:
        """Decode files; give what is wrong with them, and small pictures.

        Raises:
            Unavailable: when too many others wait.
        """
        flaws: dict[Path, Flaw] = {}
        thumbnails: dict[Path, bytes] = {}
        with self._turns.one():
            for path in paths:
                answer = self._ask(path)
                if "reason" in answer:
                    reason = RejectionReason(answer["reason"])
                    flaws[path] = Flaw(reason=reason, detail=answer["detail"])
                if "thumbnail" in answer:
                    thumbnails[path] = b64decode(answer["thumbnail"])
        return Looked(flaws=flaws, thumbnails=thumbnails)

    def _ask(self, path: Path) -> dict[str, str]:
        """Ask a process about one file; keep the process when it is still well."""
        child = self._take()
        try:
            answer = child.ask(path, self._time_s)
        except _Ended as error:
            child.end()
            return {"reason": error.reason, "detail": error.detail}
        self._idle.append(child)
        return answer

    def _take(self) -> "_Child":
        """Give a process that waits, or a new one; appending and popping are atomic."""
        while self._idle:
            with suppress(IndexError):  # another thread was faster
                child = self._idle.pop()
                if child.is_well():
                    return child
                child.end()
        return _Child(self._command)


class _Ended(Exception):
    """Say that a process is of no more use."""

    def __init__(self, reason: RejectionReason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


class _Child:
    """Talk with one process over its pipes."""

    def __init__(self, command: list[str]) -> None:
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**bare_environment(), **ONE_THREAD},
            start_new_session=True,  # a Ctrl+C is the service's
        )

        self._fresh = True

    def is_well(self) -> bool:
        """Tell whether it still runs."""
        return self._process.poll() is None

    def end(self) -> None:
        """End it with everything that it started."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            with suppress(BrokenPipeError):
                pipe.close()

    def ask(self, path: Path, time_s: float) -> dict[str, str]:
        """Have one file decoded.

        Raises:
            _Ended: when the process did not survive it, or takes too long.
        """
        assert self._process.stdin is not None and self._process.stdout is not None
        try:
            self._process.stdin.write(json.dumps({"path": str(path)}).encode() + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise _Ended(RejectionReason.UNREADABLE, CRASHED) from None
        patience_s, self._fresh = time_s + (START_S if self._fresh else 0.0), False
        answered = select.poll()  # unlike select(), also for the 1025th open file
        answered.register(self._process.stdout, select.POLLIN)
        if not answered.poll(patience_s * 1000):
            words = f"decoding it takes longer than {patience_s:.0f} s"
            raise _Ended(RejectionReason.TOO_LARGE, words)
        try:
            answer: dict[str, str] | None = json.loads(self._process.stdout.readline(ANSWER_BYTES))
        except ValueError:
            raise _Ended(RejectionReason.UNREADABLE, CRASHED) from None
        if answer is None:  # the copy that looked at the file did not survive it
            return {"reason": RejectionReason.UNREADABLE, "detail": CRASHED}
        return answer


def _end_all(children: list[_Child]) -> None:
    """End what waits, when nobody can ask any more."""
    while children:
        children.pop().end()

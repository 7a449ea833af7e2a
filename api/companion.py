"""Keep the embedded worker alive beside the service, and end it with the service.

The API may not import what the worker needs, so the worker is another process. It watches a pipe
that this process holds; when this process ends, however it ends, the pipe closes and the worker
ends too.
"""

import logging
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Self

WORKER = (sys.executable, "-m", "workers.embedded")

GRACE_S = 3.0
"""How long a worker may take to end by itself; after that the pipe is closed, which ends it."""

PAUSE_FIRST_S = 1.0
PAUSE_MAX_S = 30.0
HEALTHY_S = 60.0
"""A worker that lived so long was healthy: the next pause is short again."""

log = logging.getLogger("tenken.api")


class Companion:
    """Run one process beside this one, and start it again when it dies."""

    def __init__(
        self, command: Sequence[str] = WORKER, *, pause_first_s: float = PAUSE_FIRST_S
    ) -> None:
        """Prepare a companion; nothing is started yet."""
        self._command = tuple(command)
        self._pause_first_s = pause_first_s
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._watch, name="companion", daemon=True)

    def __enter__(self) -> Self:
        """Start the process and watch it."""
        self._process = self._start()
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the process: ask, then close its pipe, then kill."""
        self._stop.set()
        with self._lock:
            process = self._process
        if process is not None:
            _end(process)
        self._thread.join()

    @property
    def pid(self) -> int | None:
        """Give the identifier of the process that runs now."""
        with self._lock:
            return None if self._process is None else self._process.pid

    def _start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(self._command, stdin=subprocess.PIPE)

    def _watch(self) -> None:
        """Wait for the end of the process, and start another after a pause that grows."""
        pause_s = self._pause_first_s
        while self._process is not None:
            began_s = time.monotonic()
            code = self._process.wait()
            _close_pipe(self._process)
            if self._stop.is_set():
                return
            if time.monotonic() - began_s > HEALTHY_S:
                pause_s = self._pause_first_s
            log.error("the worker ended with code %s; another starts in %.1f s", code, pause_s)
            if self._stop.wait(pause_s):
                return
            pause_s = min(PAUSE_MAX_S, 2 * pause_s)
            with self._lock:
                if self._stop.is_set():
                    return
                self._process = self._start()


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process whose work may be cut anywhere."""
    process.terminate()
    try:
        process.wait(GRACE_S)
    except subprocess.TimeoutExpired:
        _close_pipe(process)
        try:
            process.wait(GRACE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    finally:
        _close_pipe(process)


def _close_pipe(process: subprocess.Popen[bytes]) -> None:
    assert process.stdin is not None
    process.stdin.close()

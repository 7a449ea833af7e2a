"""Tell people how far long work has come: bars on a terminal, plain lines otherwise."""

import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

PLAIN_INTERVAL_S = 5.0
"""How often a plain log hears of progress inside one step."""


class TerminalProgress:
    """Draw one bar a step on a terminal (standard error)."""

    def __init__(self) -> None:
        console = Console(stderr=True)
        self._bars = Progress(
            SpinnerColumn(),
            TextColumn("{task.description:<12}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=console,
        )
        self._task: TaskID | None = None

    def __enter__(self) -> Self:
        """Begin drawing."""
        self._bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop drawing and leave the finished bars on the screen."""
        self._finish()
        self._bars.stop()

    def start(self, step: str, total: int) -> None:
        """Begin a new bar."""
        self._finish()
        self._task = self._bars.add_task(step, total=total or None)

    def advance(self, units: int = 1) -> None:
        """Move the current bar."""
        if self._task is not None:
            self._bars.advance(self._task, units)

    def say(self, message: str) -> None:
        """Print a sentence above the bars."""
        self._bars.console.print(message, highlight=False, markup=False)

    def _finish(self) -> None:
        if self._task is None:
            return
        task = self._bars.tasks[self._task]
        self._bars.update(self._task, total=task.total or task.completed, completed=task.total)
        self._task = None


class PlainProgress:
    """Write plain lines to standard error, for logs and pipes."""

    def __init__(self, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._clock_s = clock_s
        self._step = ""
        self._total = 0
        self._done = 0
        self._said_at_s = 0.0

    def __enter__(self) -> Self:
        """Begin; nothing to prepare."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End; nothing to clean up."""

    def start(self, step: str, total: int) -> None:
        """Name the step that begins."""
        self._step, self._total, self._done = step, total, 0
        self._said_at_s = self._clock_s()
        self.say(f"{step}: begins" + (f", {total} units" if total else ""))

    def advance(self, units: int = 1) -> None:
        """Count, and say so at most every few seconds."""
        self._done += units
        if self._clock_s() - self._said_at_s >= PLAIN_INTERVAL_S:
            self._said_at_s = self._clock_s()
            of = f" of {self._total}" if self._total else ""
            self.say(f"{self._step}: {self._done}{of}")

    def say(self, message: str) -> None:
        """Write one line."""
        print(message, file=sys.stderr, flush=True)


def progress_for_stderr() -> TerminalProgress | PlainProgress:
    """Choose bars when a person watches, plain lines otherwise."""
    return TerminalProgress() if sys.stderr.isatty() else PlainProgress()

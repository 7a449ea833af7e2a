"""Say on standard error how far a long step of a command has come, in plain lines."""

import time

import click

INTERVAL_S = 5.0


class Counting:
    """Tell the beginning and the end of a step, and every five seconds in between."""

    def __init__(self, *, interval_s: float = INTERVAL_S) -> None:
        self._interval_s = interval_s
        self._step, self._total, self._done, self._told_at = "", 0, 0, 0.0

    def start(self, step: str, total: int) -> None:
        """Begin a step of ``total`` units; 0 means unknown."""
        self._step, self._total, self._done = step, total, 0
        self._tell()

    def advance(self, units: int = 1) -> None:
        """Count finished units of the current step."""
        self._done += units
        if self._done == self._total or time.monotonic() - self._told_at >= self._interval_s:
            self._tell()

    def say(self, message: str) -> None:
        """Tell the user one sentence."""
        click.echo(message, err=True)

    def _tell(self) -> None:
        self._told_at = time.monotonic()
        of = f"/{self._total}" if self._total else ""
        click.echo(f"{self._step} {self._done}{of}", err=True)

"""Let a few at a time do what is heavy, let a few more wait a little, and turn the others away.

A service answers every request on one of a fixed number of threads. Who waits for a lock holds a
thread; without a bound, one slow photo and a few impatient people hold all of them, and nobody gets
an answer any more, to whatever question.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from inspection.errors import Unavailable


class Turns:
    """Hand out turns at something heavy; shared by all threads of a process."""

    def __init__(
        self, what: str, *, seats: int = 1, waiting_most: int = 4, patience_s: float = 5.0
    ) -> None:
        """Set the bounds.

        Args:
            what: names it in the words of who is turned away.
            seats: how many may do it at a time.
            waiting_most: how many more may wait for it; each holds a thread.
            patience_s: how long one waits.
        """
        self._what = what
        self._patience_s = patience_s
        self._seats = threading.BoundedSemaphore(seats)
        self._room = threading.BoundedSemaphore(seats + waiting_most)

    @contextmanager
    def one(self) -> Iterator[None]:
        """Take a turn, for as long as the context lasts.

        Raises:
            Unavailable: when too many wait already, or none was free in time.
        """
        if not self._room.acquire(blocking=False):
            raise Unavailable(
                f"{self._what}: others wait for it already; try again in some seconds"
            )
        try:
            if not self._seats.acquire(timeout=self._patience_s):
                raise Unavailable(
                    f"{self._what}: nobody was done within {self._patience_s:g} s; try again in "
                    "some seconds"
                )
            try:
                yield
            finally:
                self._seats.release()
        finally:
            self._room.release()

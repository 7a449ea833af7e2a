"""Hear what is said about one job while it is at work, so that it can be kept with the job.

People read it at the service, where they do not see the log of the worker. Lines wait in memory
until whoever holds the job writes them down; a database that cannot be reached delays them.
"""

import logging
import threading
from collections import deque
from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from inspection.redaction import scrubbed
from inspection.store.joblines import Said
from inspection.telemetry import subjects

LINES_MAX = 1000
"""Most lines that one worker keeps of one attempt; a loop that complains must not fill the disk."""

WAITING_MAX = 1000
"""Most lines that wait for the database."""

_PLAIN = logging.Formatter()


class JobLog(logging.Handler):
    """Collect the lines about one job, scrubbed, at level INFO and above."""

    def __init__(self, job_id: UUID, *, attempt: int, worker: str) -> None:
        """Prepare to hear what is said about an attempt at a job."""
        super().__init__(logging.INFO)
        self._job_id = str(job_id)
        self._attempt = attempt
        self._worker = worker
        self._heard = 0
        self._waiting: deque[Said] = deque(maxlen=WAITING_MAX)
        self._guard = threading.Lock()

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line when it is about the job."""
        if subjects().get("job_id") != self._job_id or self._heard > LINES_MAX:
            return
        words = record.getMessage()
        if record.exc_info:
            words = f"{words}\n{_PLAIN.formatException(record.exc_info)}"
        self._heard += 1
        if self._heard > LINES_MAX:
            words = f"{LINES_MAX} lines were said; what follows stands in the worker's own log only"
        said = Said(
            at=datetime.fromtimestamp(record.created, UTC),
            level=record.levelname,
            message=scrubbed(words),
            attempt=self._attempt,
            worker=self._worker,
        )
        with self._guard:
            self._waiting.append(said)

    def take(self) -> Sequence[Said]:
        """Give the lines that wait, and forget them."""
        with self._guard:
            taken = list(self._waiting)
            self._waiting.clear()
        return taken

    def give_back(self, lines: Sequence[Said]) -> None:
        """Let lines wait again that could not be written down."""
        with self._guard:
            self._waiting.extendleft(reversed(lines))

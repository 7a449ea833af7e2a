"""Ring again for jobs that are due and that nobody works on, and for bands that nobody looks at.

A bell may be lost: the process that rang died, the broker was down, a worker was killed in the
middle of a job. The rows know, so the sweep asks them and rings. It runs in every worker; ringing
too often does no harm, for a job that is taken cannot be claimed again.
"""

import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Engine

from inspection.errors import TenkenError
from inspection.pipeline.ports import Clock
from inspection.store import bands, errands, jobs
from inspection.store.engine import reading

INTERVAL_S = 3.0
"""How often the rows are asked."""

PATIENCE_S = 60.0
"""How long a bell may wait behind other work before it is rung again."""

HELP = None
"""Stands in the place of a job's last change when help with its bands is what is rung for."""

Bell = tuple[UUID, datetime | None]
"""A job, and its last change or ``HELP``."""

log = logging.getLogger("tenken.worker")


class Sweep:
    """Ask the rows for due jobs, and ring for those that were not rung for lately."""

    def __init__(
        self,
        engine: Engine,
        clock: Clock,
        ring: Callable[[UUID], None],
        *,
        patience_s: float = PATIENCE_S,
    ) -> None:
        """Prepare a sweep over one database."""
        self._engine = engine
        self._clock = clock
        self._ring = ring
        self._patience = timedelta(seconds=patience_s)
        self._rung: dict[Bell, datetime] = {}

    def once(self) -> list[UUID]:
        """Ring for due jobs and errands, and jobs with open bands, not rung for lately; give which.

        Raises:
            Unavailable: when the database or the broker cannot be reached.
        """
        now = self._clock.now()
        with reading(self._engine) as connection:
            waiting: list[tuple[UUID, datetime | None]] = [
                (job.job_id, job.changed_at) for job in jobs.due(connection, now)
            ]
            waiting += [
                (errand.job_id, errand.changed_at) for errand in errands.due(connection, now)
            ]
            waiting += [(job_id, HELP) for job_id in bands.open_at(connection, now)]
        # keyed by the last change too: a job that failed and is due anew is rung for at once
        lately = {
            key: moment for key, moment in self._rung.items() if now - moment < self._patience
        }
        due = [key for key in waiting if key not in lately]
        for key in due:
            self._ring(key[0])
            lately[key] = now
        self._rung = lately
        return [job_id for job_id, _ in due]

    def run(self, stop: threading.Event, interval_s: float = INTERVAL_S) -> None:
        """Sweep at once and then again and again, until told to stop."""
        while True:
            try:
                self.once()
            except TenkenError as error:
                log.warning("sweep: %s", error)
            if stop.wait(interval_s):
                return

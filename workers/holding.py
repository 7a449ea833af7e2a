"""Hold a claimed job while the work goes on: renew its lease, write its progress, end it.

A lease is renewed by a thread. Losing it, because the job was cancelled or because this process was
silent for too long, ends the work at its next sign of progress: two workers never finish the same
job. Jobs and errands are held alike; where their rows are kept is the ``Keep``.
"""

import logging
import threading
import time
from collections.abc import Sequence
from contextvars import copy_context
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from types import TracebackType
from typing import Generic, Protocol, Self, TypeVar

from sqlalchemy import Connection

from inspection.errors import (
    BadInput,
    Broken,
    Conflict,
    NotFound,
    Refused,
    TenkenError,
    Unavailable,
    family,
)
from inspection.pipeline.tools import Tools
from inspection.redaction import scrubbed
from inspection.store.engine import writing
from inspection.store.job import JobState, Work
from inspection.store.joblines import Said
from workers.joblog import JobLog
from workers.metrics import ENDED, JOB, StepClock

RETRY: dict[type[TenkenError], bool] = {
    BadInput: False,  # the same photos and options would fail again
    NotFound: False,
    Conflict: True,  # somebody changed the rows meanwhile; the next attempt reads them anew
    Refused: False,
    Unavailable: True,
    Broken: False,  # a fault of ours is not cured by repeating it
}
"""Family → whether a failed job is tried again with back-off, or dead."""

REPORT_S = 1.0
"""How often progress is written down, at most."""

log = logging.getLogger("tenken.worker")

W = TypeVar("W", bound=Work)


class Keep(Protocol[W]):
    """Keep the rows of one kind of work; ``store.jobs`` and ``store.errands`` do."""

    def heartbeat(self, connection: Connection, held: W, now: datetime, lease_s: float) -> W:
        """Renew the lease. Raises Conflict."""

    def progress(
        self, connection: Connection, held: W, *, step: str, units_done: int, units_total: int
    ) -> W:
        """Say how far it has come. Raises Conflict."""

    def check(self, connection: Connection, held: W) -> None:
        """Check that it is held still. Raises Conflict."""

    def commit(self, connection: Connection, held: W) -> W:
        """Say that a result changes. Raises Conflict."""

    def finish(self, connection: Connection, held: W, now: datetime) -> W:
        """Say that it is done. Raises Conflict."""

    def fail(
        self, connection: Connection, held: W, error: str, now: datetime, *, retryable: bool
    ) -> W:
        """Say that it failed. Raises Conflict."""


def is_retryable(error: BaseException | type[BaseException]) -> bool:
    """Tell whether a job that ended with an error is tried again.

    What is no error of Tenken's tree, such as a lack of memory, may pass: it is tried again, and
    the number of attempts bounds how often.

    >>> is_retryable(Unavailable), is_retryable(BadInput), is_retryable(MemoryError)
    (True, False, True)
    """
    kind = error if isinstance(error, type) else type(error)
    return RETRY[family(kind)] if issubclass(kind, TenkenError) else True


@dataclass(frozen=True, slots=True)
class Mark:
    """Say how far the work has come."""

    step: str = ""
    units_done: int = 0
    units_total: int = 0


class JobProgress:
    """Hear progress of the work and keep the newest mark; ends the work of a lost job."""

    def __init__(self) -> None:
        self.mark = Mark()
        self.lost: Conflict | None = None
        self.clock = StepClock()

    def start(self, step: str, total: int) -> None:
        """Begin a step."""
        self._check()
        log.info("step %s: %s", step, f"{total} units" if total else "begins")
        self.clock.begin(step)
        self.mark = Mark(step, 0, total)

    def advance(self, units: int = 1) -> None:
        """Count finished units."""
        self._check()
        self.mark = replace(self.mark, units_done=self.mark.units_done + units)

    def say(self, message: str) -> None:
        """Write a sentence into the log."""
        log.info("%s", message)

    def _check(self) -> None:
        if self.lost is not None:
            raise self.lost


class Held(Generic[W]):
    """Hold claimed work: renew its lease, write its progress, and end it as the work ended."""

    def __init__(
        self, tools: Tools, job: W, keep: Keep[W], *, lease_s: float, beat_s: float
    ) -> None:
        """Prepare to hold what was just claimed."""
        self._rows = keep
        self.progress = JobProgress()
        self._tools = tools
        self._job = job
        self._lease_s = lease_s
        self._beat_s = beat_s
        self._over = threading.Event()
        self._log = JobLog(job.job_id, attempt=job.attempt, worker=job.worker)
        self._began_s = time.monotonic()
        beat = partial(copy_context().run, self._keep)  # its lines are about this job too
        self._thread = threading.Thread(target=beat, name=f"lease-{job.job_id}", daemon=True)

    def __enter__(self) -> Self:
        """Begin to renew the lease and to hear what is said about the job."""
        logging.getLogger().addHandler(self._log)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        """End the job; an error of Tenken's tree has then been dealt with."""
        self._over.set()
        self._thread.join()
        self.progress.clock.begin(None)
        JOB.labels(self._job.kind).observe(time.monotonic() - self._began_s)
        try:
            self._end(error)
        except Conflict as lost:
            ENDED.labels(self._job.kind, "lost").inc()
            log.warning("%s", lost)
        finally:
            logging.getLogger().removeHandler(self._log)
        self._tell()
        return isinstance(error, TenkenError)

    def check(self, connection: Connection) -> None:
        """Check that this process holds the job still, for a transaction.

        Raises:
            Conflict: when it was cancelled or somebody else has it.
        """
        self._rows.check(connection, self._job)

    def commit(self, connection: Connection) -> None:
        """Check that this process holds the job still, and say that a result changes.

        Raises:
            Conflict: when it was cancelled or somebody else has it.
        """
        self._rows.commit(connection, self._job)

    def mourn(self, connection: Connection, ended: W) -> None:
        """Deal with what failed, in the transaction that ends it; nothing unless it is a job."""

    def write_down(self, connection: Connection, said: Sequence[Said]) -> None:
        """Keep what was said; the lines of errands stand in the log of the worker only."""

    def _tell(self) -> None:
        """Write down what was said about the job; what cannot be written waits."""
        said = self._log.take()
        if not said:
            return
        try:
            with writing(self._tools.engine) as connection:
                self.write_down(connection, said)
        except TenkenError as error:
            self._log.give_back(said)
            log.warning("job %s: its log cannot be written: %s", self._job.job_id, error)

    def _end(self, error: BaseException | None) -> None:
        now = self._tools.clock.now()
        with writing(self._tools.engine) as connection:
            if error is None:
                self._rows.finish(connection, self._job, now)
                ENDED.labels(self._job.kind, JobState.DONE.value).inc()
                log.info("job %s is done", self._job.job_id)
                return
            # people read it in their browsers: no folders of this machine
            words = scrubbed(str(error) if isinstance(error, TenkenError) else repr(error))
            retryable = is_retryable(error)
            ended = self._rows.fail(connection, self._job, words, now, retryable=retryable)
            self.mourn(connection, ended)
        ENDED.labels(self._job.kind, ended.state.value).inc()
        log.error("job %s is %s: %s", self._job.job_id, ended.state.value, words)

    def _keep(self) -> None:
        """Write marks as they change and renew the lease, until the work is over or lost."""
        reported, silent_s = Mark(), 0.0
        tick_s = min(REPORT_S, self._beat_s)
        while not self._over.wait(tick_s):
            silent_s += tick_s
            self._tell()
            mark = self.progress.mark
            try:
                if mark != reported or silent_s >= self._beat_s:
                    self._report(mark)
                    reported, silent_s = mark, 0.0
            except Conflict as lost:
                self.progress.lost = lost
                return
            except TenkenError as error:
                log.warning("job %s: no sign of life possible: %s", self._job.job_id, error)

    def _report(self, mark: Mark) -> None:
        with writing(self._tools.engine) as connection:
            self._rows.heartbeat(connection, self._job, self._tools.clock.now(), self._lease_s)
            self._rows.progress(
                connection,
                self._job,
                step=mark.step,
                units_done=mark.units_done,
                units_total=mark.units_total,
            )

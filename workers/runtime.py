"""Do jobs: claim, work under a lease, finish or fail. One model a process.

The rows say what is to be done; whoever calls ``work`` has only heard a bell. A job that is claimed
is held by a *lease*, which a thread renews while the work goes on. Losing the lease, because the
job was cancelled or because this process was silent for too long, ends the work at its next sign of
progress: two workers never finish the same job.
"""

import logging
import threading
import time
from collections.abc import Callable
from contextvars import copy_context
from dataclasses import dataclass, replace
from functools import partial
from types import TracebackType
from typing import Self
from uuid import UUID

from sqlalchemy import Connection

from inspection.domain.mission import SurveyState
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
from inspection.pipeline.conduct import conduct
from inspection.pipeline.tools import LEASE_S, Tools, this_process
from inspection.redaction import scrubbed
from inspection.store import joblines, jobs, surveys
from inspection.store.engine import reading, writing
from inspection.store.job import ACTIVE, Job, JobState
from inspection.telemetry import about
from inspection.tracing import span
from workers.helping import lend_a_hand
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

BEATS = 4
"""How often the lease is renewed while it lasts: three beats may be lost."""

REPORT_S = 1.0
"""How often progress is written down, at most."""

log = logging.getLogger("tenken.worker")

HELPERS_MAX = 15
"""Most bells that are rung for the bands of one mosaic; more workers find them by their sweeps."""

Ring = Callable[[UUID], None]
"""Tells the workers of a job; raises Unavailable."""

Kind = Callable[[UUID, Tools], object]

KINDS: dict[str, Kind] = {"conduct": conduct}
"""What each kind of job does with its survey."""


def is_retryable(error: BaseException | type[BaseException]) -> bool:
    """Tell whether a job that ended with an error is tried again.

    What is no error of Tenken's tree, such as a lack of memory, may pass: it is tried again, and
    the number of attempts bounds how often.

    >>> is_retryable(Unavailable), is_retryable(BadInput), is_retryable(MemoryError)
    (True, False, True)
    """
    kind = error if isinstance(error, type) else type(error)
    return RETRY[family(kind)] if issubclass(kind, TenkenError) else True


def worker_name() -> str:
    """Name this process among all workers of all hosts."""
    return this_process().worker


def work(
    tools: Tools, job_id: UUID, *, lease_s: float = LEASE_S, beat_s: float | None = None
) -> bool:
    """Do a job if it is due; give whether there was anything to do.

    An error of Tenken's tree is written into the job and goes no further; any other error is
    written there too and raised again, so that the log shows where it came from.

    Args:
        tools: what the work needs.
        job_id: the job that the bell named.
        lease_s: silence after which this worker is taken for dead.
        beat_s: how often the lease is renewed, a quarter of it unless given.

    Raises:
        NotFound: when there is no such job.
    """
    claimed = _claim(tools, job_id, lease_s)
    if claimed is None:
        return False
    subjects = about(survey_id=claimed.survey_id, job_id=job_id)
    with subjects, span(f"job {claimed.kind}", attempt=claimed.attempt):
        _do(tools, claimed, lease_s=lease_s, beat_s=beat_s or lease_s / BEATS)
    return True


def answer(tools: Tools, job_id: UUID, *, ring: Ring, lease_s: float = LEASE_S) -> None:
    """Answer one bell: do the most urgent job that is due, or help with the one that was named.

    A bell is worth one piece of work, whichever it named: a job that waits has a bell of its own.

    Args:
        tools: what the work needs.
        job_id: the job that the bell named.
        ring: rings for a job, so that others come to help with its bands.
        lease_s: silence after which this worker is taken for dead.

    Raises:
        NotFound: when there is no such job.
    """
    with reading(tools.engine) as connection:
        waiting = [job.job_id for job in jobs.due(connection, tools.clock.now(), limit=8)]
    for due in dict.fromkeys([*waiting, job_id]):
        inviting = replace(tools, invite=partial(invite, ring, due))
        if work(inviting, due, lease_s=lease_s):
            return
    lend_a_hand(tools, job_id)


def invite(ring: Ring, job_id: UUID, count: int) -> None:
    """Ring for a job that is at work, so that others come to help."""
    try:
        for _ in range(min(count, HELPERS_MAX)):
            ring(job_id)
    except Unavailable as error:
        log.warning("%s", error)  # the sweeps of the others find the bands


def _do(tools: Tools, claimed: Job, *, lease_s: float, beat_s: float) -> None:
    """Do a job that was claimed."""
    job_id = claimed.job_id
    with Held(tools, claimed, lease_s=lease_s, beat_s=beat_s) as held:
        log.info("job %s: %s of survey %s begins", job_id, claimed.kind, claimed.survey_id)
        todo = KINDS.get(claimed.kind)
        if todo is None:
            raise Broken(f"this worker does not know jobs of kind {claimed.kind!r}; upgrade it")
        todo(claimed.survey_id, replace(tools, progress=held.progress, warrant=held))


def _claim(tools: Tools, job_id: UUID, lease_s: float) -> Job | None:
    """Take a job; one that has cost too many workers dies here, and its survey with it."""
    with writing(tools.engine) as connection:
        before = jobs.by_id(connection, job_id)
        claimed = jobs.claim(connection, job_id, worker_name(), tools.clock.now(), lease_s)
        if claimed is None and before.state in ACTIVE:
            _mourn(connection, jobs.by_id(connection, job_id))
    return claimed


def _mourn(connection: Connection, ended: Job) -> None:
    """Let a survey fail when its job is dead; share the transaction that ended the job."""
    if ended.state is JobState.DEAD:
        surveys.set_state(connection, ended.survey_id, SurveyState.FAILED)


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


class Held:
    """Hold a claimed job: renew its lease, write its progress, and end it as the work ended."""

    def __init__(self, tools: Tools, job: Job, *, lease_s: float, beat_s: float) -> None:
        """Prepare to hold a job that was just claimed."""
        self.progress = JobProgress()
        self._tools = tools
        self._job = job
        self._lease_s = lease_s
        self._beat_s = beat_s
        self._over = threading.Event()
        self._log = JobLog(job.job_id, attempt=job.attempt, worker=job.worker)
        self._began_s = time.monotonic()
        keep = partial(copy_context().run, self._keep)  # its lines are about this job too
        self._thread = threading.Thread(target=keep, name=f"lease-{job.job_id}", daemon=True)

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
        jobs.check(connection, self._job)

    def commit(self, connection: Connection) -> None:
        """Check that this process holds the job still, and say that a result changes.

        Raises:
            Conflict: when it was cancelled or somebody else has it.
        """
        jobs.commit(connection, self._job)

    def _tell(self) -> None:
        """Write down what was said about the job; what cannot be written waits."""
        said = self._log.take()
        if not said:
            return
        try:
            with writing(self._tools.engine) as connection:
                joblines.add(connection, self._job.job_id, said)
        except TenkenError as error:
            self._log.give_back(said)
            log.warning("job %s: its log cannot be written: %s", self._job.job_id, error)

    def _end(self, error: BaseException | None) -> None:
        now = self._tools.clock.now()
        with writing(self._tools.engine) as connection:
            if error is None:
                jobs.finish(connection, self._job, now)
                ENDED.labels(self._job.kind, JobState.DONE.value).inc()
                log.info("job %s is done", self._job.job_id)
                return
            # people read it in their browsers: no folders of this machine
            words = scrubbed(str(error) if isinstance(error, TenkenError) else repr(error))
            retryable = is_retryable(error)
            ended = jobs.fail(connection, self._job, words, now, retryable=retryable)
            _mourn(connection, ended)
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
            jobs.heartbeat(connection, self._job, self._tools.clock.now(), self._lease_s)
            jobs.progress(
                connection,
                self._job,
                step=mark.step,
                units_done=mark.units_done,
                units_total=mark.units_total,
            )

"""Describe the life of a job: pure values and transitions, no database.

::

    queued ──claim──► running ──finish──► done
      │                 │ │
      │                 │ └──fail, retryable──► failed ──claim, when due──► running
      │                 └────fail, hopeless or too often──► dead
      └── cancel (from queued, running, failed) ──► cancelled

A worker holds a running job by a *lease* that its heartbeats renew. When the lease runs out, the
worker is taken for dead and another may claim the job. The attempt number is the ticket: an old
worker that wakes up late holds an old number, and whatever it writes is refused.
"""

import uuid
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum
from typing import Self, TypeVar

from inspection.domain.mission import SurveyState
from inspection.errors import BadInput, Conflict

ATTEMPTS_MAX = 3
"""How often a job may be claimed; a photo that kills its worker must not do so for ever."""

BACKOFF_FIRST_S = 5.0
BACKOFF_MAX_S = 600.0


class JobState(StrEnum):
    """Say where a job is in its life."""

    QUEUED = "queued"
    RUNNING = "running"
    FAILED = "failed"
    DONE = "done"
    DEAD = "dead"
    CANCELLED = "cancelled"


class Priority(IntEnum):
    """Say which of two waiting jobs is taken first: the higher one."""

    LOW = -1
    NORMAL = 0
    HIGH = 1
    EMERGENCY = 2

    @classmethod
    def named(cls, name: str) -> Self:
        """Give the priority of a name.

        >>> Priority.named("emergency") > Priority.named("normal")
        True
        """
        try:
            return cls[name.upper()]
        except KeyError as error:
            known = ", ".join(one.name.lower() for one in cls)
            raise BadInput(f"priority {name!r} is unknown; choose one of {known}") from error


ACTIVE = frozenset({JobState.QUEUED, JobState.RUNNING, JobState.FAILED})
"""States in which something is still going to happen; a survey has at most one such job."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """Carry one piece of work and how far it has come; ``Job`` and ``Errand`` say what about.

    Attributes:
        job_id: identifier.
        kind: what to do.
        state: where the job is in its life.
        attempt: how often it was claimed; the ticket of the worker that holds it.
        attempts_max: how often it may be claimed.
        created_at: when it was asked for, aware UTC.
        changed_at: when its state changed last, aware UTC.
        due_at: not to be claimed before, aware UTC.
        worker: who holds it or held it last; empty when nobody did.
        heartbeat_at: when the worker was last heard of, None when never.
        lease_until: when the worker is taken for dead, None when nobody holds the job.
        error: the last error in words; empty when there was none.
        step: name of the step at work; empty before the first.
        units_done: finished units of the step.
        units_total: units of the step, 0 when unknown.
    """

    job_id: uuid.UUID
    kind: str
    state: JobState = JobState.QUEUED
    attempt: int = 0
    attempts_max: int = ATTEMPTS_MAX
    created_at: datetime
    changed_at: datetime
    due_at: datetime
    worker: str = ""
    heartbeat_at: datetime | None = None
    lease_until: datetime | None = None
    error: str = ""
    step: str = ""
    units_done: int = 0
    units_total: int = 0


W = TypeVar("W", bound=Work)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job(Work):
    """Carry work on a survey.

    Attributes:
        survey_id: the survey to work on.
        priority: of two waiting jobs, the higher one is taken first.
        survey_state_before: what the survey is again when the job is cancelled; ``created`` as soon
            as the job has changed a result.
    """

    survey_id: uuid.UUID
    priority: Priority = Priority.NORMAL
    survey_state_before: SurveyState = SurveyState.CREATED


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand(Work):
    """Carry work that changes no survey: a model is taken in, or tried.

    Attributes:
        organisation_id: who asked for it.
        subject_id: what it is about: an upload of a model, or a trial.
    """

    organisation_id: str
    subject_id: uuid.UUID


def queued(
    job_id: uuid.UUID,
    survey_id: uuid.UUID,
    kind: str,
    now: datetime,
    attempts_max: int = ATTEMPTS_MAX,
    *,
    priority: Priority = Priority.NORMAL,
    survey_state: SurveyState = SurveyState.CREATED,
) -> Job:
    """Give a job that waits for its first worker."""
    return Job(
        job_id=job_id,
        survey_id=survey_id,
        kind=kind,
        attempts_max=attempts_max,
        created_at=now,
        changed_at=now,
        due_at=now,
        priority=priority,
        survey_state_before=_before(survey_state),
    )


def _before(survey_state: SurveyState) -> SurveyState:
    """Give what a survey is again when the job that begins is cancelled."""
    return SurveyState.CREATED if survey_state is SurveyState.PROCESSING else survey_state


def is_due(job: Work, now: datetime) -> bool:
    """Tell whether a worker should look at a job: its time has come, or it is orphaned."""
    if job.state in (JobState.QUEUED, JobState.FAILED):
        return job.due_at <= now
    return is_orphaned(job, now)


def is_orphaned(job: Work, now: datetime) -> bool:
    """Tell whether the worker of a job has been silent for longer than its lease."""
    return job.state is JobState.RUNNING and job.lease_until is not None and job.lease_until <= now


def claimed(job: W, worker: str, now: datetime, lease_s: float) -> W:
    """Give the job as the worker holds it, or dead when it has cost too many workers already.

    Raises:
        Conflict: when the job is not due.
    """
    if not is_due(job, now):
        raise Conflict(f"job {job.job_id} is {job.state.value} and not due")
    if job.attempt >= job.attempts_max:
        reason = f"the worker {job.worker!r} fell silent in step {job.step!r}"
        words = f"{reason}; given up after {job.attempt} attempts"
        return _ended(job, JobState.DEAD, now, error=words)
    return replace(
        job,
        state=JobState.RUNNING,
        attempt=job.attempt + 1,
        worker=worker,
        changed_at=now,
        heartbeat_at=now,
        lease_until=now + timedelta(seconds=lease_s),
    )


def beaten(job: W, now: datetime, lease_s: float) -> W:
    """Give a running job with its lease renewed."""
    return replace(_running(job), heartbeat_at=now, lease_until=now + timedelta(seconds=lease_s))


def progressed(job: W, step: str, units_done: int, units_total: int) -> W:
    """Give a running job with its progress."""
    return replace(_running(job), step=step, units_done=units_done, units_total=units_total)


def committed(job: Job) -> Job:
    """Give a running job that is about to change a result: there is no way back from here."""
    return replace(_running(job), survey_state_before=SurveyState.CREATED)


def hurried(job: W, now: datetime) -> W:
    """Give a failed job as due at once.

    Raises:
        Conflict: when it does not wait for its next attempt.
    """
    if job.state is not JobState.FAILED:
        raise Conflict(f"job {job.job_id} is {job.state.value}; it does not wait for an attempt")
    return replace(job, due_at=min(job.due_at, now), changed_at=now)


def finished(job: W, now: datetime) -> W:
    """Give a running job as done."""
    return _ended(_running(job), JobState.DONE, now, error="")


def failed(job: W, error: str, now: datetime, *, retryable: bool) -> W:
    """Give a running job as failed and due again later, or as dead."""
    _running(job)
    if not retryable or job.attempt >= job.attempts_max:
        return _ended(job, JobState.DEAD, now, error=error)
    waiting = _ended(job, JobState.FAILED, now, error=error)
    return replace(waiting, due_at=now + timedelta(seconds=backoff_s(job.attempt)))


def cancelled(job: W, now: datetime) -> W:
    """Give an active job as cancelled; its worker notices at the next heartbeat.

    Raises:
        Conflict: when the job has ended already.
    """
    if job.state not in ACTIVE:
        raise Conflict(f"job {job.job_id} is {job.state.value} already; nothing to cancel")
    return _ended(job, JobState.CANCELLED, now, error=job.error)


def backoff_s(attempt: int) -> float:
    """Give how long to wait after a failed attempt, seconds: doubling, with an upper bound.

    >>> [backoff_s(attempt) for attempt in (1, 2, 3, 20)]
    [5.0, 10.0, 20.0, 600.0]
    """
    return float(min(BACKOFF_MAX_S, BACKOFF_FIRST_S * 2.0 ** min(attempt - 1, 30)))


def check_ticket(held: Work, stored: Work) -> None:
    """Check that a worker still holds a job.

    Raises:
        Conflict: when the job was cancelled, ended, or claimed by another worker.
    """
    if stored.state is not JobState.RUNNING or stored.attempt != held.attempt:
        raise Conflict(
            f"job {held.job_id}, attempt {held.attempt}, is no longer yours: it is "
            f"{stored.state.value} at attempt {stored.attempt}; stop working on it"
        )


def _running(job: W) -> W:
    if job.state is not JobState.RUNNING:
        raise Conflict(f"job {job.job_id} is {job.state.value}, not running")
    return job


def _ended(job: W, state: JobState, now: datetime, *, error: str) -> W:
    return replace(job, state=state, changed_at=now, lease_until=None, error=error)

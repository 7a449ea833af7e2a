"""Keep jobs: what workers are to do. The rows are the truth, a queue message is only a bell.

A change of state of a survey and its jobs row belong in one transaction: give both the same
connection. The rules of a job's life are in ``job``; here they are applied to locked rows.
"""

import uuid
from collections.abc import Callable, Collection
from dataclasses import asdict, fields, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, insert, or_, select, update

from inspection.domain.mission import SurveyState
from inspection.errors import Broken, Conflict, NotFound
from inspection.store import job as life
from inspection.store.job import Job, JobState, Priority
from inspection.store.page import check_window
from inspection.store.rows import choice
from inspection.store.tables import jobs, surveys

NAMES = tuple(field.name for field in fields(Job))

ERROR_MAX = 4000
"""Longest error text kept, characters; the end of a long one says the most."""


def demand_idle(
    connection: Connection, survey_id: uuid.UUID, otherwise: str, *, hold: bool = True
) -> None:
    """Check that nobody works on a survey, and keep it so until the transaction ends.

    Args:
        connection: an open transaction, which writes when it shall hold.
        survey_id: the survey.
        otherwise: what follows for whoever asks, for the message.
        hold: let others who would start work wait.

    Raises:
        NotFound: when there is no such survey.
        Conflict: when it has an active job.
    """
    # not FOR UPDATE: a worker that writes rows of the survey would wait, holding what we wait for
    query = select(surveys.c.state).where(surveys.c.survey_id == survey_id)
    query = query.with_for_update(key_share=True) if hold else query
    if connection.execute(query).one_or_none() is None:
        raise NotFound(f"there is no survey {survey_id}")
    active = jobs.c.state.in_([s.value for s in life.ACTIVE])
    asked = select(jobs.c.job_id).where(jobs.c.survey_id == survey_id, active)
    if connection.execute(asked).first() is not None:
        raise Conflict(
            f"survey {survey_id} is being processed: {otherwise}. Wait until it is done, or stop "
            "the processing first"
        )


def enqueue(
    connection: Connection,
    survey_id: uuid.UUID,
    kind: str,
    now: datetime,
    *,
    attempts_max: int = life.ATTEMPTS_MAX,
    priority: Priority | None = None,
) -> Job:
    """Ask for a job; a survey that has an active job of this kind already keeps that one.

    Args:
        connection: an open transaction.
        survey_id: the survey to work on.
        kind: what to do.
        now: the present moment.
        attempts_max: how often it may be claimed.
        priority: normal unless given; a job that is active already is given it too.

    Raises:
        NotFound: when there is no such survey.
        Conflict: when the survey has an active job of another kind.
    """
    query = select(surveys.c.state).where(surveys.c.survey_id == survey_id)
    state = connection.execute(query.with_for_update()).scalar_one_or_none()
    if state is None:
        raise NotFound(f"there is no survey {survey_id}")
    active = connection.execute(
        select(jobs).where(
            jobs.c.survey_id == survey_id, jobs.c.state.in_([s.value for s in life.ACTIVE])
        )
    ).one_or_none()
    if active is not None:
        kept = _reprioritised(connection, _same_kind(_job(active), kind), priority)
        if kept is not None:
            return kept
    asked = life.queued(
        uuid.uuid4(),
        survey_id,
        kind,
        now,
        attempts_max,
        priority=Priority.NORMAL if priority is None else priority,
        survey_state=choice(SurveyState, state),
    )
    connection.execute(insert(jobs).values(_row(asked)))
    return asked


def by_id(connection: Connection, job_id: uuid.UUID) -> Job:
    """Read one job.

    Raises:
        NotFound: when there is no such job.
    """
    row = connection.execute(select(jobs).where(jobs.c.job_id == job_id)).one_or_none()
    if row is None:
        raise NotFound(f"there is no job {job_id}")
    return _job(row)


def of_survey(connection: Connection, survey_id: uuid.UUID) -> tuple[Job, ...]:
    """List the jobs of a survey, newest first."""
    rows = connection.execute(
        select(jobs).where(jobs.c.survey_id == survey_id).order_by(jobs.c.seq.desc())
    )
    return tuple(map(_job, rows))


def find(
    connection: Connection,
    *,
    states: Collection[JobState] = (),
    after: uuid.UUID | None = None,
    limit: int = 100,
) -> tuple[Job, ...]:
    """List jobs, newest first; the time of a page does not depend on how far down it is.

    Args:
        connection: an open transaction.
        states: which; an empty choice means all.
        after: the last job of the page before.
        limit: most jobs.

    Raises:
        BadInput: when the limit is out of bounds.
        NotFound: when there is no job ``after``.
    """
    check_window(limit, 0)
    conditions: list[ColumnElement[bool]] = []
    if states:
        conditions.append(jobs.c.state.in_([state.value for state in states]))
    if after is not None:
        place = select(jobs.c.seq).where(jobs.c.job_id == after)
        seq = connection.execute(place).scalar_one_or_none()
        if seq is None:
            raise NotFound(f"there is no job {after}")
        conditions.append(jobs.c.seq < seq)
    newest = select(jobs).where(*conditions).order_by(jobs.c.seq.desc()).limit(limit)
    return tuple(map(_job, connection.execute(newest)))


def due(connection: Connection, now: datetime, *, limit: int = 100) -> tuple[Job, ...]:
    """List the jobs for which the bell should ring: the most urgent, then the longest waiting."""
    c = jobs.c
    waiting = c.state.in_([JobState.QUEUED.value, JobState.FAILED.value]) & (c.due_at <= now)
    orphaned = (c.state == JobState.RUNNING.value) & (c.lease_until <= now)
    rows = connection.execute(
        select(jobs)
        .where(or_(waiting, orphaned))
        .order_by(c.priority.desc(), c.due_at, c.seq)
        .limit(limit)
    )
    return tuple(map(_job, rows))


def claim(
    connection: Connection, job_id: uuid.UUID, worker: str, now: datetime, lease_s: float
) -> Job | None:
    """Take a job for a worker; None when there is nothing to do, for a bell may ring twice.

    Commit before the work begins. A job that was claimed as often as it may be is dead from here
    on, and None is given too.

    Raises:
        NotFound: when there is no such job.
    """
    stored = _locked(connection, job_id)
    if not life.is_due(stored, now):
        return None
    taken = life.claimed(stored, worker, now, lease_s)
    _write(connection, taken)
    return taken if taken.state is JobState.RUNNING else None


def heartbeat(connection: Connection, held: Job, now: datetime, lease_s: float) -> Job:
    """Renew the lease of a job that a worker holds.

    Raises:
        Conflict: when the worker no longer holds it; it must stop working.
    """
    return _change(connection, held, lambda stored: life.beaten(stored, now, lease_s))


def progress(
    connection: Connection, held: Job, *, step: str, units_done: int, units_total: int
) -> Job:
    """Say how far a job that a worker holds has come.

    Raises:
        Conflict: when the worker no longer holds it; it must stop working.
    """
    return _change(
        connection, held, lambda stored: life.progressed(stored, step, units_done, units_total)
    )


def check(connection: Connection, held: Job) -> None:
    """Check that a worker holds a job still, and let nobody take it until the transaction ends.

    Raises:
        Conflict: when the worker no longer holds it; it must stop working.
    """
    life.check_ticket(held, _locked(connection, held.job_id))


def commit(connection: Connection, held: Job) -> Job:
    """Say that the job changes a result in this transaction; nobody takes it until it ends.

    Raises:
        Conflict: when the worker no longer holds it; its work must not be committed.
    """
    return _change(connection, held, life.committed)


def finish(connection: Connection, held: Job, now: datetime) -> Job:
    """Say that a job that a worker holds is done.

    Raises:
        Conflict: when the worker no longer holds it; its work must not be committed.
    """
    return _change(connection, held, lambda stored: life.finished(stored, now))


def fail(connection: Connection, held: Job, error: str, now: datetime, *, retryable: bool) -> Job:
    """Say that a job that a worker holds failed; it is due again later, or dead.

    Raises:
        Conflict: when the worker no longer holds it.
    """
    words = error[-ERROR_MAX:]
    return _change(
        connection, held, lambda stored: life.failed(stored, words, now, retryable=retryable)
    )


def cancel(connection: Connection, job_id: uuid.UUID, now: datetime) -> Job:
    """Cancel an active job; a worker that holds it hears so at its next heartbeat.

    Raises:
        NotFound: when there is no such job.
        Conflict: when it has ended already.
    """
    ended = life.cancelled(_locked(connection, job_id), now)
    _write(connection, ended)
    return ended


def hurry(connection: Connection, job_id: uuid.UUID, now: datetime) -> Job:
    """Let a job that failed be tried again at once.

    Raises:
        NotFound: when there is no such job.
        Conflict: when it does not wait for its next attempt.
    """
    hurried = life.hurried(_locked(connection, job_id), now)
    _write(connection, hurried)
    return hurried


def _reprioritised(connection: Connection, active: Job, priority: Priority | None) -> Job | None:
    """Give an active job a priority; None when it has ended since it was read.

    Only the priority is written, for a worker may have claimed or ended the job meanwhile.
    """
    if priority is None:
        return active
    still = jobs.c.state.in_([state.value for state in life.ACTIVE])
    written = connection.execute(
        update(jobs).where(jobs.c.job_id == active.job_id, still).values(priority=int(priority))
    )
    return by_id(connection, active.job_id) if written.rowcount else None


def _same_kind(active: Job, kind: str) -> Job:
    if active.kind != kind:
        raise Conflict(
            f"survey {active.survey_id} has a job {active.kind!r} that is {active.state.value}; "
            f"wait for it or cancel it before asking for {kind!r}"
        )
    return active


def _locked(connection: Connection, job_id: uuid.UUID) -> Job:
    """Read a job and let others who want to change it wait."""
    query = select(jobs).where(jobs.c.job_id == job_id).with_for_update()
    row = connection.execute(query).one_or_none()
    if row is None:
        raise NotFound(f"there is no job {job_id}")
    return _job(row)


def _change(connection: Connection, held: Job, transition: Callable[[Job], Job]) -> Job:
    stored = _locked(connection, held.job_id)
    life.check_ticket(held, stored)
    changed = transition(stored)
    _write(connection, changed)
    return changed


def _write(connection: Connection, changed: Job) -> None:
    connection.execute(update(jobs).where(jobs.c.job_id == changed.job_id).values(_row(changed)))


def _row(job: Job) -> dict[str, object]:
    return {
        **asdict(job),
        "state": job.state.value,
        "priority": int(job.priority),
        "survey_state_before": job.survey_state_before.value,
    }


def _job(row: Row[Any]) -> Job:
    plain = Job(**{name: row._mapping[name] for name in NAMES})
    return replace(
        plain,
        state=choice(JobState, row.state),
        priority=_priority(row.priority),
        survey_state_before=choice(SurveyState, row.survey_state_before),
    )


def _priority(stored: int) -> Priority:
    try:
        return Priority(stored)
    except ValueError as error:
        raise Broken(
            f"the database says priority {stored}, which this program does not know; "
            "was it written by a newer version?"
        ) from error

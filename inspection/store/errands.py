"""Keep errands: what workers are to do that changes no survey. Their life is that of jobs.

The rows are the truth, the bell that rings for them is the same as for jobs. An errand needs no
survey, so a survey may be processed while a model is tried on its mosaic.
"""

import uuid
from collections.abc import Callable, Iterable
from dataclasses import asdict, fields, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, or_, select, update

from inspection.errors import Conflict, NotFound
from inspection.store import job as life
from inspection.store.job import Errand, JobState
from inspection.store.jobs import ERROR_MAX
from inspection.store.model_tables import errands
from inspection.store.rows import choice

REGISTER = "register"
TRY = "try"

NAMES = tuple(field.name for field in fields(Errand))


def enqueue(
    connection: Connection,
    kind: str,
    subject_id: uuid.UUID,
    now: datetime,
    *,
    organisation_id: str,
) -> Errand:
    """Ask for an errand.

    Raises:
        Conflict: when one about the same thing is under way.
    """
    before = of_subjects(connection, [subject_id]).get(subject_id)
    if before is not None and before.state in life.ACTIVE:
        raise Conflict(f"job {before.job_id} is {before.state.value} already; wait for it")
    asked = Errand(
        job_id=uuid.uuid4(),
        kind=kind,
        created_at=now,
        changed_at=now,
        due_at=now,
        organisation_id=organisation_id,
        subject_id=subject_id,
    )
    connection.execute(insert(errands).values(_row(asked)))
    return asked


def by_id(connection: Connection, job_id: uuid.UUID) -> Errand:
    """Read one errand.

    Raises:
        NotFound: when there is none.
    """
    row = connection.execute(select(errands).where(errands.c.job_id == job_id)).one_or_none()
    if row is None:
        raise NotFound(f"there is no job {job_id}")
    return _errand(row)


def is_one(connection: Connection, job_id: uuid.UUID) -> bool:
    """Tell whether an identifier is that of an errand rather than of a job."""
    query = select(errands.c.seq).where(errands.c.job_id == job_id)
    return connection.execute(query).one_or_none() is not None


def of_subjects(
    connection: Connection, subject_ids: Iterable[uuid.UUID]
) -> dict[uuid.UUID, Errand]:
    """Give the newest errand about each of some things, a few hundred at most."""
    query = select(errands).where(errands.c.subject_id.in_(list(subject_ids)))
    rows = connection.execute(query.order_by(errands.c.seq))
    return {row.subject_id: _errand(row) for row in rows}


def due(connection: Connection, now: datetime, *, limit: int = 100) -> tuple[Errand, ...]:
    """List the errands for which the bell should ring, the longest waiting first."""
    c = errands.c
    waiting = c.state.in_([JobState.QUEUED.value, JobState.FAILED.value]) & (c.due_at <= now)
    orphaned = (c.state == JobState.RUNNING.value) & (c.lease_until <= now)
    query = select(errands).where(or_(waiting, orphaned)).order_by(c.due_at, c.seq).limit(limit)
    return tuple(map(_errand, connection.execute(query)))


def claim(
    connection: Connection, job_id: uuid.UUID, worker: str, now: datetime, lease_s: float
) -> Errand | None:
    """Take an errand for a worker; None when there is nothing to do.

    Raises:
        NotFound: when there is no such errand.
    """
    stored = _locked(connection, job_id)
    if not life.is_due(stored, now):
        return None
    taken = life.claimed(stored, worker, now, lease_s)
    _write(connection, taken)
    return taken if taken.state is JobState.RUNNING else None


def heartbeat(connection: Connection, held: Errand, now: datetime, lease_s: float) -> Errand:
    """Renew the lease of an errand. Raises Conflict when the worker holds it no more."""
    return _change(connection, held, lambda stored: life.beaten(stored, now, lease_s))


def progress(
    connection: Connection, held: Errand, *, step: str, units_done: int, units_total: int
) -> Errand:
    """Say how far an errand has come. Raises Conflict when the worker holds it no more."""
    return _change(
        connection, held, lambda stored: life.progressed(stored, step, units_done, units_total)
    )


def check(connection: Connection, held: Errand) -> None:
    """Check that a worker holds an errand still, until the transaction ends. Raises Conflict."""
    life.check_ticket(held, _still_there(connection, held))


def commit(connection: Connection, held: Errand) -> Errand:
    """Say that the errand gives its result in this transaction. Raises Conflict."""
    check(connection, held)
    return held


def finish(connection: Connection, held: Errand, now: datetime) -> Errand:
    """Say that an errand is done. Raises Conflict when the worker holds it no more."""
    return _change(connection, held, lambda stored: life.finished(stored, now))


def fail(
    connection: Connection, held: Errand, error: str, now: datetime, *, retryable: bool
) -> Errand:
    """Say that an errand failed; it is due again later, or dead. Raises Conflict."""
    words = error[-ERROR_MAX:]
    return _change(
        connection, held, lambda stored: life.failed(stored, words, now, retryable=retryable)
    )


def cancel(connection: Connection, job_id: uuid.UUID, now: datetime) -> Errand:
    """Cancel an active errand; a worker that holds it hears so at its next heartbeat.

    Raises:
        NotFound: when there is none.
        Conflict: when it has ended already.
    """
    ended = life.cancelled(_locked(connection, job_id), now)
    _write(connection, ended)
    return ended


def _locked(connection: Connection, job_id: uuid.UUID) -> Errand:
    query = select(errands).where(errands.c.job_id == job_id).with_for_update()
    row = connection.execute(query).one_or_none()
    if row is None:
        raise NotFound(f"there is no job {job_id}")
    return _errand(row)


def _still_there(connection: Connection, held: Errand) -> Errand:
    """Read an errand that a worker holds. Raises Conflict when it was forgotten meanwhile."""
    try:
        return _locked(connection, held.job_id)
    except NotFound as error:
        raise Conflict(f"job {held.job_id} was forgotten; stop working on it") from error


def _change(connection: Connection, held: Errand, transition: Callable[[Errand], Errand]) -> Errand:
    stored = _still_there(connection, held)
    life.check_ticket(held, stored)
    changed = transition(stored)
    _write(connection, changed)
    return changed


def _write(connection: Connection, changed: Errand) -> None:
    where = errands.c.job_id == changed.job_id
    connection.execute(update(errands).where(where).values(_row(changed)))


def _row(errand: Errand) -> dict[str, object]:
    return {**asdict(errand), "state": errand.state.value}


def _errand(row: Row[Any]) -> Errand:
    plain = Errand(**{name: row._mapping[name] for name in NAMES})
    return replace(plain, state=choice(JobState, row.state))

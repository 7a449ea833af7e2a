"""Keep the bands of mosaics: who looks at which rows, and what is finished.

A band is taken, renewed and finished by one UPDATE that names what must be true, so that of two
workers who want it at the same moment one gets it and the other gets nothing.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, delete, or_, select, update

from inspection.errors import Conflict
from inspection.store.band import Band, Taker
from inspection.store.job import JobState
from inspection.store.job_tables import bands
from inspection.store.rows import add_missing
from inspection.store.tables import jobs


class TakenAway(Conflict):
    """Say that a band that a worker held is somebody else's now, or finished by somebody else."""


def plan(connection: Connection, planned: Sequence[Band]) -> None:
    """Write the bands of a step down; those that are there already stay as they are.

    What another step wanted of the same survey, and another division, is not wanted any more.
    """
    survey_id = planned[0].survey_id
    wanted = {_place(band) for band in planned}
    for band in of_survey(connection, survey_id):
        if _place(band) not in wanted:
            connection.execute(delete(bands).where(_ticket(band)))
    add_missing(connection, bands, [asdict(band) for band in planned])


def of_survey(connection: Connection, survey_id: uuid.UUID) -> tuple[Band, ...]:
    """List the bands of a survey, from the top down; all are of the step that wanted them last."""
    c = bands.c
    rows = connection.execute(select(bands).where(c.survey_id == survey_id).order_by(c.y0_px))
    return tuple(map(_band, rows))


def open_at(connection: Connection, now: datetime) -> tuple[uuid.UUID, ...]:
    """Name the jobs at work whose survey has a band that nobody holds."""
    c = bands.c
    free = c.blob_key.is_(None) & or_(c.lease_until.is_(None), c.lease_until <= now)
    rows = connection.execute(
        select(jobs.c.job_id)
        .where(
            jobs.c.state == JobState.RUNNING.value,
            jobs.c.lease_until > now,
            jobs.c.survey_id.in_(select(c.survey_id).where(free)),
        )
        .order_by(jobs.c.priority.desc(), jobs.c.seq)
    )
    return tuple(rows.scalars())


def take(
    connection: Connection, survey_id: uuid.UUID, input_digest: str, taker: Taker, now: datetime
) -> Band | None:
    """Take the topmost band that nobody holds; None when there is none."""
    c = bands.c
    free = c.blob_key.is_(None) & or_(c.lease_until.is_(None), c.lease_until <= now)
    while True:
        row = connection.execute(
            select(bands)
            .where(c.survey_id == survey_id, c.input_digest == input_digest, free)
            .order_by(c.y0_px)
            .limit(1)
        ).one_or_none()
        if row is None:
            return None
        seen = _band(row)
        changes = {
            "attempt": seen.attempt + 1,
            "worker": taker.worker,
            "lease_until": taker.lease_until(now),
            "chips_done": 0,
        }
        if _changed(connection, _ticket(seen) & free, changes):
            return Band(**{**asdict(seen), **changes})


def renew(
    connection: Connection, held: Band, taker: Taker, now: datetime, *, chips_done: int
) -> None:
    """Renew the lease of a band and say how far it has come.

    Raises:
        TakenAway: when the worker no longer holds it; it must stop working on it.
    """
    changes = {"lease_until": taker.lease_until(now), "chips_done": chips_done}
    _demand(held, _changed(connection, _ticket(held) & bands.c.blob_key.is_(None), changes))


def finish(
    connection: Connection, held: Band, *, blob_key: str, chips_read: int, seconds: float
) -> None:
    """Say that a band is finished and where lies what was found.

    Raises:
        TakenAway: when the worker no longer holds it; somebody else's work counts.
    """
    changes = {
        "blob_key": blob_key,
        "chips_done": held.chips_total,
        "chips_read": chips_read,
        "seconds": float(seconds),
        "lease_until": None,
    }
    _demand(held, _changed(connection, _ticket(held) & bands.c.blob_key.is_(None), changes))


def release(connection: Connection, held: Band) -> None:
    """Give a band back unfinished, for anybody; nothing when it is somebody else's already."""
    _changed(connection, _ticket(held) & bands.c.blob_key.is_(None), {"lease_until": None})


def reopen(connection: Connection, finished: Band) -> None:
    """Let a band be looked at again whose blob is gone or damaged."""
    changes = {"blob_key": None, "lease_until": None, "chips_done": 0}
    _changed(connection, _ticket(finished), changes)


def forget(connection: Connection, survey_id: uuid.UUID) -> int:
    """Forget all bands of a survey, so that they are looked at again; give how many there were."""
    return connection.execute(delete(bands).where(bands.c.survey_id == survey_id)).rowcount


def _place(band: Band) -> tuple[str, int, int]:
    return (band.input_digest, band.y0_px, band.y1_px)


def _ticket(held: Band) -> ColumnElement[bool]:
    """Say which row a worker believes to hold."""
    c = bands.c
    return and_(
        c.survey_id == held.survey_id,
        c.input_digest == held.input_digest,
        c.y0_px == held.y0_px,
        c.y1_px == held.y1_px,
        c.attempt == held.attempt,
    )


def _changed(
    connection: Connection, condition: ColumnElement[bool], changes: Mapping[str, object]
) -> bool:
    return connection.execute(update(bands).where(condition).values(changes)).rowcount == 1


def _demand(held: Band, changed: bool) -> None:
    if not changed:
        raise TakenAway(
            f"rows {held.y0_px}–{held.y1_px} px of survey {held.survey_id} are no longer yours; "
            "another worker has taken or finished them"
        )


def _band(row: Row[Any]) -> Band:
    return Band(**{name: row._mapping[name] for name in Band.__slots__})

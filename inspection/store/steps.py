"""Keep which steps of a survey are done, so that a run that was killed goes on where it stopped.

A row means: this step, on these inputs, with this code, is complete, and its blobs and rows are in
place. It is therefore written last, in the transaction of the rows that the step made. There is no
row for a step that began or failed; the job says that.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, func, or_, select, update

from inspection.store.photos import is_left_out
from inspection.store.rows import add_missing
from inspection.store.tables import steps, survey_photos, surveys

LAST_STEP = "consolidate"
"""Step that makes defects of what was detected: from then on one knows what a survey saw."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRow:
    """Say that a step is done and what it gave.

    Attributes:
        survey_id: the survey that was worked on.
        step: name of the step, such as ``mosaic``.
        input_digest: digest of the inputs and the code version.
        result: what later steps need to know, plain values.
        seconds: how long it took.
        peak_rss_mb: most memory of the process while it ran, megabytes.
        finished_at: aware UTC.
    """

    survey_id: uuid.UUID
    step: str
    input_digest: str
    result: Mapping[str, Any]
    seconds: float
    peak_rss_mb: float
    finished_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StepCost:
    """Say what a step took once.

    Attributes:
        survey_id: of which survey.
        step: name of the step.
        seconds: how long it took.
        photos: how many photos the survey has.
    """

    survey_id: uuid.UUID
    step: str
    seconds: float
    photos: int


def done(
    connection: Connection, survey_id: uuid.UUID, step: str, input_digest: str
) -> StepRow | None:
    """Give what a step gave on these inputs; None when it has to run."""
    c = steps.c
    row = connection.execute(
        select(steps).where(
            c.survey_id == survey_id, c.step == step, c.input_digest == input_digest
        )
    ).one_or_none()
    return None if row is None else _step(row)


def commit(
    connection: Connection,
    survey_id: uuid.UUID,
    step: str,
    input_digest: str,
    *,
    result: Mapping[str, Any],
    seconds: float,
    peak_rss_mb: float,
    now: datetime,
) -> StepRow:
    """Say that a step is done; give the row as it stands, for the first one to finish counts.

    The moment at which ``LAST_STEP`` was done first is kept with the survey: it is the day on which
    damage was known, and stays so when the step is forgotten and done again.
    """
    row = {
        "survey_id": survey_id,
        "step": step,
        "input_digest": input_digest,
        "result": dict(result),
        "seconds": float(seconds),
        "peak_rss_mb": float(peak_rss_mb),
        "finished_at": now,
    }
    add_missing(connection, steps, [row])
    if step == LAST_STEP:
        c = surveys.c
        unknown = or_(c.known_at.is_(None), c.known_at > now)
        connection.execute(
            update(surveys).where(c.survey_id == survey_id, unknown).values(known_at=now)
        )
    kept = done(connection, survey_id, step, input_digest)
    assert kept is not None  # written or found just above, in this transaction
    return kept


def of_survey(connection: Connection, survey_id: uuid.UUID) -> tuple[StepRow, ...]:
    """List the steps of a survey that are done, in the order in which they finished."""
    rows = connection.execute(
        select(steps)
        .where(steps.c.survey_id == survey_id)
        .order_by(steps.c.finished_at, steps.c.step)
    )
    return tuple(map(_step, rows))


def costs(connection: Connection, *, limit: int) -> tuple[StepCost, ...]:
    """List what steps took in the surveys that one may see, the newest first.

    A survey of one photo more was another one: the number of photos is that of today.
    """
    photos = (
        select(survey_photos.c.survey_id, func.count().label("photos"))
        .where(~is_left_out())
        .group_by(survey_photos.c.survey_id)
        .subquery()
    )
    rows = connection.execute(
        select(steps.c.survey_id, steps.c.step, steps.c.seconds, photos.c.photos)
        .join(photos, photos.c.survey_id == steps.c.survey_id)
        .order_by(steps.c.finished_at.desc(), steps.c.step)
        .limit(limit)
    )
    return tuple(StepCost(**row._mapping) for row in rows)


def newest(connection: Connection, survey_id: uuid.UUID, step: str) -> StepRow | None:
    """Give the last time that a step was done, on whatever inputs; None when it never was."""
    c = steps.c
    row = connection.execute(
        select(steps)
        .where(c.survey_id == survey_id, c.step == step)
        .order_by(c.finished_at.desc(), c.input_digest)
        .limit(1)
    ).one_or_none()
    return None if row is None else _step(row)


def forget(
    connection: Connection, survey_id: uuid.UUID, step: str, *, input_digest: str | None = None
) -> int:
    """Forget that a step was done, so that it runs again; give how many rows there were.

    For a step whose blobs are gone, or whose rows were written over: what a row promises must be
    true. Without a digest it is forgotten for all inputs.
    """
    which = (steps.c.survey_id == survey_id) & (steps.c.step == step)
    if input_digest is not None:
        which &= steps.c.input_digest == input_digest
    return connection.execute(delete(steps).where(which)).rowcount


def _step(row: Row[Any]) -> StepRow:
    return StepRow(**{name: row._mapping[name] for name in StepRow.__slots__})

"""Keep trials: what one model found in one place of a mosaic, beside all defects and decisions."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from inspection.domain.modelref import ModelRef
from inspection.errors import NotFound
from inspection.store.model_tables import errands, trials
from inspection.store.modelchoices import ref_of

Window = tuple[int, int, int, int]
"""x0 y0 x1 y1 px on the mosaic, half-open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """Carry one trial.

    Attributes:
        trial_id: identifier.
        survey_id: whose mosaic it was.
        mosaic_sha256: which mosaic of it.
        window_px: the part of the mosaic.
        whole: whether that is all of it.
        ref: the model.
        asked_by: who asked.
        asked_at: when, aware UTC.
        figures: what it found, see ``inspection.pipeline.tryout``; None until it is done.
        outlines_key: where its outlines lie; None until then.
    """

    trial_id: uuid.UUID
    survey_id: uuid.UUID
    mosaic_sha256: str
    window_px: Window
    whole: bool
    ref: ModelRef
    asked_by: str
    asked_at: datetime
    figures: Mapping[str, Any] | None = None
    outlines_key: str | None = None


def add(connection: Connection, trial: Trial) -> None:
    """Keep what is to be tried."""
    connection.execute(
        insert(trials).values(
            trial_id=trial.trial_id,
            survey_id=trial.survey_id,
            mosaic_sha256=trial.mosaic_sha256,
            window_px=list(trial.window_px),
            whole=trial.whole,
            model_name=trial.ref.name,
            model_sha256=trial.ref.sha256,
            model_answers=trial.ref.answers,
            own_model_id=trial.ref.own_model_id,
            asked_by=trial.asked_by,
            asked_at=trial.asked_at,
            figures=None,
            outlines_key=None,
        )
    )


def by_id(connection: Connection, trial_id: uuid.UUID) -> Trial:
    """Read one trial.

    Raises:
        NotFound: when there is none.
    """
    row = connection.execute(select(trials).where(trials.c.trial_id == trial_id)).one_or_none()
    if row is None:
        raise NotFound(f"there is no trial {trial_id}")
    return _trial(row)


def of_survey(
    connection: Connection, survey_id: uuid.UUID, *, limit: int = 100
) -> tuple[Trial, ...]:
    """List the trials on a survey, newest first."""
    query = select(trials).where(trials.c.survey_id == survey_id).order_by(trials.c.seq.desc())
    return tuple(map(_trial, connection.execute(query.limit(limit))))


def finish(
    connection: Connection, trial_id: uuid.UUID, *, figures: Mapping[str, Any], outlines_key: str
) -> None:
    """Keep what a trial found."""
    values = {"figures": dict(figures), "outlines_key": outlines_key}
    connection.execute(update(trials).where(trials.c.trial_id == trial_id).values(values))


def remove(connection: Connection, trial_id: uuid.UUID) -> None:
    """Forget a trial and what was to be done for it."""
    connection.execute(delete(errands).where(errands.c.subject_id == trial_id))
    connection.execute(delete(trials).where(trials.c.trial_id == trial_id))


def _trial(row: Row[Any]) -> Trial:
    x0, y0, x1, y1 = row.window_px
    return Trial(
        trial_id=row.trial_id,
        survey_id=row.survey_id,
        mosaic_sha256=row.mosaic_sha256,
        window_px=(x0, y0, x1, y1),
        whole=row.whole,
        ref=ref_of(row),
        asked_by=row.asked_by,
        asked_at=row.asked_at,
        figures=row.figures,
        outlines_key=row.outlines_key,
    )

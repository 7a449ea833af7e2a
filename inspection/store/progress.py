"""Read how far damages and assets have come: moments of detection, verdict, order and repair.

Damages with the same moments come as one row with their count: a survey finds thousands at once,
and people decide some of them. So the answer grows with what people do, not with what a network
sees.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, FromClause, Select, Subquery, case, func, select

from inspection.domain.defect import ReviewState
from inspection.domain.eradate import day_in_japan
from inspection.domain.measure import Stage
from inspection.store.edit_tables import edit_shares, edits
from inspection.store.measure_tables import measures
from inspection.store.measures import standing
from inspection.store.tables import (
    assets,
    defect_observations,
    defects,
    grades,
    observations,
    reviews,
    steps,
    surveys,
)

LAST_STEP = "consolidate"
"""Step that makes defects of what was detected."""

DECIDED = (ReviewState.CONFIRMED.value, ReviewState.REJECTED.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moments:
    """Carry the days of some damages of one asset; see ``domain.progress.DamageCase``."""

    asset_id: str
    count: int
    detected: date
    decided: date | None
    confirmed: date | None
    ordered: date | None
    finished: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingDamage:
    """Name one confirmed damage for which nobody has recorded a finished measure.

    Attributes:
        defect_id: the damage.
        asset_id: its asset.
        asset_name: the name of that.
        survey_id: the survey of its latest observation.
        damage_class: a person's class, else the machine's.
        detected: day on which a survey that sees it was finished.
        ordered: day on which a measure was ordered for it; None when none was.
    """

    defect_id: uuid.UUID
    asset_id: str
    asset_name: str
    survey_id: uuid.UUID
    damage_class: str
    detected: date
    ordered: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DecidedGrade:
    """Carry the soundness or class that a person decided for an asset in a survey."""

    asset_id: str
    scheme: str
    decided: str
    decided_at: datetime
    surveyed_at: datetime


def moments(connection: Connection) -> tuple[Moments, ...]:
    """Give the days of every damage, equal ones counted together."""
    first, verdicts, done = _first_seen(), _verdicts(), _measured()
    columns = [
        defects.c.asset_id,
        defects.c.state,
        first.c.at,
        verdicts.c.decided_at,
        verdicts.c.confirmed_at,
        done.c.ordered,
        done.c.finished,
    ]
    query = (
        select(*columns, func.count().label("count"))
        .select_from(_joined(first, verdicts, done))
        .where(defects.c.state != ReviewState.SUPERSEDED.value)
        .group_by(*columns)
        .order_by(defects.c.asset_id, first.c.at)
    )
    return tuple(map(_moments, connection.execute(query)))


def waiting(connection: Connection, *, after: int = 0, limit: int = 100) -> Sequence[Any]:
    """List confirmed damages without a finished measure of their own, the longest known first.

    Args:
        connection: an open transaction.
        after: rows to leave out.
        limit: most rows.
    """
    first, verdicts, done = _first_seen(), _verdicts(), _measured()
    query = (
        select(
            defects.c.defect_id,
            defects.c.asset_id,
            assets.c.name,
            observations.c.survey_id,
            func.coalesce(defects.c.damage_class_reviewed, defects.c.damage_class).label("kind"),
            first.c.at,
            done.c.ordered,
        )
        .select_from(
            _joined(first, verdicts, done)
            .join(assets, assets.c.asset_id == defects.c.asset_id)
            .join(observations, observations.c.observation_id == defects.c.latest_observation_id)
        )
        .where(defects.c.state == ReviewState.CONFIRMED.value, done.c.finished.is_(None))
        .order_by(first.c.at, defects.c.seq)
        .limit(limit)
        .offset(after)
    )
    return [
        WaitingDamage(
            defect_id=row.defect_id,
            asset_id=row.asset_id,
            asset_name=row.name,
            survey_id=row.survey_id,
            damage_class=row.kind,
            detected=day_in_japan(row.at),
            ordered=_day(row.ordered),
        )
        for row in connection.execute(query)
    ]


def decided_grades(connection: Connection, schemes: Sequence[str]) -> tuple[DecidedGrade, ...]:
    """List what people decided for whole assets, oldest first.

    Args:
        connection: an open transaction.
        schemes: names of code-lists, without versions.
    """
    query = (
        select(
            grades.c.subject_id,
            grades.c.scheme,
            grades.c.decided,
            grades.c.decided_at,
            surveys.c.created_at,
        )
        .select_from(grades.join(surveys, surveys.c.survey_id == grades.c.survey_id))
        .where(grades.c.subject == "asset", grades.c.decided.is_not(None))
        .order_by(surveys.c.created_at, grades.c.decided_at, grades.c.seq)
    )
    return tuple(
        DecidedGrade(
            asset_id=row.subject_id,
            scheme=row.scheme,
            decided=row.decided,
            decided_at=row.decided_at,
            surveyed_at=row.created_at,
        )
        for row in connection.execute(query)
        if row.scheme.split("/")[0] in schemes
    )


def _joined(first: Subquery, verdicts: Subquery, done: Subquery) -> FromClause:
    return (
        defects.join(first, first.c.defect_id == defects.c.defect_id)
        .outerjoin(verdicts, verdicts.c.defect_id == defects.c.defect_id)
        .outerjoin(done, done.c.defect_id == defects.c.defect_id)
    )


def _first_seen() -> Subquery:
    """Give for every damage the moment at which the first survey that sees it was finished.

    Rows that were brought in without the steps that made them have the moment of the survey.
    """
    finished = (
        select(steps.c.survey_id, func.min(steps.c.finished_at).label("at"))
        .where(steps.c.step == LAST_STEP)
        .group_by(steps.c.survey_id)
        .subquery()
    )
    known = (
        select(surveys.c.survey_id, func.coalesce(finished.c.at, surveys.c.created_at).label("at"))
        .select_from(surveys.outerjoin(finished, finished.c.survey_id == surveys.c.survey_id))
        .subquery()
    )
    seen = observations.alias()
    joined = defect_observations.join(
        seen, seen.c.observation_id == defect_observations.c.observation_id
    ).join(known, known.c.survey_id == seen.c.survey_id)
    return (
        select(defect_observations.c.defect_id, func.min(known.c.at).label("at"))
        .select_from(joined)
        .group_by(defect_observations.c.defect_id)
        .subquery()
    )


def _verdicts() -> Subquery:
    """Give for every damage the moments of its first verdict and of its first confirmation.

    What engineers draw, split or merge is decided by the edit that made it.
    """
    edited = select(edit_shares.c.defect_id, edit_shares.c.state_after, edits.c.edited_at)
    joined = edited.select_from(edit_shares.join(edits, edits.c.edit_id == edit_shares.c.edit_id))
    told = select(reviews.c.defect_id, reviews.c.state_after, reviews.c.decided_at)
    c = told.union_all(joined).subquery().c
    confirmation = case((c.state_after == ReviewState.CONFIRMED.value, c.decided_at))
    return (
        select(
            c.defect_id,
            func.min(c.decided_at).label("decided_at"),
            func.min(confirmation).label("confirmed_at"),
        )
        .where(c.state_after.in_(DECIDED))
        .group_by(c.defect_id)
        .subquery()
    )


def _measured() -> Subquery:
    """Give for every damage the days on which its own measure was ordered and finished."""
    c = measures.c
    columns = [
        func.min(case((c.stage == stage.value, c.day))).label(stage.value) for stage in Stage
    ]
    query: Select[Any] = select(c.defect_id, *columns).where(c.defect_id.is_not(None), standing())
    return query.group_by(c.defect_id).subquery()


def _moments(row: Any) -> Moments:  # noqa: ANN401 a row of SQLAlchemy's
    values: Mapping[str, Any] = row._mapping
    confirmed = values["state"] == ReviewState.CONFIRMED.value
    return Moments(
        asset_id=values["asset_id"],
        count=values["count"],
        detected=day_in_japan(values["at"]),
        decided=_moment_day(values["decided_at"]),
        confirmed=_moment_day(values["confirmed_at"]) if confirmed else None,
        ordered=_day(values["ordered"]),
        finished=_day(values["finished"]),
    )


def _moment_day(moment: datetime | None) -> date | None:
    return None if moment is None else day_in_japan(moment)


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)

"""Build the moments of damages: when each was known, decided about, ordered and repaired first."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, FromClause, ScalarSelect, Select, Subquery, case, func, select

from inspection.domain.defect import ReviewState
from inspection.domain.measure import Stage
from inspection.store.columns import UtcDateTime
from inspection.store.edit_tables import edit_shares, edits
from inspection.store.measure_tables import measures
from inspection.store.measures import standing
from inspection.store.queue_tables import survey_defects
from inspection.store.tables import reviews, surveys

CONFIRMED, SUPERSEDED = ReviewState.CONFIRMED.value, ReviewState.SUPERSEDED.value
DECIDED = (CONFIRMED, ReviewState.REJECTED.value)


def known() -> Subquery:
    """Give for every survey the moment at which what it saw was known first.

    Rows that were brought in without the steps that made them have the moment of the survey.
    """
    c = surveys.c
    return select(c.survey_id, c.asset_id, _finished(surveys).label("at")).subquery()


def _finished(survey: FromClause) -> ColumnElement[datetime]:
    """Build the moment at which a survey was finished first, else that at which it was made."""
    return func.coalesce(survey.c.known_at, survey.c.created_at, type_=UtcDateTime)


def first_seen(asset_ids: Collection[str] | None) -> Subquery:
    """Give for every damage, or those of some assets, the moment at which it was known first."""
    survey, seen = known(), survey_defects
    return (
        select(seen.c.defect_id, func.min(survey.c.at).label("at"))
        .join_from(seen, survey, survey.c.survey_id == seen.c.survey_id)
        .where(*of_assets(survey.c.asset_id, asset_ids))
        .group_by(seen.c.defect_id)
        .subquery()
    )


def first_seen_of(damage: FromClause) -> ScalarSelect[datetime]:
    """Build the moment at which one damage was known first; for a few of many."""
    seen, survey = survey_defects.alias(), surveys.alias()
    return (
        select(func.min(_finished(survey)))
        .select_from(seen.join(survey, survey.c.survey_id == seen.c.survey_id))
        .where(seen.c.defect_id == damage.c.defect_id)
        .correlate(damage)
        .scalar_subquery()
    )


def of_assets(
    column: ColumnElement[str], asset_ids: Collection[str] | None
) -> list[ColumnElement[bool]]:
    """Build the condition that a row is about one of some assets; None asks for nothing."""
    return [] if asset_ids is None else [column.in_(sorted(asset_ids))]


def verdicts() -> Subquery:
    """Give for every damage the moments of its first verdict and of its first confirmation.

    What engineers draw, split or merge is decided by the edit that made it.
    """
    edited = select(edit_shares.c.defect_id, edit_shares.c.state_after, edits.c.edited_at)
    joined = edited.select_from(edit_shares.join(edits, edits.c.edit_id == edit_shares.c.edit_id))
    told = select(reviews.c.defect_id, reviews.c.state_after, reviews.c.decided_at)
    c = told.union_all(joined).subquery().c
    confirmation = case((c.state_after == CONFIRMED, c.decided_at))
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


def measured() -> Subquery:
    """Give for every damage the days on which its own measure was ordered and finished."""
    c = measures.c
    columns = [
        func.min(case((c.stage == stage.value, c.day))).label(stage.value) for stage in Stage
    ]
    query: Select[Any] = select(c.defect_id, *columns).where(c.defect_id.is_not(None), standing())
    return query.group_by(c.defect_id).subquery()

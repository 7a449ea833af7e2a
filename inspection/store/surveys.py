"""Keep surveys: one visit to an asset, and how far it has come."""

import uuid
from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, func, or_, select, update

from inspection.domain.mission import Surface, Survey, SurveyState
from inspection.errors import Conflict, NotFound
from inspection.store.page import Page, check_window
from inspection.store.rows import add_missing, choice
from inspection.store.tables import assets, surveys

CHUNK = 500
"""Identifiers asked for in one statement, far below the limits of both engines."""


def save(connection: Connection, survey: Survey) -> Survey:
    """Add a survey; give it as it stands, for a survey that is there already stays as it is.

    Only the moment and the state may differ from what is there: running twice over the same photos
    makes the same survey at a later moment.

    Raises:
        Conflict: when a survey of this identifier says something else.
    """
    add_missing(connection, surveys, [_row(survey)])
    kept = by_id(connection, survey.survey_id)
    if replace(kept, created_at=survey.created_at, state=survey.state) != survey:
        raise Conflict(
            f"survey {survey.survey_id} exists with other options: it has {kept}, not {survey}"
        )
    return kept


def by_id(connection: Connection, survey_id: uuid.UUID) -> Survey:
    """Read one survey.

    Raises:
        NotFound: when there is no such survey.
    """
    row = connection.execute(select(surveys).where(surveys.c.survey_id == survey_id)).one_or_none()
    if row is None:
        raise NotFound(f"there is no survey {survey_id}")
    return _survey(row)


def find(
    connection: Connection,
    *,
    asset_id: str | None = None,
    text: str = "",
    states: Collection[SurveyState] = (),
    limit: int = 100,
    offset: int = 0,
) -> Page[Survey]:
    """List surveys, newest first.

    Args:
        connection: an open transaction.
        asset_id: only those of this asset.
        text: only those of assets whose identifier or name has it, in either case.
        states: only those in one of these states; empty means all.
        limit: rows of a page.
        offset: rows before it.
    """
    check_window(limit, offset)
    conditions: list[ColumnElement[bool]] = []
    if asset_id is not None:
        conditions.append(surveys.c.asset_id == asset_id)
    if text:
        named = (assets.c.asset_id, assets.c.name)
        those = or_(*(column.icontains(text, autoescape=True) for column in named))
        conditions.append(surveys.c.asset_id.in_(select(assets.c.asset_id).where(those)))
    if states:
        conditions.append(surveys.c.state.in_([state.value for state in states]))
    total = connection.execute(
        select(func.count()).select_from(surveys).where(*conditions)
    ).scalar_one()
    rows = connection.execute(
        select(surveys)
        .where(*conditions)
        .order_by(surveys.c.created_at.desc(), surveys.c.survey_id)
        .limit(limit)
        .offset(offset)
    )
    return Page(rows=tuple(map(_survey, rows)), total=total)


def moments(connection: Connection, asset_id: str) -> dict[uuid.UUID, datetime]:
    """Give the moment at which each survey of an asset was made."""
    query = select(surveys.c.survey_id, surveys.c.created_at).where(surveys.c.asset_id == asset_id)
    return {row.survey_id: row.created_at for row in connection.execute(query)}


def moments_of(
    connection: Connection, survey_ids: Collection[uuid.UUID]
) -> dict[uuid.UUID, datetime]:
    """Give the moment at which each of some surveys was made."""
    query, wanted = select(surveys.c.survey_id, surveys.c.created_at), list(survey_ids)
    return {
        row.survey_id: row.created_at
        for start in range(0, len(wanted), CHUNK)
        for row in connection.execute(
            query.where(surveys.c.survey_id.in_(wanted[start : start + CHUNK]))
        )
    }


def set_state(connection: Connection, survey_id: uuid.UUID, state: SurveyState) -> None:
    """Say how far a survey has come; share the transaction with the job that says why.

    Raises:
        NotFound: when there is no such survey.
    """
    changed = connection.execute(
        update(surveys).where(surveys.c.survey_id == survey_id).values(state=state.value)
    )
    if changed.rowcount == 0:
        raise NotFound(f"there is no survey {survey_id}")


def _row(survey: Survey) -> dict[str, object]:
    return {
        "survey_id": survey.survey_id,
        "asset_id": survey.asset_id,
        "surface": survey.surface.value,
        "gsd_m_per_px": survey.gsd_m_per_px,
        "map_crs": survey.map_crs,
        "created_at": survey.created_at,
        "state": survey.state.value,
    }


def _survey(row: Row[Any]) -> Survey:
    return Survey(
        survey_id=row.survey_id,
        asset_id=row.asset_id,
        surface=choice(Surface, row.surface),
        gsd_m_per_px=row.gsd_m_per_px,
        map_crs=row.map_crs,
        created_at=row.created_at,
        state=choice(SurveyState, row.state),
    )

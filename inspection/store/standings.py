"""Read how inspections of many assets stand, counted by the database, without their defects.

An inspection of one asset is read whole where somebody looks at it; a list of a prefecture cannot.
"""

import uuid
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select

from inspection.domain.defect import ReviewState
from inspection.domain.grade import Subject
from inspection.domain.mission import SurveyState
from inspection.store.ledger_tables import element_damages
from inspection.store.release_tables import release_events, releases
from inspection.store.releases import Release, ReleaseEvent, event_of, release_of
from inspection.store.rows import choice
from inspection.store.tables import assets, defects, grades, observations, orthomosaics, surveys


@dataclass(frozen=True, slots=True, kw_only=True)
class Flown:
    """Count what came of one survey.

    Attributes:
        survey_id: the survey.
        created_at: when it was added, aware UTC.
        state: how far it has come.
        has_mosaic: a mosaic was made of it.
        seen: standing defects that were seen on it last.
        unreviewed: those that nobody has confirmed or rejected.
    """

    survey_id: uuid.UUID
    created_at: datetime
    state: SurveyState
    has_mosaic: bool
    seen: int
    unreviewed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """Carry a grade of an asset that a person decided."""

    survey_id: uuid.UUID
    scheme: str
    value: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """Carry what is known of an asset that tells how its inspections stand.

    Attributes:
        asset_id: the asset.
        name: what people call it.
        kind: code of its kind.
        attributes: of the ledger.
        flown: its surveys.
        records: damage records of elements by fiscal year.
        decided: grades of the asset as a whole.
        releases: what people decided about its inspections, by fiscal year.
        last: the last decision of each fiscal year.
    """

    asset_id: str
    name: str
    kind: str
    attributes: Mapping[str, Any]
    flown: tuple[Flown, ...]
    records: Mapping[int, int]
    decided: tuple[Decided, ...]
    releases: Mapping[int, Release]
    last: Mapping[int, ReleaseEvent]


def known_from(connection: Connection, asset_id: str, limit: int) -> tuple[Known, ...]:
    """Read assets by identifier, beginning with one that is there or would be there.

    Args:
        connection: an open transaction.
        asset_id: the first identifier; empty for the beginning.
        limit: most assets.
    """
    c = assets.c
    query = select(c.asset_id, c.name, c.kind, c.attributes).where(c.asset_id >= asset_id)
    rows = connection.execute(query.order_by(c.asset_id).limit(limit)).all()
    ids = [row.asset_id for row in rows]
    flown, records = _flown(connection, ids), _records(connection, ids)
    decided = _decided(connection, ids)
    stand, last = _releases(connection, ids)
    return tuple(
        Known(
            asset_id=row.asset_id,
            name=row.name,
            kind=row.kind,
            attributes=row.attributes,
            flown=tuple(flown.get(row.asset_id, ())),
            records=records.get(row.asset_id, {}),
            decided=tuple(decided.get(row.asset_id, ())),
            releases=stand.get(row.asset_id, {}),
            last=last.get(row.asset_id, {}),
        )
        for row in rows
    )


def _flown(connection: Connection, ids: Sequence[str]) -> dict[str, list[Flown]]:
    s, o, d = surveys.c, observations.c, defects.c
    rows = connection.execute(
        select(s.survey_id, s.asset_id, s.created_at, s.state)
        .where(s.asset_id.in_(ids))
        .order_by(s.created_at.desc(), s.survey_id)
    ).all()
    made = orthomosaics.c.survey_id
    wanted = select(s.survey_id).where(s.asset_id.in_(ids))
    with_mosaic = set(connection.execute(select(made).where(made.in_(wanted)).distinct()).scalars())
    seen: Counter[uuid.UUID] = Counter()
    unreviewed: Counter[uuid.UUID] = Counter()
    counted = (
        select(o.survey_id, d.state, func.count().label("n"))
        .join_from(defects, observations, o.observation_id == d.latest_observation_id)
        .where(d.asset_id.in_(ids), d.state != ReviewState.SUPERSEDED.value)
        .group_by(o.survey_id, d.state)
    )
    for survey_id, state, n in connection.execute(counted):
        seen[survey_id] += n
        if state == ReviewState.CANDIDATE.value:
            unreviewed[survey_id] += n
    found: dict[str, list[Flown]] = {}
    for row in rows:
        found.setdefault(row.asset_id, []).append(
            Flown(
                survey_id=row.survey_id,
                created_at=row.created_at,
                state=choice(SurveyState, row.state),
                has_mosaic=row.survey_id in with_mosaic,
                seen=seen[row.survey_id],
                unreviewed=unreviewed[row.survey_id],
            )
        )
    return found


def _records(connection: Connection, ids: Sequence[str]) -> dict[str, dict[int, int]]:
    c = element_damages.c
    query = (
        select(c.asset_id, c.fiscal_year, func.count().label("n"))
        .where(c.asset_id.in_(ids))
        .group_by(c.asset_id, c.fiscal_year)
    )
    found: dict[str, dict[int, int]] = {}
    for asset_id, fiscal_year, n in connection.execute(query):
        found.setdefault(asset_id, {})[fiscal_year] = n
    return found


def _decided(connection: Connection, ids: Sequence[str]) -> dict[str, list[Decided]]:
    c = grades.c
    wanted = select(surveys.c.survey_id).where(surveys.c.asset_id.in_(ids))
    query = (
        select(c.survey_id, c.scheme, c.subject_id, c.decided, c.decided_by, c.decided_at)
        .where(
            c.survey_id.in_(wanted),
            c.subject_id.in_(ids),
            c.subject == Subject.ASSET.value,
            c.decided.is_not(None),
        )
        .order_by(c.scheme)
    )
    found: dict[str, list[Decided]] = {}
    for row in connection.execute(query):
        found.setdefault(row.subject_id, []).append(
            Decided(
                survey_id=row.survey_id,
                scheme=row.scheme,
                value=row.decided,
                by=row.decided_by,
                at=row.decided_at,
            )
        )
    return found


def _releases(
    connection: Connection, ids: Sequence[str]
) -> tuple[dict[str, dict[int, Release]], dict[str, dict[int, ReleaseEvent]]]:
    stand: dict[str, dict[int, Release]] = {}
    for row in connection.execute(select(releases).where(releases.c.asset_id.in_(ids))):
        stand.setdefault(row.asset_id, {})[row.fiscal_year] = release_of(row)
    last: dict[str, dict[int, ReleaseEvent]] = {}
    c = release_events.c
    newest = select(func.max(c.seq)).where(c.asset_id.in_(ids)).group_by(c.asset_id, c.fiscal_year)
    for event in _events(connection, newest):
        last.setdefault(event.decision.asset_id, {})[event.decision.fiscal_year] = event
    return stand, last


def _events(connection: Connection, numbers: Any) -> Iterable[ReleaseEvent]:  # noqa: ANN401 a query
    rows = connection.execute(select(release_events).where(release_events.c.seq.in_(numbers)))
    return map(event_of, rows)

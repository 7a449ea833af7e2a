"""Read how far damages and assets have come: moments of detection, verdict, order and repair.

Damages with the same moments come as one row with their count: a survey finds thousands at once,
and people decide some of them. So the answer grows with what people do, not with what a network
sees. Of defects that an engineer edited each is read by itself, with what it takes over from those
in whose place it stands (``domain.descent``).
"""

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Row,
    Select,
    Subquery,
    func,
    select,
)

from inspection.domain.descent import Descent
from inspection.domain.eradate import day_in_japan
from inspection.store import descents, milestones
from inspection.store.measure_tables import measures
from inspection.store.milestones import CONFIRMED, SUPERSEDED
from inspection.store.queue_tables import survey_revisions
from inspection.store.tables import (
    assets,
    defects,
    grades,
    observations,
    surveys,
)

Version = tuple[object, ...]


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


def versions(connection: Connection) -> dict[str, Version]:
    """Say of every asset at which version all is from which the days of its damages follow.

    The database counts whatever changes what a survey shows, verdicts and edits too; records of
    measures are only ever added; a run of a survey has the moment at which it was finished. While
    the version is the same, so are the days.
    """
    known, counted = milestones.known(), survey_revisions
    found: dict[str, list[object]] = {}
    query = select(known.c.asset_id, known.c.survey_id, counted.c.revision, known.c.at).join_from(
        known, counted, counted.c.survey_id == known.c.survey_id
    )
    for row in connection.execute(query.order_by(known.c.asset_id, known.c.survey_id)):
        found.setdefault(row.asset_id, []).append((row.survey_id, row.revision, row.at))
    m = measures.c
    done = select(m.asset_id, func.count()).where(m.defect_id.is_not(None)).group_by(m.asset_id)
    for asset_id, count in connection.execute(done):
        found.setdefault(asset_id, []).append(count)
    return {asset_id: tuple(parts) for asset_id, parts in found.items()}


def moments(
    connection: Connection, asset_ids: Collection[str] | None = None
) -> tuple[Moments, ...]:
    """Give the days of every damage, equal ones counted together; of some assets, or of all."""
    first = milestones.first_seen(asset_ids)
    verdicts, done = milestones.verdicts(), milestones.measured()
    columns = _columns(first, verdicts, done)
    query = (
        select(*columns, func.count().label("count"))
        .select_from(_joined(first, verdicts, done))
        .where(
            defects.c.state != SUPERSEDED,
            defects.c.defect_id.not_in(descents.edited()),
            *milestones.of_assets(defects.c.asset_id, asset_ids),
        )
        .group_by(*columns)
        .order_by(defects.c.asset_id, first.c.at)
    )
    together = [
        _moments(row, row._mapping["count"], row.state) for row in connection.execute(query)
    ]
    return (*together, *_moments_of_edited(connection, asset_ids).values())


def waiting(connection: Connection, *, after: int = 0, limit: int = 100) -> list[WaitingDamage]:
    """List confirmed damages without a finished measure of their own, the longest known first.

    Those that an engineer edited are listed by ``waiting_edited``.

    Args:
        connection: an open transaction.
        after: rows to leave out.
        limit: most rows.
    """
    # few of all damages are confirmed: each is looked up by itself
    at, done = milestones.first_seen_of(defects), milestones.measured()
    measured = done.c.defect_id == defects.c.defect_id
    query = (
        _named(defects.outerjoin(done, measured))
        .add_columns(at.label("at"), done.c.ordered)
        .where(
            defects.c.state == CONFIRMED,
            done.c.finished.is_(None),
            defects.c.defect_id.not_in(descents.edited()),
        )
        .order_by(at, defects.c.seq)
        .limit(limit)
        .offset(after)
    )
    return [
        _waiting(row, detected=day_in_japan(row.at), ordered=_day(row.ordered))
        for row in connection.execute(query)
    ]


def waiting_edited(connection: Connection) -> list[WaitingDamage]:
    """List the damages that engineers edited and that wait like those of ``waiting``."""
    known = {
        key: seen
        for key, seen in _moments_of_edited(connection).items()
        if seen.confirmed is not None and seen.finished is None
    }
    query = _named(defects).where(
        defects.c.state == CONFIRMED, defects.c.defect_id.in_(descents.edited())
    )
    found = [
        _waiting(row, detected=known[row.defect_id].detected, ordered=known[row.defect_id].ordered)
        for row in connection.execute(query.order_by(defects.c.seq))
        if row.defect_id in known
    ]
    return sorted(found, key=lambda one: one.detected)


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


def _columns(first: Subquery, verdicts: Subquery, done: Subquery) -> list[ColumnElement[Any]]:
    return [
        defects.c.asset_id,
        defects.c.state,
        first.c.at,
        verdicts.c.decided_at,
        verdicts.c.confirmed_at,
        done.c.ordered,
        done.c.finished,
    ]


def _moments_of_edited(
    connection: Connection, asset_ids: Collection[str] | None = None
) -> dict[uuid.UUID, Moments]:
    """Give the days of what engineers edited and still stands, with what each takes over."""
    edited = defects.c.defect_id.in_(descents.edited())
    rows = _one_by_one(connection, edited, *milestones.of_assets(defects.c.asset_id, asset_ids))
    if not rows:
        return {}
    return _taken_over(rows, descents.descent(connection), descents.superseded_as(connection))


def _one_by_one(connection: Connection, *wanted: ColumnElement[bool]) -> dict[uuid.UUID, Row[Any]]:
    """Read the moments of some damages, superseded ones too."""
    at = milestones.first_seen_of(defects)
    verdicts, done = milestones.verdicts(), milestones.measured()
    c = defects.c
    query = (
        select(
            *(c.defect_id, c.asset_id, c.state, at.label("at")),
            *(verdicts.c.decided_at, verdicts.c.confirmed_at, done.c.ordered, done.c.finished),
        )
        .select_from(
            defects.outerjoin(verdicts, verdicts.c.defect_id == c.defect_id).outerjoin(
                done, done.c.defect_id == c.defect_id
            )
        )
        .where(*wanted)
        .order_by(c.seq)
    )
    return {row.defect_id: row for row in connection.execute(query)}


def _taken_over(
    rows: Mapping[uuid.UUID, Row[Any]], heirs: Descent, hidden: Mapping[uuid.UUID, str]
) -> dict[uuid.UUID, Moments]:
    """Complete the days of damages by those of their forebears; superseded ones are left out.

    What is superseded hands on what it was when an edit hid it: confirmed, or reopened since.

    Args:
        rows: the moments of each damage by itself.
        heirs: who came in whose place.
        hidden: the state of superseded ones before.
    """
    own = {
        key: _moments(row, 1, hidden.get(key) if row.state == SUPERSEDED else row.state)
        for key, row in rows.items()
    }

    opened = {
        key for key, row in rows.items() if row.state == SUPERSEDED and hidden.get(key) != CONFIRMED
    }

    def days(name: str) -> dict[uuid.UUID, date]:
        told = {key: getattr(seen, name) for key, seen in own.items()}
        return {key: day for key, day in told.items() if day is not None}

    detected = heirs.earliest(days("detected"))
    taken = {name: heirs.reached(days(name)) for name in ("decided", "ordered", "finished")}
    taken["confirmed"] = heirs.reached(days("confirmed"), lost=opened)
    return {
        key: replace(
            seen,
            detected=detected[key],
            decided=taken["decided"].get(key),
            confirmed=taken["confirmed"].get(key) if rows[key].state == CONFIRMED else None,
            ordered=taken["ordered"].get(key),
            finished=taken["finished"].get(key),
        )
        for key, seen in own.items()
        if rows[key].state != SUPERSEDED
    }


def _named(source: FromClause) -> Select[Any]:
    """Select what names a damage: its asset, its class, and the survey that saw it last."""
    kind = func.coalesce(defects.c.damage_class_reviewed, defects.c.damage_class).label("kind")
    seen = observations
    return select(
        defects.c.defect_id, defects.c.asset_id, assets.c.name, seen.c.survey_id, kind
    ).select_from(
        source.join(assets, assets.c.asset_id == defects.c.asset_id).join(
            seen, seen.c.observation_id == defects.c.latest_observation_id
        )
    )


def _waiting(row: Row[Any], *, detected: date, ordered: date | None) -> WaitingDamage:
    return WaitingDamage(
        defect_id=row.defect_id,
        asset_id=row.asset_id,
        asset_name=row.name,
        survey_id=row.survey_id,
        damage_class=row.kind,
        detected=detected,
        ordered=ordered,
    )


def _joined(first: Subquery, verdicts: Subquery, done: Subquery) -> FromClause:
    return (
        defects.join(first, first.c.defect_id == defects.c.defect_id)
        .outerjoin(verdicts, verdicts.c.defect_id == defects.c.defect_id)
        .outerjoin(done, done.c.defect_id == defects.c.defect_id)
    )


def _moments(row: Any, count: int, state: str | None) -> Moments:  # noqa: ANN401 a row
    return Moments(
        asset_id=row.asset_id,
        count=count,
        detected=day_in_japan(row.at),
        decided=_moment_day(row.decided_at),
        confirmed=_moment_day(row.confirmed_at) if state == CONFIRMED else None,
        ordered=_day(row.ordered),
        finished=_day(row.finished),
    )


def _moment_day(moment: datetime | None) -> date | None:
    return None if moment is None else day_in_japan(moment)


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)

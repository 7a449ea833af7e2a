"""Keep what was done about damage; records are added, and a wrong one is withdrawn by another."""

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, insert, select

from inspection.domain.defect import ReviewState
from inspection.domain.eradate import day_in_japan
from inspection.domain.measure import Measure, Stage
from inspection.errors import BadInput, Conflict, NotFound
from inspection.store.measure_tables import measures
from inspection.store.rows import choice
from inspection.store.tables import assets, defects

WITHDRAWN = "withdrawn"
"""Stage of a row that takes another one back."""


def standing() -> ColumnElement[bool]:
    """Build the condition that a record is not withdrawn."""
    taken_back = measures.alias()
    withdrawn = select(taken_back.c.withdraws).where(taken_back.c.withdraws.is_not(None))
    return (measures.c.stage != WITHDRAWN) & measures.c.event_id.not_in(withdrawn)


def record(connection: Connection, measure: Measure) -> None:
    """Keep a record; the same one twice counts once.

    Raises:
        NotFound: when there is no such asset, or it has no such damage.
        Conflict: when another record has the same identifier, or others stand in the place of the
            damage by now.
    """
    kept = _by_id(connection, measure.event_id)
    if kept is not None:
        if (kept.asset_id, kept.defect_id, kept.stage, kept.day) != (
            measure.asset_id,
            measure.defect_id,
            measure.stage,
            measure.day,
        ):
            raise Conflict(f"record {measure.event_id} was made with other contents")
        return
    _check_subject(connection, measure)
    row = {name: getattr(measure, name) for name in Measure.__slots__}
    values = row | {"stage": measure.stage.value, "day": measure.day.isoformat()}
    connection.execute(insert(measures).values(**values, withdraws=None))


def withdraw(
    connection: Connection, event_id: uuid.UUID, *, by: str, now: datetime, note: str
) -> Measure:
    """Take a record back; what it said does not count any more, and stays to be read.

    Raises:
        NotFound: when there is no such record.
        BadInput: when nobody says why.
        Conflict: when it was taken back already.
    """
    kept = _by_id(connection, event_id)
    if kept is None:
        raise NotFound(f"there is no record {event_id} of a measure")
    if not note.strip():
        raise BadInput("say why the record is withdrawn")
    again = select(measures.c.seq).where(measures.c.withdraws == event_id)
    if connection.execute(again).one_or_none() is not None:
        raise Conflict(f"record {event_id} was withdrawn already")
    connection.execute(
        insert(measures).values(
            event_id=uuid.uuid5(event_id, WITHDRAWN),
            asset_id=kept.asset_id,
            defect_id=kept.defect_id,
            stage=WITHDRAWN,
            day=day_in_japan(now).isoformat(),
            recorded_by=by,
            recorded_at=now,
            note=note,
            withdraws=event_id,
        )
    )
    return kept


def of_asset(connection: Connection, asset_id: str) -> tuple[Measure, ...]:
    """List the records of an asset that stand, in the order in which they were made."""
    query = select(measures).where(measures.c.asset_id == asset_id, standing())
    return tuple(map(_measure, connection.execute(query.order_by(measures.c.seq))))


def of_whole_assets(connection: Connection) -> dict[str, list[tuple[Stage, date]]]:
    """Give what was done about assets as wholes, by asset."""
    c = measures.c
    query = select(c.asset_id, c.stage, c.day).where(c.defect_id.is_(None), standing())
    found: dict[str, list[tuple[Stage, date]]] = {}
    for row in connection.execute(query):
        done = (choice(Stage, row.stage), date.fromisoformat(row.day))
        found.setdefault(row.asset_id, []).append(done)
    return found


def _check_subject(connection: Connection, measure: Measure) -> None:
    query = select(assets.c.asset_id).where(assets.c.asset_id == measure.asset_id)
    if connection.execute(query).one_or_none() is None:
        raise NotFound(f"there is no asset {measure.asset_id!r}")
    if measure.defect_id is None:
        return
    of = select(defects.c.asset_id, defects.c.state).where(defects.c.defect_id == measure.defect_id)
    # an edit that is about to hide the damage must see this record, or this the edit
    row = connection.execute(of.with_for_update()).one_or_none()
    if row is None or row.asset_id != measure.asset_id:
        raise NotFound(f"asset {measure.asset_id!r} has no defect {measure.defect_id}")
    if row.state == ReviewState.SUPERSEDED.value:
        raise Conflict(
            f"others stand in the place of defect {measure.defect_id} since it was edited; record "
            "the measure on those"
        )


def _by_id(connection: Connection, event_id: uuid.UUID) -> Measure | None:
    c = measures.c
    row = connection.execute(
        select(measures).where(c.event_id == event_id, c.stage != WITHDRAWN)
    ).one_or_none()
    return None if row is None else _measure(row)


def _measure(row: Row[Any]) -> Measure:
    return Measure(
        event_id=row.event_id,
        asset_id=row.asset_id,
        defect_id=row.defect_id,
        stage=choice(Stage, row.stage),
        day=date.fromisoformat(row.day),
        recorded_by=row.recorded_by,
        recorded_at=row.recorded_at,
        note=row.note,
    )

"""Fill every table of a schema with typed rows, and read every row of a database back."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import shapely
from sqlalchemy import Column, Connection, Engine, MetaData, Table, select
from sqlalchemy.types import Boolean, Double, Integer, LargeBinary, Text, Uuid

from inspection.store.columns import LonLatGeometry, UtcDateTime
from inspection.store.engine import reading
from inspection.store.tables import metadata

CHOICES: dict[tuple[str, str], object] = {
    ("assets", "kind"): "bridge",
    ("assets", "concrete"): "PC",
    ("surveys", "surface"): "nadir",
    ("surveys", "state"): "processed",
    ("surveys", "gsd_m_per_px"): 0.1 + 0.2,
    ("rejections", "reason"): "duplicate",
    ("observations", "damage_class"): "crack",
    ("defects", "damage_class"): "crack",
    ("defects", "damage_class_reviewed"): "spall",
    ("defects", "state"): "confirmed",
    ("jobs", "state"): "done",
    ("jobs", "kind"): "conduct",
    ("jobs", "survey_state_before"): "created",
    ("jobs", "priority"): 1,
}
"""What stands in columns that hold a closed choice or a bounded number."""

Rows = dict[str, list[tuple[str, ...]]]


def every_row(engine: Engine, tables: MetaData = metadata) -> Rows:
    """Read all rows of all tables as text, in an order that does not depend on the engine."""
    with reading(engine) as connection:
        return {table.name: _rows(connection, table) for table in tables.sorted_tables}


def fill(connection: Connection, tables: MetaData, *, rows: int = 3) -> None:
    """Insert rows into every table; in every second one, what may be empty is empty."""
    made: dict[str, list[dict[str, Any]]] = {}
    for table in tables.sorted_tables:
        made[table.name] = [
            {column.name: _value(table, column, i, made) for column in _given(table)}
            for i in range(rows)
        ]
        connection.execute(table.insert(), made[table.name])


def _given(table: Table) -> list[Column[Any]]:
    return [column for column in table.columns if column.name != "seq"]


def _value(
    table: Table, column: Column[Any], i: int, made: dict[str, list[dict[str, Any]]]
) -> object:
    if column.foreign_keys:
        target = next(iter(column.foreign_keys)).column
        return made[target.table.name][i][target.name]
    if column.nullable and i % 2 == 1:
        return None
    chosen = CHOICES.get((table.name, column.name))
    return chosen if chosen is not None else _plain(column, i)


def _plain(column: Column[Any], i: int) -> object:
    kind = column.type
    plain: object
    match kind:
        case Uuid():
            plain = uuid.uuid5(uuid.NAMESPACE_OID, f"{column.table.name}.{column.name}.{i}")
        case Boolean():
            plain = i % 2 == 0
        case Integer():
            plain = 7 + i
        case Double():
            plain = 136.625669 + i / 3
        case UtcDateTime():
            plain = datetime(2026, 4, 1, 3, 0, 0, 123456, tzinfo=UTC) + timedelta(days=i)
        case LonLatGeometry():
            plain = shapely.box(136.6 + i, 36.5, 136.7 + i, 36.6)
        case LargeBinary():
            plain = shapely.to_wkb(shapely.box(i, 0, i + 1, 1))
        case Text():
            plain = f"{column.name} 橋 {i}"
        case _:  # JSON
            plain = {"値": 2.766099606837545e16, "n": [i, None, "橋"]}
    return plain


def _rows(connection: Connection, table: Table) -> list[tuple[str, ...]]:
    return sorted(tuple(map(_text, row)) for row in connection.execute(select(table)))


def _text(value: object) -> str:
    return value.wkb_hex if isinstance(value, shapely.Geometry) else repr(value)

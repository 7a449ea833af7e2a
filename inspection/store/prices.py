"""Keep price lists: a list is replaced as a whole when it is imported again."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select

from inspection.domain.asset import AssetKind
from inspection.domain.programme import Work
from inspection.domain.unitcost import CostUnit, UnitCost
from inspection.errors import NotFound
from inspection.store.programme_tables import unit_costs
from inspection.store.rows import choice


def replace_list(connection: Connection, list_name: str, rows: Sequence[UnitCost]) -> None:
    """Keep a price list in the place of the one of that name."""
    connection.execute(delete(unit_costs).where(unit_costs.c.list_name == list_name))
    plain = [
        {
            "list_name": list_name,
            "row_no": number,
            "name": row.name,
            "work": row.work.value,
            "unit": row.unit.value,
            "yen": row.yen,
            "kind": row.kind.value,
            "soundness": sorted(row.soundness),
            "structure": row.structure,
            "overhead_percent": row.overhead_percent,
            "minimum_yen": row.minimum_yen,
            "asset_id": row.asset_id,
        }
        for number, row in enumerate(rows, 1)
    ]
    if plain:
        connection.execute(insert(unit_costs), plain)


def of_list(connection: Connection, list_name: str) -> tuple[UnitCost, ...]:
    """Read a price list in the order of its rows.

    Raises:
        NotFound: when there is none of that name.
    """
    query = (
        select(unit_costs).where(unit_costs.c.list_name == list_name).order_by(unit_costs.c.row_no)
    )
    rows = tuple(_row(row) for row in connection.execute(query))
    if not rows:
        known = ", ".join(names(connection)) or "none yet"
        raise NotFound(
            f"there is no price list {list_name!r} (known: {known}); import one with "
            "'tenken programme costs import FILE'"
        )
    return rows


def names(connection: Connection) -> dict[str, int]:
    """Name the price lists with their numbers of rows."""
    query = (
        select(unit_costs.c.list_name, func.count())
        .group_by(unit_costs.c.list_name)
        .order_by(unit_costs.c.list_name)
    )
    return {row[0]: row[1] for row in connection.execute(query)}


def _row(row: Row[Any]) -> UnitCost:
    return UnitCost(
        name=row.name,
        work=choice(Work, row.work),
        unit=choice(CostUnit, row.unit),
        yen=row.yen,
        kind=choice(AssetKind, row.kind),
        soundness=frozenset(row.soundness),
        structure=row.structure,
        overhead_percent=row.overhead_percent,
        minimum_yen=row.minimum_yen,
        asset_id=row.asset_id,
    )

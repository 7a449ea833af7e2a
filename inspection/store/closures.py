"""Keep what the closure of each asset would mean for the road network."""

from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from inspection.domain.roadnetwork import Closure
from inspection.store.programme_tables import closures
from inspection.store.rows import add_or_replace


def save(connection: Connection, found: Iterable[Closure], *, network: str, now: datetime) -> None:
    """Keep findings in the place of those that are known about the same assets."""
    rows = [
        {
            **asdict(one),
            "places": list(one.places),
            "network": network,
            "made_at": now,
        }
        for one in found
    ]
    add_or_replace(connection, closures, rows, key=["asset_id"])


def of_all(connection: Connection) -> dict[str, Closure]:
    """Read every finding by asset."""
    rows = connection.execute(select(closures).order_by(closures.c.asset_id))
    return {row.asset_id: _closure(row) for row in rows}


def _closure(row: Row[Any]) -> Closure:
    return Closure(
        asset_id=row.asset_id,
        detour_m=row.detour_m,
        detour_min=row.detour_min,
        severs=row.severs,
        people=row.people,
        places=tuple(row.places),
        road_m=row.road_m,
    )

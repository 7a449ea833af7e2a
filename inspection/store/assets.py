"""Keep assets: what is inspected."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, Row, func, select

from inspection.domain.asset import Asset, AssetKind, Concrete
from inspection.errors import NotFound
from inspection.store.page import Page, check_window
from inspection.store.rows import add_or_replace, choice
from inspection.store.tables import assets


def save(connection: Connection, asset: Asset) -> None:
    """Add an asset, or replace what is known about it; its identifier never changes."""
    save_all(connection, [asset])


def save_all(connection: Connection, several: Iterable[Asset]) -> None:
    """Add assets, or replace what is known about them."""
    rows = [
        {
            "asset_id": asset.asset_id,
            "name": asset.name,
            "kind": asset.kind.value,
            "member": asset.member,
            "concrete": asset.concrete.value,
            "attributes": dict(asset.attributes),
        }
        for asset in several
    ]
    add_or_replace(connection, assets, rows, key=["asset_id"])


def lock(connection: Connection, asset_id: str) -> None:
    """Let others who change the defects of an asset wait until this transaction ends.

    For reading what is known and writing what follows from it as one: two surveys of one asset that
    are consolidated at the same moment would both call the same new damage their own. On SQLite
    every writing transaction is alone already.

    Raises:
        NotFound: when there is no such asset.
    """
    query = select(assets.c.asset_id).where(assets.c.asset_id == asset_id).with_for_update()
    if connection.execute(query).one_or_none() is None:
        raise NotFound(f"there is no asset {asset_id!r}")


def by_id(connection: Connection, asset_id: str) -> Asset:
    """Read one asset.

    Raises:
        NotFound: when there is no such asset.
    """
    row = connection.execute(select(assets).where(assets.c.asset_id == asset_id)).one_or_none()
    if row is None:
        raise NotFound(f"there is no asset {asset_id!r}")
    return _asset(row)


def find(connection: Connection, *, limit: int = 100, offset: int = 0) -> Page[Asset]:
    """List assets by identifier."""
    check_window(limit, offset)
    total = connection.execute(select(func.count()).select_from(assets)).scalar_one()
    rows = connection.execute(
        select(assets).order_by(assets.c.asset_id).limit(limit).offset(offset)
    )
    return Page(rows=tuple(map(_asset, rows)), total=total)


def _asset(row: Row[Any]) -> Asset:
    return from_row(row._mapping)


def from_row(values: Mapping[Any, Any], *, prefix: str = "") -> Asset:
    """Build an asset from the columns of a row, whose names may have a prefix."""
    return Asset(
        asset_id=values[f"{prefix}asset_id"],
        name=values[f"{prefix}name"],
        kind=choice(AssetKind, values[f"{prefix}kind"]),
        member=values[f"{prefix}member"],
        concrete=choice(Concrete, values[f"{prefix}concrete"]),
        attributes=values[f"{prefix}attributes"],
    )

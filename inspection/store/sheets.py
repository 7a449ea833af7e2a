"""Keep what ledgers say about assets beside the assets themselves."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, func, or_, select
from sqlalchemy.sql.selectable import SelectLabelStyle

from inspection.domain.asset import AssetKind
from inspection.domain.assetsheet import AssetSheet, LedgerEntry
from inspection.domain.roadsection import PavementKind, RoadSection
from inspection.errors import NotFound
from inspection.store import assets as asset_rows
from inspection.store.ledger_tables import asset_sheets, road_sections
from inspection.store.page import Page, check_window
from inspection.store.rows import add_or_replace, choice
from inspection.store.tables import assets

BATCH = 500
"""Identifiers in one query; SQLite bears at most 32 766 variables."""


def save(connection: Connection, entries: Iterable[LedgerEntry]) -> None:
    """Add assets with their sheets, or replace what is known about them."""
    known = list(entries)
    asset_rows.save_all(connection, [entry.asset for entry in known])
    sheets = [asdict(entry.sheet) for entry in known]
    add_or_replace(connection, asset_sheets, sheets, key=["asset_id"])
    sections = [_section_row(entry.section) for entry in known if entry.section is not None]
    add_or_replace(connection, road_sections, sections, key=["asset_id"])


def by_ids(connection: Connection, asset_ids: Sequence[str]) -> dict[str, LedgerEntry]:
    """Read the assets that are there, by identifier."""
    found: dict[str, LedgerEntry] = {}
    for start in range(0, len(asset_ids), BATCH):
        wanted = assets.c.asset_id.in_(asset_ids[start : start + BATCH])
        found |= {e.asset.asset_id: e for e in _read(connection, [wanted])}
    return found


def by_id(connection: Connection, asset_id: str) -> LedgerEntry:
    """Read one asset with its sheet.

    Raises:
        NotFound: when there is no such asset.
    """
    found = by_ids(connection, [asset_id])
    if not found:
        raise NotFound(f"there is no asset {asset_id!r}")
    return found[asset_id]


def find(
    connection: Connection,
    *,
    kind: AssetKind | None = None,
    text: str = "",
    limit: int = 100,
    offset: int = 0,
) -> Page[LedgerEntry]:
    """List assets by identifier.

    Args:
        connection: an open transaction.
        kind: only this kind.
        text: only those whose identifier, name, kana, route or municipality has it, in either
            case.
        limit: rows of a page.
        offset: rows before it.
    """
    check_window(limit, offset)
    conditions = [assets.c.kind == kind.value] if kind else []
    if text:
        columns = (
            assets.c.asset_id,
            assets.c.name,
            asset_sheets.c.kana,
            asset_sheets.c.route_name,
            asset_sheets.c.municipality,
        )
        conditions.append(or_(*(column.icontains(text, autoescape=True) for column in columns)))
    joined = assets.outerjoin(asset_sheets)
    total = connection.execute(
        select(func.count()).select_from(joined).where(*conditions)
    ).scalar_one()
    return Page(rows=tuple(_read(connection, conditions, limit=limit, offset=offset)), total=total)


def all_ids(connection: Connection) -> frozenset[str]:
    """Name every asset."""
    return frozenset(connection.execute(select(assets.c.asset_id)).scalars())


def _read(
    connection: Connection,
    conditions: Sequence[ColumnElement[bool]],
    *,
    limit: int | None = None,
    offset: int = 0,
) -> list[LedgerEntry]:
    """Read assets with their sheets and sections."""
    query = (
        select(assets, asset_sheets, road_sections)
        .select_from(assets.outerjoin(asset_sheets).outerjoin(road_sections))
        .where(*conditions)
        .order_by(assets.c.asset_id)
        .limit(limit)
        .offset(offset)
        .set_label_style(SelectLabelStyle.LABEL_STYLE_TABLENAME_PLUS_COL)
    )
    return [_entry(row) for row in connection.execute(query)]


def _entry(row: Row[Any]) -> LedgerEntry:
    values = row._mapping
    asset_id = values["assets_asset_id"]
    has_sheet = values["asset_sheets_asset_id"] is not None
    sheet = {
        column.name: values[f"asset_sheets_{column.name}"]
        for column in asset_sheets.c
        if has_sheet and column.name != "asset_id"
    }
    return LedgerEntry(
        asset=asset_rows.from_row(values, prefix="assets_"),
        sheet=AssetSheet(asset_id=asset_id, **sheet),
        section=_section(values) if values["road_sections_asset_id"] is not None else None,
    )


def _section_row(section: RoadSection) -> dict[str, object]:
    return {**asdict(section), "pavement": section.pavement.value}


def _section(values: Any) -> RoadSection:  # noqa: ANN401 a mapping of SQLAlchemy's
    own = {c.name: values[f"road_sections_{c.name}"] for c in road_sections.c}
    return RoadSection(**(own | {"pavement": choice(PavementKind, own["pavement"])}))

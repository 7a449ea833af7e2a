"""Open an empty store for one test, and make entries of a ledger with few words."""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import Connection, Engine

from inspection.domain.asset import Asset, AssetKind
from inspection.domain.assetsheet import AssetSheet, LedgerEntry
from inspection.domain.bridge import Element
from inspection.domain.damagerecord import DamageRecord
from inspection.domain.elementdamage import ElementDamage
from inspection.domain.elementnumber import read_element
from inspection.domain.prioritymodel import Attribute
from inspection.store import schema
from inspection.store.engine import create_engine, writing


@lru_cache(maxsize=1)
def _empty() -> bytes:
    """Make an empty store once and give its bytes: every migration takes its time."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "empty.sqlite"
        schema.upgrade(f"sqlite:///{path}")
        with closing(sqlite3.connect(path)) as opened:
            return opened.serialize()


@contextmanager
def fresh_engine(folder: Path) -> Iterator[Engine]:
    """Give the engine of a new store in a folder."""
    path = folder / "shelf.sqlite"
    path.write_bytes(_empty())
    engine = create_engine(f"sqlite:///{path}")
    try:
        yield engine
    finally:
        engine.dispose()


@contextmanager
def fresh_store(folder: Path) -> Iterator[Connection]:
    """Give an open transaction on a new store in a folder."""
    with fresh_engine(folder) as engine, writing(engine) as connection:
        yield connection


def entry(
    asset_id: str,
    *,
    name: str = "橋",
    kind: AssetKind = AssetKind.BRIDGE,
    sheet: Mapping[str, str | float] | None = None,
    **attributes: Attribute,
) -> LedgerEntry:
    """Make an asset as a ledger knows it."""
    return LedgerEntry(
        asset=Asset(asset_id=asset_id, name=name, kind=kind, attributes=attributes),
        sheet=AssetSheet(asset_id=asset_id, **(sheet or {})),  # type: ignore[arg-type]
    )


def damage(
    element: str = "Mg0101",
    *,
    asset_id: str = "B",
    span: int = 1,
    fiscal_year: int = 2026,
    number: int | None = 6,
    grade: str = "d",
    previous: str | None = None,
    values: str = "",
    soundness: str = "",
    countermeasures: tuple[str, ...] = (),
    inspector: str = "",
) -> ElementDamage:
    """Make one damage record of one element."""
    return ElementDamage(
        element=Element(asset_id=asset_id, span=span, number=read_element(element)),
        fiscal_year=fiscal_year,
        record=DamageRecord(number=number, grade=grade, previous=previous, values=values),
        guideline="jp_bridge_2024",
        inspector=inspector,
        countermeasures=countermeasures,
        soundness=soundness,
    )

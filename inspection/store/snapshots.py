"""Keep frozen months of open data, and count them with SQL."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, case, func, insert, select

from inspection.domain.figures import LEVEL_NAMES, URGENT, FrozenAsset, percent
from inspection.errors import Conflict, NotFound
from inspection.store.ledger_tables import asset_sheets
from inspection.store.release_tables import (
    daily_figures,
    snapshot_assets,
    snapshot_files,
    snapshots,
)
from inspection.store.rows import add_or_replace
from inspection.store.tables import assets


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """Name a frozen month with its figures."""

    month: str
    taken_at: datetime
    figures: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotFile:
    """Name one file of a frozen month.

    Attributes:
        month: of the snapshot, ``YYYY-MM``.
        name: of the file.
        media_type: of the file.
        byte_size: of the file.
        sha256: of the file.
        blob_key: where it lies.
    """

    month: str
    name: str
    media_type: str
    byte_size: int
    sha256: str
    blob_key: str


def save(
    connection: Connection,
    snapshot: Snapshot,
    rows: Iterable[FrozenAsset],
    files: Iterable[SnapshotFile],
) -> None:
    """Freeze a month; what is frozen is never changed.

    Raises:
        Conflict: when the month is frozen already.
    """
    known = connection.execute(
        select(snapshots.c.taken_at).where(snapshots.c.month == snapshot.month)
    ).scalar_one_or_none()
    if known is not None:
        raise Conflict(
            f"month {snapshot.month} was frozen at {known:%Y-%m-%d %H:%M} UTC and is never "
            "changed; what changed since is in the change log and in the next month"
        )
    connection.execute(insert(snapshots).values(**asdict(snapshot)))
    frozen = [{"month": snapshot.month, **asdict(row)} for row in rows]
    if frozen:
        connection.execute(insert(snapshot_assets), frozen)
    kept = [asdict(file) for file in files]
    if kept:
        connection.execute(insert(snapshot_files), kept)


def find(connection: Connection) -> tuple[Snapshot, ...]:
    """List the frozen months, newest first."""
    c = snapshots.c
    rows = connection.execute(select(c.month, c.taken_at, c.figures).order_by(c.month.desc()))
    return tuple(Snapshot(**row._mapping) for row in rows)


def by_month(connection: Connection, month: str) -> Snapshot:
    """Read one frozen month.

    Raises:
        NotFound: when it is not frozen.
    """
    for snapshot in find(connection):
        if snapshot.month == month:
            return snapshot
    raise NotFound(f"month {month} is not frozen; 'tenken publish snapshot' freezes one")


def frozen_rows(connection: Connection, month: str) -> tuple[FrozenAsset, ...]:
    """List the frozen assets of a month by identifier."""
    c = snapshot_assets.c
    columns = [c[name] for name in FrozenAsset.__slots__]
    rows = connection.execute(select(*columns).where(c.month == month).order_by(c.asset_id))
    return tuple(FrozenAsset(**row._mapping) for row in rows)


def files_of(connection: Connection, month: str) -> tuple[SnapshotFile, ...]:
    """List the files of a month by name."""
    c = snapshot_files.c
    rows = connection.execute(select(snapshot_files).where(c.month == month).order_by(c.name))
    return tuple(SnapshotFile(**row._mapping) for row in rows)


def file_of(connection: Connection, month: str, name: str) -> SnapshotFile:
    """Find one file of a month.

    Raises:
        NotFound: when there is none.
    """
    for file in files_of(connection, month):
        if file.name == name:
            return file
    raise NotFound(f"there is no file {name!r} in the frozen month {month!r}")


def register(connection: Connection) -> tuple[tuple[str, str, str], ...]:
    """List every asset as identifier, kind and municipality."""
    query = (
        select(assets.c.asset_id, assets.c.kind, asset_sheets.c.municipality)
        .select_from(assets.outerjoin(asset_sheets))
        .order_by(assets.c.asset_id)
    )
    return tuple((a, kind, place or "") for a, kind, place in connection.execute(query))


def counted_by_sql(
    connection: Connection, month: str, *, first_year: int, last_year: int
) -> dict[str, Any]:
    """Count a frozen month in the database, in the shape of its figures.

    Args:
        connection: an open transaction.
        month: the frozen month.
        first_year: first fiscal year of the cycle.
        last_year: last fiscal year of the cycle.
    """
    c = snapshot_assets.c
    in_cycle = and_(c.published, c.inspected_fiscal_year.between(first_year, last_year))
    urgent = and_(c.published, c.soundness >= URGENT)
    counts = [
        func.count().label("assets"),
        _count(c.published).label("published"),
        _count(in_cycle).label("inspected"),
        *(
            _count(and_(c.published, c.soundness == level)).label(f"s{level}")
            for level in LEVEL_NAMES
        ),
        _count(urgent).label("urgent"),
        _count(and_(urgent, c.measure_done)).label("done"),
    ]
    frozen = select(*counts).where(c.month == month)
    kinds = connection.execute(
        frozen.add_columns(c.kind).group_by(c.kind).order_by(c.kind)
    ).mappings()
    towns = connection.execute(
        frozen.add_columns(c.kind, c.municipality)
        .group_by(c.kind, c.municipality)
        .order_by(c.kind, c.municipality)
    ).mappings()
    return {
        "cycle": [first_year, last_year],
        "kinds": {row["kind"]: _figures(row) for row in kinds},
        "municipalities": sorted(
            (
                {"kind": row["kind"], "municipality": row["municipality"], **_figures(row)}
                for row in towns
            ),
            key=lambda row: (row["kind"], row["municipality"]),
        ),
    }


def save_daily(connection: Connection, day: str, figures: dict[str, Any], *, now: datetime) -> None:
    """Keep the figures of a day; the last ones of a day stand."""
    row = {"day": day, "computed_at": now, "figures": figures}
    add_or_replace(connection, daily_figures, [row], key=["day"])


def daily(connection: Connection, *, limit: int = 366) -> Sequence[tuple[str, dict[str, Any]]]:
    """List the figures of days, newest first."""
    c = daily_figures.c
    rows = connection.execute(select(c.day, c.figures).order_by(c.day.desc()).limit(limit))
    return [(row.day, row.figures) for row in rows]


def _count(condition: Any) -> Any:  # noqa: ANN401 SQLAlchemy's own expressions
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)


def _figures(row: Any) -> dict[str, Any]:  # noqa: ANN401 a mapping of SQLAlchemy's
    """Give the counts of one line in the shape of the figures."""
    return {
        "assets": row["assets"],
        "published": row["published"],
        "inspected_in_cycle": row["inspected"],
        "inspected_percent": percent(row["inspected"], row["assets"]),
        "soundness": {name: row[f"s{level}"] for level, name in LEVEL_NAMES.items()},
        "urgent": row["urgent"],
        "urgent_done": row["done"],
        "urgent_done_percent": percent(row["done"], row["urgent"]),
    }

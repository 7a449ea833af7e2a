"""What is published now → figures of a day, or a frozen month with its files and figures."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from inspection.codelists.opendata import load_open_columns, load_redaction_rule
from inspection.domain.eradate import JST, day_in_japan, fiscal_year
from inspection.domain.figures import FrozenAsset, figures_of
from inspection.domain.publicrow import level_of, meshes
from inspection.errors import BadInput
from inspection.export.opendata import DataFile, OpenData, data_files
from inspection.pipeline.picture import picture_files
from inspection.pipeline.ports import BlobStore, Clock
from inspection.pipeline.publish import changes
from inspection.pipeline.takeback import take_back, without
from inspection.store import privacy, releases, snapshots
from inspection.store.snapshots import Snapshot, SnapshotFile

MONTH = re.compile(r"20\d{2}-(0[1-9]|1[0-2])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """Say whether the figures of a frozen month are those that SQL counts.

    Attributes:
        month: the month.
        differences: figures that differ, in words; empty when all agree.
        damaged: files that are not the ones that were frozen.
    """

    month: str
    differences: tuple[str, ...]
    damaged: tuple[str, ...]


def check_month(month: str, now: datetime) -> str:
    """Check the name of a month that is to be frozen; the future cannot be.

    Raises:
        BadInput: when it is no month, or not the present one.
    """
    present = f"{now.astimezone(JST):%Y-%m}"
    if MONTH.fullmatch(month) is None:
        raise BadInput(f"a month is written YYYY-MM, such as {present}; got {month!r}")
    if month != present:
        raise BadInput(
            f"only the present month {present} can be frozen, for what was published in {month} "
            "is no longer known as a whole"
        )
    return month


def rows_now(connection: Connection) -> tuple[FrozenAsset, ...]:
    """List every asset as it stands now; of those not published only kind and municipality."""
    published = {release.asset_id: release for release in releases.published(connection)}
    gone = privacy.retracted(connection)
    rows = []
    for asset_id, kind, municipality in snapshots.register(connection):
        row = FrozenAsset(asset_id=asset_id, kind=kind, municipality=municipality, published=False)
        release = published.get(asset_id)
        if release is not None and release.public_row is not None:
            public = release.public_row
            row = replace(
                row,
                published=True,
                mesh_code=public["mesh_code"] or None,
                soundness=level_of(public["row"]["soundness"]),
                inspected_fiscal_year=release.fiscal_year,
                measure_done=public["measure_done"],
                public_row={
                    "row": public["row"],
                    "damages": without(public["damages"], gone),
                },
            )
        rows.append(row)
    return tuple(rows)


def data_of(
    rows: Sequence[FrozenAsset], figures: dict[str, Any], log: Sequence[Any], title: str
) -> OpenData:
    """Lay rows out as open data."""
    public = [row for row in rows if row.public_row is not None]
    cells = [{"mesh_code": row.mesh_code or "", "soundness": row.soundness} for row in public]
    return OpenData(
        title=title,
        columns=load_open_columns(),
        assets=[row.public_row["row"] for row in public if row.public_row],
        damages=[d for row in public if row.public_row for d in row.public_row["damages"]],
        meshes=meshes(cells, load_redaction_rule().least_assets_per_mesh),
        figures=figures,
        changes=[asdict(change) for change in log],
    )


def freeze(
    connection: Connection, blobs: BlobStore, *, month: str | None, clock: Clock
) -> tuple[Snapshot, tuple[SnapshotFile, ...]]:
    """Freeze the present month: rows, figures and files, for ever.

    Raises:
        BadInput: when the month is no month or not the present one.
        Conflict: when it is frozen already.
    """
    now = clock.now()
    name = check_month(month or f"{now.astimezone(JST):%Y-%m}", now)
    privacy.hold(connection)
    rows = rows_now(connection)
    figures = figures_of(rows, fiscal_year=fiscal_year(day_in_japan(now)))
    public = [row.public_row for row in rows if row.public_row is not None]
    written = (
        *data_files(data_of(rows, figures, changes(connection), name)),
        *picture_files(blobs, public),
    )
    files = tuple(_kept(name, file) for file in written)
    snapshot = Snapshot(month=name, taken_at=now, figures=figures)
    snapshots.save(connection, snapshot, rows, files)
    for kept, file in zip(files, written, strict=True):
        blobs.put_bytes(kept.blob_key, file.content)
    take_back(connection, blobs, clock=clock)  # what a mark keeps back that nobody followed
    return snapshot, files


def _kept(month: str, file: DataFile) -> SnapshotFile:
    sha256 = hashlib.sha256(file.content).hexdigest()
    return SnapshotFile(
        month=month,
        name=file.name,
        media_type=file.media_type,
        byte_size=len(file.content),
        sha256=sha256,
        blob_key=f"opendata/{month}/{sha256[:16]}-{file.name}",
    )


def figures_today(connection: Connection, *, clock: Clock) -> tuple[str, dict[str, Any]]:
    """Count what is published now and keep it as the figures of the day; later ones replace it."""
    now = clock.now()
    today = day_in_japan(now)
    figures = figures_of(rows_now(connection), fiscal_year=fiscal_year(today))
    snapshots.save_daily(connection, today.isoformat(), figures, now=now)
    return today.isoformat(), figures


def verify(connection: Connection, blobs: BlobStore, month: str) -> Verified:
    """Compare the figures of a frozen month with SQL on its tables, and its files with digests.

    Raises:
        NotFound: when the month is not frozen.
    """
    kept = snapshots.by_month(connection, month)
    first, last = kept.figures["cycle"]
    counted = snapshots.counted_by_sql(connection, month, first_year=first, last_year=last)
    damaged = []
    gone = privacy.retracted(connection)
    for file in snapshots.files_of(connection, month):
        sound = file.name in gone or (
            blobs.exists(file.blob_key)
            and hashlib.sha256(blobs.read_bytes(file.blob_key)).hexdigest() == file.sha256
        )
        if not sound:
            damaged.append(file.name)
    return Verified(
        month=month,
        differences=tuple(_differences("", kept.figures, counted)),
        damaged=tuple(damaged),
    )


def _differences(where: str, kept: Any, counted: Any) -> list[str]:  # noqa: ANN401 plain values
    """List where two nested plain values differ."""
    if isinstance(kept, dict) and isinstance(counted, dict):
        names = sorted({*kept, *counted})
        return [
            line
            for name in names
            for line in _differences(f"{where}.{name}", kept.get(name), counted.get(name))
        ]
    if isinstance(kept, list) and isinstance(counted, list) and len(kept) == len(counted):
        pairs = enumerate(zip(kept, counted, strict=True))
        return [line for i, (a, b) in pairs for line in _differences(f"{where}[{i}]", a, b)]
    return [] if kept == counted else [f"{where[1:]}: kept {kept}, SQL counts {counted}"]

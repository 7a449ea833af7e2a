"""Frozen months → the data sets of a catalogue, and a folder that any server can show."""

from collections.abc import Callable, Sequence
from pathlib import Path

from sqlalchemy import Connection

from inspection.codelists.codelist import load_codelist
from inspection.errors import NotFound
from inspection.export.catalogue import (
    CATALOGUE,
    DataSet,
    Published,
    Publisher,
    catalogue,
    check_address,
    json_ld,
    turtle,
)
from inspection.export.writing import remove, replace_text, replacing
from inspection.pipeline.ports import BlobStore
from inspection.store import privacy, snapshots

Address = Callable[[str, str], str]
"""Gives the address of a file from month and name."""


def data_sets(connection: Connection, address: Address) -> tuple[DataSet, ...]:
    """List the data sets: the newest month under the lasting name, then every month by its own.

    Raises:
        NotFound: when no month is frozen.
    """
    months = snapshots.find(connection)
    if not months:
        raise NotFound("nothing is published yet: freeze a month with 'tenken publish snapshot'")
    name = str(load_codelist(CATALOGUE)["dataset"])
    described = [
        DataSet(
            name=f"{name}-{snapshot.month}",
            month=snapshot.month,
            frozen=True,
            issued=snapshot.taken_at,
            modified=snapshot.taken_at,
            bbox=_bbox(connection, snapshot.month),
            files=_files(connection, snapshot.month, address),
        )
        for snapshot in months
    ]
    newest = described[0]
    current = DataSet(
        name=name,
        month=newest.month,
        frozen=False,
        issued=described[-1].issued,
        modified=newest.modified,
        bbox=newest.bbox,
        files=newest.files,
    )
    return (current, *described)


def write_folder(
    connection: Connection, blobs: BlobStore, out: Path, *, publisher: Publisher, base_url: str
) -> Sequence[str]:
    """Write every frozen month and the catalogue into a folder, for a server that shows files.

    Pictures that were taken back go from the folder, too.

    Args:
        connection: an open transaction.
        blobs: where the files lie.
        out: the folder.
        publisher: who publishes.
        base_url: where the folder will be seen.

    Returns:
        Names of the files, relative to the folder.

    Raises:
        BadInput: when the base URL is no web address.
        NotFound: when no month is frozen.
        Unavailable: when the folder cannot be written.
    """
    checked = check_address("the base URL", base_url)
    base = checked if checked.endswith("/") else f"{checked}/"
    gone = privacy.retracted(connection)
    sets = data_sets(connection, lambda month, name: f"{base}{month}/{name}")
    written = []
    for one in sets:
        for file in snapshots.files_of(connection, one.month) if one.frozen else ():
            path = out / one.month / file.name
            if file.name in gone:
                remove(path)  # written here before it was taken back
                continue
            with replacing(path) as temporary:
                temporary.write_bytes(blobs.read_bytes(file.blob_key))
            written.append(f"{one.month}/{file.name}")
    node = catalogue(sets, publisher, base_url=base, modified=sets[0].modified)
    replace_text(out / "catalog.jsonld", json_ld(node))
    replace_text(out / "catalog.ttl", turtle(node))
    return [*written, "catalog.jsonld", "catalog.ttl"]


def _files(connection: Connection, month: str, address: Address) -> tuple[Published, ...]:
    """List the files of a month; pictures that were taken back are not offered."""
    gone = privacy.retracted(connection)
    return tuple(
        Published(
            name=file.name,
            media_type=file.media_type,
            byte_size=file.byte_size,
            sha256=file.sha256,
            url=address(month, file.name),
        )
        for file in snapshots.files_of(connection, month)
        if file.name not in gone
    )


def _bbox(connection: Connection, month: str) -> tuple[float, float, float, float] | None:
    """Bound the published places of a month; None without any."""
    rows = [
        row.public_row["row"]
        for row in snapshots.frozen_rows(connection, month)
        if row.public_row is not None and row.public_row["row"]["lon_deg"] is not None
    ]
    if not rows:
        return None
    lons, lats = [row["lon_deg"] for row in rows], [row["lat_deg"] for row in rows]
    return min(lons), min(lats), max(lons), max(lats)

"""Check a backup, and restore it into an empty installation.

Nothing is touched before every file of the backup has been read and has its digest. Blobs come
first and rows last, so that a restore which is cut off may simply be repeated: until the rows are
there, the installation counts as empty.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, delete

from inspection.errors import BadInput, Broken, Conflict
from inspection.pipeline.ports import BlobStore, Progress
from inspection.store import audit, schema, uploads
from inspection.store.databasecopy import copy_in, demand_empty, kind_of, row_counts
from inspection.store.engine import create_engine, reading, writing
from inspection.store.identity_tables import oidc_flows, sessions
from inspection.store.manifest import (
    BLOBS,
    SUMS,
    Manifest,
    file_sha256,
    read_manifest,
    read_sums,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """Say what a restore brought back.

    Attributes:
        manifest: what the backup said of itself.
        revision: version of the tables now.
        rows: how many rows came back.
    """

    manifest: Manifest
    revision: str
    rows: int


def verify_backup(folder: Path, *, progress: Progress) -> Manifest:
    """Read every file of a backup and compare it with its digest.

    Raises:
        NotFound: when the folder is no finished backup.
        BadInput: when a newer version of Tenken wrote it.
        Broken: when a file is missing, damaged, or not listed.
    """
    manifest = read_manifest(folder)
    _demand_known(manifest)
    if file_sha256(folder / SUMS) != manifest.sums_sha256:
        raise Broken(f"{SUMS} was changed or is damaged; take another backup")
    sums = dict(read_sums(folder))
    progress.start("verify", len(sums))
    faults = []
    for name, sha256 in sums.items():
        if not (folder / name).is_file():
            faults.append(f"{name} is missing")
        elif file_sha256(folder / name) != sha256:
            faults.append(f"{name} is damaged")
        progress.advance()
    stray = _blob_files(folder) - {name for name in sums if name.startswith(f"{BLOBS}/")}
    faults += [f"{name} is not listed" for name in sorted(stray)]
    if manifest.database not in sums:
        faults.append(f"{manifest.database} is not listed")
    if faults:
        shown = "; ".join(faults[:5]) + ("; …" if len(faults) > 5 else "")
        raise Broken(f"the backup is damaged in {len(faults)} files: {shown}; take another one")
    return manifest


def restore(
    folder: Path,
    *,
    database_url: str,
    blobs: BlobStore,
    progress: Progress,
    demand_room: Callable[[int], None],
) -> Restored:
    """Restore a backup into an empty installation and lead its tables to this program's version.

    Whoever was signed in when the backup was taken signs in again.

    Args:
        folder: the backup.
        database_url: a database of the same kind, without tables.
        blobs: a store without blobs, or with some of the backup's.
        progress: hears one unit a file.
        demand_room: raises Unavailable when a number of bytes has no room.

    Raises:
        NotFound: when the folder is no finished backup.
        BadInput: when a newer version wrote it, or it is of another kind of database.
        Broken: when it is damaged, or did not come back as it was.
        Conflict: when the installation is not empty.
    """
    manifest = verify_backup(folder, progress=progress)
    if manifest.engine != kind_of(database_url):
        raise BadInput(
            f"the backup is of {manifest.engine}, the database here is {kind_of(database_url)}; "
            "restore it into the same kind (TENKEN_DATABASE_URL)"
        )
    demand_empty(database_url)
    sums = {name.removeprefix(f"{BLOBS}/"): sha for name, sha in read_sums(folder)}
    del sums[manifest.database]
    foreign = [key for key in blobs.keys("") if key not in sums]
    if foreign:
        raise Conflict(
            f"the blob store is not empty: it has {len(foreign)} blobs that are not in the backup "
            f"({foreign[0]}, …); restore into a new --home"
        )
    demand_room(manifest.total_bytes)
    _restore_blobs(folder / BLOBS, sums, blobs, progress)
    progress.start("rows", 1)
    copy_in(database_url, folder / manifest.database)
    _check_rows(database_url, manifest)
    progress.advance()
    return Restored(
        manifest=manifest, revision=schema.head(), rows=sum(manifest.row_counts.values())
    )


def _demand_known(manifest: Manifest) -> None:
    """Refuse rows that only a newer program understands."""
    if not schema.is_known(manifest.revision):
        raise BadInput(
            f"the tables of the backup are at version {manifest.revision}, which this program does "
            f"not know; it was written by Tenken {manifest.tenken_version}, use that or a newer one"
        )


def _blob_files(folder: Path) -> set[str]:
    return {
        path.relative_to(folder).as_posix()
        for path in (folder / BLOBS).rglob("*")
        if path.is_file() or path.is_symlink()
    }


def _restore_blobs(
    folder: Path, sums: dict[str, str], blobs: BlobStore, progress: Progress
) -> None:
    """Put every blob and read it back."""
    progress.start("blobs", len(sums))
    for key, sha256 in sums.items():
        blobs.put_file(key, folder / key)
        with blobs.local_path(key) as kept:
            if file_sha256(kept) != sha256:
                raise Broken(f"blob {key} did not come back as it was; check the disk")
        progress.advance()


def _check_rows(database_url: str, manifest: Manifest) -> None:
    """Compare the rows with what the backup says, and lead the tables to this version."""
    engine = create_engine(database_url)
    try:
        with reading(engine) as connection:
            found = row_counts(connection)
        if found != dict(manifest.row_counts):
            changed = sorted(set(found.items()) ^ set(manifest.row_counts.items()))
            raise Broken(f"the rows did not come back as they were: {changed}")
        schema.upgrade_engine(engine)
        with writing(engine) as connection:
            _forget_presence(connection)
            faults = list(audit.verify(connection, [audit.parse_head(manifest.audit_head)]))
        if faults:
            raise Broken(f"the audit log is not whole: entry {faults[0].seq}, {faults[0].reason}")
    finally:
        engine.dispose()


def _forget_presence(connection: Connection) -> None:
    """Sign everybody out, and forget uploads whose pieces are not in the backup.

    A session that ended after the backup must not live again.
    """
    connection.execute(delete(sessions))
    connection.execute(delete(oidc_flows))
    uploads.forget_unfinished(connection)

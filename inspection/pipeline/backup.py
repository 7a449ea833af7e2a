"""Back up a whole installation, rows and blobs, into a folder while others go on working.

The rows are copied first. A blob is always written before the row that names it and never changed
afterwards, so every blob that the copied rows name is there when the blobs are copied next.
"""

import errno
import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, select

from inspection import __version__
from inspection.errors import BadInput, Conflict, NotFound, TenkenError, Unavailable
from inspection.pipeline.picture import key_of_name, names_in
from inspection.pipeline.ports import BlobStore, Clock, Progress
from inspection.store import audit, keys, privacy, schema
from inspection.store.databasecopy import COPY_NAMES, copy_out, row_counts
from inspection.store.job_tables import bands
from inspection.store.manifest import (
    BLOBS,
    BLOCK_BYTES,
    FORMAT,
    Manifest,
    file_sha256,
    write_manifest,
    write_sums,
)
from inspection.store.model_tables import own_models, trials
from inspection.store.programme_tables import emergency_reports
from inspection.store.release_tables import release_events
from inspection.store.tables import orthomosaics, survey_photos

DIGEST_KEYS = ("photos/", "orthomosaics/", keys.NETWORKS)
"""Blobs under these are named by the digest of their content, so that damage shows."""

UNFINISHED_SUFFIX = ".unfinished"


def back_up(
    target: Path, *, engine: Engine, blobs: BlobStore, clock: Clock, progress: Progress
) -> Manifest:
    """Write a backup into a new folder and say what is in it.

    The folder appears under its name only when it is complete. What was wrong with the store
    already (a blob that is missing or damaged) does not stop the backup and stands in ``faults``.

    Args:
        target: folder to make; an empty one may be there.
        engine: the database, at the version of this program.
        blobs: the files.
        clock: tells the time.
        progress: hears one unit a blob.

    Raises:
        Conflict: when the folder has something in it.
        Unavailable: when a disk is full or the database cannot be read.
    """
    schema.check(engine)
    with _unfinished(target) as folder:
        progress.start("rows", 1)
        now = clock.now()
        rows = folder / COPY_NAMES[engine.dialect.name]
        with copy_out(engine, rows) as connection:
            counts, head = row_counts(connection), str(audit.head(connection))
            named = set(blobs_of_rows(connection))
        progress.advance()
        copied = _copy_blobs(blobs, folder / BLOBS, progress)
        sums = {rows.name: file_sha256(rows)} | {f"{BLOBS}/{k}": v for k, v in copied.items()}
        sizes = [(folder / BLOBS / key).stat().st_size for key in copied]
        manifest = Manifest(
            format=FORMAT,
            tenken_version=__version__,
            created_at=now,
            engine=engine.dialect.name,
            revision=schema.head(),
            database=rows.name,
            database_bytes=rows.stat().st_size,
            blob_count=len(copied),
            blob_bytes=sum(sizes),
            sums_sha256=write_sums(folder, sorted(sums.items())),
            row_counts=counts,
            audit_head=head,
            faults=(*_missing(named - set(copied)), *_damaged(copied)),
        )
        write_manifest(folder, manifest)
    return manifest


def blobs_of_rows(connection: Connection) -> Iterator[str]:
    """Name the blobs that rows name: photos, mosaics, sources, bands, pictures, networks, trials.

    What stands here is all that keeps a blob of these kinds from being cleared out (``stocktake``).
    """
    for sha256, name in connection.execute(select(survey_photos.c.sha256, survey_photos.c.name)):
        yield keys.photo_key(sha256, Path(name).suffix)
    query = select(orthomosaics.c.blob_key, orthomosaics.c.sources_key)
    for mosaic, sources in connection.execute(query):
        yield from (mosaic, sources)
    for photos in connection.execute(select(emergency_reports.c.photos)).scalars():
        yield from photos
    decided = select(release_events.c.public_row).where(release_events.c.public_row.is_not(None))
    gone = privacy.retracted(connection)
    for name in names_in(connection.execute(decided).scalars()):
        if name not in gone:
            yield key_of_name(name)
    yield from connection.execute(
        select(bands.c.blob_key).where(bands.c.blob_key.is_not(None))
    ).scalars()
    for column in (own_models.c.file_key, own_models.c.network_key, trials.c.outlines_key):
        named = column.is_not(None) & (column != "")
        yield from connection.execute(select(column).where(named)).scalars()


def _copy_blobs(blobs: BlobStore, folder: Path, progress: Progress) -> dict[str, str]:
    """Copy every finished blob and give digests by key."""
    wanted = [key for key in blobs.keys("") if not key.startswith(keys.UPLOADS)]
    progress.start("blobs", len(wanted))
    copied = {}
    for key in wanted:
        try:
            with blobs.local_path(key) as path:
                copied[key] = _copy(path, folder / key)
        except NotFound:
            progress.say(f"blob {key} was removed meanwhile and is not in the backup")
        progress.advance()
    return copied


def _copy(source: Path, target: Path) -> str:
    """Copy a file and give the digest of what was read."""
    target.parent.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    with source.open("rb") as reader, target.open("xb") as writer:
        while block := reader.read(BLOCK_BYTES):
            digest.update(block)
            writer.write(block)
    return digest.hexdigest()


def _missing(named: set[str]) -> Iterator[str]:
    for key in sorted(named):
        yield f"blob {key} is named by a row and was not there"


def _damaged(copied: dict[str, str]) -> Iterator[str]:
    for key, sha256 in sorted(copied.items()):
        if key.startswith(DIGEST_KEYS) and Path(key).stem != sha256:
            yield f"blob {key} is damaged: its content has the digest {sha256}"


@contextmanager
def _unfinished(target: Path) -> Iterator[Path]:
    """Give a folder beside the target that takes its name when the context ended well."""
    _demand_new(target)
    folder = target.with_name(target.name + UNFINISHED_SUFFIX)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(folder, ignore_errors=True)  # of a backup that was cut off
        folder.mkdir(mode=0o700)  # it holds what is nobody else's business
        yield folder
        os.sync()  # a backup that a power cut takes away is none
        folder.rename(target)
    except TenkenError:
        raise
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise Unavailable(
                f"the disk of {target} is full; a backup needs as much room as rows and blobs have"
            ) from error
        raise Unavailable(f"backup {target} cannot be written: {error.strerror}") from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _demand_new(target: Path) -> None:
    if not target.name:
        raise BadInput("name a folder for the backup")
    if target.is_dir() and not any(target.iterdir()):
        return
    if target.exists():
        raise Conflict(f"{target} is there already; name a new folder for each backup")

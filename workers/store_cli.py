"""Commands ``tenken store``: back up rows and blobs, verify a backup, restore it."""

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from inspection.errors import Broken, Unavailable
from inspection.pipeline.backup import back_up
from inspection.pipeline.restore import restore as bring_back
from inspection.pipeline.restore import verify_backup
from inspection.pipeline.tools import SystemClock
from inspection.settings import StoreSettings
from inspection.store.blobstore import blobs_of
from inspection.store.engine import create_engine
from inspection.store.manifest import Manifest
from workers.progress import progress_for_stderr

home_option = click.option(
    "--home", type=click.Path(path_type=Path, file_okay=False), help="Folder of rows and blobs."
)
json_option = click.option("--json", "as_json", is_flag=True, help="For programs.")
backup_argument = click.argument("backup_dir", type=click.Path(path_type=Path, file_okay=False))


@click.group()
def store() -> None:
    """Back up everything that Tenken keeps, and bring it back."""


@store.command()
@backup_argument
@json_option
@home_option
def backup(*, backup_dir: Path, as_json: bool, home: Path | None) -> None:
    """Copy rows and blobs as they are now into a new folder; the service may go on running.

    Uploads that are not finished are left out. Ends with exit code 5 when a blob was missing or
    damaged already; the backup is there all the same.

    \b
    Examples:
      tenken store backup backups/2026-04-01
      tenken store backup backups/2026-04-01 --home out/bridge-12/store --json
    """  # noqa: D301 click's mark
    settings = _settings(home)
    engine = create_engine(settings.resolved_database_url())
    try:
        with progress_for_stderr() as progress:
            manifest = back_up(
                backup_dir,
                engine=engine,
                blobs=blobs_of(settings),
                clock=SystemClock(),
                progress=progress,
            )
    finally:
        engine.dispose()
    _show(manifest, as_json=as_json, words=f"{backup_dir}: {_size(manifest)}")
    if manifest.faults:
        raise Broken(
            f"the backup is written, and the store has {len(manifest.faults)} faults: "
            + "; ".join(manifest.faults[:5])
        )


@store.command()
@backup_argument
@json_option
def verify(*, backup_dir: Path, as_json: bool) -> None:
    """Read a backup whole and compare every file with its digest; exit code 5 when one differs.

    Example: tenken store verify backups/2026-04-01
    """
    with progress_for_stderr() as progress:
        manifest = verify_backup(backup_dir, progress=progress)
    _show(manifest, as_json=as_json, words=f"{backup_dir}: whole, {_size(manifest)}")


@store.command()
@backup_argument
@json_option
@home_option
def restore(*, backup_dir: Path, as_json: bool, home: Path | None) -> None:
    """Bring a backup back into an empty installation; older ones are led to this version.

    The backup is read and compared with its digests before anything is written. One that was cut
    off may be repeated. Whoever was signed in signs in again.

    \b
    Examples:
      tenken store restore backups/2026-04-01 --home restored
      TENKEN_DATABASE_URL=postgresql://tenken@db/new tenken store restore backups/2026-04-01
    """  # noqa: D301 click's mark
    settings = _settings(home)
    with progress_for_stderr() as progress:
        restored = bring_back(
            backup_dir,
            database_url=settings.resolved_database_url(),
            blobs=blobs_of(settings),
            progress=progress,
            demand_room=_room_for(settings),
        )
    manifest = restored.manifest
    _show(
        manifest,
        as_json=as_json,
        words=f"restored: {_size(manifest)}; tables at version {restored.revision}",
    )


@store.command()
@home_option
def prepare(*, home: Path | None) -> None:
    """Make the bucket that TENKEN_BLOBS_URL names, where it is not there yet.

    Without that setting blobs lie in a folder, and nothing has to be made. Running it again
    changes nothing.

    Example: TENKEN_BLOBS_URL=s3://tenken tenken store prepare
    """
    settings = _settings(home)
    made = blobs_of(settings).prepare()
    where = settings.blobs_url or "the folder of blobs"
    click.echo(f"{where}: {'made' if made else 'nothing to make'}")


def _settings(home: Path | None) -> StoreSettings:
    if home is not None:
        os.environ["TENKEN_HOME"] = str(home.resolve())
        for name in ("TENKEN_DATABASE_URL", "TENKEN_BLOBS_URL"):
            os.environ.pop(name, None)
    return StoreSettings()


def _room_for(settings: StoreSettings) -> Callable[[int], None]:
    """Say who refuses what cannot end; a bucket has no end that we could ask for."""
    if settings.blobs_url is not None:
        return lambda needed_bytes: None
    return lambda needed_bytes: _demand_room(settings.home, needed_bytes)


def _demand_room(folder: Path, needed_bytes: int) -> None:
    """Refuse to begin what cannot end.

    Raises:
        Unavailable: when the disk has not enough room.
    """
    there = next(one for one in (folder.resolve(), *folder.resolve().parents) if one.is_dir())
    free = shutil.disk_usage(there).free
    if needed_bytes > free:
        raise Unavailable(
            f"the backup needs {needed_bytes / 1e6:.1f} MB, the disk has {free / 1e6:.1f} MB free; "
            "free some space or name another --home"
        )


def _size(manifest: Manifest) -> str:
    rows = sum(manifest.row_counts.values())
    return (
        f"{rows} rows in {len(manifest.row_counts)} tables ({manifest.engine}), "
        f"{manifest.blob_count} blobs, {manifest.total_bytes / 1e6:.1f} MB, "
        f"of {manifest.created_at:%Y-%m-%dT%H:%M:%SZ}"
    )


def _show(manifest: Manifest, *, as_json: bool, words: str) -> None:
    if not as_json:
        click.echo(words)
        return
    shown: dict[str, Any] = {**asdict(manifest), "created_at": manifest.created_at.isoformat()}
    click.echo(json.dumps(shown, ensure_ascii=False, indent=2))

"""What a backup and a restore refuse, and that they leave nothing behind when they do."""

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine

from inspection.errors import BadInput, Broken, Conflict, NotFound, Unavailable
from inspection.pipeline.backup import blobs_of_rows
from inspection.pipeline.ports import Silence
from inspection.pipeline.restore import restore, verify_backup
from inspection.store.blobs import FolderBlobs
from inspection.store.databasecopy import copy_in
from inspection.store.engine import reading
from inspection.store.manifest import MANIFEST, read_manifest, write_manifest
from tests.support.backups import Place, bring, contents, take


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """Give one kind of database: these refusals come before any is touched."""
    return sqlite_url


DAMAGES = {
    "a blob with one other byte": "blob",
    "a missing blob": "missing",
    "other rows": "rows",
    "a changed list": "sums",
    "a changed description": "manifest",
    "a file too many": "stray",
}


@pytest.mark.parametrize("how", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_backup_is_refused_and_nothing_is_touched(
    backup: Path, empty_place: Place, how: str
) -> None:
    manifest = read_manifest(backup)
    blob = next(path for path in sorted((backup / "blobs").rglob("*")) if path.is_file())
    target = {"rows": backup / manifest.database, "sums": backup / "SHA256SUMS"}.get(how, blob)
    if how == "missing":
        blob.unlink()
    elif how == "stray":
        (backup / "blobs" / "stray.txt").write_text("not listed")
    elif how == "manifest":
        text_ = (backup / MANIFEST).read_text().replace('"blob_count": ', '"blob_count": 1')
        (backup / MANIFEST).write_text(text_)
    else:
        content = bytearray(target.read_bytes())
        content[len(content) // 2] ^= 1
        target.write_bytes(content)
    with pytest.raises(Broken):
        verify_backup(backup, progress=Silence())
    with pytest.raises(Broken):
        bring(backup, empty_place)
    assert list(empty_place.blobs.keys("")) == []
    assert not Path(empty_place.url.removeprefix("sqlite:///")).exists()


@pytest.mark.parametrize(
    ("changes", "words"),
    [({"format": 2}, "format 2"), ({"revision": "r9999"}, "r9999"), ({"engine": "x"}, "of x")],
)
def test_what_this_program_does_not_know_is_refused_with_the_version_that_does(
    backup: Path, empty_place: Place, changes: dict[str, object], words: str
) -> None:
    newer = replace(read_manifest(backup), tenken_version="9.9.9", **changes)  # type: ignore[arg-type]
    write_manifest(backup, newer)
    with pytest.raises(BadInput, match=words) as refused:
        bring(backup, empty_place)
    assert "9.9.9" in str(refused.value) or "engine" in changes
    assert list(empty_place.blobs.keys("")) == []


def test_only_an_empty_installation_is_restored_into(
    backup: Path, empty_place: Place, engine: Engine, database_url: str, tmp_path: Path
) -> None:
    with pytest.raises(Conflict, match="database is not empty"):
        bring(backup, Place(url=database_url, blobs=FolderBlobs(tmp_path / "none")))
    empty_place.blobs.put_bytes("photos/of/others.jpg", b"kept")
    with pytest.raises(Conflict, match="blob store is not empty"):
        bring(backup, empty_place)
    assert contents(empty_place.blobs) == {"photos/of/others.jpg": b"kept"}


def test_a_restore_that_was_cut_off_may_be_repeated(
    backup: Path, engine: Engine, kept: FolderBlobs, empty_place: Place
) -> None:
    first = next(iter(kept.keys("")))
    empty_place.blobs.put_bytes(first, kept.read_bytes(first))
    bring(backup, empty_place)
    assert first in contents(empty_place.blobs)


def test_no_room_is_said_before_anything_is_written(backup: Path, empty_place: Place) -> None:
    def no_room(needed_bytes: int) -> None:
        assert needed_bytes == read_manifest(backup).total_bytes > 10_000
        raise Unavailable("no room")

    with pytest.raises(Unavailable, match="no room"):
        restore(
            backup,
            database_url=empty_place.url,
            blobs=empty_place.blobs,
            progress=Silence(),
            demand_room=no_room,
        )
    assert list(empty_place.blobs.keys("")) == []


def test_missing_and_damaged_blobs_are_named_and_the_rest_is_kept(
    engine: Engine, kept: FolderBlobs, tmp_path: Path
) -> None:
    with reading(engine) as connection:
        named = sorted(set(blobs_of_rows(connection)))
    kept.delete(named[0])
    photo = f"photos/ab/{'ab' * 32}.jpg"
    kept.put_bytes(photo, b"other bytes than its name says")
    manifest = take(tmp_path / "backup", engine, kept)
    faults = " ".join(manifest.faults)
    assert f"{named[0]} is named by a row and was not there" in faults
    assert f"{photo} is damaged" in faults
    assert verify_backup(tmp_path / "backup", progress=Silence()).faults == manifest.faults


def test_a_backup_never_overwrites_and_never_looks_finished_before_it_is(
    engine: Engine, kept: FolderBlobs, tmp_path: Path, backup: Path
) -> None:
    before = read_manifest(backup)
    with pytest.raises(Conflict, match="name a new folder"):
        take(backup, engine, kept)
    assert read_manifest(backup) == before
    with pytest.raises(NotFound, match="no finished backup"):
        verify_backup(tmp_path, progress=Silence())
    left = tmp_path / "cut.unfinished"
    left.mkdir()
    (left / "half").write_text("of a backup that was killed")
    take(tmp_path / "cut", engine, kept)
    assert not left.exists()
    assert not (tmp_path / "cut" / "half").exists()
    assert (tmp_path / "cut").stat().st_mode & 0o777 == 0o700


def test_rows_of_one_engine_are_not_poured_into_the_other(tmp_path: Path) -> None:
    for name, url in (("database.pgdump", f"sqlite:///{tmp_path}/x.sqlite"),):
        (tmp_path / name).touch()
        with pytest.raises(BadInput, match="same kind of database"):
            copy_in(url, tmp_path / name)


def test_the_list_can_be_checked_without_tenken(backup: Path) -> None:
    program = shutil.which("sha256sum")
    assert program is not None
    done = subprocess.run([program, "-c", "--quiet", "SHA256SUMS"], cwd=backup, check=False)
    assert done.returncode == 0

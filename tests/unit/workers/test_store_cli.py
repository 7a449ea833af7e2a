"""``tenken store`` on a real folder: backup, verify, restore, and what they say."""

import json
from pathlib import Path

import pytest

from inspection.cli import main
from inspection.errors import Unavailable
from inspection.store.blobs import FolderBlobs
from inspection.store.engine import create_engine
from tests.support.everyrow import every_row
from tests.support.seed import Seeded, database_url, seed
from workers.store_cli import _demand_room


@pytest.fixture
def seeded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Seeded:
    for name in ("TENKEN_HOME", "TENKEN_DATABASE_URL"):  # set by --home, put back by monkeypatch
        monkeypatch.setenv(name, "unset")
        monkeypatch.delenv(name)
    return seed(tmp_path / "home")


def run(*words: str | Path, capsys: pytest.CaptureFixture[str], expect: int = 0) -> tuple[str, str]:
    code = 0
    try:
        main([str(word) for word in words])
    except SystemExit as left:
        code = int(left.code or 0)
    said = capsys.readouterr()
    assert code == expect, said.err
    return said.out, said.err


def test_the_whole_way(seeded: Seeded, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    backup, restored = tmp_path / "backup", tmp_path / "restored"
    out, err = run("store", "backup", backup, "--home", seeded.home, capsys=capsys)
    assert "rows in" in out and "6 blobs" in out and "blobs: begins, 6 units" in err
    out, _ = run("store", "verify", backup, "--json", capsys=capsys)
    assert json.loads(out)["blob_count"] == 6
    out, _ = run("store", "restore", backup, "--home", restored, capsys=capsys)
    assert "tables at version" in out
    one, other = (create_engine(database_url(home)) for home in (seeded.home, restored))
    assert every_row(one) == every_row(other)
    one.dispose()
    other.dispose()
    kept, back = FolderBlobs(seeded.home / "blobs"), FolderBlobs(restored / "blobs")
    assert {key: kept.read_bytes(key) for key in kept.keys("")} == {
        key: back.read_bytes(key) for key in back.keys("")
    }
    run("store", "restore", backup, "--home", restored, capsys=capsys, expect=2)


def test_a_missing_original_is_exit_code_5_and_the_backup_is_there(
    seeded: Seeded, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    blobs = FolderBlobs(seeded.home / "blobs")
    photo = next(iter(blobs.keys("photos/")))
    blobs.delete(photo)
    _, err = run("store", "backup", tmp_path / "b", "--home", seeded.home, capsys=capsys, expect=5)
    assert photo in err
    out, _ = run("store", "verify", tmp_path / "b", capsys=capsys)
    assert "whole" in out


def test_damage_is_exit_code_5_and_a_foreign_folder_2(
    seeded: Seeded, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run("store", "backup", tmp_path / "b", "--home", seeded.home, capsys=capsys)
    with (tmp_path / "b" / "database.sqlite").open("ab") as file:
        file.write(b"more")
    _, err = run("store", "verify", tmp_path / "b", capsys=capsys, expect=5)
    assert "database.sqlite is damaged" in err
    _, err = run("store", "verify", tmp_path, capsys=capsys, expect=2)
    assert "no finished backup" in err


def test_room_is_asked_of_the_nearest_folder_that_is_there(tmp_path: Path) -> None:
    _demand_room(tmp_path / "not" / "yet", 1)
    with pytest.raises(Unavailable, match=r"needs 1000000000000\.0 MB"):
        _demand_room(tmp_path / "not" / "yet", 10**18)

"""A result file is complete or absent, whatever happens while it is written."""

from pathlib import Path

import pytest

from inspection.errors import Unavailable
from inspection.export.writing import replace_text, replacing


def test_a_file_appears_complete(tmp_path: Path) -> None:
    target = tmp_path / "new" / "list.csv"
    replace_text(target, "橋,1\r\n")
    assert target.read_bytes() == "橋,1\r\n".encode()
    assert [p.name for p in target.parent.iterdir()] == ["list.csv"]


def test_a_failure_keeps_the_old_file_and_leaves_no_litter(tmp_path: Path) -> None:
    target = tmp_path / "list.csv"
    target.write_text("old")
    with pytest.raises(ZeroDivisionError), replacing(target) as temporary:
        temporary.write_text("half")
        raise ZeroDivisionError
    assert target.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["list.csv"]


def test_the_temporary_keeps_the_suffix_because_drivers_look_at_it(tmp_path: Path) -> None:
    with replacing(tmp_path / "a.gpkg") as temporary:
        assert temporary.suffix == ".gpkg"
        assert temporary.parent == tmp_path
        temporary.write_bytes(b"x")


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(Unavailable, match="cannot write"):
        replace_text(tmp_path / "file" / "list.csv", "x")

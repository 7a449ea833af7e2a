"""The page docs/from-grades-to-programme.md: files are written, commands run and compared."""

import json
import re
from pathlib import Path

import openpyxl
import pytest
from click.testing import CliRunner
from PIL import Image

from inspection.cli import tenken

PAGE = Path(__file__).parents[3] / "docs" / "from-grades-to-programme.md"
BLOCK = re.compile(
    r"^```(?P<kind>\w+)(?: (?P<name>\S+))?\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)


def test_the_page_is_what_the_commands_print(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TENKEN_DATABASE_URL", raising=False)
    monkeypatch.setenv("TENKEN_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    ran = 0
    for block in BLOCK.finditer(PAGE.read_text(encoding="utf-8")):
        if block["name"]:
            (tmp_path / block["name"]).write_text(block["text"], encoding="utf-8")
            continue
        if block["kind"] != "console":
            continue
        command, _, printed = block["text"].partition("\n")
        words = command.removeprefix("$ tenken ").split()
        found = CliRunner().invoke(tenken, words, catch_exceptions=False)
        assert found.exit_code == 0, command
        assert found.stdout == printed, command
        ran += 1
    assert ran == 20
    assert_files_are_fit(tmp_path)


def assert_files_are_fit(folder: Path) -> None:
    with Image.open(folder / "programme.png") as picture:
        assert picture.format == "PNG"
        assert picture.width > 1200
        assert len(set(picture.convert("RGB").resize((60, 25)).get_flattened_data())) > 50
    book = openpyxl.load_workbook(folder / "programme.xlsx")
    assert book.sheetnames == ["概要", "計画", "計画外"]
    assert book["計画"]["D2"].value == "N-04"
    assert book["計画外"]["D2"].value == "N-12"
    map_ = json.loads((folder / "status.geojson").read_text(encoding="utf-8"))
    signals = {f["properties"]["asset_id"]: f["properties"]["signal"] for f in map_["features"]}
    assert len(signals) == 12
    assert (signals["N-11"], signals["N-01"], signals["N-02"]) == ("red", "yellow", None)


def test_the_picture_of_the_page_is_there() -> None:
    with Image.open(PAGE.parent / "pictures" / "programme.png") as picture:
        assert picture.width > 1200

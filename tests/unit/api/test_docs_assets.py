"""The page docs/assets-and-grades.md: its files are written, its commands run and compared."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from inspection.cli import tenken
from inspection.codelists.codelist import load_codelist

PAGE = Path(__file__).parents[3] / "docs" / "assets-and-grades.md"
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
        assert found.output == printed, command
        ran += 1
    assert ran == 9


def test_every_code_list_that_the_page_names_is_there() -> None:
    table = PAGE.read_text(encoding="utf-8").partition("## 9.")[2]
    names = {
        name
        for row in table.splitlines()
        if row.startswith("| ")
        for name in re.findall(r"`(\w+)`", row)
    }
    assert len(names) >= 17
    for name in names - {"needs_review"}:
        load_codelist(name)

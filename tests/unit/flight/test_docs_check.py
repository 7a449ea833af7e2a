"""The page docs/check-before-you-fly.md: its files are written, its commands run and compared."""

import json
import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from flight.checks.words import load_words
from inspection.cli import tenken
from inspection.errors import Refused

PAGE = Path(__file__).parents[3] / "docs" / "check-before-you-fly.md"
BLOCK = re.compile(
    r"^```(?P<kind>\w+)(?: (?P<name>\S+))?\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)
ANYTHING = "[...]"


def pattern_of(printed: str) -> str:
    """Make a pattern of what the page prints; [...] stands for anything, also for lines."""
    return r"(?s:.*?)".join(re.escape(part) for part in printed.split(ANYTHING))


def test_the_page_is_what_the_commands_print(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ran, refused = 0, 0
    for block in BLOCK.finditer(PAGE.read_text(encoding="utf-8")):
        if block["name"]:
            (tmp_path / block["name"]).write_text(block["text"], encoding="utf-8")
            continue
        if block["kind"] != "console":
            continue
        command, _, printed = block["text"].partition("\n")
        found = CliRunner().invoke(tenken, shlex.split(command.removeprefix("$ tenken ")))
        output = found.output
        if isinstance(found.exception, Refused):
            output += f"tenken: {found.exception}\n"
            refused += 1
        else:
            assert found.exception is None, (command, found.exception)
        assert re.fullmatch(pattern_of(printed), output), (command, output)
        ran += 1
    assert (ran, refused) == (8, 2)
    assert (tmp_path / "check.html").read_text("utf-8").startswith("<!doctype html>")
    record = json.loads((tmp_path / "abutment.plan.overrides.json").read_text("utf-8"))
    assert [one["by"] for one in record["overrides"]] == ["K. Sato"]


def test_the_page_names_every_check() -> None:
    table = PAGE.read_text(encoding="utf-8").partition("## 5.")[2].partition("## 6.")[0]
    named = set(re.findall(r"^\| `([a-z_]+)` \|", table, re.MULTILINE))
    told_in_words = {"takeoff", "return", "trigger", "jump", "items"}
    assert named == set(load_words()["titles"]) - told_in_words

"""The page docs/records-and-open-data.md: its files are written, its commands run and compared."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from inspection.cli import tenken
from inspection.codelists.codelist import load_codelist
from inspection.pipeline.tools import SystemClock
from tests.support.released import main as fill

DOCS = Path(__file__).parents[3] / "docs"
PAGE = DOCS / "records-and-open-data.md"
BLOCK = re.compile(
    r"^```(?P<kind>\w+)(?: (?P<name>\S+))?\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)
VARYING = re.compile(r"\b\d+ bytes|\b[0-9a-f]{12}\b")
"""What another version of a library may write in another way: sizes and digests of files."""

ENVIRONMENT = {
    "TENKEN_PUBLISHER_NAME": "石川県",
    "TENKEN_PUBLISHER_URI": "https://www.example.jp/",
    "TENKEN_PUBLISHER_EMAIL": "opendata@example.jp",
}


def test_the_page_is_what_the_commands_print(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TENKEN_DATABASE_URL", raising=False)
    monkeypatch.setenv("TENKEN_HOME", str(tmp_path / "home"))
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    moment = datetime(2026, 5, 12, 1, 0, tzinfo=UTC)
    monkeypatch.setattr(SystemClock, "now", lambda _self: moment)  # the page has dates in it
    monkeypatch.chdir(tmp_path)
    ran = 0
    for block in BLOCK.finditer(PAGE.read_text(encoding="utf-8")):
        if block["name"]:
            (tmp_path / block["name"]).write_text(block["text"], encoding="utf-8")
            continue
        if block["kind"] != "console":
            continue
        command, _, printed = block["text"].partition("\n")
        assert VARYING.sub("#", output_of(command)) == VARYING.sub("#", printed), command
        ran += 1
    assert ran == 20


def output_of(command: str) -> str:
    if command == "$ python -m tests.support.released home":
        return f"{fill(Path('home'))}\n"
    words = command.removeprefix("$ tenken ").split()
    found = CliRunner().invoke(tenken, words, catch_exceptions=False)
    assert found.exit_code == 0, command
    return found.output


def test_every_code_list_and_picture_of_the_page_is_there() -> None:
    page = PAGE.read_text(encoding="utf-8")
    table = page.partition("## 8.")[2].partition("## 9.")[0]
    names = re.findall(r"^\| [^|]+ \| `(\w+)`", table, re.MULTILINE)
    assert len(names) == 5
    for name in names:
        load_codelist(name)
    pictures = re.findall(r"!\[[^\]]*\]\(([^)]+)\)", page)
    assert len(pictures) == 3
    for picture in pictures:
        assert (DOCS / picture).is_file()

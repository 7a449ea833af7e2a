"""README of flight, from mission files to the air: files written, commands run and compared."""

import re
import shlex
from contextlib import ExitStack
from pathlib import Path

import pytest

from inspection.cli import main
from tests.support.served import served

PAGE = Path(__file__).parents[3] / "flight" / "README.md"
BLOCK = re.compile(
    r"^```(?P<kind>\w+)(?: (?P<name>\S+))?\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)
ANYTHING = "[...]"
SECTIONS = ("Mission files", "Without a drone", "To a vehicle", "In the air")
ADDRESS = "tcp:127.0.0.1:5760"


def pattern_of(printed: str) -> str:
    """Make a pattern of what the page prints; [...] stands for anything, also for lines."""
    return r"(?s:.*?)".join(re.escape(part) for part in printed.split(ANYTHING))


def sections() -> str:
    """Give the sections of the page that are tested here."""
    page = PAGE.read_text(encoding="utf-8")
    return "\n".join(page.partition(f"## {name}")[2].partition("\n## ")[0] for name in SECTIONS)


def test_the_page_is_what_the_commands_print(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    ran, port = 0, 0
    with ExitStack() as stack:
        for block in BLOCK.finditer(sections()):
            if block["name"]:
                (tmp_path / block["name"]).write_text(block["text"], encoding="utf-8")
                continue
            command, _, printed = block["text"].partition("\n")
            words = shlex.split(command.removeprefix("$ tenken "))
            if "--listen" in words:
                _, port = stack.enter_context(served("tcp:127.0.0.1:0", "--speed", "25", "--once"))
                continue
            words = [word.replace(ADDRESS, f"tcp:127.0.0.1:{port}") for word in words]
            failed = False
            try:
                main(words)
            except SystemExit as ended:
                failed = bool(ended.code)
            streams = capsys.readouterr()
            assert re.fullmatch(pattern_of(printed), streams.out + streams.err), command
            assert failed == printed.startswith("tenken: "), command
            ran += 1
    assert ran == 14
    assert (tmp_path / "bridge.BIN").stat().st_size > 10_000

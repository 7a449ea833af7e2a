"""The page from-crack-width-to-flight.md and the README of flight: files written, commands run."""

import re
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageStat

from inspection.cli import main

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "from-crack-width-to-flight.md"
README = ROOT / "flight" / "README.md"
BLOCK = re.compile(
    r"^```(?P<kind>\w+)(?: (?P<name>\S+))?\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)


def told(words: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """Run a command as the shell would; give its exit code and all that it prints."""
    code = 0
    try:
        main(words)
    except SystemExit as stopped:
        code = int(stopped.code or 0)
    printed = capsys.readouterr()
    return code, printed.out + printed.err


def follow(text: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> list[int]:
    """Write the files and run the commands of a page; give the exit codes."""
    codes = []
    for block in BLOCK.finditer(text):
        if block["name"]:
            (folder / block["name"]).write_text(block["text"], encoding="utf-8")
        elif block["kind"] == "console":
            command, _, printed = block["text"].partition("\n")
            code, found = told(command.removeprefix("$ tenken ").split(), capsys)
            assert found == printed, command
            codes.append(code)
    return codes


def test_the_page_is_what_the_commands_print(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    text = PAGE.read_text(encoding="utf-8")
    codes = follow(text, tmp_path, capsys)
    assert len(codes) == 12
    assert codes.count(3) == 2  # the two refusals that the page shows
    assert set(codes) == {0, 3}
    pictures = re.findall(r"\(pictures/flight-(\w+)\.png\)", text)
    assert pictures == ["abutment", "pier", "soffit", "deck"]
    for name in pictures:
        drawn = Image.open(tmp_path / f"{name}.png").convert("L")
        shown = Image.open(ROOT / "docs" / "pictures" / f"flight-{name}.png").convert("L")
        assert drawn.size == shown.size == (1200, 640)
        # the same drawing, up to how a machine's font renders
        assert ImageStat.Stat(ImageChops.difference(drawn, shown)).mean[0] < 1.5, name


def test_the_readme_is_what_the_commands_print(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    plan_section = README.read_text(encoding="utf-8").partition("## Plan")[2].partition("\n## ")[0]
    codes = follow(plan_section, tmp_path, capsys)
    assert codes == [0, 0, 0, 0]
    assert Image.open(tmp_path / "wall.png").size == (1200, 640)

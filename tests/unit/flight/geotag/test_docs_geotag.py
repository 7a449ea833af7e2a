"""The page docs/flight-geotag.md: its commands are run, and what they print is compared."""

import re
import shlex
from pathlib import Path

import cv2
import pytest
from click.testing import CliRunner

from inspection.cli import tenken
from tests.support.geotag_example import make

DOCS = Path(__file__).parents[4] / "docs"
PAGE = DOCS / "flight-geotag.md"
CONSOLE = re.compile(r"^```console\n\$ tenken (?P<command>.*?)\n(?P<printed>.*?)^```$", re.M | re.S)


def test_the_page_is_what_the_commands_print(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path)
    monkeypatch.chdir(tmp_path)
    blocks = list(CONSOLE.finditer(PAGE.read_text(encoding="utf-8")))
    for block in blocks:
        found = CliRunner().invoke(tenken, shlex.split(block["command"]))
        assert found.stdout == block["printed"], block["command"]
        assert (found.exit_code == 0) == ("0 matched, 11" not in block["printed"])
    assert len(blocks) == 6


def test_the_picture_of_the_page_is_what_the_command_draws(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path)
    monkeypatch.chdir(tmp_path)
    words = ["flight", "geotag", "photos", "--log", "00000012.BIN", "--picture", "a.png"]
    assert CliRunner().invoke(tenken, words, catch_exceptions=False).exit_code == 0
    drawn, kept = cv2.imread("a.png"), cv2.imread(str(DOCS / "pictures" / "geotag.png"))
    assert drawn.shape == kept.shape
    assert float(cv2.absdiff(drawn, kept).mean()) < 1.0  # fonts may differ by version


def test_every_reason_of_the_code_is_on_the_page() -> None:
    from flight.geotag.alignment import Unmatched

    text = PAGE.read_text(encoding="utf-8")
    for reason in Unmatched:
        assert f"`{reason.value}`" in text

"""``tenken measure board``: print it, photograph it, use what came out."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from inspection.codelists.widthcalibrations import load_width_calibration
from inspection.domain.widthcalibration import CONCRETE, Tone
from inspection.errors import BadInput, NotFound
from tests.support.board_photo import BoardShot, page_of, photograph_board
from workers.cli import run
from workers.measure.cli import measure


def called(*arguments: str | Path) -> Result:
    return CliRunner().invoke(measure, ["board", *map(str, arguments)])


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("board")
    done = called("print", folder / "board.pdf")
    assert done.exit_code == 0, done.output
    assert "36 lines on 210 × 297 mm" in done.output
    shot = BoardShot(gsd_mm=0.3, tilt_deg=6.0, seed=2)
    return photograph_board(page_of(folder / "board.pdf"), folder / "photo.png", shot)


def test_a_board_on_larger_paper_is_printed(tmp_path: Path) -> None:
    done = called("print", tmp_path / "board.pdf", "--paper", "a3")
    assert "297 × 420 mm" in done.output
    assert (tmp_path / "board.pdf").read_bytes().startswith(b"%PDF-")
    assert called("print", tmp_path / "board.pdf", "--paper", "letter").exit_code == 2


def test_a_check_writes_a_report_and_a_calibration(photo: Path, tmp_path: Path) -> None:
    done = called("check", photo, "--out", tmp_path / "camera")
    assert done.exit_code == 0, done.output
    assert "smallest visible width" in done.output
    written = {path.name for path in (tmp_path / "camera").iterdir()}
    assert written == {"performance.json", "performance.csv", "camera.widths.json"}
    found = load_width_calibration(tmp_path / "camera" / "camera.widths.json")
    assert found.tone is Tone.CODED
    assert found.share >= CONCRETE.share
    assert "target board, 36 lines in 1 photos" in found.name


def test_clean_lines_get_the_calibration_of_the_board_itself(photo: Path, tmp_path: Path) -> None:
    done = called("check", photo, "--out", tmp_path, "--for", "clean", "--json")
    assert done.exit_code == 0, done.output
    plain = json.loads(done.stdout)
    assert plain["photos"]["photo.png"]["markers"] == 8
    found = load_width_calibration(tmp_path / "camera.widths.json")
    assert found.tone is Tone.SRGB
    assert [list(pair) for pair in found.offsets_px] == plain["calibration"]["offsets_px"]
    report = json.loads((tmp_path / "performance.json").read_text(encoding="utf-8"))
    assert report == plain


def test_widths_measured_on_the_print_are_used(photo: Path, tmp_path: Path) -> None:
    printed = tmp_path / "printed.csv"
    printed.write_text("nominal_mm,printed_mm\n0.05,0.08\n2.0,2.03\n")
    done = called("check", photo, "--out", tmp_path, "--printed", printed, "--json")
    widths = [row["width_mm"] for row in json.loads(done.stdout)["distances"][0]["widths"]]
    assert widths[0] == 0.08 and widths[-1] == 2.03 and 0.1 in widths


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("nominal,real\n1,2\n", "line 2"),
        ("nominal_mm,printed_mm\n0.1,thin\n", "line 2"),
        ("nominal_mm,printed_mm\n0.1,0.1\n0.2,-1\n", "line 3"),
        ("nominal_mm,printed_mm\n0.1\n", "line 2"),
    ],
)
def test_a_bad_list_of_printed_widths_is_refused(
    photo: Path, tmp_path: Path, content: str, words: str
) -> None:
    printed = tmp_path / "printed.csv"
    printed.write_text(content)
    done = called("check", photo, "--out", tmp_path, "--printed", printed)
    assert isinstance(done.exception, BadInput)
    assert words in str(done.exception)


def test_photos_of_something_else_are_refused(tmp_path: Path) -> None:
    other = tmp_path / "other.png"
    other.write_bytes(b"no picture")
    done = called("check", other, "--out", tmp_path / "camera")
    assert isinstance(done.exception, BadInput)
    assert "found in no photo" in str(done.exception)
    assert not (tmp_path / "camera").exists()


def test_a_run_refuses_a_calibration_that_is_not_there(tmp_path: Path) -> None:
    arguments = [tmp_path, "--out", tmp_path / "o", "--width-calibration", tmp_path / "no.json"]
    done = CliRunner().invoke(run, [str(argument) for argument in arguments])
    assert isinstance(done.exception, NotFound)


@pytest.mark.parametrize("command", [[], ["print"], ["check"]])
def test_help_shows_examples(command: list[str]) -> None:
    done = called(*command, "--help")
    assert done.exit_code == 0
    assert "tenken measure board" in done.output
    assert "\\b" not in done.output

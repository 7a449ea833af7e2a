"""``tenken flight geotag`` with odd options and folders: exit codes, reports, nothing silent."""

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from flight.geotag.alignment import Alignment, Clock, Confidence, DecidedBy, Match, Unmatched
from flight.geotag.clockscan import Limits
from flight.geotag.report import LINES, Outcome, as_json, duration_words, say
from flight.logs.trigger import TriggerLog
from inspection.cli import main, tenken
from inspection.errors import BadInput
from tests.support.flightlog import binary_parts, line_flight
from tests.support.jpegs import jpeg

FLIGHT = line_flight(lines=2)
ZONE = timedelta(hours=9, seconds=3.7)
CLOCK = Clock(
    offset_s=32403.7,
    drift_ppm=-12.4,
    fitting=26,
    runner_up=3,
    margin=3,
    tolerance_s=0.05,
    spread_s=0.011,
)


@pytest.fixture(scope="module")
def flight_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder with a log and one photo a trigger."""
    folder = tmp_path_factory.mktemp("flight")
    (folder / "f.BIN").write_bytes(b"".join(binary_parts(FLIGHT)))
    (folder / "photos").mkdir()
    for trigger in FLIGHT.triggers:
        assert trigger.at is not None
        name = f"DSC{trigger.sequence:05d}.JPG"
        (folder / "photos" / name).write_bytes(jpeg(trigger.at + ZONE, shade=trigger.sequence))
    return folder


@pytest.fixture
def place(flight_folder: Path, tmp_path: Path) -> Iterator[Path]:
    """Give a copy of the folder to work in."""
    shutil.copytree(flight_folder, tmp_path, dirs_exist_ok=True)
    before = Path.cwd()
    os.chdir(tmp_path)
    yield tmp_path
    os.chdir(before)


def ended(*words: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    """Run the command as a shell does; gives exit code, stdout and stderr."""
    code = 0
    try:
        main(["flight", "geotag", *words])
    except SystemExit as stop:
        code = int(stop.code or 0)
    streams = capsys.readouterr()
    return code, streams.out, streams.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--clock-offset-s", "nan"), "clock offset nan s"),
        (("--clock-offset-s", "inf"), "clock offset inf s"),
        (("--clock-offset-s", "1e300"), "clock offset 1e+300 s"),
        (("--clock-offset-s", "32403.7", "--clock-within-s", "nan"), "clock offset nan s"),
        (("--tolerance-s", "nan"), "tolerance nan s is outside 0.005–10 s"),
        (("--position-tolerance-m", "nan"), "position tolerance nan m"),
        (("--camera-pitch-deg", "nan"), "camera pitch nan° is beyond ±90°"),
        (("--camera-pitch-deg", "-90", "--camera-yaw-deg", "nan"), "camera yaw nan°"),
        (("--camera", "3"), "f.BIN has no trigger of camera 3, only of [0]"),
        (("--picture", "a.gif"), ".png"),
    ],
)
def test_an_option_that_is_no_number_is_exit_2_and_writes_nothing(
    place: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], said: str
) -> None:
    before = sorted(path.name for path in place.iterdir())
    code, out, err = ended("photos", "--log", "f.BIN", "--out", "out", *words, capsys=capsys)
    assert (code, out) == (2, "")
    assert said in err
    assert sorted(path.name for path in place.iterdir()) == before


@pytest.mark.parametrize(
    "words",
    [
        ("--tolerance-s", "0.004"),
        ("--tolerance-s", "10.1"),
        ("--position-tolerance-m", "0"),
        ("--clock-within-s", "0"),
        ("--camera-pitch-deg", "-90.5"),
        ("--camera-yaw-deg", "361"),
        ("--camera", "-1"),
        ("--camera", "front"),
    ],
)
def test_an_option_out_of_its_range_is_exit_2_with_the_range(
    place: Path, words: tuple[str, str]
) -> None:
    result = CliRunner().invoke(tenken, ["flight", "geotag", "photos", "--log", "f.BIN", *words])
    assert result.exit_code == 2
    assert words[0] in result.output
    assert not (place / "out").exists()


def test_the_bounds_of_the_options_are_taken(place: Path) -> None:
    words = ("--tolerance-s", "0.005", "--position-tolerance-m", "1000", "--camera-yaw-deg", "360")
    runner = CliRunner()
    result = runner.invoke(tenken, ["flight", "geotag", "photos", "--log", "f.BIN", *words])
    assert result.exit_code == 0
    assert "28 photos: 28 matched" in result.stdout


def test_a_json_report_is_the_only_thing_on_stdout_and_beside_the_copies(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = ended("photos", "--log", "f.BIN", "--out", "out", "--json", capsys=capsys)
    assert code == 0
    report = json.loads(out)
    assert report == json.loads((place / "out" / "geotag.json").read_text(encoding="utf-8"))
    assert "reading photos: 28" in err
    assert report["counts"]["written"] == 28
    assert {photo["copy"] for photo in report["photos"]} == {"new"}
    moments = [datetime.fromisoformat(photo["trigger"]["at"]) for photo in report["photos"]]
    assert all(moment.utcoffset() == timedelta(0) for moment in moments)


def test_the_order_in_which_photos_are_named_does_not_matter(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = sorted(str(path) for path in (place / "photos").glob("*.JPG"))
    reports = []
    for order in (names, names[::-1], ["photos"]):
        _, out, _ = ended(*order, "--log", "f.BIN", "--json", capsys=capsys)
        reports.append(json.loads(out)["photos"])
    assert reports[0] == reports[1] == reports[2]


def test_japanese_folders_and_names_go_through(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (place / "photos").rename(place / "橋脚　写真")
    first = place / "橋脚　写真" / "DSC00001.JPG"
    first.rename(first.with_name("第１径間_00001.JPG"))
    code, out, _ = ended("橋脚　写真", "--log", "f.BIN", "--out", "出力", "--json", capsys=capsys)
    assert code == 0
    assert (place / "出力" / "第１径間_00001.JPG").exists()
    assert "第１径間_00001.JPG" in out  # not escaped
    assert json.loads(out)["counts"]["matched"] == 28


def test_copies_keep_the_folders_that_they_came_from(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in (1, 2, 3):
        name = f"DSC{number:05d}.JPG"
        (place / "photos" / "a b").mkdir(exist_ok=True)
        (place / "photos" / name).rename(place / "photos" / "a b" / name)
    code, _, _ = ended("photos", "--log", "f.BIN", "--out", "out", capsys=capsys)
    assert code == 0
    assert len(list((place / "out" / "a b").glob("*.JPG"))) == 3
    assert len(list((place / "out").rglob("*.JPG"))) == 28


def test_an_output_inside_the_input_is_not_read_as_photos_the_next_time(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("photos", "--log", "f.BIN", "--out", "photos/tagged")
    code, _, _ = ended(*words, capsys=capsys)
    assert code == 0
    code, out, err = ended(*words, capsys=capsys)
    assert code == 0, err
    assert "28 photos: 28 matched" in out
    assert "28 same" in out
    assert not (place / "photos" / "tagged" / "tagged").exists()


def test_an_output_that_is_the_input_is_refused_photo_by_photo(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {path.name: path.read_bytes() for path in (place / "photos").iterdir()}
    code, out, _ = ended(
        "photos", "--log", "f.BIN", "--out", "photos", "--overwrite", capsys=capsys
    )
    assert code == 2
    assert "the original itself" in out
    after = {p.name: p.read_bytes() for p in (place / "photos").glob("*.JPG")}
    assert after == before


def test_a_run_that_was_killed_goes_on_where_it_was(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("photos", "--log", "f.BIN", "--out", "out")
    ended(*words, capsys=capsys)
    whole = {path.name: path.read_bytes() for path in (place / "out").glob("*.JPG")}
    for name in sorted(whole)[10:]:
        (place / "out" / name).unlink()
    (place / "out" / "geotag.json").unlink()
    (place / "out" / ".DSC00011-x1y2.JPG").write_bytes(b"half")  # what a killed run may leave
    code, out, _ = ended(*words, capsys=capsys)
    assert code == 0
    assert "18 new, 10 same" in out
    found = {p.name: p.read_bytes() for p in (place / "out").glob("DSC*.JPG")}
    assert found == whole


def test_limits_name_their_value() -> None:
    for low, high in ((float("nan"), 1.0), (0.0, float("inf")), (-1e10, 0.0)):
        with pytest.raises(BadInput, match=r"clock offset .* s"):
            Limits(offset_s=(low, high))
    with pytest.raises(BadInput, match="clock offset"):
        Limits(offset_s=(2.0, 1.0))
    assert Limits(offset_s=(1.0, 1.0)).offset_s == (1.0, 1.0)


def outcome(matches: list[Match], **changes: object) -> Outcome:
    """Make an outcome of some matches."""
    alignment = Alignment(matches=tuple(matches), missing=(), clock=CLOCK)
    log = TriggerLog(name="f.BIN", form="made", triggers=FLIGHT.triggers)
    made = Outcome(log=log, alignment=alignment, written={}, failed={})
    return replace(made, **changes)  # type: ignore[arg-type]


def test_a_reason_that_many_share_is_told_once_and_many_reasons_are_cut() -> None:
    same = [Match(photo=f"{n}.JPG", reason=Unmatched.NO_TIME, detail="no time") for n in range(5)]
    lines = list(say(outcome(same)))
    assert "  unmatched (no_time): 0.JPG, 1.JPG, 2.JPG and 2 more: no time" in lines
    many = [
        Match(photo=f"{n}.JPG", reason=Unmatched.NO_TRIGGER, detail=f"{n} s away")
        for n in range(LINES + 3)
    ]
    lines = list(say(outcome(many)))
    assert sum("unmatched (" in line for line in lines) == LINES
    assert "  and more reasons for other photos (3); see --json" in lines
    assert len(as_json(outcome(many))["photos"]) == LINES + 3  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("decided", "words"),
    [
        (DecidedBy.RHYTHM, "at the best other one 3; a lead of more than 3 is asked for"),
        (DecidedBy.WITNESSES, "the photos' own positions or numbers fit only here"),
        (DecidedBy.GIVEN, "at the offset given 26 photos fit"),
    ],
)
def test_the_clock_is_told_with_what_decided_it(decided: DecidedBy, words: str) -> None:
    alignment = Alignment(matches=(), missing=(), clock=replace(CLOCK, decided_by=decided))
    lines = list(say(outcome([], alignment=alignment)))
    assert lines[2] == (
        "camera clock − UTC: 32403.70 s (+09:00 and +3.70 s), drift -12 ppm, spread 0.011 s, "
        "tolerance 0.05 s"
    )
    assert words in lines[3]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.0, "+00:00 and +0.00 s"),
        (-12 * 3600.0, "-12:00 and +0.00 s"),
        (20_700.0 + 449.0, "+05:45 and +449.00 s"),
        (20_700.0 + 451.0, "+06:00 and -449.00 s"),
        (-9 * 3600 - 30 * 60 + 1.5, "-09:30 and +1.50 s"),
        (14 * 3600.0, "+14:00 and +0.00 s"),
    ],
)
def test_golden_offsets_as_zone_and_rest(seconds: float, words: str) -> None:
    assert duration_words(seconds) == words


def test_missing_triggers_are_named_up_to_twenty() -> None:
    matched = [Match(photo="a.JPG", trigger=FLIGHT.triggers[0], confidence=Confidence.HIGH)]
    alignment = Alignment(matches=tuple(matched), missing=FLIGHT.triggers[1:], clock=CLOCK)
    last = list(say(outcome([], alignment=alignment)))[-1]
    assert last.startswith("triggers without a photo: 2, 3, 4")
    assert last.endswith(f"21 and {len(FLIGHT.triggers) - 21} more")
    none = replace(alignment, matches=())
    assert not any("without a photo:" in line for line in say(outcome([], alignment=none)))

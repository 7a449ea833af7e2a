"""The command: report, copies, exit codes; originals stay as they are."""

import hashlib
import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from flight.cli import flight
from flight.logs.trigger import TriggerLog
from inspection.cli import main
from inspection.errors import BadInput
from inspection.imaging.decode import read_headers
from inspection.imaging.exif import read_metadata
from inspection.imaging.xmp import drone_properties
from tests.support.flightlog import binary_parts, even_flight, line_flight, mrk_lines
from tests.support.jpegs import jpeg

FLIGHT = line_flight()
ZONE = timedelta(hours=9, seconds=3.7)


def shoot(folder: Path, log: TriggerLog, *, without: Sequence[int] = ()) -> None:
    folder.mkdir()
    for trigger in log.triggers:
        if trigger.sequence not in without and trigger.at is not None:
            content = jpeg(trigger.at + ZONE, shade=trigger.sequence)
            (folder / f"DSC{trigger.sequence:05d}.JPG").write_bytes(content)


def digests(folder: Path) -> dict[str, str]:
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.glob("*.JPG")
    }


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Give a folder with a log and its photos but two, one more, and one broken."""
    (tmp_path / "f.BIN").write_bytes(b"".join(binary_parts(FLIGHT)))
    shoot(tmp_path / "photos", FLIGHT, without=(5, 30))
    at = FLIGHT.triggers[20].at
    assert at is not None
    extra = jpeg(at + ZONE + timedelta(seconds=0.9))
    (tmp_path / "photos" / "DSC00099.JPG").write_bytes(extra)
    (tmp_path / "photos" / "broken.jpg").write_bytes(b"\xff\xd8broken")
    return tmp_path


def run(place: Path, *words: str) -> tuple[int, str]:
    found = CliRunner().invoke(
        flight, ["geotag", str(place / "photos"), *words], catch_exceptions=True
    )
    if found.exception is not None and not isinstance(found.exception, SystemExit):
        raise found.exception
    return found.exit_code, found.stdout


def test_copies_are_written_and_the_report_tells_all(place: Path) -> None:
    before = digests(place / "photos")
    log, out = str(place / "f.BIN"), place / "out"
    code, text = run(place, "--log", log, "--out", str(out), "--camera-pitch-deg", "-90")
    assert code == 0
    assert digests(place / "photos") == before
    assert "56 triggers" in text
    assert "56 photos: 54 matched, 2 unmatched; 2 triggers without a photo" in text
    assert "+09:00 and +3.7" in text
    assert "triggers without a photo: 5, 30" in text
    assert "unmatched (no_trigger): DSC00099.JPG" in text
    assert "unmatched (unreadable): broken.jpg" in text
    assert "54 new" in text
    written = sorted(path.name for path in out.iterdir())
    assert len(written) == 55
    assert "geotag.json" in written
    by_number = {trigger.sequence: trigger for trigger in FLIGHT.triggers}
    for path in out.glob("*.JPG"):
        blocks, xmp = read_headers(path.read_bytes())
        got, trigger = (
            read_metadata(blocks, drone_properties(xmp or b"")),
            by_number[int(path.stem[3:])],
        )
        assert got.pose is not None
        assert got.pose.lat_deg == pytest.approx(trigger.lat_deg, abs=1.1e-7)
        assert got.pose.pitch_deg == -90.0


def test_the_report_for_programs(place: Path) -> None:
    code, text = run(place, "--log", str(place / "f.BIN"), "--json")
    report = json.loads(text)
    assert code == 0
    assert report["counts"] == {
        "photos": 56,
        "matched": 54,
        "unmatched": 2,
        "triggers_without_photo": 2,
        "written": 0,
        "failed": 0,
    }
    assert report["clock"]["offset_s"] == pytest.approx(9 * 3600 + 3.7, abs=0.02)
    assert report["clock"]["photos_fitting"] == 54
    assert [t["sequence"] for t in report["triggers_without_photo"]] == [5, 30]
    first = report["photos"][0]
    assert first["photo"] == "broken.jpg" or first["trigger"]["sequence"] == 1
    assert {p["reason"] for p in report["photos"]} == {None, "no_trigger", "unreadable"}
    assert not (place / "out").exists()


def test_a_second_run_writes_nothing_new_and_a_different_one_asks(place: Path) -> None:
    words = ("--log", str(place / "f.BIN"), "--out", str(place / "out"))
    run(place, *words)
    code, text = run(place, *words)
    assert code == 0
    assert "54 same" in text
    with pytest.raises(BadInput, match="no copy was written"):
        run(place, *words, "--camera-pitch-deg", "-45")
    code, text = run(place, *words, "--camera-pitch-deg", "-45", "--overwrite")
    assert code == 0
    assert "54 replaced" in text


def test_one_copy_that_fails_does_not_stop_the_others(place: Path) -> None:
    (place / "out").mkdir()
    (place / "out" / "DSC00007.JPG").write_bytes(b"something else")
    code, text = run(place, "--log", str(place / "f.BIN"), "--out", str(place / "out"))
    assert code == 0
    assert "53 new" in text
    assert "not written: DSC00007.JPG" in text
    assert (place / "out" / "DSC00007.JPG").read_bytes() == b"something else"


def test_an_even_rhythm_is_exit_2_with_the_cure(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = even_flight(20, 2.0)
    (tmp_path / "f.BIN").write_bytes(b"".join(binary_parts(log)))
    shoot(tmp_path / "photos", log)
    words = ["flight", "geotag", str(tmp_path / "photos"), "--log", str(tmp_path / "f.BIN")]
    with pytest.raises(SystemExit) as stop:
        main([*words, "--out", str(tmp_path / "out")])
    assert stop.value.code == 2
    printed = capsys.readouterr()
    assert "--clock-offset-s" in printed.err
    assert not (tmp_path / "out").exists()
    code, text = run(tmp_path, "--log", words[-1], "--clock-offset-s", "32403.7")
    assert code == 0
    assert "20 matched" in text


def test_mrk_with_the_numbers_of_its_photos(tmp_path: Path) -> None:
    log = even_flight(12, 2.0)
    lines = mrk_lines(replace(t, height_m=90.0) for t in log.triggers)
    (tmp_path / "t.MRK").write_text("\n".join(lines), encoding="utf-8")
    (tmp_path / "photos").mkdir()
    for trigger in log.triggers[2:]:
        assert trigger.at is not None
        name = f"DJI_20261123203047_{trigger.sequence:04d}_V.JPG"
        (tmp_path / "photos" / name).write_bytes(jpeg(trigger.at + ZONE, subseconds=False))
    out = tmp_path / "out"
    code, text = run(tmp_path, "--log", str(tmp_path / "t.MRK"), "--out", str(out))
    assert code == 0
    assert "10 matched, 0 unmatched; 2 triggers without a photo" in text
    for path in out.glob("*.JPG"):
        blocks, xmp = read_headers(path.read_bytes())
        got = read_metadata(blocks, drone_properties(xmp or b""))
        trigger = log.triggers[int(path.stem.split("_")[2]) - 1]
        assert got.pose is not None
        assert got.pose.lat_deg == pytest.approx(trigger.lat_deg, abs=1e-8)
        assert got.pose.horizontal_std_m == pytest.approx(0.0119)
        assert got.pose.vertical_std_m == pytest.approx(0.0231)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--log", "nowhere.BIN"], "no log nowhere.BIN"),
        (["--log", "photos"], "cannot be read"),
    ],
)
def test_bad_input_is_exit_2_with_words(
    place: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    told: str,
) -> None:
    monkeypatch.chdir(place)
    with pytest.raises(SystemExit) as stop:
        main(["flight", "geotag", "photos", *words])
    assert stop.value.code == 2
    assert told in capsys.readouterr().err


def test_help_has_examples() -> None:
    found = CliRunner().invoke(flight, ["geotag", "--help"])
    assert "Examples:" in found.output
    assert "--clock-offset-s" in found.output


def test_progress_on_a_terminal_is_a_bar(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    main(["flight", "geotag", str(place / "photos"), "--log", str(place / "f.BIN")])
    printed = capsys.readouterr()
    assert "reading photos" in printed.err
    assert "54 matched" in printed.out


@pytest.mark.data
def test_real_photos_get_the_positions_of_a_table(data_dir: Path, tmp_path: Path) -> None:
    folder = data_dir / "flights" / "brighton_beach"
    names = sorted(path.name for path in folder.glob("*.JPG"))
    rows = [
        f"{name},{46.84 + 1e-4 * at:.7f},-91.99,38.5,0.01,0.01,0.02,1"
        for at, name in enumerate(names[:4])
    ]
    (tmp_path / "p.csv").write_text("\n".join(("image,lat,lon,h,sd_n,sd_e,sd_u,q", *rows)))
    out = tmp_path / "out"
    words = ["geotag", str(folder), "--log", str(tmp_path / "p.csv"), "--out", str(out)]
    found = CliRunner().invoke(flight, words, catch_exceptions=False)
    assert found.exit_code == 0
    assert "18 photos: 4 matched, 14 unmatched" in found.stdout
    for at, name in enumerate(names[:4]):
        blocks, xmp = read_headers((out / name).read_bytes())
        got = read_metadata(blocks, drone_properties(xmp or b""))
        assert got.pose is not None
        assert got.pose.lat_deg == pytest.approx(46.84 + 1e-4 * at, abs=1e-9)
        assert got.pose.altitude_m == pytest.approx(38.5)
        assert got.pose.vertical_std_m == pytest.approx(0.02)

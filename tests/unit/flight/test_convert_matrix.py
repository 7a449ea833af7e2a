"""``tenken flight convert``: every format into every other, what is lost is said, nothing half."""

import json
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from flight.command import Command
from flight.formats import open_mission, read_mission, write_mission
from flight.mission import AltitudeFrame, Mission
from inspection.cli import main, tenken
from inspection.errors import BadInput
from tests.support.missions import BRIDGE, item, waypoint

SUFFIXES = (".plan", ".waypoints", ".txt", ".kmz", ".kml", ".geojson")
KINDS = {
    ".plan": "QGroundControl plan",
    ".waypoints": "mission list (WPL 110)",
    ".txt": "mission list (WPL 110)",
    ".kmz": "DJI wayline (WPML)",
    ".kml": "KML",
    ".geojson": "GeoJSON",
}
FLOWN = replace(
    BRIDGE,
    items=(
        item(Command.TAKEOFF, AltitudeFrame.HOME, (0.0, 0.0, 0.0, None), (0.0, 0.0, 15.0)),
        waypoint(36.5614, 136.6563, 15.0),
        item(Command.IMAGE_START, params=(0.0, 0.0, 1.0, 0.0)),
        waypoint(36.5618, 136.6563, 18.0),
        item(Command.RETURN_TO_LAUNCH),
    ),
)


def convert(*words: str | Path) -> Result:
    """Run the command."""
    return CliRunner().invoke(tenken, ["flight", "convert", *map(str, words)])


@pytest.mark.parametrize("target", SUFFIXES)
@pytest.mark.parametrize("source", SUFFIXES)
def test_the_flight_itself_survives_every_way(tmp_path: Path, source: str, target: str) -> None:
    first, second = tmp_path / f"橋 1{source}", tmp_path / f"橋 2{target}"
    write_mission(FLOWN, first)
    result = convert(first, "--out", second, "--json")
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    assert (report["format"], report["out"]) == (KINDS[source], str(second))
    back = read_mission(second)
    assert [i.command for i in back.items] == [i.command for i in FLOWN.items]
    places = [(i.lat_deg, i.lon_deg, i.altitude_m) for i in back.items if i.command == 16]
    assert places == [(36.5614, 136.6563, 15.0), (36.5618, 136.6563, 18.0)]
    assert back.home_latlon_deg == BRIDGE.home_latlon_deg


@pytest.mark.parametrize("target", SUFFIXES)
@pytest.mark.parametrize(
    "mission",
    [
        FLOWN,
        BRIDGE,
        replace(FLOWN, fence_polygons=(), fence_circles=(), rally_points=()),
        replace(FLOWN, home_latlon_deg=None, home_altitude_msl_m=None),
        replace(FLOWN, home_altitude_msl_m=None),
        replace(FLOWN, home_latlon_deg=None),
        replace(FLOWN, geoid_height_m=36.7),
        replace(FLOWN, vehicle="dji", cruise_speed_m_s=None),
        replace(FLOWN, vehicle=None),
        replace(FLOWN, items=(*FLOWN.items[:2], replace(FLOWN.items[3], auto_continue=False))),
    ],
)
def test_what_does_not_come_back_was_named(tmp_path: Path, target: str, mission: Mission) -> None:
    path = tmp_path / f"x{target}"
    lost = write_mission(mission, path)
    back = open_mission(path)
    if back.mission != mission:
        assert lost or back.losses
    else:
        remarks = ("a globe shows", "written for the DJI", "home is not known: QGround")
        assert [loss for loss in lost if not loss.what.startswith(remarks)] == []


def test_words_for_people_and_for_programs_name_the_same_losses(tmp_path: Path) -> None:
    source = tmp_path / "a.plan"
    write_mission(BRIDGE, source)
    report = json.loads(convert(source, "--out", tmp_path / "a.kmz", "--json").stdout)
    lines = convert(source, "--out", tmp_path / "a.kmz").stdout.splitlines()
    assert lines[0] == "a.plan: QGroundControl plan, 9 items"
    assert lines[-1] == f"written: {tmp_path / 'a.kmz'}"
    said = [line.removeprefix("lost in writing: ") for line in lines[1:-1]]
    assert [words.split(" (item")[0] for words in said] == [
        loss["what"] for loss in report["lost_in_writing"]
    ]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("a.plan", "--out", "b.shp"), "suffix '.shp' is none of .plan, .waypoints"),
        (("a.plan", "--out", "b"), "suffix '' is none of"),
        (("nowhere.plan", "--out", "b.plan"), "there is no file nowhere.plan"),
        (("a.plan", "--out", "no/b.plan"), "no/b.plan cannot be written: No such file"),
        (("a.plan", "--out", "b.kmz", "--drone", "Phantom"), "no DJI aircraft 'Phantom'"),
        (("a.plan", "--out", "b.plan", "--geoid-height-m", "nan"), "geoid_height_m of the"),
        (("foreign.kml", "--out", "b.plan"), "Say --altitude-frame home, msl or terrain"),
        (("empty.plan", "--out", "b.plan"), "empty.plan is empty"),
    ],
)
def test_an_error_is_one_line_with_its_code_and_leaves_nothing(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    write_mission(FLOWN, tmp_path / "a.plan")
    (tmp_path / "empty.plan").touch()
    (tmp_path / "foreign.kml").write_text(
        '<kml xmlns="http://www.opengis.net/kml/2.2"><Placemark><Point><coordinates>136,36,9'
        "</coordinates></Point></Placemark></kml>",
        encoding="utf-8",
    )
    before = sorted(tmp_path.iterdir())
    with pytest.raises(SystemExit) as ended:
        main(["flight", "convert", *words])
    streams = capsys.readouterr()
    assert (ended.value.code, streams.out) == (2, "")
    assert said in streams.err
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize(
    "words",
    [
        ("--geoid-height-m", "-120.5"),
        ("--geoid-height-m", "101"),
        ("--geoid-height-m", "high"),
        ("--altitude-frame", "mission"),
        ("--altitude-frame", "ellipsoid"),
    ],
)
def test_an_option_out_of_its_choices_is_exit_2(tmp_path: Path, words: tuple[str, str]) -> None:
    write_mission(FLOWN, tmp_path / "a.plan")
    result = convert(tmp_path / "a.plan", "--out", tmp_path / "b.plan", *words)
    assert result.exit_code == 2
    assert words[0] in result.output
    assert not (tmp_path / "b.plan").exists()


def test_help_names_every_suffix_and_gives_examples() -> None:
    said = convert("--help").stdout
    assert all(suffix in said for suffix in SUFFIXES)
    assert "tenken flight convert bridge.plan --out bridge.waypoints" in said


@pytest.mark.parametrize("suffix", [".PLAN", ".Waypoints", ".KMZ", ".GeoJSON"])
def test_the_case_of_a_suffix_does_not_matter(tmp_path: Path, suffix: str) -> None:
    write_mission(FLOWN, tmp_path / f"a{suffix}")
    assert len(read_mission(tmp_path / f"a{suffix}").items) == 5


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_the_name_does_not_matter_for_reading(tmp_path: Path, suffix: str) -> None:
    write_mission(FLOWN, tmp_path / f"a{suffix}")
    (tmp_path / f"a{suffix}").rename(tmp_path / "mission.bin")
    assert open_mission(tmp_path / "mission.bin").kind == KINDS[suffix]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_writing_over_a_file_is_whole_or_not_at_all(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    write_mission(FLOWN, path)
    before = path.read_bytes()
    broken = replace(FLOWN, items=(*FLOWN.items[:2], waypoint(36.6, 136.6, 5.0, AltitudeFrame.MSL)))
    bad_name = tmp_path / f"a{suffix}.xyz"
    with pytest.raises(BadInput):
        write_mission(broken, bad_name)
    if suffix == ".kmz":
        with pytest.raises(BadInput, match="a DJI wayline has one"):
            write_mission(broken, path)
    assert path.read_bytes() == before
    write_mission(FLOWN, path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("suffix", [".plan", ".kmz", ".geojson"])
def test_many_at_once_leave_one_whole_file(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    others = [replace(FLOWN, cruise_speed_m_s=2.0 + n) for n in range(6)]
    gate = threading.Barrier(len(others))
    failures: list[Exception] = []

    def work(mission: Mission) -> None:
        gate.wait()
        try:
            for _ in range(5):
                write_mission(mission, path)
        except Exception as error:  # noqa: BLE001 - whatever it is fails the test below
            failures.append(error)

    workers = [threading.Thread(target=work, args=(mission,)) for mission in others]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert failures == []
    assert read_mission(path).cruise_speed_m_s in [m.cruise_speed_m_s for m in others]
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("suffix", [".plan", ".waypoints", ".kml", ".geojson"])
def test_a_byte_order_mark_and_windows_lines_do_not_matter(
    tmp_path: Path, suffix: str, mark: bytes
) -> None:
    path = tmp_path / f"a{suffix}"
    write_mission(FLOWN, path)
    expected = read_mission(path)
    path.write_bytes(mark + path.read_bytes().replace(b"\n", b"\r\n"))
    assert read_mission(path) == expected


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "cp932"])
def test_another_encoding_is_refused_or_read_but_never_guessed(
    tmp_path: Path, encoding: str
) -> None:
    path = tmp_path / "a.waypoints"
    text = "# 橋の点検\nQGC WPL 110\n0 1 0 16 0 0 0 0 36 136 5 1\n"
    path.write_bytes(text.encode(encoding))
    with pytest.raises(BadInput, match=r"a\.waypoints is neither text nor an archive"):
        read_mission(path)


def test_a_list_as_large_as_a_vehicle_counts_is_converted(tmp_path: Path) -> None:
    many = tuple(waypoint(36.0 + n * 1e-6, 136.0, 10.0, yaw=0.0) for n in range(3000))
    path = tmp_path / "many.waypoints"
    write_mission(replace(FLOWN, items=many), path)
    result = convert(path, "--out", tmp_path / "many.plan", "--json")
    assert json.loads(result.stdout)["items"] == 3000
    assert read_mission(tmp_path / "many.plan").items == many


def test_a_list_beyond_what_a_vehicle_counts_is_refused(tmp_path: Path) -> None:
    rows = [f"{n} 0 3 16 0 0 0 0 36 136 5 1" for n in range(65_536)]
    path = tmp_path / "many.waypoints"
    path.write_text("\n".join(["QGC WPL 110", *rows]), encoding="utf-8")
    with pytest.raises(BadInput, match=r"many\.waypoints: 65536 items; .*at most 65535, split it"):
        read_mission(path)

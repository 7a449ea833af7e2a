"""The commands: files in, missions and photos out, words for people and JSON for programs."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from flight.drone import find_drone
from flight.flightplan import Pattern
from flight.formats import read_mission
from flight.planfile import read_plan
from inspection.cli import main, tenken
from tests.support.sites import DECK, line, point, polygon, write

FACE = ["--camera", "dji_p1@50", "--gsd-mm-per-px", "0.3"]


def run(*words: object) -> Result:
    return CliRunner().invoke(tenken, ["flight", *map(str, words)], catch_exceptions=False)


def refused(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str]:
    with pytest.raises(SystemExit) as stopped:
        main(["flight", *map(str, words)])
    return int(stopped.value.code or 0), capsys.readouterr().err


@pytest.fixture
def deck(tmp_path: Path) -> Path:
    return write(tmp_path / "deck.geojson", polygon(DECK, name="deck", height_m=9))


@pytest.fixture
def wall(tmp_path: Path) -> Path:
    return write(tmp_path / "wall.geojson", line([(0, 20), (12, 20)], name="A1", top_m=8))


@pytest.mark.parametrize("suffix", [".plan", ".waypoints", ".kmz", ".kml", ".geojson"])
def test_every_format_of_mission_can_be_written_and_read_back(
    deck: Path, tmp_path: Path, suffix: str
) -> None:
    out = tmp_path / f"out{suffix}"
    result = run(
        "plan",
        "area",
        deck,
        "--camera",
        "dji_m3e_wide",
        "--gsd-mm-per-px",
        2,
        "--out",
        out,
        "--json",
    )
    assert result.exit_code == 0, result.output
    report = json.loads(result.output)
    assert report["files"] == [out.name, "out.photos.geojson"]
    assert report["coverage"]["good"] == pytest.approx(1.0, abs=0.005)
    plan = read_plan(tmp_path / "out.photos.geojson")
    assert (len(plan.photos), plan.pattern) == (report["photos"], Pattern.AREA)
    assert len(read_mission(out).items) >= 10


def test_a_face_is_planned_with_heights_from_the_command_line(wall: Path, tmp_path: Path) -> None:
    result = run("plan", "facade", wall, "--bottom-m", 3, *FACE, "--out", tmp_path / "a.kmz")
    assert result.exit_code == 0, result.output
    assert (
        "coverage   100.0% of 60 m² by 1 photo or more at ≤ 0.33 mm/px and ≤ 10°" in result.output
    )
    assert "dji_p1@50 on dji_m350" in result.output
    plan = read_plan(tmp_path / "a.photos.geojson")
    assert plan.drone_name == "dji_m350"
    assert plan.photos[0].element == "A1"


def test_a_long_plan_is_written_in_parts_that_the_vehicle_holds(tmp_path: Path) -> None:
    long_wall = write(
        tmp_path / "w.geojson", line([(0, 20), (60, 20)], bottom_m=3, top_m=12, name="w")
    )
    out = tmp_path / "w.plan"
    result = run("plan", "facade", long_wall, *FACE, "--out", out, "--json")
    report = json.loads(result.output)
    names = report["files"][:-1]
    assert names[0] == f"w-1of{len(names)}.plan"
    assert len(names) == len(report["parts"]) > 1
    for name in names:
        mission = read_mission(tmp_path / name)
        assert len(mission.items) + 1 <= find_drone("ardupilot_survey").capacity_items
        assert len(mission.fence_polygons) == 1


def test_soffits_piers_and_roads_have_their_commands(deck: Path, tmp_path: Path) -> None:
    pier = write(tmp_path / "pier.geojson", point((0, 20), name="P1"))
    road = write(tmp_path / "road.geojson", line([(0, 0), (0, 200), (150, 260)], name="N8"))
    for words in (
        ("soffit", deck, "--camera", "sony_a7r@35", "--crack-width-mm", 0.3),
        ("orbit", pier, *FACE, "--radius-m", 1.5, "--bottom-m", 3, "--top-m", 6),
        ("corridor", road, "--width-m", 8, "--camera", "dji_m3e_wide", "--gsd-mm-per-px", 5),
    ):
        result = run("plan", *words, "--out", tmp_path / "x.waypoints")
        assert result.exit_code == 0, result.output
        assert "coverage   " in result.output
        assert "take-off is assumed at" in result.output


def test_sets_of_an_area_add_up(deck: Path, tmp_path: Path) -> None:
    def count(sets: str) -> int:
        words = ("--camera", "dji_m3e_wide", "--gsd-mm-per-px", 5, "--json", "--sets", sets)
        result = run("plan", "area", deck, *words, "--out", tmp_path / "x.plan")
        return int(json.loads(result.output)["photos"])

    nadir, oblique = count("nadir"), count("oblique")
    assert oblique == 4 * nadir
    assert count("nadir,oblique") == 5 * nadir
    assert nadir < count("nadir,cross") < 3 * nadir


def test_the_capability_is_told_in_words_and_in_numbers() -> None:
    words = ("capability", "--camera", "dji_p1@50", "--crack-width-mm", 0.2)
    told = run(*words).output
    assert "0.2 mm/px from 2.27 m, a photo shows 1.64 × 1.09 m" in told
    assert "stops at every photo (flying on would blur above 0.10 m/s)" in told
    numbers = json.loads(run(*words, "--json").output)
    assert numbers["standoff_m"] == pytest.approx(2.273)
    assert numbers["trigger"] == "stop"


def test_heights_above_sea_level_become_heights_above_take_off(wall: Path, tmp_path: Path) -> None:
    words = ("plan", "facade", wall, *FACE, "--bottom-m", 3, "--out", tmp_path / "m.plan")
    low = run(*words)
    assert low.exit_code == 0
    here = read_plan(tmp_path / "m.photos.geojson").positions_m[:, 2]
    higher = write(tmp_path / "wall.geojson", line([(0, 20), (12, 20)], name="A1", top_m=28))
    run(
        "plan", "facade", higher, *FACE, "--bottom-m", 23, "--out", tmp_path / "m.plan",
        "--heights", "msl", "--takeoff-msl-m", 20,
    )  # fmt: skip
    assert read_plan(tmp_path / "m.photos.geojson").positions_m[:, 2] == pytest.approx(
        here, abs=1e-3
    )


@pytest.mark.parametrize(
    ("words", "code", "reason"),
    [
        (["--camera", "dji_p1@24", "--crack-width-mm", 0.2], 3, "It would become possible with"),
        (["--camera", "dji_p1@50"], 2, "either --gsd-mm-per-px or --crack-width-mm"),
        ([*FACE, "--crack-width-mm", 0.2], 2, "either --gsd-mm-per-px or --crack-width-mm"),
        (["--camera", "dji_p1", "--crack-width-mm", 0.2], 2, "dji_p1@24, dji_p1@35, dji_p1@50"),
        ([*FACE, "--exposure", "fast"], 2, "'fast' is no exposure; write 1/1000"),
        ([*FACE, "--takeoff", "36.5"], 2, "write 36.594606,136.625669"),
        ([*FACE, "--takeoff", "136.6,36.5"], 2, "the order is LATITUDE,LONGITUDE"),
        ([*FACE, "--takeoff", "35.0,136.6"], 2, "check that --takeoff is LATITUDE,LONGITUDE"),
        ([*FACE, "--heights", "msl"], 2, "give --takeoff-msl-m"),
        ([*FACE, "--drone", "dji_m9"], 2, "no drone 'dji_m9'"),
        ([*FACE, "--speed-m-s", "99"], 2, "outside 0.5–"),
        ([*FACE, "--overlap-front", "0.1"], 2, "is too small for crack grading"),
        ([*FACE, "--reserve", "30"], 2, "30 % is 0.3"),
    ],
)
def test_bad_wishes_end_with_a_reason(
    *,
    wall: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    words: list[object],
    code: int,
    reason: str,
) -> None:
    out = ("--bottom-m", 3, "--out", tmp_path / "x.plan")
    assert refused(capsys, "plan", "facade", wall, *words, *out)[0] == code
    assert reason in " ".join(refused(capsys, "plan", "facade", wall, *words, *out)[1].split())
    assert not (tmp_path / "x.plan").exists()


def test_a_speed_that_blurs_is_refused(deck: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, words = refused(
        capsys, "plan", "area", deck, "--camera", "dji_m3e_wide", "--gsd-mm-per-px", 2,
        "--speed-m-s", 3, "--out", deck.with_suffix(".plan"),
    )  # fmt: skip
    assert code == 2
    assert "would blur" in words
    assert "the limit is 1.00 m/s" in words


def test_the_wrong_kind_of_geometry_and_output_are_named(
    deck: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, words = refused(capsys, "plan", "corridor", deck, *FACE, "--out", tmp_path / "x.plan")
    assert (code, "feature 'deck' is a Polygon" in words) == (2, True)
    code, words = refused(capsys, "plan", "area", deck, *FACE, "--out", tmp_path / "x.pdf")
    assert (code, "x.pdf ends in none of .plan" in words) == (2, True)
    code, words = refused(capsys, "plan", "area", deck, *FACE, "--out", tmp_path / "no" / "x.plan")
    assert (code, "there is no folder" in words) == (2, True)
    code, words = refused(
        capsys, "plan", "area", deck, *FACE, "--sets", "up", "--out", tmp_path / "x.plan"
    )
    assert (code, "choose of nadir, cross, oblique" in words) == (2, True)


@pytest.mark.parametrize("pattern", list(Pattern))
def test_every_command_helps_with_examples(pattern: Pattern) -> None:
    told = run("plan", str(pattern), "--help").output
    assert f"tenken flight plan {pattern}" in told
    assert "--crack-width-mm" in told

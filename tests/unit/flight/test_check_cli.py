"""The commands tenken flight check, gaps and repeat, from files to files."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from flight.drone import find_drone
from flight.flightplan import FlightPlan
from flight.formats import open_mission, write_mission
from flight.itinerary import make_itinerary
from flight.planfile import read_plan, write_plan
from inspection.cli import tenken
from inspection.errors import BadInput, Broken, NotFound, Refused, TenkenError, exit_code
from inspection.geo.camera import Camera
from tests.support.courses import (
    HOME,
    latlon,
    lonlats,
    mission_through,
    square,
    write_dem,
    write_geojson,
)
from tests.support.flightplans import nadir_photo, small_plan
from tests.support.placed_photos import save, write_photo

CALM = ["--wind-m-s", "2", "--at", "2026-11-26T10:00+09:00"]


def run(*words: object) -> Result:
    """Run tenken flight …, keeping its error."""
    return CliRunner().invoke(tenken, ["flight", *map(str, words)])


def code(result: Result) -> int:
    """Give the exit code as the command line does."""
    error = result.exception
    return exit_code(error) if isinstance(error, TenkenError) else result.exit_code


def deck_plan() -> FlightPlan:
    """Give 4 × 4 photos of a deck of 20 m from 10 m with a small camera."""
    camera = Camera(width_px=400, height_px=300, focal_px=400, cx_px=200, cy_px=150)
    spots = [(2 + 5.3 * i, 2 + 5.3 * j) for i in range(4) for j in range(4)]
    every = tuple(nadir_photo(n, x, y, row=n // 4) for n, (x, y) in enumerate(spots))
    return replace(
        small_plan(),
        photos=every,
        camera=camera,
        gsd_m_per_px=0.025,
        surface_elements=("deck", "deck"),
        drone_name="ardupilot_survey",
    )


@pytest.fixture
def planned(tmp_path: Path) -> Path:
    """Write mission and photos of the deck; give the mission file."""
    plan = deck_plan()
    path = tmp_path / "deck.plan"
    write_mission(make_itinerary(plan, find_drone("ardupilot_survey")).mission, path)
    write_plan(plan, tmp_path / "deck.photos.geojson")
    return path


def findings(path: Path, *words: object) -> dict[str, dict[str, Any]]:
    """Check a plan and give the findings by name."""
    result = run("check", path, "--json", *words)
    text = result.stdout
    report = json.loads(text[: text.rindex("}") + 1])
    return {row["check"]: row for row in report["findings"]}


def test_a_planned_mission_is_not_refused(planned: Path) -> None:
    result = run("check", planned, *CALM)
    assert code(result) == 0, result.output
    assert "No conflict found with the loaded rules. Open points:" in result.output
    found = findings(planned, *CALM)
    assert found["photos"]["facts"] == {"passed": 16, "planned": 16}
    assert found["fence"]["outcome"] == "pass" and found["battery"]["outcome"] == "pass"
    assert found["structure"]["facts"]["room_m"] == 10.0
    record = json.loads((planned.parent / "deck.plan.check.json").read_text("utf-8"))
    assert record["verdict"] == "warn" and record["open_refusals"] == []


def test_a_part_of_a_plan_finds_the_photos_of_the_whole(planned: Path) -> None:
    part = planned.with_name("deck-1of2.plan")
    part.write_bytes(planned.read_bytes())
    assert findings(part, *CALM)["photos"]["facts"]["planned"] == 16


def test_refusals_exit_with_3_and_can_be_lifted_by_name(planned: Path) -> None:
    gale = ["--wind-m-s", "7"]
    refused = run("check", planned, *gale)
    assert isinstance(refused.exception, Refused) and code(refused) == 3
    assert "jp_uas_rule.manual_wind" in str(refused.exception)
    lift = ["--override", "jp_uas_rule.manual_wind", "--by", "K. Sato"]
    nameless = run("check", planned, *gale, *lift)
    assert isinstance(nameless.exception, BadInput) and "--reason" in str(nameless.exception)
    lifted = run("check", planned, *gale, *lift, "--reason", "own manual allows 8 m/s")
    assert code(lifted) == 0 and "overridden by K. Sato" in lifted.output
    assert code(run("check", planned, *gale)) == 0
    assert code(run("check", planned, "--wind-m-s", "7.5")) == 3  # another finding
    planned.write_text(planned.read_text("utf-8") + "\n", encoding="utf-8")
    assert code(run("check", planned, *gale)) == 3  # another plan
    assert (
        len(json.loads((planned.parent / "deck.plan.overrides.json").read_text())["overrides"]) == 1
    )


def test_nothing_to_override_is_told(planned: Path) -> None:
    wrong = run(
        "check", planned, *CALM, "--override", "wind", "--by", "Sato", "--reason", "because it"
    )
    assert isinstance(wrong.exception, BadInput) and "does not refuse" in str(wrong.exception)
    assert not (planned.parent / "deck.plan.overrides.json").exists()


def test_ground_structures_and_layers_are_read(planned: Path, tmp_path: Path) -> None:
    heights = np.full((100, 100), 30.0)
    heights[:, 55:] = 45.0  # from x = 10 m on the ground rises by 15 m
    dem = write_dem(tmp_path / "dem.tif", heights, west_m=-100, north_m=100, step_m=2.0)
    pier = write_geojson(
        tmp_path / "pier.geojson", [("Polygon", square(30, 10, 3), {"name": "P1", "height_m": 20})]
    )
    did = write_geojson(tmp_path / "did.geojson", [("Polygon", square(0, 0, 5), {"name": "D"})])
    road = write_geojson(
        tmp_path / "road.geojson", [("LineString", lonlats([(60, -50), (60, 50)]), {"name": "R8"})]
    )
    found = findings(
        planned, *CALM, "--dem", dem, "--structures", pier, "--layer", f"did={did}",
        "--third-party", road, "--heights-from", "ground",
    )  # fmt: skip
    assert found["terrain"]["outcome"] == "refuse" and found["terrain"]["facts"]["room_m"] == 0.0
    assert found["structure"]["facts"]["structure"] in ("P1", "deck")
    assert found["jp_uas_rule.did"]["outcome"] == "refuse"
    assert found["jp_uas_rule.third_party_30m"]["facts"]["room_m"] == pytest.approx(42, abs=2)
    assert found["jp_uas_rule.height_150m"]["outcome"] == "pass"


def test_fences_of_files_hold_as_well(planned: Path, tmp_path: Path) -> None:
    wide = write_geojson(tmp_path / "wide.geojson", [("Polygon", square(0, 0, 200), {})])
    assert findings(planned, *CALM, "--fence", wide)["fence"]["outcome"] == "pass"
    narrow = write_geojson(tmp_path / "narrow.geojson", [("Polygon", square(0, 0, 9), {})])
    assert findings(planned, *CALM, "--fence", narrow)["fence"]["outcome"] == "refuse"
    line = write_geojson(tmp_path / "l.geojson", [("LineString", lonlats([(0, 0), (9, 9)]), {})])
    assert "draw a polygon" in str(run("check", planned, "--fence", line).exception)


def test_reports_are_written_in_the_form_that_is_asked_for(planned: Path, tmp_path: Path) -> None:
    names = [tmp_path / f"r{suffix}" for suffix in (".html", ".md", ".json")]
    outs = [word for name in names for word in ("--out", name)]
    result = run("check", planned, *CALM, "--lang", "ja", *outs)
    assert code(result) == 0 and "飛行の可否を保証するものではありません" in result.output
    page, text, plain = (name.read_text("utf-8") for name in names)
    assert page.startswith("<!doctype html>") and 'lang="ja"' in page
    assert text.startswith("# 飛行前確認") and json.loads(plain)["plan"] == "deck.plan"
    wrong = run("check", planned, *CALM, "--out", tmp_path / "r.pdf")
    assert isinstance(wrong.exception, BadInput) and ".html, .md, .json" in str(wrong.exception)


def test_a_record_is_kept_unless_it_is_not_wanted(planned: Path) -> None:
    run("check", planned, "--no-record")
    assert not (planned.parent / "deck.plan.check.json").exists()


@pytest.mark.parametrize(
    ("words", "error", "match"),
    [
        (["--takeoff", "north"], BadInput, "--takeoff 'north'"),
        (["--pilot", "136.6,36.5"], BadInput, "is not LAT,LON"),
        (["--at", "noon"], BadInput, "--at 'noon' is no time"),
        (["--at", "2026-11-26T10:00"], BadInput, "lacks its zone"),
        (["--layer", "did"], BadInput, "NAME=FILE"),
        (["--rules", "nowhere"], NotFound, "there is no rule file"),
        (["--drone", "dji_m3"], NotFound, "no drone"),
        (["--wind-m-s", "5", "--gust-m-s", "3"], BadInput, "below the wind"),
    ],
)
def test_wrong_options_are_told(
    planned: Path, words: list[str], error: type[Exception], match: str
) -> None:
    result = run("check", planned, *words)
    assert isinstance(result.exception, error) and match in str(result.exception)


def test_unreadable_files_are_told(tmp_path: Path, planned: Path) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("no mission", encoding="utf-8")
    assert code(run("check", text)) == 2
    (tmp_path / "deck.plan.overrides.json").write_text("{", encoding="utf-8")
    broken = run("check", planned, *CALM)
    assert isinstance(broken.exception, Broken) and code(broken) == 5


def test_the_take_off_may_be_elsewhere(tmp_path: Path) -> None:
    path = tmp_path / "m.waypoints"
    write_mission(mission_through((50, 0, 20), (100, 0, 20)), path)
    lat, lon = latlon(0, 400)
    here, there = (findings(path, *CALM, "--takeoff", f"{p[0]},{p[1]}") for p in (HOME, (lat, lon)))
    minutes = [found["battery"]["facts"]["minutes"] for found in (here, there)]
    assert minutes[1] > minutes[0] + 1


def photograph(folder: Path, plan: FlightPlan, keep: set[int]) -> Path:
    """Take some photos of a plan."""
    for photo in plan.photos:
        if photo.index in keep:
            write_photo(folder / f"DJI_{photo.index:04d}.JPG", plan, photo)
    return folder


def test_gaps_are_found_in_photos_and_flown_again(planned: Path, tmp_path: Path) -> None:
    plan = deck_plan()
    card = photograph(tmp_path / "DCIM", plan, set(range(16)) - {5, 6})
    save(card / "nowhere.jpg", plan.camera, seed=99)
    (card / "broken.jpg").write_bytes(b"\xff\xd8\xff no photo")
    out = tmp_path / "second"
    result = run("gaps", tmp_path / "deck.photos.geojson", card, "--out", out, "--json")
    assert code(result) == 0, result.output
    report = json.loads(result.stdout)
    assert report["photos_missing"] == [5, 6] and report["photos_came"] == 14
    assert {one["photo"] for one in report["set_aside"]} == {"broken.jpg", "nowhere.jpg"}
    assert report["second_flight"]["new"] == 0 and 1 <= report["second_flight"]["photos"] <= 2
    assert set(report["files"]) == {path.name for path in out.iterdir()}
    assert report["elements"][0]["element"] == "deck"
    assert report["elements"][0]["unseen_m2"] > 4
    second = read_plan(out / "second.photos.geojson")
    mission = open_mission(out / "second.plan").mission
    assert mission.fence_polygons and len(second.photos) == report["second_flight"]["photos"]
    checked = run("check", out / "second.plan", *CALM)
    assert code(checked) == 0, checked.output
    polygons = json.loads((out / "gaps.geojson").read_text("utf-8"))
    total = sum(feature["properties"]["area_m2"] for feature in polygons["features"])
    open_m2 = report["elements"][0]["unseen_m2"] + report["elements"][0]["coarse_m2"]
    assert 0.9 * open_m2 <= total <= 1.5 * open_m2  # a cell shows its gravest sample
    assert (out / "gaps.svg").read_text("utf-8").startswith("<svg")


def test_a_whole_flight_needs_no_second(planned: Path, tmp_path: Path) -> None:
    plan = deck_plan()
    card = photograph(tmp_path / "DCIM", plan, set(range(16)))
    result = run("gaps", tmp_path / "deck.photos.geojson", card, "--out", tmp_path / "s")
    assert code(result) == 0 and "16 photos came, 16 were planned, 0 planned ones" in result.output


def test_gap_files_are_read_for_what_they_are(planned: Path, tmp_path: Path) -> None:
    gap = write_geojson(
        tmp_path / "gaps.geojson",
        [("Polygon", square(10, 10, 1), {"gsd_needed_mm_per_px": 25.0, "reason": "no"})],
    )
    out = tmp_path / "s"
    result = run("gaps", tmp_path / "deck.photos.geojson", gap, "--out", out)
    assert code(result) == 0 and "gaps were taken from gaps.geojson" in result.output
    assert "1 planned ones again, 0 new" in result.output
    local = write_geojson(
        tmp_path / "local.geojson", [("Polygon", square(10, 10, 1), {})], **{"tenken:crs": "LOCAL"}
    )
    refused = run("gaps", tmp_path / "deck.photos.geojson", local, "--out", out)
    assert isinstance(refused.exception, BadInput) and "local metres" in str(refused.exception)
    both = run("gaps", tmp_path / "deck.photos.geojson", gap, local, "--out", out)
    assert isinstance(both.exception, BadInput) and "not several" in str(both.exception)


def test_a_mission_is_no_plan_of_photos(planned: Path, tmp_path: Path) -> None:
    result = run("gaps", planned, planned.parent, "--out", tmp_path / "s")
    assert isinstance(result.exception, BadInput) and code(result) == 2


def test_a_plan_and_its_photos_are_repeated(planned: Path, tmp_path: Path) -> None:
    plan = deck_plan()
    from_plan = run("repeat", tmp_path / "deck.photos.geojson", "--out", tmp_path / "a.plan")
    assert code(from_plan) == 0, from_plan.output
    again = read_plan(tmp_path / "a.photos.geojson")
    assert np.allclose(again.positions_m, plan.positions_m, atol=1e-3)
    card = photograph(tmp_path / "DCIM", plan, set(range(16)))
    from_photos = run(
        "repeat", card, "--camera", "dji_p1@50", "--drone", "dji_m350", "--out",
        tmp_path / "b.kmz", "--takeoff", f"{HOME[0]},{HOME[1]}", "--name", "deck 2027", "--json",
    )  # fmt: skip
    assert code(from_photos) == 0, from_photos.output
    report = json.loads(from_photos.stdout)
    assert report["name"] == "deck 2027" and report["photos"] == 16
    shot = read_plan(tmp_path / "b.photos.geojson")
    assert np.allclose(shot.positions_m, plan.positions_m, atol=2e-3)
    assert open_mission(tmp_path / "b.kmz").mission.items


def test_photos_need_the_camera_of_the_next_flight(tmp_path: Path) -> None:
    card = photograph(tmp_path / "DCIM", deck_plan(), {0, 1})
    result = run("repeat", card, "--out", tmp_path / "b.plan")
    assert isinstance(result.exception, BadInput) and "--camera" in str(result.exception)
    nowhere = run("repeat", card, "--camera", "dji_p1@50", "--out", tmp_path / "no" / "b.plan")
    assert "there is no folder" in str(nowhere.exception)
    odd = run("repeat", card, "--camera", "dji_p1@50", "--out", tmp_path / "b.pdf")
    assert "ends in none of" in str(odd.exception)


@pytest.mark.parametrize("command", ["check", "gaps", "repeat"])
def test_help_shows_examples(command: str) -> None:
    shown = run(command, "--help").output
    assert "Examples:" in shown and f"tenken flight {command}" in shown

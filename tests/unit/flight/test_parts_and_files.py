"""Plans that one battery cannot hold: their parts, their files, and the way between the photos.

What is written on the stick is what is flown. Parts must add up to the whole, keep the reserve, and
each must begin and end at home with the camera off.
"""

import itertools
import json
import math
import re
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString, Polygon, box

from flight.checks.layout import lay_out
from flight.command import Command
from flight.course import BESIDE_DECK_M, CLOSEST_WAY_M, WAY_SHARE, ground_track, lay_course
from flight.drone import Drone, find_drone
from flight.flightplan import FlightPlan, Pattern
from flight.formats import read_mission
from flight.itinerary import FENCE_MARGIN_M, make_itinerary
from flight.partition import split
from flight.planfile import read_plan
from flight.planoutput import SUFFIXES, check_output, write_parts
from flight.tablefile import read_rows
from inspection.errors import BadInput
from tests.support.flightcommand import fly
from tests.support.flightplans import nadir_photo, small_plan
from tests.support.planned import feature, planned
from tests.support.sites import line, write


@cache
def drone() -> Drone:
    return find_drone("ardupilot_survey")


def weak(minutes: float = 4.0, items: int = 650) -> Drone:
    """Give the same drone with a smaller battery and memory."""
    return replace(drone(), flight_time_min=minutes, capacity_items=items)


def field(rows: int = 6, columns: int = 20, step_m: float = 5.0) -> FlightPlan:
    """Give rows back and forth over a field, a stop at each photo."""
    spots = [
        (row, (column if row % 2 == 0 else columns - 1 - column) * step_m)
        for row in range(rows)
        for column in range(columns)
    ]
    photos = tuple(
        nadir_photo(n, x_m, 5.0 + row * 7.0, row=row) for n, (row, x_m) in enumerate(spots)
    )
    return small_plan(photos=photos, overlap_front=0.5, drone_name="ardupilot_survey")


def places(plan: FlightPlan) -> list[tuple[float, ...]]:
    return [tuple(photo.position_m.round(6).tolist()) for photo in plan.photos]


# --- parts ---------------------------------------------------------------------------------------


@given(
    rows=st.integers(1, 6), columns=st.integers(2, 20), minutes=st.floats(2.5, 12),
    items=st.integers(30, 650), reserve=st.floats(0, 0.5),
)  # fmt: skip
@settings(max_examples=15, deadline=None)
def test_parts_add_up_to_the_whole_in_its_order(
    *, rows: int, columns: int, minutes: float, items: int, reserve: float
) -> None:
    plan, craft = field(rows, columns), weak(minutes, items)
    try:
        parts = split(plan, craft, reserve=reserve)
    except BadInput as error:
        assert "take off nearer" in str(error)
        return
    every = places(plan)
    reached = 0
    for part, itinerary in parts:
        mine = places(part)
        first = every.index(mine[0])
        assert first <= reached, "photos were left out between two parts"
        assert mine == every[first : first + len(mine)]
        reached = first + len(mine)
        assert itinerary.seconds <= minutes * 60 * (1 - reserve) + 1e-6
        assert len(itinerary.mission.items) + 1 <= items
        assert [photo.index for photo in part.photos] == list(range(len(mine)))
    assert reached == len(every)
    names = [part.name for part, _ in parts]
    wanted = [f"deck {n} of {len(parts)}" for n in range(1, len(parts) + 1)]
    assert names == (["deck"] if len(parts) == 1 else wanted)


def test_every_part_stands_for_itself() -> None:
    parts = split(field(), weak())
    assert len(parts) > 1
    for part, itinerary in parts:
        items = itinerary.mission.items
        assert items[0].command == Command.TAKEOFF
        assert items[-1].command == Command.RETURN_TO_LAUNCH
        course = lay_out(itinerary.mission)
        assert (course.photos, course.trigger_left_on) == (len(part.photos), False)
        np.testing.assert_allclose(course.legs[-1].end_m, 0, atol=1e-6)
        assert itinerary.mission.home_latlon_deg == part.origin_latlon_deg
        assert any(item.command == Command.MOUNT_CONTROL for item in items)


@pytest.mark.parametrize("reserve", [-0.01, 0.81, 1.0, 30, math.nan])
def test_a_reserve_is_a_share(reserve: float) -> None:
    with pytest.raises(BadInput, match=r"30 % is 0\.3"):
        split(field(1, 2), drone(), reserve=reserve)


def test_nothing_and_too_far_are_told() -> None:
    with pytest.raises(BadInput, match="nothing to fly"):
        split(small_plan(photos=()), drone())
    away = small_plan(photos=(nadir_photo(0, 9000.0, 0.0), nadir_photo(1, 9005.0, 0.0)))
    with pytest.raises(BadInput, match=r"from photo 0 on, 9000 m from take-off.*25 min"):
        split(away, drone())


def test_more_reserve_never_makes_fewer_parts() -> None:
    counts = [len(split(field(), weak(6), reserve=share)) for share in (0.0, 0.2, 0.4, 0.6)]
    assert counts == sorted(counts)
    assert counts[-1] > counts[0]


# --- files ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_parts_and_photos_are_written_in_every_format(tmp_path: Path, suffix: str) -> None:
    craft = replace(weak(6), wayline_name="M3E") if suffix == ".kmz" else weak(6)
    plan = replace(field(), speed_m_s=2.0)
    files, losses = write_parts(plan, craft, tmp_path / f"桁 1{suffix}")
    count = len(files) - 1
    assert [path.name for path in files] == [
        *[f"桁 1-{n}of{count}{suffix}" for n in range(1, count + 1)],
        "桁 1.photos.geojson",
    ]
    assert count > 1
    shots = 0
    for path in files[:-1]:
        mission = read_mission(path)
        shots += sum(one.command in {Command.DIGICAM_CONTROL, Command.IMAGE_START}
                     for one in mission.items)  # fmt: skip
    assert shots >= len(plan.photos)
    np.testing.assert_allclose(places(read_plan(files[-1])), places(plan), atol=0.002)
    assert losses == list(dict.fromkeys(losses)), "a loss is said once, not once a part"


def test_ten_parts_and_more_sort_by_name(tmp_path: Path) -> None:
    files, _ = write_parts(field(8, 20), weak(4, 60), tmp_path / "deck.plan")
    missions = [path.name for path in files[:-1]]
    assert len(missions) >= 10
    assert missions == sorted(missions)
    assert missions[0] == f"deck-01of{len(missions)}.plan"


def test_parts_of_an_earlier_plan_are_not_left_to_be_flown(tmp_path: Path) -> None:
    others = ["deck-3of3.kml", "deck-3of3.plan.bak", "deck-of.plan", "a-1of3.plan", "deck2.plan"]
    for name in others:
        (tmp_path / name).write_text("mine", encoding="utf-8")
    many, _ = write_parts(field(8, 20), weak(4, 60), tmp_path / "deck.plan")
    fewer, told = write_parts(field(4, 20), weak(4, 60), tmp_path / "deck.plan")
    assert 2 < len(fewer) < len(many)
    (line_,) = [loss for loss in told if "earlier plan" in loss]
    assert many[0].name in line_ and fewer[0].name not in line_
    one, told = write_parts(field(1, 5), drone(), tmp_path / "deck.plan")
    assert {path.name for path in tmp_path.iterdir()} == {*others, *(path.name for path in one)}
    assert not [loss for loss in write_parts(field(1, 5), drone(), one[0])[1] if "earlier" in loss]


def test_writing_again_writes_the_same(tmp_path: Path) -> None:
    first, _ = write_parts(field(2, 9), drone(), tmp_path / "a.plan")
    before = [path.read_bytes() for path in first]
    again, _ = write_parts(field(2, 9), drone(), tmp_path / "a.plan")
    assert [path.read_bytes() for path in again] == before


@pytest.mark.parametrize(
    ("name", "reason"),
    [("a.pln", "ends in none of"), ("a", "ends in none of"), ("a.PLAN", None), (".plan", "none of"),
     ("no/such/a.plan", "there is no folder"), ("a.photos.geojson", None)],
)  # fmt: skip
def test_where_a_mission_can_be_written(tmp_path: Path, name: str, reason: str | None) -> None:
    if reason is None:
        check_output(tmp_path / name)
    else:
        with pytest.raises(BadInput, match=reason):
            check_output(tmp_path / name)


# --- ways ----------------------------------------------------------------------------------------


@given(
    corners=st.lists(
        st.tuples(st.integers(-30, 30), st.integers(12, 40)), min_size=2, max_size=4, unique=True
    ),
    top_m=st.floats(5, 12),
)
@settings(max_examples=10, deadline=None)
def test_the_way_between_photos_keeps_off_the_structure(
    corners: list[tuple[int, int]], top_m: float
) -> None:
    wall = LineString(corners)
    if wall.length < 3 or not wall.is_simple:
        return
    try:
        plan = planned(Pattern.FACADE, feature(wall, bottom_m=0, top_m=top_m), gsd_mm=0.8)
    except BadInput as error:
        assert "closer than" in str(error)
        return
    steps = lay_course(plan)
    standoff_m = min(photo.distance_m for photo in plan.photos)
    for one, other in itertools.pairwise(steps):
        if one.release and other.release and other.along_row:
            continue  # a row is where it was planned to be
        way = np.linspace(one.position_m, other.position_m, 60)
        away = shapely.distance(shapely.points(way[:, :2]), wall)
        ends_m = min(away[0], away[-1])  # in an inner corner a photo itself is nearer
        nearest_m = away[way[:, 2] < top_m].min(initial=math.inf)
        assert nearest_m >= min(WAY_SHARE * standoff_m, ends_m) - 0.4


@given(
    size=st.tuples(st.floats(4, 25), st.floats(4, 12)),
    off=st.tuples(st.floats(-20, 20), st.floats(-20, 20)),
)
@settings(max_examples=15, deadline=None)
def test_below_a_deck_the_drone_comes_and_goes_from_the_side(
    size: tuple[float, float], off: tuple[float, float]
) -> None:
    deck = box(off[0], off[1], off[0] + size[0], off[1] + size[1])
    plan = planned(
        Pattern.SOFFIT, feature(deck, height_m=9), camera="dji_p1@35", gsd_mm=0.6,
        drone="ardupilot_upward",
    )  # fmt: skip
    first, *_, last = lay_course(plan)
    for end in (first, last):
        assert deck.distance(shapely.Point(end.position_m[:2])) == pytest.approx(
            BESIDE_DECK_M, abs=0.05
        )
        home = LineString([(0, 0), end.position_m[:2]])
        if not deck.buffer(0.1).covers(shapely.Point(0, 0)):
            assert home.intersection(deck).length < 0.1


@pytest.mark.parametrize("margin_m", [5.0, FENCE_MARGIN_M, 40.0])
def test_the_fence_holds_the_course_with_its_margin_and_few_corners(margin_m: float) -> None:
    itinerary = make_itinerary(field(), drone(), fence_margin_m=margin_m)
    (fence,) = itinerary.mission.fence_polygons
    plan = field()
    corners = plan.frame.to_enu_m([[lon, lat, 0] for lat, lon in fence.vertices_latlon_deg])
    area = Polygon(corners[:, :2])
    track = ground_track(itinerary.steps)
    assert area.is_valid
    assert area.contains(track)
    assert area.exterior.distance(track) >= 0.9 * margin_m
    assert track.convex_hull.buffer(1.5 * margin_m).contains(area)
    assert len(fence.vertices_latlon_deg) <= 60


def test_no_two_waypoints_stand_in_one_place() -> None:
    for plan in (field(), planned(Pattern.AREA, feature(box(0, 0, 30, 20)), gsd_mm=1)):
        steps = lay_course(plan)
        gaps = [
            float(np.linalg.norm(one.position_m - other.position_m))
            for one, other in itertools.pairwise(steps)
            if not (one.release and other.release)
        ]
        assert min(gaps, default=math.inf) > CLOSEST_WAY_M / 10


# --- the command ---------------------------------------------------------------------------------


def own_drone(folder: Path, **changes: Any) -> Path:
    rows = read_rows("drones.yaml", "drones")
    (row,) = [row for row in rows if row["code"] == "ardupilot_survey"]
    path = folder / "drones.yaml"
    path.write_text(
        yaml.safe_dump({"version": 1, "drones": [dict(row) | changes]}, allow_unicode=True), "utf-8"
    )
    return path


def test_parts_on_the_command_line_are_told_and_checked_one_by_one(tmp_path: Path) -> None:
    site = write(
        tmp_path / "wall.geojson", line([(0, 20), (14, 20)], name="A1", bottom_m=3, top_m=9)
    )
    drones = own_drone(tmp_path, flight_time_min=6)
    ran = fly(
        "plan", "facade", site, "--camera", "dji_p1@50", "--gsd-mm-per-px", "0.3", "--drones",
        drones, "--takeoff", "36.594606,136.625669", "--out", tmp_path / "wall.plan", "--json",
    )  # fmt: skip
    assert (ran.code, ran.said) == (0, "")
    report = json.loads(ran.out)
    *missions, photo_file = report["files"]
    assert len(report["parts"]) == len(missions) > 1
    assert photo_file == "wall.photos.geojson"
    assert all(part["minutes"] <= 6 * 0.7 + 0.01 for part in report["parts"])
    assert sum(part["photos"] for part in report["parts"]) >= report["photos"]
    passed = 0
    for name in missions:
        checked = fly("check", tmp_path / name, "--json", "--no-record", "--wind-m-s", 2)
        found = {one["check"]: one for one in json.loads(checked.out)["findings"]}
        assert found["photos"]["facts"]["planned"] == report["photos"]
        passed += found["photos"]["facts"]["passed"]
    assert passed >= report["photos"]


def test_the_words_name_the_first_and_the_last_of_many_parts(tmp_path: Path) -> None:
    site = write(
        tmp_path / "wall.geojson", line([(0, 20), (30, 20)], name="A1", bottom_m=3, top_m=12)
    )
    drones = own_drone(tmp_path, flight_time_min=5)
    ran = fly(
        "plan", "facade", site, "--camera", "dji_p1@50", "--gsd-mm-per-px", "0.4", "--drones",
        drones, "--out", tmp_path / "wall.plan",
    )  # fmt: skip
    files = re.findall(r"^file +(\S+)$", ran.out, re.MULTILINE)
    (count,) = re.findall(r"(\d+) parts, the longest", ran.out)
    assert int(count) > 4
    assert files[2] == "…"
    assert files[-1] == "wall.photos.geojson"
    assert files[-2].endswith(f"of{count}.plan")
    assert len(list(tmp_path.glob("wall-*of*.plan"))) == int(count)

"""Obstacles, zones and ground as files of users draw them: what they mean, in metres by hand.

A bridge is drawn once by hand and then believed for years. A wrong sign or a missing height must be
told, and never make the bridge thinner.
"""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString, Point, Polygon, box
from shapely.geometry.base import BaseGeometry

from flight.checks.clearance import CABLE_ROTORS, GRAIN_M, check_structures, check_terrain
from flight.checks.finding import Outcome
from flight.checks.homeward import check_homeward
from flight.checks.nearest import nearest_approach
from flight.checks.sight import look, sight_limit_m
from flight.checks.structure import (
    ENDLESS_M,
    HeightReference,
    Obstacle,
    build_obstacles,
    nearest_to,
    surface_obstacle,
)
from flight.checks.terrain import Terrain
from flight.checks.zone import build_zones, zones_met
from inspection.errors import BadInput
from tests.support.courses import FRAME, course_through
from tests.support.planned import feature

BLOCK = box(20, -5, 30, 5)
OPTIONS = ("reference", "takeoff_msl_m", "ground", "endless_without_height")


def obstacle(shape: BaseGeometry, **fields: Any) -> Obstacle:
    name = fields.pop("name", "pier")
    options = {key: fields.pop(key) for key in OPTIONS if key in fields}
    return build_obstacles([feature(shape, name, **fields)], FRAME, **options)[0]


def gap_m(one: Obstacle, start: tuple[float, ...], end: tuple[float, ...] | None = None) -> float:
    """Measure how near a straight piece comes to an obstacle."""
    starts, ends = np.array([start]), np.array([start if end is None else end])
    return float(nearest_to(starts, ends, [one], 500.0).distance_m[0])


# --- shapes and heights --------------------------------------------------------------------------

# shape, fields, place, distance by hand
BY_HAND: list[tuple[BaseGeometry, dict[str, Any], tuple[float, float, float], float]] = [
    (BLOCK, {"height_m": 10}, (10, 0, 5), 10.0),  # beside it
    (BLOCK, {"height_m": 10}, (25, 0, 14), 4.0),  # above it
    (BLOCK, {"height_m": 10}, (25, 0, 5), 0.0),  # in it
    (BLOCK, {"height_m": 10}, (17, 9, 10), 5.0),  # 3-4-5 off its corner
    (BLOCK, {"height_m": 10}, (17, 9, 22), 13.0),  # 3-4-12
    (BLOCK, {"bottom_m": 8, "top_m": 10}, (25, 0, 3), 5.0),  # below a deck
    (BLOCK, {"height_m": 10, "radius_m": 2}, (10, 0, 5), 8.0),  # railings round it
    (BLOCK, {"top_m": 10}, (25, 0, -3), 3.0),  # stands on the ground
    (LineString([(20, -5), (20, 5)]), {"height_m": 4}, (17, 0, 2), 3.0),  # a wall
    (LineString([(20, -5), (20, 5)]), {"height_m": 4}, (17, 0, 8), 5.0),
    (LineString([(20, -5), (20, 5)]), {"top_m": 9, "kind": "cable"}, (20, 0, 4), 5.0),  # a wire
    (LineString([(20, -5), (20, 5)]), {"top_m": 9, "kind": "cable"}, (23, 0, 5), 5.0),
    (Point(20, 0), {"height_m": 12}, (20, 5, 6), 5.0),  # a pole
    (Point(20, 0), {"height_m": 12, "radius_m": 0.5}, (20, 5, 6), 4.5),
    (Point(20, 0), {"height_m": 12}, (20, 3, 16), 5.0),
    (Polygon(BLOCK.exterior, [box(23, -2, 27, 2).exterior]), {"height_m": 9}, (25, 0, 4), 2.0),
]


@pytest.mark.parametrize(("shape", "fields", "place", "expected"), BY_HAND)
def test_golden_distances_by_hand(
    shape: BaseGeometry,
    fields: dict[str, Any],
    place: tuple[float, float, float],
    expected: float,
) -> None:
    assert gap_m(obstacle(shape, **fields), place) == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize("radius_m", [-0.01, -2, -1000])
def test_nothing_is_thinner_than_nothing(radius_m: float) -> None:
    for shape in (BLOCK, LineString([(0, 0), (9, 0)]), Point(0, 0)):
        with pytest.raises(BadInput, match=r"'pier': radius_m -.* must be 0 m or more"):
            obstacle(shape, height_m=5, radius_m=radius_m)
        with pytest.raises(BadInput, match=r"zone 'x': radius_m"):
            build_zones([feature(shape, "x", radius_m=radius_m)], FRAME)


@given(radius_m=st.floats(0, 20), off_m=st.floats(0, 60))
@settings(max_examples=40)
def test_thickness_takes_just_itself_off_the_room(radius_m: float, off_m: float) -> None:
    bare, thick = (obstacle(BLOCK, height_m=10, radius_m=r) for r in (0, radius_m))
    place = (20 - off_m, 0.0, 5.0)
    assert gap_m(thick, place) == pytest.approx(max(0.0, gap_m(bare, place) - radius_m), abs=1e-6)


@pytest.mark.parametrize(
    ("reference", "options", "top"),
    [
        (HeightReference.TAKEOFF, {}, 10.0),
        (HeightReference.MSL, {"takeoff_msl_m": 40.0}, -30.0),
        (HeightReference.MSL, {"takeoff_msl_m": -3.0}, 13.0),
        (HeightReference.GROUND, {}, 10.0),
        (HeightReference.GROUND, {"ground": lambda xy: np.full(len(xy), -6.0)}, 4.0),
        (HeightReference.GROUND, {"ground": lambda xy: np.full(len(xy), np.nan)}, 10.0),
    ],
)
def test_heights_count_from_where_it_is_said(
    reference: HeightReference, options: dict[str, Any], top: float
) -> None:
    one = obstacle(BLOCK, bottom_m=9, top_m=10, reference=reference, **options)
    heights = one.triangles_m[:, :, 2]
    assert (heights.max(), heights.min()) == pytest.approx((top, top - 1))


def test_what_stands_in_a_valley_reaches_down_to_its_lowest_corner() -> None:
    def slope(xy: np.ndarray) -> np.ndarray:
        return np.asarray(-xy[:, 0] / 2)  # falls half a metre a metre to the east

    one = obstacle(BLOCK, height_m=30, ground=slope)
    heights = one.triangles_m[:, :, 2]
    assert (heights.min(), heights.max()) == pytest.approx((-15.0, 15.0), abs=1e-3)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({}, "states no height"),
        ({"bottom_m": 3}, "states no height"),
        ({"top_m": 2, "bottom_m": 3}, r"top \(2.00 m\) lies below its bottom \(3.00 m"),
        ({"height_m": -4}, "lies below its bottom"),
        ({"height_m": "tall"}, "height_m is 'tall', no number"),
        ({"top_m": "inf"}, "not finite"),
        ({"top_m": [3]}, "no number"),
        ({"top_m": 5, "radius_m": "thick"}, "radius_m is 'thick'"),
    ],
)
def test_a_structure_that_cannot_stand_is_told_by_name(fields: dict[str, Any], reason: str) -> None:
    with pytest.raises(BadInput, match=rf"'pier'.*{reason}"):
        obstacle(BLOCK, **fields)


@pytest.mark.parametrize("digits", ["12", " 12 ", "１２", "12.0", 12])
def test_a_height_may_be_written_as_people_write_it(digits: object) -> None:
    assert obstacle(BLOCK, height_m=digits).triangles_m[:, :, 2].max() == 12.0


def test_things_of_others_without_height_reach_as_far_as_anybody_flies() -> None:
    one = obstacle(BLOCK, endless_without_height=True)
    assert one.triangles_m[:, :, 2].max() == ENDLESS_M
    assert gap_m(one, (10, 0, 900)) == pytest.approx(10.0, abs=1e-3)


@given(
    start=st.tuples(*[st.floats(-40, 60)] * 2, st.floats(0, 40)),
    end=st.tuples(*[st.floats(-40, 60)] * 2, st.floats(0, 40)),
)
@settings(max_examples=40, deadline=None)
def test_the_nearest_of_many_is_the_nearest_of_each(
    start: tuple[float, ...], end: tuple[float, ...]
) -> None:
    shapes = [
        obstacle(BLOCK, height_m=10, name="block"),
        obstacle(LineString([(-20, 0), (0, 20)]), top_m=30, kind="cable", name="wire"),
        obstacle(Point(5, -20), height_m=15, radius_m=0.4, name="pole"),
    ]
    together = nearest_to(np.array([start]), np.array([end]), shapes, 500.0)
    alone = [gap_m(one, start, end) for one in shapes]
    assert together.distance_m[0] == pytest.approx(min(alone))
    backwards = nearest_to(np.array([end]), np.array([start]), shapes[::-1], 500.0)
    # a piece that begins inside of a solid has no room, from whichever end it is flown
    if min(alone) > 0 and backwards.distance_m[0] > 0:
        assert backwards.distance_m[0] == pytest.approx(min(alone), abs=1e-9)


# --- the finding ---------------------------------------------------------------------------------


@pytest.mark.parametrize("least_m", [2.0, 3.0, 4.0])
@pytest.mark.parametrize(
    ("off", "outcome"), [(-0.02, Outcome.REFUSE), (0.0, Outcome.PASS), (0.02, Outcome.PASS)]
)
def test_the_limit_itself_is_far_enough(least_m: float, off: float, outcome: Outcome) -> None:
    wall = obstacle(LineString([(0, 30), (60, 30)]), height_m=40)
    y = 30 - least_m - off
    found = check_structures(course_through((5, y, 10), (50, y, 10)), [wall], least_m=least_m)
    assert found.outcome is outcome
    assert found.facts["room_m"] == pytest.approx(least_m + off, abs=GRAIN_M + 0.005)


@pytest.mark.parametrize("rotor_m", [None, 0.24, 0.53, 1.5, 3.0])
def test_a_cable_needs_one_and_a_half_rotors_where_that_is_more(rotor_m: float | None) -> None:
    """Domain §6.3: 1.5 × the rotor from cables, and never less than from other structures."""
    limit = max(2.0, CABLE_ROTORS * (rotor_m or 0.0))
    for off, outcome in ((-0.05, Outcome.REFUSE), (0.05, Outcome.PASS)):
        wire = obstacle(LineString([(0, 30), (60, 30)]), top_m=10 - limit - off, kind="cable")
        found = check_structures(
            course_through((5, 30, 10), (50, 30, 10)), [wire], least_m=2.0, rotor_m=rotor_m
        )
        assert found.outcome is outcome
        assert found.facts["least_m"] == pytest.approx(limit)


def test_take_off_may_touch_the_deck_that_is_seen_but_not_a_wall() -> None:
    deck = surface_obstacle("deck", np.array([[[-20, -20, 0], [20, -20, 0], [0, 40, 0]]], float))
    course = course_through((0, 0, 9), (5, 5, 9))
    assert check_structures(course, [deck], least_m=3.0).outcome is Outcome.PASS
    wall = obstacle(LineString([(1, -5), (1, 5)]), height_m=4)
    found = check_structures(course, [deck, wall], least_m=3.0)
    assert (found.outcome, found.facts["structure"]) == (Outcome.REFUSE, "pier")


# --- ground, way home, sight ---------------------------------------------------------------------


def terrain(height_m: np.ndarray | float = 0.0) -> Terrain:
    """Give ground of 400 × 400 m round take-off, a node each 4 m."""
    heights = np.broadcast_to(np.asarray(height_m, dtype=np.float64), (101, 101)).copy()
    return Terrain(corner_m=(-200.0, -200.0), step_m=4.0, height_m=heights, name="dem.tif")


@pytest.mark.parametrize("height_m", [2.99, 3.0, 10.0, 32.9, 200.0])
def test_golden_room_over_level_ground(height_m: float) -> None:
    found = check_terrain(
        course_through((20, 0, height_m), (50, 0, height_m)), terrain(), least_m=3
    )
    assert found.outcome is (Outcome.REFUSE if height_m < 2.995 else Outcome.PASS)
    if height_m < 33:
        assert found.facts["room_m"] == pytest.approx(height_m, abs=0.06)


def test_ground_that_ends_below_the_course_is_told_in_per_cent() -> None:
    known = terrain()
    known.height_m[:, 60:] = np.nan  # beyond 36 m east
    found = check_terrain(course_through((1, 0, 15), (136, 0, 15)), known, least_m=3.0)
    assert (found.outcome, found.reason) == (Outcome.WARN, "terrain.gap")
    assert float(found.facts["unknown_percent"]) == pytest.approx(74, abs=3)


@given(
    places=st.lists(
        st.tuples(st.floats(-150, 150), st.floats(-150, 150), st.floats(0.5, 60)), min_size=1,
        max_size=6,
    ),
    seed=st.integers(0, 9),
)  # fmt: skip
@settings(max_examples=8, deadline=None)
def test_the_approach_to_rough_ground_is_that_of_a_thousand_looks(
    places: list[tuple[float, float, float]], seed: int
) -> None:
    ground = terrain(np.random.default_rng(seed).uniform(-5, 20, (101, 101)))
    starts = np.array(places)
    ends = np.roll(starts, 1, axis=0) + np.array([1.0, 0.5, 0.25])

    def distance(points: np.ndarray) -> np.ndarray:
        return ground.distance_m(points, 40.0)

    found = nearest_approach(starts, ends, distance, enough_m=40.0)
    for start, end, least in zip(starts, ends, found.distance_m, strict=True):
        looked = distance(start + np.linspace(0, 1, 1000)[:, None] * (end - start))
        assert least <= looked.min() + 0.051 + 1e-9
        assert least >= looked.min() - np.linalg.norm(end - start) / 1000


@pytest.mark.parametrize(("height_m", "room"), [(15.0, False), (33.0, True)])
def test_the_way_home_over_a_tower_is_clear_above_it(height_m: float, room: bool) -> None:
    tower = obstacle(box(28, -3, 32, 3), height_m=30, name="塔")
    course = course_through((60, 0, 5), (60, 10, 5))
    found = check_homeward(
        course, terrain=None, obstacles=[tower], least_m=3.0, return_height_m=height_m
    )
    assert (found.outcome is Outcome.PASS) == room
    assert (found.facts.get("structure") == "塔") == (not room)


@pytest.mark.parametrize(
    ("span_m", "limit_m"), [(0.24, 98.48), (0.62, 222.74), (1.1, 379.7), (1.4, 477.8)]
)
def test_golden_sight_of_a_craft(span_m: float, limit_m: float) -> None:
    """327 × size + 20 m."""
    assert sight_limit_m(span_m) == pytest.approx(limit_m)


def test_the_farthest_place_is_measured_from_the_eye() -> None:
    seen = look(course_through((30, 40, 0.0001)), np.array([0, 0, 0.0]), terrain=None, obstacles=[])
    assert seen.farthest_m == pytest.approx(math.hypot(50, 15), abs=0.01)  # it climbs to return
    assert seen.hidden == ()


# --- zones ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shape", "radius_m", "touched"),
    [
        (box(40, -5, 45, 5), None, True),
        (box(51, -5, 55, 5), None, False),
        (box(51, -5, 55, 5), 1.5, True),
        (Point(30, 9), 8.9, False),
        (Point(30, 9), 9.1, True),
        (LineString([(10, 3), (40, 3)]), 2.9, False),
        (LineString([(10, 3), (40, 3)]), 3.1, True),
        (box(-90, -90, 90, 90), 0, True),  # all within
    ],
)
def test_golden_zones(shape: BaseGeometry, radius_m: float | None, touched: bool) -> None:
    course = course_through((10, 0, 20), (50, 0, 20))
    zones = build_zones([feature(shape, "z", radius_m=radius_m, ask="役場")], FRAME)
    met = zones_met(course, zones)
    assert bool(met) == touched
    if touched:
        assert (met[0].zone.ask, met[0].items == tuple(sorted(set(met[0].items)))) == ("役場", True)


def test_a_zone_without_extent_covers_nothing_and_is_told(tmp_path: Path) -> None:
    for shape in (Point(0, 0), LineString([(0, 0), (5, 5)])):
        with pytest.raises(BadInput, match="it covers nothing"):
            build_zones([feature(shape, "z")], FRAME)

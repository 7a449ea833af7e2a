"""Room between the legs and ground or structures: nothing between two waypoints is missed."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flight.checks.clearance import check_structures, check_takeoff_height, check_terrain
from flight.checks.finding import Outcome
from flight.checks.homeward import check_homeward
from flight.checks.layout import lay_out
from flight.checks.structure import (
    HeightReference,
    Obstacle,
    build_obstacles,
    nearest,
    surface_obstacle,
)
from flight.checks.terrain import Terrain, read_terrain
from flight.checks.words import Language, reason
from inspection.errors import BadInput
from inspection.geo.frames import to_crs
from tests.support.courses import (
    FRAME,
    course_through,
    features_of,
    item,
    latlon,
    lonlats,
    mission_through,
    square,
    takeoff,
    write_dem,
)


def flat_ground(height_m: float = 0.0, *, half_m: float = 300.0, step_m: float = 5.0) -> Terrain:
    """Give level ground around home, heights above take-off."""
    count = int(2 * half_m / step_m) + 1
    return Terrain(
        corner_m=(-half_m, -half_m), step_m=step_m, height_m=np.full((count, count), height_m)
    )


def block(x_m: float, y_m: float, half_m: float, bottom_m: float, top_m: float) -> Obstacle:
    """Give an upright block."""
    import shapely

    from flight.checks.structure import _prism

    outline = shapely.box(x_m - half_m, y_m - half_m, x_m + half_m, y_m + half_m)
    return Obstacle(
        name="pier",
        kind="structure",
        triangles_m=_prism(outline, bottom_m, top_m),
        body=(outline, bottom_m, top_m),
    )


def test_a_ridge_between_two_waypoints_is_found() -> None:
    """Both waypoints are 20 m above ground; half way a ridge one cell wide stands 19 m high."""
    ground = flat_ground()
    height = ground.height_m.copy()
    height[:, 80] = 19.0  # x = 100 m
    ridge = Terrain(corner_m=ground.corner_m, step_m=5.0, height_m=height)
    course = course_through((0, 0, 20), (200, 0, 20))
    found = check_terrain(course, ridge, least_m=2.0)
    assert found.outcome is Outcome.REFUSE
    assert found.facts["room_m"] == pytest.approx(1.0, abs=0.06)
    assert found.items == (3, 4)  # on the way out and on the way back
    assert check_terrain(course, ground, least_m=2.0).outcome is Outcome.PASS


def test_a_cliff_beside_a_leg_counts_like_the_ground_below() -> None:
    ground = flat_ground()
    height = ground.height_m.copy()
    height[:, 66:] = 100.0  # from x = 27.5 m on
    cliff = Terrain(corner_m=ground.corner_m, step_m=5.0, height_m=height)
    along = check_terrain(course_through((25, -100, 50), (25, 100, 50)), cliff, least_m=3.0)
    assert along.outcome is Outcome.REFUSE
    assert along.facts["room_m"] == pytest.approx(2.5, abs=0.06)
    off = check_terrain(course_through((20, -100, 50), (20, 100, 50)), cliff, least_m=3.0)
    assert off.outcome is Outcome.PASS
    assert off.facts["room_m"] == pytest.approx(7.5, abs=0.06)


@given(st.floats(1.0, 60.0), st.floats(-200, 200), st.floats(-200, 200))
@settings(max_examples=25, deadline=None)
def test_over_level_ground_the_room_is_the_height(height_m: float, x: float, y: float) -> None:
    found = check_terrain(
        course_through((x, y, height_m), (y, x, height_m)), flat_ground(), least_m=3.0
    )
    room_m = float(found.facts["room_m"])
    assert room_m == pytest.approx(min(height_m, 33.0), abs=0.06)
    assert (found.outcome is Outcome.REFUSE) == (height_m < 3.0 - 0.005)


def test_without_a_dem_nothing_is_claimed() -> None:
    found = check_terrain(course_through((9, 9, 9)), None, least_m=3.0)
    assert (found.outcome, found.reason) == (Outcome.WARN, "terrain.none")


def test_a_hole_in_the_dem_is_told() -> None:
    ground = flat_ground()
    height = ground.height_m.copy()
    height[:, 70:90] = np.nan
    found = check_terrain(
        course_through((0, 0, 20), (200, 0, 20)),
        Terrain(corner_m=ground.corner_m, step_m=5.0, height_m=height),
        least_m=3.0,
    )
    assert (found.outcome, found.reason) == (Outcome.WARN, "terrain.gap")
    assert 45 < float(found.facts["unknown_percent"]) < 60


def test_a_dem_is_read_where_the_course_is(tmp_path: Path) -> None:
    """A plane in the UTM zone, whose north is turned by about a degree against that of home."""
    step = 2.0
    lat, lon = latlon(0, 0)
    home = to_crs([[lon, lat]], "EPSG:4326", "EPSG:32653")[0]
    lat, lon = latlon(-200, 200)
    corner = to_crs([[lon, lat]], "EPSG:4326", "EPSG:32653")[0] - home
    rows, columns = np.mgrid[0:200, 0:200]
    x, y = corner[0] + (columns + 0.5) * step, corner[1] - (rows + 0.5) * step
    dem = write_dem(
        tmp_path / "dem.tif", 50 + 0.1 * x + 0.05 * y, west_m=-200, north_m=200, step_m=step
    )
    terrain = read_terrain(dem, FRAME, (-100, -80, 120, 90))
    assert terrain.step_m == 1.0
    spots = np.array([[0.0, 0.0], [100.0, 0.0], [0.0, 80.0], [-90.0, -70.0]])
    there = to_crs([latlon(*spot)[::-1] for spot in spots], "EPSG:4326", "EPSG:32653") - home
    assert terrain.ground_m(spots) == pytest.approx(50 + there @ [0.1, 0.05], abs=0.002)
    assert terrain.above(50.0).ground_m(spots)[0] == pytest.approx(0.0, abs=0.002)


def test_a_wrong_dem_is_refused_with_a_reason(tmp_path: Path) -> None:
    far = write_dem(
        tmp_path / "far.tif", np.zeros((20, 20)), west_m=90_000, north_m=90_000, step_m=5
    )
    with pytest.raises(BadInput, match=r"far\.tif does not cover the mission"):
        read_terrain(far, FRAME, (-50, -50, 50, 50))
    empty = write_dem(
        tmp_path / "empty.tif", np.full((90, 90), -9999.0), west_m=-200, north_m=200, step_m=5
    )
    with pytest.raises(BadInput, match=r"empty\.tif does not cover the mission"):
        read_terrain(empty, FRAME, (-50, -50, 50, 50))
    text = tmp_path / "dem.txt"
    text.write_text("no raster")
    with pytest.raises(BadInput, match=r"dem\.txt cannot be read as a raster"):
        read_terrain(text, FRAME, (-50, -50, 50, 50))


def test_a_structure_between_two_waypoints_is_found() -> None:
    pier = block(100, 0, 1.0, -5, 12)
    course = course_through((0, 2.5, 10), (200, 2.5, 10))
    found = check_structures(course, [pier], least_m=3.0)
    assert (found.outcome, found.reason) == (Outcome.REFUSE, "structure.near")
    assert found.facts["room_m"] == 1.5 and found.facts["structure"] == "pier"
    assert 3 in found.items


@given(st.floats(0, 20), st.floats(0, 20), st.floats(2, 30), st.sampled_from([2.0, 3.0, 4.0]))
@settings(max_examples=60, deadline=None)
def test_moving_a_leg_farther_from_a_structure_never_makes_the_check_worse(
    off_m: float, farther_m: float, height_m: float, least_m: float
) -> None:
    pier = block(0, 60, 2.0, -5, 20)

    def gravity(y_m: float) -> tuple[int, float]:
        """Fly past on the near side."""
        course = course_through((-50, y_m, height_m), (50, y_m, height_m))
        found = check_structures(course, [pier], least_m=least_m)
        return found.outcome.gravity, float(found.facts.get("room_m", 99.0))

    near, far = gravity(58 - off_m), gravity(58 - off_m - farther_m)
    assert far[0] <= near[0]
    assert far[1] >= near[1] - 1e-6


@given(st.floats(-3, 25))
@settings(max_examples=40, deadline=None)
def test_the_room_beside_a_block_is_exact(off_m: float) -> None:
    course = course_through((-50, 58 - off_m, 10), (50, 58 - off_m, 10))
    met = nearest(course, [block(0, 60, 2.0, -5, 20)], 100.0)
    assert met.distance_m.min() == pytest.approx(max(0.0, off_m), abs=1e-6)


def test_a_climb_beside_a_block_is_measured_too() -> None:
    course = course_through((0, 0, 40))
    met = nearest(course, [block(0, 6, 2.0, 20, 30)], 100.0)
    assert met.distance_m[0] == pytest.approx(4.0)


def test_a_leg_wholly_inside_of_a_block_has_no_room() -> None:
    course = course_through((0, 60, 10), (1, 60, 10))
    met = nearest(course, [block(0, 60, 20.0, -50, 50)], 100.0)
    assert met.distance_m[2] == 0.0


def test_a_cable_keeps_one_and_a_half_rotors_away(tmp_path: Path) -> None:
    wire = lonlats([(30, -50), (30, 50)])
    about = {"name": "wire", "kind": "cable", "top_m": 20}
    features = features_of(tmp_path, ("LineString", wire, about))
    cables = build_obstacles(features, FRAME)
    below = course_through((0, 0, 16.5), (60, 0, 16.5))
    small = check_structures(below, cables, least_m=3.0, rotor_m=0.5)
    assert small.outcome is Outcome.PASS and small.facts["room_m"] == pytest.approx(3.5, abs=0.01)
    large = check_structures(below, cables, least_m=3.0, rotor_m=2.5)
    assert large.outcome is Outcome.REFUSE and large.facts["least_m"] == 3.75


def test_a_far_wall_does_not_hide_a_near_cable(tmp_path: Path) -> None:
    """The wall is the nearest of all, but far enough; the cable needs more and has not."""
    features = features_of(
        tmp_path,
        ("Polygon", square(30, 4.6, 1.0), {"name": "wall", "height_m": 40}),
        ("LineString", lonlats([(30, -3.7), (30, -9)]), {"kind": "cable", "top_m": 10}),
    )
    course = course_through((0, 0, 10), (60, 0, 10))
    found = check_structures(course, build_obstacles(features, FRAME), least_m=3.0, rotor_m=2.6)
    assert found.outcome is Outcome.REFUSE
    assert found.facts["least_m"] == pytest.approx(3.9)


def test_poles_walls_and_decks_are_built_from_their_heights(tmp_path: Path) -> None:
    features = features_of(
        tmp_path,
        ("Point", lonlats([(50, 0)])[0], {"name": "pole", "height_m": 12, "radius_m": 0.5}),
        ("LineString", lonlats([(0, 50), (100, 50)]), {"name": "wall", "bottom_m": 2, "top_m": 9}),
        ("Polygon", square(200, 0, 10), {"name": "deck", "bottom_m": 20, "top_m": 21}),
    )
    pole, wall, deck = build_obstacles(features, FRAME)
    past_pole = nearest(course_through((0, 4, 10), (100, 4, 10)), [pole], 50.0)
    assert past_pole.distance_m[2] == pytest.approx(3.5, abs=0.01)
    over_wall = nearest(course_through((50, 0, 15), (50, 100, 15)), [wall], 50.0)
    assert over_wall.distance_m[2] == pytest.approx(6.0, abs=0.01)
    under_deck = nearest(course_through((200, -40, 17), (200, 40, 17)), [deck], 50.0)
    assert under_deck.distance_m[2] == pytest.approx(3.0, abs=0.01)


def test_heights_count_from_where_the_file_says(tmp_path: Path) -> None:
    features = features_of(tmp_path, ("Polygon", square(50, 0, 5), {"name": "d", "top_m": 60}))
    sea = build_obstacles(features, FRAME, reference=HeightReference.MSL, takeoff_msl_m=40.0)
    assert sea[0].body is not None and sea[0].body[2] == 20.0

    def slope(points: np.ndarray) -> np.ndarray:
        """Rise to the east."""
        return np.asarray(points[:, 0] * 0.1)

    ground = build_obstacles(features, FRAME, reference=HeightReference.GROUND, ground=slope)
    assert ground[0].body is not None
    assert ground[0].body[1:] == pytest.approx((4.5, 64.5), abs=0.01)
    with pytest.raises(BadInput, match="--takeoff-msl-m"):
        build_obstacles(features, FRAME, reference=HeightReference.MSL)


def test_a_structure_without_height_is_refused_by_name(tmp_path: Path) -> None:
    bare = features_of(tmp_path, ("Polygon", square(50, 0, 5), {"name": "Pier 3"}))
    with pytest.raises(BadInput, match="'Pier 3' states no height"):
        build_obstacles(bare, FRAME)
    endless = build_obstacles(bare, FRAME, endless_without_height=True)
    high = nearest(course_through((0, 0, 300), (100, 0, 300)), endless, 50.0)
    assert high.distance_m.min() == 0.0
    upside = features_of(
        tmp_path, ("Polygon", square(50, 0, 5), {"name": "P", "bottom_m": 9, "top_m": 3})
    )
    with pytest.raises(BadInput, match="its top"):
        build_obstacles(upside, FRAME)
    words = features_of(tmp_path, ("Polygon", square(50, 0, 5), {"name": "P", "top_m": "high"}))
    with pytest.raises(BadInput, match="top_m is 'high', no number"):
        build_obstacles(words, FRAME)


def test_nothing_given_is_nothing_claimed() -> None:
    found = check_structures(course_through((9, 9, 9)), [], least_m=3.0)
    assert (found.outcome, found.reason) == (Outcome.WARN, "structure.none")
    far = check_structures(course_through((9, 9, 9)), [block(900, 0, 5, 0, 9)], least_m=3.0)
    assert (far.outcome, far.reason) == (Outcome.PASS, "structure.far")


def test_a_surface_of_triangles_is_kept_away_from() -> None:
    wall = np.array([[[-20, 30, 0], [20, 30, 0], [20, 30, 15.0]]])
    found = check_structures(
        course_through((-20, 27.5, 8), (20, 27.5, 8)), [surface_obstacle("face", wall)], least_m=2.0
    )
    assert found.outcome is Outcome.PASS and found.facts["room_m"] == 2.5


def test_the_way_home_over_a_tower_is_told() -> None:
    tower = block(50, 0, 3.0, 0, 30)
    course = course_through((0, 40, 10), (100, 40, 10), (100, 0, 10), (100, 40, 10), (0, 40, 10))
    low = check_homeward(course, terrain=None, obstacles=[tower], least_m=3.0, return_height_m=15.0)
    assert (low.outcome, low.reason) == (Outcome.WARN, "return_height.low")
    assert low.facts["structure"] == "pier" and low.facts["places"] == 1
    high = check_homeward(
        course, terrain=None, obstacles=[tower], least_m=3.0, return_height_m=40.0
    )
    assert high.outcome is Outcome.PASS
    unknown = check_homeward(course, terrain=None, obstacles=[], least_m=3.0, return_height_m=15.0)
    assert unknown.reason == "return_height.none"


def test_the_way_home_through_a_hill_is_told() -> None:
    ground = flat_ground()
    height = ground.height_m.copy()
    height[:, 80] = 20.0
    hill = Terrain(corner_m=ground.corner_m, step_m=5.0, height_m=height)
    course = course_through((200, 0, 40), (200, 0, 5), (200, 0, 40))
    found = check_homeward(course, terrain=hill, obstacles=[], least_m=3.0, return_height_m=15.0)
    assert found.reason == "return_height.low" and found.facts["places"] == 1


def test_straight_up_and_down_has_its_room() -> None:
    course = lay_out(mission_through((0, 0, 1), items=(takeoff(20), item(20))))
    found = check_terrain(course, flat_ground(), least_m=3.0)
    assert (found.outcome, found.facts["room_m"]) == (Outcome.PASS, 20.0)
    tower = block(20, 0, 3.0, 0, 30)
    home = check_homeward(
        course, terrain=flat_ground(), obstacles=[tower], least_m=3.0, return_height_m=15.0
    )
    assert home.outcome is Outcome.PASS and home.facts["room_m"] == 15.0


@pytest.mark.parametrize(("ground_m", "off_m"), [(0.0, None), (3.0, None), (-2.9, None),
                                                 (3.1, 3.1), (-12.0, 12.0)])  # fmt: skip
def test_a_stated_height_of_takeoff_that_a_dem_denies_is_told(
    ground_m: float, off_m: float | None
) -> None:
    course = replace(course_through((0, 0, 20), (50, 0, 20)), takeoff_msl_m=40.0)
    found = check_takeoff_height(course, flat_ground(ground_m))
    if off_m is None:
        assert found == ()
        return
    (told,) = found
    assert (told.outcome, told.facts["off_m"]) == (Outcome.WARN, pytest.approx(off_m))
    assert told.facts["dem_msl_m"] == pytest.approx(40.0 + ground_m)
    for language in Language:
        words = reason(told, language)
        assert "40.0 m" in words and f"{off_m:.1f} m" in words


def test_a_dem_that_says_nothing_at_takeoff_denies_nothing() -> None:
    course = course_through((0, 0, 20), (50, 0, 20))
    assert check_takeoff_height(course, None) == ()
    assert check_takeoff_height(course, flat_ground(math.nan)) == ()

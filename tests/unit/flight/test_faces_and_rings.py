"""Laws of faces, rings and strips: no photo point is too near, and a turned site is a turned plan.

A crew draws a bridge in any direction and begins anywhere; what is planned must not depend on it.
"""

import itertools
import math
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString, Polygon, affinity, box

from flight.area import AreaPlan, best_heading_deg, plan_area
from flight.corridor import SHARP_DEG, corridor, corridor_outline
from flight.facade import FacadePoses, Face, facade
from flight.ground import flat
from flight.lawnmower import PhotoSet, lawnmower, under_deck
from flight.orbit import orbit, visible_half_angle_deg
from flight.poses import Poses, footprints_m, join, numbered, photos, rotations, towards
from inspection.errors import BadGeometry, BadInput
from inspection.geo.camera import Camera, rotation_from_gimbal
from tests.support.flightplans import CAMERA

STANDOFF_M, CLEAR_M = 5.0, 2.0


def faces(line: LineString, *, bottom_m: float = 0.0, top_m: float = 8.0) -> list[Face]:
    return [Face(element="A", line_m=line, bottom_m=bottom_m, top_m=top_m)]


def sweep(line: LineString, **changes: Any) -> FacadePoses:
    shape = {name: changes.pop(name) for name in ("bottom_m", "top_m") if name in changes}
    usual: dict[str, Any] = {
        "camera": CAMERA, "standoff_m": STANDOFF_M, "overlap_front": 0.6, "overlap_side": 0.4,
        "clearance_m": CLEAR_M,
    }  # fmt: skip
    return facade(faces(line, **shape), **(usual | changes))


def ring(**changes: Any) -> Poses:
    usual: dict[str, Any] = {
        "centre_m": (20.0, 10.0), "radius_m": 1.5, "bottom_m": 0.0, "top_m": 9.0, "camera": CAMERA,
        "standoff_m": STANDOFF_M, "overlap_front": 0.6, "overlap_side": 0.4,
        "incidence_limit_deg": 20.0,
    }  # fmt: skip
    return orbit(**(usual | changes))


@st.composite
def polylines(draw: st.DrawFn) -> LineString:
    """Draw a line of two to five pieces of 2 to 15 m that turns by up to 70° at each corner."""
    places, heading = [np.zeros(2)], draw(st.floats(0, 2 * math.pi))
    for _ in range(draw(st.integers(1, 4))):
        heading += math.radians(draw(st.integers(-70, 69)) + 0.5)  # never just at a limit
        away = draw(st.floats(2, 15))
        places.append(places[-1] + away * np.array([math.cos(heading), math.sin(heading)]))
    return LineString(places)


def turned(points: np.ndarray, degrees: float) -> np.ndarray:
    """Turn (n, 2+) points about the origin, counter-clockwise."""
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    flat_ = points[:, :2] @ np.array([[c, s], [-s, c]])
    return np.column_stack([flat_, points[:, 2:]])


# --- faces ---------------------------------------------------------------------------------------


@given(line=polylines(), lowest_m=st.sampled_from([-math.inf, 0.5, 2.0, 4.0]))
@settings(max_examples=40, deadline=None)
def test_every_photo_point_of_a_face_keeps_its_distance(line: LineString, lowest_m: float) -> None:
    try:
        found = sweep(line, lowest_m=lowest_m).poses
    except BadInput as error:  # a tight zigzag leaves no point at all
        assert "closer than 2 m" in str(error)
        return
    away_m = shapely.distance(shapely.points(found.position_m[:, :2]), line)
    assert away_m.min() >= CLEAR_M - 2e-3
    assert found.position_m[:, 2].min() >= lowest_m - 1e-9
    level = np.hypot(*(found.position_m - found.target_m)[:, :2].T)
    np.testing.assert_allclose(level, STANDOFF_M, atol=0.11)
    assert (found.target_m[:, 2] >= 0).all()
    assert (found.target_m[:, 2] <= 8).all()


@given(line=polylines(), degrees=st.integers(-1800, 1800).map(lambda d: d / 10))
@settings(max_examples=25, deadline=None)
def test_a_turned_wall_is_a_turned_plan(line: LineString, degrees: float) -> None:
    try:
        usual = sweep(line)
    except BadInput:
        return
    other = sweep(affinity.rotate(line, degrees, origin=(0, 0)))
    if usual.left_out or other.left_out:  # a point just at the limit may fall on either side
        assert abs(usual.left_out - other.left_out) <= len(usual.poses) * 0.1
        return
    np.testing.assert_allclose(
        turned(usual.poses.position_m, degrees), other.poses.position_m, atol=1e-6
    )
    turn = (usual.poses.yaw_deg - degrees - other.poses.yaw_deg + 180) % 360 - 180
    np.testing.assert_allclose(turn, 0, atol=1e-6)


@pytest.mark.parametrize("overlap", [0.0, 0.3, 0.6, 0.9])
@pytest.mark.parametrize(("length_m", "height_m"), [(1, 1), (5, 3.75), (5.01, 3.76), (40, 12)])
def test_golden_count_of_photos_of_a_wall(length_m: float, height_m: float, overlap: float) -> None:
    """Photos of 5 × 3.75 m: one where the wall is no larger, else ⌈(L − w)/step⌉ + 1 (§6.2)."""

    def count(size_m: float, photo_m: float) -> int:
        spare = size_m - photo_m
        return 1 if spare <= 0 else math.ceil(round(spare / (photo_m * (1 - overlap)), 9)) + 1

    found = sweep(
        LineString([(0, 0), (length_m, 0)]),
        top_m=height_m, overlap_front=overlap, overlap_side=overlap,
    )  # fmt: skip
    assert len(found.poses) == count(length_m, 5.0) * count(height_m, 3.75)
    assert found.poses.row.max() + 1 == count(height_m, 3.75)


@given(line=polylines())
@settings(max_examples=25, deadline=None)
def test_rows_of_a_face_run_back_and_forth_from_the_top(line: LineString) -> None:
    try:
        found = sweep(line, clearance_m=0.0).poses
    except BadInput:
        return
    heights = [found.target_m[found.row == row, 2] for row in np.unique(found.row)]
    assert all(np.ptp(one) < 1e-9 for one in heights)
    assert all(a[0] > b[0] for a, b in itertools.pairwise(heights))
    for row in np.unique(found.row)[:-1]:
        end = np.flatnonzero(found.row == row)[-1]
        np.testing.assert_allclose(found.position_m[end, :2], found.position_m[end + 1, :2])


@pytest.mark.parametrize("way_round", [1, -1])
@pytest.mark.parametrize("start", range(4))
def test_a_pier_is_seen_all_round_wherever_its_drawing_begins(start: int, way_round: int) -> None:
    corners = np.roll([(0, 0), (6, 0), (6, 3), (0, 3)], -start, axis=0)[::way_round]
    outline = shapely.geometry.polygon.orient(Polygon(corners), 1.0).exterior
    found = sweep(LineString(outline.coords), top_m=3.0).poses
    normals = {tuple(np.round(one, 6)) for one in found.normal}
    assert {(0, -1, 0), (1, 0, 0), (0, 1, 0), (-1, 0, 0)} <= normals
    middle = found.position_m[:, :2] - [3.0, 1.5]
    assert ((middle * found.normal[:, :2]).sum(axis=1) > 0).all()
    # each corner is rounded by two photos of its own, at 30° and 60°
    assert sum(min(abs(n[0]), abs(n[1])) > 0.4 for n in normals) == 8


@pytest.mark.parametrize(
    ("turn_deg", "extra"),
    [(-60, 0), (-15, 0), (15, 0), (19, 0), (21, 1), (30, 1), (60, 1), (90, 2), (120, 3), (150, 4)],
)
def test_golden_photos_round_a_corner(turn_deg: float, extra: int) -> None:
    """None in inner and shallow corners, then one each 30° or less."""
    turn = math.radians(turn_deg)
    bent = LineString([(0, 0), (30, 0), (30 + 30 * math.cos(turn), 30 * math.sin(turn))])
    found = sweep(bent, top_m=1.0, clearance_m=0.0).poses
    at_corner = np.linalg.norm(found.target_m[:, :2] - [30, 0], axis=1) < 1e-6
    assert at_corner.sum() == extra


def test_faces_that_are_none_are_named() -> None:
    with pytest.raises(BadGeometry, match="'A' has no length"):
        faces(LineString([(1, 1), (1, 1)]))
    for top_m in (0.0, -1.0, math.nan):
        with pytest.raises(BadGeometry, match=r"'A': top .* is not above bottom 0.0 m"):
            faces(LineString([(0, 0), (1, 1)]), top_m=top_m)
    with pytest.raises(BadInput, match="no face to plan"):
        facade([], camera=CAMERA, standoff_m=5, overlap_front=0.5, overlap_side=0.5, clearance_m=2)


# --- rings ---------------------------------------------------------------------------------------


@given(
    radius_m=st.floats(0.2, 15), standoff_m=st.floats(2, 15), front=st.floats(0, 0.9),
    limit_deg=st.sampled_from([5.0, 10.0, 20.0, 60.0]),
)  # fmt: skip
@settings(max_examples=40)
def test_photos_of_a_ring_overlap_by_what_was_asked_for(
    radius_m: float, standoff_m: float, front: float, limit_deg: float
) -> None:
    half = visible_half_angle_deg(
        CAMERA, radius_m=radius_m, standoff_m=standoff_m, incidence_limit_deg=limit_deg
    )
    assert 0 < half <= limit_deg
    found = ring(
        radius_m=radius_m, standoff_m=standoff_m, overlap_front=front,
        incidence_limit_deg=limit_deg, top_m=1.0,
    )  # fmt: skip
    count = int((found.row == 0).sum())
    assert 360 / count <= 2 * half * (1 - front) + 1e-6
    assert 360 / (count - 1) > 2 * half * (1 - front) - 1e-6, "one photo less would do"
    away = np.linalg.norm(found.position_m[:, :2] - [20, 10], axis=1)
    np.testing.assert_allclose(away, radius_m + standoff_m)


@given(x_m=st.floats(-50, 50), y_m=st.floats(-50, 50))
@settings(max_examples=25)
def test_a_ring_begins_on_the_side_of_take_off(x_m: float, y_m: float) -> None:
    if math.hypot(x_m, y_m) < 8:
        return
    found = ring(centre_m=(x_m, y_m))
    first = found.position_m[0, :2]
    assert np.linalg.norm(first) == pytest.approx(math.hypot(x_m, y_m) - 6.5, abs=1e-6)
    every = np.linalg.norm(found.position_m[:, :2], axis=1)
    assert np.linalg.norm(first) <= every.min() + 1e-6


@pytest.mark.parametrize(
    ("radius_m", "standoff_m", "limit_deg", "half_deg"),
    [
        (1e6, 5.0, 20.0, 0.000143),  # a plane: half the photo's width over the radius
        (0.5, 5.0, 20.0, 20.0),  # a thin pole is seen up to the limit of the angle
        (10.0, 5.0, 60.0, 15.58),  # r·sin a = (5 + 10(1 − cos a))/2: solved by hand
    ],
)
def test_golden_angle_that_a_photo_sees_of_a_pier(
    radius_m: float, standoff_m: float, limit_deg: float, half_deg: float
) -> None:
    found = visible_half_angle_deg(
        CAMERA, radius_m=radius_m, standoff_m=standoff_m, incidence_limit_deg=limit_deg
    )
    assert found == pytest.approx(half_deg, abs=limit_deg / 1000)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"radius_m": 0.0}, "radius must be > 0 m, got 0.0 m"),
        ({"radius_m": math.nan}, "radius"),
        ({"top_m": 0.0}, "top 0.0 m is not above bottom 0.0 m"),
        ({"overlap_front": 0.96}, "overlap"),
        ({"overlap_side": -0.1}, "overlap"),
        ({"radius_m": -1, "element": "橋脚3"}, "橋脚3"),
    ],
)
def test_piers_that_cannot_be_are_told(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(BadInput, match=reason):
        ring(**changes)


# --- areas and strips ----------------------------------------------------------------------------


def grid(shape: Polygon, **changes: Any) -> AreaPlan:
    return plan_area(shape, camera=CAMERA, distance_m=10.0, **changes)


@given(
    degrees=st.integers(0, 3600).map(lambda d: d / 10),
    size=st.tuples(st.floats(3, 60), st.floats(3, 60)),
)
@settings(max_examples=30, deadline=None)
def test_a_turned_deck_takes_as_many_photos(degrees: float, size: tuple[float, float]) -> None:
    deck = box(0, 0, *size)
    usual = grid(deck, heading_deg=0.0)
    other = grid(affinity.rotate(deck, -degrees, origin=(0, 0)), heading_deg=degrees)
    assert len(usual.stations) == len(other.stations)
    assert other.coverage == pytest.approx(1.0)
    assert usual.path_length_m == pytest.approx(other.path_length_m, rel=1e-6)
    best = best_heading_deg(affinity.rotate(deck, -degrees, origin=(0, 0)))
    long_side = degrees + (90 if size[0] > size[1] else 0)
    if abs(size[0] - size[1]) > 0.01:
        assert abs((best - long_side + 90) % 180 - 90) < 1e-4


@given(line=polylines(), width_m=st.floats(1, 12), backwards=st.booleans())
@settings(max_examples=25, deadline=None)
def test_a_strip_is_covered_whichever_way_it_is_drawn(
    line: LineString, width_m: float, backwards: bool
) -> None:
    drawn = line.reverse() if backwards else line
    found = corridor(
        drawn, width_m=width_m, camera=CAMERA, distance_m=8.0, overlap_front=0.6, overlap_side=0.4,
        ground=flat(),
    )  # fmt: skip
    seen = shapely.union_all([Polygon(one[:, :2]) for one in footprints_m(CAMERA, found)])
    strip = corridor_outline(line, width_m)
    assert strip.difference(seen.buffer(0.05)).area < 1e-3 * strip.area + 0.01


@pytest.mark.parametrize(("turn_deg", "rows"), [(SHARP_DEG - 1, 1), (SHARP_DEG + 1, 2)])
def test_golden_corner_that_splits_a_row(turn_deg: float, rows: int) -> None:
    turn = math.radians(turn_deg)
    bent = LineString([(0, 0), (40, 0), (40 + 40 * math.cos(turn), 40 * math.sin(turn))])
    found = corridor(
        bent, width_m=0.5, camera=CAMERA, distance_m=8.0, overlap_front=0.6, overlap_side=0.4,
        ground=flat(), full_edges=False,
    )  # fmt: skip
    assert found.row.max() + 1 == rows


def test_below_a_deck_every_photo_looks_straight_up() -> None:
    found = under_deck(
        box(0, 0, 12, 8), camera=CAMERA, distance_m=4.0, height_m=9.0, overlap_front=0.6,
        overlap_side=0.4,
    )  # fmt: skip
    assert set(found.pitch_deg.tolist()) == {90.0}
    np.testing.assert_allclose(found.position_m[:, 2], 5.0)
    seen = shapely.union_all([Polygon(one[:, :2]) for one in footprints_m(CAMERA, found)])
    assert seen.buffer(1e-6).covers(box(0, 0, 12, 8))


@pytest.mark.parametrize("heading", [0.0, 37.0, 200.0])
def test_oblique_sets_look_to_four_sides_of_the_heading_at_45_degrees(heading: float) -> None:
    found = lawnmower(
        box(0, 0, 30, 20), camera=CAMERA, distance_m=10.0, overlap_front=0.5, overlap_side=0.5,
        ground=flat(), heading_deg=heading, sets=(PhotoSet.OBLIQUE,),
    )  # fmt: skip
    assert sorted(set(found.yaw_deg.round(6))) == sorted((heading + n * 90) % 360 for n in range(4))
    np.testing.assert_allclose(found.pitch_deg, -45.0)
    away = np.linalg.norm(found.position_m - found.target_m, axis=1)
    np.testing.assert_allclose(away, 10.0)
    np.testing.assert_allclose(found.position_m[:, 2] - found.target_m[:, 2], 10 * math.sqrt(0.5))


# --- poses ---------------------------------------------------------------------------------------


@given(yaw=st.floats(0, 359.99), pitch=st.floats(-90, 90), away=st.floats(0.5, 100))
@settings(max_examples=40)
def test_looking_at_a_target_is_the_axis_of_the_camera(
    yaw: float, pitch: float, away: float
) -> None:
    turn = rotations(np.array([yaw]), np.array([pitch]))[0]
    np.testing.assert_allclose(
        turn, rotation_from_gimbal(yaw_deg=yaw, pitch_deg=pitch, roll_deg=0.0), atol=1e-9
    )
    position = np.array([[3.0, -4.0, 20.0]])
    yaw_deg, pitch_deg = towards(position, position + turn[2] * away)
    axis = rotations(yaw_deg, pitch_deg)[0, 2]
    np.testing.assert_allclose(axis, turn[2], atol=1e-9)


def test_the_horizon_is_no_footprint() -> None:
    """A camera that looks level over ground sees at most to rays of 85°."""
    level = Poses(
        position_m=np.array([[0.0, 0.0, 10.0]]), yaw_deg=np.zeros(1), pitch_deg=np.zeros(1),
        target_m=np.zeros((1, 3)), normal=np.array([[0.0, 0.0, 1.0]]),
        row=np.zeros(1, dtype=np.int64), element=("",),
    )  # fmt: skip
    (shot,) = photos(Camera(width_px=40, height_px=30, focal_px=40, cx_px=20, cy_px=15), level)
    assert np.isfinite(shot.footprint_m).all()
    assert np.abs(shot.footprint_m).max() <= 10 / math.cos(math.radians(85)) * 1.5


@given(sizes=st.lists(st.lists(st.integers(0, 3), min_size=1, max_size=5), min_size=1, max_size=4))
@settings(max_examples=40)
def test_joined_sets_number_their_rows_on(sizes: list[list[int]]) -> None:
    parts = []
    for rows in sizes:
        count = len(rows)
        parts.append(
            Poses(
                position_m=np.zeros((count, 3)), yaw_deg=np.zeros(count), pitch_deg=np.zeros(count),
                target_m=np.zeros((count, 3)), normal=np.zeros((count, 3)),
                row=numbered(np.array(rows), np.zeros(count - 1, dtype=bool)),
                element=tuple(map(str, rows)),
            )
        )  # fmt: skip
    whole = join(parts)
    assert len(whole) == sum(map(len, sizes))
    steps = np.diff(whole.row)
    assert ((steps == 0) | (steps == 1)).all()
    assert whole.row[0] == 0
    assert whole.only(np.zeros(len(whole), dtype=bool)).element == ()

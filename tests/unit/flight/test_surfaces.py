"""Surfaces that shall be seen: their area is that of the shape, and they face the camera.

Coverage in per cent is computed on these triangles (domain §6.3), and the drawing unrolls walls by
them, so that a lost or turned triangle is a wrong figure in front of the crew.
"""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString, MultiPoint, Point, Polygon, box

from flight.area import best_heading_deg, plan_area
from flight.corridor import corridor_outline
from flight.coverage import plan_coverage, sample
from flight.flightplan import FlightPlan, Pattern
from flight.ground import EARTH_RADIUS_M, HeightGrid, fall_m, flat
from flight.lawnmower import PhotoSet, lawnmower, under_deck
from flight.orbit import prism
from flight.picture import draw_plan
from flight.planfile import write_plan
from flight.repeat import plan_from_photos, repeat_plan
from flight.surface import area_m2, level, normals, over_ground, upright
from inspection.domain.capture import CapturePose, Photo
from inspection.errors import BadGeometry, BadInput
from tests.support.flightcommand import fly
from tests.support.flightplans import CAMERA
from tests.support.planned import feature, planned

Coordinate = st.tuples(st.floats(-80, 80), st.floats(-80, 80)).map(
    lambda xy: (round(xy[0], 2), round(xy[1], 2))
)


@st.composite
def polygons(draw: st.DrawFn) -> Polygon:
    """Draw a convex polygon of a size, some with a hole in the middle."""
    hull = MultiPoint(draw(st.lists(Coordinate, min_size=4, max_size=9))).convex_hull
    if not isinstance(hull, Polygon) or hull.area < 5:
        hull = box(0, 0, 7, 5)
    if draw(st.booleans()):
        hull = hull.difference(hull.centroid.buffer(hull.area**0.5 / 20, quad_segs=2))
    return hull


# --- level surfaces and ground -------------------------------------------------------------------


@given(polygon=polygons(), height_m=st.floats(-5, 50), below=st.booleans())
@settings(max_examples=40)
def test_a_level_surface_has_the_area_of_its_outline_and_looks_up_or_down(
    polygon: Polygon, height_m: float, below: bool
) -> None:
    triangles = level(polygon, height_m, from_below=below)
    assert area_m2(triangles).sum() == pytest.approx(polygon.area, rel=1e-6)
    assert (triangles[:, :, 2] == height_m).all()
    np.testing.assert_allclose(normals(triangles)[:, 2], -1.0 if below else 1.0)


@given(polygon=polygons(), piece_m=st.sampled_from([3.0, 20.0, 500.0]))
@settings(max_examples=25, deadline=None)
def test_flat_ground_below_a_polygon_has_its_area_whatever_the_pieces(
    polygon: Polygon, piece_m: float
) -> None:
    triangles = over_ground(polygon, flat(3.0), piece_m=piece_m)
    assert area_m2(triangles).sum() == pytest.approx(polygon.area, rel=1e-5)
    assert (normals(triangles)[:, 2] > 0.99).all()
    drop = fall_m(triangles.reshape(-1, 3)[:, :2])
    np.testing.assert_allclose(triangles.reshape(-1, 3)[:, 2], 3.0 - drop, atol=1e-9)


@pytest.mark.parametrize("slope", [0.0, 0.1, 0.5, 1.0])
def test_a_slope_is_larger_than_its_map(slope: float) -> None:
    """A plane of slope s over A m² has A·√(1 + s²)."""
    heights = np.tile(np.arange(0, 101) * slope, (101, 1)).astype(np.float64)
    hill = HeightGrid(west_m=0.0, south_m=0.0, step_m=1.0, height_m=heights)
    triangles = over_ground(box(10, 10, 60, 40), hill, piece_m=5.0)
    assert area_m2(triangles).sum() == pytest.approx(1500 * math.sqrt(1 + slope**2), rel=1e-4)


@pytest.mark.parametrize(
    ("east_m", "north_m"), [(-0.01, 5), (100.01, 5), (5, -0.01), (5, 100.01), (50, 50)]
)
def test_ground_that_is_not_known_is_told_with_its_place(east_m: float, north_m: float) -> None:
    heights = np.zeros((101, 101))
    heights[50, 50] = np.nan
    ground = HeightGrid(west_m=0.0, south_m=0.0, step_m=1.0, height_m=heights)
    known = np.array([[1.0, 1.0], [99.0, 99.0]])
    np.testing.assert_allclose(ground(known), -fall_m(known))
    with pytest.raises(BadInput, match=rf"1 of 3 places, the first {east_m:.0f} m east and"):
        ground(np.vstack([known, [[east_m, north_m]]]))


@pytest.mark.parametrize(
    ("away_m", "fall"), [(0, 0.0), (100, 0.00078), (1000, 0.0785), (10_000, 7.848), (30_000, 70.6)]
)
def test_golden_fall_of_the_earth(away_m: float, fall: float) -> None:
    """d²/2R with R = 6371 km."""
    found = fall_m(np.array([[away_m * 0.6, away_m * 0.8]]))[0]
    assert found == pytest.approx(fall, rel=0.01, abs=1e-9)
    exact = EARTH_RADIUS_M - math.sqrt(EARTH_RADIUS_M**2 - away_m**2)
    assert found == pytest.approx(exact, rel=1e-4, abs=1e-6)


# --- walls ---------------------------------------------------------------------------------------


@given(
    corners=st.lists(Coordinate, min_size=2, max_size=6, unique=True),
    heights=st.tuples(st.floats(-3, 5), st.floats(5.5, 40)),
)
@settings(max_examples=40)
def test_a_wall_has_length_times_height_and_looks_to_the_right_of_its_line(
    corners: list[tuple[float, float]], heights: tuple[float, float]
) -> None:
    line, (bottom_m, top_m) = LineString(corners), heights
    triangles = upright(line, bottom_m, top_m)
    assert area_m2(triangles).sum() == pytest.approx(line.length * (top_m - bottom_m), rel=1e-6)
    way = np.repeat(np.diff(np.array(corners), axis=0), 2, axis=0)
    right = np.column_stack([way[:, 1], -way[:, 0]]) / np.linalg.norm(way, axis=1)[:, None]
    np.testing.assert_allclose(normals(triangles)[:, :2], right, atol=1e-6)


def faces_in_pairs(plan: FlightPlan) -> None:
    """Two triangles after one another make one upright rectangle, its foot first."""
    surface = plan.surface_m
    assert len(surface) % 2 == 0
    lower, upper = surface[::2], surface[1::2]
    np.testing.assert_allclose(lower[:, 0], upper[:, 0], atol=1e-9)  # both begin at the left foot
    np.testing.assert_allclose(lower[:, 2], upper[:, 1], atol=1e-9)  # and share the diagonal
    foot, side = lower[:, 1] - lower[:, 0], lower[:, 2] - lower[:, 1]
    assert (np.linalg.norm(foot[:, :2], axis=1) > 1e-6).all(), "a wall without length"
    np.testing.assert_allclose(area_m2(lower), area_m2(upper), rtol=1e-6)
    np.testing.assert_allclose((foot * side).sum(axis=1), 0.0, atol=1e-6)


def taken(plan: FlightPlan) -> list[Photo]:
    """Take the photos of a plan, as ingest describes them."""
    places = plan.to_latlon_height(plan.positions_m).tolist()
    return [
        Photo(
            sha256=f"{shot.index:064d}", name=f"{shot.index}.jpg",
            width_px=plan.camera.width_px, height_px=plan.camera.height_px,
            focal_px=plan.camera.focal_px,
            pose=CapturePose(
                lat_deg=lat, lon_deg=lon, altitude_m=h + 40, altitude_relative_m=h,
                yaw_deg=shot.yaw_deg, pitch_deg=shot.pitch_deg, roll_deg=0.0,
            ),
        )
        for shot, (lat, lon, h) in zip(plan.photos, places, strict=True)
    ]  # fmt: skip


def wall_plan() -> FlightPlan:
    """Give a wall that stands high enough for every row to be flown square-on."""
    wall = LineString([(0, 20), (6, 20)])
    return planned(Pattern.FACADE, feature(wall, "A1", bottom_m=3, top_m=7), gsd_mm=0.3)


def again(plan: FlightPlan) -> FlightPlan:
    away_m = plan.photos[0].distance_m
    return plan_from_photos(
        taken(plan), name="again", camera_name=plan.camera_name, distance_m=away_m
    )


def test_faces_rings_and_repeated_photos_are_cut_alike() -> None:
    pier = feature(Point(10, 20), "P", radius_m=1.5, bottom_m=0, top_m=3)
    faces_in_pairs(wall_plan())
    faces_in_pairs(planned(Pattern.ORBIT, pier, gsd_mm=0.3))
    faces_in_pairs(again(wall_plan()))
    faces_in_pairs(repeat_plan(wall_plan()))


def test_what_repeated_photos_saw_looks_back_at_them() -> None:
    past = wall_plan()
    plan = again(past)
    assert plan.pattern is Pattern.FACADE
    out = normals(plan.surface_m)
    np.testing.assert_allclose(out, np.tile([0.0, -1.0, 0.0], (len(out), 1)), atol=1e-3)
    seen = plan_coverage(plan, count=2000)
    assert seen.good_share > 0.999
    wide_m, high_m = past.camera.footprint_m(past.photos[0].distance_m)
    assert seen.area_m2 == pytest.approx(len(past.photos) * wide_m * high_m, rel=1e-3)


def test_a_repeated_face_is_drawn(tmp_path: Path) -> None:
    """It could not be drawn: its triangles were no pieces of wall."""
    plan = again(wall_plan())
    path = tmp_path / "again.photos.geojson"
    write_plan(plan, path)
    ran = fly("draw", path, "--out", tmp_path / "again.png")
    assert (ran.code, ran.said) == (0, "")
    assert "100.0% seen as wished" in ran.out


def test_a_repeated_face_is_drawn_without_red_and_a_gap_with_it() -> None:
    plan = again(wall_plan())
    red = (206, 40, 40)

    def reds(drawn: FlightPlan, seen_by: FlightPlan) -> int:
        seen = plan_coverage(seen_by, count=2500)
        picture = np.asarray(draw_plan(drawn, seen).crop((640, 130, 1160, 560)))
        return int((np.abs(picture.astype(int) - red).sum(axis=2) < 30).sum())

    assert reds(plan, plan) == 0
    half = tuple(replace(p, index=n) for n, p in enumerate(plan.photos[: len(plan.photos) // 2]))
    lost = replace(plan, photos=half)
    assert reds(lost, lost) > 20


def test_repeated_photos_from_above_become_one_level_surface() -> None:
    deck = planned(Pattern.AREA, feature(box(0, 0, 12, 8)), camera="dji_m3e_wide", gsd_mm=2)
    plan = plan_from_photos(taken(deck), name="a", camera_name=deck.camera_name)
    assert plan.pattern is Pattern.AREA
    np.testing.assert_allclose(normals(plan.surface_m)[:, 2], 1.0)
    outlines = [Polygon(photo.footprint_m[:, :2]) for photo in deck.photos]
    joined = shapely.union_all(outlines).area
    assert area_m2(plan.surface_m).sum() == pytest.approx(joined, rel=1e-3)


# --- round bodies and strips ---------------------------------------------------------------------


@pytest.mark.parametrize(("radius_m", "height_m"), [(0.3, 1.0), (1.5, 12.0), (20.0, 0.5)])
def test_a_round_body_is_a_prism_that_looks_outward(radius_m: float, height_m: float) -> None:
    """48 sides: 48·2r·sin(π/48) = 6.2787 r round it, 0.07 % less than the circle."""
    triangles = prism((5.0, -3.0), radius_m, 2.0, 2.0 + height_m)
    assert area_m2(triangles).sum() == pytest.approx(6.2787 * radius_m * height_m, rel=1e-4)
    middle = triangles.mean(axis=1)[:, :2] - [5.0, -3.0]
    assert ((middle * normals(triangles)[:, :2]).sum(axis=1) > 0).all()


@pytest.mark.parametrize("width_m", [0.5, 6.0, 12.0])
def test_the_outline_of_a_straight_strip_is_a_rectangle(width_m: float) -> None:
    outline = corridor_outline(LineString([(0, 0), (30, 40)]), width_m)
    assert outline.area == pytest.approx(50 * width_m)
    assert outline.length == pytest.approx(2 * (50 + width_m))


def test_the_outline_of_a_ring_road_has_its_hole() -> None:
    """Radius 50 m, 10 m wide: π(55² − 45²) = 3141.6 m²."""
    ring = Point(0, 0).buffer(50, quad_segs=64).exterior
    outline = corridor_outline(LineString(ring.coords), 10.0)
    assert outline.area == pytest.approx(3141.6, rel=2e-3)
    assert not outline.contains(Point(0, 0))


@given(polygon=polygons(), count=st.integers(1, 3000))
@settings(max_examples=30)
def test_samples_weigh_what_the_surface_weighs(polygon: Polygon, count: int) -> None:
    triangles = level(polygon, 4.0, from_below=False)
    found = sample(triangles, count)
    assert found.weight_m2.sum() == pytest.approx(polygon.area, rel=1e-6)
    assert len(found.point_m) >= len(triangles)
    inside = shapely.dwithin(polygon, shapely.points(found.point_m[:, :2]), 1e-6)
    assert inside.all()
    same = sample(triangles, count)
    np.testing.assert_array_equal(found.point_m, same.point_m)


# --- shapes that are none ------------------------------------------------------------------------

NOTHING = [
    Polygon(),
    Polygon([(0, 0), (1, 1), (2, 2)]),
    Polygon([(0, 0), (0, 0), (0, 0), (0, 0)]),
    Polygon([(0, 0), (4, 4), (4, 0), (0, 4)]),
]


@pytest.mark.parametrize("polygon", NOTHING, ids=["empty", "line", "point", "bow"])
def test_areas_without_area_are_refused_by_every_planner(polygon: Polygon) -> None:
    both = {"camera": CAMERA, "distance_m": 10.0}
    overlaps = {"overlap_front": 0.5, "overlap_side": 0.5}
    with pytest.raises(BadGeometry, match="simple polygon"):
        plan_area(polygon, **both)  # type: ignore[arg-type]
    for sets in ((PhotoSet.NADIR,), (PhotoSet.OBLIQUE,)):
        with pytest.raises(BadGeometry, match="simple polygon"):
            lawnmower(polygon, ground=flat(), sets=sets, **both, **overlaps)  # type: ignore[arg-type]
    with pytest.raises(BadGeometry, match="simple polygon"):
        under_deck(polygon, height_m=9.0, **both, **overlaps)  # type: ignore[arg-type]
    if polygon.convex_hull.area == 0:
        with pytest.raises(BadGeometry, match="simple polygon"):
            best_heading_deg(polygon)

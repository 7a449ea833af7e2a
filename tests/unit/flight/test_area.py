"""Photo grids: golden spacings, full coverage of any convex polygon, orderly lanes."""

import doctest
import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import MultiPoint, Polygon

from flight import area
from flight.area import (
    best_heading_deg,
    distance_for_gsd_m,
    plan_area,
    spacing_m,
    speed_limit_m_per_s,
    spread_m,
)
from inspection.errors import BadGeometry, BadInput
from inspection.geo.camera import Camera

CAMERA = Camera(width_px=3000, height_px=2250, focal_px=3000, cx_px=1500, cy_px=1125)
DECK = Polygon([(0, 0), (24, 0), (24, 8), (0, 8)])


def pixel_camera(width_px: int, height_px: int, pitch_um: float, focal_mm: float) -> Camera:
    return Camera(
        width_px=width_px,
        height_px=height_px,
        focal_px=focal_mm / pitch_um * 1000,
        cx_px=width_px / 2,
        cy_px=height_px / 2,
    )


def test_doctests_hold() -> None:
    assert doctest.testmod(area).failed == 0


@pytest.mark.parametrize(
    ("pitch_um", "focal_mm", "distance_m", "gsd_mm"),
    [(4.4, 50, 3.0, 0.264), (3.3, 12.29, 5.0, 1.343), (1.6, 29.9, 5.0, 0.268)],
)
def test_golden_gsd_of_the_domain_specification(
    pitch_um: float, focal_mm: float, distance_m: float, gsd_mm: float
) -> None:
    camera = pixel_camera(8192, 5460, pitch_um, focal_mm)
    plan = plan_area(DECK, camera=camera, distance_m=distance_m)
    assert plan.gsd_m_per_px * 1000 == pytest.approx(gsd_mm, abs=0.0005)
    assert distance_for_gsd_m(camera, gsd_mm / 1000) == pytest.approx(distance_m, rel=0.002)


def test_golden_spacing_of_the_default_overlaps() -> None:
    camera = pixel_camera(5280, 3956, 3.3, 12.29)
    plan = plan_area(DECK, camera=camera, distance_m=5.0)
    # footprint 1.3426 mm × 5280 = 7.0887 m across, × 3956 = 5.3112 m along
    assert plan.lane_spacing_m == pytest.approx(7.0887 * 0.40, abs=2e-4)
    assert plan.photo_spacing_m == pytest.approx(5.3112 * 0.25, abs=2e-4)


def test_golden_speeds_for_half_a_pixel_of_blur() -> None:
    assert speed_limit_m_per_s(0.0003, 1 / 1000) == pytest.approx(0.15)
    assert speed_limit_m_per_s(0.001, 1 / 1000) == pytest.approx(0.5)
    with pytest.raises(BadInput, match="exposure time"):
        speed_limit_m_per_s(0.001, 0.0)


@pytest.mark.parametrize("overlap", [-0.1, 0.96, 75.0])
def test_an_overlap_that_is_no_ratio_is_refused(overlap: float) -> None:
    with pytest.raises(BadInput, match="ratio"):
        spacing_m(10.0, overlap)


def test_the_lanes_of_a_deck_run_along_it() -> None:
    plan = plan_area(DECK, camera=CAMERA, distance_m=2.0)
    assert plan.heading_deg == 90.0
    assert {station.heading_deg for station in plan.stations} == {90.0, 270.0}
    assert plan.coverage == pytest.approx(1.0, abs=1e-9)
    assert [station.index for station in plan.stations] == list(range(len(plan.stations)))


def test_photos_of_the_deck_are_as_many_as_the_formula_says() -> None:
    plan = plan_area(DECK, camera=CAMERA, distance_m=2.0, front_overlap=0.75, side_overlap=0.60)
    across_m, along_m = CAMERA.footprint_m(2.0)
    lanes = (8 - across_m) / (across_m * 0.4) + 1
    per_lane = (24 - along_m) / (along_m * 0.25) + 1
    assert plan.lanes == math.ceil(lanes)
    assert len(plan.stations) == math.ceil(lanes) * math.ceil(per_lane)


def test_the_flight_turns_back_at_the_end_of_each_lane() -> None:
    plan = plan_area(DECK, camera=CAMERA, distance_m=2.0)
    ends = [
        [s for s in plan.stations if s.lane == lane][:: max(1, plan.lanes)]
        for lane in range(plan.lanes)
    ]
    assert all(ends)
    steps = np.diff([(s.x_m, s.y_m) for s in plan.stations], axis=0)
    longest_m = float(np.linalg.norm(steps, axis=1).max())
    assert longest_m <= max(plan.lane_spacing_m, plan.photo_spacing_m) + 1e-9
    assert plan.path_length_m == pytest.approx(np.linalg.norm(steps, axis=1).sum())


def test_the_top_of_a_photo_points_along_the_flight() -> None:
    plan = plan_area(DECK, camera=CAMERA, distance_m=2.0, heading_deg=30.0)
    for station in plan.stations:
        top = station.footprint_m[:2].mean(axis=0)
        bottom = station.footprint_m[2:].mean(axis=0)
        east, north = top - bottom
        assert math.degrees(math.atan2(east, north)) % 360 == pytest.approx(station.heading_deg)
        assert station.footprint_m.mean(axis=0) == pytest.approx([station.x_m, station.y_m])
        left, right = station.footprint_m[0], station.footprint_m[1]
        assert np.linalg.norm(right - left) == pytest.approx(2.0)


def test_a_margin_widens_the_grid_and_gives_the_edge_more_views() -> None:
    tight = plan_area(DECK, camera=CAMERA, distance_m=2.0)
    wide = plan_area(DECK, camera=CAMERA, distance_m=2.0, margin_m=1.0)
    assert len(wide.stations) > len(tight.stations)
    corner = [[0.05, 0.05]]
    assert wide.views(corner)[0] > tight.views(corner)[0] >= 1
    assert wide.coverage == pytest.approx(1.0, abs=1e-9)


def test_overshoot_lengthens_the_lanes_and_adds_none() -> None:
    plain = plan_area(DECK, camera=CAMERA, distance_m=2.0)
    longer = plan_area(DECK, camera=CAMERA, distance_m=2.0, overshoot_m=1.2)
    assert longer.lanes == plain.lanes
    end = [[0.1, y] for y in (0.5, 4.0, 7.5)]
    assert (longer.views(end) > plain.views(end)).all()
    reach = [min(s.x_m for s in plan.stations) for plan in (plain, longer)]
    assert reach[0] - reach[1] == pytest.approx(1.2)
    with pytest.raises(BadInput, match="overshoot"):
        plan_area(DECK, camera=CAMERA, distance_m=2.0, overshoot_m=-0.1)


def test_the_middle_of_the_deck_is_seen_as_often_as_the_overlaps_promise() -> None:
    plan = plan_area(DECK, camera=CAMERA, distance_m=2.0, front_overlap=0.75, side_overlap=0.6)
    x_m, y_m = np.meshgrid(np.linspace(4, 20, 60), np.linspace(3, 5, 20))
    views = plan.views(np.column_stack([x_m.ravel(), y_m.ravel()]))
    assert views.min() >= 4 * 2  # 1/(1−0.75) along times ⌊1/(1−0.6)⌋ across
    assert views.max() <= 5 * 4


def test_a_gap_in_the_plan_shows_in_its_coverage() -> None:
    plan = plan_area(DECK, camera=CAMERA, distance_m=2.0, front_overlap=0.0, side_overlap=0.0)
    assert plan.coverage == pytest.approx(1.0, abs=1e-9)
    first = plan.stations[0]
    holed = area.AreaPlan(
        polygon_m=plan.polygon_m,
        gsd_m_per_px=plan.gsd_m_per_px,
        photo_spacing_m=plan.photo_spacing_m,
        lane_spacing_m=plan.lane_spacing_m,
        heading_deg=plan.heading_deg,
        stations=plan.stations[1:],
    )
    assert holed.coverage < 1.0
    assert holed.coverage >= 1.0 - Polygon(first.footprint_m).area / DECK.area - 1e-9


def test_a_small_area_takes_one_photo() -> None:
    plan = plan_area(Polygon([(0, 0), (1, 0), (1, 1)]), camera=CAMERA, distance_m=2.0)
    assert len(plan.stations) == 1
    assert plan.coverage == pytest.approx(1.0)
    assert plan.path_length_m == 0.0


@pytest.mark.parametrize(
    ("polygon", "distance_m", "margin_m", "error", "words"),
    [
        (Polygon(), 2.0, 0.0, BadGeometry, "area > 0"),
        (Polygon([(0, 0), (4, 4), (4, 0), (0, 4)]), 2.0, 0.0, BadGeometry, "simple polygon"),
        (DECK, 0.0, 0.0, BadInput, "distance"),
        (DECK, 2.0, -1.0, BadInput, "margin"),
    ],
)
def test_unusable_areas_are_refused(
    polygon: Polygon, distance_m: float, margin_m: float, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        plan_area(polygon, camera=CAMERA, distance_m=distance_m, margin_m=margin_m)


@given(
    low=st.floats(-50, 50),
    length=st.floats(0.01, 80),
    width=st.floats(0.5, 9),
    overlap=st.floats(0, 0.9),
)
def test_spread_windows_leave_no_gap(
    low: float, length: float, width: float, overlap: float
) -> None:
    step = width * (1 - overlap)
    centres = spread_m(low, low + length, width, step)
    assert min(centres) - width / 2 <= low + 1e-6
    assert max(centres) + width / 2 >= low + length - 1e-6
    assert all(b - a <= step + 1e-6 for a, b in itertools.pairwise(centres))


convex_polygons = st.lists(
    st.tuples(st.floats(-12, 12), st.floats(-12, 12)), min_size=3, max_size=9, unique=True
).map(lambda points: MultiPoint(points).convex_hull)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    polygon=convex_polygons.filter(lambda p: isinstance(p, Polygon) and p.area > 1.0),
    heading=st.one_of(st.none(), st.floats(0, 360)),
    front=st.floats(0.0, 0.85),
    side=st.floats(0.0, 0.8),
)
def test_every_convex_polygon_is_covered(
    polygon: Polygon, heading: float | None, front: float, side: float
) -> None:
    plan = plan_area(
        polygon,
        camera=CAMERA,
        distance_m=4.0,
        front_overlap=front,
        side_overlap=side,
        heading_deg=heading,
    )
    assert 0.995 <= plan.coverage <= 1.0 + 1e-9


@settings(max_examples=40, deadline=None, derandomize=True)
@given(angle=st.floats(0.5, 179.5), length=st.floats(9, 40))
def test_the_best_heading_follows_a_turned_deck(angle: float, length: float) -> None:
    along = np.array([math.sin(math.radians(angle)), math.cos(math.radians(angle))])
    across = np.array([along[1], -along[0]])
    corners = [(0, 0), along * length, along * length + across * 8, across * 8]
    found = best_heading_deg(Polygon(corners))
    assert min(abs(found - angle), 180 - abs(found - angle)) < 0.01

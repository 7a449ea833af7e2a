"""Laws of the photo grid: spacing, order, footprints, turning and scaling, and what is refused."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import Polygon, affinity

from flight.area import (
    AreaPlan,
    best_heading_deg,
    distance_for_gsd_m,
    plan_area,
    spacing_m,
    speed_limit_m_per_s,
    spread_m,
)
from inspection.errors import BadGeometry, BadInput
from inspection.geo.camera import Camera

LAW = settings(derandomize=True, deadline=None, max_examples=30)
CAMERA = Camera(width_px=4000, height_px=3000, focal_px=4000, cx_px=2000, cy_px=1500)
DECK = Polygon([(0, 0), (30, 0), (30, 12), (0, 12)])
L_SHAPE = Polygon([(0, 0), (30, 0), (30, 6), (6, 6), (6, 24), (0, 24)])


def plan(
    polygon: Polygon = DECK,
    distance_m: float = 5.0,
    *,
    front: float = 0.75,
    side: float = 0.6,
    heading: float | None = None,
    margin: float = 0.0,
    overshoot: float = 0.0,
) -> AreaPlan:
    return plan_area(
        polygon,
        camera=CAMERA,
        distance_m=distance_m,
        front_overlap=front,
        side_overlap=side,
        heading_deg=heading,
        margin_m=margin,
        overshoot_m=overshoot,
    )


def centres(made: AreaPlan) -> np.ndarray:
    return np.array([(s.x_m, s.y_m) for s in made.stations])


class TestNumbers:
    @LAW
    @given(gsd=st.floats(1e-4, 1e-1))
    def test_distance_and_gsd_are_inverse(self, gsd: float) -> None:
        assert CAMERA.gsd_m_per_px(distance_for_gsd_m(CAMERA, gsd)) == pytest.approx(gsd)

    @pytest.mark.parametrize(("overlap", "spacing"), [(0.0, 8.0), (0.5, 4.0), (0.95, 0.4)])
    def test_both_ends_of_the_overlap_are_taken(self, overlap: float, spacing: float) -> None:
        assert spacing_m(8.0, overlap) == pytest.approx(spacing)

    @pytest.mark.parametrize("overlap", [-0.001, 0.951, 1.0, 75, math.nan])
    def test_an_overlap_outside_is_told_with_its_value_and_the_cure(self, overlap: float) -> None:
        with pytest.raises(BadInput) as raised:
            spacing_m(8.0, overlap)
        assert f"got {overlap}" in str(raised.value)
        assert "75 % is 0.75" in str(raised.value)

    @LAW
    @given(low=st.floats(0, 0.95), high=st.floats(0, 0.95))
    def test_more_overlap_never_widens_the_spacing(self, low: float, high: float) -> None:
        low, high = sorted((low, high))
        assert 0 < spacing_m(3.0, high) <= spacing_m(3.0, low) <= 3.0

    @pytest.mark.parametrize("exposure_s", [0.0, -0.001, math.nan])
    def test_no_exposure_is_refused(self, exposure_s: float) -> None:
        with pytest.raises(BadInput, match=r"exposure time must be > 0 s, got"):
            speed_limit_m_per_s(0.001, exposure_s)

    def test_speed_follows_blur_and_gsd_and_falls_with_exposure(self) -> None:
        base = speed_limit_m_per_s(0.001, 0.001)
        assert base == pytest.approx(0.5)
        assert speed_limit_m_per_s(0.001, 0.001, blur_px=1.0) == pytest.approx(2 * base)
        assert speed_limit_m_per_s(0.002, 0.001) == pytest.approx(2 * base)
        assert speed_limit_m_per_s(0.001, 0.002) == pytest.approx(base / 2)


class TestSpread:
    def test_a_window_as_wide_as_the_interval_is_alone(self) -> None:
        assert spread_m(2.0, 6.0, 4.0, 1.0) == [4.0]

    def test_a_hair_wider_takes_two(self) -> None:
        assert spread_m(0.0, 4.001, 4.0, 1.0) == pytest.approx([2.0, 2.001])

    def test_rounding_does_not_add_a_window(self) -> None:
        # 0.3 ÷ 0.1 is a little more than 3 in floating point
        assert len(spread_m(0.0, 1.3, 1.0, 0.1)) == 4

    @LAW
    @given(
        low=st.floats(-50, 50), length=st.floats(0.5, 80), width=st.floats(0.5, 9),
        share=st.floats(0.05, 1.0),
    )  # fmt: skip
    def test_neighbours_are_near_and_ends_are_met(
        self, low: float, length: float, width: float, share: float
    ) -> None:
        step = width * share
        found = spread_m(low, low + length, width, step)
        gaps = np.diff(found)
        assert (gaps <= step + 1e-6).all()
        if len(found) > 1:
            assert np.ptp(gaps) <= 1e-6
            assert found[0] - width / 2 == pytest.approx(low, abs=1e-9)
            assert found[-1] + width / 2 == pytest.approx(low + length, abs=1e-9)
            # one window fewer would leave neighbours further apart than asked for
            assert (length - width) / step > len(found) - 2 - 1e-6
        else:
            assert found[0] == pytest.approx(low + length / 2)


class TestHeading:
    def test_a_tall_area_is_flown_north(self) -> None:
        assert best_heading_deg(Polygon([(0, 0), (5, 0), (5, 20), (0, 20)])) == 0.0

    def test_a_square_takes_the_smaller_of_equal_headings(self) -> None:
        assert best_heading_deg(Polygon([(0, 0), (5, 0), (5, 5), (0, 5)])) == 0.0

    def test_holes_and_the_direction_of_the_ring_do_not_matter(self) -> None:
        ring = list(DECK.exterior.coords)
        assert best_heading_deg(Polygon(ring[::-1])) == best_heading_deg(DECK) == 90.0
        assert best_heading_deg(Polygon(ring, [[(5, 5), (6, 5), (6, 6), (5, 6)]])) == 90.0

    @pytest.mark.parametrize("asked", [-30.0, 330.0, 690.0])
    def test_an_asked_heading_is_named_within_the_circle(self, asked: float) -> None:
        assert plan(heading=asked).heading_deg == pytest.approx(330.0)

    @LAW
    @given(tenths=st.integers(0, 3599))
    def test_every_heading_covers_the_area(self, tenths: int) -> None:
        heading = tenths / 10
        made = plan(heading=heading)
        assert made.coverage == pytest.approx(1.0, abs=1e-9)
        assert {round((s.heading_deg - heading) % 360, 6) % 360 for s in made.stations} <= {0, 180}


class TestPlan:
    def test_golden_grid_of_a_deck(self) -> None:
        # 5 m, f = 4000 px: 1.25 mm/px, footprint 5.00 × 3.75 m, steps 2.00 × 0.9375 m
        made = plan()
        assert made.gsd_m_per_px == pytest.approx(0.00125)
        assert made.lane_spacing_m == pytest.approx(2.0)
        assert made.photo_spacing_m == pytest.approx(0.9375)
        assert made.lanes == math.ceil((12 - 5) / 2.0) + 1
        assert len(made.stations) == made.lanes * (math.ceil((30 - 3.75) / 0.9375) + 1)

    def test_stations_are_numbered_in_order_of_flight(self) -> None:
        stations = plan().stations
        assert [s.index for s in stations] == list(range(len(stations)))
        lanes = [s.lane for s in stations]
        assert lanes == sorted(lanes)

    def test_each_footprint_is_centred_on_its_station_with_the_size_of_the_photo(self) -> None:
        for station in plan(heading=37.0).stations:
            corners = station.footprint_m
            assert corners.mean(axis=0) == pytest.approx((station.x_m, station.y_m))
            assert np.linalg.norm(corners[1] - corners[0]) == pytest.approx(5.0)
            assert np.linalg.norm(corners[3] - corners[0]) == pytest.approx(3.75)
            assert not Polygon(corners).exterior.is_ccw  # clockwise from the top-left

    def test_the_path_is_the_sum_of_its_legs(self) -> None:
        made = plan()
        legs = [math.dist(a, b) for a, b in zip(centres(made)[:-1], centres(made)[1:], strict=True)]
        assert made.path_length_m == pytest.approx(sum(legs))
        # every leg is a step along a lane or a step to the next lane
        assert max(legs) <= max(made.photo_spacing_m, made.lane_spacing_m) + 1e-9

    def test_a_single_photo_has_no_path(self) -> None:
        made = plan(Polygon([(0, 0), (1, 0), (1, 1), (0, 1)]))
        assert len(made.stations) == made.lanes == 1
        assert made.path_length_m == 0
        assert made.coverage == 1

    def test_an_area_with_a_corner_is_covered_without_flying_over_the_gap(self) -> None:
        made = plan(L_SHAPE, heading=90.0)
        assert made.coverage == pytest.approx(1.0, abs=1e-9)
        assert len(made.stations) < len(plan(L_SHAPE.convex_hull, heading=90.0).stations)

    def test_points_are_counted_by_footprint_edges_included(self) -> None:
        made = plan(Polygon([(-1, -1), (1, -1), (1, 1), (-1, 1)]), heading=0.0)
        views = made.views([(0, 0), (2.5, 1.875), (2.51, 0), (0, -1.88)])
        assert views.tolist() == [1, 1, 0, 0]
        assert made.views((0, 0)).tolist() == [1]

    @pytest.mark.parametrize("reach", [0.5, 3.0])
    def test_the_plan_remembers_the_area_without_its_margin(self, reach: float) -> None:
        made = plan(margin=reach)
        assert made.polygon_m is DECK
        corners = np.vstack([s.footprint_m for s in made.stations])
        assert corners.min(axis=0) == pytest.approx((-reach, -reach))
        assert corners.max(axis=0) == pytest.approx((30 + reach, 12 + reach))

    def test_overshoot_reaches_beyond_both_ends_and_neither_side(self) -> None:
        corners = np.vstack([s.footprint_m for s in plan(overshoot=2.0).stations])
        assert corners.min(axis=0) == pytest.approx((-2.0, 0.0))
        assert corners.max(axis=0) == pytest.approx((32.0, 12.0))

    @LAW
    @given(turn=st.floats(0, 179), east=st.floats(-500, 500), north=st.floats(-500, 500))
    def test_a_moved_and_turned_area_takes_the_same_flight(
        self, turn: float, east: float, north: float
    ) -> None:
        here = plan(heading=90.0)
        turned = affinity.rotate(DECK, -turn, origin=(0, 0))
        there = plan(affinity.translate(turned, east, north), heading=90.0 + turn)
        assert len(there.stations) == len(here.stations)
        assert there.path_length_m == pytest.approx(here.path_length_m, rel=1e-6)

    @LAW
    @given(factor=st.floats(0.2, 5.0))
    def test_twice_the_area_from_twice_the_distance_takes_as_many_photos(
        self, factor: float
    ) -> None:
        larger = plan(affinity.scale(DECK, factor, factor, origin=(0, 0)), 5.0 * factor)
        assert len(larger.stations) == len(plan().stations)
        assert centres(larger) == pytest.approx(centres(plan()) * factor)

    @LAW
    @given(front=st.floats(0.3, 0.9), side=st.floats(0.3, 0.9))
    def test_more_overlap_never_takes_fewer_photos(self, front: float, side: float) -> None:
        least = plan(front=0.3, side=0.3)
        made = plan(front=front, side=side)
        assert made.lanes >= least.lanes
        assert len(made.stations) >= len(least.stations)


class TestRefused:
    @pytest.mark.parametrize(
        "polygon",
        [
            Polygon(),
            Polygon([(0, 0), (1, 1), (2, 2)]),
            Polygon([(0, 0), (2, 2), (2, 0), (0, 2)]),
        ],
    )
    def test_an_area_that_is_none_says_what_to_do(self, polygon: Polygon) -> None:
        with pytest.raises(BadGeometry, match=r"simple polygon with an area > 0 m²; redraw it"):
            plan(polygon, heading=0.0)

    @pytest.mark.parametrize("distance_m", [0.0, -5.0, math.nan])
    def test_the_distance_is_told_in_metres(self, distance_m: float) -> None:
        with pytest.raises(BadInput, match=rf"must be > 0 m, got {distance_m} m"):
            plan(distance_m=distance_m)

    def test_margin_and_overshoot_are_both_told(self) -> None:
        with pytest.raises(BadInput, match=r"≥ 0 m, got -0.5 m and 1.0 m"):
            plan(margin=-0.5, overshoot=1.0)
        with pytest.raises(BadInput, match=r"≥ 0 m, got 0.5 m and -1.0 m"):
            plan(margin=0.5, overshoot=-1.0)

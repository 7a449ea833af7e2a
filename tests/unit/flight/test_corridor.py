"""Corridors: covered along bends, hairpins and rings; rows end in sharp corners."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString

from flight.corridor import corridor, corridor_outline
from flight.coverage import plan_coverage
from flight.flightplan import Pattern
from flight.ground import flat
from flight.lens import find_lens
from inspection.errors import BadGeometry, BadInput
from tests.support.planned import feature, planned

CAMERA = find_lens("dji_m3e_wide").camera


def bent(turn_deg: float, leg_m: float = 100.0) -> LineString:
    turn = math.radians(turn_deg)
    end = (leg_m * math.sin(turn), leg_m + leg_m * math.cos(turn))
    return LineString([(0, 0), (0, leg_m), end])


@settings(max_examples=25, deadline=None)
@given(
    turns=st.lists(st.floats(-70, 70), min_size=1, max_size=5),
    width_m=st.floats(4, 40),
    front=st.floats(0.6, 0.8),
    side=st.floats(0.6, 0.7),
)
def test_crooked_roads_are_covered_at_the_wanted_overlap(
    turns: list[float], width_m: float, front: float, side: float
) -> None:
    bearings = np.radians(np.cumsum([0.0, *turns]))
    steps = 80.0 * np.column_stack([np.sin(bearings), np.cos(bearings)])
    road = LineString(np.vstack([[0, 0], np.cumsum(steps, axis=0)]))
    if not road.is_simple:
        return
    plan = planned(
        Pattern.CORRIDOR,
        feature(road, width_m=width_m),
        camera="dji_m3e_wide",
        gsd_mm=5,
        overlaps=(front, side),
    )
    views = math.floor(1 / (1 - front)) * math.floor(1 / (1 - side))
    assert plan_coverage(plan, count=3000).share(views) >= 0.995


@pytest.mark.parametrize("turn_deg", [30, 60, 90, 120, 150])
@pytest.mark.parametrize("width_m", [6.0, 60.0])
def test_sharp_corners_and_hairpins_are_covered(turn_deg: float, width_m: float) -> None:
    plan = planned(
        Pattern.CORRIDOR,
        feature(bent(turn_deg), width_m=width_m),
        camera="dji_m3e_wide",
        gsd_mm=5,
        overlaps=(0.75, 0.6),
    )
    seen = plan_coverage(plan, count=5000)
    assert seen.seen_share == 1.0
    assert seen.share(8) >= 0.995


def test_a_ring_road_is_covered_all_round() -> None:
    angles = np.linspace(0, 2 * math.pi, 37)
    ring = LineString(120 * np.column_stack([np.cos(angles), np.sin(angles)]))
    outline = corridor_outline(ring, 10.0)
    assert outline.area == pytest.approx(math.pi * (125**2 - 115**2), rel=0.02)
    plan = planned(Pattern.CORRIDOR, feature(ring, width_m=10.0), camera="dji_m3e_wide", gsd_mm=5)
    assert plan_coverage(plan, count=5000).good_share >= 0.995


def test_rows_end_in_sharp_corners_and_follow_gentle_ones() -> None:
    gentle = planned(
        Pattern.CORRIDOR, feature(bent(20), width_m=3), camera="dji_m3e_wide", gsd_mm=5,
        full_edges=False,
    )  # fmt: skip
    sharp = planned(
        Pattern.CORRIDOR, feature(bent(60), width_m=3), camera="dji_m3e_wide", gsd_mm=5,
        full_edges=False,
    )  # fmt: skip
    assert len(gentle.rows) == 1
    assert len(sharp.rows) == 2
    first, second = sharp.rows
    assert first[-1].position_m == pytest.approx(second[0].position_m)
    assert (second[0].yaw_deg - first[-1].yaw_deg) % 360 == pytest.approx(60, abs=0.1)
    yaw = [photo.yaw_deg for photo in gentle.photos]
    assert (yaw[0] + 180) % 360 == pytest.approx(180, abs=0.1)
    assert yaw[-1] == pytest.approx(20, abs=0.1)


def test_neighbours_are_never_farther_apart_than_the_overlap_allows() -> None:
    poses = corridor(
        bent(90),
        width_m=12,
        camera=CAMERA,
        distance_m=18.0,
        overlap_front=0.7,
        overlap_side=0.6,
        ground=flat(),
    )
    _, along_m = CAMERA.footprint_m(18.0)
    same_row = np.diff(poses.row) == 0
    steps = np.linalg.norm(np.diff(poses.position_m, axis=0), axis=1)
    assert steps[same_row].max() <= along_m * 0.3 + 1e-6
    assert steps[same_row].min() > along_m * 0.3 * 0.5


def test_a_long_road_keeps_its_height_above_the_round_earth() -> None:
    road = feature(LineString([(0, 0), (0, 9000)]), width_m=3)
    plan = planned(Pattern.CORRIDOR, road, camera="dji_m3e_wide", gsd_mm=5)
    heights = plan.to_latlon_height(plan.positions_m)[:, 2]
    assert heights == pytest.approx(plan.photos[0].distance_m, abs=0.05)
    assert plan.positions_m[:, 2].min() < heights.min() - 5


def test_width_and_length_must_be_there() -> None:
    with pytest.raises(BadInput, match="width of a corridor must be > 0 m, got 0"):
        planned(Pattern.CORRIDOR, feature(bent(10), width_m=0), camera="dji_m3e_wide", gsd_mm=5)
    with pytest.raises(BadInput, match="no 'width_m'; give --width-m"):
        planned(Pattern.CORRIDOR, feature(bent(10), "N8"), camera="dji_m3e_wide", gsd_mm=5)
    with pytest.raises(BadGeometry, match="no length"):
        corridor(
            LineString(),
            width_m=3,
            camera=CAMERA,
            distance_m=18.0,
            overlap_front=0.7,
            overlap_side=0.6,
            ground=flat(),
        )

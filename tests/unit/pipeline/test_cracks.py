"""Cracks on the ground: pieces, bridges, scale."""

import random

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from inspection.geo.grid import PixelGrid
from inspection.pipeline.cracks import Crack, ground_scale, join_cracks, measure_crack
from tests.support.masks import bar, runs_of

SHAPE = (200, 700)
SIZE = {"width_px": 700, "height_px": 200}
LOCAL = PixelGrid.north_up(left_m=0, top_m=0, gsd_m_per_px=0.002, **SIZE)


def crack_at(
    member: int, x: float, y: float, length: float, *, width: float = 4, angle_deg: float = 0.0
) -> Crack:
    mask = bar(SHAPE, centre=(x, y), length=length, width=width, angle_deg=angle_deg)
    return measure_crack(member, runs_of(mask), LOCAL, ground_scale(LOCAL, (x, y)))


def test_the_size_of_a_pixel_on_the_map_and_on_the_ground() -> None:
    grid = PixelGrid.north_up(
        left_m=500_000, top_m=4_050_000, gsd_m_per_px=0.01, crs="EPSG:32653", **SIZE
    )
    scale = ground_scale(grid, (0.0, 0.0))
    assert scale.gsd_map_m_per_px == pytest.approx(0.01)
    assert scale.gsd_m_per_px == pytest.approx(0.01 / 0.9996)
    assert scale.linear == pytest.approx(0.9996)


def test_a_homography_has_its_own_scale_at_each_place() -> None:
    matrix = np.array([[0.002, 0, 0], [0, -0.002, 0], [0.0005, 0, 1]])
    grid = PixelGrid(surface_from_px=matrix, **SIZE)
    near, far = ground_scale(grid, (10, 100)), ground_scale(grid, (690, 100))
    assert near.gsd_m_per_px > 1.3 * far.gsd_m_per_px
    mask = bar(SHAPE, centre=(350, 100), length=300, width=6, angle_deg=0)
    crack = measure_crack(0, runs_of(mask), grid, ground_scale(grid, (350, 100)))
    ends = grid.to_surface([[200, 100], [500, 100]])
    assert crack.length_m == pytest.approx(float(np.hypot(*(ends[1] - ends[0]))), rel=0.01)


def test_a_rotated_grid_measures_the_same() -> None:
    angle = np.radians(33)
    turn = np.array([[np.cos(angle), np.sin(angle)], [np.sin(angle), -np.cos(angle)]]) * 0.002
    matrix = np.eye(3)
    matrix[:2, :2], matrix[:2, 2] = turn, (70, 80)
    grid = PixelGrid(surface_from_px=matrix, **SIZE)
    mask = bar(SHAPE, centre=(350, 100), length=300, width=6, angle_deg=10)
    crack = measure_crack(0, runs_of(mask), grid, ground_scale(grid, (350, 100)))
    assert crack.length_m == pytest.approx(0.6, rel=0.01)
    assert crack.orientation_deg() == pytest.approx(23, abs=0.5)


def test_length_and_width_carry_their_uncertainty() -> None:
    crack = crack_at(0, 350, 100, 500)
    length, width = crack.length(0.05), crack.width(0.05)
    assert length.value == pytest.approx(1.0, abs=0.01)
    # 2·√(2·(2 mm)² + (5 mm)² + (50 mm)²)
    assert length.expanded_uncertainty == pytest.approx(0.1007, abs=0.001)
    assert width.value == pytest.approx(8.0, abs=1.2)
    assert width.expanded_uncertainty == pytest.approx(2 * np.hypot(1.0, 0.4), rel=0.05)


def test_the_gap_counts_in_the_length_and_in_the_axis() -> None:
    (joined,) = join_cracks([crack_at(0, 150.2, 100.3, 200), crack_at(1, 360.2, 100.3, 200)])
    assert joined.members == (0, 1)
    assert len(joined.bridges) == 1
    assert joined.length_m == pytest.approx(0.82, abs=0.008)
    axis = joined.axis(0.0)
    assert isinstance(axis, shapely.LineString)
    assert axis.length == pytest.approx(joined.length_m, rel=1e-6)
    assert joined.middle() == pytest.approx((255.2 * 0.002, -100.3 * 0.002), abs=0.004)


def test_the_width_of_joined_pieces_is_that_of_the_widest() -> None:
    thin, wide = crack_at(0, 150.2, 100.3, 200, width=3), crack_at(1, 360.2, 100.3, 200, width=7)
    (joined,) = join_cracks([thin, wide])
    assert joined.width(0.02).value == pytest.approx(wide.width(0.02).value)


@pytest.mark.parametrize(("angle_deg", "count"), [(20.0, 1), (45.0, 2)])
def test_a_sharp_turn_is_another_crack(angle_deg: float, count: int) -> None:
    reach = 60 * np.array([np.cos(np.radians(angle_deg)), np.sin(np.radians(angle_deg))])
    second = crack_at(1, 256 + reach[0], 100.3 + reach[1], 120, angle_deg=angle_deg)
    assert len(join_cracks([crack_at(0, 150.2, 100.3, 200), second])) == count


def test_parallel_cracks_stay_apart() -> None:
    assert len(join_cracks([crack_at(0, 300, 90, 400), crack_at(1, 300, 99, 400)])) == 2


def test_the_two_ends_of_one_crack_are_not_joined() -> None:
    y, x = np.mgrid[0:200, 0:700]
    radius = np.hypot(x - 300, y - 100)
    almost_ring = (np.abs(radius - 60) < 2.5) & ~((x > 340) & (np.abs(y - 100) < 4))
    crack = measure_crack(0, runs_of(almost_ring), LOCAL, ground_scale(LOCAL, (300, 100)))
    (kept,) = join_cracks([crack])
    assert kept.bridges == ()


def test_pieces_of_one_detection_are_joined_within_it() -> None:
    mask = bar(SHAPE, centre=(150.2, 100.3), length=200, width=4, angle_deg=0)
    mask |= bar(SHAPE, centre=(357.2, 100.3), length=200, width=4, angle_deg=0)
    crack = measure_crack(5, runs_of(mask), LOCAL, ground_scale(LOCAL, (250, 100)))
    (joined,) = join_cracks([crack])
    assert joined.members == (5,)
    assert len(joined.bridges) == 1
    assert isinstance(joined.axis(0.0), shapely.LineString)


def test_no_cracks_give_no_cracks() -> None:
    assert join_cracks([]) == []


DASHES = [crack_at(i, 40.2 + 66 * i, 100.3, 55) for i in range(9)]


@settings(max_examples=15, deadline=None, derandomize=True)
@given(st.randoms(use_true_random=False), st.integers(1, 9))
def test_the_order_of_the_pieces_changes_nothing(rng: random.Random, count: int) -> None:
    pieces = DASHES[:count]
    shuffled = list(pieces)
    rng.shuffle(shuffled)
    (first,), (second,) = join_cracks(pieces), join_cracks(shuffled)
    assert first.members == second.members
    assert first.length_m == pytest.approx(second.length_m, rel=1e-12)
    assert first.axis(0.0) == second.axis(0.0)
    assert first.width(0.02) == second.width(0.02)
    assert first.length_m == pytest.approx((66 * (count - 1) + 55) * 0.002, rel=0.02)

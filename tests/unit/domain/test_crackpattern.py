"""Spacing, density, grid and direction: the golden numbers of domain specification §4.5, §4.8."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from inspection.domain.crackpattern import (
    Direction,
    count_crossings,
    crack_pattern,
    crack_shape,
    direction_of,
    second_mode_share,
    segments,
    smallest_spacing_m,
)
from inspection.errors import BadGeometry


def line(x0: float, y0: float, x1: float, y1: float, n: int = 21) -> NDArray[np.float64]:
    t = np.linspace(0, 1, n)[:, None]
    return np.array([x0, y0]) + t * np.array([x1 - x0, y1 - y0])


def turned(points: NDArray[np.float64], degrees: float) -> NDArray[np.float64]:
    a = np.radians(degrees)
    return points @ np.array([[np.cos(a), np.sin(a)], [-np.sin(a), np.cos(a)]])


def grid_of(spacing: float, side: float) -> list[NDArray[np.float64]]:
    at = np.arange(spacing / 2, side, spacing)
    return [line(x, 0, x, side) for x in at] + [line(0, y, side, y) for y in at]


@given(angle=st.floats(0, 180), noise=st.integers(0, 1000))
def test_golden_spacing_of_two_lines_400_mm_apart_within_1_percent(
    angle: float, noise: int
) -> None:
    rng = np.random.default_rng(noise)
    pair = [line(0, 0, 5, 0), line(0.3, 0.4, 5.2, 0.4)]
    jittered = [turned(p + rng.normal(0, 0.001, p.shape), angle) for p in pair]
    assert smallest_spacing_m(jittered) == pytest.approx(0.4, rel=0.01)


def test_no_parallel_pair_means_infinite_spacing() -> None:
    assert smallest_spacing_m([line(0, 0, 5, 0), line(1, -1, 1, 1)]) == math.inf
    assert smallest_spacing_m([line(0, 0, 1, 0), line(0.8, 0.2, 3, 0.2)]) == math.inf  # 20 %
    assert smallest_spacing_m([]) == math.inf


def test_the_smallest_of_several_spacings_counts() -> None:
    assert smallest_spacing_m([line(0, y, 3, y) for y in (0, 1.0, 1.3)]) == pytest.approx(0.3)


@pytest.mark.parametrize(("spacing", "size"), [(0.5, 4.0), (0.2, 2.0), (1.0, 6.0)])
def test_golden_grid_size_is_the_spacing_of_an_ideal_grid(spacing: float, size: float) -> None:
    pattern = crack_pattern(grid_of(spacing, size), area_m2=size**2)
    assert pattern.directions == 2
    assert pattern.grid_m == pytest.approx(spacing, rel=1e-9)
    assert pattern.cell_side_median_m == pytest.approx(spacing, rel=1e-6)
    assert pattern.spacing_min_m == pytest.approx(spacing, rel=1e-6)


def test_golden_density() -> None:
    pattern = crack_pattern([line(0, 0, 3, 0), line(0, 1, 2, 1)], area_m2=10)
    assert pattern.density_m_per_m2 == pytest.approx(0.5)
    assert pattern.degree_cm_per_m2 == pytest.approx(50)
    assert (pattern.count, pattern.directions, pattern.grid_m) == (2, 1, None)
    assert pattern.cell_side_median_m is None


def test_nothing_cracked() -> None:
    pattern = crack_pattern([], area_m2=4)
    assert (pattern.count, pattern.directions, pattern.crossings) == (0, 0, 0)
    assert pattern.spacing_min_m == math.inf


@pytest.mark.parametrize(
    ("across", "directions"), [(2, 1), (3, 2)], ids=["two crossings", "three crossings"]
)
def test_two_directions_need_three_crossings(across: int, directions: int) -> None:
    cracks = [line(0, 0, 3, 0)] + [line(x + 0.5, -0.8, x + 0.5, 0.8) for x in range(across)]
    assert crack_pattern(cracks, area_m2=9).directions == directions


def test_two_directions_need_a_quarter_of_the_length() -> None:
    long = [line(0, y, 10, y) for y in (0, 1, 2)]
    thin = [*long, line(5, -1, 5, 3)]
    assert second_mode_share(thin) == pytest.approx(4 / 34, abs=1e-6)
    assert crack_pattern(thin, area_m2=30).directions == 1
    assert crack_pattern([*thin, line(3, -3, 3, 4)], area_m2=30).directions == 2


@given(turn=st.floats(0, 180))
def test_the_second_mode_does_not_depend_on_the_axis(turn: float) -> None:
    cracks = [turned(p, turn) for p in (line(0, 0, 6, 0), line(1, -2, 1, 2))]
    assert second_mode_share(cracks) == pytest.approx(0.4, abs=1e-6)


def test_directions_closer_than_45_degrees_are_one() -> None:
    assert second_mode_share([line(0, 0, 5, 0), turned(line(0, 0, 5, 0), 25)]) == 0


def test_crossings_and_meetings_are_counted_once() -> None:
    assert count_crossings([line(0, 0, 2, 0), line(1, -1, 1, 1), line(0, -1, 2, 1)]) == 1
    assert count_crossings([line(0, 0, 2, 0), line(1, 0, 1, 1, n=2)]) == 1
    assert count_crossings([line(0, 0, 2, 0), line(0, 1, 2, 1)]) == 0


@pytest.mark.parametrize(
    ("orientation", "axis", "expected"),
    [
        (20, 0, Direction.LONGITUDINAL),
        (20.1, 0, Direction.DIAGONAL),
        (69.9, 0, Direction.DIAGONAL),
        (70, 0, Direction.TRANSVERSE),
        (179, 2, Direction.LONGITUDINAL),
        (100, 10, Direction.TRANSVERSE),
    ],
)
def test_direction_to_the_member_axis(orientation: float, axis: float, expected: Direction) -> None:
    assert direction_of(orientation, axis) is expected


def test_a_fork_has_three_branches_and_one_junction() -> None:
    shape = crack_shape([line(0, 0, 1, 0), line(1, 0, 2, 0.5), line(1, 0, 2, -0.5)])
    assert (shape.branches, shape.junctions) == (3, 1)
    assert shape.length_m == pytest.approx(1 + 2 * math.hypot(1, 0.5))
    assert shape.orientation_deg == pytest.approx(0, abs=1e-6)
    assert shape.tortuosity == pytest.approx(1)


def test_tortuosity_of_a_half_circle_is_half_pi() -> None:
    t = np.linspace(0, np.pi, 721)
    shape = crack_shape([np.column_stack([np.cos(t), np.sin(t)])])
    assert shape.tortuosity == pytest.approx(np.pi / 2, rel=1e-4)


def test_a_closed_ring_has_no_chord() -> None:
    ring = np.array([[0, 0], [1, 0], [1, 1], [0, 0]])
    assert crack_shape([ring]).tortuosity == math.inf


@given(total=st.floats(0.05, 30))
def test_segments_tile_the_line(total: float) -> None:
    parts = segments(line(0, 0, total, 0))
    assert sum(p.length_m for p in parts) == pytest.approx(total)
    assert all(p.tortuosity == pytest.approx(1) for p in parts)
    if total >= 0.5:
        assert all(1 / 3 <= p.length_m <= 0.75 for p in parts)


def test_segments_follow_a_bend() -> None:
    parts = segments(np.array([[0.0, 0], [1, 0], [1, 1]]), segment_m=1.0)
    assert [p.orientation_deg for p in parts] == pytest.approx([0, 90])


def test_nonsense_is_refused() -> None:
    with pytest.raises(BadGeometry, match="above 0 m"):
        crack_shape([[[1, 1], [1, 1]]])
    with pytest.raises(BadGeometry, match="got 0 m²"):
        crack_pattern([], area_m2=0)
    with pytest.raises(BadGeometry, match="cannot cut"):
        segments([[0, 0], [0, 0]])

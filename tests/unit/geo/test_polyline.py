"""Lines: length, direction, smoothing, spacing."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspection.geo.polyline import (
    axial_difference_deg,
    axial_mean_deg,
    length,
    outward_direction,
    perpendicular_spacing,
    point_at,
    smooth,
    stations,
    unit_normals,
)

ANGLES = st.floats(0, 180, exclude_max=True)


def segment(angle_deg: float, size: float = 10.0, at: tuple[float, float] = (0, 0)) -> np.ndarray:
    direction = np.array([np.cos(np.radians(angle_deg)), np.sin(np.radians(angle_deg))])
    return np.array([at, np.array(at) + size * direction])


def test_length_and_stations_agree() -> None:
    line = [[0, 0], [3, 4], [3, 5], [4, 5]]
    assert length(line) == 7.0
    assert stations(line).tolist() == [0, 5, 6, 7]


def test_a_point_beyond_the_end_is_the_end() -> None:
    assert point_at([[0, 0], [10, 0]], 99) == (10.0, 0.0)
    assert point_at([[0, 0], [10, 0]], -1) == (0.0, 0.0)


@given(ANGLES)
def test_a_line_and_its_reverse_have_one_direction(angle_deg: float) -> None:
    line = segment(angle_deg)
    forward, backward = axial_mean_deg([line]), axial_mean_deg([line[::-1]])
    assert axial_difference_deg(forward, angle_deg) < 1e-6
    assert axial_difference_deg(forward, backward) < 1e-6
    assert 0 <= forward < 180


def test_the_mean_of_179_and_1_degrees_is_0_not_90() -> None:
    assert axial_difference_deg(axial_mean_deg([segment(179), segment(1)]), 0) < 1e-9


def test_long_lines_count_more() -> None:
    mean = axial_mean_deg([segment(0, 9), segment(30, 1)])
    assert 2.0 < mean < 4.0


@given(st.floats(-720, 720), st.floats(-720, 720))
def test_an_axial_difference_is_between_0_and_90(first: float, second: float) -> None:
    difference = axial_difference_deg(first, second)
    assert 0 <= difference <= 90
    assert difference == pytest.approx(axial_difference_deg(second, first), abs=1e-9)


def test_smoothing_keeps_both_ends_and_straight_lines() -> None:
    line = np.column_stack([np.arange(30.0), 0.5 * np.arange(30.0)])
    assert smooth(line, 3.0) == pytest.approx(line, abs=1e-12)
    steps = np.column_stack([np.arange(30.0), np.arange(30) // 3])
    assert smooth(steps, 3.0)[[0, -1]] == pytest.approx(steps[[0, -1]])


def test_smoothing_brings_a_staircase_to_its_true_length() -> None:
    x = np.arange(1000.0)
    stairs = np.column_stack([x, np.round(x * np.tan(np.radians(17)))])
    true = length(stairs[[0, -1]])
    assert length(stairs) > 1.06 * true
    assert 0.999 * true <= length(smooth(stairs, 2.0)) < 1.005 * true


def test_smoothing_a_ring_keeps_it_closed() -> None:
    angle = np.linspace(0, 2 * np.pi, 200)
    ring = 30 * np.column_stack([np.cos(angle), np.sin(angle)])
    ring[-1] = ring[0]
    smoothed = smooth(ring, 2.0, closed=True)
    assert smoothed[0] == pytest.approx(smoothed[-1], abs=1e-9)
    assert np.hypot(*smoothed.T) == pytest.approx(30, abs=0.2)


def test_two_points_cannot_be_smoothed_away() -> None:
    assert smooth([[0, 0], [1, 0]], 5.0).tolist() == [[0, 0], [1, 0]]


def test_a_repeated_point_has_no_normal_and_no_direction() -> None:
    assert np.isfinite(unit_normals([[1, 1], [1, 1]])).all()
    assert outward_direction([[1, 1], [1, 1]], 3).tolist() == [0, 0]


@given(ANGLES)
def test_normals_are_perpendicular_unit_vectors(angle_deg: float) -> None:
    line = segment(angle_deg)
    normals = unit_normals(line)
    assert normals @ (line[1] - line[0]) == pytest.approx([0, 0], abs=1e-9)
    assert np.hypot(*normals.T) == pytest.approx([1, 1])


@settings(max_examples=50)
@given(ANGLES, st.floats(0.05, 2.0))
def test_spacing_of_parallel_lines_in_any_direction(angle_deg: float, gap: float) -> None:
    normal = np.array([-np.sin(np.radians(angle_deg)), np.cos(np.radians(angle_deg))])
    first = segment(angle_deg)
    found = perpendicular_spacing(first, first + gap * normal)
    assert found == pytest.approx(gap, rel=1e-6)


def test_the_golden_spacing_of_400_mm_is_within_1_percent_on_wiggly_lines() -> None:
    x = np.linspace(0, 5, 400)
    first = np.column_stack([x, 0.004 * np.sin(9 * x)])
    second = np.column_stack([x, 0.4 + 0.004 * np.sin(9 * x)])
    assert perpendicular_spacing(first, second) == pytest.approx(0.4, rel=0.01)


@pytest.mark.parametrize(
    "second",
    [
        segment(21.0, at=(0, 0.3)),  # not parallel enough
        segment(0.0, at=(8.0, 0.3)),  # overlap of 20 %
    ],
)
def test_lines_that_do_not_run_side_by_side_have_no_spacing(second: np.ndarray) -> None:
    assert perpendicular_spacing(segment(0.0), second) is None


def test_an_overlap_of_30_percent_of_the_shorter_line_is_enough() -> None:
    assert perpendicular_spacing(segment(0.0), segment(0.0, at=(7.0, 0.3))) == pytest.approx(0.3)

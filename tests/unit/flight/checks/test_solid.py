"""Distances of segments from triangles, against brute force."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from flight.checks.nearest import nearest_approach
from flight.checks.solid import segment_triangle_distance_m

points = arrays(np.float64, 3, elements=st.integers(-20, 20).map(lambda v: v / 4))
segments = st.tuples(points, points)
triangles = arrays(np.float64, (3, 3), elements=st.integers(-20, 20).map(lambda v: v / 4))


def sampled_m(start: np.ndarray, end: np.ndarray, triangle: np.ndarray, count: int = 41) -> float:
    """Take the least distance between many points of both; it is never too small."""
    t = np.linspace(0, 1, count)
    line = start + t[:, None] * (end - start)
    u, v = (grid.ravel() for grid in np.meshgrid(t, t))
    inside = u + v <= 1 + 1e-12
    a, b, c = triangle
    face = a + u[inside, None] * (b - a) + v[inside, None] * (c - a)
    return float(np.linalg.norm(line[:, None] - face[None], axis=2).min())


@given(segments, triangles)
@settings(max_examples=150, deadline=None)
def test_the_distance_is_that_of_the_nearest_points(
    segment: tuple[np.ndarray, np.ndarray], triangle: np.ndarray
) -> None:
    start, end = segment
    exact = segment_triangle_distance_m(start[None], end[None], triangle[None])[0]
    brute = sampled_m(start, end, triangle)
    longest = max(
        np.linalg.norm(end - start),
        *(np.linalg.norm(triangle[i] - triangle[i - 1]) for i in range(3)),
    )
    assert exact <= brute + 1e-9
    assert exact >= brute - longest * 3 / 40 - 1e-9


@given(segments, triangles, st.permutations([0, 1, 2]))
@settings(max_examples=60, deadline=None)
def test_order_and_direction_do_not_matter(
    segment: tuple[np.ndarray, np.ndarray], triangle: np.ndarray, order: list[int]
) -> None:
    start, end = segment
    first = segment_triangle_distance_m(start[None], end[None], triangle[None])[0]
    second = segment_triangle_distance_m(end[None], start[None], triangle[order][None])[0]
    assert abs(first - second) < 1e-9


@given(segments, triangles, points)
@settings(max_examples=60, deadline=None)
def test_a_shift_changes_the_distance_by_no_more_than_the_shift(
    segment: tuple[np.ndarray, np.ndarray], triangle: np.ndarray, shift: np.ndarray
) -> None:
    start, end = segment
    first = segment_triangle_distance_m(start[None], end[None], triangle[None])[0]
    moved = segment_triangle_distance_m(start[None] + shift, end[None] + shift, triangle[None])[0]
    assert abs(first - moved) <= np.linalg.norm(shift) + 1e-9


def test_a_segment_through_the_middle_meets_it() -> None:
    wall = np.array([[[0, 0, 0], [10, 0, 0], [5, 0, 10.0]]])
    through = segment_triangle_distance_m(np.array([[5.0, -4, 3]]), np.array([[5.0, 4, 3]]), wall)
    beside = segment_triangle_distance_m(np.array([[15.0, -4, 0]]), np.array([[15.0, 4, 0]]), wall)
    assert (through[0], beside[0]) == (0.0, 5.0)


def test_a_wire_is_a_triangle_without_area() -> None:
    wire = np.array([[[0, 0, 10.0], [10, 0, 10], [10, 0, 10]]])
    below = segment_triangle_distance_m(np.array([[5.0, -5, 7]]), np.array([[5.0, 5, 7]]), wire)
    assert below[0] == 3.0


@given(
    st.lists(segments, min_size=1, max_size=5),
    points,
    st.floats(0.1, 6.0),
)
@settings(max_examples=80, deadline=None)
def test_the_approach_to_a_ball_is_found_to_the_tolerance(
    legs: list[tuple[np.ndarray, np.ndarray]], centre: np.ndarray, enough_m: float
) -> None:
    starts, ends = (np.array([leg[i] for leg in legs]) for i in (0, 1))
    found = nearest_approach(
        starts, ends, lambda p: np.linalg.norm(p - centre, axis=1), enough_m=enough_m
    )
    point = np.array([[centre, centre, centre]])
    exact = np.array([segment_triangle_distance_m(a[None], b[None], point)[0] for a, b in legs])
    assert (found.distance_m >= exact - 1e-9).all()
    close = exact < enough_m
    assert (found.distance_m[close] <= exact[close] + 0.05 + 1e-9).all()
    assert found.distance_m.min() <= exact.min() + 0.05 + 1e-9
    at = np.linalg.norm(found.place_m - centre, axis=1)
    assert np.allclose(at, found.distance_m)

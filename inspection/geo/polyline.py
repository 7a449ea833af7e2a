"""Measure and smooth lines given as points: length, direction, middle, spacing.

A line is (n, 2) float64, n ≥ 2, in any metric frame. Directions are *axial*: a line has no front,
so 10° and 190° are the same direction.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

Line = NDArray[np.float64]

OVERLAP = 0.3
"""Lines lie side by side when their projections share so much of the shorter one."""

PARALLEL_DEG = 20.0
"""Directions that differ by less are parallel (domain specification §4.5)."""


def length(line: ArrayLike) -> float:
    """Give the length of a line in the unit of its points.

    >>> length([[0, 0], [3, 4], [3, 5]])
    6.0
    """
    steps = np.diff(np.asarray(line, dtype=np.float64), axis=0)
    return float(np.hypot(steps[:, 0], steps[:, 1]).sum())


def stations(line: ArrayLike) -> NDArray[np.float64]:
    """Give the distance (n,) of each point from the first, measured along the line.

    >>> stations([[0, 0], [3, 4], [3, 5]]).tolist()
    [0.0, 5.0, 6.0]
    """
    steps = np.diff(np.asarray(line, dtype=np.float64), axis=0)
    return np.concatenate([[0.0], np.cumsum(np.hypot(steps[:, 0], steps[:, 1]))])


def point_at(line: ArrayLike, distance: float) -> tuple[float, float]:
    """Give the point of a line at a distance from its first point.

    >>> point_at([[0, 0], [10, 0]], 2.5)
    (2.5, 0.0)
    """
    points = np.asarray(line, dtype=np.float64)
    along = stations(points)
    x, y = (float(np.interp(distance, along, points[:, axis])) for axis in (0, 1))
    return x, y


def axial_mean_deg(lines: Sequence[ArrayLike]) -> float:
    """Give the length-weighted mean direction of lines, 0 ≤ degrees < 180, from the x axis to y.

    Doubling the angles makes opposite directions equal before they are averaged.

    Source: axial statistics, domain specification §4.4; Mardia & Jupp, Directional Statistics.

    >>> axial_mean_deg([[[0, 0], [10, 1]], [[10, -1], [0, 0]]])
    0.0
    >>> round(axial_mean_deg([[[0, 0], [1, 1]]]), 9)
    45.0
    """
    steps = np.concatenate([np.diff(np.asarray(line, dtype=np.float64), axis=0) for line in lines])
    lengths = np.hypot(steps[:, 0], steps[:, 1])
    doubled = 2 * np.arctan2(steps[:, 1], steps[:, 0])
    sine, cosine = (lengths * np.sin(doubled)).sum(), (lengths * np.cos(doubled)).sum()
    degrees = float(np.degrees(0.5 * np.arctan2(sine, cosine)) % 180.0)
    return 0.0 if degrees > 180.0 - 1e-9 else round(degrees, 12)


def axial_difference_deg(first_deg: float, second_deg: float) -> float:
    """Give the angle between two axial directions, 0 to 90 degrees.

    >>> axial_difference_deg(178, 3)
    5.0
    """
    difference = abs(first_deg - second_deg) % 180.0
    return float(min(difference, 180.0 - difference))


def smooth(line: ArrayLike, sigma: float, *, closed: bool = False) -> Line:
    """Smooth a chain of about evenly spaced points with a Gaussian, keeping both ends.

    The chain is continued point-symmetrically beyond its ends, so that neither end moves. A closed
    ring (first point = last point) is continued around.

    Args:
        line: (n, 2) points.
        sigma: standard deviation in points.
        closed: True for a ring.
    """
    points = np.asarray(line, dtype=np.float64)
    reach = min(int(np.ceil(3 * sigma)), len(points) - 1)
    if reach < 1:
        return points.copy()
    if closed:
        before, after = points[-1 - reach : -1], points[1 : 1 + reach]
    else:
        before = 2 * points[0] - points[reach:0:-1]
        after = 2 * points[-1] - points[-2 : -2 - reach : -1]
    padded = np.concatenate([before, points, after])
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    kernel /= kernel.sum()
    return np.column_stack([np.convolve(padded[:, axis], kernel, mode="valid") for axis in (0, 1)])


def unit_normals(line: ArrayLike) -> NDArray[np.float64]:
    """Give the unit vectors (n, 2) perpendicular to a line at each of its points.

    >>> unit_normals([[0, 0], [1, 0], [2, 0]]).tolist()
    [[0.0, 1.0], [0.0, 1.0], [0.0, 1.0]]
    """
    tangents = np.gradient(np.asarray(line, dtype=np.float64), axis=0)
    lengths = np.hypot(tangents[:, 0], tangents[:, 1])
    lengths[lengths == 0] = 1.0
    return np.column_stack([-tangents[:, 1] / lengths + 0.0, tangents[:, 0] / lengths + 0.0])


def outward_direction(line: ArrayLike, reach: float) -> NDArray[np.float64]:
    """Give the unit vector (2,) in which a line would go on beyond its last point.

    Args:
        line: (n, 2) points.
        reach: how far back along the line the direction is taken.

    >>> outward_direction([[0, 0], [10, 0]], 4).tolist()
    [1.0, 0.0]
    """
    points = np.asarray(line, dtype=np.float64)
    back = np.array(point_at(points, max(0.0, length(points) - reach)))
    vector = points[-1] - back
    size = float(np.hypot(*vector))
    return vector / size if size > 0 else np.zeros(2)


def perpendicular_spacing(
    first: ArrayLike,
    second: ArrayLike,
    *,
    parallel_deg: float = PARALLEL_DEG,
    overlap: float = OVERLAP,
) -> float | None:
    """Give the mean distance of two parallel lines over their overlap, in the unit of the points.

    None when the lines are not parallel or do not overlap enough.

    Args:
        first: (n, 2) points.
        second: (m, 2) points.
        parallel_deg: largest difference of direction that still counts as parallel.
        overlap: smallest overlap of the projections, as a share of the shorter one.

    Source: domain specification §4.5.

    >>> round(perpendicular_spacing([[0, 0], [5, 0]], [[0, 0.4], [5, 0.4]]), 9)
    0.4
    >>> perpendicular_spacing([[0, 0], [5, 0]], [[0, 0], [0, 5]]) is None
    True
    """
    lines = [np.asarray(line, dtype=np.float64) for line in (first, second)]
    if axial_difference_deg(*(axial_mean_deg([line]) for line in lines)) >= parallel_deg:
        return None
    return spacing_of_parallel(*lines, overlap=overlap)


def spacing_of_parallel(
    first: ArrayLike, second: ArrayLike, *, overlap: float = OVERLAP
) -> float | None:
    """Give the mean distance of two lines over their overlap, known to be parallel.

    None when they do not overlap enough.

    Args:
        first: (n, 2) points.
        second: (m, 2) points.
        overlap: smallest overlap of the projections, as a share of the shorter one.
    """
    lines = [np.asarray(line, dtype=np.float64) for line in (first, second)]
    angle = np.radians(axial_mean_deg(lines))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    along = [line @ turn[:, 0] for line in lines]
    across = [line @ turn[:, 1] for line in lines]
    start, stop = max(u.min() for u in along), min(u.max() for u in along)
    if stop - start < overlap * min(np.ptp(u) for u in along):
        return None
    at = np.linspace(start, stop, 65)
    offsets = [
        np.interp(at, u[order], v[order])
        for u, v, order in ((u, v, np.argsort(u)) for u, v in zip(along, across, strict=True))
    ]
    return float(np.abs(offsets[0] - offsets[1]).mean())

"""Say of many lines at once which may run parallel to one, and how near to it at the nearest.

Whoever looks for the nearest parallel neighbour among hundreds measures only those few that may be
nearer than the nearest so far.
"""

from collections.abc import Sequence

import numpy as np
import shapely
from numpy.typing import NDArray

from inspection.geo.polyline import PARALLEL_DEG

VAGUE = 1e-6
"""Share of its length by which a line must lead somewhere to have a direction."""

MARGIN = 1e-6
"""What rounding may take from a spacing, in the unit of the points, or add to an angle, degrees."""


def least_spacings(
    line: shapely.LineString, others: Sequence[shapely.LineString]
) -> NDArray[np.float64]:
    """Give what ``perpendicular_spacing`` of a line and others is at least, (n,).

    Infinity where it surely gives none, because they are not parallel; 0 where nothing is sure.

    Args:
        line: one line in a metric CRS.
        others: n lines.

    >>> one, near, far, across = (
    ...     shapely.LineString(points)
    ...     for points in ([(0, 0), (5, 0)], [(0, 1), (5, 1)], [(0, 3), (5, 4)], [(0, 0), (0, 5)])
    ... )
    >>> least_spacings(one, [near, far, across]).round(2).tolist()
    [1.0, 2.51, inf]
    """
    points, owner = shapely.get_coordinates([line, *others], return_index=True)
    points = points - points[0]
    sine, cosine, lengths = _directions(points, owner, len(others) + 1)
    vague = np.hypot(sine, cosine) <= VAGUE * lengths
    between = (np.arctan2(sine, cosine) - np.arctan2(sine[0], cosine[0])) / 2 % np.pi
    apart_deg = np.degrees(np.minimum(between, np.pi - between))
    both_sine, both_cosine = sine + sine[0], cosine + cosine[0]
    angle = np.arctan2(both_sine, both_cosine) / 2
    normals = np.column_stack([-np.sin(angle), np.cos(angle)])
    starts = np.flatnonzero(np.diff(owner, prepend=-1))
    across = (points * normals[owner]).sum(axis=1)
    own = points[owner == 0] @ normals.T
    least: NDArray[np.float64] = np.maximum(
        np.minimum.reduceat(across, starts) - own.max(axis=0),
        own.min(axis=0) - np.maximum.reduceat(across, starts),
    )
    least = np.maximum(least - MARGIN, 0.0)
    least[np.hypot(both_sine, both_cosine) <= VAGUE * (lengths + lengths[0])] = 0.0
    least[(apart_deg >= PARALLEL_DEG + MARGIN) & ~vague & ~vague[0]] = np.inf
    return least[1:]


def _directions(
    points: NDArray[np.float64], owner: NDArray[np.int64], count: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Sum up the doubled directions of lines, sine and cosine, and their lengths."""
    within = owner[1:] == owner[:-1]
    steps, of = np.diff(points, axis=0)[within], owner[1:][within]
    lengths = np.hypot(steps[:, 0], steps[:, 1])
    doubled = 2 * np.arctan2(steps[:, 1], steps[:, 0])
    weights = (lengths * np.sin(doubled), lengths * np.cos(doubled), lengths)
    sums = [np.bincount(of, weight, count).astype(np.float64) for weight in weights]
    return sums[0], sums[1], sums[2]

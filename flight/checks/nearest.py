"""Find how near legs come to something whose distance can only be asked point by point.

A distance grows by at most one metre a metre. Between two points a and b of a leg it is therefore
at least (d(a) + d(b) − |ab|) / 2, and a piece of leg whose bound is high enough needs no further
look. So nothing is missed between two samples, however thin.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Distance = Callable[[Floats], Floats]
"""(n, 3) points, m → (n,) distance, m, that changes by at most 1 m a metre."""

TOLERANCE_M = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Approach:
    """Say how near each leg comes.

    Attributes:
        distance_m: (n,) least distance that was met on each leg. It is at most the tolerance
            above the true one where that is below ``enough_m``, and for the nearest leg of all.
        place_m: (n, 3) where.
    """

    distance_m: Floats
    place_m: Floats

    @property
    def nearest(self) -> int:
        """Name the leg that comes nearest."""
        return int(np.argmin(self.distance_m))


def nearest_approach(
    starts_m: Floats,
    ends_m: Floats,
    distance: Distance,
    *,
    enough_m: float,
    tolerance_m: float = TOLERANCE_M,
) -> Approach:
    """Find the least distance along each of n legs.

    Args:
        starts_m: (n, 3) m.
        ends_m: (n, 3) m.
        distance: to what shall not be met.
        enough_m: a leg that is surely farther away than this is not looked at more closely.
        tolerance_m: how exact the answer is.

    >>> ball = lambda points: np.linalg.norm(points - [5.0, 2.0, 0.0], axis=1)
    >>> legs = np.array([[0.0, 0, 0]]), np.array([[10.0, 0, 0]])
    >>> nearest_approach(*legs, ball, enough_m=3.0).distance_m.round(1).tolist()
    [2.0]
    """
    legs = np.arange(len(starts_m))
    a, b = starts_m, ends_m
    d_a, d_b = distance(a), distance(b)
    least = np.minimum(d_a, d_b)
    place = np.where((d_a <= d_b)[:, None], a, b)
    while len(legs):
        bound = (d_a + d_b - np.linalg.norm(b - a, axis=1)) / 2
        wanted = np.minimum(least[legs] - tolerance_m, enough_m)
        open_ = (bound < wanted) | (bound < least.min() - tolerance_m)
        legs, a, b, d_a, d_b = legs[open_], a[open_], b[open_], d_a[open_], d_b[open_]
        middle = (a + b) / 2
        d_m = distance(middle)
        order = np.argsort(d_m)[::-1]  # the last write of a leg is its least
        better = order[d_m[order] < least[legs[order]]]
        least[legs[better]], place[legs[better]] = d_m[better], middle[better]
        legs, a, b = np.tile(legs, 2), np.concatenate([a, middle]), np.concatenate([middle, b])
        d_a, d_b = np.concatenate([d_a, d_m]), np.concatenate([d_m, d_b])
    return Approach(distance_m=least, place_m=place)

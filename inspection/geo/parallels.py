"""Say of many lines at once which may run parallel to one, and how near to it at the nearest.

Whoever looks for the nearest parallel neighbour among hundreds measures only those few that may be
nearer than the nearest so far.
"""

from collections.abc import Sequence

import numpy as np
import shapely
from numpy.typing import NDArray

from inspection.geo.polyline import OVERLAP, PARALLEL_DEG

VAGUE = 1e-6
"""Share of its length by which a line must lead somewhere to have a direction."""

MARGIN = 1e-6
"""What rounding may take from a spacing, in the unit of the points, or add to an angle, degrees."""


class Bundle:
    """Hold lines of one metric CRS, with what is asked about each of them again and again."""

    def __init__(self, lines: Sequence[shapely.LineString]) -> None:
        """Sum up the doubled directions of lines, sine and cosine, and their lengths."""
        self._points, owner = shapely.get_coordinates(list(lines), return_index=True)
        self._counts = np.bincount(owner, minlength=len(lines))
        self._starts = self._counts.cumsum() - self._counts
        within = owner[1:] == owner[:-1]
        steps, of = np.diff(self._points, axis=0)[within], owner[1:][within]
        lengths = np.hypot(steps[:, 0], steps[:, 1])
        doubled = 2 * np.arctan2(steps[:, 1], steps[:, 0])
        weights = (lengths * np.sin(doubled), lengths * np.cos(doubled), lengths)
        sums = [np.bincount(of, weight, len(lines)).astype(np.float64) for weight in weights]
        self._sine, self._cosine, self._lengths = sums
        self._vague = np.hypot(self._sine, self._cosine) <= VAGUE * self._lengths

    def least_spacings(self, one: int, others: NDArray[np.intp]) -> NDArray[np.float64]:
        """Give what ``perpendicular_spacing`` of a line and others is at least, (n,).

        Infinity where it surely gives none, because they are not parallel or do not lie side by
        side; 0 where nothing is sure.

        Args:
            one: number of the line.
            others: (n,) numbers of other lines, or of itself.

        >>> lines = [
        ...     shapely.LineString(points)
        ...     for points in (
        ...         [(0, 0), (5, 0)], [(0, 1), (5, 1)], [(0, 3), (5, 4)], [(0, 0), (0, 5)],
        ...         [(9, 1), (15, 1)],
        ...     )
        ... ]
        >>> Bundle(lines).least_spacings(0, np.arange(1, 5)).round(2).tolist()
        [1.0, 2.99, inf, inf]
        """
        sine, cosine = self._sine[others], self._cosine[others]
        both_sine, both_cosine = sine + self._sine[one], cosine + self._cosine[one]
        angle = np.arctan2(both_sine, both_cosine) / 2
        axes = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
        (mine_from, from_), (mine_to, to) = self._spans(one, others, axes)
        least = np.maximum(np.maximum(from_[1] - mine_to[1], mine_from[1] - to[1]) - MARGIN, 0.0)
        shared = np.minimum(mine_to[0], to[0]) - np.maximum(mine_from[0], from_[0])
        shorter = np.minimum(mine_to[0] - mine_from[0], to[0] - from_[0])
        least[shared < OVERLAP * shorter - MARGIN] = np.inf
        lengths = self._lengths[others] + self._lengths[one]
        least[np.hypot(both_sine, both_cosine) <= VAGUE * lengths] = 0.0
        least[self._are_apart(one, others)] = np.inf
        return np.asarray(least, dtype=np.float64)

    def _spans(
        self, one: int, others: NDArray[np.intp], axes: NDArray[np.float64]
    ) -> tuple[tuple[NDArray[np.float64], ...], ...]:
        """Give from where to where the line and the others reach along axes (2, 2, n), (2, n)."""
        counts = self._counts[others]
        first = counts.cumsum() - counts
        which = np.arange(counts.sum()) + np.repeat(self._starts[others] - first, counts)
        start = self._starts[one]
        own = self._points[start : start + self._counts[one]]
        origin = own[0]
        x, y = (self._points[which] - origin).T
        own_axes = np.repeat(axes, counts, axis=2)
        theirs = own_axes[:, 0] * x + own_axes[:, 1] * y
        mine = np.einsum("kd,adn->akn", own - origin, axes)
        return (
            (mine.min(axis=1), np.minimum.reduceat(theirs, first, axis=1)),
            (mine.max(axis=1), np.maximum.reduceat(theirs, first, axis=1)),
        )

    def _are_apart(self, one: int, others: NDArray[np.intp]) -> NDArray[np.bool_]:
        """Tell which lines surely lead into another direction."""
        theirs = np.arctan2(self._sine[others], self._cosine[others])
        between = (theirs - np.arctan2(self._sine[one], self._cosine[one])) / 2 % np.pi
        apart_deg = np.degrees(np.minimum(between, np.pi - between))
        sure = ~self._vague[others] & ~self._vague[one]
        return np.asarray((apart_deg >= PARALLEL_DEG + MARGIN) & sure)

"""Match distinctive points of two photos exactly, the same on every machine.

COLMAP's own matcher on a processor searches an approximate index whose building is not repeatable:
about one run in a hundred over the same five photos lost up to four fifths of a pair's matches
(record 79). Here all points are compared with all. Descriptors are rounded to whole numbers so
small that every sum of their products is below 2²⁴ and float32 holds it exactly, in whatever order
it is added. What that costs: ``python -m tests.benchmarks.matching``.

Source: RootSIFT, Arandjelović & Zisserman, CVPR 2012; ratio test, Lowe, IJCV 60 (2004); the index:
https://github.com/colmap/colmap/pull/3874.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inspection.imaging.features import Features

LENGTH = 4000
"""Length of a rounded descriptor: with the half that rounding may add to each of its 128 numbers,
its square stays below 2²⁴, and so does the product of two."""

ROWS = 250
"""Points compared at a time with all of the other photo: their likenesses stay in the cache."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Likest:
    """Hold the likest partners of the points of two photos.

    Attributes:
        forth: (n,) for each point of the first photo its likest point of the second.
        back: (m,) for each point of the second photo its likest point of the first.
        best: (n,) likeness of ``forth``, whole numbers up to ``LENGTH``².
        runner_up: (n,) likeness of the next best.
    """

    forth: NDArray[np.intp]
    back: NDArray[np.intp]
    best: NDArray[np.float32]
    runner_up: NDArray[np.float32]


def match(
    first: Features, second: Features, *, ratio: float = 0.85, farthest: float = np.sqrt(2.0)
) -> NDArray[np.intp]:
    """Match points that choose each other, (n, 2) indices, clearly better than the next best.

    Args:
        first: points of one photo.
        second: points of the other.
        ratio: largest distance to the best ÷ distance to the second best.
        farthest: largest distance of two descriptors of length 1; two that share nothing are √2
            apart.
    """
    if len(first.points_px) < 2 or len(second.points_px) < 2:
        return np.empty((0, 2), dtype=np.intp)
    found = _likest(_rounded(first.descriptors), _rounded(second.descriptors))
    best, runner_up = _squared_distance(found.best), _squared_distance(found.runner_up)
    rows = np.arange(len(best))
    clear = (best < ratio**2 * runner_up) & (best <= farthest**2)
    chosen = rows[clear & (found.back[found.forth] == rows)]
    return np.column_stack([chosen, found.forth[chosen]])


def nearest_pairs(
    positions_m: NDArray[np.float64], *, reach_m: float, at_most: int
) -> list[tuple[int, int]]:
    """Pair each photo with its nearest ones, in order.

    Args:
        positions_m: (n, 2) east and north of the photos.
        reach_m: photos farther apart are no pair.
        at_most: how many partners a photo may choose; others may choose it too.

    >>> nearest_pairs(np.array([[0, 0], [1, 0], [3, 0], [9, 0]]), reach_m=5, at_most=1)
    [(0, 1), (1, 2)]
    """
    pairs = set()
    for one, here in enumerate(positions_m):
        away_m = np.hypot(*(positions_m - here).T)
        away_m[one] = np.inf
        for other in np.argsort(away_m, kind="stable")[:at_most]:
            if other != one and away_m[other] <= reach_m:
                pairs.add((min(one, int(other)), max(one, int(other))))
    return sorted(pairs)


def _rounded(descriptors: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Give the RootSIFT of descriptors (n, 128), of length ``LENGTH``, as whole numbers."""
    values = descriptors.astype(np.float64)
    total = np.maximum(values.sum(axis=1, keepdims=True), 1.0)
    return np.asarray(np.rint(LENGTH * np.sqrt(values / total)), dtype=np.float32)


def _squared_distance(likeness: NDArray[np.float32]) -> NDArray[np.float64]:
    """Give the squared distance of two unit vectors from the likeness of the rounded ones."""
    return np.maximum(2.0 - 2.0 * likeness.astype(np.float64) / LENGTH**2, 0.0)


def _likest(first: NDArray[np.float32], second: NDArray[np.float32]) -> Likest:
    """Compare all (n, 128) with all (m, 128); of equals the one that comes first is chosen."""
    n, m = len(first), len(second)
    forth, back = np.empty(n, np.intp), np.zeros(m, np.intp)
    best, runner_up = np.empty(n, np.float32), np.empty(n, np.float32)
    best_back = np.full(m, -1.0, np.float32)
    room = np.empty((min(ROWS, n), m), np.float32)
    for start in range(0, n, ROWS):
        here = slice(start, min(start + ROWS, n))
        likeness = np.matmul(first[here], second.T, out=room[: here.stop - start])
        highest = likeness.max(axis=0)
        better = np.flatnonzero(highest > best_back)
        back[better] = start + likeness[:, better].argmax(axis=0)
        best_back[better] = highest[better]
        forth[here] = likeness.argmax(axis=1)
        rows = np.arange(len(likeness))
        best[here] = likeness[rows, forth[here]]
        likeness[rows, forth[here]] = -1.0
        runner_up[here] = likeness.max(axis=1)
    return Likest(forth=forth, back=back, best=best, runner_up=runner_up)

"""Tie neighbouring photos of a plane together by points that both show.

Two steps a pair: few points of small pictures say whether and where two photos overlap (a
similarity), then many points of the overlap at twice the resolution give the ties. In complex
numbers a similarity of the plane is ``q = a·p + b``.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import combinations
from typing import Self

import numpy as np
from numpy.typing import NDArray

from inspection.domain.capture import Photo
from inspection.imaging.decode import read_grey
from inspection.imaging.features import Features, find_features
from inspection.imaging.matching import match
from inspection.imaging.photofile import PhotoFile

COARSE_SIDE_PX, COARSE_POINTS = 1400, 4000
"""Long side and points of the small pictures that say where photos overlap."""

FINE_SIDE_PX, FINE_POINTS = 2800, 8000
"""Long side of the whole photo, and points of the overlap, for the ties."""

ALL_PAIRS_UP_TO = 30
"""Up to this many photos every pair is tried, beyond it only neighbours in the given order."""

NEIGHBOURS = 6
"""How many following photos each photo is compared with when there are many."""

MIN_INLIERS = 15
"""Fewer agreeing points than this may be chance on repetitive concrete."""

TOLERANCE = 0.006
"""How far a tie may be off a similarity, as a share of the photo's long side: 2° of tilt and the
bending of a drone's lens stay below it."""

SCALE_RANGE = (0.7, 1.45)
"""Plausible ratio of the scales of two photos of one strip."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tie:
    """Hold points that two photos both show.

    Attributes:
        first: index of one photo.
        second: index of the other, greater.
        first_px: (n, 2) pixels in the first photo.
        second_px: (n, 2) pixels in the second photo.
        second_from_first: similarity (a, b) with ``second = a·first + b`` as complex numbers.
    """

    first: int
    second: int
    first_px: NDArray[np.float64]
    second_px: NDArray[np.float64]
    second_from_first: tuple[complex, complex]

    def only(self, chosen: slice | NDArray[np.bool_]) -> Self:
        """Keep some of the points."""
        return replace(self, first_px=self.first_px[chosen], second_px=self.second_px[chosen])


def candidate_pairs(count: int) -> list[tuple[int, int]]:
    """List the pairs of photos that are worth comparing.

    >>> candidate_pairs(3)
    [(0, 1), (0, 2), (1, 2)]
    >>> max(second - first for first, second in candidate_pairs(100))
    6
    """
    reach = count if count <= ALL_PAIRS_UP_TO else NEIGHBOURS
    return [pair for pair in combinations(range(count), 2) if pair[1] - pair[0] <= reach]


def find_ties(
    photos: Sequence[Photo],
    paths: Sequence[PhotoFile],
    *,
    on_step: Callable[[int, int], None] = lambda done, total: None,
) -> list[Tie]:
    """Compare photos and give the ties of those that overlap.

    Args:
        photos: photos of one plane, neighbours near each other in the order.
        paths: their files.
        on_step: hears (steps done, steps in all); a photo and a pair are one step each.
    """
    pairs = candidate_pairs(len(photos))
    total = len(photos) + len(pairs)
    coarse: list[Features] = []
    for path in paths:
        coarse.append(_coarse_features(read_grey(path)))
        on_step(len(coarse), total)
    read = lru_cache(maxsize=4)(lambda index: read_grey(paths[index]))
    ties: list[Tie] = []
    for done, (first, second) in enumerate(pairs, start=len(photos) + 1):
        tolerance_px = TOLERANCE * max(photos[second].width_px, photos[second].height_px)
        rough = _rough_tie(first, second, coarse[first], coarse[second], tolerance_px)
        if rough is not None:
            ties.append(_refined(rough, read(first), read(second), tolerance_px))
        on_step(done, total)
    return ties


def fit_similarity(p: NDArray[np.complex128], q: NDArray[np.complex128]) -> tuple[complex, complex]:
    """Fit ``q = a·p + b`` to (n,) complex points by least squares.

    >>> a, b = fit_similarity(np.array([0, 1, 1j]), np.array([5, 5 + 2j, 3]))
    >>> complex(round(a.real, 9), round(a.imag, 9)), complex(round(b.real, 9), round(b.imag, 9))
    (2j, (5+0j))
    """
    centre_p, centre_q = p.mean(), q.mean()
    offset = p - centre_p
    a = np.vdot(offset, q - centre_q) / np.vdot(offset, offset)
    return complex(a), complex(centre_q - a * centre_p)


def agree_on_similarity(
    p: NDArray[np.complex128],
    q: NDArray[np.complex128],
    *,
    tolerance_px: float,
    tries: int = 4000,
    seed: int = 20250401,
) -> NDArray[np.bool_]:
    """Find the largest set of matches (n,) that one plausible similarity explains.

    RANSAC over pairs of matches with a fixed seed, so that the same photos give the same answer.

    Source: Fischler & Bolles, CACM 24 (1981).
    """
    best = np.zeros(len(p), dtype=bool)
    if len(p) < 2:
        return best
    drawn = np.random.default_rng(seed).integers(0, len(p), size=(tries, 2))
    step_p, step_q = (z[drawn[:, 1]] - z[drawn[:, 0]] for z in (p, q))
    far_apart = np.abs(step_p) > 8 * tolerance_px
    a = step_q[far_apart] / step_p[far_apart]
    b = q[drawn[far_apart, 0]] - a * p[drawn[far_apart, 0]]
    plausible = (np.abs(a) > SCALE_RANGE[0]) & (np.abs(a) < SCALE_RANGE[1])
    for scale, shift in zip(a[plausible], b[plausible], strict=True):
        inside = np.abs(scale * p + shift - q) < tolerance_px
        if inside.sum() > best.sum():
            best = inside
    return best


def as_complex(points_px: NDArray[np.float64]) -> NDArray[np.complex128]:
    """Give points (n, 2) as complex numbers x + iy, (n,)."""
    return np.asarray(points_px[:, 0] + 1j * points_px[:, 1], dtype=np.complex128)


def _coarse_features(grey: NDArray[np.uint8]) -> Features:
    """Find few points of a whole photo."""
    scale = min(1.0, COARSE_SIDE_PX / max(grey.shape))
    return find_features(grey, scale=scale, at_most=COARSE_POINTS)


def _rough_tie(
    first: int, second: int, of_first: Features, of_second: Features, tolerance_px: float
) -> Tie | None:
    """Tie two photos by few points, or say that nothing ties them."""
    pairs = match(of_first, of_second)
    first_px, second_px = of_first.points_px[pairs[:, 0]], of_second.points_px[pairs[:, 1]]
    inside = agree_on_similarity(
        as_complex(first_px), as_complex(second_px), tolerance_px=tolerance_px
    )
    if inside.sum() < MIN_INLIERS or _is_clump(first_px[inside], tolerance_px):
        return None
    return _tie(first, second, first_px[inside], second_px[inside])


def _is_clump(points_px: NDArray[np.float64], tolerance_px: float) -> bool:
    """Tell whether points lie in one small spot, which fixes no rotation."""
    return bool(np.linalg.norm(points_px.std(axis=0)) < 5 * tolerance_px)


def _refined(
    rough: Tie, first: NDArray[np.uint8], second: NDArray[np.uint8], tolerance_px: float
) -> Tie:
    """Replace the points of a rough tie by more and finer ones of the overlap."""
    a, b = rough.second_from_first
    of_first = _overlap_features(first, second.shape, (1 / a, -b / a), tolerance_px)
    of_second = _overlap_features(second, first.shape, (a, b), tolerance_px)
    pairs = match(of_first, of_second)
    first_px, second_px = of_first.points_px[pairs[:, 0]], of_second.points_px[pairs[:, 1]]
    inside = np.abs(a * as_complex(first_px) + b - as_complex(second_px)) < 2 * tolerance_px
    if inside.sum() < len(rough.first_px):
        return rough
    return _tie(rough.first, rough.second, first_px[inside], second_px[inside])


def _overlap_features(
    grey: NDArray[np.uint8],
    other_shape: tuple[int, ...],
    here_from_other: tuple[complex, complex],
    margin_px: float,
) -> Features:
    """Find many points of a photo where it overlaps another, in pixels of the whole photo."""
    rows, columns = other_shape
    a, b = here_from_other
    corners = a * np.array([0, columns, columns + 1j * rows, 1j * rows]) + b
    x0, x1 = _clipped_span(corners.real, margin_px, grey.shape[1])
    y0, y1 = _clipped_span(corners.imag, margin_px, grey.shape[0])
    scale = min(1.0, FINE_SIDE_PX / max(grey.shape))
    found = find_features(grey[y0:y1, x0:x1], scale=scale, at_most=FINE_POINTS)
    return Features(points_px=found.points_px + np.array([x0, y0]), descriptors=found.descriptors)


def _clipped_span(values: NDArray[np.float64], margin_px: float, size_px: int) -> tuple[int, int]:
    """Give the half-open span of values with a margin, inside a photo and not empty."""
    low = int(np.clip(values.min() - margin_px, 0, size_px - 1))
    return low, int(np.clip(values.max() + margin_px, low + 1, size_px))


def _tie(
    first: int, second: int, first_px: NDArray[np.float64], second_px: NDArray[np.float64]
) -> Tie:
    """Build a tie with the similarity that fits its points best."""
    return Tie(
        first=first,
        second=second,
        first_px=first_px,
        second_px=second_px,
        second_from_first=fit_similarity(as_complex(first_px), as_complex(second_px)),
    )

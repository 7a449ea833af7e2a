"""Summarise widths over segments of about half a metre along one piece of a crack."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inspection.domain.measurement import SEGMENT_M, WidthProfile

UPPER_SIGMAS = 1.645
"""Standard deviations from the middle of a normal distribution to its 95th percentile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentWidth:
    """Carry the widths of one segment, millimetres (domain specification §4.4).

    Attributes:
        start_m: where it begins, from the start of the piece.
        length_m: how long it is.
        robust_max_mm: 95th percentile, without what noise adds to it.
        largest_mm: largest single width.
        mean_mm: mean.
        median_mm: median.
        std_mm: standard deviation.
        count: points that were trusted.
    """

    start_m: float
    length_m: float
    robust_max_mm: float
    largest_mm: float
    mean_mm: float
    median_mm: float
    std_mm: float
    count: int


def segment_widths(
    profile: WidthProfile, *, segment_m: float = SEGMENT_M
) -> tuple[SegmentWidth, ...]:
    """Cut a piece into equal segments of about ``segment_m`` and summarise each.

    Points near ends and junctions are left out; a segment without any other point is left out.

    Source: domain specification §4.4.
    """
    if not profile.length_m > 0:  # a single point
        return ()
    count = max(1, round(profile.length_m / segment_m))
    size_m = profile.length_m / count
    number = np.minimum((profile.along_m / size_m).astype(np.int64), count - 1)
    trusted = profile.trusted()
    places = [(place, trusted & (number == place)) for place in range(count)]
    parts = [(place, profile.width_mm[inside], inside) for place, inside in places]
    return tuple(
        SegmentWidth(
            start_m=place * size_m,
            length_m=size_m,
            robust_max_mm=robust_maximum(part, _noise(profile, inside)),
            largest_mm=float(part.max()),
            mean_mm=float(part.mean()),
            median_mm=float(np.median(part)),
            std_mm=float(part.std()),
            count=len(part),
        )
        for place, part, inside in parts
        if len(part)
    )


def robust_maximum(width: NDArray[np.float64], noise_std: float = 0.0) -> float:
    """Give the 95th percentile of widths (n,), without what noise adds to it.

    Noise spreads single widths, so that some of them are the largest by chance alone; along a
    hairline that is all that a 95th percentile shows. Spread and noise are independent, so the
    noise is taken off in quadrature, above the median.

    >>> width = np.array([1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 2.0])
    >>> round(robust_maximum(width), 3), round(robust_maximum(width, 0.2), 3)
    (1.55, 1.441)
    >>> robust_maximum(width, 5.0)
    1.0
    """
    middle = float(np.median(width))
    spread = float(np.percentile(width, 95)) - middle
    return middle + float(np.sqrt(max(spread**2 - (UPPER_SIGMAS * noise_std) ** 2, 0.0)))


def _noise(profile: WidthProfile, inside: NDArray[np.bool_]) -> float:
    """Give the noise of a typical width of a segment; 0 when it is not known."""
    return 0.0 if profile.noise_mm is None else float(np.median(profile.noise_mm[inside]))

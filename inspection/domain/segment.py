"""Summarise widths over segments of about half a metre along one piece of a crack."""

from dataclasses import dataclass

import numpy as np

from inspection.domain.measurement import SEGMENT_M, WidthProfile


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentWidth:
    """Carry the widths of one segment, millimetres (domain specification §4.4).

    Attributes:
        start_m: where it begins, from the start of the piece.
        length_m: how long it is.
        robust_max_mm: 95th percentile.
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
    parts = [(place, profile.width_mm[trusted & (number == place)]) for place in range(count)]
    return tuple(
        SegmentWidth(
            start_m=place * size_m,
            length_m=size_m,
            robust_max_mm=float(np.percentile(part, 95)),
            largest_mm=float(part.max()),
            mean_mm=float(part.mean()),
            median_mm=float(np.median(part)),
            std_mm=float(part.std()),
            count=len(part),
        )
        for place, part in parts
        if len(part)
    )

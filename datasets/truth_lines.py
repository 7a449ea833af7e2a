"""Compare found lines with true ones in metres, and say what a false line lies on."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
import shapely
from shapely import Polygon
from shapely.geometry.base import BaseGeometry

from datasets.rigid_shift import sample_line
from datasets.truth import Truth
from inspection.geo.frames import WGS84_LONLAT, to_crs


def distance_m(
    axes: Sequence[BaseGeometry], line: BaseGeometry, reach_m: float = 0.5
) -> float | None:
    """Give the median of the distances found → true and true → found, metres.

    Points farther than ``reach_m`` from the other line belong to something else: a piece that was
    not found, or a joint that the detection ran into.
    """
    if not axes:
        return None
    axis = shapely.union_all(list(axes))
    there = shapely.distance(shapely.points(sample_line(axis)), line)
    back = shapely.distance(shapely.points(sample_line(line)), axis)
    both = np.concatenate([there[there < reach_m], back[back < min(reach_m, 0.05)]])
    return float(np.median(both)) if both.size else None


def share_within(line: BaseGeometry, other: BaseGeometry, band_m: float) -> float:
    """Give the share of a line's points that lie within a band of another line, 0–1."""
    if line.is_empty or other.is_empty or line.distance(other) > band_m:
        return 0.0
    return float((shapely.distance(shapely.points(sample_line(line)), other) <= band_m).mean())


def count_lookalikes(truth: Truth, false: Sequence[BaseGeometry], crs: str) -> dict[str, int]:
    """Count the false detections by the kind of thing that they lie on."""
    outlines = [
        (thing.kind, Polygon(to_crs(thing.outline_lonlat, WGS84_LONLAT, crs)).buffer(0.02))
        for thing in truth.distractors
    ]
    counts: Counter[str] = Counter()
    for axis in false:
        shares = [(axis.intersection(area).length, kind) for kind, area in outlines]
        length_m, kind = max(shares, default=(0.0, "surface"))
        counts[kind if length_m > 0.5 * axis.length else "surface"] += 1
    return dict(sorted(counts.items()))

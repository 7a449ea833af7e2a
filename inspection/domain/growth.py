"""Compare the cracks of two surveys: the same, changed, new, vanished; "no change" is an answer.

Source: domain specification §8 (change detection): crack distance ≤ 50 mm, direction ≤ 20°.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import shapely

from inspection.domain.measurement import Quantity
from inspection.geo.polyline import axial_difference_deg, axial_mean_deg

MATCH_M, MATCH_DEG = 0.05, 20.0
MATCH_OVERLAP = 0.3
"""Share of the shorter crack that must lie within ``MATCH_M`` of the other."""


class Change(StrEnum):
    """Name what became of a crack."""

    GROWN = "grown"
    NO_SIGNIFICANT_CHANGE = "no_significant_change"
    SMALLER = "smaller"
    NEW = "new"
    VANISHED = "vanished"
    NOT_COMPARABLE = "not_comparable"


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenCrack:
    """Carry one crack of one survey.

    Attributes:
        key: identifier.
        axis_m: centre line(s), metres, in the frame shared by both surveys.
        length_m: with its uncertainty.
        width_mm: representative width, None when it was not measured.
    """

    key: str
    axis_m: shapely.Geometry
    length_m: Quantity
    width_mm: Quantity | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Carry a difference, second minus first, and whether it exceeds its uncertainty."""

    value: float
    expanded_uncertainty: float

    @property
    def significant(self) -> bool:
        """Tell whether the difference exceeds its expanded uncertainty."""
        return abs(self.value) > self.expanded_uncertainty


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """Carry what became of one crack, or of one group of cracks that belong together.

    Attributes:
        change: the verdict.
        before: keys in the first survey, none for a new crack.
        after: keys in the second survey, none for a vanished one.
        width_mm: difference of the widths, None when it could not be measured.
        length_m: difference of the lengths, None for a new or vanished crack.
        note: why the verdict is not a plain one, else empty.
    """

    change: Change
    before: tuple[str, ...]
    after: tuple[str, ...]
    width_mm: Difference | None = None
    length_m: Difference | None = None
    note: str = ""


def overlap_share(first: shapely.Geometry, second: shapely.Geometry, reach_m: float) -> float:
    """Give the share of the shorter line that lies within a distance of the other.

    >>> line = shapely.linestrings([[0, 0], [1, 0]])
    >>> round(overlap_share(line, shapely.linestrings([[0.5, 0.01], [4, 0.01]]), 0.05), 2)
    0.55
    """
    short, long = sorted((first, second), key=lambda line: line.length)
    if not short.length > 0:
        return 0.0
    return float(shapely.intersection(short, long.buffer(reach_m)).length / short.length)


def same_crack(first: shapely.Geometry, second: shapely.Geometry) -> bool:
    """Tell whether two centre lines can be one crack: near, alike in direction, side by side."""
    if not shapely.dwithin(first, second, MATCH_M):
        return False
    common = [
        shapely.intersection(a, b.buffer(MATCH_M)) for a, b in ((first, second), (second, first))
    ]
    if overlap_share(first, second, MATCH_M) < MATCH_OVERLAP:
        return False
    means = [axial_mean_deg(_lines(part)) for part in common]
    return axial_difference_deg(means[0], means[1]) <= MATCH_DEG


def match(
    before: Sequence[SeenCrack], after: Sequence[SeenCrack]
) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
    """Group the cracks of two surveys: positions in ``before`` and ``after`` that are one crack.

    One survey may show in pieces what the other shows whole, so a group may hold several of each.
    """
    parent = list(range(len(before) + len(after)))

    def root(i: int) -> int:
        while parent[i] != i:
            i = parent[i]
        return i

    if before and after:
        tree = shapely.STRtree([crack.axis_m for crack in after])
        for i, crack in enumerate(before):
            near = tree.query(crack.axis_m, predicate="dwithin", distance=MATCH_M)
            for j in sorted(int(n) for n in near):
                if same_crack(crack.axis_m, after[j].axis_m):
                    low, high = sorted((root(i), root(len(before) + j)))
                    parent[high] = low
    groups: dict[int, tuple[list[int], list[int]]] = {}
    for i in range(len(parent)):
        firsts, seconds = groups.setdefault(root(i), ([], []))
        (firsts if i < len(before) else seconds).append(i if i < len(before) else i - len(before))
    return [(tuple(firsts), tuple(seconds)) for firsts, seconds in groups.values()]


def length_difference(before: Sequence[SeenCrack], after: Sequence[SeenCrack]) -> Difference:
    """Give the change of the whole length of a group; uncertainties add as squares."""

    def whole(cracks: Sequence[SeenCrack]) -> float:
        return sum(crack.length_m.value or 0.0 for crack in cracks)

    u = [c.length_m.expanded_uncertainty or 0.0 for c in (*before, *after)]
    return Difference(value=whole(after) - whole(before), expanded_uncertainty=math.hypot(*u))


def width_difference(before: Sequence[SeenCrack], after: Sequence[SeenCrack]) -> Difference | None:
    """Give the change of the largest representative width; None when either was not measured."""
    widest = []
    for cracks in (before, after):
        known = [c.width_mm for c in cracks if c.width_mm is not None]
        values = [(q.value, q.expanded_uncertainty or 0.0) for q in known if q.value is not None]
        if not values:
            return None
        widest.append(max(values))
    return Difference(
        value=widest[1][0] - widest[0][0],
        expanded_uncertainty=math.hypot(widest[0][1], widest[1][1]),
    )


def verdict(width: Difference | None, length: Difference) -> Change:
    """Name the change: any significant growth outweighs a significant loss.

    >>> verdict(Difference(value=0.2, expanded_uncertainty=0.3), Difference(
    ...     value=0.0, expanded_uncertainty=0.1)).value
    'no_significant_change'
    """
    moved = [d for d in (width, length) if d is not None and d.significant]
    if any(d.value > 0 for d in moved):
        return Change.GROWN
    return Change.SMALLER if moved else Change.NO_SIGNIFICANT_CHANGE


def _lines(geometry: shapely.Geometry) -> list[np.ndarray[tuple[int, ...], np.dtype[np.float64]]]:
    """Give the lines of a geometry as arrays of points."""
    parts = shapely.get_parts(shapely.get_parts(geometry))
    return [shapely.get_coordinates(p) for p in parts if isinstance(p, shapely.LineString)]

"""Describe the shape of cracks and the pattern that they form on one member or panel.

Lines are (n, 2) metres in any metric frame, unbranched, in the order along the crack; a crack that
branches is several lines that share their end points. Directions are axial (0–180°).

Source: domain specification §4.4, §4.5 and §1.5.2 (machine definitions).
"""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from inspection.errors import BadGeometry
from inspection.geo.places import distinct
from inspection.geo.polyline import (
    axial_difference_deg,
    axial_mean_deg,
    length,
    perpendicular_spacing,
    stations,
)

LONGITUDINAL_DEG, TRANSVERSE_DEG = 20.0, 70.0
SECOND_MODE_DEG, SECOND_MODE_SHARE, MIN_CROSSINGS = 45.0, 0.25, 3
TOUCH_M = 1e-6
"""Ends this close are one place."""


class Direction(StrEnum):
    """Name how a crack runs to the axis of its member."""

    LONGITUDINAL = "longitudinal"
    DIAGONAL = "diagonal"
    TRANSVERSE = "transverse"


def direction_of(orientation_deg: float, member_axis_deg: float) -> Direction:
    """Name how a crack runs: longitudinal up to 20° to the axis, transverse from 70°.

    >>> direction_of(175, 0).value, direction_of(50, 5).value, direction_of(70, 0).value
    ('longitudinal', 'diagonal', 'transverse')
    """
    angle = axial_difference_deg(orientation_deg, member_axis_deg)
    if angle <= LONGITUDINAL_DEG:
        return Direction.LONGITUDINAL
    return Direction.TRANSVERSE if angle >= TRANSVERSE_DEG else Direction.DIAGONAL


@dataclass(frozen=True, slots=True, kw_only=True)
class CrackShape:
    """Carry the shape of one crack.

    Attributes:
        length_m: of all its lines together.
        tortuosity: length ÷ chord of the longest path without a branch, ≥ 1.
        orientation_deg: length-weighted axial mean, from the x axis.
        direction: to the axis of the member.
        branches: lines between ends and junctions.
        junctions: places where three or more lines meet.
    """

    length_m: float
    tortuosity: float
    orientation_deg: float
    direction: Direction
    branches: int
    junctions: int


def crack_shape(lines: Sequence[ArrayLike], *, member_axis_deg: float = 0.0) -> CrackShape:
    """Describe one crack given as its unbranched lines.

    Raises:
        BadGeometry: when there is no line of a length above 0.

    >>> bend = crack_shape([[[0, 0], [3, 0], [3, 4]]])
    >>> bend.length_m, bend.tortuosity, bend.branches, bend.junctions
    (7.0, 1.4, 1, 0)
    """
    arrays = [np.asarray(line, dtype=np.float64) for line in lines]
    arrays = [line for line in arrays if len(line) >= 2 and length(line) > 0]
    if not arrays:
        raise BadGeometry("a crack needs at least one line of a length above 0 m")
    orientation = axial_mean_deg(arrays)
    longest = max(arrays, key=length)
    chord = float(np.hypot(*(longest[-1] - longest[0])))
    return CrackShape(
        length_m=sum(length(line) for line in arrays),
        tortuosity=length(longest) / chord if chord > TOUCH_M else math.inf,
        orientation_deg=orientation,
        direction=direction_of(orientation, member_axis_deg),
        branches=len(arrays),
        junctions=_junctions(arrays),
    )


def _junctions(lines: Sequence[NDArray[np.float64]]) -> int:
    """Count the places where three or more ends meet."""
    ends = np.concatenate([line[[0, -1]] for line in lines])
    _, count = np.unique(np.rint(ends / TOUCH_M), axis=0, return_counts=True)
    return int((count >= 3).sum())


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """Carry the shape of one stretch of a crack.

    Attributes:
        start_m: from the first point of its line.
        length_m: along the crack.
        orientation_deg: axial mean.
        tortuosity: length ÷ chord.
    """

    start_m: float
    length_m: float
    orientation_deg: float
    tortuosity: float


def segments(line: ArrayLike, *, segment_m: float = 0.5) -> tuple[Segment, ...]:
    """Cut a line into equal stretches of about ``segment_m`` and describe each.

    >>> [part.length_m for part in segments([[0, 0], [1.6, 0]])]
    [0.5333333333333333, 0.5333333333333333, 0.5333333333333334]
    """
    points = np.asarray(line, dtype=np.float64)
    along = stations(points)
    total = float(along[-1])
    if not total > 0 or not segment_m > 0:
        raise BadGeometry(f"cannot cut a line of {total} m into stretches of {segment_m} m")
    cuts = np.linspace(0.0, total, max(1, round(total / segment_m)) + 1)
    found = []
    for start, stop in itertools.pairwise(cuts):
        inner = along[(along > start) & (along < stop)]
        at = np.concatenate([[start], inner, [stop]])
        part = np.column_stack([np.interp(at, along, points[:, axis]) for axis in (0, 1)])
        chord = float(np.hypot(*(part[-1] - part[0])))
        found.append(
            Segment(
                start_m=float(start),
                length_m=float(stop - start),
                orientation_deg=axial_mean_deg([part]),
                tortuosity=float(stop - start) / chord if chord > TOUCH_M else math.inf,
            )
        )
    return tuple(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class CrackPattern:
    """Carry what the cracks of one panel form together.

    Attributes:
        count: cracks.
        length_m: of all of them.
        density_m_per_m2: length ÷ area.
        degree_cm_per_m2: the same as ひび割れ度.
        spacing_min_m: smallest spacing of two parallel cracks; infinite when no two are.
        directions: 1 or 2; 0 without cracks.
        second_share: share of the length that runs ≥ 45° away from the first mode.
        crossings: places where cracks cross or meet.
        grid_m: 2·A ÷ L of a pattern of two directions, else None.
        cell_side_median_m: median side of the cells that the cracks close, None when none closes.
    """

    count: int
    length_m: float
    density_m_per_m2: float
    degree_cm_per_m2: float
    spacing_min_m: float
    directions: int
    second_share: float
    crossings: int
    grid_m: float | None
    cell_side_median_m: float | None


def crack_pattern(cracks: Sequence[ArrayLike], *, area_m2: float) -> CrackPattern:
    """Describe the pattern of cracks, each given as one line, on a panel of some area.

    Raises:
        BadGeometry: when the area is not above 0.
    """
    if not area_m2 > 0:
        raise BadGeometry(f"a panel needs an area above 0 m², got {area_m2} m²")
    lines = [np.asarray(line, dtype=np.float64) for line in cracks]
    total = sum(length(line) for line in lines)
    share = second_mode_share(lines)
    crossings = count_crossings(lines)
    two = share >= SECOND_MODE_SHARE - 1e-9 and crossings >= MIN_CROSSINGS
    return CrackPattern(
        count=len(lines),
        length_m=total,
        density_m_per_m2=total / area_m2,
        degree_cm_per_m2=100 * total / area_m2,
        spacing_min_m=smallest_spacing_m(lines),
        directions=0 if not lines else 2 if two else 1,
        second_share=share,
        crossings=crossings,
        grid_m=2 * area_m2 / total if two else None,
        cell_side_median_m=_cell_side_m(lines),
    )


def smallest_spacing_m(cracks: Sequence[ArrayLike]) -> float:
    """Give the smallest spacing of two parallel cracks, infinite when no two are parallel.

    >>> smallest_spacing_m([[[0, 0], [5, 0]], [[0, 0.4], [5, 0.4]], [[2, -1], [2, 1]]])
    0.4
    """
    found = [
        spacing
        for i, first in enumerate(cracks)
        for second in cracks[i + 1 :]
        if (spacing := perpendicular_spacing(first, second)) is not None
    ]
    return round(min(found, default=math.inf), 12)


def second_mode_share(lines: Sequence[ArrayLike], *, bin_deg: int = 5) -> float:
    """Give the share of the length that belongs to a second direction, 0–1.

    The histogram of directions is smoothed over ±15°; the first mode is its highest bin, the
    second the highest at least 45° away. What lies within 22.5° of the second, and
    at least 30° from the first, is its length.
    """
    if not lines:
        return 0.0
    steps = np.concatenate([np.diff(np.asarray(line, dtype=np.float64), axis=0) for line in lines])
    weight = np.hypot(steps[:, 0], steps[:, 1])
    angle = np.degrees(np.arctan2(steps[:, 1], steps[:, 0])) % 180.0
    centres = np.arange(0.0, 180.0, bin_deg)
    apart = np.abs(angle[:, None] - centres)
    apart = np.minimum(apart, 180.0 - apart)
    histogram = (weight[:, None] * np.maximum(0.0, 1 - apart / 15.0)).sum(axis=0)
    first = centres[int(histogram.argmax())]
    away = np.minimum(np.abs(centres - first), 180.0 - np.abs(centres - first))
    second = int(np.where(away >= SECOND_MODE_DEG, histogram, -1.0).argmax())
    near = (apart[:, second] <= SECOND_MODE_DEG / 2) & (apart[:, int(histogram.argmax())] >= 30.0)
    return float(weight[near].sum() / weight.sum()) if weight.sum() > 0 else 0.0


def count_crossings(lines: Sequence[ArrayLike]) -> int:
    """Count the places where different cracks cross or meet.

    >>> count_crossings([[[0, 0], [2, 0]], [[1, -1], [1, 1]], [[0, 1], [2, 1]]])
    2
    """
    shapes = [shapely.linestrings(np.asarray(line, dtype=np.float64)) for line in lines]
    common: list[NDArray[np.float64]] = []
    if len(shapes) < 2:
        return 0
    for i, j in shapely.STRtree(shapes).query(shapes, predicate="intersects").T:
        if i < j:
            common.append(shapely.get_coordinates(shapely.intersection(shapes[i], shapes[j])))
    return len(distinct(np.concatenate(common))) if common else 0


def _cell_side_m(lines: Sequence[NDArray[np.float64]]) -> float | None:
    """Give the median side, √area, of the cells that the cracks close."""
    if not lines:
        return None
    noded = shapely.union_all([shapely.linestrings(line) for line in lines])
    cells = shapely.get_parts(shapely.polygonize(shapely.get_parts(noded)))
    sides = np.sqrt(shapely.area(cells))
    return float(np.median(sides)) if len(sides) else None

"""Give the crack ratio of a stretch of asphalt pavement by a mesh of half a metre.

Source: domain specification §2.2 (舗装調査・試験法便覧; boundary handling and the count of cracks
in a cell are design decisions).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from inspection.errors import BadGeometry, BadInput

MOST_LENGTH_M, MOST_WIDTH_M = 20_000.0, 100.0
"""Larger meshes do not fit into memory; a stretch is evaluated by 10 to 100 m."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CrackRatioRule:
    """Hold the numbers of the code-list ``pavement_crack_ratio``.

    Attributes:
        version: version of the code-list.
        cell_m: side of a cell.
        crack_area_m2: area counted for 0, 1 and ≥ 2 cracks.
        patch_share: from which patched shares of a cell the second and third area count.
        patch_area_m2: area counted below, between and above these shares.
        alligator_share: share of a cell from which an alligator crack counts as ≥ 2 cracks.
        min_width_mm: narrower cracks are not taken.
        min_length_m: shorter pieces in a cell are not taken.
        class_percent: lower bounds of the classes II and III.
    """

    version: str
    cell_m: float = 0.5
    crack_area_m2: tuple[float, float, float] = (0.0, 0.15, 0.25)
    patch_share: tuple[float, float] = (0.25, 0.75)
    patch_area_m2: tuple[float, float, float] = (0.0, 0.125, 0.25)
    alligator_share: float = 0.5
    min_width_mm: float = 1.0
    min_length_m: float = 0.10
    class_percent: tuple[float, float] = (20.0, 40.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """Place a stretch of one lane: the mesh starts at its left edge and runs along it.

    Attributes:
        x_m: start of the left edge, in the CRS of the mosaic.
        y_m: likewise.
        direction_deg: direction of travel, counter-clockwise from the x axis.
        length_m: length of the stretch.
        width_m: width of the lane.
    """

    x_m: float
    y_m: float
    direction_deg: float
    length_m: float
    width_m: float

    def __post_init__(self) -> None:
        """Check that the stretch has an area."""
        if not (0 < self.length_m <= MOST_LENGTH_M and 0 < self.width_m <= MOST_WIDTH_M):
            raise BadGeometry(
                f"a lane is up to {MOST_LENGTH_M:g} m long and {MOST_WIDTH_M:g} m wide, got a size "
                f"of {self.length_m} × {self.width_m} m; a size > 0 is needed"
            )
        if not np.all(np.isfinite([self.x_m, self.y_m, self.direction_deg])):
            raise BadGeometry(
                f"a lane needs a place and a direction, got {self.x_m}, {self.y_m} m and "
                f"{self.direction_deg}°"
            )

    def to_lane(self, geometry: shapely.Geometry) -> shapely.Geometry:
        """Move a geometry to lane coordinates: x along, y from the left edge to the right."""
        angle = np.radians(self.direction_deg)
        along = np.array([np.cos(angle), np.sin(angle)])
        right = np.array([np.sin(angle), -np.cos(angle)])
        turn = np.column_stack([along, right])
        return shapely.transform(geometry, lambda xy: (xy - (self.x_m, self.y_m)) @ turn)


@dataclass(frozen=True, slots=True, kw_only=True)
class Distress:
    """Gather what was found on a stretch, in the CRS of the mosaic.

    Attributes:
        cracks: centre lines of cracks at least as wide as the rule asks.
        patches: outlines.
        potholes: outlines.
        alligators: outlines.
    """

    cracks: Sequence[shapely.Geometry] = ()
    patches: Sequence[shapely.Geometry] = ()
    potholes: Sequence[shapely.Geometry] = ()
    alligators: Sequence[shapely.Geometry] = ()


def crack_ratio(
    cracks: ArrayLike, patched: ArrayLike, inside_m2: ArrayLike, *, rule: CrackRatioRule
) -> float:
    """Give the crack ratio in percent of a mesh of cells.

    Args:
        cracks: number of cracks in each cell.
        patched: patched share of each cell, 0–1.
        inside_m2: area of each cell inside the lane; less than a full cell at the boundary.
        rule: the code-list.

    Raises:
        BadInput: when the shapes differ, no cell is inside or a cell holds an impossible number.

    >>> cracks = [1] * 10 + [2] * 4 + [0] * 46
    >>> patched = [0.0] * 14 + [0.5] * 2 + [0.0] * 44
    >>> round(crack_ratio(cracks, patched, [0.25] * 60, rule=CrackRatioRule(version="1")), 2)
    18.33
    """
    count, share, inside = (np.asarray(v, dtype=np.float64) for v in (cracks, patched, inside_m2))
    if not count.shape == share.shape == inside.shape or not inside.sum() > 0:
        raise BadInput("cracks, patched shares and areas need one shape and an area > 0 m²")
    if not (np.all(count >= 0) and np.all((share >= 0) & (share <= 1 + 1e-6))):
        raise BadInput("a cell has 0 or more cracks and is patched by a share of 0 to 1")
    if not np.all((inside >= 0) & (inside <= rule.cell_m**2 + 1e-6)):
        raise BadInput(f"a cell has 0 to {rule.cell_m**2:g} m² inside the lane")
    cracked_m2 = np.asarray(rule.crack_area_m2)[np.clip(count, 0, 2).astype(int)]
    patched_m2 = np.asarray(rule.patch_area_m2)[np.digitize(share, rule.patch_share)]
    counted_m2 = np.maximum(cracked_m2, patched_m2) * inside / rule.cell_m**2
    return float(100.0 * counted_m2.sum() / inside.sum())


def crack_ratio_class(percent: float, *, rule: CrackRatioRule) -> str:
    """Give the class I, II or III of a crack ratio.

    Raises:
        BadInput: when it is none from 0 to 100.

    >>> crack_ratio_class(18.33, rule=CrackRatioRule(version="1"))
    'I'
    """
    if not 0 <= percent <= 100:
        raise BadInput(f"a crack ratio must be 0 to 100 %, got {percent}")
    second, third = rule.class_percent
    return "III" if percent >= third else "II" if percent >= second else "I"


def mesh_crack_ratio(lane: Lane, distress: Distress, *, rule: CrackRatioRule) -> float:
    """Give the crack ratio in percent of a stretch of lane."""
    boxes, inside_m2 = _cells(lane, rule.cell_m)
    cracks = np.maximum(
        _cracks_in_cells(boxes, [lane.to_lane(line) for line in distress.cracks], rule),
        2 * (_share(boxes, lane, distress.alligators) >= rule.alligator_share),
    )
    cracks = np.maximum(cracks, 2 * (_share(boxes, lane, distress.potholes) > 0))
    patched = _share(boxes, lane, distress.patches)
    return crack_ratio(cracks, patched, inside_m2, rule=rule)


def _cells(lane: Lane, cell_m: float) -> tuple[NDArray[np.object_], NDArray[np.float64]]:
    """Give the boxes of the mesh in lane coordinates, cut at its border, and their areas."""
    x = np.arange(0.0, lane.length_m - 1e-9, cell_m)
    y = np.arange(0.0, lane.width_m - 1e-9, cell_m)
    left, top = (grid.ravel() for grid in np.meshgrid(x, y, indexing="ij"))
    right = np.minimum(left + cell_m, lane.length_m)
    bottom = np.minimum(top + cell_m, lane.width_m)
    boxes: NDArray[np.object_] = shapely.box(left, top, right, bottom)
    return boxes, np.asarray((right - left) * (bottom - top), dtype=np.float64)


def _share(
    boxes: NDArray[np.object_], lane: Lane, outlines: Sequence[shapely.Geometry]
) -> NDArray[np.float64]:
    """Give the share of each cell that some outlines cover together."""
    if not outlines:
        return np.zeros(len(boxes))
    covered = shapely.union_all([lane.to_lane(outline) for outline in outlines])
    shared = shapely.area(shapely.intersection(boxes, covered))
    return np.asarray(shared / shapely.area(boxes), dtype=np.float64)


def _cracks_in_cells(
    boxes: NDArray[np.object_], lines: Sequence[shapely.Geometry], rule: CrackRatioRule
) -> NDArray[np.int64]:
    """Count the cracks in each cell."""
    count = np.zeros(len(boxes), dtype=np.int64)
    if not lines:
        return count
    whole = shapely.union_all(lines)
    for index in np.flatnonzero(shapely.intersects(boxes, whole)):
        count[index] = count_cracks(shapely.intersection(boxes[index], whole), rule.min_length_m)
    return count


def count_cracks(lines: shapely.Geometry, min_length_m: float) -> int:
    """Count the cracks among lines in one cell.

    A connected piece of at least ``min_length_m`` is one crack; one that forks into at least three
    arms of that length is two.

    >>> fork = shapely.from_wkt("MULTILINESTRING ((0 0, .2 0), (.2 0, .4 .1), (.2 0, .4 -.1))")
    >>> count_cracks(fork, 0.1), count_cracks(fork, 0.3)
    (2, 1)
    """
    merged = shapely.get_parts(shapely.line_merge(shapely.union_all(_lines_of(lines))))
    total = 0
    for piece in _connected(list(merged)):
        if sum(line.length for line in piece) >= min_length_m:
            long = [line for line in piece if line.length >= min_length_m]
            total += 2 if _forks(long) else 1
    return total


def _lines_of(geometry: shapely.Geometry) -> list[shapely.Geometry]:
    """Give the lines of a geometry, without points where a line only touches a cell."""
    parts = shapely.get_parts(shapely.get_parts(geometry))
    lines = [part for part in parts if isinstance(part, shapely.LineString)]
    return lines or [shapely.LineString()]


def _connected(lines: list[shapely.Geometry]) -> list[list[shapely.Geometry]]:
    """Group lines that touch each other."""
    groups: list[list[shapely.Geometry]] = []
    for line in lines:
        touching = [g for g in groups if any(shapely.intersects(line, other) for other in g)]
        rest = [g for g in groups if g not in touching]
        groups = [*rest, [line, *(other for group in touching for other in group)]]
    return groups


def _forks(lines: list[shapely.Geometry]) -> bool:
    """Tell whether three of some lines meet at one point."""
    ends = [end for line in lines for end in (line.coords[0], line.coords[-1])]
    return any(ends.count(end) >= 3 for end in ends)

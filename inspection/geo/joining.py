"""Join the loose ends of lines across gaps: pure, independent of the order of the lines."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely


@dataclass(frozen=True, slots=True, kw_only=True)
class LooseEnd:
    """Describe one free end of a line, metres.

    Attributes:
        piece: the connected thing that the end belongs to; a thing is never joined to itself.
        x_m: position.
        y_m: position.
        direction_x: unit vector in which the line would go on.
        direction_y: likewise.
        reach_m: the widest gap that this end may bridge.
    """

    piece: int
    x_m: float
    y_m: float
    direction_x: float
    direction_y: float
    reach_m: float


def join_ends(ends: Sequence[LooseEnd], *, turn_deg: float = 30.0) -> list[tuple[int, int]]:
    """Pair ends that continue each other; gives pairs (i, j) of positions in ``ends``, i < j.

    Two ends are joined when each is the nearest candidate of the other, the gap is within the
    reach of either, the lines differ in direction by at most ``turn_deg``, and each end has the
    other one in front of it, so that no line has to turn back.

    Source: domain specification §4.4 (merging).

    >>> def end(piece, x, direction):
    ...     return LooseEnd(
    ...         piece=piece, x_m=x, y_m=0, direction_x=direction, direction_y=0, reach_m=0.02
    ...     )
    >>> join_ends([end(0, 1.0, 1), end(1, 1.015, -1), end(2, 1.4, -1)])
    [(0, 1)]
    """
    if len(ends) < 2:
        return []
    points = shapely.points([end.x_m for end in ends], [end.y_m for end in ends])
    reach = np.array([end.reach_m for end in ends])
    pairs = shapely.STRtree(points).query(points, predicate="dwithin", distance=reach)
    gaps: dict[tuple[int, int], float] = {}
    for i, j in {(int(min(p)), int(max(p))) for p in pairs.T}:
        if _continues(ends[i], ends[j], turn_deg):
            gaps[i, j] = float(np.hypot(ends[i].x_m - ends[j].x_m, ends[i].y_m - ends[j].y_m))
    return _mutual_nearest(ends, gaps)


def _continues(first: LooseEnd, second: LooseEnd, turn_deg: float) -> bool:
    """Tell whether two ends could be one line."""
    if first.piece == second.piece:
        return False
    a = np.array([first.direction_x, first.direction_y])
    b = np.array([second.direction_x, second.direction_y])
    gap = np.array([second.x_m - first.x_m, second.y_m - first.y_m])
    straight = float(-a @ b) >= np.cos(np.radians(turn_deg)) - 1e-12
    return straight and float(a @ gap) >= 0 and float(-b @ gap) >= 0


def _mutual_nearest(
    ends: Sequence[LooseEnd], gaps: dict[tuple[int, int], float]
) -> list[tuple[int, int]]:
    """Keep the pairs in which each end is the other's nearest; position breaks ties."""

    def rank(pair: tuple[int, int]) -> tuple[float, ...]:
        places = sorted((ends[i].x_m, ends[i].y_m) for i in pair)
        return gaps[pair], *places[0], *places[1]

    best: dict[int, tuple[int, int]] = {}
    for pair in sorted(gaps, key=rank):
        for i in pair:
            best.setdefault(i, pair)
    return sorted(pair for pair in gaps if best[pair[0]] == pair == best[pair[1]])

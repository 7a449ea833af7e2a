"""Cut a damage into pieces along a line, and put pieces together again.

A damage is an outline (polygons) and, where it is a crack, a centre line (lines). A cut keeps every
metre of the centre line and every square metre of the outline: what it takes apart, ``joined`` puts
together again.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry
from shapely.ops import split as split_polygon

from inspection.errors import BadGeometry

TOUCH_M = 1e-6
"""Points closer than this are one point."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Carry a damage, or a part of one, in metres on its surface.

    Attributes:
        outline: polygon(s).
        axis: centre line(s); None for a damage that is measured as an area.
    """

    outline: BaseGeometry
    axis: BaseGeometry | None = None


def cut(whole: Piece, blade: shapely.LineString) -> tuple[Piece, ...]:
    """Cut a damage along a line, into two pieces or more, from west to east.

    Parts that lie apart hang together by the shortest line between them; a blade that crosses this
    line takes them apart as well.

    Raises:
        BadGeometry: when the blade takes nothing apart, runs along the centre line, or ends inside
            of the outline.

    >>> line = shapely.LineString([(0, 0.5), (4, 0.5)])
    >>> whole = Piece(outline=shapely.box(0, 0, 4, 1), axis=line)
    >>> [piece.axis.length for piece in cut(whole, shapely.LineString([(1, -1), (1, 2)]))]
    [1.0, 3.0]
    """
    if whole.axis is None:
        outlines = _apart(whole.outline, _polygons_cut(whole.outline, blade), blade)
        return _ordered([Piece(outline=outline) for outline in outlines])
    if shapely.length(shapely.intersection(whole.axis, blade)) > TOUCH_M:
        raise BadGeometry("the cut runs along the crack; draw it across")
    lines = list(shapely.get_parts(shapely.difference(whole.axis, blade)))
    axes = [shapely.line_merge(axis) for axis in _apart(whole.axis, lines, blade)]
    return _ordered(_with_outlines(axes, _polygons_cut(whole.outline, blade)))


def joined(pieces: Sequence[Piece], *, reach_m: float) -> Piece:
    """Put pieces together; gaps between centre lines up to ``reach_m`` are bridged.

    Raises:
        BadGeometry: when only some of the pieces have a centre line.

    >>> lines = [shapely.LineString([(x, 0), (x + 1, 0)]) for x in (0, 1.5)]
    >>> ends = [Piece(outline=line.buffer(0.1), axis=line) for line in lines]
    >>> joined(ends, reach_m=0.6).axis.length, joined(ends, reach_m=0.4).axis.length
    (2.5, 2.0)
    """
    outline = shapely.union_all([piece.outline for piece in pieces])
    axes = [piece.axis for piece in pieces if piece.axis is not None]
    if not axes:
        return Piece(outline=outline)
    if len(axes) != len(pieces):
        raise BadGeometry("a crack and a damage without a centre line cannot be put together")
    lines = list(shapely.get_parts(shapely.union_all(axes)))
    bridges = [
        bridge
        for _, _, bridge in _spanning(_components(lines, None))
        if TOUCH_M < bridge.length <= reach_m
    ]
    axis = shapely.line_merge(shapely.multilinestrings([*lines, *bridges]))
    return Piece(outline=outline, axis=axis)


def _ordered(pieces: Sequence[Piece]) -> tuple[Piece, ...]:
    """Put pieces into an order that depends on where they lie only."""

    def place(piece: Piece) -> tuple[float, float, float]:
        shape = piece.outline if piece.axis is None else piece.axis
        x0, y0, _, _ = shape.bounds
        return x0, y0, -float(shape.length)

    return tuple(sorted(pieces, key=place))


def _polygons_cut(outline: BaseGeometry, blade: shapely.LineString) -> list[BaseGeometry]:
    """Cut every polygon of an outline that the blade crosses from edge to edge."""
    return [
        part
        for polygon in shapely.get_parts(outline)
        for part in split_polygon(polygon, blade).geoms
    ]


def _apart(
    whole: BaseGeometry, pieces: Sequence[BaseGeometry], blade: shapely.LineString
) -> list[BaseGeometry]:
    """Gather the pieces that hang together after the cut; at least two groups.

    Raises:
        BadGeometry: when all of them still hang together.
    """
    links = []
    for one, other, gap in _spanning(_components(list(shapely.get_parts(whole)), None)):
        if shapely.distance(gap, blade) > TOUCH_M:
            links.append((_at(pieces, one, gap, 0), _at(pieces, other, gap, -1)))
    groups = _components(pieces, blade, links)
    if len(groups) < 2:
        raise BadGeometry(
            "the cut takes nothing apart; draw it right across the damage, from one side to the "
            "other"
        )
    return groups


def _with_outlines(axes: Sequence[BaseGeometry], polygons: Sequence[BaseGeometry]) -> list[Piece]:
    """Give each centre line the polygons that lie around it; what shares one hangs together.

    Raises:
        BadGeometry: when all of it still hangs together, or a centre line gets no polygon.
    """
    owner = list(range(len(axes)))
    mine: list[list[BaseGeometry]] = [[] for _ in axes]
    for polygon in polygons:
        inside = shapely.length(shapely.intersection(np.array(axes), polygon)) > TOUCH_M
        held = {owner[i] for i in np.flatnonzero(inside)} or {owner[_nearest(axes, polygon)]}
        first = min(held)
        owner = [first if one in held else one for one in owner]
        mine[first].append(polygon)
    pieces = []
    for keeper in sorted(set(owner)):
        members = [i for i, one in enumerate(owner) if one == keeper]
        outlines = [polygon for i in members for polygon in mine[i]]
        if not outlines:
            raise BadGeometry("a piece would have a centre line and no outline; cut elsewhere")
        axis = shapely.line_merge(shapely.union_all([axes[i] for i in members]))
        pieces.append(Piece(outline=shapely.union_all(outlines), axis=axis))
    if len(pieces) < 2:
        raise BadGeometry("the cut ends inside of the crack; draw it across both of its edges")
    return pieces


def _nearest(shapes: Sequence[BaseGeometry], to: BaseGeometry) -> int:
    return int(np.argmin(shapely.distance(np.array(shapes), to)))


def _components(
    pieces: Sequence[BaseGeometry],
    blade: shapely.LineString | None,
    links: Sequence[tuple[int, int]] = (),
) -> list[BaseGeometry]:
    """Gather pieces that meet at an end away from the blade, or that a link ties together."""
    root = list(range(len(pieces)))

    def find(i: int) -> int:
        while root[i] != i:
            i = root[i]
        return i

    ends: dict[tuple[int, int], int] = {}
    for i, piece in enumerate(pieces):
        for x, y in _ends(piece, blade):
            first = ends.setdefault((round(x / TOUCH_M), round(y / TOUCH_M)), i)
            root[find(i)] = find(first)
    for one, other in links:
        root[find(one)] = find(other)
    groups: dict[int, list[BaseGeometry]] = {}
    for i, piece in enumerate(pieces):
        groups.setdefault(find(i), []).append(piece)
    return [group[0] if len(group) == 1 else shapely.union_all(group) for group in groups.values()]


def _ends(piece: BaseGeometry, blade: shapely.LineString | None) -> NDArray[np.float64]:
    """Give both ends (2, 2) of a line, without those on the blade; a polygon has none."""
    if shapely.get_dimensions(piece) != 1:
        return np.empty((0, 2))
    ends: NDArray[np.float64] = shapely.get_coordinates(piece)[[0, -1]]
    if blade is not None:
        ends = ends[shapely.distance(shapely.points(ends), blade) > TOUCH_M]
    return ends


def _at(
    pieces: Sequence[BaseGeometry], part: BaseGeometry, gap: shapely.LineString, end: int
) -> int:
    """Find the piece of a part at which a gap begins or ends."""
    inner = shapely.point_on_surface(np.array(pieces))
    mine = np.flatnonzero(shapely.distance(inner, part) <= TOUCH_M).tolist()
    return int(mine[_nearest([pieces[i] for i in mine], shapely.get_point(gap, end))])


def _spanning(
    parts: Sequence[BaseGeometry],
) -> list[tuple[BaseGeometry, BaseGeometry, shapely.LineString]]:
    """Tie parts together by the shortest lines between them, one fewer than there are parts."""
    left, tied = set(range(1, len(parts))), [0]
    found = []
    while left:
        i, j = min(
            ((i, j) for i in tied for j in sorted(left)),
            key=lambda pair: float(shapely.distance(parts[pair[0]], parts[pair[1]])),
        )
        found.append((parts[i], parts[j], shapely.shortest_line(parts[i], parts[j])))
        left.remove(j)
        tied.append(j)
    return found

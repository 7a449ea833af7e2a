"""Weave roads, assets and places into one graph, and close assets in it.

A road is cut where an asset or a place lies on it, so that closing a bridge leaves both banks
reachable from their own side. Roads are two-way; one-way rules do not bind in an emergency, and
most files do not know them.

Source: domain specification §5.2 (detour, isolation).
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import networkx as nx
import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import STRtree

from inspection.domain.roadnetwork import Place, RoadLine
from inspection.errors import BadInput

SNAP_M = 1.0
"""Ends of roads that are closer than this are one crossing."""

WITHIN_M = 50.0
"""An asset belongs to the nearest road within this distance."""

PLACE_WITHIN_M = 2000.0
"""A place is reached by the nearest road within this distance."""

EARTH_M_PER_DEG = 111_320.0

Node = Any
"""Tuples of numbers and names; networkx wants anything hashable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoadGraph:
    """Carry the graph.

    Attributes:
        graph: nodes are crossings, banks of assets and places; edges have ``m`` and ``min``.
        assets: the two banks of each asset that lies on a road.
        places: node of each place, by its number.
        known: the places.
        stray: assets that lie on no road, with their distance in metres (inf without a position).
        far: places that no road reaches, by number.
        crossings: where each crossing is, degrees WGS 84.
    """

    graph: nx.Graph
    assets: Mapping[str, tuple[Node, Node]]
    places: Mapping[int, Node]
    known: tuple[Place, ...]
    stray: Mapping[str, float]
    far: tuple[int, ...]
    crossings: Mapping[Node, tuple[float, float]]

    def nearest(self, lonlat: tuple[float, float]) -> Node:
        """Give the crossing that is nearest to a point in degrees WGS 84."""
        shrink = np.cos(np.radians(lonlat[1]))
        return min(
            self.crossings,
            key=lambda node: (
                ((self.crossings[node][0] - lonlat[0]) * shrink) ** 2
                + (self.crossings[node][1] - lonlat[1]) ** 2,
                node,
            ),
        )


@dataclass(frozen=True, slots=True)
class _Cut:
    """Mark where on a road something lies."""

    at_m: float
    kind: str
    name: str | int


def build(
    lines: Sequence[RoadLine],
    assets: Mapping[str, tuple[float, float] | None],
    places: Sequence[Place] = (),
    *,
    within_m: float = WITHIN_M,
    place_within_m: float = PLACE_WITHIN_M,
    snap_m: float = SNAP_M,
) -> RoadGraph:
    """Build the graph.

    Args:
        lines: roads.
        assets: position of each asset, degrees WGS 84; a road that names an asset wins over it.
        places: where people live and where help comes from.
        within_m: how far an asset may lie from its road.
        place_within_m: how far a place may lie from its road.
        snap_m: ends that are closer are one crossing.

    Raises:
        BadInput: when there is no road.
    """
    if not lines:
        raise BadInput("a road network needs at least one road")
    weaver = _Weaver(lines)
    stray = weaver.put_assets(assets, within_m)
    far = weaver.put_places(places, place_within_m)
    graph, banks, standing = weaver.weave(snap_m)
    return RoadGraph(
        graph=graph,
        assets=banks,
        places=standing,
        known=tuple(places),
        stray=stray,
        far=far,
        crossings=weaver.crossings(snap_m),
    )


class _Plane:
    """Turn degrees into metres around the middle of a network.

    Over a prefecture (200 km) lengths are off by less than 1 %, which is less than what speeds are.
    """

    def __init__(self, lonlat: NDArray[np.float64]) -> None:
        self.middle = lonlat.mean(axis=0)
        self.scale = np.array(
            [EARTH_M_PER_DEG * np.cos(np.radians(self.middle[1])), EARTH_M_PER_DEG]
        )

    def metres(self, lonlat: NDArray[np.float64]) -> NDArray[np.float64]:
        """Give (n, 2) metres of (n, 2) degrees."""
        return np.asarray((lonlat - self.middle) * self.scale, float)


class _Weaver:
    """Mark where things lie on roads, then lay every road into a graph."""

    def __init__(self, lines: Sequence[RoadLine]) -> None:
        self.lines = lines
        self.plane = _Plane(np.concatenate([np.array(line.line_lonlat) for line in lines]))
        self.shapes = [
            shapely.LineString(self.plane.metres(np.array(line.line_lonlat))) for line in lines
        ]
        self.tree = STRtree(self.shapes)
        self.cuts: dict[int, list[_Cut]] = defaultdict(list)

    def _nearest(self, lonlat: tuple[float, float]) -> tuple[int, shapely.Point, float]:
        """Find the nearest road of a point, and its distance in metres."""
        point = shapely.Point(self.plane.metres(np.array([lonlat]))[0])
        at = int(self.tree.nearest(point))
        return at, point, float(self.shapes[at].distance(point))

    def put_assets(
        self, assets: Mapping[str, tuple[float, float] | None], within_m: float
    ) -> dict[str, float]:
        """Put each asset on its road; give those that lie on none with their distance."""
        named = {line.asset_id: i for i, line in enumerate(self.lines) if line.asset_id}
        stray: dict[str, float] = {}
        for asset_id, lonlat in sorted(assets.items()):
            found = None if lonlat is None else self._nearest(lonlat)
            at = named.get(asset_id)
            if at is None and found is not None and found[2] <= within_m:
                at = found[0]
            if at is None:
                stray[asset_id] = float("inf") if found is None else found[2]
                continue
            shape = self.shapes[at]
            where = shape.length / 2 if found is None else shape.project(found[1])
            self.cuts[at].append(_Cut(where, "asset", asset_id))
        return stray

    def put_places(self, places: Sequence[Place], within_m: float) -> tuple[int, ...]:
        """Put each place on its road; give those that no road reaches."""
        far = []
        for number, place in enumerate(places):
            at, point, distance = self._nearest(place.lonlat)
            if distance > within_m:
                far.append(number)
                continue
            self.cuts[at].append(_Cut(self.shapes[at].project(point), "place", number))
        return tuple(far)

    def weave(
        self, snap_m: float
    ) -> tuple[nx.Graph, dict[str, tuple[Node, Node]], dict[int, Node]]:
        """Lay every road into the graph, piece by piece; give the banks and the places too."""
        graph = nx.Graph()
        banks: dict[str, tuple[Node, Node]] = {}
        standing: dict[int, Node] = {}
        ends = _Crossings(self.shapes, self.tree, snap_m)
        for number, (line, shape) in enumerate(zip(self.lines, self.shapes, strict=True)):
            pace = 60 / (1000 * line.speed_kmh)
            before, at_m = ends.first(number), 0.0
            cuts = [*self.cuts.get(number, []), *ends.along(number)]
            for cut in sorted(cuts, key=_along):
                here: Node = (cut.kind, cut.name)
                _link(graph, before, here, cut.at_m - at_m, pace)
                before, at_m = here, cut.at_m
                if cut.kind == "place":
                    standing[int(cut.name)] = here
                if cut.kind != "asset":
                    continue
                before = (cut.kind, cut.name, "far bank")
                _link(graph, here, before, 0.0, pace)
                banks[str(cut.name)] = (here, before)
            _link(graph, before, ends.last(number), shape.length - at_m, pace)
        return graph, banks, standing

    def crossings(self, snap_m: float) -> dict[Node, tuple[float, float]]:
        """Tell where each crossing is."""
        ends = _Crossings(self.shapes, self.tree, snap_m)
        found: dict[Node, tuple[float, float]] = {}
        for number, line in enumerate(self.lines):
            found.setdefault(ends.first(number), line.line_lonlat[0])
            found.setdefault(ends.last(number), line.line_lonlat[-1])
        return found


def _along(cut: _Cut) -> tuple[float, str, str]:
    return cut.at_m, cut.kind, str(cut.name)


class _Crossings:
    """Give one node to what meets: ends of roads, and points that several roads share.

    A road that passes over another shares no point with it, in files that are drawn for routing.
    An end that lies on another road meets it there.
    """

    def __init__(self, shapes: Sequence[shapely.LineString], tree: STRtree, snap_m: float) -> None:
        ends = np.array([[s.coords[0], s.coords[-1]] for s in shapes]).reshape(-1, 2)
        points = shapely.points(np.concatenate([ends, _shared(shapes)]))
        left, right = STRtree(points).query(points, predicate="dwithin", distance=snap_m)
        joined = nx.Graph()
        joined.add_nodes_from(range(len(points)))
        joined.add_edges_from(zip(left.tolist(), right.tolist(), strict=True))
        self._node: dict[int, int] = {}
        for group in nx.connected_components(joined):
            self._node.update(dict.fromkeys(group, min(group)))
        self.cuts: dict[int, dict[int, float]] = defaultdict(dict)
        pairs = tree.query(points, predicate="dwithin", distance=snap_m)
        for point, line in zip(*pairs.tolist(), strict=True):
            at_m = shapes[line].project(points[point])
            if snap_m < at_m < shapes[line].length - snap_m:
                self.cuts[line].setdefault(self._node[point], at_m)

    def first(self, line: int) -> Node:
        """Name the crossing where a road begins."""
        return ("crossing", self._node[2 * line])

    def last(self, line: int) -> Node:
        """Name the crossing where a road ends."""
        return ("crossing", self._node[2 * line + 1])

    def along(self, line: int) -> list[_Cut]:
        """List the crossings on the way."""
        return [_Cut(at_m, "crossing", node) for node, at_m in self.cuts.get(line, {}).items()]


def _shared(shapes: Sequence[shapely.LineString]) -> NDArray[np.float64]:
    """Give the points inside roads that several roads have, (k, 2), to the centimetre."""
    coords, line = shapely.get_coordinates(list(shapes), return_index=True)
    keys = np.round(coords, 2)
    order = np.lexsort((line, keys[:, 1], keys[:, 0]))
    keys, line = keys[order], line[order]
    same = np.all(keys[1:] == keys[:-1], axis=1) & (line[1:] != line[:-1])
    return np.unique(keys[1:][same], axis=0)


def _link(graph: nx.Graph, a: Node, b: Node, metres: float, pace: float) -> None:
    """Join two nodes; of two roads between the same nodes the shorter one counts as the way."""
    metres = max(0.0, float(metres))
    known = graph.get_edge_data(a, b)
    if a == b:  # a roundabout on its own, or a stub: still a place to start from
        graph.add_node(a)
        return
    if known is None:
        graph.add_edge(a, b, m=metres, min=metres * pace, twin=False, road_m=metres)
        return
    graph.add_edge(
        a,
        b,
        m=min(metres, known["m"]),
        min=min(metres * pace, known["min"]),
        twin=True,
        road_m=known["road_m"] + metres,
    )


def hubs(roads: RoadGraph) -> frozenset[Node]:
    """Name the nodes from which help comes."""
    return frozenset(roads.places[i] for i in roads.places if roads.known[i].hub)


def without(roads: RoadGraph, closed: Collection[str]) -> nx.Graph:
    """Give the graph while some assets are closed.

    Raises:
        BadInput: when an asset lies on no road.
    """
    unknown = sorted(set(closed) - roads.assets.keys())
    if unknown:
        raise BadInput(f"asset {unknown[0]!r} lies on no road of the network")
    graph = roads.graph.copy()
    graph.remove_edges_from(roads.assets[asset_id] for asset_id in closed)
    return graph

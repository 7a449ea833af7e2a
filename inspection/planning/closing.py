"""Close each asset of a road network in turn: how long is the way around, who is cut off.

Source: domain specification §5.2 (detour, isolation).
"""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

import networkx as nx

from inspection.domain.roadnetwork import Closure, CutOff, Place
from inspection.errors import BadInput
from inspection.planning.roadgraph import Node, RoadGraph, hubs, without


def close_each(
    roads: RoadGraph,
    assets: Collection[str] | None = None,
    *,
    heard: Callable[[], None] = lambda: None,
) -> Iterator[Closure]:
    """Close one asset after the other.

    The way around runs between the crossings next to the asset, and is compared with the way over
    it. Where there is none the network falls apart: cut off is the side without a hub; where both
    or neither have one, the side with fewer people, then with less road.

    Args:
        roads: the network.
        assets: which; all that lie on a road unless given.
        heard: called after each asset.

    Raises:
        BadInput: when an asset lies on no road.
    """
    unknown = sorted(set(assets or ()) - roads.assets.keys())
    if unknown:
        raise BadInput(f"asset {unknown[0]!r} lies on no road of the network")
    tree = _Severed(roads)
    for asset_id in sorted(roads.assets if assets is None else assets):
        yield tree.side(asset_id) or _detour(roads, asset_id)
        heard()


def _detour(roads: RoadGraph, asset_id: str) -> Closure:
    """Find the way around an asset that has one."""
    graph, (a, b) = roads.graph, roads.assets[asset_id]
    start, before_m, before_min = _crossing(graph, a, b)
    end, after_m, after_min = _crossing(graph, b, a)
    if start == end:  # a loop: the far bank must drive its long side, and not over the asset
        return _closure(asset_id, abs(before_m - after_m), abs(before_min - after_min))
    edge = dict(graph.edges[a, b])
    graph.remove_edge(a, b)
    try:
        metres = float(nx.bidirectional_dijkstra(graph, start, end, weight="m")[0])
        minutes = float(nx.bidirectional_dijkstra(graph, start, end, weight="min")[0])
    finally:
        graph.add_edge(a, b, **edge)
    return _closure(asset_id, metres - before_m - after_m, minutes - before_min - after_min)


def _closure(asset_id: str, detour_m: float, detour_min: float) -> Closure:
    return Closure(
        asset_id=asset_id,
        detour_m=max(0.0, detour_m),
        detour_min=max(0.0, detour_min),
        severs=False,
        people=0.0,
        places=(),
        road_m=0.0,
    )


def _crossing(graph: nx.Graph, start: Node, back: Node) -> tuple[Node, float, float]:
    """Walk away from an asset to the first node where one can turn off."""
    metres = minutes = 0.0
    seen = {back}
    while graph.degree(start) == 2:
        ahead = [node for node in graph[start] if node not in seen]
        if not ahead:  # a road that comes back to where it began
            break
        seen.add(start)
        edge = graph.edges[start, ahead[0]]
        metres, minutes = metres + edge["m"], minutes + edge["min"]
        start = ahead[0]
    return start, metres, minutes


@dataclass(slots=True)
class _Part:
    """Add up one part of a network."""

    people: float = 0.0
    road_m: float = 0.0
    hubs: int = 0

    def add(self, other: "_Part") -> None:
        """Add another part."""
        self.people += other.people
        self.road_m += other.road_m
        self.hubs += other.hubs


class _Severed:
    """Know both sides of every edge without which a network falls apart.

    Such edges make a forest of the parts between them; one walk over it adds up what lies beyond
    each, so that thousands of assets cost no more than one.
    """

    def __init__(self, roads: RoadGraph) -> None:
        self.roads = roads
        graph = roads.graph
        cut = {frozenset(e) for e in nx.bridges(graph) if not graph.edges[e]["twin"]}
        whole = graph.copy()
        whole.remove_edges_from(tuple(edge) for edge in cut)
        self.part: dict[Node, int] = {}
        for number, nodes in enumerate(nx.connected_components(whole)):
            self.part.update(dict.fromkeys(nodes, number))
        self.own = self._sums(cut)
        self.forest = nx.Graph()
        self.forest.add_nodes_from(self.own)
        for edge in cut:
            a, b = tuple(edge)
            self.forest.add_edge(self.part[a], self.part[b], road_m=graph.edges[a, b]["road_m"])
        self._walk()

    def _sums(self, cut: set[frozenset[Node]]) -> dict[int, _Part]:
        """Add up people, hubs and roads inside each part."""
        own = {number: _Part() for number in self.part.values()}
        for index, node in self.roads.places.items():
            place = self.roads.known[index]
            own[self.part[node]].people += place.people
            own[self.part[node]].hubs += place.hub
        for a, b, edge in self.roads.graph.edges(data=True):
            if frozenset((a, b)) not in cut:
                own[self.part[a]].road_m += edge["road_m"]
        return own

    def _walk(self) -> None:
        """Add up what lies beyond each edge of the forest."""
        self.parent: dict[int, int] = {}
        self.root: dict[int, int] = {}
        self.below = {number: _Part(p.people, p.road_m, p.hubs) for number, p in self.own.items()}
        for nodes in nx.connected_components(self.forest):
            top = min(nodes)
            order = list(nx.dfs_preorder_nodes(self.forest, top))
            self.root.update(dict.fromkeys(nodes, top))
            self.parent.update({c: p for p, c in nx.dfs_edges(self.forest, top)})
            for number in reversed(order[1:]):
                above = self.parent[number]
                self.below[above].add(self.below[number])
                self.below[above].road_m += self.forest.edges[above, number]["road_m"]

    def side(self, asset_id: str) -> Closure | None:
        """Say what is cut off when an asset is closed; None when there is a way around."""
        a, b = self.roads.assets[asset_id]
        p, q = self.part[a], self.part[b]
        if p == q:
            return None
        child = p if self.parent.get(p) == q else q
        far = self.below[child]
        whole = self.below[self.root[child]]
        edge_m = self.forest.edges[p, q]["road_m"]
        near = _Part(
            whole.people - far.people, whole.road_m - far.road_m - edge_m, whole.hubs - far.hubs
        )
        beyond = _lost(far, near)
        lost = far if beyond else near
        return Closure(
            asset_id=asset_id,
            detour_m=None,
            detour_min=None,
            severs=True,
            people=lost.people,
            places=self._names(child, beyond=beyond),
            road_m=max(0.0, lost.road_m),
        )

    def _names(self, child: int, *, beyond: bool) -> tuple[str, ...]:
        """Name the places on one side of an edge of the forest."""
        under = {child}
        stack = [child]
        while stack:
            here = stack.pop()
            down = [n for n in self.forest[here] if n != self.parent.get(here)]
            under.update(down)
            stack += down
        root = self.root[child]
        return tuple(
            sorted(
                self.roads.known[index].name
                for index, node in self.roads.places.items()
                if self.root[self.part[node]] == root and (self.part[node] in under) is beyond
            )
        )


def _lost(far: _Part, near: _Part) -> bool:
    """Tell whether the far side is the one that is cut off."""
    if bool(far.hubs) != bool(near.hubs):
        return not far.hubs
    return (far.people, far.road_m) <= (near.people, near.road_m)


def cut_off(roads: RoadGraph, closed: Collection[str]) -> CutOff:
    """Say which places no hub can reach while several assets are closed at once.

    Raises:
        BadInput: when no place is a hub, or an asset lies on no road.
    """
    from_here = hubs(roads)
    if not from_here:
        raise BadInput("no place is a hub: mark those from which help comes with hub = true")
    parts = list(nx.connected_components(without(roads, closed)))
    of_node = {node: number for number, nodes in enumerate(parts) for node in nodes}
    reached = {of_node[node] for node in from_here}
    lost: dict[int, list[Place]] = {}
    for index, node in roads.places.items():
        if of_node[node] not in reached:
            lost.setdefault(of_node[node], []).append(roads.known[index])
    places = tuple(sorted((p for part in lost.values() for p in part), key=lambda p: p.name))
    return CutOff(
        places=places,
        people=sum(place.people for place in places),
        by_part=tuple(
            {place.name: place.people for place in sorted(part, key=lambda p: p.name)}
            for part in sorted(
                lost.values(), key=lambda part: (-sum(p.people for p in part), part[0].name)
            )
        ),
    )

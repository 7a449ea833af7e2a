"""Turn the pixels of a skeleton into branches: lines between junctions and free ends.

Thinning leaves small side branches (*spurs*) where an edge is rough and forks at square ends. A
spur is not longer than the mask is thick at its root, so it is told from a real branch by that.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from inspection.geo.polyline import length, smooth
from inspection.imaging.skeleton import Skeleton

NEIGHBOURS = np.array(
    [(1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (1, -1), (-1, 1), (-1, -1)], dtype=np.int64
)
"""Steps to the eight neighbours, the four straight ones first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """Keep one unbranched piece of a centre line.

    Attributes:
        points_px: (n, 2) float64, smooth, origin at the outer corner of the raster.
        depth_px: (n,) distance to the outside of the mask along the branch.
        start_free: True when nothing is attached to the first point.
        end_free: True when nothing is attached to the last point.
        piece: number of the connected centre line that the branch belongs to.
    """

    points_px: NDArray[np.float64]
    depth_px: NDArray[np.float64]
    start_free: bool
    end_free: bool
    piece: int


@dataclass(slots=True)
class _Edge:
    """Connect two nodes by a chain of points; columns of ``chain`` are x, y and depth."""

    a: int
    b: int
    chain: NDArray[np.float64]

    @property
    def size(self) -> float:
        return length(self.chain[:, :2])

    def reverse(self) -> "_Edge":
        return _Edge(self.b, self.a, self.chain[::-1])


def branches(skeleton: Skeleton) -> tuple[Branch, ...]:
    """Trace a skeleton into smooth branches, without spurs."""
    edges = _prune(_edges(skeleton))
    degree: dict[int, int] = {}
    for edge in edges:
        for node in (edge.a, edge.b):
            degree[node] = degree.get(node, 0) + 1
    pieces = _pieces(edges)
    return tuple(
        Branch(
            points_px=_smooth(edge),
            depth_px=edge.chain[:, 2].copy(),
            start_free=degree[edge.a] == 1,
            end_free=degree[edge.b] == 1,
            piece=piece,
        )
        for edge, piece in zip(edges, pieces, strict=True)
    )


def _smooth(edge: _Edge) -> NDArray[np.float64]:
    """Remove the steps of the pixels: a Gaussian of 2 px, wider where the mask is thick."""
    sigma = float(np.clip(0.75 * edge.chain[:, 2].mean(), 2.0, 8.0))
    return smooth(edge.chain[:, :2], sigma, closed=edge.a == edge.b and len(edge.chain) > 3)


def _edges(skeleton: Skeleton) -> list[_Edge]:
    """Trace the graph of a skeleton; each cluster of junction pixels is one node."""
    links = _links(skeleton.pixels)
    degree = (links >= 0).sum(axis=1)
    node = _nodes(links, degree)
    points = np.column_stack([skeleton.pixels + 0.5, skeleton.depth_px]).astype(np.float64)
    heart = _hearts(points, node)
    following = [[int(n) for n in row if n >= 0] for row in links]
    edges: list[_Edge] = []
    seen: set[tuple[int, int]] = set()
    visited = node >= 0
    for start in np.flatnonzero(node >= 0).tolist():
        for second in following[start]:
            if node[second] == node[start] or (start, second) in seen:
                continue
            path = _walk(following, node, start, second)
            seen.add((path[-1], path[-2]))
            visited[path] = True
            edges.append(_edge(points, heart, node, path))
        if not following[start]:
            edges.append(_Edge(int(node[start]), -1 - start, points[[start, start]]))
    return edges + _rings(following, points, visited, int(node.max(initial=0)) + 1)


def _links(pixels: NDArray[np.int64]) -> NDArray[np.int64]:
    """Give the neighbours (k, 8) of each pixel, −1 for none.

    A diagonal neighbour that is also reached by two straight steps is left out, so that a corner
    is a bend and not a junction.
    """
    low = pixels.min(axis=0) - 1
    width = int(pixels[:, 0].max() - low[0]) + 2
    key = (pixels[:, 1] - low[1]) * width + pixels[:, 0] - low[0]
    wanted = key[:, None] + NEIGHBOURS[:, 1] * width + NEIGHBOURS[:, 0]
    at = np.minimum(np.searchsorted(key, wanted), len(key) - 1)
    links: NDArray[np.int64] = np.where(key[at] == wanted, at, -1)
    straight = links[:, :4] >= 0
    for column, (dx, dy) in enumerate(NEIGHBOURS[4:], start=4):
        by_x, by_y = straight[:, 0 if dx > 0 else 1], straight[:, 2 if dy > 0 else 3]
        links[by_x | by_y, column] = -1
    return links


def _nodes(links: NDArray[np.int64], degree: NDArray[np.int64]) -> NDArray[np.int64]:
    """Number the nodes (k,): ends and clusters of junction pixels; −1 within a branch."""
    count = len(links)
    source = np.repeat(np.arange(count), links.shape[1])
    target = links.ravel()
    junction = degree > 2
    keep = (target >= 0) & junction[source] & junction[target]
    graph = coo_array(
        (np.ones(int(keep.sum()), dtype=np.int8), (source[keep], target[keep])), (count, count)
    )
    label = connected_components(graph, directed=False)[1].astype(np.int64)
    return np.where(degree != 2, label, -1)


def _hearts(points: NDArray[np.float64], node: NDArray[np.int64]) -> dict[int, NDArray[np.float64]]:
    """Give the mean x, y and the largest depth of the pixels of each node."""
    members = np.flatnonzero(node >= 0)
    order = members[np.argsort(node[members], kind="stable")]
    labels, first = np.unique(node[order], return_index=True)
    groups = np.split(points[order], first[1:]) if len(labels) else []
    return {
        int(label): np.array([*group[:, :2].mean(axis=0), group[:, 2].max()])
        for label, group in zip(labels, groups, strict=True)
    }


def _walk(
    following: list[list[int]], node: NDArray[np.int64], start: int, second: int
) -> list[int]:
    """Follow a branch from a node pixel until the next node pixel."""
    path = [start, second]
    while node[path[-1]] < 0:
        onward = [n for n in following[path[-1]] if n != path[-2]]
        path.append(onward[0])
    return path


def _edge(
    points: NDArray[np.float64],
    heart: dict[int, NDArray[np.float64]],
    node: NDArray[np.int64],
    path: list[int],
) -> _Edge:
    """Build an edge from the heart of its first node to the heart of its last."""
    a, b = int(node[path[0]]), int(node[path[-1]])
    chain = points[path].copy()
    chain[0], chain[-1] = heart[a], heart[b]
    return _Edge(a, b, chain)


def _rings(
    following: list[list[int]],
    points: NDArray[np.float64],
    visited: NDArray[np.bool_],
    next_node: int,
) -> list[_Edge]:
    """Trace the closed lines that have no node; their first pixel becomes one."""
    rings = []
    next_node += len(points)
    for start in np.flatnonzero(~visited).tolist():
        if visited[start]:
            continue
        path, previous = [start], -1
        while True:
            visited[path[-1]] = True
            onward = [
                n for n in following[path[-1]] if n not in (previous, start) and not visited[n]
            ]
            if not onward:
                break
            previous = path[-1]
            path.append(onward[0])
        rings.append(_Edge(next_node, next_node, points[[*path, start]]))
        next_node += 1
    return rings


def _prune(edges: list[_Edge]) -> list[_Edge]:
    """Remove spurs, then join what is left at nodes where only two edges meet."""
    while True:
        spurs = _spurs(edges)
        edges = _merge([edge for i, edge in enumerate(edges) if i not in spurs])
        if not spurs:
            return edges


def _at_node(edges: list[_Edge]) -> dict[int, list[int]]:
    """List the edges at each node; a loop counts twice."""
    at: dict[int, list[int]] = {}
    for number, edge in enumerate(edges):
        at.setdefault(edge.a, []).append(number)
        at.setdefault(edge.b, []).append(number)
    return at


def _spurs(edges: list[_Edge]) -> set[int]:
    """Name the edges that are spurs; of a star of spurs the two longest stay."""
    at = _at_node(edges)
    spurs: set[int] = set()
    for members in at.values():
        if len(members) < 3:
            continue
        short = [
            number
            for number in members
            if edges[number].a != edges[number].b
            and min(len(at[edges[number].a]), len(at[edges[number].b])) == 1
            and edges[number].size <= 1.6 * float(edges[number].chain[[0, -1], 2].max()) + 1.5
        ]
        short.sort(key=lambda number: edges[number].size)
        keep = max(0, 2 - (len(members) - len(short))) if len(short) == len(members) else 0
        spurs.update(short[: len(short) - keep])
    return spurs


def _merge(edges: list[_Edge]) -> list[_Edge]:
    """Join pairs of edges at nodes of degree two."""
    at = _at_node(edges)
    alive: dict[int, _Edge] = dict(enumerate(edges))
    for node, members in at.items():
        if len(members) != 2 or members[0] == members[1]:
            continue
        i, j = members
        first = alive[i] if alive[i].b == node else alive[i].reverse()
        second = alive[j] if alive[j].a == node else alive[j].reverse()
        joined = _Edge(first.a, second.b, np.concatenate([first.chain, second.chain[1:]]))
        alive[i] = joined
        del alive[j]
        at[joined.b] = [i if number == j else number for number in at[joined.b]]
    return list(alive.values())


def _pieces(edges: list[_Edge]) -> list[int]:
    """Number the connected pieces that the edges belong to."""
    nodes = {node: i for i, node in enumerate(sorted({n for e in edges for n in (e.a, e.b)}))}
    a = [nodes[edge.a] for edge in edges]
    b = [nodes[edge.b] for edge in edges]
    graph = coo_array((np.ones(len(edges), dtype=np.int8), (a, b)), (len(nodes), len(nodes)))
    label = connected_components(graph, directed=False)[1]
    return [int(label[i]) for i in a]

"""Measure driving times between nodes of a road graph."""

from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import dijkstra

from inspection.planning.roadgraph import Node, RoadGraph, without

SHORTEST_MIN = 1e-9
"""An edge of no length must not vanish from a sparse matrix."""


def travel_minutes(
    roads: RoadGraph, nodes: Sequence[Node | None], *, closed: Collection[str] = ()
) -> NDArray[np.float64]:
    """Give driving times between nodes over what is not closed, (n, n), inf where there is no way.

    Args:
        roads: the network.
        nodes: from and to; None is nowhere.
        closed: assets that are not driven over.

    Raises:
        BadInput: when a closed asset lies on no road.
    """
    graph = without(roads, closed)
    number = {node: i for i, node in enumerate(graph)}
    edges = [(number[a], number[b], edge["min"]) for a, b, edge in graph.edges(data=True)]
    table = np.array(edges, float).reshape(-1, 3)  # a network may have no way at all
    rows, columns = table[:, :2].T.astype(int)
    size = len(number)
    weights = np.maximum(table[:, 2], SHORTEST_MIN)
    matrix = csr_array(coo_array((weights, (rows, columns)), (size, size)))
    found = np.full((len(nodes), len(nodes)), np.inf)
    known = [i for i, node in enumerate(nodes) if node is not None]
    at = np.array([number[nodes[i]] for i in known], int)
    for i, source in zip(known, at, strict=True):
        found[i, known] = dijkstra(matrix, directed=False, indices=int(source))[at]
    np.fill_diagonal(found, 0.0)
    return found

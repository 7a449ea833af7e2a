"""Cut surfaces into triangles: what shall be seen, and what coverage is computed on.

Triangles are counter-clockwise seen from the side that the camera is on.
"""

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import LineString, MultiPolygon, Polygon

from flight.ground import Ground

Floats = NDArray[np.float64]
GRID_CELLS = 60
"""Cells along the longer side when ground that is not flat is cut into pieces."""


def over_ground(area: Polygon | MultiPolygon, ground: Ground, *, piece_m: float) -> Floats:
    """Lay a polygon on the ground, (n, 3, 3) triangles seen from above.

    Args:
        area: local metres.
        ground: height of the ground.
        piece_m: longest edge along the outline; the inside is cut in squares of this size when
            there are no more than about 60 of them along a side.
    """
    pieces = _squares(area, piece_m)
    flat_m = _triangles(pieces)
    heights_m = ground(flat_m.reshape(-1, 2))
    return np.concatenate([flat_m, heights_m.reshape(-1, 3, 1)], axis=2)


def level(area: Polygon | MultiPolygon, height_m: float, *, from_below: bool) -> Floats:
    """Put a polygon at a height, (n, 3, 3) triangles seen from above or below."""
    flat_m = _triangles([area])
    heights_m = np.full((len(flat_m), 3, 1), height_m)
    triangles = np.concatenate([flat_m, heights_m], axis=2)
    return triangles[:, ::-1] if from_below else triangles


def upright(line_m: LineString, bottom_m: float, top_m: float) -> Floats:
    """Raise a wall on a line, (n, 3, 3) triangles seen from the right of the line."""
    xy = np.asarray(line_m.coords, dtype=np.float64)[:, :2]
    low = np.column_stack([xy, np.full(len(xy), bottom_m)])
    high = np.column_stack([xy, np.full(len(xy), top_m)])
    # Seen from the right of its direction, a line runs from left to right.
    lower = np.stack([low[:-1], low[1:], high[1:]], axis=1)
    upper = np.stack([low[:-1], high[1:], high[:-1]], axis=1)
    return np.stack([lower, upper], axis=1).reshape(-1, 3, 3)


def area_m2(triangles_m: Floats) -> Floats:
    """Give the area of (n, 3, 3) triangles, (n,) square metres."""
    edges = np.cross(_edge(triangles_m, 1), _edge(triangles_m, 2))
    return np.asarray(np.linalg.norm(edges, axis=1) / 2)


def normals(triangles_m: Floats) -> Floats:
    """Give unit vectors out of (n, 3, 3) triangles, (n, 3)."""
    out = np.cross(_edge(triangles_m, 1), _edge(triangles_m, 2))
    return np.asarray(out / np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-300))


def _edge(triangles_m: Floats, corner: int) -> Floats:
    """Give the edges from the first corner to another."""
    return np.asarray(triangles_m[:, corner] - triangles_m[:, 0])


def _squares(area: Polygon | MultiPolygon, piece_m: float) -> list[Polygon | MultiPolygon]:
    """Cut a polygon by a grid of squares."""
    west, south, east, north = area.bounds
    size_m = max(piece_m, (east - west) / GRID_CELLS, (north - south) / GRID_CELLS)
    xs = np.arange(west, east, size_m)
    ys = np.arange(south, north, size_m)
    x0, y0 = (grid.ravel() for grid in np.meshgrid(xs, ys))
    cells = shapely.box(x0, y0, x0 + size_m, y0 + size_m)
    shapely.prepare(area)
    cells = cells[shapely.intersects(area, cells)]
    return list(shapely.intersection(area, cells))


def _triangles(pieces: list[Polygon | MultiPolygon]) -> Floats:
    """Cut polygons into (n, 3, 2) triangles, counter-clockwise, slivers left out."""
    cut = shapely.get_parts(shapely.constrained_delaunay_triangles(pieces))
    if len(cut) == 0:
        return np.empty((0, 3, 2))
    triangles = shapely.get_coordinates(cut).reshape(-1, 4, 2)[:, :3]
    a, b = triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0]
    twice_m2 = a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]
    triangles[twice_m2 < 0] = triangles[twice_m2 < 0][:, ::-1]
    return np.asarray(triangles[np.abs(twice_m2) > 1e-9])

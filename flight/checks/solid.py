"""Measure exactly how near straight legs come to triangles in space.

Walls, decks, piers and wires are all triangles here (a wire is one with two equal corners), so
that one formula answers for every structure and nothing is missed between two samples.

Source: C. Ericson, Real-Time Collision Detection (2005), §5.1.5 closest point on a triangle,
§5.1.9 closest points of two segments.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def segment_triangle_distance_m(starts_m: Floats, ends_m: Floats, triangles_m: Floats) -> Floats:
    """Give the distance (n,) m between the n-th segment and the n-th triangle.

    Args:
        starts_m: (n, 3) m.
        ends_m: (n, 3) m.
        triangles_m: (n, 3, 3) m; may be degenerate.

    >>> floor = np.array([[[0, 0, 0], [9, 0, 0], [0, 9, 0]]], dtype=float)
    >>> start = np.array([[1, 1, 5.0]])
    >>> segment_triangle_distance_m(start, np.array([[2, 2, 3.0]]), floor).tolist()
    [3.0]
    >>> segment_triangle_distance_m(start, np.array([[2, 2, -3.0]]), floor).tolist()
    [0.0]
    """
    distance = np.full(len(starts_m), np.inf)
    for at in range(3):
        first, second = triangles_m[:, at], triangles_m[:, (at + 1) % 3]
        distance = np.minimum(distance, _segments_m(starts_m, ends_m, first, second))
    for point in (starts_m, ends_m):
        distance = np.minimum(distance, _above_face_m(point, triangles_m))
    distance[_pierces(starts_m, ends_m, triangles_m)] = 0.0
    return distance


def _segments_m(p1: Floats, q1: Floats, p2: Floats, q2: Floats) -> Floats:
    """Give the distance (n,) between segments p1–q1 and p2–q2; either may be a point."""
    d1, d2, r = q1 - p1, q2 - p2, p1 - p2
    a, e, f = _dot(d1, d1), _dot(d2, d2), _dot(d2, r)
    b, c = _dot(d1, d2), _dot(d1, r)
    a_safe, e_safe = np.where(a > 0, a, 1.0), np.where(e > 0, e, 1.0)
    denominator = a * e - b * b
    parallel = denominator <= 1e-12 * a * e
    s = np.where(parallel, 0.0, (b * f - c * e) / np.where(parallel, 1.0, denominator))
    s = np.where(a > 0, np.clip(s, 0, 1), 0.0)
    t = np.where(e > 0, (b * s + f) / e_safe, 0.0)
    # where t leaves its segment, clamp it and find the best s for that end
    clamped = np.clip(t, 0.0, 1.0)
    s = np.where((t != clamped) | (e <= 0), np.clip((b * clamped - c) / a_safe, 0, 1), s)
    s = np.where(a > 0, s, 0.0)
    gap = r + s[:, None] * d1 - clamped[:, None] * d2
    return np.asarray(np.sqrt(_dot(gap, gap)))


def _above_face_m(point: Floats, triangles: Floats) -> Floats:
    """Give the distance to the plane where the foot lies inside of the triangle, else infinity."""
    normal, area2 = _normal(triangles)
    height = _dot(point - triangles[:, 0], normal)
    foot = point - height[:, None] * normal
    return np.where(area2 & _inside(foot, triangles, normal), np.abs(height), np.inf)


def _pierces(starts: Floats, ends: Floats, triangles: Floats) -> NDArray[np.bool_]:
    """Tell which segments go through their triangle."""
    normal, area2 = _normal(triangles)
    low, high = _dot(starts - triangles[:, 0], normal), _dot(ends - triangles[:, 0], normal)
    crosses = (low * high <= 0) & (low != high) & area2
    share = np.where(crosses, low / np.where(low == high, 1.0, low - high), 0.0)
    return np.asarray(
        crosses & _inside(starts + share[:, None] * (ends - starts), triangles, normal)
    )


def _inside(foot: Floats, triangles: Floats, normal: Floats) -> NDArray[np.bool_]:
    """Tell whether points of the triangles' planes lie inside of them."""
    inside = np.ones(len(foot), dtype=bool)
    for at in range(3):
        corner, following = triangles[:, at], triangles[:, (at + 1) % 3]
        inside &= _dot(np.cross(following - corner, foot - corner), normal) >= 0
    return inside


def _normal(triangles: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """Give unit normals, and which triangles have an area."""
    across = np.cross(triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0])
    length = np.linalg.norm(across, axis=1)
    real = length > 1e-12
    return across / np.where(real, length, 1.0)[:, None], real


def _dot(first: Floats, second: Floats) -> Floats:
    return np.asarray((first * second).sum(axis=1))

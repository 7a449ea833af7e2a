"""Tell what one part of a structure hides of another.

Source: T. Möller, B. Trumbore, "Fast, minimum storage ray/triangle intersection", 1997.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

MOST_TRIANGLES = 120
"""Surfaces of more triangles are ground, which hides next to nothing of itself from above."""


def hidden(
    eye_m: Floats, point_m: Floats, surface_m: Floats, own: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Tell for n lines of sight whether another triangle of the surface stands in between.

    Args:
        eye_m: (n, 3) cameras.
        point_m: (n, 3) points on the surface, seen from its right side.
        surface_m: (m, 3, 3) triangles.
        own: (n,) triangle of each point.

    Returns:
        (n,) bool; all False where the surface is convex (it cannot hide itself) or has more than
        ``MOST_TRIANGLES``.
    """
    blocked = np.zeros(len(eye_m), dtype=bool)
    if len(surface_m) > MOST_TRIANGLES or is_convex(surface_m):
        return blocked
    sight = point_m - eye_m
    for number, (a, b, c) in enumerate(surface_m):
        ask = ~blocked & (own != number)
        blocked[ask] = _crosses(eye_m[ask], sight[ask], a, b - a, c - a)
    return blocked


def is_convex(surface_m: Floats, *, tolerance_m: float = 0.02) -> bool:
    """Tell whether all of a surface lies behind the plane of each of its triangles."""
    edge, other = surface_m[:, 1] - surface_m[:, 0], surface_m[:, 2] - surface_m[:, 0]
    out = np.cross(edge, other)
    out /= np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-300)
    corners = surface_m.reshape(-1, 3)
    above_m = out @ corners.T - (out * surface_m[:, 0]).sum(axis=1)[:, None]
    return bool((above_m <= tolerance_m).all())


def _crosses(
    eye: Floats, sight: Floats, corner: Floats, edge: Floats, other: Floats
) -> NDArray[np.bool_]:
    """Tell which sights cross a triangle well before their end."""
    p = np.cross(sight, other)
    scale = p @ edge
    parallel = np.abs(scale) < 1e-12
    inverse = 1.0 / np.where(parallel, 1.0, scale)
    from_corner = eye - corner
    u = (from_corner * p).sum(axis=1) * inverse
    q = np.cross(from_corner, edge)
    v = (sight * q).sum(axis=1) * inverse
    along = (q @ other) * inverse
    within = (u >= 0) & (v >= 0) & (u + v <= 1)
    return np.asarray(~parallel & within & (along > 1e-6) & (along < 1 - 1e-4))

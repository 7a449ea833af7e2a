"""Describe a patch, pothole or spall by its outline, and its depth by heights around it."""

import math
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import ArrayLike

from inspection.domain.measurement import Quantity
from inspection.errors import BadGeometry, BadInput

MIN_RING_POINTS, MIN_INNER_POINTS = 30, 5
DETECTABLE_SIGMAS = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class OutlineShape:
    """Carry the shape of an areal damage.

    Attributes:
        area_m2: without holes.
        perimeter_m: of the outer boundary.
        mean_diameter_m: caliper diameter, mean over all directions.
        long_m: long side of the smallest rectangle around it.
        short_m: short side of that rectangle.
    """

    area_m2: float
    perimeter_m: float
    mean_diameter_m: float
    long_m: float
    short_m: float


def outline_shape(outline: shapely.Polygon) -> OutlineShape:
    """Describe an outline in metres.

    Source: Cauchy's formula: the mean caliper diameter is the perimeter of the convex hull ÷ π.

    Raises:
        BadGeometry: when the outline has no area.

    >>> square = outline_shape(shapely.box(0, 0, 2, 2))
    >>> square.area_m2, square.perimeter_m, round(square.mean_diameter_m, 3)
    (4.0, 8.0, 2.546)
    """
    if not outline.area > 0:
        raise BadGeometry(f"an outline needs an area above 0 m², got {outline.area} m²")
    around = shapely.get_coordinates(shapely.minimum_rotated_rectangle(outline))
    sides = np.sort(np.hypot(*np.diff(around[:3], axis=0).T))
    return OutlineShape(
        area_m2=float(outline.area),
        perimeter_m=float(outline.exterior.length),
        mean_diameter_m=float(outline.convex_hull.length / math.pi),
        long_m=float(sides[1]),
        short_m=float(sides[0]),
    )


def hollow_depth_m(
    outline: shapely.Polygon, points_m: ArrayLike, *, ring_m: float | None = None
) -> Quantity:
    """Give the depth of a hollow below the surface around it, or that the noise hides it.

    A plane is fitted to the points in a ring around the outline; the depth is the 95th percentile
    of how far the points inside lie below it. A depth below three standard deviations of the ring
    is below the limit: the heights cannot show it.

    Args:
        outline: of the damage, metres.
        points_m: (n, 3) points of the surface model, same frame, z up or out of the wall.
        ring_m: width of the ring; half the mean diameter when not given.

    Raises:
        BadInput: when too few points lie inside or around.

    Source: domain specification §4.4; the limit of 3σ is a design decision.
    """
    points = np.asarray(points_m, dtype=np.float64)
    points = points[np.isfinite(points).all(axis=1)]  # surface models have gaps
    ring = ring_m or outline_shape(outline).mean_diameter_m / 2
    inside = shapely.contains_xy(outline, points[:, 0], points[:, 1])
    near = shapely.contains_xy(outline.buffer(ring), points[:, 0], points[:, 1])
    around = near & ~shapely.contains_xy(outline.buffer(ring / 5), points[:, 0], points[:, 1])
    if inside.sum() < MIN_INNER_POINTS or around.sum() < MIN_RING_POINTS:
        raise BadInput(
            f"{inside.sum()} heights inside and {around.sum()} around a damage of "
            f"{outline.area:.4f} m² are too few (need {MIN_INNER_POINTS} and {MIN_RING_POINTS}); "
            "fly closer for a denser surface model"
        )
    middle = points[around, :2].mean(axis=0)
    design = np.column_stack([points[:, :2] - middle, np.ones(len(points))])
    keep = around.copy()
    for _ in range(4):
        plane, *_ = np.linalg.lstsq(design[keep], points[keep, 2], rcond=None)
        below = design @ plane - points[:, 2]
        sigma = max(1.4826 * float(np.median(np.abs(below[around]))), 1e-9)
        keep = around & (np.abs(below) <= 3 * sigma)
    depth = float(np.percentile(below[inside], 95))
    limit = DETECTABLE_SIGMAS * sigma
    if depth < limit:
        return Quantity(value=None, expanded_uncertainty=None, limit=limit, below_limit=True)
    # noise raises a 95th percentile by 0 (bowl) to 1.645 σ (flat bottom): half of it is taken off
    u = sigma * math.sqrt(1.0 + 0.82**2 + 3.0 / float(keep.sum()))
    return Quantity(value=depth - 0.82 * sigma, expanded_uncertainty=2 * u, limit=limit)

"""Know what a vehicle must keep away from: walls, decks, piers, poles and wires as triangles."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import shapely
from numpy.typing import NDArray

from flight.checks.course import Course, course_shape, line_shapes
from flight.checks.layout import GroundHeight
from flight.checks.solid import segment_triangle_distance_m
from flight.inputs import InputFeature
from inspection.errors import BadInput
from inspection.geo.frames import LocalFrame

Floats = NDArray[np.float64]

ENDLESS_M = 10_000.0
"""Half the height of what has no stated height: it is taken to reach as far as anybody flies."""
SEEN = "seen"
"""Kind of a surface that shall be seen. Take-off and landing may touch it: a deck, a road."""
MAX_PAIRS = 400_000
GRAIN_M = 1e-3


class HeightReference(StrEnum):
    """Say from where the heights of a structure count."""

    TAKEOFF = "takeoff"
    MSL = "msl"
    GROUND = "ground"


@dataclass(frozen=True, slots=True, kw_only=True)
class Obstacle:
    """Carry one thing that is not to be hit.

    Attributes:
        name: as its owner calls it.
        kind: "structure", "cable", "pole", … as its file says.
        triangles_m: (n, 3, 3) course metres.
        radius_m: thickness around the triangles.
        body: (outline, bottom, top) where it is solid, course metres.
    """

    name: str
    kind: str
    triangles_m: Floats
    radius_m: float = 0.0
    body: tuple[shapely.Geometry, float, float] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Nearest:
    """Say how near each leg comes to any obstacle.

    Attributes:
        distance_m: (legs,) exact; ``reach_m`` where nothing is nearer.
        obstacle: (legs,) index of the nearest obstacle, -1 for none within reach.
        reach_m: how far was looked.
    """

    distance_m: Floats
    obstacle: NDArray[np.int_]
    reach_m: float


def nearest(course: Course, obstacles: Sequence[Obstacle], reach_m: float) -> Nearest:
    """Measure how near each leg of a course comes to the nearest obstacle, within a reach."""
    return nearest_to(course.starts_m, course.ends_m, obstacles, reach_m)


def nearest_to(
    starts_m: Floats, ends_m: Floats, obstacles: Sequence[Obstacle], reach_m: float
) -> Nearest:
    """Measure how near each of (n, 3)–(n, 3) straight pieces comes to the nearest obstacle."""
    least = np.full(len(starts_m), float(reach_m))
    which = np.full(len(starts_m), -1)
    if not obstacles or not len(starts_m):
        return Nearest(distance_m=least, obstacle=which, reach_m=reach_m)
    triangles = np.concatenate([one.triangles_m for one in obstacles])
    owner = np.repeat(np.arange(len(obstacles)), [len(one.triangles_m) for one in obstacles])
    radius = np.array([one.radius_m for one in obstacles])
    flat = triangles[:, :, :2]
    low, high = flat.min(axis=1) - GRAIN_M, flat.max(axis=1) + GRAIN_M
    boxes = shapely.box(*low.T, *high.T)  # a box without area would be met by nothing
    lines = line_shapes(starts_m, ends_m)
    reach = reach_m + float(radius.max())
    legs, faces = shapely.STRtree(boxes).query(lines, predicate="dwithin", distance=reach)
    for part in np.array_split(np.arange(len(legs)), max(1, len(legs) // MAX_PAIRS)):
        leg, face = legs[part], faces[part]
        gap = segment_triangle_distance_m(starts_m[leg], ends_m[leg], triangles[face])
        _take_less(least, which, leg, np.maximum(0.0, gap - radius[owner[face]]), owner[face])
    for at, one in enumerate(obstacles):
        inside = _inside(starts_m, one)
        least[inside], which[inside] = 0.0, at
    return Nearest(distance_m=least, obstacle=which, reach_m=reach_m)


def _take_less(
    least: Floats,
    which: NDArray[np.int_],
    leg: NDArray[np.int_],
    gap: Floats,
    owner: NDArray[np.int_],
) -> None:
    """Keep the least distance of each leg, and whose it is."""
    order = np.argsort(gap, kind="stable")[::-1]  # the last write of a leg is its least
    better = order[gap[order] < least[leg[order]]]
    least[leg[better]], which[leg[better]] = gap[better], owner[better]


def _inside(points_m: Floats, obstacle: Obstacle) -> NDArray[np.bool_]:
    """Tell which points lie inside of a solid obstacle."""
    if obstacle.body is None:
        return np.zeros(len(points_m), dtype=bool)
    outline, bottom_m, top_m = obstacle.body
    between = (points_m[:, 2] >= bottom_m) & (points_m[:, 2] <= top_m)
    covered = shapely.intersects_xy(outline, points_m[:, 0], points_m[:, 1])
    return np.asarray(between & covered)


def build_obstacles(
    features: Iterable[InputFeature],
    frame: LocalFrame,
    *,
    reference: HeightReference = HeightReference.TAKEOFF,
    takeoff_msl_m: float | None = None,
    ground: GroundHeight | None = None,
    endless_without_height: bool = False,
) -> tuple[Obstacle, ...]:
    """Build obstacles from features.

    A polygon is a solid, a line a wall (a wire where its ``kind`` is ``cable``), a point a pole.
    Heights are ``bottom_m`` and ``top_m``, or ``height_m`` above the ground; ``radius_m`` is the
    thickness around it.

    Args:
        features: of a file.
        frame: of the course.
        reference: from where ``bottom_m`` and ``top_m`` count.
        takeoff_msl_m: height of take-off, where heights count from the sea.
        ground: heights of the ground, where heights count from it; without it the ground is
            taken to be level with take-off.
        endless_without_height: what states no height reaches up and down without end, instead of
            being an error.

    Raises:
        BadInput: when a height is missing, is no number, or the top lies below the bottom, or a
            radius is less than nothing.
    """
    base = _Base(reference=reference, takeoff_msl_m=takeoff_msl_m, ground=ground)
    return tuple(
        _obstacle(feature, course_shape(feature.shape, frame), base, endless_without_height)
        for feature in features
    )


def surface_obstacle(name: str, triangles_m: Floats) -> Obstacle:
    """Give a surface that shall be seen, (n, 3, 3) course metres, as an obstacle."""
    return Obstacle(name=name, kind=SEEN, triangles_m=triangles_m)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Base:
    """Turn stated heights into heights above take-off."""

    reference: HeightReference
    takeoff_msl_m: float | None
    ground: GroundHeight | None

    def lift_m(self, outline: shapely.Geometry) -> float:
        """Give what is added to a stated height."""
        if self.reference is HeightReference.TAKEOFF:
            return 0.0
        if self.reference is HeightReference.GROUND:
            return self.ground_m(outline)
        if self.takeoff_msl_m is None:
            raise BadInput("structure heights count from the sea; give --takeoff-msl-m or a DEM")
        return -self.takeoff_msl_m

    def ground_m(self, outline: shapely.Geometry) -> float:
        """Give the lowest known ground at an outline: what stands there reaches down to it."""
        if self.ground is None:
            return 0.0
        below = self.ground(shapely.get_coordinates(outline))
        known = below[np.isfinite(below)]
        return float(known.min()) if len(known) else 0.0


def _obstacle(
    feature: InputFeature, outline: shapely.Geometry, base: _Base, endless: bool
) -> Obstacle:
    """Build one obstacle from one simple part of a feature."""
    kind = str(feature.properties.get("kind", "structure"))
    radius_m = feature.number("radius_m") or 0.0
    if radius_m < 0:
        raise BadInput(f"structure {feature.name!r}: radius_m {radius_m:g} m must be 0 m or more")
    bottom_m, top_m = _heights(feature, outline, base, endless)
    body = None
    if outline.geom_type == "Polygon":
        triangles, body = _prism(outline, bottom_m, top_m), (outline, bottom_m, top_m)
    elif outline.geom_type == "LineString":
        triangles = _walls(shapely.get_coordinates(outline), bottom_m, top_m)
    else:
        x, y = shapely.get_coordinates(outline)[0]
        triangles = np.array([[[x, y, bottom_m], [x, y, top_m], [x, y, top_m]]])
    return Obstacle(
        name=feature.name, kind=kind, triangles_m=triangles, radius_m=radius_m, body=body
    )


def _heights(
    feature: InputFeature, outline: shapely.Geometry, base: _Base, endless: bool
) -> tuple[float, float]:
    """Give bottom and top above take-off."""
    bottom_m, top_m = feature.number("bottom_m"), feature.number("top_m")
    height_m = feature.number("height_m")
    if top_m is not None:
        top = top_m + base.lift_m(outline)
        cable = feature.properties.get("kind") == "cable"
        low = top if cable else base.ground_m(outline)
        bottom = low if bottom_m is None else bottom_m + base.lift_m(outline)
    elif height_m is not None:
        bottom = base.ground_m(outline)
        top = bottom + height_m
    elif endless:
        return -ENDLESS_M, ENDLESS_M
    else:
        raise BadInput(
            f"structure {feature.name!r} states no height; give it 'top_m' (and 'bottom_m') "
            "or 'height_m' in metres"
        )
    if top < bottom:
        raise BadInput(
            f"structure {feature.name!r}: its top ({top:.2f} m) lies below its bottom "
            f"({bottom:.2f} m above take-off)"
        )
    return bottom, top


def _prism(outline: shapely.Geometry, bottom_m: float, top_m: float) -> Floats:
    """Give the faces of an upright prism."""
    rings = [outline.exterior, *outline.interiors]
    walls = [_walls(shapely.get_coordinates(ring), bottom_m, top_m) for ring in rings]
    caps = shapely.get_parts(shapely.constrained_delaunay_triangles(outline))
    flat = np.array([shapely.get_coordinates(cap)[:3] for cap in caps]).reshape(-1, 3, 2)
    lids = [
        np.concatenate([flat, np.full((len(flat), 3, 1), height)], axis=2)
        for height in (bottom_m, top_m)
    ]
    return np.concatenate([*walls, *lids])


def _walls(points_xy: Floats, bottom_m: float, top_m: float) -> Floats:
    """Give the upright faces over a line; a flat one is a wire."""
    if math.isclose(bottom_m, top_m):
        return _wires(np.column_stack([points_xy, np.full(len(points_xy), top_m)]))
    low = np.column_stack([points_xy, np.full(len(points_xy), bottom_m)])
    high = np.column_stack([points_xy, np.full(len(points_xy), top_m)])
    first = np.stack([low[:-1], low[1:], high[1:]], axis=1)
    second = np.stack([low[:-1], high[1:], high[:-1]], axis=1)
    return np.concatenate([first, second])


def _wires(points_m: Floats) -> Floats:
    """Give the pieces of a line in space as triangles without area."""
    return np.stack([points_m[:-1], points_m[1:], points_m[1:]], axis=1)

"""Check that the fence holds everything: legs, take-off, return."""

from collections.abc import Iterable, Sequence

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import Polygon

from flight.checks.course import Course, course_lines
from flight.checks.finding import Finding, Outcome
from flight.mission import FenceCircle, FencePolygon, Mission
from inspection.errors import BadGeometry
from inspection.geo.frames import LocalFrame

CHECK = "fence"
SOURCE = "Tenken: the fence holds everything; ArduPilot FENCE_MARGIN 2 m"
MARGIN_M = 2.0
"""A fence nearer than this may be met by a vehicle that holds its course well."""


def check_fence(
    course: Course,
    mission: Mission,
    *,
    areas: Sequence[shapely.Geometry] = (),
    margin_m: float = MARGIN_M,
) -> Finding:
    """Say whether all legs stay inside of every inclusion and outside of every exclusion.

    Args:
        course: what is flown.
        mission: with its fence.
        areas: further inclusion areas, course metres.
        margin_m: distance from the fence below which it is near.

    Raises:
        BadGeometry: when a polygon of the fence crosses itself.
    """
    inside, outside = fence_areas(mission, course.frame)
    inside = [*inside, *areas]
    if not inside and not outside:
        return Finding(check=CHECK, outcome=Outcome.WARN, reason="fence.none", source=SOURCE)
    lines = course_lines(course)
    shapely.prepare(lines)
    for area, inclusion in [*((one, True) for one in inside), *((one, False) for one in outside)]:
        wrong = _wrong(lines, area, inclusion=inclusion)
        if wrong.any():
            over_m = _excursion_m(lines[wrong], area) if inclusion else 0.0
            return _refused(course, wrong, over_m, inclusion=inclusion)
    room_m = min(float(shapely.distance(lines, area.boundary).min()) for area in inside + outside)
    near = room_m < margin_m
    return Finding(
        check=CHECK,
        outcome=Outcome.WARN if near else Outcome.PASS,
        reason="fence.near" if near else "fence.inside",
        source=SOURCE,
        facts={"room_m": round(room_m, 2), "margin_m": margin_m},
    )


def fence_areas(
    mission: Mission, frame: LocalFrame
) -> tuple[list[shapely.Geometry], list[shapely.Geometry]]:
    """Give the inclusion and the exclusion areas of a fence, course metres.

    Raises:
        BadGeometry: when a polygon crosses itself or has fewer than three corners.
    """
    inside: list[shapely.Geometry] = []
    outside: list[shapely.Geometry] = []
    for number, polygon in enumerate(mission.fence_polygons, start=1):
        (inside if polygon.inclusion else outside).append(_area(polygon, number, frame))
    for circle in mission.fence_circles:
        (inside if circle.inclusion else outside).append(_disc(circle, frame))
    return inside, outside


def _area(polygon: FencePolygon, number: int, frame: LocalFrame) -> shapely.Geometry:
    corners = polygon.vertices_latlon_deg
    if len(corners) < 3:
        raise BadGeometry(f"fence polygon {number} has {len(corners)} corners; it needs 3 or more")
    area = Polygon(frame.to_enu_m([[lon, lat, 0.0] for lat, lon in corners])[:, :2])
    if not area.is_valid:
        why = shapely.is_valid_reason(area)
        raise BadGeometry(f"fence polygon {number} is not a simple shape ({why}); redraw it")
    return area


def _disc(circle: FenceCircle, frame: LocalFrame) -> shapely.Geometry:
    """Give a circle as a polygon that lies inside of it (1 cm at 100 m radius)."""
    lat, lon = circle.centre_latlon_deg
    centre = shapely.Point(frame.to_enu_m([[lon, lat, 0.0]])[0, :2])
    return centre.buffer(circle.radius_m, quad_segs=64)


def _wrong(
    lines: NDArray[np.object_], area: shapely.Geometry, *, inclusion: bool
) -> NDArray[np.bool_]:
    """Tell which legs leave an inclusion, or enter an exclusion."""
    if inclusion:
        return np.asarray(~shapely.covers(area, lines))
    return np.asarray(shapely.intersects(area, lines))


def _excursion_m(lines: Iterable[shapely.Geometry], area: shapely.Geometry) -> float:
    """Give how far legs go beyond an inclusion."""
    outside = shapely.difference(np.asarray(list(lines)), area)
    ends = shapely.points(shapely.get_coordinates(outside))
    return float(shapely.distance(ends, area).max()) if len(ends) else 0.0


def _refused(
    course: Course, wrong: NDArray[np.bool_], over_m: float, *, inclusion: bool
) -> Finding:
    """Refuse legs, naming their items and the first place."""
    legs = [course.legs[at] for at in np.flatnonzero(wrong)]
    facts: dict[str, float | int | str] = {"legs": len(legs)}
    if inclusion:
        facts["over_m"] = round(over_m, 1)
    return Finding(
        check=CHECK,
        outcome=Outcome.REFUSE,
        reason="fence.outside" if inclusion else "fence.excluded",
        source=SOURCE,
        facts=facts,
        items=tuple(sorted({leg.item for leg in legs})),
        place_latlon_deg=course.latlon_deg(legs[0].end_m),
    )

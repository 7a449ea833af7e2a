"""Know areas that rules speak of: populated areas, airports, no-fly and ask-first places."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import shapely

from flight.checks.course import Course, course_lines, course_shape
from flight.inputs import InputFeature
from inspection.errors import BadInput
from inspection.geo.frames import LocalFrame


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """Carry one area.

    Attributes:
        name: of the place.
        ask: whom to ask, or nothing.
        area_m: course metres, its buffer included.
    """

    name: str
    ask: str
    area_m: shapely.Geometry


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Say that a course touches a zone, and with which of its items."""

    zone: Zone
    items: tuple[int, ...]
    first_leg: int


def build_zones(features: Iterable[InputFeature], frame: LocalFrame) -> tuple[Zone, ...]:
    """Build zones from features; ``radius_m`` widens points, lines and areas.

    Raises:
        BadInput: when a point or a line has no radius, so that it covers nothing, or a radius is
            less than nothing.
    """
    zones = []
    for feature in features:
        radius_m = feature.number("radius_m") or 0.0
        if radius_m < 0:
            raise BadInput(f"zone {feature.name!r}: radius_m {radius_m:g} m must be 0 m or more")
        outline = course_shape(feature.shape, frame)
        area = outline.buffer(radius_m, quad_segs=32) if radius_m > 0 else outline
        if area.area <= 0:
            raise BadInput(
                f"zone {feature.name!r} is a {outline.geom_type} without 'radius_m' > 0; "
                "it covers nothing"
            )
        ask = str(feature.properties.get("ask", ""))
        zones.append(Zone(name=feature.name, ask=ask, area_m=area))
    return tuple(zones)


def zones_met(course: Course, zones: Sequence[Zone]) -> list[Entry]:
    """Give the zones that any leg touches, in the order of the zones."""
    if not zones:
        return []
    areas = np.array([zone.area_m for zone in zones])
    legs, met = shapely.STRtree(areas).query(course_lines(course), predicate="intersects")
    entries = []
    for at in sorted(set(met.tolist())):
        inside = np.sort(legs[met == at])
        items = tuple(sorted({course.legs[leg].item for leg in inside}))
        entries.append(Entry(zone=zones[at], items=items, first_leg=int(inside[0])))
    return entries

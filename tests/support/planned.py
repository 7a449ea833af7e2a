"""Plans made by the planner, for tests of plans as a whole."""

from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry

from flight.capability import capability
from flight.drone import find_drone
from flight.flightplan import FlightPlan, Pattern
from flight.inputs import InputFeature
from flight.lens import find_lens
from flight.order import Order
from flight.planning import make_plan
from flight.purpose import find_purpose, purpose_for
from inspection.geo.frames import LocalFrame
from tests.support.sites import KANAZAWA, lonlat

OF_GROUND = {Pattern.AREA, Pattern.CORRIDOR}


def feature(shape_m: BaseGeometry, name: str = "it", **properties: Any) -> InputFeature:
    """Make an input feature of a geometry in local metres around ``KANAZAWA``."""
    moved = shapely.transform(shape_m, lambda xy: _places(xy, KANAZAWA))
    return InputFeature(name=name, shape=moved, properties=properties)


def planned(
    pattern: Pattern,
    *features: InputFeature,
    camera: str = "dji_p1@50",
    gsd_mm: float = 0.3,
    drone: str = "ardupilot_survey",
    purpose: str | None = None,
    overlaps: tuple[float | None, float | None] = (None, None),
    takeoff: tuple[float, float] | None = (KANAZAWA.lat_deg, KANAZAWA.lon_deg),
    **options: Any,
) -> FlightPlan:
    """Plan features with the defaults of the command line."""
    gsd_m = gsd_mm / 1000
    found = capability(
        find_lens(camera),
        gsd_m_per_px=gsd_m,
        purpose=find_purpose(purpose)
        if purpose
        else purpose_for(gsd_m, of_ground=pattern in OF_GROUND),
        overlap_front=overlaps[0],
        overlap_side=overlaps[1],
    )
    order = Order(
        name="it",
        pattern=pattern,
        capability=found,
        drone=find_drone(drone),
        takeoff_latlon_deg=takeoff,
        **options,
    )
    return make_plan(features, order)


def _places(xy: Any, frame: LocalFrame) -> Any:
    return lonlat(xy.tolist(), frame)

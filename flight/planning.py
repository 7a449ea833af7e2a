"""Plan a flight: features and an order in, a plan out. No file is written here.

Source: domain specification §6.2–6.3.
"""

from collections.abc import Sequence

import numpy as np

from flight.flightplan import FlightPlan, Pattern, Trigger
from flight.inputs import InputFeature
from flight.itinerary import ACCELERATION_M_S2
from flight.layout import LAY
from flight.order import Order
from flight.poses import join, photos
from flight.site import check_shapes, choose_takeoff, to_local
from inspection.errors import BadInput
from inspection.geo.frames import LocalFrame

_LEVEL_PHOTOS = {Pattern.FACADE, Pattern.ORBIT}
"""Their rows run along the wide side of the photo."""


def make_plan(features: Sequence[InputFeature], order: Order) -> FlightPlan:
    """Plan the photos of features.

    Args:
        features: at least one, of the kind that the pattern needs.
        order: what is asked.

    Raises:
        BadInput: when a height, width or radius is missing or makes no sense.
        BadGeometry: when a feature cannot be used; the message names it.
    """
    if not features:
        raise BadInput("there is nothing to plan: the file has no feature")
    check_shapes(features, order.pattern)
    capability = order.capability
    takeoff = order.takeoff_latlon_deg
    notes = list(capability.notes)
    if takeoff is None:
        takeoff = choose_takeoff(features, order.pattern, capability.standoff_m)
        notes.append(
            f"take-off is assumed at {takeoff[0]:.6f}, {takeoff[1]:.6f}; give the real place with "
            "--takeoff LATITUDE,LONGITUDE"
        )
    frame = LocalFrame(lat_deg=takeoff[0], lon_deg=takeoff[1])
    local = to_local(features, frame)
    laid = LAY[order.pattern](local, order, frame)
    notes += [note for part in laid for note in part.notes]
    notes += _drone_notes(order)
    poses = join([part.poses for part in laid])
    surface_m = np.concatenate([part.surface_m for part in laid])
    speed_m_s = order.row_speed_m_s
    flies_on = capability.trigger is Trigger.DISTANCE
    along_m = capability.footprint_m[0 if order.pattern in _LEVEL_PHOTOS else 1]
    return FlightPlan(
        name=order.name,
        pattern=order.pattern,
        camera_name=capability.lens.name,
        camera=capability.lens.camera,
        origin_latlon_deg=takeoff,
        takeoff_msl_m=order.takeoff_msl_m,
        altitude_frame=order.altitude_frame,
        gsd_m_per_px=capability.gsd_m_per_px,
        overlap_front=capability.overlap_front,
        overlap_side=capability.overlap_side,
        incidence_limit_deg=capability.incidence_limit_deg,
        speed_m_s=speed_m_s,
        trigger=capability.trigger,
        exposure_s=capability.exposure_s,
        photos=photos(capability.lens.camera, poses),
        surface_m=surface_m,
        surface_elements=tuple(name for part in laid for name in part.elements),
        photo_spacing_m=along_m * (1 - capability.overlap_front),
        lead_in_m=speed_m_s**2 / (2 * ACCELERATION_M_S2) + 0.5 * speed_m_s if flies_on else 0.0,
        views=capability.views,
        drone_name=order.drone.code,
        gate_latlon_deg=order.gate_latlon_deg,
        notes=tuple(dict.fromkeys(notes)),
    )


def _drone_notes(order: Order) -> list[str]:
    """Say what must be heeded about the drone."""
    drone, lens = order.drone, order.capability.lens
    notes = []
    if lens.model.code not in drone.cameras:
        notes.append(f"the table does not know that {drone.label} carries {lens.model.label}")
    if drone.needs_review:
        notes.append(f"nobody has checked the figures of {drone.label}: enter your own")
    if order.pattern in _LEVEL_PHOTOS and order.gate_latlon_deg is None:
        notes.append(
            "the drone climbs over the structure before it returns: where a deck is above it, "
            "give a place beside the deck to leave by, --gate LATITUDE,LONGITUDE"
        )
    if drone.vehicle == "ardupilot":
        notes.append("ArduPilot: set WP_YAW_BEHAVIOR to 0, or the drone turns away from the photo")
    return notes

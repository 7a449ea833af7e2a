"""Small plans built by hand, for tests of what is done with a plan."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from flight.flightplan import FlightPlan, Pattern, PlannedPhoto, Trigger
from flight.mission import AltitudeFrame
from inspection.geo.camera import Camera

CAMERA = Camera(width_px=4000, height_px=3000, focal_px=4000, cx_px=2000, cy_px=1500)
KANAZAWA = (36.594606, 136.625669)


def nadir_photo(
    index: int, x_m: float, y_m: float, *, height_m: float = 10.0, row: int = 0
) -> PlannedPhoto:
    """Take a photo straight down from a height over flat ground, its top to the north."""
    half_w, half_h = height_m / 2, height_m * 3 / 8
    corners = [(-half_w, half_h), (half_w, half_h), (half_w, -half_h), (-half_w, -half_h)]
    return PlannedPhoto(
        index=index,
        row=row,
        position_m=np.array([x_m, y_m, height_m]),
        yaw_deg=0.0,
        pitch_deg=-90.0,
        distance_m=height_m,
        footprint_m=np.array([(x_m + u, y_m + v, 0.0) for u, v in corners]),
        element="deck",
    )


def square_m(side_m: float) -> NDArray[np.float64]:
    """Give the two triangles of a level square with a corner at the origin, seen from above."""
    a, b, c, d = (0, 0, 0), (side_m, 0, 0), (side_m, side_m, 0), (0, side_m, 0)
    return np.array([[a, b, c], [a, c, d]], dtype=np.float64)


def small_plan(**changes: Any) -> FlightPlan:
    """Give a plan of two rows of three photos over a level square of 20 m."""
    spots = [(5, 4), (5, 10), (5, 16), (15, 16), (15, 10), (15, 4)]
    photos = tuple(nadir_photo(i, x, y, row=i // 3) for i, (x, y) in enumerate(spots))
    figures: dict[str, Any] = {
        "name": "deck",
        "pattern": Pattern.AREA,
        "camera_name": "dji_p1@50",
        "camera": CAMERA,
        "origin_latlon_deg": KANAZAWA,
        "takeoff_msl_m": 12.5,
        "altitude_frame": AltitudeFrame.HOME,
        "gsd_m_per_px": 0.0025,
        "overlap_front": 0.2,
        "overlap_side": 0.0,
        "incidence_limit_deg": 20.0,
        "speed_m_s": 1.0,
        "trigger": Trigger.STOP,
        "exposure_s": 0.001,
        "photos": photos,
        "surface_m": square_m(20.0),
        "surface_elements": ("deck", "deck"),
        "photo_spacing_m": 6.0,
        "notes": ("by hand",),
    }
    return FlightPlan(**(figures | changes))

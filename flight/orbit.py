"""Plan rings of photos around a pier or another round body, the camera on its axis.

Source: domain specification §6.2 for the overlaps; the geometry of a camera before a cylinder is
worked out below.
"""

import math

import numpy as np
from numpy.typing import NDArray
from shapely import LineString

from flight.area import spacing_m, spread_m
from flight.poses import Poses, join, towards
from flight.surface import upright
from inspection.errors import BadInput
from inspection.geo.camera import Camera

Floats = NDArray[np.float64]

FACETS = 48
"""Sides of the prism that stands for the body when coverage is computed."""


def visible_half_angle_deg(
    camera: Camera, *, radius_m: float, standoff_m: float, incidence_limit_deg: float
) -> float:
    """Give how far round a cylinder a photo sees to both sides of its middle, degrees.

    A point at the angle a from the middle appears at r·sin a / (D + r·(1 − cos a)) of the focal
    length beside the centre; it counts while that is inside the frame and a is no more than the
    limit between optical axis and surface normal.

    >>> camera = Camera(width_px=4000, height_px=3000, focal_px=4000, cx_px=2000, cy_px=1500)
    >>> round(visible_half_angle_deg(camera, radius_m=50, standoff_m=5, incidence_limit_deg=20), 1)
    2.9
    >>> visible_half_angle_deg(camera, radius_m=1, standoff_m=5, incidence_limit_deg=20)
    20.0
    """
    angles = np.radians(np.linspace(0.0, incidence_limit_deg, 2001))
    beside = radius_m * np.sin(angles) / (standoff_m + radius_m * (1 - np.cos(angles)))
    inside = beside <= camera.width_px / 2 / camera.focal_px
    return float(np.degrees(angles[inside][-1]))


def orbit(
    *,
    centre_m: tuple[float, float],
    radius_m: float,
    bottom_m: float,
    top_m: float,
    camera: Camera,
    standoff_m: float,
    overlap_front: float,
    overlap_side: float,
    incidence_limit_deg: float,
    lowest_m: float = -math.inf,
    least_step_m: float = 0.0,
    element: str = "",
) -> Poses:
    """Plan rings around an upright round body, the highest first.

    Args:
        centre_m: of the body, local metres.
        radius_m: of the body.
        bottom_m: local z of its lower end.
        top_m: local z of its upper end.
        camera: size and focal length in pixels, its wide side level.
        standoff_m: from the surface.
        overlap_front: round the ring, ratio of the arc that a photo sees well.
        overlap_side: between rings, ratio.
        incidence_limit_deg: between optical axis and surface normal.
        lowest_m: local z below which the drone may not go.
        least_step_m: between photo points, at the cost of overlap.
        element: name of the body.

    Raises:
        BadInput: when radius or heights make no sense.
    """
    if not radius_m > 0:
        raise BadInput(f"{element or 'the body'}: radius must be > 0 m, got {radius_m} m")
    if not top_m > bottom_m:
        raise BadInput(f"{element or 'the body'}: top {top_m} m is not above bottom {bottom_m} m")
    _, high_m = camera.footprint_m(standoff_m)
    half_deg = visible_half_angle_deg(
        camera,
        radius_m=radius_m,
        standoff_m=standoff_m,
        incidence_limit_deg=incidence_limit_deg,
    )
    count = math.ceil(round(360.0 / spacing_m(2 * half_deg, overlap_front), 9))
    if least_step_m > 0:  # in a straight line from photo to photo
        half_turn = math.asin(min(1.0, least_step_m / 2 / (radius_m + standoff_m)))
        count = min(count, math.floor(math.pi / half_turn + 1e-9))
    # The ring starts on the side of take-off, the origin.
    towards_home = math.atan2(-centre_m[0], -centre_m[1])
    bearings = towards_home + 2 * math.pi * np.arange(count) / count
    out = np.column_stack([np.sin(bearings), np.cos(bearings)])
    heights_m = spread_m(
        bottom_m, top_m, high_m, spacing_m(high_m, overlap_side), least_m=least_step_m
    )
    # A ring a little above those that are raised is flown at their height, as rows of a face are.
    raised_m = lowest_m + least_step_m if min(heights_m) < lowest_m else lowest_m
    rings = []
    for number, height_m in enumerate(reversed(heights_m)):
        around = out[::-1] if number % 2 else out
        level = np.full((count, 1), height_m)
        target_m = np.hstack([np.array(centre_m) + around * radius_m, level])
        position_m = np.hstack([np.array(centre_m) + around * (radius_m + standoff_m), level])
        position_m[:, 2] = height_m if height_m >= raised_m else lowest_m
        yaw_deg, pitch_deg = towards(position_m, target_m)
        rings.append(
            Poses(
                position_m=position_m,
                yaw_deg=yaw_deg,
                pitch_deg=pitch_deg,
                target_m=target_m,
                normal=np.hstack([around, np.zeros((count, 1))]),
                row=np.zeros(count, dtype=np.int64),
                element=(element,) * count,
            )
        )
    return join(rings)


def prism(centre_m: tuple[float, float], radius_m: float, bottom_m: float, top_m: float) -> Floats:
    """Give the side of an upright round body as (n, 3, 3) triangles seen from outside."""
    bearings = np.radians(np.linspace(0.0, -360.0, FACETS + 1))
    ring = np.column_stack([np.sin(bearings), np.cos(bearings)]) * radius_m + centre_m
    return upright(LineString(ring), bottom_m, top_m)

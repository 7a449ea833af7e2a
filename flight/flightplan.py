"""Hold a planned flight: where every photo is taken, what it sees, and from what wish it follows.

A plan is geometry; ``flight.itinerary`` turns it into the items of a ``flight.mission.Mission``.
Positions are local metres of one frame per plan: x east, y north, z up, with the origin on the
ellipsoidal tangent plane at ``origin_latlon_deg`` and z = 0 at the planned take-off.

Source of terms: domain specification §6.2–6.3.
"""

import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from flight.mission import AltitudeFrame
from inspection.errors import BadInput


class Pattern(StrEnum):
    """Say how the photos of a plan are laid out."""

    AREA = "area"
    CORRIDOR = "corridor"
    FACADE = "facade"
    SOFFIT = "soffit"
    ORBIT = "orbit"


class Trigger(StrEnum):
    """Say how the camera is released."""

    STOP = "stop"
    """The drone stops at every photo."""

    DISTANCE = "distance"
    """The camera is released each so many metres while the drone flies on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedPhoto:
    """Place one photo, with what it sees.

    Attributes:
        index: order of flight within the plan, from 0.
        row: lane, row or ring that it belongs to, from 0.
        position_m: (3,) local metres of the camera.
        yaw_deg: direction of the optical axis (of the photo's top when it looks straight up or
            down), clockwise from north.
        pitch_deg: of the optical axis: -90 straight down, 0 level, +90 straight up.
        distance_m: from the surface along the optical axis.
        footprint_m: (4, 3) local metres of the corners on the surface, from the photo's top-left,
            clockwise.
    """

    index: int
    row: int
    position_m: NDArray[np.float64]
    yaw_deg: float
    pitch_deg: float
    distance_m: float
    footprint_m: NDArray[np.float64]

    def __post_init__(self) -> None:
        """Check shapes and that every number is finite.

        Raises:
            BadInput: for a wrong shape, a number that is not finite or a pitch beyond ±90°.
        """
        if self.position_m.shape != (3,) or self.footprint_m.shape != (4, 3):
            raise BadInput(
                f"planned photo {self.index}: position {self.position_m.shape} and footprint "
                f"{self.footprint_m.shape} are not (3,) and (4, 3)"
            )
        numbers = (self.yaw_deg, self.pitch_deg, self.distance_m)
        if not all(map(math.isfinite, numbers)) or not np.isfinite(self.position_m).all():
            raise BadInput(f"planned photo {self.index} has a number that is not finite")
        if not -90 <= self.pitch_deg <= 90:
            raise BadInput(f"planned photo {self.index}: pitch {self.pitch_deg}° is beyond ±90°")


@dataclass(frozen=True, slots=True, kw_only=True)
class FlightPlan:
    """Carry all photos of one plan with the figures that a crew checks before it flies.

    Attributes:
        name: what is flown, as the crew calls it.
        pattern: how the photos are laid out.
        camera_name: key of the camera in the camera table.
        origin_latlon_deg: (latitude, longitude) of the origin of the local frame.
        takeoff_msl_m: height of take-off above mean sea level, or None when it is not known.
        altitude_frame: from where the altitudes of the mission count; one per plan.
        gsd_m_per_px: wanted ground sample distance.
        overlap_front: wanted overlap of neighbours in a row, 0–1.
        overlap_side: wanted overlap of neighbouring rows, 0–1.
        incidence_limit_deg: greatest wanted angle between optical axis and surface normal.
        speed_m_s: of flight along a row.
        trigger: how the camera is released.
        photos: in order of flight.
        surface_m: (n, 3, 3) triangles of the surface that shall be seen, local metres; the same
            surface that coverage is computed on.
    """

    name: str
    pattern: Pattern
    camera_name: str
    origin_latlon_deg: tuple[float, float]
    takeoff_msl_m: float | None
    altitude_frame: AltitudeFrame
    gsd_m_per_px: float
    overlap_front: float
    overlap_side: float
    incidence_limit_deg: float
    speed_m_s: float
    trigger: Trigger
    photos: tuple[PlannedPhoto, ...]
    surface_m: NDArray[np.float64]

"""Hold a planned flight: where every photo is taken, what it sees, and from what wish it follows.

A plan is geometry; ``flight.itinerary`` turns it into the items of a ``flight.mission.Mission``.
Positions are local metres of one frame per plan: x east, y north, z up, with the origin at the
planned take-off, on the tangent plane of the ellipsoid there. The height above take-off that a
mission needs is not z but ``FlightPlan.to_latlon_height``: 10 km away the earth has fallen 7.8 m.

Source of terms: domain specification §6.2–6.3.
"""

import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from flight.mission import AltitudeFrame
from inspection.errors import BadInput
from inspection.geo.camera import Camera
from inspection.geo.frames import LocalFrame


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
        row: lane, row or ring that it belongs to, from 0; a row is flown without a turn.
        position_m: (3,) local metres of the camera.
        yaw_deg: of the gimbal, clockwise from north. The photo's top points along it when the
            camera looks straight down, against it when it looks straight up
            (``inspection.geo.camera.rotation_from_gimbal``).
        pitch_deg: of the optical axis: -90 straight down, 0 level, +90 straight up.
        distance_m: from the surface along the optical axis.
        footprint_m: (4, 3) local metres of the corners on the surface, from the photo's top-left,
            clockwise as the photo is looked at.
        element: the face, deck or pier that it is taken of, as the input names it.
    """

    index: int
    row: int
    position_m: NDArray[np.float64]
    yaw_deg: float
    pitch_deg: float
    distance_m: float
    footprint_m: NDArray[np.float64]
    element: str = ""

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
        x, y, z = self.position_m.tolist()
        if not all(map(math.isfinite, (x, y, z, self.yaw_deg, self.pitch_deg, self.distance_m))):
            raise BadInput(f"planned photo {self.index} has a number that is not finite")
        if not -90 <= self.pitch_deg <= 90:
            raise BadInput(f"planned photo {self.index}: pitch {self.pitch_deg}° is beyond ±90°")


@dataclass(frozen=True, slots=True, kw_only=True)
class FlightPlan:
    """Carry all photos of one plan with the figures that a crew checks before it flies.

    Attributes:
        name: what is flown, as the crew calls it.
        pattern: how the photos are laid out.
        camera_name: key of camera and lens, such as ``dji_p1@50`` (``flight.lens``).
        camera: size and focal length in pixels.
        origin_latlon_deg: (latitude, longitude) of the origin, the planned take-off.
        takeoff_msl_m: height of take-off above mean sea level, or None when it is not known.
        altitude_frame: from where the altitudes of the mission count; one per plan.
        gsd_m_per_px: wanted ground sample distance.
        overlap_front: wanted overlap of neighbours in a row, 0–1.
        overlap_side: wanted overlap of neighbouring rows, 0–1.
        incidence_limit_deg: greatest wanted angle between optical axis and surface normal.
        speed_m_s: of flight along a row.
        trigger: how the camera is released.
        exposure_s: longest exposure that the speed was chosen for.
        photos: in order of flight.
        surface_m: (n, 3, 3) triangles of the surface that shall be seen, local metres,
            counter-clockwise seen from the side that the camera is on; coverage is computed on it.
        surface_elements: name of the face, deck or pier of every triangle, or nothing.
        photo_spacing_m: distance between neighbours in a row, as triggered by distance.
        lead_in_m: how far a row starts before its first photo and goes on behind its last.
        views: least number of photos that shall see each place.
        drone_name: key of the drone in ``flight/drones.yaml``, or None when it was left open.
        gate_latlon_deg: (latitude, longitude) of a place in free air by which the drone comes to
            the first photo and leaves from the last at their heights, or None.
        notes: what the crew must know: assumptions, photos left out, figures that need review.
    """

    name: str
    pattern: Pattern
    camera_name: str
    camera: Camera
    origin_latlon_deg: tuple[float, float]
    takeoff_msl_m: float | None
    altitude_frame: AltitudeFrame
    gsd_m_per_px: float
    overlap_front: float
    overlap_side: float
    incidence_limit_deg: float
    speed_m_s: float
    trigger: Trigger
    exposure_s: float
    photos: tuple[PlannedPhoto, ...]
    surface_m: NDArray[np.float64]
    surface_elements: tuple[str, ...] = ()
    photo_spacing_m: float = 0.0
    lead_in_m: float = 0.0
    views: int = 1
    drone_name: str | None = None
    gate_latlon_deg: tuple[float, float] | None = None
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check shapes, ranges and the order of the photos.

        Raises:
            BadInput: when one of them is wrong.
        """
        if self.surface_m.ndim != 3 or self.surface_m.shape[1:] != (3, 3):
            raise BadInput(f"the surface must be (n, 3, 3) triangles, got {self.surface_m.shape}")
        if self.surface_elements and len(self.surface_elements) != len(self.surface_m):
            raise BadInput(
                f"{len(self.surface_elements)} names do not fit {len(self.surface_m)} triangles"
            )
        if not (self.gsd_m_per_px > 0 and self.speed_m_s > 0 and self.exposure_s > 0):
            raise BadInput(
                f"GSD {self.gsd_m_per_px} m/px, speed {self.speed_m_s} m/s and exposure "
                f"{self.exposure_s} s of a plan must be > 0"
            )
        for overlap in (self.overlap_front, self.overlap_side):
            if not 0 <= overlap <= 0.95:
                raise BadInput(f"an overlap must be a ratio of 0 to 0.95, got {overlap}")
        if any(photo.index != place for place, photo in enumerate(self.photos)):
            raise BadInput("the photos of a plan must be numbered from 0 in order of flight")

    @property
    def frame(self) -> LocalFrame:
        """Give the local frame; heights count from take-off."""
        latitude, longitude = self.origin_latlon_deg
        return LocalFrame(lat_deg=latitude, lon_deg=longitude)

    @property
    def positions_m(self) -> NDArray[np.float64]:
        """Give the camera positions in order of flight, (n, 3) local metres."""
        return np.array([photo.position_m for photo in self.photos]).reshape(-1, 3)

    @property
    def rows(self) -> tuple[tuple[PlannedPhoto, ...], ...]:
        """Give the photos row by row, in order of flight."""
        rows: list[list[PlannedPhoto]] = []
        for photo in self.photos:
            if not rows or rows[-1][0].row != photo.row:
                rows.append([])
            rows[-1].append(photo)
        return tuple(tuple(row) for row in rows)

    def to_latlon_height(self, points_m: ArrayLike) -> NDArray[np.float64]:
        """Give (n, 3) latitude, longitude and height above take-off of (n, 3) local points."""
        lonlat_h = self.frame.to_lonlat_h(points_m)
        return lonlat_h[:, [1, 0, 2]]

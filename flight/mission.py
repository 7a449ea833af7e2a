"""Hold a mission as a vehicle and a file know it: items, a fence, rally points, a home.

Every format of ``flight.formats`` reads and writes this noun, the link uploads it and reads it
back, the simulator flies it. Planning makes it from poses (``flight.itinerary``).

Source of commands and frames: MAVLink common message set; domain specification §6.4.
"""

import math
from dataclasses import dataclass
from enum import StrEnum

from inspection.errors import BadInput


class AltitudeFrame(StrEnum):
    """Say from where an altitude counts."""

    HOME = "home"
    """Above the home position (take-off); MAVLink frames 3 and 6."""

    MSL = "msl"
    """Above mean sea level; MAVLink frames 0 and 5."""

    TERRAIN = "terrain"
    """Above the ground below the vehicle; MAVLink frames 10 and 11."""

    MISSION = "mission"
    """No position: the item is a command; MAVLink frame 2."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MissionItem:
    """Carry one item of a mission.

    Attributes:
        command: MAV_CMD number.
        frame: from where the altitude counts.
        params: the first four parameters; their meaning depends on the command. A file may leave
            one open (None), which is not the same as 0; a vehicle is sent 0.
        lat_deg: latitude, or the command's fifth parameter when it has no position.
        lon_deg: longitude, or the sixth parameter.
        altitude_m: altitude in the frame, or the seventh parameter.
        auto_continue: go on to the next item without waiting for the pilot.
    """

    command: int
    frame: AltitudeFrame
    params: tuple[float | None, float | None, float | None, float | None]
    lat_deg: float
    lon_deg: float
    altitude_m: float
    auto_continue: bool = True

    def __post_init__(self) -> None:
        """Check that numbers are finite and the command is one.

        Raises:
            BadInput: for NaN or infinity, which ArduPilot refuses, or a command out of range.
        """
        numbers = (*self.params, self.lat_deg, self.lon_deg, self.altitude_m)
        if any(number is not None and not math.isfinite(number) for number in numbers):
            raise BadInput(f"item with command {self.command} has a number that is not finite")
        if not 0 <= self.command <= 65535:
            raise BadInput(f"command {self.command} is not a MAV_CMD number (0–65535)")


@dataclass(frozen=True, slots=True, kw_only=True)
class FencePolygon:
    """Bound where the vehicle may (or may not) be.

    Attributes:
        vertices_latlon_deg: corners, (latitude, longitude), at least three, not closed.
        inclusion: True to stay inside, False to stay outside.
    """

    vertices_latlon_deg: tuple[tuple[float, float], ...]
    inclusion: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class FenceCircle:
    """Bound where the vehicle may (or may not) be, by a circle.

    Attributes:
        centre_latlon_deg: (latitude, longitude).
        radius_m: radius.
        inclusion: True to stay inside, False to stay outside.
    """

    centre_latlon_deg: tuple[float, float]
    radius_m: float
    inclusion: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Mission:
    """Carry all that a vehicle is told for one flight.

    Attributes:
        home_latlon_deg: planned take-off (latitude, longitude), or None when the source has none.
        home_altitude_msl_m: height of home above mean sea level, or None.
        items: the items after home, in order of flight.
        fence_polygons: polygons of the fence.
        fence_circles: circles of the fence.
        rally_points: (latitude, longitude, altitude above home in metres) of safe landing places.
        cruise_speed_m_s: default speed of flight, or None when the source has none.
        vehicle: "ardupilot", "px4" or "dji", or None when the source has none.
        geoid_height_m: of mean sea level above the ellipsoid around the mission (N = h − H), or
            None when the source has none; only formats with ellipsoidal heights need it.
    """

    home_latlon_deg: tuple[float, float] | None
    home_altitude_msl_m: float | None
    items: tuple[MissionItem, ...]
    fence_polygons: tuple[FencePolygon, ...] = ()
    fence_circles: tuple[FenceCircle, ...] = ()
    rally_points: tuple[tuple[float, float, float], ...] = ()
    cruise_speed_m_s: float | None = None
    vehicle: str | None = None
    geoid_height_m: float | None = None

    def __post_init__(self) -> None:
        """Check that the numbers of the whole mission are finite.

        Raises:
            BadInput: with the name of the number.
        """
        for name in ("home_altitude_msl_m", "cruise_speed_m_s", "geoid_height_m"):
            value = getattr(self, name)
            if value is not None and not math.isfinite(value):
                raise BadInput(f"{name} of the mission is {value}, not a finite number")

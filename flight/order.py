"""Say what is to be planned: the wish of the crew, before any geometry."""

import math
from dataclasses import dataclass, field
from pathlib import Path

from flight.capability import Capability
from flight.drone import VEHICLES, Drone, drones_for, find_drone, load_drones
from flight.flightplan import Pattern
from flight.lawnmower import PhotoSet
from flight.lens import Lens
from flight.mission import AltitudeFrame
from inspection.errors import BadInput, Refused

LOWEST_M = 2.0
NUMBERS = (
    "takeoff_msl_m", "heading_deg", "width_m", "bottom_m", "top_m", "height_m", "radius_m",
    "lowest_m", "speed_m_s",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """Carry what a plan is asked to be.

    Attributes:
        name: of the plan.
        pattern: how the photos are laid out.
        capability: what the wish and the camera ask.
        drone: that flies.
        takeoff_latlon_deg: (latitude, longitude), or None to take a place near the first feature.
        gate_latlon_deg: (latitude, longitude) by which the drone comes and leaves, or None.
        takeoff_msl_m: height of take-off above mean sea level, None when it is not known.
        altitude_frame: of the mission.
        heights: what heights of features count from, "takeoff" or "msl".
        dem: raster of heights to follow, or None for level ground.
        heading_deg: of lanes; None for the best.
        sets: of photos over an area.
        width_m: of a corridor whose line does not say.
        bottom_m: of faces and piers that do not say.
        top_m: likewise.
        height_m: of soffits, or of level ground above take-off, where the feature does not say.
        radius_m: of piers that do not say.
        side: of open lines from which a face is seen, as drawn.
        lowest_m: above take-off, below which the drone may not go beside a structure.
        full_edges: see the edges as often as the inside; None does so over ground only.
        speed_m_s: along rows; None takes what blur allows.
    """

    name: str
    pattern: Pattern
    capability: Capability
    drone: Drone
    takeoff_latlon_deg: tuple[float, float] | None = None
    gate_latlon_deg: tuple[float, float] | None = None
    takeoff_msl_m: float | None = None
    altitude_frame: AltitudeFrame = AltitudeFrame.HOME
    heights: str = "takeoff"
    dem: Path | None = None
    heading_deg: float | None = None
    sets: tuple[PhotoSet, ...] = field(default=(PhotoSet.NADIR,))
    width_m: float | None = None
    bottom_m: float | None = None
    top_m: float | None = None
    height_m: float | None = None
    radius_m: float | None = None
    side: str = "right"
    lowest_m: float = LOWEST_M
    full_edges: bool | None = None
    speed_m_s: float | None = None

    def __post_init__(self) -> None:
        """Check what can be checked without geometry.

        Raises:
            BadInput: when numbers, places or speed make no sense.
        """
        for name in NUMBERS:
            value = getattr(self, name)
            if value is not None and not math.isfinite(value):
                raise BadInput(f"{name} is {value}, no finite number; give metres, degrees or m/s")
        if not self.sets:
            raise BadInput(f"no set of photos is chosen; choose of {', '.join(PhotoSet)}")
        if self.heights not in {"takeoff", "msl"}:
            raise BadInput(f"heights count from 'takeoff' or 'msl', not {self.heights!r}")
        if self.heights == "msl" and self.takeoff_msl_m is None:
            raise BadInput("heights above sea level need that of take-off: give --takeoff-msl-m")
        places = {"take-off": self.takeoff_latlon_deg, "the gate": self.gate_latlon_deg}
        for name, place in places.items():
            if place is not None and not (abs(place[0]) <= 90 and abs(place[1]) <= 180):
                raise BadInput(
                    f"{name} {place[0]}, {place[1]} is not on the earth; the order is "
                    "LATITUDE,LONGITUDE"
                )
        limit_m_s = self.capability.speed_limit_m_s
        slowest_m_s, fastest_m_s = self.drone.slowest_m_s, self.drone.limit_m_s
        if self.speed_m_s is not None and not slowest_m_s <= self.speed_m_s <= fastest_m_s:
            raise BadInput(
                f"speed {self.speed_m_s} m/s is outside {slowest_m_s:g}–{fastest_m_s:g} m/s of "
                f"{self.drone.label}"
            )
        flies_on = self.capability.trigger == "distance"
        if flies_on and self.speed_m_s is not None and self.speed_m_s > limit_m_s + 1e-9:
            raise BadInput(
                f"at {self.speed_m_s} m/s the photos would blur; with an exposure of 1/"
                f"{1 / self.capability.exposure_s:.0f} s the limit is {limit_m_s:.2f} m/s: fly "
                "slower or expose shorter (--exposure)"
            )

    @property
    def row_speed_m_s(self) -> float:
        """Give the speed along a row."""
        return self.speed_m_s or min(self.capability.speed_m_s, self.drone.cruise_m_s)

    @property
    def least_step_m(self) -> float:
        """Give the least distance of photo points at which the drone stops."""
        return self.drone.sure_step_m if self.capability.trigger == "stop" else 0.0

    @property
    def goes_beyond_edges(self) -> bool:
        """Tell whether edges are seen as often as the inside."""
        over_ground = self.pattern in {Pattern.AREA, Pattern.CORRIDOR}
        return over_ground if self.full_edges is None else self.full_edges


def choose_drone(
    code: str | None,
    lens: Lens,
    pattern: Pattern,
    *,
    vehicles: tuple[str, ...] = VEHICLES,
    path: Path | None = None,
) -> Drone:
    """Take the drone that is named, else the first of the table that can.

    Args:
        code: key of the table, or None.
        lens: that it shall carry.
        pattern: a soffit needs a camera that looks straight up.
        vehicles: kinds to prefer when none is named, those that the mission file is for.
        path: the user's own table.

    Raises:
        NotFound: when there is no such drone.
        Refused: when no drone, or not the one that is named, can look where it must.
    """
    wanted_deg = 90.0 if pattern is Pattern.SOFFIT else 0.0
    named = None if code is None else find_drone(code, path=path)
    able = [drone for drone in load_drones(path) if drone.gimbal_pitch_deg[1] >= wanted_deg]
    if named is not None:
        if named not in able:
            others = ", ".join(drone.code for drone in able) or "no drone of the table"
            raise Refused(
                f"{named.label} looks no higher than {named.gimbal_pitch_deg[1]:g}°, and "
                f"'{pattern}' needs {wanted_deg:g}°; it would become possible with {others}"
            )
        return named
    carrying = [drone for drone in drones_for(lens.model.code, path=path) if drone in able]
    if not carrying:
        looks_up = [camera for drone in able for camera in drone.cameras]
        raise Refused(
            f"no drone of the table carries {lens.model.label} and looks up to {wanted_deg:g}°; "
            f"name one with --drone ({', '.join(drone.code for drone in able) or 'none can'}), "
            f"take one of the cameras {', '.join(dict.fromkeys(looks_up))}, or add your own drone "
            "in a file (--drones)"
        )
    return next((drone for drone in carrying if drone.vehicle in vehicles), carrying[0])

"""Lay a mission out as the legs that the vehicle flies: take-off, work, return, landing.

Source of the commands' meaning: MAVLink common message set; ArduCopter's handling of missions.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from flight.checks.course import Course, Leg, LegKind
from flight.mission import AltitudeFrame, Mission, MissionItem
from inspection.errors import BadInput
from inspection.geo.frames import LocalFrame

WAYPOINT, LOITERS, RETURN, LAND, TAKEOFF, SPLINE = 16, (17, 18, 19, 31), 20, 21, 22, 82
DELAY, CONDITION_DELAY, JUMP, SPEED = 93, 112, 177, 178
SHOOT, MOUNT, TRIGGER_DISTANCE, GIMBAL, CAPTURE, CAPTURE_STOP = 203, 205, 206, 1000, 2000, 2001
MOVING = (WAYPOINT, *LOITERS, SPLINE)
MAX_STEPS = 100_000
"""Items that are followed at the most when a mission jumps back again and again."""

RETURN_HEIGHT_M = 15.0
"""Height of ArduCopter's return where nothing else is said (RTL_ALT 1500 cm)."""
DEFAULT_SPEED_M_S = 5.0
"""Speed where neither mission nor file says one (QGroundControl's hover speed, domain §6.4.2)."""
GroundHeight = Callable[[NDArray[np.float64]], NDArray[np.float64]]
"""(n, 2) course metres → (n,) height of the ground above take-off, m; NaN where unknown."""


def lay_out(
    mission: Mission,
    *,
    takeoff_latlon_deg: tuple[float, float] | None = None,
    takeoff_msl_m: float | None = None,
    return_height_m: float = RETURN_HEIGHT_M,
    ground: GroundHeight | None = None,
    ground_step_m: float = 5.0,
) -> Course:
    """Follow the items of a mission and give the legs that are flown.

    Args:
        mission: what the vehicle is told.
        takeoff_latlon_deg: (latitude, longitude) of take-off; None takes the mission's home.
        takeoff_msl_m: height of take-off above mean sea level; None takes the mission's.
        return_height_m: least height of the return above take-off.
        ground: heights of the ground, for legs that follow it.
        ground_step_m: longest piece of a leg that follows the ground.

    Raises:
        BadInput: when the mission goes nowhere, or counts heights from the sea while nobody says
            how high take-off is.
    """
    walk = _Walk.begin(mission, takeoff_latlon_deg, takeoff_msl_m)
    walk.return_height_m, walk.ground, walk.ground_step_m = return_height_m, ground, ground_step_m
    for number, item in _followed(mission, walk):
        walk.follow(number, item)
    legs = walk.finish(len(mission.items))
    return Course(
        frame=walk.frame,
        takeoff_msl_m=walk.takeoff_msl_m,
        altitude_frames=frozenset(walk.frames),
        legs=tuple(legs),
        photos=walk.photos + walk.triggered(),
        gimbal_pitches_deg=tuple(walk.pitches),
        assumed_takeoff=takeoff_latlon_deg is None and mission.home_latlon_deg is None,
        assumed_return=walk.assumed_return,
        trigger_left_on=walk.left_on,
        endless=walk.endless,
        unknown_ground=ground is None and AltitudeFrame.TERRAIN in walk.frames,
        unread=tuple(walk.unread),
    )


def flown_places(mission: Mission) -> list[tuple[float, float]]:
    """Give (latitude, longitude) of every place that the mission flies to."""
    moving = (item for item in mission.items if item.command in MOVING)
    return [(item.lat_deg, item.lon_deg) for item in moving if item.lat_deg or item.lon_deg]


def takeoff_place(
    mission: Mission, takeoff_latlon_deg: tuple[float, float] | None = None
) -> tuple[float, float]:
    """Give (latitude, longitude) of take-off: as named, else home, else the first waypoint.

    Raises:
        BadInput: when the mission goes nowhere.
    """
    places = flown_places(mission)
    climbs = any(item.command == TAKEOFF for item in mission.items)
    start = takeoff_latlon_deg or mission.home_latlon_deg or (places[0] if places else None)
    if start is None or not (places or climbs):
        raise BadInput(
            "the mission has no waypoint with a position and no take-off at a known home; there is "
            "nothing to check"
        )
    return start


def _followed(mission: Mission, walk: "_Walk") -> Iterator[tuple[int, MissionItem]]:
    """Give items in the order of flight, jumps followed; an endless jump is followed once."""
    left: dict[int, int] = {}
    at = steps = 0
    while at < len(mission.items):
        item = mission.items[at]
        steps += 1
        if steps > MAX_STEPS:
            walk.endless = True
            return
        at += 1
        if item.command != JUMP:
            yield at, item
            continue
        target, times = round(item.params[0] or 0), round(item.params[1] or 0)
        if not 1 <= target <= len(mission.items):
            raise BadInput(
                f"item {at} jumps to item {target}, but there are 1–{len(mission.items)}"
            )
        if times < 0:
            walk.endless = True
            times = 1
        if left.setdefault(at, times) > 0:
            left[at] -= 1
            at = target - 1


@dataclass(slots=True, kw_only=True)
class _Walk:
    """Keep the state of the vehicle while the items are followed."""

    frame: LocalFrame
    takeoff_msl_m: float | None
    speed_m_s: float
    here_m: NDArray[np.float64]
    return_height_m: float = RETURN_HEIGHT_M
    ground: GroundHeight | None = None
    ground_step_m: float = 5.0
    legs: list[Leg] = field(default_factory=list)
    frames: set[AltitudeFrame] = field(default_factory=set)
    photos: int = 0
    trigger_m: float = 0.0
    stretches: list[tuple[float, float, bool]] = field(default_factory=list)
    pitches: list[tuple[int, float]] = field(default_factory=list)
    unread: list[tuple[int, int]] = field(default_factory=list)
    over: bool = False
    assumed_return: bool = False
    left_on: bool = False
    endless: bool = False

    @classmethod
    def begin(
        cls,
        mission: Mission,
        takeoff_latlon_deg: tuple[float, float] | None,
        takeoff_msl_m: float | None,
    ) -> "_Walk":
        """Stand at take-off."""
        lat, lon = takeoff_place(mission, takeoff_latlon_deg)
        speed = mission.cruise_speed_m_s
        return cls(
            frame=LocalFrame(lon_deg=lon, lat_deg=lat),
            takeoff_msl_m=mission.home_altitude_msl_m if takeoff_msl_m is None else takeoff_msl_m,
            speed_m_s=speed if speed is not None and speed > 0 else DEFAULT_SPEED_M_S,
            here_m=np.zeros(3),
        )

    def follow(self, number: int, item: MissionItem) -> None:
        """Do what one item says."""
        if self.over:
            return
        command = item.command
        if command == TAKEOFF:
            here = self.here_m[:2]
            there = np.array([*here, self._height_m(number, item, here)])
            self._fly(number, LegKind.TAKEOFF, there, item.frame)
        elif command in MOVING:
            there = self._place_m(number, item)
            if not self.legs:  # a copter climbs straight up before it goes anywhere
                self._fly(number, LegKind.TAKEOFF, np.array([0.0, 0.0, there[2]]), item.frame)
            self._fly(number, LegKind.WORK, there, item.frame, _hold_s(item))
        elif command == RETURN:
            self._return(number)
        elif command == LAND:
            place = self._place_m(number, item)
            self._fly(number, LegKind.RETURN, np.array([*place[:2], self.here_m[2]]), item.frame)
            self._land(number)
        elif command in (DELAY, CONDITION_DELAY) and self.legs:
            held = self.legs[-1].hold_s + max(0.0, item.params[0] or 0.0)
            self.legs[-1] = replace(self.legs[-1], hold_s=held)
        else:
            self._set(number, item)

    def _set(self, number: int, item: MissionItem) -> None:
        """Take over speed, camera and gimbal."""
        first, second, third, _ = (value or 0.0 for value in item.params)
        match item.command:
            case 178:
                self.speed_m_s = second if second > 0 else self.speed_m_s
            case 203:  # SHOOT: the fifth parameter fires
                self.photos += item.lat_deg == 1
            case 206:  # TRIGGER_DISTANCE
                self.trigger_m = max(0.0, first)
                self.photos += third == 1
                if self.trigger_m > 0:
                    self.stretches.append((0.0, self.trigger_m, third == 1))
            case 2000:  # CAPTURE: count 0 goes on until stopped, seconds apart
                self.photos += max(1, round(third))
            case 205 | 1000:
                self.pitches.append((number, first))
            case _ if item.frame is not AltitudeFrame.MISSION and _elsewhere(item):
                self.unread.append((number, item.command))

    def _fly(
        self,
        number: int,
        kind: LegKind,
        there_m: NDArray[np.float64],
        frame: AltitudeFrame,
        hold_s: float = 0.0,
    ) -> None:
        """Add a leg, in pieces where it follows the ground; a waypoint right here is one too."""
        line = [self.here_m, there_m]
        if frame is AltitudeFrame.TERRAIN and kind is LegKind.WORK and self.ground is not None:
            line = _over_ground(self.here_m, there_m, self.ground, self.ground_step_m)
        length_m = 0.0
        for start_m, end_m in pairwise(line):
            leg = Leg(
                item=number,
                kind=kind,
                start_m=start_m,
                end_m=end_m,
                speed_m_s=self.speed_m_s,
                hold_s=hold_s if end_m is line[-1] else 0.0,
                triggering=self.trigger_m > 0,
            )
            if kind is LegKind.WORK or leg.length_m > 1e-6 or leg.hold_s > 0:
                self.legs.append(leg)
                length_m += leg.length_m
        if self.trigger_m > 0:
            before_m, step_m, begun = self.stretches[-1]
            self.stretches[-1] = (before_m + length_m, step_m, begun)
        self.here_m = there_m

    def _return(self, number: int) -> None:
        """Climb to the height of return, go back to take-off, come down."""
        self.left_on = self.left_on or self.trigger_m > 0
        top_m = max(float(self.here_m[2]), self.return_height_m)
        home = AltitudeFrame.HOME
        self._fly(number, LegKind.RETURN, np.array([*self.here_m[:2], top_m]), home)
        self._fly(number, LegKind.RETURN, np.array([0.0, 0.0, top_m]), home)
        self._land(number)

    def _land(self, number: int) -> None:
        self.left_on = self.left_on or self.trigger_m > 0
        self._fly(number, LegKind.LANDING, np.array([*self.here_m[:2], 0.0]), AltitudeFrame.HOME)
        self.over = True

    def finish(self, items: int) -> list[Leg]:
        """Return home when the mission itself does not."""
        if not self.over:
            self.assumed_return = True
            self._return(items)
        return self.legs

    def triggered(self) -> int:
        """Count releases by distance: one at the start of each stretch and one each step.

        A stretch goes on over waypoints until the next order; where that order itself released the
        first, it is counted already.
        """
        return sum(
            math.floor(length_m / step_m + 1e-9) + (length_m > 0 and not begun)
            for length_m, step_m, begun in self.stretches
        )

    def _place_m(self, number: int, item: MissionItem) -> NDArray[np.float64]:
        """Give where an item lies; 0, 0 means right here."""
        here = item.lat_deg == 0 and item.lon_deg == 0
        east, north, _ = self.frame.to_enu_m([[item.lon_deg, item.lat_deg, 0.0]])[0]
        xy_m = self.here_m[:2] if here else np.array([east, north])
        return np.array([*xy_m, self._height_m(number, item, xy_m)])

    def _height_m(self, number: int, item: MissionItem, xy_m: NDArray[np.float64]) -> float:
        """Give the height of an item above take-off."""
        if item.frame is AltitudeFrame.MISSION:
            raise BadInput(
                f"item {number} (command {item.command}) has a place but no height frame"
            )
        self.frames.add(item.frame)
        if item.frame is AltitudeFrame.TERRAIN:
            return item.altitude_m + _ground_m(self.ground, xy_m)
        if item.frame is AltitudeFrame.HOME:
            return item.altitude_m
        if self.takeoff_msl_m is None:
            raise BadInput(
                f"item {number} counts its height from the sea, but nobody says how high take-off "
                "is; give --takeoff-msl-m or a DEM"
            )
        return item.altitude_m - self.takeoff_msl_m


def _elsewhere(item: MissionItem) -> bool:
    """Tell whether an unknown item looks like it has a position on the earth."""
    return item.command < 100 and (item.lat_deg, item.lon_deg) != (0.0, 0.0)


def _hold_s(item: MissionItem) -> float:
    """Give the seconds that a waypoint or timed loiter holds."""
    timed = item.command in (WAYPOINT, SPLINE, 19)
    return max(0.0, item.params[0] or 0.0) if timed else 0.0


def _ground_m(ground: GroundHeight | None, xy_m: NDArray[np.float64]) -> float:
    """Give the ground's height above take-off at one place; unknown ground is level with it."""
    if ground is None:
        return 0.0
    height_m = float(ground(xy_m[None, :])[0])
    return height_m if math.isfinite(height_m) else 0.0


def _over_ground(
    start_m: NDArray[np.float64],
    end_m: NDArray[np.float64],
    ground: GroundHeight,
    step_m: float,
) -> list[NDArray[np.float64]]:
    """Give points along a leg whose height above the ground changes evenly."""
    pieces = max(1, math.ceil(float(np.linalg.norm(end_m[:2] - start_m[:2])) / step_m))
    share = np.linspace(0.0, 1.0, pieces + 1)
    line = start_m + share[:, None] * (end_m - start_m)
    below = ground(line[:, :2])
    below = np.where(np.isfinite(below), below, 0.0)
    above = np.interp(share, [0, 1], [start_m[2] - below[0], end_m[2] - below[-1]])
    line[:, 2] = below + above
    return [start_m, *line[1:-1], end_m]

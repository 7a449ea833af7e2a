"""Gather the items of a mission into DJI waypoints with their actions, speeds and triggers.

What an aircraft of DJI would fly differently is refused; a command of the camera or of something
else that it does not have is noted as lost.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from flight.command import Command, is_here, name_of
from flight.formats.loss import LossLedger
from flight.formats.wpmlaction import ENDS_AT_ONCE, Action, action_of, is_photo
from flight.geodesic import distance_m
from flight.mission import AltitudeFrame, Mission, MissionItem
from inspection.errors import BadInput

DEFAULT_SPEED_M_S = 5.0
DEFAULT_CLIMB_M = 20.0
STEP_M = 0.5
"""Between waypoints, at least."""

UNFLYABLE = frozenset(
    {
        Command.LOITER_UNLIMITED,
        Command.LOITER_TURNS,
        Command.LOITER_TO_ALTITUDE,
        Command.VTOL_TAKEOFF,
        Command.VTOL_LAND,
        Command.LAND_START,
        Command.DO_JUMP,
    }
)


@dataclass(slots=True, kw_only=True)
class Stop:
    """Hold one waypoint while its items are gathered.

    Attributes:
        lat_deg: latitude.
        lon_deg: longitude.
        altitude_m: in the frame of the route.
        yaw_deg: heading, or None to follow the wayline.
        speed_m_s: from here on.
        actions: done here, in order.
    """

    lat_deg: float
    lon_deg: float
    altitude_m: float
    yaw_deg: float | None
    speed_m_s: float
    actions: list[Action] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """Hold a stretch of waypoints along which the camera is triggered.

    Attributes:
        first: index of the waypoint where it starts.
        last: index of the waypoint where it ends.
        kind: "multipleTiming" (seconds) or "multipleDistance" (metres).
        every: seconds or metres.
    """

    first: int
    last: int
    kind: str
    every: float


@dataclass(slots=True)
class Route:
    """Gather stops; made by ``route_of``."""

    ledger: LossLedger
    speed_m_s: float
    frame: AltitudeFrame | None = None
    climb_m: float | None = None
    finish: str = "noAction"
    stops: list[Stop] = field(default_factory=list)
    intervals: list[Interval] = field(default_factory=list)
    _early: list[Action] = field(default_factory=list)
    _running: tuple[int, str, float, int] | None = None
    _ended: bool = False

    def add(self, index: int, item: MissionItem) -> None:
        """Take one item in.

        Raises:
            BadInput: for an item that a DJI aircraft would fly differently.
        """
        if self._ended:
            raise BadInput(f"item {index + 1} comes after the return; a DJI wayline ends there")
        if item.command in UNFLYABLE:
            raise BadInput(
                f"item {index + 1}: {name_of(item.command)} cannot be flown by a DJI wayline; "
                "replace it with waypoints"
            )
        special = self._special().get(item.command)
        if special is not None:
            special(index, item)
        elif item.command == Command.IMAGE_START and not is_photo(item):
            self._start(index, "multipleTiming", item.params[1] or 0.0)
            if self._running is not None and item.params[2]:
                self.ledger.note(
                    f"number of photos at an interval ({item.params[2]:g}): taken until the next "
                    "stop",
                    index,
                )
        else:
            action = action_of(item, index, self.ledger)
            if action is not None:
                self._act(action, index)

    def close(self) -> None:
        """End what is still running."""
        self._stop()

    def _special(self) -> dict[int, Callable[[int, MissionItem], None]]:
        """Name who takes the items that are more than an action."""
        return {
            Command.TAKEOFF: self._take_off,
            Command.WAYPOINT: self._waypoint,
            Command.SPLINE_WAYPOINT: self._waypoint,
            Command.LOITER_TIME: self._waypoint,
            Command.LAND: self._land,
            Command.RETURN_TO_LAUNCH: self._return,
            Command.CHANGE_SPEED: self._change_speed,
            Command.TRIGGER_DISTANCE: self._distance,
            Command.IMAGE_STOP: self._end_interval,
        }

    def _take_off(self, index: int, item: MissionItem) -> None:
        """Take the climb before the first waypoint."""
        if self.stops or item.frame is not AltitudeFrame.HOME:
            raise BadInput(f"item {index + 1}: a take-off must come first, with metres above home")
        if not is_here(item):
            self.ledger.note("place of take-off: a DJI aircraft climbs where it stands", index)
        self.climb_m = item.altitude_m

    def _waypoint(self, index: int, item: MissionItem) -> None:
        """Start a new stop."""
        if self.frame not in (None, item.frame):
            raise BadInput(
                f"item {index + 1}: altitude from {item.frame}, the waypoints before from "
                f"{self.frame}; a DJI wayline has one"
            )
        if is_here(item):
            raise BadInput(f"item {index + 1}: waypoint without a place")
        self.frame = item.frame
        if item.command == Command.SPLINE_WAYPOINT:
            self.ledger.note("spline: flown as the curve of the DJI aircraft", index)
        stop = Stop(
            lat_deg=item.lat_deg,
            lon_deg=item.lon_deg,
            altitude_m=item.altitude_m,
            yaw_deg=item.params[3],
            speed_m_s=self.speed_m_s,
            actions=self._early,
        )
        self._early = []
        self.stops.append(stop)
        if item.params[0]:
            self.ledger.note("time to hold at a waypoint: written as a hover", index)
            stop.actions.append(Action(function="hover", params=(("hoverTime", item.params[0]),)))

    def _land(self, index: int, item: MissionItem) -> None:
        """End with a landing, at a place of its own where it has one."""
        if not is_here(item):
            if not self.stops:
                raise BadInput(f"item {index + 1}: a landing without a waypoint before")
            last = self.stops[-1]
            here, there = (last.lat_deg, last.lon_deg), (item.lat_deg, item.lon_deg)
            if distance_m(here, there) >= STEP_M:
                self.ledger.note("place of landing: flown to as a last waypoint", index)
                self.stops.append(
                    Stop(
                        lat_deg=item.lat_deg,
                        lon_deg=item.lon_deg,
                        altitude_m=last.altitude_m,
                        yaw_deg=None,
                        speed_m_s=self.speed_m_s,
                    )
                )
        self.finish, self._ended = "autoLand", True

    def _return(self, index: int, item: MissionItem) -> None:
        """End with a return."""
        del index, item
        self.finish, self._ended = "goHome", True

    def _change_speed(self, index: int, item: MissionItem) -> None:
        """Fly on with another speed."""
        speed = item.params[1] or 0.0
        if item.params[0] not in (0, 1) or speed <= 0:
            self.ledger.note("change of speed that is not a speed over ground", index)
            return
        self.speed_m_s = speed
        if self.stops:
            self.stops[-1].speed_m_s = speed

    def _distance(self, index: int, item: MissionItem) -> None:
        """Start or end triggering by distance."""
        if item.params[0]:
            self._start(index, "multipleDistance", item.params[0])
        else:
            self._stop()

    def _end_interval(self, index: int, item: MissionItem) -> None:
        """End triggering by time."""
        del index, item
        self._stop()

    def _start(self, index: int, kind: str, every: float) -> None:
        """Start triggering at the stop that was reached last."""
        self._stop()
        if every <= 0:
            self.ledger.note("photos by number without an interval", index)
        elif not self.stops:
            self.ledger.note("triggering before the first waypoint starts at it", index)
            self._running = (0, kind, every, index)
        else:
            self._running = (len(self.stops) - 1, kind, every, index)

    def _stop(self) -> None:
        """End triggering at the stop that was reached last."""
        if self._running is not None:
            first, kind, every, index = self._running
            last = len(self.stops) - 1
            if last > first:
                self.intervals.append(Interval(first=first, last=last, kind=kind, every=every))
            else:
                self.ledger.note(ENDS_AT_ONCE, index)
        self._running = None

    def _act(self, action: Action, index: int) -> None:
        """Do an action at the stop that was reached last, or at the first one to come."""
        if self.stops:
            self.stops[-1].actions.append(action)
        else:
            self.ledger.note("before the first waypoint: done at it", index)
            self._early.append(action)


def route_of(mission: Mission, ledger: LossLedger) -> Route:
    """Gather the items of a mission.

    Raises:
        BadInput: for an item that a DJI aircraft would fly differently.
    """
    if mission.cruise_speed_m_s is None:
        ledger.note(f"no default speed: written as {DEFAULT_SPEED_M_S:g} m/s")
    route = Route(ledger, mission.cruise_speed_m_s or DEFAULT_SPEED_M_S)
    for index, item in enumerate(mission.items):
        route.add(index, item)
    route.close()
    return route

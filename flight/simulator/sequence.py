"""Run the items of a mission as ArduCopter does: one navigation item at a time, commands between.

When a navigation item is done, the commands after it are started and the next navigation item with
them; a condition (turn to a heading) holds back the commands that follow it, but not the flight.

Source: ArduPilot AP_Mission; the ArduCopter 4.7 log that comes with the project's data (a waypoint
is reached within WPNAV_RADIUS 2 m, the first photo of a trigger distance with parameter 3 = 1 is
taken at once, triggering goes on during a return until it is stopped).
"""

import math
from collections import deque
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from flight.command import Command
from flight.simulator.craft import Craft
from flight.wireitem import WireItem

RADIUS_M = 2.0
FLOWN = frozenset(
    {
        Command.WAYPOINT,
        Command.SPLINE_WAYPOINT,
        Command.LOITER_TIME,
        Command.LOITER_TURNS,
        Command.LOITER_UNLIMITED,
        Command.TAKEOFF,
        Command.LAND,
        Command.RETURN_TO_LAUNCH,
        Command.DELAY,
    }
)
"""Commands that the vehicle is busy with until they are done."""

TURN_DONE_DEG = 2.0
TURN_CIRCLE_S = 30.0
"""A loiter turn is flown as waiting for so long: the model does not circle."""

DEFAULT_SPEED_M_S = 10.0
QUICKEST_S = 0.1
"""Between two photos of a number that are asked for without an interval."""

TAKEOFF_DONE_M = 0.3

NAMES = {16: "WP", 20: "RTL", 21: "Land", 22: "Takeoff", 93: "Delay"} | {
    178: "ChangeSpeed",
    206: "SetCamTrigDst",
    203: "DigiCamCtrl",
    115: "CondYaw",
    205: "MountControl",
    1000: "GimbalPitchYaw",
    2000: "ImageStart",
    2001: "ImageStop",
}


@dataclass(slots=True)
class Sequence:
    """Hold how far a mission has been flown.

    Attributes:
        items: as stored, home first.
        speed_m_s: over ground, until a command changes it.
        photos: to be taken now; the vehicle takes and clears them.
        trigger_m: distance between photos, 0 for none.
        interval_s: time between photos, 0 for none.
        yaw_deg: heading to keep, None to look along the way.
        current: number of the item that is flown, 0 before the start.
        reached: items that were reached; the vehicle tells and clears them.
        said: what the vehicle tells the ground about it, cleared likewise.
        ended: what follows the last item: "rtl", "land", "hold", or None while flying.
    """

    items: tuple[WireItem, ...]
    speed_m_s: float = DEFAULT_SPEED_M_S
    photos: int = 0
    trigger_m: float = 0.0
    interval_s: float = 0.0
    yaw_deg: float | None = None
    current: int = 0
    reached: list[int] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    ended: str | None = None
    _held_s: float = 0.0
    _target_m: NDArray[np.float64] | None = None
    _queue: deque[WireItem] = field(default_factory=deque)
    _turning_to_deg: float | None = None
    _jumps: dict[int, int] = field(default_factory=dict)
    _last_photo_m: NDArray[np.float64] | None = None
    _last_photo_s: float = 0.0
    _photos_left: int = 0

    def start(self, craft: Craft) -> None:
        """Begin with the first item."""
        self._advance(1, craft)

    def step(self, craft: Craft, now_s: float, seconds: float) -> None:
        """Fly for a while and take what is due."""
        if self.ended is not None:
            # hovers where it is, as ArduCopter does, and uses its battery
            craft.fly(craft.at_m, self.speed_m_s, seconds, yaw_deg=self.yaw_deg)
            return
        if not self.current:
            return
        item = self.items[self.current]
        target = craft.at_m if self._target_m is None else self._target_m
        craft.fly(target, self.speed_m_s, seconds, yaw_deg=self.yaw_deg)
        self._run_commands(craft)
        self.trigger(craft, now_s)
        if self._done(item, craft, seconds):
            if item.command in (Command.WAYPOINT, Command.SPLINE_WAYPOINT, Command.LOITER_TIME):
                self.reached.append(self.current)
                self.said.append(f"Reached command #{self.current}")
            self._advance(self.current + 1, craft)

    def trigger(self, craft: Craft, now_s: float) -> None:
        """Take the photos that distance or time ask for."""
        if self.trigger_m > 0:
            last = self._last_photo_m
            if last is None or float(np.linalg.norm(craft.at_m - last)) >= self.trigger_m:
                self._last_photo_m = craft.at_m.copy()
                self.photos += 1
        if self.interval_s > 0 and now_s - self._last_photo_s >= self.interval_s:
            self._last_photo_s = now_s
            self.photos += 1
            self._photos_left -= 1
            if self._photos_left == 0:
                self.interval_s = 0.0

    def do(self, item: WireItem) -> bool:
        """Do a command at once; tell whether it is known."""
        match item.command:
            case Command.CHANGE_SPEED:
                if item.params[1] > 0 and item.params[0] in (0, 1):
                    self.speed_m_s = item.params[1]
            case Command.TRIGGER_DISTANCE:
                self.trigger_m = item.params[0]
                self._last_photo_m = None
            case Command.IMAGE_START:
                self._start_photos(every_s=item.params[1], number=int(item.params[2]))
            case Command.IMAGE_STOP:
                self.trigger_m = self.interval_s = 0.0
            case Command.DIGICAM_CONTROL:
                self.photos += int(item.x == 1)
            case Command.CONDITION_YAW:
                self.yaw_deg = item.params[0] % 360.0
                self._turning_to_deg = self.yaw_deg
            case _:
                return False
        return True

    def _start_photos(self, *, every_s: float, number: int) -> None:
        """Take one photo, or so many at an interval; number 0 goes on until it is stopped."""
        if number == 1 or (number < 1 and every_s <= 0):
            self.photos += 1
        else:
            self.interval_s, self._photos_left = max(every_s, QUICKEST_S), number
            self._last_photo_s = -math.inf

    def _advance(self, seq: int, craft: Craft) -> None:
        """Queue the commands from an item on, and start the next item that is flown."""
        for _ in range(len(self.items) + 1):
            if seq >= len(self.items):
                self.ended, self.current = "hold", max(len(self.items) - 1, 0)
                return
            item = self.items[seq]
            self.said.append(f"Mission: {seq} {NAMES.get(item.command, f'ID {item.command}')}")
            if item.command in FLOWN:
                self._begin(seq, item, craft)
                return
            if item.command == Command.DO_JUMP:
                done = self._jumps.get(seq, 0)
                if item.params[1] < 0 or done < item.params[1]:
                    self._jumps[seq] = done + 1
                    target = int(item.params[0])
                    # a jump to nowhere ends the mission, as in ArduPilot
                    seq = target if target >= 1 else len(self.items)
                    continue
            else:
                self._queue.append(item)
                self._run_commands(craft)
            seq += 1
        self.said.append("Mission: no item to fly")
        self.ended = "hold"

    def _begin(self, seq: int, item: WireItem, craft: Craft) -> None:
        """Start an item that is flown."""
        self.current, self._held_s = seq, 0.0
        here = item.x == 0 and item.y == 0
        if item.command == Command.RETURN_TO_LAUNCH:
            self.ended = "rtl"
        elif item.command == Command.LAND and here:
            self.ended = "land"
        elif item.command != Command.DELAY:
            flat = craft.at_m[:2] if here else craft.local_m((item.x / 1e7, item.y / 1e7))
            if item.command == Command.TAKEOFF:
                flat = craft.at_m[:2]
            # ArduCopter keeps its height at a waypoint with altitude 0 above home; so does this
            above = item.z - (craft.home_altitude_msl_m if item.frame in (0, 5) else 0.0)
            if item.command == Command.LAND or (item.z == 0 and item.frame in (3, 6)):
                above = float(craft.at_m[2])
            self._target_m = np.array([*flat, above])

    def _done(self, item: WireItem, craft: Craft, seconds: float) -> bool:
        """Say whether the current item is done."""
        if item.command == Command.DELAY:
            self._held_s += seconds
            return self._held_s >= item.params[0]
        target = craft.at_m if self._target_m is None else self._target_m
        if item.command == Command.TAKEOFF:
            return abs(float(craft.at_m[2] - target[2])) <= TAKEOFF_DONE_M
        if item.command == Command.LOITER_UNLIMITED:
            return False
        if float(np.linalg.norm(craft.at_m - target)) > RADIUS_M and not self._held_s:
            return False
        if item.command == Command.LAND:
            self.ended = "land"
            return False
        hold_s = item.params[0]
        if item.command == Command.LOITER_TURNS:
            hold_s *= TURN_CIRCLE_S
        self._held_s += seconds
        return self._held_s >= hold_s

    def _run_commands(self, craft: Craft) -> None:
        """Do the commands in the queue until a turn holds them back."""
        if self._turning_to_deg is not None:
            left = (self._turning_to_deg - craft.yaw_deg + 180.0) % 360.0 - 180.0
            if abs(left) > TURN_DONE_DEG:
                return
            self._turning_to_deg = None
        while self._queue and self._turning_to_deg is None:
            self.do(self._queue.popleft())

"""Be an ArduCopter without a drone: answer the ground, fly the mission, take photos, keep a log.

Source: MAVLink mission, parameter, command and camera protocols; ArduCopter modes and fail-safes;
the flight log of ArduCopter 4.7 that comes with the project's data.
"""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from shapely import Point, Polygon

from flight.geodesic import LatLon, distance_m
from flight.link import STATE_ACTIVE, STATE_STANDBY, Message, dialect
from flight.simulator import identity
from flight.simulator.craft import CAPACITY_MAH, Craft
from flight.simulator.dataflash import Logbook
from flight.simulator.fault import Faults
from flight.simulator.parameters import Parameters
from flight.simulator.recorder import MODE_NAMES, Recorder
from flight.simulator.sequence import Sequence
from flight.simulator.store import ItemStore
from flight.wireitem import Kind, WireItem

AUTO, GUIDED, LOITER, RTL, LAND = 3, 4, 5, 6, 9
STATE_BOOT, STATE_CRITICAL = 1, 5
BOOT_S = 3.0
STEPS = 5
QUADROTOR, ARDUPILOT = 2, 3
ARMED, CUSTOM_MODE = 128, 89
LAND_BELOW_M, LAND_M_S = 10.0, 0.5
ACCEPTED, REJECTED, DENIED, UNSUPPORTED = 0, 1, 2, 3
"""Results of MAV_RESULT; ArduPilot answers 4 (failed) when arming is refused."""

FAILED = 4
EV_ARMED, EV_DISARMED = 10, 11
BATTERY_LOW, FENCE_BREACHED = (6, 1), (9, 4)
"""Subsystem and code of an ERR record: battery fail-safe; fence, a polygon or circle."""

RUN_NOW = frozenset({115, 178, 203, 206, 2000, 2001})
"""Commands that are also done outside a mission."""


class Vehicle:
    """Simulate one multicopter."""

    def __init__(
        self,
        *,
        home_latlon_deg: LatLon,
        home_altitude_msl_m: float = 0.0,
        wind_m_s: NDArray[np.float64] | None = None,
        faults: Faults | None = None,
        logbook: Logbook | None = None,
        epoch_s: float = 1_767_225_600.0,
    ) -> None:
        faults = faults or Faults()
        self.craft = Craft(
            home_latlon_deg=home_latlon_deg,
            home_altitude_msl_m=home_altitude_msl_m,
            wind_m_s=np.zeros(2) if wind_m_s is None else wind_m_s,
            battery_mah=CAPACITY_MAH * faults.battery_percent / 100.0,
        )
        home = WireItem(
            frame=0,
            command=16,
            params=(0.0, 0.0, 0.0, 0.0),
            x=round(home_latlon_deg[0] * 1e7),
            y=round(home_latlon_deg[1] * 1e7),
            z=home_altitude_msl_m,
            auto_continue=True,
        )
        self.stores = {kind: ItemStore(kind, faults, home) for kind in Kind}
        self.parameters = Parameters()
        self.recorder = Recorder(craft=self.craft, epoch_s=epoch_s, logbook=logbook)
        self.mode = 0
        self.armed = False
        self.sequence = Sequence(items=())
        self._last_s: float | None = None
        self._due_s = dict.fromkeys(("heartbeat", "position", "status", "track"), 0.0)
        self._state = STATE_BOOT
        self._landing_wait_s = 0.0
        self._failsafe = False
        self._texts: list[tuple[str, int]] = []
        self._asked: dict[int, Callable[[float], Message]] = {
            identity.AUTOPILOT_VERSION: lambda now_s: identity.autopilot_version(),
            identity.HOME_POSITION: lambda now_s: self.recorder.home(),
            identity.CAMERA_INFORMATION: identity.camera_information,
        }

    @property
    def photos(self) -> int:
        """Count the photos taken."""
        return self.recorder.images

    def take(self, message: Message, now_s: float) -> list[Message]:
        """Answer one message of a ground station."""
        kind = message.get_type()
        if getattr(message, "target_system", 1) not in (0, 1):
            return []
        if kind.startswith("MISSION_"):
            return self._take_mission(message, now_s)
        if kind.startswith("PARAM_"):
            return self.parameters.take(message)
        if kind == "COMMAND_LONG":
            return self._command(message, now_s)
        if kind == "SET_MODE":
            self._enter(int(message.custom_mode), now_s)
        return []

    def tick(self, now_s: float) -> list[Message]:
        """Fly on to a time and say what is due."""
        seconds = 0.0 if self._last_s is None else now_s - self._last_s
        self._last_s = now_s
        said: list[Message] = []
        if self._state == STATE_BOOT and now_s >= BOOT_S:
            self._state = STATE_STANDBY
            self._texts.append(("ArduPilot Ready", 6))
        # the camera's distance is looked at 50 times a second, as ArduCopter does
        steps = STEPS if self.sequence.trigger_m > 0 else 1
        for step in range(1, steps + 1):
            step_s = now_s - seconds * (1 - step / steps)
            if seconds > 0:
                self._fly(step_s, seconds / steps)
            said += self._shoot(step_s)
        for store in self.stores.values():
            said += store.tick(now_s)
        said += self._tell(now_s)
        said += self._telemetry(now_s)
        return said

    def _take_mission(self, message: Message, now_s: float) -> list[Message]:
        """Answer the mission protocol."""
        if message.get_type() == "MISSION_SET_CURRENT":
            return []
        number = getattr(message, "mission_type", None)
        if number not in tuple(Kind):
            return []
        store = self.stores[Kind(number)]
        before = store.items
        answers = store.take(message, now_s)
        if store.items is not before and store.kind is Kind.MISSION:
            self._texts.append(("Flight plan received", 6))
        return answers

    def _command(self, message: Message, now_s: float) -> list[Message]:
        """Carry out a command and acknowledge it."""
        orders: dict[int, Callable[[Message, float], int]] = {
            400: self._arm,
            300: self._start,
            176: lambda m, now: self._enter(_whole(m.param2), now),
            20: lambda m, now: self._enter(RTL, now),
            21: lambda m, now: self._enter(LAND, now),
            511: lambda m, now: ACCEPTED,
            512: lambda m, now: ACCEPTED if _whole(m.param1) in self._asked else UNSUPPORTED,
        }
        number = message.command
        if number in RUN_NOW:
            result = ACCEPTED if self.sequence.do(_item(message)) else UNSUPPORTED
        else:
            order = orders.get(number)
            result = UNSUPPORTED if order is None else order(message, now_s)
        sender = (message.get_srcSystem(), message.get_srcComponent())
        answers = [dialect().MAVLink_command_ack_message(number, result, 0, 0, *sender)]
        if number == 512 and result == ACCEPTED:
            answers.append(self._asked[_whole(message.param1)](now_s))
        return answers

    def _arm(self, message: Message, now_s: float) -> int:
        """Arm or disarm."""
        if message.param1 == 0:
            if self.craft.at_m[2] > 0.5 and message.param2 != 21196:
                self._texts.append(("Disarm: not on the ground", 4))
                return FAILED
            self._disarm(now_s)
            return ACCEPTED
        if self._state != STATE_STANDBY and not self.armed:
            self._texts.append(("PreArm: not ready", 2))
            return FAILED
        if self.mode == AUTO and len(self.stores[Kind.MISSION].items) < 2:
            self._texts.append(("PreArm: no mission", 2))
            return FAILED
        if not self.armed:
            self.armed, self._state = True, STATE_ACTIVE
            self._texts.append(("Arming motors", 6))
            self.recorder.log("EV", now_s, EV_ARMED)
            self.recorder.mission(now_s, self.stores[Kind.MISSION].items)
        return ACCEPTED

    def _start(self, message: Message, now_s: float) -> int:
        """Start the mission."""
        del message
        if not self.armed or len(self.stores[Kind.MISSION].items) < 2:
            return FAILED
        self._enter(AUTO, now_s)
        self.sequence.start(self.craft)
        return ACCEPTED

    def _enter(self, mode: int, now_s: float) -> int:
        """Change the mode."""
        if mode not in MODE_NAMES:
            return FAILED
        if mode == AUTO and self.mode != AUTO:
            items = tuple(self.stores[Kind.MISSION].items)
            self.sequence = Sequence(items=items)
        if mode != self.mode:
            self.recorder.log("MODE", now_s, mode, mode, 2)
        self._landing_wait_s = 0.0
        self.mode = mode
        return ACCEPTED

    def _disarm(self, now_s: float) -> None:
        """Stop the motors."""
        if self.armed:
            self._texts.append(("Disarming motors", 6))
            self.recorder.log("EV", now_s, EV_DISARMED)
        self.armed, self._state = False, STATE_STANDBY
        self.craft.rest(0.0)
        self.recorder.track(now_s)

    def _fly(self, now_s: float, seconds: float) -> None:
        """Move for a while, by the mode."""
        if not self.armed:
            return
        if self.mode == AUTO:
            self.sequence.step(self.craft, now_s, seconds)
            if self.sequence.ended in ("rtl", "land"):
                self.mode = RTL if self.sequence.ended == "rtl" else LAND
        elif self.mode == RTL:
            self._return(seconds, now_s)
        elif self.mode == LAND:
            self._land(seconds, now_s)
        else:
            hold = np.maximum(self.craft.at_m, [-np.inf, -np.inf, 0.0])
            self.craft.fly(hold, 5.0, seconds)
        if self.mode != AUTO:
            self.sequence.trigger(self.craft, now_s)
        if self.armed:
            self._watch(now_s)

    def _return(self, seconds: float, now_s: float) -> None:
        """Climb, fly home, wait, land."""
        height = max(float(self.craft.at_m[2]), self.parameters["RTL_ALT"] / 100.0)
        away_m = float(np.hypot(*self.craft.at_m[:2]))
        if away_m > 1.0 and self.craft.at_m[2] < height - 0.5:
            self.craft.fly(np.array([*self.craft.at_m[:2], height]), 1.0, seconds)
        elif away_m > 1.0:
            self.craft.fly(np.array([0.0, 0.0, height]), self.sequence.speed_m_s, seconds)
        elif self._landing_wait_s < self.parameters["RTL_LOIT_TIME"] / 1e3:
            self._landing_wait_s += seconds
            self.craft.fly(np.array([0.0, 0.0, float(self.craft.at_m[2])]), 1.0, seconds)
        else:
            self._land(seconds, now_s)

    def _land(self, seconds: float, now_s: float) -> None:
        """Sink to the ground and disarm."""
        slow = self.craft.at_m[2] < LAND_BELOW_M
        under = np.array([*self.craft.at_m[:2], -0.5])
        self.craft.fly(under, 1.0, seconds, sink_m_s=LAND_M_S if slow else 1.5)
        if self.craft.at_m[2] <= 0.0:
            self._disarm(now_s)

    def _watch(self, now_s: float) -> None:
        """Land on an empty battery; return at a fence or at a low battery, once."""
        if self.craft.battery_mah <= 0 and self.mode != LAND:
            self._failsafe = True
            self._texts.append(("Battery 1 is empty, landing", 2))
            self.recorder.log("ERR", now_s, *BATTERY_LOW)
            self._enter(LAND, now_s)
        if self._failsafe or self.mode in (RTL, LAND):
            return
        low = self.craft.battery_percent < self.parameters["BATT_LOW_PERCENT"]
        if low and self.parameters["BATT_FS_LOW_ACT"] == 2:
            self._failsafe = True
            self._texts.append(("Battery 1 is low, returning", 4))
            self.recorder.log("ERR", now_s, *BATTERY_LOW)
        elif self.parameters["FENCE_ENABLE"] and self._outside():
            self._failsafe = True
            self._texts.append(("Fence Breached", 4))
            self.recorder.log("ERR", now_s, *FENCE_BREACHED)
        if self._failsafe:
            self._enter(RTL, now_s)

    def _outside(self) -> bool:
        """Say whether the vehicle is where its fence forbids."""
        lat, lon = self.craft.latlon_deg
        items = self.stores[Kind.FENCE].items
        at = 0
        while at < len(items):
            item = items[at]
            inside_wanted = item.command in (5001, 5003)
            if item.command in (5001, 5002):
                corners = items[at : at + max(int(item.params[0]), 1)]
                shape = Polygon([self.craft.local_m((c.x / 1e7, c.y / 1e7)) for c in corners])
                inside = bool(shape.contains(Point(self.craft.at_m[:2])))
                at += len(corners)
            else:
                away_m = distance_m((item.x / 1e7, item.y / 1e7), (lat, lon))
                inside = away_m <= item.params[0]
                at += 1
            if inside != inside_wanted:
                return True
        return False

    def _tell(self, now_s: float) -> list[Message]:
        """Say what happened in flight: texts, items reached."""
        said = [self.recorder.text(now_s, words, level) for words, level in self._texts]
        self._texts.clear()
        sequence = self.sequence
        said += [self.recorder.text(now_s, words) for words in sequence.said]
        sequence.said.clear()
        reached = dialect().MAVLink_mission_item_reached_message
        said += [reached(seq) for seq in sequence.reached]
        sequence.reached.clear()
        return said

    def _shoot(self, now_s: float) -> list[Message]:
        """Take the photos that are due."""
        photos, self.sequence.photos = self.sequence.photos, 0
        return [self.recorder.photo(now_s) for _ in range(photos)]

    def _telemetry(self, now_s: float) -> list[Message]:
        """Say what is said again and again."""
        said: list[Message] = []
        if self._is_due("heartbeat", now_s, 1.0):
            flags = CUSTOM_MODE | (ARMED if self.armed else 0)
            make = dialect().MAVLink_heartbeat_message
            state = STATE_CRITICAL if self._failsafe and self.armed else self._state
            said.append(make(QUADROTOR, ARDUPILOT, flags, self.mode, state, 3))
        if self._is_due("status", now_s, 1.0):
            said.append(self.recorder.battery())
            total = max(len(self.stores[Kind.MISSION].items) - 1, 0)
            make = dialect().MAVLink_mission_current_message
            said.append(make(self.sequence.current, total, 0, 0))
        if self._is_due("position", now_s, 0.25):
            said.append(self.recorder.position(now_s))
        if self.armed and self._is_due("track", now_s, 0.1):
            self.recorder.track(now_s)
        return said

    def _is_due(self, what: str, now_s: float, every_s: float) -> bool:
        """Say whether something is due again."""
        if now_s + 1e-9 < self._due_s[what]:
            return False
        self._due_s[what] = now_s + every_s
        return True


def _item(message: Message) -> WireItem:
    """Take a command as an item of a mission."""
    return WireItem(
        frame=2,
        command=message.command,
        params=(
            _said(message.param1),
            _said(message.param2),
            _said(message.param3),
            _said(message.param4),
        ),
        x=_whole(message.param5),
        y=_whole(message.param6),
        z=_said(message.param7),
        auto_continue=True,
    )


def _said(value: float) -> float:
    """Give a parameter of a command; stations send NaN for what they leave open."""
    return value if math.isfinite(value) else 0.0


def _whole(value: float) -> int:
    """Give a parameter as a whole number."""
    return int(_said(value))

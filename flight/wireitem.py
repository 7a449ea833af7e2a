"""Turn a mission into the items that travel over MAVLink, and compare what a vehicle kept of them.

A vehicle changes some fields when it stores an item. The changes that ArduCopter is known to make
are written down here; everything else that comes back different is a failed upload.

Source: MAVLink mission protocol (MISSION_ITEM_INT); ArduPilot AP_Mission,
``mavlink_int_to_mission_cmd`` (what each command keeps, altitude in whole centimetres); the flight
log of ArduCopter 4.7 that comes with the project's data (frame 0 of commands without a place).
"""

import struct
from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from flight.command import PLACED, Command, name_of
from flight.formats.fenceitems import fence_items, rally_items
from flight.formats.numbering import FRAME_NUMBERS
from flight.link import Message
from flight.mission import AltitudeFrame, Mission, MissionItem
from inspection.errors import BadInput


class Kind(IntEnum):
    """Name the lists that a vehicle keeps (MAV_MISSION_TYPE)."""

    MISSION = 0
    FENCE = 1
    RALLY = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class WireItem:
    """Carry one item as MISSION_ITEM_INT does.

    Attributes:
        frame: MAV_FRAME number.
        command: MAV_CMD number.
        params: the first four parameters, single precision.
        x: latitude · 10⁷, or the fifth parameter of a command without a place.
        y: longitude · 10⁷, or the sixth parameter.
        z: altitude in metres, or the seventh parameter, single precision.
        auto_continue: go on without waiting.
    """

    frame: int
    command: int
    params: tuple[float, float, float, float]
    x: int
    y: int
    z: float
    auto_continue: bool


KEPT: dict[int, str] = {
    Command.WAYPOINT: "w000",
    Command.SPLINE_WAYPOINT: "w000",
    Command.TAKEOFF: "w000",
    Command.RETURN_TO_LAUNCH: "0000",
    Command.LAND: "w000",
    Command.LOITER_UNLIMITED: "0000",
    Command.LOITER_TIME: "w000",
    Command.DELAY: "kwww",
    Command.CONDITION_YAW: "kkww",
    Command.CHANGE_SPEED: "wkk0",
    Command.DO_JUMP: "ww00",
    Command.TRIGGER_DISTANCE: "k0w0",
    Command.ROI_LOCATION: "0000",
    Command.ROI_NONE: "0000",
    Command.MOUNT_CONTROL: "kkk0",
    Command.IMAGE_START: "wkww",
    Command.IMAGE_STOP: "w000",
    Command.GIMBAL_PITCH_YAW: "kkkk",
}
"""What ArduCopter keeps of the four parameters: k as it is, w as a whole number, 0 not at all.
A command that is not listed must come back unchanged."""


def items_of(mission: Mission, kind: Kind) -> tuple[WireItem, ...]:
    """Give the list of one kind that is sent to a vehicle; a mission begins with home.

    Open parameters are sent as 0, because ArduPilot refuses NaN.

    Raises:
        BadInput: for a number that the wire cannot carry.
    """
    if kind is Kind.FENCE:
        return tuple(_wire(index, item) for index, item in enumerate(fence_items(mission)))
    if kind is Kind.RALLY:
        return tuple(_wire(index, item) for index, item in enumerate(rally_items(mission)))
    if not mission.items:
        return ()
    lat, lon = mission.home_latlon_deg or (0.0, 0.0)
    home = MissionItem(
        command=Command.WAYPOINT,
        frame=AltitudeFrame.MSL,
        params=(0.0, 0.0, 0.0, 0.0),
        lat_deg=lat,
        lon_deg=lon,
        altitude_m=mission.home_altitude_msl_m or 0.0,
    )
    return tuple(_wire(index, item) for index, item in enumerate((home, *mission.items)))


def wire_item(message: Message) -> WireItem:
    """Take an item out of a MISSION_ITEM_INT."""
    return WireItem(
        frame=message.frame,
        command=message.command,
        params=(message.param1, message.param2, message.param3, message.param4),
        x=message.x,
        y=message.y,
        z=message.z,
        auto_continue=bool(message.autocontinue),
    )


def differences(sent: WireItem, back: WireItem, kind: Kind, seq: int) -> list[str]:
    """Say what of an item a vehicle changed that it is not known to change.

    Home (item 0 of a mission) is not compared: the vehicle puts its own there.

    >>> a = WireItem(frame=3, command=16, params=(0, 0, 0, 90), x=1, y=2, z=20.0,
    ...              auto_continue=True)
    >>> import dataclasses
    >>> differences(a, dataclasses.replace(a, x=3, params=(0, 0, 0, 0)), Kind.MISSION, 1)
    ['latitude 3, sent 1 (1e-7°)']
    """
    if kind is Kind.MISSION and seq == 0:
        return []
    if sent.command != back.command:
        return [f"{name_of(back.command)}, sent {name_of(sent.command)}"]
    found = []
    placed = sent.command in PLACED
    if placed and back.frame != sent.frame:
        found.append(f"frame {back.frame}, sent {sent.frame}")
    names = ("latitude", "longitude") if placed else ("parameter 5", "parameter 6")
    for name, was, now in zip(names, (sent.x, sent.y), (back.x, back.y), strict=True):
        if was != now:
            found.append(f"{name} {now}, sent {was}" + (" (1e-7°)" if placed else ""))
    if not _same_z(sent, back.z):
        found.append(f"altitude {back.z:.8g} m, sent {sent.z:.8g} m")
    for index in range(4):
        allowed = kept_values(sent, index)
        if not any(_same(back.params[index], value) for value in allowed):
            found.append(f"parameter {index + 1} {back.params[index]:.8g}, sent {allowed[0]:.8g}")
    if kind is Kind.MISSION and back.auto_continue != sent.auto_continue:
        found.append(
            "waits for nobody, sent to wait for the pilot"
            if back.auto_continue
            else "waits for the pilot, sent to go on"
        )
    return found


def rewrites(sent: WireItem, back: WireItem) -> list[str]:
    """Say which values a vehicle is known to drop and did drop."""
    changed = []
    for index, (was, now) in enumerate(zip(sent.params, back.params, strict=True)):
        if was != now:
            changed.append(
                f"parameter {index + 1} of {name_of(sent.command)}: {was:g} kept as {now:g}"
            )
    return changed


def kept_values(sent: WireItem, index: int) -> tuple[float, ...]:
    """Give the values that a parameter may come back with, the sent one first."""
    value = sent.params[index]
    rule = KEPT.get(sent.command, "kkkk")[index]
    if rule == "0":
        return value, 0.0
    return (value, float(int(value))) if rule == "w" else (value,)


def centimetres(z: float) -> int:
    """Give an altitude as ArduPilot stores it: single precision, cut to whole centimetres.

    >>> centimetres(1.05), centimetres(15.0)
    (104, 1500)
    """
    return int(np.float32(z) * np.float32(100.0))


def single(value: float) -> float:
    """Round a number to the single precision in which it travels; -0 becomes 0.

    >>> single(0.1)
    0.10000000149011612
    """
    return float(struct.unpack("<f", struct.pack("<f", value + 0.0))[0])


def _same_z(sent: WireItem, z: float) -> bool:
    """Say whether an altitude came back as sent, or cut to centimetres."""
    if _same(z, sent.z):
        return True
    if sent.command not in PLACED:
        return False
    whole = centimetres(sent.z)
    cut = (single(whole / 100.0), float(np.float32(whole) * np.float32(0.01)))
    return any(_same(z, value) for value in cut)


def _same(a: float, b: float) -> bool:
    """Say whether two numbers are the same to the bit, in single precision."""
    return struct.pack("<f", a) == struct.pack("<f", b)


def _wire(index: int, item: MissionItem) -> WireItem:
    """Turn one item into what travels."""
    params = [0.0 if value is None else value for value in item.params]
    x, y = (item.lat_deg, item.lon_deg)
    if item.command in PLACED and item.frame is not AltitudeFrame.MISSION:
        x, y = round(x * 1e7), round(y * 1e7)
    elif x != int(x) or y != int(y):
        raise BadInput(
            f"item {index}: parameters 5 and 6 of {name_of(item.command)} are {x:g} and {y:g}; "
            "MISSION_ITEM_INT carries whole numbers only"
        )
    numbers = [*params, item.altitude_m]
    try:
        p1, p2, p3, p4, z = (single(value) for value in numbers)
    except OverflowError:
        raise BadInput(f"item {index}: {numbers} is beyond single precision") from None
    if not all(-(2**31) <= value < 2**31 for value in (x, y)):
        raise BadInput(f"item {index}: parameters 5 and 6 are beyond 32 bits")
    return WireItem(
        frame=FRAME_NUMBERS[item.frame],
        command=item.command,
        params=(p1, p2, p3, p4),
        x=int(x),
        y=int(y),
        z=z,
        auto_continue=item.auto_continue,
    )

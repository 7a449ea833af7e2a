"""Check numbers of a stranger's mission file and turn MAVLink frames into altitude frames."""

import math

from flight.command import has_place
from flight.mission import AltitudeFrame, MissionItem
from inspection.errors import BadInput

MAX_ITEMS = 65_535
"""MISSION_COUNT is an unsigned 16-bit number."""

MAX_ALTITUDE_M = 100_000.0

MAX_COMMAND = 65_535
"""MAV_CMD is an unsigned 16-bit number."""

FRAMES = {
    0: AltitudeFrame.MSL,
    2: AltitudeFrame.MISSION,
    3: AltitudeFrame.HOME,
    5: AltitudeFrame.MSL,
    6: AltitudeFrame.HOME,
    10: AltitudeFrame.TERRAIN,
    11: AltitudeFrame.TERRAIN,
}
"""MAV_FRAME numbers that are read. Source: MAVLink common message set, MAV_FRAME."""

FRAME_NUMBERS = {
    AltitudeFrame.MSL: 0,
    AltitudeFrame.MISSION: 2,
    AltitudeFrame.HOME: 3,
    AltitudeFrame.TERRAIN: 10,
}


def frame_of(number: object, where: str) -> AltitudeFrame:
    """Turn a MAV_FRAME number into an altitude frame.

    Raises:
        BadInput: for a frame that is no height above home, sea or terrain.
    """
    if isinstance(number, bool) or not isinstance(number, int) or number not in FRAMES:
        raise BadInput(
            f"{where}: frame {number!r:.40} is none of {sorted(FRAMES)} (sea level, home, terrain, "
            "command); save the mission with altitudes above home"
        )
    return FRAMES[number]


def command_of(number: int, where: str) -> int:
    """Check that a number is a command of MAVLink.

    Raises:
        BadInput: when it does not fit into 16 bits.
    """
    if not 0 <= number <= MAX_COMMAND:
        raise BadInput(f"{where}: command {number!s:.20} is not a MAV_CMD number (0–{MAX_COMMAND})")
    return number


def finite(value: object, where: str, what: str) -> float:
    """Check that a value of a file is a finite number.

    Raises:
        BadInput: otherwise, with the value.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise BadInput(f"{where}: {what} is {value!r:.40}, not a number")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise BadInput(f"{where}: {what} is not a finite number; correct it in the file")
    return number


def number_in(text: str, where: str, what: str) -> float:
    """Read a finite number from text.

    Raises:
        BadInput: when the text is no number or not finite.
    """
    try:
        number = float(text)
    except ValueError:
        number = None
    # Python also reads 1_000 and digits of other scripts, which no ground station does
    if number is None or "_" in text or not text.isascii():
        raise BadInput(f"{where}: {what} is {text[:40]!r}, not a number")
    return finite(number, where, what)


def check_place(lat_deg: float, lon_deg: float, where: str) -> tuple[float, float]:
    """Check that a place is in degrees, (latitude, longitude).

    Raises:
        BadInput: when it is not; projected metres are named as what they look like.
    """
    if abs(lat_deg) <= 90 and abs(lon_deg) <= 180:
        return lat_deg, lon_deg
    guess = (
        "these look like metres of a projected system; save the file in WGS 84 degrees"
        if max(abs(lat_deg), abs(lon_deg)) > 1000
        else "latitude must be within ±90 and longitude within ±180"
    )
    raise BadInput(f"{where}: latitude {lat_deg:.10g}, longitude {lon_deg:.10g}: {guess}")


def check_radius_m(radius_m: float, where: str) -> float:
    """Check the radius of a fence circle, metres.

    Raises:
        BadInput: when it is not more than 0.
    """
    if not radius_m > 0:
        raise BadInput(f"{where}: radius {radius_m:g} m; it must be > 0")
    return radius_m


def checked(item: MissionItem, where: str) -> MissionItem:
    """Check an item's place and altitude, and hand it on.

    Raises:
        BadInput: when the place is not on Earth or the altitude beyond ±100 km.
    """
    if has_place(item):
        check_place(item.lat_deg, item.lon_deg, where)
        if abs(item.altitude_m) > MAX_ALTITUDE_M:
            raise BadInput(f"{where}: altitude {item.altitude_m:g} m is beyond ±100 km")
    return item


def check_count(count: int, name: str) -> None:
    """Check that a mission fits into what a vehicle can count.

    Raises:
        BadInput: beyond 65,535 items.
    """
    if count > MAX_ITEMS:
        raise BadInput(f"{name}: {count} items; a mission holds at most {MAX_ITEMS}, split it")

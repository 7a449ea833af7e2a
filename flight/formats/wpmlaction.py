"""Turn the actions of DJI waylines into mission items and mission items into actions.

Source: DJI Cloud API, wayline file format, actions; MAVLink common message set.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from flight.command import Command, name_of
from flight.formats.loss import LossLedger
from flight.formats.xmltext import number_of, text_of
from flight.mission import AltitudeFrame, MissionItem

YAW_LOCK = 16
"""GIMBAL_MANAGER_FLAGS_YAW_LOCK: the gimbal's yaw counts from north, not from the aircraft."""

MOUNT_TARGETING = 2
"""MAV_MOUNT_MODE_MAVLINK_TARGETING: angles by the mission."""

ENDS_AT_ONCE = "triggering that ends at the waypoint where it starts"
"""How a stretch without a length is named as lost."""

SAME_HEADING_DEG = 1.0

FOCAL_LENGTH = 3
"""ZOOM_TYPE_FOCAL_LENGTH, millimetres."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """Hold one action of a wayline: its function and parameters in the order of the file."""

    function: str
    params: tuple[tuple[str, object], ...] = ()


def command(number: int, *params: float | None, p5: float = 0.0) -> MissionItem:
    """Make an item without a place; missing parameters are 0."""
    p = (*params, *(0.0,) * (4 - len(params)))
    return MissionItem(
        command=int(number),
        frame=AltitudeFrame.MISSION,
        params=(p[0], p[1], p[2], p[3]),
        lat_deg=p5,
        lon_deg=0.0,
        altitude_m=0.0,
    )


def place_item(
    number: int,
    frame: AltitudeFrame,
    latlon: tuple[float, float],
    altitude_m: float,
    yaw_deg: float | None = None,
) -> MissionItem:
    """Make an item with a place."""
    return MissionItem(
        command=int(number),
        frame=frame,
        params=(0.0, 0.0, 0.0, yaw_deg),
        lat_deg=latlon[0],
        lon_deg=latlon[1],
        altitude_m=altitude_m,
    )


def items_of(action: Element, where: str, ledger: LossLedger) -> Iterator[MissionItem]:
    """Give the items of one action; a function without an item is noted.

    Raises:
        BadInput: when a parameter is no number.
    """
    function = text_of(action, "actionActuatorFunc") or "?"
    reader = READERS.get(function)
    if reader is None:
        ledger.note(f"action {function!r:.40}")
        return

    def value(tag: str) -> float:
        return number_of(action, where, "actionActuatorFuncParam", tag) or 0.0

    def word(tag: str) -> str | None:
        return text_of(action, "actionActuatorFuncParam", tag)

    yield from reader(value, word, ledger)


Value = Callable[[str], float]
Word = Callable[[str], str | None]


def _photo(value: Value, word: Word, ledger: LossLedger) -> Iterator[MissionItem]:
    """Read takePhoto."""
    del value
    if word("payloadLensIndex") is not None:
        ledger.note("choice of lenses of a photo")
    yield command(Command.IMAGE_START, 0.0, 0.0, 1.0, 0.0)


def _gimbal(value: Value, word: Word, ledger: LossLedger) -> Iterator[MissionItem]:
    """Read gimbalRotate."""
    if word("gimbalRotateMode") not in ("absoluteAngle", None):
        ledger.note("gimbal turned by a relative angle")
        return
    if value("gimbalRollRotateEnable"):
        ledger.note("roll of the gimbal")
    pitch = value("gimbalPitchRotateAngle") if value("gimbalPitchRotateEnable") else None
    yaw = value("gimbalYawRotateAngle") if value("gimbalYawRotateEnable") else None
    north = word("gimbalHeadingYawBase") == "north"
    yield command(Command.GIMBAL_PITCH_YAW, pitch, yaw, p5=float(YAW_LOCK if north else 0))


def _oriented(value: Value, word: Word, ledger: LossLedger) -> Iterator[MissionItem]:
    """Read orientedShoot: a gimbal attitude from north, one photo."""
    del word
    ledger.note("picture to match and zoom of an oriented shot: gimbal and photo are kept")
    pitch, yaw = value("gimbalPitchRotateAngle"), value("gimbalYawRotateAngle")
    if abs((value("aircraftHeading") - yaw + 180.0) % 360.0 - 180.0) > SAME_HEADING_DEG:
        ledger.note("heading of the aircraft in an oriented shot, other than the camera's")
    yield command(Command.GIMBAL_PITCH_YAW, pitch, yaw, p5=float(YAW_LOCK))
    yield command(Command.IMAGE_START, 0.0, 0.0, 1.0, 0.0)


def _turn(value: Value, word: Word, ledger: LossLedger) -> Iterator[MissionItem]:
    """Read rotateYaw."""
    del ledger
    way = {"clockwise": 1.0, "counterClockwise": -1.0}.get(word("aircraftPathMode") or "", 0.0)
    yield command(Command.CONDITION_YAW, value("aircraftHeading") % 360.0, 0.0, way)


def _hover(value: Value, word: Word, ledger: LossLedger) -> Iterator[MissionItem]:
    """Read hover."""
    del word, ledger
    yield command(Command.DELAY, value("hoverTime"), -1.0, -1.0, -1.0)


def _zoom(value: Value, word: Word, ledger: LossLedger) -> Iterator[MissionItem]:
    """Read zoom."""
    del word, ledger
    yield command(Command.SET_CAMERA_ZOOM, float(FOCAL_LENGTH), value("focalLength"))


def _start(value: Value, word: Word, ledger: LossLedger) -> Iterator[MissionItem]:
    """Read startRecord."""
    del value, word, ledger
    yield command(Command.VIDEO_START)


def _stop(value: Value, word: Word, ledger: LossLedger) -> Iterator[MissionItem]:
    """Read stopRecord."""
    del value, word, ledger
    yield command(Command.VIDEO_STOP)


READERS: dict[str, Callable[[Value, Word, LossLedger], Iterator[MissionItem]]] = {
    "takePhoto": _photo,
    "gimbalRotate": _gimbal,
    "orientedShoot": _oriented,
    "rotateYaw": _turn,
    "hover": _hover,
    "zoom": _zoom,
    "startRecord": _start,
    "stopRecord": _stop,
}


def action_of(item: MissionItem, index: int, ledger: LossLedger) -> Action | None:
    """Give the action of an item, None (and noted) for one that DJI has no action for."""
    writer = WRITERS.get(item.command)
    action = None if writer is None else writer(item)
    if action is None:
        ledger.note(f"{name_of(item.command)} has no action of a DJI aircraft", index)
    elif item.command == Command.CONDITION_YAW and not item.params[2]:
        ledger.note("shortest way of a turn: a way is chosen", index)
    return action


def _write_hover(item: MissionItem) -> Action | None:
    """Write hover; a delay until a time of day has no action."""
    seconds = item.params[0] or 0.0
    return Action(function="hover", params=(("hoverTime", seconds),)) if seconds > 0 else None


def _write_turn(item: MissionItem) -> Action | None:
    """Write rotateYaw; a turn by a relative angle has no action."""
    angle, _, way, relative = (value or 0.0 for value in item.params)
    if relative:
        return None
    back = way < 0 or (way == 0 and angle % 360.0 > 180.0)
    return Action(
        function="rotateYaw",
        params=(
            ("aircraftHeading", half_turn_deg(angle)),
            ("aircraftPathMode", "counterClockwise" if back else "clockwise"),
        ),
    )


def _write_gimbal(item: MissionItem) -> Action:
    """Write gimbalRotate of a gimbal command."""
    base = "north" if int(item.lat_deg) & YAW_LOCK else "aircraft"
    return _rotate(item.params[0], item.params[1], base)


def _write_mount(item: MissionItem) -> Action | None:
    """Write gimbalRotate of a mount command with angles."""
    if item.altitude_m != MOUNT_TARGETING:
        return None
    return _rotate(item.params[0], item.params[2], "aircraft")


def _write_zoom(item: MissionItem) -> Action | None:
    """Write zoom to a focal length."""
    kind, focal_mm = item.params[0], item.params[1] or 0.0
    if kind != FOCAL_LENGTH or focal_mm <= 0:
        return None
    return Action(function="zoom", params=(("payloadPositionIndex", 0), ("focalLength", focal_mm)))


def _write_photo(item: MissionItem) -> Action | None:
    """Write takePhoto."""
    return TAKE_PHOTO if is_photo(item) else None


TAKE_PHOTO = Action(
    function="takePhoto", params=(("payloadPositionIndex", 0), ("useGlobalPayloadLensIndex", 0))
)
START_VIDEO = Action(function="startRecord", params=(("payloadPositionIndex", 0),))
STOP_VIDEO = Action(function="stopRecord", params=(("payloadPositionIndex", 0),))

WRITERS: dict[int, Callable[[MissionItem], Action | None]] = {
    Command.DELAY: _write_hover,
    Command.CONDITION_YAW: _write_turn,
    Command.GIMBAL_PITCH_YAW: _write_gimbal,
    Command.MOUNT_CONTROL: _write_mount,
    Command.SET_CAMERA_ZOOM: _write_zoom,
    Command.DIGICAM_CONTROL: _write_photo,
    Command.IMAGE_START: _write_photo,
    Command.VIDEO_START: lambda item: START_VIDEO,
    Command.VIDEO_STOP: lambda item: STOP_VIDEO,
}


def is_photo(item: MissionItem) -> bool:
    """Say whether an item takes one photo."""
    if item.command == Command.DIGICAM_CONTROL:
        return item.lat_deg == 1
    return item.command == Command.IMAGE_START and item.params[2] == 1


def _rotate(pitch: float | None, yaw: float | None, base: str) -> Action:
    """Write gimbalRotate; an open angle is left as it is."""
    return Action(
        function="gimbalRotate",
        params=(
            ("payloadPositionIndex", 0),
            ("gimbalHeadingYawBase", base),
            ("gimbalRotateMode", "absoluteAngle"),
            ("gimbalPitchRotateEnable", int(pitch is not None)),
            ("gimbalPitchRotateAngle", pitch or 0.0),
            ("gimbalRollRotateEnable", 0),
            ("gimbalRollRotateAngle", 0.0),
            ("gimbalYawRotateEnable", int(yaw is not None)),
            ("gimbalYawRotateAngle", half_turn_deg(yaw or 0.0)),
            ("gimbalRotateTimeEnable", 0),
            ("gimbalRotateTime", 0),
        ),
    )


def half_turn_deg(angle_deg: float) -> float:
    """Turn an angle into ±180°.

    >>> half_turn_deg(309.0), half_turn_deg(180.0)
    (-51.0, 180.0)
    """
    if abs(angle_deg) <= 180:
        return angle_deg
    turned = angle_deg % 360.0
    return turned - 360.0 if turned > 180 else turned

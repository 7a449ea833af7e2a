"""Name the commands of a mission and say which of them have a place.

Source: MAVLink common message set (MAV_CMD); ArduPilot keeps parameters 5 and 6 of a command
without a place as they are and scales those of one with a place by 10⁷.
"""

from enum import IntEnum

from flight.mission import AltitudeFrame, MissionItem


class Command(IntEnum):
    """Number the commands that Tenken writes or looks at (MAV_CMD)."""

    WAYPOINT = 16
    LOITER_UNLIMITED = 17
    LOITER_TURNS = 18
    LOITER_TIME = 19
    RETURN_TO_LAUNCH = 20
    LAND = 21
    TAKEOFF = 22
    LOITER_TO_ALTITUDE = 31
    SPLINE_WAYPOINT = 82
    VTOL_TAKEOFF = 84
    VTOL_LAND = 85
    DELAY = 93
    CONDITION_YAW = 115
    DO_JUMP = 177
    CHANGE_SPEED = 178
    SET_HOME = 179
    LAND_START = 189
    ROI_LOCATION = 195
    ROI_NONE = 197
    ROI = 201
    DIGICAM_CONTROL = 203
    MOUNT_CONTROL = 205
    TRIGGER_DISTANCE = 206
    GRIPPER = 211
    SET_CAMERA_ZOOM = 531
    GIMBAL_PITCH_YAW = 1000
    IMAGE_START = 2000
    IMAGE_STOP = 2001
    VIDEO_START = 2500
    VIDEO_STOP = 2501
    FENCE_RETURN_POINT = 5000
    FENCE_POLYGON_INCLUSION = 5001
    FENCE_POLYGON_EXCLUSION = 5002
    FENCE_CIRCLE_INCLUSION = 5003
    FENCE_CIRCLE_EXCLUSION = 5004
    RALLY_POINT = 5100


PLACED = frozenset(
    {
        Command.WAYPOINT,
        Command.LOITER_UNLIMITED,
        Command.LOITER_TURNS,
        Command.LOITER_TIME,
        Command.LAND,
        Command.TAKEOFF,
        Command.LOITER_TO_ALTITUDE,
        Command.SPLINE_WAYPOINT,
        Command.VTOL_TAKEOFF,
        Command.VTOL_LAND,
        Command.SET_HOME,
        Command.LAND_START,
        Command.ROI_LOCATION,
        Command.ROI,
        Command.FENCE_RETURN_POINT,
        Command.FENCE_POLYGON_INCLUSION,
        Command.FENCE_POLYGON_EXCLUSION,
        Command.FENCE_CIRCLE_INCLUSION,
        Command.FENCE_CIRCLE_EXCLUSION,
        Command.RALLY_POINT,
    }
)
"""Commands whose parameters 5–7 are latitude, longitude and altitude."""

FLOWN = frozenset(
    {
        Command.WAYPOINT,
        Command.SPLINE_WAYPOINT,
        Command.LOITER_UNLIMITED,
        Command.LOITER_TURNS,
        Command.LOITER_TIME,
        Command.LOITER_TO_ALTITUDE,
    }
)
"""Commands that the vehicle flies to and from which it goes on."""


def has_place(item: MissionItem) -> bool:
    """Say whether an item's parameters 5–7 are a place.

    A command with a place but with latitude and longitude 0 means "here" (take-off, land).

    >>> has_place(MissionItem(command=16, frame=AltitudeFrame.HOME, params=(0, 0, 0, 0),
    ...                       lat_deg=36.0, lon_deg=136.0, altitude_m=20.0))
    True
    """
    return item.command in PLACED and item.frame is not AltitudeFrame.MISSION


def is_here(item: MissionItem) -> bool:
    """Say whether an item with a place leaves it open: latitude and longitude are both 0.

    >>> is_here(MissionItem(command=22, frame=AltitudeFrame.HOME, params=(0, 0, 0, 0),
    ...                     lat_deg=0.0, lon_deg=0.0, altitude_m=20.0))
    True
    """
    return has_place(item) and item.lat_deg == 0 and item.lon_deg == 0


def name_of(command: int) -> str:
    """Name a command in words with its number.

    >>> name_of(206), name_of(42000)
    ('trigger distance (206)', 'command 42000')
    """
    try:
        return f"{Command(command).name.lower().replace('_', ' ')} ({command})"
    except ValueError:
        return f"command {command}"

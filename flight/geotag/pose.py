"""Say the pose of a photo in EXIF's and XMP's terms from the trigger that it was matched to."""

import math
from dataclasses import dataclass
from datetime import UTC

from flight.geotag.alignment import Match
from flight.geotag.exifgps import GpsTag
from flight.logs.trigger import CameraTrigger, HeightFrame
from inspection.errors import BadInput


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraMount:
    """Say where a levelled gimbal pointed the camera in relation to the vehicle.

    Attributes:
        pitch_deg: −90 straight down, 0 level, +90 straight up.
        yaw_offset_deg: of the optical axis from the vehicle's nose, clockwise.
    """

    pitch_deg: float
    yaw_offset_deg: float = 0.0

    def __post_init__(self) -> None:
        """Check the ranges.

        Raises:
            BadInput: with the value.
        """
        if not -90 <= self.pitch_deg <= 90:
            raise BadInput(f"camera pitch {self.pitch_deg}° is beyond ±90°")
        if not math.isfinite(self.yaw_offset_deg):
            raise BadInput(f"camera yaw {self.yaw_offset_deg}° is not a number")


def gps_tag(trigger: CameraTrigger) -> GpsTag:
    """Give the content of the GPS directory.

    Raises:
        BadInput: when the trigger has no position.
    """
    if trigger.lat_deg is None or trigger.lon_deg is None:
        raise BadInput(
            f"its trigger {trigger.sequence} has no position (the receiver had no fix); nothing "
            "is written"
        )
    return GpsTag(
        lat_deg=trigger.lat_deg,
        lon_deg=trigger.lon_deg,
        height_m=trigger.height_m,
        at=trigger.at and trigger.at.astimezone(UTC),
        horizontal_std_m=trigger.horizontal_std_m or None,
    )


def drone_names(trigger: CameraTrigger, mount: CameraMount | None) -> dict[str, str]:
    """Give the pose under the names of the drone makers, numbers with their sign.

    The attitude of a log is the vehicle's; the camera's is said only with a mount.
    """
    told: dict[str, float | None] = {
        "GpsLatitude": trigger.lat_deg,
        "GpsLongitude": trigger.lon_deg,
        "AbsoluteAltitude": trigger.height_m,
        "RelativeAltitude": trigger.height_takeoff_m,
        "FlightRollDegree": trigger.roll_deg,
        "FlightPitchDegree": trigger.pitch_deg,
        "FlightYawDegree": _half_turn(trigger.yaw_deg),
        "RtkStdLat": trigger.std_n_m,
        "RtkStdLon": trigger.std_e_m,
        "RtkStdHgt": trigger.std_u_m,
    }
    if mount is not None:
        told["GimbalPitchDegree"] = mount.pitch_deg
        told["GimbalRollDegree"] = 0.0
        if trigger.yaw_deg is not None:
            told["GimbalYawDegree"] = _half_turn(trigger.yaw_deg + mount.yaw_offset_deg)
    names = {name: _signed(name, value) for name, value in told.items() if value is not None}
    if trigger.at is not None:
        names["UTCAtExposure"] = trigger.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")
    if trigger.height_frame is HeightFrame.ELLIPSOID and trigger.source == "MRK":
        names["AltitudeType"] = "RtkAlt"
    names["GpsStatus"] = "Normal"
    return names


def provenance(match: Match, trigger: CameraTrigger, log_name: str) -> dict[str, str]:
    """Give where the pose comes from, for those who ask later."""
    told = {
        "Log": log_name,
        "Trigger": str(trigger.sequence),
        "Source": trigger.source,
        "HeightFrame": trigger.height_frame.value,
        "Confidence": match.confidence.value if match.confidence else "",
        "Quality": trigger.quality,
        "ResidualS": "" if match.residual_s is None else f"{match.residual_s:+.3f}",
    }
    return {name: value for name, value in told.items() if value}


def _signed(name: str, value: float) -> str:
    places = 10 if name in {"GpsLatitude", "GpsLongitude"} else 4
    return f"{value:+.{places}f}"


def _half_turn(degrees: float | None) -> float | None:
    """Give a heading within ±180°, as drone makers write it.

    >>> _half_turn(270.0), _half_turn(None)
    (-90.0, None)
    """
    return None if degrees is None else (degrees + 180.0) % 360.0 - 180.0

"""Hold one trigger of the camera, and all triggers that a log tells, with what was lost.

Every reader of this package ends here, whatever the file: dataflash, telemetry, MRK, positions.
"""

import math
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from inspection.errors import BadInput

MOST_M = 100_000.0


class HeightFrame(StrEnum):
    """Say from where a height counts."""

    MSL = "msl"
    """Above mean sea level, by the geoid of the receiver."""

    ELLIPSOID = "ellipsoid"
    """Above the WGS 84 ellipsoid."""

    UNKNOWN = "unknown"
    """The source does not say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraTrigger:
    """Say where and when the camera was released.

    Attributes:
        sequence: number of the trigger in its source.
        at: aware UTC, None when the source has no time.
        lat_deg: WGS 84 latitude, None when the receiver had no fix.
        lon_deg: WGS 84 longitude, likewise.
        height_m: height in ``height_frame``, None when unknown.
        height_frame: from where the height counts.
        height_takeoff_m: height above take-off, None when unknown.
        roll_deg: attitude of the vehicle (not of a gimbal), None when unknown.
        pitch_deg: likewise, positive nose up.
        yaw_deg: likewise, clockwise from true north.
        std_n_m: standard deviation to the north, None when unknown.
        std_e_m: likewise to the east.
        std_u_m: likewise upwards.
        quality: what the source calls its fix, for example ``"50"`` (DJI) or ``"1"`` (RTKLIB).
        source: record or message that it comes from, for example ``"CAM"``.
        image: name of the photo where the source names it, else empty.
    """

    sequence: int
    at: datetime | None
    lat_deg: float | None
    lon_deg: float | None
    source: str
    height_m: float | None = None
    height_frame: HeightFrame = HeightFrame.UNKNOWN
    height_takeoff_m: float | None = None
    roll_deg: float | None = None
    pitch_deg: float | None = None
    yaw_deg: float | None = None
    std_n_m: float | None = None
    std_e_m: float | None = None
    std_u_m: float | None = None
    quality: str = ""
    image: str = ""

    def __post_init__(self) -> None:
        """Check that numbers can be, the place is on the earth and the time has its zone.

        Raises:
            BadInput: with the trigger, the value and its unit.
        """
        for name in _NUMBERS:
            value = getattr(self, name)
            if value is not None and not math.isfinite(value):
                raise BadInput(f"trigger {self.sequence}: {name} is {value}, not a number")
        for name in ("height_m", "height_takeoff_m"):
            if abs(getattr(self, name) or 0.0) > MOST_M:
                raise BadInput(
                    f"trigger {self.sequence}: {name} is {getattr(self, name):g} m, beyond ±100 km"
                )
        for name in ("std_n_m", "std_e_m", "std_u_m"):
            if not 0 <= (getattr(self, name) or 0.0) <= MOST_M:
                raise BadInput(
                    f"trigger {self.sequence}: {name} is {getattr(self, name):g} m; a deviation "
                    "is 0 to 100 km"
                )
        if (self.lat_deg is None) != (self.lon_deg is None):
            raise BadInput(f"trigger {self.sequence} has only half of a position")
        if abs(self.lat_deg or 0.0) > 90 or abs(self.lon_deg or 0.0) > 180:
            raise BadInput(
                f"trigger {self.sequence}: latitude {self.lat_deg}°, longitude {self.lon_deg}° is "
                "not on the earth; are the columns swapped?"
            )
        if self.at is not None and self.at.tzinfo is None:
            raise BadInput(f"trigger {self.sequence}: the time {self.at} carries no zone")

    @property
    def horizontal_std_m(self) -> float | None:
        """Give the larger horizontal standard deviation, metres, None when unknown."""
        known = [value for value in (self.std_n_m, self.std_e_m) if value is not None]
        return max(known) if known else None


_NUMBERS = (
    "lat_deg",
    "lon_deg",
    "height_m",
    "height_takeoff_m",
    "roll_deg",
    "pitch_deg",
    "yaw_deg",
    "std_n_m",
    "std_e_m",
    "std_u_m",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TriggerLog:
    """Carry the triggers of one log, in its order, and what could not be read.

    Attributes:
        name: file name, for people.
        form: what the file was read as.
        triggers: in the order of the log.
        losses: what could not be read, in sentences; empty for a whole log.
        notes: what a reader should know, in sentences.
        numbers_photos: True when ``sequence`` is the number that the camera puts in file names.
    """

    name: str
    form: str
    triggers: tuple[CameraTrigger, ...]
    losses: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    numbers_photos: bool = False


def fixed(lat_deg: float, lon_deg: float) -> tuple[float, float] | tuple[None, None]:
    """Give a position, or none for the 0°, 0° of a receiver without a fix.

    >>> fixed(0.0, 0.0), fixed(36.5, 136.6)
    ((None, None), (36.5, 136.6))
    """
    return (None, None) if lat_deg == 0.0 and lon_deg == 0.0 else (lat_deg, lon_deg)


COUNTED = 1 << 16
"""CAMERA_FEEDBACK counts photos with 16 bits: the photo after number 65535 is number 0.

Source: MAVLink dialect ardupilotmega, message 180, field ``img_idx`` (uint16_t).
"""

NEAR = 4096
"""So near to the end, and then to the beginning, the count has turned over; else it began anew."""


def counted_on(index: int, last: int | None) -> int:
    """Give the number of a photo from one that counts with 16 bits, and from the photo before.

    Args:
        index: as the message says it.
        last: number of the photo before, counted on; None at the beginning.

    >>> counted_on(2, 65534), counted_on(65534, 65538), counted_on(3, 40000)
    (65538, 65534, 3)
    """
    if last is None:
        return index
    turned, at = last - last % COUNTED, last % COUNTED
    if at >= COUNTED - NEAR and index < NEAR:
        return turned + COUNTED + index
    if turned and at < NEAR and index >= COUNTED - NEAR:  # a repeat of one before the turn
        return turned - COUNTED + index
    return turned + index

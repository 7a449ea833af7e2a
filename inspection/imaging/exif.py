"""Turn EXIF directories and drone XMP into typed metadata: time, camera, pose.

Nothing is guessed: a value that is missing, malformed or impossible is None.

Source: EXIF 2.32 (CIPA DC-008-2019) for tags; domain specification §6.5 for the drone's names.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

from inspection.domain.capture import CapturePose
from inspection.errors import BadInput
from inspection.imaging.decode import ExifBlocks
from inspection.imaging.xmp import number

MAKE, MODEL = 0x010F, 0x0110
DATE_TIME_ORIGINAL, SUBSEC_ORIGINAL = 0x9003, 0x9291
OFFSET_ORIGINAL, OFFSET = 0x9011, 0x9010
EXPOSURE_S, F_NUMBER, ISO = 0x829A, 0x829D, 0x8827
FOCAL_MM, FOCAL_35MM, ZOOM = 0x920A, 0xA405, 0xA404
SERIAL, LENS = 0xA431, 0xA434
PIXEL_X, PIXEL_Y = 0xA002, 0xA003
GPS_LAT_REF, GPS_LAT, GPS_LON_REF, GPS_LON, GPS_ALT_REF, GPS_ALT, GPS_TIME = range(1, 8)
GPS_STATUS, GPS_DATE = 9, 29

GPS_NAMES: Final = ("GpsLatitude",), ("GpsLongitude", "GpsLongtitude")
"""DJI names of the position; some firmware misspells the longitude (domain spec. §6.5)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """Hold what a photo says about itself.

    Attributes:
        taken_at: aware UTC, None when the file does not say in which zone its clock runs.
        make: camera maker.
        model: camera model.
        serial: serial number of the camera body.
        lens: lens model.
        exposure_s: exposure time.
        f_number: aperture.
        iso: sensitivity.
        focal_mm: focal length of the lens.
        focal_35mm: focal length equivalent to 35 mm film.
        digital_zoom: zoom by cropping and enlarging, ≥ 1.
        calibrated_focal_px: the maker's calibration, at the size ``original_size_px``.
        original_size_px: columns and rows that the camera recorded.
        pose: place and attitude, None without a usable position.
        pose_problem: why there is no pose, empty when there is one.
    """

    taken_at: datetime | None = None
    make: str = ""
    model: str = ""
    serial: str = ""
    lens: str = ""
    exposure_s: float | None = None
    f_number: float | None = None
    iso: float | None = None
    focal_mm: float | None = None
    focal_35mm: float | None = None
    digital_zoom: float = 1.0
    calibrated_focal_px: float | None = None
    original_size_px: tuple[int, int] | None = None
    pose: CapturePose | None = None
    pose_problem: str = ""


def read_metadata(blocks: ExifBlocks, drone: Mapping[str, str]) -> Metadata:
    """Read typed metadata from EXIF directories and the drone's XMP properties."""
    exif = blocks.exif
    pose, problem = _pose(blocks.gps, drone)
    return Metadata(
        taken_at=_taken_at(blocks, drone),
        make=_text(blocks.base.get(MAKE)),
        model=_text(blocks.base.get(MODEL)),
        serial=_text(exif.get(SERIAL)),
        lens=_text(exif.get(LENS)),
        exposure_s=_positive(exif.get(EXPOSURE_S)),
        f_number=_positive(exif.get(F_NUMBER)),
        iso=_positive(exif.get(ISO)),
        focal_mm=_positive(exif.get(FOCAL_MM)),
        focal_35mm=_positive(exif.get(FOCAL_35MM)),
        digital_zoom=max(1.0, _positive(exif.get(ZOOM)) or 1.0),
        calibrated_focal_px=_positive(number(drone, "CalibratedFocalLength")),
        original_size_px=_original_size(exif),
        pose=pose,
        pose_problem=problem,
    )


def degrees_from_dms(dms: object, reference: object) -> float | None:
    """Give signed decimal degrees of an EXIF degrees-minutes-seconds triple, None when malformed.

    >>> degrees_from_dms((46.0, 50.0, 33.3855), "N"), degrees_from_dms((91.0, 30.0, 0.0), "W")
    (46.842607083333334, -91.5)
    >>> degrees_from_dms((46.0, 60.5, 0.0), "N") is None  # 60.5 minutes do not exist
    True
    """
    if isinstance(dms, str) or not isinstance(dms, Sequence) or len(dms) != 3:
        return None
    parts = [_number(part) for part in dms]
    sign = {"N": 1.0, "E": 1.0, "S": -1.0, "W": -1.0}.get(_text(reference).upper()[:1])
    if sign is None or any(part is None or part < 0 for part in parts):
        return None
    degrees, minutes, seconds = (part or 0.0 for part in parts)
    if minutes >= 60.001 or seconds >= 60.001:  # writers round 59.9996″ to 60″
        return None
    return sign * (degrees + minutes / 60.0 + seconds / 3600.0)


def utc_from_exif(stamp: object, subsecond: object, offset: object) -> datetime | None:
    """Give the UTC moment of an EXIF local time with its zone, None when any part is missing.

    >>> utc_from_exif("2025:11:03 09:30:00", "25", "+09:00").isoformat()
    '2025-11-03T00:30:00.250000+00:00'
    >>> utc_from_exif("2025:11:03 09:30:00", "25", None) is None  # which zone? never guess
    True
    """
    zone = _zone(_text(offset))
    digits = _text(subsecond)
    fraction = f".{digits}" if digits.isascii() and digits.isdigit() else ".0"
    if zone is None:
        return None
    try:
        local = datetime.strptime(_text(stamp)[:19], "%Y:%m:%d %H:%M:%S")
        moment = local.replace(tzinfo=zone) + timedelta(seconds=float(fraction))
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):  # no such day, or outside the years 1 to 9999 in UTC
        return None


def utc_from_gps(date: object, time: object) -> datetime | None:
    """Give the moment of the EXIF GPS date and time stamps, which are UTC by definition.

    >>> utc_from_gps("2016:06:23", (21.0, 31.0, 59.5)).isoformat()
    '2016-06-23T21:31:59.500000+00:00'
    """
    if isinstance(time, str) or not isinstance(time, Sequence) or len(time) != 3:
        return None
    parts = [_number(part) for part in time]
    if any(part is None or part < 0 for part in parts):
        return None
    hours, minutes, seconds = (part or 0.0 for part in parts)
    if hours >= 24 or minutes >= 60 or seconds >= 61:  # 60 is a leap second
        return None
    try:
        day = datetime.strptime(_text(date)[:10].replace("-", ":"), "%Y:%m:%d").replace(tzinfo=UTC)
        return day + timedelta(hours=hours, minutes=minutes, seconds=seconds)
    except (ValueError, OverflowError):
        return None


def _taken_at(blocks: ExifBlocks, drone: Mapping[str, str]) -> datetime | None:
    """Give the moment of exposure from the best clock: drone's UTC, zoned camera clock, GPS."""
    exif = blocks.exif
    at_exposure = drone.get("UTCAtExposure", "").replace("T", " ").replace("-", ":")
    whole, _, fraction = at_exposure.removesuffix("Z").partition(".")
    return (
        utc_from_exif(whole, fraction, "+00:00")
        or utc_from_exif(
            exif.get(DATE_TIME_ORIGINAL),
            exif.get(SUBSEC_ORIGINAL),
            exif.get(OFFSET_ORIGINAL) or exif.get(OFFSET),
        )
        or utc_from_gps(blocks.gps.get(GPS_DATE), blocks.gps.get(GPS_TIME))
    )


def _pose(gps: Mapping[int, object], drone: Mapping[str, str]) -> tuple[CapturePose | None, str]:
    """Give the pose, or None with the reason.

    EXIF speaks first: tools that improve positions afterwards (PPK) rewrite EXIF, not XMP.
    """
    if _text(gps.get(GPS_STATUS)).upper() == "V" or drone.get("GpsStatus", "").lower() == "invalid":
        return None, "the receiver marked its position as invalid"
    lat = degrees_from_dms(gps.get(GPS_LAT), gps.get(GPS_LAT_REF))
    lon = degrees_from_dms(gps.get(GPS_LON), gps.get(GPS_LON_REF))
    if lat is None or lon is None:
        lat, lon = number(drone, *GPS_NAMES[0]), number(drone, *GPS_NAMES[1])
    if lat is None or lon is None:
        return None, "neither EXIF nor XMP holds a position"
    try:
        return _pose_at(lon, lat, gps, drone), ""
    except BadInput as error:
        return None, str(error)


def _pose_at(
    lon: float, lat: float, gps: Mapping[int, object], drone: Mapping[str, str]
) -> CapturePose:
    """Complete a position with height, attitude and the receiver's own accuracy."""
    deviations = [number(drone, "RtkStdLon"), number(drone, "RtkStdLat")]
    known = [value for value in deviations if value is not None and value > 0]
    altitude = _altitude_m(gps)
    return CapturePose(
        lon_deg=lon,
        lat_deg=lat,
        altitude_m=number(drone, "AbsoluteAltitude") if altitude is None else altitude,
        altitude_relative_m=number(drone, "RelativeAltitude"),
        yaw_deg=number(drone, "GimbalYawDegree"),
        pitch_deg=number(drone, "GimbalPitchDegree"),
        roll_deg=number(drone, "GimbalRollDegree"),
        horizontal_std_m=max(known) if known else _positive(number(drone, "GPSXYAccuracy")),
        vertical_std_m=_positive(number(drone, "RtkStdHgt"))
        or _positive(number(drone, "GPSZAccuracy")),
    )


def _altitude_m(gps: Mapping[int, object]) -> float | None:
    """Give the EXIF altitude in metres, negative below the sea (reference 1)."""
    altitude = _number(gps.get(GPS_ALT))
    reference = gps.get(GPS_ALT_REF)
    below = reference in (1, b"\x01", "1")
    return altitude if altitude is None or not below else -altitude


def _original_size(exif: Mapping[int, object]) -> tuple[int, int] | None:
    """Give the size that the camera recorded, None when EXIF does not say."""
    columns, rows = _positive(exif.get(PIXEL_X)), _positive(exif.get(PIXEL_Y))
    return None if columns is None or rows is None else (round(columns), round(rows))


def _zone(offset: str) -> timezone | None:
    """Give the time zone of ``+09:00`` or ``Z``."""
    if offset.upper() == "Z":
        return UTC
    try:
        moved = datetime.strptime(offset, "%z").utcoffset()
    except ValueError:
        return None
    return None if moved is None else timezone(moved)


def _text(value: object) -> str:
    """Give a tag as text without the padding of the camera, empty when it is none."""
    if isinstance(value, bytes):
        value = value.decode("ascii", errors="replace")
    return value.replace("\x00", "").strip() if isinstance(value, str) else ""


def _number(value: object) -> float | None:
    """Give a tag as a finite number; a rational with denominator 0 is none."""
    if isinstance(value, bool | str | bytes) or not hasattr(value, "__float__"):
        return None
    try:
        converted = float(value)
    except (ValueError, ZeroDivisionError, OverflowError):
        return None
    return converted if math.isfinite(converted) else None


def _positive(value: object) -> float | None:
    """Give a tag as a number > 0; cameras write 0 for unknown."""
    converted = _number(value)
    return converted if converted is not None and converted > 0 else None

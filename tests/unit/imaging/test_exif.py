"""EXIF and XMP to typed metadata: hemispheres, clocks, padding, nonsense."""

import math
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection.imaging import exif
from inspection.imaging.decode import ExifBlocks
from inspection.imaging.exif import (
    Metadata,
    degrees_from_dms,
    read_metadata,
    utc_from_exif,
    utc_from_gps,
)

ISHIKAWA = {1: "N", 2: (36.0, 35.0, 40.5816), 3: "E", 4: (136.0, 37.0, 32.4084)}
RIO = {1: "S", 2: (22.0, 54.0, 0.0), 3: "W", 4: (42.0, 30.0, 0.0)}


def read(
    base: dict[int, Any] | None = None,
    detail: dict[int, Any] | None = None,
    gps: dict[int, Any] | None = None,
    **drone: str,
) -> Metadata:
    blocks = ExifBlocks(base=base or {}, exif=detail or {}, gps=gps or {})
    return read_metadata(blocks, drone)


# -- positions ----------------------------------------------------------------------------------


def dms_of(degrees: float) -> tuple[Fraction, Fraction, Fraction]:
    """Write degrees as a camera does: seconds in ten-thousandths."""
    ten_thousandths = round(abs(degrees) * 36_000_000)
    minutes, seconds = divmod(ten_thousandths, 600_000)
    whole, minutes = divmod(minutes, 60)
    return Fraction(whole), Fraction(minutes), Fraction(seconds, 10_000)


@given(st.floats(min_value=-180, max_value=180))
def test_degrees_survive_the_way_through_exif(degrees: float) -> None:
    reference = "E" if degrees >= 0 else "W"
    back = degrees_from_dms(dms_of(degrees), reference)
    assert back is not None
    assert abs(back - degrees) <= 0.5e-4 / 3600 + 1e-12  # half a ten-thousandth of a second


@given(st.integers(0, 179), st.integers(0, 59), st.floats(0, 59.9999))
def test_west_is_the_mirror_of_east(whole: int, minutes: int, seconds: float) -> None:
    east = degrees_from_dms((whole, minutes, seconds), "E")
    west = degrees_from_dms((whole, minutes, seconds), "W")
    assert east is not None and west is not None and east == -west >= 0


@pytest.mark.parametrize(
    ("dms", "reference"),
    [
        ((1.0, 2.0), "N"),
        ("123", "N"),
        (None, "N"),
        (7.5, "N"),
        ((1.0, 2.0, 3.0), ""),
        ((1.0, 2.0, 3.0), None),
        ((1.0, 2.0, 3.0), "Q"),
        ((-1.0, 2.0, 3.0), "N"),
        ((1.0, 61.0, 3.0), "N"),
        ((1.0, 2.0, 75.0), "N"),
        ((math.nan, 2.0, 3.0), "N"),
        ((1.0, "x", 3.0), "N"),
    ],
)
def test_a_malformed_position_is_none(dms: object, reference: object) -> None:
    assert degrees_from_dms(dms, reference) is None


def test_seconds_rounded_up_to_sixty_are_a_minute() -> None:
    assert degrees_from_dms((46.0, 59.0, 60.0), "N") == pytest.approx(47.0)


def test_references_may_be_padded_bytes() -> None:
    assert degrees_from_dms((1.0, 30.0, 0.0), b"s\x00") == -1.5


@pytest.mark.parametrize(
    ("gps", "lon", "lat"), [(ISHIKAWA, 136.625669, 36.594606), (RIO, -42.5, -22.9)]
)
def test_both_hemispheres(gps: dict[int, Any], lon: float, lat: float) -> None:
    pose = read(gps=gps).pose
    assert pose is not None
    assert (pose.lon_deg, pose.lat_deg) == pytest.approx((lon, lat), abs=1e-9)


def test_the_misspelt_longitude_of_the_drone_is_read() -> None:
    pose = read(GpsLatitude="-22.9", GpsLongtitude="-42.5").pose
    assert pose is not None and (pose.lon_deg, pose.lat_deg) == (-42.5, -22.9)


def test_exif_speaks_before_xmp_because_later_corrections_are_written_there() -> None:
    pose = read(gps=RIO, GpsLatitude="10", GpsLongitude="20").pose
    assert pose is not None and pose.lat_deg == pytest.approx(-22.9)


def test_half_a_position_in_exif_is_completed_from_xmp_as_a_whole() -> None:
    pose = read(gps={1: "N", 2: (1.0, 0.0, 0.0)}, GpsLatitude="10", GpsLongitude="20").pose
    assert pose is not None and (pose.lon_deg, pose.lat_deg) == (20.0, 10.0)


@pytest.mark.parametrize(
    ("gps", "drone", "why"),
    [
        ({}, {}, "neither EXIF nor XMP"),
        ({1: "N", 2: (0.0, 0.0, 0.0), 3: "E", 4: (0.0, 0.0, 0.0)}, {}, "no fix"),
        ({}, {"GpsLatitude": "91", "GpsLongitude": "0.5"}, "not on the earth"),
        (RIO | {9: "V"}, {}, "invalid"),
        (RIO, {"GpsStatus": "Invalid"}, "invalid"),
    ],
)
def test_an_unusable_position_says_why(
    gps: dict[int, Any], drone: dict[str, str], why: str
) -> None:
    metadata = read(gps=gps, **drone)
    assert metadata.pose is None
    assert why in metadata.pose_problem


def test_a_usable_position_has_no_problem() -> None:
    assert read(gps=RIO | {9: "A"}, GpsStatus="RTK").pose_problem == ""


@pytest.mark.parametrize(
    ("reference", "altitude_m"),
    [(b"\x00", 12.5), (0, 12.5), (None, 12.5), (b"\x01", -12.5), (1, -12.5)],
)
def test_heights_below_the_sea_are_negative(reference: object, altitude_m: float) -> None:
    pose = read(gps=RIO | {5: reference, 6: 12.5}).pose
    assert pose is not None and pose.altitude_m == altitude_m


def test_the_drones_own_height_attitude_and_accuracy() -> None:
    pose = read(
        gps=RIO,
        AbsoluteAltitude="+198.31",
        RelativeAltitude="+39.80",
        GimbalYawDegree="+45.00",
        GimbalPitchDegree="-89.90",
        GimbalRollDegree="+0.00",
        RtkStdLon="0.012",
        RtkStdLat="0.015",
        RtkStdHgt="0.031",
    ).pose
    assert pose is not None
    assert (pose.altitude_m, pose.altitude_relative_m) == (198.31, 39.8)
    assert (pose.yaw_deg, pose.pitch_deg, pose.roll_deg) == (45.0, -89.9, 0.0)
    assert pose.horizontal_std_m == 0.015  # the worse of the two
    assert pose.vertical_std_m == 0.031


def test_a_receiver_that_states_no_accuracy_has_none() -> None:
    pose = read(gps=RIO, RtkStdLon="0.0", RtkStdLat="0.0", RtkStdHgt="0").pose
    assert pose is not None and pose.horizontal_std_m is None and pose.vertical_std_m is None


def test_accuracy_of_other_makers() -> None:
    pose = read(gps=RIO, GPSXYAccuracy="1.2", GPSZAccuracy="2.5").pose
    assert pose is not None and (pose.horizontal_std_m, pose.vertical_std_m) == (1.2, 2.5)


# -- clocks -------------------------------------------------------------------------------------

LOCAL = {0x9003: "2025:11:03 09:30:00", 0x9291: "25 ", 0x9011: "+09:00"}
GPS_CLOCK = {7: (21.0, 31.0, 59.5), 29: "2016:06:23"}


def test_a_zoned_camera_clock_becomes_utc() -> None:
    assert read(detail=LOCAL).taken_at == datetime(2025, 11, 3, 0, 30, 0, 250_000, UTC)


def test_the_general_offset_serves_when_the_original_one_is_missing() -> None:
    detail = {0x9003: LOCAL[0x9003], 0x9010: "-03:30"}
    assert read(detail=detail).taken_at == datetime(2025, 11, 3, 13, 0, tzinfo=UTC)


def test_without_a_zone_the_gps_clock_speaks() -> None:
    taken = read(detail={0x9003: "2016:06:23 16:31:59"}, gps=GPS_CLOCK).taken_at
    assert taken == datetime(2016, 6, 23, 21, 31, 59, 500_000, UTC)


def test_a_clock_without_zone_is_never_guessed() -> None:
    assert read(detail={0x9003: "2016:06:23 16:31:59"}).taken_at is None


@pytest.mark.parametrize("text", ["2022-05-10T03:04:05.123456Z", "2022:05:10 03:04:05.123456"])
def test_the_drones_utc_at_exposure_is_the_best_clock(text: str) -> None:
    taken = read(detail=LOCAL, gps=GPS_CLOCK, UTCAtExposure=text).taken_at
    assert taken == datetime(2022, 5, 10, 3, 4, 5, 123_456, UTC)


@pytest.mark.parametrize(
    ("stamp", "offset"),
    [
        ("0000:00:00 00:00:00", "+09:00"),
        ("    :  :     :  :  ", "+09:00"),
        ("2025:02:30 00:00:00", "+09:00"),
        (None, "+09:00"),
        (12, "Z"),
        ("2025:11:03 09:30:00", "JST"),
        ("2025:11:03 09:30:00", ""),
    ],
)
def test_nonsense_clocks_are_none(stamp: object, offset: object) -> None:
    assert utc_from_exif(stamp, None, offset) is None


def test_zulu_time() -> None:
    assert utc_from_exif("2025:11:03 09:30:00", None, "Z") == datetime(
        2025, 11, 3, 9, 30, tzinfo=UTC
    )


def test_a_nonsense_subsecond_is_ignored() -> None:
    taken = utc_from_exif("2025:11:03 09:30:00", "²5", "Z")
    assert taken == datetime(2025, 11, 3, 9, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("date", "time"),
    [
        ("2016:06:23", (24.0, 0.0, 0.0)),
        ("2016:06:23", (1.0, 60.0, 0.0)),
        ("2016:06:23", (1.0, 0.0)),
        ("2016:06:23", "12:00:00"),
        ("2016:06:23", (math.nan, 0.0, 0.0)),
        ("2016:13:23", (1.0, 0.0, 0.0)),
        (None, (1.0, 0.0, 0.0)),
    ],
)
def test_nonsense_gps_clocks_are_none(date: object, time: object) -> None:
    assert utc_from_gps(date, time) is None


def test_gps_dates_may_be_written_with_dashes() -> None:
    assert utc_from_gps("2016-06-23", (0, 0, 60)) == datetime(2016, 6, 23, 0, 1, tzinfo=UTC)


# -- the camera ---------------------------------------------------------------------------------


def test_the_camera_is_read_without_its_padding() -> None:
    metadata = read(
        base={exif.MAKE: "DJI\x00\x00", exif.MODEL: b"FC300S\x00"},
        detail={
            exif.FOCAL_MM: Fraction(361, 100),
            exif.FOCAL_35MM: 20,
            exif.ZOOM: math.nan,
            exif.EXPOSURE_S: 0.002702,
            exif.F_NUMBER: 2.8,
            exif.ISO: 100,
            exif.SERIAL: "53HQN4T0M5B7\x00",
            exif.LENS: "fixed",
            exif.PIXEL_X: 4000,
            exif.PIXEL_Y: 2250,
        },
        CalibratedFocalLength="3666.666504",
    )
    assert (metadata.make, metadata.model) == ("DJI", "FC300S")
    assert (metadata.serial, metadata.lens) == ("53HQN4T0M5B7", "fixed")
    assert (metadata.focal_mm, metadata.focal_35mm) == (3.61, 20.0)
    assert (metadata.exposure_s, metadata.f_number, metadata.iso) == (0.002702, 2.8, 100.0)
    assert metadata.digital_zoom == 1.0
    assert metadata.original_size_px == (4000, 2250)
    assert metadata.calibrated_focal_px == 3666.666504


class DividedByZero:
    def __float__(self) -> float:
        raise ZeroDivisionError


@pytest.mark.parametrize("nonsense", [0, -1.0, math.inf, math.nan, "5", b"5", DividedByZero(), ()])
def test_nonsense_numbers_are_unknown(nonsense: object) -> None:
    metadata = read(detail={exif.FOCAL_MM: nonsense, exif.PIXEL_X: nonsense, exif.PIXEL_Y: 3})
    assert metadata.focal_mm is None
    assert metadata.original_size_px is None


def test_a_photo_that_says_nothing() -> None:
    assert read() == Metadata(pose_problem="neither EXIF nor XMP holds a position")

"""What real cameras write into real files: turned photos, odd clocks, thumbnails, cut transfers."""

import io
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image
from PIL.TiffImagePlugin import IFDRational

from inspection.domain.capture import RejectionReason
from inspection.imaging.decode import Decoded, Flaw, decode, jpeg_is_complete, read_grey
from inspection.imaging.exif import Metadata, read_metadata
from inspection.imaging.xmp import drone_properties

ORIENTATION, EXIF_IFD, GPS_IFD = 0x0112, 0x8769, 0x8825
LAW = settings(derandomize=True, deadline=None, max_examples=60)

XMP = """<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF
 xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description
 xmlns:drone-dji="http://www.dji.com/drone-dji/1.0/" {properties}/></rdf:RDF></x:xmpmeta>"""


def scene(width: int = 48, height: int = 32) -> NDArray[np.uint8]:
    """Draw a picture whose four corners differ, in blocks that JPEG keeps apart."""
    grey = np.full((height, width), 128, np.uint8)
    grey[:8, :8], grey[:8, -8:], grey[-8:, :8] = 20, 90, 230
    return grey


def photo(
    *,
    orientation: int | None = None,
    exif: dict[int, Any] | None = None,
    gps: dict[int, Any] | None = None,
    xmp: str = "",
    kind: str = "JPEG",
    grey: NDArray[np.uint8] | None = None,
) -> bytes:
    """Write a photo as a camera would."""
    tags = Image.Exif()
    if orientation is not None:
        tags[ORIENTATION] = orientation
    if exif:
        tags.get_ifd(EXIF_IFD).update(exif)
    if gps:
        tags.get_ifd(GPS_IFD).update(gps)
    content = io.BytesIO()
    options: dict[str, Any] = {"exif": tags.tobytes()} if len(tags) or exif or gps else {}
    if xmp:
        options["xmp"] = XMP.format(properties=xmp).encode()
    image = Image.fromarray(scene() if grey is None else grey)
    image.save(content, kind, quality=95, **options)
    return content.getvalue()


def decoded(content: bytes) -> Decoded:
    found = decode(content)
    assert isinstance(found, Decoded), found
    return found


def metadata(content: bytes) -> Metadata:
    found = decoded(content)
    drone = drone_properties(found.xmp) if found.xmp else {}
    return read_metadata(found.blocks, drone)


def corners(grey: NDArray[np.uint8]) -> list[int]:
    """Give what was drawn in the four corners, clockwise from the top left."""
    levels = [grey[3, 3], grey[3, -4], grey[-4, -4], grey[-4, 3]]
    drawn = (20, 90, 128, 230)
    return [min(drawn, key=lambda level: abs(level - int(seen))) for seen in levels]


@pytest.mark.parametrize(
    ("orientation", "shown"),
    [
        (1, [20, 90, 128, 230]),
        (2, [90, 20, 230, 128]),
        (3, [128, 230, 20, 90]),
        (4, [230, 128, 90, 20]),
        (5, [20, 230, 128, 90]),
        (6, [230, 20, 90, 128]),
        (7, [128, 90, 20, 230]),
        (8, [90, 128, 230, 20]),
    ],
)
def test_a_photo_taken_with_a_turned_camera_is_shown_upright(
    tmp_path: Path, orientation: int, shown: list[int]
) -> None:
    """The table of EXIF 2.32 §4.6.4: where the first row and column of the file are shown."""
    path = tmp_path / "turned.jpg"
    path.write_bytes(photo(orientation=orientation))
    upright = read_grey(path)
    assert corners(upright) == shown
    assert upright.shape == ((48, 32) if orientation >= 5 else (32, 48))
    assert decoded(path.read_bytes()).size_px == upright.shape[::-1]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_turning_agrees_with_the_library_that_wrote_the_file(
    tmp_path: Path, orientation: int
) -> None:
    from PIL import ImageOps

    path = tmp_path / "turned.png"
    grey = np.random.default_rng(orientation).integers(0, 256, (5, 7), dtype=np.uint8)
    path.write_bytes(photo(orientation=orientation, kind="PNG", grey=grey))
    with Image.open(path) as image:
        expected = np.asarray(ImageOps.exif_transpose(image).convert("L"))
    np.testing.assert_array_equal(read_grey(path), expected)


@pytest.mark.parametrize("orientation", [0, 9, 255, 65535])
def test_an_orientation_that_does_not_exist_is_upright(orientation: int) -> None:
    assert decoded(photo(orientation=orientation)).orientation == 1


GPS_RIO = {1: "S", 2: (22.0, 54.0, 36.0), 3: "W", 4: (43.0, 10.0, 12.0), 5: b"\x00", 6: 40.0}


def test_the_position_of_a_file_is_signed_degrees() -> None:
    pose = metadata(photo(gps=GPS_RIO)).pose
    assert pose is not None
    assert pose.lat_deg == pytest.approx(-(22 + 54 / 60 + 36 / 3600), abs=1e-9)
    assert pose.lon_deg == pytest.approx(-(43 + 10 / 60 + 12 / 3600), abs=1e-9)
    assert pose.altitude_m == 40.0


@LAW
@given(
    lat=st.floats(-89.99, 89.99),
    lon=st.floats(-179.99, 179.99),
    height=st.floats(-400, 8000),
)
def test_any_place_on_earth_survives_a_file(lat: float, lon: float, height: float) -> None:
    """Rationals of a thousandth of a second are 31 mm; heights keep the centimetre.

    Latitude and longitude 0 are what a receiver without a fix writes, and are no place.
    """
    assume(abs(lat) > 1e-3 or abs(lon) > 1e-3)

    def dms(degrees: float) -> tuple[IFDRational, ...]:
        thousandths = round(abs(degrees) * 3_600_000)
        minutes, seconds = divmod(thousandths, 60_000)
        whole, minutes = divmod(minutes, 60)
        return IFDRational(whole), IFDRational(minutes), IFDRational(seconds, 1000)

    gps = {
        1: "N" if lat >= 0 else "S",
        2: dms(lat),
        3: "E" if lon >= 0 else "W",
        4: dms(lon),
        5: b"\x00" if height >= 0 else b"\x01",
        6: IFDRational(round(abs(height) * 100), 100),
    }
    pose = metadata(photo(gps=gps)).pose
    assert pose is not None and pose.altitude_m is not None
    assert abs(pose.lat_deg - lat) < 0.6e-3 / 3600
    assert abs(pose.lon_deg - lon) < 0.6e-3 / 3600
    assert abs(pose.altitude_m - height) <= 0.0051


@pytest.mark.parametrize(
    "gps",
    [
        {1: "S", 2: (IFDRational(22, 0), 54.0, 36.0), 3: "W", 4: (43.0, 10.0, 12.0)},
        {1: "S", 2: (22.0, 54.0, 36.0)},
        {2: (22.0, 54.0, 36.0), 4: (43.0, 10.0, 12.0)},
        {1: "N", 2: (95.0, 0.0, 0.0), 3: "E", 4: (10.0, 0.0, 0.0)},
        {**GPS_RIO, 9: "V"},
    ],
    ids=["divided-by-zero", "half", "no-hemisphere", "beyond-the-pole", "void"],
)
def test_a_position_that_is_none_says_why_and_costs_nothing_else(gps: dict[int, Any]) -> None:
    found = metadata(photo(gps=gps, exif={0x920A: IFDRational(88, 10)}))
    assert found.pose is None
    assert found.pose_problem
    assert found.focal_mm == 8.8


def test_a_drone_that_writes_its_height_in_xmp_only() -> None:
    found = metadata(
        photo(
            gps={key: GPS_RIO[key] for key in (1, 2, 3, 4)},
            xmp='drone-dji:AbsoluteAltitude="+112.35" drone-dji:RelativeAltitude="-0.30" '
            'drone-dji:GimbalPitchDegree="-90.00" drone-dji:GimbalYawDegree="+179.90"',
        )
    )
    assert found.pose is not None
    assert (found.pose.altitude_m, found.pose.altitude_relative_m) == (112.35, -0.30)
    assert (found.pose.pitch_deg, found.pose.yaw_deg) == (-90.0, 179.9)


@pytest.mark.parametrize(
    ("exif", "moment"),
    [
        ({0x9003: "2025:12:31 23:59:59", 0x9011: "-12:00"}, "2026-01-01T11:59:59+00:00"),
        ({0x9003: "2024:02:29 00:00:00", 0x9011: "+14:00"}, "2024-02-28T10:00:00+00:00"),
        ({0x9003: "2025:06:01 09:00:00", 0x9291: "999", 0x9010: "+09:00"},
         "2025-06-01T00:00:00.999000+00:00"),
        ({0x9003: "2025:06:01 09:00:00"}, None),
        ({0x9003: "0000:00:00 00:00:00", 0x9011: "+09:00"}, None),
        ({0x9003: "    :  :     :  :  ", 0x9011: "+09:00"}, None),
        ({0x9003: "2025:02:30 09:00:00", 0x9011: "+09:00"}, None),
        ({0x9003: "2025:06:01 09:00:00", 0x9011: "   :  "}, None),
    ],
)  # fmt: skip
def test_clocks_of_cameras(exif: dict[int, Any], moment: str | None) -> None:
    taken_at = metadata(photo(exif=exif)).taken_at
    assert (None if taken_at is None else taken_at.isoformat()) == moment


@pytest.mark.parametrize("stamp", ["0001:01:01 00:00:00", "9999:12:31 23:59:59"])
@pytest.mark.parametrize("zone", ["+14:00", "-12:00"])
def test_a_clock_at_the_end_of_the_calendar_is_a_moment_or_none(stamp: str, zone: str) -> None:
    """Its UTC may lie in the year 0 or 10000, which no clock can tell."""
    taken_at = metadata(photo(exif={0x9003: stamp, 0x9011: zone})).taken_at
    assert taken_at is None or taken_at.tzinfo is not None


def test_a_leap_second_at_the_end_of_the_calendar_is_no_moment() -> None:
    gps = {**GPS_RIO, 29: "9999:12:31", 7: (23.0, 59.0, 60.0)}
    assert metadata(photo(gps=gps)).taken_at is None
    gps[7] = (23.0, 59.0, 59.0)
    assert metadata(photo(gps=gps)).taken_at is not None


@pytest.mark.parametrize("zero", [IFDRational(0, 0), IFDRational(5, 0), 0, IFDRational(0, 7)])
def test_unknown_numbers_are_written_as_zero_or_divided_by_zero(zero: Any) -> None:
    found = metadata(photo(exif={0x920A: zero, 0xA404: zero, 0x829A: zero}))
    assert (found.focal_mm, found.exposure_s, found.digital_zoom) == (None, None, 1.0)


def test_makers_in_japanese_and_padding_are_text() -> None:
    tags = Image.Exif()
    tags[0x010F], tags[0x0110] = "SONY  \x00\x00", "カメラ"
    content = io.BytesIO()
    Image.fromarray(scene()).save(content, "JPEG", exif=tags.tobytes())
    found = metadata(content.getvalue())
    assert found.make == "SONY"
    assert found.model  # whatever the code page made of it, the photo is read


@pytest.fixture(scope="module")
def whole() -> bytes:
    noise = np.random.default_rng(3).integers(0, 256, (40, 56), dtype=np.uint8)
    return photo(orientation=6, gps=GPS_RIO, xmp='drone-dji:RelativeAltitude="+3"', grey=noise)


@LAW
@given(share=st.floats(0, 0.999))
def test_a_transfer_that_broke_off_anywhere_is_no_photo(whole: bytes, share: float) -> None:
    found = decode(whole[: int(share * len(whole))])
    assert isinstance(found, Flaw)
    assert found.detail
    assert found.reason in {
        RejectionReason.EMPTY,
        RejectionReason.NOT_AN_IMAGE,
        RejectionReason.TRUNCATED,
        RejectionReason.UNREADABLE,
    }


@LAW
@given(at=st.floats(0, 1), value=st.integers(0, 255))
def test_one_wrong_byte_is_survived_or_refused_in_words(
    whole: bytes, at: float, value: int
) -> None:
    place = min(int(at * len(whole)), len(whole) - 1)
    found = decode(whole[:place] + bytes([value]) + whole[place + 1 :])
    if isinstance(found, Flaw):
        assert found.detail
        return
    assert found.grey.dtype == np.uint8
    assert 1 <= found.orientation <= 8


@LAW
@given(st.binary(max_size=200))
def test_noise_is_never_a_photo(noise: bytes) -> None:
    assert isinstance(decode(noise), Flaw)
    assert jpeg_is_complete(b"\xff\xd8" + noise) in {True, False}


@LAW
@given(st.integers(0, 64), st.binary(max_size=64))
def test_what_follows_the_end_does_not_matter(whole: bytes, zeros: int, tail: bytes) -> None:
    """Some cameras append previews or padding behind the picture."""
    longer = decoded(whole + b"\x00" * zeros + tail)
    np.testing.assert_array_equal(longer.grey, decoded(whole).grey)


@pytest.mark.parametrize("size", [(1, 1), (1, 4000), (4000, 1), (17, 3)])
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF"])
def test_photos_of_any_shape_decode(size: tuple[int, int], kind: str) -> None:
    grey = np.full(size, 77, np.uint8)
    found = decoded(photo(kind=kind, grey=grey))
    assert found.grey.shape == size
    assert abs(int(found.grey[0, 0]) - 77) <= 1


def test_a_header_that_promises_a_gigapixel_is_not_believed() -> None:
    """The size stands in the start-of-frame segment: two bytes each for rows and columns."""
    content = bytearray(photo())
    frame = content.index(b"\xff\xc0")
    content[frame + 5 : frame + 9] = struct.pack(">HH", 65000, 65000)
    found = decode(bytes(content))
    assert isinstance(found, Flaw)
    assert found.reason is RejectionReason.TOO_LARGE

"""Geotagged copies: what Tenken reads back is what was written, all else is as it was."""

import doctest
import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from flight.geotag import exifgps, pose
from flight.geotag.alignment import Confidence, Match
from flight.geotag.copying import CopyOptions, Written, write_copy
from flight.geotag.exifgps import GpsTag, dms, with_gps
from flight.geotag.jpegparts import EXIF_HEAD, XMP_HEAD, put_together, take_apart, with_metadata
from flight.geotag.pose import CameraMount
from flight.geotag.posexmp import with_pose
from flight.logs.trigger import CameraTrigger, HeightFrame
from inspection.errors import BadInput, BadPhoto, Broken, Conflict
from inspection.imaging.decode import Decoded, decode, read_headers
from inspection.imaging.exif import Metadata, read_metadata
from inspection.imaging.xmp import drone_properties
from tests.support.jpegs import DJI_XMP, jpeg

NOON = datetime(2026, 11, 23, 3, 0, 0, 250_000, tzinfo=UTC)
TRIGGER = CameraTrigger(
    sequence=7,
    at=NOON,
    lat_deg=36.594600123,
    lon_deg=136.625669345,
    height_m=84.0712,
    height_frame=HeightFrame.MSL,
    height_takeoff_m=60.01,
    roll_deg=0.2,
    pitch_deg=-2.9,
    yaw_deg=270.0,
    source="CAM",
)
OPTIONS = CopyOptions(log_name="flight.BIN")


def match(trigger: CameraTrigger = TRIGGER) -> Match:
    return Match(photo="a.JPG", trigger=trigger, residual_s=0.01, confidence=Confidence.HIGH)


def copied(
    tmp_path: Path, content: bytes, trigger: CameraTrigger = TRIGGER, **options: object
) -> Metadata:
    (tmp_path / "in").mkdir(exist_ok=True)
    source, target = tmp_path / "in" / "a.JPG", tmp_path / "out" / "a.JPG"
    source.write_bytes(content)
    write_copy(source, target, match(trigger), replace(OPTIONS, overwrite=True, **options))  # type: ignore[arg-type]
    assert source.read_bytes() == content
    return read(target)


def read(path: Path) -> Metadata:
    found = decode(path.read_bytes())
    assert isinstance(found, Decoded)
    assert found.notes == ()
    return read_metadata(found.blocks, drone_properties(found.xmp or b""))


def test_doctests_hold() -> None:
    assert doctest.testmod(exifgps).failed == 0
    assert doctest.testmod(pose).failed == 0


@pytest.mark.parametrize("xmp", [None, DJI_XMP])
@pytest.mark.parametrize("place", [None, (46.8, -91.9)])
@pytest.mark.parametrize("big_endian", [False, True])
def test_what_is_read_back_is_what_was_written(
    tmp_path: Path, xmp: str | None, place: tuple[float, float] | None, big_endian: bool
) -> None:
    content = jpeg(NOON, xmp=xmp, place=place, big_endian=big_endian)
    got = copied(tmp_path, content)
    assert got.pose is not None
    assert got.pose.lat_deg == pytest.approx(36.594600123, abs=1e-9)
    assert got.pose.lon_deg == pytest.approx(136.625669345, abs=1e-9)
    assert got.pose.altitude_m == pytest.approx(84.0712, abs=1e-4)
    assert got.pose.altitude_relative_m == pytest.approx(60.01, abs=1e-4)
    assert got.pose.horizontal_std_m is None  # 0.9 m belonged to the old position
    assert got.pose.vertical_std_m is None
    assert got.taken_at == NOON
    assert (got.make, got.model) == ("Maker", "Model 7")
    assert got.pose.yaw_deg == (45.0 if xmp else None)  # the gimbal is not the vehicle


def test_a_photo_without_any_metadata_gets_both(tmp_path: Path) -> None:
    got = copied(tmp_path, jpeg(exif=False))
    assert got.pose is not None
    assert got.pose.lat_deg == pytest.approx(36.594600123, abs=1e-9)
    assert got.taken_at == NOON


def test_accuracies_of_the_trigger_are_written(tmp_path: Path) -> None:
    exact = replace(TRIGGER, std_n_m=0.0106, std_e_m=0.0119, std_u_m=0.0231)
    got = copied(tmp_path, jpeg(NOON, xmp=DJI_XMP), exact)
    assert got.pose is not None
    assert got.pose.horizontal_std_m == pytest.approx(0.0119)
    assert got.pose.vertical_std_m == pytest.approx(0.0231)


def test_a_mount_says_where_the_camera_looked(tmp_path: Path) -> None:
    mount = CameraMount(pitch_deg=-90.0, yaw_offset_deg=180.0)
    got = copied(tmp_path, jpeg(NOON, xmp=DJI_XMP), mount=mount)
    assert got.pose is not None
    assert (got.pose.pitch_deg, got.pose.roll_deg, got.pose.yaw_deg) == (-90.0, 0.0, 90.0)


def test_south_west_below_the_sea_and_without_height(tmp_path: Path) -> None:
    low = replace(TRIGGER, lat_deg=-22.9, lon_deg=-42.5, height_m=-3.25)
    got = copied(tmp_path, jpeg(NOON, place=(1.0, 1.0)), low)
    assert got.pose is not None
    assert (got.pose.lat_deg, got.pose.lon_deg) == pytest.approx((-22.9, -42.5), abs=1e-9)
    assert got.pose.altitude_m == pytest.approx(-3.25)
    flat = copied(tmp_path, jpeg(NOON, place=(1.0, 1.0)), replace(low, height_m=None))
    assert flat.pose is not None
    assert flat.pose.altitude_m is None  # the old 12.5 m is not the height of the new place


def test_the_standard_tags_are_there(tmp_path: Path) -> None:
    copied(tmp_path, jpeg(NOON), replace(TRIGGER, std_n_m=0.02, std_e_m=0.03))
    with Image.open(tmp_path / "out" / "a.JPG") as image:
        gps = dict(image.getexif().get_ifd(0x8825))
    assert gps[0] == b"\x02\x03\x00\x00"
    assert gps[18] == "WGS-84"
    assert gps[29] == "2026:11:23"
    assert tuple(float(part) for part in gps[7]) == (3.0, 0.0, 0.25)
    assert float(gps[31]) == pytest.approx(0.03)


def test_the_image_and_every_other_byte_stay(tmp_path: Path) -> None:
    content = jpeg(NOON, xmp=DJI_XMP)
    copied(tmp_path, content)
    before, after = take_apart(content), take_apart((tmp_path / "out" / "a.JPG").read_bytes())
    assert after.image == before.image
    assert [s.marker for s in after.segments] == [s.marker for s in before.segments]
    for one, other in zip(before.segments, after.segments, strict=True):
        if not one.content.startswith((EXIF_HEAD, XMP_HEAD)):
            assert one == other
    old, new = before.first(EXIF_HEAD), after.first(EXIF_HEAD)
    assert old is not None
    assert new is not None
    assert new[8 : len(old)] == old[8:]  # a maker's note stays at its place
    assert bytes(range(64)) in new


def test_other_xmp_stays_and_contradictions_go(tmp_path: Path) -> None:
    copied(tmp_path, jpeg(NOON, xmp=DJI_XMP))
    packet = take_apart((tmp_path / "out" / "a.JPG").read_bytes()).first(XMP_HEAD) or b""
    text = packet.decode()
    assert 'tiff:Make="DJI"' in text
    assert "Red" in text
    assert 'drone-dji:GimbalPitchDegree="-89.90"' in text
    assert 'drone-dji:FlightYawDegree="-90.0000"' in text
    for gone in ("46,50.5N", "GpsLongtitude", "198.31", "39.80", "GPSXYAccuracy", "1.9<"):
        assert gone not in text
    assert 'tenken:Trigger="7"' in text
    assert 'tenken:HeightFrame="msl"' in text
    assert text.startswith("<?xpacket begin=")


def test_a_copy_of_a_copy_says_one_thing(tmp_path: Path) -> None:
    copied(tmp_path, jpeg(NOON, xmp=DJI_XMP))
    first = (tmp_path / "out" / "a.JPG").read_bytes()
    moved = replace(TRIGGER, lat_deg=36.7, sequence=8)
    got = copied(tmp_path, first, moved)
    assert got.pose is not None
    assert got.pose.lat_deg == pytest.approx(36.7, abs=1e-9)
    packet = take_apart((tmp_path / "out" / "a.JPG").read_bytes()).first(XMP_HEAD) or b""
    assert packet.count(b"drone-dji:GpsLatitude") == 1
    assert packet.count(b"tenken:Trigger") == 1


@settings(max_examples=60, deadline=None)
@given(
    lat=st.floats(-90, 90),
    lon=st.floats(-180, 180),
    height=st.floats(-400, 9000),
    second=st.floats(0, 3e8),
)
def test_exif_is_exact_to_a_millimetre_and_a_microsecond(
    lat: float, lon: float, height: float, second: float
) -> None:
    at = datetime(2020, 1, 1, tzinfo=UTC) + timedelta(seconds=second)
    plain = take_apart(jpeg(exif=False))
    block = with_gps(None, GpsTag(lat_deg=lat, lon_deg=lon, height_m=height, at=at))
    content = put_together(with_metadata(plain, exif=block, xmp=with_pose(None, {}, {})))
    blocks, xmp = read_headers(content)
    got = read_metadata(blocks, drone_properties(xmp or b""))
    if abs(lat) < 1e-10 and abs(lon) < 1e-10:
        return
    assert got.pose is not None
    assert abs(got.pose.lat_deg - lat) * 111_320 <= 0.001
    assert abs(got.pose.lon_deg - lon) * 111_320 <= 0.001
    assert got.pose.altitude_m is not None
    assert abs(got.pose.altitude_m - height) <= 0.001
    assert got.taken_at is not None
    assert abs(got.taken_at - at) <= timedelta(microseconds=1)


@given(degrees=st.floats(0, 180))
def test_no_part_of_an_angle_reaches_60(degrees: float) -> None:
    (whole, _), (minutes, _), (seconds, parts) = dms(degrees)
    assert 0 <= minutes < 60
    assert 0 <= seconds / parts < 60
    assert abs(whole + minutes / 60 + seconds / parts / 3600 - degrees) <= 2e-10


def test_a_copy_that_is_there(tmp_path: Path) -> None:
    source, target = tmp_path / "a.JPG", tmp_path / "out" / "a.JPG"
    source.write_bytes(jpeg(NOON))
    assert write_copy(source, target, match(), OPTIONS) is Written.NEW
    assert write_copy(source, target, match(), OPTIONS) is Written.SAME
    moved = match(replace(TRIGGER, lat_deg=36.6))
    with pytest.raises(Conflict, match="--overwrite"):
        write_copy(source, target, moved, OPTIONS)
    assert read(target).pose == read(target).pose
    assert write_copy(source, target, moved, replace(OPTIONS, overwrite=True)) is Written.REPLACED
    assert [p.name for p in target.parent.iterdir()] == ["a.JPG"]  # no remains of writing


def test_the_original_is_never_the_target(tmp_path: Path) -> None:
    source = tmp_path / "a.JPG"
    source.write_bytes(jpeg(NOON))
    link = tmp_path / "link.JPG"
    link.symlink_to(source)
    for target in (source, link):
        with pytest.raises(BadInput, match="the original itself"):
            write_copy(source, target, match(), replace(OPTIONS, overwrite=True))
    assert source.read_bytes() == jpeg(NOON)


def test_the_copy_keeps_the_files_own_time(tmp_path: Path) -> None:
    source, target = tmp_path / "a.JPG", tmp_path / "out" / "a.JPG"
    source.write_bytes(jpeg(NOON))
    os.utime(source, (1.6e9, 1.6e9))
    write_copy(source, target, match(), OPTIONS)
    assert target.stat().st_mtime == pytest.approx(1.6e9)


def test_nothing_is_written_for_a_trigger_without_a_position(tmp_path: Path) -> None:
    source, target = tmp_path / "a.JPG", tmp_path / "out" / "a.JPG"
    source.write_bytes(jpeg(NOON))
    with pytest.raises(BadInput, match="no fix"):
        write_copy(source, target, match(replace(TRIGGER, lat_deg=None, lon_deg=None)), OPTIONS)
    with pytest.raises(BadInput, match="no trigger"):
        write_copy(source, target, Match(photo="a.JPG"), OPTIONS)
    assert not target.exists()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "0 bytes"),
        (b"PNG file", "not a JPEG"),
        (jpeg(NOON)[:300], "ends before its image"),
        (jpeg(NOON)[:2] + b"\x00" + jpeg(NOON)[3:], "no marker"),
        (jpeg(NOON, xmp="<not xml"), "not usable XML"),
        (jpeg(NOON, xmp="<a/>"), "no rdf:RDF"),
        (jpeg(NOON, xmp='<!DOCTYPE a [<!ENTITY b "c">]><a/>'), "not usable XML"),
    ],
)
def test_photos_that_cannot_be_tagged_are_told(tmp_path: Path, content: bytes, told: str) -> None:
    source, target = tmp_path / "a.JPG", tmp_path / "out" / "a.JPG"
    source.write_bytes(content)
    with pytest.raises(BadPhoto, match=told):
        write_copy(source, target, match(), OPTIONS)
    assert not target.exists()


@pytest.mark.parametrize(
    ("block", "told"),
    [
        (b"XX*\x00\x08\x00\x00\x00" + bytes(8), "not with a byte order"),
        (b"II\x00\x00\x08\x00\x00\x00" + bytes(8), "where 42 must be"),
        (b"II*\x00\xff\x00\x00\x00" + bytes(8), "points to byte 255"),
        (b"II*\x00\x08\x00\x00\x00\x20\x00" + bytes(8), "32 entries beyond its end"),
    ],
)
def test_damaged_exif_is_told(block: bytes, told: str) -> None:
    with pytest.raises(BadPhoto, match=told):
        with_gps(block, GpsTag(lat_deg=1, lon_deg=1))


def test_metadata_beyond_a_segment_is_told(tmp_path: Path) -> None:
    long = DJI_XMP.replace("Red", "R" * (65_500 - len(DJI_XMP)))
    source = tmp_path / "a.JPG"
    source.write_bytes(jpeg(NOON, xmp=long))
    with pytest.raises(BadPhoto, match="more than the 65533"):
        write_copy(source, tmp_path / "out.JPG", match(), OPTIONS)


def test_a_wrong_copy_is_found_before_it_gets_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = tmp_path / "a.JPG", tmp_path / "out" / "a.JPG"
    source.write_bytes(jpeg(NOON))
    monkeypatch.setattr(exifgps, "ARC_SECOND_PARTS", 1)  # a bug that rounds to a second of arc
    with pytest.raises(Broken, match="reads back latitude"):
        write_copy(source, target, match(), OPTIONS)
    assert not target.exists()


def test_a_local_time_is_written_as_utc(tmp_path: Path) -> None:
    japan = TRIGGER.at and TRIGGER.at.astimezone(timezone(timedelta(hours=9)))
    got = copied(tmp_path, jpeg(NOON), replace(TRIGGER, at=japan))
    assert got.taken_at == NOON


@pytest.mark.parametrize("pitch", [-91.0, 95.0])
def test_a_mount_checks_itself(pitch: float) -> None:
    with pytest.raises(BadInput, match="beyond ±90"):
        CameraMount(pitch_deg=pitch)


@pytest.mark.data
def test_real_photos_keep_their_makers_notes_and_pixels(data_dir: Path, tmp_path: Path) -> None:
    for source in sorted((data_dir / "flights" / "brighton_beach").glob("*.JPG"))[:3]:
        target = tmp_path / source.name
        write_copy(source, target, match(), OPTIONS)
        before, after = decode(source.read_bytes()), decode(target.read_bytes())
        assert isinstance(before, Decoded)
        assert isinstance(after, Decoded)
        assert (before.grey == after.grey).all()
        assert before.blocks.exif.keys() == after.blocks.exif.keys()
        assert before.blocks.exif[0x927C] == after.blocks.exif[0x927C]
        got = read_metadata(after.blocks, drone_properties(after.xmp or b""))
        assert got.pose is not None
        assert got.pose.lat_deg == pytest.approx(36.594600123, abs=1e-9)
        assert got.pose.pitch_deg == pytest.approx(-89.9, abs=0.11)  # the gimbal's own
        assert got.taken_at == NOON

"""Metadata of photos taken apart and put together: laws over any JPEG and any EXIF block."""

import struct
import threading
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from defusedxml.ElementTree import fromstring
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flight.geotag.alignment import Confidence, Match
from flight.geotag.copying import CopyOptions, Written, write_copy
from flight.geotag.exifgps import EMPTY_BLOCK, GPS_POINTER, GpsTag, with_gps
from flight.geotag.jpegparts import (
    APP1,
    EXIF_HEAD,
    MOST_CONTENT,
    XMP_HEAD,
    Jpeg,
    Segment,
    put_together,
    take_apart,
    with_metadata,
)
from flight.geotag.pose import CameraMount, drone_names, gps_tag, provenance
from flight.geotag.posexmp import with_pose
from flight.logs.trigger import CameraTrigger, HeightFrame
from inspection.errors import BadInput, BadPhoto, Conflict, TenkenError, Unavailable
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
    yaw_deg=270.0,
    source="CAM",
)
TAG = GpsTag(lat_deg=36.5, lon_deg=136.6, height_m=84.0, at=NOON)
OPTIONS = CopyOptions(log_name="flight.BIN")
PHOTO = jpeg(NOON, xmp=DJI_XMP, place=(46.8, -91.9))

markers = st.sampled_from([0xE0, 0xE1, 0xE2, 0xED, 0xFE, 0xDB, 0xC0, 0xC4, 0xDD])
segments = st.lists(
    st.builds(Segment, marker=markers, content=st.binary(max_size=60)), max_size=6
).map(tuple)
images = st.binary(max_size=40).map(lambda rest: b"\xff\xda" + rest + b"\xff\xd9")


def match(trigger: CameraTrigger = TRIGGER) -> Match:
    """Tie the photo to a trigger."""
    return Match(photo="a.JPG", trigger=trigger, residual_s=0.01, confidence=Confidence.HIGH)


@given(parts=segments, image=images)
def test_any_jpeg_comes_apart_and_together_again(parts: tuple[Segment, ...], image: bytes) -> None:
    whole = put_together(Jpeg(segments=parts, image=image))
    assert take_apart(whole) == Jpeg(segments=parts, image=image)
    assert put_together(take_apart(whole)) == whole


@given(parts=segments, image=images, fill=st.integers(1, 5))
def test_fill_bytes_between_segments_are_passed_over(
    parts: tuple[Segment, ...], image: bytes, fill: int
) -> None:
    content = b"\xff\xd8"
    for part in parts:
        content += b"\xff" * fill + put_together(Jpeg(segments=(part,), image=b""))[2:]
    assert take_apart(content + b"\xff" * fill + image).segments == parts


@given(parts=segments, image=images, exif=st.binary(max_size=40), xmp=st.binary(max_size=40))
def test_metadata_is_replaced_once_and_nothing_else_moves(
    parts: tuple[Segment, ...], image: bytes, exif: bytes, xmp: bytes
) -> None:
    made = with_metadata(Jpeg(segments=parts, image=image), exif=exif, xmp=xmp)
    assert made.first(EXIF_HEAD) == exif
    assert made.first(XMP_HEAD) == xmp
    ours = (EXIF_HEAD + exif, XMP_HEAD + xmp)
    others = [s for s in made.segments if s.content not in ours]
    before = [s for s in parts if not (s.marker == APP1 and s.content.startswith(ours[:0] or ()))]
    assert others == [s for s in before if s.content not in ours]
    assert with_metadata(made, exif=exif, xmp=xmp) == made


def test_new_metadata_follows_the_jfif_segment() -> None:
    plain = take_apart(jpeg(exif=False))
    assert plain.segments[0].marker == 0xE0
    made = with_metadata(plain, exif=b"e", xmp=b"x")
    assert [s.marker for s in made.segments[:3]] == [0xE0, APP1, APP1]
    assert made.segments[1].content == EXIF_HEAD + b"e"
    bare = with_metadata(Jpeg(segments=plain.segments[1:], image=b""), exif=b"e", xmp=b"x")
    assert [s.content for s in bare.segments[:2]] == [EXIF_HEAD + b"e", XMP_HEAD + b"x"]


@pytest.mark.parametrize("length", [MOST_CONTENT, MOST_CONTENT + 1])
def test_a_segment_holds_65533_bytes_and_no_more(length: int) -> None:
    made = Jpeg(segments=(Segment(marker=0xFE, content=bytes(length)),), image=b"\xff\xda\x00\x08")
    if length == MOST_CONTENT:
        assert take_apart(put_together(made)) == made
    else:
        with pytest.raises(BadPhoto, match="65534 bytes, more than the 65533"):
            put_together(made)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\xff\xd8", "ends before its image after 2 bytes"),
        (b"\xff\xd8\xff\xe0\x00\x01\x00", "ends before its image"),
        (b"\xff\xd8\xff\xe0\xff\xff\x00\x00", "ends before its image"),
        (b"\xff\xd8\x00\x00\x00\x00", "no marker at byte 2"),
        (b"\xff\xd8\xff\xd3\x00\x02\xff\xda", "marker 0xd3 before its image"),
        (b"\xff\xd8" + b"\xff" * 50, "ends before its image"),
        (b"\x89PNG\r\n", "not a JPEG .it begins with b'.x89PNG'"),
        (b"", "not a JPEG"),
    ],
)
def test_what_is_no_whole_jpeg_is_told_with_the_byte(content: bytes, words: str) -> None:
    with pytest.raises(BadPhoto, match=words):
        take_apart(content)


def block_of(tags: dict[int, int], order: str = "<", following: int = 0) -> bytes:
    """Make an EXIF block whose main directory holds LONG values."""
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}I", 8)
    body = struct.pack(f"{order}H", len(tags))
    for tag, value in tags.items():
        body += struct.pack(f"{order}HHII", tag, 4, 1, value)
    return head + body + struct.pack(f"{order}I", following)


def main_directory(block: bytes) -> dict[int, int]:
    """Read the main directory, values as LONG."""
    order = "<" if block[:2] == b"II" else ">"
    (at,) = struct.unpack_from(f"{order}I", block, 4)
    (count,) = struct.unpack_from(f"{order}H", block, at)
    rows = [struct.unpack_from(f"{order}HHII", block, at + 2 + 12 * n) for n in range(count)]
    assert [row[0] for row in rows] == sorted(row[0] for row in rows)
    return {row[0]: row[3] for row in rows}


@given(
    tags=st.dictionaries(st.integers(1, 0xFFFF), st.integers(0, 2**32 - 1), max_size=8).map(
        lambda found: dict(sorted(found.items()))
    ),
    order=st.sampled_from("<>"),
    following=st.integers(0, 2**32 - 1),
    rest=st.binary(max_size=31),
)
def test_every_other_entry_and_byte_of_exif_stays(
    tags: dict[int, int], order: str, following: int, rest: bytes
) -> None:
    block = block_of(tags, order, following) + rest
    made = with_gps(block, TAG)
    kept = main_directory(made)
    pointer = kept.pop(GPS_POINTER)
    assert kept == {tag: value for tag, value in tags.items() if tag != GPS_POINTER}
    assert pointer % 2 == 0
    assert pointer >= len(block)
    if GPS_POINTER not in tags:
        assert made[8 : len(block)] == block[8:]
    twice = with_gps(made, TAG)
    assert main_directory(twice)[GPS_POINTER] >= len(made)
    assert {t: v for t, v in main_directory(twice).items() if t != GPS_POINTER} == kept


@settings(max_examples=50)
@given(data=st.data())
def test_a_damaged_block_is_refused_or_still_read(data: st.DataObject) -> None:
    block = bytearray(block_of({0x0100: 1, 0x0110: 5, 0x8769: 8}) + bytes(20))
    edits = st.tuples(st.integers(0, len(block) - 1), st.integers(0, 255))
    for at, value in data.draw(st.lists(edits, max_size=6)):
        block[at] = value
    cut = bytes(block[: data.draw(st.integers(1, len(block)))])
    try:
        made = with_gps(cut, TAG)
    except BadPhoto as refusal:
        assert "damaged" in str(refusal)
        return
    order = "<" if made[:2] == b"II" else ">"
    (at,) = struct.unpack_from(f"{order}I", made, 4)
    assert 8 <= at < len(made)


def test_an_empty_block_is_a_small_one() -> None:
    assert with_gps(None, TAG) == with_gps(b"", TAG) == with_gps(EMPTY_BLOCK, TAG)
    assert set(main_directory(with_gps(None, TAG))) == {GPS_POINTER}


@settings(
    max_examples=50,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
def test_a_damaged_photo_is_copied_whole_or_refused(tmp_path: Path, data: st.DataObject) -> None:
    content = bytearray(PHOTO)
    places = st.tuples(st.integers(0, 2500), st.sampled_from([0, 1, 0x7F, 0x80, 0xD8, 0xFF]))
    for at, value in data.draw(st.lists(places, min_size=1, max_size=12)):
        content[min(at, len(content) - 1)] = value
    source, target = tmp_path / "a.JPG", tmp_path / "out" / "a.JPG"
    source.write_bytes(content)
    target.unlink(missing_ok=True)
    try:
        write_copy(source, target, match(), OPTIONS)
    except TenkenError as refusal:
        assert str(refusal)
        assert not target.exists()
    else:
        assert take_apart(target.read_bytes()).image == take_apart(bytes(content)).image
    assert source.read_bytes() == content
    assert [p.name for p in (tmp_path / "out").glob("*")] in ([], ["a.JPG"])


@pytest.mark.parametrize("padding", [b"", b" \n" * 1000, b"\x00" * 100, b"\r\n\t"])
def test_the_padding_of_a_packet_does_not_matter(padding: bytes) -> None:
    packet = with_pose(DJI_XMP.encode() + padding, {"GpsLatitude": "+36.5"}, {"Trigger": "7"})
    assert drone_properties(packet)["GpsLatitude"] == "+36.5"
    assert packet.count(b"GpsLatitude") == 1


@given(words=st.text(max_size=40))
def test_any_words_of_a_log_are_told_in_the_packet(words: str) -> None:
    told = provenance(match(), TRIGGER, words or "log")
    packet = with_pose(None, drone_names(TRIGGER, None), told)
    again = with_pose(packet, drone_names(TRIGGER, None), told)
    assert again == packet
    assert fromstring(packet.decode().split("\n")[1]).tag.endswith("xmpmeta")


@pytest.mark.parametrize(
    ("yaw", "offset", "gimbal", "flight"),
    [
        (0.0, 0.0, 0.0, 0.0),
        (359.8, 0.0, -0.2, -0.2),
        (270.0, 180.0, 90.0, -90.0),
        (180.0, 0.0, -180.0, -180.0),
        (90.0, -360.0, 90.0, 90.0),
    ],
)
def test_golden_headings_are_within_half_a_turn(
    yaw: float, offset: float, gimbal: float, flight: float
) -> None:
    mount = CameraMount(pitch_deg=-90.0, yaw_offset_deg=offset)
    names = drone_names(replace(TRIGGER, yaw_deg=yaw), mount)
    assert float(names["GimbalYawDegree"]) == pytest.approx(gimbal)
    assert float(names["FlightYawDegree"]) == pytest.approx(flight)
    assert names["GimbalPitchDegree"] == "-90.0000"


def test_a_heading_that_is_unknown_is_not_made_up() -> None:
    names = drone_names(replace(TRIGGER, yaw_deg=None), CameraMount(pitch_deg=-45.0))
    assert "GimbalYawDegree" not in names
    assert "FlightYawDegree" not in names
    assert names["GimbalRollDegree"] == "+0.0000"


def test_a_trigger_without_a_fix_has_no_tag() -> None:
    with pytest.raises(BadInput, match=r"trigger 7 has no position .*nothing is written"):
        gps_tag(replace(TRIGGER, lat_deg=None, lon_deg=None))


def test_eight_at_once_write_one_whole_copy(tmp_path: Path) -> None:
    source, target = tmp_path / "a.JPG", tmp_path / "out" / "a.JPG"
    source.write_bytes(PHOTO)
    results: list[Written] = []
    gate = threading.Barrier(8)

    def work() -> None:
        gate.wait()
        results.append(write_copy(source, target, match(), OPTIONS))

    workers = [threading.Thread(target=work) for _ in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(results) == 8
    assert set(results) <= {Written.NEW, Written.SAME, Written.REPLACED}
    assert [p.name for p in target.parent.iterdir()] == ["a.JPG"]
    assert write_copy(source, target, match(), OPTIONS) is Written.SAME


def test_what_a_killed_run_left_is_no_copy_and_does_not_stop_the_next(tmp_path: Path) -> None:
    source, target = tmp_path / "a.JPG", tmp_path / "out" / "a.JPG"
    source.write_bytes(PHOTO)
    write_copy(source, target, match(), OPTIONS)
    whole = target.read_bytes()
    target.write_bytes(whole[: len(whole) // 2])  # as another program leaves it
    with pytest.raises(Conflict, match=r"a\.JPG is in the output already and differs"):
        write_copy(source, target, match(), OPTIONS)
    assert write_copy(source, target, match(), replace(OPTIONS, overwrite=True)) is Written.REPLACED
    assert target.read_bytes() == whole


@pytest.mark.parametrize("name", ["out/a.JPG", "out/sub/a.JPG"])
def test_a_file_in_the_place_of_the_folder_is_told(tmp_path: Path, name: str) -> None:
    source = tmp_path / "a.JPG"
    source.write_bytes(PHOTO)
    (tmp_path / "out").write_text("a file", encoding="utf-8")
    with pytest.raises(Unavailable, match=r"cannot write .*out.*; check folder and disk"):
        write_copy(source, tmp_path / name, match(), OPTIONS)
    assert (tmp_path / "out").read_text(encoding="utf-8") == "a file"

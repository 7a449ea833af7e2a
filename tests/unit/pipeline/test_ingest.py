"""Photos come in; what cannot be used is set aside with its reason and nothing else changes."""

import io
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from inspection.domain.capture import RejectionReason
from inspection.errors import NotFound
from inspection.pipeline.ingest import Ingested, ingest
from inspection.pipeline.ports import Silence

GPS = {1: "N", 2: (36.0, 35.0, 40.5816), 3: "E", 4: (136.0, 37.0, 32.4084), 5: b"\x00", 6: 51.0}


class Counter(Silence):
    """Count what progress is told."""

    def __init__(self) -> None:
        self.steps: list[tuple[str, int]] = []
        self.units = 0

    def start(self, step: str, total: int) -> None:
        self.steps.append((step, total))

    def advance(self, units: int = 1) -> None:
        self.units += units


def photo(
    path: Path,
    *,
    seed: int = 0,
    blur: float = 0.0,
    gps: dict[int, Any] | None = None,
    xmp: bytes | None = None,
    second: int | None = None,
) -> Path:
    """Write a JPEG with texture and metadata."""
    pixels = np.random.default_rng(seed).integers(40, 200, (90, 120, 3)).astype(np.uint8)
    if blur:
        pixels = cv2.GaussianBlur(pixels, (0, 0), blur)
    exif = Image.Exif()
    exif[0x010F], exif[0x0110] = "DJI", "FC300S"
    exif.get_ifd(0x8769).update({0x920A: 3.61, 0xA405: 20})
    if gps is not None:
        exif.get_ifd(0x8825).update(gps)
    if second is not None:
        exif.get_ifd(0x8769).update({0x9003: f"2025:11:03 09:30:{second:02d}", 0x9011: "+09:00"})
    buffer = io.BytesIO()
    extra = {} if xmp is None else {"xmp": xmp}
    Image.fromarray(pixels).save(buffer, "JPEG", exif=exif, quality=95, **extra)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(buffer.getvalue())
    return path


def take(*files: Path, gps_required: bool = False) -> Ingested:
    return ingest(files, gps_required=gps_required, progress=Silence())


def names(taken: Ingested) -> list[str]:
    return [p.name for p in taken.photos]


def reasons(taken: Ingested) -> dict[str, RejectionReason]:
    return {r.file: r.reason for r in taken.rejections}


@pytest.fixture
def flight(tmp_path: Path) -> Path:
    folder = tmp_path / "flight"
    for number in (1, 2, 10):
        photo(folder / f"DJI_{number}.JPG", seed=number, gps=GPS)
    return folder


def test_a_flight_comes_in_whole(flight: Path) -> None:
    taken = take(flight, gps_required=True)
    assert names(taken) == ["DJI_1.JPG", "DJI_2.JPG", "DJI_10.JPG"]  # 10 after 2
    assert taken.rejections == ()
    assert taken.warnings == ()
    for p in taken.photos:
        assert taken.paths[p.sha256] == flight / p.name
        assert (p.width_px, p.height_px, p.make, p.model) == (120, 90, "DJI", "FC300S")
        assert p.focal_px == pytest.approx(3610 / 1.54 * 120 / 4000)
        assert p.pose is not None and p.pose.lat_deg == pytest.approx(36.594606)
        assert p.quality is not None and 0.9 < p.quality.sharpness_relative < 1.1


def test_twice_gives_the_same(flight: Path) -> None:
    first, second = take(flight), take(flight)
    assert first == second
    assert dict(first.paths) == dict(second.paths)


def test_bad_files_change_nothing_but_rejections(flight: Path) -> None:
    before = take(flight, gps_required=True)
    whole = (flight / "DJI_2.JPG").read_bytes()
    (flight / "DJI_3.JPG").write_bytes(whole[: len(whole) // 2])
    (flight / "DJI_4.JPG").write_bytes(whole[:-40])
    (flight / "DJI_5.jpg").write_text("a text file renamed")
    (flight / "DJI_6.JPG").write_bytes(b"")
    after = take(flight, gps_required=True)
    assert after.photos == before.photos
    assert after.paths == before.paths
    assert reasons(after) == {
        "DJI_3.JPG": RejectionReason.TRUNCATED,
        "DJI_4.JPG": RejectionReason.TRUNCATED,
        "DJI_5.jpg": RejectionReason.NOT_AN_IMAGE,
        "DJI_6.JPG": RejectionReason.EMPTY,
    }


def test_the_same_bytes_twice_are_one_photo(flight: Path) -> None:
    (flight / "copy of 2.JPG").write_bytes((flight / "DJI_2.JPG").read_bytes())
    taken = take(flight)
    assert len(taken.photos) == 3
    (rejected,) = taken.rejections
    assert rejected.reason is RejectionReason.DUPLICATE
    assert {rejected.file, rejected.detail.removeprefix("the same bytes as ")} == {
        "copy of 2.JPG",
        "DJI_2.JPG",
    }


def test_a_folder_and_a_photo_in_it_are_one(flight: Path) -> None:
    taken = take(flight, flight / "DJI_1.JPG")
    assert len(taken.photos) == 3
    assert reasons(taken) == {"DJI_1.JPG": RejectionReason.DUPLICATE}


def test_photos_without_position_are_set_aside_only_where_one_is_needed(flight: Path) -> None:
    photo(flight / "DJI_7.JPG", seed=7)
    photo(flight / "DJI_8.JPG", seed=8, gps={1: "N", 2: (0, 0, 0), 3: "E", 4: (0, 0, 0)})
    needed, free = take(flight, gps_required=True), take(flight)
    assert reasons(needed) == dict.fromkeys(["DJI_7.JPG", "DJI_8.JPG"], RejectionReason.NO_GPS)
    assert "no fix" in needed.rejections[1].detail
    assert len(free.photos) == 5
    assert [p.pose is None for p in free.photos] == [False, False, True, True, False]


def test_side_files_are_passed_over_but_foreign_photos_are_named(flight: Path) -> None:
    for name in ("LICENSE", "flight.MRK", "notes.txt", ".hidden.jpg", "thumbs.db"):
        (flight / name).write_text("x")
    photo(flight / ".trash" / "old.jpg", seed=99)
    (flight / "raw.DNG").write_bytes(b"II*\x00")
    taken = take(flight)
    assert len(taken.photos) == 3
    assert reasons(taken) == {"raw.DNG": RejectionReason.UNREADABLE}
    assert "convert" in taken.rejections[0].detail


def test_a_file_named_outright_must_be_a_photo(tmp_path: Path) -> None:
    note = tmp_path / "notes.txt"
    note.write_text("hello")
    assert reasons(take(note)) == {"notes.txt": RejectionReason.NOT_AN_IMAGE}


def test_folders_in_folders_keep_their_names_apart(tmp_path: Path) -> None:
    photo(tmp_path / "100MEDIA" / "DJI_1.JPG", seed=1)
    photo(tmp_path / "101MEDIA" / "DJI_1.JPG", seed=2)
    assert names(take(tmp_path)) == ["100MEDIA/DJI_1.JPG", "101MEDIA/DJI_1.JPG"]


def test_an_empty_folder_gives_nothing(tmp_path: Path) -> None:
    taken = take(tmp_path)
    assert (taken.photos, taken.rejections, dict(taken.paths)) == ((), (), {})


def test_a_missing_path_is_an_error_of_the_caller(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="nowhere"):
        take(tmp_path / "nowhere")


def test_photos_that_know_their_time_come_in_its_order(tmp_path: Path) -> None:
    for number, second in ((1, 30), (2, 10), (3, 20)):
        photo(tmp_path / f"{number}.jpg", seed=number, second=second)
    assert names(take(tmp_path)) == ["2.jpg", "3.jpg", "1.jpg"]
    photo(tmp_path / "4.jpg", seed=4)  # one that does not know its time: names decide
    assert names(take(tmp_path)) == ["1.jpg", "2.jpg", "3.jpg", "4.jpg"]


def test_a_blurred_photo_is_kept_and_named(tmp_path: Path) -> None:
    for number in range(4):
        photo(tmp_path / f"{number}.jpg", seed=number)
    photo(tmp_path / "soft.jpg", seed=9, blur=3.0)
    taken = take(tmp_path)
    blurred = [p.name for p in taken.photos if p.quality is not None and p.quality.is_blurred]
    assert blurred == ["soft.jpg"]
    assert taken.rejections == ()
    (warning,) = taken.warnings
    assert warning.startswith("soft.jpg is blurred")


def test_xmp_that_is_no_xml_costs_the_height_not_the_photo(tmp_path: Path) -> None:
    photo(tmp_path / "a.jpg", gps=GPS, xmp=b"<broken")
    taken = take(tmp_path, gps_required=True)
    (kept,) = taken.photos
    assert kept.pose is not None and kept.pose.altitude_relative_m is None
    assert "a.jpg" in taken.warnings[0]


def test_xmp_gives_height_and_attitude(tmp_path: Path) -> None:
    xmp = (
        b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description '
        b'xmlns:drone-dji="http://www.dji.com/drone-dji/1.0/" drone-dji:RelativeAltitude="+39.80" '
        b'drone-dji:GimbalPitchDegree="-89.90"/></rdf:RDF>'
    )
    photo(tmp_path / "a.jpg", gps=GPS, xmp=xmp)
    pose = take(tmp_path).photos[0].pose
    assert pose is not None and (pose.altitude_relative_m, pose.pitch_deg) == (39.8, -89.9)


def test_progress_hears_every_file(flight: Path) -> None:
    (flight / "bad.jpg").write_bytes(b"")
    heard = Counter()
    ingest([flight], gps_required=False, progress=heard)
    assert heard.steps == [("ingest", 4)]
    assert heard.units == 4


def test_a_file_that_may_not_be_read_is_set_aside(
    flight: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = Path.read_bytes

    def refuse(self: Path) -> bytes:
        if self.name == "DJI_2.JPG":
            raise PermissionError(13, "Permission denied")
        return original(self)

    monkeypatch.setattr(Path, "read_bytes", refuse)
    taken = take(flight)
    assert reasons(taken) == {"DJI_2.JPG": RejectionReason.UNREADABLE}
    assert "Permission denied" in taken.rejections[0].detail
    assert len(taken.photos) == 2


# -- the real flight ----------------------------------------------------------------------------


@pytest.mark.data
def test_brighton_beach_comes_in_whole_despite_three_bad_files(
    data_dir: Path, tmp_path: Path
) -> None:
    source = data_dir / "flights" / "brighton_beach"
    for number in (18, 25):
        whole = (source / f"DJI_00{number}.JPG").read_bytes()
        (tmp_path / f"cut_{number}.JPG").write_bytes(whole[: len(whole) * 2 // 3])
    (tmp_path / "notes.jpg").write_text("not a photo")
    taken = take(source, tmp_path, gps_required=True)
    assert len(taken.photos) == 18
    assert sorted(r.value for r in reasons(taken).values()) == [
        "not_an_image",
        "truncated",
        "truncated",
    ]
    for p in taken.photos:
        assert p.pose is not None and p.pose.altitude_relative_m is not None
        assert 39.7 <= p.pose.altitude_relative_m <= 40.3
        assert p.pose.pitch_deg == pytest.approx(-90, abs=0.2)
        assert p.focal_px == pytest.approx(2344.16, abs=0.01)
        assert p.taken_at is None  # the clock says no zone and there is no GPS time


@pytest.mark.data
def test_the_quay_strip_needs_no_metadata(data_dir: Path) -> None:
    taken = take(data_dir / "flights" / "quay_strip" / "images")
    assert names(taken) == [f"MAX_{n}.jpg" for n in (1631, 1635, 1638, 1641)]
    assert {(p.width_px, p.height_px) for p in taken.photos} == {(5376, 3584)}
    assert all(p.pose is None and p.focal_px is None for p in taken.photos)

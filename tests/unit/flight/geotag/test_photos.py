"""What photos tell about their moment, and which files are photos."""

from datetime import datetime
from pathlib import Path

import pytest

from flight.geotag.photos import PhotoFile, find_photos, read_bytes, read_shots
from inspection.errors import BadInput, BadPhoto, NotFound
from tests.support.jpegs import DJI_XMP, jpeg

TAKEN = datetime(2026, 11, 23, 12, 0, 5, 370_000)
SECONDS = 1_795_435_205.0
"""2026-11-23 12:00:05, read as if on UTC."""


def one(tmp_path: Path, content: bytes, name: str = "DSC00012.JPG") -> PhotoFile:
    (tmp_path / name).write_bytes(content)
    return PhotoFile(path=tmp_path / name, name=name)


def test_time_number_and_place(tmp_path: Path) -> None:
    photo = one(tmp_path, jpeg(TAKEN, place=(36.5, 136.6)))
    (shot,) = read_shots([photo]).shots
    assert shot.camera_s == pytest.approx(SECONDS + 0.37)
    assert shot.resolution_s == 0.01
    assert shot.number == 12
    assert shot.lat_deg == pytest.approx(36.5, abs=1e-6)


def test_whole_seconds_have_a_step_of_one(tmp_path: Path) -> None:
    (shot,) = read_shots([one(tmp_path, jpeg(TAKEN, subseconds=False))]).shots
    assert (shot.camera_s, shot.resolution_s) == (SECONDS, 1.0)
    assert shot.lat_deg is None


def test_a_photo_without_a_time_is_a_photo(tmp_path: Path) -> None:
    (shot,) = read_shots([one(tmp_path, jpeg())]).shots
    assert shot.camera_s is None


def test_the_shutter_count_stands_in_for_a_name_without_a_number(tmp_path: Path) -> None:
    counted = DJI_XMP.replace('RtkStdLat="0.9"', 'ShutterCount="4711"')
    (shot,) = read_shots([one(tmp_path, jpeg(TAKEN, xmp=counted), "pier.jpg")]).shots
    assert shot.number == 4711


def test_bad_photos_are_set_aside_with_reasons_and_all_are_ticked(tmp_path: Path) -> None:
    photos = [
        one(tmp_path, jpeg(TAKEN), "good.jpg"),
        one(tmp_path, b"", "empty.jpg"),
        one(tmp_path, b"GIF89a...", "gif.jpg"),
        one(tmp_path, jpeg(TAKEN)[:-40], "cut.jpg"),
        one(tmp_path, jpeg(TAKEN, xmp="<broken"), "xmp.jpg"),
        PhotoFile(path=tmp_path / "gone.jpg", name="gone.jpg"),
    ]
    ticks: list[int] = []
    found = read_shots(photos, lambda: ticks.append(1))
    assert [shot.name for shot in found.shots] == ["good.jpg"]
    assert len(ticks) == 6
    reasons = dict(found.bad)
    assert "0 bytes" in reasons["empty.jpg"]
    assert "not a JPEG" in reasons["gif.jpg"]
    assert "end marker" in reasons["cut.jpg"]
    assert "not usable XML" in reasons["xmp.jpg"]
    assert "cannot be read" in reasons["gone.jpg"]


def test_folders_are_searched_in_the_order_of_numbers(tmp_path: Path) -> None:
    for name in ("IMG_10.JPG", "IMG_9.jpg", "sub/IMG_1.jpeg", "note.txt", ".IMG_2.JPG"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"x")
    assert [p.name for p in find_photos([tmp_path])] == [
        "IMG_9.jpg",
        "IMG_10.JPG",
        "sub/IMG_1.jpeg",
    ]
    assert [p.name for p in find_photos([tmp_path / "IMG_9.jpg"])] == ["IMG_9.jpg"]
    twice = find_photos([tmp_path, tmp_path / "IMG_9.jpg"])
    assert len(twice) == 3


def test_two_photos_that_would_have_one_name_are_refused(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "IMG_1.JPG").write_bytes(b"x")
    with pytest.raises(BadInput, match=r"both be written as IMG_1\.JPG"):
        find_photos([tmp_path / "a", tmp_path / "b"])
    assert len(find_photos([tmp_path])) == 2


def test_places_without_photos(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="nowhere"):
        find_photos([tmp_path / "nowhere"])
    with pytest.raises(BadInput, match="no JPEG"):
        find_photos([tmp_path])


def test_a_file_too_large_for_a_photo(tmp_path: Path) -> None:
    path = tmp_path / "huge.jpg"
    with path.open("wb") as file:
        file.truncate(600_000_000)
    with pytest.raises(BadPhoto, match="600 MB"):
        read_bytes(path)

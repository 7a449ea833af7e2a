"""Photos are decoded on demand, upright, and never more of them kept than the budget allows."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from inspection.errors import BadPhoto
from inspection.imaging.album import TONE_PX, Album, decode, decode_tone
from inspection.imaging.ortho import View

WIDTH_PX, HEIGHT_PX = 640, 480
PHOTO_BYTES = WIDTH_PX * HEIGHT_PX * 3
PHOTOS_IN_A_BUDGET = 2  # of 2 MiB


def write_photo(path: Path, level: int, *, size: tuple[int, int] = (WIDTH_PX, HEIGHT_PX)) -> Path:
    Image.new("RGB", size, (level, level // 2, 255 - level)).save(path, quality=95)
    return path


def view(path: Path) -> View:
    return View(
        sha256=path.stem,
        path=path,
        width_px=WIDTH_PX,
        height_px=HEIGHT_PX,
        photo_from_plane=np.eye(3),
    )


@pytest.fixture(scope="module")
def views(tmp_path_factory: pytest.TempPathFactory) -> tuple[View, ...]:
    folder = tmp_path_factory.mktemp("album")
    return tuple(view(write_photo(folder / f"p{n}.jpg", 40 * n)) for n in range(5))


def test_a_photo_is_red_green_blue_at_its_full_size(tmp_path: Path) -> None:
    photo = decode(write_photo(tmp_path / "a.jpg", 200), width_px=WIDTH_PX, height_px=HEIGHT_PX)
    assert photo.shape == (HEIGHT_PX, WIDTH_PX, 3)
    assert photo.dtype == np.uint8
    assert np.abs(photo.mean(axis=(0, 1)) - (200, 100, 55)).max() < 2


def test_a_photo_is_turned_upright_by_its_orientation(tmp_path: Path) -> None:
    picture = Image.new("RGB", (60, 40), (255, 255, 255))
    picture.paste((0, 0, 0), (0, 0, 60, 20))  # dark above
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held with its right side down
    picture.save(tmp_path / "turned.jpg", exif=exif, quality=95)
    photo = decode(tmp_path / "turned.jpg", width_px=40, height_px=60)
    assert photo[:, -15:].mean() < 20  # what was above is to the right
    assert photo[:, :15].mean() > 235


@pytest.mark.parametrize("content", [b"", b"\xff\xd8\xff\xe0", b"this is a text"])
def test_what_cannot_be_decoded_is_named_with_its_cure(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "DJI_0007.JPG"
    path.write_bytes(content)
    for read in (decode, decode_tone):
        with pytest.raises(BadPhoto, match=r"DJI_0007\.JPG cannot be decoded; copy it again"):
            read(path, width_px=WIDTH_PX, height_px=HEIGHT_PX)


def test_a_missing_file_is_a_bad_photo(tmp_path: Path) -> None:
    with pytest.raises(BadPhoto, match=r"gone\.jpg cannot be decoded"):
        decode(tmp_path / "gone.jpg", width_px=WIDTH_PX, height_px=HEIGHT_PX)


@pytest.mark.parametrize("size", [(WIDTH_PX + 1, HEIGHT_PX), (HEIGHT_PX, WIDTH_PX)])
def test_an_exchanged_file_is_told_by_its_size(tmp_path: Path, size: tuple[int, int]) -> None:
    path = write_photo(tmp_path / "other.jpg", 90, size=size)
    words = f"decodes to {size[0]}×{size[1]} px but was registered with 640×480 px"
    with pytest.raises(BadPhoto, match=words):
        decode(path, width_px=WIDTH_PX, height_px=HEIGHT_PX)


def test_a_tone_is_a_thousandth_and_keeps_the_level(tmp_path: Path) -> None:
    tone = decode_tone(write_photo(tmp_path / "a.jpg", 120), width_px=WIDTH_PX, height_px=HEIGHT_PX)
    assert tone.shape == (HEIGHT_PX // TONE_PX, WIDTH_PX // TONE_PX, 3)
    assert tone.dtype == np.float32
    assert np.abs(tone - (120, 60, 135)).max() < 2


def test_even_a_tiny_photo_has_a_tone_that_can_be_interpolated(tmp_path: Path) -> None:
    path = write_photo(tmp_path / "tiny.jpg", 120, size=(16, 16))
    assert decode_tone(path, width_px=16, height_px=16).shape == (2, 2, 3)


def test_a_line_thinner_than_the_tone_is_no_tone(tmp_path: Path) -> None:
    pixels = np.full((HEIGHT_PX, WIDTH_PX, 3), 180, dtype=np.uint8)
    pixels[240:242] = 20
    Image.fromarray(pixels).save(tmp_path / "crack.png")
    tone = decode_tone(tmp_path / "crack.png", width_px=WIDTH_PX, height_px=HEIGHT_PX)
    assert 160 < tone.min() < tone.max() <= 180.5


def test_a_photo_is_decoded_once_while_it_is_held(views: tuple[View, ...]) -> None:
    album = Album(views, budget_mb=2)
    first = album.photo(1)
    assert album.photo(1) is first
    assert album.held_bytes == PHOTO_BYTES


def test_the_one_that_was_not_wanted_longest_goes_first(views: tuple[View, ...]) -> None:
    album = Album(views, budget_mb=2)
    kept, dropped = album.photo(0), album.photo(1)
    assert album.photo(0) is kept  # wanted again: now photo 1 is the oldest
    album.photo(2)
    assert album.photo(0) is kept
    again = album.photo(1)
    assert again is not dropped
    assert np.array_equal(again, dropped)


@pytest.mark.parametrize("budget_mb", [0, 1])
def test_one_photo_is_always_kept(views: tuple[View, ...], budget_mb: int) -> None:
    album = Album(views, budget_mb=budget_mb)
    held = [album.photo(index) for index in (0, 1)][-1]
    assert album.photo(1) is held
    assert album.held_bytes == PHOTO_BYTES


def test_a_photo_that_fails_leaves_the_album_usable(
    views: tuple[View, ...], tmp_path: Path
) -> None:
    album = Album([views[0], view(tmp_path / "lost.jpg")], budget_mb=2)
    first = album.photo(0)
    for _ in range(2):
        with pytest.raises(BadPhoto, match="lost"):
            album.photo(1)
        with pytest.raises(BadPhoto, match="lost"):
            album.tone(1)
    assert album.photo(0) is first


def test_tones_are_kept_for_good_and_count_as_nothing(views: tuple[View, ...]) -> None:
    album = Album(views, budget_mb=0)
    tones = [album.tone(index) for index in range(len(views))]
    assert all(album.tone(index) is tone for index, tone in enumerate(tones))
    assert album.held_bytes == 0


def test_no_such_number_is_an_error_of_the_caller(views: tuple[View, ...]) -> None:
    with pytest.raises(IndexError):
        Album(views).photo(len(views))


@settings(derandomize=True, deadline=None, max_examples=12)
@given(asked=st.lists(st.integers(0, 4), min_size=1, max_size=10))
def test_any_order_of_asking_gives_the_right_photo_within_the_budget(
    views: tuple[View, ...], asked: list[int]
) -> None:
    album = Album(views, budget_mb=2)
    for index in asked:
        photo = album.photo(index)
        assert abs(float(photo[..., 0].mean()) - 40 * index) < 2
        assert PHOTO_BYTES <= album.held_bytes <= PHOTOS_IN_A_BUDGET * PHOTO_BYTES

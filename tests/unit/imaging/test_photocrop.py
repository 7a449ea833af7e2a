"""Parts of photos for people: native pixels stay, large parts shrink, memory is bounded."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from inspection.errors import BadInput, BadPhoto
from inspection.imaging.darkroom import Darkroom
from inspection.imaging.photocrop import Cutter, fitted_px
from inspection.imaging.photosight import window_px

SIZE = (400, 300)


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """Write a smooth picture whose colour tells the place: red along x, green along y."""
    x, y = np.meshgrid(np.arange(SIZE[0]), np.arange(SIZE[1]))
    bgr = np.dstack([np.full_like(x, 40), y * 255 // SIZE[1], x * 255 // SIZE[0]])
    path = tmp_path / "photo.jpg"
    assert cv2.imwrite(str(path), bgr.astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, 98])
    return path


def shown(content: bytes) -> np.ndarray:
    picture = cv2.imdecode(np.frombuffer(content, dtype=np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    return picture.astype(np.float64)


def place_of(pixel: np.ndarray) -> tuple[float, float]:
    """Read the place in the photo off a colour."""
    return pixel[2] / 255 * SIZE[0], pixel[1] / 255 * SIZE[1]


def test_a_small_window_shows_the_photo_s_own_pixels(photo: Path) -> None:
    content = Cutter(Darkroom()).cut(photo, "a", window=(100, 50, 164, 98), size_px=(64, 48))
    picture = shown(content)
    assert picture.shape == (48, 64, 3)
    whole = cv2.imread(str(photo)).astype(np.float64)
    assert np.abs(picture - whole[50:98, 100:164]).mean() < 2.0  # JPEG again, nothing else


@pytest.mark.parametrize("size_px", [(200, 150), (100, 75), (40, 30)])
def test_a_large_window_is_shrunk_without_moving(photo: Path, size_px: tuple[int, int]) -> None:
    picture = shown(Cutter(Darkroom()).cut(photo, "a", window=(0, 0, *SIZE), size_px=size_px))
    assert picture.shape[1::-1] == size_px
    for column, row in ((0.25, 0.25), (0.5, 0.75), (0.9, 0.5)):
        pixel = picture[int(row * size_px[1]), int(column * size_px[0])]
        x, y = place_of(pixel)
        assert x == pytest.approx(column * SIZE[0], abs=0.025 * SIZE[0])
        assert y == pytest.approx(row * SIZE[1], abs=0.025 * SIZE[1])


def test_a_photo_is_shown_upright(tmp_path: Path, photo: Path) -> None:
    with Image.open(photo) as opened:
        exif = opened.getexif()
        exif[0x0112] = 6  # the stored left edge is shown at the top
        opened.save(tmp_path / "turned.jpg", exif=exif, quality=98)
    for size_px in ((300, 400), (75, 100)):  # decoded whole, and reduced
        picture = shown(
            Cutter(Darkroom()).cut(
                tmp_path / "turned.jpg", "t", window=(0, 0, 300, 400), size_px=size_px
            )
        )
        top, bottom = picture[2, size_px[0] // 2], picture[-3, size_px[0] // 2]
        assert place_of(top)[0] < 20 and place_of(bottom)[0] > 380


def test_what_is_asked_for_must_be_there(photo: Path, tmp_path: Path) -> None:
    cutter = Cutter(Darkroom())
    with pytest.raises(BadInput, match="x0 < x1"):
        cutter.cut(photo, "a", window=(10, 10, 10, 20), size_px=(1, 1))
    with pytest.raises(BadInput, match="2048 px long"):
        cutter.cut(photo, "a", window=(0, 0, *SIZE), size_px=(4000, 10))
    with pytest.raises(BadInput, match="outside"):
        cutter.cut(photo, "a", window=(500, 10, 600, 20), size_px=(100, 10))
    (tmp_path / "no.jpg").write_bytes(b"no photo")
    with pytest.raises(BadPhoto, match="cannot be decoded"):
        cutter.cut(tmp_path / "no.jpg", "n", window=(0, 0, 9, 9), size_px=(9, 9))


def test_memory_holds_what_its_budget_allows_and_the_last_photo(photo: Path) -> None:
    one = SIZE[0] * SIZE[1] * 3
    roomy, tight = Darkroom(budget_mb=1), Darkroom(budget_mb=0)
    for room, most in ((roomy, 2**20), (tight, one)):
        for name in "abcd":
            Cutter(room).cut(photo, name, window=(0, 0, 50, 50), size_px=(50, 50))
            assert one <= room.held_bytes <= most
    kept = roomy.held_bytes
    photo.unlink()  # the last one is in memory
    assert Cutter(roomy).cut(photo, "d", window=(0, 0, 50, 50), size_px=(50, 50))
    assert roomy.held_bytes == kept


spans = st.tuples(st.integers(0, 2999), st.integers(1, 3000)).map(
    lambda pair: (min(pair[0], 2999), min(3000, pair[0] + pair[1]))
)


@given(x=spans, y=spans, least=st.integers(1, 3000))
def test_a_window_holds_the_damage_and_stays_in_the_photo(
    x: tuple[int, int], y: tuple[int, int], least: int
) -> None:
    box = (x[0], y[0], x[1], y[1])
    x0, y0, x1, y1 = window_px(box, (3000, 3000), least_px=least)
    assert 0 <= x0 <= box[0] and box[2] <= x1 <= 3000
    assert 0 <= y0 <= box[1] and box[3] <= y1 <= 3000
    longest = max(box[2] - box[0], box[3] - box[1])
    assert min(x1 - x0, y1 - y0) >= max(least, longest // 2)
    assert x1 - x0 <= max(least + 1, longest // 2 + 1, 1.31 * (box[2] - box[0]) + 1)


@given(width=st.integers(1, 9000), height=st.integers(1, 9000), most=st.integers(1, 2048))
def test_a_picture_is_never_larger_than_asked_nor_enlarged(
    width: int, height: int, most: int
) -> None:
    columns, rows = fitted_px((0, 0, width, height), most)
    assert 1 <= columns <= max(min(most, width), 1) and 1 <= rows <= max(min(most, height), 1)
    if max(width, height) <= most:
        assert (columns, rows) == (width, height)

"""Small pictures of photos: upright, bounded, of halves too, and of nothing that is no picture."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFile

from inspection.domain.capture import RejectionReason
from inspection.imaging.decode import Flaw, decode
from inspection.imaging.thumbnail import SIDE_PX, thumbnail, thumbnail_of_part
from tests.support.apart import apart


def picture(
    size_px: tuple[int, int] = (1600, 900), kind: str = "JPEG", *, orientation: int = 1
) -> bytes:
    """Render dark above and bright below."""
    pixels = np.zeros((size_px[1], size_px[0], 3), np.uint8)
    pixels[size_px[1] // 2 :] = 220
    tags = Image.Exif()
    tags[0x0112] = orientation
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, kind, exif=tags.tobytes())
    return stream.getvalue()


def shown(small: bytes | None) -> np.ndarray:
    assert small is not None
    with Image.open(io.BytesIO(small)) as image:
        assert image.format == "JPEG"
        return np.asarray(image.convert("L"))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF"])
def test_every_kind_of_photo_is_shown_in_its_shape(kind: str) -> None:
    small = shown(thumbnail(picture(kind=kind)))
    assert small.shape == (135, SIDE_PX)
    assert small[:60].mean() < 10 and small[-60:].mean() > 200


def test_a_photo_that_was_taken_upright_stands_upright() -> None:
    small = shown(thumbnail(picture(orientation=6)))
    assert small.shape == (SIDE_PX, 135)
    assert small[:, :60].mean() > 200 and small[:, -60:].mean() < 10  # turned by 90° clockwise


def test_a_small_photo_is_not_blown_up() -> None:
    assert shown(thumbnail(picture((80, 60)))).shape == (60, 80)


@pytest.mark.parametrize("content", [b"", b"no picture", b"\xff\xd8\xff\xe0", picture()[:300]])
def test_where_nothing_can_be_shown_nothing_is(content: bytes) -> None:
    assert thumbnail(content) is None


def test_half_a_photo_shows_its_half_and_leaves_the_switch_as_it_was() -> None:
    noise = np.random.default_rng(3).integers(0, 255, (600, 800, 3), dtype=np.uint8)
    stream = io.BytesIO()
    Image.fromarray(noise).save(stream, "JPEG", quality=90)
    half = stream.getvalue()[: len(stream.getvalue()) // 2]
    assert thumbnail(half) is None
    before = ImageFile.LOAD_TRUNCATED_IMAGES
    small = shown(thumbnail_of_part(half))
    assert ImageFile.LOAD_TRUNCATED_IMAGES is before
    assert small[:60].std() > 10 > small[-60:].std()
    flaw = decode(half)
    assert isinstance(flaw, Flaw) and flaw.reason is RejectionReason.TRUNCATED


DRAWN = """
import json, sys
from pathlib import Path
from inspection.imaging.thumbnail import thumbnail
from inspection.pipeline.gauge import peak_rss_mb, reset_peak

small, large = (Path(name).read_bytes() for name in sys.argv[1:])
thumbnail(small)  # what the library loads once
could, before_mb = reset_peak(), peak_rss_mb()
drawn = thumbnail(large)
print(json.dumps([could, peak_rss_mb() - before_mb, drawn is not None]))
"""


def test_of_a_large_picture_one_decoded_copy_is_held(tmp_path: Path) -> None:
    side_px, small, large = 5000, tmp_path / "small.png", tmp_path / "large.png"
    for path, width_px in ((small, SIDE_PX), (large, side_px)):
        Image.new("RGB", (width_px, width_px), (9, 99, 9)).save(path, compress_level=1)
    assert shown(thumbnail(large.read_bytes())).shape == (SIDE_PX, SIDE_PX)
    could, grown_mb, drawn = apart(DRAWN, small, large)
    if not could:
        pytest.skip("this kernel does not reset its mark of the greatest memory")
    assert drawn
    decoded_mb = side_px**2 * 4 / 1e6  # Pillow holds RGB in four bytes
    assert 0.9 * decoded_mb < grown_mb < 1.5 * decoded_mb

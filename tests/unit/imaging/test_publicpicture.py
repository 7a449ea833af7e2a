"""Pictures for everybody: no metadata, nothing to compute back, everything else as it was."""

import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image
from PIL.ExifTags import GPS, IFD, Base

from inspection.errors import BadPhoto
from inspection.imaging import publicpicture
from inspection.imaging.publicpicture import hide, public_part, public_picture, upright_rgb
from tests.support.apart import apart

SECRETS = (b"SN-12345", b"Hanako", b"gimbal", b"Adobe", b"Exif", b"ICC", b"http://ns.adobe")


def noise(height: int, width: int, seed: int = 1) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def photo_with_everything(orientation: int = 1) -> bytes:
    """Write a JPEG as a drone does: EXIF with place, owner and thumbnail, XMP, ICC, a comment."""
    exif = Image.Exif()
    exif[Base.Orientation] = orientation
    exif[Base.Artist] = "Hanako"
    exif.get_ifd(IFD.GPSInfo)[GPS.GPSLatitude] = (36.0, 35.0, 40.0)
    exif.get_ifd(IFD.Exif)[Base.BodySerialNumber] = "SN-12345"
    written = io.BytesIO()
    Image.fromarray(noise(60, 90)).save(
        written,
        "JPEG",
        quality=95,
        exif=exif,
        xmp=b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>gimbal http://ns.adobe.com</x:xmpmeta>",
        icc_profile=b"ICC" * 50,
        comment=b"Hanako was here",
    )
    return written.getvalue()


def segments(jpeg: bytes) -> list[int]:
    """List the markers before the scan. Source: ITU-T T.81 annex B."""
    found, at = [], 2
    while jpeg[at + 1] != 0xDA:
        found.append(jpeg[at + 1])
        at += 2 + int.from_bytes(jpeg[at + 2 : at + 4], "big")
    return found


def test_nothing_but_pixels_leaves() -> None:
    photo = photo_with_everything()
    assert all(secret in photo for secret in (b"SN-12345", b"Hanako", b"gimbal", b"ICC"))
    public = public_picture(upright_rgb(photo, "a.jpg"), []).content
    assert not [secret for secret in SECRETS if secret in public]
    # JFIF, tables of quantisation and Huffman codes, frame: nothing else
    assert set(segments(public)) <= {0xE0, 0xDB, 0xC0, 0xC4}
    with Image.open(io.BytesIO(public)) as opened:
        assert not dict(opened.getexif()) and set(opened.info) <= {
            "jfif", "jfif_version", "jfif_unit", "jfif_density",
        }  # fmt: skip


def test_a_turned_photo_is_upright_without_its_metadata() -> None:
    turned = upright_rgb(photo_with_everything(orientation=6), "a.jpg")
    assert turned.shape == (90, 60, 3)
    assert public_picture(turned, []).size_px == (60, 90)


def test_what_is_hidden_does_not_depend_on_the_letters_of_a_plate() -> None:
    """Two plates whose sixteenths have the same mean colours give the very same picture."""
    first = np.full((200, 300, 3), 90, dtype=np.uint8)
    second = first.copy()
    box = (100, 80, 180, 120)  # widened by 7 px: 94 × 54 px
    letters = np.tile(np.array([[0, 255], [255, 0]], dtype=np.uint8), (20, 40))[..., None]
    first[80:120, 100:180] = letters
    second[80:120, 100:180] = 255 - letters
    one, other = hide(first, [box]), hide(second, [box])
    assert np.abs(one.astype(int) - other.astype(int)).max() <= 6  # were 255 apart
    inside = one[73:127, 93:187]
    assert np.abs(np.diff(inside.astype(int), axis=1)).max() < 12  # no edge is left


@given(st.integers(0, 250), st.integers(0, 150), st.integers(1, 200), st.integers(1, 200))
def test_at_most_sixteen_colours_are_left_and_the_rest_is_untouched(
    x0: int, y0: int, width: int, height: int
) -> None:
    before = noise(160, 260)
    box = x0, y0, x0 + width, y0 + height
    shown = hide(before.copy(), [box])
    left, top, right, bottom = publicpicture.widened(box, (260, 160))
    outside = np.ones((160, 260), dtype=bool)
    outside[top:bottom, left:right] = False
    assert (shown[outside] == before[outside]).all()
    part, original = shown[top:bottom, left:right], before[top:bottom, left:right]
    if min(part.shape[:2]) >= 32:  # of noise, means of many pixels are nearly grey
        assert part.std() < 0.25 * original.std()


def test_an_area_that_reaches_over_the_edge_is_hidden_as_far_as_there_is_picture() -> None:
    pixels = noise(50, 50)
    shown = hide(pixels.copy(), [(40, 40, 500, 500)])
    assert shown[45:, 45:].std() < 0.6 * pixels[45:, 45:].std()
    assert (hide(pixels.copy(), [(60, 60, 70, 70)]) == pixels).all()


def test_a_public_picture_is_small_and_says_what_was_hidden() -> None:
    made = public_picture(noise(900, 2400), [(0, 0, 100, 100), (500, 500, 600, 600)])
    assert made.size_px == (1600, 600) and made.hidden == 2
    with Image.open(io.BytesIO(made.content)) as opened:
        assert opened.size == (1600, 600) and opened.format == "JPEG"
    small = public_picture(noise(30, 40), [])
    assert small.size_px == (40, 30)


def test_a_part_shows_no_more_of_what_is_hidden_than_the_whole() -> None:
    """Zooming in must not give four new colours for every window."""
    pixels = noise(400, 400)
    box = (100, 100, 300, 300)
    window = (150, 150, 182, 182)
    hidden = hide(pixels.copy(), [box])
    part = public_part(hidden, window=window, size_px=(32, 32))
    with Image.open(io.BytesIO(part)) as opened:
        seen = np.asarray(opened).astype(int)
    whole = hidden[150:182, 150:182].astype(int)
    assert np.abs(seen - whole).mean() < 4
    assert seen.std() < 0.1 * pixels.std()
    shrunk = public_part(hide(pixels, []), window=(0, 0, 400, 200), size_px=(100, 50))
    with Image.open(io.BytesIO(shrunk)) as opened:
        assert opened.size == (100, 50)


def test_what_is_no_photo_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BadPhoto, match=r"photo a\.jpg cannot be decoded"):
        upright_rgb(b"no picture", "a.jpg")
    whole = photo_with_everything()
    with pytest.raises(BadPhoto, match="cannot be decoded"):
        upright_rgb(whole[: len(whole) // 2], "a.jpg")
    monkeypatch.setattr(publicpicture, "MAX_PHOTO_PIXELS", 5399)
    with pytest.raises(BadPhoto, match=r"photo a\.jpg of 90×60 px is over the limit"):
        upright_rgb(whole, "a.jpg")


DECODED_TWICE = """
import json, sys
from pathlib import Path
from inspection.imaging.publicpicture import hide, public_part, upright_rgb
from inspection.pipeline.gauge import peak_rss_mb
content = Path(sys.argv[1]).read_bytes()
public_part(hide(upright_rgb(Path(sys.argv[2]).read_bytes(), "b"), []), window=(0, 0, 9, 9),
            size_px=(9, 9))
before = peak_rss_mb()
pixels = hide(upright_rgb(content, "a"), [(0, 0, 500, 500)])
part = public_part(pixels, window=(100, 100, 900, 900), size_px=(400, 400))
print(json.dumps([peak_rss_mb() - before, pixels.nbytes / 1e6, len(part)]))
"""


def test_a_photo_is_in_memory_twice_at_most(tmp_path: Path) -> None:
    """Once as Pillow has it, at four bytes a pixel, and once as ours; it was six times."""
    large, small = tmp_path / "large.jpg", tmp_path / "small.jpg"
    Image.new("RGB", (6000, 5000), (90, 120, 60)).save(large, exif=turned_exif())
    Image.new("RGB", (60, 40)).save(small)
    used, one, part = apart(DECODED_TWICE, large, small)
    assert one == 6000 * 5000 * 3 / 1e6 and part > 500
    assert one <= used < 2.7 * one


def turned_exif() -> Image.Exif:
    exif = Image.Exif()
    exif[Base.Orientation] = 1
    return exif

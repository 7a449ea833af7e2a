"""Whole photos or a reason: orientation, truncation, bombs, metadata blocks."""

import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from inspection.domain.capture import RejectionReason
from inspection.errors import BadPhoto
from inspection.imaging.decode import Decoded, Flaw, decode, jpeg_is_complete, read_grey

XMP = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'/>"


def picture(width: int = 64, height: int = 48) -> Image.Image:
    """Draw a picture without any symmetry."""
    y, x = np.mgrid[0:height, 0:width]
    grey = (x * 2 + y * 3 + 40 * ((x // 8 + y // 8) % 2)) % 256
    grey[: height // 3, : width // 2] = 20
    return Image.fromarray(np.stack([grey] * 3, axis=-1).astype(np.uint8))


def encoded(
    image: Image.Image, kind: str = "JPEG", exif: Image.Exif | None = None, **options: object
) -> bytes:
    buffer = io.BytesIO()
    extra = {} if exif is None else {"exif": exif}
    image.save(buffer, kind, **extra, **options)  # type: ignore[arg-type]  # Pillow's options
    return buffer.getvalue()


def sound(content: bytes) -> Decoded:
    decoded = decode(content)
    assert isinstance(decoded, Decoded), decoded
    return decoded


def flaw(content: bytes) -> Flaw:
    decoded = decode(content)
    assert isinstance(decoded, Flaw)
    return decoded


# -- sound photos -------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF"])
def test_every_format_gives_the_luminance(kind: str) -> None:
    decoded = sound(encoded(picture(), kind))
    truth = np.asarray(picture().convert("L"), dtype=int)
    assert decoded.grey.shape == (48, 64)
    assert decoded.grey.dtype == np.uint8
    assert np.abs(decoded.grey.astype(int) - truth).mean() < (4 if kind == "JPEG" else 0.01)
    assert decoded.size_px == (64, 48)
    assert decoded.xmp is None


def test_a_plain_photo_has_no_metadata() -> None:
    decoded = sound(encoded(picture()))
    assert (decoded.orientation, decoded.notes) == (1, ())
    assert not (decoded.blocks.base or decoded.blocks.exif or decoded.blocks.gps)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_all_eight_orientations_are_turned_upright(orientation: int, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / "photo.png"
    path.write_bytes(encoded(picture(), "PNG", exif))
    with Image.open(path) as image:
        truth = np.asarray(ImageOps.exif_transpose(image).convert("L"))
    grey = read_grey(path)
    assert grey.flags.c_contiguous
    assert np.array_equal(grey, truth)
    assert sound(path.read_bytes()).size_px == (truth.shape[1], truth.shape[0])


@pytest.mark.parametrize("nonsense", [0, 9, 77])
def test_an_impossible_orientation_is_upright(nonsense: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = nonsense
    assert sound(encoded(picture(), exif=exif)).orientation == 1


def test_the_three_exif_directories() -> None:
    exif = Image.Exif()
    exif[0x010F] = "DJI"
    exif.get_ifd(0x8769)[0x920A] = 3.61
    exif.get_ifd(0x8825)[1] = "N"
    blocks = sound(encoded(picture(), exif=exif)).blocks
    assert blocks.base[0x010F] == "DJI"
    assert float(blocks.exif[0x920A]) == pytest.approx(3.61)  # type: ignore[arg-type]  # rational
    assert blocks.gps[1] == "N"


def png_with_xmp() -> bytes:
    from PIL.PngImagePlugin import PngInfo

    info = PngInfo()
    info.add_itxt("XML:com.adobe.xmp", XMP.decode())
    return encoded(picture(), "PNG", pnginfo=info)


@pytest.mark.parametrize(
    "write",
    [lambda: encoded(picture(), xmp=XMP), png_with_xmp],
    ids=["JPEG", "PNG"],
)
def test_the_xmp_packet_is_found(write: Callable[[], bytes]) -> None:
    assert sound(write()).xmp == XMP


def test_damaged_exif_costs_the_metadata_not_the_photo() -> None:
    exif = Image.Exif()
    exif[0x010F] = "DJI"
    content = encoded(picture(), exif=exif)
    broken = content.replace(b"MM\x00*", b"XX\x00*").replace(b"II*\x00", b"XX*\x00")
    assert broken != content
    decoded = sound(broken)
    assert not decoded.blocks.base
    assert len(decoded.notes) == 1
    assert "EXIF" in decoded.notes[0]


def test_a_black_and_white_photo_is_a_photo() -> None:
    assert sound(encoded(picture().convert("L"))).grey.shape == (48, 64)


# -- flawed files -------------------------------------------------------------------------------


def test_an_empty_file() -> None:
    assert flaw(b"").reason is RejectionReason.EMPTY


@pytest.mark.parametrize("content", [b"hello, this is text\n", b"\x00" * 500, b"%PDF-1.7"])
def test_something_else_than_an_image(content: bytes) -> None:
    found = flaw(content)
    assert found.reason is RejectionReason.NOT_AN_IMAGE
    assert repr(content[:12]) in found.detail


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9, 0.99])
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF"])
def test_a_file_that_broke_off(kind: str, share: float) -> None:
    whole = encoded(picture(400, 300), kind)
    found = flaw(whole[: int(len(whole) * share)])
    assert found.reason in {RejectionReason.TRUNCATED, RejectionReason.UNREADABLE}
    if kind == "JPEG":
        assert found.reason is RejectionReason.TRUNCATED
    assert "copy" in found.detail


def test_a_jpeg_whose_tail_is_zeros_has_the_right_length_but_is_truncated() -> None:
    whole = encoded(picture(400, 300))
    half = len(whole) // 2
    assert flaw(whole[:half] + bytes(len(whole) - half)).reason is RejectionReason.TRUNCATED


def test_a_thumbnail_in_the_exif_does_not_pretend_the_end() -> None:
    exif = Image.Exif()
    exif[0x010E] = "thumbnail"
    thumbnail = encoded(picture(16, 12))
    whole = encoded(picture(400, 300), exif=exif, comment=thumbnail)
    assert thumbnail in whole
    assert jpeg_is_complete(whole)
    assert not jpeg_is_complete(whole[: int(len(whole) * 0.8)])


def test_bytes_after_the_end_do_no_harm() -> None:
    content = encoded(picture()) + b"maker's trailer"
    assert jpeg_is_complete(content)
    assert sound(content).size_px == (64, 48)


def test_a_progressive_jpeg_is_complete() -> None:
    assert jpeg_is_complete(encoded(picture(400, 300), progressive=True))


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xd8", b"\xff\xd8\xff\xe0", b"\xff\xd8\xff\xff\xff"]
)
def test_the_beginning_of_a_jpeg_is_not_complete(content: bytes) -> None:
    assert not jpeg_is_complete(content)


def bomb(width: int, height: int) -> bytes:
    """Write the header of a PNG of any size."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    pixels = chunk(b"IDAT", zlib.compress(bytes(64)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + pixels + chunk(b"IEND", b"")


@pytest.mark.parametrize("side", [16_000, 40_000])
def test_a_decompression_bomb_is_not_decoded(side: int) -> None:
    found = flaw(bomb(side, side))
    assert found.reason is RejectionReason.TOO_LARGE


def test_the_limit_is_an_argument() -> None:
    content = encoded(picture())
    assert isinstance(decode(content, max_pixels=64 * 48), Decoded)
    over = decode(content, max_pixels=64 * 48 - 1)
    assert isinstance(over, Flaw) and over.reason is RejectionReason.TOO_LARGE
    assert "64×48" in over.detail


def test_a_header_without_pixels_is_truncated() -> None:
    assert flaw(bomb(64, 48)).reason is RejectionReason.TRUNCATED


# -- reading one photo --------------------------------------------------------------------------


def test_reading_a_missing_photo_says_which(tmp_path: Path) -> None:
    with pytest.raises(BadPhoto, match=r"gone\.jpg"):
        read_grey(tmp_path / "gone.jpg")


def test_reading_a_broken_photo_says_why(tmp_path: Path) -> None:
    path = tmp_path / "half.jpg"
    path.write_bytes(encoded(picture(400, 300))[:2000])
    with pytest.raises(BadPhoto, match="end marker"):
        read_grey(path)

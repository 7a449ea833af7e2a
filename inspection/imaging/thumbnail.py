"""Make small pictures of photos, for people who look at many of them."""

import io
import struct
import warnings

from PIL import Image, ImageFile, ImageOps

SIDE_PX = 240
QUALITY = 75

_FAULTS = (OSError, SyntaxError, struct.error, ValueError, IndexError, KeyError, TypeError)


def thumbnail(content: bytes, *, side_px: int = SIDE_PX) -> bytes | None:
    """Give a photo as a JPEG that fits into a square, upright; None when nothing can be shown.

    A JPEG is decoded at an eighth of its size, so the largest photo takes little memory; of other
    files one decoded copy is held, and everything but shrinking is done on the small picture.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its EXIF may be damaged; who reads the EXIF says so
        try:
            with Image.open(io.BytesIO(content)) as image:
                image.draft("RGB", (2 * side_px, 2 * side_px))
                image.thumbnail((side_px, side_px))
                small = ImageOps.exif_transpose(image).convert("RGB")
        except (*_FAULTS, Image.DecompressionBombError):
            return None
    stream = io.BytesIO()
    small.save(stream, "JPEG", quality=QUALITY)
    return stream.getvalue()


def thumbnail_of_part(content: bytes, *, side_px: int = SIDE_PX) -> bytes | None:
    """Give what is there of a photo that is cut off; the rest is grey.

    Pillow knows only a switch of the whole process for it: for processes with one thread, that is
    for the sandbox.
    """
    before = ImageFile.LOAD_TRUNCATED_IMAGES
    ImageFile.LOAD_TRUNCATED_IMAGES = True
    try:
        return thumbnail(content, side_px=side_px)
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = before

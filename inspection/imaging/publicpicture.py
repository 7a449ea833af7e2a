"""Make the picture of a photo that everybody may see: the one way out for pixels.

What must not be seen is replaced by at most four by four colours, so that nothing can be computed
back; then the picture is encoded anew from its pixels alone, so that no camera, place, time, person
or thumbnail goes along.
"""

import io
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NewType

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from inspection.domain.privatearea import Box, widened
from inspection.errors import BadPhoto
from inspection.imaging.decode import MAX_PHOTO_PIXELS

LONGEST_PX = 1600
"""Longest side of a public picture: enough to see the damage in its surroundings."""

QUALITY = 85

BAND_ROWS = 256
"""Rows that are copied at a time."""

CELLS = 4
"""Colours along the longer side of what is hidden."""

Hidden = NewType("Hidden", NDArray[np.uint8])
"""Pixels of a whole upright photo (H, W, 3) uint8 RGB with what must not be seen hidden."""

_FAULTS = (OSError, SyntaxError, ValueError, IndexError, KeyError, TypeError)


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicPicture:
    """Carry a picture that everybody may see.

    Attributes:
        content: JPEG without any metadata.
        size_px: columns and rows.
        hidden: areas that were made unrecognisable.
    """

    content: bytes
    size_px: tuple[int, int]
    hidden: int


def upright_rgb(content: bytes, name: str) -> NDArray[np.uint8]:
    """Decode a photo to upright pixels (H, W, 3) uint8 RGB, never more than twice in memory.

    Raises:
        BadPhoto: when it cannot be decoded, or is larger than any photo.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # its EXIF may be damaged; only the turn is read
            with Image.open(io.BytesIO(content)) as image:
                width, height = image.size
                if width * height > MAX_PHOTO_PIXELS:
                    raise BadPhoto(
                        f"photo {name} of {width}×{height} px is over the limit of "
                        f"{MAX_PHOTO_PIXELS / 1e6:.0f} Mpx"
                    )
                ImageOps.exif_transpose(image, in_place=True)
                return _pixels(image)
    except (*_FAULTS, UnidentifiedImageError, Image.DecompressionBombError) as error:
        raise BadPhoto(f"photo {name} cannot be decoded: {error}") from error


def public_picture(
    pixels: NDArray[np.uint8], boxes: Iterable[Box], *, longest_px: int = LONGEST_PX
) -> PublicPicture:
    """Hide parts of upright pixels (H, W, 3) uint8 RGB and encode the rest anew.

    Args:
        pixels: of the whole photo; what must not be seen is hidden in them.
        boxes: what must not be seen, px; each is widened first.
        longest_px: longest side of the picture.
    """
    shown: NDArray[np.uint8] = hide(pixels, boxes_px := list(boxes))
    height, width = shown.shape[:2]
    shrink = min(1.0, longest_px / max(height, width))
    size = max(1, round(width * shrink)), max(1, round(height * shrink))
    if shrink < 1:
        shown = np.asarray(cv2.resize(shown, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    written = io.BytesIO()
    Image.fromarray(shown).save(written, "JPEG", quality=QUALITY, optimize=True)
    return PublicPicture(content=written.getvalue(), size_px=size, hidden=len(boxes_px))


def public_part(hidden: Hidden, *, window: Box, size_px: tuple[int, int]) -> bytes:
    """Give a part of a photo as JPEG.

    It is cut from a photo that was hidden whole: of a part alone, four colours each way could be
    read off piece by piece.

    Args:
        hidden: pixels of the whole upright photo, from ``hide``.
        window: x0 y0 x1 y1 px, inside the photo.
        size_px: columns and rows of the picture.
    """
    x0, y0, x1, y1 = window
    part = np.ascontiguousarray(hidden[y0:y1, x0:x1])
    if part.shape[1::-1] != size_px:
        part = np.asarray(cv2.resize(part, size_px, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    written = io.BytesIO()
    Image.fromarray(part).save(written, "JPEG", quality=QUALITY)
    return written.getvalue()


def hide(pixels: NDArray[np.uint8], boxes: Iterable[Box]) -> Hidden:
    """Replace parts of upright pixels (H, W, 3) uint8 by few colours each, in place.

    >>> pixels = np.eye(8, dtype=np.uint8)[..., None].repeat(3, 2) * 255
    >>> bool(hide(pixels, [(0, 0, 8, 8)]).max() < 255)
    True
    """
    size = pixels.shape[1], pixels.shape[0]
    for box in boxes:
        x0, y0, x1, y1 = widened(box, size)
        part = pixels[y0:y1, x0:x1]
        if part.size:
            pixels[y0:y1, x0:x1] = _few_colours(part)
    return Hidden(pixels)


def _pixels(image: Image.Image) -> NDArray[np.uint8]:
    """Copy an image band by band: as a whole, Pillow would hold it three times meanwhile."""
    width, height = image.size
    pixels = np.empty((height, width, 3), dtype=np.uint8)
    for top in range(0, height, BAND_ROWS):
        bottom = min(top + BAND_ROWS, height)
        pixels[top:bottom] = np.asarray(image.crop((0, top, width, bottom)).convert("RGB"))
    return pixels


def _few_colours(part: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Give a part of a picture as a smooth mixture of at most ``CELLS`` × ``CELLS`` colours."""
    height, width = part.shape[:2]
    longer = max(height, width)
    cells = [max(1, min(CELLS, round(CELLS * side / longer))) for side in (width, height)]
    few = cv2.resize(part, (cells[0], cells[1]), interpolation=cv2.INTER_AREA)
    smooth = cv2.resize(few, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(smooth, dtype=np.uint8)

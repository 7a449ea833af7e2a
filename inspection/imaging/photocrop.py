"""Cut parts out of photos for people to look at, as JPEG, down to single pixels."""

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from inspection.errors import BadInput, BadPhoto
from inspection.imaging.darkroom import Darkroom

CROP_MAX_PX = 2048
"""Longest side of a picture that one request may ask for."""

QUALITY = 90

Box = tuple[int, int, int, int]

_REDUCED = {
    8: cv2.IMREAD_REDUCED_COLOR_8,
    4: cv2.IMREAD_REDUCED_COLOR_4,
    2: cv2.IMREAD_REDUCED_COLOR_2,
    1: cv2.IMREAD_COLOR,
}
"""By how much the decoder itself makes a photo smaller, which is quick."""


class Cutter:
    """Cut pictures out of photos as they were taken."""

    def __init__(self, darkroom: Darkroom) -> None:
        """Have photos decoded and kept in a darkroom."""
        self._darkroom = darkroom

    def cut(self, path: Path, sha256: str, *, window: Box, size_px: tuple[int, int]) -> bytes:
        """Give a part of an upright photo as JPEG, native or shrunk, never enlarged.

        Args:
            path: file of the photo.
            sha256: identity of the photo.
            window: x0 y0 x1 y1 px, half-open, inside the photo.
            size_px: columns and rows of the picture, at most those of the window.

        Raises:
            BadInput: when window or size are out of range.
            BadPhoto: when the photo cannot be decoded.
            Unavailable: when others are having photos decoded.
        """
        x0, y0, x1, y1 = window
        if not (0 <= x0 < x1 and 0 <= y0 < y1):
            raise BadInput(f"a part of a photo is x0 y0 x1 y1 with x0 < x1, y0 < y1, got {window}")
        if not 1 <= max(size_px) <= CROP_MAX_PX:
            raise BadInput(f"a picture can be 1–{CROP_MAX_PX} px long, {max(size_px)} were asked")
        shrink = min((x1 - x0) / size_px[0], (y1 - y0) / size_px[1])
        step = next(step for step in _REDUCED if step <= max(shrink, 1.0))
        photo = self._photo(path, sha256, step)
        rows, columns = (slice(a // step, max(-(-b // step), 1)) for a, b in ((y0, y1), (x0, x1)))
        part = photo[rows, columns]
        if part.size == 0:
            raise BadInput(f"window {window} px lies outside of {path.name}")
        if part.shape[1::-1] != size_px:
            part = cv2.resize(part, size_px, interpolation=cv2.INTER_AREA)
        _, encoded = cv2.imencode(".jpg", part, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
        return bytes(encoded.tobytes())

    def _photo(self, path: Path, sha256: str, step: int) -> NDArray[np.uint8]:
        """Give a decoded photo (H, W, 3) BGR, at one ``step``-th of its size."""

        def decode() -> NDArray[np.uint8]:
            found = cv2.imread(str(path), _REDUCED[step])
            if found is None:
                raise BadPhoto(f"{path.name} cannot be decoded; copy it from the card again")
            return np.asarray(found, dtype=np.uint8)

        return self._darkroom.photo((sha256, step), decode)


def fitted_px(window: Box, most_px: int) -> tuple[int, int]:
    """Give columns and rows at which a window is shown: native, or shrunk to a longest side.

    >>> fitted_px((100, 100, 1100, 350), 500)
    (500, 125)
    """
    width, height = window[2] - window[0], window[3] - window[1]
    shrink = min(1.0, most_px / max(width, height))
    return max(1, round(width * shrink)), max(1, round(height * shrink))

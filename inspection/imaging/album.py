"""Decode photos on demand and keep only as many in memory as a budget allows."""

from collections import OrderedDict
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from inspection.errors import BadPhoto
from inspection.imaging.ortho import View
from inspection.imaging.photofile import PhotoFile, opened

TONE_PX = 32
"""Photo pixels per pixel of a tone: structures larger than about twice this are tone, the rest
is detail."""

DEFAULT_BUDGET_MB = 320
"""Decoded photos kept in memory: eleven of 9 megapixels, or five of 20."""


def decode(file: PhotoFile, *, width_px: int, height_px: int) -> NDArray[np.uint8]:
    """Read a photo upright as (H, W, 3) uint8 RGB.

    Raises:
        BadPhoto: when the file cannot be decoded or has another size than its metadata said.
    """
    with opened(file) as path:
        bgr = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if bgr is None:
        raise BadPhoto(f"{file.name} cannot be decoded; copy it again from the memory card")
    if bgr.shape[:2] != (height_px, width_px):
        raise BadPhoto(
            f"{file.name} decodes to {bgr.shape[1]}×{bgr.shape[0]} px but was registered with "
            f"{width_px}×{height_px} px; was the file exchanged?"
        )
    return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), dtype=np.uint8)


def decode_tone(file: PhotoFile, *, width_px: int, height_px: int) -> NDArray[np.float32]:
    """Read the tone of a photo: its low frequencies, (H/32, W/32, 3) float32 RGB, 0–255.

    Raises:
        BadPhoto: when the file cannot be decoded.
    """
    with opened(file) as path:
        small = cv2.imread(str(path), cv2.IMREAD_REDUCED_COLOR_4)
    if small is None:
        raise BadPhoto(f"{file.name} cannot be decoded; copy it again from the memory card")
    size = (max(2, round(width_px / TONE_PX)), max(2, round(height_px / TONE_PX)))
    rgb = cv2.cvtColor(small, cv2.COLOR_BGR2RGB).astype(np.float32)
    return np.asarray(
        cv2.GaussianBlur(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), (0, 0), 0.7),
        dtype=np.float32,
    )


class Album:
    """Hand out photos and tones of views by number, decoding each as rarely as memory allows."""

    def __init__(self, views: Sequence[View], *, budget_mb: int = DEFAULT_BUDGET_MB) -> None:
        """Open an album of views.

        Args:
            views: what the numbers count, from 0.
            budget_mb: decoded photos kept; at least one is always kept.
        """
        self._views = tuple(views)
        self._budget_bytes = budget_mb * 2**20
        self._photos: OrderedDict[int, NDArray[np.uint8]] = OrderedDict()
        self._tones: dict[int, NDArray[np.float32]] = {}

    @property
    def held_bytes(self) -> int:
        """Count the bytes of decoded photos that are kept now."""
        return sum(photo.nbytes for photo in self._photos.values())

    def photo(self, index: int) -> NDArray[np.uint8]:
        """Give a photo, (H, W, 3) uint8 RGB; raises BadPhoto."""
        if index in self._photos:
            self._photos.move_to_end(index)
            return self._photos[index]
        view = self._views[index]
        coming = view.width_px * view.height_px * 3
        while self._photos and self.held_bytes + coming > self._budget_bytes:
            self._photos.popitem(last=False)
        photo = decode(view.path, width_px=view.width_px, height_px=view.height_px)
        self._photos[index] = photo
        return photo

    def tone(self, index: int) -> NDArray[np.float32]:
        """Give a tone, (h, w, 3) float32 RGB, kept for good: it is a thousandth of its photo."""
        if index not in self._tones:
            view = self._views[index]
            self._tones[index] = decode_tone(
                view.path, width_px=view.width_px, height_px=view.height_px
            )
        return self._tones[index]

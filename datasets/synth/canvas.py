"""Hold the painted surface: reflectance at 1 mm, and what varies softly at 8 mm.

Rows run against the deck's y, as on a map. Reflectance is linear light; the fine layer is grey, and
colour lives in the soft layer, because concrete has little of it and the eye sees it coarsely.
"""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from datasets.synth.deck import Deck

Grey = NDArray[np.uint8]
Floats = NDArray[np.float32]
Bounds = tuple[float, float, float, float]
"""x0 y0 x1 y1 on the deck, metres."""

FULL = 0.85
"""Linear reflectance that the value 255 of the fine layer stands for."""
SOFT = 8
"""Fine pixels per soft pixel."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Canvas:
    """Carry the layers of one surface; painting changes the arrays in place.

    Attributes:
        left_m: deck x of the left edge.
        top_m: deck y of the top edge.
        resolution_m: size of a fine pixel.
        grey: (rows, cols) uint8, reflectance ÷ ``FULL`` · 255.
        tint: (rows ÷ 8, cols ÷ 8, 3) float32, RGB factors on the grey.
    """

    left_m: float
    top_m: float
    resolution_m: float
    grey: Grey
    tint: Floats

    @property
    def px_from_deck(self) -> NDArray[np.float64]:
        """Give the matrix (3, 3) from deck metres to fine pixels, outer-corner convention."""
        k = 1.0 / self.resolution_m
        return np.array([[k, 0, -self.left_m * k], [0, -k, self.top_m * k], [0, 0, 1]])

    def to_px(self, points_deck_m: NDArray[np.float64]) -> NDArray[np.float64]:
        """Move (n, 2) deck metres to fine pixels."""
        return np.column_stack(
            [
                (points_deck_m[:, 0] - self.left_m) / self.resolution_m,
                (self.top_m - points_deck_m[:, 1]) / self.resolution_m,
            ]
        )

    def repaint(self, bounds_deck_m: Bounds, paint: Callable[["Patch"], Floats]) -> None:
        """Replace the reflectance inside a box by what a painter makes of it.

        Args:
            bounds_deck_m: x0 y0 x1 y1; what lies outside the canvas is left out.
            paint: gets the patch and returns its new reflectance.
        """
        x0, y0, x1, y1 = bounds_deck_m
        corners = self.to_px(np.array([[x0, y1], [x1, y0]]))
        rows, cols = self.grey.shape
        left, right = (int(np.clip(v, 0, cols)) for v in np.round(corners[:, 0]))
        top, bottom = (int(np.clip(v, 0, rows)) for v in np.round(corners[:, 1]))
        if left >= right or top >= bottom:
            return
        window = self.grey[top:bottom, left:right]
        x_m = self.left_m + (np.arange(left, right, dtype=np.float32) + 0.5) * self.resolution_m
        y_m = self.top_m - (np.arange(top, bottom, dtype=np.float32) + 0.5) * self.resolution_m
        patch = Patch(
            x_m=x_m.astype(np.float32)[None, :],
            y_m=y_m.astype(np.float32)[:, None],
            reflectance=window.astype(np.float32) * np.float32(FULL / 255),
        )
        window[:] = encode(paint(patch))

    def soft_mask(self, points_deck_m: NDArray[np.float64], blur_m: float) -> Floats:
        """Give the share of each soft pixel inside an outline, with a soft edge, 0–1."""
        mask = np.zeros(self.tint.shape[:2], dtype=np.uint8)
        corners = self.to_px(points_deck_m) / SOFT
        cv2.fillPoly(mask, [np.round((corners - 0.5) * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
        sigma = max(blur_m / (self.resolution_m * SOFT), 0.3)
        share = mask.astype(np.float32) / 255
        return np.asarray(cv2.GaussianBlur(share, (0, 0), sigma), dtype=np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class Patch:
    """Carry a box of the fine layer: where its pixels are and what they reflect.

    Attributes:
        x_m: (1, w) deck x of the pixel centres.
        y_m: (h, 1) deck y of the pixel centres.
        reflectance: (h, w) float32, linear.
    """

    x_m: Floats
    y_m: Floats
    reflectance: Floats


def blank(deck: Deck, resolution_m: float = 0.001) -> Canvas:
    """Make an unpainted canvas of the deck with its kerbs and approaches."""
    width_m = deck.length_m + 2 * deck.approach_m
    height_m = deck.width_m + 2 * deck.kerb_m
    cols = round(width_m / resolution_m / SOFT) * SOFT
    rows = round(height_m / resolution_m / SOFT) * SOFT
    return Canvas(
        left_m=-deck.approach_m,
        top_m=deck.width_m + deck.kerb_m,
        resolution_m=resolution_m,
        grey=np.zeros((rows, cols), dtype=np.uint8),
        tint=np.ones((rows // SOFT, cols // SOFT, 3), dtype=np.float32),
    )


def encode(reflectance: Floats) -> Grey:
    """Store linear reflectance in bytes."""
    return np.asarray(np.clip(reflectance * (255 / FULL) + 0.5, 0, 255), dtype=np.uint8)


def coverage(distance_m: Floats, half_width_m: Floats | float, pixel_m: float) -> Floats:
    """Give the share of a pixel inside a band, from the distance of its centre to the middle, 0–1.

    >>> coverage(np.float32([0.0, 0.0030, 0.0031, 0.0040]), 0.003, 0.001).round(2).tolist()
    [1.0, 0.5, 0.4000000059604645, 0.0]
    """
    return np.asarray(np.clip((half_width_m - distance_m) / pixel_m + 0.5, 0, 1), dtype=np.float32)

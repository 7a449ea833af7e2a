"""Hold the painted surface: reflectance in fine pixels, and what varies softly in coarse ones.

Rows run against the deck's y, as on a map. Reflectance is linear light; the fine layer is grey, and
colour lives in the soft layer, because concrete has little of it and the eye sees it coarsely.
"""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from datasets.synth.deck import Deck
from inspection.errors import BadInput

Grey = NDArray[np.uint8]
Floats = NDArray[np.float32]
Bounds = tuple[float, float, float, float]
"""x0 y0 x1 y1 on the deck, metres."""

FULL = 0.85
"""Linear reflectance that the value 255 of the fine layer stands for."""
MAX_SIDE_PX = 32_000
"""OpenCV samples images of up to 32 767 px a side."""
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
            pixel_m=self.resolution_m,
            reflectance=window.astype(np.float32) * np.float32(FULL / 255),
        )
        window[:] = encode(paint(patch))

    def tint_inside(
        self, outline_deck_m: NDArray[np.float64], edge_m: float, paint: Callable[[Floats], Floats]
    ) -> None:
        """Multiply the tint around an outline by what a painter makes of its soft mask.

        Args:
            outline_deck_m: (n, 2) ring.
            edge_m: standard deviation of the soft edge.
            paint: gets the share of each soft pixel inside the outline, (h, w, 1) in 0–1, and its
                place is lost on purpose; returns factors (h, w, 3).
        """
        sigma_px = max(edge_m / (self.resolution_m * SOFT), 0.3)
        corners = self.to_px(outline_deck_m) / SOFT
        margin = 3 * sigma_px + 2
        limits = np.array(self.tint.shape[1::-1])
        low = np.clip(np.floor(corners.min(axis=0) - margin), 0, limits).astype(int)
        high = np.clip(np.ceil(corners.max(axis=0) + margin), 0, limits).astype(int)
        if (low >= high).any():
            return
        mask = np.zeros((high[1] - low[1], high[0] - low[0]), dtype=np.uint8)
        sixteenths = np.round((corners - low - 0.5) * 16).astype(np.int32)
        cv2.fillPoly(mask, [sixteenths], 255, cv2.LINE_AA, 4)
        share = cv2.GaussianBlur(mask.astype(np.float32) / 255, (0, 0), sigma_px)
        factors = paint(np.asarray(share, dtype=np.float32)[..., None])
        self.tint[low[1] : high[1], low[0] : high[0]] *= factors


@dataclass(frozen=True, slots=True, kw_only=True)
class Patch:
    """Carry a box of the fine layer: where its pixels are and what they reflect.

    Attributes:
        x_m: (1, w) deck x of the pixel centres.
        y_m: (h, 1) deck y of the pixel centres.
        pixel_m: size of a pixel.
        reflectance: (h, w) float32, linear.
    """

    x_m: Floats
    y_m: Floats
    pixel_m: float
    reflectance: Floats


def blank(deck: Deck, resolution_m: float) -> Canvas:
    """Make an unpainted canvas of the deck with its kerbs and approaches.

    Raises:
        BadInput: when the deck has more pixels than the renderer can hold.
    """
    width_m = deck.length_m + 2 * deck.approach_m
    height_m = deck.width_m + 2 * deck.kerb_m
    cols = round(width_m / resolution_m / SOFT) * SOFT
    rows = round(height_m / resolution_m / SOFT) * SOFT
    if max(cols, rows) > MAX_SIDE_PX:
        raise BadInput(
            f"a deck of {deck.length_m} × {deck.width_m} m needs {cols} × {rows} px of "
            f"{resolution_m * 1000:.2f} mm, at most {MAX_SIDE_PX} px a side can be rendered; "
            "choose a coarser ground sample distance or a shorter deck"
        )
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

    A band thinner than a pixel takes the share that it has, and no more.

    >>> coverage(np.float32([0.0, 0.0030, 0.0031, 0.0040]), 0.003, 0.001).round(2).tolist()
    [1.0, 0.5, 0.4000000059604645, 0.0]
    >>> coverage(np.float32([0.0, 0.0003, 0.0005]), 0.0002, 0.001).round(2).tolist()
    [0.4000000059604645, 0.4000000059604645, 0.20000000298023224]
    """
    inner = np.minimum(half_width_m, distance_m + pixel_m / 2)
    outer = np.maximum(-half_width_m, distance_m - pixel_m / 2)
    return np.asarray(np.clip((inner - outer) / pixel_m, 0, 1), dtype=np.float32)

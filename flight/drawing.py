"""Draw in metres on a canvas: points, lines, areas, a scale bar."""

import math
from collections.abc import Sequence
from contextlib import suppress
from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

Floats = NDArray[np.float64]
Colour = tuple[int, int, int] | tuple[int, int, int, int]

INK: Colour = (38, 44, 52)
QUIET: Colour = (128, 136, 146)
PAPER: Colour = (255, 255, 255)
JAPANESE_FONTS = (
    "NotoSansCJK-Regular.ttc", "NotoSansCJKjp-Regular.otf", "NotoSansJP-Regular.otf", "ipaexg.ttf",
    "meiryo.ttc", "YuGothM.ttc", "ヒラギノ角ゴシック W3.ttc",
)  # fmt: skip
"""Looked for in this order, where the machine keeps its fonts."""
SMOOTH = 2
"""Canvases are drawn this much larger and shrunk, for smooth edges."""


class Canvas:
    """Take drawings in pixels of the finished picture."""

    def __init__(self, width_px: int, height_px: int) -> None:
        """Start with white paper."""
        self._size = (width_px, height_px)
        self._image = Image.new("RGB", (width_px * SMOOTH, height_px * SMOOTH), PAPER)
        self._draw = ImageDraw.Draw(self._image, "RGBA")

    def polygon(self, points_px: Floats, *, fill: Colour | None, outline: Colour | None) -> None:
        """Draw a filled outline."""
        self._draw.polygon(_flat(points_px), fill=fill, outline=outline, width=SMOOTH)

    def line(self, points_px: Floats, *, colour: Colour, width_px: float = 1.0) -> None:
        """Draw a line through points."""
        width = max(1, round(width_px * SMOOTH))
        self._draw.line(_flat(points_px), fill=colour, width=width, joint="curve")

    def dot(self, place_px: Floats, *, radius_px: float, colour: Colour) -> None:
        """Draw a disc."""
        x, y = (float(value) * SMOOTH for value in place_px)
        r = radius_px * SMOOTH
        self._draw.ellipse((x - r, y - r, x + r, y + r), fill=colour)

    def square(self, place_px: Floats, *, side_px: float, colour: Colour) -> None:
        """Draw a small square around a place."""
        x, y = (float(value) * SMOOTH for value in place_px)
        half = side_px * SMOOTH / 2
        self._draw.rectangle((x - half, y - half, x + half, y + half), fill=colour)

    def text(
        self, x_px: float, y_px: float, words: str, *, size_px: int = 14, colour: Colour = INK
    ) -> None:
        """Write a line with its top-left corner at a place."""
        font = _font(size_px * SMOOTH, plain=words.isascii())
        self._draw.text((x_px * SMOOTH, y_px * SMOOTH), words, fill=colour, font=font)

    def image(self) -> Image.Image:
        """Give the finished picture."""
        return self._image.resize(self._size, Image.Resampling.LANCZOS)


class Panel:
    """Map metres of a plane into a rectangle of a canvas, north (or up) at the top."""

    def __init__(
        self, canvas: Canvas, box_px: tuple[float, float, float, float], points_m: Floats
    ) -> None:
        """Fit points into a box of left, top, right, bottom."""
        self.canvas = canvas
        left, top, right, bottom = box_px
        low, high = points_m.min(axis=0), points_m.max(axis=0)
        span = np.maximum(high - low, 1e-6)
        self.px_per_m = float(min((right - left) / span[0], (bottom - top) / span[1]))
        self._middle_m = (low + high) / 2
        self._middle_px = np.array([(left + right) / 2, (top + bottom) / 2])
        self._box_px = box_px

    def place(self, points_m: Floats) -> Floats:
        """Give the pixels of (n, 2) metres."""
        away = (np.atleast_2d(points_m) - self._middle_m) * (self.px_per_m, -self.px_per_m)
        return np.asarray(self._middle_px + away)

    def scale_bar(self) -> None:
        """Draw a bar of a round length at the bottom left."""
        left, _, right, bottom = self._box_px
        wanted_m = 0.25 * (right - left) / self.px_per_m
        power = 10.0 ** math.floor(math.log10(wanted_m))
        length_m = max(step * power for step in (1, 2, 5) if step * power <= wanted_m)
        ends = np.array([[left, bottom + 20], [left + length_m * self.px_per_m, bottom + 20]])
        self.canvas.line(ends, colour=INK, width_px=3)
        self.canvas.text(left, bottom + 25, f"{length_m:g} m", size_px=12)


@cache
def _font(size_px: int, *, plain: bool) -> ImageFont.ImageFont | ImageFont.FreeTypeFont:
    """Give Pillow's own font, which knows no Japanese, or for other words one of the machine."""
    if not plain:
        for name in JAPANESE_FONTS:
            with suppress(OSError):
                return ImageFont.truetype(name, size_px)
    return ImageFont.load_default(size=size_px)


def _flat(points_px: Floats) -> Sequence[tuple[float, float]]:
    """Give points as Pillow takes them."""
    return [(float(x) * SMOOTH, float(y) * SMOOTH) for x, y in points_px]

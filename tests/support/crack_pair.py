"""Two rendered mosaics of one concrete face with cracks of exactly known width.

The face is drawn four times finer than the mosaic; the second survey has its own noise, light,
blur and a residual shift of registration.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from inspection.geo.grid import PixelGrid
from inspection.imaging.cog import new_cog

FINE = 4
GSD_M = 0.001
SIZE_PX = (1200, 700)
CORE = 0.12
"""Light inside a crack ÷ light of the concrete, linear."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """Draw one straight crack from point to point, mosaic pixels, of a width in pixels."""

    start_px: tuple[float, float]
    end_px: tuple[float, float]
    width_px: float

    @property
    def line_m(self) -> NDArray[np.float64]:
        """Give its centre line in the metres of the mosaic, (n, 2)."""
        ends = np.array([self.start_px, self.end_px])
        t = np.linspace(0, 1, 60)[:, None]
        return (ends[0] + t * (ends[1] - ends[0])) * [GSD_M, -GSD_M]


GRID = PixelGrid.north_up(
    left_m=0, top_m=0, gsd_m_per_px=GSD_M, width_px=SIZE_PX[0], height_px=SIZE_PX[1]
)


def write(
    path: Path,
    cracks: Sequence[Drawn],
    *,
    seed: int,
    blur_px: float = 0.8,
    light: float = 1.0,
    shift_px: tuple[float, float] = (0.0, 0.0),
    blank_from_px: int | None = None,
    face_seed: int = 11,
) -> None:
    """Write a mosaic (RGBA GeoTIFF); columns from ``blank_from_px`` on show nothing."""
    face = np.random.default_rng(face_seed)
    shape = (SIZE_PX[1] * FINE, SIZE_PX[0] * FINE)
    coarse = face.normal(0, 1, (SIZE_PX[1], SIZE_PX[0])).astype(np.float32)
    spots = cv2.GaussianBlur(coarse, (0, 0), 2.0)
    wall = 0.42 + 0.015 * cv2.resize(spots / spots.std(), shape[::-1])
    for crack in cracks:
        points = np.array([crack.start_px, crack.end_px]) * FINE
        along = (points[1] - points[0]) / np.linalg.norm(points[1] - points[0])
        y, x = np.mgrid[: shape[0], : shape[1]].astype(np.float32) + 0.5
        off = (x - points[0, 0]) * -along[1] + (y - points[0, 1]) * along[0]
        far = (x - points[0, 0]) * along[0] + (y - points[0, 1]) * along[1]
        cover = np.clip(crack.width_px * FINE / 2 - np.abs(off) + 0.5, 0, 1)
        cover[(far < 0) | (far > np.linalg.norm(points[1] - points[0]))] = 0
        wall *= 1 - (1 - CORE) * cover
    moved = cv2.warpAffine(
        wall.astype(np.float32),
        np.array([[1, 0, shift_px[0] * FINE], [0, 1, shift_px[1] * FINE]]),
        shape[::-1],
        borderMode=cv2.BORDER_REPLICATE,
    )
    soft = cv2.GaussianBlur(moved, (0, 0), blur_px * FINE)
    seen = cv2.resize(soft, SIZE_PX, interpolation=cv2.INTER_AREA) * light
    srgb = np.where(seen <= 0.0031308, 12.92 * seen, 1.055 * seen ** (1 / 2.4) - 0.055)
    noise = np.random.default_rng(seed).normal(0, 2.5, (*srgb.shape, 1))
    rgba = np.empty((SIZE_PX[1], SIZE_PX[0], 4), dtype=np.uint8)
    rgba[..., :3] = np.clip(np.rint(255 * srgb[..., None] + noise), 0, 255)
    rgba[..., 3] = 255
    if blank_from_px is not None:
        rgba[:, blank_from_px:] = 0
    with new_cog(path, GRID, bands=4, dtype="uint8") as canvas:
        canvas.paint(rgba, x_px=0, y_px=0)

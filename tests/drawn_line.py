"""Draw a straight dark line of known width as a camera would: blur, pixel area, noise, sRGB."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.special import erf

from inspection.domain.widthcalibration import Tone, WidthCalibration

SIZE_PX = 96
FINE = 4

RENDERED = WidthCalibration(
    name="drawn lines",
    tone=Tone.SRGB,
    core=0.1,
    blur_px=0.85,
    blur_std_px=0.3,
    floor_px=0.03,
    share=0.005,
    profile_floor_px=0.05,
)
"""Says nothing of single lines: the blur is the golden one, the core the middle of those drawn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnLine:
    """Describe a line through the middle of an image.

    Attributes:
        noise: standard deviation ÷ background, independent in each pixel.
        texture: standard deviation ÷ background of patches 3 px in size.
    """

    width_px: float
    angle_deg: float = 0.0
    blur_px: float = 0.8
    noise: float = 0.02
    offset_px: float = 0.0
    core: float = 0.1
    texture: float = 0.0
    background: float = 0.35
    seed: int = 0

    @property
    def normal(self) -> NDArray[np.float64]:
        angle = np.radians(self.angle_deg)
        return np.array([-np.sin(angle), np.cos(angle)])

    def stations(self, step_px: float = 1.0) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Give points (n, 2) on the middle of the line, and normals."""
        along = np.arange(-20.0, 20.5, step_px)
        tangent = np.array([self.normal[1], -self.normal[0]])
        points = SIZE_PX / 2 + np.outer(along, tangent) + self.offset_px * self.normal
        return points, np.tile(self.normal, (len(points), 1))

    def draw(self) -> NDArray[np.uint8]:
        """Draw it, (96, 96) uint8."""
        rng = np.random.default_rng(self.seed)
        fine = (np.arange(SIZE_PX * FINE) + 0.5) / FINE - SIZE_PX / 2
        x, y = np.meshgrid(fine, fine)
        off = x * self.normal[0] + y * self.normal[1] - self.offset_px
        root = self.blur_px * np.sqrt(2)
        inside = 0.5 * (
            erf((off + self.width_px / 2) / root) - erf((off - self.width_px / 2) / root)
        )
        share = inside.reshape(SIZE_PX, FINE, SIZE_PX, FINE).mean(axis=(1, 3))
        patches = cv2.GaussianBlur(rng.normal(size=share.shape), (0, 0), 3.0)
        ground = self.background * (1 + self.texture * patches / patches.std())
        light = ground * (1 - (1 - self.core) * share)
        light = np.clip(light + rng.normal(0, self.noise * self.background, share.shape), 0, 1)
        coded = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
        return np.round(255 * coded).astype(np.uint8)

"""Draw edges, stains, lines and stones behind a known blur, as a camera would show them."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.special import erf

FINE = 3
PIXEL_VARIANCE = 1 / 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Describe a picture in linear light and what the camera does to it.

    Attributes:
        sigma_px: of the lens; the pixel comes on top.
        dark: light of the darker parts, 0–1.
        bright: light of the brighter parts.
        noise: standard deviation, sRGB levels.
        angle_deg: of stripes and lines.
        ramp_px: breadth of the steps before the lens: 0 is perfectly sharp.
        line_px: breadth of lines.
        jpeg: quality; None keeps what the sensor saw.
    """

    sigma_px: float
    dark: float = 0.15
    bright: float = 0.35
    noise: float = 1.5
    angle_deg: float = 17.0
    ramp_px: float = 0.0
    line_px: float = 2.0
    jpeg: int | None = None
    side_px: int = 192
    seed: int = 1

    @property
    def true_px(self) -> float:
        """Give the standard deviation of lens and pixel together."""
        return float(np.sqrt(self.sigma_px**2 + PIXEL_VARIANCE))

    def stripes(self, *, every_px: float = 36.0) -> NDArray[np.uint8]:
        """Draw long straight steps, up and down in turn."""
        across, root = self._across(), np.sqrt(2 * (self.sigma_px**2 + self.ramp_px**2 / 12))
        share = np.zeros_like(across)
        half = int(self.side_px / every_px) + 1
        for number in range(-half, half + 1):
            share += (-1) ** number * (1 + erf((across - number * every_px) / root)) / 2
        return self._expose(self._pixels(share - share.min()))

    def lines(self, *, every_px: float = 36.0) -> NDArray[np.uint8]:
        """Draw long straight dark lines."""
        across, root = self._across(), np.sqrt(2) * self.sigma_px
        share = np.ones_like(across)
        half = int(self.side_px / every_px) + 1
        for number in range(-half, half + 1):
            off = across - number * every_px
            share -= (
                erf((off + self.line_px / 2) / root) - erf((off - self.line_px / 2) / root)
            ) / 2
        return self._expose(self._pixels(share))

    def stains(self, *, radii_px: tuple[float, float] = (9.0, 16.0)) -> NDArray[np.uint8]:
        """Draw round stains over each other."""
        rng = np.random.default_rng(self.seed)
        size = self.side_px * FINE
        share = np.full((size, size), 0.5, np.float32)
        for _ in range(round(self.side_px**2 / 640)):
            x, y = rng.integers(0, size, 2)
            radius = round(rng.uniform(*radii_px) * FINE)
            cv2.circle(share, (int(x), int(y)), radius, float(rng.uniform()), -1, cv2.LINE_AA)
        return self._expose(self._pixels(cv2.GaussianBlur(share, (0, 0), self.sigma_px * FINE)))

    def concrete(self, *, stone_px: float = 1.3, boards: bool = False) -> NDArray[np.uint8]:
        """Draw soft stones everywhere and, if wanted, some sharp-edged boards."""
        rng = np.random.default_rng(self.seed)
        size = self.side_px * FINE
        raw = rng.normal(0, 1, (size, size)).astype(np.float32)
        stones = cv2.GaussianBlur(raw, (0, 0), stone_px * FINE)
        share = 0.8 + 0.05 * stones / stones.std()
        if boards:
            for x in range(size // 8, size, size // 3):
                for y in range(size // 9, size, size // 3):
                    cv2.rectangle(share, (x, y), (x + size // 6, y + size // 5), 0.1, -1)
        return self._expose(self._pixels(cv2.GaussianBlur(share, (0, 0), self.sigma_px * FINE)))

    def _across(self) -> NDArray[np.float64]:
        """Give the distance of fine pixels from a line through the middle."""
        fine = (np.arange(self.side_px * FINE) + 0.5) / FINE - self.side_px / 2
        x, y = np.meshgrid(fine, fine)
        angle = np.radians(self.angle_deg)
        return np.asarray(x * np.cos(angle) + y * np.sin(angle) + 0.37)

    def _pixels(self, fine: NDArray[np.floating]) -> NDArray[np.float64]:
        """Gather fine pixels in pixels."""
        side = self.side_px
        return np.asarray(fine.reshape(side, FINE, side, FINE).mean(axis=(1, 3)), dtype=np.float64)

    def _expose(self, share: NDArray[np.float64]) -> NDArray[np.uint8]:
        """Turn shares of light into levels with noise, and compress them if wanted."""
        light = np.clip(self.dark + (self.bright - self.dark) * share, 0, 1)
        coded = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
        noise = np.random.default_rng([self.seed, 5]).normal(0, self.noise, light.shape)
        grey = np.clip(np.rint(255 * coded + noise), 0, 255).astype(np.uint8)
        if self.jpeg is None:
            return grey
        _, packed = cv2.imencode(".jpg", grey, [cv2.IMWRITE_JPEG_QUALITY, self.jpeg])
        return np.asarray(cv2.imdecode(packed, cv2.IMREAD_GRAYSCALE), dtype=np.uint8)

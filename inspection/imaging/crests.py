"""Find the crests of edges in a photo, and the noise beside them.

An edge is where the gradient behind a Gaussian is greatest *across* it. Maxima along an edge would
be those of noise, and noise looks sharp; so is a scale as fine as the noise.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

CREST_SCALE_PX = 1.5
"""Gaussian behind which edges are found: coarse enough that noise hardly moves them."""

MIN_EDGE_SIGMAS = 6.0
"""An edge counts when its gradient exceeds that of the noise by this factor."""

TURNS = 24
"""Directions across an edge are told in so many steps over half a turn."""

LEAST_NOISE = 0.5
"""Levels: rounding alone, and what a smooth photo does not show of itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Crests:
    """Carry pixels on the crest of edges, (n,).

    Attributes:
        row: of the pixel.
        column: of the pixel.
        turn: direction across the edge, in steps of half a turn ÷ ``TURNS``, from the x axis.
        strength: gradient behind the Gaussian, linear light per px.
        noise: standard deviation of the noise of a pixel there, linear light.
    """

    row: NDArray[np.int64]
    column: NDArray[np.int64]
    turn: NDArray[np.int64]
    strength: Floats
    noise: Floats

    def take(self, which: NDArray[np.int64]) -> "Crests":
        """Give some of them, by number."""
        return Crests(
            row=self.row[which],
            column=self.column[which],
            turn=self.turn[which],
            strength=self.strength[which],
            noise=self.noise[which],
        )


def linear_light(grey: NDArray[np.uint8]) -> Floats:
    """Give the light, 0–255, behind sRGB levels: a lens blurs light, not levels.

    Source: IEC 61966-2-1.

    >>> linear_light(np.array([[0, 128, 255]], np.uint8)).round(1).tolist()
    [[0.0, 55.0, 255.0]]
    """
    return _LIGHT[grey]


def _light() -> Floats:
    level = np.arange(256) / 255
    light = np.where(level <= 0.04045, level / 12.92, ((level + 0.055) / 1.055) ** 2.4)
    return np.asarray(255 * light, dtype=np.float32)


_LIGHT = _light()
_SLOPE = np.gradient(_LIGHT).astype(np.float32)


def noise_levels(grey: NDArray[np.uint8]) -> float:
    """Give the standard deviation of the noise of a photo (H, W), sRGB levels.

    Source: Immerkær, "Fast noise variance estimation", CVIU 64 (1996), with the median.
    """
    mask = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], dtype=np.float32)
    response = np.abs(cv2.filter2D(grey.astype(np.float32), cv2.CV_32F, mask))
    return max(1.4826 * float(np.median(response)) / 6.0, LEAST_NOISE)


def gradient(light: Floats, scale_px: float) -> tuple[Floats, Floats]:
    """Give the gradient to the right and down behind a Gaussian."""
    smooth = cv2.GaussianBlur(light, (0, 0), scale_px)
    kernel = np.array([[-0.5, 0.0, 0.5]], dtype=np.float32)
    right = cv2.filter2D(smooth, cv2.CV_32F, kernel, borderType=cv2.BORDER_REPLICATE)
    down = cv2.filter2D(smooth, cv2.CV_32F, kernel.T, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(right, dtype=np.float32), np.asarray(down, dtype=np.float32)


def find_crests(grey: NDArray[np.uint8], *, rim_px: int) -> Crests:
    """Find where the gradient of a photo (H, W) is greatest across an edge.

    The gradient of white noise of variance 1 behind a Gaussian s has variance 1/(8π s⁴).

    Args:
        grey: sRGB levels.
        rim_px: nothing is looked for so near to the border; at least 1.
    """
    light = linear_light(grey)
    right, down = gradient(light, CREST_SCALE_PX)
    size = np.asarray(cv2.magnitude(right, down), dtype=np.float32)
    around = cv2.blur(grey, (5, 5), borderType=cv2.BORDER_REPLICATE)
    noise = noise_levels(grey) * _SLOPE[around]
    floor = MIN_EDGE_SIGMAS * noise / np.float32(np.sqrt(8 * np.pi) * CREST_SCALE_PX**2)
    above = size > floor
    above[:rim_px] = above[-rim_px:] = False
    above[:, :rim_px] = above[:, -rim_px:] = False
    row, column = np.nonzero(above)
    angle = np.arctan2(down[row, column], right[row, column]) % np.pi
    way = np.rint(angle / (np.pi / 4)).astype(np.int64) % 4
    step_down, step_right = np.array([0, 1, 1, 1])[way], np.array([1, 1, 0, -1])[way]
    here = size[row, column]
    crest = here >= size[row + step_down, column + step_right]
    crest &= here > size[row - step_down, column - step_right]
    row, column = row[crest], column[crest]
    return Crests(
        row=row,
        column=column,
        turn=np.rint(angle[crest] / np.pi * TURNS).astype(np.int64) % TURNS,
        strength=here[crest],
        noise=noise[row, column],
    )

"""Find where a straight dark line begins, ends and lies in a photo, to fractions of a pixel.

The light that the line takes is summed up across it at steps along its course, from before its
start to beyond its end. Its ends are where a step to half of what the line takes in the middle fits
best, which blur does not move; its place across is the centre of the light that is missing.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from inspection.imaging.crossing import sample_profiles

STEP_PX = 0.25
BEYOND_PX = 6.0
"""How far a line is followed beyond both ends where nothing stands in the way."""
LEAST_LENGTH_PX = 24.0
LEAST_STEP = 1.5
"""What the line takes must be so many times what it varies by from pixel to pixel."""
SIDE_SAMPLES = 2
"""Samples on either side of a profile that show the paper."""
MIDDLE = 0.6
"""Share of the line, about its middle, that shows how much light it takes and where it lies."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinePlace:
    """Say how a line that was found differs from the one that was looked for, pixels.

    Attributes:
        start_px: by how much it begins later, along its course.
        end_px: by how much it ends later.
        across_px: how far it lies to the side of its normal.
    """

    start_px: float
    end_px: float
    across_px: float


def place_line(
    light: NDArray[np.float32],
    start_px: NDArray[np.float64],
    end_px: NDArray[np.float64],
    *,
    half_px: int,
    beyond_px: float = BEYOND_PX,
) -> LinePlace | None:
    """Find a line near where it is expected; None when it is not there, or does not end there.

    Args:
        light: (H, W) linear light.
        start_px: (2,) where it should begin, origin at the outer corner.
        end_px: (2,) where it should end.
        half_px: reach to either side; nothing else may lie there.
        beyond_px: how far the paper is empty beyond both ends.
    """
    course = end_px - start_px
    size = float(np.hypot(*course))
    if size < LEAST_LENGTH_PX:
        return None
    along = course / size
    at = np.arange(-beyond_px, size + beyond_px + STEP_PX / 2, STEP_PX)
    points = start_px + at[:, None] * along
    normals = np.tile([-along[1], along[0]], (len(at), 1))
    profiles = sample_profiles(
        light, points, normals, half_px, along_px=(0.0,), interpolation=cv2.INTER_LINEAR
    )
    if not np.isfinite(profiles).all():
        return None
    sides = np.concatenate([profiles[:, :SIDE_SAMPLES], profiles[:, -SIDE_SAMPLES:]], axis=1)
    lost = sides.mean(axis=1, keepdims=True) - profiles
    taken = lost.sum(axis=1)
    middle = np.abs(at - size / 2) <= MIDDLE * size / 2
    step = float(taken[middle].mean())
    if step < LEAST_STEP * float(taken[middle].std()):
        return None
    ends = _ends(at, taken - step / 2, size)
    if ends is None:
        return None
    start, end = ends
    across = np.arange(-half_px, half_px + 1)
    typical = lost[middle].mean(axis=0)
    return LinePlace(
        start_px=start,
        end_px=end - size,
        across_px=float((across * typical).sum() / typical.sum()),
    )


def _ends(
    at: NDArray[np.float64], over_half: NDArray[np.float64], size: float
) -> tuple[float, float] | None:
    """Give the two places where the sum of all that is over half turns: least squares of a step.

    None when it does not turn before the last sample: the line goes on, who knows how far.
    """
    summed, first = np.cumsum(over_half), at <= size / 2
    start = int(np.argmin(np.where(first, summed, np.inf)))
    end = int(np.argmax(np.where(first, -np.inf, summed)))
    if over_half[0] > 0 or start == 0 or end == len(at) - 1:
        return None
    # a sum counts its own sample, so it turns half a step later
    return float(at[start] + STEP_PX / 2), float(at[end] + STEP_PX / 2)

"""Sample the light of an image across a line: one profile at each of its points."""

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from inspection.domain.widthcalibration import Tone
from inspection.imaging.profilewidth import to_light

ALONG_PX = (-2.0, -1.0, 0.0, 1.0, 2.0)
"""A profile is the mean of five, one pixel apart along the line (domain specification §4.3)."""

HALF_PX = 15
"""Least reach of a profile to either side."""

HALF_WIDTHS = 3.0
"""Wider cracks: this many widths to either side (§4.3)."""

MOST_HALF_PX = 60
"""Longest reach; wider openings are no cracks."""

BATCH = 8192
"""Profiles sampled at once; OpenCV's maps end at 32 767 rows."""


def light_of(grey: NDArray[np.uint8], tone: Tone) -> NDArray[np.float32]:
    """Turn an image (H, W) uint8 into light 0–1, float32."""
    table = to_light(np.arange(256, dtype=np.float64), tone).astype(np.float32)
    return np.asarray(cv2.LUT(grey, table), dtype=np.float32)


def half_px(typical_width_px: float) -> int:
    """Give how far profiles must reach to either side of a crack, in pixels."""
    return int(np.clip(np.ceil(HALF_WIDTHS * typical_width_px), HALF_PX, MOST_HALF_PX))


def sample_profiles(
    light: NDArray[np.float32],
    points_px: NDArray[np.float64],
    normals: NDArray[np.float64],
    half: int = HALF_PX,
    *,
    along_px: tuple[float, ...] = ALONG_PX,
    interpolation: int = cv2.INTER_CUBIC,
) -> NDArray[np.float64]:
    """Sample profiles (n, 2·half + 1), one pixel apart, along the normals.

    A profile that leaves the image is NaN as a whole.

    Args:
        light: (H, W).
        points_px: (n, 2) on the line, origin at the outer corner of the image.
        normals: (n, 2) unit vectors across the line.
        half: reach to either side, px.
        along_px: places along the line over which is averaged.
        interpolation: of OpenCV; cubic keeps edges, linear is faster.
    """
    tangents = np.column_stack([normals[:, 1], -normals[:, 0]])

    def positions(chosen: slice, along: float) -> NDArray[np.float32]:
        across = np.arange(-half, half + 1, dtype=np.float64)
        start = points_px[chosen] - 0.5 + along * tangents[chosen]
        place = start[:, None] + across[None, :, None] * normals[chosen][:, None]
        return place.astype(np.float32)

    return _mean_of(
        light,
        positions,
        len(points_px),
        along_px=along_px,
        interpolation=interpolation,
        samples=2 * half + 1,
    )


def _mean_of(
    light: NDArray[np.float32],
    positions: Callable[[slice, float], NDArray[np.float32]],
    count: int,
    *,
    along_px: tuple[float, ...],
    interpolation: int,
    samples: int,
) -> NDArray[np.float64]:
    """Average the samples at several places along the line, batch by batch."""
    profiles = np.full((count, samples), np.nan)
    height, width = light.shape
    for start in range(0, count, BATCH):
        chosen = slice(start, min(start + BATCH, count))
        total = np.zeros((chosen.stop - start, samples))
        inside = np.ones(chosen.stop - start, dtype=bool)
        for along in along_px:
            place = positions(chosen, along)
            x, y = place[..., 0], place[..., 1]
            for ends in (0, -1):
                inside &= (x[:, ends] >= 0) & (x[:, ends] <= width - 1)
                inside &= (y[:, ends] >= 0) & (y[:, ends] <= height - 1)
            total += cv2.remap(light, x, y, interpolation, borderMode=cv2.BORDER_REPLICATE)
        profiles[chosen] = np.where(inside[:, None], total / len(along_px), np.nan)
    return profiles

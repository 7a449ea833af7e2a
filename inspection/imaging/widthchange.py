"""Measure how much wider one crack became between two pictures of the same place.

The two pictures are registered to each other around the crack by the texture of the concrete. The
light that a crack takes away, integrated across it, is its width times its darkness, whatever the
blur; what is common to both pictures (darkness of the core, calibration, scale) cancels in the
difference, so a change can be seen that is smaller than the uncertainty of either width.

Source: integrated deficit, domain specification §4.3 B; phase correlation, Kuglin & Hines 1975.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from inspection.errors import BadInput
from inspection.geo.polyline import stations, unit_normals

HALF_BACKGROUND_PX = 4.0
BLOCK_PX = 16.0
"""Stations this close share noise and texture; the scatter is taken between blocks."""
MIN_BLOCKS = 4
MIN_RESPONSE = 0.03
"""Below this the two pictures do not show the same texture."""
MAX_SHIFT_PX = 40.0
SYSTEMATIC_PX = 0.08
"""Standard uncertainty of resampling and of different blur: chosen; thirty rendered comparisons
(``python -m tests.benchmarks.inspected``) were never wrong by more than 0.05 px in all."""
CORE_RATIO_U = 0.10
"""Relative standard uncertainty of the darkness of the core: chosen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """Say where the second picture lies on the first, pixels, and how alike they are, 0–1."""

    dx_px: float
    dy_px: float
    response: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DeficitPair:
    """Carry the light that a crack takes in both pictures, block by block.

    Attributes:
        first_px: (n,) integrated deficit, px of fully black.
        second_px: likewise.
        core: darkest deficit seen in either, 0–1.
    """

    first_px: NDArray[np.float64]
    second_px: NDArray[np.float64]
    core: float


def linear_light(rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Give the linear light (H, W) 0–1 of an sRGB picture (H, W, 3).

    Source: IEC 61966-2-1.
    """
    v = np.arange(256) / 255.0
    table = np.where(v <= 0.04045, v / 12.92, ((v + 0.055) / 1.055) ** 2.4).astype(np.float32)
    weights = np.array([0.2126, 0.7152, 0.0722], dtype=np.float32)
    return np.asarray(table[rgb] @ weights, dtype=np.float32)


def local_shift(first: NDArray[np.float32], second: NDArray[np.float32]) -> Shift:
    """Find by how much the second picture is displaced against the first, both (H, W).

    Good to half a pixel; ``deficits`` does not need more.

    Raises:
        BadInput: when the pictures differ in shape or are smaller than 32 px.
    """
    if first.shape != second.shape or min(first.shape) < 32:
        raise BadInput(
            f"registration needs two pictures of one shape ≥ 32 px, got {first.shape} "
            f"and {second.shape}"
        )
    window = cv2.createHanningWindow((first.shape[1], first.shape[0]), cv2.CV_32F)
    bands = [_band(picture) for picture in (first, second)]
    (dx, dy), response = cv2.phaseCorrelate(bands[0], bands[1], window)
    return Shift(dx_px=float(dx), dy_px=float(dy), response=float(response))


def aligned(second: NDArray[np.float32], shift: Shift) -> NDArray[np.float32]:
    """Move the second picture onto the first."""
    matrix = np.array([[1.0, 0.0, shift.dx_px], [0.0, 1.0, shift.dy_px]])
    return np.asarray(
        cv2.warpAffine(
            second,
            matrix,
            (second.shape[1], second.shape[0]),
            flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        ),
        dtype=np.float32,
    )


def deficits(
    first: NDArray[np.float32],
    second: NDArray[np.float32],
    line_px: NDArray[np.float64],
    *,
    reach_px: float,
) -> DeficitPair:
    """Integrate the light that a crack takes in two aligned pictures along one line.

    Args:
        first: (H, W) linear light.
        second: likewise, on the same pixels.
        line_px: (n, 2) centre line, origin at the outer corner.
        reach_px: half the width over which the crack is integrated: w/2 + 3 σ of the blur.
    """
    along = stations(line_px)
    at = np.arange(reach_px, along[-1] - reach_px, 1.0)
    if len(at) < BLOCK_PX:
        return DeficitPair(first_px=np.empty(0), second_px=np.empty(0), core=0.0)
    points = np.column_stack([np.interp(at, along, line_px[:, axis]) for axis in (0, 1)])
    normals = unit_normals(points)
    t = np.arange(-reach_px - HALF_BACKGROUND_PX, reach_px + HALF_BACKGROUND_PX + 0.25, 0.5)
    places = (points[:, None] + t[None, :, None] * normals[:, None] - 0.5).astype(np.float32)
    inside = (
        (places.min(axis=(1, 2)) >= 0)
        & (places[..., 0].max(axis=1) <= first.shape[1] - 1)
        & (places[..., 1].max(axis=1) <= first.shape[0] - 1)
    )
    block = (at // BLOCK_PX).astype(int)
    found = [_blocks(_deficit(picture, places, t, reach_px), inside, block) for picture in
             (first, second)]  # fmt: skip
    core = max(peak for _, peak in found)
    return DeficitPair(first_px=found[0][0], second_px=found[1][0], core=core)


def width_change_px(pairs: list[DeficitPair], *, core: float) -> tuple[float, float] | None:
    """Give the change of width and its expanded uncertainty, px; None with too few blocks.

    Args:
        pairs: of all stretches of one crack.
        core: deficit inside a crack wide enough to show its own darkness, 0–1; 1 when unknown.

    Raises:
        BadInput: when the core is not in 0–1.
    """
    if not 0 < core <= 1:
        raise BadInput(f"the deficit of the core must be in 0–1, got {core}")
    change = np.concatenate([pair.second_px - pair.first_px for pair in pairs] or [np.empty(0)])
    if len(change) < MIN_BLOCKS:
        return None
    middle = float(np.median(change))
    spread = 1.4826 * float(np.median(np.abs(change - middle)))
    kept = change[np.abs(change - middle) <= 4 * max(spread, 1e-6)]
    value = float(kept.mean()) / core
    scatter = float(kept.std(ddof=1)) / core / np.sqrt(len(kept)) if len(kept) > 1 else np.inf
    u = float(np.sqrt(scatter**2 + SYSTEMATIC_PX**2 + (value * CORE_RATIO_U) ** 2))
    return value, 2 * u


def _band(picture: NDArray[np.float32]) -> NDArray[np.float32]:
    """Keep the texture: no light gradient, no pixel noise."""
    fine = cv2.GaussianBlur(picture, (0, 0), 1.0)
    return np.asarray(fine - cv2.GaussianBlur(picture, (0, 0), 8.0), dtype=np.float32)


def _deficit(
    picture: NDArray[np.float32],
    places: NDArray[np.float32],
    t: NDArray[np.float64],
    reach_px: float,
) -> NDArray[np.float64]:
    """Give the share of light missing at each place of each profile (n, m)."""
    profile = cv2.remap(
        picture, places[..., 0], places[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    ).astype(np.float64)
    left, right = t < -reach_px, t > reach_px
    low, high = np.median(profile[:, left], axis=1), np.median(profile[:, right], axis=1)
    slope = (high - low) / (t[right].mean() - t[left].mean())
    background = low[:, None] + slope[:, None] * (t - t[left].mean())
    return np.asarray(1.0 - profile / np.maximum(background, 1e-3), dtype=np.float64)


def _blocks(
    deficit: NDArray[np.float64], inside: NDArray[np.bool_], block: NDArray[np.int64]
) -> tuple[NDArray[np.float64], float]:
    """Give the mean integrated deficit of each block, px, and the deepest mean profile."""
    edge = round(2 * HALF_BACKGROUND_PX)
    area = deficit[:, edge:-edge].sum(axis=1) * 0.5
    numbers = [b for b in np.unique(block) if np.all(inside[block == b]) and (block == b).sum() > 8]
    means = np.array([area[block == b].mean() for b in numbers])
    peaks = [float(deficit[block == b].mean(axis=0).max()) for b in numbers]
    return means, float(np.percentile(peaks, 95)) if peaks else 0.0

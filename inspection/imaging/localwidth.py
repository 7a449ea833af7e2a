"""Measure the local width of a linear damage and how far its ends reach: estimator A.

The mask is super-sampled ×4 with linear interpolation and cut at one half, which rounds the steps
of its edges; the exact distance transform of the fine mask then gives half the width.

Source: domain specification §4.3 A.
"""

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from inspection.imaging.distance import distance_px
from inspection.imaging.skeleton import paint

FINE = 4
"""Fine pixels in one pixel, along each side."""

TILE_PX = 1024
"""Side of the area whose fine mask is held at once: (1024 + margins)² × 16 × 5 bytes ≈ 100 MB."""

FLANK_FINE_PX = 2.0
"""Where the two flanks of the ridge are read, fine pixels to either side of the centre line."""


def local_width_px(
    runs: NDArray[np.int32],
    points_px: NDArray[np.float64],
    normals: NDArray[np.float64],
    depth_px: float,
) -> NDArray[np.float64]:
    """Measure the width (n,) in pixels of a mask across its centre line at n points.

    Across a band of fine width W the distance d to the outside rises by one a pixel to a crest of
    (W + 1)/2. The crest seldom falls on a pixel, so it is reconstructed from its two flanks:
    crest = (d(−2) + d(+2))/2 + 2, and W = 2·crest − 1, which is domain §4.3 A without the bias
    for even widths.

    Args:
        runs: (m, 3) px, sorted by row.
        points_px: (n, 2) on the centre line, origin at the outer corner of the raster.
        normals: (n, 2) unit vectors across the line.
        depth_px: the largest distance from the centre line to the outside.
    """
    width = np.zeros(len(points_px))
    margin = int(np.ceil(depth_px)) + 4
    for chosen, box in _tiles(points_px, margin):
        fine = _fine_mask(runs, box)
        depth = distance_px(fine)
        centre = (points_px[chosen] - box[:2]) * FINE
        step = normals[chosen] * FLANK_FINE_PX
        flanks = _sample(depth, centre - step) + _sample(depth, centre + step)
        crest = flanks / 2 + FLANK_FINE_PX
        width[chosen] = np.where(flanks > 0, 2 * crest - 1, 0.0) / FINE
    return width


def reach_px(
    runs: NDArray[np.int32],
    end_px: NDArray[np.float64],
    direction: NDArray[np.float64],
    depth_px: float,
) -> float:
    """Measure how many pixels the mask goes on beyond an end of its centre line.

    Thinning eats about half the width at each end. The mask is followed straight on; at most
    1.5·depth + 2 px, so that a centre line that ends beside another branch does not run into it.

    Args:
        runs: (m, 3) px, sorted by row.
        end_px: (2,) end of the centre line.
        direction: (2,) unit vector pointing outwards.
        depth_px: distance from the end to the outside.
    """
    most = 1.5 * depth_px + 2.0
    margin = int(np.ceil(most)) + 3
    x, y = (int(v) for v in np.floor(end_px))
    box = (x - margin, y - margin, x + margin + 1, y + margin + 1)
    soft = paint(runs, box).astype(np.float32)
    steps = np.arange(0.0, most, 0.125)
    inside = _sample(soft, end_px - box[:2] + steps[:, None] * direction) >= 0.5
    outside = np.flatnonzero(~inside)
    return float(steps[outside[0]]) if len(outside) else most


def _tiles(
    points_px: NDArray[np.float64], margin: int
) -> Iterator[tuple[NDArray[np.int64], tuple[int, int, int, int]]]:
    """Group points by tile: their positions, and the box around them with a margin."""
    tile = np.floor(points_px / TILE_PX).astype(np.int64)
    _, group = np.unique(tile, axis=0, return_inverse=True)
    for number in range(int(group.max()) + 1 if len(group) else 0):
        chosen = np.flatnonzero(group.ravel() == number)
        low = np.floor(points_px[chosen].min(axis=0)).astype(int) - margin
        high = np.ceil(points_px[chosen].max(axis=0)).astype(int) + margin
        yield chosen, (int(low[0]), int(low[1]), int(high[0]), int(high[1]))


def _fine_mask(runs: NDArray[np.int32], box: tuple[int, int, int, int]) -> NDArray[np.uint8]:
    """Paint a box, super-sampled: (4·H, 4·W) uint8, 0 or 1."""
    soft = paint(runs, box).astype(np.uint8) * np.uint8(200)
    size = (soft.shape[1] * FINE, soft.shape[0] * FINE)
    fine = cv2.resize(soft, size, interpolation=cv2.INTER_LINEAR)
    return np.asarray(fine >= 100, dtype=np.uint8)


def _sample(image: NDArray[np.float32], points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Read an image between its pixel centres at (n, 2) corner-based positions, bilinear."""
    positions = points - 0.5
    low = np.floor(positions).astype(np.int64)
    part_x, part_y = (positions - low).T
    x, y = low.T
    value = np.zeros(len(points))
    for dx, dy, weight in (
        (0, 0, (1 - part_x) * (1 - part_y)),
        (1, 0, part_x * (1 - part_y)),
        (0, 1, (1 - part_x) * part_y),
        (1, 1, part_x * part_y),
    ):
        row = np.clip(y + dy, 0, image.shape[0] - 1)
        column = np.clip(x + dx, 0, image.shape[1] - 1)
        value += weight * image[row, column]
    return value

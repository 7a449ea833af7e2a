"""Even out exposure between photos: one factor a photo and channel, found where photos overlap.

A factor changes the brightness of a whole photo and nothing inside it, so that contrast ratios,
edges and widths stay what the camera recorded.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from inspection.imaging.album import Album
from inspection.imaging.ortho import View
from inspection.imaging.surface import Surface

MAX_GAIN = 1.25
"""No photo is brightened or darkened by more than this factor."""

TIE_TO_ONE = 0.25
"""Weight of "no change" against one pair of photos that share everything they see."""

MIN_COMMON_POINTS = 6
"""Pairs of photos that share fewer probes say nothing about their exposure."""


def level_gains(
    views: Sequence[View], surface: Surface, album: Album, points_surface_m: NDArray[np.float64]
) -> NDArray[np.float32]:
    """Find the factors (views, 3) that make overlapping photos agree in tone.

    Args:
        views: the photos.
        surface: what they see.
        album: gives their tones, in the order of ``views``.
        points_surface_m: (n, 2) probes spread over the mosaic.
    """
    world = surface.to_world_m(points_surface_m)
    levels = np.full((len(views), len(world), 3), np.nan, dtype=np.float32)
    for index, view in enumerate(views):
        pixels = view.project(world)
        with np.errstate(invalid="ignore"):
            inside = ((pixels > 0) & (pixels < (view.width_px, view.height_px))).all(axis=1)
        if inside.any():
            levels[index, inside] = _read_tone(album.tone(index), view, pixels[inside])
    return solve_gains(levels)


def solve_gains(levels: NDArray[np.float32]) -> NDArray[np.float32]:
    """Solve the factors (views, 3) from tones of the same probes in several photos.

    Least squares over pairs of photos of the median log ratio of their common probes, each weighted
    by how much two photos share, and every factor tied to 1: what differs slowly across a whole
    block (forest to beach, seen by lenses that darken towards the corners) is scene, not exposure.

    Args:
        levels: (views, probes, 3) tones 0–255, NaN where a photo does not see the probe.

    >>> levels = np.full((2, 20, 3), 100.0, dtype=np.float32)
    >>> levels[1] = 110.0
    >>> gains = solve_gains(levels)
    >>> (gains[:, 0] * [100, 110]).round(0).tolist()  # tied to 1, so they meet most of the way
    [104.0, 105.0]
    """
    lowest, highest = levels.min(axis=2), levels.max(axis=2)
    usable: NDArray[np.bool_] = np.asarray((lowest > 4) & (highest < 250))
    logs = np.log(np.where(usable[..., None], levels, 1.0)).astype(np.float64)
    common = usable.astype(np.float32) @ usable.T.astype(np.float32)
    n = len(levels)
    own = np.maximum(np.diag(common), 1.0)
    normal = np.eye(n) * TIE_TO_ONE
    right = np.zeros((n, 3))
    for i, j in zip(*np.nonzero(np.triu(common >= MIN_COMMON_POINTS, k=1)), strict=True):
        both = usable[i] & usable[j]
        ratio = np.median(logs[j, both] - logs[i, both], axis=0)
        weight = float(common[i, j] / min(own[i], own[j]))
        normal[[i, j], [i, j]] += weight
        normal[[i, j], [j, i]] -= weight
        right[i] += weight * ratio
        right[j] -= weight * ratio
    limit = np.log(MAX_GAIN)
    gains = np.exp(np.clip(np.linalg.solve(normal, right), -limit, limit))
    return np.asarray(gains, dtype=np.float32)


def _read_tone(
    tone: NDArray[np.float32], view: View, pixels: NDArray[np.float64]
) -> NDArray[np.float32]:
    """Read the nearest tone pixel of photo pixels (n, 2)."""
    rows, columns, _ = tone.shape
    column = np.minimum((pixels[:, 0] * columns / view.width_px).astype(int), columns - 1)
    row = np.minimum((pixels[:, 1] * rows / view.height_px).astype(int), rows - 1)
    return np.asarray(tone[row, column], dtype=np.float32)

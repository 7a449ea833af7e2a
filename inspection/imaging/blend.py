"""Choose the photo of every mosaic pixel and join the photos without visible seams.

Two bands. *Detail* (everything finer than a few dozen pixels, so every crack) comes from the one
photo with the smallest seam cost, over a few pixels from two at a seam; nothing is averaged over
photos that do not quite agree, which would blur thin cracks. *Tone* (slow brightness) passes from
photo to photo over a broad band, which hides exposure and vignetting.

Every output pixel depends only on its own position, so windows of any size and order fit together
exactly.

Source: two-band blending after Brown & Lowe, "Automatic Panoramic Image Stitching using Invariant
Features", IJCV 74 (2007), §6, with tone sampled from reduced photos.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from inspection.geo.grid import PixelGrid
from inspection.imaging.album import Album
from inspection.imaging.ortho import Sight, View, glance, lattice_world_m, look, sample
from inspection.imaging.surface import Surface

DETAIL_FEATHER_PX = 4.0
"""Seam costs closer than this share the detail."""

TONE_FEATHER_PX = 240.0
"""Seam costs closer than this share the tone."""

BORDER_PX = 160.0
"""A photo's share of the tone fades over this distance from its border."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Carry one finished window.

    Attributes:
        rgba: (H, W, 4) uint8; alpha is 0 or 255.
        sources: (H, W) uint16, 0 nothing, n the n-th view.
    """

    rgba: NDArray[np.uint8]
    sources: NDArray[np.uint16]


def compose(
    window: PixelGrid,
    views: Sequence[View],
    surface: Surface,
    album: Album,
    gains: NDArray[np.float32],
) -> Piece:
    """Paint one window of the mosaic.

    Args:
        window: grid of the window.
        views: all photos; their number (from 1) goes to ``sources``.
        surface: what they see.
        album: decodes them.
        gains: (views, 3) factors from ``gain.level_gains``.
    """
    shape = (window.height_px, window.width_px)
    indices, sights = _sights(window, views, surface)
    if not sights:
        return Piece(
            rgba=np.zeros((*shape, 4), dtype=np.uint8), sources=np.zeros(shape, dtype=np.uint16)
        )
    cost = np.stack([sight.cost_px for sight in sights])
    best = cost.min(axis=0)
    seen = np.isfinite(best)
    winner = np.argmin(cost, axis=0)
    sources = np.where(seen, np.asarray(indices, dtype=np.uint16)[winner] + 1, 0)
    excess = cost - np.where(seen, best, np.float32(0.0))
    colour = _mix(views, indices, sights, excess=excess, album=album, gains=gains)
    rgba = np.zeros((*shape, 4), dtype=np.uint8)
    rgba[..., :3] = np.clip(np.rint(colour), 0, 255) * seen[..., None]
    rgba[..., 3] = np.where(seen, 255, 0)
    return Piece(rgba=rgba, sources=sources.astype(np.uint16))


def _sights(
    window: PixelGrid, views: Sequence[View], surface: Surface
) -> tuple[list[int], list[Sight]]:
    """Find the views that can contribute to a window, with their pixel maps."""
    lattice = lattice_world_m(window, surface)
    nodes = {i: found for i, v in enumerate(views) if (found := glance(v, lattice)) is not None}
    indices: list[int] = []
    sights: list[Sight] = []
    surely = _surely_reached_cost(views, nodes)
    for index, found in nodes.items():
        with np.errstate(invalid="ignore"):
            hopeful = (found[..., 2] <= surely + TONE_FEATHER_PX + 64.0).any()
        if hopeful and (sight := look(views[index], window, found)) is not None:
            indices.append(index)
            sights.append(sight)
    return indices, sights


def _surely_reached_cost(
    views: Sequence[View], nodes: dict[int, NDArray[np.float32]]
) -> NDArray[np.float32] | float:
    """Give for each node the smallest cost of a view that surely sees it, ``inf`` without one."""
    reached: NDArray[np.float32] | float = np.inf
    for index, found in nodes.items():
        view = views[index]
        with np.errstate(invalid="ignore"):
            inside = (
                (found[..., 0] > 64)
                & (found[..., 1] > 64)
                & (found[..., 0] < view.width_px - 64)
                & (found[..., 1] < view.height_px - 64)
                & np.isfinite(found[..., 2])
            )
        own = np.where(inside, found[..., 2], np.float32(np.inf))
        reached = np.minimum(reached, own)
    return reached


def _mix(
    views: Sequence[View],
    indices: Sequence[int],
    sights: Sequence[Sight],
    *,
    excess: NDArray[np.float32],
    album: Album,
    gains: NDArray[np.float32],
) -> NDArray[np.float32]:
    """Blend detail narrowly and tone broadly, (H, W, 3) float32."""
    sharp = np.maximum(0.0, 1.0 - excess / np.float32(DETAIL_FEATHER_PX))
    broad = np.maximum(0.0, 1.0 - excess / np.float32(TONE_FEATHER_PX)) ** 2
    for k, sight in enumerate(sights):
        broad[k] *= _border_fade(views[indices[k]], sight)
    sharp /= np.maximum(sharp.sum(axis=0), np.float32(1e-6))
    broad += np.float32(1e-6) * sharp
    broad /= np.maximum(broad.sum(axis=0), np.float32(1e-12))
    colour = np.zeros((*excess.shape[1:], 3), dtype=np.float32)
    for k, sight in enumerate(sights):
        if not broad[k].any():
            continue
        index = indices[k]
        gain = gains[index]
        shift = (broad[k] - sharp[k])[..., None]
        if sharp[k].any():
            colour += sharp[k][..., None] * (sample(album.photo(index), sight) * gain)
        if np.abs(shift).max() > 1e-5:
            colour += shift * (_sample_tone(album.tone(index), views[index], sight) * gain)
    return colour


def _border_fade(view: View, sight: Sight) -> NDArray[np.float32]:
    """Give 0 at the border of a photo rising to 1 inside, (H, W)."""
    x, y = sight.map_px[..., 0], sight.map_px[..., 1]
    inside = np.minimum(np.minimum(x, view.width_px - x), np.minimum(y, view.height_px - y))
    return np.clip(inside / np.float32(BORDER_PX), 0.0, 1.0)


def _sample_tone(tone: NDArray[np.float32], view: View, sight: Sight) -> NDArray[np.float32]:
    """Sample a tone bilinearly at the pixels of a sight, (H, W, 3) float32."""
    rows, columns, _ = tone.shape
    return np.asarray(
        cv2.remap(
            tone,
            sight.map_px[..., 0] * np.float32(columns / view.width_px) - np.float32(0.5),
            sight.map_px[..., 1] * np.float32(rows / view.height_px) - np.float32(0.5),
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        ),
        dtype=np.float32,
    )

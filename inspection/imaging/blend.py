"""Paint windows of a mosaic from the photos that the seam map chose, without visible joins.

Two bands. *Detail* (everything finer than a few dozen pixels, so every crack) comes from the one
photo that the seam map names, over a few pixels from two at a seam; nothing is averaged over
photos that do not quite agree, which would blur thin cracks. *Tone* (slow brightness) passes from
photo to photo over a broad band, which hides exposure and vignetting.

Every output pixel depends only on its own position, so windows of any order fit together exactly.

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
from inspection.imaging.ortho import View
from inspection.imaging.seam import SeamMap
from inspection.imaging.sight import Sight, glance, lattice_world_m, look, sample, sample_reduced
from inspection.imaging.surface import Surface

DETAIL_CELLS = 0.8
"""Blur of the seam map, in cells, before it is followed: rounds its corners."""

DETAIL_FEATHER = 0.25
"""Share of the way from one photo to the other over which both give detail: about 6 px of the
finest seam map."""

TONE_CELLS = 12.0
"""Standard deviation, in cells, of the band over which tone passes from photo to photo."""

MARGIN_CELLS = 36
"""Cells around a window that can still reach it: three standard deviations of the tone."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Painter:
    """Hold what all windows of one mosaic share.

    Attributes:
        views: all photos; their number (from 1) goes to ``sources``.
        grid: the mosaic.
        surface: what the photos see.
        album: decodes them.
        gains: (views, 3) exposure factors.
        seams: which photo shows what.
    """

    views: Sequence[View]
    grid: PixelGrid
    surface: Surface
    album: Album
    gains: NDArray[np.float32]
    seams: SeamMap

    def paint(self, *, x_px: int, y_px: int, width_px: int, height_px: int) -> Piece:
        """Paint one window; it must begin on a border of cells of the seam map."""
        box = {"x_px": x_px, "y_px": y_px, "width_px": width_px, "height_px": height_px}
        labels = self.seams.around(**box, margin=MARGIN_CELLS)
        rgba = np.zeros((height_px, width_px, 4), dtype=np.uint8)
        sources = np.zeros((height_px, width_px), dtype=np.uint16)
        shares = self._shares(labels, self.grid.window(**box))
        if not shares:
            return Piece(rgba=rgba, sources=sources)
        wish = np.stack([share.wish for share in shares])
        best = wish.max(axis=0)
        seen = best >= 0
        numbers = np.array([share.index + 1 for share in shares], dtype=np.uint16)
        sources[:] = numbers[wish.argmax(axis=0)] * seen
        colour = self._mix(shares, wish, np.where(seen, best, 0))
        rgba[..., :3] = np.clip(np.rint(colour), 0, 255) * seen[..., None]
        rgba[..., 3] = seen * np.uint8(255)
        return Piece(rgba=rgba, sources=sources)

    def _shares(self, labels: NDArray[np.uint16], window: PixelGrid) -> list["_Share"]:
        """Find the views that may show something of a window."""
        lattice = lattice_world_m(window, self.surface)
        shares = []
        for number in np.unique(labels[labels > 0]):
            view = self.views[number - 1]
            nodes = glance(view, lattice)
            sight = None if nodes is None else look(view, window, nodes)
            if sight is not None:
                mask = (labels == number).astype(np.float32)
                shares.append(_share(int(number) - 1, view, sight, mask, self.seams.cell_px))
        return shares

    def _mix(
        self, shares: Sequence["_Share"], wish: NDArray[np.float32], best: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """Blend detail narrowly and tone broadly, (H, W, 3) float32."""
        sharp = np.maximum(0.0, 1.0 - (best - wish) / np.float32(DETAIL_FEATHER))
        sharp /= np.maximum(sharp.sum(axis=0), np.float32(1e-6))
        broad = np.stack([share.tone for share in shares]) + np.float32(1e-4) * sharp
        broad /= np.maximum(broad.sum(axis=0), np.float32(1e-9))
        colour = np.zeros((*best.shape, 3), dtype=np.float32)
        for share, detail, tone in zip(shares, sharp, broad - sharp, strict=True):
            gain = self.gains[share.index]
            if (box := _extent(detail > 0)) is not None:
                near = share.sight.crop(box)
                photo = sample(self.album.photo(share.index), near)
                colour[box] += detail[box][..., None] * (photo * gain)
            if (box := _extent(np.abs(tone) > 1e-5)) is not None:
                near = share.sight.crop(box)
                view = self.views[share.index]
                slow = sample_reduced(
                    self.album.tone(share.index), near, (view.width_px, view.height_px)
                )
                colour[box] += tone[box][..., None] * (slow * gain)
        return colour


@dataclass(frozen=True, slots=True, kw_only=True)
class _Share:
    """Say how far one view takes part in one window.

    Attributes:
        index: number of the view from 0.
        sight: where it looks.
        wish: (H, W) float32, how much the seam map wants its detail, −1 where it does not see.
        tone: (H, W) float32, its unnormalised share of the tone.
    """

    index: int
    sight: Sight
    wish: NDArray[np.float32]
    tone: NDArray[np.float32]


def _share(index: int, view: View, sight: Sight, mask: NDArray[np.float32], cell: int) -> _Share:
    """Turn the cells of one view (with their margin) into its shares of every pixel."""
    height, width = sight.seen.shape
    wish = _spread(mask, DETAIL_CELLS, cell)[:height, :width]
    tone = _spread(mask, TONE_CELLS, cell)[:height, :width] * _border_fade(view, sight)
    return _Share(
        index=index,
        sight=sight,
        wish=np.where(sight.seen, wish, np.float32(-1.0)),
        tone=np.where(sight.seen, tone, np.float32(0.0)),
    )


def _spread(mask: NDArray[np.float32], cells: float, cell: int) -> NDArray[np.float32]:
    """Blur cells and spread them to the pixels of the window, without the margin."""
    reach = min(MARGIN_CELLS - 1, int(np.ceil(3 * cells)))
    soft = cv2.GaussianBlur(
        mask, (2 * reach + 1, 2 * reach + 1), cells, borderType=cv2.BORDER_CONSTANT
    )
    ring = MARGIN_CELLS - 1
    near = soft[ring:-ring, ring:-ring]
    size = (near.shape[1] * cell, near.shape[0] * cell)
    dense = cv2.resize(near, size, interpolation=cv2.INTER_LINEAR)
    return np.asarray(dense[cell:-cell, cell:-cell], dtype=np.float32)


def _extent(where: NDArray[np.bool_]) -> tuple[slice, slice] | None:
    """Give the smallest rectangle that holds all true pixels, None without any."""
    rows, columns = np.flatnonzero(where.any(axis=1)), np.flatnonzero(where.any(axis=0))
    if not len(rows):
        return None
    return slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)


def _border_fade(view: View, sight: Sight) -> NDArray[np.float32]:
    """Give 0 at the border of a photo rising to 1 inside, (H, W)."""
    x, y = sight.map_px[..., 0], sight.map_px[..., 1]
    inside = np.minimum(np.minimum(x, view.width_px - x), np.minimum(y, view.height_px - y))
    return np.asarray(np.clip(inside / np.float32(BORDER_PX), 0.0, 1.0), dtype=np.float32)

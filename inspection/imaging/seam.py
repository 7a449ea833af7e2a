"""Decide which photo shows each part of the mosaic, and let the seams run where photos agree.

The photo that looks most squarely should win (``View.cost_px``), but a seam exactly half-way cuts
through trees, cars and kerbs that two photos show leaning to different sides. Within a band around
half-way the seam may therefore wander, and it settles where both photos show the same.

All this happens on cells of at least ``MIN_CELL_PX`` mosaic pixels. There are never more than about
``MOST_CELLS``, so memory does not grow with the mosaic.

Source: marker-controlled watershed on the disagreement of two photos; Meyer & Beucher,
"Morphological Segmentation", J. Vis. Commun. Image Represent. 1 (1990).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage.segmentation import watershed

from inspection.geo.grid import PixelGrid
from inspection.imaging.album import Album
from inspection.imaging.ortho import View
from inspection.imaging.sight import Sight, densify, glance, lattice_world_m, look, sample_reduced
from inspection.imaging.surface import Surface

MIN_CELL_PX = 8
MOST_CELLS = 2_000_000

BAND_RATIO = 0.45
"""Half width of the band, in seam cost, as a share of the distance between neighbouring photos."""

WIDEST_BAND_RATIO = 0.15
"""The same as a share of the long side of a photo: seams may not wander farther."""

BORDER_RATIO = 0.06
"""Share of a photo's long side beside its border that it shows only if no other photo can."""

BORDER_COST_RATIO = 0.5
"""Seam cost at the border itself, as a share of the long side."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeamMap:
    """Say which view shows each cell of a mosaic.

    Attributes:
        labels: (rows, columns) uint16, 0 nothing, n the n-th view.
        cell_px: mosaic pixels along the side of a cell.
    """

    labels: NDArray[np.uint16]
    cell_px: int

    def around(
        self, *, x_px: int, y_px: int, width_px: int, height_px: int, margin: int
    ) -> NDArray[np.uint16]:
        """Cut out the cells of a window and ``margin`` cells around it; 0 outside the mosaic.

        The window must begin on a border of cells.
        """
        left, top = x_px // self.cell_px - margin, y_px // self.cell_px - margin
        columns = -(-width_px // self.cell_px) + 2 * margin
        rows = -(-height_px // self.cell_px) + 2 * margin
        cut = np.zeros((rows, columns), dtype=np.uint16)
        y0, x0 = max(top, 0), max(left, 0)
        part = self.labels[y0 : max(top + rows, 0), x0 : max(left + columns, 0)]
        cut[y0 - top : y0 - top + part.shape[0], x0 - left : x0 - left + part.shape[1]] = part
        return cut


class _Rivals:
    """Keep the two best photos of every cell: their numbers, costs and colours."""

    def __init__(self, rows: int, columns: int) -> None:
        self.cost = np.full((2, rows, columns), np.inf, dtype=np.float32)
        self.label = np.zeros((2, rows, columns), dtype=np.uint16)
        self.colour = np.zeros((2, rows, columns, 3), dtype=np.uint8)

    def enter(
        self,
        label: int,
        at: tuple[slice, slice],
        cost: NDArray[np.float32],
        colour: NDArray[np.uint8],
    ) -> None:
        """Let one photo compete in a rectangle of cells."""
        costs, labels, colours = self.cost[:, *at], self.label[:, *at], self.colour[:, *at]
        first = cost < costs[0]
        second = ~first & (cost < costs[1])
        for values in (costs, labels, colours):
            values[1][first] = values[0][first]
        for place, where in ((0, first), (1, second)):
            costs[place][where] = cost[where]
            labels[place][where] = label
            colours[place][where] = colour[where]


def plan_seams(
    views: Sequence[View],
    grid: PixelGrid,
    surface: Surface,
    album: Album,
    gains: NDArray[np.float32],
) -> SeamMap:
    """Choose the view of every cell of a mosaic.

    Args:
        views: the photos.
        grid: the mosaic.
        surface: what they see.
        album: decodes them, each once.
        gains: (views, 3) exposure factors.
    """
    cell = cell_px(grid)
    cells = _coarse(grid, cell)
    rivals = _Rivals(cells.height_px, cells.width_px)
    for index, view in enumerate(views):
        rectangle = _rectangle(view, cells, surface)
        if rectangle is None:
            continue
        x0, y0, x1, y1 = rectangle
        window = cells.window(x_px=x0, y_px=y0, width_px=x1 - x0, height_px=y1 - y0)
        nodes = glance(view, lattice_world_m(window, surface))
        sight = None if nodes is None else look(view, window, nodes)
        if nodes is not None and sight is not None:
            cost = densify(nodes[..., 2:], window) + _border_cost(view, sight)
            cost = np.where(sight.seen, cost, np.float32(np.inf)).astype(np.float32)
            colour = _small_colour(album.photo(index), sight, gains[index], cell)
            rivals.enter(index + 1, (slice(y0, y1), slice(x0, x1)), cost, colour)
    band = _band_px(views, surface, grid.gsd_m_per_px)
    return SeamMap(labels=settle(rivals.cost, rivals.label, rivals.colour, band), cell_px=cell)


def settle(
    cost: NDArray[np.float32],
    label: NDArray[np.uint16],
    colour: NDArray[np.uint8],
    band: float,
) -> NDArray[np.uint16]:
    """Choose between the best and the second photo of every cell, (rows, columns) uint16.

    Args:
        cost: (2, rows, columns) seam cost of the best and the second photo, ``inf`` without one.
        label: (2, rows, columns) their numbers.
        colour: (2, rows, columns, 3) what they show.
        band: where the costs differ by more than this, the best photo is certain.
    """
    rival = np.isfinite(cost[1])
    gap = np.where(rival, cost[1] - np.where(rival, cost[0], 0), np.float32(np.inf))
    certain = np.where(gap > band, label[0], 0)
    differ = np.abs(colour[0].astype(np.int16) - colour[1].astype(np.int16)).sum(axis=2)
    smooth = cv2.GaussianBlur(np.where(rival, differ, 0).astype(np.float32), (0, 0), 1.5)
    relief = 255 - np.clip(np.rint(smooth), 0, 255).astype(np.int32)
    grown = watershed(relief, markers=certain.astype(np.int32), mask=label[0] > 0)
    allowed = (grown == label[0]) | ((grown == label[1]) & (grown > 0))
    return np.asarray(np.where(allowed, grown, label[0]), dtype=np.uint16)


def cell_px(grid: PixelGrid) -> int:
    """Give the side of a cell: a power of two, so that windows begin on borders of cells.

    >>> cell_px(PixelGrid.north_up(left_m=0, top_m=0, gsd_m_per_px=1, width_px=99, height_px=99))
    8
    """
    cell = MIN_CELL_PX
    while grid.width_px * grid.height_px / cell**2 > MOST_CELLS:
        cell *= 2
    return cell


def _coarse(grid: PixelGrid, cell: int) -> PixelGrid:
    """Give the grid whose pixels are the cells."""
    return PixelGrid(
        surface_from_px=grid.surface_from_px @ np.diag([cell, cell, 1.0]),
        width_px=-(-grid.width_px // cell),
        height_px=-(-grid.height_px // cell),
        crs=grid.crs,
    )


def _rectangle(view: View, cells: PixelGrid, surface: Surface) -> tuple[int, int, int, int] | None:
    """Give the cells x0 y0 x1 y1 that a view may see, None outside the mosaic."""
    outline = cells.to_px(view.footprint_surface_m(surface))
    x0, y0 = np.maximum(np.floor(outline.min(axis=0)).astype(int) - 2, 0)
    x1, y1 = np.ceil(outline.max(axis=0)).astype(int) + 2
    x1, y1 = min(int(x1), cells.width_px), min(int(y1), cells.height_px)
    return (int(x0), int(y0), x1, y1) if x0 < x1 and y0 < y1 else None


def _border_cost(view: View, sight: Sight) -> NDArray[np.float32]:
    """Make the border of a photo unwanted, (H, W) px."""
    longest = max(view.width_px, view.height_px)
    x, y = sight.map_px[..., 0], sight.map_px[..., 1]
    inside = np.minimum(np.minimum(x, view.width_px - x), np.minimum(y, view.height_px - y))
    near = np.clip(1.0 - inside / np.float32(BORDER_RATIO * longest), 0.0, 1.0)
    return np.asarray(near**2 * np.float32(BORDER_COST_RATIO * longest), dtype=np.float32)


def _small_colour(
    photo: NDArray[np.uint8], sight: Sight, gain: NDArray[np.float32], cell: int
) -> NDArray[np.uint8]:
    """Sample a photo, reduced to about one pixel a cell, at the cells of a sight."""
    rows, columns = photo.shape[:2]
    size = (max(2, round(columns / cell)), max(2, round(rows / cell)))
    small = cv2.resize(photo, size, interpolation=cv2.INTER_AREA).astype(np.float32) * gain
    bright = np.clip(small, 0, 255).astype(np.uint8)
    return np.asarray(sample_reduced(bright, sight, (columns, rows)), dtype=np.uint8)


def _band_px(views: Sequence[View], surface: Surface, gsd_m_per_px: float) -> float:
    """Give the half width of the band in seam cost, px."""
    widest = WIDEST_BAND_RATIO * max(max(view.width_px, view.height_px) for view in views)
    if len(views) < 2:
        return widest
    centres = np.array([view.footprint_surface_m(surface).mean(axis=0) for view in views])
    nearest = [
        float(np.sort(np.hypot(*(centres - centre).T))[1]) / gsd_m_per_px for centre in centres
    ]
    return min(widest, BAND_RATIO * float(np.median(nearest)))

"""Write a whole mosaic: every window composed, painted and forgotten."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from inspection.errors import BadInput
from inspection.geo.grid import PixelGrid
from inspection.imaging.album import DEFAULT_BUDGET_MB, Album
from inspection.imaging.blend import Painter
from inspection.imaging.cog import BLOCK_PX, new_cog
from inspection.imaging.gain import level_gains
from inspection.imaging.ortho import View
from inspection.imaging.seam import plan_seams
from inspection.imaging.surface import Surface

WINDOW_PX = 2 * BLOCK_PX
"""Side of the windows; a multiple of the block so that no block is written twice."""

MAX_VIEWS = 65_535
"""``sources.tif`` counts photos in 16 bits."""


def write_mosaic(
    views: Sequence[View],
    grid: PixelGrid,
    surface: Surface,
    *,
    out_tif: Path,
    out_sources_tif: Path,
    on_window: Callable[[int, int], None] = lambda done, total: None,
    budget_mb: int = DEFAULT_BUDGET_MB,
) -> NDArray[np.float32]:
    """Write the mosaic (COG, RGB + alpha) and the photo of each pixel (COG, uint16).

    Memory is bounded by the photo budget and one window, whatever the size of the mosaic. The
    same views, grid and surface give the same bytes.

    Args:
        views: photos in the order that ``sources.tif`` counts, from 1.
        grid: what to paint, for instance from ``ortho.frame_grid``.
        surface: what the views see; ``FlatSurface()`` for photos of one plane.
        out_tif: the mosaic.
        out_sources_tif: 0 nothing, n the n-th view.
        on_window: hears (windows done, windows in all).
        budget_mb: decoded photos kept in memory.

    Returns:
        The exposure factors (views, 3) that were applied.

    Raises:
        BadInput: without views or with more than 65 535.
        BadPhoto: when a photo can no longer be decoded.
        Unavailable: when the disk is full.
    """
    if not 0 < len(views) <= MAX_VIEWS:
        raise BadInput(f"a mosaic takes 1 to {MAX_VIEWS} photos, got {len(views)}")
    album = Album(views, budget_mb=budget_mb)
    gains = level_gains(views, surface, album, _probes(grid))
    seams = plan_seams(views, grid, surface, album, gains)
    painter = Painter(
        views=views, grid=grid, surface=surface, album=album, gains=gains, seams=seams
    )
    windows = list(_windows(grid))
    with (
        new_cog(out_tif, grid, bands=4, dtype="uint8") as mosaic,
        new_cog(out_sources_tif, grid, bands=1, dtype="uint16", categorical=True) as sources,
    ):
        for done, (x, y, width, height) in enumerate(windows, start=1):
            piece = painter.paint(x_px=x, y_px=y, width_px=width, height_px=height)
            if piece.sources.any():
                mosaic.paint(piece.rgba, x_px=x, y_px=y)
                sources.paint(piece.sources, x_px=x, y_px=y)
            on_window(done, len(windows))
    return gains


def _probes(grid: PixelGrid, most: int = 4096) -> NDArray[np.float64]:
    """Spread at most ``most`` surface points (n, 2) m evenly over a grid."""
    step = max(1.0, float(np.sqrt(grid.width_px * grid.height_px / most)))
    x, y = np.meshgrid(
        np.arange(step / 2, grid.width_px, step), np.arange(step / 2, grid.height_px, step)
    )
    return grid.to_surface(np.column_stack([x.ravel(), y.ravel()]))


def _windows(grid: PixelGrid) -> Iterator[tuple[int, int, int, int]]:
    """Walk the windows row by row, to and fro, so that neighbours share photos."""
    for row, y in enumerate(range(0, grid.height_px, WINDOW_PX)):
        columns = list(range(0, grid.width_px, WINDOW_PX))
        for x in reversed(columns) if row % 2 else columns:
            yield x, y, min(WINDOW_PX, grid.width_px - x), min(WINDOW_PX, grid.height_px - y)

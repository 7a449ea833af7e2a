"""Adopt an orthophoto that another program made: one grid, one mask, a Cloud-Optimised GeoTIFF."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.enums import ColorInterp, Resampling
from rasterio.errors import CRSError, RasterioError
from rasterio.vrt import WarpedVRT
from rasterio.windows import Window

from inspection.errors import BadInput, Broken
from inspection.geo.frames import is_metric
from inspection.geo.grid import PixelGrid
from inspection.imaging.cog import BLOCK_PX, new_cog

WINDOW_PX = 2 * BLOCK_PX
SQUARE_TOLERANCE = 1e-6
"""How much a pixel may differ from a square, relative."""


def adopt_orthophoto(
    source: Path, *, out_tif: Path, out_sources_tif: Path, crs: str | None = None
) -> PixelGrid:
    """Rewrite an orthophoto as a mosaic of ours; its ``sources.tif`` names no photo anywhere.

    Args:
        source: RGB or RGBA of uint8 with a projected CRS in metres.
        out_tif: the mosaic, COG, RGB + alpha.
        out_sources_tif: COG, uint16, all 0: nobody says which photo a pixel came from.
        crs: chosen CRS; None keeps that of the orthophoto.

    Returns:
        the grid of the mosaic.

    Raises:
        BadInput: when the CRS is unknown.
        Broken: when the file is no such orthophoto.
        Unavailable: when the disk is full.
    """
    try:
        with rasterio.open(source) as plain:
            _check(plain, source.name)
            with WarpedVRT(plain, **_warp(plain, crs)) as picture:
                return _rewrite(picture, source.name, out_tif, out_sources_tif)
    except CRSError as error:
        raise BadInput(f"unknown coordinate reference system {crs!r}: {error}") from error
    except RasterioError as error:
        raise Broken(f"the orthophoto {source.name} cannot be read: {error}") from error


def _check(plain: rasterio.io.DatasetReader, name: str) -> None:
    """Refuse what is no colour picture on a map in metres."""
    if plain.count not in (3, 4) or set(plain.dtypes) != {"uint8"}:
        raise Broken(
            f"the orthophoto {name} has {plain.count} bands of {plain.dtypes[0]}; expected RGB or "
            "RGBA of uint8"
        )
    if plain.crs is None or not is_metric(plain.crs.to_wkt()):
        raise Broken(f"the orthophoto {name} has no projected CRS in metres: {plain.crs}")


def _warp(plain: rasterio.io.DatasetReader, crs: str | None) -> dict[str, object]:
    """Say how pixels come to the chosen CRS; without one they stay where they are."""
    alpha = ColorInterp.alpha in plain.colorinterp
    options: dict[str, object] = {"resampling": Resampling.bilinear, "add_alpha": not alpha}
    return options if crs is None else {**options, "crs": crs}


def _rewrite(picture: WarpedVRT, name: str, out_tif: Path, out_sources_tif: Path) -> PixelGrid:
    a = picture.transform
    if abs(a.a + a.e) > SQUARE_TOLERANCE * abs(a.a) or a.b or a.d:
        raise Broken(
            f"the orthophoto {name} has pixels of {a.a} × {a.e} m; expected upright squares"
        )
    authority = picture.crs.to_authority()
    grid = PixelGrid.north_up(
        left_m=a.c,
        top_m=a.f,
        gsd_m_per_px=a.a,
        width_px=picture.width,
        height_px=picture.height,
        crs=":".join(authority) if authority else picture.crs.to_wkt(),
    )
    with (
        new_cog(out_tif, grid, bands=4, dtype="uint8") as mosaic,
        new_cog(out_sources_tif, grid, bands=1, dtype="uint16", categorical=True) as sources,
    ):
        for window in _windows(grid):
            pixels: NDArray[np.uint8] = np.moveaxis(picture.read([1, 2, 3, 4], window=window), 0, 2)
            if pixels[:, :, 3].any():
                mosaic.paint(pixels, x_px=window.col_off, y_px=window.row_off)
        sources.paint(np.zeros((1, 1), dtype=np.uint16), x_px=0, y_px=0)
    return grid


def _windows(grid: PixelGrid) -> Iterator[Window]:
    for y in range(0, grid.height_px, WINDOW_PX):
        for x in range(0, grid.width_px, WINDOW_PX):
            width, height = min(WINDOW_PX, grid.width_px - x), min(WINDOW_PX, grid.height_px - y)
            yield Window(x, y, width, height)

"""Read heights of the ground from the usual rasters of terrain."""

from pathlib import Path

import numpy as np
import rasterio
import rasterio.windows
from numpy.typing import NDArray
from pyproj.exceptions import ProjError
from rasterio.enums import Resampling
from rasterio.errors import RasterioError
from scipy import ndimage

from inspection.errors import BadInput
from inspection.geo.frames import WGS84_LONLAT, to_crs

GREATEST_SIDE_PX = 4_000
DRIVERS = {
    ".asc": "AAIGrid",
    ".hgt": "SRTMHGT",
    ".xyz": "XYZ",
    ".img": "HFA",
    ".bil": "EHdr",
    ".flt": "EHdr",
    ".dem": "USGSDEM",
}
"""What reads a raster of heights, by its suffix; GeoTIFF where it has another one. Others, such as
virtual rasters, make GDAL read files and addresses that a stranger names."""

LEAST_SHARE = 1e-6
"""A pixel without a height that would count for less than this does not count."""


def read_heights_m(path: Path, lonlat: NDArray[np.float64]) -> NDArray[np.float64]:
    """Read heights at places, bilinear between pixel centres, (n,) metres of the raster's datum.

    Only the window around the places is read, coarser when it is larger than 4000 px.

    Args:
        path: of the raster; its first band holds metres.
        lonlat: (n, 2) longitude, latitude, degrees.

    Returns:
        (n,) float64, NaN outside the raster and where it has no height.

    Raises:
        BadInput: when the raster cannot be read or has no CRS.
    """
    try:
        with rasterio.open(path, driver=DRIVERS.get(path.suffix.lower(), "GTiff")) as raster:
            if raster.crs is None:
                raise BadInput(f"{path.name} has no CRS; assign one, for example with gdal_edit")
            xy = to_crs(lonlat, WGS84_LONLAT, raster.crs.to_wkt())
            if raster.transform.is_degenerate:
                raise BadInput(f"{path.name} says that its pixels have no size; export it anew")
            inverse = ~raster.transform
            xy = np.where(np.isfinite(xy).all(axis=1, keepdims=True), xy, np.nan)
            column = inverse.a * xy[:, 0] + inverse.b * xy[:, 1] + inverse.c
            row = inverse.d * xy[:, 0] + inverse.e * xy[:, 1] + inverse.f
            finite = np.isfinite(column) & np.isfinite(row)
            if not finite.any():
                return np.full(len(lonlat), np.nan)
            left, top = int(column[finite].min()) - 2, int(row[finite].min()) - 2
            right, bottom = int(column[finite].max()) + 3, int(row[finite].max()) + 3
            left, right = max(left, 0), min(right, raster.width)
            top, bottom = max(top, 0), min(bottom, raster.height)
            if right <= left or bottom <= top:
                return np.full(len(lonlat), np.nan)
            shrink = max(1.0, (right - left) / GREATEST_SIDE_PX, (bottom - top) / GREATEST_SIDE_PX)
            shape = (max(1, int((bottom - top) / shrink)), max(1, int((right - left) / shrink)))
            window = rasterio.windows.Window(left, top, right - left, bottom - top)
            band = raster.read(
                1, window=window, out_shape=shape, masked=True, resampling=Resampling.average
            )
    except (RasterioError, ProjError, UnicodeDecodeError) as error:
        words = str(error).replace(str(path), path.name)
        raise BadInput(f"{path.name} cannot be read as a raster of heights: {words}") from error
    heights = np.ma.filled(band.astype(np.float64), np.nan)
    known = np.isfinite(heights)
    rows = (row - top) * shape[0] / (bottom - top) - 0.5
    columns = (column - left) * shape[1] / (right - left) - 0.5
    # The outer half pixel has the height of its own centre, not none.
    at_edge = (
        (rows > -0.5) & (rows < shape[0] - 0.5) & (columns > -0.5) & (columns < shape[1] - 0.5)
    )
    rows, columns = np.clip(rows, 0, shape[0] - 1), np.clip(columns, 0, shape[1] - 1)
    found, share = (
        ndimage.map_coordinates(values, [rows, columns], order=1, mode="nearest")
        for values in (np.where(known, heights, 0.0), known.astype(np.float64))
    )
    # the middle of a pixel knows its height, whatever lies beside it
    whole = at_edge & (share > 1 - LEAST_SHARE)
    return np.asarray(np.where(whole, found / np.where(whole, share, 1.0), np.nan))

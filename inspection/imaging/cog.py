"""Write rasters window by window, turn them into Cloud-Optimised GeoTIFFs, and check such files.

Source: OGC Cloud Optimized GeoTIFF Standard 1.0 (21-026); GDAL COG driver.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import rasterio
import rasterio.shutil
from affine import Affine
from numpy.typing import NDArray
from rasterio.crs import CRS
from rasterio.enums import ColorInterp
from rasterio.errors import CRSError, RasterioError
from rasterio.windows import Window

from inspection.errors import BadInput, Broken, Unavailable
from inspection.geo.grid import LOCAL_CRS, PixelGrid
from inspection.imaging.tiff import directories

BLOCK_PX = 512
"""Side of the tiles of a COG."""

_LOCAL_WKT = 'LOCAL_CS["Tenken local metric frame",UNIT["metre",1]]'


class Canvas:
    """Take finished windows of one raster."""

    def __init__(self, dataset: rasterio.io.DatasetWriter) -> None:
        """Wrap an open dataset."""
        self._dataset = dataset

    def paint(
        self, pixels: NDArray[np.uint8] | NDArray[np.uint16], *, x_px: int, y_px: int
    ) -> None:
        """Write (H, W) or (H, W, bands) pixels with their corner at x, y."""
        bands = pixels[None] if pixels.ndim == 2 else np.moveaxis(pixels, 2, 0)
        window = Window(x_px, y_px, bands.shape[2], bands.shape[1])
        self._dataset.write(bands, window=window)


@contextmanager
def new_cog(
    path: Path, grid: PixelGrid, *, bands: int, dtype: str, categorical: bool = False
) -> Iterator[Canvas]:
    """Open a canvas that becomes a COG at ``path`` when the block ends without error.

    Args:
        path: where the finished file appears, by renaming, never half-written.
        grid: north-up grid of the raster.
        bands: 4 for RGB + alpha, 1 for numbers.
        dtype: ``uint8`` or ``uint16``.
        categorical: numbers are names: overviews take the nearest, never a mean.

    Raises:
        BadInput: when the CRS is unknown.
        Unavailable: when the disk is full or cannot be written.
    """
    draft, finished = path.with_suffix(".draft.tif"), path.with_suffix(".part.tif")
    try:
        # One thread: on a loaded machine the COG driver of GDAL 3.10 was seen to wait for ever
        # for its own pool of compressing threads.
        with rasterio.Env(GDAL_CACHEMAX=64, GDAL_NUM_THREADS="1"):
            with rasterio.open(draft, "w", **_profile(grid, bands, dtype)) as dataset:
                if bands == 4:
                    dataset.colorinterp = [
                        ColorInterp.red, ColorInterp.green, ColorInterp.blue, ColorInterp.alpha
                    ]  # fmt: skip
                yield Canvas(dataset)
            rasterio.shutil.copy(
                draft,
                finished,
                driver="COG",
                BLOCKSIZE=BLOCK_PX,
                COMPRESS="DEFLATE",
                LEVEL=1,  # level 6 took 1.7 times as long and saved 2 % of a drone mosaic
                PREDICTOR="YES",
                OVERVIEW_RESAMPLING="NEAREST" if categorical else "AVERAGE",
                BIGTIFF="IF_SAFER",
                NUM_THREADS="1",
            )
        finished.replace(path)
    except (RasterioError, OSError) as error:
        raise Unavailable(
            f"raster {path.name} of {grid.width_px}×{grid.height_px} px could not be written: "
            f"{error}; free disk space and run again"
        ) from error
    finally:
        draft.unlink(missing_ok=True)
        finished.unlink(missing_ok=True)


def read_grid(path: Path) -> PixelGrid:
    """Read the grid of a raster.

    Raises:
        Broken: when the file cannot be opened as a raster.
    """
    try:
        with rasterio.open(path) as dataset:
            a = dataset.transform
            crs = dataset.crs
            matrix = np.array([[a.a, a.b, a.c], [a.d, a.e, a.f], [0.0, 0.0, 1.0]])
            return PixelGrid(
                surface_from_px=matrix,
                width_px=dataset.width,
                height_px=dataset.height,
                crs=_crs_name(crs),
            )
    except RasterioError as error:
        raise Broken(f"{path.name} cannot be opened as a raster: {error}") from error


def shown_share(path: Path, points_m: NDArray[np.float64]) -> float:
    """Give the share of points (n, 2), in the CRS of a mosaic, where it shows something.

    Raises:
        Broken: when it cannot be read.
    """
    try:
        with rasterio.open(path) as dataset:
            alpha = min(4, dataset.count)
            seen = [values[0] > 0 for values in dataset.sample(points_m, indexes=[alpha])]
    except RasterioError as error:
        raise Broken(f"mosaic {path.name} cannot be read: {error}") from error
    return float(np.mean(seen))


def validate(path: Path) -> tuple[str, ...]:
    """List what keeps a file from being a COG, one sentence each; empty for a valid one.

    Checked: GDAL opens it as GeoTIFF · tiled when larger than a block · overviews down to one
    block · the directories stand before all pixels, from the full image to the coarsest · pixels
    of coarse images stand before those of finer ones.
    """
    try:
        with rasterio.open(path) as dataset:
            problems = list(_structure_problems(dataset))
    except RasterioError as error:
        return (f"GDAL cannot open it: {error}",)
    images = directories(path)
    at = [image.at for image in images]
    first = [image.first_pixels for image in images if image.first_pixels]
    if at != sorted(at):
        problems.append("the image directories are not ordered from full to coarsest")
    if first and max(at) > min(first):
        problems.append("an image directory stands behind pixels")
    if first != sorted(first, reverse=True):
        problems.append("pixels of a fine image stand before those of a coarser one")
    return tuple(problems)


def _profile(grid: PixelGrid, bands: int, dtype: str) -> dict[str, object]:
    """Describe the draft: tiled and lightly compressed."""
    m = grid.surface_from_px
    return {
        "driver": "GTiff",
        "width": grid.width_px,
        "height": grid.height_px,
        "count": bands,
        "dtype": dtype,
        "crs": _crs(grid.crs),
        "transform": Affine(m[0, 0], m[0, 1], m[0, 2], m[1, 0], m[1, 1], m[1, 2]),
        "tiled": True,
        "blockxsize": BLOCK_PX,
        "blockysize": BLOCK_PX,
        "interleave": "pixel",
        "compress": "DEFLATE",
        "zlevel": 1,
        "bigtiff": "IF_SAFER",
        "sparse_ok": True,
        **({"photometric": "RGB", "alpha": "YES"} if bands == 4 else {"nodata": 0}),
    }


def _crs(name: str) -> CRS:
    """Find the CRS of a grid; a local frame is declared as one."""
    try:
        return CRS.from_wkt(_LOCAL_WKT) if name == LOCAL_CRS else CRS.from_user_input(name)
    except CRSError as error:
        raise BadInput(f"unknown coordinate reference system {name!r}: {error}") from error


def _crs_name(crs: CRS | None) -> str:
    """Name a CRS by authority code where it has one, as WKT otherwise; none is local."""
    if crs is None or not (crs.is_projected or crs.is_geographic):
        return LOCAL_CRS
    authority = crs.to_authority()
    return ":".join(authority) if authority else str(crs.to_wkt())


def _structure_problems(dataset: rasterio.io.DatasetReader) -> Iterator[str]:
    """Check driver, tiles and overviews."""
    if dataset.driver != "GTiff":
        yield f"it is {dataset.driver}, not GeoTIFF"
    large = max(dataset.width, dataset.height) > BLOCK_PX
    rows, columns = dataset.block_shapes[0]
    if large and columns == dataset.width and columns > BLOCK_PX:
        yield f"it is stored in strips of {rows} rows, not in tiles"
    factors = dataset.overviews(1)
    if large and not factors:
        yield "it has no overviews"
    if factors and max(dataset.width, dataset.height) / max(factors) > 2 * BLOCK_PX:
        yield f"its coarsest overview (1:{max(factors)}) is larger than two blocks"
    if dataset.tags(ns="IMAGE_STRUCTURE").get("LAYOUT") != "COG":
        yield "GDAL does not report LAYOUT=COG"

"""Read the mosaic as chips: windows of native pixels with a margin, one after the other.

The *cores* of the chips tile the raster without gap or overlap; the margin around a core only
gives the network something to see. Only one chip and GDAL's bounded block cache are in memory,
however large the raster is.
"""

import math
import warnings
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.enums import ColorInterp, MaskFlags
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.windows import Window

from inspection.domain.raster import Chip
from inspection.errors import BadInput, Broken

BLOCK_CACHE_BYTES = 96 * 2**20
"""GDAL's block cache while chips are read; without a bound it grows to 5 % of the machine."""

NEIGHBOURHOOD = 4
"""Chips are walked in squares of 4 × 4, so that a block's neighbours are still in the cache."""

Core = tuple[int, int, int, int]
"""x0 y0 x1 y1 in raster pixels, half-open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RasterShape:
    """Say how large a raster is and how large its pixels are.

    Attributes:
        width_px: columns.
        height_px: rows.
        gsd_m_per_px: ground sample distance, None when the raster is in degrees or without place.
    """

    width_px: int
    height_px: int
    gsd_m_per_px: float | None


def raster_shape(path: Path) -> RasterShape:
    """Read the size of a raster and its ground sample distance in metres per pixel.

    Raises:
        BadInput: when the file is no raster that GDAL can read.
    """
    with _opened(path) as source:
        return RasterShape(
            width_px=source.width, height_px=source.height, gsd_m_per_px=_gsd_m_per_px(source)
        )


def cores(
    shape: RasterShape, *, chip_px: int, margin_px: int, window: Core | None = None
) -> list[Core]:
    """Tile a raster, or a window of it, with the cores of chips, in the order of reading.

    Cores start at multiples of 32 px from the corner of the window. A network that halves the
    picture five times then sees all chips in the same phase, and neighbours answer alike.

    Args:
        shape: size of the raster.
        chip_px: side of a chip with its margins, a multiple of 32 px.
        margin_px: margin on every side, a multiple of 16 px.
        window: the part of the raster to tile; None is the whole.

    Raises:
        BadInput: when the sizes leave no core, or the window lies outside the raster.
    """
    if chip_px % 32 or margin_px % 16 or margin_px < 0 or chip_px - 2 * margin_px < 32:
        raise BadInput(
            f"a chip of {chip_px} px with a margin of {margin_px} px is unusable; the side must be "
            "a multiple of 32 px, the margin one of 16 px, and a core of at least 32 px be left"
        )
    left, top, right, bottom = window or (0, 0, shape.width_px, shape.height_px)
    if not (0 <= left < right <= shape.width_px and 0 <= top < bottom <= shape.height_px):
        raise BadInput(
            f"window {window} px lies outside the raster of {shape.width_px}×{shape.height_px} px"
        )
    step = chip_px - 2 * margin_px
    squares = [
        (row // NEIGHBOURHOOD, column // NEIGHBOURHOOD, y, x)
        for row, y in enumerate(range(top, bottom, step))
        for column, x in enumerate(range(left, right, step))
    ]
    return [(x, y, min(x + step, right), min(y + step, bottom)) for _, _, y, x in sorted(squares)]


def chips(
    path: Path, *, chip_px: int, margin_px: int, window: Core | None = None
) -> Generator[Chip, None, None]:
    """Read the chips of a raster that have a valid pixel in their core, one at a time.

    The valid pixels of a core are read first, at full resolution, because an overview may lose a
    narrow strip; empty blocks of a sparse file cost nothing. Pixels without data are filled from
    their nearest neighbour and pixels beyond the raster by reflection, so that no edge appears
    where the picture ends.

    Args:
        path: a raster of 1–4 bands of uint8 (grey, RGB, each with or without alpha).
        chip_px: side of a chip with its margins, a multiple of 32 px.
        margin_px: margin on every side, a multiple of 16 px.
        window: the part of the raster to read; None is the whole.

    Raises:
        BadInput: when the file is no such raster.
        Broken: when a block of it cannot be decoded.
    """
    todo = cores(raster_shape(path), chip_px=chip_px, margin_px=margin_px, window=window)
    with rasterio.Env(GDAL_CACHEMAX=BLOCK_CACHE_BYTES), _opened(path) as source:
        colour = _colour_bands(source, path)
        for core in todo:
            if _valid(source, core).any():
                yield _read(source, core, colour, chip_px=chip_px, margin_px=margin_px)


@contextmanager
def _opened(path: Path) -> Iterator[rasterio.io.DatasetReader]:
    """Open a raster for one thread and translate what GDAL says."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            source = rasterio.open(path, sharing=False)
    except RasterioError as error:
        raise BadInput(f"{path.name} is no raster that can be read: {error}") from error
    with source:
        try:
            yield source
        except RasterioError as error:
            raise Broken(f"{path.name} is damaged: {error}; make the mosaic anew") from error


def _gsd_m_per_px(source: rasterio.io.DatasetReader) -> float | None:
    """Give the ground sample distance; None when the raster is in degrees or without place."""
    crs = source.crs
    if source.transform.is_identity or (crs is not None and crs.is_geographic):
        return None
    # only a projected CRS knows its unit; our local frames are in metres
    unit_m = crs.linear_units_factor[1] if crs is not None and crs.is_projected else 1.0
    return math.sqrt(abs(source.transform.determinant)) * float(unit_m)


def _colour_bands(source: rasterio.io.DatasetReader, path: Path) -> list[int]:
    """Name the three bands to be read as RGB; grey is read three times."""
    if set(source.dtypes) != {"uint8"}:
        raise BadInput(f"{path.name} has pixels of type {source.dtypes[0]}; expected uint8")
    colour = [i for i, c in enumerate(source.colorinterp, 1) if c is not ColorInterp.alpha]
    if len(colour) == 1:
        return colour * 3
    if len(colour) == 3:
        return colour
    raise BadInput(f"{path.name} has {len(colour)} colour bands; expected 1 (grey) or 3 (RGB)")


def _window(box: Core) -> Window:
    """Turn a box into a window of rasterio."""
    x0, y0, x1, y1 = box
    return Window(x0, y0, x1 - x0, y1 - y0)


def _valid(source: rasterio.io.DatasetReader, box: Core) -> NDArray[np.bool_]:
    """Read which pixels of a box have data, (h, w)."""
    x0, y0, x1, y1 = box
    if all(flags == [MaskFlags.all_valid] for flags in source.mask_flag_enums):
        return np.ones((y1 - y0, x1 - x0), dtype=np.bool_)
    return np.asarray(source.dataset_mask(window=_window(box)) > 0)


def _read(
    source: rasterio.io.DatasetReader,
    core: Core,
    colour: list[int],
    *,
    chip_px: int,
    margin_px: int,
) -> Chip:
    """Read one chip around a core."""
    x_px, y_px = core[0] - margin_px, core[1] - margin_px
    box = (
        max(x_px, 0),
        max(y_px, 0),
        min(x_px + chip_px, source.width),
        min(y_px + chip_px, source.height),
    )
    inside = cv2.merge(list(source.read(colour, window=_window(box))))
    valid = _valid(source, box)
    left, top = box[0] - x_px, box[1] - y_px
    right, bottom = chip_px - left - inside.shape[1], chip_px - top - inside.shape[0]
    pixels = _filled(inside, valid)
    if any((left, top, right, bottom)):
        pixels = cv2.copyMakeBorder(pixels, top, bottom, left, right, cv2.BORDER_REFLECT)
        valid = np.pad(valid, ((top, bottom), (left, right)))
    return Chip(x_px=x_px, y_px=y_px, core=core, pixels=pixels, valid=valid)


def _filled(pixels: NDArray[np.uint8], valid: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Give each pixel without data the colour of the nearest pixel that has some."""
    if valid.all():
        return pixels
    _, label = cv2.distanceTransformWithLabels(
        (~valid).astype(np.uint8), cv2.DIST_L2, 3, labelType=cv2.DIST_LABEL_PIXEL
    )
    colour_of_label = np.zeros((int(label.max()) + 1, 3), dtype=np.uint8)
    colour_of_label[label[valid]] = pixels[valid]
    return np.asarray(colour_of_label[label], dtype=np.uint8)

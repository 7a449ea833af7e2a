"""Cut map tiles and pictures out of a finished mosaic.

Two pyramids. The mosaic's **own** pyramid counts levels in native pixels: the last level shows
every pixel, each level before it half as many, level 0 fits in one tile; it works for any ground
sample distance and for local frames that no map knows. The **Web Mercator** pyramid is the usual
XYZ scheme for other programs, and exists only for a mosaic that is tied to the earth.

rio-tiler is imported here only.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from rasterio.errors import RasterioError
from rasterio.io import DatasetReader
from rio_tiler.errors import RioTilerError, TileOutsideBounds
from rio_tiler.io import ImageReader, Reader
from rio_tiler.models import ImageData

from inspection.errors import BadInput, Broken, NotFound
from inspection.geo.grid import PixelGrid

TILE_SIZE_PX = 256
CHIP_MAX_PX = 2048
"""Longest side of a picture that one request may ask for."""

EQUATOR_M = 40_075_016.686
"""Width of the world in Web Mercator, metres. Source: EPSG:3857, 2·π·6378137."""

SPECK = 16
"""A mosaic this many times smaller than a pixel is not drawn; Mercator stretches by less up to
latitude 86°."""

ImageFormat = Literal["png", "webp"]
Box = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pyramid:
    """Describe the own tile pyramid of a raster.

    Attributes:
        width_px: columns of the raster.
        height_px: rows of the raster.
        tile_size_px: side of a tile.

    >>> Pyramid(width_px=1000, height_px=300).levels
    3
    """

    width_px: int
    height_px: int
    tile_size_px: int = TILE_SIZE_PX

    @property
    def levels(self) -> int:
        """Count the levels: the coarsest fits in one tile, the finest is native."""
        longest = max(self.width_px, self.height_px)
        return 1 + max(0, math.ceil(math.log2(longest / self.tile_size_px)))

    def step_px(self, level: int) -> int:
        """Give how many native pixels one tile pixel covers on a level, per axis."""
        return 1 << (self.levels - 1 - level)

    def box_px(self, *, level: int, column: int, row: int) -> Box:
        """Give the part of the raster that a tile shows, x0 y0 x1 y1; it may reach outside.

        Raises:
            NotFound: when the pyramid has no such tile.

        >>> Pyramid(width_px=1000, height_px=300).box_px(level=2, column=3, row=1)
        (768, 256, 1024, 512)
        """
        if not 0 <= level < self.levels:
            raise NotFound(f"no tile level {level}; this mosaic has levels 0–{self.levels - 1}")
        side = self.tile_size_px * self.step_px(level)
        x0, y0 = column * side, row * side
        if not (0 <= x0 < self.width_px and 0 <= y0 < self.height_px):
            raise NotFound(f"tile {level}/{column}/{row} lies outside the mosaic")
        return (x0, y0, x0 + side, y0 + side)


def resolutions_m_per_px(pyramid: Pyramid, grid: PixelGrid) -> list[float]:
    """Give the resolution of each level in metres per tile pixel, coarse to fine."""
    return [grid.gsd_m_per_px * pyramid.step_px(level) for level in range(pyramid.levels)]


def is_north_up(grid: PixelGrid) -> bool:
    """Tell whether rows run along x and columns against y, with square pixels."""
    matrix = grid.surface_from_px
    turned = abs(matrix[0, 1]) + abs(matrix[1, 0])
    return bool(
        grid.is_affine
        and turned <= 1e-9 * abs(matrix[0, 0])
        and matrix[0, 0] > 0
        and math.isclose(matrix[0, 0], -matrix[1, 1], rel_tol=1e-9)
    )


def own_tile(
    cog: Path, *, level: int, column: int, row: int, image_format: ImageFormat = "png"
) -> bytes:
    """Render one tile of the mosaic's own pyramid, transparent where there is nothing.

    Raises:
        NotFound: when the pyramid has no such tile.
        Broken: when the mosaic cannot be read.
    """
    with _pixels(cog) as reader:
        source: DatasetReader = reader.dataset
        pyramid = Pyramid(width_px=source.width, height_px=source.height)
        box = pyramid.box_px(level=level, column=column, row=row)
        return _encoded(_window(reader, box, TILE_SIZE_PX, TILE_SIZE_PX), image_format)


def webmercator_tile(
    cog: Path, *, z: int, x: int, y: int, image_format: ImageFormat = "png"
) -> bytes | None:
    """Render one XYZ tile, or None where the mosaic shows nothing.

    Raises:
        BadInput: when the mosaic is not tied to the earth, or z, x, y are no tile.
        Broken: when the mosaic cannot be read.
    """
    if not (0 <= z <= 30 and 0 <= x < 1 << z and 0 <= y < 1 << z):
        raise BadInput(f"{z}/{x}/{y} is no tile: levels are 0–30, and x and y 0 to 2^level − 1")
    try:
        with _translated(cog), Reader(str(cog)) as reader:
            crs = reader.dataset.crs
            if crs is None or not (crs.is_projected or crs.is_geographic):
                raise BadInput("this mosaic has a local frame; it has no place on a world map")
            if _is_speck(reader.dataset, z):
                return None
            image = reader.tile(
                x,
                y,
                z,
                indexes=_colours(reader.dataset),
                tilesize=TILE_SIZE_PX,
                resampling_method="bilinear",
                reproject_method="bilinear",
            )
            return _encoded(image, image_format)
    except TileOutsideBounds:
        return None


def chip_window(
    box_px: Box, *, width_px: int, height_px: int, margin_ratio: float = 0.25, margin_px: int = 48
) -> Box:
    """Give the part of a mosaic to show around a box: the box, a margin, clipped to the mosaic.

    >>> chip_window((100, 100, 500, 140), width_px=520, height_px=1000)
    (0, 0, 520, 240)
    """
    x0, y0, x1, y1 = box_px
    margin = max(margin_px, math.ceil(margin_ratio * max(x1 - x0, y1 - y0)))
    return (
        max(0, x0 - margin),
        max(0, y0 - margin),
        min(width_px, x1 + margin),
        min(height_px, y1 + margin),
    )


def chip_size(window: Box, max_px: int) -> tuple[int, int]:
    """Give width and height, px, at which a window is shown: native, or shrunk to a limit.

    >>> chip_size((0, 0, 4000, 1000), 1000)
    (1000, 250)
    """
    width, height = window[2] - window[0], window[3] - window[1]
    shrink = min(1.0, max_px / max(width, height))
    return max(1, round(width * shrink)), max(1, round(height * shrink))


def picture(
    cog: Path, *, window: Box, max_px: int = 1024, image_format: ImageFormat = "png"
) -> bytes:
    """Render a window of the mosaic, shrunk so that no side is longer than ``max_px``.

    Raises:
        BadInput: when the window is empty or outside, or the limit is out of range.
        Broken: when the mosaic cannot be read.
    """
    if not 1 <= max_px <= CHIP_MAX_PX:
        raise BadInput(f"a picture can be 1–{CHIP_MAX_PX} px long, {max_px} px were asked for")
    with _pixels(cog) as reader:
        source: DatasetReader = reader.dataset
        x0, y0, x1, y1 = window
        if not (0 <= x0 < x1 <= source.width and 0 <= y0 < y1 <= source.height):
            raise BadInput(
                f"window {window} px is not inside the mosaic of {source.width}×{source.height} px"
            )
        width, height = chip_size(window, max_px)
        return _encoded(_window(reader, window, width, height), image_format)


def transparent_tile(image_format: ImageFormat = "png") -> bytes:
    """Render a tile that shows nothing."""
    pixels = np.zeros((3, TILE_SIZE_PX, TILE_SIZE_PX), dtype=np.uint8)
    return _encoded(ImageData(np.ma.MaskedArray(pixels, mask=True)), image_format)


def _window(reader: ImageReader, box: Box, width: int, height: int) -> ImageData:
    """Read a box in native pixels at a size, through the overviews."""
    x0, y0, x1, y1 = box
    return reader.part(
        (x0, y1, x1, y0),  # left, bottom, right, top; y counts downwards
        indexes=_colours(reader.dataset),
        width=width,
        height=height,
        resampling_method="bilinear" if x1 - x0 > width else "nearest",
    )


def _is_speck(source: DatasetReader, z: int) -> bool:
    """Tell whether a mosaic is so much smaller than a pixel of a level that it cannot be seen.

    Warping it to such a tile would ask for more pixels than a raster can have.
    """
    pixel_m = EQUATOR_M / TILE_SIZE_PX / (1 << z)
    west, south, east, north = source.bounds
    unit_m = 1.0 if source.crs.is_projected else EQUATOR_M / 360
    return bool(pixel_m > SPECK * unit_m * max(east - west, north - south))


def _colours(source: DatasetReader) -> tuple[int, ...]:
    """Name the colour bands; the fourth band is the mask, which the reader applies itself."""
    return (1, 2, 3) if source.count >= 3 else (1, 1, 1)


def _encoded(image: ImageData, image_format: ImageFormat) -> bytes:
    """Encode pixels with their mask as the alpha channel."""
    return bytes(image.render(img_format=image_format.upper(), add_mask=True))


@contextmanager
def _pixels(cog: Path) -> Iterator[ImageReader]:
    """Open a mosaic in pixel coordinates, whatever its CRS."""
    with _translated(cog), ImageReader(str(cog)) as reader:
        yield reader


@contextmanager
def _translated(cog: Path) -> Iterator[None]:
    """Say in our own words that a mosaic cannot be read."""
    try:
        yield
    except TileOutsideBounds:
        raise
    except (RasterioError, RioTilerError) as error:
        raise Broken(f"mosaic {cog.name} cannot be read: {error}") from error

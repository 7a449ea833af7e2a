"""Find which photos a mosaic shows at a place: a bounded read of ``sources.tif``."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.enums import Resampling
from rasterio.errors import RasterioError
from rasterio.windows import Window

from inspection.errors import BadInput

READ_PX = 2048
"""Longest side of what is read for one place; larger boxes are read at a coarser step."""


class Sources:
    """Answer which photos are shown where; made by ``open_sources``."""

    def __init__(self, dataset: rasterio.DatasetReader) -> None:
        self._dataset = dataset

    def numbers_at(
        self, box_px: tuple[int, int, int, int], points_px: NDArray[np.float64]
    ) -> tuple[int, ...]:
        """Give the photo numbers (1 = first) at points of a box, most frequent first.

        Args:
            box_px: ``x0 y0 x1 y1`` around the points, half-open.
            points_px: (n, 2), origin at the outer corner of the raster.
        """
        seen = self._at(box_px, points_px)
        counted = Counter(int(number) for number in seen.ravel() if number)
        return tuple(sorted(counted, key=lambda number: (-counted[number], number)))

    def numbers_of(self, points_px: NDArray[np.float64]) -> NDArray[np.int64]:
        """Give the photo number (n,) at each of some points (n, 2) px, 0 where there is none."""
        if not len(points_px):
            return np.zeros(0, dtype=np.int64)
        # the far edge belongs to the last pixel
        inner = np.clip(points_px, 0, (self._dataset.width - 1, self._dataset.height - 1))
        low, high = np.floor(inner.min(axis=0)), np.floor(inner.max(axis=0)) + 1
        box = (int(low[0]), int(low[1]), int(high[0]), int(high[1]))
        return self._at(box, points_px)

    def _at(
        self, box_px: tuple[int, int, int, int], points_px: NDArray[np.float64]
    ) -> NDArray[np.int64]:
        """Read the photo numbers (n,) at points of a box."""
        x0, y0 = max(box_px[0], 0), max(box_px[1], 0)
        x1, y1 = min(box_px[2], self._dataset.width), min(box_px[3], self._dataset.height)
        if x0 >= x1 or y0 >= y1:
            return np.zeros(len(points_px), dtype=np.int64)
        window = Window(x0, y0, x1 - x0, y1 - y0)
        shape = min(y1 - y0, READ_PX), min(x1 - x0, READ_PX)
        try:
            photo = self._dataset.read(
                1, window=window, out_shape=shape, resampling=Resampling.nearest
            )
        except RasterioError as error:
            raise BadInput(f"cannot read {self._dataset.name}: {error}; it is damaged") from error
        column = ((points_px[:, 0] - x0) * shape[1] / (x1 - x0)).astype(np.int64)
        row = ((points_px[:, 1] - y0) * shape[0] / (y1 - y0)).astype(np.int64)
        seen = photo[np.clip(row, 0, shape[0] - 1), np.clip(column, 0, shape[1] - 1)]
        size = (self._dataset.width, self._dataset.height)
        outside = ((points_px < 0) | (points_px > size)).any(axis=1)
        return np.where(outside, 0, seen).astype(np.int64)


@contextmanager
def open_sources(path: Path, size_px: tuple[int, int]) -> Iterator[Sources]:
    """Open the raster that says which photo each pixel came from.

    Args:
        path: ``sources.tif``.
        size_px: columns and rows of the mosaic that it belongs to.

    Raises:
        BadInput: when it cannot be opened or belongs to another mosaic.
    """
    check_size(path, size_px)
    with rasterio.open(path) as dataset:
        yield Sources(dataset)


def check_size(path: Path, size_px: tuple[int, int]) -> None:
    """Check that a raster has the size of the mosaic that is being measured.

    Raises:
        BadInput: when it cannot be opened or has another size.
    """
    try:
        with rasterio.open(path) as dataset:
            found = dataset.width, dataset.height
    except RasterioError as error:
        raise BadInput(f"cannot open {path.name}: {error}") from error
    if found != size_px:
        raise BadInput(
            f"{path.name} has {found[0]}×{found[1]} px but the mosaic has "
            f"{size_px[0]}×{size_px[1]} px: the files do not belong together; run the mosaic again"
        )

"""Know the ground along a course: heights of a DEM on a grid of course metres."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates, maximum_filter

from inspection.errors import BadInput
from inspection.geo.frames import LocalFrame
from inspection.imaging.elevation import read_heights_m

Floats = NDArray[np.float64]

MAX_NODES = 2_000_000
"""Nodes of the grid at the most; a wider course gets a coarser grid, and the report says so."""
FINEST_M = 1.0
"""Finer heights than a metre apart tell of nothing that a vehicle could use."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terrain:
    """Carry ground heights on a square grid, x east, y north.

    Attributes:
        corner_m: (x, y) of the first node (south-west), course metres.
        step_m: distance of two nodes.
        height_m: (rows from south, columns from west) heights; NaN where the DEM says nothing.
            Above sea level as read, above take-off after ``above``.
        name: of the file.
    """

    corner_m: tuple[float, float]
    step_m: float
    height_m: Floats
    name: str = "DEM"

    def __post_init__(self) -> None:
        """Check the shape."""
        if self.height_m.ndim != 2 or min(self.height_m.shape) < 2 or not self.step_m > 0:
            raise BadInput(
                f"terrain needs a grid of 2×2 nodes or more and a step > 0 m, got "
                f"{self.height_m.shape} and {self.step_m} m"
            )

    def above(self, takeoff_msl_m: float) -> Self:
        """Give the same terrain with heights above take-off."""
        return type(self)(
            corner_m=self.corner_m,
            step_m=self.step_m,
            height_m=self.height_m - takeoff_msl_m,
            name=self.name,
        )

    def ground_m(self, points_xy_m: Floats) -> Floats:
        """Give the height (n,) of the ground, bilinear; NaN where the DEM says nothing.

        >>> slope = Terrain(corner_m=(0, 0), step_m=10, height_m=np.array([[0, 10.0], [0, 10.0]]))
        >>> slope.ground_m(np.array([[5.0, 5.0], [-1.0, 0.0]])).tolist()
        [5.0, nan]
        """
        column = (points_xy_m[:, 0] - self.corner_m[0]) / self.step_m
        row = (points_xy_m[:, 1] - self.corner_m[1]) / self.step_m
        return bilinear(self.height_m, row, column)

    def distance_m(self, points_m: Floats, reach_m: float) -> Floats:
        """Give the distance (n,) to the ground, cut off at ``reach_m``; 0 inside of it.

        The ground is the columns of the grid's cells: a cliff beside a leg counts as well as the
        ground below it. Where the DEM says nothing there is nothing to meet.
        """
        cells = math.ceil(reach_m / self.step_m)
        solid = np.where(np.isfinite(self.height_m), self.height_m, -np.inf)
        highest = maximum_filter(solid, size=2 * cells + 3, mode="nearest")
        row, column = self._cell(points_m)
        distance = np.full(len(points_m), float(reach_m))
        near = np.flatnonzero(points_m[:, 2] - highest[row, column] < reach_m)
        for part in np.array_split(near, max(1, len(near) * (2 * cells + 1) ** 2 // 4_000_000)):
            distance[part] = self._exact_m(points_m[part], solid, cells, reach_m)
        return distance

    def _exact_m(self, points_m: Floats, solid: Floats, cells: int, reach_m: float) -> Floats:
        """Give the distance to the columns of all cells around."""
        span = np.arange(-cells, cells + 1)
        at_row, at_column = (
            np.rint((points_m[:, axis] - self.corner_m[axis]) / self.step_m).astype(int)
            for axis in (1, 0)
        )
        rows, columns = at_row[:, None] + span, at_column[:, None] + span
        inside = (rows >= 0) & (rows < solid.shape[0])
        beside = (columns >= 0) & (columns < solid.shape[1])
        height = solid[
            np.clip(rows, 0, solid.shape[0] - 1)[:, :, None],
            np.clip(columns, 0, solid.shape[1] - 1)[:, None, :],
        ]
        height = np.where(inside[:, :, None] & beside[:, None, :], height, -np.inf)
        off_y = self._beyond(points_m[:, 1], rows, self.corner_m[1])
        off_x = self._beyond(points_m[:, 0], columns, self.corner_m[0])
        off_z = np.maximum(points_m[:, 2, None, None] - height, 0.0)
        squared = off_y[:, :, None] ** 2 + off_x[:, None, :] ** 2 + off_z**2
        return np.asarray(np.minimum(np.sqrt(squared.min(axis=(1, 2))), reach_m))

    def _beyond(self, at_m: Floats, index: NDArray[np.int_], corner_m: float) -> Floats:
        """Give how far a point lies outside of cells along one axis."""
        centre = corner_m + index * self.step_m
        return np.asarray(np.maximum(np.abs(at_m[:, None] - centre) - self.step_m / 2, 0.0))

    def _cell(self, points_m: Floats) -> tuple[NDArray[np.int_], NDArray[np.int_]]:
        """Give row and column of the cell of each point, the border's for those outside."""
        cell = np.rint((points_m[:, :2] - self.corner_m) / self.step_m).astype(int)
        rows, columns = self.height_m.shape
        return np.clip(cell[:, 1], 0, rows - 1), np.clip(cell[:, 0], 0, columns - 1)


def bilinear(values: Floats, row: Floats, column: Floats) -> Floats:
    """Interpolate a raster at fractional node indices; NaN outside or beside a NaN node."""
    kept = np.nan_to_num(values, nan=0.0)
    known = map_coordinates(np.isfinite(values).astype(float), [row, column], order=1, cval=0.0)
    smooth = map_coordinates(kept, [row, column], order=1, mode="nearest")
    return np.where(known > 1 - 1e-9, smooth, np.nan)


def read_terrain(
    path: Path, frame: LocalFrame, bounds_m: tuple[float, float, float, float]
) -> Terrain:
    """Read the part of a DEM that a course needs; heights stay above sea level.

    Args:
        path: any raster that GDAL reads, its first band heights in metres above mean sea level.
        frame: of the course.
        bounds_m: west, south, east, north in course metres.

    Raises:
        BadInput: when the file is no raster, has no CRS, or says nothing along the course.
    """
    west, south, east, north = bounds_m
    step_m = max(FINEST_M, math.sqrt((east - west) * (north - south) / MAX_NODES))
    x = np.arange(west, east + step_m, step_m)
    y = np.arange(south, north + step_m, step_m)
    nodes = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    lonlat = frame.to_lonlat_h(np.column_stack([nodes, np.zeros(len(nodes))]))[:, :2]
    height = read_heights_m(path, lonlat)
    if not np.isfinite(height).any():
        raise BadInput(f"{path.name} does not cover the mission; give the DEM of its place")
    return Terrain(
        corner_m=(west, south),
        step_m=step_m,
        height_m=height.reshape(len(y), len(x)),
        name=path.name,
    )

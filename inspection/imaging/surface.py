"""Model the surface that the photos see: a plane, or the ground found from sparse points.

Two frames meet here. *Surface* coordinates are those of the mosaic's ``PixelGrid`` (a map CRS, or
a local metric plane). *World* coordinates are those of the camera poses (ENU metres, z up). For a
plane both are the same.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.interpolate import RegularGridInterpolator
from scipy.ndimage import distance_transform_edt, gaussian_filter
from scipy.spatial import cKDTree

from inspection.errors import BadInput
from inspection.geo.frames import WGS84_LONLAT, LocalFrame, to_crs

MIN_POINTS_FOR_RELIEF = 200
"""Fewer sparse points than this describe a plane better than they describe relief."""


class Surface(Protocol):
    """Move points between the mosaic's coordinates and the world of the camera poses."""

    def to_world_m(self, points_surface_m: ArrayLike) -> NDArray[np.float64]:
        """Give the world points (n, 3) m that lie on the surface at (n, 2) m."""

    def to_surface_m(self, points_world_m: ArrayLike) -> NDArray[np.float64]:
        """Give the surface coordinates (n, 2) m straight below or above world points (n, 3) m."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FlatSurface:
    """Lie at one world height; surface and world share x and y.

    Attributes:
        z_world_m: height of the plane in the world of the poses.
    """

    z_world_m: float = 0.0

    def to_world_m(self, points_surface_m: ArrayLike) -> NDArray[np.float64]:
        """Give world points (n, 3) m.

        >>> FlatSurface(z_world_m=2.0).to_world_m([[3.0, 4.0]]).tolist()
        [[3.0, 4.0, 2.0]]
        """
        xy = _points(points_surface_m, 2)
        return np.column_stack([xy, np.full(len(xy), self.z_world_m)])

    def to_surface_m(self, points_world_m: ArrayLike) -> NDArray[np.float64]:
        """Give surface points (n, 2) m: the world's x and y."""
        return _points(points_world_m, 3)[:, :2].copy()


@dataclass(frozen=True, slots=True, kw_only=True)
class HeightField:
    """Give the height of the ground on a regular raster of nodes, bilinear between them.

    Attributes:
        x_m: (columns,) ascending node positions, world x.
        y_m: (rows,) ascending node positions, world y.
        z_m: (rows, columns) heights, world z.
    """

    x_m: NDArray[np.float64]
    y_m: NDArray[np.float64]
    z_m: NDArray[np.float64]

    def __post_init__(self) -> None:
        """Check shapes and that every node has a height."""
        if self.z_m.shape != (len(self.y_m), len(self.x_m)) or not np.isfinite(self.z_m).all():
            raise BadInput(
                f"a height field of {len(self.y_m)}×{len(self.x_m)} nodes needs as many finite "
                f"heights, got shape {self.z_m.shape}"
            )

    def height_m(self, points_xy_m: ArrayLike) -> NDArray[np.float64]:
        """Give the height (n,) m at world (n, 2) m; outside, that of the nearest border."""
        xy = _points(points_xy_m, 2)
        inside = np.column_stack(
            [
                np.clip(xy[:, 1], self.y_m[0], self.y_m[-1]),
                np.clip(xy[:, 0], self.x_m[0], self.x_m[-1]),
            ]
        )
        interpolate = RegularGridInterpolator((self.y_m, self.x_m), self.z_m)
        return np.asarray(interpolate(inside), dtype=np.float64)

    @property
    def median_height_m(self) -> float:
        """Give the median height of the nodes."""
        return float(np.median(self.z_m))


@dataclass(frozen=True, slots=True, kw_only=True)
class GroundSurface:
    """Tie map coordinates to the ENU world of the poses over a height field.

    The vertical through a map position is taken as parallel to the frame's up axis; over 1 km
    and 50 m of relief that displaces a point by less than 1 cm.

    Attributes:
        frame: local ENU frame of the poses.
        map_crs: CRS of the surface coordinates.
        field: height of the ground in the ENU frame.
    """

    frame: LocalFrame
    map_crs: str
    field: HeightField

    def to_world_m(self, points_surface_m: ArrayLike) -> NDArray[np.float64]:
        """Give ENU points (n, 3) m on the ground at map positions (n, 2) m."""
        lonlat = to_crs(points_surface_m, self.map_crs, WGS84_LONLAT)
        height = self.frame.height_ellipsoid_m + self.field.median_height_m
        enu = self.frame.to_enu_m(np.column_stack([lonlat, np.full(len(lonlat), height)]))
        return np.column_stack([enu[:, :2], self.field.height_m(enu[:, :2])])

    def to_surface_m(self, points_world_m: ArrayLike) -> NDArray[np.float64]:
        """Give map positions (n, 2) m of ENU points (n, 3) m."""
        lonlat_h = self.frame.to_lonlat_h(_points(points_world_m, 3))
        return to_crs(lonlat_h[:, :2], WGS84_LONLAT, self.map_crs)


def fit_height_field(
    points_world_m: ArrayLike, *, cell_m: float | None = None, smooth_cells: float = 1.0
) -> HeightField:
    """Fit the ground through sparse points: outliers out, median a cell, smooth between.

    A plane is fitted first. With fewer than ``MIN_POINTS_FOR_RELIEF`` points the plane is the
    answer; otherwise the medians of the residuals in cells are smoothed and added to it, and
    cells without points take the plane plus the fading residual of their neighbours.

    Args:
        points_world_m: (n, 3) sparse points, z up.
        cell_m: node spacing; None chooses about 8 points a cell.
        smooth_cells: standard deviation of the Gaussian over the cell medians.

    Raises:
        BadInput: when fewer than 3 points are given.
    """
    points = _points(points_world_m, 3)
    if len(points) < 3:
        raise BadInput(f"a ground surface needs at least 3 sparse points, got {len(points)}")
    points = points[_close_to_neighbours(points)]
    plane = _fit_plane(points)
    x0, y0 = points[:, :2].min(axis=0)
    x1, y1 = points[:, :2].max(axis=0)
    span = max(x1 - x0, y1 - y0, 1e-3)
    cell = cell_m or max(float(np.sqrt(8 * (x1 - x0) * (y1 - y0) / len(points))), span / 500)
    x = x0 + cell * np.arange(max(2, int(np.ceil((x1 - x0) / cell)) + 1))
    y = y0 + cell * np.arange(max(2, int(np.ceil((y1 - y0) / cell)) + 1))
    z = plane[0] * x[None, :] + plane[1] * y[:, None] + plane[2]
    if len(points) >= MIN_POINTS_FOR_RELIEF:
        residual = points[:, 2] - (points[:, :2] @ plane[:2] + plane[2])
        z = z + _relief(points[:, :2], residual, x, y, smooth_cells)
    return HeightField(x_m=x, y_m=y, z_m=z)


def _points(points: ArrayLike, columns: int) -> NDArray[np.float64]:
    """Check the shape (n, columns)."""
    array = np.atleast_2d(np.asarray(points, dtype=np.float64))
    if array.ndim != 2 or array.shape[1] != columns:
        raise BadInput(f"points must have shape (n, {columns}), got {array.shape}")
    return array


def _close_to_neighbours(points: NDArray[np.float64], neighbours: int = 12) -> NDArray[np.bool_]:
    """Keep points whose height agrees with the median of their horizontal neighbours."""
    k = min(neighbours + 1, len(points))
    _, index = cKDTree(points[:, :2]).query(points[:, :2], k=k)
    deviation = np.abs(points[:, 2] - np.median(points[np.atleast_2d(index), 2], axis=1))
    scale = 1.4826 * float(np.median(deviation))
    keep = deviation <= max(5.0 * scale, 1e-6)
    return np.asarray(keep if keep.sum() >= 3 else np.ones(len(points), dtype=bool))


def _fit_plane(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Fit z = a·x + b·y + c by iteratively reweighted least absolute deviations."""
    centre = points.mean(axis=0)
    design = np.column_stack([points[:, :2] - centre[:2], np.ones(len(points))])
    weight = np.ones(len(points))
    solution = np.zeros(3)
    for _ in range(20):
        root = np.sqrt(weight)[:, None]
        solution = np.linalg.lstsq(design * root, (points[:, 2:3]) * root, rcond=None)[0][:, 0]
        weight = 1.0 / np.maximum(np.abs(points[:, 2] - design @ solution), 1e-3)
    a, b, c = solution
    return np.array([a, b, c - a * centre[0] - b * centre[1]])


def _relief(
    xy: NDArray[np.float64],
    residual: NDArray[np.float64],
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    smooth_cells: float,
) -> NDArray[np.float64]:
    """Give (rows, columns) smoothed cell medians of the residuals to the plane."""
    cell = x[1] - x[0]
    column = np.clip(np.rint((xy[:, 0] - x[0]) / cell).astype(int), 0, len(x) - 1)
    row = np.clip(np.rint((xy[:, 1] - y[0]) / cell).astype(int), 0, len(y) - 1)
    flat = row * len(x) + column
    order = np.argsort(flat, kind="stable")
    cells, starts = np.unique(flat[order], return_index=True)
    medians = np.array([np.median(part) for part in np.split(residual[order], starts[1:])])
    sparse = np.full(len(x) * len(y), np.nan)
    sparse[cells] = medians
    grid = sparse.reshape(len(y), len(x))
    empty = np.isnan(grid)
    distance, nearest = distance_transform_edt(empty, return_indices=True)
    filled = grid[tuple(nearest)] * np.exp(-np.maximum(distance - 3.0, 0.0) / 10.0)
    return np.asarray(gaussian_filter(filled, smooth_cells, mode="nearest"), dtype=np.float64)

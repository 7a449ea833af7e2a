"""Write a geometry as SVG path data in the pixels of a shrunken raster."""

from collections.abc import Iterator

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from inspection.geo.grid import PixelGrid

TOLERANCE_PX = 0.4
"""How far a drawn outline may leave the true one, pixels of the picture."""


def svg_path(outline_surface_m: BaseGeometry, grid: PixelGrid, scale: float) -> str:
    """Draw the polygons of an outline.

    Args:
        outline_surface_m: polygon or multipolygon in the CRS of the grid.
        grid: ties surface and raster.
        scale: pixels of the picture per pixel of the raster.

    Returns:
        Path data with one decimal, every ring closed; a damage smaller than a pixel stays a ring.

    >>> from shapely.geometry import box
    >>> grid = PixelGrid.north_up(left_m=0, top_m=10, gsd_m_per_px=0.1, width_px=99, height_px=99)
    >>> svg_path(box(1, 8, 2, 9), grid, 1.0)
    'M20.0 20.0L20.0 10.0L10.0 10.0L10.0 20.0Z'
    """
    surface_tolerance_m = TOLERANCE_PX * grid.gsd_m_per_px / scale
    simple = shapely.simplify(outline_surface_m, surface_tolerance_m, preserve_topology=True)
    return "".join(_ring(ring, grid, scale) for ring in _rings(simple))


def _rings(outline: BaseGeometry) -> Iterator[NDArray[np.float64]]:
    """List the rings of all polygons, outer and inner."""
    for polygon in shapely.get_parts(outline):
        for ring in shapely.get_rings(polygon):
            yield shapely.get_coordinates(ring)


def _ring(ring_surface_m: NDArray[np.float64], grid: PixelGrid, scale: float) -> str:
    points = grid.to_px(ring_surface_m[:-1]) * scale
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points) + "Z"

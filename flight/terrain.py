"""Make the ground of a plan from a raster of heights."""

from pathlib import Path

import numpy as np

from flight.ground import HeightGrid
from inspection.errors import BadInput
from inspection.geo.frames import LocalFrame
from inspection.imaging.elevation import read_heights_m

MOST_CELLS = 1_000_000
FINEST_STEP_M = 1.0


def read_ground(
    path: Path, frame: LocalFrame, bounds_m: tuple[float, float, float, float]
) -> tuple[HeightGrid, float]:
    """Read the ground around a site.

    Heights count from the raster's own height at take-off, so that its datum does not matter.

    Args:
        path: any GDAL raster whose first band holds metres.
        frame: of the plan, origin at take-off.
        bounds_m: west, south, east, north in local metres.

    Returns:
        The grid, and the height of take-off in the raster's datum.

    Raises:
        BadInput: when the raster cannot be read or does not know take-off.
    """
    west, south, east, north = bounds_m
    wide_m, high_m = east - west, north - south
    step_m = max(FINEST_STEP_M, float(np.sqrt(wide_m * high_m / MOST_CELLS)))
    xs = west + step_m * np.arange(int(np.ceil(wide_m / step_m)) + 1)
    ys = south + step_m * np.arange(int(np.ceil(high_m / step_m)) + 1)
    east_m, north_m = np.meshgrid(xs, ys)
    places = np.column_stack([east_m.ravel(), north_m.ravel(), np.zeros(east_m.size)])
    lonlat = frame.to_lonlat_h(np.vstack([np.zeros(3), places]))[:, :2]
    heights = read_heights_m(path, lonlat)
    takeoff_m = float(heights[0])
    if not np.isfinite(takeoff_m):
        raise BadInput(
            f"{path.name} has no height at take-off ({frame.lat_deg:.6f}, {frame.lon_deg:.6f}); "
            "use a DEM that covers it, or take off elsewhere (--takeoff)"
        )
    grid = HeightGrid(
        west_m=float(west),
        south_m=float(south),
        step_m=step_m,
        height_m=heights[1:].reshape(east_m.shape) - takeoff_m,
    )
    return grid, takeoff_m

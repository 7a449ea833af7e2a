"""Draw the outline of a detection in raster pixels, however large its box is.

The outline runs along the outer edges of pixels, not through their centres: one pixel is a square
of side 1. It is built from runs, so that a crack that crosses the whole mosaic needs no mask.
"""

import numpy as np
import shapely
from numpy.typing import NDArray

from inspection.domain.detection import Detections
from inspection.errors import BadInput
from inspection.geo.runs import touching_below

BRIDGE_PX = 0.25
"""Half the diagonal of the diamond that ties two pixels that meet only at a corner."""


def outline_px(detections: Detections, index: int, *, tolerance_px: float = 0.5) -> shapely.Polygon:
    """Give the outline of one detection as a polygon with holes, in raster pixels.

    Pixels that meet only at a corner are one thing (8-neighbourhood); a diamond of 0.25 px half
    diagonal around the corner ties them, so that the outline is one polygon and valid in GIS.

    Args:
        detections: the detections of a raster.
        index: which of them.
        tolerance_px: the outline may leave the edges of the pixels by at most this; 0 keeps every
            step.

    Returns:
        A polygon in (x_px, y_px), origin at the outer corner of the raster's first pixel.

    Raises:
        BadInput: when the runs of the detection do not touch each other.
    """
    runs = detections.runs_of(index)
    row, start, stop = runs.T
    corners = _corner_contacts(runs)
    x, y = corners.T
    squares = shapely.box(start, row, stop, row + 1)
    offset = BRIDGE_PX * np.array([[-1, 0], [0, -1], [1, 0], [0, 1]])
    diamonds = shapely.polygons(np.stack([x, y], axis=1)[:, None, :] + offset)
    whole = shapely.union_all(np.concatenate([squares, diamonds]))
    if not isinstance(whole, shapely.Polygon):
        raise BadInput(f"detection {index} falls into {len(whole.geoms)} pieces that do not touch")
    return shapely.simplify(whole, tolerance_px, preserve_topology=True)


def _corner_contacts(runs: NDArray[np.int32]) -> NDArray[np.float64]:
    """Find the corners (c, 2) px at which two runs of neighbouring rows meet without an edge."""
    pairs = touching_below(runs)
    above, below = runs[pairs[:, 0]], runs[pairs[:, 1]]
    right = above[:, 2] == below[:, 1]
    left = above[:, 1] == below[:, 2]
    x = np.concatenate([above[right, 2], above[left, 1]])
    y = np.concatenate([below[right, 0], below[left, 0]])
    return np.column_stack([x, y]).astype(np.float64)

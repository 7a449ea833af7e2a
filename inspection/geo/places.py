"""Tell how many places some points mark: what lies closer than a reach is one place."""

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from inspection.geo.runs import components

SAME_PLACE_M = 1e-3
"""Three cracks through one point meet in points that differ by rounding; a millimetre is one."""


def distinct(points: ArrayLike, reach: float = SAME_PLACE_M) -> NDArray[np.float64]:
    """Give the middle (k, 2) of each group of points (n, 2) that lie within reach of each other.

    >>> distinct([[0, 0], [1e-9, 0], [5, 5]]).round(6).tolist()
    [[0.0, 0.0], [5.0, 5.0]]
    """
    xy = np.asarray(points, dtype=np.float64).reshape(-1, 2)
    if not len(xy):
        return xy
    shapes = shapely.points(xy)
    pairs = shapely.STRtree(shapes).query(shapes, predicate="dwithin", distance=reach).T
    group = components(len(xy), pairs.astype(np.int64))
    return np.array([xy[group == one].mean(axis=0) for one in np.unique(group)])

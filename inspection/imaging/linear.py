"""Follow one linear damage: its branches from end to end, with the width at every point."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inspection.geo.polyline import length, outward_direction, unit_normals
from inspection.imaging.centreline import Branch, branches
from inspection.imaging.localwidth import local_width_px, reach_px
from inspection.imaging.skeleton import thin

TANGENT_PX = 6.0
"""Least length over which the direction of an end is taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limb:
    """Keep one branch of a linear damage, drawn out to the edge of the mask at its free ends.

    Attributes:
        points_px: (n, 2) float64, origin at the outer corner of the raster.
        width_px: (n,) width of the mask across the branch; NaN at a point that was drawn out.
        start_free: True when the first point is an end of the damage, False at a junction.
        end_free: likewise for the last point.
        piece: number of the connected piece of the mask that the branch belongs to.
    """

    points_px: NDArray[np.float64]
    width_px: NDArray[np.float64]
    start_free: bool
    end_free: bool
    piece: int

    @property
    def typical_width_px(self) -> float:
        """Give the median width in pixels."""
        return float(np.nanmedian(self.width_px))


def follow(runs: NDArray[np.int32]) -> tuple[Limb, ...]:
    """Follow the centre lines of a mask given as runs (m, 3) px, sorted by row, then column."""
    return tuple(_limb(runs, branch) for branch in branches(thin(runs)))


def _limb(runs: NDArray[np.int32], branch: Branch) -> Limb:
    """Measure one branch and draw out its free ends."""
    points = branch.points_px
    is_dot = length(points) < 1e-9
    if is_dot:
        along = _principal_axis(runs)
        points = points[:1]
        normals = np.array([[-along[1], along[0]]])
        onward = backward = along
        backward = -along
    else:
        reach = max(TANGENT_PX, 3 * float(np.median(branch.depth_px)))
        normals = unit_normals(points)
        onward, backward = outward_direction(points, reach), outward_direction(points[::-1], reach)
    deepest = float(branch.depth_px.max())
    width = local_width_px(runs, points, normals, deepest)
    before, after = np.empty((0, 2)), np.empty((0, 2))
    if branch.start_free:
        before = _drawn_out(runs, points[0], backward, float(branch.depth_px[0]))
    if branch.end_free:
        after = _drawn_out(runs, points[-1], onward, float(branch.depth_px[-1]))
    nothing = np.full(1, np.nan)
    return Limb(
        points_px=np.concatenate([before, points, after]),
        width_px=np.concatenate([nothing[: len(before)], width, nothing[: len(after)]]),
        start_free=branch.start_free,
        end_free=branch.end_free,
        piece=branch.piece,
    )


def _drawn_out(
    runs: NDArray[np.int32],
    end_px: NDArray[np.float64],
    direction: NDArray[np.float64],
    depth_px: float,
) -> NDArray[np.float64]:
    """Give the point (1, 2) where the damage ends, straight on from the end of its centre line."""
    further = reach_px(runs, end_px, direction, depth_px)
    return (end_px + further * direction)[None]


def _principal_axis(runs: NDArray[np.int32]) -> NDArray[np.float64]:
    """Give the unit vector (2,) along which the pixels of a blob spread most."""
    count = (runs[:, 2] - runs[:, 1]).astype(np.float64)
    x, y = (runs[:, 1] + runs[:, 2]) / 2, runs[:, 0] + 0.5
    dx, dy = x - np.average(x, weights=count), y - np.average(y, weights=count)
    # the spread within a run of n pixels is n²/12 along x; within a row 1/12 along y
    xx = np.average(dx * dx + count**2 / 12, weights=count)
    yy = np.average(dy * dy, weights=count) + 1 / 12
    xy = np.average(dx * dy, weights=count)
    angle = 0.5 * np.arctan2(2 * xy, xx - yy)
    return np.array([np.cos(angle), np.sin(angle)])

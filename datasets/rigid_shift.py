"""Fit the one rigid motion that found lines share against the true lines, and undo it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import MultiLineString, affinity
from shapely.geometry.base import BaseGeometry

SAMPLE_M = 0.005
"""Distance between the points at which lines are compared."""

Points = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """Describe a small rigid motion about a centre: truth turned and shifted gives what was found.

    Attributes:
        centre_m: (x, y) about which it turns.
        at_centre_m: shift of the centre, east and north.
        turn_rad: rotation, counter-clockwise.
    """

    centre_m: tuple[float, float]
    at_centre_m: tuple[float, float]
    turn_rad: float

    def undo(self, geometry: BaseGeometry) -> BaseGeometry:
        """Move a found geometry to where it would lie without the shift."""
        east_m, north_m = self.at_centre_m
        back = affinity.translate(geometry, -east_m, -north_m)
        return affinity.rotate(back, -self.turn_rad, origin=self.centre_m, use_radians=True)


def fit_shift(
    axes: Sequence[BaseGeometry],
    lines: Sequence[BaseGeometry],
    *,
    gates_m: Sequence[float] = (0.5, 0.2, 0.1, 0.05, 0.03, 0.02, 0.02),
) -> Shift:
    """Fit the rigid motion that all found lines share against the true lines.

    Each round takes the points of the found lines that lie within a gate of a true line, and
    minimises their distances across that line; the gate narrows, and points that disagree with the
    majority count less. The motion is zero when too little is within reach to tell it.
    """
    true = shapely.union_all(list(lines)) if lines else MultiLineString()
    centre = np.array(true.centroid.coords[0] if not true.is_empty else (0.0, 0.0))
    motion = np.zeros(3)
    if not axes or true.is_empty:
        return _shift(centre, motion)
    points = np.vstack([sample_line(axis) for axis in axes])
    for gate_m in gates_m:
        step = _rigid_step(_moved_back(points, centre, motion), true, centre, gate_m)
        if step is None:  # undetermined, or nothing left to improve
            break
        motion = motion + step
    return _shift(centre, motion)


def _rigid_step(points: Points, true: BaseGeometry, centre: Points, gate_m: float) -> Points | None:
    """Solve one robust least-squares step for (east, north, turn); None when it is undetermined."""
    nearest = _nearest_on(true, points)
    gaps = points - nearest
    distance = np.linalg.norm(gaps, axis=1)
    near = (distance < gate_m) & (distance > 1e-9)
    if near.sum() < 20:
        return None
    normal = gaps[near] / distance[near, None]
    arm = points[near] - centre
    lever = -arm[:, 1] * normal[:, 0] + arm[:, 0] * normal[:, 1]
    design = np.column_stack([normal, lever])
    # Points far from the line, beyond the common shift, are other things: they count less.
    scale = max(float(np.median(distance[near])), 1e-4)
    weight = 1.0 / (1.0 + (distance[near] / scale) ** 2)
    normal_matrix = (design * weight[:, None]).T @ design
    if np.linalg.cond(normal_matrix) > 1e5:
        return None
    return np.asarray(
        np.linalg.solve(normal_matrix, (design * weight[:, None]).T @ distance[near]),
        dtype=np.float64,
    )


def _moved_back(points: Points, centre: Points, motion: Points) -> Points:
    c, s = np.cos(-motion[2]), np.sin(-motion[2])
    turned = (points - centre - motion[:2]) @ np.array([[c, s], [-s, c]])
    return np.asarray(turned + centre, dtype=np.float64)


def _shift(centre: Points, motion: Points) -> Shift:
    return Shift(
        centre_m=(float(centre[0]), float(centre[1])),
        at_centre_m=(float(motion[0]), float(motion[1])),
        turn_rad=float(motion[2]),
    )


def sample_line(line: BaseGeometry) -> Points:
    """Give points along a line every ``SAMPLE_M``, (n, 2)."""
    parts = []
    for part in shapely.get_parts(line):
        count = max(2, int(part.length / SAMPLE_M) + 1)
        at = np.linspace(0.0, part.length, count)
        parts.append(shapely.get_coordinates(shapely.line_interpolate_point(part, at)))
    return np.vstack(parts) if parts else np.zeros((0, 2))


def _nearest_on(line: BaseGeometry, points: Points) -> Points:
    """Give the point of a line that is nearest to each point, (n, 2)."""
    shortest = shapely.shortest_line(shapely.points(points), line)
    return np.asarray(shapely.get_coordinates(shortest)[1::2], dtype=np.float64)

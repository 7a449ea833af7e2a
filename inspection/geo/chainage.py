"""Count distance along the lines of a centre line, one line after the other.

A branched crack has several lines. They are taken in the order of the geometry, so a distance names
one place for good, on the map as in every photo.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Self

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from inspection.errors import BadGeometry
from inspection.geo.polyline import Line, stations


@dataclass(frozen=True, slots=True, kw_only=True)
class Chainage:
    """Carry the lines of a centre line with the distance at which each begins.

    Attributes:
        lines: each (n, 2), metres in the CRS of the surface.
        bounds_m: distances on the ground at which the lines begin, and the whole length at the end.
        linear: map length ÷ ground length.
    """

    lines: tuple[Line, ...]
    bounds_m: tuple[float, ...]
    linear: float

    @classmethod
    def of(cls, axis: BaseGeometry, linear: float = 1.0) -> Self:
        """Count along a LineString or MultiLineString.

        Raises:
            BadGeometry: when it has no line.

        >>> import shapely
        >>> Chainage.of(shapely.from_wkt("MULTILINESTRING ((0 0, 2 0), (2 0, 2 3))")).bounds_m
        (0.0, 2.0, 5.0)
        """
        parts = [part for part in shapely.get_parts(axis) if part.length > 0]
        if not parts or any(part.geom_type != "LineString" for part in parts):
            raise BadGeometry(f"a centre line is made of lines, got {axis.geom_type}")
        lines = tuple(shapely.get_coordinates(part) for part in parts)
        ends = np.cumsum([float(stations(line)[-1]) / linear for line in lines])
        return cls(lines=lines, bounds_m=(0.0, *ends.tolist()), linear=linear)

    @property
    def length_m(self) -> float:
        """Give the length of all lines on the ground."""
        return self.bounds_m[-1]

    def every(self, step_m: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Give distances (n,) at most ``step_m`` apart, with both ends of each line, and points."""
        distances, points = [], []
        for line, (start_m, end_m) in zip(self.lines, pairwise(self.bounds_m), strict=True):
            count = max(2, int(np.ceil((end_m - start_m) / step_m)) + 1)
            along = np.linspace(0.0, end_m - start_m, count)
            at = stations(line) / self.linear
            points.append(np.column_stack([np.interp(along, at, line[:, k]) for k in (0, 1)]))
            distances.append(start_m + along)
        return np.concatenate(distances), np.concatenate(points)

    def locate(self, points: Sequence[tuple[float, float]] | NDArray[np.float64]) -> list[float]:
        """Give the distance of the place on the lines that is nearest to each point (n, 2)."""
        shapes = [shapely.linestrings(line) for line in self.lines]
        found = []
        for point in shapely.points(np.asarray(points, dtype=np.float64)):
            nearest = min(range(len(shapes)), key=lambda k: shapes[k].distance(point))
            along = float(shapely.line_locate_point(shapes[nearest], point))
            found.append(self.bounds_m[nearest] + along / self.linear)
        return found

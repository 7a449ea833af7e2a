"""Bring the centre lines of cracks to the ground, join them across gaps, and measure them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from inspection.domain.measurement import (
    UNCALIBRATED,
    CrackWidth,
    MaskCalibration,
    Quantity,
    WidthProfile,
    crack_width,
    summarise_widths,
)
from inspection.geo.grid import PixelGrid
from inspection.geo.joining import LooseEnd, join_ends
from inspection.geo.polyline import Line, axial_mean_deg, length, outward_direction, point_at
from inspection.geo.polyline import stations as stations_along
from inspection.geo.scale import map_scale
from inspection.imaging.linear import Limb, follow

GAP_M = 0.020
"""Gap that is always bridged (domain specification §4.4)."""

GAP_WIDTHS = 10.0
"""Wider gaps are bridged up to this many crack widths."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GroundScale:
    """Say how large a pixel is at one place.

    Attributes:
        gsd_map_m_per_px: in the units of the map.
        gsd_m_per_px: on the ground.
        linear: map length ÷ ground length.
    """

    gsd_map_m_per_px: float
    gsd_m_per_px: float
    linear: float


def ground_scale(grid: PixelGrid, at_px: tuple[float, float]) -> GroundScale:
    """Measure the size of a pixel at one place of a raster, on the map and on the ground."""
    x, y = at_px
    points = grid.to_surface([[x, y], [x + 1, y], [x, y + 1]])
    steps = points[1:] - points[0]
    area = abs(float(np.linalg.det(steps)))
    scale = map_scale(grid.crs, float(points[0, 0]), float(points[0, 1]))
    gsd_map = float(np.sqrt(area))
    return GroundScale(
        gsd_map_m_per_px=gsd_map,
        gsd_m_per_px=float(np.sqrt(area / scale.areal)),
        linear=scale.linear,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Strand:
    """Keep one unbranched piece of a crack on the surface.

    Attributes:
        line: (n, 2) metres in the CRS of the mosaic.
        width_mm: (n,) local width on the ground; NaN where there is none.
        start_free: True when the first point is an end of the crack.
        end_free: likewise for the last point.
        piece: detection and number of the connected piece.
    """

    line: Line
    width_mm: NDArray[np.float64]
    start_free: bool
    end_free: bool
    piece: tuple[int, int]

    @property
    def typical_width_m(self) -> float:
        """Give the median width in metres."""
        return float(np.nanmedian(self.width_mm)) / 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Crack:
    """Keep one crack: the detections that show it, its pieces, the bridges between them.

    Attributes:
        members: indices of the detections, ascending.
        strands: unbranched pieces.
        bridges: (2, 2) lines over gaps in the mask.
        scale: size of a pixel where it lies.
        widths: summary of the widths along all pieces.
    """

    members: tuple[int, ...]
    strands: tuple[Strand, ...]
    bridges: tuple[Line, ...]
    scale: GroundScale
    widths: CrackWidth

    @property
    def length_m(self) -> float:
        """Give the length of all pieces and bridges on the ground, in metres."""
        lines = [strand.line for strand in self.strands] + list(self.bridges)
        return sum(length(line) for line in lines) / self.scale.linear

    def length(self, gsd_ratio: float) -> Quantity:
        """Give the length in metres.

        The uncertainty has three parts: each end by one pixel, the path by 0.5 % (the smoothing of
        the pixel steps, measured on lines of all directions), and the scale.
        """
        ends = self.scale.gsd_m_per_px * np.sqrt(2.0)
        u_m = float(
            np.sqrt(ends**2 + (self.length_m * 0.005) ** 2 + (self.length_m * gsd_ratio) ** 2)
        )
        return Quantity(value=self.length_m, expanded_uncertainty=2.0 * u_m)

    def width(self, gsd_ratio: float, calibration: MaskCalibration = UNCALIBRATED) -> Quantity:
        """Give the representative width in millimetres, or say that it is below the limit."""
        return crack_width(
            self.widths.representative_mm,
            gsd_mm_per_px=self.scale.gsd_m_per_px * 1000,
            gsd_ratio=gsd_ratio,
            calibration=calibration,
        )

    def mean_width_mm(
        self, gsd_ratio: float, calibration: MaskCalibration = UNCALIBRATED
    ) -> float | None:
        """Give the mean width in millimetres, None when the image cannot resolve it."""
        return crack_width(
            self.widths.mean_mm,
            gsd_mm_per_px=self.scale.gsd_m_per_px * 1000,
            gsd_ratio=gsd_ratio,
            calibration=calibration,
        ).value

    def orientation_deg(self) -> float:
        """Give the length-weighted axial direction, degrees from the x axis of the surface."""
        return axial_mean_deg([strand.line for strand in self.strands])

    def axis(self, tolerance_m: float) -> shapely.Geometry:
        """Give the centre line: a LineString, or a MultiLineString where it branches."""
        lines = [strand.line for strand in self.strands] + list(self.bridges)
        merged = shapely.line_merge(
            shapely.multilinestrings([shapely.linestrings(x) for x in lines])
        )
        return shapely.normalize(shapely.simplify(merged, tolerance_m))

    def middle(self) -> tuple[float, float]:
        """Give the point half-way along the longest line of the centre line."""
        axis = self.axis(0.0)
        lines = shapely.get_parts(axis)
        longest = max(lines, key=lambda line: (line.length, line.wkb))
        coordinates = shapely.get_coordinates(longest)
        return point_at(coordinates, length(coordinates) / 2)


def _profile(strand: Strand, linear: float) -> WidthProfile:
    """Give the widths along one piece; margins of 2 widths at ends, 1.5 at junctions (§4.4)."""
    along_m = stations_along(strand.line) / linear
    known = ~np.isnan(strand.width_mm)
    width_m = strand.typical_width_m
    return WidthProfile(
        along_m=along_m[known],
        width_mm=strand.width_mm[known],
        length_m=max(float(along_m[-1]), 1e-9),
        start_margin_m=(2.0 if strand.start_free else 1.5) * width_m,
        end_margin_m=(2.0 if strand.end_free else 1.5) * width_m,
    )


def measure_crack(
    member: int,
    runs: NDArray[np.int32],
    grid: PixelGrid,
    scale: GroundScale,
    mask_offset_px: float = 0.0,
) -> Crack:
    """Follow one detection and bring it to the surface.

    Args:
        member: index of the detection.
        runs: (m, 3) px, sorted by row, then column.
        grid: ties pixels to the surface.
        scale: size of a pixel where the detection lies.
        mask_offset_px: by how much the network draws a crack too wide.
    """

    def to_strand(limb: Limb) -> Strand:
        width_px = np.maximum(limb.width_px - mask_offset_px, 0.0)
        return Strand(
            line=grid.to_surface(limb.points_px),
            width_mm=width_px * scale.gsd_m_per_px * 1000,
            start_free=limb.start_free,
            end_free=limb.end_free,
            piece=(member, limb.piece),
        )

    strands = tuple(to_strand(limb) for limb in follow(runs))
    return _crack((member,), strands, (), scale)


def join_cracks(cracks: Sequence[Crack]) -> list[Crack]:
    """Join cracks that continue each other across a gap in the mask.

    Source: domain specification §4.4: gap ≤ max(20 mm, 10·w), direction within 30°, mutual
    nearest ends.
    """
    cracks = sorted(cracks, key=_corner)  # sums then do not depend on the order of detections
    ends, places = _loose_ends(cracks)
    parent = list(range(len(cracks)))

    def root(i: int) -> int:
        while parent[i] != i:
            i = parent[i]
        return i

    bridges: dict[int, list[Line]] = {}
    for i, j in join_ends(ends):
        a, b = sorted((root(places[i]), root(places[j])))
        parent[b] = a
        gap = np.array([[ends[i].x_m, ends[i].y_m], [ends[j].x_m, ends[j].y_m]])
        bridges.setdefault(places[i], []).append(gap)
    groups: dict[int, list[int]] = {}
    for i in range(len(cracks)):
        groups.setdefault(root(i), []).append(i)
    return [
        _together([cracks[i] for i in group], [b for i in group for b in bridges.get(i, [])])
        for group in groups.values()
    ]


def _corner(crack: Crack) -> tuple[tuple[float, float], ...]:
    """Give the first point of every strand, to sort by."""
    return tuple(sorted((float(s.line[0, 0]), float(s.line[0, 1])) for s in crack.strands))


def _together(cracks: Sequence[Crack], bridges: Sequence[Line]) -> Crack:
    """Make one crack out of several and the bridges between them."""
    return _crack(
        tuple(sorted(member for crack in cracks for member in crack.members)),
        tuple(strand for crack in cracks for strand in crack.strands),
        tuple(bridges),
        cracks[0].scale,
    )


def _crack(
    members: tuple[int, ...],
    strands: tuple[Strand, ...],
    bridges: tuple[Line, ...],
    scale: GroundScale,
) -> Crack:
    """Build a crack and summarise its widths."""
    widths = summarise_widths([_profile(strand, scale.linear) for strand in strands])
    return Crack(members=members, strands=strands, bridges=bridges, scale=scale, widths=widths)


def _loose_ends(cracks: Sequence[Crack]) -> tuple[list[LooseEnd], list[int]]:
    """List the free ends of all cracks, and which crack each belongs to."""
    pieces: dict[tuple[int, int], int] = {}
    ends: list[LooseEnd] = []
    places: list[int] = []
    for place, crack in enumerate(cracks):
        for strand in crack.strands:
            piece = pieces.setdefault(strand.piece, len(pieces))
            reach_m = max(GAP_M, GAP_WIDTHS * strand.typical_width_m) * crack.scale.linear
            back_m = max(4 * strand.typical_width_m, 8 * crack.scale.gsd_map_m_per_px)
            for line, free in (
                (strand.line[::-1], strand.start_free),
                (strand.line, strand.end_free),
            ):
                if free:
                    dx, dy = outward_direction(line, back_m)
                    ends.append(
                        LooseEnd(
                            piece=piece,
                            x_m=float(line[-1, 0]),
                            y_m=float(line[-1, 1]),
                            direction_x=float(dx),
                            direction_y=float(dy),
                            reach_m=reach_m,
                        )
                    )
                    places.append(place)
    return ends, places

"""Read the width of one crack point by point in its photos: the profile that an engineer looks at.

A survey keeps widths by half metre (``crackwidths``); single points would be a gigabyte for 100 000
cracks. So they are read again when somebody asks, along the centre line that was kept, in the same
photos and by the same calibration: at most ``MOST_PLACES`` in at most ``MOST_VIEWS`` photos.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.ndimage import median_filter

from inspection.domain.defect import Observation
from inspection.domain.measurement import Quantity, Refusal, WidthMethod, WidthProfile
from inspection.domain.raster import Orthomosaic
from inspection.geo.chainage import Chainage
from inspection.geo.polyline import Line, stations
from inspection.imaging.evidence import Sources
from inspection.imaging.ortho import View
from inspection.imaging.photosight import sees
from inspection.imaging.sourcewidth import PhotoWidths, Places, measure_in_photos
from inspection.imaging.surface import Surface
from inspection.imaging.widths import METHODS, UNREADABLE
from inspection.pipeline.crackplaces import CrackPlaces, crack_places
from inspection.pipeline.cracks import GroundScale, Strand, ground_scale
from inspection.pipeline.crackwidths import STEADY_POINTS, PhotoSight

MOST_PLACES = 1200
"""Places along one crack: 4.8 m at 2 mm/px are read at every second pixel, a longer crack at
every third, and so on."""

MOST_VIEWS = 12
"""Photos that are decoded for one crack, those first that the mosaic shows there."""

TOUCH_PX = 2.0
"""An end this near to another line of the crack is a junction."""

TOO_OBLIQUE = Quantity(value=None, expanded_uncertainty=None, refused=Refusal.TOO_OBLIQUE)

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfilePoint:
    """Carry the width at one place of a crack.

    Attributes:
        piece: number of the line of the centre line, from 0.
        distance_m: along the crack, all lines one after the other.
        surface_m: the place (x, y) in the CRS of the mosaic.
        width_mm: with its uncertainty, or "below the limit", or refused where all photos see the
            place too obliquely; None where no photo can be read.
        method: the estimator; None likewise.
        photo_sha256: the photo in which it was read; None likewise.
        photo_px: the place (x, y) in that photo; None likewise.
        incidence_deg: how far from square on that photo saw it; None likewise.
        trusted: it has been read, away from ends and junctions.
    """

    piece: int
    distance_m: float
    surface_m: tuple[float, float]
    width_mm: Quantity | None
    method: WidthMethod | None
    photo_sha256: str | None
    photo_px: tuple[float, float] | None
    incidence_deg: float | None
    trusted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    """Carry a centre line as it was kept, followed at steps of a pixel."""

    strands: tuple[Strand, ...]
    scale: GroundScale
    chainage: Chainage


def read_profile(
    seen: Observation,
    *,
    mosaic: Orthomosaic,
    sources: Sources | None,
    sight: PhotoSight,
    segments: Sequence[Mapping[str, Any]] = (),
) -> list[ProfilePoint]:
    """Read the widths along the centre line of one crack.

    Args:
        seen: the sighting of a crack, with its centre line.
        mosaic: on which it was seen.
        sources: says which photo the mosaic shows where.
        sight: how the photos of the mosaic see the surface and draw cracks.
        segments: what the survey kept of this crack; by how much photos differ enters U.

    Raises:
        BadGeometry: when it has no centre line.
        BadPhoto: when a photo can no longer be decoded.
    """
    kept = _follow(seen, mosaic)
    listed = crack_places([kept], mosaic.grid, sources)
    if listed is None:
        return []
    places, strand, point = _thinned(listed)
    views, places = _few_views(sight, places)
    found = measure_in_photos(places, views, sight.surface, sight.calibration, compare=False)
    read = _Read(
        kept=kept,
        places=places,
        views=views,
        found=found,
        photo_px=_in_photos(places, views, sight.surface, found),
        gsd_ratio=mosaic.gsd_uncertainty_ratio,
        apart_mm=_Apart(kept.chainage, segments),
    )
    return [
        each
        for piece in range(len(kept.strands))
        for each in read.piece(piece, np.flatnonzero(strand == piece), point)
    ]


def _follow(seen: Observation, mosaic: Orthomosaic) -> _Kept:
    """Follow a kept centre line at steps of a pixel, as the mask was followed."""
    x0, y0, x1, y1 = seen.box_px
    scale = ground_scale(mosaic.grid, ((x0 + x1) / 2, (y0 + y1) / 2))
    axis = seen.axis_surface_m
    chainage = Chainage.of(shapely.Point() if axis is None else axis, scale.linear)
    width_mm = seen.measurement.width_mean_mm or seen.measurement.gsd_mm_per_px
    near_m = TOUCH_PX * scale.gsd_map_m_per_px
    shapes = [shapely.linestrings(line) for line in chainage.lines]

    def strand(number: int) -> Strand:
        others = shapely.union_all(shapes[:number] + shapes[number + 1 :])
        line = _densified(chainage.lines[number], scale.gsd_map_m_per_px)
        free = [not shapely.dwithin(shapely.points(end), others, near_m) for end in line[[0, -1]]]
        return Strand(
            line=line,
            width_mm=np.full(len(line), width_mm),
            start_free=free[0],
            end_free=free[1],
            piece=(0, number),
        )

    return _Kept(
        strands=tuple(strand(number) for number in range(len(shapes))),
        scale=scale,
        chainage=chainage,
    )


def _densified(line: Line, step_m: float) -> Line:
    """Put points at equal steps on a line, corners rounded by less than a step."""
    along = stations(line)
    at = np.linspace(0.0, along[-1], max(2, round(float(along[-1]) / step_m) + 1))
    return np.column_stack([np.interp(at, along, line[:, axis]) for axis in (0, 1)])


def _thinned(listed: CrackPlaces) -> tuple[Places, NDArray[np.int64], NDArray[np.int64]]:
    """Take every n-th place, with its piece and its point, where there are too many."""
    every = slice(None, None, -(-len(listed.point) // MOST_PLACES))
    places = listed.places
    thin = replace(
        places,
        points_m=places.points_m[every],
        normals=places.normals[every],
        half_px=places.half_px[every],
        preferred=places.preferred[every],
    )
    return thin, listed.strand[every], listed.point[every]


def _few_views(sight: PhotoSight, places: Places) -> tuple[list[View], Places]:
    """Choose the photos to decode: what the mosaic shows most, then what sees most of the crack."""
    world = sight.surface.to_world_m(places.points_m)
    shown = np.bincount(places.preferred[places.preferred >= 0], minlength=len(sight.views))
    seen = [int(sees(view, world).sum()) for view in sight.views]
    order = sorted(
        (k for k in range(len(sight.views)) if seen[k]), key=lambda k: (-shown[k], -seen[k], k)
    )
    chosen = sorted(order[:MOST_VIEWS])
    renumbered = np.full(len(sight.views) + 1, -1)  # the last one stands for none
    renumbered[chosen] = np.arange(len(chosen))
    return [sight.views[k] for k in chosen], replace(places, preferred=renumbered[places.preferred])


def _in_photos(
    places: Places, views: Sequence[View], surface: Surface, found: PhotoWidths
) -> Floats:
    """Give the pixel (n, k, 2) of each place in each of its photos; NaN where it has none."""
    world = surface.to_world_m(places.points_m)
    pixels = np.full((*found.view.shape, 2), np.nan)
    for number, view in enumerate(views):
        rows, columns = np.nonzero(found.view == number)
        if len(rows):
            pixels[rows, columns] = view.project(world[rows])
    return pixels


class _Apart:
    """Say by how much photos differ at a distance along a crack, as the survey found."""

    def __init__(self, chainage: Chainage, segments: Sequence[Mapping[str, Any]]) -> None:
        self._spans = [
            (*span_m(chainage, segment), float(segment["photos_differ_by_mm"]))
            for segment in segments
            if segment["photos_differ_by_mm"] is not None
        ]

    def at_mm(self, distance_m: float) -> float:
        """Give it as a standard uncertainty; 0 where it is not known."""
        found = [apart for low, high, apart in self._spans if low <= distance_m <= high]
        return max(found, default=0.0)


def span_m(chainage: Chainage, segment: Mapping[str, Any]) -> tuple[float, float]:
    """Say from where to where along a crack a kept segment reaches.

    Its ends may touch two lines at a junction, so they are looked for just inside.
    """
    line = np.asarray(segment["line_m"], dtype=np.float64)
    along = stations(line)
    inner = [
        [float(np.interp(share * along[-1], along, line[:, axis])) for axis in (0, 1)]
        for share in (0.1, 0.9)
    ]
    low, high = sorted(chainage.locate(np.array(inner)))
    margin = (high - low) / 8
    return low - margin, high + margin


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """Hold what was read along one crack, and say what it means place by place."""

    kept: _Kept
    places: Places
    views: Sequence[View]
    found: PhotoWidths
    photo_px: Floats
    gsd_ratio: float
    apart_mm: _Apart

    def piece(
        self, number: int, rows: NDArray[np.int64], point: NDArray[np.int64]
    ) -> list[ProfilePoint]:
        """List the places (rows) of one line in order."""
        if not len(rows):
            return []
        strand, chainage = self.kept.strands[number], self.kept.chainage
        along_m = (stations(strand.line) / chainage.linear)[point[rows]]
        best = np.argmax(self.found.method[rows] != UNREADABLE, axis=1)
        taken = _Taken(**{f.name: getattr(self.found, f.name)[rows, best] for f in fields(_Taken)})
        readable = np.flatnonzero(taken.method != UNREADABLE)
        width_mm, std_mm = np.full(len(rows), np.nan), np.full(len(rows), np.nan)
        if len(readable):
            width_mm[readable], std_mm[readable] = (
                median_filter(values[readable], STEADY_POINTS, mode="nearest")
                for values in (taken.width_mm, taken.std_mm)
            )
        trusted = _trusted(strand, along_m, width_mm, chainage.linear)
        start_m = chainage.bounds_m[number]
        points = []
        for i, row in enumerate(rows):
            distance_m = start_m + float(along_m[i])
            x_m, y_m = self.places.points_m[row].tolist()
            is_read = bool(taken.method[i] != UNREADABLE)
            x_px, y_px = self.photo_px[row, best[i]].tolist()
            points.append(
                ProfilePoint(
                    piece=number,
                    distance_m=distance_m,
                    surface_m=(x_m, y_m),
                    width_mm=(
                        self._width(width_mm[i], std_mm[i], taken.limit_mm[i], distance_m)
                        if is_read
                        else (TOO_OBLIQUE if self.found.too_oblique[row] else None)
                    ),
                    method=METHODS[int(taken.method[i])] if is_read else None,
                    photo_sha256=self.views[int(taken.view[i])].sha256 if is_read else None,
                    photo_px=(x_px, y_px) if is_read else None,
                    incidence_deg=float(taken.incidence_deg[i]) if is_read else None,
                    trusted=bool(trusted[i]),
                )
            )
        return points

    def _width(
        self, width_mm: float, std_mm: float, limit_mm: float, distance_m: float
    ) -> Quantity:
        """Give a width with U (k = 2): reading, difference between photos, scale (§4.6)."""
        if width_mm < limit_mm:
            return Quantity(
                value=None, expanded_uncertainty=None, limit=float(limit_mm), below_limit=True
            )
        u_mm = np.linalg.norm([std_mm, self.apart_mm.at_mm(distance_m), width_mm * self.gsd_ratio])
        return Quantity(
            value=float(width_mm), expanded_uncertainty=2.0 * float(u_mm), limit=float(limit_mm)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Taken:
    """Carry what the photo that was taken says of the n places of a line; as ``PhotoWidths``."""

    view: NDArray[np.int64]
    width_mm: Floats
    std_mm: Floats
    limit_mm: Floats
    method: NDArray[np.int8]
    incidence_deg: Floats


def _trusted(strand: Strand, along_m: Floats, width_mm: Floats, linear: float) -> NDArray[np.bool_]:
    """Mark the places (n,) that were read, away from ends (2 widths) and junctions (1.5; §4.4)."""
    if np.isnan(width_mm).all():
        return np.zeros(len(along_m), dtype=bool)
    typical_m = float(np.nanmedian(width_mm)) / 1000
    inside = WidthProfile(
        along_m=along_m,
        width_mm=width_mm,
        length_m=float(stations(strand.line)[-1]) / linear,
        start_margin_m=(2.0 if strand.start_free else 1.5) * typical_m,
        end_margin_m=(2.0 if strand.end_free else 1.5) * typical_m,
    ).trusted()
    return np.asarray(inside & np.isfinite(width_mm), dtype=np.bool_)

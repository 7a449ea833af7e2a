"""Read the widths of cracks in the photos that show them, by segment of 0.5 m and by crack.

Each place is read in the photo that the mosaic shows there; other photos of the same place are
read too, and by how much they differ enters the uncertainty. Where the photos show nothing that can
be read, the width of the mask stays (``pipeline.cracks``), under its own name; where they see the
crack at more than 45°, none is given, because the mask was drawn from the same photos.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import median_filter

from inspection.domain.measurement import Quantity, Refusal, WidthMethod, WidthProfile
from inspection.domain.oblique import WARN_DEG
from inspection.domain.segment import SegmentWidth, segment_widths
from inspection.domain.widthcalibration import WidthCalibration
from inspection.geo.grid import PixelGrid
from inspection.geo.polyline import Line, stations
from inspection.imaging.evidence import Sources
from inspection.imaging.ortho import View
from inspection.imaging.sourcewidth import PhotoWidths, measure_in_photos
from inspection.imaging.surface import Surface
from inspection.imaging.widths import METHODS, UNREADABLE
from inspection.pipeline.crackplaces import CrackPlaces, crack_places
from inspection.pipeline.cracks import Crack, Strand
from inspection.pipeline.ports import Progress

LEAST_POINTS = 5
LEAST_SHARE = 0.3
"""A crack with fewer readable points, or a smaller share of them, keeps the width of its mask."""

OBLIQUE_SHARE = 0.5
"""Unless so many of its points are seen by nothing but photos beyond 45°: then it has no width."""


STEADY_POINTS = 7
"""Widths along a crack are a running median over so many points, about 14 pixels: texture beside a
crack makes single readings stray, and the 95th percentile would pick the strays."""

STEADY_NOISE = 0.2
"""Noise that is left in such a median ÷ that of a single width as the fit states it. Measured on
the proving deck of seed 11: 0.1 leaves the greatest widths of hairlines too wide, 0.3 makes those
of cracks of 1 to 3 pixels too narrow by 0.2 px."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoSight:
    """Say how the photos of a mosaic see its surface and draw cracks.

    Attributes:
        views: in the order that ``sources.tif`` counts.
        surface: what they look at.
        calibration: how the camera draws cracks.
    """

    views: Sequence[View]
    surface: Surface
    calibration: WidthCalibration


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentReading:
    """Carry the widths of one segment of a crack.

    Attributes:
        line_m: (n, 2) its centre line in the CRS of the mosaic.
        widths: summary, mm.
        width_mm: the robust maximum with its uncertainty, or "below the limit".
        points: how many places were read.
        photos: how many photos it was read in.
        disagreement_mm: standard uncertainty by the difference between photos; None where one
            photo alone shows it.
    """

    line_m: Line
    widths: SegmentWidth
    width_mm: Quantity
    points: int
    photos: int
    disagreement_mm: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CrackReading:
    """Carry the widths of one crack.

    Attributes:
        width_mm: representative width: that of its widest segment.
        mean_mm: mean over all its points; None when below the limit.
        method: the estimator of most points.
        segments: along all its pieces.
        points: how many places each estimator read.
        oblique: how many of them were seen at more than 20° from square on.
        gsd_mm_per_px: of the photos, across the crack (median).
    """

    width_mm: Quantity
    mean_mm: float | None
    method: WidthMethod
    segments: tuple[SegmentReading, ...]
    points: Mapping[str, int]
    oblique: int
    gsd_mm_per_px: float


Read = CrackReading | Refusal | None
"""What the photos say: widths, why there shall be none, or nothing that can be read."""


def read_cracks(
    cracks: Sequence[Crack],
    *,
    grid: PixelGrid,
    sources: Sources | None,
    sight: PhotoSight,
    gsd_ratio: float,
    progress: Progress,
) -> list[Read]:
    """Read the widths of cracks in the photos.

    Gives None for a crack that no photo shows readably, and the reason for one that shall have no
    width at all.

    Args:
        cracks: followed and joined on one mosaic.
        grid: of that mosaic.
        sources: says which photo the mosaic shows where.
        sight: how the photos see the surface.
        gsd_ratio: u_GSD ÷ GSD.
        progress: hears one unit per photo.

    Raises:
        BadPhoto: when a photo can no longer be decoded.
    """
    listed = crack_places(cracks, grid, sources)
    if listed is None:
        return [None] * len(cracks)
    progress.start("read widths", len(sight.views))
    found = measure_in_photos(
        listed.places, sight.views, sight.surface, sight.calibration, on_view=progress.advance
    )
    return [_reading(i, crack, listed, found, gsd_ratio) for i, crack in enumerate(cracks)]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Readings:
    """Carry the readable places of one strand, in order.

    Attributes:
        along_m: (n,) from the start of the strand, on the ground.
        best: (n,) column of the photo that was taken.
        found: of these places.
    """

    along_m: NDArray[np.float64]
    best: NDArray[np.int64]
    found: PhotoWidths

    def of_best(self, values: NDArray[np.float64] | NDArray[np.int64]) -> NDArray[np.float64]:
        """Take the values (n, k) of the photo that was taken, (n,)."""
        return np.asarray(values[np.arange(len(self.best)), self.best], dtype=np.float64)


def _reading(
    number: int, crack: Crack, listed: CrackPlaces, found: PhotoWidths, gsd_ratio: float
) -> Read:
    """Summarise one crack."""
    mine = np.flatnonzero(listed.crack == number)
    readable = mine[(found.method[mine] != UNREADABLE).any(axis=1)]
    if len(readable) < max(LEAST_POINTS, LEAST_SHARE * len(mine)):
        oblique = len(mine) > 0 and found.too_oblique[mine].mean() >= OBLIQUE_SHARE
        return Refusal.TOO_OBLIQUE if oblique else None
    linear, pieces = crack.scale.linear, []
    for place, strand in enumerate(crack.strands):
        rows = readable[listed.strand[readable] == place]
        if len(rows):
            part = _readings(rows, found, (stations(strand.line) / linear)[listed.point[rows]])
            pieces.append((strand, part, _profile(strand, part, linear)))
    if not any(profile.trusted().any() for _, _, profile in pieces):  # short: all of it is ends
        strand, part, profile = max(pieces, key=lambda piece: piece[2].length_m)
        pieces = [(strand, part, replace(profile, start_margin_m=0.0, end_margin_m=0.0))]
    segments = [segment for piece in pieces for segment in _segments(*piece, linear, gsd_ratio)]
    widest = max(segments, key=lambda s: (s.widths.count >= LEAST_POINTS, s.widths.robust_max_mm))
    mean_mm = float(np.concatenate([p.width_mm[p.trusted()] for _, _, p in pieces]).mean())
    everything = _readings(readable, found, np.zeros(len(readable)))
    names = _names(everything)
    return CrackReading(
        width_mm=widest.width_mm,
        mean_mm=mean_mm if mean_mm >= widest.width_mm.limit else None,
        method=WidthMethod(names.most_common(1)[0][0]),
        segments=tuple(segments),
        points=dict(sorted(names.items())),
        oblique=int((everything.of_best(everything.found.incidence_deg) > WARN_DEG).sum()),
        gsd_mm_per_px=float(np.median(everything.of_best(everything.found.gsd_mm_per_px))),
    )


def _readings(
    rows: NDArray[np.int64], found: PhotoWidths, along_m: NDArray[np.float64]
) -> _Readings:
    """Take some readable places, each in the first of its photos that can be read."""
    columns = {f.name: getattr(found, f.name)[rows] for f in fields(PhotoWidths)}
    part = PhotoWidths(**columns)
    best = np.argmax(part.method != UNREADABLE, axis=1)
    return _Readings(along_m=along_m, best=best, found=part)


def _names(part: _Readings) -> Counter[str]:
    """Count the estimators."""
    taken = part.found.method[np.arange(len(part.best)), part.best]
    return Counter(METHODS[int(method)].value for method in taken)


def _profile(strand: Strand, part: _Readings, linear: float) -> WidthProfile:
    """Give the widths along one piece; margins of 2 widths at ends, 1.5 at junctions (§4.4)."""
    width_mm = median_filter(part.of_best(part.found.width_mm), STEADY_POINTS, mode="nearest")
    typical_m = float(np.median(width_mm)) / 1000
    return WidthProfile(
        along_m=part.along_m,
        width_mm=width_mm,
        length_m=max(float(stations(strand.line)[-1]) / linear, 1e-9),
        start_margin_m=(2.0 if strand.start_free else 1.5) * typical_m,
        end_margin_m=(2.0 if strand.end_free else 1.5) * typical_m,
        noise_mm=STEADY_NOISE * part.of_best(part.found.noise_mm),
    )


def _segments(
    strand: Strand, part: _Readings, profile: WidthProfile, linear: float, gsd_ratio: float
) -> list[SegmentReading]:
    """Summarise the segments of one piece."""
    along_m = stations(strand.line) / linear
    readings = []
    for widths in segment_widths(profile):
        stop_m = widths.start_m + widths.length_m
        inside = np.flatnonzero((part.along_m >= widths.start_m) & (part.along_m <= stop_m))
        apart_mm = _disagreement_mm(part, inside)
        limit_mm = float(np.median(part.of_best(part.found.limit_mm)[inside]))
        std_mm = float(np.hypot(_standard_mm(part, inside), apart_mm or 0.0))
        cut = np.linspace(widths.start_m, stop_m, max(2, int(widths.length_m / 0.02) + 1))
        line = [np.interp(cut, along_m, strand.line[:, axis]) for axis in (0, 1)]
        shown = part.found.view[inside]
        readings.append(
            SegmentReading(
                line_m=np.column_stack(line),
                widths=widths,
                width_mm=_quantity(widths.robust_max_mm, std_mm, gsd_ratio, limit_mm),
                points=len(inside),
                photos=len(np.unique(shown[shown >= 0])),
                disagreement_mm=apart_mm,
            )
        )
    return readings


def _standard_mm(part: _Readings, inside: NDArray[np.int64]) -> float:
    """Give the standard uncertainty of a segment by calibration and noise.

    What the calibration does not know holds for all of a segment; noise averages out over it, but
    the points of one running median count as one.
    """
    std_mm, noise_mm = (
        part.of_best(values)[inside] for values in (part.found.std_mm, part.found.noise_mm)
    )
    common = np.median(std_mm**2 - noise_mm**2)
    own = np.median(noise_mm) ** 2 / max(1.0, len(inside) / STEADY_POINTS)
    return float(np.sqrt(max(common, 0.0) + own))


def _disagreement_mm(part: _Readings, inside: NDArray[np.int64]) -> float | None:
    """Give the standard uncertainty of one photo's widths by how others differ; None without any.

    Both photos of a pair stray alike, so the median difference is √2 times that of one. Differences
    are taken from the earlier photo to the later, because along a seam the two change places.
    """
    best = part.of_best(part.found.width_mm)[inside]
    shown = part.of_best(part.found.view)[inside]
    medians = []
    for column in range(part.found.width_mm.shape[1]):
        other = np.where(part.best[inside] == column, np.nan, part.found.width_mm[inside, column])
        later = np.where(part.found.view[inside, column] > shown, 1.0, -1.0)
        difference = (later * (other - best))[np.isfinite(other)]
        if len(difference) >= LEAST_POINTS:
            medians.append(float(np.median(difference)))
    return float(np.sqrt(np.mean(np.square(medians)) / 2)) if medians else None


def _quantity(width_mm: float, std_mm: float, gsd_ratio: float, limit_mm: float) -> Quantity:
    """Give a width with U (k = 2), or say that it is below the limit (§4.6, §4.7)."""
    if width_mm < limit_mm:
        return Quantity(value=None, expanded_uncertainty=None, limit=limit_mm, below_limit=True)
    u_mm = float(np.hypot(std_mm, width_mm * gsd_ratio))
    return Quantity(value=width_mm, expanded_uncertainty=2.0 * u_mm, limit=limit_mm)

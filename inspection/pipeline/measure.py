"""Detections → observations: length, width, area and place of every damage on one mosaic."""

import uuid
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import shapely
from numpy.typing import NDArray

from inspection.domain.defect import Observation
from inspection.domain.detection import Detections
from inspection.domain.measurement import (
    REFUSED_TOO_OBLIQUE,
    UNCALIBRATED,
    MaskCalibration,
    Measurement,
    Quantity,
    Refusal,
    WidthMethod,
)
from inspection.domain.mission import TENKEN_NAMESPACE
from inspection.domain.raster import Orthomosaic
from inspection.domain.taxonomy import LINEAR_CLASSES, DamageClass, is_defect
from inspection.geo.frames import WGS84_LONLAT, to_crs
from inspection.imaging.evidence import Sources, check_size, open_sources
from inspection.imaging.outline import outline_px
from inspection.pipeline.cracks import Crack, GroundScale, ground_scale, join_cracks, measure_crack
from inspection.pipeline.crackwidths import CrackReading, PhotoSight, Read, read_cracks
from inspection.pipeline.ports import Progress, Silence

MIN_LENGTH_M = 0.10
"""Shortest crack that is reported (domain specification §4.4)."""

AXIS_PX = 0.25
"""How far the stored centre line may leave the measured one, in pixels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """Carry the observations of a mosaic and what was left out of them.

    Attributes:
        observations: sorted by class, then by place.
        distractors: detections of classes that are no damage, by class.
        too_short: cracks shorter than the shortest that is reported, by class.
        min_length_m: that length.
        joined: how many detections were joined to another one across a gap.
        readings: widths read in the photos, by observation; cracks whose width is that of their
            mask are not in it.
        cracks: how many observations are linear.
        too_oblique: how many of them have no width, because no photo sees them within 45°.
    """

    observations: tuple[Observation, ...]
    distractors: Mapping[str, int]
    too_short: Mapping[str, int]
    min_length_m: float
    joined: int
    readings: Mapping[uuid.UUID, CrackReading] = field(default_factory=dict)
    cracks: int = 0
    too_oblique: int = 0

    @property
    def facts(self) -> dict[str, object]:
        """Give the counts as plain values for ``run.json``."""
        return {
            "observations": len(self.observations),
            "distractors": dict(self.distractors),
            "too_short": dict(self.too_short),
            "min_length_m": self.min_length_m,
            "joined": self.joined,
            "widths": {
                "read_in_photos": len(self.readings),
                "of_masks": self.cracks - len(self.readings) - self.too_oblique,
                "too_oblique": self.too_oblique,
                "segments": sum(len(r.segments) for r in self.readings.values()),
                "points": dict(sorted(_sum(r.points for r in self.readings.values()).items())),
                "points_oblique": sum(r.oblique for r in self.readings.values()),
            },
        }


def measure(
    detections: Detections,
    *,
    mosaic_path: Path,
    sources_path: Path | None,
    mosaic: Orthomosaic,
    model_id: str,
    progress: Progress | None = None,
    min_length_m: float = MIN_LENGTH_M,
    calibration: MaskCalibration = UNCALIBRATED,
    sight: PhotoSight | None = None,
) -> Measured:
    """Measure the damage on a mosaic.

    Args:
        detections: what the detector saw on the mosaic.
        mosaic_path: the mosaic; its size must be that of ``mosaic.grid``.
        sources_path: ``sources.tif``; without it no photo is named as evidence.
        mosaic: the noun of the mosaic.
        model_id: the model that saw it.
        progress: hears one unit per detection.
        min_length_m: shorter cracks are counted and left out.
        calibration: how the network draws cracks.
        sight: how the photos see the surface and draw cracks; without it widths are those of the
            masks.

    Raises:
        BadInput: when the files do not belong to the mosaic.
        BadPhoto: when a photo can no longer be decoded.
    """
    progress = progress or Silence()
    size_px = mosaic.grid.width_px, mosaic.grid.height_px
    check_size(mosaic_path, size_px)
    progress.start("measure", len(detections))
    sifted = _sift(detections, mosaic, min_length_m, calibration.offset_px, progress)
    with ExitStack() as stack:
        sources = stack.enter_context(open_sources(sources_path, size_px)) if sources_path else None
        cracks = [crack for _, crack in sifted.damages if crack is not None]
        readings = _read(cracks, mosaic, sources, sight, progress)
        observer = _Observer(
            detections=detections,
            mosaic=mosaic,
            sources=sources,
            model_id=model_id,
            calibration=calibration,
        )
        observations, kept = [], {}
        waiting = iter(readings)
        for members, crack in sifted.damages:
            reading = next(waiting) if crack is not None else None
            observations.append(observer.observe(members, crack, reading))
            if isinstance(reading, CrackReading):
                kept[observations[-1].observation_id] = reading
    if sifted.too_short:
        progress.say(
            f"{sum(sifted.too_short.values())} cracks shorter than "
            f"{min_length_m * 1000:.0f} mm are counted and left out"
        )
    return Measured(
        observations=tuple(sorted(observations, key=_place)),
        distractors=sifted.distractors,
        too_short=sifted.too_short,
        min_length_m=min_length_m,
        joined=sum(len(members) - 1 for members, _ in sifted.damages),
        readings=kept,
        cracks=len(cracks),
        too_oblique=sum(reading is Refusal.TOO_OBLIQUE for reading in readings),
    )


def _read(
    cracks: list[Crack],
    mosaic: Orthomosaic,
    sources: Sources | None,
    sight: PhotoSight | None,
    progress: Progress,
) -> list[Read]:
    """Read the widths in the photos, where it is known how they see the surface."""
    if sight is None:
        return [None] * len(cracks)
    return read_cracks(
        cracks,
        grid=mosaic.grid,
        sources=sources,
        sight=sight,
        gsd_ratio=mosaic.gsd_uncertainty_ratio,
        progress=progress,
    )


def _sum(counts: Iterable[Mapping[str, int]]) -> Counter[str]:
    """Add up counts by name."""
    total: Counter[str] = Counter()
    for count in counts:
        total.update(count)
    return total


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sifted:
    """Keep what is damage, with its detections and its centre line, and count what is not."""

    damages: list[tuple[tuple[int, ...], Crack | None]] = field(default_factory=list)
    distractors: dict[str, int] = field(default_factory=dict)
    too_short: dict[str, int] = field(default_factory=dict)


def _sift(
    detections: Detections,
    mosaic: Orthomosaic,
    min_length_m: float,
    mask_offset_px: float,
    progress: Progress,
) -> _Sifted:
    """Tell damage from distractors, join cracks across gaps, and leave out the too short."""
    sifted = _Sifted()
    for damage_class, members in _by_class(detections).items():
        if damage_class not in LINEAR_CLASSES:
            progress.advance(len(members))
            if is_defect(damage_class):
                sifted.damages.extend(((member,), None) for member in members)
            else:
                sifted.distractors[damage_class.value] = len(members)
            continue
        cracks = _cracks(detections, members, mosaic, mask_offset_px, progress)
        long = [crack for crack in cracks if crack.length_m >= min_length_m]
        sifted.damages.extend((crack.members, crack) for crack in long)
        if len(long) < len(cracks):
            sifted.too_short[damage_class.value] = len(cracks) - len(long)
    return sifted


def _by_class(detections: Detections) -> dict[DamageClass, list[int]]:
    """List the detections of each class that occurs."""
    found: dict[DamageClass, list[int]] = {}
    for index in range(len(detections)):
        found.setdefault(detections.damage_class(index), []).append(index)
    return found


def _place(observation: Observation) -> tuple[str, int, int, str]:
    """Order observations by class, then from top to bottom."""
    x0, y0, _, _ = observation.box_px
    return observation.damage_class.value, y0, x0, str(observation.observation_id)


def _cracks(
    detections: Detections,
    members: Iterable[int],
    mosaic: Orthomosaic,
    mask_offset_px: float,
    progress: Progress,
) -> list[Crack]:
    """Follow the linear detections of one class and join them across gaps."""
    measured = []
    for member in members:
        x0, y0, x1, y1 = detections.box_px(member)
        scale = ground_scale(mosaic.grid, ((x0 + x1) / 2, (y0 + y1) / 2))
        measured.append(
            measure_crack(member, detections.runs_of(member), mosaic.grid, scale, mask_offset_px)
        )
        progress.advance()
    return join_cracks(measured)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Observer:
    """Build observations of one mosaic."""

    detections: Detections
    mosaic: Orthomosaic
    sources: Sources | None
    model_id: str
    calibration: MaskCalibration

    def observe(self, members: tuple[int, ...], crack: Crack | None, reading: Read) -> Observation:
        """Build the observation of one damage out of the detections that show it."""
        grid = self.mosaic.grid
        damage_class = self.detections.damage_class(members[0])
        runs = _sorted_runs([self.detections.runs_of(member) for member in members])
        x0, y0, x1, y1 = box_px = _box_px(runs)
        scale = ground_scale(grid, ((x0 + x1) / 2, (y0 + y1) / 2))
        outlines_px = [outline_px(self.detections, member) for member in members]
        outline = shapely.union_all(shapely.transform(np.array(outlines_px), grid.to_surface))
        anchor = _anchor(outline, crack)
        return Observation(
            observation_id=observation_id(self.mosaic, damage_class, runs, self.model_id),
            survey_id=self.mosaic.survey_id,
            mosaic_sha256=self.mosaic.sha256,
            damage_class=damage_class,
            confidence=_confidence(self.detections, members),
            outline_surface_m=outline,
            axis_surface_m=crack.axis(AXIS_PX * scale.gsd_map_m_per_px) if crack else None,
            anchor_surface_m=anchor,
            surface_crs=grid.crs,
            anchor_lonlat=lonlat_of(anchor, self.mosaic),
            box_px=box_px,
            photo_sha256s=self._photos(runs, box_px),
            measurement=self._measurement(runs, outlines_px, crack, reading, scale),
            model_id=self.model_id,
        )

    def _photos(
        self, runs: NDArray[np.int32], box_px: tuple[int, int, int, int]
    ) -> tuple[str, ...]:
        """Name the photos that the mosaic shows on a damage, most frequent first."""
        if self.sources is None:
            return ()
        names = self.mosaic.source_photos
        numbers = self.sources.numbers_at(box_px, _spread(runs))
        return tuple(names[number - 1] for number in numbers if number <= len(names))

    def _measurement(
        self,
        runs: NDArray[np.int32],
        outlines_px: list[shapely.Polygon],
        crack: Crack | None,
        reading: Read,
        scale: GroundScale,
    ) -> Measurement:
        """Gather the numbers of one damage, on the ground."""
        ratio = self.mosaic.gsd_uncertainty_ratio
        area_m2 = int((runs[:, 2] - runs[:, 1]).sum()) * scale.gsd_m_per_px**2
        perimeter_px = sum(outline.length for outline in outlines_px)
        width_mm, mean_mm, method = None, None, WidthMethod.DISTANCE_TRANSFORM
        if reading is Refusal.TOO_OBLIQUE:
            width_mm = REFUSED_TOO_OBLIQUE
        elif reading is not None:
            width_mm, mean_mm, method = reading.width_mm, reading.mean_mm, reading.method
        elif crack is not None:
            width_mm = crack.width(ratio, self.calibration)
            mean_mm = crack.mean_width_mm(ratio, self.calibration)
        return Measurement(
            length_m=crack.length(ratio) if crack else None,
            width_mm=width_mm,
            width_mean_mm=mean_mm,
            area_m2=Quantity(
                value=area_m2,
                expanded_uncertainty=area_uncertainty_m2(area_m2, perimeter_px, scale, ratio),
            ),
            orientation_deg=crack.orientation_deg() if crack else None,
            gsd_mm_per_px=scale.gsd_m_per_px * 1000,
            method=method,
        )


def observation_id(
    mosaic: Orthomosaic, damage_class: DamageClass, runs: NDArray[np.int32], model_id: str
) -> uuid.UUID:
    """Derive the identifier of an observation from survey, mosaic, class, first pixel and model."""
    place = f"{int(runs[0, 0])} {int(runs[0, 1])}"
    parts = ("observation", str(mosaic.survey_id), mosaic.sha256, damage_class, place, model_id)
    return uuid.uuid5(TENKEN_NAMESPACE, "\n".join(parts))


def _sorted_runs(parts: list[NDArray[np.int32]]) -> NDArray[np.int32]:
    """Put the runs of several detections into one list, by row, then column."""
    runs = np.concatenate(parts)
    return runs[np.lexsort((runs[:, 1], runs[:, 0]))]


def _spread(runs: NDArray[np.int32], step_px: int = 8) -> NDArray[np.float64]:
    """Spread points (n, 2) px evenly over runs, at most ``step_px`` apart along each."""
    size = runs[:, 2] - runs[:, 1]
    count = -(-size // step_px)
    which = np.repeat(np.arange(len(runs)), count)
    within = np.arange(len(which)) - np.repeat(np.cumsum(count) - count, count)
    x = runs[which, 1] + (within + 0.5) * size[which] / count[which]
    return np.column_stack([x, runs[which, 0] + 0.5])


def _box_px(runs: NDArray[np.int32]) -> tuple[int, int, int, int]:
    """Give the box x0 y0 x1 y1 of sorted runs, half-open."""
    left, right = int(runs[:, 1].min()), int(runs[:, 2].max())
    return left, int(runs[0, 0]), right, int(runs[-1, 0]) + 1


def _confidence(detections: Detections, members: tuple[int, ...]) -> float:
    """Give the mean probability over all pixels of some detections."""
    weights = [
        int((runs[:, 2] - runs[:, 1]).sum())
        for runs in (detections.runs_of(member) for member in members)
    ]
    mean = np.average(detections.confidence[list(members)], weights=weights)
    return float(np.clip(mean, 0.0, 1.0))


def _anchor(outline: shapely.Geometry, crack: Crack | None) -> tuple[float, float]:
    """Choose one point on the damage: the middle of the longest line, or a point inside."""
    if crack is not None:
        return crack.middle()
    point = outline.representative_point()
    return float(point.x), float(point.y)


def lonlat_of(anchor: tuple[float, float], mosaic: Orthomosaic) -> tuple[float, float] | None:
    """Give the anchor in longitude and latitude when the mosaic lies on the earth."""
    if not mosaic.georeferenced:
        return None
    lon_deg, lat_deg = to_crs([anchor], mosaic.grid.crs, WGS84_LONLAT)[0]
    return float(lon_deg), float(lat_deg)


def area_uncertainty_m2(
    area_m2: float, perimeter_px: float, scale: GroundScale, gsd_ratio: float
) -> float:
    """Give U (k = 2) of an area: an edge misplaced by 0.25 px all around, and the scale twice.

    0.25 px on either side of a band is the 0.5 px that estimator A allows for its width.
    """
    edge_m2 = 0.25 * perimeter_px * scale.gsd_m_per_px**2
    return 2.0 * float(np.hypot(edge_m2, 2 * gsd_ratio * area_m2))

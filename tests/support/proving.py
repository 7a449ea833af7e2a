"""Measure a proving deck along its true centre lines, and judge the widths class by class.

The centre lines are drawn as the shipped network would draw them, too wide by its own offset, so
that every width has its say, also those that no network finds. What is judged is the width stage:
the photos, the mosaic with its seams, the reading and its summary by half metres.
"""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import rasterio
import shapely
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt, find_objects, label
from scipy.spatial import cKDTree

from datasets.truth import TrueCrack
from inspection.domain.detection import Detections
from inspection.domain.measurement import MaskCalibration
from inspection.domain.raster import Orthomosaic
from inspection.domain.taxonomy import DamageClass
from inspection.domain.widthcalibration import WidthCalibration
from inspection.geo.grid import PixelGrid
from inspection.imaging.canvas import write_mosaic
from inspection.imaging.ortho import View, frame_grid
from inspection.imaging.surface import Surface
from inspection.pipeline.crackwidths import PhotoSight, SegmentReading
from inspection.pipeline.measure import Measured, measure

Floats = NDArray[np.float64]

MASKS = MaskCalibration(offset_px=2.6, offset_std_px=0.4, limit_px=2.0)
"""About how the shipped network draws cracks (``models/weights``)."""
NARROWEST_MASK_PX = 5
NEAR_PX, BAND_PX, LEAST_TRUE = 6.0, 10.0, 8
SEAM_PX = 12.0
"""A segment with a seam so near to one of its points lies at a seam."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """Carry a mosaic of a scene and what it was painted from.

    Attributes:
        mosaic: the noun.
        folder: holds ``orthomosaic.tif`` and ``sources.tif``.
        sight: how the photos see it.
    """

    mosaic: Orthomosaic
    folder: Path
    sight: PhotoSight


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """Compare one segment of a crack with what was painted, pixels of the photos.

    Attributes:
        crack_id: the known crack.
        nominal_px: its mean width.
        true_median_px: of the segment.
        true_p95_px: of the segment.
        median_px: as measured, whether or not it is below the limit.
        p95_px: likewise.
        limit_px: least width that is given as a number.
        u_px: expanded uncertainty of the 95th percentile; None below the limit.
        at_seam: a seam of the mosaic crosses or touches it.
    """

    crack_id: str
    nominal_px: float
    true_median_px: float
    true_p95_px: float
    median_px: float
    p95_px: float
    limit_px: float
    u_px: float | None
    at_seam: bool


def paint(
    views: Sequence[View],
    surface: Surface,
    calibration: WidthCalibration,
    folder: Path,
    *,
    gsd_m: float,
    bounds_m: tuple[float, float, float, float] | None = None,
) -> Seen:
    """Paint the mosaic of views with known poses, in metres of the surface."""
    grid = frame_grid(views, surface, gsd_m_per_px=gsd_m, crs="LOCAL")
    if bounds_m is not None:
        x0, y0, x1, y1 = bounds_m
        grid = PixelGrid.north_up(
            left_m=x0,
            top_m=y1,
            gsd_m_per_px=gsd_m,
            width_px=round((x1 - x0) / gsd_m),
            height_px=round((y1 - y0) / gsd_m),
        )
    folder.mkdir(parents=True, exist_ok=True)
    write_mosaic(
        views,
        grid,
        surface,
        out_tif=folder / "orthomosaic.tif",
        out_sources_tif=folder / "sources.tif",
    )
    mosaic = Orthomosaic(
        survey_id=uuid.UUID(int=5),
        sha256="0" * 64,
        blob_key="orthomosaic",
        sources_key="sources",
        source_photos=tuple(view.sha256 for view in views),
        grid=grid,
        gsd_uncertainty_ratio=0.005,
        georeferenced=False,
    )
    return Seen(
        mosaic=mosaic,
        folder=folder,
        sight=PhotoSight(views=views, surface=surface, calibration=calibration),
    )


def draw_masks(lines_m: Iterable[tuple[Floats, float]], grid: PixelGrid) -> Detections:
    """Draw centre lines (n, 2) m with their widths px as detections; what touches is one."""
    mask = np.zeros((grid.height_px, grid.width_px), dtype=np.uint8)
    for line, width_px in lines_m:
        at = np.round((grid.to_px(line) - 0.5) * 16).astype(np.int32)
        thickness = max(NARROWEST_MASK_PX, round(width_px + MASKS.offset_px))
        cv2.polylines(mask, [at], False, 1, thickness, cv2.LINE_8, 4)
    return detections_of(mask)


def detections_of(mask: NDArray[np.uint8]) -> Detections:
    """Turn the connected pieces of a mask (H, W) into detections."""
    pieces, _ = label(mask, structure=np.ones((3, 3)))
    runs, offsets = [], [0]
    for number, box in enumerate(find_objects(pieces), start=1):
        mine = np.pad((pieces[box] == number).astype(np.int8), ((0, 0), (1, 1)))
        step = np.diff(mine, axis=1)
        row, start = np.nonzero(step == 1)
        _, stop = np.nonzero(step == -1)
        left, top = box[1].start, box[0].start
        runs.append(np.column_stack([row + top, start + left, stop + left]))
        offsets.append(offsets[-1] + len(row))
    count = len(offsets) - 1
    return Detections(
        classes=(DamageClass.CRACK,),
        class_index=np.zeros(count, dtype=np.int32),
        confidence=np.ones(count, dtype=np.float32),
        run_offsets=np.array(offsets, dtype=np.int64),
        runs=np.concatenate(runs).astype(np.int32),
    )


def measure_along(seen: Seen, lines_m: Iterable[tuple[Floats, float]]) -> Measured:
    """Measure cracks along known centre lines on a mosaic."""
    return measure(
        draw_masks(lines_m, seen.mosaic.grid),
        mosaic_path=seen.folder / "orthomosaic.tif",
        sources_path=seen.folder / "sources.tif",
        mosaic=seen.mosaic,
        model_id="known centre lines",
        calibration=MASKS,
        sight=seen.sight,
    )


def judge(
    measured: Measured,
    cracks: Sequence[TrueCrack],
    lines_m: Sequence[Sequence[Floats]],
    seen: Seen,
    gsd_mm: float,
) -> list[Judged]:
    """Compare every segment that lies on a known crack with what was painted there.

    Args:
        measured: along the lines.
        cracks: the known ones.
        lines_m: of each crack its paths in the metres of the mosaic.
        seen: the mosaic.
        gsd_mm: of the photos.
    """
    points = np.concatenate([path for paths in lines_m for path in paths])
    widths = np.concatenate([w for crack in cracks for w in crack.path_widths_mm]) / gsd_mm
    owner = np.concatenate(
        [np.full(len(path), i) for i, paths in enumerate(lines_m) for path in paths]
    )
    tree, away_px = cKDTree(points), seam_distance_px(seen)
    found = []
    for reading in measured.readings.values():
        for segment in reading.segments:
            away, nearest = tree.query(segment.line_m)
            if (away * 1000 / gsd_mm < NEAR_PX).mean() < 0.9:
                continue
            own = int(np.bincount(owner[nearest]).argmax())
            reach_m = BAND_PX * gsd_mm / 1000
            band = shapely.LineString(segment.line_m).buffer(reach_m, cap_style="flat")
            inside = (owner == own) & shapely.contains_xy(band, points[:, 0], points[:, 1])
            if inside.sum() >= LEAST_TRUE:
                found.append(
                    _judged(
                        cracks[own],
                        widths[inside],
                        segment,
                        seen,
                        away_px=away_px,
                        gsd_mm=gsd_mm,
                    )
                )
    return found


def away_from_junctions(
    cracks: Sequence[TrueCrack], *, widths: float = 1.5
) -> tuple[TrueCrack, ...]:
    """Leave out the places of known cracks within so many widths of another path (§4.4)."""
    paths = [path for crack in cracks for path in crack.paths_deck_m]
    mm = [width for crack in cracks for width in crack.path_widths_mm]
    owner = np.concatenate([np.full(len(path), i) for i, path in enumerate(paths)])
    points, every = np.concatenate(paths), np.concatenate(mm)
    trimmed = []
    for number, (path, own) in enumerate(zip(paths, mm, strict=True)):
        other = owner != number
        away, nearest = cKDTree(points[other]).query(path)
        clear = away * 1000 > widths * np.maximum(own, every[other][nearest])
        trimmed.append((path[clear], own[clear]))
    rest = iter(trimmed)
    found = []
    for crack in cracks:
        mine = [next(rest) for _ in crack.paths_deck_m]
        found.append(
            replace(
                crack,
                paths_deck_m=tuple(path for path, _ in mine),
                path_widths_mm=tuple(width for _, width in mine),
            )
        )
    return tuple(found)


def _judged(
    crack: TrueCrack,
    true_px: Floats,
    segment: SegmentReading,
    seen: Seen,
    *,
    away_px: NDArray[np.float32],
    gsd_mm: float,
) -> Judged:
    """Put one segment beside its truth."""
    column, row = np.floor(seen.mosaic.grid.to_px(segment.line_m)).astype(int).T
    row, column = np.clip(row, 0, len(away_px) - 1), np.clip(column, 0, away_px.shape[1] - 1)
    u_mm = segment.width_mm.expanded_uncertainty
    return Judged(
        crack_id=crack.crack_id,
        nominal_px=crack.width_px,
        true_median_px=float(np.median(true_px)),
        true_p95_px=float(np.percentile(true_px, 95)),
        median_px=segment.widths.median_mm / gsd_mm,
        p95_px=segment.widths.robust_max_mm / gsd_mm,
        limit_px=segment.width_mm.limit / gsd_mm,
        u_px=None if u_mm is None else u_mm / gsd_mm,
        at_seam=bool(away_px[row, column].min() <= SEAM_PX),
    )


def seam_distance_px(seen: Seen) -> NDArray[np.float32]:
    """Give how far each pixel of a mosaic is from the next seam, px."""
    with rasterio.open(seen.folder / "sources.tif") as dataset:
        photo = dataset.read(1)
    seam = np.zeros(photo.shape, dtype=bool)
    seam[:, 1:] |= photo[:, 1:] != photo[:, :-1]
    seam[1:] |= photo[1:] != photo[:-1]
    return np.asarray(distance_transform_edt(~seam), dtype=np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassRow:
    """Sum up the segments of one class of width.

    Attributes:
        name: of the class.
        segments: how many.
        answered: how many were given as a number.
        below: how many as "below the limit".
        rightly_below: how many of these are truly below it.
        median_bias_px: mean of median − true median over all of them, numbers or not.
        p95_bias_px: likewise for the 95th percentile.
        answered_bias_px: of the 95th percentile over those given as a number; None without any.
        rms_px: root mean square of the error of the 95th percentile.
        covered: share of the numbers whose truth lies within ± U; None without any.
    """

    name: str
    segments: int
    answered: int
    below: int
    rightly_below: int
    median_bias_px: float
    p95_bias_px: float
    answered_bias_px: float | None
    rms_px: float
    covered: float | None


def class_row(name: str, rows: Sequence[Judged]) -> ClassRow:
    """Sum up some segments."""
    median = np.array([r.median_px - r.true_median_px for r in rows])
    p95 = np.array([r.p95_px - r.true_p95_px for r in rows])
    numbers = np.array([r.u_px is not None for r in rows])
    u = np.array([r.u_px or 0.0 for r in rows])
    any_number = bool(numbers.any())
    return ClassRow(
        name=name,
        segments=len(rows),
        answered=int(numbers.sum()),
        below=int((~numbers).sum()),
        rightly_below=sum(r.u_px is None and r.true_p95_px < r.limit_px for r in rows),
        median_bias_px=float(median.mean()),
        p95_bias_px=float(p95.mean()),
        answered_bias_px=float(p95[numbers].mean()) if any_number else None,
        rms_px=float(np.sqrt((p95**2).mean())),
        covered=float((np.abs(p95) <= u)[numbers].mean()) if any_number else None,
    )

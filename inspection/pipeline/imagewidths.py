"""One image and the mask of its cracks → widths along every piece, by segment and by piece.

The grey profile is read wherever it can be (estimators C and B); where it cannot, the width of the
mask stands in (A), and says so.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inspection.domain.measurement import EDGE_PX, WidthMethod, WidthProfile
from inspection.domain.oblique import oblique_factor
from inspection.domain.segment import SegmentWidth, segment_widths
from inspection.domain.widthcalibration import WidthCalibration
from inspection.errors import BadInput
from inspection.geo.polyline import length, stations, unit_normals
from inspection.imaging.crossing import half_px, light_of, sample_profiles
from inspection.imaging.linear import Limb, follow
from inspection.imaging.widths import METHODS, UNREADABLE, measure_light

MASK_LIMIT_PX = 1.0
"""Least width that estimator A reports (domain specification §4.7)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tilt:
    """Say how slanted the surface was seen.

    Attributes:
        angle_deg: angle of incidence, 0 = square on.
        direction_deg: of the tilt in the image, from the x axis (right) towards y (down).
    """

    angle_deg: float = 0.0
    direction_deg: float = 0.0


SQUARE_ON = Tilt()


@dataclass(frozen=True, slots=True, kw_only=True)
class PieceWidth:
    """Carry one unbranched piece of a crack.

    Attributes:
        points_px: (n, 2) its centre line in the image.
        width_px: (n,) corrected for tilt; NaN where there is none.
        std_px: (n,) standard uncertainty without that of the scale.
        length_m: of the centre line.
        width_mm: representative width: the largest 95th percentile of its segments; None when
            below the limit.
        expanded_uncertainty_mm: U (k = 2) of that width.
        limit_mm: the smallest width that could be told from none.
        segments: widths by segment of 0.5 m.
        methods: points by estimator.
    """

    points_px: NDArray[np.float64]
    width_px: NDArray[np.float64]
    std_px: NDArray[np.float64]
    length_m: float
    width_mm: float | None
    expanded_uncertainty_mm: float | None
    limit_mm: float
    segments: tuple[SegmentWidth, ...]
    methods: Mapping[str, int]


def measure_image(
    grey: NDArray[np.uint8],
    mask: NDArray[np.bool_],
    *,
    gsd_mm_per_px: float,
    gsd_ratio: float,
    calibration: WidthCalibration,
    tilt: Tilt = SQUARE_ON,
) -> list[PieceWidth]:
    """Measure all cracks of a mask in the image that it was drawn on, longest first.

    Args:
        grey: (H, W) native pixels, not resampled.
        mask: (H, W) True on cracks.
        gsd_mm_per_px: size of a pixel on the surface, across the line of sight.
        gsd_ratio: u_GSD ÷ GSD.
        calibration: how the camera draws cracks.
        tilt: how slanted the surface was seen.

    Raises:
        BadInput: when the sizes differ or the mask is empty.
        Refused: when the surface was seen at more than 45°.
    """
    if grey.shape != mask.shape:
        raise BadInput(
            f"the image has {grey.shape[1]}×{grey.shape[0]} px but its mask has "
            f"{mask.shape[1]}×{mask.shape[0]} px; draw the mask on this image"
        )
    if not mask.any():
        raise BadInput("the mask marks no crack: it has no pixel above 127")
    oblique_factor(tilt.angle_deg, 0.0)  # refuses before any work is done
    light = light_of(grey, calibration.tone)
    pieces = [
        _measure_limb(
            limb,
            light,
            gsd_mm=gsd_mm_per_px,
            gsd_ratio=gsd_ratio,
            calibration=calibration,
            tilt=tilt,
        )
        for limb in follow(runs_of(mask))
    ]
    return sorted(pieces, key=lambda piece: -piece.length_m)


def runs_of(mask: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Give the runs (m, 3) row, first, past-the-last of a mask, sorted by row, then column.

    >>> runs_of(np.array([[False, True, True], [True, False, True]])).tolist()
    [[0, 1, 3], [1, 0, 1], [1, 2, 3]]
    """
    padded = np.zeros((mask.shape[0], mask.shape[1] + 2), dtype=np.int8)
    padded[:, 1:-1] = mask
    steps = np.diff(padded, axis=1)
    rows, first = np.nonzero(steps == 1)
    last = np.nonzero(steps == -1)[1]
    return np.column_stack([rows, first, last]).astype(np.int32)


def _measure_limb(
    limb: Limb,
    light: NDArray[np.float32],
    *,
    gsd_mm: float,
    gsd_ratio: float,
    calibration: WidthCalibration,
    tilt: Tilt,
) -> PieceWidth:
    """Measure one branch: profile where it can be read, mask elsewhere."""
    points = limb.points_px
    normals = unit_normals(points) if len(points) > 1 else np.array([[0.0, 1.0]])
    profiles = sample_profiles(light, points, normals, half_px(limb.typical_width_px))
    found = measure_light(profiles, calibration, True, True)
    masked = (found.method == UNREADABLE) & np.isfinite(limb.width_px)
    drawn_out = ~np.isfinite(limb.width_px)
    width = np.where(masked, limb.width_px, found.width_px)
    std = np.where(masked, EDGE_PX, found.std_px)
    limit = np.where(masked, MASK_LIMIT_PX, found.limit_px)
    width[drawn_out] = std[drawn_out] = np.nan
    factors = _factors(normals, tilt)
    width, std, limit = width * factors, std * factors, limit * factors
    names = [
        WidthMethod.DISTANCE_TRANSFORM.value if by_mask else METHODS[method].value
        for method, by_mask, out in zip(found.method, masked, drawn_out, strict=True)
        if not out and (by_mask or method != UNREADABLE)
    ]
    return _summed(
        limb,
        width=width,
        std=std,
        limit=limit,
        gsd_mm=gsd_mm,
        gsd_ratio=gsd_ratio,
        methods=dict(Counter(names)),
    )


def _factors(normals: NDArray[np.float64], tilt: Tilt) -> NDArray[np.float64]:
    """Give the correction (n,) for the tilt at each point."""
    angles = np.degrees(np.arctan2(normals[:, 1], normals[:, 0])) - tilt.direction_deg
    return np.array([oblique_factor(tilt.angle_deg, float(angle)) for angle in angles])


def _summed(
    limb: Limb,
    *,
    width: NDArray[np.float64],
    std: NDArray[np.float64],
    limit: NDArray[np.float64],
    gsd_mm: float,
    gsd_ratio: float,
    methods: Mapping[str, int],
) -> PieceWidth:
    """Summarise the widths of one piece by segment and as a whole (§4.4)."""
    points = limb.points_px
    known = np.isfinite(width)
    size_m = length(points) * gsd_mm / 1000 if len(points) > 1 else 0.0
    limit_px = float(np.median(limit[known])) if known.any() else MASK_LIMIT_PX
    segments: tuple[SegmentWidth, ...] = ()
    if known.any():
        typical_m = float(np.median(width[known])) * gsd_mm / 1000
        profile = WidthProfile(
            along_m=stations(points)[known] * gsd_mm / 1000,
            width_mm=width[known] * gsd_mm,
            length_m=max(size_m, 1e-9),
            start_margin_m=(2.0 if limb.start_free else 1.5) * typical_m,
            end_margin_m=(2.0 if limb.end_free else 1.5) * typical_m,
        )
        segments = segment_widths(profile)
    best = max((segment.robust_max_mm for segment in segments), default=None)
    if best is None or best < limit_px * gsd_mm:
        best, expanded = None, None
    else:
        expanded = 2 * float(np.hypot(float(np.median(std[known])) * gsd_mm, best * gsd_ratio))
    return PieceWidth(
        points_px=points,
        width_px=width,
        std_px=std,
        length_m=size_m,
        width_mm=best,
        expanded_uncertainty_mm=expanded,
        limit_mm=limit_px * gsd_mm,
        segments=segments,
        methods=methods,
    )

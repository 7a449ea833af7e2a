"""Describe a measured number: value, unit, method, uncertainty, and what the image cannot show."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from inspection.errors import BadInput


class WidthMethod(StrEnum):
    """Name the estimator of a crack width (domain specification §4.3)."""

    DISTANCE_TRANSFORM = "distance_transform"
    PROFILE_EDGES = "profile_edges"
    PROFILE_DEFICIT = "profile_deficit"
    TROUGH_FIT = "trough_fit"


class Refusal(StrEnum):
    """Name a reason for which a number is not given at all."""

    TOO_OBLIQUE = "too_oblique"
    """Every photo that shows the damage sees it at more than 45° from square on (§4.2)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """Carry a value with its expanded uncertainty, or say that it is below the limit.

    Attributes:
        value: in the unit of the field's name; None when ``below_limit`` or ``refused``.
        expanded_uncertainty: U = 2·u (k = 2), same unit; None likewise.
        limit: the smallest value that the image supports, same unit; 0 when there is none.
        below_limit: True when the image cannot resolve the value: show "< limit", never a number.
        refused: why the value is not given at all, whatever its size; else None.
    """

    value: float | None
    expanded_uncertainty: float | None
    limit: float = 0.0
    below_limit: bool = False
    refused: Refusal | None = None

    def __post_init__(self) -> None:
        """Check that what is below the limit or refused is not a number, and any other is."""
        if [self.value is not None, self.below_limit, self.refused is not None].count(True) != 1:
            raise BadInput("a quantity is a value, below its limit, or refused: one of the three")
        if not all(math.isfinite(n or 0.0) for n in (self.value, self.expanded_uncertainty)):
            raise BadInput(
                f"a quantity is a number, got {self.value} ± {self.expanded_uncertainty}"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """Carry what was measured on one detection.

    Attributes:
        length_m: geodesic length of the skeleton of a linear damage, else None.
        width_mm: representative width of a linear damage (domain specification §4.4), else None.
        width_mean_mm: mean width of a linear damage, None when not linear or below the limit.
        area_m2: area of the mask.
        orientation_deg: length-weighted axial direction, 0–180 counter-clockwise from the x axis of
            the surface frame; None when not linear.
        gsd_mm_per_px: ground sample distance of the measured pixels.
        method: how the width was estimated.
    """

    length_m: Quantity | None
    width_mm: Quantity | None
    width_mean_mm: float | None
    area_m2: Quantity
    orientation_deg: float | None
    gsd_mm_per_px: float
    method: WidthMethod = WidthMethod.DISTANCE_TRANSFORM


REFUSED_TOO_OBLIQUE = Quantity(value=None, expanded_uncertainty=None, refused=Refusal.TOO_OBLIQUE)
"""A width on a surface that no photo sees squarely enough."""

SEGMENT_M = 0.5
"""Length of the segments over which a robust maximum is taken (domain specification §4.4)."""

EDGE_PX = 0.5
"""Standard uncertainty of a width by the distance transform, in pixels (§4.6, estimator A)."""


def expanded_uncertainty_mm(
    width_mm: float,
    *,
    gsd_mm_per_px: float,
    gsd_ratio: float,
    edge_px: float = EDGE_PX,
    calibration_mm: float = 0.0,
) -> float:
    """Give the expanded uncertainty U (k = 2) of a crack width, in millimetres.

    Args:
        width_mm: the measured width.
        gsd_mm_per_px: ground sample distance.
        gsd_ratio: u_GSD ÷ GSD: 0.02 from a 3-D model, 0.05 from a known length, 0.15 from the
            stand-off alone.
        edge_px: standard uncertainty of finding both edges.
        calibration_mm: standard uncertainty of the offset from a target board.

    Source: domain specification §4.6.

    >>> round(expanded_uncertainty_mm(6.0, gsd_mm_per_px=2.0, gsd_ratio=0.02), 4)
    2.0143
    """
    parts = (edge_px * gsd_mm_per_px, width_mm * gsd_ratio, calibration_mm)
    return 2.0 * math.sqrt(sum(part * part for part in parts))


@dataclass(frozen=True, slots=True, kw_only=True)
class MaskCalibration:
    """Say how a network draws cracks, in pixels; measured on cracks of known width.

    Attributes:
        offset_px: how much too wide it draws them (domain specification §4.3 A, offset b).
        offset_std_px: standard deviation of that between cracks, the u_cal of §4.6.
        limit_px: corrected width below which its masks do not tell widths apart.
    """

    offset_px: float = 0.0
    offset_std_px: float = 0.0
    limit_px: float = 1.0


UNCALIBRATED = MaskCalibration()
"""Take masks as they are: for hand-drawn ones, and for networks that nobody has calibrated."""


def crack_width(
    width_mm: float,
    *,
    gsd_mm_per_px: float,
    gsd_ratio: float,
    calibration: MaskCalibration = UNCALIBRATED,
) -> Quantity:
    """Give a crack width in millimetres, or say that the image cannot resolve it.

    Args:
        width_mm: width with the offset of the calibration taken off already.
        gsd_mm_per_px: size of a pixel.
        gsd_ratio: u_GSD ÷ GSD.
        calibration: how the network draws cracks.

    Source: domain specification §4.7: estimator A resolves 1.0 · GSD, at best.

    >>> crack_width(1.9, gsd_mm_per_px=2.0, gsd_ratio=0.02).below_limit
    True
    """
    limit_mm = max(1.0, calibration.limit_px) * gsd_mm_per_px
    if width_mm < limit_mm * (1 - 1e-6):
        return Quantity(value=None, expanded_uncertainty=None, limit=limit_mm, below_limit=True)
    u_mm = expanded_uncertainty_mm(
        width_mm,
        gsd_mm_per_px=gsd_mm_per_px,
        gsd_ratio=gsd_ratio,
        calibration_mm=calibration.offset_std_px * gsd_mm_per_px,
    )
    return Quantity(value=width_mm, expanded_uncertainty=u_mm, limit=limit_mm)


@dataclass(frozen=True, slots=True, kw_only=True)
class WidthProfile:
    """Keep the widths along one unbranched piece of a crack.

    Attributes:
        along_m: (n,) distance of each point from the start of the piece.
        width_mm: (n,) local width.
        length_m: length of the piece.
        start_margin_m: how much at the start is not trusted (an end or a junction).
        end_margin_m: likewise at the end.
        noise_mm: (n,) standard deviation of each width by noise alone; None when it is not known.
    """

    along_m: NDArray[np.float64]
    width_mm: NDArray[np.float64]
    length_m: float
    start_margin_m: float
    end_margin_m: float
    noise_mm: NDArray[np.float64] | None = None

    def __post_init__(self) -> None:
        """Check that the columns belong together."""
        if self.along_m.shape != self.width_mm.shape or self.along_m.ndim != 1:
            raise BadInput(
                f"columns of a width profile need one shape, got {self.along_m.shape} "
                f"and {self.width_mm.shape}"
            )
        if self.noise_mm is not None and self.noise_mm.shape != self.width_mm.shape:
            raise BadInput(
                f"{len(self.width_mm)} widths need as many noises, got {self.noise_mm.shape}"
            )

    def trusted(self) -> NDArray[np.bool_]:
        """Mark the points (n,) away from ends and junctions; may be none."""
        inside: NDArray[np.bool_] = (self.along_m >= self.start_margin_m) & (
            self.along_m <= self.length_m - self.end_margin_m
        )
        return inside


@dataclass(frozen=True, slots=True, kw_only=True)
class CrackWidth:
    """Summarise the widths of one crack, millimetres.

    Attributes:
        representative_mm: largest 95th percentile of its segments; the grade uses it.
        mean_mm: mean over all trusted points.
        largest_mm: largest single value, for the engineer to look at.
    """

    representative_mm: float
    mean_mm: float
    largest_mm: float


def summarise_widths(
    profiles: Sequence[WidthProfile], *, segment_m: float = SEGMENT_M
) -> CrackWidth:
    """Summarise the widths of one crack over segments of about 0.5 m.

    Ends and junctions are left out, because a mask is rounded at an end and swells at a junction.
    A crack too short to have anything else is judged by the middle of its longest piece.

    Source: domain specification §4.4.

    Raises:
        BadInput: when there is no point at all.
    """
    if not any(len(profile.along_m) for profile in profiles):
        raise BadInput("no width was measured along this crack")
    segments = [part for profile in profiles for part in _segments(profile, segment_m)]
    segments = segments or [_middle(max(profiles, key=lambda profile: profile.length_m))]
    solid = [part for part in segments if len(part) >= 5] or segments
    everything = np.concatenate(segments)
    return CrackWidth(
        representative_mm=max(float(np.percentile(part, 95)) for part in solid),
        mean_mm=float(everything.mean()),
        largest_mm=float(everything.max()),
    )


def _segments(profile: WidthProfile, segment_m: float) -> list[NDArray[np.float64]]:
    """Cut the trusted points of a profile into equal segments of about ``segment_m``."""
    if not profile.length_m > 0:  # a single point
        return []
    trusted = profile.trusted()
    count = max(1, round(profile.length_m / segment_m))
    number = np.minimum((profile.along_m / profile.length_m * count).astype(int), count - 1)
    parts = [profile.width_mm[trusted & (number == i)] for i in range(count)]
    return [part for part in parts if len(part)]


def _middle(profile: WidthProfile) -> NDArray[np.float64]:
    """Give the widths of the middle third, or of the middle point where that is empty."""
    offset = np.abs(profile.along_m - profile.length_m / 2)
    return profile.width_mm[offset <= max(profile.length_m / 6, float(offset.min()))]

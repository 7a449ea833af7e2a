"""Measure widths from grey profiles: choose an estimator for each by what the profile supports."""

from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from inspection.domain.measurement import WidthMethod
from inspection.domain.widthcalibration import WidthCalibration
from inspection.errors import BadInput
from inspection.imaging.profilewidth import (
    CONTRAST,
    ProfileWidths,
    core_darkness,
    read_profiles,
    to_light,
)
from inspection.imaging.trough import END_SAMPLES, SHIFT_PX, SHOWN_PX, Troughs, fit_troughs

Floats = NDArray[np.float64]

METHODS = (
    WidthMethod.TROUGH_FIT,
    WidthMethod.PROFILE_EDGES,
    WidthMethod.PROFILE_DEFICIT,
)
"""What the numbers in ``Widths.method`` stand for."""

UNREADABLE = -1
"""In ``Widths.method``: the profile shows no crack that any estimator could read."""

LEAST_SAMPLES = 2 * END_SAMPLES + 5
"""Background at both ends and a crack between them."""

OWN_CORE_BLURS = 5.0
"""From this many blurs of width on a crack shows its own darkness in its middle (to 1 %)."""

DARKEST_CORE = 0.5
"""A wide crack brighter than this beside its surroundings is something else lying in it."""

PROFILE_LIMIT_PX = 0.33
"""Least width that estimator B reports (domain specification §4.7)."""

MISFIT = 3.0
"""Root mean square misfit, in noises, above which a profile is no single trough."""

BATCH = 4096
"""Profiles fitted at once: 4096 × 31 samples × 5 derivatives × 8 bytes × 3 ≈ 15 MB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Widths:
    """Carry one width for each of n profiles.

    Attributes:
        width_px: (n,) width; NaN where ``method`` is ``UNREADABLE``.
        std_px: (n,) standard uncertainty without that of the scale; NaN likewise.
        noise_px: (n,) the part of it that differs from place to place along a crack.
        method: (n,) int8, place in ``METHODS`` or ``UNREADABLE``.
        limit_px: (n,) least width that the estimator can tell from none.
    """

    width_px: Floats
    std_px: Floats
    noise_px: Floats
    method: NDArray[np.int8]
    limit_px: Floats

    @property
    def below_limit(self) -> NDArray[np.bool_]:
        """Mark the widths (n,) that must be shown as "< limit" and not as a number."""
        below: NDArray[np.bool_] = (self.method == UNREADABLE) | (self.width_px < self.limit_px)
        return below


def measure_profiles(
    grey: Floats,
    calibration: WidthCalibration,
    *,
    same_image: bool = False,
    fit: bool = True,
) -> Widths:
    """Measure one width across each profile.

    The fitted trough (C) is taken where it explains the profile; else the edges or the missing
    light (B), where the contrast carries them; else the profile is unreadable.

    Args:
        grey: (n, m) samples one pixel apart across the crack, 0–255, the crack near the middle;
            rows with NaN (beyond the image) are unreadable.
        calibration: how the camera draws cracks.
        same_image: True when all profiles come from one image: its wide cracks then say how dark
            a crack is (§4.3), instead of the calibration.
        fit: False leaves estimator C out: some 100 times faster, for many kilometres.

    Raises:
        BadInput: when profiles are too short to show background and crack.
    """
    if grey.ndim != 2 or grey.shape[1] < LEAST_SAMPLES:
        raise BadInput(
            f"a profile needs at least {LEAST_SAMPLES} samples in a row, got shape {grey.shape}; "
            "sample further to both sides of the crack"
        )
    return measure_light(to_light(grey, calibration.tone), calibration, same_image, fit)


def measure_light(
    light: Floats, calibration: WidthCalibration, same_image: bool, fit: bool
) -> Widths:
    """Measure one width across each profile (n, m) of light 0–1; else as ``measure_profiles``."""
    whole = np.asarray(np.isfinite(light).all(axis=1), dtype=np.bool_)
    light = light[whole]
    if same_image and len(light):
        first = read_profiles(light, np.full(len(light), calibration.core), calibration)
        calibration = replace(calibration, core=core_darkness(first, calibration.core))
    parts = [
        _measure(light[start : start + BATCH], calibration, fit)
        for start in range(0, len(light), BATCH)
    ]
    return _spread(parts, whole)


def _measure(light: Floats, calibration: WidthCalibration, fit: bool) -> Widths:
    """Measure one batch of whole profiles."""
    core = np.full(len(light), calibration.core)
    read = read_profiles(light, core, calibration)
    by_profile = _profile_widths(read, calibration)
    if not fit:
        return by_profile
    troughs = _fit(light, core, read, calibration)
    good = (
        (troughs.misfit <= MISFIT)
        & (np.abs(troughs.centre_px) < SHIFT_PX + 5.0)
        & (troughs.width_px < light.shape[1] / 2)
        & (read.darkness < 1.0)
    )
    width = calibration.corrected_px(troughs.width_px)
    std = np.sqrt(
        troughs.width_std_px**2 + calibration.floor_px**2 + (calibration.share * width) ** 2
    )
    return Widths(
        width_px=np.where(good, width, by_profile.width_px),
        std_px=np.where(good, std, by_profile.std_px),
        noise_px=np.where(good, troughs.width_std_px, by_profile.noise_px),
        method=np.where(good, 0, by_profile.method).astype(np.int8),
        limit_px=np.where(good, calibration.limit_px, by_profile.limit_px),
    )


def _fit(
    light: Floats, core: Floats, read: ProfileWidths, calibration: WidthCalibration
) -> Troughs:
    """Fit troughs; some once more, with a darkness that is known better.

    Where the darkness is taken as known, a wide crack shows its own. Where it is fitted, a wide and
    bright trough is a stain beside or over a thin crack: what light the crack itself takes is found
    with the darkness that cracks have.
    """
    troughs = fit_troughs(light, core, calibration)
    if calibration.core_std > 0:
        odd = np.flatnonzero((troughs.core > DARKEST_CORE) & (troughs.width_px > SHOWN_PX))
        own, known = core[odd], replace(calibration, core_std=0.0)
    else:
        odd = np.flatnonzero(troughs.width_px > OWN_CORE_BLURS * troughs.blur_px)
        own, known = np.clip(read.darkness[odd], 0.0, DARKEST_CORE), calibration
    if not len(odd):
        return troughs
    again = fit_troughs(light[odd], own, known)
    return Troughs(
        **{
            f.name: _put(getattr(troughs, f.name), odd, getattr(again, f.name))
            for f in fields(again)
        }
    )


def _put(values: Floats, where: NDArray[np.int64], new: Floats) -> Floats:
    """Give a copy of some values with others in a few places."""
    changed = values.copy()
    changed[where] = new
    return changed


def _profile_widths(read: ProfileWidths, calibration: WidthCalibration) -> Widths:
    """Turn what estimator B read into widths with their uncertainty."""
    readable = read.contrast >= CONTRAST
    std = np.sqrt(
        read.width_std_px**2
        + calibration.profile_floor_px**2
        + (calibration.share * read.width_px) ** 2
    )
    return Widths(
        width_px=np.where(readable, read.width_px, np.nan),
        std_px=np.where(readable, std, np.nan),
        noise_px=np.where(readable, read.width_std_px, np.nan),
        method=np.where(readable, np.where(read.by_edges, 1, 2), UNREADABLE).astype(np.int8),
        limit_px=np.full(len(read.width_px), max(PROFILE_LIMIT_PX, calibration.limit_px)),
    )


def _spread(parts: list[Widths], whole: NDArray[np.bool_]) -> Widths:
    """Put the widths of the whole profiles back into their places."""
    width, std, noise = (np.full(len(whole), np.nan) for _ in range(3))
    limit = np.full(len(whole), PROFILE_LIMIT_PX)
    method = np.full(len(whole), UNREADABLE, dtype=np.int8)
    if parts:
        width[whole] = np.concatenate([part.width_px for part in parts])
        std[whole] = np.concatenate([part.std_px for part in parts])
        noise[whole] = np.concatenate([part.noise_px for part in parts])
        limit[whole] = np.concatenate([part.limit_px for part in parts])
        method[whole] = np.concatenate([part.method for part in parts])
    return Widths(width_px=width, std_px=std, noise_px=noise, method=method, limit_px=limit)

"""Read widths off grey profiles by their edges or by the light that is missing: estimator B.

Wide cracks (≥ 3 px) are read between the places where the profile falls through half its depth,
interpolated between samples. A narrow crack never gets as dark as it is; its width is the light
that it takes away, ∫ (background − profile) dt ÷ (background − core), which blur does not change.

Source: domain specification §4.3 B.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inspection.domain.widthcalibration import Tone, WidthCalibration
from inspection.imaging.trough import END_SAMPLES, background

Floats = NDArray[np.float64]

WIDE_PX = 3.0
"""From this width on the edges are read, below it the missing light."""

CONTRAST = 5.0
"""Least depth of a profile, in units of its noise, that can be read at all (§4.3 B)."""

FLANK_BLURS = 3.0
"""The missing light is summed up to this many blurs outside the edges."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileWidths:
    """Carry what estimator B reads off n profiles.

    Attributes:
        width_px: (n,) width.
        width_std_px: (n,) its standard deviation by the noise of the profile alone.
        by_edges: (n,) True where the edges were read, False where the missing light was.
        contrast: (n,) depth ÷ noise.
        darkness: (n,) darkest sample ÷ background.
    """

    width_px: Floats
    width_std_px: Floats
    by_edges: NDArray[np.bool_]
    contrast: Floats
    darkness: Floats


def to_light(grey: Floats, tone: Tone) -> Floats:
    """Turn grey values 0–255 into light 0–1.

    >>> to_light(np.array([0.0, 188.0, 255.0]), Tone.SRGB).round(3).tolist()
    [0.0, 0.503, 1.0]
    """
    share = np.clip(grey / 255.0, 0.0, 1.0)
    if tone is Tone.CODED:
        return np.asarray(share, dtype=np.float64)
    # IEC 61966-2-1
    return np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)


def read_profiles(light: Floats, core: Floats, calibration: WidthCalibration) -> ProfileWidths:
    """Read one width off each profile.

    Args:
        light: (n, m) samples one pixel apart, 0–1, in the tone of the calibration.
        core: (n,) light inside a crack ÷ background.
        calibration: gives the blur that is expected.
    """
    seen = background(light)
    rows = np.arange(len(light))
    ground = _ground(light)
    level = ground[rows, seen.darkest]
    depth = level - light[rows, seen.darkest]
    left, right = _edges(light, ground, seen.darkest)
    edges = right - left
    missing, window = _missing(light, ground, left, right, calibration.blur_px)
    full = np.maximum(level * (1 - core), 1e-6)
    deficit = missing / full
    safe_depth = np.maximum(depth, 1e-6)
    # depth ÷ (2.5·blur) is how steep a blurred edge is in its middle
    edge_std = np.sqrt(2.0) * seen.noise * 2.5 * calibration.blur_px / safe_depth
    deficit_std = seen.noise * seen.swell * np.sqrt(window) / full
    # a profile this wide is no narrow crack behind the blur, whatever its darkness
    broad = edges >= WIDE_PX + 2 * calibration.blur_px
    by_edges = broad | ((deficit >= WIDE_PX) & (edges >= WIDE_PX / 2))
    return ProfileWidths(
        width_px=np.where(by_edges, edges, np.maximum(deficit, 0.0)),
        width_std_px=np.where(by_edges, edge_std, deficit_std),
        by_edges=by_edges,
        contrast=depth / seen.noise,
        darkness=(level - depth) / np.maximum(level, 1e-6),
    )


def core_darkness(read: ProfileWidths, fallback: float) -> float:
    """Give how dark cracks are inside: the 5th percentile over the wide ones of an image (§4.3).

    Args:
        read: what was read with any core; only the wide profiles are used.
        fallback: the answer where fewer than ten profiles are wide.
    """
    wide = read.by_edges & (read.contrast >= CONTRAST) & (read.width_px >= WIDE_PX)
    if np.count_nonzero(wide) < 10:
        return fallback
    return float(np.clip(np.percentile(read.darkness[wide], 5), 0.0, 0.89))


def _ground(light: Floats) -> Floats:
    """Give the background (n, m): a straight line through the medians of both ends."""
    samples = light.shape[1]
    left = np.median(light[:, :END_SAMPLES], axis=1)
    right = np.median(light[:, -END_SAMPLES:], axis=1)
    middle = (END_SAMPLES - 1) / 2
    along = (np.arange(samples) - middle) / (samples - 1 - 2 * middle)
    ground: Floats = left[:, None] + (right - left)[:, None] * along
    return ground


def _edges(light: Floats, ground: Floats, darkest: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Give where each profile rises through half its depth, left and right of its darkest place."""
    rows = np.arange(len(light))
    lowest = light[rows, darkest]
    half = (ground + lowest[:, None]) / 2
    above = light - half
    columns = np.arange(light.shape[1])
    before = (above >= 0) & (columns < darkest[:, None])
    after = (above >= 0) & (columns > darkest[:, None])
    first = light.shape[1] - 1 - np.argmax(before[:, ::-1], axis=1)
    first = np.where(before.any(axis=1), first, 0)
    last = np.where(after.any(axis=1), np.argmax(after, axis=1), light.shape[1] - 1)
    inside_left = np.minimum(first + 1, light.shape[1] - 1)
    inside_right = np.maximum(last - 1, 0)
    left = first + _part(above[rows, first], above[rows, inside_left])
    right = last - _part(above[rows, last], above[rows, inside_right])
    return left, right


def _part(outside: Floats, inside: Floats) -> Floats:
    """Give the share (n,) of the step from outside to inside at which 0 is crossed."""
    fall = outside - inside
    safe = np.where(fall > 1e-12, fall, 1.0)
    part: Floats = np.where(fall > 1e-12, np.clip(outside / safe, 0.0, 1.0), 0.0)
    return part


def _missing(
    light: Floats, ground: Floats, left: Floats, right: Floats, blur_px: float
) -> tuple[Floats, Floats]:
    """Sum the missing light (n,) around the edges, and say over how many samples (n,)."""
    reach = FLANK_BLURS * blur_px
    columns = np.arange(light.shape[1])
    # a soft window: a sample counts by how much of it lies inside
    inside = np.minimum(columns + 0.5, (right + reach)[:, None]) - np.maximum(
        columns - 0.5, (left - reach)[:, None]
    )
    weight = np.clip(inside, 0.0, 1.0)
    return ((ground - light) * weight).sum(axis=1), weight.sum(axis=1)

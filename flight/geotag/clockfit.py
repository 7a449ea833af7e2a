"""Refine a coarse clock on the photos that fit it without doubt, and list what is near in time."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flight.geotag.clockscan import Floats, Limits, Moments

Flags = NDArray[np.bool_]
ENOUGH_FOR_DRIFT = 8
COARSE_S = 0.25
"""Half a step of the camera's clock from which on its grain, not the shutter, makes the spread."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FittedClock:
    """Carry offset, drift and the tolerance that the residuals deserve.

    Attributes:
        offset_s: camera − trigger in the middle of the log.
        drift: relative speed of the camera's clock − 1.
        tolerance_s: never more than asked for.
        spread_s: standard deviation of the residuals.
        uncertainty_s: how far the offset may be from the true one.
    """

    offset_s: float
    drift: float
    tolerance_s: float
    spread_s: float
    uncertainty_s: float


def residuals_s(moments: Moments, offset_s: float, drift: float) -> Floats:
    """Give (m, n) seconds from every trigger to every photo on a clock."""
    return moments.middle_s[:, None] - offset_s - (1.0 + drift) * moments.trigger_s[None, :]


def near(residual_s: Floats, half_s: Floats, tolerance_s: float) -> Flags:
    """Tell (m, n) which triggers lie within the interval of a photo, widened by the tolerance."""
    return np.abs(residual_s) <= half_s[:, None] + tolerance_s


def single(edges: Flags) -> Flags:
    """Keep of (m, n) edges those whose photo and whose trigger have no other.

    >>> single(np.array([[1, 0, 0], [0, 1, 1], [0, 0, 1]], dtype=bool)).astype(int).tolist()
    [[1, 0, 0], [0, 0, 0], [0, 0, 0]]
    """
    alone: Flags = edges & (edges.sum(axis=1) == 1)[:, None] & (edges.sum(axis=0) == 1)[None, :]
    return alone


def fit_clock(moments: Moments, start: tuple[float, float], limits: Limits) -> FittedClock:
    """Fit offset and drift to the photos that have one trigger only, from a coarse start.

    The start may be off by one and a half tolerances, so the first rounds look that much further.
    """
    half_s, trigger_s = moments.half_s, moments.trigger_s
    offset, drift = start
    spread, count = 0.0, 0
    most = limits.drift_ppm * 1e-6
    # what a person knows of the clock bounds the fit too, not only the search
    stated = limits.offset_s or (-np.inf, np.inf)
    for radius in (2.0, 2.0, 1.0, 1.0):
        residual = residuals_s(moments, offset, drift)
        photo, trigger = np.nonzero(single(near(residual, half_s, radius * limits.tolerance_s)))
        if len(photo) == 0:
            continue
        left, count = residual[photo, trigger], len(photo)
        change = _change(left, trigger_s[trigger], half_s[photo])
        offset = float(np.clip(offset + change[0], *stated))
        drift = float(np.clip(drift + change[1], -most, most))
        spread = float(np.std(left - change[0] - change[1] * trigger_s[trigger]))
    tolerance = limits.tolerance_s
    if count >= ENOUGH_FOR_DRIFT and (half_s < COARSE_S).all():
        tolerance = min(tolerance, max(0.05, 5.0 * spread))  # a steady shutter deserves less
    return FittedClock(
        offset_s=offset,
        drift=drift,
        tolerance_s=tolerance,
        spread_s=spread,
        uncertainty_s=_uncertainty_s(spread, count, half_s, limits),
    )


def _uncertainty_s(spread_s: float, count: int, half_s: Floats, limits: Limits) -> float:
    """Give four standard errors of the offset; a few photos that agree by luck prove little."""
    grain = float(half_s.max()) * 2.0 / np.sqrt(12.0)
    return float(4.0 * max(spread_s, grain, limits.tolerance_s / 4) / np.sqrt(max(1, count)))


def _change(left_s: Floats, trigger_s: Floats, half_s: Floats) -> tuple[float, float]:
    """Give the change of offset and drift that takes the residuals away.

    The drift is fitted only where the log is long enough for the clock's own grain.
    """
    offset = float(np.median(left_s)) if half_s.max() < COARSE_S else float(np.mean(left_s))
    if len(left_s) < ENOUGH_FOR_DRIFT or np.ptp(trigger_s) == 0:
        return offset, 0.0
    slope, level = np.polyfit(trigger_s, left_s, 1)
    spread = np.std(left_s - level - slope * trigger_s)
    uncertain = spread / (np.std(trigger_s) * np.sqrt(len(left_s)))
    if abs(slope) < 3.0 * uncertain:
        return offset, 0.0
    return float(level), float(slope)

"""Find every clock offset at which a sequence of photos could fit a sequence of triggers.

For each offset and drift on a grid so fine that no true clock falls between, two counts bound how
many photos can be matched: the photos that have at least one trigger within the tolerance, and the
triggers that have at least one photo. Their smaller one is the *fit*. The true clock fits all
photos that the log released; another clock must find company for them by chance, or by the
rhythm. What counts is therefore not the best offset but whether any other comes near to it.
"""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from inspection.errors import BadInput

Floats = NDArray[np.float64]
MOST_PAIRS: Final = 60_000_000
"""Photos × triggers up to which a scan fits into 4 GB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bound what a camera's clock may do.

    Attributes:
        tolerance_s: how far an exposure may be from its trigger once the constant part of the
            delay is in the offset.
        drift_ppm: how fast the clock may run away; quartz stays within 100.
        offset_s: (lowest, highest) camera − UTC, None to search everywhere.
    """

    tolerance_s: float = 0.2
    drift_ppm: float = 150.0
    offset_s: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        """Check the ranges.

        Raises:
            BadInput: with the value and its unit.
        """
        if not 0.005 <= self.tolerance_s <= 10:
            raise BadInput(f"tolerance {self.tolerance_s} s is outside 0.005–10 s")
        if not 0 <= self.drift_ppm <= 2000:
            raise BadInput(f"drift {self.drift_ppm} ppm is outside 0–2000 ppm")


@dataclass(frozen=True, slots=True, kw_only=True)
class Peak:
    """Describe a run of neighbouring offsets that fit about as well as the best.

    Attributes:
        low_s: lowest offset of the run.
        high_s: highest offset of the run.
        offset_s: middle of the best offsets in it.
        drift: relative speed of the clock there.
        fit: photos that can be matched there at most.
    """

    low_s: float
    high_s: float
    offset_s: float
    drift: float
    fit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """Carry the peaks, best first.

    Attributes:
        peaks: runs of offsets whose fit is within ``margin`` of the best.
        margin: photos by which another way must be worse to be discarded.
        runner_up: best fit outside the first peak.
    """

    peaks: tuple[Peak, ...]
    margin: int
    runner_up: int


def margin_for(photos: int, fit: int) -> int:
    """Give how many photos another offset must fit fewer.

    Photos that fit nowhere are shots by hand; those may fit elsewhere by chance, about as the
    square root of their number.

    >>> margin_for(56, 56), margin_for(66, 56), margin_for(8, 8)
    (4, 8, 3)
    """
    return max(3, round(0.06 * photos)) + math.ceil(math.sqrt(max(0, photos - fit)))


def scan(middle_s: Floats, half_s: Floats, trigger_s: Floats, limits: Limits) -> Scan:
    """Scan offset and drift.

    Args:
        middle_s: (m,) middle of the interval in which each photo was exposed, camera's clock.
        half_s: (m,) half of that interval.
        trigger_s: (n,) ascending moments of the triggers; 0 is the middle of the log.
        limits: what the clock may do.

    Raises:
        BadInput: when there are too many photos and triggers for one scan.
    """
    if len(middle_s) * len(trigger_s) > MOST_PAIRS:
        raise BadInput(
            f"{len(middle_s)} photos × {len(trigger_s)} triggers are too many for one alignment; "
            "give the photos of one flight at a time"
        )
    step = limits.tolerance_s / 2
    reach = float(np.max(np.abs(trigger_s)))
    drifts = _drifts(limits.drift_ppm * 1e-6, reach, step)
    origin, cells = _range(middle_s, half_s, trigger_s, limits, step)
    fits = np.zeros(cells, dtype=np.int32)
    best_drift = np.zeros(cells)
    for drift in drifts:
        # half a cell of offset and half a step of drift may lie between grid and truth
        widened = half_s + limits.tolerance_s + step
        apart = middle_s[:, None] - (1.0 + drift) * trigger_s[None, :]
        found = _fit(apart, widened, origin, step, cells)
        better = found > fits
        fits[better] = found[better]
        best_drift[better] = drift
    return _peaks(fits, best_drift, origin, step, len(middle_s), limits.tolerance_s)


def segments(middle_s: Floats, trigger_span_s: float) -> list[NDArray[np.intp]]:
    """Split ascending photo times where no single offset can serve both sides.

    >>> [part.tolist() for part in segments(np.array([0.0, 5.0, 900.0]), 60.0)]
    [[0, 1], [2]]
    """
    cuts = np.flatnonzero(np.diff(middle_s) > trigger_span_s + 60.0) + 1
    return list(np.split(np.arange(len(middle_s)), cuts))


def _drifts(most: float, reach_s: float, step_s: float) -> Floats:
    """Give drifts so dense that half a step moves the ends of the log by ≤ step/2."""
    half = math.ceil(most * reach_s / step_s) if most * reach_s > step_s / 2 else 0
    return np.linspace(-most, most, 2 * half + 1) if half else np.zeros(1)


def _range(
    middle_s: Floats, half_s: Floats, trigger_s: Floats, limits: Limits, step: float
) -> tuple[float, int]:
    """Give the first offset of the grid and the number of its cells."""
    slack = float(half_s.max()) + limits.tolerance_s + limits.drift_ppm * 1e-6 * float(
        np.abs(trigger_s).max()
    )
    low = float(middle_s.min() - trigger_s[-1]) - slack
    high = float(middle_s.max() - trigger_s[0]) + slack
    if limits.offset_s is not None:
        low, high = max(low, limits.offset_s[0]), min(high, limits.offset_s[1])
    return low, max(0, math.floor((high - low) / step)) + 1 if high >= low else 0


def _fit(apart: Floats, half_s: Floats, origin: float, step: float, cells: int) -> NDArray[np.int32]:
    """Give for every cell the smaller of photos with a trigger and triggers with a photo."""
    first = np.clip(np.ceil((apart - half_s[:, None] - origin) / step), 0, cells).astype(np.int64)
    last = np.clip(np.floor((apart + half_s[:, None] - origin) / step) + 1, 0, cells)
    last = np.maximum(last.astype(np.int64), first)
    photos = _covered(first[:, ::-1], last[:, ::-1], cells)
    triggers = _covered(first.T, last.T, cells)
    return np.minimum(photos, triggers)


def _covered(first: NDArray[np.int64], last: NDArray[np.int64], cells: int) -> NDArray[np.int32]:
    """Count for every cell the rows that have an interval [first, last) over it."""
    order = np.argsort(first, axis=1, kind="stable")
    first = np.take_along_axis(first, order, axis=1)
    last = np.maximum.accumulate(np.take_along_axis(last, order, axis=1), axis=1)
    begins = np.ones(first.shape, dtype=bool)
    begins[:, 1:] = first[:, 1:] > last[:, :-1]
    ends = np.ones(first.shape, dtype=bool)
    ends[:, :-1] = begins[:, 1:]
    change = np.bincount(first[begins], minlength=cells + 1).astype(np.int32)
    change -= np.bincount(last[ends], minlength=cells + 1).astype(np.int32)
    return np.cumsum(change[:cells], dtype=np.int32)


def _peaks(
    fits: NDArray[np.int32],
    drifts: Floats,
    origin: float,
    step: float,
    photos: int,
    apart_s: float,
) -> Scan:
    """Gather the cells near the best into peaks."""
    best = int(fits.max()) if len(fits) else 0
    margin = margin_for(photos, best)
    if best == 0:
        return Scan(peaks=(), margin=margin, runner_up=0)
    near = np.flatnonzero(fits >= max(1, best - margin))
    runs = np.split(near, np.flatnonzero(np.diff(near) * step > apart_s) + 1)
    peaks = [_peak(run, fits, drifts, origin, step) for run in runs]
    peaks.sort(key=lambda peak: -peak.fit)
    outside = np.ones(len(fits), dtype=bool)
    low, high = (round((edge - origin) / step) for edge in (peaks[0].low_s, peaks[0].high_s))
    skirt = (high - low) + 2 * math.ceil(apart_s / step)
    outside[max(0, low - skirt) : high + skirt + 1] = False
    runner_up = int(fits[outside].max()) if outside.any() else 0
    runner_up = max([runner_up, *(peak.fit for peak in peaks[1:])])
    return Scan(peaks=tuple(peaks), margin=margin, runner_up=runner_up)


def _peak(
    run: NDArray[np.intp], fits: NDArray[np.int32], drifts: Floats, origin: float, step: float
) -> Peak:
    top = run[fits[run] == fits[run].max()]
    centre = int(top[len(top) // 2])
    return Peak(
        low_s=origin + step * float(run[0]),
        high_s=origin + step * float(run[-1]),
        offset_s=origin + step * centre,
        drift=float(drifts[centre]),
        fit=int(fits[centre]),
    )

"""Find every clock offset at which a sequence of photos could fit a sequence of triggers.

For each offset and drift on a grid so fine that no true clock falls between, two counts bound how
many photos can be matched: the photos that have at least one trigger within the tolerance, and the
triggers that have at least one photo. Their smaller one is the *fit*. The true clock fits all
photos that the log released; another clock must find company for them by chance, or by the
rhythm. What counts is therefore not the best offset but whether any other comes near to it.
"""

import math
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from inspection.errors import BadInput

Floats = NDArray[np.float64]
MOST_PAIRS: Final = 60_000_000
"""Photos × triggers up to which a scan fits into 4 GB."""
MOST_OFFSET_S: Final = 100 * 366 * 86_400.0
"""A clock that was reset may show 1970; none is a century off."""

CELLS_APART: Final = 2
"""Cells (one tolerance) that part two peaks."""


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
        for value in self.offset_s or ():
            if not abs(value) <= MOST_OFFSET_S:
                raise BadInput(f"clock offset {value:g} s is not within ±100 years")
        if self.offset_s is not None and self.offset_s[0] > self.offset_s[1]:
            raise BadInput(f"clock offset {self.offset_s[0]:g} to {self.offset_s[1]:g} s is empty")
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

    >>> margin_for(56, 56), margin_for(66, 56), margin_for(1000, 1000)
    (3, 7, 3)
    """
    return 3 + math.ceil(math.sqrt(max(0, photos - fit)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Moments:
    """Carry when photos and triggers were, in seconds from the middle of the log.

    Attributes:
        middle_s: (m,) middle of the interval in which each photo was exposed, camera's clock.
        half_s: (m,) half of that interval.
        trigger_s: (n,) ascending moments of the triggers.
    """

    middle_s: Floats
    half_s: Floats
    trigger_s: Floats

    def part(self, photos: NDArray[np.intp]) -> "Moments":
        """Give the moments of some photos beside all triggers."""
        return replace(self, middle_s=self.middle_s[photos], half_s=self.half_s[photos])


def scan(moments: Moments, limits: Limits) -> Scan:
    """Scan offset and drift.

    Raises:
        BadInput: when there are too many photos and triggers for one scan.
    """
    photos, triggers = len(moments.middle_s), len(moments.trigger_s)
    if photos * triggers > MOST_PAIRS:
        raise BadInput(
            f"{photos} photos × {triggers} triggers are too many for one alignment; "
            "give the photos of one flight at a time"
        )
    step = limits.tolerance_s / 2
    grid = _grid(moments, limits, step)
    if grid.cells == 0:
        return Scan(peaks=(), margin=margin_for(photos, 0), runner_up=0)
    drifts = _drifts(limits.drift_ppm * 1e-6, float(np.max(np.abs(moments.trigger_s))), step)
    # half a cell of offset and half a step of drift may lie between grid and truth
    half_s = moments.half_s + limits.tolerance_s + step
    bound, start = _bound(moments, half_s, limits, grid)
    trial = np.zeros(grid.cells, dtype=bool)
    trial[max(0, start - 4) : start + 5] = True
    lower = int(_best_fits(moments, half_s, drifts, grid, trial)[0].max())
    floor = lower - 2 * margin_for(photos, lower) - 1
    wanted = bound >= max(1, floor)
    fits, best_drift = _best_fits(moments, half_s, drifts, grid, wanted)
    found = _peaks(fits, best_drift, grid, margin_for(photos, int(fits.max(initial=0))))
    # offsets that were not looked at may fit that many photos, though no more
    unseen = 0 if wanted.all() else min(floor, int(bound[~wanted].max()))
    return replace(found, runner_up=max(found.runner_up, unseen))


def _bound(
    moments: Moments, half_s: Floats, limits: Limits, grid: "_Grid"
) -> tuple[NDArray[np.int64], int]:
    """Give for every cell more photos than can fit there, and a cell where many do.

    Two cheap counts: pairs within reach whatever the drift, and photos that fall into the log.
    """
    reach = float(np.abs(moments.trigger_s).max()) * limits.drift_ppm * 1e-6
    wide = float(half_s.max()) + reach + grid.step  # a cell more: rounding must not lose one
    cells = np.zeros(grid.cells + 1, dtype=np.int64)
    for middle in moments.middle_s:
        apart = middle - moments.trigger_s
        first = np.clip(np.ceil((apart - wide - grid.origin) / grid.step), 0, grid.cells)
        last = np.clip(np.floor((apart + wide - grid.origin) / grid.step) + 1, 0, grid.cells)
        np.add.at(cells, first.astype(np.int64), 1)
        np.add.at(cells, last.astype(np.int64), -1)
    pairs = np.cumsum(cells[: grid.cells])
    offsets = grid.origin + grid.step * np.arange(grid.cells)
    ordered = np.sort(moments.middle_s)
    inside = np.searchsorted(ordered, offsets + moments.trigger_s[-1] + wide, "right")
    inside -= np.searchsorted(ordered, offsets + moments.trigger_s[0] - wide, "left")
    return np.minimum(pairs, inside), int(np.argmax(pairs))


def _best_fits(
    moments: Moments,
    half_s: Floats,
    drifts: Floats,
    grid: "_Grid",
    wanted: NDArray[np.bool_],
) -> tuple[NDArray[np.int32], Floats]:
    """Give the best fit over all drifts in the wanted cells (0 in the others), and its drift."""
    fits = np.zeros(grid.cells, dtype=np.int32)
    best_drift = np.zeros(grid.cells)
    edge = math.ceil(float(half_s.max()) / grid.step) + 1
    near = np.convolve(wanted.astype(np.int8), np.ones(2 * edge + 1, np.int8), "same") > 0
    near = np.pad(near, edge + 2, mode="edge")
    for drift in drifts:
        apart = moments.middle_s[:, None] - (1.0 + drift) * moments.trigger_s[None, :]
        cell = np.floor((apart - grid.origin) / grid.step).astype(np.int64) + edge + 2
        use = near[np.clip(cell, 0, len(near) - 1)] & (cell >= 0) & (cell < len(near))
        found = _fit(apart, half_s, use, grid)
        better = (found > fits) & wanted
        fits[better] = found[better]
        best_drift[better] = drift
    return fits, best_drift


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


@dataclass(frozen=True, slots=True)
class _Grid:
    """Place the cells of offset: the first one, their step (half a tolerance), their number."""

    origin: float
    step: float
    cells: int

    def offset_s(self, cell: int) -> float:
        """Give the offset of a cell."""
        return self.origin + self.step * cell


def _grid(moments: Moments, limits: Limits, step: float) -> _Grid:
    """Lay the grid over all offsets that bring a photo to a trigger, within the limits."""
    reach = float(np.abs(moments.trigger_s).max())
    slack = float(moments.half_s.max()) + limits.tolerance_s + limits.drift_ppm * 1e-6 * reach
    low = float(moments.middle_s.min() - moments.trigger_s[-1]) - slack
    high = float(moments.middle_s.max() - moments.trigger_s[0]) + slack
    if limits.offset_s is not None:
        low, high = max(low, limits.offset_s[0]), min(high, limits.offset_s[1])
    return _Grid(low, step, math.floor((high - low) / step) + 1 if high >= low else 0)


def _fit(apart: Floats, half_s: Floats, use: NDArray[np.bool_], grid: _Grid) -> NDArray[np.int32]:
    """Give for every cell the smaller of photos with a trigger and triggers with a photo."""
    photo, trigger = np.nonzero(use[:, ::-1])  # offsets ascend as triggers go back
    trigger = apart.shape[1] - 1 - trigger
    photos = _covered(photo, apart[photo, trigger], half_s[photo], grid)
    trigger, photo = np.nonzero(use.T)
    return np.minimum(photos, _covered(trigger, apart[photo, trigger], half_s[photo], grid))


def _covered(
    row: NDArray[np.intp], offset_s: Floats, half_s: Floats, grid: _Grid
) -> NDArray[np.int32]:
    """Count for every cell the rows that have an offset within half_s of it.

    Pairs come ordered by row, then (nearly, where halves differ) by offset.
    """
    count = grid.cells
    first = np.ceil((offset_s - half_s - grid.origin) / grid.step).astype(np.int64)
    last = np.floor((offset_s + half_s - grid.origin) / grid.step).astype(np.int64) + 1
    if len(half_s) and half_s.min() != half_s.max():
        order = np.lexsort((first, row))
        row, first, last = row[order], first[order], last[order]
        last = _running_last(row, last)
    first, last = np.clip(first, 0, count), np.clip(last, 0, count)
    last = np.maximum(first, last)
    begins = np.ones(len(row), dtype=bool)
    begins[1:] = (row[1:] != row[:-1]) | (first[1:] > last[:-1])
    ends = np.ones(len(row), dtype=bool)
    ends[:-1] = begins[1:]
    change = np.bincount(first[begins], minlength=count + 1).astype(np.int32)
    change -= np.bincount(last[ends], minlength=count + 1).astype(np.int32)
    return np.cumsum(change[:count], dtype=np.int32)


def _running_last(row: NDArray[np.intp], last: NDArray[np.int64]) -> NDArray[np.int64]:
    """Give the greatest end so far within each row.

    >>> _running_last(np.array([0, 0, 1]), np.array([9, 4, 5])).tolist()
    [9, 9, 5]
    """
    span = int(last.max() - last.min()) + 1
    lifted: NDArray[np.int64] = np.maximum.accumulate(last - last.min() + row * span)
    greatest: NDArray[np.int64] = lifted - row * span + last.min()
    return greatest


def _peaks(fits: NDArray[np.int32], drifts: Floats, grid: _Grid, margin: int) -> Scan:
    """Gather the cells near the best into peaks."""
    best = int(fits.max(initial=0))
    if best == 0:
        return Scan(peaks=(), margin=margin, runner_up=0)
    near = np.flatnonzero(fits >= max(1, best - margin))
    runs = np.split(near, np.flatnonzero(np.diff(near) > CELLS_APART) + 1)
    peaks = sorted((_peak(run, fits, drifts, grid) for run in runs), key=lambda peak: -peak.fit)
    return Scan(peaks=tuple(peaks), margin=margin, runner_up=_runner_up(fits, peaks, runs, grid))


def _runner_up(
    fits: NDArray[np.int32], peaks: list[Peak], runs: list[NDArray[np.intp]], grid: _Grid
) -> int:
    """Give the best fit outside the first peak and its skirt, as wide again on both sides."""
    first = next(run for run in runs if grid.offset_s(int(run[0])) == peaks[0].low_s)
    skirt = len(first) + 2 * CELLS_APART
    outside = np.ones(len(fits), dtype=bool)
    outside[max(0, int(first[0]) - skirt) : int(first[-1]) + skirt + 1] = False
    return max([int(fits[outside].max(initial=0)), *(peak.fit for peak in peaks[1:])])


def _peak(run: NDArray[np.intp], fits: NDArray[np.int32], drifts: Floats, grid: _Grid) -> Peak:
    top = run[fits[run] == fits[run].max()]
    centre = int(top[len(top) // 2])
    return Peak(
        low_s=grid.offset_s(int(run[0])),
        high_s=grid.offset_s(int(run[-1])),
        offset_s=grid.offset_s(centre),
        drift=float(drifts[centre]),
        fit=int(fits[centre]),
    )

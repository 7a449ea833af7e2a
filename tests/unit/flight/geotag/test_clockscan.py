"""The scan of offsets: its counts against counting by hand, its shortcut against the whole."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from flight.geotag import clockscan
from flight.geotag.clockscan import Limits, Moments, scan

TOLERANCE = 0.2


@st.composite
def moments(draw: st.DrawFn) -> Moments:
    gaps = draw(st.lists(st.floats(0.5, 6.0), min_size=1, max_size=25))
    triggers = np.cumsum(gaps) - sum(gaps) / 2
    kept = draw(st.lists(st.booleans(), min_size=len(gaps), max_size=len(gaps)))
    taken = [float(t) for t, keep in zip(triggers, kept, strict=True) if keep]
    taken += draw(st.lists(st.floats(-40, 40), max_size=6))
    taken = sorted(taken or [0.0])
    halves = draw(st.lists(st.sampled_from((0.005, 0.5)), min_size=len(taken), max_size=len(taken)))
    return Moments(
        middle_s=np.array(taken) + 3.7, half_s=np.array(halves), trigger_s=np.asarray(triggers)
    )


def by_hand(found: Moments, offset: float, slack: float) -> int:
    """Count as the docstring of the module says."""
    near = np.abs(found.middle_s[:, None] - offset - found.trigger_s[None, :]) <= (
        found.half_s[:, None] + slack
    )
    return int(min(near.any(axis=1).sum(), near.any(axis=0).sum()))


@settings(max_examples=120, deadline=None)
@given(found=moments())
def test_every_cell_counts_as_by_hand(found: Moments) -> None:
    limits = Limits(tolerance_s=TOLERANCE, drift_ppm=0.0)
    step = TOLERANCE / 2
    grid = clockscan._grid(found, limits, step)
    half = found.half_s + TOLERANCE + step
    every = np.ones(grid.cells, dtype=bool)
    fits, _ = clockscan._best_fits(found, half, np.zeros(1), grid, every)
    bound, _ = clockscan._bound(found, half, limits, grid)
    assert (bound >= fits).all()
    for cell in range(0, grid.cells, 7):
        offset = grid.offset_s(cell)
        low = by_hand(found, offset, TOLERANCE + step - 1e-9)
        high = by_hand(found, offset, TOLERANCE + step + 1e-9)
        assert low <= fits[cell] <= high


@settings(max_examples=120, deadline=None)
@given(found=moments())
def test_no_peak_is_missed_by_looking_only_where_it_can_matter(found: Moments) -> None:
    limits = Limits(tolerance_s=TOLERANCE, drift_ppm=100.0)
    told = scan(found, limits)
    step = TOLERANCE / 2
    grid = clockscan._grid(found, limits, step)
    drifts = clockscan._drifts(1e-4, float(np.abs(found.trigger_s).max()), step)
    every = np.ones(grid.cells, dtype=bool)
    fits, _ = clockscan._best_fits(found, found.half_s + TOLERANCE + step, drifts, grid, every)
    best = int(fits.max())
    assert told.peaks[0].fit == best
    inside = np.zeros(grid.cells, dtype=bool)
    for peak in told.peaks:
        low, high = (round((edge - grid.origin) / step) for edge in (peak.low_s, peak.high_s))
        inside[low : high + 1] = True
    near = fits >= max(1, best - told.margin)
    assert (inside | ~near).all()
    assert told.runner_up >= max((peak.fit for peak in told.peaks[1:]), default=0)


def test_bounded_offsets_are_all_that_is_looked_at() -> None:
    found = Moments(
        middle_s=np.array([3.7, 5.7, 9.7]),
        half_s=np.full(3, 0.005),
        trigger_s=np.array([-3.0, -1.0, 3.0]),
    )
    told = scan(found, Limits(offset_s=(6.4, 7.0)))
    assert told.peaks[0].fit == 3
    assert 6.4 <= told.peaks[0].low_s <= told.peaks[0].offset_s <= told.peaks[0].high_s <= 7.0
    assert scan(found, Limits(offset_s=(500.0, 501.0))).peaks == ()

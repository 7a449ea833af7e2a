"""Fitting known widths: offsets are found, the interval holds what it says and not much more."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection.domain.widthfit import FLOORS_PX, fit_errors, fit_offsets
from inspection.errors import BadInput

KNOTS = (1.0, 3.0, 6.0)


@given(low=st.floats(-0.3, 0.3), middle=st.floats(-0.3, 0.3), high=st.floats(-0.3, 0.3))
def test_offsets_that_were_put_in_are_found(low: float, middle: float, high: float) -> None:
    fitted = np.linspace(0.5, 8.0, 60)
    true = fitted - np.interp(fitted, KNOTS, (low, middle, high))
    found = fit_offsets(fitted, true, np.arange(60), KNOTS)
    assert [width for width, _ in found] == list(KNOTS)
    assert [offset for _, offset in found] == pytest.approx([low, middle, high], abs=0.002)


def test_a_crack_with_many_segments_weighs_no_more_than_another() -> None:
    fitted = np.full(11, 3.0)
    true = np.r_[np.full(10, 2.8), 2.4]
    group = np.r_[np.zeros(10, dtype=np.int64), 1]
    ((_, offset),) = fit_offsets(fitted, true, group, (3.0,))
    assert offset == pytest.approx(0.4, abs=0.001)


def test_a_width_that_nothing_shows_has_no_offset_of_its_own() -> None:
    fitted = np.linspace(0.6, 1.4, 20)
    found = fit_offsets(fitted, fitted - 0.1, np.arange(20), KNOTS)
    assert found == ((1.0, 0.1),)


def test_offsets_that_would_swap_widths_become_one() -> None:
    fitted = np.r_[np.full(5, 1.0), np.full(5, 1.5)]
    true = np.r_[np.full(5, 1.4), np.full(5, 0.9)]
    found = fit_offsets(fitted, true, np.arange(10), (1.0, 1.5))
    assert len(found) == 1
    assert found[0][1] == pytest.approx(0.1)


def test_too_few_widths_are_refused_with_the_cure() -> None:
    with pytest.raises(BadInput, match="4 known widths were read, 5 are needed"):
        fit_offsets(np.ones(4), np.ones(4), np.arange(4), KNOTS)


@pytest.mark.parametrize(("floor", "share"), [(0.1, 0.0), (0.05, 0.04), (0.2, 0.02)])
def test_the_interval_holds_95_per_cent_and_is_not_twice_too_wide(
    floor: float, share: float
) -> None:
    rng = np.random.default_rng(5)
    width = rng.uniform(0.5, 8, 4000)
    std = np.hypot(floor, share * width)
    true = width + rng.normal(0, 1, 4000) * std
    found_floor, found_share = fit_errors(width, true, np.zeros(4000))
    reach = 2 * np.hypot(found_floor, found_share * width)
    assert 0.95 <= (np.abs(width - true) <= reach).mean() <= 0.975
    assert reach.mean() <= 1.15 * (2 * std).mean()


def test_noise_that_is_known_needs_no_floor() -> None:
    rng = np.random.default_rng(6)
    noise = np.full(2000, 0.3)
    width = np.full(2000, 3.0)
    floor, share = fit_errors(width, width + rng.normal(0, 0.28, 2000), noise)
    assert (floor, share) == (FLOORS_PX[0], 0.0)


def test_errors_beyond_the_grid_give_its_end() -> None:
    width = np.full(20, 1.0)
    floor, share = fit_errors(width, width + 9.0, np.zeros(20))
    assert floor == pytest.approx(FLOORS_PX[-1])
    assert share > 0.1

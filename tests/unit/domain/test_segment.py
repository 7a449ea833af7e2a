"""Widths by segment (§4.4): ends left out, equal segments, a robust maximum."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection.domain.measurement import WidthProfile
from inspection.domain.segment import robust_maximum, segment_widths
from inspection.errors import BadInput


def profile(length_m: float, width_mm: np.ndarray, margin_m: float = 0.0) -> WidthProfile:
    return WidthProfile(
        along_m=np.linspace(0, length_m, len(width_mm)),
        width_mm=width_mm,
        length_m=length_m,
        start_margin_m=margin_m,
        end_margin_m=margin_m,
    )


def test_two_segments_of_half_a_metre() -> None:
    width = np.r_[np.full(100, 0.2), np.full(100, 0.4)]
    first, second = segment_widths(profile(1.0, width))
    assert (first.start_m, second.start_m) == (0.0, 0.5)
    assert (first.length_m, second.length_m) == (0.5, 0.5)
    assert (first.robust_max_mm, second.robust_max_mm) == pytest.approx((0.2, 0.4))
    assert first.count + second.count == 200


def test_one_wild_point_moves_the_largest_and_not_the_robust_maximum() -> None:
    width = np.full(100, 0.2)
    width[50] = 3.0
    (only,) = segment_widths(profile(0.5, width))
    assert only.largest_mm == 3.0
    assert only.robust_max_mm == pytest.approx(0.2)
    assert only.median_mm == pytest.approx(0.2)


def test_ends_are_left_out_and_an_empty_piece_has_no_segment() -> None:
    width = np.full(101, 0.2)
    width[:10] = width[-10:] = 9.0
    (only,) = segment_widths(profile(0.5, width, margin_m=0.06))
    assert only.largest_mm == 0.2
    assert segment_widths(profile(0.1, width, margin_m=0.06)) == ()


@given(st.floats(0.05, 7.0), st.integers(5, 400), st.integers(0, 1000))
def test_segments_tile_the_piece(length_m: float, count: int, seed: int) -> None:
    width = np.random.default_rng(seed).uniform(0.1, 2.0, count)
    parts = segment_widths(profile(length_m, width))
    assert sum(part.count for part in parts) == count
    assert max(part.largest_mm for part in parts) == width.max()
    for part in parts:
        assert part.length_m <= max(length_m, 0.751)
        assert part.median_mm <= part.largest_mm
        assert part.robust_max_mm <= part.largest_mm


@given(true_std=st.floats(0.0, 0.5), noise_std=st.floats(0.0, 0.5), seed=st.integers(0, 2**20))
def test_noise_does_not_widen_the_greatest_width(
    true_std: float, noise_std: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    true = 2.0 + true_std * rng.standard_normal(40_000)
    seen = true + noise_std * rng.standard_normal(40_000)
    found = robust_maximum(seen, noise_std)
    found_spread = found - np.median(seen)
    true_spread = np.percentile(true, 95) - np.median(true)
    # A 95th percentile of n normal widths is uncertain by 2.1 sigma / sqrt(n): five of those,
    # in the squares that are subtracted, are 5 * 2 * 1.645 * 2.1 / sqrt(n) of the variance.
    five_errors = 34.5 / np.sqrt(40_000) * (true_std**2 + noise_std**2)
    assert found_spread**2 == pytest.approx(true_spread**2, abs=five_errors + 1e-9)
    assert np.median(seen) <= found <= np.percentile(seen, 95) + 1e-9


def test_a_segment_takes_its_noise_from_its_own_points() -> None:
    rng = np.random.default_rng(2)
    along = np.linspace(0, 1.0, 2001)
    quiet = 0.2 + 0.01 * rng.standard_normal(2001)
    loud = np.where(along < 0.5, quiet, 0.2 + 0.1 * rng.standard_normal(2001))
    noise = np.where(along < 0.5, 0.01, 0.1)
    whole = WidthProfile(
        along_m=along,
        width_mm=loud,
        length_m=1.0,
        start_margin_m=0.0,
        end_margin_m=0.0,
        noise_mm=noise,
    )
    first, second = segment_widths(whole)
    assert first.robust_max_mm == pytest.approx(0.2, abs=0.01)
    assert second.robust_max_mm == pytest.approx(0.2, abs=0.06)
    assert segment_widths(replace(whole, noise_mm=None))[1].robust_max_mm > 0.33
    with pytest.raises(BadInput, match="as many noises"):
        replace(whole, noise_mm=noise[:-1])

"""Widths by segment (§4.4): ends left out, equal segments, a robust maximum."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection.domain.measurement import WidthProfile
from inspection.domain.segment import segment_widths


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

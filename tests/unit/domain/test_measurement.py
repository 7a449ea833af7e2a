"""Widths: uncertainty, limit, aggregation."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection.domain.measurement import (
    Quantity,
    WidthProfile,
    crack_width,
    expanded_uncertainty_mm,
    summarise_widths,
)
from inspection.errors import BadInput


def profile(
    widths: np.ndarray, *, step_m: float = 0.002, margin_m: float = 0.0, length_m: float = 0.0
) -> WidthProfile:
    along = step_m * np.arange(len(widths))
    return WidthProfile(
        along_m=along,
        width_mm=np.asarray(widths, dtype=np.float64),
        length_m=length_m or float(along[-1]),
        start_margin_m=margin_m,
        end_margin_m=margin_m,
    )


def test_the_uncertainty_of_the_specification() -> None:
    # u² = (0.5·2)² + (6·0.02)² + 0.1²
    expected = 2 * (1.0 + 0.0144 + 0.01) ** 0.5
    found = expanded_uncertainty_mm(6, gsd_mm_per_px=2, gsd_ratio=0.02, calibration_mm=0.1)
    assert found == pytest.approx(expected, rel=1e-12)


@given(st.floats(0, 100), st.floats(0.05, 50), st.floats(0, 0.2))
def test_a_coarser_image_is_never_more_certain(width: float, gsd: float, ratio: float) -> None:
    fine = expanded_uncertainty_mm(width, gsd_mm_per_px=gsd, gsd_ratio=ratio)
    coarse = expanded_uncertainty_mm(width, gsd_mm_per_px=2 * gsd, gsd_ratio=ratio)
    assert coarse > fine >= gsd


@given(st.floats(0, 100), st.floats(0.05, 50))
def test_a_width_is_a_number_or_below_the_limit_never_both(width: float, gsd: float) -> None:
    found = crack_width(width, gsd_mm_per_px=gsd, gsd_ratio=0.02)
    assert found.below_limit == (width < gsd * (1 - 1e-6))
    assert (found.value is None) == found.below_limit
    assert (found.expanded_uncertainty is None) == found.below_limit
    assert found.limit == gsd


def test_one_pixel_is_the_limit_itself() -> None:
    found = crack_width(2.0, gsd_mm_per_px=2.0, gsd_ratio=0.02)
    assert found.value == 2.0
    assert found.expanded_uncertainty is not None
    assert found.expanded_uncertainty > 0.5 * found.value  # shown in grey (§4.6)


def test_a_quantity_below_its_limit_has_no_value() -> None:
    with pytest.raises(BadInput, match="one of the three"):
        Quantity(value=1.0, expanded_uncertainty=None, limit=2.0, below_limit=True)


def test_the_representative_width_is_the_worst_segment() -> None:
    widths = np.full(1000, 3.0)  # 2 m: four segments
    widths[500:750] = 7.0
    summary = summarise_widths([profile(widths)])
    assert summary.representative_mm == pytest.approx(7.0)
    assert summary.mean_mm == pytest.approx(4.0, abs=0.05)
    assert summary.largest_mm == 7.0


def test_single_outliers_do_not_make_the_width() -> None:
    widths = np.full(1000, 3.0)
    widths[::100] = 30.0  # 1 % of the points
    summary = summarise_widths([profile(widths)])
    assert summary.representative_mm == pytest.approx(3.0)
    assert summary.largest_mm == 30.0


def test_ends_and_junctions_are_left_out() -> None:
    widths = np.full(500, 3.0)
    widths[:20] = widths[-20:] = 12.0
    with_ends = summarise_widths([profile(widths)])
    without = summarise_widths([profile(widths, margin_m=0.042)])
    assert with_ends.largest_mm == 12.0
    assert without.largest_mm == 3.0


def test_a_crack_shorter_than_its_margins_is_judged_by_its_middle() -> None:
    widths = np.concatenate([np.full(10, 1.0), np.full(10, 4.0), np.full(10, 1.0)])
    summary = summarise_widths([profile(widths, margin_m=1.0)])
    assert summary.representative_mm == pytest.approx(4.0, abs=0.2)


def test_a_scrap_of_a_segment_does_not_decide() -> None:
    long = profile(np.full(300, 3.0))
    scrap = profile(np.full(3, 40.0))
    assert summarise_widths([long, scrap]).representative_mm == pytest.approx(3.0)


@given(st.lists(st.floats(0.1, 50), min_size=5, max_size=200))
def test_mean_and_representative_lie_among_the_widths(values: list[float]) -> None:
    summary = summarise_widths([profile(np.array(values))])
    assert min(values) - 1e-9 <= summary.mean_mm <= max(values) + 1e-9
    assert min(values) - 1e-9 <= summary.representative_mm <= summary.largest_mm + 1e-9


@given(st.lists(st.floats(0.1, 50), min_size=5, max_size=100), st.floats(1.0, 3.0))
def test_widening_a_crack_never_narrows_it(values: list[float], factor: float) -> None:
    before = summarise_widths([profile(np.array(values))])
    after = summarise_widths([profile(factor * np.array(values))])
    assert after.representative_mm >= before.representative_mm - 1e-9


def test_no_points_and_uneven_columns_are_refused() -> None:
    with pytest.raises(BadInput, match="no width"):
        summarise_widths([])
    with pytest.raises(BadInput, match="one shape"):
        WidthProfile(
            along_m=np.zeros(3),
            width_mm=np.zeros(2),
            length_m=1.0,
            start_margin_m=0,
            end_margin_m=0,
        )

"""One image and its mask: what each piece says, and which estimator stands behind it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspection.domain.widthcalibration import WidthCalibration
from inspection.errors import BadInput, Refused
from inspection.pipeline.imagewidths import PieceWidth, Tilt, measure_image, runs_of
from tests.drawn_line import RENDERED, SIZE_PX, DrawnLine


def mask_of(line: DrawnLine, reach_px: float = 30.0, extra_px: float = 1.0) -> np.ndarray:
    centre = np.arange(SIZE_PX) + 0.5 - SIZE_PX / 2
    x, y = np.meshgrid(centre, centre)
    off = np.abs(x * line.normal[0] + y * line.normal[1] - line.offset_px)
    return (off <= line.width_px / 2 + extra_px) & (np.hypot(x, y) < reach_px)


def pieces_of(
    grey: np.ndarray, mask: np.ndarray, calibration: WidthCalibration = RENDERED
) -> list[PieceWidth]:
    return measure_image(grey, mask, gsd_mm_per_px=2.0, gsd_ratio=0.02, calibration=calibration)


@pytest.mark.parametrize("extra_px", [0.5, 1.5, 2.5])
def test_width_does_not_follow_a_mask_that_is_too_wide(extra_px: float) -> None:
    line = DrawnLine(width_px=4.0, angle_deg=17.0)
    (piece,) = pieces_of(line.draw(), mask_of(line, extra_px=extra_px))
    assert piece.width_mm == pytest.approx(8.0, abs=0.6)
    assert abs(piece.width_mm - 8.0) <= piece.expanded_uncertainty_mm <= 2.0
    assert piece.limit_mm < 1.0


def test_a_mask_where_the_pixels_show_nothing_gives_no_number() -> None:
    line = DrawnLine(width_px=4.0)
    (piece,) = pieces_of(DrawnLine(width_px=0.0).draw(), mask_of(line))
    assert piece.width_mm is None and piece.expanded_uncertainty_mm is None
    assert piece.limit_mm > 0
    assert piece.length_m > 0.08


def test_mask_stands_in_where_profiles_leave_the_image() -> None:
    line = DrawnLine(width_px=4.0)
    top = SIZE_PX // 2 - 6  # the crack now runs 6 px below the upper edge
    (piece,) = pieces_of(line.draw()[top:], mask_of(line, extra_px=0.0)[top:])
    assert set(piece.methods) == {"distance_transform"}
    assert piece.width_mm == pytest.approx(8.0, abs=1.2)
    assert piece.expanded_uncertainty_mm == pytest.approx(2 * np.hypot(1.0, 8.0 * 0.02), abs=0.1)
    assert piece.limit_mm == 2.0


def test_segments_are_half_a_metre_and_agree_with_the_piece() -> None:
    line = DrawnLine(width_px=4.0)
    (piece,) = measure_image(
        line.draw(), mask_of(line), gsd_mm_per_px=20.0, gsd_ratio=0.0, calibration=RENDERED
    )
    assert len(piece.segments) == round(piece.length_m / 0.5) == 2
    assert piece.width_mm == max(segment.robust_max_mm for segment in piece.segments)
    assert all(segment.count >= 10 for segment in piece.segments)


@settings(max_examples=20, deadline=None, derandomize=True)
@given(st.integers(0, 2**32 - 1), st.integers(1, 30), st.integers(1, 30))
def test_runs_hold_every_pixel_of_a_mask_once(seed: int, height: int, width: int) -> None:
    mask = np.random.default_rng(seed).random((height, width)) > 0.5
    again = np.zeros_like(mask)
    for row, first, last in runs_of(mask):
        assert not again[row, first:last].any()
        again[row, first:last] = True
    np.testing.assert_array_equal(again, mask)


def test_what_does_not_fit_is_refused() -> None:
    line = DrawnLine(width_px=4.0)
    with pytest.raises(BadInput, match="96×96"):
        pieces_of(line.draw(), mask_of(line)[:50])
    with pytest.raises(BadInput, match="no crack"):
        pieces_of(line.draw(), np.zeros((SIZE_PX, SIZE_PX), bool))
    with pytest.raises(Refused, match="60°"):
        measure_image(
            line.draw(),
            mask_of(line),
            gsd_mm_per_px=2.0,
            gsd_ratio=0.02,
            calibration=RENDERED,
            tilt=Tilt(angle_deg=60.0),
        )

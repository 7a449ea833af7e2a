"""How a camera draws cracks: ranges, and offsets that keep the order of widths."""

import doctest
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection.domain import widthcalibration
from inspection.domain.widthcalibration import CONCRETE
from inspection.errors import BadInput


def test_doctests_hold() -> None:
    assert doctest.testmod(widthcalibration).failed == 0


@pytest.mark.parametrize("field", ["floor_px", "share", "limit_px", "core_std", "profile_floor_px"])
def test_a_negative_number_is_refused(field: str) -> None:
    with pytest.raises(BadInput, match=field):
        replace(CONCRETE, **{field: -0.01})  # type: ignore[arg-type]


@pytest.mark.parametrize("field", ["blur_px", "blur_std_px"])
def test_no_blur_is_refused(field: str) -> None:
    with pytest.raises(BadInput, match=field):
        replace(CONCRETE, **{field: 0.0})  # type: ignore[arg-type]


def test_a_crack_is_darker_than_its_surroundings() -> None:
    with pytest.raises(BadInput, match=r"0–0.9"):
        replace(CONCRETE, core=0.9)
    assert replace(CONCRETE, core=0.89).core == 0.89


def test_offsets_that_would_swap_two_cracks_are_refused() -> None:
    with pytest.raises(BadInput, match="wider"):
        replace(CONCRETE, offsets_px=((1.0, 0.0), (2.0, 1.0)))
    with pytest.raises(BadInput, match="rise"):
        replace(CONCRETE, offsets_px=((1.0, 0.0), (1.0, 0.1)))


def test_without_offsets_nothing_is_taken_off() -> None:
    widths = np.array([0.1, 5.0])
    assert CONCRETE.corrected_px(widths) is widths


@given(
    offsets=st.lists(st.floats(-0.4, 0.4), min_size=1, max_size=4),
    widths=st.lists(st.floats(0, 20), min_size=2, max_size=10),
)
def test_a_wider_fit_stays_the_wider_crack(offsets: list[float], widths: list[float]) -> None:
    knots = tuple((float(i + 1), offset) for i, offset in enumerate(offsets))
    calibration = replace(CONCRETE, offsets_px=knots)
    corrected = calibration.corrected_px(np.sort(np.array(widths)))
    assert (np.diff(corrected) >= -1e-12).all()
    assert (corrected >= 0).all()
    fitted = np.array([width for width, _ in knots])
    expected = np.maximum(fitted - np.array(offsets), 0)
    assert calibration.corrected_px(fitted) == pytest.approx(expected)

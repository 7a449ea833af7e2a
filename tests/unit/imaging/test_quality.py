"""Sharpness and exposure: known pictures, laws, and the flight's median."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from inspection.domain.capture import PhotoQuality
from inspection.imaging.quality import WORKING_SIDE_PX, grade_photo, relate_to_flight


def noise(height: int = 300, width: int = 400, seed: int = 1) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (height, width)).astype(np.uint8)


def test_a_blank_photo_has_no_sharpness() -> None:
    grade = grade_photo(np.full((30, 40), 128, np.uint8))
    assert grade.sharpness == 0
    assert grade.exposure_mean == pytest.approx(128 / 255)
    assert (grade.clipped_dark_fraction, grade.clipped_bright_fraction) == (0, 0)


def test_white_noise_has_the_sharpness_that_theory_gives() -> None:
    # The Laplacian kernel has squared sum 4·1 + 16 = 20; uniform noise 0–255 has variance 5461.
    grade = grade_photo(noise(600, 800))
    assert grade.sharpness == pytest.approx(20 * (256**2 - 1) / 12, rel=0.02)


@settings(derandomize=True, max_examples=15)
@given(st.floats(0.6, 4.0), st.floats(1.2, 3.0))
def test_more_blur_is_less_sharp(sigma: float, factor: float) -> None:
    little = grade_photo(cv2.GaussianBlur(noise(), (0, 0), sigma))
    much = grade_photo(cv2.GaussianBlur(noise(), (0, 0), sigma * factor))
    assert 0 < much.sharpness < little.sharpness < grade_photo(noise()).sharpness


def test_large_photos_are_measured_at_the_working_size() -> None:
    small = cv2.GaussianBlur(noise(1536, WORKING_SIDE_PX), (0, 0), 1.5)
    large = cv2.resize(small, None, fx=2, fy=2, interpolation=cv2.INTER_NEAREST)
    assert grade_photo(large).sharpness == pytest.approx(grade_photo(small).sharpness, rel=1e-6)


def test_clipping_is_counted_at_full_size() -> None:
    grey = np.full((100, 100), 100, np.uint8)
    grey[:10], grey[10:30], grey[30:31], grey[31:32] = 2, 253, 3, 252
    grade = grade_photo(grey)
    assert grade.clipped_dark_fraction == pytest.approx(0.10)
    assert grade.clipped_bright_fraction == pytest.approx(0.20)


def grade(sharpness: float) -> PhotoQuality:
    return replace(grade_photo(np.zeros((4, 4), np.uint8)), sharpness=sharpness)


def test_the_flight_is_the_measure() -> None:
    related = relate_to_flight([grade(100), grade(200), grade(300), grade(79)])
    assert [r.sharpness_relative for r in related] == pytest.approx([2 / 3, 4 / 3, 2.0, 79 / 150])
    assert not any(r.is_blurred for r in related)


def test_a_photo_below_two_fifths_of_the_median_is_blurred() -> None:
    *sharp, soft, softer = relate_to_flight([grade(100)] * 5 + [grade(40.1), grade(39.9)])
    assert not any(r.is_blurred for r in sharp)
    assert not soft.is_blurred
    assert softer.is_blurred


def test_no_photo_no_median() -> None:
    assert relate_to_flight([]) == ()


def test_a_flight_without_texture_judges_nobody() -> None:
    assert [r.sharpness_relative for r in relate_to_flight([grade(0), grade(0), grade(5)])] == [
        1
    ] * 3

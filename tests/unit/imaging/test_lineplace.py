"""A drawn line of known ends: found to fractions of a pixel, or not at all."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from inspection.imaging.lineplace import place_line

FINE = 8
SIZE = (220, 160)


def picture(
    start: tuple[float, float],
    end: tuple[float, float],
    width_px: float,
    *,
    blur_px: float = 0.9,
    noise: float = 0.004,
    seed: int = 0,
) -> NDArray[np.float32]:
    """Draw a dark line on paper, 0.75 bright, as a camera with that blur sees it."""
    fine = np.full((SIZE[1] * FINE, SIZE[0] * FINE), 0.75, np.float32)
    a, b = np.array(start) * FINE, np.array(end) * FINE
    along = (b - a) / np.linalg.norm(b - a)
    side = np.array([-along[1], along[0]]) * width_px * FINE / 2
    corners = np.array([a + side, b + side, b - side, a - side]) - 0.5
    cv2.fillConvexPoly(fine, np.round(corners * 16).astype(np.int32), 0.05, cv2.LINE_AA, 4)
    soft = cv2.GaussianBlur(fine, (0, 0), blur_px * FINE)
    seen = cv2.resize(soft, SIZE, interpolation=cv2.INTER_AREA)
    noisy = seen + np.random.default_rng(seed).normal(0, noise, seen.shape)
    return np.asarray(noisy, dtype=np.float32)


@settings(deadline=None, max_examples=40)
@given(
    angle=st.floats(0, 360),
    width_px=st.floats(0.8, 6.0),
    blur_px=st.floats(0.5, 1.6),
    seed=st.integers(0, 1000),
)
def test_ends_and_place_are_found_at_any_angle(
    angle: float, width_px: float, blur_px: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    along = np.array([np.cos(np.radians(angle)), np.sin(np.radians(angle))])
    middle = np.array([110.0, 80.0]) + rng.uniform(-1, 1, 2)
    start, end = middle - 50 * along, middle + 50 * along
    light = picture(tuple(start), tuple(end), width_px, blur_px=blur_px, seed=seed)
    off = rng.uniform(-1.5, 1.5, 3)
    across = np.array([-along[1], along[0]])
    looked_for = (
        start + off[0] * along + off[2] * across,
        end + off[1] * along + off[2] * across,
    )
    found = place_line(light, *looked_for, half_px=int(np.ceil(width_px / 2)) + 6)
    assert found is not None
    assert found.start_px == pytest.approx(-off[0], abs=0.5)
    assert found.end_px == pytest.approx(-off[1], abs=0.5)
    assert found.across_px == pytest.approx(-off[2], abs=0.25)


def test_a_shorter_line_is_shorter() -> None:
    light = picture((40.0, 80.0), (150.0, 80.0), 2.0)
    found = place_line(light, np.array([30.0, 80.0]), np.array([156.0, 80.0]), half_px=7)
    assert found is not None
    assert found.start_px == pytest.approx(10.0, abs=0.3)
    assert found.end_px == pytest.approx(-6.0, abs=0.3)


def test_what_stands_beyond_the_empty_paper_is_not_looked_at() -> None:
    light = picture((40.0, 80.0), (150.0, 80.0), 1.0)
    light[70:90, 154:170] = 0.1  # a label
    ends = np.array([40.0, 80.0]), np.array([150.0, 80.0])
    near = place_line(light, *ends, half_px=6, beyond_px=3.0)
    assert near is not None and near.end_px == pytest.approx(0.0, abs=0.4)


def test_no_line_has_no_place() -> None:
    blank = picture((40.0, 20.0), (150.0, 20.0), 2.0)
    ends = np.array([40.0, 100.0]), np.array([150.0, 100.0])
    assert place_line(blank, *ends, half_px=7) is None
    assert place_line(blank, ends[0], ends[0] + [10.0, 0.0], half_px=7) is None
    assert place_line(blank, np.array([-60.0, 20.0]), ends[1], half_px=7) is None

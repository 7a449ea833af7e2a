"""Estimator A: width and length of bars of known size (domain specification §4.8)."""

import math

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspection.geo.polyline import length
from inspection.imaging.linear import Limb, follow
from tests.support.masks import bar, runs_of

ANGLES = (0.0, 17.0, 45.0)


def measured(mask: np.ndarray) -> tuple[float, float]:
    """Give total length and mean width away from the ends, px."""
    limbs = follow(runs_of(mask))
    total = sum(length(limb.points_px) for limb in limbs)
    longest = max(limbs, key=lambda limb: len(limb.points_px))
    inner = longest.width_px[20:-20]
    return total, float(np.nanmean(inner))


PHASES = (0.17, 0.38, 0.71)
"""Where a line lies between the pixels; a mask of whole pixels cannot show it."""


@pytest.mark.parametrize("angle_deg", ANGLES)
@pytest.mark.parametrize("width", [2.0, 3.0, 6.0])
def test_golden_widths_of_a_covering_mask_are_within_0_6_px(width: float, angle_deg: float) -> None:
    found = []
    for phase in PHASES:
        mask = bar(
            (150, 150), centre=(75 + phase, 75.2), length=110, width=width, angle_deg=angle_deg
        )
        total, mean = measured(mask)
        assert total == pytest.approx(110, abs=1.6)
        found.append(mean)
    assert width - 0.6 <= float(np.mean(found)) <= width + 0.6
    # a mask of whole pixels has its width in steps of a pixel (0.7 px at 45°)
    assert max(abs(value - width) for value in found) <= 0.75


@pytest.mark.parametrize("angle_deg", [0.0, 17.0])
def test_the_golden_width_of_one_pixel(angle_deg: float) -> None:
    # at 45° fewer than half of a pixel may be covered everywhere: such a line has no mask
    for phase in PHASES:
        mask = bar((150, 150), centre=(75, 75 + phase), length=110, width=1.0, angle_deg=angle_deg)
        _, mean = measured(mask)
        assert 0.9 <= mean <= 1.6


def seen(width: float, angle_deg: float, phase: float) -> np.ndarray:
    """Give the mask that half-depth thresholding makes of a blurred, noisy dark line."""
    x0, y0 = 90 + phase, 75 + 0.6 * phase
    y, x = np.mgrid[0:150, 0:180]
    u = np.radians(angle_deg)
    dark = np.zeros((150, 180))
    fine = (np.arange(8) + 0.5) / 8
    for dy in fine:
        for dx in fine:
            along = (x + dx - x0) * np.cos(u) + (y + dy - y0) * np.sin(u)
            across = (y + dy - y0) * np.cos(u) - (x + dx - x0) * np.sin(u)
            dark += (np.abs(across) <= width / 2) & (np.abs(along) <= 60)
    blurred = cv2.GaussianBlur(dark / 64, (0, 0), 0.8)
    noisy = blurred + np.random.default_rng(5).normal(0, 0.02, blurred.shape)
    # the depth of a line so blurred, in its middle: what a well-trained network could know
    deepest = math.erf(width / 2 / (0.8 * math.sqrt(2)))
    count, label, stats, _ = cv2.connectedComponentsWithStats(
        (noisy > deepest / 2).astype(np.uint8)
    )
    assert count > 1
    return label == 1 + np.argmax(stats[1:, cv2.CC_STAT_AREA])


@pytest.mark.parametrize("angle_deg", ANGLES)
@pytest.mark.parametrize("width", [2.0, 3.0, 6.0])
def test_golden_widths_of_a_blurred_noisy_line(width: float, angle_deg: float) -> None:
    found = [measured(seen(width, angle_deg, phase))[1] for phase in PHASES]
    assert width - 0.6 <= float(np.mean(found)) <= width + 0.6
    # a single mask of whole pixels may be off by a pixel: that is the U (k = 2) that is stated
    assert max(abs(value - width) for value in found) <= 1.01


@pytest.mark.parametrize("angle_deg", ANGLES)
@pytest.mark.parametrize(("width", "most"), [(0.6, 2.4), (1.0, 2.4)])
def test_a_line_narrower_than_the_blur_is_measured_as_wide_as_the_blur(
    width: float, most: float, angle_deg: float
) -> None:
    # the golden bound of 0.6 px is out of reach of a binary mask here; estimator B is for that
    found = [measured(seen(width, angle_deg, phase))[1] for phase in PHASES]
    assert width <= float(np.mean(found)) <= most


def test_a_line_of_1000_px_at_45_degrees_is_within_1_percent() -> None:
    steps = np.arange(708)
    mask = np.zeros((760, 760), dtype=bool)
    for offset in (-1, 0, 1):  # 2.1 px wide; 707.1 columns of √2
        mask[20 + steps, 20 + steps + offset] = True
    total, _ = measured(mask)
    assert 990 <= total <= 1010


@settings(max_examples=15, deadline=None, derandomize=True)
@given(st.floats(0, 180), st.floats(2.0, 12.0), st.floats(60, 160))
def test_a_rectangle_of_any_size_and_angle(angle_deg: float, width: float, size: float) -> None:
    mask = bar((200, 200), centre=(100.2, 99.7), length=size, width=width, angle_deg=angle_deg)
    limbs = follow(runs_of(mask))
    total = sum(length(limb.points_px) for limb in limbs)
    assert size - 0.03 * size - 2 <= total <= size + 0.03 * size + 2
    longest = max(limbs, key=lambda limb: len(limb.points_px))
    skip = int(2 * width)
    inner = longest.width_px[skip : len(longest.width_px) - skip]
    inner = inner if len(inner) > 3 else longest.width_px
    assert width - 0.8 <= float(np.nanmean(inner)) <= width + 0.8


def test_one_pixel_line_is_one_pixel_wide_and_three_are_three() -> None:
    for rows in (1, 2, 3, 4, 5):
        mask = np.zeros((30, 120), dtype=bool)
        mask[10 : 10 + rows, 10:110] = True
        total, mean = measured(mask)
        assert mean == pytest.approx(rows, abs=0.13)
        assert total == pytest.approx(100, abs=1.0)


def test_a_single_pixel_is_about_one_pixel_long() -> None:
    mask = np.zeros((9, 9), dtype=bool)
    mask[4, 4] = True
    (limb,) = follow(runs_of(mask))
    assert 0.5 <= length(limb.points_px) <= 2.0
    assert np.isfinite(limb.typical_width_px)


def test_a_compact_blob_is_measured_along_its_longer_side() -> None:
    mask = np.zeros((40, 40), dtype=bool)
    mask[10:14, 10:16] = True
    limbs = follow(runs_of(mask))
    total = sum(length(limb.points_px) for limb in limbs)
    assert 4.0 <= total <= 7.5


def test_a_tapering_line_shows_its_taper() -> None:
    y, x = np.mgrid[0:80, 0:320]
    half = 1.0 + 5.0 * (x - 10) / 300
    mask = (np.abs(y + 0.5 - 40) <= half) & (x >= 10) & (x < 310)
    limb = max(follow(runs_of(mask)), key=lambda limb: len(limb.points_px))
    order = np.argsort(limb.points_px[:, 0])
    widths = limb.width_px[order]
    x_px = limb.points_px[order, 0]
    for at, expected in ((60, 3.7), (160, 7.0), (260, 10.3)):
        near = np.abs(x_px - at) < 10
        assert np.nanmean(widths[near]) == pytest.approx(expected, abs=0.7)


def test_a_fork_is_measured_along_all_its_arms() -> None:
    mask = bar((200, 300), centre=(90, 100), length=160, width=4, angle_deg=0)
    mask |= bar((200, 300), centre=(215, 135), length=115, width=4, angle_deg=38)
    mask |= bar((200, 300), centre=(215, 65), length=115, width=4, angle_deg=-38)
    limbs: tuple[Limb, ...] = follow(runs_of(mask))
    assert len(limbs) == 3
    assert sum(limb.start_free + limb.end_free for limb in limbs) == 3
    assert sum(length(limb.points_px) for limb in limbs) == pytest.approx(160 + 230, rel=0.04)


def test_moving_a_mask_moves_its_line_and_nothing_else() -> None:
    mask = bar((150, 200), centre=(90, 70), length=120, width=5, angle_deg=25)
    moved = np.zeros((2200, 2300), dtype=bool)
    moved[2000:2150, 2010:2210] = mask  # across the border of two blocks and two tiles
    (first,), (second,) = follow(runs_of(mask)), follow(runs_of(moved))
    assert second.points_px == pytest.approx(first.points_px + np.array([2010, 2000]), abs=1e-9)
    assert second.width_px == pytest.approx(first.width_px, abs=1e-6, nan_ok=True)

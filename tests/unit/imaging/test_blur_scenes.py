"""Blur that is no Gaussian, light that is uneven, edges of other shapes: what a drone meets."""

from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from inspection.imaging.blur import MIN_CLEAN_TILES, blur_px, read_blur

FINE, SIDE = 3, 256
PIXEL = 12**-0.5
Floats = NDArray[np.float32]


def tiles_of_a_floor(seed: int = 4, turn_deg: float = 13.0) -> Floats:
    """Draw sharp-edged quadrangles of many greys, (SIDE · FINE)² of light, 0–1."""
    rng = np.random.default_rng(seed)
    size, step = SIDE * FINE, 26 * FINE
    floor = np.full((size, size), 0.3, np.float32)
    turn = cv2.getRotationMatrix2D((size / 2, size / 2), turn_deg, 1.0)
    for x in range(-step, size + step, step):
        for y in range(-step, size + step, step):
            corners = np.array([[x, y], [x + step, y], [x + step, y + step], [x, y + step]])
            turned = corners @ turn[:, :2].T + turn[:, 2]
            grey = float(rng.choice([0.06, 0.14, 0.24, 0.36, 0.5]))
            cv2.fillPoly(floor, [np.rint(turned).astype(np.int32)], grey, cv2.LINE_AA)
    return floor


def expose(light: Floats, *, noise: float = 1.5, gain: Any = 1.0) -> NDArray[np.uint8]:
    """Gather fine light in pixels, and turn it into sRGB levels with noise."""
    pixels = light.reshape(SIDE, FINE, SIDE, FINE).mean(axis=(1, 3)) * gain
    coded = np.where(
        pixels <= 0.0031308, 12.92 * pixels, 1.055 * np.maximum(pixels, 1e-9) ** (1 / 2.4) - 0.055
    )
    rng = np.random.default_rng(8)
    levels = np.rint(255 * coded + rng.normal(0, noise, pixels.shape))
    return np.clip(levels, 0, 255).astype(np.uint8)


def lens(light: Floats, sigma_px: float) -> Floats:
    return np.asarray(cv2.GaussianBlur(light, (0, 0), sigma_px * FINE), dtype=np.float32)


def middle(picture: NDArray[np.uint8]) -> float:
    """Give the middle σ of the tiles that tell; there must be enough."""
    told = read_blur(picture).edge_px
    told = told[np.isfinite(told)]
    assert len(told) >= MIN_CLEAN_TILES
    return float(np.median(told))


@pytest.mark.parametrize("sigma", [0.6, 1.2, 2.4])
@pytest.mark.parametrize("turn_deg", [0.0, 13.0, 45.0])
def test_a_tiled_floor_tells_the_blur(sigma: float, turn_deg: float) -> None:
    seen = middle(expose(lens(tiles_of_a_floor(turn_deg=turn_deg), sigma)))
    assert seen == pytest.approx(float(np.hypot(sigma, PIXEL)), rel=0.07)


@pytest.mark.parametrize("radius_px", [2.0, 4.0])
def test_a_lens_out_of_focus_blurs_with_a_disc(radius_px: float) -> None:
    """A disc of radius r has a standard deviation of r ÷ 2 along each axis."""
    size = 2 * round(radius_px * FINE) + 1
    disc = np.zeros((size, size), np.float32)
    cv2.circle(disc, (size // 2, size // 2), size // 2, 1.0, -1, cv2.LINE_AA)
    soft = cv2.filter2D(lens(tiles_of_a_floor(), 0.5), -1, disc / disc.sum())
    true = float(np.sqrt(0.5**2 + (radius_px / 2) ** 2 + PIXEL**2))
    assert 0.9 * true <= middle(expose(np.asarray(soft, dtype=np.float32))) <= 1.25 * true


def test_a_photo_shaken_along_one_direction_reads_between_its_two_blurs() -> None:
    length_px = 6
    row = np.full((1, length_px * FINE), 1 / (length_px * FINE), np.float32)
    shaken = cv2.filter2D(lens(tiles_of_a_floor(), 0.7), -1, row)
    low = float(np.hypot(0.7, PIXEL))
    high = float(np.sqrt(0.7**2 + PIXEL**2 + length_px**2 / 12))
    assert 0.95 * low <= middle(expose(np.asarray(shaken, dtype=np.float32))) <= 1.1 * high


def test_light_that_falls_off_changes_nothing() -> None:
    x, y = np.meshgrid(np.linspace(-1, 1, SIDE), np.linspace(-1, 1, SIDE))
    falling = 1.4 - 0.5 * np.hypot(x, y)
    floor = lens(tiles_of_a_floor(), 1.0)
    plain, uneven = middle(expose(floor)), middle(expose(floor, gain=falling))
    assert uneven == pytest.approx(plain, rel=0.04)
    assert plain == pytest.approx(float(np.hypot(1.0, PIXEL)), rel=0.05)


@pytest.mark.parametrize("gain", [0.25, 0.5, 1.5])
def test_a_shorter_exposure_is_not_a_sharper_photo(gain: float) -> None:
    seen = middle(expose(lens(tiles_of_a_floor(), 1.5), gain=gain))
    assert seen == pytest.approx(float(np.hypot(1.5, PIXEL)), rel=0.06)


def test_one_half_may_be_soft_and_tells_so_beside_the_sharp_one() -> None:
    floor = tiles_of_a_floor()
    mixed = lens(floor, 0.8)
    mixed[:, SIDE * FINE // 2 :] = lens(floor, 2.4)[:, SIDE * FINE // 2 :]
    told = read_blur(expose(mixed)).edge_px
    assert np.nanmedian(told[:, :2]) == pytest.approx(np.hypot(0.8, PIXEL), rel=0.1)
    assert np.nanmedian(told[:, 2:]) == pytest.approx(np.hypot(2.4, PIXEL), rel=0.1)


def test_turning_a_photo_does_not_change_its_blur() -> None:
    picture = expose(lens(tiles_of_a_floor(), 1.1))
    upright = float(np.median(blur_px(picture)))
    for turns in (1, 2, 3):
        assert float(np.median(blur_px(np.rot90(picture, turns).copy()))) == pytest.approx(
            upright, rel=0.03
        )
    assert float(np.median(blur_px(picture[:, ::-1].copy()))) == pytest.approx(upright, rel=0.03)

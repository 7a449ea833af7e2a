"""Single edges: found across, fitted where their pixels lie, given up where they are none."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspection.imaging.crests import (
    CREST_SCALE_PX,
    LEAST_NOISE,
    TURNS,
    Crests,
    find_crests,
    linear_light,
    noise_levels,
)
from inspection.imaging.edgefit import Fits, fit_edges, rim_px
from tests.support.blurred import Scene

REACH_PX = 7
LAW = settings(max_examples=6, deadline=None)


def fitted(scene: Scene, picture: np.ndarray) -> tuple[Crests, Fits]:  # type: ignore[type-arg]
    crests = find_crests(picture, rim_px=rim_px(REACH_PX))
    return crests, fit_edges(linear_light(picture), crests, reach_px=REACH_PX)


@pytest.mark.parametrize("angle", [0.0, 30.0, 90.0, 135.0])
def test_crests_lie_on_the_edges_and_know_their_direction(angle: float) -> None:
    scene = Scene(sigma_px=1.0, angle_deg=angle, noise=1.0)
    crests = find_crests(scene.stripes(every_px=36.0), rim_px=8)
    turn = np.radians(angle)
    x, y = crests.column + 0.5 - 96, crests.row + 0.5 - 96
    across = (x * np.cos(turn) + y * np.sin(turn) + 0.37) / 36.0
    assert np.abs(across - np.round(across)).max() * 36 < 1.5
    apart = (crests.turn / TURNS * 180 - angle + 90) % 180 - 90
    assert np.abs(apart).max() <= 10 and np.median(np.abs(apart)) <= 4
    # all along the edges, not at maxima of noise: at least three of four rows or columns
    assert len(crests.row) > 0.75 * 5 * (192 - 16)


def test_nothing_is_found_near_the_border_or_in_noise() -> None:
    crests = find_crests(Scene(sigma_px=1.0).stripes(), rim_px=20)
    for at in (crests.row, crests.column):
        assert at.min() >= 20 and at.max() < 172
    noise = np.random.default_rng(2).normal(120, 3, (160, 160)).clip(0, 255).astype(np.uint8)
    assert len(find_crests(noise, rim_px=1).row) <= 3


@pytest.mark.parametrize("noise", [0.0, 1.0, 3.0, 6.0])
def test_the_noise_of_a_photo_is_measured_beside_its_edges(noise: float) -> None:
    seen = noise_levels(Scene(sigma_px=1.0, noise=noise).stripes())
    assert seen == pytest.approx(max(noise, LEAST_NOISE), rel=0.15, abs=0.05)


def test_golden_light_is_that_of_srgb() -> None:
    grey = np.arange(256, dtype=np.uint8)
    level = grey / 255
    # IEC 61966-2-1
    light = np.where(level <= 0.04045, level / 12.92, ((level + 0.055) / 1.055) ** 2.4)
    assert linear_light(grey) == pytest.approx(255 * light, abs=1e-3)


@LAW
@given(st.floats(0.5, 2.0), st.floats(0, 3), st.floats(0, 180))
def test_law_most_steps_are_clean_and_their_blur_scatters_little(
    sigma: float, noise: float, angle: float
) -> None:
    scene = Scene(sigma_px=sigma, noise=noise, angle_deg=angle)
    _, fits = fitted(scene, scene.stripes())
    clean = fits.misfit <= 1.0
    assert clean.mean() >= 0.5
    found = fits.sigma_px[clean]
    assert np.median(found) == pytest.approx(scene.true_px, rel=0.06)
    low, high = np.percentile(found, [10, 90])
    assert 0.6 * scene.true_px < low <= high < 1.5 * scene.true_px


@pytest.mark.parametrize("width", [3.0, 4.5, 6.0])
def test_both_sides_of_a_bar_are_told_from_its_blur(width: float) -> None:
    scene = Scene(sigma_px=0.8, line_px=width, noise=0.5, dark=0.05, bright=0.5)
    _, fits = fitted(scene, scene.lines())
    clean = fits.misfit <= 1.0
    assert clean.sum() > 100
    assert np.median(fits.sigma_px[clean]) == pytest.approx(scene.true_px, rel=0.08)


def test_a_thin_line_is_read_as_one_without_width() -> None:
    scene = Scene(sigma_px=1.8, line_px=2.0, noise=1.0, dark=0.05, bright=0.5)
    _, fits = fitted(scene, scene.lines())
    wide = np.hypot(scene.true_px, 2.0 / np.sqrt(12))
    assert np.median(fits.sigma_px[fits.misfit <= 1.0]) == pytest.approx(wide, rel=0.05)


def test_stones_are_given_up() -> None:
    scene = Scene(sigma_px=0.6, side_px=256)
    crests, fits = fitted(scene, scene.concrete())
    assert len(crests.row) > 1000
    assert (fits.misfit <= 1.0).mean() < 0.05
    assert np.isnan(fits.sigma_px[np.isinf(fits.misfit)]).all()
    assert np.isfinite(fits.sigma_px[np.isfinite(fits.misfit)]).all()


def test_without_crests_there_is_nothing_to_fit() -> None:
    light = np.full((64, 64), 90.0, np.float32)
    crests = find_crests(np.full((64, 64), 90, np.uint8), rim_px=8)
    fits = fit_edges(light, crests, reach_px=REACH_PX)
    assert len(fits.sigma_px) == len(fits.misfit) == len(crests.row) == 0
    assert len(crests.take(np.array([], dtype=np.int64)).turn) == 0


def test_a_strip_fits_beside_the_border_in_every_direction() -> None:
    assert rim_px(7) == 8 and rim_px(12) == 13 and rim_px(20) == 21
    assert CREST_SCALE_PX < 2.0

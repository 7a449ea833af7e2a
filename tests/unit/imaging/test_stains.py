"""A thin crack in a stain is a thin crack; a wide dark trough stays wide."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import erf

from inspection.domain.widthcalibration import Tone, WidthCalibration
from inspection.imaging.trough import fit_troughs
from inspection.imaging.widths import measure_light

FREE = WidthCalibration(
    name="darkness that varies",
    tone=Tone.SRGB,
    core=0.25,
    core_std=0.15,
    blur_px=0.75,
    blur_std_px=0.1,
    floor_px=0.0,
    share=0.0,
    limit_px=0.0,
)
AT = np.arange(-15, 16, dtype=np.float64)


def band(width_px: float, blur_px: float = 0.75, centre_px: float = 0.0) -> NDArray[np.float64]:
    """Give the share of each sample inside a band behind a blur."""
    left, right = (AT - centre_px + s * width_px / 2 for s in (1, -1))
    scale = blur_px * np.sqrt(2)
    return np.asarray(0.5 * (erf(left / scale) - erf(right / scale)))


def profiles(light: NDArray[np.float64], noise: float = 0.004) -> NDArray[np.float64]:
    """Repeat a profile with noise, (200, 31)."""
    rng = np.random.default_rng(4)
    return np.asarray(0.45 * light + rng.normal(0, noise, (200, len(light))))


@pytest.mark.parametrize("stain_px", [5.0, 7.0, 10.0])
@pytest.mark.parametrize("depth", [0.12, 0.2])
def test_a_stain_is_not_taken_for_a_wide_crack(stain_px: float, depth: float) -> None:
    stain = 1 - depth * band(stain_px, blur_px=1.2)
    found = measure_light(profiles(stain), FREE, False, True)
    read = found.width_px[np.isfinite(found.width_px)]
    raw = fit_troughs(profiles(stain), np.full(200, FREE.core), FREE)
    assert np.median(raw.width_px) > 3.0  # what the free fit alone would say
    assert np.median(raw.core) > 0.5
    lost_px = depth * stain_px / (1 - FREE.core)
    assert 0.0 < np.median(read) <= 1.25 * lost_px


def test_a_thin_crack_beside_a_stain_keeps_its_width() -> None:
    light = (1 - 0.75 * band(0.8)) * (1 - 0.1 * band(8.0, blur_px=1.2, centre_px=2.0))
    found = measure_light(profiles(light), FREE, False, True)
    # the stain adds at most its own missing light, 0.1 · 8 px ÷ 0.75
    assert 0.7 < np.median(found.width_px) < 0.8 + 1.07
    assert np.percentile(found.width_px, 95) < 2.5


@pytest.mark.parametrize("width_px", [3.0, 5.0, 8.0])
def test_a_dark_wide_crack_stays_wide(width_px: float) -> None:
    light = 1 - 0.7 * band(width_px)
    found = measure_light(profiles(light), FREE, False, True)
    assert np.median(found.width_px) == pytest.approx(width_px, abs=0.15)
    fitted = fit_troughs(profiles(light), np.full(200, FREE.core), FREE)
    assert np.median(fitted.core) == pytest.approx(0.3, abs=0.06)


def test_a_known_darkness_is_given_back_as_it_was_given() -> None:
    known = replace(FREE, core_std=0.0)
    given = np.linspace(0.1, 0.4, 200)
    fitted = fit_troughs(profiles(1 - 0.7 * band(4.0)), given, known)
    assert np.array_equal(fitted.core, given)


def test_profiles_settle_as_if_they_were_alone() -> None:
    wide, thin = profiles(1 - 0.7 * band(6.0)), profiles(1 - 0.7 * band(0.6))
    core = np.full(200, FREE.core)
    together = fit_troughs(np.concatenate([wide, thin]), np.concatenate([core, core]), FREE)
    for part, rows in ((wide, slice(0, 200)), (thin, slice(200, 400))):
        alone = fit_troughs(part, core, FREE)
        assert together.width_px[rows] == pytest.approx(alone.width_px, abs=1e-9)

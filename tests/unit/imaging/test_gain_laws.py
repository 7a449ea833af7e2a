"""Exposure factors: agree where photos overlap, stay near 1, and never invent a correction."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from inspection.imaging.album import Album
from inspection.imaging.gain import (
    MAX_GAIN,
    MIN_COMMON_POINTS,
    level_gains,
    solve_gains,
)
from inspection.imaging.ortho import View
from inspection.imaging.surface import FlatSurface

LAW = settings(derandomize=True, deadline=None, max_examples=60)
GREY = st.floats(20, 230)


def tones(*levels: float, probes: int = 20) -> NDArray[np.float32]:
    """Let every photo see all probes at one grey level."""
    column = np.asarray(levels, dtype=np.float32)[:, None, None]
    return np.asarray(column * np.ones((1, probes, 3), dtype=np.float32))


def test_equal_photos_are_left_alone() -> None:
    gains = solve_gains(tones(90, 90, 90))
    assert gains.shape == (3, 3)
    assert gains.dtype == np.float32
    assert np.allclose(gains, 1, atol=1e-6)


def test_one_photo_has_nobody_to_agree_with() -> None:
    assert solve_gains(tones(37)).tolist() == [[1, 1, 1]]


@LAW
@given(first=GREY, ratio=st.floats(0.85, 1.18))
def test_two_photos_meet_on_both_sides_and_most_of_the_way(first: float, ratio: float) -> None:
    second = first * ratio
    if not 4 < second < 250:
        return
    gains = solve_gains(tones(first, second))[:, 0].astype(float)
    before, after = abs(np.log(ratio)), abs(np.log(second * gains[1] / (first * gains[0])))
    assert after <= before / 8 + 1e-5  # 0.25 / (0.25 + 2): the tie to 1 keeps a ninth
    assert np.isclose(gains[0] * gains[1], 1, atol=1e-5)  # neither is the reference


@LAW
@given(levels=st.lists(st.floats(5, 249), min_size=2, max_size=6))
def test_no_factor_leaves_its_bounds(levels: list[float]) -> None:
    gains = solve_gains(tones(*levels))
    assert np.isfinite(gains).all()
    assert gains.min() >= np.float32(1 / MAX_GAIN) - 1e-6
    assert gains.max() <= np.float32(MAX_GAIN) + 1e-6


def test_both_bounds_are_reached() -> None:
    gains = solve_gains(tones(30, 240))[:, 0]
    assert np.allclose(gains, [MAX_GAIN, 1 / MAX_GAIN], atol=1e-6)


@LAW
@given(
    levels=st.lists(st.floats(60, 90), min_size=2, max_size=5),
    shift=st.floats(0.5, 2.0),
)
def test_only_ratios_count(levels: list[float], shift: float) -> None:
    plain = solve_gains(tones(*levels))
    assert np.allclose(solve_gains(tones(*levels) * np.float32(shift)), plain, atol=1e-4)


@LAW
@given(levels=st.lists(GREY, min_size=2, max_size=5), seed=st.integers(0, 99))
def test_the_order_of_photos_does_not_matter(levels: list[float], seed: int) -> None:
    order = np.random.default_rng(seed).permutation(len(levels))
    every = tones(*levels)
    assert np.allclose(solve_gains(every[order]), solve_gains(every)[order], atol=1e-5)


@pytest.mark.parametrize(
    ("shared", "corrected"), [(MIN_COMMON_POINTS - 1, False), (MIN_COMMON_POINTS, True)]
)
def test_too_few_common_probes_say_nothing(shared: int, corrected: bool) -> None:
    levels = tones(100, 110, probes=30)
    levels[1, shared:] = np.nan
    assert bool(np.abs(solve_gains(levels) - 1).max() > 0.01) is corrected


@pytest.mark.parametrize("clipped", [0.0, 4.0, 250.0, 255.0])
def test_clipped_tones_are_no_evidence(clipped: float) -> None:
    levels = tones(120, 130)
    levels[1] = clipped
    assert np.allclose(solve_gains(levels), 1, atol=1e-6)


def test_one_clipped_channel_spoils_the_probe() -> None:
    levels = tones(120, 130)
    levels[1, :, 2] = 255
    assert np.allclose(solve_gains(levels), 1, atol=1e-6)


def test_channels_are_evened_out_apart() -> None:
    levels = tones(100, 100)
    levels[1, :, 0] = 110  # only red differs: white balance
    gains = solve_gains(levels)
    assert gains[0, 0] > 1.03
    assert gains[1, 0] < 0.97
    assert np.allclose(gains[:, 1:], 1, atol=1e-6)


def test_a_minority_that_differs_is_scene_and_not_exposure() -> None:
    levels = tones(100, 100, probes=21)
    levels[1, :10] = 160  # a car that only one photo shows
    assert np.allclose(solve_gains(levels), 1, atol=1e-6)


def test_a_photo_apart_from_all_others_is_left_alone() -> None:
    levels = tones(100, 110, 60, probes=40)
    levels[:2, 20:] = np.nan
    levels[2, :20] = np.nan
    gains = solve_gains(levels)
    assert gains[2].tolist() == [1, 1, 1]
    assert gains[0, 0] > 1 > gains[1, 0]


def test_a_chain_of_photos_brings_the_ends_nearer() -> None:
    levels = np.full((3, 40, 3), np.nan, dtype=np.float32)
    levels[0, :20], levels[1], levels[2, 20:] = 90, 100, 110
    gains = solve_gains(levels)[:, 0]
    assert gains[0] > 1.03
    assert gains[2] < 0.97
    assert abs(gains[1] - 1) < 0.02


def flat_view(folder: Path, name: str, level: int, left_m: float) -> View:
    path = folder / f"{name}.png"
    Image.new("RGB", (320, 320), (level, level, level)).save(path)
    return View(
        sha256=name,
        path=path,
        width_px=320,
        height_px=320,
        photo_from_plane=np.array([[100, 0, -100 * left_m], [0, 100, 0], [0, 0, 1.0]]),
    )


def test_overlapping_photos_are_levelled_by_their_tones(tmp_path: Path) -> None:
    views = [flat_view(tmp_path, "a", 100, 0.0), flat_view(tmp_path, "b", 112, 1.0)]
    x, y = np.meshgrid(np.arange(0.05, 4.2, 0.1), np.arange(0.05, 3.2, 0.1))
    probes = np.column_stack([x.ravel(), y.ravel()])
    gains = level_gains(views, FlatSurface(), Album(views), probes)
    assert gains.shape == (2, 3)
    before, after = 112 / 100, 112 * gains[1, 0] / (100 * gains[0, 0])
    assert 1 <= after < 1 + (before - 1) * 0.25


def test_photos_that_see_no_probe_are_never_decoded(tmp_path: Path) -> None:
    views = [flat_view(tmp_path, "a", 100, 0.0), flat_view(tmp_path, "far", 112, 900.0)]
    views[1].path.unlink()
    probes = np.array([[1.0, 1.0], [2.0, 2.0]])
    assert np.allclose(level_gains(views, FlatSurface(), Album(views), probes), 1)


def test_photos_that_only_touch_are_left_alone(tmp_path: Path) -> None:
    views = [flat_view(tmp_path, "a", 100, 0.0), flat_view(tmp_path, "b", 140, 3.2)]
    x, y = np.meshgrid(np.arange(0.05, 6.4, 0.1), np.arange(0.05, 3.2, 0.1))
    probes = np.column_stack([x.ravel(), y.ravel()])
    assert np.allclose(level_gains(views, FlatSurface(), Album(views), probes), 1)

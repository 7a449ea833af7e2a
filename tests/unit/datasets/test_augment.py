"""Random views keep image and classes together and stay within bytes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datasets.augment import (
    augment,
    change_light,
    crop_or_pad,
    degrade,
    draw_joint_on,
    light_table,
    motion_kernel,
    rescale,
    turn,
)
from datasets.classes import BACKGROUND, CRACK, IGNORE_INDEX, JOINT


def marked(height: int = 60, width: int = 80) -> tuple[np.ndarray, np.ndarray]:
    """Return an image whose red channel repeats its classes, so that a shift would show."""
    classes = np.zeros((height, width), dtype=np.uint8)
    classes[10:14, :] = CRACK
    classes[:, 20:26] = JOINT
    rgb = np.full((height, width, 3), 90, dtype=np.uint8)
    rgb[..., 0] = classes * 40
    return rgb, classes


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_a_view_has_the_asked_size_and_known_classes(seed: int) -> None:
    rgb, classes = augment(np.random.default_rng(seed), *marked(), 64)
    assert rgb.shape == (64, 64, 3)
    assert rgb.dtype == classes.dtype == np.uint8
    assert classes.shape == (64, 64)
    assert set(classes.ravel().tolist()) <= {BACKGROUND, CRACK, JOINT, IGNORE_INDEX}


def test_a_view_depends_on_the_generator_alone() -> None:
    one = augment(np.random.default_rng(4), *marked(), 64)
    two = augment(np.random.default_rng(4), *marked(), 64)
    assert np.array_equal(one[0], two[0])
    assert np.array_equal(one[1], two[1])


@given(seed=st.integers(0, 1000))
@settings(max_examples=20, deadline=None)
def test_turns_move_image_and_classes_alike(seed: int) -> None:
    rgb, classes = turn(np.random.default_rng(seed), *marked())
    assert np.array_equal(rgb[..., 0], classes * 40)


def test_turns_reach_all_eight_views() -> None:
    rgb, classes = marked(40, 40)
    views = {turn(np.random.default_rng(seed), rgb, classes)[1].tobytes() for seed in range(80)}
    assert len(views) == 8


@given(seed=st.integers(0, 1000))
@settings(max_examples=20, deadline=None)
def test_windows_move_image_and_classes_alike(seed: int) -> None:
    rgb, classes = crop_or_pad(np.random.default_rng(seed), *marked(), 32)
    assert classes.shape == (32, 32)
    assert np.array_equal(rgb[..., 0], classes * 40)


def test_short_side_is_ignored_in_the_labels() -> None:
    rgb, classes = crop_or_pad(np.random.default_rng(0), *marked(30, 80), 64)
    assert rgb.shape == (64, 64, 3)
    assert (classes[30:] == IGNORE_INDEX).all()
    assert (classes[:30] != IGNORE_INDEX).all()


@pytest.mark.parametrize("factor", [0.5, 0.7, 1.4, 2.0])
def test_scaling_keeps_the_share_of_crack(factor: float) -> None:
    rgb, classes = marked(80, 100)
    scaled, labels = rescale(rgb, classes, factor)
    assert scaled.shape[:2] == labels.shape == (round(80 * factor), round(100 * factor))
    before, after = (classes == CRACK).mean(), (labels == CRACK).mean()
    assert after == pytest.approx(before, rel=0.25)


def test_a_thin_crack_survives_halving_unbroken() -> None:
    classes = np.zeros((64, 64), dtype=np.uint8)
    classes[31] = CRACK
    rgb = np.zeros((64, 64, 3), dtype=np.uint8)
    _, labels = rescale(rgb, classes, 0.5)
    assert (labels == CRACK).any(axis=0).all()


def test_a_drawn_joint_never_covers_labels() -> None:
    rgb, classes = marked()
    for seed in range(10):
        darker, labels = draw_joint_on(np.random.default_rng(seed), rgb, classes)
        assert (labels[classes != BACKGROUND] == classes[classes != BACKGROUND]).all()
        assert set(np.unique(labels[classes == BACKGROUND])) <= {BACKGROUND, JOINT}
        assert (darker <= rgb).all()


@given(seed=st.integers(0, 1000), mean=st.floats(0, 1))
@settings(max_examples=25, deadline=None)
def test_tone_curves_rise(seed: int, mean: float) -> None:
    table = light_table(np.random.default_rng(seed), mean).astype(int)
    assert table.shape == (256, 1, 3)
    assert (np.diff(table, axis=0) >= 0).all()


def test_light_and_lens_keep_shape_and_type() -> None:
    rgb, _ = marked()
    for seed in range(40):
        rng = np.random.default_rng(seed)
        result = degrade(rng, change_light(rng, rgb))
        assert result.shape == rgb.shape
        assert result.dtype == np.uint8


@given(seed=st.integers(0, 1000))
@settings(max_examples=25, deadline=None)
def test_motion_blur_keeps_brightness(seed: int) -> None:
    kernel = motion_kernel(np.random.default_rng(seed))
    assert kernel.sum() == pytest.approx(1, abs=1e-5)
    assert 3 <= len(kernel) <= 7
    assert np.count_nonzero(kernel) >= 2

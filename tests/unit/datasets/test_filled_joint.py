"""Joints and cracks drawn into real chips: where they are, they are labelled, all of it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from datasets.augment import augment, crack_on, fill_joint_on
from datasets.classes import BACKGROUND, CRACK, IGNORE_INDEX, JOINT
from datasets.filled_joint import FilledJoint, lay_filled_joint, paint_filled_joint

SIDE = 128
Bytes = NDArray[np.uint8]


def concrete(seed: int = 1) -> Bytes:
    rng = np.random.default_rng(seed)
    return rng.normal(150, 8, (SIDE, SIDE, 3)).clip(0, 255).astype(np.uint8)


def plain_labels() -> Bytes:
    return np.full((SIDE, SIDE), BACKGROUND, dtype=np.uint8)


@settings(derandomize=True, deadline=None, max_examples=40)
@given(st.integers(0, 10_000))
def test_a_joint_is_a_band_across_the_chip(seed: int) -> None:
    joint = lay_filled_joint(np.random.default_rng(seed), SIDE)
    assert joint.filling.shape == joint.shadow.shape == (SIDE, SIDE)
    for field in (joint.filling, joint.shadow):
        assert field.dtype == np.float32
        assert 0 <= field.min() and field.max() <= 1
    borders = (joint.cover[0], joint.cover[-1], joint.cover[:, 0], joint.cover[:, -1])
    assert sum(bool(border.any()) for border in borders) >= 2  # it runs through, it is no blot
    assert joint.cover.mean() < 0.6


def test_joints_come_narrow_and_wide_with_and_without_dark_edges() -> None:
    drawn = [lay_filled_joint(np.random.default_rng(seed), SIDE) for seed in range(60)]
    shares = np.array([joint.cover.mean() for joint in drawn])
    assert shares.min() < 0.06 and shares.max() > 0.2
    edged = np.array([bool((joint.shadow > 0.25).any()) for joint in drawn])
    assert 0.6 < edged.mean() < 1


def test_dark_edges_belong_to_the_joint_even_outside_its_filling() -> None:
    drawn = (lay_filled_joint(np.random.default_rng(seed), SIDE) for seed in range(60))
    outside = [int(((j.shadow > 0.3) & (j.filling < 0.1) & j.cover).sum()) for j in drawn]
    assert max(outside) > 20


def test_what_is_not_covered_keeps_its_pixels() -> None:
    rng, surface = np.random.default_rng(5), concrete()
    joint = lay_filled_joint(rng, SIDE)
    painted = paint_filled_joint(rng, surface, joint)
    untouched = (joint.filling == 0) & (joint.shadow == 0)
    assert untouched.any()
    assert np.array_equal(painted[untouched], surface[untouched])
    assert not np.array_equal(painted[joint.cover], surface[joint.cover])


def test_a_shadow_darkens_and_a_filling_is_another_matter() -> None:
    flat = np.full((SIDE, SIDE, 3), 150, dtype=np.uint8)
    none = np.zeros((SIDE, SIDE), dtype=np.float32)
    line = none.copy()
    line[60] = 0.5
    dark = paint_filled_joint(
        np.random.default_rng(0), flat, FilledJoint(filling=none, shadow=line)
    )
    assert (dark[60] == 75).all()
    band = none.copy()
    band[40:80] = 1
    filled = paint_filled_joint(
        np.random.default_rng(0), flat, FilledJoint(filling=band, shadow=none)
    )
    assert filled[40:80].std() > 0
    assert filled[40:80].mean() < 150
    assert (filled[:40] == 150).all()


def test_cracks_stay_on_top_of_a_joint_and_what_is_undecided_stays_so() -> None:
    labels = plain_labels()
    labels[:, 60:64], labels[:, 100:] = CRACK, IGNORE_INDEX
    _, told = fill_joint_on(np.random.default_rng(3), concrete(), labels)
    assert (told[:, 60:64] == CRACK).all()
    assert (told[:, 100:] == IGNORE_INDEX).all()
    assert set(np.unique(told)) == {BACKGROUND, CRACK, JOINT, IGNORE_INDEX}


@settings(derandomize=True, deadline=None, max_examples=30)
@given(st.integers(0, 10_000))
def test_a_drawn_crack_is_darker_than_it_was_and_labelled(seed: int) -> None:
    surface, rng = concrete(seed), np.random.default_rng(seed)
    dark, told = crack_on(rng, surface, plain_labels())
    crack = told == CRACK
    assert set(np.unique(told)) <= {BACKGROUND, CRACK}
    assert (dark <= surface).all()
    if crack.any():
        assert dark[crack].mean() < 0.9 * surface[crack].mean()


def test_drawn_cracks_come_in_widths_of_one_and_of_many_pixels() -> None:
    surface = concrete()
    covered = [
        int((crack_on(np.random.default_rng(seed), surface, plain_labels())[1] == CRACK).sum())
        for seed in range(40)
    ]
    assert min(covered) < 80 and max(covered) > 500


def test_a_crack_is_drawn_over_a_joint() -> None:
    labels = np.full((SIDE, SIDE), JOINT, dtype=np.uint8)
    told = [crack_on(np.random.default_rng(s), concrete(), labels)[1] for s in range(10)]
    assert any((each == CRACK).any() for each in told)


@pytest.mark.parametrize("kind", [CRACK, JOINT])
def test_views_of_bare_concrete_hold_some_of_either(kind: int) -> None:
    """A network that only sees drawn joints takes whatever is drawn for a joint."""
    bare, labels = concrete(), plain_labels()
    views = [augment(np.random.default_rng(s), bare, labels, 96)[1] for s in range(120)]
    share = np.mean([bool((classes == kind).any()) for classes in views])
    assert 0.02 < share < 0.6

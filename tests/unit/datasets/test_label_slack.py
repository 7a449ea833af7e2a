"""Labels drawn beside their cracks are moved onto them, and only those."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from datasets.chips import Chip
from datasets.classes import BACKGROUND, CRACK, IGNORE_INDEX, PATCH
from datasets.label_slack import label_shift, move_labels, on_the_cracks
from datasets.manifest import Split

SIDE = 96
REACH = 4


def crack_and_label(seed: int = 1) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Draw a dark crooked line on grainy concrete, and the label that lies on it."""
    rng = np.random.default_rng(seed)
    rgb = rng.normal(150, 6, (SIDE, SIDE, 3)).clip(0, 255).astype(np.uint8)
    classes = np.full((SIDE, SIDE), BACKGROUND, dtype=np.uint8)
    middle = 48 + np.cumsum(rng.integers(-1, 2, SIDE))
    for row, column in enumerate(middle.clip(20, 76)):
        rgb[row, column : column + 2] = 60
        classes[row, column : column + 2] = CRACK
    return rgb, classes


def chip_of(rgb: NDArray[np.uint8], classes: NDArray[np.uint8]) -> Chip:
    return Chip(
        source="drawn",
        split=Split.TRAIN,
        group="g",
        name="n",
        rgb=rgb,
        classes=classes,
        gsd_mm_per_px=None,
    )


@settings(derandomize=True, deadline=None, max_examples=30)
@given(st.integers(-REACH, REACH), st.integers(-REACH, REACH), st.integers(0, 1000))
def test_a_drawing_beside_its_crack_is_moved_back_onto_it(down: int, right: int, seed: int) -> None:
    rgb, classes = crack_and_label(seed)
    beside = move_labels(classes, (down, right))
    assert label_shift(rgb, beside, REACH) == (-down, -right)
    mended = on_the_cracks(chip_of(rgb, beside), REACH).classes
    inside = (slice(REACH, SIDE - REACH),) * 2
    assert np.array_equal(mended[inside] == CRACK, classes[inside] == CRACK)


def test_a_drawing_that_lies_right_stays_the_same_object() -> None:
    chip = chip_of(*crack_and_label())
    assert on_the_cracks(chip, REACH) is chip
    assert on_the_cracks(chip, 0) is chip


def test_a_drawing_farther_off_than_the_reach_is_not_moved_onto_something_else() -> None:
    rgb, classes = crack_and_label()
    far = move_labels(classes, (0, 15))
    down, right = label_shift(rgb, far, REACH)
    assert max(abs(down), abs(right)) <= REACH


def test_a_bright_line_is_no_crack_to_move_to() -> None:
    """Paint beside the label is lighter than the road; nothing within reach is darker."""
    rgb = np.full((SIDE, SIDE, 3), 120, dtype=np.uint8)
    rgb[:, 50:54] = 250
    classes = np.full((SIDE, SIDE), BACKGROUND, dtype=np.uint8)
    classes[:, 51:53] = CRACK
    assert label_shift(rgb, classes, 1) == (0, 0)


@pytest.mark.parametrize("labelled", [0, 10])
def test_too_little_label_tells_nothing(labelled: int) -> None:
    rgb, classes = crack_and_label()
    classes[:] = BACKGROUND
    classes[40 : 40 + labelled, 40] = CRACK
    assert label_shift(rgb, classes, REACH) == (0, 0)


def test_all_labels_move_together_and_the_border_is_undecided() -> None:
    classes = np.full((6, 8), BACKGROUND, dtype=np.uint8)
    classes[2, 3], classes[4, 6] = CRACK, PATCH
    moved = move_labels(classes, (1, -2))
    assert moved[3, 1] == CRACK
    assert moved[5, 4] == PATCH
    assert (moved[0] == IGNORE_INDEX).all()
    assert (moved[:, -2:] == IGNORE_INDEX).all()
    assert (moved == BACKGROUND).sum() == 5 * 6 - 2


@settings(derandomize=True, deadline=None, max_examples=30)
@given(st.integers(-5, 5), st.integers(-5, 5))
def test_moving_there_and_back_loses_the_border_only(down: int, right: int) -> None:
    rng = np.random.default_rng(3)
    classes = rng.integers(0, 5, (12, 14)).astype(np.uint8)
    back = move_labels(move_labels(classes, (down, right)), (-down, -right))
    known = back != IGNORE_INDEX
    assert np.array_equal(back[known], classes[known])
    assert known.sum() == (12 - abs(down)) * (14 - abs(right))

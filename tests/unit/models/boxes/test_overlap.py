"""How boxes overlap, and which say the same again."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from models.boxes.overlap import iou_table, suppress


def boxes(*rows: tuple[float, float, float, float]) -> np.ndarray:
    return np.array(rows, dtype=np.float64).reshape(-1, 4)


@st.composite
def some_boxes(draw: st.DrawFn) -> np.ndarray:
    corners = draw(
        arrays(np.float64, st.tuples(st.integers(0, 6), st.just(4)), elements=st.integers(0, 20))
    )
    low = np.minimum(corners[:, :2], corners[:, 2:])
    high = np.maximum(corners[:, :2], corners[:, 2:]) + 1
    return np.hstack([low, high])


@pytest.mark.parametrize(
    ("other", "iou"),
    [
        ((0, 0, 10, 10), 1.0),
        ((0, 0, 10, 5), 0.5),
        ((5, 0, 15, 10), 1 / 3),
        ((5, 5, 15, 15), 25 / 175),
        ((10, 0, 20, 10), 0.0),  # edges touch
        ((50, 50, 60, 60), 0.0),
        ((3, 3, 3, 9), 0.0),  # no width
    ],
)
def test_golden_overlaps(other: tuple[float, float, float, float], iou: float) -> None:
    assert iou_table(boxes((0, 0, 10, 10)), boxes(other))[0, 0] == pytest.approx(iou)


@settings(max_examples=40)
@given(some_boxes(), some_boxes())
def test_overlap_goes_both_ways_and_lies_between_nought_and_one(
    one: np.ndarray, two: np.ndarray
) -> None:
    table = iou_table(one, two)
    assert table.shape == (len(one), len(two))
    assert np.allclose(table, iou_table(two, one).T)
    assert ((table >= 0) & (table <= 1)).all()
    assert np.allclose(np.diag(iou_table(one, one)), 1)


def test_a_box_of_nothing_overlaps_nothing() -> None:
    nothing = boxes((3, 3, 3, 3))
    assert iou_table(nothing, nothing).tolist() == [[0.0]]


def test_the_surest_of_a_class_stays() -> None:
    told = boxes((0, 0, 10, 10), (0, 0, 10, 9), (1, 0, 11, 10), (40, 0, 50, 10))
    kept = suppress(told, np.array([0.5, 0.9, 0.7, 0.1]), np.zeros(4, dtype=np.int64), overlap=0.6)
    assert kept.tolist() == [1, 3]


def test_what_has_fallen_makes_nothing_fall() -> None:
    # the middle one falls to the first; the last overlaps only the middle one
    chain = boxes((0, 0, 10, 10), (3, 0, 13, 10), (6, 0, 16, 10))
    kept = suppress(chain, np.array([0.9, 0.8, 0.7]), np.zeros(3, dtype=np.int64), overlap=0.5)
    assert kept.tolist() == [0, 2]


def test_classes_do_not_disturb_each_other() -> None:
    same = boxes((0, 0, 10, 10), (0, 0, 10, 10))
    kept = suppress(same, np.array([0.2, 0.9]), np.array([0, 1]), overlap=0.5)
    assert kept.tolist() == [1, 0]


def test_an_overlap_of_one_drops_nothing() -> None:
    same = boxes(*[(0, 0, 10, 10)] * 3)
    kept = suppress(same, np.array([0.2, 0.9, 0.5]), np.zeros(3, dtype=np.int64), overlap=1.0)
    assert kept.tolist() == [1, 2, 0]


def test_nothing_stays_nothing() -> None:
    assert suppress(boxes(), np.zeros(0), np.zeros(0, dtype=np.int64), overlap=0.5).shape == (0,)


@settings(max_examples=40)
@given(some_boxes(), st.floats(0.1, 0.9))
def test_those_that_stay_do_not_overlap_and_those_that_fall_do(
    told: np.ndarray, overlap: float
) -> None:
    scores = np.linspace(0.9, 0.1, len(told))
    kept = suppress(told, scores, np.zeros(len(told), dtype=np.int64), overlap=overlap)
    table = iou_table(told, told)
    between = table[np.ix_(kept, kept)] - np.eye(len(kept))
    assert (between <= overlap).all()
    for fallen in set(range(len(told))) - set(kept.tolist()):
        assert table[fallen, [k for k in kept if scores[k] > scores[fallen]]].max() > overlap

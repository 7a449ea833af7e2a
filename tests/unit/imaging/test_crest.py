"""The crest of an answer keeps its ridge, loses its slopes, and never gains a pixel."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from inspection.imaging.crest import RADIUS_PX, crests

planes = arrays(
    np.float32,
    st.tuples(st.just(2), st.integers(1, 12), st.integers(1, 12)),
    elements=st.floats(0, 1, width=32),
)


def crest(
    scores: NDArray[np.float32], share: float, valid: NDArray[np.bool_] | None = None
) -> NDArray[np.float32]:
    everywhere = np.ones(scores.shape[1:], dtype=bool)
    return crests(scores, share=share, valid=everywhere if valid is None else valid)


def by_hand(scores: NDArray[np.float32], share: float) -> NDArray[np.float32]:
    kept = scores.copy()
    for (k, y, x), value in np.ndenumerate(scores):
        near = scores[
            k, max(0, y - RADIUS_PX) : y + RADIUS_PX + 1, max(0, x - RADIUS_PX) : x + RADIUS_PX + 1
        ]
        if value < np.float32(share) * near.max():
            kept[k, y, x] = 0
    return kept


@given(scores=planes, share=st.sampled_from([0.0, 0.3, 0.6, 1.0]))
@settings(max_examples=80, derandomize=True, deadline=None)
def test_the_crest_is_what_its_definition_says(scores: NDArray[np.float32], share: float) -> None:
    before = scores.copy()
    assert np.array_equal(crest(scores, share), by_hand(scores, share))
    assert np.array_equal(scores, before)


@given(scores=planes)
@settings(max_examples=40, derandomize=True, deadline=None)
def test_a_share_of_nothing_keeps_everything(scores: NDArray[np.float32]) -> None:
    assert np.array_equal(crest(scores, 0.0), scores)


def blurred_line(peak: float) -> NDArray[np.float32]:
    distance = np.abs(np.arange(21) - 10)[:, None]
    line = peak * np.exp(-((distance / 2.0) ** 2))
    return np.broadcast_to(line, (2, 21, 30)).astype(np.float32)


@pytest.mark.parametrize("peak", [0.3, 0.6, 0.95])
def test_a_faint_line_is_as_wide_as_a_clear_one(peak: float) -> None:
    width = (crest(blurred_line(peak), 0.6) > 0.1 * peak)[0].sum(axis=0)
    assert (width == 3).all()


def test_pixels_without_data_score_nothing_and_overshadow_nothing() -> None:
    scores = np.full((2, 5, 6), 0.5, dtype=np.float32)
    scores[:, :, 3:] = 1.0
    valid = np.zeros((5, 6), dtype=bool)
    valid[:, :3] = True
    kept = crest(scores, 0.6, valid)
    assert (kept[:, :, :3] == 0.5).all()
    assert (kept[:, :, 3:] == 0).all()


def test_classes_do_not_overshadow_each_other() -> None:
    scores = np.zeros((2, 5, 5), dtype=np.float32)
    scores[0], scores[1] = 0.9, 0.2
    assert np.array_equal(crest(scores, 0.6), scores)


def test_nowhere_without_data_is_the_same_as_data_everywhere() -> None:
    scores = np.random.default_rng(4).random((3, 20, 30), dtype=np.float32)
    before = scores.copy()
    everywhere = np.ones((20, 30), dtype=np.bool_)
    told = crests(scores, share=0.6, valid=None)
    assert np.array_equal(told, crests(scores, share=0.6, valid=everywhere))
    assert np.array_equal(scores, before)

"""Detections in columns: what fits together is kept exactly, what does not is refused in words."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from inspection.domain.detection import ChipScores, Detections
from inspection.domain.taxonomy import DamageClass
from inspection.errors import BadInput

LAW = settings(derandomize=True, deadline=None, max_examples=80)
CLASSES = (DamageClass.CRACK, DamageClass.SPALL)
RUN = st.tuples(st.integers(0, 30), st.integers(0, 30), st.integers(1, 9))


def detections(
    *objects: list[tuple[int, int, int]], class_index: list[int] | None = None
) -> Detections:
    """Make detections of runs (row, first column, column after the last)."""
    counts = [len(runs) for runs in objects]
    every = [run for runs in objects for run in runs]
    return Detections(
        classes=CLASSES,
        class_index=np.array(class_index or [0] * len(objects), dtype=np.int32),
        confidence=np.full(len(objects), 0.5, dtype=np.float32),
        run_offsets=np.array([0, *np.cumsum(counts)], dtype=np.int64),
        runs=np.array(every, dtype=np.int32).reshape(-1, 3),
    )


def test_no_detections_are_a_fine_answer() -> None:
    none = detections()
    assert len(none) == 0
    assert none.runs.shape == (0, 3)


def test_each_detection_owns_its_runs() -> None:
    two = detections([(3, 10, 14)], [(0, 1, 2), (1, 0, 5)], class_index=[1, 0])
    assert len(two) == 2
    assert two.runs_of(0).tolist() == [[3, 10, 14]]
    assert two.runs_of(1).tolist() == [[0, 1, 2], [1, 0, 5]]
    assert [two.damage_class(n) for n in range(2)] == [DamageClass.SPALL, DamageClass.CRACK]


def test_a_box_is_half_open() -> None:
    two = detections([(3, 10, 14)], [(7, 1, 2), (9, 0, 5)])
    assert two.box_px(0) == (10, 3, 14, 4)
    assert two.box_px(1) == (0, 7, 5, 10)
    assert all(type(side) is int for side in two.box_px(0))


def test_a_mask_shows_the_pixels_and_no_others() -> None:
    mask, left, top = detections([(2, 4, 6), (3, 5, 7)]).mask(0)
    assert (left, top) == (4, 2)
    assert mask.tolist() == [[True, True, False], [False, True, True]]


def test_a_margin_may_reach_beyond_the_raster() -> None:
    mask, left, top = detections([(0, 0, 1)]).mask(0, margin_px=2)
    assert (left, top) == (-2, -2)
    assert mask.shape == (5, 5)
    assert np.argwhere(mask).tolist() == [[2, 2]]


@LAW
@given(sent=st.lists(RUN, min_size=1, max_size=8), margin=st.integers(0, 4))
def test_a_mask_is_its_runs_painted(sent: list[tuple[int, int, int]], margin: int) -> None:
    runs = sorted((row, start, start + length) for row, start, length in sent)
    one = detections(runs)
    mask, left, top = one.mask(0, margin_px=margin)
    x0, y0, x1, y1 = one.box_px(0)
    assert mask.shape == (y1 - y0 + 2 * margin, x1 - x0 + 2 * margin)
    painted = {(int(row) + top, int(column) + left) for row, column in np.argwhere(mask)}
    assert painted == {(row, x) for row, start, stop in runs for x in range(start, stop)}
    assert min(row for row, _ in painted) == y0
    assert max(column for _, column in painted) == x1 - 1


@LAW
@given(sizes=st.lists(st.integers(1, 4), max_size=6))
def test_the_runs_of_all_are_the_runs(sizes: list[int]) -> None:
    objects = [[(n, k, k + 1) for k in range(size)] for n, size in enumerate(sizes)]
    every = detections(*objects)
    joined = [tuple(run) for n in range(len(every)) for run in every.runs_of(n).tolist()]
    assert joined == [run for runs in objects for run in runs]


@pytest.mark.parametrize(("confidence", "offsets"), [(1, 3), (3, 3), (2, 2), (2, 4)])
def test_columns_of_different_length_are_refused(confidence: int, offsets: int) -> None:
    words = rf"columns of 2 detections need shapes \(2,\) and \(3,\), got \({confidence},\)"
    with pytest.raises(BadInput, match=words):
        Detections(
            classes=CLASSES,
            class_index=np.zeros(2, dtype=np.int32),
            confidence=np.zeros(confidence, dtype=np.float32),
            run_offsets=np.zeros(offsets, dtype=np.int64),
            runs=np.zeros((0, 3), dtype=np.int32),
        )


@pytest.mark.parametrize("shape", [(3, 3), (5, 3), (4, 2), (4, 4), (12,)])
def test_runs_that_do_not_match_the_offsets_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(BadInput, match=r"runs need shape \(4, 3\), got \("):
        Detections(
            classes=CLASSES,
            class_index=np.zeros(1, dtype=np.int32),
            confidence=np.zeros(1, dtype=np.float32),
            run_offsets=np.array([0, 4], dtype=np.int64),
            runs=np.zeros(shape, dtype=np.int32),
        )


def scores(*shape: int) -> NDArray[np.float32]:
    return np.zeros(shape, dtype=np.float32)


@pytest.mark.parametrize("shape", [(2, 8, 8), (2, 1, 1), (2, 0, 5)])
def test_scores_have_a_plane_for_each_class(shape: tuple[int, ...]) -> None:
    assert ChipScores(classes=CLASSES, scores=scores(*shape)).scores.shape == shape


@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 8, 8), (8, 8), (8, 8, 2), (1, 2, 8, 8)])
def test_scores_of_another_shape_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(BadInput, match=r"scores need shape \(2, H, W\), got"):
        ChipScores(classes=CLASSES, scores=scores(*shape))

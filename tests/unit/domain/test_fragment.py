"""Pieces of chips join to what the whole raster shows, wherever the borders lie."""

import random
from itertools import pairwise

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from inspection.domain.detection import Detections
from inspection.domain.fragment import (
    ELSEWHERE_PX,
    JOINT_SHARE,
    NOTHING,
    SCORE_STEPS,
    Fragments,
    Thresholds,
    closed_specks_dropped,
    fragments,
    join,
    keeps_to_joint,
    winners,
)
from inspection.domain.taxonomy import DamageClass
from inspection.errors import BadInput

CLASSES = (DamageClass.CRACK, DamageClass.POTHOLE)
HALF = Thresholds(upper=(0.6, 0.6), continuation_ratio=0.5)

Scores = NDArray[np.float32]


def cut(scores: Scores, columns: list[int], rows: list[int]) -> list[tuple[int, int, int, int]]:
    _, height, width = scores.shape
    xs = sorted({0, width, *(c for c in columns if c < width)})
    ys = sorted({0, height, *(r for r in rows if r < height)})
    return [(x0, y0, x1, y1) for y0, y1 in pairwise(ys) for x0, x1 in pairwise(xs)]


def piece(scores: Scores, core: tuple[int, int, int, int], thresholds: Thresholds) -> Fragments:
    x0, y0, x1, y1 = core
    valid = np.ones((y1 - y0, x1 - x0), dtype=bool)
    best = winners(scores[:, y0:y1, x0:x1], (0, 1), thresholds=thresholds, valid=valid)
    return fragments(best, thresholds=thresholds, x_px=x0, y_px=y0)


def found(
    scores: Scores,
    cores: list[tuple[int, int, int, int]],
    *,
    min_area_px: int = 1,
    thresholds: Thresholds = HALF,
    drop_early: bool = True,
) -> Detections:
    parts = []
    for core in cores:
        part = piece(scores, core, thresholds)
        if drop_early:
            part = closed_specks_dropped(part, core=core, min_area_px=min_area_px)
        parts.append(part)
    return join(parts, classes=CLASSES, min_area_px=min_area_px)


def same(one: Detections, other: Detections) -> bool:
    return one.classes == other.classes and all(
        np.array_equal(getattr(one, name), getattr(other, name))
        for name in ("class_index", "confidence", "run_offsets", "runs")
    )


def truth(scores: Scores, min_area_px: int) -> set[tuple[int, frozenset[tuple[int, int]]]]:
    """Find the same detections with OpenCV on the whole image."""
    reached = np.where(scores >= np.float32(0.3), scores, 0)
    winner = np.where(reached.max(axis=0) > 0, reached.argmax(axis=0) + 1, 0)
    detections = set()
    for index in range(len(CLASSES)):
        mask = (winner == index + 1).astype(np.uint8)
        count, label = cv2.connectedComponents(mask, connectivity=8)
        for number in range(1, count):
            here = label == number
            if here.sum() >= min_area_px and (scores[index][here] >= np.float32(0.6)).any():
                detections.add((index, frozenset(zip(*np.nonzero(here), strict=True))))
    return detections


def pixels(detections: Detections) -> set[tuple[int, frozenset[tuple[int, int]]]]:
    return {
        (
            int(detections.class_index[i]),
            frozenset((int(r), x) for r, a, b in detections.runs_of(i) for x in range(a, b)),
        )
        for i in range(len(detections))
    }


levels = st.sampled_from([np.float32(v) for v in (0.0, 0.0, 0.1, 0.3, 0.4, 0.6, 0.9)])
rasters = st.tuples(st.integers(1, 24), st.integers(1, 24)).flatmap(
    lambda size: arrays(np.float32, (2, *size), elements=levels, fill=st.just(np.float32(0)))
)
dense = st.tuples(st.integers(1, 24), st.integers(1, 24), st.integers(0, 2**32 - 1)).map(
    lambda spec: np.random.default_rng(spec[2]).choice(
        np.array([0, 0, 0.1, 0.3, 0.4, 0.6], dtype=np.float32), (2, spec[0], spec[1])
    )
)
borders = st.lists(st.integers(1, 23), max_size=6)


@given(
    scores=rasters | dense, columns=borders, rows=borders, area=st.integers(1, 6), data=st.data()
)
@settings(max_examples=200, derandomize=True, deadline=None)
def test_joined_chips_are_the_components_of_the_whole_raster(
    scores: Scores, columns: list[int], rows: list[int], area: int, data: st.DataObject
) -> None:
    cores = data.draw(st.permutations(cut(scores, columns, rows)))
    joined = found(scores, cores, min_area_px=area)
    assert pixels(joined) == truth(scores, area)
    whole = found(scores, cut(scores, [], []), min_area_px=area, drop_early=False)
    assert same(joined, whole)


@given(scores=dense)
@settings(max_examples=60, derandomize=True, deadline=None)
def test_detections_are_in_canonical_order_with_mean_scores(scores: Scores) -> None:
    joined = found(scores, cut(scores, [7], [9]))
    first = [tuple(joined.runs_of(i)[0]) for i in range(len(joined))]
    assert first == sorted(first)
    for i in range(len(joined)):
        runs = joined.runs_of(i)
        assert np.array_equal(runs, runs[np.lexsort((runs[:, 1], runs[:, 0]))])
        mask, left, top = joined.mask(i)
        y, x = np.nonzero(mask)
        mean = scores[joined.class_index[i], y + top, x + left].mean(dtype=np.float64)
        assert joined.confidence[i] == pytest.approx(mean, abs=1 / SCORE_STEPS)


def test_a_crack_over_a_corner_of_four_chips_is_one() -> None:
    scores = np.zeros((2, 40, 40), dtype=np.float32)
    scores[0][np.eye(40, dtype=bool)] = 0.9
    joined = found(scores, cut(scores, [20], [20]), min_area_px=40)
    assert len(joined) == 1
    assert joined.box_px(0) == (0, 0, 40, 40)


def test_an_anti_diagonal_over_the_corner_is_one_too() -> None:
    scores = np.zeros((2, 40, 40), dtype=np.float32)
    scores[0][np.eye(40, dtype=bool)[:, ::-1]] = 0.9
    assert len(found(scores, cut(scores, [20], [20]), min_area_px=40)) == 1


def test_a_faint_stretch_counts_only_where_it_continues_a_clear_one() -> None:
    scores = np.zeros((2, 9, 100), dtype=np.float32)
    scores[0, 2, :] = 0.4  # faint all along, with a seed far away in another chip
    scores[0, 2, 97] = 0.7
    scores[0, 6, :] = 0.4  # faint all along, without a seed
    joined = found(scores, cut(scores, [10, 50, 90], []), min_area_px=3)
    assert len(joined) == 1
    assert joined.runs.tolist() == [[2, 0, 100]]


def test_small_ends_over_a_border_are_not_specks() -> None:
    scores = np.zeros((2, 5, 20), dtype=np.float32)
    scores[0, 2, 8:12] = 0.9
    assert len(found(scores, cut(scores, [10], []), min_area_px=4)) == 1
    assert len(found(scores, cut(scores, [10], []), min_area_px=5)) == 0


def test_classes_do_not_join_and_the_better_one_wins_a_pixel() -> None:
    scores = np.zeros((2, 3, 10), dtype=np.float32)
    scores[0, 1, :6] = 0.8
    scores[1, 1, 4:] = 0.7
    joined = found(scores, cut(scores, [5], []))
    assert joined.runs.tolist() == [[1, 0, 6], [1, 6, 10]]
    assert [joined.damage_class(i) for i in range(2)] == list(CLASSES)


def test_pixels_without_data_hold_no_damage() -> None:
    scores = np.full((2, 4, 4), 0.9, dtype=np.float32)
    valid = np.zeros((4, 4), dtype=bool)
    valid[1, 2:] = True
    best = winners(scores, (0, 1), thresholds=HALF, valid=valid)
    part = fragments(best, thresholds=HALF, x_px=100, y_px=50)
    assert part.runs.tolist() == [[51, 102, 104]]
    assert part.seeds.tolist() == [2]
    assert part.area_px.tolist() == [2]


def test_specks_inside_a_core_are_dropped_at_once_and_edges_are_kept() -> None:
    scores = np.zeros((2, 20, 20), dtype=np.float32)
    scores[0, 5, 5] = scores[0, 0, 9] = scores[0, 19, 9] = 0.9
    scores[0, 9, 0] = scores[0, 9, 19] = 0.9
    core = (0, 0, 20, 20)
    kept = closed_specks_dropped(piece(scores, core, HALF), core=core, min_area_px=2)
    assert kept.runs.tolist() == [[0, 9, 10], [9, 0, 1], [9, 19, 20], [19, 9, 10]]


def test_nothing_joins_to_nothing() -> None:
    for parts in ([], [NOTHING], [NOTHING, NOTHING]):
        joined = join(parts, classes=CLASSES, min_area_px=1)
        assert len(joined) == 0
        assert joined.run_offsets.tolist() == [0]
    empty = closed_specks_dropped(NOTHING, core=(0, 0, 9, 9), min_area_px=3)
    assert len(empty) == 0


@pytest.mark.parametrize("upper", [(0.0,), (1.01,), (-0.5,), (float("nan"),)])
def test_thresholds_are_probabilities(upper: tuple[float, ...]) -> None:
    with pytest.raises(BadInput, match="above 0 and at most 1"):
        Thresholds(upper=upper, continuation_ratio=0.5)


@pytest.mark.parametrize("ratio", [0.0, 1.5, float("nan")])
def test_the_continuation_ratio_is_a_ratio(ratio: float) -> None:
    with pytest.raises(BadInput, match="continuation_ratio"):
        Thresholds(upper=(0.5,), continuation_ratio=ratio)


def test_columns_of_fragments_belong_together() -> None:
    with pytest.raises(BadInput, match="fragments of 1 runs"):
        Fragments(
            runs=np.zeros((1, 3), dtype=np.int32),
            class_index=np.zeros(2, dtype=np.int32),
            score_sum=np.zeros(1, dtype=np.int64),
            seeds=np.zeros(1, dtype=np.int64),
            beside=np.zeros(1, dtype=np.int64),
        )


ROAD = (DamageClass.CRACK, DamageClass.JOINT)


def crack_beside(lengths: list[tuple[int, int]], *, column: int = 10) -> list[Fragments]:
    """Draw one crack of rows, each so long and so much of it beside a joint, cut between rows."""
    return [
        Fragments(
            runs=np.array([[row, column, column + long]], dtype=np.int32),
            class_index=np.zeros(1, dtype=np.int32),
            score_sum=np.array([long * SCORE_STEPS], dtype=np.int64),
            seeds=np.ones(1, dtype=np.int64),
            beside=np.array([near], dtype=np.int64),
        )
        for row, (long, near) in enumerate(lengths)
    ]


def test_a_crack_that_keeps_to_a_joint_is_told_to_be_a_part_of_it() -> None:
    parts = crack_beside([(10, 10), (10, 7), (10, 0)])
    told = join(parts, classes=ROAD, min_area_px=1)
    assert [told.damage_class(i) for i in range(len(told))] == [DamageClass.JOINT]
    assert int(np.diff(told.runs[:, 1:]).sum()) == 30  # nothing of it is lost


def test_a_crack_that_only_crosses_a_joint_stays_one() -> None:
    told = join(crack_beside([(10, 0)] * 8 + [(10, 10)] * 2), classes=ROAD, min_area_px=1)
    assert told.damage_class(0) is DamageClass.CRACK


def test_a_crack_that_leaves_a_joint_for_far_stays_one() -> None:
    long = ELSEWHERE_PX + 1
    assert not keeps_to_joint(np.array([2 * long]), np.array([long]))[0]
    assert keeps_to_joint(np.array([2 * long - 1]), np.array([long]))[0]


def test_the_share_beside_a_joint_is_a_bound() -> None:
    least = round(JOINT_SHARE * 100)
    area, beside_px = np.full(3, 100), np.array([least, least - 1, 0])
    assert keeps_to_joint(area, beside_px).tolist() == [True, False, False]
    assert not keeps_to_joint(np.zeros(1, np.int64), np.zeros(1, np.int64))[0]


def test_another_class_beside_a_joint_is_left_alone() -> None:
    parts = crack_beside([(10, 10)] * 3)
    classes = (DamageClass.POTHOLE, DamageClass.CRACK, DamageClass.JOINT)
    assert join(parts, classes=classes, min_area_px=1).damage_class(0) is DamageClass.POTHOLE
    no_joint = (DamageClass.CRACK, DamageClass.POTHOLE)
    assert join(parts, classes=no_joint, min_area_px=1).damage_class(0) is DamageClass.CRACK


@settings(deadline=None, max_examples=30)
@given(st.lists(st.integers(0, 10), min_size=2, max_size=9), st.randoms(use_true_random=False))
def test_the_rule_asks_the_whole_crack_in_any_order(near: list[int], order: random.Random) -> None:
    parts = crack_beside([(10, each) for each in near])
    whole = join(parts, classes=ROAD, min_area_px=1)
    order.shuffle(parts)
    assert same(join(parts, classes=ROAD, min_area_px=1), whole)
    joint = sum(near) >= JOINT_SHARE * 10 * len(near) and sum(near) > 0
    assert (whole.damage_class(0) is DamageClass.JOINT) == joint


def test_nowhere_without_data_gives_the_same_winners_as_data_everywhere() -> None:
    scores = np.random.default_rng(5).random((2, 20, 30), dtype=np.float32)
    told = winners(scores, (0, 1), thresholds=HALF, valid=None)
    masked = winners(scores, (0, 1), thresholds=HALF, valid=np.ones((20, 30), dtype=np.bool_))
    assert np.array_equal(told.label, masked.label) and np.array_equal(told.score, masked.score)
    assert told.label.any()

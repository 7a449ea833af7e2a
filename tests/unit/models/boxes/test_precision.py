"""Golden cases of matching and average precision, worked by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.boxes.detect import Boxes
from models.boxes.precision import (
    IOUS,
    UNSEEN_THRESHOLD,
    Matched,
    average_precision,
    best_thresholds,
    match,
    mean_precision,
    score_classes,
)

SQUARE = (0.0, 0.0, 10.0, 10.0)
WITHOUT_A_FAULT = 0.995
"""What Ultralytics gives for a perfect curve: its last of 101 points falls to nought."""


def seen(*rows: tuple[tuple[float, float, float, float], float, int]) -> Boxes:
    """Return boxes of (corners, score, class)."""
    return Boxes(
        corners=np.array([row[0] for row in rows], dtype=np.float32).reshape(-1, 4),
        scores=np.array([row[1] for row in rows], dtype=np.float32),
        classes=np.array([row[2] for row in rows], dtype=np.int64),
    )


def labels(*rows: tuple[tuple[float, float, float, float], int]) -> tuple[np.ndarray, np.ndarray]:
    corners = np.array([row[0] for row in rows], dtype=np.float32).reshape(-1, 4)
    return corners, np.array([row[1] for row in rows], dtype=np.int64)


def outcome(*rights: bool, labelled: int, scores: tuple[float, ...] = ()) -> Matched:
    """Return a photo with boxes of class 0 that are true or false at every overlap."""
    told = scores or tuple(0.9 - 0.1 * place for place in range(len(rights)))
    return Matched(
        scores=np.array(told, dtype=np.float32),
        classes=np.zeros(len(rights), dtype=np.int64),
        right=np.array([[right] * len(IOUS) for right in rights], dtype=np.bool_).reshape(
            -1, len(IOUS)
        ),
        labelled=np.zeros(labelled, dtype=np.int64),
    )


class TestMatch:
    """Which boxes are true."""

    def test_overlap_decides_at_which_of_the_ten_it_is_true(self) -> None:
        # 10 x 10 against 10 x 8: IoU 0.8, true at 0.5 to 0.8, false from 0.85
        found = match(seen(((0, 0, 10, 8), 0.9, 0)), *labels((SQUARE, 0)))
        assert found.right[0].tolist() == [True] * 7 + [False] * 3

    def test_half_is_just_enough(self) -> None:
        assert match(seen(((0, 0, 10, 5), 0.9, 0)), *labels((SQUARE, 0))).right[0, 0]
        assert not match(seen(((0, 0, 10, 4.9), 0.9, 0)), *labels((SQUARE, 0))).right[0, 0]

    def test_another_class_is_false_however_well_it_lies(self) -> None:
        assert not match(seen((SQUARE, 0.9, 1)), *labels((SQUARE, 0))).right.any()

    def test_a_label_is_found_once_by_the_surest(self) -> None:
        found = match(
            seen(((0, 0, 10, 9), 0.6, 0), (SQUARE, 0.5, 0), (SQUARE, 0.4, 0)),
            *labels((SQUARE, 0)),
        )
        assert found.right[:, 0].tolist() == [True, False, False]
        # at 0.95 the first covers too little, and the second takes the label
        assert found.right[:, 9].tolist() == [False, True, False]

    def test_the_order_of_the_rows_does_not_matter(self) -> None:
        found = match(seen((SQUARE, 0.2, 0), (SQUARE, 0.8, 0)), *labels((SQUARE, 0)))
        assert found.right[:, 0].tolist() == [False, True]

    def test_two_beside_each_other_are_both_found(self) -> None:
        beside = (20.0, 0.0, 30.0, 10.0)
        found = match(seen((beside, 0.9, 0), (SQUARE, 0.8, 0)), *labels((SQUARE, 0), (beside, 0)))
        assert found.right.all()

    def test_each_takes_the_label_that_it_covers_best(self) -> None:
        # the surer lies between both and covers the right one better; the other is left
        found = match(
            seen(((4, 0, 14, 10), 0.9, 0), ((0, 0, 10, 10), 0.8, 0)),
            *labels(((0, 0, 10, 10), 0), ((5, 0, 15, 10), 0)),
        )
        assert found.right[:, 0].tolist() == [True, True]

    def test_without_labels_everything_is_false_and_without_boxes_there_is_nothing(self) -> None:
        assert not match(seen((SQUARE, 0.9, 0)), *labels()).right.any()
        nothing = match(seen(), *labels((SQUARE, 0)))
        assert nothing.right.shape == (0, 10)
        assert nothing.labelled.tolist() == [0]


class TestAveragePrecision:
    """Curves that fit on a fingertip."""

    def test_all_found_and_nothing_else_is_as_good_as_it_gets(self) -> None:
        found = average_precision([outcome(True, True, labelled=2)], 1)
        assert found.shape == (1, 10)
        assert found[0] == pytest.approx([WITHOUT_A_FAULT] * 10, abs=1e-6)

    def test_nothing_found_is_nought(self) -> None:
        assert average_precision([outcome(False, False, labelled=2)], 1).max() == 0
        assert average_precision([outcome(labelled=2)], 1).max() == 0

    def test_half_of_the_labels_found_without_a_fault_is_a_half(self) -> None:
        # precision 1 up to recall 0.5, then nought: the 101 points halve at 0.5
        found = average_precision([outcome(True, labelled=2)], 1)
        assert found[0, 0] == pytest.approx(0.5, abs=0.006)

    def test_one_false_before_one_true_is_a_half(self) -> None:
        # precision at recall 1 is 1 of 2
        found = average_precision([outcome(False, True, labelled=1)], 1)
        assert found[0, 0] == pytest.approx(0.5, abs=0.006)

    def test_true_false_true(self) -> None:
        # recall 0.5 at precision 1, recall 1 at precision 2/3; Ultralytics joins them by a line:
        # 0.5 * 1 + 0.5 * (1 + 2/3) / 2 is the area, less the last point
        found = average_precision([outcome(True, False, True, labelled=2)], 1)
        assert found[0, 0] == pytest.approx(0.5 + 0.5 * 2 / 3, abs=0.01)

    def test_what_comes_after_all_labels_does_no_harm(self) -> None:
        clean = average_precision([outcome(True, labelled=1)], 1)
        late = average_precision([outcome(True, False, False, labelled=1)], 1)
        assert late[0, 0] == pytest.approx(clean[0, 0], abs=1e-6)

    def test_photos_are_one_list_sorted_by_score(self) -> None:
        # the false box of the second photo is surer than the true one of the first
        two = [
            outcome(True, labelled=1, scores=(0.5,)),
            outcome(False, labelled=0, scores=(0.9,)),
        ]
        together = average_precision(two, 1)[0, 0]
        one = average_precision([outcome(False, True, labelled=1)], 1)[0, 0]
        assert together == pytest.approx(one)

    def test_a_class_without_a_label_is_no_number_and_does_not_count(self) -> None:
        found = average_precision([outcome(True, labelled=1)], 2)
        assert np.isnan(found[1]).all()
        assert mean_precision(found) == pytest.approx((WITHOUT_A_FAULT, WITHOUT_A_FAULT))

    def test_the_mean_is_over_classes_and_overlaps(self) -> None:
        found = np.full((2, 10), 0.0)
        found[0] = np.linspace(1.0, 0.1, 10)
        map50, whole = mean_precision(found)
        assert map50 == pytest.approx(0.5)
        assert whole == pytest.approx(0.55 / 2)

    def test_of_nothing_the_mean_is_nought(self) -> None:
        assert mean_precision(np.full((3, 10), np.nan)) == (0.0, 0.0)

    @given(st.lists(st.booleans(), max_size=12), st.integers(0, 6))
    def test_it_lies_between_nought_and_one_and_a_surer_truth_never_harms(
        self, rights: list[bool], missed: int
    ) -> None:
        labelled = sum(rights) + missed + 1
        before = average_precision([outcome(*rights, labelled=labelled)], 1)[0, 0]
        after = average_precision([outcome(True, *rights, labelled=labelled)], 1)[0, 0]
        assert 0 <= before <= after <= 1


class TestThresholds:
    """Where boxes begin to be told."""

    def test_it_lies_between_the_true_and_the_false(self) -> None:
        photo = outcome(
            *(True, True, True, False, False, False),
            labelled=3,
            scores=(0.9, 0.85, 0.8, 0.3, 0.25, 0.2),
        )
        (threshold,) = best_thresholds([photo], 1)
        assert 0.3 < threshold <= 0.8

    def test_an_unseen_class_has_the_usual_one(self) -> None:
        found = best_thresholds([outcome(True, labelled=1)], 2)
        assert found[1] == UNSEEN_THRESHOLD

    def test_it_is_never_nought_or_one(self) -> None:
        low = outcome(True, labelled=1, scores=(0.001,))
        assert best_thresholds([low], 1)[0] >= 0.01
        high = outcome(True, False, labelled=1, scores=(1.0, 0.999))
        assert best_thresholds([high], 1)[0] <= 0.99


class TestScores:
    """What the card says of a class."""

    def test_precision_and_recall_are_those_at_the_threshold(self) -> None:
        photos = [
            outcome(True, True, False, labelled=3, scores=(0.9, 0.6, 0.5)),
            outcome(False, True, labelled=1, scores=(0.8, 0.2)),
        ]
        scores, _ = score_classes(photos, [0.5], draws=5)
        (score,) = scores
        assert (score.labelled, score.photos, score.threshold) == (4, 2, 0.5)
        assert score.precision == pytest.approx(2 / 4)
        assert score.recall == pytest.approx(2 / 4)
        assert score.f1 == pytest.approx(0.5)

    def test_an_interval_holds_the_score_and_is_drawn_alike_twice(self) -> None:
        photos = [outcome(number % 3 > 0, labelled=1) for number in range(12)]
        scores, mean = score_classes(photos, [0.5], draws=60)
        again, same = score_classes(photos, [0.5], draws=60)
        interval = scores[0].ap50_interval
        assert interval is not None
        assert interval.low < scores[0].ap50 < interval.high
        assert interval.high - interval.low < 0.8
        assert (scores, mean) == (again, same)
        assert mean == interval  # there is one class

    def test_one_photo_has_no_interval_and_no_label_no_score(self) -> None:
        scores, mean = score_classes([outcome(True, labelled=1)], [0.5, 0.5], draws=5)
        assert mean is None
        assert scores[0].ap50_interval is None
        assert (scores[1].labelled, scores[1].ap50, scores[1].ap, scores[1].f1) == (0, 0, 0, 0)

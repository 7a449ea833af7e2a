"""Scores are those of small cases counted by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datasets.classes import CRACK, IGNORE_INDEX, JOINT
from datasets.manifest import Box
from inspection.domain.detection import ChipScores
from inspection.domain.fragment import Thresholds, fragments, join, winners
from inspection.domain.taxonomy import DamageClass
from inspection.imaging.candidates import Decider
from inspection.pipeline.detect import CREST_SHARE
from models.judging.metrics import (
    HitCounts,
    PixelCounts,
    candidates,
    choose_threshold,
    classify,
    count_hits,
    count_pixels,
    keep_seeded,
    long_components,
    near,
)

CLASSES = ("background", "crack", "joint")
THRESHOLDS = {"crack": 0.4, "joint": 0.5}


def pixel(background: float, crack: float, joint: float) -> np.ndarray:
    return np.array([background, crack, joint], dtype=np.float32)[:, None, None]


@pytest.mark.parametrize(
    ("probabilities", "expected"),
    [
        ((0.55, 0.45, 0.0), 1),  # above its threshold, though background is likelier
        ((0.65, 0.35, 0.0), 0),
        ((0.0, 0.49, 0.51), 2),
        ((0.06, 0.45, 0.49), 1),  # joint is likelier, but below its own threshold
        ((0.0, 0.4, 0.3), 1),  # exactly at the threshold counts
        ((1.0, 0.0, 0.0), 0),
    ],
)
def test_a_pixel_is_the_likeliest_class_above_its_threshold(
    probabilities: tuple[float, float, float], expected: int
) -> None:
    assert classify(pixel(*probabilities), THRESHOLDS, CLASSES).item() == expected


def test_near_is_a_disc() -> None:
    mask = np.zeros((9, 9), dtype=bool)
    mask[4, 4] = True
    around = near(mask, 2.0)
    assert around.sum() == 13
    assert around[4, 6]
    assert not around[6, 6]


def test_near_nothing_is_nothing() -> None:
    assert not near(np.zeros((4, 4), dtype=bool), 2.0).any()


def test_pixels_are_counted_with_and_without_tolerance() -> None:
    labelled = np.zeros((20, 20), dtype=np.uint8)
    labelled[5] = CRACK
    predicted = np.zeros((20, 20), dtype=np.uint8)
    predicted[7, :10] = CRACK  # two pixels aside, half as long
    counts = count_pixels(predicted, labelled, CRACK)
    assert (counts.predicted, counts.labelled, counts.both) == (10, 20, 0)
    assert counts.predicted_near == 10
    assert counts.labelled_near == 10  # each predicted pixel reaches exactly the one above it
    assert counts.f1 == counts.iou == 0
    assert counts.tolerant_f1 == pytest.approx(2 * 1.0 * 0.5 / 1.5)


def test_undecided_pixels_count_nowhere() -> None:
    labelled = np.full((4, 4), IGNORE_INDEX, dtype=np.uint8)
    predicted = np.full((4, 4), CRACK, dtype=np.uint8)
    assert count_pixels(predicted, labelled, CRACK) == PixelCounts()


def test_a_perfect_prediction_scores_one() -> None:
    labelled = np.zeros((8, 8), dtype=np.uint8)
    labelled[2:4] = JOINT
    counts = count_pixels(labelled, labelled, JOINT)
    assert counts.iou == counts.f1 == counts.tolerant_f1 == 1


def test_nothing_predicted_and_nothing_labelled_scores_zero_not_an_error() -> None:
    counts = PixelCounts()
    assert counts.iou == counts.f1 == counts.tolerant_f1 == 0


@settings(deadline=None)
@given(seed=st.integers(0, 1000))
def test_counts_of_two_halves_add_up(seed: int) -> None:
    rng = np.random.default_rng(seed)
    predicted = rng.integers(0, 2, (10, 10)).astype(np.uint8)
    labelled = rng.integers(0, 2, (10, 10)).astype(np.uint8)
    whole = count_pixels(predicted, labelled, CRACK, tolerance_px=0)
    halves = count_pixels(predicted[:5], labelled[:5], CRACK, tolerance_px=0) + count_pixels(
        predicted[5:], labelled[5:], CRACK, tolerance_px=0
    )
    assert whole == halves
    assert whole.both == whole.predicted_near == whole.labelled_near


@settings(deadline=None)
@given(seed=st.integers(0, 1000))
def test_tolerance_never_lowers_the_score(seed: int) -> None:
    rng = np.random.default_rng(seed)
    predicted, labelled = (rng.random((2, 16, 16)) > 0.8).astype(np.uint8)
    counts = count_pixels(predicted, labelled, CRACK)
    assert counts.tolerant_f1 >= counts.f1 - 1e-12


def f1_counts(hits: int, predicted: int, labelled: int = 100) -> PixelCounts:
    return PixelCounts(predicted=predicted, labelled=labelled, both=hits)


def test_threshold_has_the_best_mean_over_sources() -> None:
    one = {0.3: f1_counts(90, 200), 0.5: f1_counts(80, 90), 0.7: f1_counts(40, 40)}
    two = {0.3: f1_counts(50, 500), 0.5: f1_counts(50, 60), 0.7: f1_counts(49, 49)}
    assert choose_threshold([one, two]) == 0.5


def test_sources_without_the_class_do_not_vote() -> None:
    empty = {0.3: f1_counts(0, 9, 0), 0.5: f1_counts(0, 0, 0)}
    full = {0.3: f1_counts(90, 100), 0.5: f1_counts(10, 10)}
    assert choose_threshold([empty, full]) == 0.3
    assert choose_threshold([empty]) == 0.5
    assert choose_threshold([], otherwise=0.4) == 0.4


def test_of_equal_thresholds_the_lowest_is_taken() -> None:
    assert choose_threshold([{0.6: f1_counts(5, 5), 0.4: f1_counts(5, 5)}]) == 0.4


def row_of(*scores: float) -> np.ndarray:
    """Return probabilities of background, crack and joint for one row of crack scores."""
    crack = np.array([scores], dtype=np.float32)
    return np.stack([1 - crack, crack, np.zeros_like(crack)])


def test_faint_pixels_continue_a_clear_one_and_nothing_else() -> None:
    probabilities = row_of(0.25, 0.45, 0.25, 0.1, 0.3, 0.3)
    found = classify(probabilities, THRESHOLDS, CLASSES, continuation_ratio=0.5, crest_share=0.0)
    assert found.tolist() == [[1, 1, 1, 0, 0, 0]]
    alone = classify(probabilities, THRESHOLDS, CLASSES, crest_share=0.0)
    assert alone.tolist() == [[0, 1, 0, 0, 0, 0]]


def test_specks_are_dropped() -> None:
    probabilities = row_of(0.5, 0.0, 0.5, 0.5, 0.5)
    found = classify(probabilities, THRESHOLDS, CLASSES, min_area_px=3, crest_share=0.0)
    assert found.tolist() == [[0, 0, 1, 1, 1]]


def test_classes_do_not_continue_one_another() -> None:
    found = np.array([[1, 1, 2, 2]], dtype=np.uint8)
    seeds = np.array([[True, False, False, False]])
    assert keep_seeded(found, seeds).tolist() == [[1, 1, 0, 0]]


def test_corners_touch() -> None:
    found = np.eye(3, dtype=np.uint8)
    seeds = np.zeros((3, 3), dtype=bool)
    seeds[2, 2] = True
    assert keep_seeded(found, seeds).sum() == 3


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 1000))
def test_the_pipeline_decides_alike(seed: int) -> None:
    rng = np.random.default_rng(seed)
    raw = rng.random((3, 12, 14)).astype(np.float32)
    probabilities = raw / raw.sum(axis=0)
    found, seeds = candidates(probabilities, THRESHOLDS, CLASSES, 0.5, crest_share=0.0)
    rule = Thresholds(upper=(0.4, 0.5), continuation_ratio=0.5)
    valid = np.ones((12, 14), dtype=bool)
    best = winners(probabilities[1:], (0, 1), thresholds=rule, valid=valid)
    pieces = fragments(best, thresholds=rule, x_px=0, y_px=0)
    painted = np.zeros((12, 14), dtype=np.uint8)
    for (row, start, stop), index in zip(pieces.runs, pieces.class_index, strict=True):
        painted[row, start:stop] = index + 1
    assert np.array_equal(painted, found)
    assert int(pieces.seeds.sum()) == int(seeds.sum())


def test_a_crack_along_a_joint_becomes_a_part_of_it_here_as_in_the_pipeline() -> None:
    """One edge of a joint, one crack across it, one far away; the pipeline cuts at column 100."""
    side = 200
    probabilities = np.zeros((3, side, side), dtype=np.float32)
    probabilities[2, 100:106, :] = 0.9  # the joint
    probabilities[1, 90:93, 20:80] = 0.9  # its broken edge
    probabilities[1, 5:195, 150:153] = 0.95  # across it
    probabilities[1, 20:23, 20:80] = 0.9
    probabilities[0] = 1 - probabilities[1:].max(axis=0)
    told = classify(probabilities, THRESHOLDS, CLASSES, continuation_ratio=0.5, min_area_px=12)
    joint, crack = CLASSES.index("joint"), CLASSES.index("crack")
    assert (told[90:93, 20:80] == joint).all()
    assert (told[5:95, 150:153] == crack).all() and (told[110:195, 150:153] == crack).all()
    assert (told[20:23, 20:80] == crack).all()

    rule = Thresholds(upper=(0.4, 0.5), continuation_ratio=0.5)
    damage = (DamageClass.CRACK, DamageClass.JOINT)
    decider = Decider(
        scores=ChipScores(classes=damage, scores=probabilities[1:]),
        valid=np.ones((side, side), dtype=bool),
        thresholds=rule,
        crest_share=CREST_SHARE,
    )
    parts = []
    for columns in (slice(0, 100), slice(100, side)):
        best, near_joint = decider.core_beside_joints(slice(0, side), columns)
        parts.append(
            fragments(best, thresholds=rule, x_px=columns.start, y_px=0, beside_joint=near_joint)
        )
    joined = join(parts, classes=damage, min_area_px=12)
    painted = np.zeros((side, side), dtype=np.uint8)
    for index in range(len(joined)):
        for row, start, stop in joined.runs_of(index):
            painted[row, start:stop] = CLASSES.index(joined.damage_class(index).value)
    assert np.array_equal(painted, told)


def test_short_components_are_left_out() -> None:
    mask = np.zeros((40, 40), dtype=bool)
    mask[5, 5:35] = True
    mask[20, 20] = True
    labels, kept = long_components(mask, 10)
    assert len(kept) == 1
    assert (labels == kept[0]).sum() == 30


def box(x0: float, y0: float, x1: float, y1: float) -> Box:
    return Box(class_index=CRACK, x0_px=x0, y0_px=y0, x1_px=x1, y1_px=y1)


def test_hits_and_false_alarms_are_measured_in_metres() -> None:
    mask = np.zeros((1000, 1000), dtype=bool)
    mask[100, 100:300] = True  # near the first box
    mask[800, 600:900] = True  # near none
    mask[500, 500] = True  # too short to be reported
    boxes = [box(110, 80, 210, 120), box(490, 490, 510, 510), box(-40, 400, 60, 500)]
    counts = count_hits(mask, boxes, gsd_m_per_px=0.002, reach_m=0.3, least_length_m=0.1)
    assert counts == HitCounts(boxes=3, hit=1, components=2, false_alarms=1, area_m2=4.0)
    assert counts.hit_rate == pytest.approx(1 / 3)
    assert counts.false_alarms_per_100_m2 == pytest.approx(25)


@pytest.mark.parametrize(("gap_px", "hit"), [(149, 1), (151, 0)])
def test_reach_is_that_from_the_centre_of_the_box(gap_px: int, hit: int) -> None:
    mask = np.zeros((600, 600), dtype=bool)
    mask[300 + gap_px, 200:400] = True
    counts = count_hits(mask, [box(290, 290, 310, 310)], gsd_m_per_px=0.002, reach_m=0.3)
    assert counts.hit == hit


def test_a_component_beside_a_long_box_is_no_false_alarm_though_its_centre_is_far() -> None:
    mask = np.zeros((400, 2000), dtype=bool)
    mask[200, 1700:1900] = True
    counts = count_hits(mask, [box(0, 190, 1650, 210)], gsd_m_per_px=0.002)
    assert (counts.hit, counts.false_alarms) == (0, 0)


def test_empty_photo_has_area_and_nothing_else() -> None:
    counts = count_hits(np.zeros((100, 100), dtype=bool), [], gsd_m_per_px=0.01)
    assert counts == HitCounts(area_m2=1.0)
    assert counts.hit_rate == counts.false_alarms_per_100_m2 == 0


def test_hits_of_two_photos_add_up() -> None:
    one = HitCounts(boxes=4, hit=3, components=5, false_alarms=1, area_m2=100.0)
    both = one + one
    assert both == HitCounts(boxes=8, hit=6, components=10, false_alarms=2, area_m2=200.0)
    assert both.hit_rate == 0.75
    assert both.false_alarms_per_100_m2 == 1


def test_the_slopes_beside_a_clear_line_are_cut_and_a_faint_line_keeps_its_width() -> None:
    probabilities = np.zeros((3, 20, 30), dtype=np.float32)
    probabilities[1, 5], probabilities[1, [4, 6]] = 0.9, 0.5  # a clear line with slopes
    probabilities[1, 14:17] = 0.45  # a faint one, 3 px wide
    probabilities[0] = 1 - probabilities[1]
    told = classify(probabilities, THRESHOLDS, CLASSES, crest_share=0.6)
    assert sorted(set(np.nonzero(told)[0].tolist())) == [5, 14, 15, 16]
    wide = classify(probabilities, THRESHOLDS, CLASSES, crest_share=0.0)
    assert sorted(set(np.nonzero(wide)[0].tolist())) == [4, 5, 6, 14, 15, 16]

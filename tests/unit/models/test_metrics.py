"""Scores are those of small cases counted by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datasets.classes import CRACK, IGNORE_INDEX, JOINT
from datasets.manifest import Box
from models.metrics import (
    HitCounts,
    PixelCounts,
    ScoreHistogram,
    choose_threshold,
    classify,
    count_hits,
    count_pixels,
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


def histogram_of(inside: list[float], outside: list[float]) -> ScoreHistogram:
    histogram = ScoreHistogram.empty()
    values = np.array([[*inside, *outside]], dtype=np.float32)
    truth = np.array([[True] * len(inside) + [False] * len(outside)])
    histogram.add(values, truth, np.ones_like(truth))
    return histogram


def test_threshold_divides_the_two_kinds() -> None:
    threshold = choose_threshold([histogram_of([0.7, 0.6, 0.61], [0.1, 0.3, 0.45])])
    assert 0.45 < threshold <= 0.6


def test_threshold_stays_in_its_range() -> None:
    assert choose_threshold([histogram_of([0.05], [0.01])]) >= 0.2
    assert choose_threshold([histogram_of([0.99], [0.95])]) <= 0.8


def test_sources_without_the_class_do_not_vote() -> None:
    empty = histogram_of([], [0.75, 0.79])
    full = histogram_of([0.5], [0.3])
    assert choose_threshold([empty, full]) == choose_threshold([full])
    assert choose_threshold([empty]) == 0.5


def test_f1_by_threshold_is_that_of_counting() -> None:
    rng = np.random.default_rng(0)
    inside, outside = rng.random(300), rng.random(900) * 0.7
    curve = histogram_of(inside.tolist(), outside.tolist()).f1_by_threshold()
    for threshold in (0.25, 0.5, 0.65):
        hits, false = (inside >= threshold).sum(), (outside >= threshold).sum()
        expected = 2 * hits / (hits + false + len(inside))
        assert curve[round(threshold * 200)] == pytest.approx(expected, abs=0.01)


def test_undecided_pixels_are_left_out_of_the_histogram() -> None:
    histogram = ScoreHistogram.empty()
    flags = np.array([[True, False]])
    histogram.add(np.array([[0.5, 0.5]], dtype=np.float32), flags, np.zeros_like(flags))
    assert histogram.inside.sum() == histogram.outside.sum() == 0


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

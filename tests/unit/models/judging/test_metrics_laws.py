"""Laws of the scores: bounds, sums, symmetry, and how thresholds, seeds and reach act."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from datasets.classes import IGNORE_INDEX
from datasets.manifest import Box
from models.judging.metrics import (
    HitCounts,
    PixelCounts,
    candidates,
    choose_threshold,
    classify,
    count_hits,
    count_pixels,
    decided,
    keep_seeded,
    long_components,
    near,
)

LAW = settings(derandomize=True, deadline=None, max_examples=60)
CLASSES = ("background", "crack", "joint")
THRESHOLDS = {"crack": 0.4, "joint": 0.6}
SEEDS = st.integers(0, 10_000)


def random_labels(seed: int, shape: tuple[int, int] = (12, 15)) -> NDArray[np.uint8]:
    rng = np.random.default_rng(seed)
    return rng.choice(np.array([0, 0, 0, 1, 1, 2, IGNORE_INDEX], dtype=np.uint8), shape)


def random_probabilities(seed: int) -> NDArray[np.float32]:
    raw = np.random.default_rng(seed).random((3, 9, 11)) ** 3
    return (raw / raw.sum(axis=0)).astype(np.float32)


def pixel(crack: float, joint: float) -> NDArray[np.float32]:
    return np.array([1 - crack - joint, crack, joint], dtype=np.float32)[:, None, None]


def box(x0: float, y0: float, x1: float, y1: float) -> Box:
    return Box(class_index=1, x0_px=x0, y0_px=y0, x1_px=x1, y1_px=y1)


class TestPixelCounts:
    @LAW
    @given(first=SEEDS, second=SEEDS)
    def test_scores_lie_between_zero_and_one_and_keep_their_order(
        self, first: int, second: int
    ) -> None:
        counts = count_pixels(random_labels(first), random_labels(second), 1)
        assert 0 <= counts.iou <= counts.f1 <= counts.tolerant_f1 <= 1
        # F1 and IoU are one number in two forms
        assert counts.f1 == pytest.approx(2 * counts.iou / (1 + counts.iou))

    @LAW
    @given(first=SEEDS, second=SEEDS)
    def test_prediction_and_label_change_places(self, first: int, second: int) -> None:
        a, b = random_labels(first), random_labels(second)
        a[a == IGNORE_INDEX], b[b == IGNORE_INDEX] = 0, 0
        there, back = count_pixels(a, b, 1), count_pixels(b, a, 1)
        assert (there.predicted, there.labelled) == (back.labelled, back.predicted)
        assert (there.predicted_near, there.labelled_near) == (
            back.labelled_near,
            back.predicted_near,
        )
        assert there.f1 == back.f1

    @LAW
    @given(first=SEEDS, second=SEEDS)
    def test_without_tolerance_near_means_on(self, first: int, second: int) -> None:
        counts = count_pixels(random_labels(first), random_labels(second), 1, tolerance_px=0)
        assert counts.predicted_near == counts.labelled_near == counts.both

    def test_adding_nothing_changes_nothing(self) -> None:
        counts = PixelCounts(predicted=5, labelled=7, both=3, predicted_near=4, labelled_near=6)
        assert counts + PixelCounts() == counts == PixelCounts() + counts

    def test_golden_scores(self) -> None:
        counts = PixelCounts(predicted=10, labelled=20, both=6, predicted_near=8, labelled_near=10)
        assert counts.iou == pytest.approx(6 / 24)
        assert counts.f1 == pytest.approx(12 / 30)
        assert counts.tolerant_f1 == pytest.approx(2 * 0.8 * 0.5 / 1.3)

    def test_far_apart_scores_zero_with_tolerance_too(self) -> None:
        assert PixelCounts(predicted=4, labelled=4).tolerant_f1 == 0

    def test_an_undecided_image_counts_nothing(self) -> None:
        undecided = np.full((4, 4), IGNORE_INDEX, dtype=np.uint8)
        assert count_pixels(np.ones((4, 4), dtype=np.uint8), undecided, 1) == PixelCounts()


class TestNear:
    @LAW
    @given(seed=SEEDS, less=st.floats(0, 3), more=st.floats(0, 3))
    def test_it_holds_the_mask_and_grows_with_the_distance(
        self, seed: int, less: float, more: float
    ) -> None:
        mask = random_labels(seed) == 2
        small, large = near(mask, less), near(mask, less + more)
        assert (mask <= small).all()
        assert (small <= large).all()

    def test_zero_distance_is_the_mask(self) -> None:
        mask = random_labels(4) == 1
        assert np.array_equal(near(mask, 0), mask)

    def test_one_pixel_reaches_four_neighbours_and_the_diagonal_eight(self) -> None:
        mask = np.zeros((5, 5), dtype=np.bool_)
        mask[2, 2] = True
        assert [int(near(mask, d).sum()) for d in (0.99, 1.0, 1.41, 1.4143)] == [1, 5, 5, 9]


class TestCandidates:
    def test_the_threshold_itself_is_reached_and_just_below_is_not(self) -> None:
        upper = np.float32(0.4)
        found, seeds = candidates(pixel(float(upper), 0.1), THRESHOLDS, CLASSES, 1.0)
        assert (found[0, 0], seeds[0, 0]) == (1, True)
        below = float(np.nextafter(upper, np.float32(0)))
        found, seeds = candidates(pixel(below, 0.1), THRESHOLDS, CLASSES, 1.0)
        assert (found[0, 0], seeds[0, 0]) == (0, False)

    def test_the_likeliest_below_its_threshold_yields_to_one_that_reaches_its_own(self) -> None:
        found, _ = candidates(pixel(0.42, 0.55), THRESHOLDS, CLASSES, 1.0)
        assert found[0, 0] == 1

    def test_the_ratio_gives_candidates_that_are_no_seeds(self) -> None:
        found, seeds = candidates(pixel(0.25, 0.0), THRESHOLDS, CLASSES, 0.5)
        assert (found[0, 0], seeds[0, 0]) == (1, False)

    @LAW
    @given(seed=SEEDS, ratio=st.floats(0.1, 1.0))
    def test_seeds_are_candidates_and_a_lower_ratio_only_adds(
        self, seed: int, ratio: float
    ) -> None:
        probabilities = random_probabilities(seed)
        found, seeds = candidates(probabilities, THRESHOLDS, CLASSES, ratio, crest_share=0.0)
        strict, _ = candidates(probabilities, THRESHOLDS, CLASSES, 1.0, crest_share=0.0)
        assert (found[seeds] > 0).all()
        assert ((strict > 0) <= (found > 0)).all()


class TestKeepSeeded:
    def test_without_seeds_nothing_stays(self) -> None:
        found = random_labels(1) % 3
        assert not keep_seeded(found, np.zeros(found.shape, dtype=np.bool_)).any()

    def test_with_seeds_everywhere_everything_stays(self) -> None:
        found = random_labels(2) % 3
        assert np.array_equal(keep_seeded(found, found > 0), found)

    @pytest.mark.parametrize(("least", "kept"), [(3, 3), (4, 0)])
    def test_the_smallest_object_has_the_smallest_area(self, least: int, kept: int) -> None:
        found = np.zeros((3, 6), dtype=np.uint8)
        found[1, 1:4] = 1
        assert keep_seeded(found, found > 0, min_area_px=least).sum() == kept

    @LAW
    @given(seed=SEEDS)
    def test_classifying_twice_with_the_full_threshold_is_one_rule(self, seed: int) -> None:
        probabilities = random_probabilities(seed)
        found, _ = candidates(probabilities, THRESHOLDS, CLASSES, 1.0, crest_share=0.0)
        told = classify(probabilities, THRESHOLDS, CLASSES, crest_share=0.0)
        assert np.array_equal(told > 0, found > 0)
        assert np.array_equal(told, decided(found, found > 0, CLASSES))

    @LAW
    @given(seed=SEEDS, least=st.integers(1, 6))
    def test_kept_pixels_keep_their_class(self, seed: int, least: int) -> None:
        found, seeds = candidates(
            random_probabilities(seed), THRESHOLDS, CLASSES, 0.5, crest_share=0.0
        )
        kept = keep_seeded(found, seeds, min_area_px=least)
        assert np.array_equal(kept[kept > 0], found[kept > 0])


class TestChooseThreshold:
    def test_without_any_source_the_default_is_taken(self) -> None:
        assert choose_threshold([]) == 0.5
        assert choose_threshold([], otherwise=0.3) == 0.3

    def test_a_small_source_weighs_as_much_as_a_large_one(self) -> None:
        good, bad = (
            PixelCounts(predicted=10, labelled=10, both=9),
            PixelCounts(predicted=10, labelled=10, both=1),
        )
        large_good = PixelCounts(predicted=10_000, labelled=10_000, both=2_000)
        large_bad = PixelCounts(predicted=10_000, labelled=10_000, both=1_000)
        chosen = choose_threshold([{0.3: bad, 0.6: good}, {0.3: large_good, 0.6: large_bad}])
        assert chosen == 0.6  # 0.9 + 0.1 beats 0.1 + 0.2 in the mean, though not in pixels


class TestHits:
    def test_counts_of_nothing_are_rates_of_zero(self) -> None:
        assert HitCounts().hit_rate == 0
        assert HitCounts().false_alarms_per_100_m2 == 0

    def test_golden_rates(self) -> None:
        counts = HitCounts(boxes=8, hit=6, components=9, false_alarms=3, area_m2=50.0)
        assert counts.hit_rate == 0.75
        assert counts.false_alarms_per_100_m2 == 6.0
        assert (counts + counts).hit_rate == 0.75
        assert (counts + HitCounts()) == counts

    @pytest.mark.parametrize(("least_px", "kept"), [(5.0, 1), (5.1, 0)])
    def test_the_diagonal_of_its_box_makes_a_component_long(
        self, least_px: float, kept: int
    ) -> None:
        mask = np.zeros((8, 8), dtype=np.bool_)
        mask[1:5, 2:5] = True  # 4 by 3: diagonal 5
        labels, numbers = long_components(mask, least_px)
        assert len(numbers) == kept
        assert labels.max() == 1

    def test_background_is_never_a_component(self) -> None:
        _, numbers = long_components(np.zeros((30, 30), dtype=np.bool_), 1.0)
        assert numbers.size == 0

    @pytest.mark.parametrize(("reach_m", "hit", "false"), [(0.100, 1, 0), (0.099, 0, 1)])
    def test_reach_counts_to_the_millimetre(self, reach_m: float, hit: int, false: int) -> None:
        mask = np.zeros((40, 60), dtype=np.bool_)
        mask[10, 20:50] = True
        # the centre's pixel is (10, 10): 10 px of 10 mm from the line; the box ends at its own edge
        counts = count_hits(
            mask,
            [box(10, 10, 11, 11)],
            gsd_m_per_px=0.01,
            reach_m=reach_m,
            least_length_m=0.1,
        )
        assert (counts.hit, counts.false_alarms, counts.components) == (hit, false, 1)

    def test_a_box_beyond_the_photo_is_judged_at_its_nearest_pixel(self) -> None:
        mask = np.zeros((20, 30), dtype=np.bool_)
        mask[19, 10:30] = True
        counts = count_hits(mask, [box(40, 25, 60, 45)], gsd_m_per_px=0.01, reach_m=0.02)
        assert counts.hit == 1

    def test_an_unlabelled_photo_makes_every_component_false(self) -> None:
        mask = np.zeros((30, 30), dtype=np.bool_)
        mask[3, :20] = mask[20, :20] = True
        counts = count_hits(mask, [], gsd_m_per_px=0.01)
        assert (counts.boxes, counts.hit, counts.components, counts.false_alarms) == (0, 0, 2, 2)
        assert counts.area_m2 == pytest.approx(0.09)

    @LAW
    @given(seed=SEEDS, reach=st.floats(0.0, 0.3), more=st.floats(0.0, 0.3))
    def test_a_longer_reach_never_hits_less_or_alarms_more(
        self, seed: int, reach: float, more: float
    ) -> None:
        rng = np.random.default_rng(seed)
        mask = rng.random((25, 25)) < 0.04
        corners = rng.uniform(0, 20, (3, 2))
        boxes = [box(x, y, x + 4, y + 3) for x, y in corners]
        short, long = (
            count_hits(mask, boxes, gsd_m_per_px=0.02, reach_m=r, least_length_m=0.01)
            for r in (reach, reach + more)
        )
        assert short.hit <= long.hit <= len(boxes)
        assert long.false_alarms <= short.false_alarms <= short.components == long.components

"""Intervals, centre lines, tiles and reliability say what they claim, at both ends."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from datasets.classes import CRACK
from datasets.manifest import Box
from models.judging.centreline import CentrelineCounts, count_centrelines
from models.judging.intervals import bootstrap
from models.judging.metrics import PixelCounts
from models.judging.reliability import BINS, Reliability, calibration_error
from models.judging.tiles import TileScores, count_tiles, one_tile

Bools = NDArray[np.bool_]


def counts(both: int, predicted: int = 100, labelled: int = 100) -> PixelCounts:
    return PixelCounts(
        predicted=predicted,
        labelled=labelled,
        both=both,
        predicted_near=both,
        labelled_near=both,
    )


class TestBootstrap:
    def test_one_image_has_no_interval(self) -> None:
        assert bootstrap([counts(50)]) is None
        assert bootstrap([]) is None

    def test_equal_images_leave_no_room(self) -> None:
        found = bootstrap([counts(50)] * 9)
        assert found is not None
        assert (found.f1.low, found.f1.high) == (0.5, 0.5)
        assert found.iou.low == found.iou.high == pytest.approx(1 / 3)

    def test_unequal_images_leave_room_on_both_sides(self) -> None:
        found = bootstrap([counts(0), counts(100)] * 20)
        assert found is not None
        assert 0.3 < found.f1.low < 0.42
        assert 0.58 < found.f1.high < 0.7

    def test_width_shrinks_as_the_root_of_the_images(self) -> None:
        few = bootstrap([counts(20), counts(80)] * 10)
        many = bootstrap([counts(20), counts(80)] * 160)
        assert few is not None
        assert many is not None
        ratio = (few.f1.high - few.f1.low) / (many.f1.high - many.f1.low)
        assert ratio == pytest.approx(4, rel=0.15)

    def test_it_is_the_same_twice(self) -> None:
        images = [counts(value) for value in (10, 60, 90, 30)]
        assert bootstrap(images) == bootstrap(images)

    def test_images_without_the_class_divide_by_nothing(self) -> None:
        found = bootstrap([PixelCounts()] * 3)
        assert found is not None
        assert (found.f1.low, found.f1.high) == (0.0, 0.0)

    @settings(max_examples=40, deadline=None)
    @given(st.lists(st.integers(0, 100), min_size=2, max_size=30))
    def test_the_score_itself_lies_inside(self, overlaps: list[int]) -> None:
        images = [counts(value) for value in overlaps]
        found = bootstrap(images, draws=400)
        assert found is not None
        whole = sum(images, PixelCounts())
        spread = found.f1.high - found.f1.low
        assert found.f1.low - 0.1 * spread - 1e-9 <= whole.f1 <= found.f1.high + 0.1 * spread + 1e-9


def line(row: int, thickness: int, size: int = 40) -> Bools:
    mask = np.zeros((size, size), dtype=np.bool_)
    mask[row : row + thickness, 5:35] = True
    return mask


EVERYWHERE = np.ones((40, 40), dtype=np.bool_)


class TestCentreline:
    def test_a_wider_line_keeps_its_course(self) -> None:
        wide = count_centrelines(line(10, 5), line(12, 1), EVERYWHERE)
        assert wide.recall == 1.0
        assert wide.precision > 0.9  # the thinned ends of a bar turn aside by a pixel or two
        assert wide.cl_dice > 0.95

    def test_half_of_a_line_is_half_of_the_recall(self) -> None:
        half = line(12, 3)
        half[:, 20:] = False
        found = count_centrelines(half, line(12, 3), EVERYWHERE)
        assert found.precision == 1.0
        assert found.recall == pytest.approx(0.5, abs=0.06)

    def test_a_line_beside_the_crack_is_no_crack(self) -> None:
        beside = count_centrelines(line(20, 1), line(12, 1), EVERYWHERE)
        assert beside.cl_dice == 0.0
        assert count_centrelines(line(13, 1), line(12, 1), EVERYWHERE, tolerance_px=1).cl_dice == 1

    def test_undecided_pixels_count_nowhere(self) -> None:
        decided = EVERYWHERE.copy()
        decided[18:24] = False
        found = count_centrelines(line(20, 1) | line(12, 1), line(12, 1), decided)
        assert found.precision == 1.0

    def test_nothing_is_nought(self) -> None:
        nothing = np.zeros((40, 40), dtype=np.bool_)
        assert count_centrelines(nothing, nothing, EVERYWHERE) == CentrelineCounts()
        assert CentrelineCounts().cl_dice == 0.0

    def test_counts_of_sets_add_up(self) -> None:
        one = CentrelineCounts(predicted=1, predicted_inside=2, labelled=3, labelled_inside=4)
        two = CentrelineCounts(predicted=2, predicted_inside=4, labelled=6, labelled_inside=8)
        assert one + one == two


class TestTiles:
    BOX = Box(class_index=CRACK, x0_px=10, y0_px=10, x1_px=50, y1_px=30)

    def test_each_tile_is_asked_once(self) -> None:
        mask = np.zeros((300, 520), dtype=np.bool_)  # two whole tiles of 256 px, and rests
        mask[100, 300:340] = True
        found = count_tiles(mask, [self.BOX], gsd_m_per_px=0.001, least_length_m=0.02, reach_m=0)
        assert found == TileScores(
            tiles_with_cracks=1, fired_with_cracks=0, tiles_without=1, fired_without=1
        )
        assert found.false_rate == 1.0

    def test_short_components_are_not_reported(self) -> None:
        mask = np.zeros((256, 256), dtype=np.bool_)
        mask[100, 100:119] = True
        silent = count_tiles(mask, [], gsd_m_per_px=0.001, least_length_m=0.02)
        assert (silent.tiles_without, silent.fired_without) == (1, 0)
        mask[100, 100:120] = True
        assert count_tiles(mask, [], gsd_m_per_px=0.001, least_length_m=0.02).fired_without == 1

    def test_tiles_within_reach_of_a_box_are_left_out(self) -> None:
        mask = np.zeros((256, 768), dtype=np.bool_)
        near_border = Box(class_index=CRACK, x0_px=200, y0_px=0, x1_px=246, y1_px=9)
        found = count_tiles(mask, [near_border], gsd_m_per_px=0.01, reach_m=0.3)
        assert found.tiles_with_cracks == 1
        assert found.tiles_without == 1  # the second is 10 px away, the third 266 px

    def test_a_photo_smaller_than_a_tile_has_none(self) -> None:
        assert count_tiles(np.ones((255, 999), dtype=np.bool_), [], gsd_m_per_px=1) == TileScores()
        assert TileScores().false_rate == 0.0

    def test_single_tiles_add_up(self) -> None:
        total = sum(
            (one_tile(has_crack=h, fired=f) for h in (False, True) for f in (False, True)),
            TileScores(),
        )
        assert total == TileScores(
            tiles_with_cracks=2, fired_with_cracks=1, tiles_without=2, fired_without=1
        )


class TestReliability:
    def test_tenths_hold_what_was_told(self) -> None:
        gathered = Reliability()
        told = np.array([[0.0, 0.05, 0.95, 1.0]], dtype=np.float32)
        truth = np.array([[False, False, True, False]])
        gathered.add(told, truth, np.ones_like(truth))
        first, last = gathered.bins[0], gathered.bins[-1]
        assert (first.pixels, first.labelled) == (2, 0)
        assert (last.pixels, last.labelled) == (2, 1)
        assert last.told == pytest.approx(0.975)
        assert last.true == 0.5
        assert len(gathered.bins) == BINS

    def test_undecided_pixels_are_not_asked(self) -> None:
        gathered = Reliability()
        told = np.full((2, 2), 0.5, dtype=np.float32)
        gathered.add(told, told > 0.4, np.zeros((2, 2), dtype=np.bool_))
        assert sum(found.pixels for found in gathered.bins) == 0
        assert calibration_error(gathered.bins) == 0.0

    @settings(max_examples=25, deadline=None)
    @given(st.floats(0.15, 0.95), st.integers(0, 2**31))
    def test_honest_confidences_have_no_error(self, probability: float, seed: int) -> None:
        rng = np.random.default_rng(seed)
        told = np.full((200, 200), probability, dtype=np.float32)
        gathered = Reliability()
        gathered.add(told, rng.random(told.shape) < probability, told > 0)
        assert calibration_error(gathered.bins) < 0.015  # 6 sigma of 40 000 draws

    def test_too_sure_is_seen(self) -> None:
        told = np.full((100, 100), 0.9, dtype=np.float32)
        truth = np.zeros((100, 100), dtype=np.bool_)
        truth[:50] = True
        gathered = Reliability()
        gathered.add(told, truth, told > 0)
        assert calibration_error(gathered.bins) == pytest.approx(0.4, abs=1e-6)

"""What every detector promises, whoever computes the scores.

A test module that has a fixture ``detector`` runs the contract by inheriting from the class.
"""

import re

import numpy as np
import pytest
from numpy.typing import NDArray

from inspection.imaging.enlarge import native
from inspection.pipeline.ports import Detector


def noise(count: int, height: int, width: int, seed: int = 3) -> NDArray[np.uint8]:
    """Draw chips of smooth noise with a dark line, (n, h, w, 3) uint8."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(90, 220, (count, height // 8, width // 8, 3))
    chips = np.repeat(np.repeat(coarse, 8, axis=1), 8, axis=2).astype(np.uint8)
    for number, chip in enumerate(chips):
        chip[:, 5 + 3 * number : 8 + 3 * number] = 15
    return chips


class DetectorContract:
    """Ask a detector for everything that ``inspection.pipeline.ports.Detector`` promises."""

    def test_it_says_who_it_is(self, detector: Detector) -> None:
        assert re.fullmatch(r".+@[0-9a-f]{12}(\+[0-9a-f]{8})?(/[a-z0-9-]+)?", detector.model_id)

    def test_thresholds_belong_to_classes(self, detector: Detector) -> None:
        assert len(detector.classes) == len(set(detector.classes)) >= 1
        assert 0 < detector.continuation_ratio <= 1
        assert len(detector.thresholds) == len(detector.classes)
        assert all(0 < threshold <= 1 for threshold in detector.thresholds)
        low, high = detector.gsd_range_mm_per_px
        assert 0 < low < high

    @pytest.mark.parametrize(("count", "height", "width"), [(1, 64, 64), (3, 64, 96), (2, 96, 64)])
    def test_each_chip_gets_probabilities_of_its_own_size(
        self, detector: Detector, count: int, height: int, width: int
    ) -> None:
        scores = detector.score(noise(count, height, width))
        assert len(scores) == count
        for each in scores:
            assert each.classes == detector.classes
            assert each.scores.dtype == np.float32
            places = (len(detector.classes), height // each.stride, width // each.stride)
            assert each.scores.shape == places
            assert native(each).shape == (len(detector.classes), height, width)
            assert np.isfinite(each.scores).all()
            assert each.scores.min() >= 0
            assert each.scores.max() <= 1

    def test_the_same_chip_gets_the_same_scores_in_any_company(self, detector: Detector) -> None:
        chips = noise(5, 64, 64)
        alone = [detector.score(chips[i : i + 1])[0].scores for i in range(5)]
        together = detector.score(chips)
        backwards = detector.score(chips[::-1])[::-1]
        again = detector.score(chips)
        for i in range(5):
            for other in (together, backwards, again):
                assert np.array_equal(alone[i], other[i].scores)

    def test_scores_outlive_the_next_call(self, detector: Detector) -> None:
        first = detector.score(noise(2, 64, 64))
        kept = [each.scores.copy() for each in first]
        detector.score(255 - noise(2, 64, 64))
        assert all(np.array_equal(a, b.scores) for a, b in zip(kept, first, strict=True))

    def test_it_does_not_write_on_its_chips(self, detector: Detector) -> None:
        chips = noise(2, 64, 64)
        before = chips.copy()
        chips.setflags(write=False)
        detector.score(chips)
        assert np.array_equal(chips, before)

    def test_no_chips_get_no_scores(self, detector: Detector) -> None:
        assert detector.score(np.empty((0, 64, 64, 3), dtype=np.uint8)) == []

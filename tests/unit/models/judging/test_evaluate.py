"""A model is judged by what it says about images whose truth is known."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from datasets.classes import CLASS_NAMES, CRACK, JOINT, LABEL_NAMES
from datasets.labels import read_class_mask, read_rgb
from datasets.manifest import MASK_KINDS, Split
from datasets.sources import find_source, read_source
from models.judging.choose import choose_rule
from models.judging.evaluate import (
    Evaluation,
    crack_mask,
    evaluate,
    score_source,
    score_strip,
    score_tiles,
)
from models.judging.judges import mask_samples, pieces
from models.rule import Rule
from models.scoring import detector_scorer, score_padded, score_windows
from tests.support.darkness import DarknessDetector

HALF = Rule(thresholds=dict.fromkeys(CLASS_NAMES[1:], 0.5), continuation_ratio=0.5)
Bytes = NDArray[np.uint8]
Floats = NDArray[np.float32]


def constant(index: int, value: float = 0.9) -> "object":
    """Return a scorer that gives one class everywhere."""

    def score(rgb: Bytes) -> Floats:
        scores = np.zeros((len(CLASS_NAMES), *rgb.shape[:2]), dtype=np.float32)
        scores[index] = value
        scores[0] += 1 - value
        return scores

    return score


def red(rgb: Bytes) -> Floats:
    """Score red pixels as cracks, all others as background."""
    scores = np.zeros((len(CLASS_NAMES), *rgb.shape[:2]), dtype=np.float32)
    scores[CRACK] = (rgb[..., 0] > 200) & (rgb[..., 1] < 100)
    scores[0] = 1 - scores[CRACK]
    return scores


class Oracle:
    """Give the labels of the sets as scores, by looking the image up."""

    def __init__(
        self,
        data_dir: Path,
        sureness: float = 1.0,
        *,
        classes: Sequence[str] = CLASS_NAMES,
        sets: Sequence[Path] = (),
    ) -> None:
        self.sureness = sureness
        self.classes = classes
        self.truth: dict[bytes, Bytes] = {}
        for source, samples in mask_samples(data_dir, sets):
            for sample in samples:
                rgb = read_rgb(sample.image_path)
                size_px = (rgb.shape[1], rgb.shape[0])
                mask = read_class_mask(source, sample, size_px)
                self.truth[rgb.tobytes()] = mask

    def __call__(self, rgb: Bytes) -> Floats:
        classes = self.truth.get(rgb.tobytes(), np.zeros(rgb.shape[:2], dtype=np.uint8))
        scores = np.zeros((len(self.classes), *classes.shape), dtype=np.float32)
        for output, name in enumerate(self.classes):
            scores[output] = (classes == LABEL_NAMES.index(name)) * self.sureness
        scores[0] += 1 - scores.sum(axis=0)
        return scores


@pytest.fixture(scope="module")
def oracle(tiny_sets: Path) -> Oracle:
    return Oracle(tiny_sets)


def test_sides_are_padded_for_the_network_and_cut_again() -> None:
    asked: list[tuple[int, ...]] = []

    def note(rgb: Bytes) -> Floats:
        asked.append(rgb.shape)
        return red(rgb)

    image = np.zeros((50, 70, 3), dtype=np.uint8)
    image[49, 69] = 255, 0, 0
    scores = score_padded(note, image)
    assert asked == [(64, 96, 3)]
    assert scores.shape == (len(CLASS_NAMES), 50, 70)
    assert scores[CRACK].sum() == 1
    assert scores[CRACK, 49, 69] == 1


@pytest.mark.parametrize("size", [(40, 40), (64, 200), (130, 131)])
def test_windows_tile_the_image_and_agree_with_one_pass(size: tuple[int, int]) -> None:
    image = np.random.default_rng(1).integers(0, 256, (*size, 3), dtype=np.uint8)
    whole = np.full(size, -1.0, dtype=np.float32)
    for window in score_windows(red, image, core_px=64, margin_px=16):
        assert (whole[window.rows, window.cols] == -1).all()
        whole[window.rows, window.cols] = window.scores[CRACK][window.own]
    assert np.array_equal(whole, score_padded(red, image)[CRACK])


def test_a_detector_is_a_scorer_with_background_as_the_rest() -> None:
    detector = DarknessDetector()
    rgb = np.full((32, 32, 3), 128, dtype=np.uint8)
    scores = detector_scorer(detector)(rgb)
    assert scores.shape == (len(detector.classes) + 1, 32, 32)
    assert np.allclose(scores.sum(axis=0), 1, atol=1e-5)


def test_only_validation_images_with_masks_are_scored(tiny_sets: Path) -> None:
    found = {source.name: samples for source, samples in mask_samples(tiny_sets)}
    given = {"uav_concrete", "uav75", "cracksc", "paveseg", "brazil"}
    assert set(found) == given | {"crackforest", "crack500", "s2ds"}
    assert find_source("deepcrack").label_kind in MASK_KINDS  # has no val images: left out
    assert all(sample.split is Split.VAL for samples in found.values() for sample in samples)


def test_images_are_scored_uncut(tiny_sets: Path) -> None:
    sample = read_source("paveseg", tiny_sets)[0]
    (piece,) = pieces(find_source("paveseg"), sample)
    assert piece.classes.shape == (64, 96)


def test_the_truth_scores_one(oracle: Oracle, tiny_sets: Path) -> None:
    for source, samples in mask_samples(tiny_sets):
        scores = score_source(oracle, source, samples, HALF, CLASS_NAMES)
        assert scores.images == len(samples)
        if (
            source.name == "uav75"
        ):  # its short crack keeps to its joint, and is told as a part of it
            assert scores.counts["crack"].predicted == 0
            assert scores.counts["joint"].labelled_near == scores.counts["joint"].labelled
            continue
        assert {counts.f1 for counts in scores.counts.values()} == {1.0}
        if scores.centreline is not None:
            assert scores.centreline.cl_dice == 1.0
        assert set(scores.intervals) == set(scores.counts)
    assert scores.split == "val"


def test_joints_called_crack_are_counted(tiny_sets: Path) -> None:
    samples = [s for s in read_source("uav75", tiny_sets) if s.split is Split.VAL]
    wrong = score_source(constant(CRACK), find_source("uav75"), samples, HALF, CLASS_NAMES)
    right = score_source(constant(JOINT), find_source("uav75"), samples, HALF, CLASS_NAMES)
    assert wrong.joints_called_crack == 1
    assert right.joints_called_crack == 0


def test_sources_without_joints_say_nothing_about_them(oracle: Oracle, tiny_sets: Path) -> None:
    samples = [s for s in read_source("uav_concrete", tiny_sets) if s.split is Split.VAL]
    scores = score_source(oracle, find_source("uav_concrete"), samples, HALF, CLASS_NAMES)
    assert scores.joints_called_crack is None
    assert set(scores.counts) == {"crack"}


def test_thresholds_lie_below_what_the_truth_gets(tiny_sets: Path) -> None:
    lines: list[str] = []
    unsure = Oracle(tiny_sets, sureness=0.45)
    rule = choose_rule(unsure, tiny_sets, CLASS_NAMES, report=lines.append)
    assert set(rule.thresholds) == set(CLASS_NAMES[1:])
    assert set(rule.thresholds.values()) == {
        0.3
    }  # all that lie below are equal: the lowest is taken
    assert len(lines) == len(list(mask_samples(tiny_sets)))


def test_the_mask_of_a_photo_has_its_size() -> None:
    image = np.zeros((70, 1000, 3), dtype=np.uint8)
    image[10:12, 880:910] = 255, 0, 0  # across the border of two windows
    mask = crack_mask(red, image, HALF, CLASS_NAMES)
    assert mask.shape == (70, 1000)
    assert mask.sum() == 60


def test_firing_everywhere_hits_every_box_of_the_strip(tiny_sets: Path) -> None:
    lines: list[str] = []
    found = score_strip(constant(CRACK), tiny_sets, HALF, CLASS_NAMES, report=lines.append)
    (counts,) = found[0].values()
    assert (counts.boxes, counts.hit, counts.components, counts.false_alarms) == (1, 1, 1, 0)
    assert counts.area_m2 == pytest.approx(64 * 64 * 0.0023**2)
    assert len(lines) == 1


def test_firing_nowhere_hits_nothing(tiny_sets: Path) -> None:
    photos, _ = score_strip(constant(0), tiny_sets, HALF, CLASS_NAMES, report=len)
    (counts,) = photos.values()
    assert (counts.boxes, counts.hit, counts.components) == (1, 0, 0)


def test_tiles_with_and_without_cracks_are_told_apart(tiny_sets: Path) -> None:
    fired = score_tiles(constant(CRACK), tiny_sets, HALF, CLASS_NAMES)
    assert (fired.tiles_with_cracks, fired.fired_with_cracks) == (1, 1)
    assert (fired.tiles_without, fired.fired_without) == (1, 1)
    silent = score_tiles(constant(0), tiny_sets, HALF, CLASS_NAMES)
    assert (silent.fired_with_cracks, silent.fired_without) == (0, 0)


def test_a_whole_evaluation_covers_every_set(oracle: Oracle, tiny_sets: Path) -> None:
    result = evaluate(oracle, tiny_sets, HALF, CLASS_NAMES, report=len)
    assert isinstance(result, Evaluation)
    assert [scores.source for scores in result.pixels] == [
        source.name for source, _ in mask_samples(tiny_sets)
    ]
    assert set(result.strip) == {"MAX_1"}
    told = [found.told for found in result.reliability if found.pixels]
    assert told == [0.0, 1.0]  # the oracle knows
    assert [found.true for found in result.reliability if found.pixels] == told
    assert result.tiles is not None

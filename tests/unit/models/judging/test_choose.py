"""The rule is chosen on validation images: how far a crack goes on, not only where it begins."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from datasets.classes import CLASS_NAMES, CRACK
from datasets.labels import read_rgb
from inspection.errors import BadInput
from models.judging.choose import RATIOS_TRIED, THRESHOLDS_TRIED, choose_rule, count_at_thresholds
from models.judging.judges import mask_samples
from models.judging.metrics import PixelCounts, near
from models.rule import Rule
from tests.unit.models.judging.test_evaluate import Oracle

Floats = NDArray[np.float32]


class Doubtful(Oracle):
    """Tell cracks surely, with doubts painted over what it tells."""

    def __call__(self, rgb: NDArray[np.uint8]) -> Floats:
        scores = super().__call__(rgb)
        crack = scores[CRACK] > 0
        scores[CRACK] = self.doubt(crack)
        scores[0] = np.clip(1 - scores[1:].sum(axis=0), 0, 1)
        return scores

    def doubt(self, crack: NDArray[np.bool_]) -> Floats:
        """Give the scores of cracks that truly are there."""
        raise NotImplementedError


class Haloed(Doubtful):
    """Half believe what lies beside a crack."""

    def doubt(self, crack: NDArray[np.bool_]) -> Floats:
        return np.where(crack, 0.95, np.where(near(crack, 6), 0.7, 0)).astype(np.float32)


class Faint(Doubtful):
    """Doubt every other pixel of a crack, and believe in specks somewhere else."""

    def doubt(self, crack: NDArray[np.bool_]) -> Floats:
        rows, columns = np.indices(crack.shape)
        sure = np.where((rows // 4 + columns // 4) % 2 == 0, 0.95, 0.46)
        clutter = ~near(crack, 3) & (rows % 12 < 6) & (columns % 12 < 6)
        return np.where(crack, sure, np.where(clutter, 0.83, 0)).astype(np.float32)


def test_a_halo_asks_for_a_strict_continuation(tiny_sets: Path) -> None:
    rule = choose_rule(Haloed(tiny_sets), tiny_sets, CLASS_NAMES, report=len)
    assert rule.continuation_ratio == max(RATIOS_TRIED)
    assert rule.thresholds["crack"] * rule.continuation_ratio > 0.7


def test_faint_stretches_ask_for_a_loose_one(tiny_sets: Path) -> None:
    rule = choose_rule(Faint(tiny_sets), tiny_sets, CLASS_NAMES, report=len)
    assert rule.continuation_ratio == min(RATIOS_TRIED)
    assert rule.thresholds["crack"] > 0.83
    assert rule.thresholds["crack"] * rule.continuation_ratio <= 0.46


def test_what_is_left_out_is_not_looked_at(tiny_sets: Path) -> None:
    lines: list[str] = []
    choose_rule(
        Oracle(tiny_sets),
        tiny_sets,
        CLASS_NAMES,
        among=frozenset({"uav75"}),
        without=frozenset({"brazil"}),
        report=lines.append,
    )
    looked_at = {line.split(": ")[1].split(",")[0] for line in lines}
    assert looked_at == {source.name for source, _ in mask_samples(tiny_sets)} - {"brazil"}


class SureOfOne(Oracle):
    """Be sure of cracks in the photos of one source, and faint in all others."""

    def __init__(self, data_dir: Path, source: str) -> None:
        super().__init__(data_dir)
        (samples,) = (found for one, found in mask_samples(data_dir) if one.name == source)
        self.sure = {read_rgb(sample.image_path).tobytes() for sample in samples}

    def __call__(self, rgb: NDArray[np.uint8]) -> Floats:
        self.sureness = 0.95 if rgb.tobytes() in self.sure else 0.45
        scores = super().__call__(rgb)
        if self.sureness == 0.95:  # and half believe in something beside
            scores[CRACK] = np.maximum(scores[CRACK], 0.7 * near(scores[CRACK] > 0, 4))
        return scores


def test_the_named_sources_decide_alone(tiny_sets: Path) -> None:
    scorer = SureOfOne(tiny_sets, "uav75")
    rule = choose_rule(scorer, tiny_sets, CLASS_NAMES, report=len)
    assert rule.thresholds["crack"] <= 0.45
    rule = choose_rule(scorer, tiny_sets, CLASS_NAMES, among=frozenset({"uav75"}), report=len)
    assert rule.thresholds["crack"] * rule.continuation_ratio > 0.7


def test_a_class_that_no_named_source_labels_is_decided_by_all(tiny_sets: Path) -> None:
    oracle = Oracle(tiny_sets, sureness=0.45)
    rule = choose_rule(oracle, tiny_sets, CLASS_NAMES, among=frozenset({"cracksc"}), report=len)
    assert rule.thresholds["pothole"] == 0.3  # as the others say, not one half


def test_a_class_that_no_source_labels_keeps_one_half(tiny_sets: Path) -> None:
    classes = ("background", "graffiti")
    scorer = Oracle(tiny_sets, classes=classes)
    rule = choose_rule(scorer, tiny_sets, classes, report=len)
    assert dict(rule.thresholds) == {"graffiti": 0.5}
    assert rule.continuation_ratio == RATIOS_TRIED[0]


@pytest.mark.parametrize(
    "classes", [("background", "pothole"), ("background", "joint", "pothole", "crack")]
)
def test_outputs_are_compared_with_labels_by_name(
    tiny_sets: Path, classes: tuple[str, ...]
) -> None:
    """Whatever their order: 0.45 is above half of a threshold only where it is the label's."""
    scorer = Oracle(tiny_sets, sureness=0.45, classes=classes)
    rule = choose_rule(scorer, tiny_sets, classes, report=len)
    assert set(rule.thresholds.values()) == {0.3}


def test_counts_follow_the_pipeline_rule() -> None:
    """A chain of 40 px that reaches its threshold in one, and a chain that reaches it nowhere."""
    score = np.zeros((9, 44), dtype=np.float32)
    score[2, :40], score[2, 5] = 0.5, 0.8
    score[6, :40] = 0.5
    labelled = np.zeros((9, 44), dtype=np.uint8)
    labelled[2, :40] = CRACK
    loose = {0.7: PixelCounts()}
    count_at_thresholds(score, labelled, CRACK, 0.7, loose)
    assert (loose[0.7].predicted, loose[0.7].both, loose[0.7].labelled) == (40, 40, 40)
    strict = {0.7: PixelCounts()}
    count_at_thresholds(score, labelled, CRACK, 0.8, strict)
    assert strict[0.7].predicted == 0  # one pixel alone is a speck


@pytest.mark.parametrize(
    ("threshold", "ratio", "words"),
    [(0.0, 0.5, "between 0 and 1"), (1.0, 0.5, "between 0 and 1"), (0.5, 0.0, "above 0"),
     (0.5, 1.01, "at most 1")],
)  # fmt: skip
def test_a_rule_has_bounds(threshold: float, ratio: float, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        Rule(thresholds={"crack": threshold}, continuation_ratio=ratio)
    assert Rule(thresholds={"crack": THRESHOLDS_TRIED[-1]}, continuation_ratio=1.0)

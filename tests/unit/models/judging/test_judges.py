"""Sets of one's own judge beside the published ones, by the names of classes."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from datasets.classes import CLASS_NAMES, LABEL_NAMES
from datasets.manifest import LabelKind
from datasets.sources import find_source, read_source
from inspection.errors import BadInput, NotFound
from models.judging import judges
from models.judging.card import NOT_HERE, limits_section, listed, strip_section, strip_tiles_line
from models.judging.choose import choose_rule
from models.judging.evaluate import Evaluation, evaluate, score_source
from models.judging.judges import as_labels, labelled_outputs, mask_samples, pieces
from models.registry import ModelEntry, load_entry
from models.rule import Rule
from tests.support.tiny_network import write_tiny_network
from tests.unit.datasets.test_own_set import write_set
from tests.unit.models.judging.test_evaluate import Oracle
from tests.unit.models.test_card_and_commands import EVALUATION

CLASSES = ("background", "joint", "surface_wear", "crack")
"""As an engineer's network might have them: another order, and one that nobody else labels."""

HALF = Rule(thresholds=dict.fromkeys(CLASSES[1:], 0.5), continuation_ratio=0.5)


@pytest.fixture
def own(tmp_path: Path) -> Path:
    (tmp_path / "own").mkdir()
    classes = {"剥離": "surface_wear", "ひびわれ": "crack", "不明": "ignore"}
    return Path(write_set(tmp_path / "own", classes=classes))


@pytest.fixture
def entry(tmp_path: Path) -> ModelEntry:
    return write_tiny_network(tmp_path)


def test_a_set_of_ones_own_comes_after_the_published(own: Path, tiny_sets: Path) -> None:
    names = [source.name for source, _ in mask_samples(tiny_sets, [own])]
    assert names[-1] == "noto-2026"
    assert names[:-1] == [source.name for source, _ in mask_samples(tiny_sets)]
    *_, (_, samples) = mask_samples(tiny_sets, [own])
    assert {sample.group for sample in samples} == {"bridge-3"}  # only what judges


def test_without_published_sets_ones_own_judge_alone(own: Path, tmp_path: Path) -> None:
    found = [source.name for source, _ in mask_samples(tmp_path / "nowhere", [own])]
    assert found == ["noto-2026"]


def test_boxes_cannot_judge_pixels(own: Path, tmp_path: Path) -> None:
    text = own.read_text().replace("kind: labelme", "kind: voc_boxes")
    boxes = own.with_name("boxes.yaml")
    boxes.write_text(text, encoding="utf-8")
    with pytest.raises(BadInput, match=r"boxes\.yaml has voc_boxes: boxes do not say"):
        list(mask_samples(tmp_path / "nowhere", [boxes]))


def test_two_sets_of_one_name_are_refused(own: Path, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"set\.yaml: another set is called noto-2026"):
        list(mask_samples(tmp_path / "nowhere", [own, own]))


def test_labels_find_their_outputs_by_name(own: Path) -> None:
    source = find_source(str(own))
    crack, wear = LABEL_NAMES.index("crack"), LABEL_NAMES.index("surface_wear")
    assert labelled_outputs(source, CLASSES) == {crack: 3, wear: 2}
    assert labelled_outputs(source, CLASS_NAMES) == {crack: 1}
    assert labelled_outputs(source, ("background", "pothole")) == {}


def test_outputs_without_a_label_are_told_apart_from_all_labels() -> None:
    found = as_labels(np.arange(3, dtype=np.uint8), ("background", "barnacle", "crack"))
    assert found.tolist() == [0, judges.UNLABELLED, 1]
    assert judges.UNLABELLED >= len(LABEL_NAMES)


def test_ones_own_class_gets_its_threshold_and_its_score(own: Path, tiny_sets: Path) -> None:
    """0.45 is seen only by who compares the output of that name with the label of that name."""
    scorer = Oracle(tiny_sets, 0.45, classes=CLASSES, sets=[own])
    assert choose_rule(scorer, tiny_sets, CLASSES, report=len).thresholds["surface_wear"] == 0.5
    rule = choose_rule(scorer, tiny_sets, CLASSES, sets=[own], report=len)
    assert rule.thresholds["surface_wear"] == 0.3
    result = evaluate(scorer, tiny_sets, rule, CLASSES, sets=[own], report=len)
    scores = result.pixels[-1]
    assert (scores.source, scores.images, set(scores.counts)) == (
        "noto-2026", 2, {"crack", "surface_wear"}
    )  # fmt: skip
    assert scores.counts["surface_wear"].f1 == 1
    assert scores.counts["surface_wear"].labelled == 2 * 37 * 37


def test_a_set_may_decide_alone(own: Path, tiny_sets: Path) -> None:
    lines: list[str] = []
    scorer = Oracle(tiny_sets, 0.45, classes=CLASSES, sets=[own])
    rule = choose_rule(
        scorer,
        tiny_sets,
        CLASSES,
        sets=[own],
        among=frozenset({"noto-2026"}),
        report=lines.append,
    )
    assert rule.thresholds["crack"] == 0.3
    assert any("noto-2026, 2 images" in line for line in lines)


def test_cracks_of_another_output_are_cracks(tiny_sets: Path) -> None:
    """Joints and cracks are counted by their names, not by the numbers of the outputs."""
    source = find_source("uav_concrete")
    samples = [s for s in read_source(source.name, tiny_sets) if s.split.value == "val"]
    scores = score_source(Oracle(tiny_sets, classes=CLASSES), source, samples, HALF, CLASSES)
    assert scores.counts["crack"].f1 == 1
    assert scores.centreline is not None
    assert scores.centreline.cl_dice == 1


def test_large_photos_are_judged_in_pieces(
    own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = find_source(str(own))
    *_, (_, samples) = mask_samples(tmp_path / "nowhere", [own])
    whole = [piece.rgb.shape for piece in pieces(source, samples[0])]
    monkeypatch.setattr(judges, "PIECE_PX", 48)
    cut = [piece.rgb.shape for piece in pieces(source, samples[0])]
    assert whole == [(64, 96, 3)]
    assert cut == [(48, 48, 3)] * 4

    def everywhere(rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
        scores = np.zeros((len(CLASSES), *rgb.shape[:2]), dtype=np.float32)
        scores[2] = 1
        return scores

    scores = score_source(everywhere, source, samples, HALF, CLASSES)
    counts = scores.counts["surface_wear"]
    assert scores.images == 2
    assert counts.both == counts.labelled > 2 * 37 * 37  # all of it, some of it in two pieces


def test_nothing_that_judges_is_said(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"TENKEN_DATA_DIR.*--set"):
        evaluate(lambda rgb: rgb, tmp_path / "nowhere", HALF, CLASSES, report=len)


def test_a_card_says_what_was_not_here(own: Path, tmp_path: Path) -> None:
    scorer = Oracle(tmp_path / "nowhere", classes=CLASSES, sets=[own])
    result = evaluate(scorer, tmp_path / "nowhere", HALF, CLASSES, sets=[own], report=len)
    assert (result.strip, result.tiles) == ({}, None)
    assert strip_section(result) == NOT_HERE
    assert strip_tiles_line(result) == ""


def test_a_card_claims_what_was_learned(entry: ModelEntry) -> None:
    none = limits_section(entry, EVALUATION)
    assert "for spalling, exposed rebar, efflorescence, leakage or corrosion: there were no" in none
    assert "quay strip" in none
    assert none in load_entry().card_path.read_text(encoding="utf-8")
    spall = replace(entry, classes=("background", "spall"), thresholds={"spall": 0.5})
    text = limits_section(spall, Evaluation(pixels=(), strip={}, tiles=None))
    assert "for exposed rebar, efflorescence, leakage or corrosion: there were no" in text
    assert "quay strip" not in text
    assert listed([]) == ""


def test_every_published_set_with_masks_says_for_each_pixel() -> None:
    assert LabelKind.MASK in judges.MASK_KINDS
    assert not judges.MASK_KINDS & judges.BOX_KINDS

"""The card says what was measured; the commands do what their help shows."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from datasets.classes import CLASS_NAMES
from inspection.errors import Unavailable
from models import cli, registry
from models.commands import listing
from models.commands.options import require_training_libraries
from models.judging.card import (
    NOT_HERE,
    centreline_section,
    data_section,
    joint_lines,
    pixel_section,
    reliability_section,
    rule_section,
    strip_section,
    strip_tiles_line,
    table,
    tiles_line,
    training_section,
    write_card,
)
from models.judging.centreline import CentrelineCounts
from models.judging.evaluate import Evaluation, SourceScores
from models.judging.intervals import Interval, ScoreIntervals
from models.judging.metrics import HitCounts, PixelCounts
from models.judging.reliability import ReliabilityBin
from models.judging.tiles import TileScores
from models.registry import ModelEntry, load_entry, write_entry
from models.training.config import CONFIGS_DIR
from tests.support.tiny_network import write_tiny_network


@pytest.fixture
def entry(tmp_path: Path) -> ModelEntry:
    made = write_tiny_network(tmp_path, name=registry.DEFAULT_MODEL)
    training = {"steps": 40, "last_loss": 0.25, "sampling": {"uav75": 0.75, "procedural": 0.25}}
    full = replace(made, training=training)
    write_entry(full)
    return full


EVALUATION = Evaluation(
    pixels=(
        SourceScores(
            source="uav75",
            split="val",
            images=10,
            counts={
                "crack": PixelCounts(
                    predicted=100, labelled=100, both=50, predicted_near=90, labelled_near=90
                ),
                "joint": PixelCounts(predicted=3),
            },
            intervals={
                "crack": ScoreIntervals(
                    iou=Interval(low=0.21, high=0.44),
                    f1=Interval(low=0.35, high=0.61),
                    tolerant_f1=Interval(low=0.8, high=0.95),
                ),
                "joint": None,
            },
            centreline=CentrelineCounts(
                predicted=10, predicted_inside=9, labelled=20, labelled_inside=12
            ),
            joints_called_crack=0.0312,
        ),
    ),
    strip={
        "A": HitCounts(boxes=10, hit=9, components=20, false_alarms=4, area_m2=100.0),
        "B": HitCounts(boxes=10, hit=5, components=2, false_alarms=0, area_m2=100.0),
    },
    tiles=TileScores(tiles_with_cracks=8, fired_with_cracks=7, tiles_without=9, fired_without=2),
    strip_tiles=TileScores(
        tiles_with_cracks=30, fired_with_cracks=28, tiles_without=200, fired_without=25
    ),
    reliability=(
        *[ReliabilityBin()] * 8,
        ReliabilityBin(pixels=100, confidence_sum=85.0, labelled=60),
        ReliabilityBin(pixels=300, confidence_sum=285.0, labelled=270),
    ),
)


def test_a_table_has_a_row_a_line() -> None:
    assert table(["a"], [["1"], ["2"]]).splitlines() == ["| a |", "|---|", "| 1 |", "| 2 |"]


def test_data_of_the_card_name_licence_and_whom_to_cite(entry: ModelEntry) -> None:
    text = data_section(entry)
    assert "| uav75 | 75% | GPL-3.0-only | Benz" in text
    assert "| procedural | 25% | AGPL-3.0-or-later |" in text


def test_training_facts_are_listed(entry: ModelEntry) -> None:
    assert training_section(entry).splitlines() == ["- steps: 40", "- last loss: 0.25"]


def test_pixel_scores_are_those_counted() -> None:
    text = pixel_section(EVALUATION.pixels)
    cells = "0.333 (0.21–0.44) | 0.500 (0.35–0.61) | 0.900 (0.80–0.95)"
    assert f"| uav75 | val | 10 | crack | 100 | {cells} |" in text
    assert "| joint | 0 | no label | no label | no label |" in text
    assert joint_lines(EVALUATION.pixels).startswith("- uav75: 3.1% of labelled joint")


def test_scores_without_intervals_stand_alone() -> None:
    (source,) = EVALUATION.pixels
    text = pixel_section([replace(source, intervals={})])
    assert "| crack | 100 | 0.333 | 0.500 | 0.900 |" in text


def test_the_course_of_cracks_is_told_apart_from_their_width() -> None:
    assert "| uav75 | 0.600 | 0.900 | 0.720 |" in centreline_section(EVALUATION.pixels)
    (source,) = EVALUATION.pixels
    assert "uav75" not in centreline_section([replace(source, centreline=None)])


def test_confidences_are_set_against_the_truth() -> None:
    text = reliability_section(EVALUATION.reliability)
    assert "| 0.8–0.9 | 100 | 0.850 | 0.600 |" in text
    assert "0.0–0.1" not in text  # a tenth without a pixel says nothing
    assert "told at least 0.1: 0.100." in text  # (0.25 * 100 + 0.05 * 300) / 400


def test_strip_is_summed_over_photos() -> None:
    text = strip_section(EVALUATION)
    assert "| A | 10 | 9 | 90.0% | 20 | 4 | 100 | 4.0 |" in text
    assert "| all | 20 | 14 | 70.0% | 22 | 4 | 200 | 2.0 |" in text


def test_tiles_of_the_unseen_site_are_told() -> None:
    line = strip_tiles_line(EVALUATION)
    assert "28 of 30 that touch a box are fired on, and 25 of 200 (12.5%)" in line


def test_tiles_are_told_or_said_to_be_unmeasured() -> None:
    line = tiles_line(EVALUATION)
    assert "7 of 8 tiles with cracks are fired on; 2 of 9 tiles without are fired on" in line
    none = TileScores(tiles_with_cracks=8, fired_with_cracks=7, tiles_without=0, fired_without=0)
    assert "no tile without cracks" in tiles_line(replace(EVALUATION, tiles=none))
    assert tiles_line(replace(EVALUATION, tiles=None)) == NOT_HERE


def test_card_holds_scores_thresholds_and_limits(entry: ModelEntry, tmp_path: Path) -> None:
    write_card(replace(entry, card_path=tmp_path / "cards" / "m.md"), EVALUATION)
    text = (tmp_path / "cards" / "m.md").read_text(encoding="utf-8")
    assert entry.sha256 in text
    assert "| crack | 0.500 |" in text
    assert "validation scores, not test scores" in text
    assert "Nothing is claimed for spalling" in text


@pytest.fixture
def registered(entry: ModelEntry, monkeypatch: pytest.MonkeyPatch) -> ModelEntry:
    folder = entry.onnx_path.parent

    def entries(**places: Path) -> tuple[ModelEntry, ...]:
        """Give the model as the shipped one; there are none of one's own."""
        return () if places else (load_entry(weights_dir=folder),)

    monkeypatch.setattr(listing, "list_entries", entries)
    return entry


def run(*arguments: str) -> str:
    result = CliRunner().invoke(cli.models, list(arguments), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_list_shows_people_the_default(registered: ModelEntry) -> None:
    text = run("list")
    assert f"{registered.name}  " in text
    assert "(default)" in text
    assert "crack, alligator_crack, pothole, patch, joint" in text


def test_list_gives_programs_everything(registered: ModelEntry) -> None:
    row, *others = json.loads(run("list", "--json"))
    assert {other["form"] for other in others} == {"boxes"}
    assert row["sha256"] == registered.sha256
    assert row["classes"] == list(CLASS_NAMES)
    assert row["training"]["steps"] == 40
    assert row["default"] is True


@pytest.mark.parametrize("command", ["list", "train", "evaluate", "export"])
def test_help_shows_an_example(command: str) -> None:
    text = run(command, "--help")
    assert "Examples:" in text
    assert f"tenken models {command}" in text


def test_training_without_torch_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "torch", None)
    with pytest.raises(Unavailable, match=r"tenken\[ml\]"):
        require_training_libraries()


@pytest.mark.timeout(900)
def test_train_export_and_evaluate_follow_one_another(
    tiny_sets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Walk from labelled images to a card, with the true commands and a few steps."""
    import torch
    import yaml
    from safetensors.torch import save_file

    from datasets.convert import build_chips
    from models.training.network import build_network

    values = yaml.safe_load((CONFIGS_DIR / "tenken-crack-n.yaml").read_text())
    values |= {"name": "walk", "chip_px": 32, "batch": 2, "steps": 2, "sampling": {"uav75": 1.0}}
    values |= {"thresholds_from": [], "label_slack_px": {}}
    values |= {"architecture": "yolo26n-sem-s4"}  # one that Ultralytics knows
    config_path = tmp_path / "walk.yaml"
    config_path.write_text(yaml.safe_dump(values), encoding="utf-8")
    build_chips(["uav75"], tiny_sets, tmp_path / "chips")
    torch.manual_seed(0)
    network = build_network(values["architecture"], CLASS_NAMES)
    weights = tiny_sets / "weights" / values["start_weights"]
    weights.parent.mkdir(exist_ok=True)
    save_file({k: v.contiguous() for k, v in network.state_dict().items()}, weights)
    shared = ["--data-dir", str(tiny_sets), "--config", str(config_path)]

    run_dir = tmp_path / "run"
    text = run("train", str(tmp_path / "chips"), "--out", str(run_dir), *shared)
    assert "2 steps in" in text
    weights_dir = tmp_path / "weights"
    torch_file = tmp_path / "walk.pt"
    arguments = ["--weights-dir", str(weights_dir), "--torch-file", str(torch_file), "--json"]
    row = json.loads(run("export", str(run_dir), *arguments, *shared))
    assert row["name"] == "walk"
    assert torch_file.stat().st_size > 1e6

    monkeypatch.setenv("TENKEN_DETECT_MODELS_DIR", str(weights_dir))
    result = json.loads(run("evaluate", "walk", "--data-dir", str(tiny_sets), "--json"))
    assert np.isfinite(result["strip"]["MAX_1"]["area_m2"])
    assert {scores["source"] for scores in result["pixels"]} >= {"uav75", "paveseg"}
    assert "# walk" in (weights_dir / "walk.md").read_text(encoding="utf-8")
    text = run("evaluate", "walk", "--data-dir", str(tiny_sets), "--no-card")
    assert "quay strip:" in text


def test_a_card_says_on_what_its_thresholds_were_chosen_and_what_continues_an_object() -> None:
    entry = load_entry()
    plain = rule_section(replace(entry, training={}, continuation_ratio=0.65))
    assert "of the sources below, for" in plain and "above 65% of it" in plain
    told = rule_section(replace(entry, training={"thresholds_from": ["uav75", "cracksc"]}))
    assert "of uav75, cracksc (a class that none of them labels: of all), for" in told
    assert rule_section(entry) in entry.card_path.read_text(encoding="utf-8")

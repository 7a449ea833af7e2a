"""A recipe is judged on a source that neither its training nor its thresholds have seen."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
import yaml
from click.testing import CliRunner
from safetensors.torch import save_file

from datasets.classes import CLASS_NAMES
from datasets.convert import build_chips
from datasets.sources import read_source
from inspection.errors import BadInput, Broken
from models import registry
from models.cli import models as commands
from models.judging.card import left_out_section, write_card
from models.judging.choose import choose_rule
from models.judging.intervals import Interval, ScoreIntervals
from models.judging.judges import mask_samples
from models.judging.leave_out_rows import (
    RESULTS_SUFFIX,
    LeftOut,
    keep_results,
    mean_tolerant_f1,
    read_results,
)
from models.judging.metrics import PixelCounts
from models.training.config import CONFIGS_DIR, TrainConfig
from models.training.leave_out import crack_sources, leave_out, without
from models.training.network import build_network
from tests.support.tiny_network import write_tiny_network
from tests.unit.models.judging.test_evaluate import Oracle
from tests.unit.models.test_card_and_commands import EVALUATION

ROW = LeftOut(
    source="uav75",
    images=60,
    threshold=0.55,
    counts=PixelCounts(predicted=100, labelled=100, both=50, predicted_near=80, labelled_near=60),
    intervals=ScoreIntervals(
        iou=Interval(low=0.3, high=0.4),
        f1=Interval(low=0.45, high=0.55),
        tolerant_f1=Interval(low=0.6, high=0.75),
    ),
    cl_dice=0.61,
    steps=1200,
    minutes=14.5,
)


@pytest.fixture(scope="module")
def recipe(config: TrainConfig) -> TrainConfig:
    return replace(config, sampling={"uav75": 0.5, "uav_concrete": 0.3, "procedural": 0.2})


@pytest.fixture(scope="module")
def start_weights(recipe: TrainConfig, tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    network = build_network(recipe.architecture, CLASS_NAMES)
    path = tmp_path_factory.mktemp("weights") / "start.safetensors"
    save_file({k: v.contiguous() for k, v in network.state_dict().items()}, path)
    return path


@pytest.fixture(scope="module")
def chips_dir(tiny_sets: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("chips")
    build_chips(["uav75", "uav_concrete"], tiny_sets, folder, procedural_count=2)
    return folder


def test_the_rest_keeps_its_proportions(recipe: TrainConfig) -> None:
    fold = without(recipe, "uav75")
    assert fold.sampling == {"uav_concrete": 0.3, "procedural": 0.2}
    assert replace(fold, sampling=recipe.sampling) == recipe


@pytest.mark.parametrize("source", ["cracksc", "", "UAV75"])
def test_a_source_that_is_not_in_the_recipe_cannot_be_left_out(
    recipe: TrainConfig, source: str
) -> None:
    with pytest.raises(BadInput, match="uav75, uav_concrete, procedural"):
        without(recipe, source)


def test_the_only_source_cannot_be_left_out(recipe: TrainConfig) -> None:
    with pytest.raises(BadInput, match="cannot be left out"):
        without(replace(recipe, sampling={"uav75": 1.0}), "uav75")


def test_only_masks_of_cracks_can_judge(recipe: TrainConfig) -> None:
    shares = {"quaywall": 1.0, "brazil": 1.0, "uav75": 1.0, "procedural": 1.0}
    assert crack_sources(replace(recipe, sampling=shares)) == ("brazil", "uav75")


def test_thresholds_do_not_look_at_the_source_that_is_left_out(tiny_sets: Path) -> None:
    lines: list[str] = []
    oracle = Oracle(tiny_sets, sureness=0.45)
    choose_rule(oracle, tiny_sets, CLASS_NAMES, report=lines.append, without=frozenset({"uav75"}))
    looked_at = {line.split(": ")[1].split(",")[0] for line in lines}
    assert looked_at == {source.name for source, _ in mask_samples(tiny_sets)} - {"uav75"}


@pytest.mark.timeout(600)
def test_the_whole_source_is_scored_and_no_chip_of_it_is_learned(
    recipe: TrainConfig, chips_dir: Path, start_weights: Path, tiny_sets: Path, tmp_path: Path
) -> None:
    """A folder of chips in which the files of the left source are gone trains all the same."""
    for path in (chips_dir / "uav75").rglob("*.png"):
        path.write_bytes(b"")  # whoever reads one of them fails
    manifest = chips_dir / "chips.jsonl"
    rows = manifest.read_text(encoding="utf-8").splitlines()
    kept = [row for row in rows if json.loads(row)["source"] != "uav75"]
    manifest.write_text("\n".join(kept) + "\n", encoding="utf-8")
    lines: list[str] = []
    result = leave_out(
        recipe,
        "uav75",
        chips_dir=chips_dir,
        start_weights=start_weights,
        data_dir=tiny_sets,
        out_dir=tmp_path / "uav75",
        budget_min=5,
        report=lines.append,
    )
    samples = read_source("uav75", tiny_sets)
    assert result.source == "uav75"
    assert result.images == len(samples) > len({s for s in samples if s.split.value == "val"})
    assert result.steps == recipe.steps
    assert result.counts.labelled > 0
    assert 0 <= result.counts.tolerant_f1 <= 1 and 0 <= result.cl_dice <= 1
    assert not any(line.startswith("thresholds: uav75") for line in lines)


def test_rows_come_back_as_they_were_kept(tmp_path: Path) -> None:
    path = tmp_path / f"model{RESULTS_SUFFIX}"
    other = replace(ROW, source="cracksc", intervals=None)
    keep_results(path, [ROW])
    keep_results(path, [other])
    assert read_results(path) == (other, ROW)
    better = replace(ROW, threshold=0.9)
    keep_results(path, [better])
    assert read_results(path) == (other, better)
    assert read_results(tmp_path / "absent.json") == ()


def test_a_damaged_file_of_rows_is_not_written_over(tmp_path: Path) -> None:
    path = tmp_path / f"model{RESULTS_SUFFIX}"
    path.write_text("{", encoding="utf-8")
    with pytest.raises(Broken):
        keep_results(path, [ROW])
    assert path.read_text(encoding="utf-8") == "{"


@pytest.mark.parametrize(
    "text", ["{", "[1]", '[{"source": "uav75"}]', '[{"counts": {}}]', '{"a": 1}']
)
def test_damaged_rows_are_told(tmp_path: Path, text: str) -> None:
    path = tmp_path / "m.left-out.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(Broken, match="left-out"):
        read_results(path)


def test_each_source_counts_once_whatever_its_size() -> None:
    """2 · 0.8 · 0.6 / 1.4 = 0.686 and 1: the mean is 0.843, however many pixels stand behind."""
    perfect = PixelCounts(predicted=9, labelled=9, both=9, predicted_near=9, labelled_near=9)
    rows = (ROW, replace(ROW, counts=perfect))
    assert mean_tolerant_f1(rows) == pytest.approx((2 * 0.8 * 0.6 / 1.4 + 1) / 2)
    assert mean_tolerant_f1(()) == 0


def test_the_card_tells_what_was_measured_and_what_was_not(tmp_path: Path) -> None:
    assert "Not measured" in left_out_section(())
    text = left_out_section((ROW,))
    assert "| uav75 | 60 | 0.55 | 0.333 (0.30–0.40) | 0.500 (0.45–0.55) |" in text
    assert text.endswith("Mean F1 within 2 px over these sources: 0.686.")
    entry = write_tiny_network(tmp_path, name=registry.DEFAULT_MODEL)
    keep_results(entry.onnx_path.with_suffix(RESULTS_SUFFIX), (ROW,))
    write_card(entry, EVALUATION)
    card = entry.card_path.read_text(encoding="utf-8")
    assert "## Cracks on sources never seen" in card
    assert "| uav75 | 60 | 0.55 |" in card


@pytest.mark.timeout(600)
def test_the_command_walks_over_sources_and_keeps_the_rows(tiny_sets: Path, tmp_path: Path) -> None:
    values = yaml.safe_load((CONFIGS_DIR / "tenken-crack-n.yaml").read_text(encoding="utf-8"))
    sampling = {"uav75": 0.5, "uav_concrete": 0.5}
    values |= {"name": "tiny", "chip_px": 32, "batch": 2, "steps": 1, "sampling": sampling}
    values |= {"thresholds_from": [], "label_slack_px": {}}
    recipe_path = tmp_path / "tiny.yaml"
    recipe_path.write_text(yaml.safe_dump(values), encoding="utf-8")
    build_chips(list(sampling), tiny_sets, tmp_path / "chips")
    network = build_network(values["architecture"], CLASS_NAMES)
    weights = tiny_sets / "weights" / values["start_weights"]
    weights.parent.mkdir(exist_ok=True)
    save_file({k: v.contiguous() for k, v in network.state_dict().items()}, weights)
    write_tiny_network(tmp_path)
    shared = ["leave-out", str(tmp_path / "chips"), "--out", str(tmp_path / "runs")]
    shared += ["--config", str(recipe_path), "--data-dir", str(tiny_sets)]
    shared += ["--weights-dir", str(tmp_path)]
    done = CliRunner().invoke(commands, [*shared, "--json"], catch_exceptions=False)
    assert done.exit_code == 0
    rows = read_results(tmp_path / f"tiny{RESULTS_SUFFIX}")
    assert [row.source for row in rows] == ["uav75", "uav_concrete"]
    assert [row["source"] for row in json.loads(done.stdout)] == ["uav75", "uav_concrete"]
    again = CliRunner().invoke(commands, [*shared, "--source", "uav75"], catch_exceptions=False)
    assert "images, never seen" in again.stdout and "resumed at step 1" in again.stderr
    assert read_results(tmp_path / f"tiny{RESULTS_SUFFIX}") == rows
    unknown = CliRunner().invoke(commands, [*shared, "--source", "quaywall"])
    assert isinstance(unknown.exception, BadInput)
    assert "choose from uav75, uav_concrete" in str(unknown.exception)


def test_help_shows_an_example() -> None:
    text = CliRunner().invoke(commands, ["leave-out", "--help"]).output
    assert "tenken models leave-out runs/chips" in text

"""The recipe for a set of one's own learns its classes and sees again what was known."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from datasets.sources import PROCEDURAL
from inspection.cli import tenken
from inspection.errors import BadInput, Conflict
from models.registry import DEFAULT_MODEL
from models.training.config import CONFIGS_DIR, TrainConfig, read_config
from models.training.loop import CHECKPOINT_NAME, first_state, save_state
from models.training.network import build_network
from models.training.recipe import LEAST_PX, OWN_SHARE, labelled_pixels, recipe, shares, written
from models.training.train import PIXEL_FORM
from tests.unit.datasets.test_own_set import write_set

SPALL_PX, CRACK_PX = 2 * 37 * 37, 2 * 31 * 4
"""Labelled pixels of the two photos of the bridge that does not judge."""


@pytest.fixture(scope="module")
def base() -> TrainConfig:
    return read_config(CONFIGS_DIR / f"{DEFAULT_MODEL}.yaml")


@pytest.fixture
def own(tmp_path: Path) -> Path:
    (tmp_path / "own").mkdir()
    return Path(write_set(tmp_path / "own"))


def test_only_what_does_not_judge_is_counted(own: Path, tmp_path: Path) -> None:
    assert labelled_pixels(str(own), tmp_path) == {"crack": CRACK_PX, "spall": SPALL_PX}


def test_what_a_set_labels_is_learned_beside_what_was_known(
    base: TrainConfig, own: Path, tiny_sets: Path
) -> None:
    found = recipe(base, own, name="noto-damage", data_dir=tiny_sets)
    config = found.config
    assert config.name == "noto-damage"
    assert config.classes == (*base.classes, "spall")
    assert config.dice_classes == config.classes[1:]
    assert set(config.class_weights) == set(config.classes)
    assert config.thresholds_from == ("noto-2026",)
    assert config.gsd_range_mm_per_px == (0.5, 1.2)
    assert found.sources == tuple(name for name in base.sampling if name != PROCEDURAL)
    assert set(config.sampling) == {*base.sampling, "noto-2026"}
    assert config.label_slack_px == base.label_slack_px
    assert found.too_few == ()
    assert config.architecture == base.architecture


def test_without_published_sets_rendered_chips_keep_the_memory(
    base: TrainConfig, own: Path, tmp_path: Path
) -> None:
    found = recipe(base, own, name="alone", data_dir=tmp_path / "nowhere")
    assert found.sources == ()
    assert found.config.sampling == {PROCEDURAL: 1 - OWN_SHARE, "noto-2026": OWN_SHARE}
    assert found.config.label_slack_px == {}


def test_a_class_with_too_few_pixels_is_named_and_not_learned(
    base: TrainConfig, tmp_path: Path
) -> None:
    outlines = {"剥離": [4, 8, 4, 8], "ひびわれ": [9, 90, 9, 13]}
    speck = {
        "shapes": [
            {"label": name, "points": [[x0, y0], [x1, y0], [x1, y1], [x0, y1]]}
            for name, (x0, x1, y0, y1) in outlines.items()
        ]
    }
    path = Path(write_set(tmp_path))
    for label in (tmp_path / "labels").rglob("*.json"):
        label.write_text(json.dumps(speck), encoding="utf-8")
    found = recipe(base, path, name="few", data_dir=tmp_path / "nowhere")
    assert found.too_few == ("spall",)
    assert found.config.classes == base.classes


def test_a_set_without_enough_of_anything_is_refused(base: TrainConfig, tmp_path: Path) -> None:
    path = Path(write_set(tmp_path))
    for label in (tmp_path / "labels").rglob("*.json"):
        label.write_text('{"shapes": []}', encoding="utf-8")
    with pytest.raises(BadInput, match=f"no class with {LEAST_PX} labelled pixels"):
        recipe(base, path, name="none", data_dir=tmp_path / "nowhere")


def test_boxes_teach_no_pixels(base: TrainConfig, own: Path, tmp_path: Path) -> None:
    text = own.read_text(encoding="utf-8").replace("kind: labelme", "kind: voc_boxes")
    own.write_text(text, encoding="utf-8")
    with pytest.raises(BadInput, match="has boxes; outlines or masks"):
        recipe(base, own, name="boxed", data_dir=tmp_path)


def test_a_recipe_is_read_as_it_was_written(
    base: TrainConfig, own: Path, tiny_sets: Path, tmp_path: Path
) -> None:
    config = recipe(base, own, name="noto-damage", data_dir=tiny_sets).config
    path = tmp_path / "noto.yaml"
    path.write_text(written(config), encoding="utf-8")
    assert read_config(path) == config
    path.write_text(written(base), encoding="utf-8")
    assert read_config(path) == base


@given(
    st.dictionaries(
        st.text("abcdef", min_size=1, max_size=3), st.floats(0.01, 1), min_size=1, max_size=8
    ),
    st.data(),
)
def test_half_of_the_views_are_ones_own(known: dict[str, float], data: st.DataObject) -> None:
    kept = data.draw(st.lists(st.sampled_from(sorted(known)), unique=True))
    found = shares(known, kept, "ours")
    assert found["ours"] == OWN_SHARE
    assert sum(found.values()) == pytest.approx(1, abs=1e-3)
    assert set(found) == {*(kept or [PROCEDURAL]), "ours"}
    for one in kept:  # what was seen twice as often still is
        for other in kept:
            assert found[one] * known[other] == pytest.approx(found[other] * known[one], abs=2e-4)


def test_the_command_writes_once_and_tells_what_comes_next(
    own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TENKEN_DETECT_MODELS_DIR", str(tmp_path / "models"))
    (tmp_path / "published").mkdir()
    out = tmp_path / "runs" / "noto.yaml"
    words = ["models", "recipe", str(own), "--name", "noto-damage", "--out", str(out)]
    words += ["--data-dir", str(tmp_path / "published")]
    result = CliRunner().invoke(tenken, words)
    assert result.exit_code == 0, result.output
    assert f"crack {CRACK_PX} px, spall {SPALL_PX} px" in result.output
    assert f"--begin-with {DEFAULT_MODEL}" in result.output
    assert f"tenken models evaluate noto-damage --set {own}" in result.output
    again = CliRunner().invoke(tenken, words)
    assert isinstance(again.exception, Conflict)
    assert "exists; name another" in str(again.exception)


def test_what_is_exported_to_ones_own_models_takes_no_shipped_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, base: TrainConfig
) -> None:
    """Whoever forgets the name of a recipe is told before anything is written."""
    monkeypatch.setenv("TENKEN_DETECT_MODELS_DIR", str(tmp_path / "models"))
    network = build_network(base.architecture, base.classes)
    state = first_state(network, lambda made: PIXEL_FORM.optimizer(made, base))
    save_state(state, base, tmp_path / CHECKPOINT_NAME)
    result = CliRunner().invoke(
        tenken, ["models", "export", str(tmp_path), "--data-dir", str(tmp_path)]
    )
    assert isinstance(result.exception, Conflict)
    assert "comes with Tenken" in str(result.exception)
    assert not (tmp_path / "models").exists()

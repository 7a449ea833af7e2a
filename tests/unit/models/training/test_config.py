"""A training run is decided by one file, and a slip in it is named."""

from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from datasets.classes import CLASS_NAMES
from datasets.convert import DEFAULT_SOURCES
from datasets.procedural import NAME as PROCEDURAL
from inspection.errors import BadInput, NotFound
from models.registry import DEFAULT_MODEL
from models.training.config import CONFIGS_DIR, TrainConfig, read_config

SHIPPED = CONFIGS_DIR / f"{DEFAULT_MODEL}.yaml"


def changed(tmp_path: Path, **fields: object) -> Path:
    values = yaml.safe_load(SHIPPED.read_text(encoding="utf-8"))
    path = tmp_path / "c.yaml"
    path.write_text(yaml.safe_dump({**values, **fields}), encoding="utf-8")
    return path


def test_shipped_configuration_is_usable() -> None:
    config = read_config(SHIPPED)
    assert config.name == DEFAULT_MODEL
    assert set(config.sampling) == {*DEFAULT_SOURCES, PROCEDURAL}
    assert sum(config.sampling.values()) == pytest.approx(1)
    assert config.licence == "AGPL-3.0-or-later"


def test_shipped_configuration_never_trains_on_the_strip() -> None:
    assert "quay_strip" not in read_config(SHIPPED).sampling


def test_a_changed_field_is_read(tmp_path: Path) -> None:
    config = read_config(changed(tmp_path, batch=3, dice_classes=["crack"]))
    assert config.batch == 3
    assert config.dice_classes == ("crack",)
    assert config.gsd_range_mm_per_px == (0.5, 3.5)


def test_absent_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"none\.yaml"):
        read_config(tmp_path / "none.yaml")


def test_unknown_field_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="learning"):
        read_config(changed(tmp_path, learning=1))


def test_missing_field_is_named(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text("name: x\n", encoding="utf-8")
    with pytest.raises(BadInput, match="architecture"):
        read_config(path)


def test_a_list_is_not_a_configuration(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text("- 1\n", encoding="utf-8")
    with pytest.raises(BadInput, match="missing"):
        read_config(path)


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("chip_px", 300, "multiple of 32"),
        ("class_weights", {"crack": 1.0}, "class_weights"),
        ("sampling", {}, "share above 0"),
        ("sampling", {"uav75": 0.0}, "share above 0"),
        ("dice_classes", ("crack", "hole"), "among the classes"),
        ("precision", "f64", "f32, bf16"),
        ("label_slack_px", {"uav75": 9}, "0 to 8 px"),
        ("label_slack_px", {"uav75": -1}, "uav75, -1 px"),
        ("label_slack_px", {"nowhere": 2}, "a source of sampling"),
        ("classes", ("crack", "background"), "start with background"),
        ("classes", ("background", "hole"), "unknown: hole"),
    ],
)
def test_values_out_of_bounds_are_refused(field: str, value: object, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        replace(read_config(SHIPPED), **{field: value})  # type: ignore[arg-type]  # wrong on purpose


def test_weights_name_every_class(config: TrainConfig) -> None:
    assert tuple(config.class_weights) == config.classes
    assert read_config(SHIPPED).classes == CLASS_NAMES

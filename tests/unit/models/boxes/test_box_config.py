"""A training run of boxes is decided by one file, and a slip in it is named."""

from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from datasets.sources import READERS
from inspection.domain.taxonomy import DamageClass
from inspection.errors import BadInput, NotFound
from models.boxes.config import BoxConfig, read_box_config
from models.registry import DEFAULT_MODEL
from models.training.config import BOXES, CONFIGS_DIR, PIXELS, form_of, read_config

SHIPPED = CONFIGS_DIR / "tenken-road-boxes-n.yaml"


@pytest.fixture(scope="module")
def config() -> BoxConfig:
    return read_box_config(SHIPPED)


def changed(tmp_path: Path, **fields: object) -> Path:
    values = yaml.safe_load(SHIPPED.read_text(encoding="utf-8"))
    path = tmp_path / "c.yaml"
    path.write_text(yaml.safe_dump({**values, **fields}), encoding="utf-8")
    return path


def test_the_shipped_configuration_learns_every_box_of_its_source(config: BoxConfig) -> None:
    assert config.name == SHIPPED.stem
    assert config.sampling == {"rdd_motorbike": 1.0}
    assert set(config.label_indices) == set(READERS["rdd_motorbike"][0].box_classes)
    config.check_sources()


def test_long_and_transverse_cracks_are_two_classes_of_one_damage(config: BoxConfig) -> None:
    assert config.label_indices["D00"] == config.label_indices["D01"] == 0
    assert config.label_indices["D10"] == 1
    assert config.damage() == {
        "longitudinal_crack": "crack",
        "transverse_crack": "crack",
        "alligator_crack": "alligator_crack",
        "pothole": "pothole",
        "patch": "patch",
    }
    assert {DamageClass(kind) for kind in config.damage().values()}


def test_a_form_is_read_from_the_file(tmp_path: Path) -> None:
    assert form_of(SHIPPED) == BOXES
    assert form_of(CONFIGS_DIR / f"{DEFAULT_MODEL}.yaml") == PIXELS
    with pytest.raises(BadInput, match="form 'cubes' is not one of pixels, boxes"):
        form_of(changed(tmp_path, form="cubes"))
    with pytest.raises(NotFound, match=r"none\.yaml"):
        form_of(tmp_path / "none.yaml")


def test_a_file_of_the_other_form_is_named_as_such(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="trains a network of boxes; here one of pixels is needed"):
        read_config(SHIPPED)
    with pytest.raises(BadInput, match="trains a network of pixels; here one of boxes is needed"):
        read_box_config(CONFIGS_DIR / f"{DEFAULT_MODEL}.yaml")


def test_pixels_may_be_said(tmp_path: Path) -> None:
    shipped = yaml.safe_load((CONFIGS_DIR / f"{DEFAULT_MODEL}.yaml").read_text(encoding="utf-8"))
    path = tmp_path / "said.yaml"
    path.write_text(yaml.safe_dump({**shipped, "form": PIXELS}), encoding="utf-8")
    assert read_config(path) == read_config(CONFIGS_DIR / f"{DEFAULT_MODEL}.yaml")


def test_missing_and_unknown_fields_are_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="missing or unknown fields dice_classes"):
        read_box_config(changed(tmp_path, dice_classes=[]))
    values = yaml.safe_load(SHIPPED.read_text(encoding="utf-8"))
    del values["photo_px"]
    path = tmp_path / "less.yaml"
    path.write_text(yaml.safe_dump(values), encoding="utf-8")
    with pytest.raises(BadInput, match="photo_px"):
        read_box_config(path)


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("classes", (), "each once"),
        ("classes", ("pothole", "pothole"), "each once"),
        ("classes", ("Pot hole",), "small letters"),
        ("labels", {"pothole": ("D40",)}, "labels must name boxes for exactly"),
        ("photo_px", 500, "multiple of 32"),
        ("photo_px", 128, "160"),
        ("chip_px", 500, "multiple of 32"),
        ("four_together", 1.5, r"four_together 1.5 lies outside 0..1"),
        ("four_until", -0.1, "four_until"),
        ("precision", "f16", "f32, bf16"),
        ("batch", 0, "batch 0"),
        ("sampling", {}, "share above 0"),
    ],
)
def test_values_out_of_bounds_are_refused(
    config: BoxConfig, field: str, value: object, words: str
) -> None:
    with pytest.raises(BadInput, match=words):
        replace(config, **{field: value})  # type: ignore[arg-type]  # wrong on purpose


def test_a_label_goes_to_one_class(config: BoxConfig) -> None:
    labels = {**config.labels, "patch": ("Repair", "D40")}
    with pytest.raises(BadInput, match="each goes to one class only"):
        replace(config, labels=labels)
    with pytest.raises(BadInput, match="labels must name"):
        replace(config, labels={**config.labels, "patch": ()})


def test_a_class_is_one_kind_of_damage_of_a_source_that_has_it(config: BoxConfig) -> None:
    mixed = {**config.labels, "pothole": ("D40", "Repair"), "patch": ("D44",)}
    with pytest.raises(BadInput, match="pothole are patch and pothole"):
        replace(config, labels=mixed).damage()
    unknown = {**config.labels, "patch": ("D44",)}
    with pytest.raises(BadInput, match="patch are in no source"):
        replace(config, labels=unknown).damage()


@pytest.mark.parametrize(
    ("source", "words"),
    [("uav75", "labels of kind mask, not boxes"), ("quay_strip", "only judges")],
)
def test_sources_without_boxes_or_that_only_judge_are_refused(
    config: BoxConfig, source: str, words: str
) -> None:
    with pytest.raises(BadInput, match=words):
        replace(config, sampling={source: 1.0}).check_sources()


@pytest.mark.parametrize("labels", [7, ["D00"], {"longitudinal_crack": 3}])
def test_labels_of_the_wrong_kind_are_no_traceback(tmp_path: Path, labels: object) -> None:
    with pytest.raises(BadInput, match="wrong kind"):
        read_box_config(changed(tmp_path, labels=labels))

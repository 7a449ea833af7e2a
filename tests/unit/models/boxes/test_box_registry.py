"""Box models stand beside those of pixels, and each is what was registered."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from inspection.domain.taxonomy import DamageClass
from inspection.errors import BadInput, Broken, NotFound
from models.boxes.registry import (
    BoxEntry,
    box_names,
    find_boxes,
    list_boxes,
    load_boxes,
    write_boxes,
)
from models.detector import load_detector
from models.registry import BOXES_FOLDER, folder_of, list_names
from tests.support.tiny_boxes import register_rows

ROWS = [[8.0, 16.0, 48.0, 96.0, 0.8, 0.0]]


@pytest.fixture
def entry(tmp_path: Path) -> BoxEntry:
    return register_rows(tmp_path, ROWS)


def test_what_was_registered_is_found(entry: BoxEntry, tmp_path: Path) -> None:
    assert load_boxes("seen", weights_dir=tmp_path) == entry
    assert find_boxes("seen", tmp_path) == entry
    assert list_boxes(tmp_path) == (entry,)
    assert entry.model_id == f"seen@{entry.sha256[:12]}"


def test_it_is_no_model_of_pixels(entry: BoxEntry, tmp_path: Path) -> None:
    assert list_names(tmp_path) == ()
    with pytest.raises(BadInput, match="seen puts boxes into road photos; this needs a model"):
        folder_of("seen", tmp_path)
    with pytest.raises(NotFound):
        load_detector("seen", weights_dir=tmp_path)


def test_absent_models_are_told_with_those_that_are_there(entry: BoxEntry, tmp_path: Path) -> None:
    assert find_boxes("other", tmp_path) is None
    with pytest.raises(NotFound, match="no box model 'other' is registered; known: seen"):
        load_boxes("other", weights_dir=tmp_path)
    with pytest.raises(NotFound, match="known: none"):
        load_boxes("other", weights_dir=tmp_path / "nothing")
    assert box_names(tmp_path / "nothing") == ()


@pytest.mark.parametrize("name", ["../boxes/seen", "./seen", "", ".", "SEEN", "seen.onnx"])
def test_what_is_no_name_is_not_found(entry: BoxEntry, tmp_path: Path, name: str) -> None:
    assert find_boxes(name, tmp_path) is None


def test_an_altered_or_absent_network_is_ours(entry: BoxEntry, tmp_path: Path) -> None:
    entry.onnx_path.write_bytes(entry.onnx_path.read_bytes() + b"\0")
    with pytest.raises(Broken, match="the file is damaged or was replaced"):
        load_boxes("seen", weights_dir=tmp_path)
    entry.onnx_path.unlink()
    with pytest.raises(Broken, match=r"seen\.onnx is missing"):
        load_boxes("seen", weights_dir=tmp_path)


@pytest.mark.parametrize(
    "changed",
    [
        {"form": "pixels"},
        {"form": None},
        {"classes": ["pothole"]},
        {"classes": None},
        {"damage": {"longitudinal_crack": "crack", "pothole": "hole"}},
        {"damage": {"pothole": "pothole"}},
        {"thresholds": {"longitudinal_crack": 0.5, "pothole": 0}},
        {"thresholds": {"longitudinal_crack": "a", "pothole": 0.5}},
        {"overlap": 0},
        {"overlap": 1.5},
        {"photo_px": 100},
        {"photo_px": 250},
        {"sha256": "short"},
    ],
)
def test_a_description_that_makes_no_sense_is_ours(
    entry: BoxEntry, tmp_path: Path, changed: dict[str, object]
) -> None:
    path = entry.onnx_path.with_suffix(".json")
    told = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(told | changed), encoding="utf-8")
    with pytest.raises(Broken, match=r"model seen: seen\.json cannot be read"):
        load_boxes("seen", weights_dir=tmp_path)


def test_a_description_without_a_field_is_ours(entry: BoxEntry, tmp_path: Path) -> None:
    path = entry.onnx_path.with_suffix(".json")
    told = json.loads(path.read_text(encoding="utf-8"))
    for field in ("form", "sha256", "classes", "damage", "thresholds", "overlap", "photo_px"):
        path.write_text(json.dumps({k: v for k, v in told.items() if k != field}))
        with pytest.raises(Broken, match="cannot be read"):
            load_boxes("seen", weights_dir=tmp_path)
    path.write_text("[]", encoding="utf-8")
    with pytest.raises(Broken, match="cannot be read"):
        load_boxes("seen", weights_dir=tmp_path)


def test_the_form_is_written(entry: BoxEntry) -> None:
    told = json.loads(entry.onnx_path.with_suffix(".json").read_text(encoding="utf-8"))
    assert told["form"] == "boxes"
    assert told["damage"] == {"longitudinal_crack": "crack", "pothole": "pothole"}


def test_classes_are_named_once(entry: BoxEntry) -> None:
    with pytest.raises(BadInput, match="each once"):
        replace(entry, classes=("pothole", "pothole"))
    with pytest.raises(BadInput, match="damage must name"):
        replace(entry, damage={"pothole": DamageClass.POTHOLE})


def test_a_card_lies_beside_an_own_network(entry: BoxEntry, tmp_path: Path) -> None:
    assert load_boxes("seen", weights_dir=tmp_path).card_path == (
        tmp_path / BOXES_FOLDER / "seen.md"
    )
    other = replace(entry, licence="MIT")
    write_boxes(other)
    assert load_boxes("seen", weights_dir=tmp_path).licence == "MIT"

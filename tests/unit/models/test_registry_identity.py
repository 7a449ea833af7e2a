"""A model is known by all that changes its answers, and by nothing else."""

from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import pytest

from models.registry import (
    NAMING,
    WEIGHTS_DIR,
    ModelEntry,
    answers_of,
    list_entries,
    load_entry,
    model_id,
    write_entry,
)
from tests.support.tiny_network import write_tiny_network

SHA = "0123456789ab" + "c" * 52


def entry_of(folder: Path, **changes: Any) -> ModelEntry:
    values: dict[str, Any] = {
        "name": "own",
        "onnx_path": folder / "own.onnx",
        "sha256": SHA,
        "classes": ("background", "crack", "spall"),
        "thresholds": {"crack": 0.4, "spall": 0.5},
        "size_multiple_px": 32,
        "gsd_range_mm_per_px": (0.5, 3.5),
        "licence": "AGPL-3.0-or-later",
        "card_path": folder / "own.md",
    }
    return ModelEntry(**(values | changes))


def test_shipped_models_keep_their_names() -> None:
    """What surveys found with them stands under these names."""
    for entry in list_entries():
        assert model_id(entry) == f"{entry.name}@{entry.sha256[:12]}"
        assert model_id(entry, "bf16") == f"{entry.name}@{entry.sha256[:12]}/bf16"
        elsewhere = WEIGHTS_DIR.parent / "weights" / ".." / "weights" / entry.onnx_path.name
        assert answers_of(replace(entry, onnx_path=elsewhere)) == ""


def test_the_name_of_a_described_network_does_not_change_between_versions(tmp_path: Path) -> None:
    """Pinned: another digest here would have every survey searched anew."""
    assert model_id(entry_of(tmp_path)) == "own@0123456789ab+dec7a8e3"
    assert model_id(entry_of(tmp_path), "bf16") == "own@0123456789ab+dec7a8e3/bf16"


@pytest.mark.parametrize(
    "changes",
    [
        {"thresholds": {"crack": 0.3, "spall": 0.5}},
        {"thresholds": {"crack": 0.4, "spall": 0.50001}},
        {"classes": ("background", "spall", "crack")},
        {"classes": ("background", "crack"), "thresholds": {"crack": 0.4}},
        {"size_multiple_px": 64},
        {"output_stride": 4},
        {"continuation_ratio": 0.25},
    ],
)
def test_what_changes_an_answer_changes_the_name(tmp_path: Path, changes: dict[str, Any]) -> None:
    assert model_id(entry_of(tmp_path, **changes)) != model_id(entry_of(tmp_path))


@pytest.mark.parametrize(
    "changes",
    [
        {"licence": "Apache-2.0"},
        {"training": {"steps": 7}},
        {"gsd_range_mm_per_px": (0.1, 9.0)},
        {"thresholds": {"spall": 0.5, "crack": 0.4}},
    ],
)
def test_what_changes_no_answer_changes_no_name(tmp_path: Path, changes: dict[str, Any]) -> None:
    assert model_id(entry_of(tmp_path, **changes)) == model_id(entry_of(tmp_path))
    assert answers_of(entry_of(tmp_path / "elsewhere")) == answers_of(entry_of(tmp_path))


def test_every_field_is_in_the_name_unless_it_is_known_to_change_nothing(tmp_path: Path) -> None:
    """A field that is added to entries later counts without anybody thinking of it here."""

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Later(ModelEntry):
        continuation: float = 0.5

    plain = {one.name: getattr(entry_of(tmp_path), one.name) for one in fields(ModelEntry)}
    assert set(plain) >= NAMING
    assert answers_of(Later(**plain)) == answers_of(entry_of(tmp_path))  # as all were before
    assert answers_of(Later(**plain, continuation=0.3)) != answers_of(entry_of(tmp_path))


def test_a_description_that_is_read_back_has_the_same_name(tmp_path: Path) -> None:
    made = write_tiny_network(tmp_path)
    assert model_id(load_entry("tiny", weights_dir=tmp_path)) == model_id(made)
    write_entry(replace(made, thresholds=dict(made.thresholds) | {"crack": 0.25}))
    again = load_entry("tiny", weights_dir=tmp_path)
    assert again.sha256 == made.sha256 and model_id(again) != model_id(made)

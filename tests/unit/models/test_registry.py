"""The registry gives only networks that are the ones that were registered."""

import json
import subprocess
import sys
from dataclasses import FrozenInstanceError, replace
from pathlib import Path

import pytest

from inspection.errors import BadInput, Broken, NotFound
from models.registry import (
    ModelEntry,
    list_entries,
    list_names,
    load_entry,
    sha256_of,
    write_entry,
)


def make_entry(folder: Path, name: str = "m1", content: bytes = b"network") -> ModelEntry:
    onnx_path = folder / f"{name}.onnx"
    onnx_path.write_bytes(content)
    return ModelEntry(
        name=name,
        onnx_path=onnx_path,
        sha256=sha256_of(onnx_path),
        classes=("background", "crack", "joint"),
        thresholds={"crack": 0.4, "joint": 0.5},
        size_multiple_px=32,
        gsd_range_mm_per_px=(0.5, 3.5),
        licence="AGPL-3.0-or-later",
        card_path=folder / f"{name}.md",
        training={"steps": 10},
    )


def test_sha256_is_that_of_the_standard(tmp_path: Path) -> None:
    path = tmp_path / "abc"
    path.write_bytes(b"abc")
    assert sha256_of(path) == ("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")


def test_written_entry_is_read_back_equal(tmp_path: Path) -> None:
    entry = make_entry(tmp_path)
    write_entry(entry)
    read = load_entry("m1", weights_dir=tmp_path, cards_dir=tmp_path)
    plain = replace(read, thresholds=dict(read.thresholds), training=dict(read.training))
    assert plain == entry


def test_entries_are_listed_in_order(tmp_path: Path) -> None:
    for name in ("b", "a"):
        write_entry(make_entry(tmp_path, name))
    assert list_names(tmp_path) == ("a", "b")
    entries = list_entries(weights_dir=tmp_path, cards_dir=tmp_path)
    assert [entry.name for entry in entries] == ["a", "b"]


def test_unknown_name_lists_the_known_ones(tmp_path: Path) -> None:
    write_entry(make_entry(tmp_path))
    with pytest.raises(NotFound, match="known: m1"):
        load_entry("other", weights_dir=tmp_path)


def test_empty_folder_says_that_none_is_known(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="known: none"):
        load_entry("other", weights_dir=tmp_path)


def test_altered_network_is_refused(tmp_path: Path) -> None:
    entry = make_entry(tmp_path)
    write_entry(entry)
    entry.onnx_path.write_bytes(b"other network")
    with pytest.raises(Broken, match="sha256"):
        load_entry("m1", weights_dir=tmp_path)


def test_missing_network_is_named(tmp_path: Path) -> None:
    entry = make_entry(tmp_path)
    write_entry(entry)
    entry.onnx_path.unlink()
    with pytest.raises(Broken, match=r"m1\.onnx is missing"):
        load_entry("m1", weights_dir=tmp_path)


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"sha256": 1}', "\x00"])
def test_damaged_description_is_broken_not_a_traceback(tmp_path: Path, text: str) -> None:
    make_entry(tmp_path)
    (tmp_path / "m1.json").write_text(text, encoding="utf-8")
    with pytest.raises(Broken, match=r"m1\.json cannot be read"):
        load_entry("m1", weights_dir=tmp_path)


def test_description_with_thresholds_out_of_bounds_is_broken(tmp_path: Path) -> None:
    path = write_entry(make_entry(tmp_path))
    fields = json.loads(path.read_text(encoding="utf-8"))
    fields["thresholds"]["crack"] = 1.5
    path.write_text(json.dumps(fields), encoding="utf-8")
    with pytest.raises(Broken, match="thresholds"):
        load_entry("m1", weights_dir=tmp_path)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"classes": ("crack", "background", "joint")}, "classes"),
        ({"classes": ("background", "crack", "crack")}, "classes"),
        ({"thresholds": {"crack": 0.5}}, "thresholds"),
        ({"thresholds": {"crack": 0.5, "joint": 0.0}}, "thresholds"),
        ({"gsd_range_mm_per_px": (2.0, 1.0)}, "GSD"),
        ({"gsd_range_mm_per_px": (0.0, 1.0)}, "GSD"),
        ({"size_multiple_px": 0}, "multiple"),
        ({"sha256": "abc"}, "sha256"),
    ],
)
def test_entry_checks_its_values(tmp_path: Path, change: dict[str, object], word: str) -> None:
    with pytest.raises(BadInput, match=word):
        replace(make_entry(tmp_path), **change)  # type: ignore[arg-type]  # wrong on purpose


def test_entry_is_frozen(tmp_path: Path) -> None:
    entry = make_entry(tmp_path)
    with pytest.raises(FrozenInstanceError):
        entry.name = "other"  # type: ignore[misc]  # wrong on purpose


def test_registry_and_command_line_do_not_import_torch() -> None:
    code = (
        "import sys, models.registry, models.cli, datasets.cli\n"
        "assert not {'torch', 'ultralytics', 'openvino', 'onnx'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)

"""A calibration belongs to one set of weights and comes back exactly."""

from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import pytest

from inspection.domain.measurement import MaskCalibration
from inspection.errors import Broken
from models.calibration import calibration_path, load_calibration, write_calibration
from models.registry import ModelEntry, list_names, load_entry
from tests.benchmarks.mask_offset import calibrate

FOUND = MaskCalibration(offset_px=2.7, offset_std_px=0.5, limit_px=3.2)


@pytest.fixture
def entry(tmp_path: Path) -> ModelEntry:
    return ModelEntry(
        name="m",
        onnx_path=tmp_path / "m.onnx",
        sha256="a" * 64,
        classes=("background", "crack"),
        thresholds=MappingProxyType({"crack": 0.5}),
        size_multiple_px=32,
        gsd_range_mm_per_px=(0.5, 3.0),
        licence="AGPL-3.0-or-later",
        card_path=tmp_path / "m.md",
    )


def test_what_is_written_comes_back(entry: ModelEntry) -> None:
    assert load_calibration(entry) is None
    assert write_calibration(entry, FOUND, "a command") == calibration_path(entry)
    assert load_calibration(entry) == FOUND


def test_the_shipped_weights_are_calibrated_and_no_model_is_invented() -> None:
    assert load_calibration(load_entry()) is not None
    assert all(load_entry(name).name == name for name in list_names())


def test_other_weights_are_not_calibrated_by_it(entry: ModelEntry) -> None:
    write_calibration(entry, FOUND, "a command")
    assert load_calibration(replace(entry, sha256="b" * 64)) is None


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"sha256": "%s", "offset_px": "wide"}'])
def test_a_damaged_file_is_named(entry: ModelEntry, text: str) -> None:
    calibration_path(entry).write_text(text.replace("%s", entry.sha256))
    with pytest.raises(Broken, match=r"m\.masks\.json"):
        load_calibration(entry)


def test_the_offset_comes_from_clear_cracks_and_the_limit_from_narrow_ones() -> None:
    pairs = [(1.0, 5.9), (2.2, 5.2), (3.4, 6.0), (4.0, 6.6), (5.0, 7.8), (6.0, 8.7)]
    found = calibrate(pairs)
    assert found.offset_px == pytest.approx(2.7)
    assert 0.0 < found.offset_std_px < 0.2
    assert found.limit_px == pytest.approx(3.3 + found.offset_std_px, abs=0.011)
    for true, mask in pairs:
        corrected = mask - found.offset_px
        assert (corrected > found.limit_px) == (true >= 4.0)

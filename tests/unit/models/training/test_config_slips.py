"""Slips of the pen in a training configuration: each is named, none is a traceback."""

from pathlib import Path

import pytest
import yaml

from inspection.errors import BadInput
from models.registry import DEFAULT_MODEL
from models.training.config import CONFIGS_DIR, read_config

SHIPPED = (CONFIGS_DIR / f"{DEFAULT_MODEL}.yaml").read_text(encoding="utf-8")


def written(tmp_path: Path, text: str | bytes) -> Path:
    path = tmp_path / "slip.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@pytest.mark.parametrize(
    "text",
    [
        "name: [1, 2",
        "name: 'unfinished",
        "a: b: c",
        "\tname: x",
        "name: &a *b",
        "name: !!python/object:os.system x",
        "name: !unknown x",
        SHIPPED + "\n  indented: wrong",
        "\x00",
        b"name: \xff\xfe",
    ],
    ids=[
        "bracket",
        "quote",
        "colons",
        "tab",
        "alias",
        "object",
        "tag",
        "indent",
        "nul",
        "no-utf8",
    ],
)
def test_what_is_no_yaml_is_named_by_its_file(tmp_path: Path, text: str | bytes) -> None:
    with pytest.raises(BadInput, match=r"slip\.yaml is not readable YAML: \S"):
        read_config(written(tmp_path, text))


def test_the_place_of_the_slip_is_told_on_one_line(tmp_path: Path) -> None:
    with pytest.raises(BadInput) as refused:
        read_config(written(tmp_path, "name: x\nbatch: [1\n"))
    assert "line 3" in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("text", ["", "# nothing but a comment\n", "null", "7", "- name", "'x'"])
def test_what_is_no_mapping_lacks_every_field(tmp_path: Path, text: str) -> None:
    with pytest.raises(BadInput, match=r"slip\.yaml: missing or unknown fields .*batch"):
        read_config(written(tmp_path, text))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("dice_classes", None),
        ("dice_classes", 3),
        ("gsd_range_mm_per_px", None),
        ("gsd_range_mm_per_px", 1.0),
        ("gsd_range_mm_per_px", [1.0]),
        ("gsd_range_mm_per_px", [1.0, 2.0, 3.0]),
        ("gsd_range_mm_per_px", ["fine", "coarse"]),
        ("chip_px", "large"),
        ("chip_px", None),
        ("sampling", [1, 2]),
        ("sampling", {"uav75": "much"}),
        ("class_weights", 1),
    ],
)
def test_a_value_of_another_kind_is_bad_input(tmp_path: Path, field: str, value: object) -> None:
    values = {**yaml.safe_load(SHIPPED), field: value}
    with pytest.raises(
        BadInput, match=r"slip\.yaml: a field has a value of the wrong kind|chip_px"
    ):
        read_config(written(tmp_path, yaml.safe_dump(values)))


@pytest.mark.parametrize("low_high", [[1, 4], ["0.5", "3.5"], [0.25, 1e3]])
def test_the_range_of_ground_sample_distances_becomes_numbers(
    tmp_path: Path, low_high: list[object]
) -> None:
    values = {**yaml.safe_load(SHIPPED), "gsd_range_mm_per_px": low_high}
    config = read_config(written(tmp_path, yaml.safe_dump(values)))
    assert config.gsd_range_mm_per_px == (float(str(low_high[0])), float(str(low_high[1])))


def test_unknown_and_missing_fields_are_named_together(tmp_path: Path) -> None:
    values = yaml.safe_load(SHIPPED)
    values["stepz"] = values.pop("steps")
    with pytest.raises(BadInput, match="steps, stepz"):
        read_config(written(tmp_path, yaml.safe_dump(values)))

"""Registration, configuration and card at their bounds, and what a refusal says."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from datasets.classes import CLASS_NAMES
from inspection.errors import BadInput, Broken, NotFound
from models.judging.card import (
    NOT_HERE,
    data_section,
    joint_lines,
    pixel_section,
    strip_section,
    table,
    tiles_line,
    training_section,
)
from models.judging.evaluate import Evaluation, SourceScores, TileScores
from models.judging.metrics import HitCounts, PixelCounts
from models.registry import (
    DEFAULT_MODEL,
    ModelEntry,
    list_entries,
    list_names,
    load_entry,
    model_id,
    sha256_of,
    write_entry,
)
from models.training.config import CONFIGS_DIR, TrainConfig, read_config


def make_entry(folder: Path, **changes: Any) -> ModelEntry:
    onnx_path = folder / "m.onnx"
    onnx_path.write_bytes(b"weights")
    plain = ModelEntry(
        name="m",
        onnx_path=onnx_path,
        sha256=sha256_of(onnx_path),
        classes=("background", "crack"),
        thresholds={"crack": 0.4},
        size_multiple_px=32,
        gsd_range_mm_per_px=(0.5, 3.5),
        licence="AGPL-3.0-or-later",
        card_path=folder / "m.md",
    )
    return replace(plain, **changes)


def load(folder: Path) -> ModelEntry:
    return load_entry("m", weights_dir=folder, cards_dir=folder)


def rewrite(folder: Path, change: Callable[[dict[str, Any]], None]) -> None:
    path = write_entry(make_entry(folder))
    record = json.loads(path.read_text(encoding="utf-8"))
    change(record)
    path.write_text(json.dumps(record), encoding="utf-8")


class TestEntry:
    def test_a_range_may_be_one_value(self, tmp_path: Path) -> None:
        assert make_entry(tmp_path, gsd_range_mm_per_px=(2.0, 2.0)).gsd_range_mm_per_px == (2, 2)

    @pytest.mark.parametrize("wrong", [(0.0, 1.0), (-1.0, 1.0), (2.0, 1.0), (float("nan"), 1.0)])
    def test_a_range_that_is_none_is_told_with_its_unit(
        self, tmp_path: Path, wrong: tuple[float, float]
    ) -> None:
        with pytest.raises(BadInput) as raised:
            make_entry(tmp_path, gsd_range_mm_per_px=wrong)
        assert f"model m: GSD range {wrong[0]}..{wrong[1]} mm/px" in str(raised.value)

    @pytest.mark.parametrize("value", [1e-6, 0.999999])
    def test_thresholds_just_inside_are_taken(self, tmp_path: Path, value: float) -> None:
        assert make_entry(tmp_path, thresholds={"crack": value}).thresholds["crack"] == value

    @pytest.mark.parametrize("value", [0.0, 1.0, -0.1, 1.1, float("nan")])
    def test_thresholds_at_the_bounds_and_beyond_are_refused(
        self, tmp_path: Path, value: float
    ) -> None:
        with pytest.raises(BadInput, match="model m: thresholds must lie between 0 and 1"):
            make_entry(tmp_path, thresholds={"crack": value})

    @pytest.mark.parametrize("given", [{}, {"crack": 0.4, "joint": 0.4}, {"background": 0.4}])
    def test_thresholds_name_the_classes_and_no_other(
        self, tmp_path: Path, given: Mapping[str, float]
    ) -> None:
        with pytest.raises(BadInput, match="thresholds must name crack"):
            make_entry(tmp_path, thresholds=given)

    @pytest.mark.parametrize(
        "classes", [(), ("crack",), ("crack", "background"), ("background", "crack", "crack")]
    )
    def test_classes_begin_with_background_and_are_unique(
        self, tmp_path: Path, classes: tuple[str, ...]
    ) -> None:
        with pytest.raises(BadInput, match="unique and start with background"):
            make_entry(tmp_path, classes=classes)

    @pytest.mark.parametrize(
        "change", [{"size_multiple_px": 0}, {"sha256": "a" * 63}, {"sha256": "a" * 65}]
    )
    def test_size_and_digest_are_checked(self, tmp_path: Path, change: dict[str, Any]) -> None:
        with pytest.raises(BadInput, match="size multiple or sha256 is not usable"):
            make_entry(tmp_path, **change)

    def test_the_id_holds_name_digest_and_arithmetic(self, tmp_path: Path) -> None:
        entry = make_entry(tmp_path)
        digest = hashlib.sha256(b"weights").hexdigest()
        described = model_id(entry).removeprefix(f"m@{digest[:12]}+")
        assert len(described) == 8 and int(described, 16) >= 0
        assert model_id(entry, "bf16") == f"m@{digest[:12]}+{described}/bf16"
        assert model_id(entry, "f32") == model_id(entry)
        assert model_id(replace(entry, sha256="0" * 64)) != model_id(entry)


class TestFiles:
    def test_the_description_is_plain_json_that_ends_with_a_line(self, tmp_path: Path) -> None:
        path = write_entry(make_entry(tmp_path))
        text = path.read_text(encoding="utf-8")
        assert path.name == "m.json"
        assert text.endswith("}\n")
        assert set(json.loads(text)) == {
            "name", "sha256", "classes", "thresholds", "continuation_ratio", "size_multiple_px",
            "gsd_range_mm_per_px", "output_stride", "licence", "training",
        }  # fmt: skip

    def test_writing_twice_gives_the_same_bytes(self, tmp_path: Path) -> None:
        first = write_entry(make_entry(tmp_path)).read_bytes()
        assert write_entry(make_entry(tmp_path)).read_bytes() == first

    def test_an_old_description_without_training_is_read(self, tmp_path: Path) -> None:
        rewrite(tmp_path, lambda record: record.pop("training"))
        assert dict(load(tmp_path).training) == {}

    def test_what_is_read_cannot_be_changed(self, tmp_path: Path) -> None:
        write_entry(make_entry(tmp_path))
        with pytest.raises(TypeError):
            load(tmp_path).thresholds["crack"] = 0.1  # type: ignore[index]

    @pytest.mark.parametrize(
        "key", ["sha256", "classes", "thresholds", "size_multiple_px", "gsd_range_mm_per_px"]
    )
    def test_a_lacking_field_is_named(self, tmp_path: Path, key: str) -> None:
        rewrite(tmp_path, lambda record: record.pop(key))
        with pytest.raises(Broken, match=rf"model m: m\.json cannot be read: KeyError\('{key}'\)"):
            load(tmp_path)

    @pytest.mark.parametrize(
        ("key", "value"),
        [
            ("gsd_range_mm_per_px", [1.0]),
            ("gsd_range_mm_per_px", 2.0),
            ("gsd_range_mm_per_px", [3.0, 1.0]),
            ("thresholds", {"crack": "high"}),
            ("thresholds", None),
            ("size_multiple_px", "wide"),
            ("size_multiple_px", None),
            ("sha256", "short"),
            ("classes", ["crack"]),
            ("training", 3),
        ],
    )
    def test_a_wrong_field_breaks_the_description(
        self, tmp_path: Path, key: str, value: object
    ) -> None:
        rewrite(tmp_path, lambda record: record.update({key: value}))
        with pytest.raises(Broken, match=r"model m: m\.json cannot be read"):
            load(tmp_path)

    @pytest.mark.parametrize("content", [b"", b"[]", b"3", b"\xff\xfe", b'{"name": '])
    def test_any_other_content_breaks_the_description(self, tmp_path: Path, content: bytes) -> None:
        make_entry(tmp_path)
        (tmp_path / "m.json").write_bytes(content)
        with pytest.raises(Broken, match=r"m\.json cannot be read"):
            load(tmp_path)

    def test_both_digests_are_told_when_they_differ(self, tmp_path: Path) -> None:
        entry = make_entry(tmp_path)
        write_entry(entry)
        entry.onnx_path.write_bytes(b"other")
        with pytest.raises(Broken) as raised:
            load(tmp_path)
        other = hashlib.sha256(b"other").hexdigest()
        assert f"sha256 {other[:12]}..." in str(raised.value)
        assert f"registered {entry.sha256[:12]}..." in str(raised.value)

    def test_an_empty_or_absent_folder_lists_nothing(self, tmp_path: Path) -> None:
        assert list_names(tmp_path) == ()
        assert list_names(tmp_path / "gone") == ()
        assert list_entries(weights_dir=tmp_path, cards_dir=tmp_path) == ()
        with pytest.raises(NotFound, match=r"no model 'm' is registered; known: none"):
            load(tmp_path)

    def test_a_network_without_description_is_not_registered(self, tmp_path: Path) -> None:
        make_entry(tmp_path)
        assert list_names(tmp_path) == ()


class TestConfig:
    def shipped(self) -> dict[str, Any]:
        path = CONFIGS_DIR / f"{DEFAULT_MODEL}.yaml"
        record: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
        return record

    def read(self, folder: Path, record: object) -> TrainConfig:
        path = folder / "c.yaml"
        path.write_text(yaml.safe_dump(record), encoding="utf-8")
        return read_config(path)

    @pytest.mark.parametrize(
        "name",
        [
            field.name
            for field in fields(TrainConfig)
            if field.default is MISSING and field.default_factory is MISSING
        ],
    )
    def test_every_field_is_needed(self, tmp_path: Path, name: str) -> None:
        record = self.shipped()
        del record[name]
        with pytest.raises(BadInput, match=rf"c\.yaml: missing or unknown fields {name}$"):
            self.read(tmp_path, record)

    def test_a_missing_and_an_unknown_field_are_both_named(self, tmp_path: Path) -> None:
        record = self.shipped()
        record["zeal"] = record.pop("batch")
        with pytest.raises(BadInput, match=r"fields batch, zeal$"):
            self.read(tmp_path, record)

    @pytest.mark.parametrize("content", [None, 3, "words", [1, 2]])
    def test_what_is_no_mapping_lacks_every_field(self, tmp_path: Path, content: object) -> None:
        with pytest.raises(BadInput, match="architecture, batch"):
            self.read(tmp_path, content)

    @pytest.mark.parametrize("chip_px", [1, 31, 33, 319])
    def test_the_chip_is_told_in_px(self, tmp_path: Path, chip_px: int) -> None:
        with pytest.raises(BadInput, match=rf"chip_px {chip_px} must be a multiple of 32 px"):
            self.read(tmp_path, self.shipped() | {"chip_px": chip_px})

    def test_a_share_of_nothing_is_refused(self, tmp_path: Path) -> None:
        for sampling in ({}, {"uav75": 0.0}, {"uav75": 1.0, "brazil": -0.1}):
            with pytest.raises(BadInput, match="a share above 0"):
                self.read(tmp_path, self.shipped() | {"sampling": sampling})

    def test_weights_and_dice_name_known_classes(self, tmp_path: Path) -> None:
        record = self.shipped()
        weights = dict.fromkeys(CLASS_NAMES[:-1], 1.0)
        with pytest.raises(BadInput, match="exactly background, crack"):
            self.read(tmp_path, record | {"class_weights": weights})
        with pytest.raises(BadInput, match="'spalling'"):
            self.read(tmp_path, record | {"dice_classes": ["crack", "spalling"]})

    def test_lists_become_tuples_of_plain_numbers(self, tmp_path: Path) -> None:
        read = self.read(tmp_path, self.shipped() | {"gsd_range_mm_per_px": [1, 3]})
        assert read.gsd_range_mm_per_px == (1.0, 3.0)
        assert all(type(value) is float for value in read.gsd_range_mm_per_px)
        assert isinstance(read.dice_classes, tuple)


class TestCard:
    def test_a_table_without_rows_is_its_header(self) -> None:
        assert table(["a", "b"], []) == "| a | b |\n|---|---|"
        assert table(iter(["a"]), iter([iter(["x"])])) == "| a |\n|---|\n| x |"

    def test_sections_of_an_untrained_entry_are_empty(self, tmp_path: Path) -> None:
        entry = make_entry(tmp_path)
        assert training_section(entry) == ""
        assert len(data_section(entry).splitlines()) == 2

    def test_shares_are_whole_percent_and_rendered_views_are_named(self, tmp_path: Path) -> None:
        training = {"sampling": {"quaywall": 0.125, "procedural": 0.875}, "last_loss": 0.5}
        entry = make_entry(tmp_path, training=training)
        rows = data_section(entry).splitlines()[2:]
        assert rows[0].startswith("| quaywall | 12% | CC-BY-SA-4.0 | Komi")
        assert "88%" in rows[1]
        assert "rendered, datasets.procedural" in rows[1]
        assert training_section(entry) == "- last loss: 0.5"

    def test_a_class_without_labels_gets_no_score(self) -> None:
        scores = SourceScores(
            source="s", split="val", images=3, counts={"patch": PixelCounts(predicted=9)},
            joints_called_crack=None,
        )  # fmt: skip
        assert pixel_section([scores]).splitlines()[2] == (
            "| s | val | 3 | patch | 0 | no label | no label | no label |"
        )
        assert joint_lines([scores]) == ""
        assert joint_lines([replace(scores, joints_called_crack=0.0)]) == (
            "- s: 0.0% of labelled joint pixels called crack"
        )

    def test_a_strip_without_photos_is_told(self) -> None:
        assert strip_section(Evaluation(pixels=(), strip={}, tiles=None)) == NOT_HERE

    def test_the_sum_is_over_surface_not_over_rates(self) -> None:
        small = HitCounts(boxes=1, hit=1, components=2, false_alarms=2, area_m2=10.0)
        large = HitCounts(boxes=9, hit=0, components=0, false_alarms=0, area_m2=190.0)
        text = strip_section(Evaluation(pixels=(), strip={"a": small, "b": large}, tiles=None))
        assert text.splitlines()[-1] == "| all | 10 | 1 | 10.0% | 2 | 2 | 200 | 1.0 |"

    def test_tiles_without_a_counterpart_say_so(self) -> None:
        tiles = TileScores(
            tiles_with_cracks=4, fired_with_cracks=3, tiles_without=0, fired_without=0
        )
        line = tiles_line(Evaluation(pixels=(), strip={}, tiles=tiles))
        assert line.startswith("3 of 4 tiles with cracks are fired on; the held-out photo has no")
        assert tiles_line(Evaluation(pixels=(), strip={}, tiles=None)) == NOT_HERE

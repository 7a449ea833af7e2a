"""What the commands and files of models promise.

An own model is taken wherever a model is asked for, a card states only licences that are known,
numbers of a file are numbers.
"""

import json
import math
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import yaml

from datasets.procedural import LICENCE
from datasets.sources import READERS
from inspection.domain.measurement import MaskCalibration
from inspection.errors import BadInput, Broken, NotFound
from models.calibration import calibration_path, load_calibration, write_calibration
from models.commands.evaluate import strip_line
from models.commands.register import check_name, read_thresholds
from models.judging.card import data_section
from models.judging.metrics import HitCounts
from models.predict import Predictor, images_in, predict_folder
from models.probe import fault_of
from models.registry import (
    DEFAULT_MODEL,
    WEIGHTS_DIR,
    ModelEntry,
    folder_of,
    list_names,
    load_entry,
    write_entry,
)
from models.rule import Rule
from models.training.config import CONFIGS_DIR, TrainConfig, read_config
from tests.support.spoken import run_tenken
from tests.support.tiny_network import CLASSES, write_tiny_network

SHIPPED = tuple(
    f"{network}{looks}"
    for network in ("tenken-crack-n", "tenken-road-n")
    for looks in ("", "-thorough")
)


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a folder of models that somebody registered, with one in it."""
    folder = tmp_path / "own"
    folder.mkdir()
    write_tiny_network(folder, name="noto-2026")
    monkeypatch.setenv("TENKEN_DETECT_MODELS_DIR", str(folder))
    return folder


def photo(path: Path) -> Path:
    """Write a light picture with a dark bar."""
    image = np.full((64, 96, 3), 200, np.uint8)
    image[20:24, 10:70] = 10
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), image)
    return path


class TestOwnModel:
    """``--model NAME`` takes it wherever a model is asked for."""

    def test_it_is_listed_beside_the_shipped(self, own: Path) -> None:
        names = [row["name"] for row in run_tenken("models", "list", "--json").data]
        assert names[:5] == [*SHIPPED, "noto-2026"]

    def test_it_predicts(self, own: Path, tmp_path: Path) -> None:
        photo(tmp_path / "photos/a.png")
        said = run_tenken(
            *("models", "predict", tmp_path / "photos", "--out", tmp_path / "seen"),
            *("--model", "noto-2026", "--json"),
        )
        assert (said.code, said.data) == (0, [{"image": "a.png", "objects": 1, "reason": None}])
        answer = json.loads((tmp_path / "seen/a.json").read_text())
        assert answer["model"].startswith("noto-2026@")
        assert answer["objects"][0]["box_px"] == [10, 20, 70, 24]

    def test_it_is_timed(self, own: Path) -> None:
        said = run_tenken(
            *("models", "bench", "--model", "noto-2026", "--chips-a-side", 1, "--batch", 1),
            *("--threads", 1, "--json"),
        )
        assert said.code == 0, said.err
        assert said.data["model_id"].startswith("noto-2026@")
        assert said.data["chips"] == 1
        assert sum(said.data["shares"].values()) == pytest.approx(1, abs=0.002)

    @pytest.mark.parametrize(
        "name",
        ["tenken-crack-n.masks", "../weights/tenken-crack-n", "./noto-2026", "", ".", "NOTO-2026"],
    )
    @pytest.mark.parametrize("command", ["bench", "predict"])
    def test_what_is_no_name_is_not_found(
        self, own: Path, tmp_path: Path, name: str, command: str
    ) -> None:
        photo(tmp_path / "photos/a.png")
        words: tuple[Any, ...] = ("bench",)
        if command == "predict":
            words = ("predict", tmp_path / "photos", "--out", tmp_path / "seen")
        said = run_tenken("models", *words, "--model", name)
        assert said.code == 2
        assert f"is registered; known: {', '.join(SHIPPED)}, noto-2026" in said.err

    def test_a_calibration_is_no_model(self, own: Path) -> None:
        entry = load_entry("noto-2026", weights_dir=own)
        write_calibration(entry, MaskCalibration(offset_px=0.5), "by hand")
        assert calibration_path(entry).name == "noto-2026.masks.json"
        assert list_names(own) == ("noto-2026",)
        with pytest.raises(NotFound, match="known: noto-2026"):
            load_entry("noto-2026.masks", weights_dir=own)

    def test_a_shipped_model_wins_over_an_own_one_of_its_name(self, own: Path) -> None:
        write_tiny_network(own, name=DEFAULT_MODEL)
        assert folder_of(DEFAULT_MODEL, own) == WEIGHTS_DIR

    def test_a_model_without_its_network_is_our_fault(self, own: Path, tmp_path: Path) -> None:
        (own / "noto-2026.onnx").unlink()
        photo(tmp_path / "photos/a.png")
        said = run_tenken(
            *("models", "predict", tmp_path / "photos", "--out", tmp_path / "seen"),
            *("--model", "noto-2026"),
        )
        assert said.code == 5
        assert "noto-2026.onnx is missing" in said.err


class TestCalibration:
    """A width without a number would be worse than none."""

    @pytest.fixture
    def entry(self, tmp_path: Path) -> ModelEntry:
        return write_tiny_network(tmp_path)

    @pytest.mark.parametrize(
        "changes",
        [
            {"offset_px": math.nan},
            {"offset_px": math.inf},
            {"offset_std_px": -0.1},
            {"limit_px": -math.inf},
            {"limit_px": None},
            {"offset_px": "wide"},
            {"offset_px": [1]},
        ],
    )
    def test_what_is_no_number_breaks_the_file(
        self, entry: ModelEntry, changes: dict[str, Any]
    ) -> None:
        path = write_calibration(entry, MaskCalibration(offset_px=1.5), "by hand")
        fields = json.loads(path.read_text()) | changes
        path.write_text(json.dumps(fields), encoding="utf-8")
        with pytest.raises(Broken, match=r"calibration tiny\.masks\.json cannot be read"):
            load_calibration(entry)

    @pytest.mark.parametrize("content", [b"", b"[]", b"{}", b"\xff", b'{"sha256": 1', b"null"])
    def test_what_is_no_calibration_breaks_too(self, entry: ModelEntry, content: bytes) -> None:
        calibration_path(entry).write_bytes(content)
        with pytest.raises(Broken, match=r"tiny\.masks\.json"):
            load_calibration(entry)

    def test_a_negative_offset_is_a_network_that_draws_too_thin(self, entry: ModelEntry) -> None:
        known = MaskCalibration(offset_px=-0.75, offset_std_px=0.0, limit_px=2.25)
        write_calibration(entry, known, "by hand")
        assert load_calibration(entry) == known
        assert load_calibration(replace(entry, sha256="0" * 64)) is None


class TestCardOfLicences:
    """Who reads a card decides by it what may be given away."""

    def entry(self, tmp_path: Path, sampling: dict[str, float]) -> ModelEntry:
        return replace(write_tiny_network(tmp_path), training={"sampling": sampling})

    def test_a_set_of_ones_own_is_never_called_rendered(self, tmp_path: Path) -> None:
        text = data_section(self.entry(tmp_path, {"noto-2026": 0.5, "procedural": 0.5}))
        own, rendered = text.splitlines()[2:]
        assert own == "| noto-2026 | 50% | not recorded | a set of one's own; see its file |"
        assert LICENCE in rendered and "rendered" in rendered

    @pytest.mark.parametrize("name", READERS)
    def test_a_published_set_has_its_own_licence(self, tmp_path: Path, name: str) -> None:
        row = data_section(self.entry(tmp_path, {name: 1.0})).splitlines()[2]
        assert row.split(" | ")[:3] == [f"| {name}", "100%", READERS[name][0].licence]


def test_photos_of_nothing_are_nought_and_no_division() -> None:
    assert strip_line([]) == "quay strip: 0 of 0 boxes, 0.0 false per 100 m²"
    two = [
        HitCounts(boxes=3, hit=1, components=4, false_alarms=1, area_m2=30.0),
        HitCounts(boxes=1, hit=1, components=2, false_alarms=2, area_m2=20.0),
    ]
    assert strip_line(two) == "quay strip: 2 of 4 boxes, 6.0 false per 100 m²"


def shipped(tmp_path: Path, **changes: Any) -> Path:
    """Write the shipped configuration with other values."""
    fields = yaml.safe_load((CONFIGS_DIR / f"{DEFAULT_MODEL}.yaml").read_text(encoding="utf-8"))
    path = tmp_path / "c.yaml"
    path.write_text(yaml.safe_dump(fields | changes), encoding="utf-8")
    return path


class TestBoundsOfTraining:
    """A configuration that trains nothing, or never ends, is refused before the first hour."""

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("chip_px", 0),
            ("chip_px", -32),
            ("chip_px", 33),
            ("batch", 0),
            ("batch", 4097),
            ("steps", 0),
            ("steps", -1),
            ("warmup_steps", -1),
            ("seed", -1),
            ("rate", -1e-3),
            ("rate", math.nan),
            ("rate", math.inf),
            ("start_rate", 11),
            ("weight_decay", -0.1),
            ("ema_decay", 1.1),
            ("ema_decay", math.nan),
            ("name", "a.b"),
            ("name", "../a"),
            ("name", "-a"),
            ("name", "点検"),
            ("name", ""),
            ("name", "a" * 64),
            ("gsd_range_mm_per_px", [3.5, 0.5]),
            ("gsd_range_mm_per_px", [0, 1]),
            ("gsd_range_mm_per_px", [1, math.inf]),
            ("sampling", {"uav75": math.nan}),
            ("sampling", {"uav75": -1.0}),
        ],
    )
    def test_what_lies_outside_is_named_with_its_value(
        self, tmp_path: Path, field: str, value: object
    ) -> None:
        with pytest.raises(BadInput) as told:
            read_config(shipped(tmp_path, **{field: value}))
        assert field in str(told.value)

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("chip_px", 32),
            ("batch", 1),
            ("steps", 1),
            ("warmup_steps", 0),
            ("seed", 0),
            ("rate", 0.0),
            ("ema_decay", 0.0),
            ("ema_decay", 1.0),
            ("name", "a"),
            ("name", "0-a-" + "b" * 59),
            ("gsd_range_mm_per_px", [1, 1]),
        ],
    )
    def test_the_bounds_themselves_are_taken(
        self, tmp_path: Path, field: str, value: object
    ) -> None:
        config = read_config(shipped(tmp_path, **{field: value}))
        assert isinstance(config, TrainConfig)
        assert getattr(config, field) == (tuple(value) if isinstance(value, list) else value)

    @pytest.mark.parametrize("field", ["batch", "rate", "sampling", "class_weights"])
    @pytest.mark.parametrize("value", [None, "many", [1], {"a": "b"}])
    def test_values_of_another_kind_are_named_by_their_file(
        self, tmp_path: Path, field: str, value: object
    ) -> None:
        with pytest.raises(BadInput):
            read_config(shipped(tmp_path, **{field: value}))

    @pytest.mark.parametrize("weight", [-1.0, math.nan, math.inf])
    def test_a_weight_of_a_class_is_a_number(self, tmp_path: Path, weight: float) -> None:
        weights = dict.fromkeys(CLASSES, 1.0) | {"crack": weight}
        with pytest.raises(BadInput, match="class_weights must be 0 or more, and finite"):
            read_config(shipped(tmp_path, class_weights=weights))


class TestAnswersBesideEachOther:
    """No answer to one image overwrites that to another."""

    def test_probabilities_of_one_and_answer_to_the_other(self, tmp_path: Path) -> None:
        for name in ("wall.jpg", "wall.prob.png"):
            photo(tmp_path / "in" / name)
        predictor = Predictor(
            scorer=lambda rgb: np.stack([np.ones(rgb.shape[:2], np.float32)] * 2) / 2,
            model_id="x@0",
            classes=("background", "crack"),
            rule=Rule(thresholds={"crack": 0.9}, continuation_ratio=0.5),
        )
        with pytest.raises(BadInput, match=r"probabilities of wall would overwrite .* wall\.prob"):
            list(predict_folder(predictor, tmp_path / "in", tmp_path / "out", probabilities=True))
        assert not (tmp_path / "out").exists()
        told = list(predict_folder(predictor, tmp_path / "in", tmp_path / "out"))
        assert [(outcome.image, outcome.reason) for outcome in told] == [
            ("wall.jpg", None),
            ("wall.prob.png", None),
        ]

    def test_a_monstrous_picture_is_set_aside_and_the_rest_goes_on(
        self, own: Path, tmp_path: Path
    ) -> None:
        photo(tmp_path / "in/b.png")
        header = photo(tmp_path / "in/a.png").read_bytes()
        (tmp_path / "in/a.png").write_bytes(header[:16] + b"\x7f\xff\xff\xff" * 2 + header[24:])
        said = run_tenken(
            *("models", "predict", tmp_path / "in", "--out", tmp_path / "out"),
            *("--model", "noto-2026", "--json"),
        )
        assert said.code == 2
        assert "1 of 2 images could not be read" in said.err
        first, second = said.data
        assert "a.png cannot be decoded as an image" in first["reason"]
        assert (second["image"], second["objects"]) == ("b.png", 1)

    def test_a_folder_that_is_called_like_a_picture_is_set_aside(self, tmp_path: Path) -> None:
        (tmp_path / "in/x.jpg").mkdir(parents=True)
        assert [path.name for path in images_in(tmp_path / "in")] == ["x.jpg"]


class TestRegisterWords:
    """Names and thresholds as people type them."""

    @pytest.mark.parametrize("name", ["", "A", "a_b", "a.b", "a/b", "-a", "点検", "a" * 64, "a\n"])
    def test_a_name_that_no_file_should_have(self, tmp_path: Path, name: str) -> None:
        with pytest.raises(BadInput, match="use small letters, digits and hyphens"):
            check_name(name, tmp_path, replace=True)

    @pytest.mark.parametrize("name", ["a", "0", "noto-2026", "a" * 63])
    def test_a_name_that_may_be(self, tmp_path: Path, name: str) -> None:
        check_name(name, tmp_path, replace=False)

    @pytest.mark.parametrize("word", ["crack", "crack=", "crack=much", "=0.5x", "crack:0.4"])
    def test_what_is_no_threshold(self, word: str) -> None:
        with pytest.raises(BadInput, match="is not class=number, such as crack"):
            read_thresholds((word,), ("crack", "spall"))

    def test_the_last_word_counts(self) -> None:
        found = read_thresholds(("crack=0.4", "crack=.25"), ("crack", "spall"))
        assert found == {"crack": 0.25, "spall": 0.5}

    @pytest.mark.parametrize("value", ["nan", "0", "1", "-0.5", "inf"])
    def test_a_threshold_that_no_pixel_or_every_pixel_reaches(
        self, tmp_path: Path, value: str
    ) -> None:
        entry = write_tiny_network(tmp_path)
        thresholds = {**entry.thresholds, **read_thresholds((f"crack={value}",), ("crack",))}
        with pytest.raises(BadInput, match="thresholds must lie between 0 and 1"):
            write_entry(replace(entry, thresholds=thresholds))


@pytest.mark.parametrize(
    ("scores", "again", "words"),
    [
        (np.zeros((2, 8, 4)), np.zeros((2, 8, 4)), r"8 px is answered with \(8, 4\)"),
        (np.full((1, 8, 8), np.inf), np.full((1, 8, 8), np.inf), "not finite"),
        (np.full((1, 8, 8), np.nan), np.full((1, 8, 8), np.nan), "not finite"),
        (np.full((1, 8, 8), -0.01), np.full((1, 8, 8), -0.01), "not a probability"),
        (np.full((2, 8, 8), 0.51), np.full((2, 8, 8), 0.51), "not a probability"),
        (np.full((1, 8, 8), 0.5), np.full((1, 8, 8), 0.25), "differently the second time"),
    ],
)
def test_a_network_that_breaks_the_contract_is_told_how(
    scores: np.ndarray, again: np.ndarray, words: str
) -> None:
    told = fault_of(scores, again, 8)
    assert told is not None
    assert re.search(words, told)


def test_rounding_is_no_fault() -> None:
    assert fault_of(np.full((2, 8, 8), 0.5004), np.full((2, 8, 8), 0.5004), 8) is None
    assert fault_of(np.full((1, 8, 8), -0.0009), np.full((1, 8, 8), -0.0009), 8) is None

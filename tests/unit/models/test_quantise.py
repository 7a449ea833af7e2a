"""An int8 copy keeps the contract, is made from training chips alone, and sees nearly the same."""

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
from click.testing import CliRunner
from onnx import TensorProto, numpy_helper

from datasets.chips import Chip, read_chips
from datasets.convert import build_chips
from datasets.manifest import Split
from inspection.errors import BadInput, NotFound, Refused, Unavailable
from models.backends.openvino import OpenVinoDetector
from models.cli import models as commands
from models.detector import load_detector
from models.quantise import (
    ChipFeeder,
    as_square,
    choose_chips,
    last_convolution,
    quantise,
    with_full_weights,
)
from models.registry import ModelEntry, load_entry
from tests.support.detector_contract import DetectorContract, noise


@pytest.fixture(scope="module")
def chips_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Render a few chips; no published set is needed."""
    folder = tmp_path_factory.mktemp("chips")
    build_chips([], folder, folder, procedural_count=8)
    return folder


@pytest.fixture(scope="module")
def made(chips_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> ModelEntry:
    folder = tmp_path_factory.mktemp("weights")
    return quantise(
        load_entry(), chips_dir, name="eight", weights_dir=folder, cards_dir=folder, count=8
    )


class TestCopy(DetectorContract):
    """The copy is a detector like any other."""

    @pytest.fixture(scope="class")
    @classmethod
    def detector(cls, made: ModelEntry) -> OpenVinoDetector:
        return OpenVinoDetector(load_entry("eight", weights_dir=made.onnx_path.parent))

    def test_it_sees_nearly_what_the_model_sees(
        self, detector: OpenVinoDetector, chips_dir: Path
    ) -> None:
        """The same chips, the same cracks: 8 bits cost a few hundredths of probability."""
        chips = [chip.rgb[:256, :256] for chip in read_chips(chips_dir, Split.TRAIN)]
        full = OpenVinoDetector(load_entry())
        ours = np.stack([s.scores for s in detector.score(np.stack(chips))])
        theirs = np.stack([s.scores for s in full.score(np.stack(chips))])
        assert 0 < np.abs(ours - theirs).mean() < 0.02
        sure = theirs[:, 0] > 0.8
        assert sure.sum() > 100
        assert (ours[:, 0][sure] > 0.4).mean() > 0.9


def test_the_copy_says_of_which_model_it_is(made: ModelEntry) -> None:
    original = load_entry()
    assert made.name == "eight" and made.sha256 != original.sha256
    assert made.classes == original.classes and made.thresholds == original.thresholds
    assert made.training["int8_copy_of"] == f"{original.name}@{original.sha256[:12]}"
    assert made.training["calibration_chips"] == 8
    assert made.onnx_path.stat().st_size < original.onnx_path.stat().st_size


def test_all_convolutions_but_the_last_are_of_eight_bits(made: ModelEntry) -> None:
    model = onnx.load(str(made.onnx_path))
    producers = {output: node for node in model.graph.node for output in node.output}
    convolutions = [node for node in model.graph.node if node.op_type == "Conv"]
    eight = [
        node
        for node in convolutions
        if all(producers[part].op_type == "DequantizeLinear" for part in node.input[:2])
    ]
    assert len(convolutions) > 50
    assert len(eight) == len(convolutions) - 1
    assert convolutions[-1] not in eight


def test_a_copy_of_a_copy_is_refused(made: ModelEntry, chips_dir: Path, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="int8 already"):
        quantise(made, chips_dir, name="four", weights_dir=tmp_path, cards_dir=tmp_path, count=8)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["", "../x", "A", ".hidden", "x" * 64])
def test_an_unusable_name_is_refused(chips_dir: Path, tmp_path: Path, name: str) -> None:
    with pytest.raises(BadInput, match="small letters"):
        quantise(load_entry(), chips_dir, name=name, weights_dir=tmp_path, cards_dir=tmp_path)


def test_a_taken_name_is_refused(made: ModelEntry, chips_dir: Path, tmp_path: Path) -> None:
    for name, folder in (("eight", made.onnx_path.parent), (load_entry().name, tmp_path)):
        with pytest.raises(Refused, match="registered already"):
            quantise(load_entry(), chips_dir, name=name, weights_dir=folder, cards_dir=tmp_path)


def test_weights_come_back_from_their_halves() -> None:
    model = onnx.load(str(load_entry().onnx_path))
    halves = {
        f"{w.name}".removesuffix(".half"): numpy_helper.to_array(w).astype(np.float32)
        for w in model.graph.initializer
        if w.data_type == TensorProto.FLOAT16
    }
    full = with_full_weights(model)
    weights = {w.name: numpy_helper.to_array(w) for w in full.graph.initializer}
    assert len(halves) > 100
    for name, values in halves.items():
        assert np.array_equal(weights[name], values)
    assert not any(w.data_type == TensorProto.FLOAT16 for w in full.graph.initializer)
    assert len(last_convolution(full)) == 1


def chip(source: str, number: int, side_px: int = 40) -> Chip:
    return Chip(
        source=source,
        split=Split.TRAIN,
        group="g",
        name=f"{source}{number}",
        rgb=np.full((side_px, side_px, 3), number, dtype=np.uint8),
        classes=np.zeros((side_px, side_px), dtype=np.uint8),
        gsd_mm_per_px=None,
    )


def test_a_large_source_does_not_crowd_out_a_small_one() -> None:
    chips = [chip("large", i) for i in range(100)] + [chip("small", i) for i in range(6)]
    chosen = choose_chips(chips, 12)
    counts = {name: sum(c.source == name for c in chosen) for name in ("large", "small")}
    assert counts == {"large": 6, "small": 6}
    spread = [int(c.rgb[0, 0, 0]) for c in chosen if c.source == "large"]
    assert spread == [0, 16, 32, 48, 64, 80]


def test_too_few_chips_are_refused() -> None:
    with pytest.raises(BadInput, match="7 training chips are too few"):
        choose_chips([chip("one", i) for i in range(7)], 96)


@pytest.mark.parametrize("shape", [(40, 40), (320, 320), (500, 90), (321, 700)])
def test_images_of_any_size_become_squares_between_zero_and_one(shape: tuple[int, int]) -> None:
    image = np.full((*shape, 3), 255, dtype=np.uint8)
    image[0, 0] = 0
    square = as_square(image)
    assert square.shape == (1, 3, 320, 320) and square.dtype == np.float32
    assert square[0, :, 0, 0].tolist() == [0, 0, 0]
    assert square.max() == 1


def test_chips_are_handed_out_once_each() -> None:
    feeder = ChipFeeder([chip("one", i) for i in range(3)], "images")
    handed = [feeder.get_next() for _ in range(4)]
    assert handed[3] is None
    assert [round(float(h["images"][0, 0, 0, 0]) * 255) for h in handed[:3] if h] == [0, 1, 2]


def test_without_onnx_runtime_it_is_said_what_to_install(
    chips_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "onnxruntime", None)
    with pytest.raises(Unavailable, match=r"tenken\[onnxruntime\]"):
        quantise(
            load_entry(), chips_dir, name="x", weights_dir=tmp_path, cards_dir=tmp_path, count=8
        )
    assert not list(tmp_path.glob("*.onnx"))


def test_the_command_registers_the_copy_among_ones_own(
    chips_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TENKEN_DETECT_MODELS_DIR", str(tmp_path))
    arguments = ["quantise", str(chips_dir), "--chips", "8", "--json"]
    done = CliRunner().invoke(commands, arguments, catch_exceptions=False)
    row = json.loads(done.stdout)
    assert row["name"] == "tenken-crack-n-int8"
    entry = load_entry(row["name"], weights_dir=tmp_path)
    assert entry.sha256 == row["sha256"] and entry.onnx_path.stat().st_size == row["bytes"]
    seen = load_detector(row["name"], weights_dir=tmp_path).score(noise(1, 64, 64))
    assert np.isfinite(seen[0].scores).all()
    unknown = CliRunner().invoke(commands, ["quantise", str(chips_dir), "--model", "none"])
    assert isinstance(unknown.exception, NotFound)

"""ONNX Runtime keeps the detector's contract and agrees with OpenVINO; engines are chosen."""

import importlib.util
from importlib.machinery import ModuleSpec
from pathlib import Path

import numpy as np
import pytest

import models.detector
from inspection.errors import BadInput, Broken, Unavailable
from inspection.settings import DetectSettings
from models.backends import openvino
from models.backends.onnxruntime import OnnxRuntimeDetector
from models.backends.openvino import OpenVinoDetector
from models.detector import ENGINES, choose_engine, load_detector
from models.registry import load_entry
from tests.support.detector_contract import DetectorContract, noise
from tests.support.tiny_network import GAIN, MIDDLE, write_tiny_network
from workers.outfit import LazyDetector


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("weights")
    write_tiny_network(folder)
    return folder


class TestTinyNetwork(DetectorContract):
    """The second engine on a network whose answer can be computed by hand."""

    @pytest.fixture(scope="class")
    @classmethod
    def detector(cls, folder: Path) -> OnnxRuntimeDetector:
        detector = load_detector("tiny", engine="onnxruntime", weights_dir=folder)
        assert isinstance(detector, OnnxRuntimeDetector)
        return detector

    def test_its_name_tells_whose_arithmetic_it_was(self, detector: OnnxRuntimeDetector) -> None:
        assert detector.model_id.startswith("tiny@")
        assert detector.model_id.endswith("/f32-onnxruntime")

    def test_scores_are_those_of_the_formula(self, detector: OnnxRuntimeDetector) -> None:
        """softmax(±g(x − m)) of two classes is a logistic curve of 2g(m − x)."""
        chips = noise(2, 64, 64)
        light = (chips.astype(np.float64) / 255).mean(axis=3)
        expected = 1 / (1 + np.exp(-2 * GAIN * (MIDDLE - light)))
        for each, truth in zip(detector.score(chips), expected, strict=True):
            assert np.abs(each.scores[0] - truth).max() < 1e-4


class TestShippedModel(DetectorContract):
    """The second engine on the network that Tenken ships."""

    @pytest.fixture(scope="class")
    @classmethod
    def detector(cls) -> OnnxRuntimeDetector:
        return OnnxRuntimeDetector(load_entry())

    def test_both_engines_see_the_same(self, detector: OnnxRuntimeDetector) -> None:
        chips = noise(2, 320, 256)
        theirs = OpenVinoDetector(load_entry()).score(chips)
        for ours, other in zip(detector.score(chips), theirs, strict=True):
            assert np.abs(ours.scores - other.scores).max() < 1e-3


def without(*absent: str) -> object:
    """Make a ``find_spec`` that does not know some libraries."""

    def find(name: str) -> ModuleSpec | None:
        return None if name in absent else importlib.util.find_spec(name)

    return find


def test_openvino_is_preferred_and_the_other_steps_in(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert choose_engine() == ENGINES[0] == "openvino"
    monkeypatch.setattr(models.detector, "find_spec", without("openvino"))
    assert choose_engine() == "onnxruntime"
    assert isinstance(load_detector("tiny", weights_dir=folder), OnnxRuntimeDetector)
    with pytest.raises(Unavailable, match="openvino is not installed here"):
        choose_engine("openvino")
    monkeypatch.setattr(models.detector, "find_spec", without("openvino", "onnxruntime"))
    with pytest.raises(Unavailable, match="openvino or onnxruntime is not installed"):
        load_detector("tiny", weights_dir=folder)


def test_a_worker_takes_the_engine_of_its_settings(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TENKEN_DETECT_ENGINE", "onnxruntime")
    lazy = LazyDetector("tiny", folder, DetectSettings(models_dir=folder))
    assert lazy().model_id.endswith("/f32-onnxruntime")
    monkeypatch.setenv("TENKEN_DETECT_ENGINE", "abacus")
    with pytest.raises(ValueError, match="engine"):
        DetectSettings()


@pytest.mark.parametrize(("precision", "threads"), [("bf16", 0), ("f32", -1)])
def test_what_it_cannot_do_is_refused_with_the_cure(
    folder: Path, precision: str, threads: int
) -> None:
    with pytest.raises(BadInput, match="choose f32"):
        load_detector(
            "tiny", engine="onnxruntime", precision=precision, threads=threads, weights_dir=folder
        )


def test_bf16_is_not_computed_as_f32_in_silence(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """OpenVINO falls back by itself; then two workers of one model would see different things."""
    assert "FP32" in openvino.processor_abilities()
    monkeypatch.setattr(openvino, "processor_abilities", lambda: ["FP32", "INT8"])
    with pytest.raises(
        Unavailable, match=r"not compute bf16; use f32 \(TENKEN_DETECT_PRECISION=f32\)"
    ):
        load_detector("tiny", engine="openvino", precision="bf16", weights_dir=folder)
    assert load_detector("tiny", engine="openvino", weights_dir=folder).model_id.startswith("tiny@")


def test_chips_of_another_shape_are_refused(folder: Path) -> None:
    detector = load_detector("tiny", engine="onnxruntime", weights_dir=folder)
    for shape in ((1, 60, 64, 3), (64, 64, 3), (1, 3, 64, 64)):
        with pytest.raises(BadInput, match="chips"):
            detector.score(np.zeros(shape, dtype=np.uint8))


def test_a_damaged_network_is_broken(tmp_path: Path) -> None:
    entry = write_tiny_network(tmp_path)
    content = entry.onnx_path.read_bytes()
    entry.onnx_path.write_bytes(content[: len(content) // 2])
    with pytest.raises(Broken, match="cannot be read"):
        OnnxRuntimeDetector(entry)


def test_a_network_with_other_classes_than_registered_is_broken(tmp_path: Path) -> None:
    entry = write_tiny_network(tmp_path, outputs=4)
    with pytest.raises(Broken, match=r"answers \[1, 4, 32, 32\], expected \[1, 6, 32, 32\]"):
        OnnxRuntimeDetector(entry)

"""The OpenVINO backend keeps the detector's contract, on a real if tiny network and on ours."""

import gc
import subprocess
import sys
import weakref
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import openvino as ov
import pytest
import rasterio
from numpy.typing import NDArray
from rasterio.transform import Affine

from inspection.domain.taxonomy import DamageClass
from inspection.errors import BadInput, Broken, NotFound
from inspection.pipeline.detect import detect
from models.backends.openvino import SIZES_KEPT, OpenVinoDetector
from models.detector import load_detector
from models.registry import DEFAULT_MODEL, list_names, load_entry, write_entry
from tests.support.detector_contract import DetectorContract, noise
from tests.support.tiny_network import GAIN, MIDDLE, write_tiny_network


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("weights")
    write_tiny_network(folder)
    return folder


class TestTinyNetwork(DetectorContract):
    """The backend on a network whose answer can be computed by hand."""

    @pytest.fixture(scope="class")
    @classmethod
    def detector(cls, folder: Path) -> OpenVinoDetector:
        return load_detector("tiny", weights_dir=folder)

    def test_it_is_named_after_its_weights(self, detector: OpenVinoDetector) -> None:
        assert detector.model_id.startswith("tiny@")
        assert detector.classes[0] is DamageClass.CRACK
        assert detector.classes[-1] is DamageClass.JOINT
        assert len(detector.classes) == 5

    def test_scores_are_those_of_the_formula(self, detector: OpenVinoDetector) -> None:
        """softmax(±g(x − m)) of two classes is a logistic curve of 2g(m − x)."""
        chips = noise(2, 64, 64)
        light = (chips.astype(np.float64) / 255).mean(axis=3)
        expected = 1 / (1 + np.exp(-2 * GAIN * (MIDDLE - light)))
        for each, truth in zip(detector.score(chips), expected, strict=True):
            assert np.abs(each.scores[0] - truth).max() < 1e-4
            assert each.scores[1:].max() < 1e-3

    def test_channels_are_red_green_blue_in_this_order(self, tmp_path: Path) -> None:
        entry = write_tiny_network(tmp_path)
        network = onnx.load(entry.onnx_path)
        weight, bias = (np.array(onnx.numpy_helper.to_array(i)) for i in network.graph.initializer)
        weight[:], bias[:] = 0, 0
        weight[1, 0] = 5  # red alone makes a crack
        for place, column in enumerate((weight, bias)):
            name = network.graph.initializer[place].name
            network.graph.initializer[place].CopyFrom(onnx.numpy_helper.from_array(column, name))
        onnx.save(network, entry.onnx_path)
        chips = np.zeros((1, 32, 32, 3), dtype=np.uint8)
        chips[0, :, :16] = (255, 0, 0)
        chips[0, :, 16:] = (0, 0, 255)
        (scores,) = OpenVinoDetector(entry).score(chips)
        assert scores.scores[0, :, :16] == pytest.approx(np.exp(5) / (np.exp(5) + 5), abs=1e-4)
        assert scores.scores[0, :, 16:] == pytest.approx(1 / 6, abs=1e-4)


@pytest.mark.skipif(DEFAULT_MODEL not in list_names(), reason="no shipped weights in this tree")
class TestShippedModel(DetectorContract):
    """The backend on the network that Tenken ships."""

    @pytest.fixture(scope="class")
    @classmethod
    def detector(cls) -> OpenVinoDetector:
        return load_detector()

    def test_it_draws_probabilities_of_a_whole_chip(self, detector: OpenVinoDetector) -> None:
        (scores,) = detector.score(noise(1, 320, 320))
        assert scores.scores.sum(axis=0).max() <= 1 + 1e-5


def test_a_dropped_answer_reaches_nobody(folder: Path) -> None:
    """The requests are used again: an earlier taker must not hear of later chips."""
    detector = OpenVinoDetector(load_entry("tiny", weights_dir=folder))
    heard: list[int] = []
    detector.forward(noise(3, 64, 64), lambda _, number: heard.append(number))
    detector.forward(noise(2, 64, 64))
    assert sorted(heard) == [0, 1, 2]


@pytest.mark.parametrize("batch", [1, 5])
def test_a_mosaic_is_read_by_the_network(tmp_path: Path, folder: Path, batch: int) -> None:
    """A black cross of 6 px on light ground is one crack of exactly its pixels."""
    pixels = np.full((3, 500, 500), 190, dtype=np.uint8)
    pixels[:, 247:253, 30:470] = 8
    pixels[:, 20:490, 300:306] = 8
    path = tmp_path / "m.tif"
    profile = {"driver": "GTiff", "width": 500, "height": 500, "count": 3, "dtype": "uint8"}
    with rasterio.open(path, "w", **profile, transform=Affine(0.002, 0, 9, 0, -0.002, 9)) as sink:
        sink.write(pixels)
    detector = load_detector("tiny", weights_dir=folder)
    run = detect(path, detector=detector, batch=batch, chip_px=128, margin_px=16)
    assert len(run.detections) == 1
    mask, left, top = run.detections.mask(0)
    y, x = np.nonzero(mask)
    assert (pixels[0, y + top, x + left] == 8).all()
    assert mask.sum() == (pixels[0] == 8).sum()
    assert run.detections.confidence[0] > 0.99
    assert run.model_id == detector.model_id
    assert run.chips_read == 36


def test_thread_count_changes_no_score(folder: Path) -> None:
    chips = noise(3, 64, 64)
    one, two = (load_detector("tiny", threads=n, weights_dir=folder) for n in (1, 2))
    for a, b in zip(one.score(chips), two.score(chips), strict=True):
        assert np.array_equal(a.scores, b.scores)


@pytest.mark.parametrize(
    "chips",
    [
        np.zeros((1, 64, 64, 3), dtype=np.float32),
        np.zeros((64, 64, 3), dtype=np.uint8),
        np.zeros((1, 3, 64, 64), dtype=np.uint8),
        np.zeros((1, 60, 64, 3), dtype=np.uint8),
        np.zeros((1, 64, 0, 3), dtype=np.uint8),
    ],
)
def test_chips_of_another_shape_are_refused(folder: Path, chips: NDArray[np.uint8]) -> None:
    with pytest.raises(BadInput, match="chips"):
        load_detector("tiny", weights_dir=folder).score(chips)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"engine": "abacus"}, "engine 'abacus'"),
        ({"precision": "i4"}, "precision 'i4'"),
        ({"threads": -1}, "-1 threads"),
    ],
)
def test_unknown_options_are_refused(folder: Path, options: dict[str, object], said: str) -> None:
    with pytest.raises(BadInput, match=said):
        load_detector("tiny", weights_dir=folder, **options)


def test_an_unknown_model_is_not_found(folder: Path) -> None:
    with pytest.raises(NotFound, match="known: tiny"):
        load_detector("huge", weights_dir=folder)


def test_a_damaged_network_is_broken(tmp_path: Path) -> None:
    entry = write_tiny_network(tmp_path)
    content = entry.onnx_path.read_bytes()
    entry.onnx_path.write_bytes(content[: len(content) // 2])
    with pytest.raises(Broken, match="sha256"):
        load_detector("tiny", weights_dir=tmp_path)
    with pytest.raises(Broken, match="cannot be read"):
        OpenVinoDetector(entry)


def test_a_network_with_other_classes_than_registered_is_broken(tmp_path: Path) -> None:
    entry = write_tiny_network(tmp_path, outputs=4)
    with pytest.raises(Broken, match=r"answers \[1, 4, 32, 32\], expected \[1, 6, 32, 32\]"):
        load_detector("tiny", weights_dir=tmp_path)
    classes = entry.classes[:4]
    fewer = replace(entry, classes=classes, thresholds=dict.fromkeys(classes[1:], 0.5))
    write_entry(fewer)
    assert len(load_detector("tiny", weights_dir=tmp_path).classes) == 3


@pytest.mark.parametrize("module", ["models.detector", "models.registry", "models.bench"])
def test_importing_loads_no_inference_library(module: str) -> None:
    program = (
        f"import sys, {module}; "
        "heavy = {'openvino', 'onnxruntime', 'torch', 'ultralytics', 'onnx'} & set(sys.modules); "
        "sys.exit(', '.join(heavy) or 0)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_a_folder_of_many_sizes_does_not_keep_a_network_for_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[int] = []
    kept: weakref.WeakSet[ov.AsyncInferQueue] = weakref.WeakSet()

    class Queue(ov.AsyncInferQueue):  # type: ignore[misc]  # OpenVINO's classes have no types
        """Be known as long as it lives."""

        def __init__(self, compiled: ov.CompiledModel) -> None:
            super().__init__(compiled)
            kept.add(self)
            made.append(len(made))

    monkeypatch.setattr("models.backends.openvino.ov.AsyncInferQueue", Queue)
    entry = write_tiny_network(tmp_path)
    detector = OpenVinoDetector(entry)
    chips = [noise(1, 64, 64 + 32 * number) for number in range(SIZES_KEPT + 3)]
    first = [detector.score(chip)[0].scores for chip in chips]
    gc.collect()
    assert len(made) == len(chips) and len(kept) == SIZES_KEPT
    for chip, wanted in zip(reversed(chips), reversed(first), strict=True):
        assert np.array_equal(detector.score(chip)[0].scores, wanted)
    assert len(made) == 2 * len(chips) - SIZES_KEPT  # the last ones were there still

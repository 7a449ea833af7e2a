"""The engine for CUDA devices, on the processor here: contract, and memory that is too small."""

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
import pytest
from onnxruntime.capi.onnxruntime_pybind11_state import Fail, RuntimeException

from inspection.errors import BadInput, Broken, NotFound, OutOfMemory, Unavailable
from inspection.pipeline.detect import detect
from inspection.settings import DetectSettings
from models.backends import openvino
from models.backends.cuda import CPU, CUDA, CudaDetector
from models.backends.memory import memory_lacked
from models.backends.openvino import OpenVinoDetector
from models.detector import BATCHES, arithmetic_of, choose_engine, load_detector
from models.registry import ModelEntry, load_entry, model_id
from tests.support.detector_contract import DetectorContract, noise
from tests.support.sharing import CUT, equal
from tests.support.tiny_network import write_tiny_network
from tests.unit.pipeline.test_detect import Ear, drawn, save

CHIPS = {"chip_px": CUT.chip_px, "margin_px": CUT.margin_px}

REAL_WORDS = [
    "[ONNXRuntimeError] : 6 : RUNTIME_EXCEPTION : Non-zero status code returned while running Conv "
    "node. Name:'/model.0/conv/Conv' Status Message: bfc_arena.cc:376 void* onnxruntime::BFCArena::"
    "AllocateRawInternal(size_t, bool, onnxruntime::Stream*) Failed to allocate memory for "
    "requested buffer of size 4294967296",
    "[ONNXRuntimeError] : 1 : FAIL : cuda_call.cc:116 std::conditional_t<THRW, void, common::"
    "Status> onnxruntime::CudaCall CUDA failure 2: out of memory ; GPU=0 ; hostname=worker ; file=/"
    "onnxruntime_src/onnxruntime/core/providers/cuda/cuda_allocator.cc ; line=38 ; expr=cudaMalloc",
    "[ONNXRuntimeError] : 1 : FAIL : CUDNN failure 4: CUDNN_STATUS_ALLOC_FAILED ; GPU=0",
    "[ONNXRuntimeError] : 6 : RUNTIME_EXCEPTION : std::bad_alloc",
]
"""What ONNX Runtime says when a device's memory does not suffice."""


@pytest.fixture(scope="module")
def entry(tmp_path_factory: pytest.TempPathFactory) -> ModelEntry:
    return write_tiny_network(tmp_path_factory.mktemp("weights"))


class TestCuda(DetectorContract):
    """The contract of every detector."""

    @pytest.fixture(scope="class")
    @classmethod
    def detector(cls, entry: ModelEntry) -> CudaDetector:
        return CudaDetector(entry, provider=CPU, threads=1)


class SmallDevice:
    """A real session whose memory holds only so many chips; it fails as ONNX Runtime does."""

    def __init__(self, entry: ModelEntry, holds: int, error: Exception) -> None:
        self._session = ort.InferenceSession(entry.onnx_path, providers=[CPU])
        self._holds = holds
        self._error = error
        self.batches: list[int] = []

    def get_inputs(self) -> Any:
        return self._session.get_inputs()

    def run(self, names: None, feed: dict[str, Any]) -> Any:
        (images,) = feed.values()
        self.batches.append(len(images))
        if len(images) > self._holds:
            raise self._error
        return self._session.run(names, feed)


def test_it_computes_what_openvino_computes(entry: ModelEntry) -> None:
    chips = noise(3, 64, 96)
    for one in (entry, load_entry()):
        ours = CudaDetector(one, provider=CPU, threads=1)
        other = OpenVinoDetector(one, threads=1)
        assert ours.model_id == f"{other.model_id}/f32-cuda" and ours.classes == other.classes
        for a, b in zip(ours.score(chips), other.score(chips), strict=True):
            assert np.abs(a.scores - b.scores).max() < 2e-3


@pytest.mark.parametrize("words", REAL_WORDS)
@pytest.mark.parametrize("kind", [RuntimeException, Fail])
def test_a_device_whose_memory_is_too_small_gets_fewer_chips_and_finds_the_same(
    entry: ModelEntry, tmp_path: Path, words: str, kind: type[Exception]
) -> None:
    mosaic = save(tmp_path / "mosaic.tif", drawn())
    alone = detect(mosaic, detector=CudaDetector(entry, provider=CPU, threads=1), **CHIPS)
    device = SmallDevice(entry, holds=2, error=kind(words))
    ear = Ear()
    narrow = CudaDetector(entry, session=device)
    found = detect(mosaic, detector=narrow, batch=16, progress=ear, **CHIPS)
    assert equal(found.detections, alone.detections)
    assert device.batches[0] > 2 and set(device.batches[-2:]) <= {1, 2}
    assert max(device.batches[device.batches.index(2) :]) == 2  # never tries so many again
    assert any("TENKEN_DETECT_BATCH=2" in line for line in ear.said)


def test_a_device_that_holds_no_single_chip_says_so_and_may_be_tried_elsewhere(
    entry: ModelEntry, tmp_path: Path
) -> None:
    mosaic = save(tmp_path / "mosaic.tif", drawn())
    device = SmallDevice(entry, holds=0, error=RuntimeException(REAL_WORDS[0]))
    with pytest.raises(OutOfMemory, match="does not hold a single chip"):
        detect(mosaic, detector=CudaDetector(entry, session=device), batch=4, **CHIPS)
    assert device.batches[-1] == 1


def test_another_failure_is_no_lack_of_memory(entry: ModelEntry) -> None:
    words = "[ONNXRuntimeError] : 1 : FAIL : Non-zero status code returned while running Conv node"
    device = SmallDevice(entry, holds=0, error=Fail(words))
    with pytest.raises(Broken, match="ONNX Runtime stopped at 1 chips"):
        CudaDetector(entry, session=device).score(noise(1, 64, 64))
    assert device.batches == [1]
    assert not memory_lacked(RuntimeError(words)) and memory_lacked(MemoryError())
    assert memory_lacked(RuntimeError("[GPU] clEnqueueNDRangeKernel, error: CL_OUT_OF_RESOURCES"))


def test_openvino_that_lacks_memory_says_so_too(
    entry: ModelEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    detector = OpenVinoDetector(entry, threads=1)
    for error, kind in (
        (MemoryError("std::bad_alloc"), OutOfMemory),
        (RuntimeError("Exception from src/inference: bad allocation"), OutOfMemory),
        (RuntimeError("Exception from src/inference: shapes differ"), Broken),
    ):

        def fails(height: int, width: int, error: Exception = error) -> None:
            raise error

        monkeypatch.setattr(detector, "_queue_for", fails)
        with pytest.raises(kind):
            detector.score(noise(1, 64, 64))


def test_a_network_of_another_form_is_told_apart(tmp_path: Path, entry: ModelEntry) -> None:
    other = write_tiny_network(tmp_path, outputs=3)
    with pytest.raises(Broken, match=r"answers \[1, 3, 64, 64\]"):
        CudaDetector(other, provider=CPU).score(noise(1, 64, 64))
    other.onnx_path.write_bytes(b"no network")
    with pytest.raises(Broken, match="ONNX Runtime stopped at its weights"):
        CudaDetector(other, provider=CPU)
    detector = CudaDetector(entry, provider=CPU)
    for wrong in (np.zeros((1, 33, 64, 3), np.uint8), np.zeros((64, 64, 3), np.uint8)):
        with pytest.raises(BadInput):
            detector.score(wrong)
    with pytest.raises(BadInput, match="bf16"):
        CudaDetector(entry, precision="bf16", provider=CPU)


def test_without_a_device_cuda_is_refused_with_the_cure_and_auto_never_takes_it(
    entry: ModelEntry,
) -> None:
    assert CUDA not in ort.get_available_providers()  # the package of the tests is for processors
    with pytest.raises(Unavailable, match=r"tenken\[cuda\].*TENKEN_DETECT_ENGINE=auto"):
        load_detector("tiny", engine="cuda", weights_dir=entry.onnx_path.parent)
    assert choose_engine("auto") == "openvino" and choose_engine("cuda") == "cuda"
    with pytest.raises(NotFound):
        load_detector("unknown", engine="cuda", weights_dir=entry.onnx_path.parent)


@pytest.mark.parametrize(
    ("engine", "precision"), [("openvino", "f32"), ("openvino", "bf16"), ("onnxruntime", "f32")]
)
def test_what_a_worker_says_of_its_arithmetic_is_what_its_detector_says(
    entry: ModelEntry, engine: str, precision: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(openvino, "processor_abilities", lambda: ["FP32", "BF16"])
    folder = entry.onnx_path.parent
    detector = load_detector("tiny", engine=engine, precision=precision, weights_dir=folder)
    assert detector.model_id == model_id(entry, arithmetic_of(engine, precision))
    tf32 = CudaDetector(entry, precision="tf32", provider=CPU)
    assert tf32.model_id == model_id(entry, arithmetic_of("cuda", "tf32"))


def test_a_device_that_falls_back_in_silence_is_refused(
    entry: ModelEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a device ONNX Runtime goes on with the processor; we asked for the device."""
    asked: list[Any] = []
    session = ort.InferenceSession(entry.onnx_path, providers=[CPU])

    def opens(path: str, options: Any, providers: Any) -> ort.InferenceSession:
        asked.append(providers)
        return session

    monkeypatch.setattr(ort, "get_available_providers", lambda: [CUDA, CPU])
    monkeypatch.setattr(ort, "InferenceSession", opens)
    monkeypatch.setattr(ort, "preload_dlls", lambda: None)
    with pytest.raises(Unavailable, match="no device"):
        CudaDetector(entry, precision="tf32")
    assert asked == [[(CUDA, {"use_tf32": "1"})]]


def test_batch_and_precision_go_by_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    assert BATCHES["cuda"] > BATCHES["openvino"] >= 1
    assert DetectSettings().batch is None and DetectSettings().engine == "auto"
    monkeypatch.setenv("TENKEN_DETECT_ENGINE", "cuda")
    monkeypatch.setenv("TENKEN_DETECT_PRECISION", "tf32")
    monkeypatch.setenv("TENKEN_DETECT_BATCH", "7")
    told = DetectSettings()
    assert (told.engine, told.precision, told.batch) == ("cuda", "tf32", 7)

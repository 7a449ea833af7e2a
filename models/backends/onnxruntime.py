"""Compute scores with ONNX Runtime, on a CUDA device; the only module that imports it.

Chips of one call are one batch, for that is what fills a GPU. A batch that its memory does not hold
ends in ``OutOfMemory``, after which the road goes on with fewer chips at once
(``inspection.pipeline.detect.Portion``).
"""

import os
from typing import Any, Final

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from inspection.domain.detection import ChipScores
from inspection.domain.taxonomy import DamageClass
from inspection.errors import BadInput, Broken, OutOfMemory, Unavailable
from models.backends.memory import memory_lacked
from models.registry import ModelEntry, model_id

PRECISIONS: Final = ("f32", "tf32")
"""What may be asked for; ONNX Runtime's own default is tf32 where the device has it."""

CUDA: Final = "CUDAExecutionProvider"
CPU: Final = "CPUExecutionProvider"
QUIET: Final = 4
"""Severity from which ONNX Runtime writes to the error stream by itself: fatal only."""

ort.set_default_logger_severity(QUIET)
ort.disable_telemetry_events()


class OnnxRuntimeDetector:
    """Score chips with a registered network; keeps the contract ``inspection...ports.Detector``.

    Scores of a chip may differ in their last bit with the size of the batch: the device chooses
    how it multiplies by it.
    """

    def __init__(
        self,
        entry: ModelEntry,
        *,
        precision: str = "f32",
        threads: int = 0,
        provider: str = CUDA,
        session: Any = None,  # noqa: ANN401 of an extra
    ) -> None:
        """Read the network onto the device.

        Args:
            entry: the registered model.
            precision: ``f32``, or ``tf32``: faster where the device has it, other scores.
            threads: threads of the processor beside the device, 0 for all.
            provider: CUDA, or the CPU for tests.
            session: runs the network instead of one that is opened here.

        Raises:
            BadInput: when the precision is unknown or ``threads`` negative.
            Unavailable: when there is no such device.
            OutOfMemory: when its memory does not even hold the network.
            Broken: when the network cannot be read.
        """
        if precision not in PRECISIONS or threads < 0:
            raise BadInput(
                f"precision {precision!r} with {threads} threads is unusable; "
                f"choose one of {', '.join(PRECISIONS)} and 0 or more threads"
            )
        self._entry = entry
        self._model_id = model_id(entry, precision)
        self._session = session or _open(entry, precision, threads, provider)

    @property
    def model_id(self) -> str:
        """Name the model, the digest of its weights and its arithmetic."""
        return self._model_id

    @property
    def classes(self) -> tuple[DamageClass, ...]:
        """Name the classes in the order of the scores, without background."""
        return tuple(DamageClass(name) for name in self._entry.classes[1:])

    @property
    def thresholds(self) -> tuple[float, ...]:
        """Give the probability above which a pixel belongs to each class."""
        return tuple(self._entry.thresholds[name] for name in self._entry.classes[1:])

    @property
    def gsd_range_mm_per_px(self) -> tuple[float, float]:
        """Give the ground sample distances for which the model was trained."""
        return self._entry.gsd_range_mm_per_px

    def score(self, chips: NDArray[np.uint8]) -> list[ChipScores]:
        """Score chips (n, H, W, 3) uint8 RGB as one batch.

        Raises:
            BadInput: when the chips have another shape or type.
            OutOfMemory: when memory does not hold so many at once.
            Broken: when ONNX Runtime fails, or the network answers another shape.
        """
        step = self._entry.size_multiple_px
        if chips.dtype != np.uint8 or chips.ndim != 4 or chips.shape[3] != 3:
            raise BadInput(f"chips need shape (n, H, W, 3) uint8, got {chips.shape} {chips.dtype}")
        count, height, width, _ = chips.shape
        if height % step or width % step or not height or not width:
            raise BadInput(f"chips of {width}×{height} px: both sides must be multiples of {step}")
        if count == 0:
            return []
        answer = self._run(chips)
        expected = (count, len(self._entry.classes), height, width)
        if answer.shape != expected:
            raise Broken(
                f"network of {self.model_id} answers {list(answer.shape)}, expected "
                f"{list(expected)}"
            )
        classes = self.classes
        return [ChipScores(classes=classes, scores=np.clip(one[1:], 0, 1)) for one in answer]

    def _run(self, chips: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Compute one batch; (n, classes, H, W) float32."""
        try:
            images = np.ascontiguousarray(chips.transpose(0, 3, 1, 2), dtype=np.float32) / 255
            answer = self._session.run(None, {self._session.get_inputs()[0].name: images})[0]
        except Exception as error:  # ONNX Runtime raises types of its own for everything
            raise _translated(error, f"{self.model_id} with {len(chips)} chips at once") from error
        return np.asarray(answer, dtype=np.float32)


def cuda_is_there() -> bool:
    """Tell whether ONNX Runtime was built for CUDA and the driver shows a device."""
    return CUDA in ort.get_available_providers() and any(
        os.path.exists(f"/dev/nvidia{number}")  # noqa: PTH110 a device, not a file
        for number in range(16)
    )


def _open(entry: ModelEntry, precision: str, threads: int, provider: str) -> Any:  # noqa: ANN401
    if provider not in ort.get_available_providers():
        raise Unavailable(
            f"this ONNX Runtime has no {provider}: pip install 'tenken[cuda]' instead of "
            "onnxruntime, or set TENKEN_DETECT_DEVICE=cpu"
        )
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = QUIET
    on_device = {"use_tf32": str(int(precision == "tf32")), "arena_extend_strategy": "1"}
    chosen = [(provider, on_device if provider == CUDA else {})]
    try:
        if provider == CUDA:
            ort.preload_dlls()  # CUDA's libraries where pip put them
        session = ort.InferenceSession(entry.onnx_path, options, providers=chosen)
    except Exception as error:  # ONNX Runtime raises types of its own for everything
        raise _translated(error, entry.name) from error
    if session.get_providers()[0] != provider:  # it falls back to the processor in silence
        raise Unavailable(
            f"{provider} cannot be used here: no device, or its driver is too old for this ONNX "
            "Runtime; set TENKEN_DETECT_DEVICE=cpu"
        )
    session.disable_fallback()
    return session


def _translated(error: Exception, what: str) -> OutOfMemory | Broken:
    told = (str(error).strip().splitlines() or ["no message"])[0][:300]
    if memory_lacked(error):
        return OutOfMemory(f"memory does not hold {what}: {told}")
    return Broken(f"ONNX Runtime stopped at {what}: {told}")

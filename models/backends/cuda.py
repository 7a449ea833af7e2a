"""Compute scores with ONNX Runtime on a CUDA device.

Chips of one call are one batch, for that is what fills a GPU. A batch that its memory does not hold
ends in ``OutOfMemory``, after which the road goes on with fewer chips at once
(``inspection.pipeline.detect.Portion``).
"""

from typing import Any, Final

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from inspection.domain.detection import ChipScores
from inspection.errors import BadInput, Broken, OutOfMemory, Unavailable
from models.backends.memory import memory_lacked
from models.backends.registered import RegisteredNetwork
from models.registry import ModelEntry

PRECISIONS: Final = ("f32", "tf32")
"""What may be asked for; ONNX Runtime's own default is tf32 where the device has it."""

CUDA: Final = "CUDAExecutionProvider"
CPU: Final = "CPUExecutionProvider"
QUIET: Final = 4
"""Severity from which ONNX Runtime writes to the error stream by itself: fatal only."""


class CudaDetector(RegisteredNetwork):
    """Score chips with a registered network; keeps the contract ``inspection...ports.Detector``.

    Scores of a chip may differ in their last bit with the size of the batch: the device chooses by
    it how it multiplies.
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
                f"precision {precision!r} with {threads} threads is unusable on a CUDA device; "
                f"choose one of {', '.join(PRECISIONS)} and 0 or more threads"
            )
        super().__init__(entry, f"{precision}-cuda")
        self._session = session or self._open(precision, threads, provider)
        self._input = self._session.get_inputs()[0].name

    def score(self, chips: NDArray[np.uint8]) -> list[ChipScores]:
        """Score chips (n, H, W, 3) uint8 RGB as one batch.

        Raises:
            BadInput: when the chips have another shape or type.
            OutOfMemory: when memory does not hold so many at once.
            Broken: when ONNX Runtime fails, or the network answers another shape.
        """
        height, width = self.size_of(chips)
        if len(chips) == 0:
            return []
        try:
            images = np.ascontiguousarray(chips.transpose(0, 3, 1, 2), dtype=np.float32)
            images /= np.float32(255)
            (answer,) = self._session.run(None, {self._input: images})
        except Exception as error:  # its exceptions have no common class but this
            raise self._translated(error, f"{len(chips)} chips at once") from error
        if len(answer) != len(chips):
            raise Broken(f"network of {self.model_id} answers {len(answer)} of {len(chips)} chips")
        self.check_answer([1, *answer.shape[1:]], height, width)
        return [self.told(one) for one in answer]

    def _open(self, precision: str, threads: int, provider: str) -> Any:  # noqa: ANN401 of an extra
        if provider not in ort.get_available_providers():
            raise Unavailable(
                f"this ONNX Runtime has no {provider}: pip install 'tenken[cuda]' in the place of "
                "onnxruntime, or set TENKEN_DETECT_ENGINE=auto"
            )
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = QUIET
        on_device = {"use_tf32": str(int(precision == "tf32"))}
        chosen = [(provider, on_device if provider == CUDA else {})]
        try:
            if provider == CUDA:
                ort.preload_dlls()  # CUDA's libraries where pip put them
            session = ort.InferenceSession(str(self._entry.onnx_path), options, providers=chosen)
        except Exception as error:  # its exceptions have no common class but this
            raise self._translated(error, "its weights") from error
        if session.get_providers()[0] != provider:  # it falls back to the processor in silence
            raise Unavailable(
                f"{provider} cannot be used here: no device, or its driver is too old for this "
                "ONNX Runtime; set TENKEN_DETECT_ENGINE=auto"
            )
        session.disable_fallback()
        return session

    def _translated(self, error: Exception, what: str) -> OutOfMemory | Broken:
        told = (str(error).strip().splitlines() or ["no message"])[0][:300]
        if memory_lacked(error):
            return OutOfMemory(f"memory does not hold {what} for {self.model_id}: {told}")
        return Broken(f"ONNX Runtime stopped at {what} for {self.model_id}: {told}")

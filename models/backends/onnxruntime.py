"""Compute scores with ONNX Runtime on the CPU; the only module that imports it.

For machines that OpenVINO does not know (its wheels exist for fewer processors and systems), and as
a second opinion on its arithmetic.
"""

from pathlib import Path

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from inspection.domain.detection import ChipScores
from inspection.errors import BadInput, Broken
from models.backends.registered import RegisteredNetwork
from models.registry import ModelEntry

ARITHMETIC = "f32-onnxruntime"
"""Its sums are rounded in another order than OpenVINO's, so what it saw has its own name."""

QUIET = 3
"""Only errors are told on standard error; the caller hears them as exceptions anyway."""


def open_session(path: Path, name: str, threads: int) -> ort.InferenceSession:
    """Read a network for the processor.

    Args:
        path: ONNX.
        name: of the model, for messages.
        threads: threads of the processor, 0 for all.

    Raises:
        Broken: when it cannot be read.
    """
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = QUIET
    try:
        return ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its exceptions have no common class but this
        raise Broken(f"network of {name} cannot be read: {error}") from error


class OnnxRuntimeDetector(RegisteredNetwork):
    """Score chips with a registered network; keeps the contract ``inspection...ports.Detector``.

    Every chip is computed alone, on all threads, so its scores cannot depend on its company.
    """

    def __init__(self, entry: ModelEntry, *, precision: str = "f32", threads: int = 0) -> None:
        """Read the network.

        Args:
            entry: the registered model.
            precision: ``f32``; ONNX Runtime has no other on a processor.
            threads: threads of the processor, 0 for all.

        Raises:
            BadInput: when the precision is another or ``threads`` negative.
            Broken: when the network cannot be read or does not keep the registry's contract.
        """
        if precision != "f32" or threads < 0:
            raise BadInput(
                f"precision {precision!r} with {threads} threads is unusable with ONNX Runtime; "
                "choose f32 and 0 or more threads, or the engine openvino"
            )
        super().__init__(entry, ARITHMETIC)
        self._session = open_session(entry.onnx_path, self.model_id, threads)
        self._input = self._session.get_inputs()[0].name
        step = entry.size_multiple_px
        self._run(np.zeros((step, step, 3), dtype=np.uint8))

    def score(self, chips: NDArray[np.uint8]) -> list[ChipScores]:
        """Score chips (n, H, W, 3) uint8 RGB; H and W are multiples of the network's step.

        Raises:
            BadInput: when the chips have another shape or type.
            Broken: when ONNX Runtime fails.
        """
        self.size_of(chips)
        return [self.told(self._run(chip)) for chip in chips]

    def _run(self, chip: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Give the probabilities (classes, H, W) of one chip, background first."""
        pixels = np.ascontiguousarray(chip.transpose(2, 0, 1)[None], dtype=np.float32)
        pixels /= np.float32(255)
        try:
            (answer,) = self._session.run(None, {self._input: pixels})
        except Exception as error:  # its exceptions have no common class but this
            raise Broken(
                f"ONNX Runtime stopped while scoring with {self.model_id}: {error}"
            ) from error
        self.check_answer(list(answer.shape), *chip.shape[:2])
        return np.asarray(answer[0], dtype=np.float32)

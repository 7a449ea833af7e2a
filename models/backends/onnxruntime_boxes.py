"""Look for boxes with ONNX Runtime on the CPU, where OpenVINO has no wheels."""

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from inspection.errors import Broken
from models.backends.onnxruntime import QUIET
from models.boxes.registry import BoxEntry

COLUMNS = 6


class OnnxRuntimeBoxes:
    """Run a network that answers boxes; for pictures of any size."""

    def __init__(self, entry: BoxEntry, *, threads: int = 0) -> None:
        """Read the network.

        Raises:
            Broken: when it cannot be read.
        """
        self._name = entry.name
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = QUIET
        try:
            self._session = ort.InferenceSession(
                str(entry.onnx_path), options, providers=["CPUExecutionProvider"]
            )
            self._input = self._session.get_inputs()[0].name
        except Exception as error:  # its exceptions have no common class but this
            raise Broken(f"network of {self._name} cannot be read: {error}") from error

    def __call__(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Answer (k, 6) float32 for pixels (h, w, 3) uint8 RGB.

        Raises:
            Broken: when ONNX Runtime fails or the network answers another shape.
        """
        image = np.ascontiguousarray(pixels.transpose(2, 0, 1)[None], dtype=np.float32)
        image /= np.float32(255)
        try:
            answer = self._session.run(None, {self._input: image})[0]
        except Exception as error:  # its exceptions have no common class but this
            raise Broken(f"ONNX Runtime stopped while looking with {self._name}: {error}") from (
                error
            )
        if answer.ndim != 3 or answer.shape[0] != 1 or answer.shape[2] != COLUMNS:
            raise Broken(f"network {self._name} answers {list(answer.shape)}, expected [1, k, 6]")
        return np.asarray(answer[0], dtype=np.float32)

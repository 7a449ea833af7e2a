"""Look for boxes with ONNX Runtime on the CPU, where OpenVINO has no wheels."""

import numpy as np
from numpy.typing import NDArray

from inspection.errors import Broken
from models.backends.onnxruntime import open_session
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
        self._session = open_session(entry.onnx_path, entry.name, threads)
        self._input = self._session.get_inputs()[0].name

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

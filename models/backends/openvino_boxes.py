"""Look for boxes with OpenVINO on the CPU: damage in road photos, people, faces, plates."""

from pathlib import Path
from typing import Protocol

import numpy as np
import openvino as ov
from numpy.typing import NDArray
from openvino.preprocess import PrePostProcessor

from inspection.errors import Broken, OutOfMemory
from models.backends.memory import memory_lacked

COLUMNS = 6
KEPT = 4
"""Sizes of windows whose compiled networks are kept; a flight has two or three."""


class BoxFile(Protocol):
    """A registered network that answers boxes."""

    @property
    def name(self) -> str:
        """Id, for messages."""
        ...

    @property
    def onnx_path(self) -> Path:
        """The network."""
        ...


class OpenVinoBoxes:
    """Run a network that answers boxes; compiled once for each size of picture."""

    def __init__(self, entry: BoxFile, *, threads: int = 0) -> None:
        """Read the network.

        Raises:
            Broken: when it cannot be read.
        """
        self._entry = entry
        self._core = ov.Core()
        self._options = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32"}
        if threads:
            self._options |= {"INFERENCE_NUM_THREADS": str(threads)}
        self._compiled: dict[tuple[int, int], ov.CompiledModel] = {}
        self._read()

    def __call__(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Answer (k, 6) float32 for pixels (h, w, 3) uint8 RGB.

        Raises:
            Broken: when OpenVINO fails or the network answers another shape.
            OutOfMemory: when memory does not hold the computation.
        """
        try:
            answer = self._for((pixels.shape[0], pixels.shape[1]))(pixels[None])[0]
        except (MemoryError, RuntimeError) as error:
            if memory_lacked(error):
                raise OutOfMemory(f"memory does not hold {self._entry.name}: {error}") from error
            raise Broken(f"OpenVINO stopped while looking with {self._entry.name}: {error}") from (
                error
            )
        if answer.ndim != 3 or answer.shape[0] != 1 or answer.shape[2] != COLUMNS:
            raise Broken(
                f"network {self._entry.name} answers {list(answer.shape)}, expected [1, k, 6]: "
                "export it with nms=True"
            )
        return np.array(answer[0], dtype=np.float32)

    def _read(self) -> ov.Model:
        try:
            return self._core.read_model(self._entry.onnx_path)
        except RuntimeError as error:
            raise Broken(f"network of {self._entry.name} cannot be read: {error}") from error

    def _for(self, size: tuple[int, int]) -> ov.CompiledModel:
        if size not in self._compiled:
            if len(self._compiled) == KEPT:
                self._compiled.pop(next(iter(self._compiled)))
            network = self._read()
            network.reshape([1, 3, *size])
            layout = PrePostProcessor(network)
            layout.input().tensor().set_element_type(ov.Type.u8).set_layout(ov.Layout("NHWC"))
            layout.input().preprocess().convert_element_type(ov.Type.f32).scale(255.0)
            layout.input().model().set_layout(ov.Layout("NCHW"))
            self._compiled[size] = self._core.compile_model(layout.build(), "CPU", self._options)
        return self._compiled[size]

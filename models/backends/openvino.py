"""Compute scores with OpenVINO on the CPU; the only module that imports it."""

from collections.abc import Callable
from typing import Any, Final

import numpy as np
import openvino as ov
from numpy.typing import NDArray
from openvino.preprocess import PrePostProcessor

from inspection.domain.detection import ChipScores
from inspection.errors import BadInput, Broken, OutOfMemory, Unavailable
from models.backends.memory import memory_lacked
from models.backends.registered import RegisteredNetwork
from models.registry import ModelEntry

PRECISIONS: Final = ("f32", "bf16")
"""Precisions that may be asked for; OpenVINO's own default depends on the machine."""


SIZES_KEPT: Final = 4
"""Sizes of chips for which the network stays compiled: each takes some hundred megabytes, and a
folder of photos may have as many sizes as photos."""


class OpenVinoDetector(RegisteredNetwork):
    """Score chips with a registered network; keeps the contract ``inspection...ports.Detector``.

    Every chip is a request of its own (batch 1) and several requests run side by side. A chip's
    scores therefore cannot depend on its company. The network is compiled for each size of chips
    that is asked for, and stays so for the last ``SIZES_KEPT``.
    """

    def __init__(self, entry: ModelEntry, *, precision: str = "f32", threads: int = 0) -> None:
        """Read the network.

        Args:
            entry: the registered model.
            precision: ``f32``, or ``bf16`` where the processor has it: faster, other scores.
            threads: threads of the processor, 0 for all.

        Raises:
            BadInput: when the precision is unknown or ``threads`` negative.
            Unavailable: when the processor has no bf16; OpenVINO would compute f32 under its name,
                and two workers of one model would see different things.
            Broken: when the network cannot be read or does not keep the registry's contract.
        """
        if precision not in PRECISIONS or threads < 0:
            raise BadInput(
                f"precision {precision!r} with {threads} threads is unusable; "
                f"choose one of {', '.join(PRECISIONS)} and 0 or more threads"
            )
        if precision == "bf16" and "BF16" not in processor_abilities():
            raise Unavailable(
                "this processor does not compute bf16; use f32 (TENKEN_DETECT_PRECISION=f32)"
            )
        super().__init__(entry, precision)
        self._options = _options(precision, threads)
        self._core = ov.Core()
        self._queues: dict[tuple[int, int], ov.AsyncInferQueue] = {}
        self._network(entry.size_multiple_px, entry.size_multiple_px)

    def score(self, chips: NDArray[np.uint8]) -> list[ChipScores]:
        """Score chips (n, H, W, 3) uint8 RGB; H and W are multiples of the network's step.

        Raises:
            BadInput: when the chips have another shape or type.
            Broken: when OpenVINO fails.
        """
        found: dict[int, ChipScores] = {}

        def keep(request: ov.InferRequest, number: int) -> None:
            found[number] = self.told(request.get_output_tensor().data[0])

        self.forward(chips, keep)
        return [found[number] for number in range(len(chips))]

    def forward(
        self, chips: NDArray[np.uint8], keep: Callable[[ov.InferRequest, int], None] | None = None
    ) -> None:
        """Compute chips and hand each finished request to ``keep``, or drop the answer.

        Without ``keep`` this is the bare forward loop with which ``tenken models bench`` compares.
        """
        height, width = self.size_of(chips)
        if len(chips) == 0:
            return
        try:
            queue = self._queue_for(height, width)
            queue.set_callback(keep or _drop)
            for number, chip in enumerate(chips):
                queue.start_async({0: np.ascontiguousarray(chip[None])}, number)
            queue.wait_all()
        except (MemoryError, RuntimeError) as error:
            if memory_lacked(error):
                raise OutOfMemory(f"memory does not hold {self.model_id}: {error}") from error
            raise Broken(f"OpenVINO stopped while scoring with {self.model_id}: {error}") from error

    def _queue_for(self, height: int, width: int) -> ov.AsyncInferQueue:
        """Compile the network for chips of one size and make its requests, once while in use."""
        queue = self._queues.pop((height, width), None)
        if queue is None:
            while len(self._queues) >= SIZES_KEPT:  # before, so that memory never holds one more
                del self._queues[next(iter(self._queues))]
            network = self._network(height, width)
            compiled = self._core.compile_model(network, "CPU", self._options)
            queue = ov.AsyncInferQueue(compiled)
        self._queues[height, width] = queue  # the size that was used last stands last
        return queue

    def _network(self, height: int, width: int) -> ov.Model:
        """Read the network for chips of one size, taking uint8 RGB pixels as they are."""
        try:
            network = self._core.read_model(self._entry.onnx_path)
            network.reshape([1, 3, height, width])
            layout = PrePostProcessor(network)
            layout.input().tensor().set_element_type(ov.Type.u8).set_layout(ov.Layout("NHWC"))
            layout.input().preprocess().convert_element_type(ov.Type.f32).scale(255.0)
            layout.input().model().set_layout(ov.Layout("NCHW"))
            network = layout.build()
            answer = list(network.output().get_shape())
        except RuntimeError as error:
            raise Broken(f"network of {self.model_id} cannot be read: {error}") from error
        self.check_answer(answer, height, width)
        return network


def processor_abilities() -> list[str]:
    """Name the arithmetics that the processor has, as OpenVINO calls them."""
    return list(ov.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES"))


def _drop(request: ov.InferRequest, number: int) -> None:
    """Let an answer go."""


def _options(precision: str, threads: int) -> dict[str, Any]:
    """Say how OpenVINO is to compute."""
    options: dict[str, Any] = {
        "PERFORMANCE_HINT": "THROUGHPUT",
        "INFERENCE_PRECISION_HINT": precision,
    }
    return options | ({"INFERENCE_NUM_THREADS": threads} if threads else {})

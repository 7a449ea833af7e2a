"""Hold what every backend must know and check of a registered network, whoever computes it."""

import numpy as np
from numpy.typing import NDArray

from inspection.domain.detection import ChipScores
from inspection.domain.taxonomy import DamageClass
from inspection.errors import BadInput, Broken
from models.registry import ModelEntry, model_id


class RegisteredNetwork:
    """Answer what ``inspection...ports.Detector`` asks about a model, and check its chips."""

    def __init__(self, entry: ModelEntry, arithmetic: str) -> None:
        """Keep the entry.

        Args:
            entry: the registered model.
            arithmetic: how it is computed, see ``model_id``.
        """
        self._entry = entry
        self._model_id = model_id(entry, arithmetic)

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
    def continuation_ratio(self) -> float:
        """Give the share of its threshold from which a pixel continues what reaches it."""
        return self._entry.continuation_ratio

    @property
    def gsd_range_mm_per_px(self) -> tuple[float, float]:
        """Give the ground sample distances for which the model was trained."""
        return self._entry.gsd_range_mm_per_px

    def size_of(self, chips: NDArray[np.uint8]) -> tuple[int, int]:
        """Check chips and give their height and width, px.

        Raises:
            BadInput: when the chips have another shape or type.
        """
        step = self._entry.size_multiple_px
        if chips.dtype != np.uint8 or chips.ndim != 4 or chips.shape[3] != 3:
            raise BadInput(f"chips need shape (n, H, W, 3) uint8, got {chips.shape} {chips.dtype}")
        _, height, width, _ = chips.shape
        if height % step or width % step or not height or not width:
            raise BadInput(f"chips of {width}×{height} px: both sides must be multiples of {step}")
        return height, width

    def told(self, answer: NDArray[np.float32]) -> ChipScores:
        """Give the answer (classes, h, w) to a chip as its scores; background is the rest."""
        return ChipScores(
            classes=self.classes,
            scores=np.array(answer[1:], dtype=np.float32),  # a copy: the engine writes there again
            stride=self._entry.output_stride,
        )

    def check_answer(self, shape: list[int], height: int, width: int) -> None:
        """Check that a network answers one chip with a probability for each class and place.

        Raises:
            Broken: when it does not.
        """
        stride = self._entry.output_stride
        expected = [1, len(self._entry.classes), height // stride, width // stride]
        if shape != expected:
            raise Broken(f"network of {self.model_id} answers {shape}, expected {expected}")

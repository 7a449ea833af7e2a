"""Say from which probability on a pixel is taken, and from which it continues what is taken."""

from collections.abc import Mapping
from dataclasses import dataclass

from inspection.errors import BadInput


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Hold how probabilities become objects; chosen on validation data, kept with the model.

    Attributes:
        thresholds: Smallest probability, 0..1, at which a pixel is taken, for each class name but
            background.
        continuation_ratio: Share of its threshold, above 0 and at most 1, from which a pixel
            continues an object that reaches the threshold elsewhere; 1 continues nothing.
    """

    thresholds: Mapping[str, float]
    continuation_ratio: float

    def __post_init__(self) -> None:
        if not all(0 < value < 1 for value in self.thresholds.values()):
            raise BadInput("thresholds must lie between 0 and 1")
        if not 0 < self.continuation_ratio <= 1:
            raise BadInput(
                f"continuation_ratio must be above 0 and at most 1, got {self.continuation_ratio}"
            )

"""Check whether a confidence means a probability: of pixels told 70 %, 70 % should be labelled.

Source: Guo et al., On calibration of modern neural networks, ICML 2017 (reliability diagram,
expected calibration error).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BINS = 10
LEAST = 0.1
"""Pixels below are background to everybody; they would drown all others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReliabilityBin:
    """Count the pixels whose confidence lies in one tenth.

    Attributes:
        pixels: Pixels of the tenth.
        confidence_sum: Sum of what was told of them.
        labelled: How many of them carry the class.
    """

    pixels: int = 0
    confidence_sum: float = 0.0
    labelled: int = 0

    @property
    def told(self) -> float:
        """Return the mean confidence."""
        return self.confidence_sum / self.pixels if self.pixels else 0.0

    @property
    def true(self) -> float:
        """Return the share that carries the class."""
        return self.labelled / self.pixels if self.pixels else 0.0


class Reliability:
    """Gather confidences and labels of one class over images."""

    def __init__(self) -> None:
        self._pixels = np.zeros(BINS, dtype=np.int64)
        self._labelled = np.zeros(BINS, dtype=np.int64)
        self._sums = np.zeros(BINS, dtype=np.float64)

    def add(
        self,
        confidence: NDArray[np.float32],
        labelled: NDArray[np.bool_],
        decided: NDArray[np.bool_],
    ) -> None:
        """Take in one image: confidence, label and whether the label decides, each (h, w)."""
        told = confidence[decided].astype(np.float64)
        place = np.minimum((told * BINS).astype(np.int64), BINS - 1)
        self._pixels += np.bincount(place, minlength=BINS)
        self._sums += np.bincount(place, weights=told, minlength=BINS)
        self._labelled += np.bincount(place[labelled[decided]], minlength=BINS)

    @property
    def bins(self) -> tuple[ReliabilityBin, ...]:
        """Return the tenths from 0 to 1."""
        return tuple(
            ReliabilityBin(pixels=int(n), confidence_sum=float(s), labelled=int(k))
            for n, s, k in zip(self._pixels, self._sums, self._labelled, strict=True)
        )


def calibration_error(bins: tuple[ReliabilityBin, ...]) -> float:
    """Return the mean distance of told and true over the pixels told at least ``LEAST``.

    Examples:
        >>> sure = ReliabilityBin(pixels=10, confidence_sum=9.5, labelled=5)
        >>> nothing = ReliabilityBin()
        >>> round(calibration_error((nothing,) * 9 + (sure,)), 3)
        0.45
    """
    counted = bins[int(LEAST * BINS) :]
    pixels = sum(found.pixels for found in counted)
    if not pixels:
        return 0.0
    return sum(abs(found.told - found.true) * found.pixels for found in counted) / pixels

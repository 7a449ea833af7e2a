"""Say how far a score of a set could be luck: bootstrap intervals over its images.

Images are drawn again with replacement, whole, because pixels of one image are not independent.

Source: Efron, Tibshirani, An Introduction to the Bootstrap, 1993, percentile method.
"""

from collections.abc import Sequence
from dataclasses import astuple, dataclass

import numpy as np
from numpy.typing import NDArray

from models.judging.metrics import PixelCounts

DRAWS = 2000
SEED = 20261125
SHARE = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """Bound a score.

    Attributes:
        low: 2.5 % of the draws lie below.
        high: 2.5 % of the draws lie above.
    """

    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreIntervals:
    """Bound the three pixel scores of one class in one set (95 %)."""

    iou: Interval
    f1: Interval
    tolerant_f1: Interval


def bootstrap(
    counts: Sequence[PixelCounts], *, draws: int = DRAWS, seed: int = SEED
) -> ScoreIntervals | None:
    """Return the 95 % intervals of a set's scores, or None with fewer than two images.

    Args:
        counts: Pixel counts of each image.
        draws: Sets drawn again.
        seed: Start of the random numbers, so that a card can be written twice alike.
    """
    if len(counts) < 2:
        return None
    of_image = np.array([astuple(found) for found in counts], dtype=np.float64)
    chosen = np.random.default_rng(seed).integers(len(counts), size=(draws, len(counts)))
    predicted, labelled, both, predicted_near, labelled_near = of_image[chosen].sum(axis=1).T
    precision, recall = _ratio(predicted_near, predicted), _ratio(labelled_near, labelled)
    return ScoreIntervals(
        iou=_interval(_ratio(both, predicted + labelled - both)),
        f1=_interval(_ratio(2 * both, predicted + labelled)),
        tolerant_f1=_interval(_ratio(2 * precision * recall, precision + recall)),
    )


def _ratio(part: NDArray[np.float64], whole: NDArray[np.float64]) -> NDArray[np.float64]:
    """Divide, with 0 where there is nothing, as ``PixelCounts`` does."""
    return np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)


def _interval(scores: NDArray[np.float64]) -> Interval:
    low, high = np.quantile(scores, [(1 - SHARE) / 2, (1 + SHARE) / 2])
    return Interval(low=float(low), high=float(high))

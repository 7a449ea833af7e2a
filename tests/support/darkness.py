"""A detector without a network: dark pixels are cracks, reddish ones potholes.

It keeps the same contract as the real detectors (``tests.support.detector_contract``) and answers
exactly from the pixels, so that tests can compare detections with a picture they have drawn.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inspection.domain.detection import ChipScores
from inspection.domain.taxonomy import DamageClass

CONCRETE = np.float32(0.7)
"""Lightness of sound concrete: from here on a pixel is not dark at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DarknessDetector:
    """Score cracks by darkness and potholes by redness."""

    model_id: str = "darkness@000000000000"
    classes: tuple[DamageClass, ...] = (DamageClass.CRACK, DamageClass.POTHOLE)
    thresholds: tuple[float, ...] = (0.6, 0.6)
    continuation_ratio: float = 0.5
    gsd_range_mm_per_px: tuple[float, float] = (0.5, 5.0)

    def score(self, chips: NDArray[np.uint8]) -> list[ChipScores]:
        """Score chips (n, H, W, 3) uint8 RGB."""
        light = chips.max(axis=3).astype(np.float32) / 255
        red = (chips[..., 0].astype(np.float32) - chips[..., 1]).clip(0) / 255
        dark = ((CONCRETE - light) / CONCRETE).clip(0, None)
        both = np.stack([dark, red], axis=1)
        return [ChipScores(classes=self.classes, scores=scores) for scores in both]

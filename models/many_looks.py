"""Look at each chip several times, enlarged and mirrored, and take the mean of the answers.

A network answers a mirrored chip a little differently, and sees cracks of one or two pixels better
where they are enlarged. What several looks agree on is surer than what one says. It costs the time
of all looks: two sizes of 1 and 1.5, each mirrored too, take six and a half times that of one.
"""

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from inspection.domain.detection import ChipScores
from inspection.domain.taxonomy import DamageClass
from inspection.imaging.enlarge import native
from inspection.pipeline.ports import Detector
from models.registry import ModelEntry


class ManyLooks:
    """Score chips by the mean of several looks; keeps the contract ``inspection...ports.Detector``.

    Each chip is scored for itself, as the detector that looks does it.
    """

    def __init__(self, detector: Detector, entry: ModelEntry) -> None:
        """Take the detector that looks, and the description that says how often."""
        self._detector = detector
        self._entry = entry

    @property
    def model_id(self) -> str:
        """Name the model; how often it looks is part of its description."""
        return self._detector.model_id

    @property
    def classes(self) -> tuple[DamageClass, ...]:
        """Name the classes in the order of the scores, without background."""
        return self._detector.classes

    @property
    def thresholds(self) -> tuple[float, ...]:
        """Give the probability above which a pixel belongs to each class."""
        return self._detector.thresholds

    @property
    def continuation_ratio(self) -> float:
        """Give the share of its threshold from which a pixel continues what reaches it."""
        return self._detector.continuation_ratio

    @property
    def gsd_range_mm_per_px(self) -> tuple[float, float]:
        """Give the ground sample distances for which the model was trained."""
        return self._detector.gsd_range_mm_per_px

    def score(self, chips: NDArray[np.uint8]) -> list[ChipScores]:
        """Score chips (n, H, W, 3) uint8 RGB; raises what the detector that looks raises."""
        size = chips.shape[1:3]
        sums = [np.zeros((len(self.classes), *size), dtype=np.float32) for _ in chips]
        for shown, mirrored in self._looks(chips):
            for number, answer in enumerate(self._detector.score(shown)):
                seen = resized(native(answer), size)
                sums[number] += seen[:, :, ::-1] if mirrored else seen
        for total in sums:
            np.divide(total, self._entry.looks, out=total)
        return [ChipScores(classes=self.classes, scores=total) for total in sums]

    def _looks(self, chips: NDArray[np.uint8]) -> Iterator[tuple[NDArray[np.uint8], bool]]:
        """Give the chips as each look shows them, and whether they are mirrored."""
        for scale in self._entry.scales:
            shown = enlarged(chips, scale, multiple_px=self._entry.size_multiple_px)
            yield shown, False
            if self._entry.mirrored:
                yield np.ascontiguousarray(shown[:, :, ::-1]), True


def enlarged(chips: NDArray[np.uint8], scale: float, *, multiple_px: int) -> NDArray[np.uint8]:
    """Enlarge chips (n, H, W, 3); their sides become the nearest multiples that a network takes."""
    height, width = (
        max(1, round(side * scale / multiple_px)) * multiple_px for side in chips.shape[1:3]
    )
    if (height, width) == chips.shape[1:3] or not len(chips):
        return chips
    return np.stack(
        [cv2.resize(chip, (width, height), interpolation=cv2.INTER_CUBIC) for chip in chips]
    )


def resized(planes: NDArray[np.float32], size: tuple[int, ...]) -> NDArray[np.float32]:
    """Give planes (k, h, w) in another size, rows and columns, as means over what they cover."""
    if planes.shape[1:] == size:
        return planes
    height, width = size
    return np.stack(
        [cv2.resize(plane, (width, height), interpolation=cv2.INTER_AREA) for plane in planes]
    )

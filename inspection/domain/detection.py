"""Describe what a detector saw: scores of one chip, and detections of a whole raster.

A detector answers a chip with per-class probabilities in native pixels (``ChipScores``), not with
boxes: suppressing boxes across windows breaks thin cracks. Detections are joined from pixels, by
shape, and kept as runs of pixels, so that no object needs a full-size mask.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inspection.domain.taxonomy import DamageClass
from inspection.errors import BadInput


@dataclass(frozen=True, slots=True, kw_only=True)
class ChipScores:
    """Give the probability of each class in each pixel of one chip.

    Most of a mosaic is sound, and to enlarge the answer of a network there costs a quarter of its
    time; so it may stay as coarse as the network gave it. Between the places of a coarse answer,
    probabilities go linearly (``inspection.imaging.enlarge``).

    Attributes:
        classes: the k classes, without background.
        scores: (k, H, W) float32 in 0–1; the rest of each pixel's probability is background.
        stride: side of a place in pixels of the chip; the chip has H × W × stride² pixels.
    """

    classes: tuple[DamageClass, ...]
    scores: NDArray[np.float32]
    stride: int = 1

    def __post_init__(self) -> None:
        """Check the shape."""
        if self.scores.ndim != 3 or self.scores.shape[0] != len(self.classes):
            raise BadInput(
                f"scores need shape ({len(self.classes)}, H, W), got {self.scores.shape}"
            )
        if self.stride < 1:
            raise BadInput(f"stride {self.stride} of scores must be 1 px or more")


@dataclass(frozen=True, slots=True, kw_only=True)
class Detections:
    """Keep the n detections of one raster in columns.

    Attributes:
        classes: the classes that ``class_index`` counts.
        class_index: (n,) int32, index into ``classes``.
        confidence: (n,) float32, mean probability over the pixels of the detection.
        run_offsets: (n + 1,) int64; detection i owns ``runs[run_offsets[i]:run_offsets[i + 1]]``.
        runs: (m, 3) int32 px: row, first column, column after the last; sorted by row, then column.
    """

    classes: tuple[DamageClass, ...]
    class_index: NDArray[np.int32]
    confidence: NDArray[np.float32]
    run_offsets: NDArray[np.int64]
    runs: NDArray[np.int32]

    def __post_init__(self) -> None:
        """Check that the columns belong together."""
        n = len(self.class_index)
        if self.confidence.shape != (n,) or self.run_offsets.shape != (n + 1,):
            raise BadInput(
                f"columns of {n} detections need shapes ({n},) and ({n + 1},), "
                f"got {self.confidence.shape} and {self.run_offsets.shape}"
            )
        if self.runs.ndim != 2 or self.runs.shape[1] != 3 or self.run_offsets[-1] != len(self.runs):
            raise BadInput(f"runs need shape ({self.run_offsets[-1]}, 3), got {self.runs.shape}")

    def __len__(self) -> int:
        """Count the detections."""
        return len(self.class_index)

    def damage_class(self, index: int) -> DamageClass:
        """Name the class of one detection."""
        return self.classes[int(self.class_index[index])]

    def runs_of(self, index: int) -> NDArray[np.int32]:
        """Give the runs (r, 3) of one detection in raster pixels."""
        return self.runs[self.run_offsets[index] : self.run_offsets[index + 1]]

    def box_px(self, index: int) -> tuple[int, int, int, int]:
        """Give the box x0 y0 x1 y1 of one detection, half-open."""
        runs = self.runs_of(index)
        return (
            int(runs[:, 1].min()),
            int(runs[:, 0].min()),
            int(runs[:, 2].max()),
            int(runs[:, 0].max()) + 1,
        )

    def mask(self, index: int, margin_px: int = 0) -> tuple[NDArray[np.bool_], int, int]:
        """Paint one detection: its mask, and the raster x and y of the mask's corner.

        Args:
            index: which detection.
            margin_px: empty pixels kept on every side; the corner may then be negative.
        """
        x0, y0, x1, y1 = self.box_px(index)
        left, top = x0 - margin_px, y0 - margin_px
        mask = np.zeros((y1 - y0 + 2 * margin_px, x1 - x0 + 2 * margin_px), dtype=bool)
        for row, start, stop in self.runs_of(index):
            mask[row - top, start - left : stop - left] = True
        return mask, left, top

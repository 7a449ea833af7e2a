"""Give the probabilities of a coarse answer in each pixel of its chip, or of a part of it.

Probabilities, not logits, are interpolated. A pixel then never has more than the greatest of the
places around it, so a part of a chip in which no place reaches a threshold need not be enlarged to
know that no pixel does.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from inspection.domain.detection import ChipScores


def native(scores: ChipScores) -> NDArray[np.float32]:
    """Give the probabilities in each pixel of the chip, (k, H, W) float32."""
    _, height, width = scores.scores.shape
    return part(scores, slice(0, height * scores.stride), slice(0, width * scores.stride))


def part(
    scores: ChipScores,
    rows: slice,
    columns: slice,
    *,
    planes: NDArray[np.int64] | slice = slice(None),
) -> NDArray[np.float32]:
    """Give the probabilities in each pixel of a window of the chip.

    Args:
        scores: what a detector answered.
        rows: rows of the window, px, inside the chip.
        columns: columns of the window, px, inside the chip.
        planes: which of the classes, by default all.

    Returns:
        (classes, rows, columns) float32; never written back into the scores.
    """
    stride = scores.stride
    if stride == 1:
        return scores.scores[planes, rows, columns].copy()
    _, height, width = scores.scores.shape
    top, bottom = max(0, rows.start // stride - 1), min(height, -(-rows.stop // stride) + 1)
    left, right = max(0, columns.start // stride - 1), min(width, -(-columns.stop // stride) + 1)
    coarse = scores.scores[planes, top:bottom, left:right]
    size = ((right - left) * stride, (bottom - top) * stride)
    inner = (
        slice(rows.start - top * stride, rows.stop - top * stride),
        slice(columns.start - left * stride, columns.stop - left * stride),
    )
    fine = np.empty((len(coarse), rows.stop - rows.start, columns.stop - columns.start), np.float32)
    for plane, enlarged in zip(coarse, fine, strict=True):
        enlarged[:] = cv2.resize(plane, size, interpolation=cv2.INTER_LINEAR)[inner]
    return fine

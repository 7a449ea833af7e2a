"""Keep the crest of a detector's answer and cut the slopes beside it.

A network that computes at a quarter of the resolution draws a blurred line over a thin crack. One
threshold cannot outline it: what is low enough for a faint stretch takes the slopes of a clear one
for crack and doubles its width. Measured against the highest score nearby, both keep their shape.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

RADIUS_PX = 2
"""How far the highest score is looked for, px.

Wider windows find weak spots along a crack as well, and cut it into pieces there.
"""

_AROUND = np.ones((2 * RADIUS_PX + 1, 2 * RADIUS_PX + 1), dtype=np.uint8)


def crests(
    scores: NDArray[np.float32], *, share: float, valid: NDArray[np.bool_] | None
) -> NDArray[np.float32]:
    """Set to 0 the scores below a share of the highest score of their class within 2 px.

    Args:
        scores: (k, H, W) probabilities, with 2 px around what will be used, so that it sees what is
            beyond its edge.
        share: 0 keeps all scores, 1 only the ridge itself.
        valid: (H, W), False where the raster has no data; such pixels have score 0. None where
            all have data.
    """
    kept = scores.copy() if valid is None else np.where(valid, scores, np.float32(0))
    for plane in kept:
        least = np.float32(share) * cv2.dilate(plane, _AROUND)
        np.copyto(plane, np.float32(0), where=plane < least)
    return kept

"""Give the class probabilities of a whole image, whatever computes them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inspection.imaging.enlarge import native
from inspection.pipeline.ports import Detector

Scorer = Callable[[NDArray[np.uint8]], NDArray[np.float32]]
"""Takes (h, w, 3) uint8 RGB with sides that are multiples of 32 px; gives (c, h, w) float32."""

SIZE_MULTIPLE_PX = 32


def detector_scorer(detector: Detector, *, size_multiple_px: int = SIZE_MULTIPLE_PX) -> Scorer:
    """Return a scorer that asks a detector, and puts background back as the rest to 1.

    Args:
        detector: Gives the scores.
        size_multiple_px: Sides that its network takes; images are padded to them.
    """

    def ask(rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
        found = native(detector.score(rgb[None])[0])
        rest = np.clip(1 - found.sum(axis=0, keepdims=True), 0, 1)
        return np.concatenate([rest, found]).astype(np.float32)

    return lambda rgb: score_padded(ask, rgb, size_multiple_px=size_multiple_px)


def score_padded(
    scorer: Scorer, rgb: NDArray[np.uint8], *, size_multiple_px: int = SIZE_MULTIPLE_PX
) -> NDArray[np.float32]:
    """Return the probabilities of an image of any size, (c, h, w), by one pass of the network."""
    height, width = rgb.shape[:2]
    pad_y, pad_x = -height % size_multiple_px, -width % size_multiple_px
    padded = np.pad(rgb, ((0, pad_y), (0, pad_x), (0, 0)), mode="symmetric")
    return scorer(padded)[:, :height, :width]


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Hold the probabilities of one of the windows that tile an image, with those around it.

    Attributes:
        rows: Rows of the image that the window speaks for.
        cols: Columns of the image that the window speaks for.
        scores: (c, h, w) of the window and its margin.
        own: Rows and columns of ``scores`` that the window speaks for.
    """

    rows: slice
    cols: slice
    scores: NDArray[np.float32]
    own: tuple[slice, slice]


def score_windows(
    scorer: Scorer, rgb: NDArray[np.uint8], *, core_px: int = 896, margin_px: int = 64
) -> Iterator[Window]:
    """Yield the windows that tile an image.

    Each window is seen with a margin around it, so that its edge pixels have context.
    """
    height, width = rgb.shape[:2]
    for y in range(0, height, core_px):
        for x in range(0, width, core_px):
            top, left = max(0, y - margin_px), max(0, x - margin_px)
            bottom = min(height, y + core_px + margin_px)
            right = min(width, x + core_px + margin_px)
            scores = score_padded(scorer, rgb[top:bottom, left:right])
            rows, cols = slice(y, min(height, y + core_px)), slice(x, min(width, x + core_px))
            own = slice(y - top, rows.stop - top), slice(x - left, cols.stop - left)
            yield Window(rows=rows, cols=cols, scores=scores, own=own)

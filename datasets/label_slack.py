"""Move hand-drawn crack labels onto the cracks, where a whole drawing lies a little beside them.

Some published sets were drawn beside the crack by one to four pixels, in another direction in each
image. A network that learns from them can only learn a blur: its probabilities are low and wide,
and no threshold fits both such a set and a sharp one. Cracks are darker than what is around them,
so the one shift of a drawing under which its pixels are darkest is where it was meant to lie.
"""

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from datasets.chips import Chip
from datasets.classes import CRACK, IGNORE_INDEX

SURROUNDINGS_PX = 31
LEAST_LABEL_PX = 50
LEAST_GAIN = 1.05


def on_the_cracks(chip: Chip, reach_px: int) -> Chip:
    """Return a chip whose labels lie on its cracks, as far as moving them up to a reach does it."""
    if not reach_px:
        return chip
    shift = label_shift(chip.rgb, chip.classes, reach_px)
    return chip if shift == (0, 0) else replace(chip, classes=move_labels(chip.classes, shift))


def label_shift(
    rgb: NDArray[np.uint8], classes: NDArray[np.uint8], reach_px: int
) -> tuple[int, int]:
    """Return (rows, columns) by which the crack label has to move to lie on the darkest pixels.

    (0, 0) where there is too little label to tell, where its pixels are not darker than their
    surroundings anywhere within reach, or where moving it gains less than 5 % of contrast.

    Args:
        rgb: (h, w, 3).
        classes: (h, w) class indices.
        reach_px: Largest shift in each direction.
    """
    grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY).astype(np.float32)
    darkness = cv2.blur(grey, (SURROUNDINGS_PX, SURROUNDINGS_PX)) - grey
    inner = np.zeros(classes.shape, dtype=np.bool_)
    inner[reach_px : classes.shape[0] - reach_px, reach_px : classes.shape[1] - reach_px] = True
    rows, columns = np.nonzero((classes == CRACK) & inner)
    if len(rows) < LEAST_LABEL_PX:
        return (0, 0)
    reach = range(-reach_px, reach_px + 1)
    contrast = {
        (down, right): float(darkness[rows + down, columns + right].mean())
        for down in reach
        for right in reach
    }
    best = max(contrast, key=lambda shift: (contrast[shift], -abs(shift[0]) - abs(shift[1])))
    gains = contrast[best] > 0 and contrast[best] >= LEAST_GAIN * contrast[(0, 0)]
    return best if gains else (0, 0)


def move_labels(classes: NDArray[np.uint8], shift: tuple[int, int]) -> NDArray[np.uint8]:
    """Return the labels moved by (rows, columns); what comes in from outside is undecided."""
    height, width = classes.shape
    down, right = shift
    moved = np.full_like(classes, IGNORE_INDEX)
    moved[max(0, down) : height + min(0, down), max(0, right) : width + min(0, right)] = classes[
        max(0, -down) : height + min(0, -down), max(0, -right) : width + min(0, -right)
    ]
    return moved

"""Grade how usable photos are: sharpness and exposure."""

from collections.abc import Sequence
from dataclasses import replace
from statistics import median

import cv2
import numpy as np
from numpy.typing import NDArray

from inspection.domain.capture import PhotoQuality

WORKING_SIDE_PX = 2048
"""Long side at which sharpness is measured, so that photos of one flight compare."""

_DARK, _BRIGHT = 3, 253


def grade_photo(grey: NDArray[np.uint8]) -> PhotoQuality:
    """Grade the sharpness (squared grey levels) and exposure of one photo (H, W) uint8.

    ``sharpness_relative`` is 1 until the flight is known; see ``relate_to_flight``.

    Source: variance of the Laplacian, Pech-Pacheco et al., ICPR 2000.
    """
    scale = WORKING_SIDE_PX / max(grey.shape)
    size = (max(1, round(grey.shape[1] * scale)), max(1, round(grey.shape[0] * scale)))
    working = cv2.resize(grey, size, interpolation=cv2.INTER_AREA) if scale < 1 else grey
    levels = np.bincount(grey.reshape(-1), minlength=256) / grey.size
    return PhotoQuality(
        sharpness=float(cv2.Laplacian(working, cv2.CV_32F).var(dtype=np.float64)),
        sharpness_relative=1.0,
        exposure_mean=float(levels @ np.arange(256)) / 255,
        clipped_dark_fraction=float(levels[:_DARK].sum()),
        clipped_bright_fraction=float(levels[_BRIGHT:].sum()),
    )


def relate_to_flight(grades: Sequence[PhotoQuality]) -> tuple[PhotoQuality, ...]:
    """Relate each sharpness to the median of its flight.

    A flight without any texture at all (median 0) cannot tell sharp from blurred: all stay at 1.
    """
    middle = median(grade.sharpness for grade in grades) if grades else 0.0
    if middle <= 0:
        return tuple(grades)
    return tuple(replace(grade, sharpness_relative=grade.sharpness / middle) for grade in grades)

"""Find distinctive points of photos (SIFT), evenly over the picture.

Pixels are those of the picture as given, origin at the outer corner of the top-left pixel,
whatever the scale at which the points were found.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from inspection.errors import BadInput

CELLS = 12
"""The picture is divided into CELLS × CELLS; each may give as many points as any other, so that a
stain does not take all points away from bare concrete."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Features:
    """Hold distinctive points of one photo.

    Attributes:
        points_px: (n, 2) float64.
        descriptors: (n, 128) uint8 SIFT.
    """

    points_px: NDArray[np.float64]
    descriptors: NDArray[np.uint8]

    def __post_init__(self) -> None:
        """Check that points and descriptors belong together."""
        if self.descriptors.shape != (len(self.points_px), 128):
            raise BadInput(
                f"{len(self.points_px)} points with descriptors {self.descriptors.shape}"
            )


def find_features(grey: NDArray[np.uint8], *, scale: float, at_most: int) -> Features:
    """Find at most ``at_most`` points in a picture (H, W), made smaller by ``scale`` ≤ 1 first.

    Contrast is equalised locally (CLAHE), because wet and sunlit concrete differ.

    Source: SIFT, Lowe, IJCV 60 (2004).
    """
    size = tuple(max(1, round(side * scale)) for side in reversed(grey.shape))
    small = cv2.resize(grey, size, interpolation=cv2.INTER_AREA) if scale < 1 else grey
    even = cv2.createCLAHE(clipLimit=2.0, tileGridSize=(8, 8)).apply(small)
    # The precise upscale avoids a bias of a quarter pixel, which a turned photo would double.
    sift = cv2.SIFT_create(contrastThreshold=0.015, enable_precise_upscale=True)
    keypoints = sift.detect(even, None)
    if not keypoints:
        return Features(points_px=np.empty((0, 2)), descriptors=np.empty((0, 128), np.uint8))
    points = np.array([keypoint.pt for keypoint in keypoints], dtype=np.float64) + 0.5
    strength = np.array([keypoint.response for keypoint in keypoints])
    shares = points / (even.shape[1], even.shape[0])
    kept = _spread(shares, strength, at_most)
    # Of tens of thousands of points a tenth is kept; describing all takes longer than the rest.
    _, descriptors = sift.compute(even, [keypoints[index] for index in kept])
    return Features(
        points_px=shares[kept] * (grey.shape[1], grey.shape[0]),
        descriptors=np.clip(descriptors, 0, 255).astype(np.uint8),
    )


def _spread(
    places: NDArray[np.float64], strength: NDArray[np.float64], at_most: int
) -> NDArray[np.intp]:
    """Choose the strongest points of each cell in turn, (m,) indices, strongest first.

    Args:
        places: (n, 2) positions as shares of width and height.
        strength: (n,) response of each point.
        at_most: how many points to choose.
    """
    cell = np.clip(places * CELLS, 0, CELLS - 1).astype(np.intp) @ np.array([1, CELLS])
    order = np.lexsort((places[:, 1], places[:, 0], -strength))
    by_cell = order[np.argsort(cell[order], kind="stable")]
    _, starts, counts = np.unique(cell[by_cell], return_index=True, return_counts=True)
    rank = np.arange(len(by_cell)) - np.repeat(starts, counts)
    return by_cell[np.argsort(rank, kind="stable")][:at_most]

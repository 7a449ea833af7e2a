"""Find the target board in a photo by its markers: where every millimetre of it lies."""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from inspection.domain.widthboard import WidthBoard
from inspection.errors import BadPhoto
from inspection.imaging.decode import read_grey
from inspection.imaging.ortho import View

LEAST_MARKERS = 4
MOST_RESIDUAL_PX = 3.0
"""Above this the board was not flat, or the lens bends lines too much for one plane."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundBoard:
    """Say where the board lies in one photo.

    Attributes:
        view: maps metres of the board to photo pixels.
        markers: how many were found.
        residual_px: root mean square distance of their corners from where the plane puts them.
    """

    view: View
    markers: int
    residual_px: float

    def on_board_mm(self, pixels: NDArray[np.float64]) -> NDArray[np.float64]:
        """Give where on the board some photo pixels (n, 2) lie, (n, 2) mm."""
        assert self.view.photo_from_plane is not None
        inverse = np.linalg.inv(self.view.photo_from_plane)
        return np.asarray(cv2.perspectiveTransform(pixels[None], inverse)[0] * 1000)


def find_board(path: Path, board: WidthBoard) -> FoundBoard:
    """Find the board in a photo.

    Raises:
        BadPhoto: when the photo cannot be read, shows too few markers, or the markers do not lie
            in one plane.
    """
    grey = read_grey(path)
    seen = _corners_px(grey)
    known = {marker.number: marker for marker in board.markers}
    numbers = sorted(set(seen) & set(known))
    if len(numbers) < LEAST_MARKERS:
        raise BadPhoto(
            f"{path.name} shows {len(numbers)} of the {len(known)} squares of the board, "
            f"{LEAST_MARKERS} are needed; photograph all of it, from closer by, without glare"
        )
    pixels = np.concatenate([seen[number] for number in numbers])
    metres = np.concatenate([known[number].corners_mm() for number in numbers]) / 1000
    matrix, _ = cv2.findHomography(metres, pixels, 0)
    if matrix is None:
        raise BadPhoto(f"the squares of the board in {path.name} lie on one line; photograph all")
    mapped = cv2.perspectiveTransform(metres[None], matrix)[0]
    residual_px = float(np.sqrt(((mapped - pixels) ** 2).sum(axis=1).mean()))
    if residual_px > MOST_RESIDUAL_PX:
        raise BadPhoto(
            f"the squares of the board in {path.name} lie {residual_px:.1f} px off one plane; "
            "mount the board flat, and undistort photos of a wide-angle lens"
        )
    view = View(
        sha256=path.name,
        path=path,
        width_px=grey.shape[1],
        height_px=grey.shape[0],
        photo_from_plane=np.asarray(matrix, dtype=np.float64),
    )
    return FoundBoard(view=view, markers=len(numbers), residual_px=residual_px)


def _corners_px(grey: NDArray[np.uint8]) -> dict[int, NDArray[np.float64]]:
    """Find markers: their corners (4, 2) clockwise from the top left of the pattern, by number."""
    parameters = cv2.aruco.DetectorParameters()
    parameters.cornerRefinementMethod = cv2.aruco.CORNER_REFINE_SUBPIX
    dictionary = cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_4X4_50)
    corners, numbers, _ = cv2.aruco.ArucoDetector(dictionary, parameters).detectMarkers(grey)
    if numbers is None:
        return {}
    # OpenCV counts from the middle of the first pixel
    return {
        int(number): np.asarray(square, dtype=np.float64).reshape(4, 2) + 0.5
        for number, square in zip(np.ravel(numbers), corners, strict=True)
    }

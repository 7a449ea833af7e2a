"""Choose the focal length in pixels of a photo from what its metadata says.

A photo may have been cropped (16:9 from 4:3) or made smaller since the sensor recorded it. A crop
keeps at least one side whole, so the larger of the two ratios of the sides is the true scale.
"""

import math
from collections.abc import Sequence

from inspection.codelists.cameras import CameraModel, find_camera
from inspection.imaging.exif import Metadata

FILM_DIAGONAL_MM = 43.27
"""Diagonal of the 36 × 24 mm frame. Source: CIPA DCG-001-2005 (35 mm equivalent focal length)."""


def focal_px(
    metadata: Metadata, size_px: tuple[int, int], cameras: Sequence[CameraModel]
) -> float | None:
    """Give the focal length in pixels of the photo as it is, None when nothing tells.

    In order of trust: the maker's calibration of this lens; focal length ÷ pixel pitch of the
    code-list; the 35 mm equivalent (± several per cent: it is rounded, and a crop shortens it).

    Args:
        metadata: what the photo says about itself.
        size_px: columns and rows of the photo as it is now.
        cameras: the camera code-list.
    """
    calibrated = metadata.calibrated_focal_px
    if calibrated is not None:
        return calibrated * resize_ratio(size_px, metadata.original_size_px or size_px)
    camera = find_camera(
        cameras, make=metadata.make, model=metadata.model, focal_mm=metadata.focal_mm
    )
    if camera is not None:
        fixed_mm = camera.focal_mm[0] if len(camera.focal_mm) == 1 else None
        focal_mm = metadata.focal_mm or fixed_mm
        if focal_mm is not None:
            native = focal_mm * 1000 / camera.pitch_um * metadata.digital_zoom
            return native * resize_ratio(size_px, camera.pixels)
    if metadata.focal_35mm is not None:
        return focal_px_from_35mm(metadata.focal_35mm, size_px)
    return None


def resize_ratio(size_px: tuple[int, int], original_px: tuple[int, int]) -> float:
    """Give by what factor a photo was enlarged since its original, whether or not it was cropped.

    >>> resize_ratio((4000, 2250), (4000, 3000))  # cropped to 16:9
    1.0
    >>> resize_ratio((1125, 2000), (4000, 3000))  # cropped, turned upright and halved
    0.5
    """
    (short, long), (original_short, original_long) = sorted(size_px), sorted(original_px)
    return max(long / original_long, short / original_short)


def focal_px_from_35mm(focal_35mm: float, size_px: tuple[int, int]) -> float:
    """Give the focal length in pixels of a 35 mm equivalent by the diagonals.

    Source: CIPA DCG-001-2005: equal angle of view over the diagonal.

    >>> round(focal_px_from_35mm(20.0, (4000, 3000)), 1)
    2311.1
    """
    return focal_35mm * math.hypot(*size_px) / FILM_DIAGONAL_MM

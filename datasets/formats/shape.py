"""Hold labelled outlines, whatever tool drew them, and paint them as classes of pixels."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

import cv2
import numpy as np
from numpy.typing import NDArray

from datasets.classes import BACKGROUND, IGNORE_INDEX
from inspection.errors import BadInput

SUBPIXEL_BITS = 4
MAX_PIXELS = 400_000_000
"""Larger images than this are no photos; a size field of a label file must not fill the memory."""


NOWHERE = np.empty((0, 2))
"""The points of a shape whose pixels are given."""


class ShapeKind(StrEnum):
    """Say what the points of a shape mean."""

    POLYGON = "polygon"
    """Outline of an area."""

    BOX = "box"
    """Two opposite corners of a rectangle around an object; its pixels inside stay undecided."""

    LINE = "line"
    """A traced centre line without a width; drawn one pixel wide."""

    BITMAP = "bitmap"
    """The pixels themselves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """Hold one labelled object of an image.

    Attributes:
        name: class name as the tool wrote it.
        kind: what the points mean.
        points_px: (n, 2) float64, outer corner of the top-left pixel is (0, 0); empty for a bitmap.
        bitmap: (h, w) bool for a bitmap, else None.
    """

    name: str
    kind: ShapeKind
    points_px: NDArray[np.float64]
    bitmap: NDArray[np.bool_] | None = None

    def __post_init__(self) -> None:
        """Check that the points make the shape.

        Raises:
            BadInput: too few points, or numbers that are not finite.
        """
        least = {ShapeKind.POLYGON: 3, ShapeKind.BOX: 2, ShapeKind.LINE: 2, ShapeKind.BITMAP: 0}
        if len(self.points_px) < least[self.kind] or not np.isfinite(self.points_px).all():
            raise BadInput(
                f"{self.kind.value} {self.name!r} has {len(self.points_px)} points, "
                f"needs {least[self.kind]} finite ones"
            )

    @property
    def area_px(self) -> float:
        """Give the area that is painted, px²; 0 for a line."""
        if self.bitmap is not None:
            return float(self.bitmap.sum())
        if self.kind is ShapeKind.LINE:
            return 0.0
        if self.kind is ShapeKind.BOX:
            return float(np.ptp(self.points_px, axis=0).prod())
        return float(abs(cv2.contourArea(self.points_px.astype(np.float32))))


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelFile:
    """Hold what one label file says of many images.

    Attributes:
        sizes_px: width and height of each image by its file name.
        shapes: objects of each image by its file name.
    """

    sizes_px: Mapping[str, tuple[int, int]]
    shapes: Mapping[str, tuple[Shape, ...]]


def paint(
    shapes: Iterable[Shape], classes: Mapping[str, int], size_px: tuple[int, int]
) -> NDArray[np.uint8]:
    """Return the class index of each pixel, (h, w) uint8; the smaller of two shapes wins.

    Args:
        shapes: objects of one image.
        classes: class index of each name; a name that is not listed is an error, never background.
        size_px: width and height of the image.

    Raises:
        BadInput: a shape has an unknown name, or a bitmap of another size.
    """
    width, height = size_px
    mask = np.full((height, width), BACKGROUND, dtype=np.uint8)
    listed = list(shapes)
    unknown = sorted({shape.name for shape in listed} - set(classes))
    if unknown:
        raise BadInput(f"label names without a class: {', '.join(map(repr, unknown))}")
    for shape in sorted(listed, key=lambda shape: -shape.area_px):
        _paint_one(mask, shape, classes[shape.name])
    return mask


def _paint_one(mask: NDArray[np.uint8], shape: Shape, index: int) -> None:
    if shape.bitmap is not None:
        if shape.bitmap.shape != mask.shape:
            raise BadInput(f"bitmap {shape.name!r} is {shape.bitmap.shape}, image {mask.shape}")
        mask[shape.bitmap] = index
    elif shape.kind is ShapeKind.BOX:
        low, high = shape.points_px.min(axis=0), np.ceil(shape.points_px.max(axis=0))
        x0, y0 = np.maximum(low, 0).astype(int)
        x1, y1 = np.maximum(high, 0).astype(int)
        mask[y0:y1, x0:x1] = IGNORE_INDEX
    else:
        # OpenCV counts from the centre of the top-left pixel
        points = np.rint((shape.points_px - 0.5) * (1 << SUBPIXEL_BITS)).astype(np.int32)
        if shape.kind is ShapeKind.POLYGON:
            cv2.fillPoly(mask, [points], (index,), shift=SUBPIXEL_BITS)
        else:
            cv2.polylines(mask, [points], False, (index,), 1, shift=SUBPIXEL_BITS)


def checked_size(width: object, height: object, name: str) -> tuple[int, int]:
    """Return the width and height that a label file states for its image.

    Raises:
        BadInput: they are not whole numbers of a photo's size.
    """
    try:
        size = int(str(width)), int(str(height))
    except ValueError as error:
        raise BadInput(f"{name}: image size {width!r} × {height!r} is not in pixels") from error
    if min(size) < 1 or size[0] * size[1] > MAX_PIXELS:
        raise BadInput(f"{name}: image size {size[0]} × {size[1]} px is not that of a photo")
    return size

"""Read YOLO segmentation labels: a text file an image, one outline a line.

Source: Ultralytics, the segmentation dataset format: class number, then x and y as fractions.
"""

from pathlib import Path

import numpy as np

from datasets.formats.shape import Shape, ShapeKind
from datasets.formats.written import read_text
from inspection.errors import BadInput


def read_yolo_polygons(path: Path, size_px: tuple[int, int]) -> tuple[Shape, ...]:
    """Return the outlines of one image; a line of four numbers is a box.

    Args:
        path: Text file; an empty file means no object.
        size_px: Image width and height.

    Raises:
        BadInput: The file cannot be read, or a line is neither an outline nor a box.
    """
    shapes = []
    for number, line in enumerate(read_text(path).splitlines(), start=1):
        fields = line.split()
        if not fields:
            continue
        try:
            shapes.append(_shape(fields[0], [float(value) for value in fields[1:]], size_px))
        except (BadInput, ValueError) as error:
            raise BadInput(f"{path.name} line {number} is no YOLO outline: {error}") from error
    return tuple(shapes)


def _shape(name: str, numbers: list[float], size_px: tuple[int, int]) -> Shape:
    if len(numbers) == 4:
        x, y, width, height = numbers
        numbers = [x - width / 2, y - height / 2, x + width / 2, y + height / 2]
        kind = ShapeKind.BOX
    elif len(numbers) % 2:
        raise ValueError(f"{len(numbers)} numbers are no pairs of x and y")
    else:
        kind = ShapeKind.POLYGON
    return Shape(name=name, kind=kind, points_px=np.reshape(numbers, (-1, 2)) * size_px)

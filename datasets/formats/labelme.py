"""Read LabelMe files, one JSON an image; dacl10k uses the same shapes.

Source: wkentaro/labelme, the annotation file; phiyodr/dacl10k-toolkit, folder layout.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np

from datasets.formats.shape import Shape, ShapeKind
from datasets.formats.written import read_text
from inspection.errors import BadInput

KINDS = {
    "polygon": ShapeKind.POLYGON,
    "rectangle": ShapeKind.BOX,
    "linestrip": ShapeKind.LINE,
    "line": ShapeKind.LINE,
}


def read_labelme(path: Path) -> tuple[Shape, ...]:
    """Return the shapes of one image, in the order drawn.

    Raises:
        BadInput: The file is not LabelMe's, or a shape is of a kind that names no pixels.
    """
    text = read_text(path)
    try:
        found = json.loads(text)["shapes"]
        return tuple(_shape(item) for item in found)
    except (
        ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError
    ) as error:  # fmt: skip
        raise BadInput(f"{path.name} is not a LabelMe file: {error!r}") from error
    except BadInput as error:
        raise BadInput(f"{path.name}: {error}") from error


def _shape(item: dict[str, Any]) -> Shape:
    kind = item.get("shape_type", "polygon")
    points = np.asarray(item["points"], dtype=np.float64).reshape(-1, 2)
    if kind == "circle" and len(points) == 2:
        angles = np.linspace(0, 2 * np.pi, 64, endpoint=False)
        radius = float(np.hypot(*(points[1] - points[0])))
        points = points[0] + radius * np.column_stack([np.cos(angles), np.sin(angles)])
        kind = "polygon"
    if kind not in KINDS:
        raise BadInput(f"shape {item['label']!r} is a {kind}, which covers no pixels")
    return Shape(name=str(item["label"]), kind=KINDS[kind], points_px=points)

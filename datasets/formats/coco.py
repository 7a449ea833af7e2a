"""Read COCO instance files, one JSON for many images: polygons, run lengths and boxes.

Source: the COCO data format; run lengths column by column, the compressed form six bits a letter
from ``0`` (ASCII 48), as in cocoapi's ``maskApi.c``.
"""

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datasets.formats.shape import NOWHERE, LabelFile, Shape, ShapeKind, checked_size
from datasets.formats.written import read_text
from inspection.errors import BadInput


@lru_cache(maxsize=4)
def read_coco(path: Path) -> LabelFile:
    """Return the images and shapes of a COCO file; images without an object have none.

    Raises:
        BadInput: The file is not COCO's.
    """
    text = read_text(path)
    try:
        content = json.loads(text)
        names = {item["id"]: str(item["name"]) for item in content["categories"]}
        files = {item["id"]: str(item["file_name"]) for item in content["images"]}
        sizes = {
            str(item["file_name"]): checked_size(item["width"], item["height"], item["file_name"])
            for item in content["images"]
        }
        shapes: dict[str, list[Shape]] = {file: [] for file in sizes}
        for item in content["annotations"]:
            file = files[item["image_id"]]
            shapes[file] += _shapes(item, names[item["category_id"]], sizes[file])
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise BadInput(f"{path.name} is not a COCO instance file: {error!r}") from error
    except BadInput as error:
        raise BadInput(f"{path.name}: {error}") from error
    return LabelFile(sizes_px=sizes, shapes={file: tuple(found) for file, found in shapes.items()})


def _shapes(item: dict[str, Any], name: str, size_px: tuple[int, int]) -> list[Shape]:
    outline = item.get("segmentation")
    if isinstance(outline, dict):
        counts = outline["counts"]
        runs = counts if isinstance(counts, list) else decode_counts(counts)
        pixels = bitmap_from_runs(runs, size_px)
        return [Shape(name=name, kind=ShapeKind.BITMAP, points_px=NOWHERE, bitmap=pixels)]
    if outline:
        return [
            Shape(name=name, kind=ShapeKind.POLYGON, points_px=np.reshape(ring, (-1, 2)))
            for ring in outline
        ]
    x, y, width, height = (float(value) for value in item["bbox"])
    corners = np.array([[x, y], [x + width, y + height]])
    return [Shape(name=name, kind=ShapeKind.BOX, points_px=corners)]


def bitmap_from_runs(counts: list[int], size_px: tuple[int, int]) -> NDArray[np.bool_]:
    """Return the pixels of alternating run lengths (off, on, off, …), down column by column.

    Raises:
        ValueError: The runs do not add up to the image.
    """
    width, height = size_px
    if min(counts, default=0) < 0 or sum(counts) != width * height:
        raise ValueError(f"run lengths add up to {sum(counts)}, not {width} × {height} px")
    flat = np.repeat(np.arange(len(counts)) % 2 == 1, counts)
    return np.ascontiguousarray(flat.reshape(width, height).T)


def decode_counts(text: str) -> list[int]:
    """Return the run lengths that COCO's compressed string holds.

    Each letter carries five bits, lowest first, and a sixth that says whether more follow; from
    the fourth run on the difference to the run two places before is stored.

    Examples:
        >>> decode_counts("51")
        [5, 1]
    """
    counts: list[int] = []
    value, shift = 0, 0
    for letter in text:
        bits = ord(letter) - 48
        if not 0 <= bits < 64:
            raise ValueError(f"{letter!r} is no letter of a run length string")
        value |= (bits & 0x1F) << shift
        shift += 5
        if bits & 0x20:
            continue
        if bits & 0x10:
            value -= 1 << shift
        counts.append(value + (counts[-2] if len(counts) > 2 else 0))
        value, shift = 0, 0
    if shift:
        raise ValueError("the run length string ends in the middle of a number")
    return counts

"""Read "CVAT for images 1.1", one XML for many images: polygons, polylines, boxes and masks.

Source: CVAT documentation, the CVAT for images format; masks are run lengths row by row inside
their own rectangle.
"""

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from xml.etree.ElementTree import Element, ParseError

import numpy as np
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from datasets.formats.shape import NOWHERE, LabelFile, Shape, ShapeKind, checked_size
from inspection.errors import BadInput


@lru_cache(maxsize=4)
def read_cvat(path: Path) -> LabelFile:
    """Return the images and shapes of a CVAT file.

    Raises:
        BadInput: The file is not CVAT's.
    """
    try:
        root: Element = fromstring(path.read_bytes(), forbid_dtd=True)
        sizes = {}
        shapes = {}
        for image in root.iter("image"):
            name = str(image.attrib["name"])
            sizes[name] = checked_size(image.attrib["width"], image.attrib["height"], name)
            shapes[name] = tuple(_shapes(image, sizes[name]))
    except (ParseError, DefusedXmlException, KeyError, ValueError) as error:
        raise BadInput(f"{path.name} is not a CVAT file for images: {error!r}") from error
    if not sizes:
        raise BadInput(f"{path.name} names no image; export as 'CVAT for images 1.1'")
    return LabelFile(sizes_px=sizes, shapes=shapes)


def _shapes(image: Element, size_px: tuple[int, int]) -> Iterator[Shape]:
    for item in image:
        if item.tag not in {"polygon", "polyline", "box", "mask"}:
            continue
        name = item.attrib["label"]
        if item.tag == "mask":
            yield _mask(item.attrib, name, size_px)
        elif item.tag == "box":
            edges = [float(item.attrib[key]) for key in ("xtl", "ytl", "xbr", "ybr")]
            yield Shape(name=name, kind=ShapeKind.BOX, points_px=np.reshape(edges, (2, 2)))
        else:
            points = [[float(v) for v in p.split(",")] for p in item.attrib["points"].split(";")]
            kind = ShapeKind.POLYGON if item.tag == "polygon" else ShapeKind.LINE
            yield Shape(name=name, kind=kind, points_px=np.array(points))


def _mask(fields: dict[str, str], name: str, size_px: tuple[int, int]) -> Shape:
    left, top, width, height = (int(fields[key]) for key in ("left", "top", "width", "height"))
    counts = [int(value) for value in fields["rle"].split(",")]
    if min(counts) < 0 or sum(counts) != width * height:
        raise ValueError(f"mask {name!r}: runs add up to {sum(counts)}, not {width} × {height} px")
    if left < 0 or top < 0 or left + width > size_px[0] or top + height > size_px[1]:
        raise ValueError(f"mask {name!r} reaches out of its image")
    pixels = np.zeros(size_px[::-1], dtype=bool)
    inside = np.repeat(np.arange(len(counts)) % 2 == 1, counts).reshape(height, width)
    pixels[top : top + height, left : left + width] = inside
    return Shape(name=name, kind=ShapeKind.BITMAP, points_px=NOWHERE, bitmap=pixels)

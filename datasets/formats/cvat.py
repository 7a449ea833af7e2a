"""Read "CVAT for images 1.1", one XML for many images: polygons, polylines, ellipses, boxes, masks.

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
from numpy.typing import NDArray

from datasets.formats.shape import NOWHERE, LabelFile, Shape, ShapeKind, checked_size
from datasets.formats.written import read_bytes
from inspection.errors import BadInput


@lru_cache(maxsize=4)
def read_cvat(path: Path) -> LabelFile:
    """Return the images and shapes of a CVAT file.

    Raises:
        BadInput: The file is not CVAT's.
    """
    content = read_bytes(path)
    try:
        root: Element = fromstring(content, forbid_dtd=True)
        sizes = {}
        shapes = {}
        for image in root.iter("image"):
            name = str(image.attrib["name"])
            sizes[name] = checked_size(image.attrib["width"], image.attrib["height"], name)
            shapes[name] = tuple(_shapes(image, sizes[name]))
    except (ParseError, DefusedXmlException, KeyError, ValueError) as error:
        raise BadInput(f"{path.name} is not a CVAT file for images: {error!r}") from error
    except BadInput as error:
        raise BadInput(f"{path.name}: {error}") from error
    if not sizes:
        raise BadInput(f"{path.name} names no image; export as 'CVAT for images 1.1'")
    return LabelFile(sizes_px=sizes, shapes=shapes)


def _shapes(image: Element, size_px: tuple[int, int]) -> Iterator[Shape]:
    for item in image:
        if item.tag in {"tag", "points"}:  # of the whole image, or of places without an extent
            continue
        name = item.attrib["label"]
        if item.tag == "mask":
            yield _mask(item.attrib, name, size_px)
        elif item.tag == "box":
            yield Shape(name=name, kind=ShapeKind.BOX, points_px=_corners(item.attrib))
        elif item.tag == "ellipse":
            yield Shape(name=name, kind=ShapeKind.POLYGON, points_px=_round(item.attrib))
        elif item.tag not in {"polygon", "polyline"}:
            raise BadInput(
                f"shape {name!r} is a {item.tag}, which is not read; draw it as a polygon"
            )
        else:
            points = [[float(v) for v in p.split(",")] for p in item.attrib["points"].split(";")]
            kind = ShapeKind.POLYGON if item.tag == "polygon" else ShapeKind.LINE
            yield Shape(name=name, kind=kind, points_px=np.reshape(points, (len(points), 2)))


def _corners(fields: dict[str, str]) -> NDArray[np.float64]:
    """Return the four corners of a box, turned about its middle as it was drawn."""
    x0, y0, x1, y1 = (float(fields[key]) for key in ("xtl", "ytl", "xbr", "ybr"))
    corners = np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]])
    return _turned(corners, np.array([(x0 + x1) / 2, (y0 + y1) / 2]), fields)


def _round(fields: dict[str, str]) -> NDArray[np.float64]:
    """Return the outline of an ellipse in 64 points."""
    x, y, wide, high = (float(fields[key]) for key in ("cx", "cy", "rx", "ry"))
    angles = np.linspace(0, 2 * np.pi, 64, endpoint=False)
    outline = np.column_stack([x + wide * np.cos(angles), y + high * np.sin(angles)])
    return _turned(outline, np.array([x, y]), fields)


def _turned(
    points: NDArray[np.float64], middle: NDArray[np.float64], fields: dict[str, str]
) -> NDArray[np.float64]:
    """Turn points about a middle by the degrees that CVAT notes, clockwise on the screen."""
    angle = np.radians(float(fields.get("rotation", "0")))
    c, s = np.cos(angle), np.sin(angle)
    with np.errstate(invalid="ignore"):  # an endless box is refused by its shape, by name
        return np.asarray((points - middle) @ np.array([[c, s], [-s, c]]) + middle)


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

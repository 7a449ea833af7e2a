"""Write GeoJSON as text: byte for byte what ``json`` writes, a page of a map at a time.

Source: RFC 7946 (GeoJSON).
"""

import json
from collections.abc import Iterator, Sequence

import numpy as np
import shapely
from fastapi.responses import JSONResponse
from numpy.typing import NDArray
from pydantic_core import to_json

GEOJSON = "application/geo+json"

ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))

PLAIN_LEAST, PLAIN_MOST = 1e-4, 1e15
"""Between these a number is written without an exponent, by every writer the same shortest way."""


class GeoJsonResponse(JSONResponse):
    """Answer with GeoJSON."""

    media_type = GEOJSON


def written(content: object) -> str:
    """Write plain values as a JSON answer does.

    >>> written({"橋": [1.0, None]})
    '{"橋":[1.0,null]}'
    """
    return ENCODER.encode(content)


def multipolygons(shapes: NDArray[np.object_]) -> list[str]:
    """Write the coordinates of shapes, each as those of a MultiPolygon.

    Args:
        shapes: (n,) polygons and multi-polygons.

    >>> multipolygons(np.array([shapely.box(0, 0, 1, 1)]))
    ['[[[[1.0,0.0],[1.0,1.0],[0.0,1.0],[0.0,0.0],[1.0,0.0]]]]']
    """
    parts, of_shape = shapely.get_parts(shapes, return_index=True)
    rings, of_part = shapely.get_rings(parts, return_index=True)
    points, of_ring = shapely.get_coordinates(rings, return_index=True)
    numbers = _numbers(points.ravel())
    # text and no lists: a page has tens of thousands of positions, and each list would be one more
    # thing for the garbage collector to look at
    positions = list(map(",".join, zip(numbers[::2], numbers[1::2], strict=True)))
    lines = [
        f"[[{'],['.join(line)}]]" if line else "[]" for line in _cut(positions, of_ring, rings)
    ]
    polygons = [f"[{','.join(part)}]" for part in _cut(lines, of_part, parts)]
    return [f"[{','.join(shape)}]" for shape in _cut(polygons, of_shape, shapes)]


def _numbers(values: NDArray[np.float64]) -> list[str]:
    """Write numbers as ``json`` does."""
    sizes = np.abs(values)
    if not ((sizes == 0) | (sizes >= PLAIN_LEAST) & (sizes < PLAIN_MOST)).all():
        return list(map(float.__repr__, values.tolist()))
    return to_json(values.tolist()).decode()[1:-1].split(",") if len(values) else []


def _cut(
    texts: Sequence[str], owners: NDArray[np.int64], wholes: NDArray[np.object_]
) -> Iterator[Sequence[str]]:
    """Cut texts that follow each other into those of each whole."""
    ends = np.bincount(owners, minlength=len(wholes)).cumsum().tolist()
    return (texts[start:end] for start, end in zip([0, *ends], ends, strict=False))

"""Write GeoJSON as text: byte for byte what ``json`` writes, a page of a map at a time.

Source: RFC 7946 (GeoJSON).
"""

import json
from collections.abc import Sequence
from typing import Any

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
    lists = _gathered(points.tolist(), of_ring, len(rings))
    nested = _gathered(_gathered(lists, of_part, len(parts)), of_shape, len(shapes))
    sizes = np.abs(points)
    plain = ((sizes >= PLAIN_LEAST) & (sizes < PLAIN_MOST)) | (sizes == 0)
    if not plain.all():
        return [written(one) for one in nested]
    return [to_json(one).decode() for one in nested]


def _gathered(items: Sequence[Any], owners: NDArray[np.int64], count: int) -> list[list[Any]]:
    """Put items that follow each other into the lists of their owners."""
    ends = np.bincount(owners, minlength=count).cumsum().tolist()
    return [list(items[start:end]) for start, end in zip([0, *ends], ends, strict=False)]

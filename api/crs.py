"""Speak coordinate reference systems as OGC API – Features Part 2 does.

A CRS is a URI. Coordinates in a GeoJSON answer follow the axis order of that CRS, so a Japanese
plane rectangular system answers north first and ``EPSG:4326`` latitude first, while ``CRS84`` is
longitude first. Inside Tenken x = east or longitude always comes first.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import TypeVar

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS
from pyproj.exceptions import CRSError
from shapely.geometry.base import BaseGeometry

from api.schemas.base import FAR
from inspection.errors import BadInput
from inspection.geo.frames import WGS84_LONLAT, to_crs

CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
EPSG_URI = "http://www.opengis.net/def/crs/EPSG/0/"

MAP_REACH_M = 1e8
"""No map has coordinates beyond: 2.5 times round the earth, zone numbers before the easting too."""

EDGE_STEPS = 16
"""Pieces into which an edge of a projected box is cut to follow its curve in lon/lat."""

Bbox = tuple[float, float, float, float]
Drawn = TypeVar("Drawn", BaseGeometry, NDArray[np.object_])


def uri_of(crs: str) -> str:
    """Name a CRS by its URI.

    >>> uri_of("EPSG:32654")
    'http://www.opengis.net/def/crs/EPSG/0/32654'
    """
    return EPSG_URI + crs.removeprefix("EPSG:")


def is_epsg(crs: str) -> bool:
    """Tell whether a CRS has an EPSG code, hence a URI.

    >>> is_epsg("EPSG:6675"), is_epsg("LOCAL")
    (True, False)
    """
    return re.fullmatch(r"EPSG:\d{4,6}", crs) is not None


def from_uri(uri: str, supported: frozenset[str]) -> str:
    """Give the URI back when the collection offers it.

    Raises:
        BadInput: when it does not.
    """
    if uri not in supported:
        offered = ", ".join(sorted(supported))
        raise BadInput(f"CRS {uri!r} is not offered here; use one of {offered}")
    return uri


def authority_code(uri: str) -> str:
    """Give the name that PROJ understands; CRS84 becomes lon/lat of WGS 84.

    >>> authority_code(CRS84), authority_code(EPSG_URI + "32654")
    ('EPSG:4326', 'EPSG:32654')
    """
    return WGS84_LONLAT if uri == CRS84 else "EPSG:" + uri.removeprefix(EPSG_URI)


@lru_cache(maxsize=64)
def is_north_first(uri: str) -> bool:
    """Tell whether the first axis of a CRS points north.

    >>> is_north_first(CRS84), is_north_first(EPSG_URI + "6675"), is_north_first(EPSG_URI + "32654")
    (False, True, False)
    """
    if uri == CRS84:
        return False
    try:
        axes = CRS(authority_code(uri)).axis_info
    except CRSError as error:
        raise BadInput(f"PROJ does not know {uri!r}: {error}") from error
    return bool(axes) and axes[0].direction.lower() == "north"


def require_metric(crs: str) -> str:
    """Give a CRS back when a mosaic can be made in it: projected, in metres.

    Raises:
        BadInput: when it is not.

    >>> require_metric("EPSG:6675")
    'EPSG:6675'
    """
    try:
        known = CRS(crs)
    except CRSError as error:
        raise BadInput(f"PROJ does not know {crs!r}; use a code such as EPSG:6675") from error
    if not known.is_projected or any(axis.unit_name != "metre" for axis in known.axis_info[:2]):
        raise BadInput(f"{crs} is {known.name!r}; a mosaic needs a projected CRS in metres")
    return crs


def parse_bbox(text: str, uri: str) -> Bbox:
    """Read ``bbox`` in a CRS and give west, south, east, north in lon/lat degrees.

    Six numbers (with heights) are read too; heights are not used. A box whose west is east of its
    east crosses the antimeridian; such a box is given back as it is, for the caller to split.

    Raises:
        BadInput: when it is not a box.

    >>> parse_bbox("136.5,36.5,136.7,36.7", CRS84)
    (136.5, 36.5, 136.7, 36.7)
    """
    numbers = _numbers(text)
    if len(numbers) == 6:
        numbers = [numbers[0], numbers[1], numbers[3], numbers[4]]
    if len(numbers) != 4:
        raise BadInput(f"bbox needs 4 or 6 numbers, got {len(numbers)}")
    if is_north_first(uri):
        numbers = [numbers[1], numbers[0], numbers[3], numbers[2]]
    x0, y0, x1, y1 = numbers
    if y0 > y1 or (x0 > x1 and authority_code(uri) != WGS84_LONLAT):
        raise BadInput(f"bbox {text!r} has its corners swapped; lower corner first")
    if authority_code(uri) == WGS84_LONLAT:
        return (x0, y0, x1, y1)
    return _lonlat_hull((x0, y0, x1, y1), authority_code(uri))


def _numbers(text: str) -> list[float]:
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError as error:
        raise BadInput(f"bbox must be numbers separated by commas, got {text!r}") from error
    if not np.isfinite(numbers).all():
        raise BadInput(f"bbox must be finite numbers, got {text!r}")
    return numbers


def _lonlat_hull(box: Bbox, crs: str) -> Bbox:
    """Bound a projected box in lon/lat: its edges are curved there, so walk along them."""
    lonlat = np.full((1, 2), np.inf)
    if max(map(abs, box)) <= MAP_REACH_M:
        lonlat = to_crs(_walk_along(box), crs, WGS84_LONLAT)
    if not np.isfinite(lonlat).all():
        raise BadInput(f"bbox {box} lies outside the area of {crs}")
    west, south = lonlat.min(axis=0).tolist()
    east, north = lonlat.max(axis=0).tolist()
    return (west, south, east, north)


def _walk_along(box: Bbox) -> NDArray[np.float64]:
    """Give points on the four edges of a box, (n, 2); a box without extent gives its point."""
    along = np.linspace(0.0, 1.0, EDGE_STEPS + 1)
    x, y = box[0] + along * (box[2] - box[0]), box[1] + along * (box[3] - box[1])
    edges = [(x, x * 0 + box[1]), (x, x * 0 + box[3]), (y * 0 + box[0], y), (y * 0 + box[2], y)]
    return np.concatenate([np.column_stack(edge) for edge in edges])


def project(shape: Drawn, *, source_crs: str, target_uri: str) -> Drawn:
    """Move a geometry, or an array of them, to a CRS, in that CRS's own axis order.

    Args:
        shape: x first; all points of an array are moved at once.
        source_crs: their CRS.
        target_uri: URI of the CRS that is wanted.

    Raises:
        BadInput: when a part lies where the CRS has no coordinates.
    """
    target, north_first = authority_code(target_uri), is_north_first(target_uri)

    def moved(xy: NDArray[np.float64]) -> NDArray[np.float64]:
        there = to_crs(xy, source_crs, target)
        if not (np.abs(there) <= FAR).all():
            raise BadInput(
                f"something lies where {target_uri!r} has no coordinates; ask for {CRS84!r}, or "
                "for a bbox in the area of that CRS"
            )
        return there[:, ::-1] if north_first else there

    drawn: Drawn = shapely.transform(shape, moved)
    return drawn


def project_each(
    shapes: NDArray[np.object_], *, source_crs: Sequence[str], target_uri: str
) -> NDArray[np.object_]:
    """Move geometries to a CRS, each from its own, in the axis order of the target.

    Args:
        shapes: (n,) x first.
        source_crs: n CRS.
        target_uri: URI of the CRS that is wanted.

    Raises:
        BadInput: when a part lies where the CRS has no coordinates.
    """
    moved, sources = np.empty_like(shapes), np.array(source_crs)
    for source in set(source_crs):
        here = sources == source
        moved[here] = project(shapes[here], source_crs=source, target_uri=target_uri)
    return moved

"""Hold what all shapes share: strictness, geometries, links, pages."""

import re
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, field_validator
from shapely import force_2d
from shapely.errors import ShapelyError
from shapely.geometry import mapping, shape
from shapely.geometry.base import BaseGeometry

from inspection.errors import BadGeometry
from inspection.redaction import scrubbed


class Shape(BaseModel):
    """Refuse unknown fields, so that a misspelt one is no silence, and numbers that are none."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


DEPTHS = {
    "Point": 0,
    "MultiPoint": 1,
    "LineString": 1,
    "MultiLineString": 2,
    "Polygon": 2,
    "MultiPolygon": 3,
}
"""How many lists stand around a position, by type of geometry."""

FAR = 1e9
"""No frame of the earth has coordinates beyond this; NaN is beyond everything."""


def _list_of(part: Any) -> list[Any]:  # noqa: ANN401  # a piece of JSON
    if not isinstance(part, list):
        raise ValueError(f"coordinates are nested lists of numbers, got {ascii(part)[:40]}")
    return part


class Geometry(Shape):
    """Carry a GeoJSON geometry; which frame the coordinates are in stands beside it."""

    type: Literal[
        "Point",
        "MultiPoint",
        "LineString",
        "MultiLineString",
        "Polygon",
        "MultiPolygon",
    ]
    coordinates: list[Any]

    @field_validator("coordinates")
    @classmethod
    def _positions_only(cls, coordinates: list[Any], known: ValidationInfo) -> list[Any]:
        """Refuse what is no list of positions, nested as deeply as the type wants (RFC 7946)."""
        parts: list[Any] = [coordinates]
        for _ in range(DEPTHS.get(known.data.get("type", ""), 0)):
            parts = [inner for part in parts for inner in _list_of(part)]
        for position in parts:
            if not 2 <= len(_list_of(position)) <= 4:
                raise ValueError(f"a position has 2 to 4 numbers, got {ascii(position)[:40]}")
            for number in position:
                if isinstance(number, bool) or not isinstance(number, int | float):
                    raise ValueError(f"coordinates are numbers, got {ascii(number)[:40]}")
                if not -FAR <= number <= FAR:
                    raise ValueError(f"a coordinate is between -1e9 and 1e9, got {number!r:.40}")
        return coordinates


class Link(Shape):
    """Point to a related resource (RFC 8288 names, OGC API – Common shape)."""

    href: str
    rel: str
    type: str | None = None
    title: str | None = None


class Problem(BaseModel):
    """Say what went wrong, in words for the person who can act.

    Source: RFC 9457, problem details for HTTP APIs.
    """

    model_config = ConfigDict(extra="allow")

    type: str = Field(description="URI reference of the kind of problem, readable in a browser")
    title: str
    status: int
    detail: str
    instance: str | None = None
    errors: list[dict[str, str]] | None = Field(
        default=None, description="one entry for each field that did not pass"
    )
    meanwhile: list[dict[str, str]] | None = Field(
        default=None,
        description="what others did to the thing since it was read: subject, who, when, what, "
        "version",
    )


def _written_out(value: object) -> object:
    """Refuse a number for a day: pydantic would count seconds from 1970."""
    if isinstance(value, str) and DAY.fullmatch(value) is None:
        raise ValueError(f"write a day as 2026-04-01, got {ascii(value)[:40]}")
    return value


DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
Day = Annotated[date, BeforeValidator(_written_out)]
"""A day of a question, written out."""

Xy = Annotated[tuple[float, float], Field(description="x, y")]
BoxPx = Annotated[
    tuple[int, int, int, int], Field(description="x0 y0 x1 y1 on the mosaic, px, half-open")
]


def geometry_of(shape: BaseGeometry) -> Geometry:
    """Turn a shapely geometry into its GeoJSON shape, coordinates as they are.

    >>> from shapely import Point
    >>> geometry_of(Point(1, 2)).coordinates
    [1.0, 2.0]
    """
    mapped = mapping(shape)
    return Geometry(type=mapped["type"], coordinates=_listed(mapped["coordinates"]))


def shape_of(geometry: Geometry) -> BaseGeometry:
    """Turn a GeoJSON shape into a shapely geometry; a height is left out.

    Raises:
        BadGeometry: when its coordinates do not fit its type.

    >>> shape_of(Geometry(type="Point", coordinates=[1, 2, 3])).wkt
    'POINT (1 2)'
    """
    try:
        drawn = shape({"type": geometry.type, "coordinates": geometry.coordinates})
        return force_2d(drawn)
    except (AttributeError, IndexError, ShapelyError, TypeError, ValueError) as error:
        raise BadGeometry(
            f"the coordinates make no {geometry.type}: {scrubbed(str(error))[:80]}"
        ) from error


def _listed(coordinates: Any) -> Any:  # noqa: ANN401  # nested tuples of any depth
    """Turn nested tuples of coordinates into nested lists."""
    if isinstance(coordinates, tuple | list):
        return [_listed(inner) for inner in coordinates]
    return float(coordinates)

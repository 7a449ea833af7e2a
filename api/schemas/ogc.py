"""Shapes of OGC API – Features, Part 1 (core) and Part 2 (coordinate reference systems).

Source: OGC 17-069r4 and OGC 18-058r1.
"""

from typing import Any, Literal

from pydantic import BaseModel, Field

from api.schemas.base import Geometry, Link, Shape

CONFORMANCE_CLASSES = (
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/geojson",
    "http://www.opengis.net/spec/ogcapi-features-2/1.0/conf/crs",
)


class Landing(Shape):
    """Say what this service is and where its parts are."""

    title: str
    description: str
    links: list[Link]


class Conformance(BaseModel):
    """Name the parts of the standard that hold."""

    conformsTo: list[str]  # noqa: N815  # the standard's own spelling


class SpatialExtent(Shape):
    """Bound a collection in lon/lat."""

    bbox: list[tuple[float, float, float, float]]
    crs: str


class TemporalExtent(Shape):
    """Bound a collection in time; None is open."""

    interval: list[tuple[str | None, str | None]]


class Extent(Shape):
    """Bound a collection."""

    spatial: SpatialExtent
    temporal: TemporalExtent | None = None


class Collection(BaseModel):
    """Describe a collection of features."""

    id: str
    title: str
    description: str
    itemType: Literal["feature"] = "feature"  # noqa: N815  # the standard's own spelling
    extent: Extent
    crs: list[str]
    storageCrs: str  # noqa: N815  # the standard's own spelling
    links: list[Link]


class Collections(Shape):
    """List the collections."""

    collections: list[Collection]
    crs: list[str]
    links: list[Link]


class Feature(Shape):
    """Show one thing on the earth (GeoJSON, RFC 7946; other CRS by Part 2)."""

    type: Literal["Feature"] = "Feature"
    id: str
    geometry: Geometry | None
    properties: dict[str, Any]
    links: list[Link] | None = None


class FeatureCollection(BaseModel):
    """Show one page of features."""

    type: Literal["FeatureCollection"] = "FeatureCollection"
    features: list[Feature]
    numberMatched: int  # noqa: N815  # the standard's own spelling
    numberReturned: int  # noqa: N815  # the standard's own spelling
    timeStamp: str = Field(description="when this answer was made")  # noqa: N815
    links: list[Link]

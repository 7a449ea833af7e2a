"""Describe the collections of features: what they hold, where, in which CRS."""

from sqlalchemy import Connection

from api.crs import CRS84, is_epsg, uri_of
from api.schemas.base import Link
from api.schemas.ogc import Collection, Extent, SpatialExtent
from inspection.errors import NotFound
from inspection.store import catalogue

DEFECTS = "defects"
SURVEYS = "surveys"

COLLECTIONS = {
    DEFECTS: (
        "Defects",
        "Damage found by machine and reviewed by people: outline of the latest sighting. Widths "
        "below the limit of the image have no number; the limit stands in width_below_mm. One that "
        "no photo sees squarely enough has none either; width_refused says so.",
    ),
    SURVEYS: ("Surveys", "Visits to an asset: footprint of the orthomosaic."),
}
"""Title and description by identifier."""

WHOLE_EARTH = (-180.0, -90.0, 180.0, 90.0)


def crs_uris(connection: Connection) -> frozenset[str]:
    """Name every CRS in which features are offered: CRS84, and the frames of the mosaics."""
    return frozenset({CRS84, *map(uri_of, filter(is_epsg, catalogue.frames(connection)))})


def describe(connection: Connection, collection_id: str, base: str) -> Collection:
    """Describe one collection.

    Args:
        connection: an open transaction.
        collection_id: which.
        base: address of the service, without a slash at the end.

    Raises:
        NotFound: when there is no such collection.
    """
    if collection_id not in COLLECTIONS:
        raise NotFound(
            f"there is no collection {collection_id!r}; there are {', '.join(COLLECTIONS)}"
        )
    title, description = COLLECTIONS[collection_id]
    here = f"{base}/collections/{collection_id}"
    bbox = catalogue.bounds_lonlat(connection) or WHOLE_EARTH
    return Collection(
        id=collection_id,
        title=title,
        description=description,
        extent=Extent(spatial=SpatialExtent(bbox=[bbox], crs=CRS84)),
        crs=sorted(crs_uris(connection), key=lambda uri: (uri != CRS84, uri)),
        storageCrs=CRS84,
        links=[
            Link(href=here, rel="self", type="application/json", title=title),
            Link(href=f"{here}/items", rel="items", type="application/geo+json", title=title),
        ],
    )

"""Features made from the whole domain object, one at a time and in plain steps: what is true.

The service writes the same text from a few columns, many defects at a time.
"""

import json
import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import shapely
from shapely.geometry import mapping
from sqlalchemy import Connection, select

from api.crs import authority_code, is_north_first
from inspection.domain.defect import Defect
from inspection.domain.measurement import Quantity
from inspection.geo.frames import to_crs
from inspection.store import defects, surveys
from inspection.store.search import Search
from inspection.store.tables import defects as defect_table


def plain_text(content: Any) -> str:
    """Write JSON as the framework's own answers do."""
    return json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def true_features(
    connection: Connection, crs_uri: str, wanted: Search, **page: int
) -> list[dict[str, Any]]:
    """Make the features of a page."""
    filters = {name: getattr(wanted, name) for name in Search.__slots__}
    rows = defects.find(connection, **filters, **page).rows
    return [true_feature(connection, defect, crs_uri) for defect in rows]


def true_feature(connection: Connection, defect: Defect, crs_uri: str) -> dict[str, Any]:
    """Make a feature of a defect."""
    c = defect_table.c
    changed_at = connection.execute(
        select(c.updated_at).where(c.defect_id == defect.defect_id)
    ).scalar_one()
    surveyed_at = surveys.by_id(connection, defect.latest.survey_id).created_at
    return {
        "type": "Feature",
        "id": str(defect.defect_id),
        "geometry": {"type": "MultiPolygon", "coordinates": true_coordinates(defect, crs_uri)},
        "properties": _properties(defect, surveyed_at, changed_at),
    }


def true_coordinates(defect: Defect, crs_uri: str) -> list[Any]:
    """Move an outline point by point, and nest its coordinates as RFC 7946 says."""
    outline = defect.latest.outline_surface_m
    parts = outline if outline.geom_type == "MultiPolygon" else shapely.MultiPolygon([outline])

    def moved(point: tuple[float, float]) -> list[float]:
        x, y = to_crs([point], defect.latest.surface_crs, authority_code(crs_uri))[0].tolist()
        return [y, x] if is_north_first(crs_uri) else [x, y]

    nested = mapping(parts)["coordinates"]
    return [[[moved(point) for point in ring] for ring in part] for part in nested]


def _properties(defect: Defect, surveyed_at: datetime, changed_at: datetime) -> dict[str, Any]:
    seen, measured = defect.latest, defect.latest.measurement
    reviewed, width = defect.damage_class_reviewed, measured.width_mm
    lon_deg, lat_deg = seen.anchor_lonlat or (None, None)
    return {
        "defect_id": str(defect.defect_id),
        "survey_id": str(seen.survey_id),
        "asset_id": defect.asset_id,
        "class": defect.shown_class.value,
        "class_machine": defect.damage_class.value,
        "class_reviewed": None if reviewed is None else reviewed.value,
        "state": defect.state.value,
        "version": defect.version,
        "confidence": round(seen.confidence, 4),
        "lon": lon_deg,
        "lat": lat_deg,
        **_numbers("length", "m", measured.length_m),
        **_numbers("width", "mm", width),
        "width_refused": width.refused.value if width is not None and width.refused else None,
        **_numbers("area", "m2", measured.area_m2),
        "gsd_mm_per_px": measured.gsd_mm_per_px,
        "model_id": seen.model_id,
        "surveyed_at": surveyed_at.isoformat(),
        "changed_at": changed_at.isoformat(),
    }


def _numbers(name: str, unit: str, quantity: Quantity | None) -> dict[str, float | None]:
    values: tuple[float | None, ...] = (None, None, None)
    if quantity is not None:
        limit = quantity.limit if quantity.below_limit else None
        values = (quantity.value, quantity.expanded_uncertainty, limit)
    names = (f"{name}_{unit}", f"{name}_u_{unit}", f"{name}_below_{unit}")
    return dict(zip(names, values, strict=True))


def true_collection(
    features: list[dict[str, Any]], *, matched: int, said: Mapping[str, Any]
) -> bytes:
    """Write a page, with the moment and the links that an answer said."""
    return plain_text(
        {
            "type": "FeatureCollection",
            "features": features,
            "numberMatched": matched,
            "numberReturned": len(features),
            "timeStamp": said["timeStamp"],
            "links": said["links"],
        }
    ).encode()


def all_ids(connection: Connection) -> list[uuid.UUID]:
    """Name every defect in the order of arrival, superseded ones too."""
    c = defect_table.c
    return list(connection.execute(select(c.defect_id).order_by(c.seq)).scalars())

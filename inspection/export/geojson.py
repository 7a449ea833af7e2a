"""Write defects as GeoJSON (RFC 7946).

RFC 7946 knows one CRS: longitude and latitude on WGS 84. A mosaic that nothing ties to the earth
has no longitude. Its defects are still worth a file, so the geometries are then written in local
metres and the collection says so in the foreign member ``tenken:crs``; a program that ignores it
sees shapes within metres of 0°, 0°, far from any real road, instead of a wrong place that looks
right. One file never mixes the two.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import shapely

from inspection.domain.defect import Defect
from inspection.domain.measurement import Quantity
from inspection.domain.workorder import WorkList, WorkRow, reasons_text
from inspection.errors import BadInput
from inspection.export.writing import replace_text
from inspection.geo.frames import WGS84_LONLAT, to_crs
from inspection.geo.grid import LOCAL_CRS

LONLAT_DIGITS = 7
"""Decimals of a degree: 11 mm on the ground (RFC 7946 §11.2 advises not to write more)."""

LOCAL_DIGITS = 4
"""Decimals of a local metre."""

LOCAL_NOTE = (
    "Coordinates are metres in the local frame of the mosaic, not longitude and latitude: "
    "nothing ties these photos to the earth."
)


def write_geojson(
    defects: Sequence[Defect], path: Path, *, work_list: WorkList | None = None
) -> int:
    """Write defects as one feature collection, sorted by rank, then identifier; gives the count.

    The geometry of a feature is the centre line of a linear damage, else the outline.

    Args:
        defects: the defects, all georeferenced or all in local frames.
        path: where; the file is complete or not there.
        work_list: adds rank, grade, priority and reasons to the features of its rows.

    Raises:
        BadInput: when local and georeferenced defects are mixed.
        Unavailable: when the folder cannot be written.
    """
    collection = feature_collection(defects, work_list=work_list)
    replace_text(path, json.dumps(collection, ensure_ascii=False, allow_nan=False, indent=1) + "\n")
    return len(defects)


def feature_collection(
    defects: Sequence[Defect], *, work_list: WorkList | None = None
) -> dict[str, Any]:
    """Give defects as a feature collection of plain values."""
    local = {defect.latest.surface_crs == LOCAL_CRS for defect in defects}
    if len(local) > 1:
        raise BadInput("georeferenced and local defects cannot share a GeoJSON file; write two")
    rows = {row.defect_id: row for row in work_list.rows} if work_list else {}
    ordered = sorted(defects, key=lambda d: (_rank(rows, d.defect_id), str(d.defect_id)))
    collection: dict[str, Any] = {"type": "FeatureCollection"}
    if local == {True}:
        collection |= {"tenken:crs": LOCAL_CRS, "tenken:note": LOCAL_NOTE}
    features = [_feature(defect, rows.get(defect.defect_id)) for defect in ordered]
    if features:
        collection["bbox"] = bounds_of([feature["bbox"] for feature in features])
    collection["features"] = features
    return collection


def bounds_of(boxes: Sequence[Sequence[float]]) -> list[float]:
    """Give the box around some boxes, west south east north (RFC 7946 §5).

    >>> bounds_of([[0.0, 1.0, 2.0, 3.0], [-1.0, 2.0, 0.0, 9.0]])
    [-1.0, 1.0, 2.0, 9.0]
    """
    west, south, east, north = zip(*boxes, strict=True)
    return [min(west), min(south), max(east), max(north)]


def _rank(rows: Mapping[UUID, WorkRow], defect_id: UUID) -> float:
    return float(rows[defect_id].rank) if defect_id in rows else float("inf")


def _feature(defect: Defect, row: WorkRow | None) -> dict[str, Any]:
    """Give one defect as a feature."""
    latest = defect.latest
    shape = latest.outline_surface_m if latest.axis_surface_m is None else latest.axis_surface_m
    geometry = to_geojson_frame(shape, latest.surface_crs)
    return {
        "type": "Feature",
        "id": str(defect.defect_id),
        "bbox": [float(value) for value in geometry.bounds],
        "geometry": shapely.geometry.mapping(geometry),
        "properties": _properties(defect) | ({} if row is None else _rank_properties(row)),
    }


def to_geojson_frame(geometry: shapely.Geometry, crs: str) -> shapely.Geometry:
    """Move a geometry to rounded lon/lat, or round it in its local frame; exteriors run ccw.

    A geometry that rounding makes invalid or empty is kept unrounded: 11 mm is more than a crack
    is wide.
    """
    if crs == LOCAL_CRS:
        moved, digits = geometry, LOCAL_DIGITS
    else:
        moved = shapely.transform(geometry, lambda xy: to_crs(xy, crs, WGS84_LONLAT))
        digits = LONLAT_DIGITS
    rounded = shapely.transform(moved, lambda xy: np.round(xy, digits))
    sound = rounded.is_valid and (rounded.length > 0 or moved.length == 0)
    return shapely.orient_polygons(rounded if sound else moved)


def _quantity(name: str, unit: str, quantity: Quantity | None, digits: int) -> dict[str, Any]:
    """Give a quantity as properties: value, uncertainty, limit."""
    if quantity is None:
        return {}
    u = quantity.expanded_uncertainty
    return {
        f"{name}_{unit}": None if quantity.value is None else round(quantity.value, digits),
        f"{name}_u_{unit}": None if u is None else round(u, digits),
        **({f"{name}_below_{unit}": round(quantity.limit, digits)} if quantity.below_limit else {}),
        **({} if quantity.refused is None else {f"{name}_refused": quantity.refused.value}),
    }


def _properties(defect: Defect) -> dict[str, Any]:
    """Give what is known about a defect as plain values."""
    latest, reviewed = defect.latest, defect.damage_class_reviewed
    measured = latest.measurement
    return {
        "asset_id": defect.asset_id,
        "damage_class": (reviewed or defect.damage_class).value,
        "damage_class_machine": defect.damage_class.value,
        "damage_class_reviewed": None if reviewed is None else reviewed.value,
        "state": defect.state.value,
        "confidence": round(latest.confidence, 4),
        **_quantity("length", "m", measured.length_m, 4),
        **_quantity("width", "mm", measured.width_mm, 3),
        **_quantity("area", "m2", measured.area_m2, 6),
        "orientation_deg": measured.orientation_deg,
        "gsd_mm_per_px": round(measured.gsd_mm_per_px, 5),
        "method": measured.method.value,
        "anchor_surface_m": [round(value, LOCAL_DIGITS) for value in latest.anchor_surface_m],
        "surface_crs": latest.surface_crs,
        "survey_id": str(latest.survey_id),
        "model": latest.model_id,
        "photos": list(latest.photo_sha256s),
    }


def _rank_properties(row: WorkRow) -> dict[str, Any]:
    """Give what the work list says about a defect as plain values."""
    return {
        "rank": row.rank,
        "tier": row.tier,
        "score": round(row.score, 2),
        "grade_candidates": [] if row.grade is None else list(row.grade.candidates),
        "grade_scheme": None if row.grade is None else row.grade.scheme,
        "damage_ja": row.class_ja,
        "damage_en": row.class_en,
        "colour": row.colour,
        "note_ja": row.note_ja,
        "note_en": row.note_en,
        "reasons_ja": reasons_text(row.reasons, "ja"),
        "reasons_en": reasons_text(row.reasons, "en"),
        "photos": list(row.photos),
    }

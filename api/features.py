"""Turn defects and mosaics into features on the earth.

Only what is tied to the earth becomes a feature: a defect in a local frame has no place here and
is shown under ``/api/surveys/{id}/defects`` instead.
"""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from typing import Any

import shapely

from api.crs import project, project_each
from api.geojson import multipolygons, written
from api.schemas.base import geometry_of
from api.schemas.ogc import Feature
from inspection.domain.mission import Survey
from inspection.domain.raster import Orthomosaic
from inspection.errors import BadInput
from inspection.store.placed import Placed

Interval = tuple[datetime | None, datetime | None]
OPEN_ENDS = frozenset({"", ".."})
DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
WEEK = re.compile(r"\d{4}-?W", re.ASCII)
"""How Python, but not RFC 3339, lets a week begin."""

UNESCAPED_PLUS = re.compile(r" (\d{2}:\d{2})$", re.ASCII)


def defect_features(found: Placed, crs_uri: str) -> list[str]:
    """Write defects as features: outlines in a CRS, numbers as flat properties.

    Raises:
        BadInput: when one lies where the CRS has no coordinates.
    """
    moved = project_each(found.outlines_surface_m, source_crs=found.surface_crs, target_uri=crs_uri)
    return [
        f'{{"type":"Feature","id":"{properties["defect_id"]}","geometry":{{"type":"MultiPolygon",'
        f'"coordinates":{coordinates}}},"properties":{written(properties)}}}'
        for coordinates, properties in zip(multipolygons(moved), _properties(found), strict=True)
    ]


def mosaic_feature(mosaic: Orthomosaic, survey: Survey, crs_uri: str) -> Feature:
    """Show a survey as a feature: the footprint of its mosaic."""
    footprint = shapely.Polygon(mosaic.grid.corners_surface_m)
    moved = project(footprint, source_crs=mosaic.grid.crs, target_uri=crs_uri)
    return Feature(
        id=str(survey.survey_id),
        geometry=geometry_of(moved),
        properties={
            "survey_id": str(survey.survey_id),
            "asset_id": survey.asset_id,
            "surface": survey.surface.value,
            "state": survey.state.value,
            "created_at": survey.created_at.isoformat(),
            "gsd_mm_per_px": mosaic.grid.gsd_m_per_px * 1000,
            "map_crs": mosaic.grid.crs,
            "mosaic_sha256": mosaic.sha256,
        },
    )


def _properties(found: Placed) -> Iterator[dict[str, Any]]:
    visited = {survey_id.int: survey_id for survey_id in found.survey_ids}
    surveys = {key: str(survey_id) for key, survey_id in visited.items()}
    moments = {at: at.isoformat() for at in {*found.surveyed_at, *found.changed_at}}
    for n, measured in enumerate(found.measurements):
        machine, reviewed = found.classes[n], found.classes_reviewed[n]
        lon_deg, lat_deg = found.anchors_lonlat[n] or (None, None)
        width = measured["width_mm"]
        length_m, length_u_m, length_below_m = _numbers(measured["length_m"])
        width_mm, width_u_mm, width_below_mm = _numbers(width)
        area_m2, area_u_m2, area_below_m2 = _numbers(measured["area_m2"])
        yield {
            "defect_id": str(found.defect_ids[n]),
            "survey_id": surveys[found.survey_ids[n].int],
            "asset_id": found.asset_ids[n],
            "class": reviewed or machine,
            "class_machine": machine,
            "class_reviewed": reviewed,
            "state": found.states[n],
            "version": found.versions[n],
            "confidence": round(found.confidences[n], 4),
            "lon": lon_deg,
            "lat": lat_deg,
            "length_m": length_m,
            "length_u_m": length_u_m,
            "length_below_m": length_below_m,
            "width_mm": width_mm,
            "width_u_mm": width_u_mm,
            "width_below_mm": width_below_mm,
            "width_refused": None if width is None else width.get("refused"),
            "area_m2": area_m2,
            "area_u_m2": area_u_m2,
            "area_below_m2": area_below_m2,
            "gsd_mm_per_px": measured["gsd_mm_per_px"],
            "model_id": found.model_ids[n],
            "surveyed_at": moments[found.surveyed_at[n]],
            "changed_at": moments[found.changed_at[n]],
        }


def _numbers(quantity: dict[str, Any] | None) -> tuple[float | None, float | None, float | None]:
    """Spread a quantity over three columns: value, uncertainty, and the limit it lies below."""
    if quantity is None:
        return (None, None, None)
    limit = quantity["limit"] if quantity["below_limit"] else None
    return (quantity["value"], quantity["expanded_uncertainty"], limit)


def parse_interval(text: str | None) -> Interval:
    """Read ``datetime``: a moment, or two with a slash between, either of which may be open.

    Source: OGC API – Features Part 1, parameter ``datetime`` (RFC 3339 §5.6).

    Raises:
        BadInput: when it is no such thing.

    >>> parse_interval("2026-01-01T00:00:00Z/..")[1] is None
    True
    """
    if text is None:
        return (None, None)
    start, slash, end = text.partition("/")
    if not slash:
        return (_moment(start), _moment(start, last=True))
    after = None if start in OPEN_ENDS else _moment(start)
    before = None if end in OPEN_ENDS else _moment(end, last=True)
    if after is not None and before is not None and after > before:
        raise BadInput(f"datetime {text!r} ends before it begins")
    return (after, before)


def _moment(text: str, *, last: bool = False) -> datetime:
    """Read a moment, or the first or last one of a day (in UTC).

    A program that does not escape its address sends a plus sign as a space: ``+09:00`` is meant.
    """
    sent, text = text, UNESCAPED_PLUS.sub(r"+\1", text.upper())
    try:
        if WEEK.match(text):
            raise ValueError("RFC 3339 has no weeks")
        if DAY.fullmatch(text):
            day = date.fromisoformat(text)
            return datetime.combine(day, time.max if last else time.min, UTC)
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise BadInput(f"datetime {sent!r} is not a moment such as 2026-04-01T09:00:00Z") from error
    if moment.tzinfo is None:
        raise BadInput(f"datetime {sent!r} needs a time zone, such as Z for UTC")
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise BadInput(f"datetime {sent!r} lies outside the years 1 to 9999 in UTC") from error

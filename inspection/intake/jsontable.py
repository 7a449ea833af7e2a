"""Read JSON about assets: xROAD answers and GeoJSON."""

import json
from collections.abc import Mapping
from typing import Any

import shapely
from shapely.errors import ShapelyError

from inspection.errors import BadInput
from inspection.geo.frames import WGS84_LONLAT, to_crs
from inspection.intake.table import Table, TableRow, unwritable

LAT, LON = "@lat", "@lon"
"""Headings under which the position of a geometry stands."""

MAX_DEPTH = 8


def read_json(content: bytes, name: str) -> Table:
    """Read a GeoJSON feature collection or an xROAD answer.

    Raises:
        BadInput: when it is no JSON of either kind.
    """
    try:
        document = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:  # numbers of thousands of digits too
        raise BadInput(f"{name} is no JSON in UTF-8: {error}") from error
    if isinstance(document, dict) and document.get("type") == "FeatureCollection":
        return _features(document, name)
    return _records(document, name)


def _records(document: object, name: str) -> Table:
    """Read the records of an xROAD answer: ``{"result": […]}``, a list, or one record."""
    found = document.get("result", document) if isinstance(document, dict) else document
    records = [found] if isinstance(found, dict) else found
    if not isinstance(records, list) or not records:
        raise BadInput(f'{name} holds no records; an xROAD answer is {{"result": [ … ]}}')
    flat = [_flatten(record) if isinstance(record, dict) else None for record in records]
    return _table(name, flat, form="xROAD JSON", unit="record")


def _features(document: Mapping[str, Any], name: str) -> Table:
    """Read a GeoJSON feature collection."""
    features = document.get("features")
    if not isinstance(features, list) or not features:
        raise BadInput(f"{name} is a GeoJSON collection without features")
    crs = _crs(document, name)
    flat: list[dict[str, str] | str | None] = []
    for feature in features:
        if not isinstance(feature, dict):
            flat.append(None)
            continue
        properties = feature.get("properties") or {}
        if not isinstance(properties, dict):
            flat.append("the properties of the feature are no mapping")
            continue
        cells = _flatten(properties)
        if "id" in feature:
            cells.setdefault("id", _text(feature["id"]))
        try:
            cells.update(_position(feature.get("geometry"), crs))
        except BadInput as error:
            flat.append(str(error))
            continue
        flat.append(cells)
    return _table(name, flat, form="GeoJSON", unit="feature")


def _crs(document: Mapping[str, Any], name: str) -> str:
    """Name the CRS: WGS 84 by RFC 7946, or what an older file says."""
    said = document.get("crs")
    if said is None:
        return WGS84_LONLAT
    try:
        code = str(said["properties"]["name"])
    except (KeyError, TypeError) as error:
        raise BadInput(f"{name} has a 'crs' that names none: {said!r}") from error
    if code.upper().endswith("CRS84"):
        return WGS84_LONLAT
    return f"EPSG:{code.rsplit(':', 1)[-1]}"


def _position(geometry: object, crs: str) -> dict[str, str]:
    """Give longitude and latitude of a geometry; of a line or an area, those of a point on it."""
    if geometry is None:
        return {}
    try:
        shape = shapely.from_geojson(json.dumps(geometry))
    except (ShapelyError, ValueError) as error:
        raise BadInput(f"the geometry cannot be read: {error}") from error
    return position_cells(shape, crs)


def position_cells(shape: shapely.Geometry | None, crs: str) -> dict[str, str]:
    """Give the cells of a position in degrees, empty without a geometry.

    Raises:
        BadInput: when the position is not finite, which a wrong CRS makes of it.
    """
    if shape is None or shape.is_empty:
        return {}
    point = shape if isinstance(shape, shapely.Point) else shape.representative_point()
    lon, lat = to_crs([[point.x, point.y]], crs, WGS84_LONLAT)[0].tolist()
    if not (-180 <= lon <= 180 and -90 <= lat <= 90):
        raise BadInput(f"the geometry lies at {point.x:g}, {point.y:g}, which is not in {crs}")
    return {LAT: f"{lat:.9g}", LON: f"{lon:.10g}"}


def _flatten(record: Mapping[str, Any], prefix: str = "", depth: int = 0) -> dict[str, str]:
    """Give nested keys as dotted paths; lists are kept as JSON."""
    cells: dict[str, str] = {}
    for key, value in record.items():
        path = f"{prefix}.{key}" if prefix else str(key)
        if isinstance(value, dict) and depth < MAX_DEPTH:
            cells |= _flatten(value, path, depth + 1)
        else:
            cells[path] = _text(value)
    return cells


def _text(value: object) -> str:
    """Give a JSON value as the text of a cell."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _table(
    name: str,
    flat: list[dict[str, str] | None] | list[dict[str, str] | str | None],
    *,
    form: str,
    unit: str,
) -> Table:
    """Set records under one heading; what is no record is reported."""
    heading = tuple(
        dict.fromkeys(key for cells in flat if isinstance(cells, dict) for key in cells)
    )
    rows = [_row(number, cells, heading, unit) for number, cells in enumerate(flat, 1)]
    if not heading and rows[0].broken:
        raise BadInput(f"{name} has no {unit} that can be read; {unit} 1: {rows[0].broken}")
    return Table(name=name, form=form, unit=unit, heading=heading, heading_line=0, rows=tuple(rows))


def _row(
    number: int, cells: dict[str, str] | str | None, heading: tuple[str, ...], unit: str
) -> TableRow:
    """Set one record under the heading, or say why it cannot be read."""
    if not isinstance(cells, dict):
        return TableRow(line=number, cells=(), broken=cells or f"the {unit} is no mapping")
    return TableRow(
        line=number,
        cells=tuple(cells.get(key, "") for key in heading),
        broken=unwritable("".join(cells.values()), unit),
    )

"""Read what shall be flown: polygons, lines and points of a vector file, checked one by one.

GeoJSON, KML, KMZ, GeoPackage, Shapefile and whatever else the installed GDAL reads. GDAL is
reached through pyogrio, only here.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyogrio
import shapely
from pyogrio.errors import DataLayerError, DataSourceError
from pyproj import CRS
from pyproj.exceptions import CRSError
from shapely.geometry.base import BaseGeometry

from flight.formats import archive
from inspection.errors import BadGeometry, BadInput
from inspection.geo.frames import WGS84_LONLAT, transformer
from inspection.intake.vectorfile import check_vector_file, why

GREATEST_BYTES = 64 * 1024 * 1024
GREATEST_FEATURES = 10_000
NAME_FIELDS = ("name", "element", "名称", "部材", "id", "fid")
KINDS = {"Polygon", "LineString", "Point"}


@dataclass(frozen=True, slots=True, kw_only=True)
class InputFeature:
    """Carry one feature of a file.

    Attributes:
        name: as the file calls it, or its number.
        shape: Polygon, LineString or Point, longitude and latitude in degrees (WGS 84).
        properties: attributes; lower-case keys.
    """

    name: str
    shape: BaseGeometry
    properties: dict[str, Any] = field(default_factory=dict)

    def number(self, *keys: str) -> float | None:
        """Give a number of the attributes, the first of the keys that has one.

        Raises:
            BadInput: when it is there and is no finite number.
        """
        for key in keys:
            value = self.properties.get(key)
            if value is None or value == "" or (isinstance(value, float) and np.isnan(value)):
                continue
            try:
                number = float(value)
            except (TypeError, ValueError) as error:
                raise BadInput(f"feature {self.name!r}: {key} is {value!r}, no number") from error
            if not np.isfinite(number):
                raise BadInput(f"feature {self.name!r}: {key} is {number}, not finite")
            return number
        return None


def read_features(
    path: Path, *, layer: str | None = None, crs: str | None = None
) -> tuple[InputFeature, ...]:
    """Read every feature of a file, in WGS 84; parts of multi-geometries become features.

    Args:
        path: of the file.
        layer: only this one of several layers.
        crs: what the coordinates are in, where the file does not say or says it wrongly.

    Raises:
        BadInput: when the file or layer cannot be read, or has no or mixed CRS.
        BadGeometry: for the first feature that cannot be used; the message names it.
    """
    if not path.is_file():
        raise BadInput(f"{path} is no file; give a GeoJSON, KML, KMZ, GeoPackage or Shapefile")
    if path.stat().st_size > GREATEST_BYTES:
        raise BadInput(f"{path.name} is larger than {GREATEST_BYTES // 2**20} MiB; cut it down")
    if path.suffix.casefold() == ".kmz":
        with TemporaryDirectory() as folder:
            inner = Path(folder) / f"{path.stem}.kml"
            inner.write_bytes(_kml_of_kmz(path))
            layers = _read_layers(inner, path.name, layer)
    else:
        layers = _read_layers(path, path.name, layer)
    if crs is None and path.suffix.casefold() in {".geojson", ".json"}:
        _refuse_mixed_json(path)
    source = _one_crs(layers, path.name, crs)
    features = [
        feature
        for found in layers
        for row in _rows(found, path.name)
        for feature in _checked(*row, source=source)
    ]
    if not features:
        raise BadInput(f"{path.name} has no feature; draw a polygon, a line or a point")
    return tuple(features)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Layer:
    name: str
    crs: str | None
    fields: tuple[str, ...]
    shapes: Any
    columns: Any


def _kml_of_kmz(path: Path) -> bytes:
    """Take the document out of a KMZ: doc.kml, or the first .kml at its top."""
    content = path.read_bytes()
    held = archive.members(content, path.name)
    names = sorted((name != "doc.kml", name) for name in held if name.endswith(".kml"))
    if not names:
        raise BadInput(f"{path.name} holds no .kml; is it a KMZ?")
    return archive.member(content, held[names[0][1]], path.name)


def _read_layers(path: Path, label: str, layer: str | None) -> list[_Layer]:
    """Read one layer, or all that have geometry."""
    check_vector_file(path, label)
    try:
        listed = pyogrio.list_layers(path)
        names = [str(name) for name, kind in listed if kind is not None]
        if layer is not None and layer not in names:
            raise BadInput(f"{label} has no layer {layer!r}; it has {', '.join(names) or 'none'}")
        found = []
        for name in [layer] if layer else names:
            meta, _, shapes, columns = pyogrio.raw.read(
                path, layer=name, max_features=GREATEST_FEATURES + 1
            )
            if shapes is not None and len(shapes) > GREATEST_FEATURES:
                raise BadInput(f"{label}: layer {name!r} has over {GREATEST_FEATURES} features")
            crs = None if meta["crs"] is None else str(meta["crs"])
            fields = tuple(str(column).casefold() for column in meta["fields"])
            found.append(_Layer(name=name, crs=crs, fields=fields, shapes=shapes, columns=columns))
    except (DataSourceError, DataLayerError, UnicodeDecodeError, ValueError) as error:
        words = why(error, path, label)
        raise BadInput(f"{label} is no vector file that can be read: {words}") from error
    return found


def _one_crs(layers: list[_Layer], label: str, named: str | None) -> str:
    """Choose the CRS of a file: the one that is named, else the one of all its layers."""
    if named is not None:
        try:
            CRS(named)
        except CRSError as error:
            raise BadInput(f"--crs {named!r} is not known; use a code such as EPSG:6675") from error
        return named
    used = [layer for layer in layers if layer.shapes is not None and len(layer.shapes)]
    if any(layer.crs is None for layer in used):
        raise BadInput(
            f"{label} does not say its CRS (a Shapefile needs its .prj beside it); "
            "name it, for example --crs EPSG:6675"
        )
    systems = {str(layer.crs): layer.name for layer in used}
    if len({CRS(crs) for crs in systems}) > 1:
        mixed = ", ".join(f"layer {name!r} in {CRS(crs).name}" for crs, name in systems.items())
        raise BadInput(f"{label} mixes coordinate systems: {mixed}; choose one with --layer")
    return next(iter(systems), WGS84_LONLAT)


def _refuse_mixed_json(path: Path) -> None:
    """Refuse GeoJSON whose features name CRS of their own: GDAL would read all of them as one."""
    try:
        document = json.loads(path.read_text(encoding="utf-8-sig"))
    except ValueError:
        return  # one feature a line, or other JSON that GDAL reads: no such member there
    features = document.get("features") if isinstance(document, dict) else None
    for number, feature in enumerate(features if isinstance(features, list) else [], start=1):
        if isinstance(feature, dict) and feature.get("crs") not in (
            None,
            document.get("crs"),
        ):
            own = feature.get("properties")
            name = own.get("name") if isinstance(own, dict) else None
            name = name or f"feature {number}"
            raise BadInput(
                f"{path.name} mixes coordinate systems: feature {name!r} has a 'crs' of its own; "
                "GeoJSON has one for all, move the feature to it"
            )


def _rows(layer: _Layer, label: str) -> Iterator[tuple[str, BaseGeometry | None, dict[str, Any]]]:
    """Give name, geometry and attributes of every feature of a layer."""
    for number in range(0 if layer.shapes is None else len(layer.shapes)):
        properties = {
            name: _plain(column[number])
            for name, column in zip(layer.fields, layer.columns, strict=True)
        }
        names = (properties.get(key) for key in NAME_FIELDS)
        name = next((str(n) for n in names if isinstance(n, str | int | float) and n != ""), "")
        wkb = layer.shapes[number]
        try:
            with np.errstate(invalid="ignore"):  # what is not finite is refused by name
                shape = None if wkb is None else shapely.from_wkb(wkb)
        except shapely.errors.ShapelyError as error:
            raise BadGeometry(f"{label}: feature {name or number + 1}: {error}") from error
        yield name or f"feature {number + 1}", shape, properties


def _checked(
    name: str, shape: BaseGeometry | None, properties: dict[str, Any], *, source: str
) -> list[InputFeature]:
    """Check a geometry, take it apart, and move it to WGS 84."""
    if shape is None or shape.is_empty:
        raise BadGeometry(f"feature {name!r} has no geometry; draw it or delete the feature")
    parts = list(shapely.get_parts(shape))
    names = [name] if len(parts) == 1 else [f"{name}/{n}" for n in range(1, len(parts) + 1)]
    features = []
    for part_name, part in zip(names, parts, strict=True):
        if part.geom_type not in KINDS:
            raise BadGeometry(
                f"feature {part_name!r} is a {part.geom_type}; draw a polygon, a line or a point"
            )
        if not np.isfinite(shapely.get_coordinates(part)).all():
            raise BadGeometry(f"feature {part_name!r} has a coordinate that is not finite")
        if not part.is_valid:
            with np.errstate(over="ignore", invalid="ignore"):
                why = shapely.is_valid_reason(part).replace("[", " at ").rstrip("]")
            raise BadGeometry(
                f"feature {part_name!r} is not a simple {part.geom_type.lower()}: {why}; redraw it"
            )
        if part.geom_type == "LineString" and not part.length > 0:
            raise BadGeometry(f"feature {part_name!r} is a line without length")
        moved = _to_lonlat(part_name, part, source)
        features.append(InputFeature(name=part_name, shape=moved, properties=properties))
    return features


def _to_lonlat(name: str, shape: BaseGeometry, source: str) -> BaseGeometry:
    """Move a geometry to longitude and latitude, and check that it lies on the earth."""
    if CRS(source).is_geographic:
        xy = shapely.get_coordinates(shape)
        (x_low, y_low), (x_high, y_high) = xy.min(axis=0), xy.max(axis=0)
        if max(abs(x_low), abs(x_high)) > 180:
            raise BadGeometry(
                f"feature {name!r}: {x_high:g}, {y_high:g} are no degrees; the coordinates are "
                "in metres of a projection: name it, for example --crs EPSG:6675"
            )
        if max(abs(y_low), abs(y_high)) > 90:
            raise BadGeometry(
                f"feature {name!r}: latitude {y_high:g}° is beyond 90°; latitude and longitude "
                "are swapped: the order in the file must be longitude, latitude"
            )
    convert = transformer(source, WGS84_LONLAT)
    moved: BaseGeometry = shapely.transform(
        shapely.force_2d(shape), lambda xy: np.column_stack(convert.transform(xy[:, 0], xy[:, 1]))
    )
    if not np.isfinite(shapely.get_coordinates(moved)).all():
        raise BadGeometry(
            f"feature {name!r} lies outside the area of {CRS(source).name}; is the CRS right, "
            "and the order of the axes (east first)?"
        )
    return moved


def _plain(value: object) -> object:
    """Give an attribute as plain Python; unknown numbers are None."""
    if isinstance(value, np.ndarray):  # a list of the file
        return value.tolist()
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and np.isnan(value) else value

"""Read features of any vector file: structures, zones, third parties, populated areas."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import shapely
from pyogrio.errors import DataLayerError, DataSourceError

from inspection.errors import BadGeometry, BadInput
from inspection.geo.frames import WGS84_LONLAT, LocalFrame, to_crs

MAX_FEATURES = 200_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """Carry one feature.

    Attributes:
        number: its place in the file, from 1.
        shape_lonlat: geometry, longitude and latitude in degrees, z as in the file.
        properties: its attributes; what is unknown is absent.
        layer: name of the file, for messages.
    """

    number: int
    shape_lonlat: shapely.Geometry
    properties: Mapping[str, Any]
    layer: str

    @property
    def name(self) -> str:
        """Give its name, or its number where it has none."""
        for key in ("name", "name_en", "name_ja", "id"):
            if str(self.properties.get(key, "")).strip():
                return str(self.properties[key])
        return f"{self.layer} feature {self.number}"

    def number_of(self, key: str) -> float | None:
        """Give a property as a number, None when it is absent.

        Raises:
            BadInput: when it is something else than a finite number.
        """
        value = self.properties.get(key)
        if value is None:
            return None
        try:
            number = float(value)
        except (TypeError, ValueError):
            number = float("nan")
        if isinstance(value, bool) or not np.isfinite(number):
            raise BadInput(f"{self.layer}: {self.name}: {key} must be a number, got {value!r}")
        return number

    def outline_m(self, frame: LocalFrame) -> shapely.Geometry:
        """Give the geometry in course metres; z stays as it is."""
        has_z = bool(shapely.has_z(self.shape_lonlat))

        def move(points: np.ndarray) -> np.ndarray:
            flat = np.column_stack([points[:, :2], np.zeros(len(points))])
            xy = frame.to_enu_m(flat)[:, :2]
            return np.column_stack([xy, points[:, 2]]) if has_z else xy

        return shapely.transform(self.shape_lonlat, move, include_z=has_z)


def read_features(path: Path) -> list[Feature]:
    """Read every feature of a vector file; positions become longitude and latitude, WGS 84.

    A GeoJSON file without CRS is longitude and latitude (RFC 7946).

    Raises:
        BadInput: when the file cannot be read, has no CRS, or holds nothing.
        BadGeometry: when a feature has no geometry or an unusable one.
    """
    try:
        meta, _, wkb, columns = pyogrio.raw.read(path, max_features=MAX_FEATURES + 1)
    except (DataSourceError, DataLayerError, OSError) as error:
        raise BadInput(f"{path.name} cannot be read as a vector file: {error}") from error
    if wkb is None or not len(wkb):
        raise BadInput(f"{path.name} holds no geometry; leave it out or give the right file")
    if len(wkb) > MAX_FEATURES:
        raise BadInput(f"{path.name} holds more than {MAX_FEATURES} features; cut out the region")
    crs = meta["crs"]
    if not crs:
        raise BadInput(f"{path.name} has no CRS; for a Shapefile add the .prj file")
    names = [str(name) for name in meta["fields"]]
    features = []
    for at, geometry in enumerate(wkb):
        values = {name: _plain(column[at]) for name, column in zip(names, columns, strict=True)}
        features.append(
            Feature(
                number=at + 1,
                shape_lonlat=_shape(geometry, str(crs), f"{path.name} feature {at + 1}"),
                properties={key: value for key, value in values.items() if value is not None},
                layer=path.name,
            )
        )
    return features


def _shape(wkb: bytes | None, crs: str, name: str) -> shapely.Geometry:
    """Give one geometry as longitude and latitude."""
    shape = None if wkb is None else shapely.from_wkb(wkb)
    if shape is None or shape.is_empty:
        raise BadGeometry(f"{name} has no geometry; draw it, or remove the feature")
    if not shape.is_valid:
        why = shapely.is_valid_reason(shape)
        raise BadGeometry(f"{name} is not a simple shape ({why}); redraw it")

    def move(points: np.ndarray) -> np.ndarray:
        xy = to_crs(points[:, :2], crs, WGS84_LONLAT)
        return np.column_stack([xy, points[:, 2:]])

    lonlat = shapely.transform(shape, move, include_z=bool(shapely.has_z(shape)))
    west, south, east, north = lonlat.bounds
    if not (west >= -180 and east <= 180 and south >= -90 and north <= 90):
        raise BadGeometry(
            f"{name} reaches longitude {west:.3f}–{east:.3f}°, latitude {south:.3f}–{north:.3f}°; "
            "are the axes swapped, or metres taken for degrees?"
        )
    return lonlat


def _plain(value: object) -> object:
    """Give an attribute as plain Python; what is unknown is None."""
    if value is None or (isinstance(value, float | np.floating) and np.isnan(value)):
        return None
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, str) and value[:1] in "[{":
        try:
            return json.loads(value)
        except json.JSONDecodeError:
            return value
    return value

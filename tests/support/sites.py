"""Sites drawn in local metres, written as the files that a crew would bring."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from inspection.geo.frames import LocalFrame

KANAZAWA = LocalFrame(lon_deg=136.625669, lat_deg=36.594606)
DECK = [(0.0, 0.0), (62.0, 10.0), (61.0, 18.0), (-1.0, 8.0)]

Points = Sequence[tuple[float, float]]


def lonlat(points_m: Points, frame: LocalFrame = KANAZAWA) -> list[list[float]]:
    """Move local metres to longitude, latitude."""
    places = frame.to_lonlat_h([[x, y, 0.0] for x, y in points_m])
    return [[round(float(lon), 9), round(float(lat), 9)] for lon, lat, _ in places]


def polygon(points_m: Points, **properties: Any) -> dict[str, Any]:
    """Make a polygon feature."""
    return _feature("Polygon", [lonlat([*points_m, points_m[0]])], properties)


def line(points_m: Points, **properties: Any) -> dict[str, Any]:
    """Make a line feature."""
    return _feature("LineString", lonlat(points_m), properties)


def point(place_m: tuple[float, float], **properties: Any) -> dict[str, Any]:
    """Make a point feature."""
    return _feature("Point", lonlat([place_m])[0], properties)


def write(path: Path, *features: dict[str, Any]) -> Path:
    """Write features as GeoJSON."""
    document = {"type": "FeatureCollection", "features": list(features)}
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def _feature(kind: str, coordinates: object, properties: dict[str, Any]) -> dict[str, Any]:
    geometry = {"type": kind, "coordinates": coordinates}
    return {"type": "Feature", "properties": properties, "geometry": geometry}

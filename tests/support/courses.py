"""Small missions built by hand, in metres around a place in Kanazawa."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray

from flight.checks.course import Course
from flight.checks.layout import lay_out
from flight.inputs import InputFeature, read_features
from flight.mission import AltitudeFrame, FencePolygon, Mission, MissionItem
from inspection.geo.frames import LocalFrame

HOME = (36.594606, 136.625669)
FRAME = LocalFrame(lat_deg=HOME[0], lon_deg=HOME[1])


def latlon(x_m: float, y_m: float) -> tuple[float, float]:
    """Give (latitude, longitude) of metres east and north of home."""
    lon, lat, _ = FRAME.to_lonlat_h([[x_m, y_m, 0.0]])[0]
    return float(lat), float(lon)


def lonlats(points_m: Iterable[Sequence[float]]) -> list[list[float]]:
    """Give [longitude, latitude] of metres; further numbers are kept."""
    return [[*latlon(p[0], p[1])[::-1], *p[2:]] for p in points_m]


def item(
    command: int,
    *params: float | None,
    at_m: tuple[float, float, float] | None = None,
    frame: AltitudeFrame = AltitudeFrame.HOME,
) -> MissionItem:
    """Make an item; without a place it is a command."""
    four = [*params, *(0.0,) * 4][:4]
    if at_m is None:
        return MissionItem(
            command=command,
            frame=AltitudeFrame.MISSION,
            params=(four[0], four[1], four[2], four[3]),
            lat_deg=0.0,
            lon_deg=0.0,
            altitude_m=0.0,
        )
    lat, lon = latlon(at_m[0], at_m[1])
    return MissionItem(
        command=command,
        frame=frame,
        params=(four[0], four[1], four[2], four[3]),
        lat_deg=lat,
        lon_deg=lon,
        altitude_m=at_m[2],
    )


def takeoff(height_m: float) -> MissionItem:
    """Climb at home."""
    return MissionItem(
        command=22,
        frame=AltitudeFrame.HOME,
        params=(0, 0, 0, 0),
        lat_deg=0.0,
        lon_deg=0.0,
        altitude_m=height_m,
    )


def mission_through(
    *points_m: tuple[float, float, float],
    fence_m: Sequence[tuple[float, float]] | None = None,
    returns: bool = True,
    before: Sequence[MissionItem] = (),
    **changes: Any,
) -> Mission:
    """Take off to the first height, fly through points, return."""
    items = [takeoff(points_m[0][2]), *before, *(item(16, at_m=point) for point in points_m)]
    fields: dict[str, Any] = {
        "home_latlon_deg": HOME,
        "home_altitude_msl_m": 12.0,
        "items": tuple([*items, item(20)] if returns else items),
        "cruise_speed_m_s": 5.0,
    }
    if fence_m is not None:
        corners = tuple(latlon(x, y) for x, y in fence_m)
        fields["fence_polygons"] = (FencePolygon(vertices_latlon_deg=corners),)
    return Mission(**(fields | changes))


def course_through(*points_m: tuple[float, float, float], **changes: Any) -> Course:
    """Lay such a mission out."""
    return lay_out(mission_through(*points_m, **changes))


def write_geojson(
    path: Path, features: Iterable[tuple[str, object, dict[str, Any]]], **members: Any
) -> Path:
    """Write (type, coordinates, properties) as GeoJSON."""
    content = {
        "type": "FeatureCollection",
        "features": [
            {"type": "Feature", "geometry": {"type": t, "coordinates": c}, "properties": p}
            for t, c, p in features
        ],
        **members,
    }
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def square(x_m: float, y_m: float, half_m: float) -> list[list[list[float]]]:
    """Give the coordinates of a square around a place."""
    a, b, c, d = (-half_m, -half_m), (half_m, -half_m), (half_m, half_m), (-half_m, half_m)
    return [lonlats([(x_m + u, y_m + v) for u, v in (a, b, c, d, a)])]


def features_of(
    folder: Path, *features: tuple[str, object, dict[str, Any]]
) -> tuple[InputFeature, ...]:
    """Write features and read them as the product does."""
    return read_features(write_geojson(folder / "features.geojson", features))


def write_dem(
    path: Path,
    heights_m: NDArray[np.float64],
    *,
    west_m: float,
    north_m: float,
    step_m: float,
    nodata: float = -9999.0,
) -> Path:
    """Write heights above sea level, rows from the north, in the UTM zone of home."""
    from inspection.geo.frames import to_crs

    lat, lon = latlon(west_m, north_m)
    x, y = to_crs([[lon, lat]], "EPSG:4326", "EPSG:32653")[0]
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        height=heights_m.shape[0],
        width=heights_m.shape[1],
        count=1,
        dtype="float32",
        crs="EPSG:32653",
        transform=rasterio.transform.from_origin(x, y, step_m, step_m),
        nodata=nodata,
    ) as file:
        file.write(heights_m.astype(np.float32), 1)
    return path

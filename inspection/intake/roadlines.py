"""Read a road network and its places from GeoJSON, GeoPackage or other vector files."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import shapely
from pyogrio.errors import DataLayerError, DataSourceError

from inspection.domain.notation import fold, is_unknown
from inspection.domain.roadnetwork import Place, RoadLine
from inspection.errors import BadInput, NotFound
from inspection.geo.frames import WGS84_LONLAT, to_crs
from inspection.intake.cells import read_flag
from inspection.intake.reading import RowProblem
from inspection.intake.table import MAX_BYTES
from inspection.intake.vectorfile import check_vector_file, why

SUFFIXES = (".geojson", ".json", ".gpkg")
MAX_LINES = 2_000_000

SPEED_FIELDS = ("speed_kmh", "maxspeed", "速度", "規制速度")
ASSET_FIELDS = ("asset_id", "施設番号", "橋梁番号", "橋梁コード")
NAME_FIELDS = ("name", "名称", "地区名", "集落名")
PEOPLE_FIELDS = ("people", "population", "人口")
HUB_FIELDS = ("hub", "拠点")

DEFAULT_SPEED_KMH = 40.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Roads:
    """Carry the lines that were read, and what was not with its reason."""

    name: str
    lines: tuple[RoadLine, ...]
    problems: tuple[RowProblem, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Carry the places that were read, and what was not with its reason."""

    name: str
    places: tuple[Place, ...]
    problems: tuple[RowProblem, ...]


def read_roads(
    path: Path, *, layer: str | None = None, speed_kmh: float = DEFAULT_SPEED_KMH
) -> Roads:
    """Read the lines of a road network; lines of several parts are taken apart.

    Args:
        path: GeoJSON or GeoPackage, in any CRS that it names.
        layer: of a GeoPackage; the first unless named.
        speed_kmh: speed of a road whose feature does not say.

    Raises:
        NotFound: when there is no such file.
        BadInput: when it cannot be read, or has no line.
    """
    lines: list[RoadLine] = []
    problems: list[RowProblem] = []
    for number, shape, values in _features(path, layer):
        try:
            found = _lines(shape, values, speed_kmh)
        except BadInput as error:
            problems.append(RowProblem(line=number, column="", reason=str(error)))
            continue
        lines += found
    if not lines:
        raise BadInput(f"{path.name} has no road: its features must be lines")
    return Roads(name=path.name, lines=tuple(lines), problems=tuple(problems))


def read_places(path: Path, *, layer: str | None = None) -> Places:
    """Read places: points with a name, people, and whether help comes from there.

    Raises:
        NotFound: when there is no such file.
        BadInput: when it cannot be read, or has no place.
    """
    found: list[Place] = []
    problems: list[RowProblem] = []
    for number, shape, values in _features(path, layer):
        try:
            found.append(_place(shape, values, number))
        except BadInput as error:
            problems.append(RowProblem(line=number, column="", reason=str(error)))
    if not found:
        raise BadInput(f"{path.name} has no place: its features must be points")
    return Places(name=path.name, places=tuple(found), problems=tuple(problems))


def _features(
    path: Path, layer: str | None
) -> Iterator[tuple[int, shapely.Geometry | None, Mapping[str, Any]]]:
    """Give every feature with its number, its geometry in degrees WGS 84 and its values."""
    if not path.is_file():
        raise NotFound(f"there is no file {path}")
    if path.suffix.lower() not in SUFFIXES:
        raise BadInput(f"{path.name}: {path.suffix or 'no suffix'} is none of {SUFFIXES}")
    if path.stat().st_size > MAX_BYTES:
        raise BadInput(f"{path.name} is larger than {MAX_BYTES / 2**20:.0f} MB: split the file")
    check_vector_file(path, path.name)
    try:
        options = {} if layer is None else {"layer": layer}
        meta, _, geometry, columns = pyogrio.raw.read(path, **options)
    except (DataSourceError, DataLayerError, IndexError, ValueError) as error:
        raise BadInput(f"{path.name} cannot be read: {why(error, path, path.name)}") from error
    if geometry is None or len(geometry) > MAX_LINES:
        raise BadInput(f"{path.name} has no geometry, or more than {MAX_LINES} features")
    crs = str(meta["crs"] or WGS84_LONLAT)
    names = [str(name) for name in meta["fields"]]
    for number, wkb in enumerate(geometry):
        values = {n: column[number] for n, column in zip(names, columns, strict=True)}
        # what is no geometry becomes none, and the feature is set aside as one without
        shape = (
            None if wkb is None else shapely.force_2d(shapely.from_wkb(wkb, on_invalid="ignore"))
        )
        yield number + 1, None if shape is None else _to_lonlat(shape, crs), values


def _to_lonlat(shape: shapely.Geometry, crs: str) -> shapely.Geometry:
    if crs in (WGS84_LONLAT, "EPSG:4326"):
        return shape
    return shapely.transform(shape, lambda xy: np.asarray(to_crs(xy, crs, WGS84_LONLAT)))


def _lines(
    shape: shapely.Geometry | None, values: Mapping[str, Any], speed_kmh: float
) -> list[RoadLine]:
    """Build the lines of one feature."""
    if shape is None or shape.is_empty:
        raise BadInput("the feature has no geometry")
    parts = list(getattr(shape, "geoms", [shape]))
    if not all(isinstance(part, shapely.LineString) for part in parts):
        raise BadInput(f"the feature is a {shape.geom_type}; a road is a line")
    for part in parts:
        _check_lonlat(part)
    stated = _number(values, SPEED_FIELDS)
    written = _text(values, ASSET_FIELDS)
    asset_id = "" if is_unknown(written) else fold(written)  # as ledgers are read
    if not shape.length > 0:
        raise BadInput("the line has no length")
    return [
        RoadLine(
            line_lonlat=tuple((float(x), float(y)) for x, y in part.coords),
            speed_kmh=speed_kmh if stated is None else stated,
            asset_id=asset_id,
        )
        for part in parts
        if part.length > 0
    ]


def _place(shape: shapely.Geometry | None, values: Mapping[str, Any], number: int) -> Place:
    """Build one place."""
    if shape is None or shape.is_empty:
        raise BadInput("the feature has no geometry")
    _check_lonlat(shape)
    point = shape if isinstance(shape, shapely.Point) else shape.representative_point()
    return Place(
        name=_text(values, NAME_FIELDS) or f"place {number}",
        lonlat=(float(point.x), float(point.y)),
        people=_number(values, PEOPLE_FIELDS) or 0.0,
        hub=_is_hub(_text(values, HUB_FIELDS)),
    )


def _is_hub(text: str) -> bool:
    return text == "拠点" or bool(read_flag(text))


def _check_lonlat(shape: shapely.Geometry) -> None:
    west, south, east, north = shape.bounds
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        raise BadInput(f"the feature lies at {west:g}, {south:g}, outside of degrees: wrong CRS?")


def _number(values: Mapping[str, Any], names: tuple[str, ...]) -> float | None:
    """Give the first of some fields that has a number; text such as ``40 km/h`` counts."""
    for name in names:
        value = values.get(name)
        if value is None:
            continue
        text = str(value).split()[0] if str(value).split() else ""
        try:
            number = float(text)
        except ValueError as error:
            raise BadInput(f"{name} is {value!r}, which is no number") from error
        if not np.isnan(number):
            return number
    return None


def _text(values: Mapping[str, Any], names: tuple[str, ...]) -> str:
    for name in names:
        value = values.get(name)
        if value is not None and str(value) not in ("", "nan"):
            return str(value).removesuffix(".0") if isinstance(value, float) else str(value)
    return ""

"""Write open data: assets, damages, cells, municipalities, figures, changes, columns, xROAD."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import shapely

from inspection.codelists.opendata import OpenColumn
from inspection.domain.publicrow import level_of
from inspection.export.cells import Cell
from inspection.export.encoding import encode_rows
from inspection.export.geojson import bounds_of
from inspection.export.gpkgfile import Layer, write_layers
from inspection.geo.frames import WGS84_LONLAT
from inspection.geo.mesh import mesh_bounds

CSV_TYPE = "text/csv"
JSON_TYPE = "application/json"
GEOJSON_TYPE = "application/geo+json"
GPKG_TYPE = "application/geopackage+sqlite3"
JPEG_TYPE = "image/jpeg"

DAMAGE_COLUMNS = (
    ("damage_id", "損傷ID", "Damage"),
    ("asset_id", "施設番号", "Asset number"),
    ("inspected_fiscal_year", "点検年度", "Inspected in fiscal year"),
    ("damage_class", "損傷コード", "Damage code"),
    ("damage_ja", "損傷の種類", "Damage (ja)"),
    ("damage_en", "損傷の種類（英）", "Damage (en)"),
    ("member", "部材", "Member"),
    ("grade", "損傷程度", "Grade"),
    ("width_mm", "幅(mm)", "Width (mm)"),
    ("length_m", "長さ(m)", "Length (m)"),
    ("area_m2", "面積(m2)", "Area (m2)"),
    ("lat_deg", "緯度", "Latitude"),
    ("lon_deg", "経度", "Longitude"),
    ("photo", "写真", "Picture"),
)

COUNT_COLUMNS = (
    ("kind", "種別"),
    ("municipality", "市区町村名"),
    ("assets", "施設数"),
    ("published", "公開施設数"),
    ("inspected_in_cycle", "今巡点検済"),
    ("inspected_percent", "点検率(%)"),
    ("I", "Ⅰ"),
    ("II", "Ⅱ"),
    ("III", "Ⅲ"),
    ("IV", "Ⅳ"),
    ("urgent", "Ⅲ・Ⅳ計"),
    ("urgent_done", "措置済"),
    ("urgent_done_percent", "措置率(%)"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenData:
    """Carry what is published at one moment.

    Attributes:
        title: such as the month.
        columns: of the assets.
        assets: published rows.
        damages: published damages.
        meshes: assets and worst soundness by grid cell.
        figures: counts.
        changes: the change log.
    """

    title: str
    columns: Sequence[OpenColumn]
    assets: Sequence[Mapping[str, Any]]
    damages: Sequence[Mapping[str, Any]]
    meshes: Sequence[Mapping[str, Any]]
    figures: Mapping[str, Any]
    changes: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class DataFile:
    """Carry one file of open data."""

    name: str
    media_type: str
    content: bytes


def data_files(data: OpenData) -> tuple[DataFile, ...]:
    """Write every file of open data."""
    mesh_geojson = _collection(
        [_feature(str(m["mesh_code"]), _cell(m), dict(m)) for m in data.meshes]
    )
    return (
        _file("assets.csv", CSV_TYPE, assets_csv(data)),
        _file("assets_cp932.csv", f"{CSV_TYPE}; charset=shift_jis", assets_csv(data, cp932=True)),
        _file("assets.geojson", GEOJSON_TYPE, _json(assets_geojson(data.assets))),
        _file("assets_xroad.json", JSON_TYPE, _json({"result": xroad_rows(data)})),
        _file("damages.csv", CSV_TYPE, _damages_csv(data.damages)),
        _file("damages.geojson", GEOJSON_TYPE, _json(damages_geojson(data.damages))),
        _file("meshes.csv", CSV_TYPE, _meshes_csv(data.meshes)),
        _file("meshes.geojson", GEOJSON_TYPE, _json(mesh_geojson)),
        _file("municipalities.csv", CSV_TYPE, _municipalities_csv(data.figures)),
        _file("figures.json", JSON_TYPE, _json(data.figures)),
        _file("changes.csv", CSV_TYPE, _changes_csv(data.changes)),
        _file("columns.csv", CSV_TYPE, _columns_csv(data.columns)),
        _file("opendata.gpkg", GPKG_TYPE, _geopackage(data)),
    )


def assets_csv(data: OpenData, *, cp932: bool = False) -> bytes:
    """Write the assets as CSV with Japanese headings; UTF-8 with a mark, or CP932."""
    rows = [[row.get(column.name) for column in data.columns] for row in data.assets]
    heading = [column.ja for column in data.columns]
    content, _ = encode_rows(heading, rows, encoding="cp932" if cp932 else "utf-8-sig")
    return content


def assets_geojson(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Give the assets as a feature collection; one without a position has no geometry."""
    return _collection(
        [
            _feature(
                str(row["asset_id"]),
                _point(row),
                {k: v for k, v in row.items() if k not in ("lon_deg", "lat_deg")},
            )
            for row in rows
        ]
    )


def damages_geojson(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Give the damages as a feature collection of their outlines, exteriors counter-clockwise."""
    return _collection(
        [
            _feature(
                str(row["damage_id"]),
                _outline(row),
                {k: v for k, v in row.items() if k not in ("lon_deg", "lat_deg", "outline")},
            )
            for row in rows
        ]
    )


def xroad_rows(data: OpenData) -> list[dict[str, Any]]:
    """Lay the assets out as xROAD's basic API does, so that its importers read them.

    Soundness is 1 to 4 there.

    Source: domain specification §7.1.
    """
    found = []
    for row in data.assets:
        nested: dict[str, Any] = {}
        for column in data.columns:
            value = row.get(column.name)
            if not column.xroad or value in (None, ""):
                continue
            if column.name == "soundness":
                value = level_of(str(value))
                if value is None:
                    continue
            place = nested
            *path, last = column.xroad.split(".")
            for part in path:
                place = place.setdefault(part, {})
            place[last] = value
        found.append(nested)
    return found


def _outline(row: Mapping[str, Any]) -> shapely.Geometry | None:
    if row["outline"]:
        return shapely.orient_polygons(shapely.from_wkt(row["outline"]))
    return _point(row)


def _point(row: Mapping[str, Any]) -> shapely.Geometry | None:
    return None if row["lon_deg"] is None else shapely.Point(row["lon_deg"], row["lat_deg"])


def _feature(
    identifier: str, geometry: shapely.Geometry | None, properties: dict[str, Any]
) -> dict[str, Any]:
    """Give one feature (RFC 7946 §3.2); no geometry is null."""
    feature: dict[str, Any] = {"type": "Feature", "id": identifier}
    if geometry is not None:
        feature["bbox"] = [float(value) for value in geometry.bounds]
    feature["geometry"] = None if geometry is None else shapely.geometry.mapping(geometry)
    feature["properties"] = properties
    return feature


def _collection(features: list[dict[str, Any]]) -> dict[str, Any]:
    collection: dict[str, Any] = {"type": "FeatureCollection"}
    boxes = [feature["bbox"] for feature in features if "bbox" in feature]
    if boxes:
        collection["bbox"] = bounds_of(boxes)
    return collection | {"features": features}


def _cell(mesh: Mapping[str, Any]) -> shapely.Geometry:
    west, south, east, north = (round(v, 7) for v in mesh_bounds(str(mesh["mesh_code"])))
    return shapely.box(west, south, east, north, ccw=True)


def _damages_csv(rows: Sequence[Mapping[str, Any]]) -> bytes:
    table = [[row.get(name) for name, _, _ in DAMAGE_COLUMNS] for row in rows]
    content, _ = encode_rows([ja for _, ja, _ in DAMAGE_COLUMNS], table)
    return content


def _meshes_csv(rows: Sequence[Mapping[str, Any]]) -> bytes:
    heading = ["メッシュコード", "施設数", "最も悪い判定区分", "南西端緯度", "南西端経度"]
    table: list[list[Cell]] = []
    for row in rows:
        west, south, _, _ = mesh_bounds(str(row["mesh_code"]))
        table.append(
            [row["mesh_code"], row["assets"], row["worst"], round(south, 8), round(west, 8)]
        )
    content, _ = encode_rows(heading, table)
    return content


def _municipalities_csv(figures: Mapping[str, Any]) -> bytes:
    table = [
        [({**row, **row["soundness"]})[name] for name, _ in COUNT_COLUMNS]
        for row in figures["municipalities"]
    ]
    content, _ = encode_rows([ja for _, ja in COUNT_COLUMNS], table)
    return content


def _changes_csv(rows: Sequence[Mapping[str, Any]]) -> bytes:
    table: list[list[Cell]] = []
    for row in rows:
        columns = row["columns"] or {"": ["", ""]}
        for name, (before, after) in columns.items():
            table.append(
                [
                    row["day"],
                    row["action"],
                    row["asset_id"],
                    row["fiscal_year"],
                    name,
                    before,
                    after,
                ]
            )
    heading = ["日付", "種別", "施設番号", "点検年度", "項目", "変更前", "変更後"]
    content, _ = encode_rows(heading, table)
    return content


def _columns_csv(columns: Sequence[OpenColumn]) -> bytes:
    heading = ["項目名", "英名", "キー", "型", "xROAD", "説明", "説明（英）"]
    table = [[c.ja, c.en, c.name, c.kind, c.xroad, c.about_ja, c.about_en] for c in columns]
    content, _ = encode_rows(heading, table)
    return content


def _geopackage(data: OpenData) -> bytes:
    """Write layers of assets, damages and grid cells, and tables without geometry.

    A row without a position, or a damage without an outline, has no geometry but is there.
    """
    layers = [
        Layer(
            name="assets",
            kind="Point",
            shapes=[_point(row) for row in data.assets],
            table={c.name: [row.get(c.name) for row in data.assets] for c in data.columns},
        ),
        Layer(
            name="damages",
            kind="MultiPolygon",
            shapes=[_multi(_outline(row)) for row in data.damages],
            table={n: [row.get(n, "") for row in data.damages] for n, _, _ in DAMAGE_COLUMNS},
        ),
        Layer(
            name="meshes",
            kind="Polygon",
            shapes=[_cell(mesh) for mesh in data.meshes],
            table={
                name: [mesh[name] for mesh in data.meshes]
                for name in ("mesh_code", "assets", "worst")
            },
        ),
        Layer(
            name="municipalities",
            table={
                name: [({**row, **row["soundness"]})[name] for row in _towns(data)]
                for name, _ in COUNT_COLUMNS
            },
        ),
        Layer(
            name="columns",
            table={
                "name": [c.name for c in data.columns],
                "ja": [c.ja for c in data.columns],
                "en": [c.en for c in data.columns],
                "about_ja": [c.about_ja for c in data.columns],
                "about_en": [c.about_en for c in data.columns],
            },
        ),
    ]
    with TemporaryDirectory() as folder:
        path = Path(folder) / "opendata.gpkg"
        write_layers(path, layers, crs=WGS84_LONLAT)
        return path.read_bytes()


def _towns(data: OpenData) -> Sequence[Mapping[str, Any]]:
    rows: Sequence[Mapping[str, Any]] = data.figures["municipalities"]
    return rows


def _multi(shape: shapely.Geometry | None) -> shapely.Geometry | None:
    """Give an outline as polygons; None where there is only a point or nothing."""
    if shape is None or shape.geom_type == "Point":
        return None
    return shape if isinstance(shape, shapely.MultiPolygon) else shapely.MultiPolygon([shape])


def _json(content: object) -> bytes:
    text = json.dumps(content, ensure_ascii=False, allow_nan=False, indent=1, default=_plain)
    return (text + "\n").encode()


def _plain(value: object) -> object:
    """Give numbers of numpy as Python's own."""
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")


def _file(name: str, media_type: str, content: bytes) -> DataFile:
    return DataFile(name=name, media_type=media_type, content=content)

"""Open data opens in its own readers and says the same in every format."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pyogrio
import pytest
import shapely

from inspection.codelists.opendata import load_open_columns, load_redaction_rule
from inspection.domain.figures import FrozenAsset, figures_of
from inspection.domain.publicrow import meshes, redact
from inspection.export.opendata import DataFile, OpenData, data_files, xroad_rows
from inspection.pipeline.enrol import open_ledger
from tests.support.released import make_confirmed, make_record, with_sheet


@pytest.fixture(scope="module")
def data() -> OpenData:
    records = [
        make_record(),
        with_sheet(make_record(asset_id="ISK-0002", defects=()), lat_deg=None, lon_deg=None),
        with_sheet(
            make_record(
                asset_id="=cmd|A0",
                asset={"name": "𠮷田橋〜側道", "kind": "bridge"},
                defects=(make_confirmed(7, lon_deg=None, lat_deg=None, outline_lonlat=""),),
            ),
            municipality="",
        ),
    ]
    rule = load_redaction_rule()
    passed = [redact(record, rule=rule, published_on="2026-05-01") for record in records]
    frozen = [
        FrozenAsset(
            asset_id=p.row["asset_id"],
            kind="bridge",
            municipality=p.row["municipality"],
            published=True,
            soundness=2,
            inspected_fiscal_year=2026,
            measure_done=False,
        )
        for p in passed
    ]
    cells = [{"mesh_code": p.mesh_code, "soundness": 2} for p in passed]
    return OpenData(
        title="2026-05",
        columns=load_open_columns(),
        assets=[p.row for p in passed],
        damages=[damage for p in passed for damage in p.damages],
        meshes=meshes(cells, 3),
        figures=figures_of(frozen, fiscal_year=2026),
        changes=[
            {
                "day": "2026-05-01",
                "action": "publish",
                "asset_id": "ISK-0001",
                "fiscal_year": 2026,
                "columns": {"soundness": ["I", "II"]},
            },
            {
                "day": "2026-05-02",
                "action": "withdraw",
                "asset_id": "=cmd|A0",
                "fiscal_year": 2026,
                "columns": {},
            },
        ],
    )


@pytest.fixture(scope="module")
def files(data: OpenData) -> dict[str, DataFile]:
    return {file.name: file for file in data_files(data)}


def rows_of(file: DataFile, encoding: str = "utf-8-sig") -> list[dict[str, str]]:
    text = file.content.decode(encoding)
    assert text.count("\r\n") == text.count("\n")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_csv_has_the_japanese_headings_and_no_formula(files: dict[str, DataFile]) -> None:
    rows = rows_of(files["assets.csv"])
    assert files["assets.csv"].content.startswith(b"\xef\xbb\xbf")
    assert list(rows[0]) == [column.ja for column in load_open_columns()]
    assert rows[0]["橋長(m)"] == "62.3"
    assert rows[0]["緯度"] == "36.59461"
    assert rows[1]["緯度"] == ""
    assert rows[2]["施設番号"] == "'=cmd|A0"


def test_the_same_in_cp932_with_what_it_lacks_replaced(files: dict[str, DataFile]) -> None:
    rows = rows_of(files["assets_cp932.csv"], "cp932")
    assert rows[2]["橋梁名"] == "〓田橋～側道"
    assert rows[0]["橋梁名"] == "犀川大橋"


def feature_rules(collection: dict[str, Any]) -> None:
    """Check what RFC 7946 demands."""
    assert collection["type"] == "FeatureCollection"
    assert "crs" not in collection
    for feature in collection["features"]:
        assert feature["type"] == "Feature"
        assert isinstance(feature["id"], str)
        assert isinstance(feature["properties"], dict)
        if feature["geometry"] is None:
            continue
        shape = shapely.geometry.shape(feature["geometry"])
        assert shape.is_valid
        assert -180 <= shape.bounds[0] and shape.bounds[3] <= 90
        for part in shapely.get_parts(shape):
            if part.geom_type == "Polygon":
                assert part.exterior.is_ccw
        assert feature["bbox"] == pytest.approx(list(shape.bounds))


@pytest.mark.parametrize("name", ["assets", "damages", "meshes"])
def test_geojson_follows_its_standard(files: dict[str, DataFile], name: str) -> None:
    collection = json.loads(files[f"{name}.geojson"].content)
    feature_rules(collection)
    assert collection["features"]


def test_geojson_and_geopackage_open_in_gdal(
    files: dict[str, DataFile], data: OpenData, tmp_path: Path
) -> None:
    for name in ("assets.geojson", "opendata.gpkg"):
        (tmp_path / name).write_bytes(files[name].content)
    info = pyogrio.read_info(tmp_path / "assets.geojson")
    assert info["features"] == 3
    layers = dict(pyogrio.list_layers(tmp_path / "opendata.gpkg").tolist())
    assert layers == {
        "assets": "Point",
        "damages": "MultiPolygon",
        "meshes": "Polygon",
        "municipalities": None,
        "columns": None,
    }
    found = pyogrio.read_info(tmp_path / "opendata.gpkg", layer="assets")
    assert (found["features"], found["crs"]) == (3, "EPSG:4326")
    _, _, points, _ = pyogrio.raw.read(tmp_path / "opendata.gpkg", layer="assets")
    assert [point is None for point in points].count(True) == 1  # there, but nobody knows where
    meta, _, shapes, fields = pyogrio.raw.read(tmp_path / "opendata.gpkg", layer="damages")
    place = list(meta["fields"]).index("damage_id")
    assert set(fields[place]) == {row["damage_id"] for row in data.damages}
    outlined = {row["damage_id"] for row in data.damages if row["outline"]}
    drawn = {name for name, shape in zip(fields[place], shapes, strict=True) if shape is not None}
    assert drawn == outlined
    assert outlined


def test_cells_and_municipalities_and_columns(files: dict[str, DataFile], data: OpenData) -> None:
    cells = rows_of(files["meshes.csv"])
    assert cells[0]["メッシュコード"] == "54367510"
    assert cells[0]["最も悪い判定区分"] == ""  # two assets are too few
    towns = {row["市区町村名"]: row for row in rows_of(files["municipalities.csv"])}
    assert towns["金沢市"]["施設数"] == "2"
    assert towns[""]["Ⅱ"] == "1"
    assert len(rows_of(files["columns.csv"])) == len(data.columns)
    assert json.loads(files["figures.json"].content) == data.figures


def test_the_change_log_names_the_change_and_no_person(files: dict[str, DataFile]) -> None:
    rows = rows_of(files["changes.csv"])
    assert rows[0] == {
        "日付": "2026-05-01",
        "種別": "publish",
        "施設番号": "ISK-0001",
        "点検年度": "2026",
        "項目": "soundness",
        "変更前": "I",
        "変更後": "II",
    }
    assert (rows[1]["種別"], rows[1]["施設番号"]) == ("withdraw", "'=cmd|A0")


def test_xroad_rows_are_nested_and_count_soundness(data: OpenData) -> None:
    first = xroad_rows(data)[0]
    assert first["shisetsu_bangou"] == "ISK-0001"
    assert first["tenken"] == {"nendo": 2026, "kiroku": {"hantei_kubun": 2}}
    assert first["syogen"]["ichi"] == {"ido": 36.59461, "keido": 136.62567}


def test_our_own_importer_reads_xroad_back(files: dict[str, DataFile], tmp_path: Path) -> None:
    path = tmp_path / "xroad.json"
    path.write_bytes(files["assets_xroad.json"].content)
    opened = open_ledger(path)
    said = str(opened)
    assert "ISK-0001" in said
    assert "犀川大橋" in said


def test_nothing_published_is_still_whole(tmp_path: Path) -> None:
    empty = OpenData(
        title="2026-05",
        columns=load_open_columns(),
        assets=[],
        damages=[],
        meshes=[],
        figures=figures_of([], fiscal_year=2026),
        changes=[],
    )
    for file in data_files(empty):
        assert file.content
    (tmp_path / "o.gpkg").write_bytes(
        next(f for f in data_files(empty) if f.name == "opendata.gpkg").content
    )
    assert len(pyogrio.list_layers(tmp_path / "o.gpkg")) == 5

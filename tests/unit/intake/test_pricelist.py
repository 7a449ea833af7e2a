"""Price lists and road files: what is read, and what is refused with its line and reason."""

import json
from pathlib import Path

import numpy as np
import openpyxl
import pyogrio
import pytest
import shapely

from inspection.codelists.columns import COSTS, load_fields
from inspection.domain.asset import AssetKind
from inspection.domain.programme import Work
from inspection.domain.unitcost import CostUnit, UnitCost
from inspection.errors import BadInput, NotFound
from inspection.intake.mapping import map_columns
from inspection.intake.opening import open_table
from inspection.intake.pricelist import read_price_list
from inspection.intake.reading import ReadRows
from inspection.intake.roadlines import read_places, read_roads

HEADING = "工種,対策,単位,単価（円）,単価(千円),施設種別,対象健全性,対象構造,諸経費率(%),施設番号\n"


def read(path: Path) -> ReadRows[UnitCost]:
    fields = load_fields(COSTS)
    table = open_table(path, fields)
    return read_price_list(table, map_columns(table, fields, needed=("work",)))


def csv(tmp_path: Path, *rows: str, encoding: str = "utf-8-sig") -> ReadRows[UnitCost]:
    path = tmp_path / "prices.csv"
    path.write_bytes((HEADING + "\n".join(rows) + "\n").encode(encoding))
    return read(path)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-8", "cp932"])
def test_a_price_in_every_encoding(tmp_path: Path, encoding: str) -> None:
    found = csv(tmp_path, '床版補強,大規模補修,㎡,"160,000",,橋梁,Ⅲ・Ⅳ,鋼,60,', encoding=encoding)
    assert found.problems == ()
    ((line, row),) = found.rows
    assert line == 2
    assert row == UnitCost(
        name="床版補強", work=Work.MAJOR, unit=CostUnit.SQUARE_METRE, yen=160_000,
        soundness=frozenset({"III", "IV"}), structure="鋼", overhead_percent=60,
    )  # fmt: skip


def test_thousands_estimates_and_pavement(tmp_path: Path) -> None:
    found = csv(
        tmp_path,
        "架替え,更新,,,125000,,,,,N-04",
        "切削オーバーレイ,修繕,m2,6000,,舗装,Ⅲ－１,,,",
    )
    assert found.problems == ()
    estimate, overlay = (row for _, row in found.rows)
    assert (estimate.asset_id, estimate.yen, estimate.unit) == ("N-04", 125e6, CostUnit.EACH)
    assert overlay.kind is AssetKind.PAVEMENT_SECTION
    assert overlay.soundness == {"III-1"}


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("x,塗装,m2,100,,,,,,", "'塗装' is none of"),
        ("x,,m2,100,,,,,,", "does not say which work"),
        ("x,更新,,100,,,,,,", "names no unit"),
        ("x,更新,km,100,,,,,,", "'km' is none of"),
        ("x,更新,m2,,,,,,,", "no price"),
        ("x,更新,m2,100,1,,,,,", "one in thousands"),
        ("x,更新,m2,0,,,,,,", "outside 1 to"),
        ("x,更新,m2,安い,,,,,,", "安い"),
        ("x,更新,m2,100,,,Ⅴ,,,", "none of I, II, III, IV"),
        ("x,更新,m2,100,,舗装,Ⅳ,,,", "'IV' is none of"),
        ("x,更新,m2,100,,,,,999,", "outside 0 to 300"),
        ("x,更新,m2,100,,,,,,N-1", "price for the whole work"),
    ],
)
def test_a_row_that_cannot_be_read_is_named_and_the_rest_goes_in(
    tmp_path: Path, row: str, says: str
) -> None:
    found = csv(tmp_path, row, "ok,更新,m2,100,,,,,,")
    assert [r.name for _, r in found.rows] == ["ok"]
    (problem,) = found.problems
    assert problem.line == 2
    assert says in str(problem)


def test_the_same_price_twice_is_told(tmp_path: Path) -> None:
    found = csv(tmp_path, "a,更新,m2,1,,,,,,", "a,更新,m2,1,,,,,,")
    assert len(found.rows) == 1
    assert "line 2 already" in str(found.problems[0])


def test_a_workbook(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for row in (["工種", "対策", "単位", "単価"], ["点検", "定期点検", "m", 18000]):
        book.active.append(row)
    book.save(tmp_path / "p.xlsx")
    ((_, one),) = read(tmp_path / "p.xlsx").rows
    assert (one.work, one.unit, one.yen) == (Work.INSPECTION, CostUnit.METRE, 18000)


def feature(geometry: object, **properties: object) -> dict[str, object]:
    return {"type": "Feature", "geometry": geometry, "properties": properties}


def geojson(tmp_path: Path, *features: dict[str, object]) -> Path:
    path = tmp_path / "x.geojson"
    path.write_text(
        json.dumps({"type": "FeatureCollection", "features": list(features)}), encoding="utf-8"
    )
    return path


LINE = {"type": "LineString", "coordinates": [[136.9, 37.3], [136.91, 37.31]]}
POINT = {"type": "Point", "coordinates": [136.9, 37.3]}


def test_roads_with_speeds_and_parts(tmp_path: Path) -> None:
    several = {"type": "MultiLineString", "coordinates": [LINE["coordinates"], [[137, 37], [137, 37.1]]]}  # fmt: skip  # noqa: E501
    found = read_roads(
        geojson(tmp_path, feature(LINE, maxspeed="50 km/h", asset_id="B-1"), feature(several)),
        speed_kmh=30,
    )
    assert [line.speed_kmh for line in found.lines] == [50, 30, 30]
    assert [line.asset_id for line in found.lines] == ["B-1", "", ""]
    assert found.problems == ()


def test_a_geopackage_in_metres_is_read_in_degrees(tmp_path: Path) -> None:
    line = shapely.LineString([(-48404.916, 66109.811), (-48000, 66109.811)])
    pyogrio.raw.write(
        tmp_path / "roads.gpkg", geometry=np.array([shapely.to_wkb(line)], dtype=object),
        field_data=[np.array([60.0])], fields=["speed_kmh"], layer="drm", driver="GPKG",
        geometry_type="LineString", crs="EPSG:6675",
    )  # fmt: skip
    (found,) = read_roads(tmp_path / "roads.gpkg", layer="drm").lines
    assert found.line_lonlat[0] == pytest.approx((136.625669, 36.594606), abs=1e-6)
    assert found.speed_kmh == 60
    with pytest.raises(BadInput, match="cannot be read"):
        read_roads(tmp_path / "roads.gpkg", layer="ghost")


def test_places_with_people_and_hubs(tmp_path: Path) -> None:
    square = {"type": "Polygon", "coordinates": [[[0, 0], [2, 0], [2, 2], [0, 0]]]}
    found = read_places(
        geojson(
            tmp_path,
            feature(POINT, 名称="七尾", 人口="1200", 拠点="○"),
            feature(square, population=3),
        )
    ).places
    assert [(p.name, p.people, p.hub) for p in found] == [
        ("七尾", 1200, True),
        ("place 2", 3, False),
    ]


def test_features_that_cannot_be_used_are_named(tmp_path: Path) -> None:
    far = {"type": "LineString", "coordinates": [[5000, 6000], [5001, 6000]]}
    found = read_roads(
        geojson(tmp_path, feature(POINT), feature(None), feature(far),
                feature(LINE, speed_kmh="fast"), feature(LINE, speed_kmh=900), feature(LINE))
    )  # fmt: skip
    assert len(found.lines) == 1
    assert [p.line for p in found.problems] == [1, 2, 3, 4, 5]
    words = " | ".join(str(p) for p in found.problems)
    for says in ("a Point; a road is a line", "no geometry", "wrong CRS", "no number", "1 to 200"):
        assert says in words


def test_files_that_are_no_network(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no file"):
        read_roads(tmp_path / "missing.gpkg")
    (tmp_path / "x.shp").write_bytes(b"")
    with pytest.raises(BadInput, match="none of"):
        read_roads(tmp_path / "x.shp")
    with pytest.raises(BadInput, match="has no road"):
        read_roads(geojson(tmp_path, feature(POINT)))
    (tmp_path / "y.geojson").write_text("not json")
    with pytest.raises(BadInput, match="cannot be read"):
        read_roads(tmp_path / "y.geojson")
    with pytest.raises(BadInput, match="has no place"):
        read_places(geojson(tmp_path, feature(POINT, people=-3)))

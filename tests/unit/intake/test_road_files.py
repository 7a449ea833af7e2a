"""Road networks and places: every feature is read or reported, in any frame and any spelling."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from inspection.domain.notation import fold
from inspection.errors import BadInput, NotFound
from inspection.geo.frames import WGS84_LONLAT, to_crs
from inspection.intake import roadlines
from inspection.intake.roadlines import DEFAULT_SPEED_KMH, Roads, read_places, read_roads

LINE = [[136.9, 37.3], [136.91, 37.31]]
PLANE = "EPSG:6675"


def road(coordinates: Any = LINE, kind: str = "LineString", **properties: object) -> dict[str, Any]:
    return {"type": "Feature", "properties": properties,
            "geometry": {"type": kind, "coordinates": coordinates}}  # fmt: skip


def place(lon: float = 136.9, lat: float = 37.3, **properties: object) -> dict[str, Any]:
    return road([lon, lat], "Point", **properties)


def write(folder: Path, *features: dict[str, Any], name: str = "x.geojson") -> Path:
    path = folder / name
    collection = {"type": "FeatureCollection", "features": features}
    path.write_text(json.dumps(collection, ensure_ascii=False), encoding="utf-8")
    return path


def write_gpkg(
    path: Path, shapes: list[shapely.Geometry | None], crs: str = PLANE, **columns: Any
) -> Path:
    pyogrio.raw.write(
        path, geometry=np.array([None if s is None else shapely.to_wkb(s) for s in shapes], object),
        field_data=list(columns.values()), fields=list(columns), layer="roads", driver="GPKG",
        geometry_type="Unknown", crs=crs,
    )  # fmt: skip
    return path


def test_a_line_without_length_is_reported_and_not_dropped(tmp_path: Path) -> None:
    nowhere = road([[136.9, 37.3], [136.9, 37.3]])
    found = read_roads(write(tmp_path, road(), nowhere))
    assert len(found.lines) == 1
    assert [(p.line, p.reason) for p in found.problems] == [(2, "the line has no length")]
    with pytest.raises(BadInput, match=r"x\.geojson has no road"):
        read_roads(write(tmp_path, nowhere))


def test_of_several_parts_those_with_a_length_are_roads(tmp_path: Path) -> None:
    parts = [LINE, [[137, 37], [137, 37]], [[137, 37], [137, 37.1], [137.1, 37.1]]]
    found = read_roads(write(tmp_path, road(parts, "MultiLineString", 規制速度="60")))
    assert [len(line.line_lonlat) for line in found.lines] == [2, 3]
    assert {line.speed_kmh for line in found.lines} == {60}
    assert found.problems == ()


@pytest.mark.parametrize(
    ("properties", "speed"),
    [
        ({}, DEFAULT_SPEED_KMH), ({"speed_kmh": None}, DEFAULT_SPEED_KMH),
        ({"speed_kmh": ""}, None),
        ({"speed_kmh": 1}, 1), ({"speed_kmh": 200}, 200), ({"maxspeed": "50 km/h"}, 50),
        ({"速度": "４０"}, 40), ({"speed_kmh": 30, "maxspeed": "60"}, 30),
        ({"speed_kmh": 0}, None), ({"speed_kmh": 201}, None), ({"speed_kmh": "fast"}, None),
        ({"speed_kmh": -40}, None), ({"maxspeed": "50km/h"}, None), ({"速度": "inf"}, None),
    ],
)  # fmt: skip
def test_speeds(tmp_path: Path, properties: dict[str, Any], speed: float | None) -> None:
    other = road([[137, 37], [137, 37.1]])
    found = read_roads(write(tmp_path, road(**properties), other))
    if speed is None:
        (problem,) = found.problems
        assert problem.line == 1
        assert "no number" in problem.reason or "1 to 200 km/h" in problem.reason
    else:
        assert (found.lines[0].speed_kmh, found.problems) == (speed, ())


@given(st.text(st.sampled_from("ＩＳＫisk０１12－- 　橋"), min_size=1, max_size=8))
@settings(max_examples=30, deadline=None)
def test_an_asset_has_the_same_number_on_its_road_as_in_its_ledger(number: str) -> None:
    from inspection.codelists.columns import load_fields
    from inspection.intake.cells import read_cell

    in_ledger = read_cell(number, load_fields()["asset_id"]) or ""
    (line,) = roadlines._lines(shapely.LineString(LINE), {"橋梁番号": number}, 40.0)
    assert line.asset_id == in_ledger
    assert in_ledger in (fold(number), "")


@pytest.mark.parametrize(
    ("said", "hub"),
    [("拠点", True), ("○", True), ("〇", True), ("◯", True), ("有", True), ("1", True), (1, True),
     (True, True), ("True", True), ("はい", True), ("無", False), ("×", False), ("0", False),
     (False, False), ("", False), (None, False), ("不明", False)],
)  # fmt: skip
def test_where_help_comes_from(tmp_path: Path, said: object, hub: bool) -> None:
    (found,) = read_places(write(tmp_path, place(name="七尾", 拠点=said))).places
    assert found.hub is hub


def test_a_hub_that_is_neither_yes_nor_no_is_reported(tmp_path: Path) -> None:
    found = read_places(write(tmp_path, place(hub="たぶん"), place(hub="有")))
    assert [p.hub for p in found.places] == [True]
    assert "neither yes" in found.problems[0].reason


@pytest.mark.parametrize(
    ("people", "read"),
    [(0, 0.0), ("1,200", None), ("1200", 1200.0), (12.5, 12.5), (None, 0.0), (1e9, None),
    (-1, None),
     ("約30", None), ("30 人", 30.0), ("３０", 30.0)],
)  # fmt: skip
def test_people(tmp_path: Path, people: object, read: float | None) -> None:
    found = read_places(write(tmp_path, place(人口=people), place(name="other")))
    if read is None:
        assert [p.line for p in found.problems] == [1]
        assert str(people).split()[0][:2] in found.problems[0].reason or "people" in str(
            found.problems[0]
        )
    else:
        assert found.places[0].people == read


def test_a_place_without_a_name_is_called_by_its_number(tmp_path: Path) -> None:
    found = read_places(write(tmp_path, place(), place(name="", 集落名="白米"), place(name=None)))
    assert [p.name for p in found.places] == ["place 1", "白米", "place 3"]


def test_an_area_is_a_place_at_a_point_inside_it(tmp_path: Path) -> None:
    horseshoe = [[[0, 0], [3, 0], [3, 3], [2, 3], [2, 1], [1, 1], [1, 3], [0, 3], [0, 0]]]
    (found,) = read_places(write(tmp_path, road(horseshoe, "Polygon", name="U"))).places
    assert shapely.Polygon(horseshoe[0]).contains(shapely.Point(found.lonlat))


@pytest.mark.parametrize(
    ("coordinates", "good"),
    [
        ([[180, 0], [179, 0]], True), ([[-180, -90], [-179, -90]], True),
        ([[0, 90], [1, 90]], True),
        ([[180.001, 0], [179, 0]], False), ([[0, 90.001], [1, 90]], False),
        ([[-48404.9, 66109.8], [-48000, 66000]], False),
    ],
)  # fmt: skip
def test_degrees_end_where_the_earth_does(tmp_path: Path, coordinates: Any, good: bool) -> None:
    found = read_roads(write(tmp_path, road(coordinates), road()))
    assert len(found.lines) == 1 + good
    assert [("wrong CRS" in p.reason) for p in found.problems] == ([] if good else [True])


@pytest.mark.parametrize("kind", ["Point", "Polygon", "GeometryCollection"])
def test_a_road_is_a_line_and_nothing_else(tmp_path: Path, kind: str) -> None:
    square = [[[136, 37], [137, 37], [137, 38], [136, 37]]]
    shapes = {"Point": road([136, 37], "Point"), "Polygon": road(square, "Polygon")}
    other = shapes.get(kind, {"type": "Feature", "properties": {}, "geometry": {
        "type": "GeometryCollection", "geometries": [shapes["Point"]["geometry"]]}})  # fmt: skip
    found = read_roads(write(tmp_path, road(), other))
    assert len(found.lines) == 1
    assert found.problems[0].reason == f"the feature is a {kind}; a road is a line"


def test_heights_are_left_out(tmp_path: Path) -> None:
    found = read_roads(write(tmp_path, road([[136, 37, 12.5], [136.1, 37, 13]])))
    assert found.lines[0].line_lonlat == ((136.0, 37.0), (136.1, 37.0))


LENGTHS = st.lists(
    st.tuples(st.integers(-20_000, 20_000), st.integers(40_000, 90_000)), min_size=2, max_size=5,
    unique=True,
)  # fmt: skip


@given(LENGTHS)
@settings(max_examples=15, deadline=None)
def test_metres_and_degrees_are_the_same_road(
    tmp_path_factory: pytest.TempPathFactory, points: list[tuple[int, int]]
) -> None:
    folder = tmp_path_factory.mktemp("road")
    degrees = to_crs(points, PLANE, WGS84_LONLAT)
    metres = read_roads(write_gpkg(folder / "m.gpkg", [shapely.LineString(points)]))
    plain = read_roads(write(folder, road(degrees.tolist())))
    assert np.allclose(metres.lines[0].line_lonlat, plain.lines[0].line_lonlat, atol=1e-9)
    assert shapely.LineString(plain.lines[0].line_lonlat).length > 0


def test_a_geopackage_with_holes_in_its_columns(tmp_path: Path) -> None:
    line = shapely.LineString([(-48404, 66109), (-48000, 66109)])
    path = write_gpkg(
        tmp_path / "r.gpkg", [line, None, line, shapely.LineString()],
        speed_kmh=np.array([60.0, 50.0, np.nan, 40.0]),
        橋梁番号=np.array([12.0, 13.0, np.nan, 14.0]),
    )  # fmt: skip
    found = read_roads(path, speed_kmh=33)
    assert [(line.speed_kmh, line.asset_id) for line in found.lines] == [(60, "12"), (33, "")]
    assert [(p.line, p.reason) for p in found.problems] == [
        (2, "the feature has no geometry"), (4, "the feature has no geometry"),
    ]  # fmt: skip


def test_a_layer_is_chosen_by_name(tmp_path: Path) -> None:
    path = write_gpkg(tmp_path / "r.gpkg", [shapely.LineString([(0, 0), (9, 9)])])
    assert isinstance(read_roads(path, layer="roads"), Roads)
    with pytest.raises(BadInput, match=r"r\.gpkg cannot be read: .*ghost"):
        read_roads(path, layer="ghost")


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("x.geojson", b"", "cannot be read"),
        ("x.geojson", b'{"type": "FeatureCollection"}', "x.geojson"),
        ("x.gpkg", b"SQLite format 3\0", "cannot be read"),
        ("x.json", b"[1, 2", "cannot be read"),
        ("x.kml", b"<kml/>", r"\.kml is none of"),
        ("roads", b"", "no suffix is none of"),
    ],
)
def test_files_that_are_none_are_refused_by_name(
    tmp_path: Path, name: str, content: bytes, says: str
) -> None:
    (tmp_path / name).write_bytes(content)
    for reader in (read_roads, read_places):
        with pytest.raises(BadInput, match=says):
            reader(tmp_path / name)
        with pytest.raises(NotFound, match="there is no file"):
            reader(tmp_path / f"missing-{name}")


def test_files_and_networks_beyond_the_limits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path, road(), road())
    monkeypatch.setattr(roadlines, "MAX_BYTES", path.stat().st_size)
    monkeypatch.setattr(roadlines, "MAX_LINES", 2)
    assert len(read_roads(path).lines) == 2
    monkeypatch.setattr(roadlines, "MAX_LINES", 1)
    with pytest.raises(BadInput, match="more than 1 features"):
        read_roads(path)
    monkeypatch.setattr(roadlines, "MAX_BYTES", path.stat().st_size - 1)
    with pytest.raises(BadInput, match="split the file"):
        read_roads(path)


def test_order_does_not_matter_and_nothing_is_lost(tmp_path: Path) -> None:
    features = [road(speed_kmh=n) for n in (0, 10, 20, 300)] + [place(), road(橋梁番号="A")]
    forth, back = (
        read_roads(write(tmp_path, *order)) for order in (features, features[::-1])
    )  # fmt: skip
    assert len(forth.lines) + len(forth.problems) == len(features)
    assert set(forth.lines) == set(back.lines)
    assert {7 - p.line for p in back.problems} == {p.line for p in forth.problems}

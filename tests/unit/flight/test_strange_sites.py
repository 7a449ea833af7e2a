"""Sites as people really bring them: editors, units, signs and languages of all kinds.

A site is drawn in a GIS, exported by somebody else, and read on a laptop at the river. What can be
understood is understood the same whatever wrote it; what cannot is named by its feature.
"""

import copy
import json
import math
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString, Point, Polygon, box

from flight.flightplan import Pattern
from flight.inputs import GREATEST_FEATURES, InputFeature, read_features
from flight.site import (
    FARTHEST_M,
    OUT_OF_THE_WAY_M,
    WANTED_SHAPES,
    LocalFeature,
    check_shapes,
    choose_takeoff,
    circle,
    face_line,
    to_local,
)
from inspection.errors import BadGeometry, BadInput, TenkenError
from tests.support.planned import feature, planned
from tests.support.sites import DECK, KANAZAWA, line, lonlat, point, polygon, write

RING = lonlat([*DECK, DECK[0]])


def document(**properties: Any) -> dict[str, Any]:
    return {"type": "FeatureCollection", "features": [polygon(DECK, **properties)]}


def read_text(folder: Path, text: str | bytes, name: str = "site.geojson") -> Any:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_features(path)


# --- GeoJSON -------------------------------------------------------------------------------------


@pytest.mark.parametrize("before", ["", "\ufeff", "\n\n  "])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_editors_of_every_kind_may_write_geojson(tmp_path: Path, before: str, newline: str) -> None:
    text = before + json.dumps(document(name="床版"), ensure_ascii=False, indent=1)
    (found,) = read_text(tmp_path, text.replace("\n", newline))
    assert found.name == "床版"
    np.testing.assert_allclose(shapely.get_coordinates(found.shape), RING, atol=1e-9)


@pytest.mark.parametrize(
    "name", ["橋脚 P1", "ｷｮｳｷｬｸ", "P１", "𠮷野橋", "a'b\"c", "É é", "<b>", "名\t前", "0"]
)
def test_any_name_is_kept(tmp_path: Path, name: str) -> None:
    (found,) = read_text(tmp_path, json.dumps(document(name=name), ensure_ascii=False))
    assert found.name == name


@pytest.mark.parametrize(
    ("properties", "name"),
    [
        ({"name": "a", "element": "b"}, "a"), ({"element": "b", "id": 7}, "b"),
        ({"名称": "橋", "id": 7}, "橋"), ({"部材": "床版"}, "床版"), ({"id": 7}, "7"),
        ({"NAME": "big"}, "big"), ({"name": "", "element": "b"}, "b"),
        ({"name": None}, "feature 1"), ({"name": [1, 2]}, "feature 1"), ({"name": 5}, "5"),
        ({}, "feature 1"), ({"other": 1}, "feature 1"),
    ],
)  # fmt: skip
def test_golden_choice_of_a_name(tmp_path: Path, properties: dict[str, Any], name: str) -> None:
    (found,) = read_text(tmp_path, json.dumps(document(**properties)))
    assert found.name == name


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (9, 9.0),
        ("9", 9.0),
        (" 9.5 ", 9.5),
        ("９", 9.0),
        (-2, -2.0),
        (0, 0.0),
        (None, None),
        ("", None),
    ],
)
def test_golden_numbers_of_attributes(tmp_path: Path, value: object, number: float | None) -> None:
    (found,) = read_text(tmp_path, json.dumps(document(name="deck", height_m=value)))
    assert found.number("height_m") == number
    assert found.number("none", "height_m") == number


@pytest.mark.parametrize(
    "value", ["9 m", "九", "1,5", [9], [1, 2], {"m": 9}, "nan", "inf", "1e999"]
)
def test_what_is_no_number_is_told_with_its_feature(tmp_path: Path, value: object) -> None:
    (found,) = read_text(tmp_path, json.dumps(document(name="deck", height_m=value)))
    with pytest.raises(BadInput, match=r"feature 'deck': height_m is"):
        found.number("height_m")


def places(node: Any, before: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    keys = list(node) if isinstance(node, dict) else range(min(len(node), 2))
    for key in keys:
        yield (*before, key)
        if isinstance(node[key], dict | list):
            yield from places(node[key], (*before, key))


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # GDAL's own words about what it leaves out
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_one_wrong_value_is_refused_in_words_or_read(tmp_path: Path) -> None:
    whole = document(name="deck", height_m=9)
    hostile: list[object] = [None, "x", -1, 1e300, [], {}, True, [1, 2], float("nan"), "ｘ"]
    for place in places(whole):
        for value in hostile:
            changed = copy.deepcopy(whole)
            node: Any = changed
            for key in place[:-1]:
                node = node[key]
            node[place[-1]] = value
            try:
                for found in read_text(tmp_path, json.dumps(changed)):
                    assert np.isfinite(shapely.get_coordinates(found.shape)).all()
                    found.number("height_m")
            except TenkenError as error:
                assert str(error)


@pytest.mark.parametrize(
    "content",
    [b"", b"null", b"5", b"{}", b"[" * 50_000, b"\xff\xfe{}", "点検".encode("shift_jis"),
     json.dumps(document()).encode("utf-16"), b"<html></html>", b"PK\x03\x04"],
    ids=range(10),
)  # fmt: skip
def test_what_is_no_site_at_all_is_told(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(BadInput, match=r"site\.geojson"):
        read_text(tmp_path, content)


def test_an_own_crs_of_a_feature_with_odd_properties_is_told_and_no_accident(
    tmp_path: Path,
) -> None:
    for properties, name in ((["a"], "feature 1"), ({"name": "橋"}, "橋"), (None, "feature 1")):
        changed = document()
        changed["features"][0] |= {"crs": {"type": "name"}, "properties": properties}
        with pytest.raises(BadInput, match=rf"feature '{name}' has a 'crs' of its own"):
            read_text(tmp_path, json.dumps(changed))


def test_heights_in_coordinates_are_left_out_of_the_plan(tmp_path: Path) -> None:
    changed = document(name="deck")
    changed["features"][0]["geometry"]["coordinates"] = [[[*xy, 55.5] for xy in RING]]
    (found,) = read_text(tmp_path, json.dumps(changed))
    assert not found.shape.has_z


@pytest.mark.parametrize(
    ("geometry", "names"),
    [
        ({"type": "MultiPoint", "coordinates": RING[:3]}, ["it/1", "it/2", "it/3"]),
        ({"type": "MultiLineString", "coordinates": [RING[:2]]}, ["it"]),
        ({"type": "MultiPolygon", "coordinates": [[RING]]}, ["it"]),
        (
            {"type": "GeometryCollection", "geometries": [
                {"type": "Point", "coordinates": RING[0]},
                {"type": "LineString", "coordinates": RING[:2]},
            ]},
            ["it/1", "it/2"],
        ),
    ],
)  # fmt: skip
def test_many_parts_become_many_features(
    tmp_path: Path, geometry: dict[str, Any], names: list[str]
) -> None:
    text = json.dumps({"type": "Feature", "properties": {"name": "it"}, "geometry": geometry})
    assert [one.name for one in read_text(tmp_path, text)] == names


@pytest.mark.parametrize(
    ("coordinates", "reason"),
    [
        ([[36.59, 136.62], [36.60, 136.62], [36.60, 136.63], [36.59, 136.62]], "swapped"),
        ([[-58000, 72000], [-57000, 72000], [-57000, 73000], [-58000, 72000]], "--crs EPSG:6675"),
        ([[136, 36], [136.1, 36.1], [136.1, 36], [136, 36.1], [136, 36]], "simple polygon"),
        ([[136, 36], [136.1, 36.1], [136, 36]], "'site'"),
    ],
)
def test_places_that_cannot_be_are_told_with_the_cure(
    tmp_path: Path, coordinates: list[list[float]], reason: str
) -> None:
    changed = document(name="site")
    changed["features"][0]["geometry"]["coordinates"] = [coordinates]
    with pytest.raises(BadGeometry, match=reason):
        read_text(tmp_path, json.dumps(changed))


def test_too_many_features_are_counted_before_they_are_planned(tmp_path: Path) -> None:
    many = [polygon(DECK)] * (GREATEST_FEATURES + 1)
    with pytest.raises(BadInput, match=f"over {GREATEST_FEATURES} features"):
        read_text(tmp_path, json.dumps({"type": "FeatureCollection", "features": many}))


# --- KML and Shapefile ---------------------------------------------------------------------------

KML = (
    '<?xml version="1.0" encoding="UTF-8"?><kml xmlns="http://www.opengis.net/kml/2.2"><Document>'
    "<Placemark><name>{name}</name><Polygon><outerBoundaryIs><LinearRing><coordinates>{ring}"
    "</coordinates></LinearRing></outerBoundaryIs></Polygon></Placemark></Document></kml>"
)


def kml(name: str = "橋面 &amp; 歩道") -> str:
    return KML.format(name=name, ring=" ".join(f"{x},{y},0" for x, y in RING))


@pytest.mark.parametrize("inner", ["doc.kml", "files/doc.kml", "z.KML"])
def test_a_kmz_holds_its_document_anywhere(tmp_path: Path, inner: str) -> None:
    path = tmp_path / "site.kmz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.txt", "x")
        archive.writestr(inner, kml())
    (found,) = read_features(path)
    assert found.name == "橋面 & 歩道"
    assert isinstance(found.shape, Polygon)


def test_doc_kml_goes_before_other_documents(tmp_path: Path) -> None:
    path = tmp_path / "site.kmz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.kml", kml("other"))
        archive.writestr("doc.kml", kml("main"))
    assert [one.name for one in read_features(path)] == ["main"]


def test_a_shapefile_in_shift_jis_keeps_its_names(tmp_path: Path) -> None:
    path = tmp_path / "site.shp"
    pyogrio.raw.write(
        path, shapely.to_wkb([Polygon(RING)]), [np.array(["橋面"], dtype=object)],
        fields=["名称"], crs="EPSG:6668", driver="ESRI Shapefile", geometry_type="Polygon",
        encoding="cp932",
    )  # fmt: skip
    (found,) = read_features(path)
    assert found.name == "橋面"
    np.testing.assert_allclose(found.shape.centroid.xy, Polygon(RING).centroid.xy, atol=1e-7)


# --- what a site is to a plan --------------------------------------------------------------------


def local(shape: Any, **properties: Any) -> LocalFeature:
    return to_local([feature(shape, "it", **properties)], KANAZAWA)[0]


@pytest.mark.parametrize("pattern", Pattern)
@pytest.mark.parametrize("shape", [Point(0, 0), LineString([(0, 0), (9, 0)]), box(0, 0, 9, 5)])
def test_golden_shapes_of_every_pattern(pattern: Pattern, shape: Any) -> None:
    wanted = {
        "area": {"Polygon"}, "corridor": {"LineString"}, "facade": {"LineString", "Polygon"},
        "soffit": {"Polygon"}, "orbit": {"Point", "Polygon"},
    }[pattern.value]  # fmt: skip
    assert set(WANTED_SHAPES[pattern]) == wanted
    features = [feature(shape, "it")]
    if shape.geom_type in wanted:
        check_shapes(features, pattern)
    else:
        with pytest.raises(
            BadGeometry, match=f"'it' is a {shape.geom_type}; 'flight plan {pattern}'"
        ):
            check_shapes(features, pattern)


@pytest.mark.parametrize(
    ("own", "option", "turned"),
    [(None, "right", False), (None, "left", True), ("left", "right", True),
     ("RIGHT", "left", False), ("", "left", True)],
)  # fmt: skip
def test_the_side_of_a_feature_goes_before_the_option(
    own: str | None, option: str, turned: bool
) -> None:
    drawn = local(LineString([(0, 0), (9, 0)]), side=own)
    found = shapely.get_coordinates(face_line(drawn, option))
    assert (found[0, 0] > found[-1, 0]) == turned


@pytest.mark.parametrize("side", ["outside", "右", "l", "right side"])
def test_a_side_that_is_none_is_told(side: str) -> None:
    with pytest.raises(BadInput, match=f"'it': side '{side}' is neither left nor right"):
        face_line(local(LineString([(0, 0), (9, 0)]), side=side), "right")


@given(radius_m=st.floats(0.3, 30), corners=st.integers(3, 24), turn=st.floats(0, 2 * math.pi))
@settings(max_examples=30, deadline=None)
def test_the_circle_of_an_outline_holds_all_of_it(
    radius_m: float, corners: int, turn: float
) -> None:
    angles = turn + np.arange(corners) * 2 * math.pi / corners
    outline = Polygon(np.column_stack([np.cos(angles), np.sin(angles)]) * radius_m + [10, 20])
    centre, found_m, remark = circle(local(outline), None)
    assert found_m == pytest.approx(radius_m, rel=1e-3)
    assert centre == pytest.approx((10, 20), abs=1e-2 * radius_m + 1e-3)
    share = corners / (2 * math.pi) * math.sin(2 * math.pi / corners)
    assert bool(remark) == (share < 0.9)  # below eight corners it is not round


@pytest.mark.parametrize(
    ("own", "option", "radius"), [(1.5, None, 1.5), (1.5, 9.0, 1.5), (None, 9.0, 9.0)]
)
def test_the_radius_of_a_feature_goes_before_the_option(
    own: float | None, option: float | None, radius: float
) -> None:
    assert circle(local(Point(3, 4), radius_m=own), option)[1] == radius
    with pytest.raises(BadInput, match=r"'it' is a point without 'radius_m'; give --radius-m"):
        circle(local(Point(3, 4)), None)


@given(bearing=st.floats(0, 2 * math.pi), length=st.floats(2, 60), standoff=st.floats(2, 20))
@settings(max_examples=30, deadline=None)
def test_an_assumed_take_off_is_in_front_of_the_face_and_out_of_the_way(
    bearing: float, length: float, standoff: float
) -> None:
    way = np.array([math.cos(bearing), math.sin(bearing)])
    wall = LineString([(0, 0), way * length])
    place = choose_takeoff([feature(wall, "A")], Pattern.FACADE, standoff)
    east, north, _ = KANAZAWA.to_enu_m([[place[1], place[0], 0.0]])[0]
    off = np.array([east, north]) - way * length / 2
    assert off @ np.array([way[1], -way[0]]) == pytest.approx(standoff + OUT_OF_THE_WAY_M, abs=0.05)
    assert abs(off @ way) < 0.05


@pytest.mark.parametrize(("away_m", "there"), [(FARTHEST_M - 100, True), (FARTHEST_M + 100, False)])
def test_thirty_kilometres_are_the_end_of_a_site(away_m: float, there: bool) -> None:
    far = [feature(Point(away_m, 0), "P", radius_m=1)]
    if there:
        (found,) = to_local(far, KANAZAWA)
        assert found.fall_m == pytest.approx(away_m**2 / 2 / 6_371_000, rel=1e-2)
    else:
        with pytest.raises(BadInput, match=r"'P' reaches 30 km from take-off.*--takeoff"):
            to_local(far, KANAZAWA)


def test_the_order_of_features_is_the_order_of_flight(tmp_path: Path) -> None:
    walls = [line([(0, 20 + 30 * n), (8, 20 + 30 * n)], name=f"W{n}", bottom_m=3, top_m=5)
             for n in range(3)]  # fmt: skip
    found = read_features(write(tmp_path / "walls.geojson", *walls))
    plan = planned(Pattern.FACADE, *found, gsd_mm=0.6)
    assert list(dict.fromkeys(photo.element for photo in plan.photos)) == ["W0", "W1", "W2"]
    back = planned(Pattern.FACADE, *found[::-1], gsd_mm=0.6)
    assert list(dict.fromkeys(photo.element for photo in back.photos)) == ["W2", "W1", "W0"]
    assert len(back.photos) == len(plan.photos)


def test_a_point_and_an_outline_of_one_pier_are_one_pier(tmp_path: Path) -> None:
    round_ = Point(10, 20).buffer(1.5, quad_segs=32)
    drawn = InputFeature(name="P", shape=feature(round_, "P").shape,
                         properties={"bottom_m": 3, "top_m": 6})  # fmt: skip
    (dot,) = read_features(
        write(tmp_path / "p.geojson", point((10, 20), name="P", radius_m=1.5, bottom_m=3, top_m=6))
    )
    one, other = (planned(Pattern.ORBIT, each, gsd_mm=0.6) for each in (drawn, dot))
    assert len(one.photos) == len(other.photos)
    np.testing.assert_allclose(one.positions_m, other.positions_m, atol=0.02)

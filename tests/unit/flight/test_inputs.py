"""Vector files: every format gives the same features, and what is wrong is named."""

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import pytest
import shapely
from shapely import LineString, Point, Polygon

from flight.inputs import read_features
from inspection.errors import BadGeometry, BadInput
from inspection.geo.frames import to_crs
from tests.support.sites import DECK, KANAZAWA, line, lonlat, point, polygon, write

KML = """<?xml version="1.0" encoding="UTF-8"?>
<kml xmlns="http://www.opengis.net/kml/2.2"><Document><Placemark><name>deck</name>
<Polygon><outerBoundaryIs><LinearRing><coordinates>{}</coordinates></LinearRing></outerBoundaryIs>
</Polygon></Placemark></Document></kml>"""


def deck_lonlat() -> list[list[float]]:
    return lonlat([*DECK, DECK[0]])


def write_vector(
    path: Path, shapes: list[Any], *, crs: str | None, driver: str, layer: str | None = None,
    append: bool = False,
) -> Path:  # fmt: skip
    names = np.array([f"f{n}" for n in range(len(shapes))], dtype=object)
    pyogrio.raw.write(
        path, shapely.to_wkb(shapes), [names], fields=["name"], crs=crs, driver=driver,
        layer=layer, append=append, geometry_type=shapes[0].geom_type,
    )  # fmt: skip
    return path


def as_kml(path: Path) -> Path:
    text = " ".join(f"{lon},{lat},0" for lon, lat in deck_lonlat())
    path.write_text(KML.format(text))
    return path


def as_kmz(path: Path) -> Path:
    inner = as_kml(path.with_suffix(".kml"))
    with zipfile.ZipFile(path, "w") as archive:
        archive.write(inner, "doc.kml")
    return path


def test_the_same_deck_comes_out_of_every_format(tmp_path: Path) -> None:
    projected = Polygon(to_crs(deck_lonlat(), "EPSG:4326", "EPSG:6675"))
    files = [
        write(tmp_path / "deck.geojson", polygon(DECK, name="deck")),
        as_kml(tmp_path / "deck.kml"),
        as_kmz(tmp_path / "zipped.kmz"),
        write_vector(tmp_path / "d.gpkg", [projected], crs="EPSG:6675", driver="GPKG"),
        write_vector(tmp_path / "d.shp", [projected], crs="EPSG:6675", driver="ESRI Shapefile"),
    ]
    wanted = Polygon(deck_lonlat())
    for path in files:
        (found,) = read_features(path)
        assert (
            found.shape.equals_exact(wanted, tolerance=2e-8)
            or found.shape.symmetric_difference(wanted).area < 1e-12
        ), path.name
        assert found.name in {"deck", "f0"}


def test_attributes_are_numbers_whatever_their_case(tmp_path: Path) -> None:
    path = write(
        tmp_path / "wall.geojson", line([(0, 0), (9, 0)], Name="A1", Bottom_M=1.5, top="7")
    )
    (found,) = read_features(path)
    assert found.name == "A1"
    assert found.number("bottom_m", "bottom") == 1.5
    assert found.number("top_m", "top") == 7.0
    assert found.number("width_m") is None


@pytest.mark.parametrize("value", ["high", "inf"])
def test_attributes_that_are_no_number_are_named(tmp_path: Path, value: str) -> None:
    path = write(tmp_path / "wall.geojson", line([(0, 0), (9, 0)], name="A1", top_m=value))
    (found,) = read_features(path)
    with pytest.raises(BadInput, match="feature 'A1': top_m"):
        found.number("top_m")


def test_parts_of_a_multi_geometry_become_features(tmp_path: Path) -> None:
    two = {
        "type": "Feature",
        "properties": {"name": "piers"},
        "geometry": {"type": "MultiPoint", "coordinates": lonlat([(0, 0), (9, 0)])},
    }
    names = [found.name for found in read_features(write(tmp_path / "p.geojson", two))]
    assert names == ["piers/1", "piers/2"]


def test_features_without_a_name_are_counted(tmp_path: Path) -> None:
    path = write(tmp_path / "p.geojson", point((0, 0)), point((5, 5), name="P2"))
    assert [found.name for found in read_features(path)] == ["feature 1", "P2"]


BOWTIE = [(0.0, 0.0), (10.0, 10.0), (10.0, 0.0), (0.0, 10.0)]


@pytest.mark.parametrize(
    ("feature", "reason"),
    [
        (polygon(BOWTIE, name="bow"), "'bow' is not a simple polygon: Self-intersection"),
        ({"type": "Feature", "properties": {"name": "n"}, "geometry": None}, "'n' has no geometry"),
        (
            {"type": "Feature", "properties": {"name": "swap"},
             "geometry": {"type": "Point", "coordinates": [36.59, 136.62]}},
            "'swap': latitude 136.62° is beyond 90°.*swapped",
        ),
        (
            {"type": "Feature", "properties": {"name": "far"},
             "geometry": {"type": "Point", "coordinates": [-48404.9, 66109.8]}},
            "'far': .* are no degrees.*--crs EPSG:6675",
        ),
        (
            {"type": "Feature", "properties": {"name": "dot"},
             "geometry": {"type": "LineString", "coordinates": [[136.6, 36.6], [136.6, 36.6]]}},
            "'dot' is",
        ),
    ],
)  # fmt: skip
def test_bad_geometry_is_refused_by_the_name_of_its_feature(
    tmp_path: Path, feature: dict[str, Any], reason: str
) -> None:
    path = write(tmp_path / "bad.geojson", point((0, 0), name="good"), feature)
    with pytest.raises(BadGeometry, match=reason):
        read_features(path)


def test_a_named_crs_takes_the_place_of_a_wrong_one(tmp_path: Path) -> None:
    feature = {
        "type": "Feature",
        "properties": {},
        "geometry": {"type": "Point", "coordinates": [-48404.916, 66109.811]},
    }
    path = write(tmp_path / "jgd.geojson", feature)
    (found,) = read_features(path, crs="EPSG:6675")
    assert found.shape.distance(Point(136.625669, 36.594606)) < 1e-7
    with pytest.raises(BadInput, match="'EPSG:1' is not known"):
        read_features(path, crs="EPSG:1")


def test_a_shapefile_without_prj_has_no_crs(tmp_path: Path) -> None:
    path = write_vector(tmp_path / "d.shp", [Point(1, 2)], crs="EPSG:6675", driver="ESRI Shapefile")
    (tmp_path / "d.prj").unlink()
    with pytest.raises(BadInput, match=r"does not say its CRS.*\.prj.*--crs"):
        read_features(path)


def test_layers_of_different_crs_are_refused_until_one_is_named(tmp_path: Path) -> None:
    path = tmp_path / "two.gpkg"
    write_vector(path, [Point(1, 2)], crs="EPSG:6675", driver="GPKG", layer="piers")
    write_vector(
        path, [Point(136.6, 36.6)], crs="EPSG:4326", driver="GPKG", layer="decks", append=True
    )
    with pytest.raises(BadInput, match=r"mixes coordinate systems: layer 'piers'.*--layer"):
        read_features(path)
    (found,) = read_features(path, layer="decks")
    assert (found.shape.x, found.shape.y) == (136.6, 36.6)
    with pytest.raises(BadInput, match="no layer 'roads'; it has piers, decks"):
        read_features(path, layer="roads")


def test_a_feature_with_a_crs_of_its_own_is_refused_by_name(tmp_path: Path) -> None:
    strange = polygon(DECK, name="deck") | {
        "crs": {"type": "name", "properties": {"name": "EPSG:6675"}}
    }
    path = write(tmp_path / "mixed.geojson", point((0, 0), name="P1"), strange)
    with pytest.raises(BadInput, match="mixes coordinate systems: feature 'deck'"):
        read_features(path)
    assert len(read_features(path, crs="EPSG:4326")) == 2


def test_one_feature_a_line_is_read_too(tmp_path: Path) -> None:
    lines = [json.dumps(point((n, 0), name=f"P{n}")) for n in range(3)]
    path = tmp_path / "piers.geojson"
    path.write_text("\n".join(lines))
    assert [found.name for found in read_features(path)] == ["P0", "P1", "P2"]


def test_places_outside_the_area_of_a_projection_are_refused(tmp_path: Path) -> None:
    path = write_vector(
        tmp_path / "d.gpkg", [LineString([(1e30, 0), (1e30, 5)])], crs="EPSG:6675", driver="GPKG"
    )
    with pytest.raises(BadGeometry, match="'f0' lies outside the area"):
        read_features(path)


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("none.geojson", None, "is no file"),
        ("text.geojson", b"hello", "no vector file that can be read"),
        ("empty.geojson", b'{"type": "FeatureCollection", "features": []}', "has no feature"),
        ("no.kmz", b"PK", "is not a readable zip archive"),
    ],
)
def test_files_that_cannot_be_read(
    tmp_path: Path, name: str, content: bytes | None, reason: str
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(BadInput, match=reason):
        read_features(path)


def test_a_kmz_without_kml_is_told(tmp_path: Path) -> None:
    path = tmp_path / "x.kmz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "no")
    with pytest.raises(BadInput, match=r"holds no \.kml"):
        read_features(path)


def test_positions_survive_to_a_tenth_of_a_millimetre(tmp_path: Path) -> None:
    path = write(tmp_path / "deck.geojson", polygon(DECK))
    (found,) = read_features(path)
    places = [[lon, lat, 0.0] for lon, lat in found.shape.exterior.coords[:-1]]
    assert KANAZAWA.to_enu_m(places)[:, :2] == pytest.approx(np.array(DECK), abs=2e-4)
    assert json.loads(path.read_text())["type"] == "FeatureCollection"

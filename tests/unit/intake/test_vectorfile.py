"""GDAL sees only what is a vector file by its content, and its words name no folder."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyogrio
import pytest
import shapely

from flight.inputs import read_features
from flight.terrain import read_ground
from inspection.errors import BadInput
from inspection.geo.frames import LocalFrame
from inspection.intake.gpkgtable import read_gpkg
from inspection.intake.roadlines import read_roads
from inspection.intake.vectorfile import HEAD_BYTES, check_vector_file, why
from tests.support.edge_files import (
    CANARY,
    GEOJSON,
    KML,
    LAT,
    LAUGHS,
    LON,
    OUTSIDE,
    RASTER,
    VIRTUAL,
    gpkg_in,
    heights_in,
    put_canaries,
)

READERS = [
    (read_features, "site.kml"),
    (read_features, "site.geojson"),
    (read_features, "site.gpkg"),
    (read_roads, "roads.geojson"),
    (read_gpkg, "ledger.gpkg"),
]


def lay(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.write_bytes(content.replace(b"{beside}", str(folder).encode()))
    return path


@pytest.mark.parametrize(("read", "name"), READERS)
@pytest.mark.parametrize("content", [VIRTUAL, OUTSIDE, LAUGHS], ids=["virtual", "entity", "laughs"])
def test_no_file_makes_us_read_another_one(
    tmp_path: Path, read: Callable[[Path], object], name: str, content: bytes
) -> None:
    put_canaries(tmp_path)
    with pytest.raises(BadInput) as caught:
        read(lay(tmp_path, name, content))
    assert CANARY not in str(caught.value)
    assert str(tmp_path) not in str(caught.value)
    assert name in str(caught.value)


def hidden(*before: bytes) -> bytes:
    """Put something that looks like a root before the virtual source."""
    return b"".join(before) + VIRTUAL[VIRTUAL.index(b"<OGRVRT") :]


@pytest.mark.parametrize(
    "content",
    [
        hidden(b"<!-- <kml > -->"),
        hidden(b"<?x <kml > ?>"),
        hidden(b"<kml/>"),
        hidden(b"<?x <kml >"),
        b"<!-- <kml > --><ogrvrtdatasource/>",
        b'{"type": "gdal_streamed_alg", "command_line": "gdal vector pipeline ! read x"}',
        b'{"type": "FeatureCollection", "features": [], "a": "GDAL_STREAMED_ALG"}',
        b"<?x <kml > ?>" + b" " * HEAD_BYTES + b"<!DOCTYPE x><kml></kml>",
        b"<!-- " + b"x" * HEAD_BYTES + b" --><kml></kml>",
    ],
)
@pytest.mark.parametrize(("read", "name"), READERS)
def test_what_looks_like_a_root_and_is_none_opens_nothing(
    tmp_path: Path, read: Callable[[Path], object], name: str, content: bytes
) -> None:
    put_canaries(tmp_path)
    with pytest.raises(BadInput) as caught:
        read(lay(tmp_path, name, content))
    assert CANARY not in str(caught.value)


def test_the_trap_would_have_worked(tmp_path: Path) -> None:
    """Show that GDAL itself reads the other file, so that the tests above test something."""
    put_canaries(tmp_path)
    path = lay(tmp_path, "site.kml", VIRTUAL)
    _, _, _, columns = pyogrio.raw.read(path)
    assert CANARY in [str(value) for column in columns for value in column]


def test_a_raster_that_names_another_one_is_refused(tmp_path: Path) -> None:
    heights_in(tmp_path)
    frame = LocalFrame(lon_deg=LON, lat_deg=LAT)
    bounds_m = (-20.0, -20.0, 20.0, 20.0)
    assert read_ground(tmp_path / "canary.tif", frame, bounds_m)[1] > 0
    for name in ("dem.tif", "dem.vrt", "dem.asc", "dem.img"):
        with pytest.raises(BadInput, match="cannot be read as a raster") as caught:
            read_ground(lay(tmp_path, name, RASTER), frame, bounds_m)
        assert str(tmp_path) not in str(caught.value)


def write(path: Path, driver: str) -> Path:
    pyogrio.raw.write(
        path,
        geometry=shapely.to_wkb(np.array([shapely.LineString([(LON, LAT), (LON, LAT + 1e-3)])])),
        field_data=[np.array(["a"], dtype=object)],
        fields=["Layer" if driver == "DXF" else "name"],
        geometry_type="LineString",
        crs="EPSG:4326",
        driver=driver,
    )
    return path


@pytest.mark.parametrize(
    ("driver", "name"),
    [
        ("GPKG", "a.gpkg"),
        ("GeoJSON", "a.geojson"),
        ("GeoJSONSeq", "a.geojsonl"),
        ("FlatGeobuf", "a.fgb"),
        ("ESRI Shapefile", "a.shp"),
        ("DXF", "a.dxf"),
    ],
)
def test_what_gdal_writes_passes(tmp_path: Path, driver: str, name: str) -> None:
    path = write(tmp_path / name, driver)
    check_vector_file(path, name)
    found = read_features(path, crs="EPSG:4326" if driver == "DXF" else None)
    assert [feature.shape.geom_type for feature in found] == ["LineString"]


@pytest.mark.parametrize(
    "content",
    [
        KML,
        b"\xef\xbb\xbf" + KML,
        KML.replace(b"kml", b"k:kml", 1).replace(b"xmlns=", b"xmlns:k="),
        b"<!-- of a person & <!DOCTYPE x> -->" + KML,
        b'<?xml version="1.0"?><gpx version="1.1"></gpx>',
        b"  \r\n" + GEOJSON,
        b"[]",
        b"999\nby hand\n  0\nSECTION\n",
    ],
)
def test_what_begins_rightly_passes(tmp_path: Path, content: bytes) -> None:
    check_vector_file(lay(tmp_path, "a", content), "a")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "no vector file"),
        (b"hello", "no vector file"),
        (b"PK\x03\x04", "no vector file"),
        (b"name,lon,lat\na,1,2\n", "no vector file"),
        (b"SQLite format 3\0" + bytes(84), "no GeoPackage"),
        (b"<OGRVRTDataSource>", "points to other files"),
        (b"<!-- <kml > --><svg></svg>", "begins with 'svg'"),
        (b"<?xml version='1.0'?><svg></svg>", "begins with 'svg'"),
        (b"<", "begins with 'nothing'"),
        (b"<a>" * HEAD_BYTES, "begins with 'a'"),
        (b"<?xml version='1.0'?><!DOCTYPE kml><kml>", "entities"),
        (b"<kml><!ENTITY x 'y'>", "entities"),
    ],
)
def test_what_begins_otherwise_is_refused(tmp_path: Path, content: bytes, says: str) -> None:
    with pytest.raises(BadInput, match=says):
        check_vector_file(lay(tmp_path, "a.kml", content), "a.kml")
    with pytest.raises(BadInput, match="cannot be read"):
        check_vector_file(tmp_path, "a.kml")


def test_a_package_keeps_its_mark(tmp_path: Path) -> None:
    content = bytearray(gpkg_in(tmp_path))
    check_vector_file(lay(tmp_path, "a.gpkg", bytes(content)), "a.gpkg")
    content[68:72] = b"XPKG"
    with pytest.raises(BadInput, match="no GeoPackage"):
        check_vector_file(lay(tmp_path, "b.gpkg", bytes(content)), "b.gpkg")


def test_words_of_gdal_are_short_and_name_no_folder(tmp_path: Path) -> None:
    path = tmp_path / "a.kml"
    words = why(ValueError(f"{path}: " + "x" * 5000), path, "a.kml")
    assert words.startswith("a.kml: x") and len(words) == 300
    broken = lay(tmp_path, "b.geojson", json.dumps({"type": "FeatureCollection"}).encode()[:-1])
    with pytest.raises(BadInput) as caught:
        read_features(broken)
    assert str(tmp_path) not in str(caught.value)

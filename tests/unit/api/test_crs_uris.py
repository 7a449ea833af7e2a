"""CRS as URIs, and the order of axes that each of them demands."""

import math

import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from api.crs import (
    CRS84,
    authority_code,
    from_uri,
    is_epsg,
    is_north_first,
    parse_bbox,
    project,
    uri_of,
)
from inspection.errors import BadInput
from inspection.geo.frames import to_crs

UTM54 = uri_of("EPSG:32654")
PLANE7 = uri_of("EPSG:6675")
EPSG4326 = uri_of("EPSG:4326")


@pytest.mark.parametrize("crs", ["EPSG:32654", "EPSG:6675", "EPSG:4326"])
def test_names_and_uris_are_one_to_one(crs: str) -> None:
    assert authority_code(uri_of(crs)) == crs


def test_crs84_is_longitude_first_and_4326_is_not() -> None:
    assert not is_north_first(CRS84)
    assert is_north_first(EPSG4326)
    assert is_north_first(PLANE7)
    assert not is_north_first(UTM54)


@pytest.mark.parametrize("crs", ["LOCAL", "EPSG:", "EPSG:12", "epsg:32654", 'PROJCS["x"]', ""])
def test_what_has_no_code_has_no_uri(crs: str) -> None:
    assert not is_epsg(crs)


def test_only_offered_crs_are_taken() -> None:
    assert from_uri(CRS84, frozenset({CRS84})) == CRS84
    with pytest.raises(BadInput, match="not offered"):
        from_uri(UTM54, frozenset({CRS84}))


def test_a_bbox_in_lonlat_is_taken_as_it_is() -> None:
    assert parse_bbox("136.5,36.5,136.7,36.7", CRS84) == (136.5, 36.5, 136.7, 36.7)
    assert parse_bbox("136.5,36.5,0,136.7,36.7,99", CRS84) == (136.5, 36.5, 136.7, 36.7)
    assert parse_bbox("36.5,136.5,36.7,136.7", EPSG4326) == (136.5, 36.5, 136.7, 36.7)


def test_a_bbox_may_cross_the_antimeridian() -> None:
    assert parse_bbox("179,-10,-179,10", CRS84) == (179.0, -10.0, -179.0, 10.0)


@pytest.mark.parametrize(
    ("text", "uri"),
    [
        ("1,2,3", CRS84),
        ("1,2,3,4,5", CRS84),
        ("a,b,c,d", CRS84),
        ("", CRS84),
        ("nan,0,1,1", CRS84),
        ("0,0,inf,1", CRS84),
        ("0,10,1,5", CRS84),
        ("500100,4000000,500000,4000100", UTM54),
    ],
)
def test_what_is_no_box_is_refused(text: str, uri: str) -> None:
    with pytest.raises(BadInput):
        parse_bbox(text, uri)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    east=st.floats(300_000, 700_000),
    north=st.floats(1_000_000, 7_000_000),
    size=st.tuples(st.floats(1, 20_000), st.floats(1, 20_000)),
    at=st.tuples(st.floats(0, 1), st.floats(0, 1)),
)
def test_the_lonlat_hull_holds_every_point_of_a_projected_box(
    east: float, north: float, size: tuple[float, float], at: tuple[float, float]
) -> None:
    (width, height), (fx, fy) = size, at
    text = f"{east},{north},{east + width},{north + height}"
    west, south, e, n = parse_bbox(text, UTM54)
    lon, lat = to_crs([[east + fx * width, north + fy * height]], "EPSG:32654", "EPSG:4326")[0]
    slack_deg = 2e-6  # the bulge of an edge between the points that we walk along
    assert west - slack_deg <= lon <= e + slack_deg
    assert south - slack_deg <= lat <= n + slack_deg
    # and it is not much larger than the box
    assert (n - south) * 111_000 < 1.2 * (height + width) + 1


def test_a_plane_rectangular_box_is_north_first() -> None:
    west, south, east, north = parse_bbox("66109,-48405,66111,-48404", PLANE7)
    lon, lat = to_crs([[-48404.5, 66110]], "EPSG:6675", "EPSG:4326")[0]
    assert west < lon < east
    assert south < lat < north
    assert math.isclose(lon, 136.6257, abs_tol=1e-3)


def test_coordinates_follow_the_axis_order_of_the_target() -> None:
    point = shapely.Point(136.625669, 36.594606)
    plane = project(point, source_crs="EPSG:4326", target_uri=PLANE7)
    assert (round(plane.x, 2), round(plane.y, 2)) == (66109.81, -48404.92)
    lat_first = project(point, source_crs="EPSG:4326", target_uri=EPSG4326)
    assert (lat_first.x, lat_first.y) == (36.594606, 136.625669)
    same = project(point, source_crs="EPSG:4326", target_uri=CRS84)
    assert (same.x, same.y) == (136.625669, 36.594606)


def test_an_unknown_code_is_bad_input() -> None:
    with pytest.raises(BadInput, match="PROJ does not know"):
        is_north_first(uri_of("EPSG:999999"))

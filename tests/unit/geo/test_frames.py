"""Frames: golden coordinates of Ishikawa, UTM zones, ENU round trips."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection.errors import BadInput
from inspection.geo.frames import LocalFrame, to_crs, utm_crs

KANAZAWA_LONLAT = (136.625669, 36.594606)


def test_golden_plane_rectangular_coordinates_of_the_prefectural_office() -> None:
    """Domain specification §7.3: X (north) 66109.811 m, Y (east) −48404.916 m, ±1 mm."""
    east, north = to_crs([KANAZAWA_LONLAT], "EPSG:4326", "EPSG:6675")[0]
    assert north == pytest.approx(66109.811, abs=1e-3)
    assert east == pytest.approx(-48404.916, abs=1e-3)


@pytest.mark.parametrize(
    ("lon", "lat", "crs"),
    [
        (136.6257, 36.5946, "EPSG:32653"),
        (138.0, 36.0, "EPSG:32654"),
        (-0.0001, 51.0, "EPSG:32630"),
        (0.0, 51.0, "EPSG:32631"),
        (180.0, 10.0, "EPSG:32660"),
        (-180.0, -10.0, "EPSG:32701"),
    ],
)
def test_utm_zones(lon: float, lat: float, crs: str) -> None:
    assert utm_crs(lon, lat) == crs


@pytest.mark.parametrize(("lon", "lat"), [(36.6, 136.6), (0, 85), (181, 0)])
def test_swapped_or_polar_positions_have_no_zone(lon: float, lat: float) -> None:
    with pytest.raises(BadInput, match="swapped"):
        utm_crs(lon, lat)


def test_an_unknown_crs_is_named() -> None:
    with pytest.raises(BadInput, match="EPSG:999999"):
        to_crs([[0, 0]], "EPSG:4326", "EPSG:999999")


@given(
    lon=st.floats(-179, 179),
    lat=st.floats(-79, 79),
    offset=st.tuples(*[st.floats(-500, 500)] * 3),
)
def test_enu_there_and_back_to_a_micrometre(
    lon: float, lat: float, offset: tuple[float, float, float]
) -> None:
    frame = LocalFrame(lon_deg=lon, lat_deg=lat, height_ellipsoid_m=55.0)
    back = frame.to_enu_m(frame.to_lonlat_h([offset]))[0]
    assert back == pytest.approx(offset, abs=1e-6)


def test_east_is_east_and_up_is_up() -> None:
    lon, lat = KANAZAWA_LONLAT
    frame = LocalFrame(lon_deg=lon, lat_deg=lat)
    east, north, up = frame.to_enu_m([[lon + 0.001, lat, 0], [lon, lat + 0.001, 0], [lon, lat, 9]])
    assert 89 < east[0] < 90
    assert abs(east[1]) < 0.01
    assert 110.9 < north[1] < 111.1
    assert up == pytest.approx([0, 0, 9], abs=1e-9)


def test_the_same_crs_is_a_copy_not_a_view() -> None:
    points = np.array([[1.0, 2.0]])
    moved = to_crs(points, "EPSG:6675", "EPSG:6675")
    moved[0, 0] = 99.0
    assert points[0, 0] == 1.0


def test_origin_may_be_a_numpy_number() -> None:
    plain = LocalFrame(lon_deg=-91.99, lat_deg=46.84, height_ellipsoid_m=10.0)
    numpy = LocalFrame(
        lon_deg=np.float64(-91.99), lat_deg=np.float64(46.84), height_ellipsoid_m=np.float64(10.0)
    )
    point = [[-91.991, 46.841, 50.0]]
    assert np.array_equal(plain.to_enu_m(point), numpy.to_enu_m(point))
    assert 30.0 < plain.to_enu_m(point)[0, 2] < 50.0

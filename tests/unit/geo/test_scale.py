"""Map and ground: the scale of a projection."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod

from inspection.errors import BadInput
from inspection.geo.frames import to_crs
from inspection.geo.scale import map_scale


def test_utm_is_0_04_percent_short_on_its_meridian() -> None:
    scale = map_scale("EPSG:32653", 500_000, 4_050_000)
    assert scale.linear == pytest.approx(0.9996, abs=1e-9)
    assert scale.areal == pytest.approx(0.9996**2, abs=1e-9)


def test_a_local_frame_is_the_ground() -> None:
    scale = map_scale("LOCAL", 3.0, 4.0)
    assert (scale.linear, scale.areal) == (1.0, 1.0)


@settings(max_examples=25, deadline=None)
@given(st.floats(200_000, 800_000), st.floats(3_500_000, 4_900_000), st.floats(0, 360))
def test_the_scale_agrees_with_the_geodesic(x: float, y: float, heading: float) -> None:
    step = 10.0 * np.array([np.cos(np.radians(heading)), np.sin(np.radians(heading))])
    ends = np.array([[x, y], [x + step[0], y + step[1]]])
    (lon0, lat0), (lon1, lat1) = to_crs(ends, "EPSG:32653", "EPSG:4326")
    ground_m = Geod(ellps="WGS84").line_length([lon0, lon1], [lat0, lat1])
    assert 10.0 / ground_m == pytest.approx(map_scale("EPSG:32653", x, y).linear, rel=2e-6)


def test_the_japanese_plane_system_is_close_to_true() -> None:
    scale = map_scale("EPSG:6675", -48404.916, 66109.811)
    assert 0.9999 <= scale.linear <= 1.0001


def test_degrees_are_no_metres() -> None:
    with pytest.raises(BadInput, match="degrees"):
        map_scale("EPSG:4326", 136.0, 36.0)


def test_feet_are_no_metres() -> None:
    with pytest.raises(BadInput, match="metres"):
        map_scale("EPSG:2263", 980_000, 200_000)


def test_an_unknown_crs_is_named() -> None:
    with pytest.raises(BadInput, match="EPSG:99999"):
        map_scale("EPSG:99999", 0, 0)

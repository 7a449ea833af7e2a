"""JIS X 0410 codes: golden places of the domain specification §7.5, and laws."""

import doctest
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection.errors import BadInput
from inspection.geo import mesh
from inspection.geo.frames import to_crs
from inspection.geo.mesh import LEVELS, mesh_bounds, mesh_code

KANAZAWA = (36.594606, 136.625669)
WAJIMA = (37.3906, 136.8992)

latitude = st.floats(0, 65.999)
longitude = st.floats(100, 179.999)


@pytest.mark.parametrize(
    ("place", "codes"),
    [
        (KANAZAWA, ["5436", "543675", "54367510", "543675101", "5436751013"]),
        (WAJIMA, ["5636", "563607", "56360761", "563607614", "5636076144"]),
    ],
)
def test_golden_mesh_codes(place: tuple[float, float], codes: list[str]) -> None:
    assert [mesh_code(*place, digits) for digits in LEVELS[:5]] == codes


def test_golden_crs_zone_vii_of_the_prefectural_office() -> None:
    lat, lon = KANAZAWA
    east_m, north_m = to_crs([[lon, lat]], "EPSG:6668", "EPSG:6675")[0]
    assert north_m == pytest.approx(66109.811, abs=0.001)
    assert east_m == pytest.approx(-48404.916, abs=0.001)


@given(latitude, longitude, st.sampled_from(LEVELS))
def test_a_cell_holds_the_place_that_it_is_named_for(lat: float, lon: float, digits: int) -> None:
    west, south, east, north = mesh_bounds(mesh_code(lat, lon, digits))
    assert south - 1e-9 <= lat <= north + 1e-9
    assert west - 1e-9 <= lon <= east + 1e-9


@given(latitude, longitude)
def test_codes_nest(lat: float, lon: float) -> None:
    codes = [mesh_code(lat, lon, digits) for digits in LEVELS]
    assert all(fine.startswith(coarse) for coarse, fine in itertools.pairwise(codes))


@given(latitude, longitude, st.sampled_from(LEVELS))
def test_the_middle_of_a_cell_has_its_code(lat: float, lon: float, digits: int) -> None:
    code = mesh_code(lat, lon, digits)
    west, south, east, north = mesh_bounds(code)
    assert mesh_code((south + north) / 2, (west + east) / 2, digits) == code


def test_an_edge_belongs_to_the_cell_above_and_to_the_right() -> None:
    assert mesh_code(36.0, 136.0) == "54360000"
    assert mesh_code(36.1, 136.0)[:6] == "543610"  # 36.1 × 1.5 is 54.15 exactly, not 54.1499…
    assert mesh_code(35.99999, 136.0)[:2] == "53"


@pytest.mark.parametrize(("lat", "lon"), [(136.6, 36.6), (-1, 136), (36, 99.9), (66, 136)])
def test_places_that_the_standard_does_not_cover(lat: float, lon: float) -> None:
    with pytest.raises(BadInput, match="covers 0–66"):
        mesh_code(lat, lon)


@pytest.mark.parametrize("code", ["543", "5436751", "54369510", "543675105", "5436a5"])
def test_codes_that_do_not_exist(code: str) -> None:
    with pytest.raises(BadInput, match="mesh code"):
        mesh_bounds(code)


def test_a_third_mesh_is_about_a_kilometre() -> None:
    west, south, east, north = mesh_bounds("54367510")
    assert north - south == pytest.approx(30 / 3600)
    assert east - west == pytest.approx(45 / 3600)


def test_levels_are_checked() -> None:
    with pytest.raises(BadInput, match="digits"):
        mesh_code(36, 136, 7)


def test_examples_hold() -> None:
    assert doctest.testmod(mesh).failed == 0

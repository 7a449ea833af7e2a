"""Terrain: heights of a raster, followed by plans."""

import doctest
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.transform import from_origin
from shapely import LineString, Polygon, box

from flight import ground as ground_module
from flight.coverage import plan_coverage
from flight.flightplan import Pattern
from flight.ground import HeightGrid, flat
from flight.terrain import read_ground
from inspection.errors import BadInput
from inspection.geo.frames import to_crs
from inspection.imaging.elevation import read_heights_m
from tests.support.planned import feature, planned
from tests.support.sites import KANAZAWA

WEST_M, NORTH_M, STEP_M, SIDE = -49_000.0, 66_700.0, 5.0, 240


def write_dem(path: Path, slope: float, *, crs: str | None = "EPSG:6675") -> Path:
    """Write 1.2 km of ground that rises to the east, 100 m in its west, around KANAZAWA."""
    columns = np.arange(SIDE) * STEP_M * slope + 100.0
    heights = np.tile(columns, (SIDE, 1)).astype(np.float32)
    heights[:3] = -9999.0
    with rasterio.open(
        path, "w", driver="GTiff", width=SIDE, height=SIDE, count=1, dtype="float32", crs=crs,
        transform=from_origin(WEST_M, NORTH_M, STEP_M, STEP_M), nodata=-9999.0,
    ) as raster:  # fmt: skip
        raster.write(heights, 1)
    return path


def truth_m(xy_map: np.ndarray, slope: float) -> np.ndarray:
    return 100.0 + slope * (xy_map[:, 0] - WEST_M - STEP_M / 2)


def test_doctests_hold() -> None:
    assert doctest.testmod(ground_module).failed == 0


def test_heights_are_bilinear_between_pixel_centres(tmp_path: Path) -> None:
    path = write_dem(tmp_path / "dem.tif", 0.1)
    places = np.random.default_rng(1).uniform([-48_900, 65_600], [-47_900, 66_600], (200, 2))
    lonlat = to_crs(places, "EPSG:6675", "EPSG:4326")
    assert read_heights_m(path, lonlat) == pytest.approx(truth_m(places, 0.1), abs=1e-3)


def test_outside_and_nodata_are_unknown(tmp_path: Path) -> None:
    path = write_dem(tmp_path / "dem.tif", 0.1)
    places = np.array([[-48_500.0, 66_695.0], [-20_000.0, 66_000.0], [-48_500.0, 66_000.0]])
    known = np.isfinite(read_heights_m(path, to_crs(places, "EPSG:6675", "EPSG:4326")))
    assert known.tolist() == [False, False, True]


def test_rasters_that_cannot_be_used(tmp_path: Path) -> None:
    lonlat = np.array([[136.6, 36.6]])
    with pytest.raises(BadInput, match="has no CRS"):
        read_heights_m(write_dem(tmp_path / "bare.tif", 0.1, crs=None), lonlat)
    (tmp_path / "text.tif").write_text("no")
    with pytest.raises(BadInput, match=r"text\.tif cannot be read"):
        read_heights_m(tmp_path / "text.tif", lonlat)


def test_heights_count_from_take_off_and_fall_with_the_earth(tmp_path: Path) -> None:
    path = write_dem(tmp_path / "dem.tif", 0.1)
    grid, takeoff_m = read_ground(path, KANAZAWA, (-100.0, -100.0, 100.0, 100.0))
    assert 150 < takeoff_m < 170
    assert grid(np.array([[0.0, 0.0]]))[0] == pytest.approx(0.0, abs=0.01)
    # 50 m to the east the ground is 5 m higher; grid north is 0.4° off there
    assert grid(np.array([[50.0, 0.0]]))[0] == pytest.approx(5.0, abs=0.05)


def test_places_without_height_are_refused_and_named(tmp_path: Path) -> None:
    path = write_dem(tmp_path / "dem.tif", 0.1)
    grid, _ = read_ground(path, KANAZAWA, (-50.0, -50.0, 50.0, 50.0))
    with pytest.raises(BadInput, match="no height at 1 of 2 places, the first 90 m east"):
        grid(np.array([[0.0, 0.0], [90.0, 0.0]]))
    holes = HeightGrid(west_m=0, south_m=0, step_m=1, height_m=np.full((3, 3), np.nan))
    with pytest.raises(BadInput, match="use a DEM that covers"):
        holes(np.array([[1.0, 1.0]]))


def test_take_off_beside_the_raster_is_refused(tmp_path: Path) -> None:
    path = write_dem(tmp_path / "dem.tif", 0.1)
    with pytest.raises(BadInput, match="no height at take-off"):
        planned(
            Pattern.AREA, feature(box(0, 0, 30, 30)), gsd_mm=5, camera="dji_m3e_wide",
            dem=path, takeoff=(36.62, 136.64),
        )  # fmt: skip


@pytest.mark.parametrize("slope", [0.0, 0.1, 0.3])
def test_a_plan_keeps_its_distance_from_sloping_ground(tmp_path: Path, slope: float) -> None:
    path = write_dem(tmp_path / "dem.tif", slope)
    area = feature(Polygon([(0, 0), (80, 0), (80, 60), (0, 60)]))
    plan = planned(Pattern.AREA, area, gsd_mm=5, camera="dji_m3e_wide", dem=path)
    above = plan.positions_m[:, 2] - slope * plan.positions_m[:, 0]
    assert above == pytest.approx(np.full(len(above), plan.photos[0].distance_m), rel=0.1)
    seen = plan_coverage(plan)
    assert seen.seen_share == 1.0
    assert seen.good_share >= 0.99
    assert any("heights follow dem.tif" in note for note in plan.notes)


def test_a_road_over_a_hill_gets_the_waypoints_to_follow_it(tmp_path: Path) -> None:
    from flight.course import lay_course

    path = write_dem(tmp_path / "dem.tif", 0.2)
    road = feature(LineString([(-100, 0), (100, 0), (-20, 60)]), width_m=4)
    plan = planned(Pattern.CORRIDOR, road, gsd_mm=5, camera="dji_m3e_wide", dem=path)
    for step in lay_course(plan):
        if step.along_row:
            height_m = step.position_m[2] - 0.2 * step.position_m[0]
            assert height_m == pytest.approx(plan.photos[0].distance_m, rel=0.1)


def test_level_ground_lies_at_its_height() -> None:
    near, far = flat(9.0)(np.array([[0.0, 0.0], [0.0, 5000.0]]))
    assert near == 9.0
    assert far == pytest.approx(9.0 - 1.962, abs=0.01)

"""Grids, cells, frames and lines at the edges of the map and under any motion of the plane."""

import math
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from inspection.errors import BadInput
from inspection.geo.camera import Camera, rotation_from_gimbal
from inspection.geo.frames import LocalFrame, is_geographic, is_metric, to_crs, utm_crs
from inspection.geo.grid import PixelGrid
from inspection.geo.joining import LooseEnd, join_ends
from inspection.geo.mesh import mesh_bounds, mesh_code
from inspection.geo.polyline import (
    axial_mean_deg,
    length,
    outward_direction,
    perpendicular_spacing,
    point_at,
    smooth,
    stations,
    unit_normals,
)
from inspection.geo.scale import map_scale

LAW = settings(max_examples=40, deadline=None, derandomize=True)
LINES: st.SearchStrategy[NDArray[np.float64]] = st.lists(
    st.tuples(*[st.integers(-2000, 2000).map(lambda n: n / 100)] * 2),
    min_size=2,
    max_size=12,
    unique=True,
).map(np.array)
MOTION = st.tuples(st.floats(-np.pi, np.pi), st.floats(-50, 50), st.floats(-50, 50))


def moved(line: NDArray[np.float64], motion: tuple[float, float, float]) -> NDArray[np.float64]:
    angle, dx, dy = motion
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    return np.asarray(line @ turn + (dx, dy))


@LAW
@given(LINES, MOTION, st.floats(0.1, 10))
def test_lengths_places_and_shapes_move_with_the_plane(
    line: NDArray[np.float64], motion: tuple[float, float, float], times: float
) -> None:
    other = times * moved(line, motion)
    assert length(other) == pytest.approx(times * length(line))
    assert stations(other) == pytest.approx(times * stations(line), abs=1e-9)
    half = length(line) / 2
    there = times * moved(np.array([point_at(line, half)]), motion)[0]
    assert point_at(other, times * half) == pytest.approx(tuple(there), abs=1e-6)
    assert smooth(other, 1.5) == pytest.approx(times * moved(smooth(line, 1.5), motion), abs=1e-6)
    turned = moved(unit_normals(line), (motion[0], 0, 0))
    assert unit_normals(other) == pytest.approx(turned, abs=1e-6)


@LAW
@given(LINES, LINES, MOTION)
def test_a_spacing_is_the_same_both_ways_backwards_and_wherever_the_lines_lie(
    one: NDArray[np.float64], two: NDArray[np.float64], motion: tuple[float, float, float]
) -> None:
    found = perpendicular_spacing(one, two, parallel_deg=89.0)
    again = perpendicular_spacing(two, one[::-1], parallel_deg=89.0)
    assert (found is None) == (again is None)
    if found is not None and again is not None:
        assert found >= 0
        assert again == pytest.approx(found, abs=1e-6)


@LAW
@given(st.floats(0, 179.99), st.floats(0.01, 2), st.floats(-0.6, 0.6), MOTION)
def test_golden_spacing_of_two_bars_by_their_overlap(
    angle: float, gap: float, shift: float, motion: tuple[float, float, float]
) -> None:
    bar = np.array([[0.0, 0.0], [1.0, 0.0]])
    beside = bar + np.array([shift, gap])
    turn = (np.radians(angle), motion[1], motion[2])
    found = perpendicular_spacing(moved(bar, turn), moved(beside, turn))
    assert found == pytest.approx(gap, rel=1e-6)
    far = perpendicular_spacing(moved(bar, turn), moved(bar + np.array([0.71, gap]), turn))
    assert far is None


@pytest.mark.parametrize("reach", [0.0, 1e-9, 1.0, 100.0])
def test_the_outward_direction_is_a_unit_vector_or_nothing(reach: float) -> None:
    corner = np.array([[0.0, 0.0], [3.0, 0.0], [3.0, 4.0]])
    found = outward_direction(corner, reach)
    assert np.hypot(*found) == pytest.approx(1.0 if reach > 0 else 0.0, abs=1e-6)
    if reach == 1.0:
        assert found.tolist() == [0.0, 1.0]
    if reach == 100.0:
        assert found == pytest.approx([0.6, 0.8])
    assert outward_direction([[1, 1], [1, 1]], 1).tolist() == [0, 0]


@pytest.mark.parametrize(
    ("degrees", "mean"),
    [([0, 0], 0), ([170, 10], 0), ([85, 95], 90), ([179.9999999999], 180 - 1e-10), ([30, 60], 45)],
)
def test_golden_axial_means(degrees: list[float], mean: float) -> None:
    lines = [[[0.0, 0.0], [np.cos(np.radians(d)), np.sin(np.radians(d))]] for d in degrees]
    found = axial_mean_deg(lines)
    assert 0 <= found < 180
    assert min(abs(found - mean), 180 - abs(found - mean)) < 1e-6
    assert axial_mean_deg([line[::-1] for line in lines]) == pytest.approx(found, abs=1e-6)


def ends(seed: int, count: int) -> list[LooseEnd]:
    rng = random.Random(seed)
    found = []
    for _ in range(count):
        angle = rng.uniform(0, 2 * math.pi)
        found.append(
            LooseEnd(
                piece=rng.randrange(count), x_m=rng.uniform(0, 0.2), y_m=rng.uniform(0, 0.2),
                direction_x=math.cos(angle), direction_y=math.sin(angle),
                reach_m=rng.uniform(0, 0.1),
            )
        )  # fmt: skip
    return found


@LAW
@given(st.integers(0, 10_000), st.integers(2, 14))
def test_joined_ends_keep_every_promise_and_each_end_is_used_once(seed: int, count: int) -> None:
    some = ends(seed, count)
    pairs = join_ends(some)
    used = [i for pair in pairs for i in pair]
    assert len(used) == len(set(used))
    for i, j in pairs:
        a, b = some[i], some[j]
        assert i < j
        assert a.piece != b.piece
        gap = math.hypot(b.x_m - a.x_m, b.y_m - a.y_m)
        assert gap <= max(a.reach_m, b.reach_m) + 1e-12
        assert (
            -(a.direction_x * b.direction_x + a.direction_y * b.direction_y)
            >= math.cos(math.radians(30)) - 1e-9
        )
        assert a.direction_x * (b.x_m - a.x_m) + a.direction_y * (b.y_m - a.y_m) >= -1e-12
    assert set(join_ends(some, turn_deg=0)) <= {
        (i, j) for i in range(count) for j in range(i + 1, count)
    }


# JIS X 0410
@pytest.mark.parametrize(
    ("code", "bounds"),
    [
        ("0000", (100.0, 0.0, 101.0, 2 / 3)), ("9879", (179.0, 98 / 1.5, 180.0, 66.0)),
        ("543675", (136 + 5 / 8, 36 + 7 / 12, 136 + 6 / 8, 36 + 8 / 12)),
        ("54367510", (136.625, 36 + 7 / 12 + 1 / 120, 136.6375, 36 + 7 / 12 + 2 / 120)),
        ("543675104", (136.63125, 36 + 7 / 12 + 1.5 / 120, 136.6375, 36 + 7 / 12 + 2 / 120)),
    ],
)  # fmt: skip
def test_golden_bounds_of_cells(code: str, bounds: tuple[float, ...]) -> None:
    assert mesh_bounds(code) == pytest.approx(bounds, abs=1e-12)
    west, south, _, _ = mesh_bounds(code)
    assert mesh_code(south + 1e-9, west + 1e-9, len(code)) == code


@pytest.mark.parametrize(
    "code",
    ["9900", "5480", "9999", "543685", "543678", "543675100", "543675105", "5436751015", "54 6",
     "５４３６", "543a", "", "5", "54367", "5436751", "543675101311", "-436"],
)  # fmt: skip
def test_a_code_outside_of_the_standard_has_no_bounds(code: str) -> None:
    with pytest.raises(BadInput, match="mesh code"):
        mesh_bounds(code)


# the nineteen plane systems of Japan and what they are good for
@pytest.mark.parametrize("zone", range(1, 20))
def test_golden_plane_systems_are_true_to_one_in_ten_thousand_at_their_origin(zone: int) -> None:
    crs = f"EPSG:{6668 + zone}"
    assert (is_geographic(crs), is_metric(crs)) == (False, True)
    scale = map_scale(crs, 0.0, 0.0)
    assert scale.linear == pytest.approx(0.9999, abs=1e-6)
    assert scale.areal == pytest.approx(0.9998, abs=1e-6)
    lonlat = to_crs([[0.0, 0.0]], crs, "EPSG:4326")
    assert to_crs(lonlat, "EPSG:4326", crs) == pytest.approx(np.zeros((1, 2)), abs=1e-4)


def test_a_point_that_a_projection_cannot_draw_is_refused() -> None:
    for x in (1e12, math.inf, math.nan):
        with pytest.raises(BadInput, match="outside of EPSG:6675"):
            map_scale("EPSG:6675", x, 0.0)


@pytest.mark.parametrize(
    ("lon", "lat", "crs"),
    [
        (-180, 0, "EPSG:32601"), (180, 0, "EPSG:32660"), (0, -80, "EPSG:32731"),
        (-1e-9, 84, "EPSG:32630"), (138, 36, "EPSG:32654"), (137.999999, 36, "EPSG:32653"),
    ],
)  # fmt: skip
def test_golden_zones_at_their_borders(lon: float, lat: float, crs: str) -> None:
    assert utm_crs(lon, lat) == crs


@LAW
@given(st.floats(-179, 179), st.floats(-89, 89), st.floats(-5e4, 5e4), st.floats(-5e4, 5e4))
def test_a_local_frame_is_square_and_comes_back_anywhere_on_earth(
    lon: float, lat: float, east: float, north: float
) -> None:
    frame = LocalFrame(lon_deg=lon, lat_deg=lat, height_ellipsoid_m=30.0)
    there = frame.to_lonlat_h([[east, north, 5.0], [0.0, 0.0, 0.0]])
    assert there[1] == pytest.approx([lon, lat, 30.0], abs=1e-6)
    assert frame.to_enu_m(there) == pytest.approx(
        np.array([[east, north, 5.0], [0, 0, 0]]), abs=1e-4
    )


# grids
@pytest.mark.parametrize("gsd", [0.0, -0.001, math.nan, math.inf])
def test_a_grid_needs_a_ground_sample_distance_above_zero(gsd: float) -> None:
    with pytest.raises(BadInput, match="GSD"):
        PixelGrid.north_up(left_m=0, top_m=0, gsd_m_per_px=gsd, width_px=4, height_px=4)


@LAW
@given(st.floats(1e-4, 10), st.floats(-1e6, 1e6), st.integers(1, 9), st.integers(1, 9))
def test_a_window_of_a_window_is_a_window(gsd: float, left: float, x: int, y: int) -> None:
    grid = PixelGrid.north_up(
        left_m=left, top_m=-left, gsd_m_per_px=gsd, width_px=100, height_px=80
    )
    twice = grid.window(x_px=x, y_px=y, width_px=50, height_px=40).window(
        x_px=y, y_px=x, width_px=5, height_px=4
    )
    once = grid.window(x_px=x + y, y_px=x + y, width_px=5, height_px=4)
    assert twice.corners_surface_m == pytest.approx(once.corners_surface_m)
    assert twice.gsd_m_per_px == pytest.approx(gsd, rel=1e-4)
    corner = grid.to_surface([[x + y, x + y]])[0]
    assert once.corners_surface_m[0] == pytest.approx(corner)


# cameras
@LAW
@given(st.floats(-180, 180), st.floats(-90, 30), st.floats(-30, 30), st.floats(-0.15, 0.15))
def test_every_pixel_of_a_bent_lens_comes_back_and_a_gimbal_only_turns(
    yaw: float, pitch: float, roll: float, k1: float
) -> None:
    camera = Camera(width_px=400, height_px=300, focal_px=420, cx_px=203, cy_px=148, k1=k1)
    x, y = np.meshgrid([0.0, 100, 203, 400], [0.0, 148, 300])
    pixels = np.column_stack([x.ravel(), y.ravel()])
    assert camera.project(7.0 * camera.rays(pixels)) == pytest.approx(pixels, abs=1e-3)
    rotation = rotation_from_gimbal(yaw_deg=yaw, pitch_deg=pitch, roll_deg=roll)
    assert rotation @ rotation.T == pytest.approx(np.eye(3), abs=1e-9)
    assert np.linalg.det(rotation) == pytest.approx(1)
    forward = rotation[2]
    assert forward[2] == pytest.approx(math.sin(math.radians(pitch)), abs=1e-9)


@pytest.mark.parametrize(
    "change",
    [{"focal_px": math.inf}, {"focal_px": math.nan}, {"k1": math.nan}, {"cx_px": math.inf}],
)
def test_a_camera_of_endless_numbers_is_refused(change: dict[str, float]) -> None:
    plain = {"width_px": 4, "height_px": 3, "focal_px": 5.0, "cx_px": 2.0, "cy_px": 1.5}
    with pytest.raises(BadInput, match="camera needs"):
        Camera(**{**plain, **change})  # type: ignore[arg-type]

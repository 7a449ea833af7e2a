"""Drawn outlines stay where the damage is: inside the picture, closed, and true to shape."""

import re

import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry.base import BaseGeometry

from inspection.export.svgpath import TOLERANCE_PX, svg_path
from inspection.geo.grid import PixelGrid

WIDTH_PX, HEIGHT_PX, GSD_M = 400, 300, 0.01
GRID = PixelGrid.north_up(
    left_m=1000.0, top_m=2000.0, gsd_m_per_px=GSD_M, width_px=WIDTH_PX, height_px=HEIGHT_PX
)
WRITING_PX = 0.05
"""Half of the last digit that is written."""

LAW = settings(derandomize=True, deadline=None, max_examples=60)
SCALES = st.sampled_from([0.05, 0.25, 0.5, 1.0, 2.0])


def surface_box(left_px: float, top_px: float, right_px: float, bottom_px: float) -> BaseGeometry:
    return shapely.transform(shapely.box(left_px, top_px, right_px, bottom_px), GRID.to_surface)


def rings(path: str) -> list[list[tuple[float, float]]]:
    parts = re.findall(r"M([^MZ]*)Z", path)
    assert "".join(f"M{part}Z" for part in parts) == path, "every ring opens and closes"
    return [[tuple(map(float, pair.split())) for pair in part.split("L")] for part in parts]


@st.composite
def boxes(draw: st.DrawFn) -> tuple[float, float, float, float]:
    left = draw(st.floats(0, WIDTH_PX - 1))
    top = draw(st.floats(0, HEIGHT_PX - 1))
    right = draw(st.floats(left + 0.5, WIDTH_PX))
    bottom = draw(st.floats(top + 0.5, HEIGHT_PX))
    return left, top, right, bottom


@LAW
@given(box_px=boxes(), scale=SCALES)
def test_what_lies_in_the_raster_is_drawn_in_the_picture(
    box_px: tuple[float, float, float, float], scale: float
) -> None:
    points = [p for ring in rings(svg_path(surface_box(*box_px), GRID, scale)) for p in ring]
    assert points
    for x, y in points:
        assert -WRITING_PX <= x <= WIDTH_PX * scale + WRITING_PX
        assert -WRITING_PX <= y <= HEIGHT_PX * scale + WRITING_PX


@LAW
@given(box_px=boxes(), scale=SCALES)
def test_a_box_keeps_its_corners(box_px: tuple[float, float, float, float], scale: float) -> None:
    (ring,) = rings(svg_path(surface_box(*box_px), GRID, scale))
    slack = TOLERANCE_PX + WRITING_PX + 1e-6
    drawn = (
        min(x for x, _ in ring),
        min(y for _, y in ring),
        max(x for x, _ in ring),
        max(y for _, y in ring),
    )
    for found, true in zip(drawn, box_px, strict=True):
        assert true * scale - slack <= found <= true * scale + slack


@LAW
@given(radius_px=st.floats(2, 100), scale=SCALES)
def test_a_round_outline_gets_few_points_and_keeps_its_area(radius_px: float, scale: float) -> None:
    round_px = shapely.Point(WIDTH_PX / 2, HEIGHT_PX / 2).buffer(radius_px, quad_segs=256)
    (ring,) = rings(svg_path(shapely.transform(round_px, GRID.to_surface), GRID, scale))
    assert 3 <= len(ring) < 200
    if radius_px * scale >= 10:
        lost_px2 = round_px.length * scale * (TOLERANCE_PX + WRITING_PX)
        true_px2 = round_px.area * scale**2
        assert true_px2 - lost_px2 <= shapely.Polygon(ring).area <= true_px2 + lost_px2


def test_a_damage_smaller_than_a_pixel_of_the_picture_stays_a_ring() -> None:
    (ring,) = rings(svg_path(surface_box(200, 100, 200.6, 100.4), GRID, 0.05))
    assert len(ring) >= 3
    assert all((x, y) == (10.0, 5.0) for x, y in ring)


def test_a_hole_is_a_ring_of_its_own() -> None:
    plate = surface_box(50, 50, 150, 150).difference(surface_box(80, 80, 120, 120))
    outer, inner = sorted(rings(svg_path(plate, GRID, 1.0)), key=min)
    assert (min(outer), max(outer)) == ((50.0, 50.0), (150.0, 150.0))
    assert (min(inner), max(inner)) == ((80.0, 80.0), (120.0, 120.0))


def test_every_part_of_a_broken_outline_is_drawn() -> None:
    parts = [surface_box(10 * n, 10, 10 * n + 5, 20) for n in range(7)]
    path = svg_path(shapely.MultiPolygon(parts), GRID, 1.0)
    assert len(rings(path)) == 7
    assert path.count("M") == path.count("Z") == 7


@pytest.mark.parametrize("empty", [shapely.Polygon(), shapely.MultiPolygon()])
def test_nothing_draws_nothing(empty: BaseGeometry) -> None:
    assert svg_path(empty, GRID, 1.0) == ""


@LAW
@given(box_px=boxes())
def test_path_data_holds_only_what_an_attribute_may_hold(
    box_px: tuple[float, float, float, float],
) -> None:
    path = svg_path(surface_box(*box_px), GRID, 0.5)
    assert re.fullmatch(r"[MLZ0-9. -]+", path)
    assert path.startswith("M")
    assert path.endswith("Z")


def test_the_same_outline_is_always_the_same_path() -> None:
    outline = surface_box(3, 4, 30, 40)
    assert svg_path(outline, GRID, 0.3) == svg_path(shapely.from_wkb(outline.wkb), GRID, 0.3)


def test_north_is_up_on_the_picture() -> None:
    north = rings(svg_path(surface_box(10, 10, 20, 20), GRID, 1.0))[0]
    south = rings(svg_path(surface_box(10, 200, 20, 210), GRID, 1.0))[0]
    assert max(y for _, y in north) < min(y for _, y in south)

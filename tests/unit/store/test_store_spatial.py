"""Boxes are checked, split at the antimeridian and met exactly."""

import math

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from inspection.errors import BadInput
from inspection.store import page, spatial

lon = st.floats(-180, 180)
lat = st.floats(-90, 90)


@given(lon, lat, lon, lat, lon)
def test_a_split_box_holds_the_same_places(
    west: float, south: float, east: float, north: float, x: float
) -> None:
    south, north = sorted((south, north))
    wanted = (west <= x <= east) if west <= east else (x >= west or x <= east)
    parts = spatial.split_at_antimeridian((west, south, east, north))
    inside = [w <= x <= e for w, _, e, _ in parts]
    assert any(inside) == wanted
    assert all((s, n) == (south, north) for _, s, _, n in parts)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("place", range(4))
def test_a_box_with_a_number_that_is_none_is_refused(bad: float, place: int) -> None:
    box = [0.0, 0.0, 1.0, 1.0]
    box[place] = bad
    with pytest.raises(BadInput, match="all finite"):
        spatial.check_box((box[0], box[1], box[2], box[3]))


def test_a_box_upside_down_is_refused() -> None:
    with pytest.raises(BadInput, match="y0 ≤ y1"):
        spatial.check_box((0, 1, 1, 0))
    with pytest.raises(BadInput, match="x0 ≤ x1"):
        spatial.meets_surface("sqlite", (1, 0, 0, 1))


def test_touching_counts_as_meeting() -> None:
    wkb = shapely.to_wkb(shapely.box(0, 0, 1, 1))
    assert spatial.intersects_box(wkb, 1, 1, 2, 2)
    assert not spatial.intersects_box(wkb, 1 + 1e-12, 1, 2, 2)
    assert not spatial.intersects_box(None, 0, 0, 1, 1)


def test_an_invalid_outline_is_met_where_it_is() -> None:
    bow_tie = shapely.to_wkb(shapely.Polygon([(0, 0), (2, 2), (2, 0), (0, 2)]))
    assert spatial.intersects_box(bow_tie, 1.8, 0.9, 1.9, 1.1)
    assert not spatial.intersects_box(bow_tie, 0.9, 1.8, 1.1, 1.9)


@pytest.mark.parametrize(("limit", "offset"), [(0, 0), (10_001, 0), (1, -1)])
def test_a_window_outside_its_bounds_is_refused(limit: int, offset: int) -> None:
    with pytest.raises(BadInput, match="rows"):
        page.check_window(limit, offset)


def test_a_window_at_its_bounds_passes() -> None:
    page.check_window(1, 0)
    page.check_window(page.LIMIT_MAX, 10**9)

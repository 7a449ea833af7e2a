"""Crack ratio by the half-metre mesh (domain specification §2.2)."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from inspection.codelists.grades import load_crack_ratio_rule
from inspection.domain.crackratio import (
    Distress,
    Lane,
    count_cracks,
    crack_ratio,
    crack_ratio_class,
    mesh_crack_ratio,
)
from inspection.errors import BadGeometry, BadInput

RULE = load_crack_ratio_rule()
LANE = Lane(x_m=0, y_m=0, direction_deg=0, length_m=5, width_m=3)


def cell(column: int, row: int) -> tuple[float, float]:
    """Give the middle of a cell: column along the lane, row from the left edge to the right."""
    return 0.25 + 0.5 * column, -0.25 - 0.5 * row


def dash(column: int, row: int, dy: float = 0.0) -> shapely.LineString:
    x, y = cell(column, row)
    return shapely.LineString([(x - 0.2, y + dy), (x + 0.2, y + dy)])


def ratio(lane: Lane = LANE, **found: list[shapely.Geometry]) -> float:
    return mesh_crack_ratio(lane, Distress(**found), rule=RULE)


def test_the_golden_ratio_is_18_33_percent_class_i() -> None:
    ones = [dash(i, 0) for i in range(10)]
    twos = [dash(i, 1, dy) for i in range(4) for dy in (-0.1, 0.1)]
    patches = []
    for column in (0, 1):
        x, y = cell(column, 3)
        patches.append(shapely.box(x - 0.25, y - 0.25, x + 0.25, y))
    found = ratio(cracks=[*ones, *twos], patches=patches)
    assert found == pytest.approx(18.3333, abs=0.0001)
    assert crack_ratio_class(found, rule=RULE) == "I"


def test_a_clean_lane_is_zero_and_a_ruined_one_100_percent() -> None:
    assert ratio() == 0.0
    assert ratio(alligators=[shapely.box(-1, -4, 6, 1)]) == pytest.approx(100.0)


@pytest.mark.parametrize(
    ("share", "area_m2"), [(0.24, 0.0), (0.26, 0.125), (0.74, 0.125), (0.76, 0.25)]
)
def test_patches_count_by_their_share_of_a_cell(share: float, area_m2: float) -> None:
    patch = shapely.box(1.0, -1.0, 1.0 + 0.5 * share, -0.5)
    assert ratio(patches=[patch]) == pytest.approx(100 * area_m2 / 15, abs=1e-9)


def test_in_one_cell_the_larger_of_crack_and_patch_counts() -> None:
    x, y = cell(2, 2)
    patch = shapely.box(x - 0.25, y - 0.25, x + 0.25, y + 0.1)  # 70 %: 0.125 m²
    assert ratio(patches=[patch], cracks=[dash(2, 2)]) == pytest.approx(100 * 0.15 / 15)


def test_a_pothole_counts_as_two_cracks() -> None:
    x, y = cell(4, 4)
    assert ratio(potholes=[shapely.Point(x, y).buffer(0.05)]) == pytest.approx(100 * 0.25 / 15)


@pytest.mark.parametrize(("share", "percent"), [(0.49, 0.0), (0.51, 100 * 0.25 / 15)])
def test_an_alligator_crack_counts_from_half_a_cell(share: float, percent: float) -> None:
    outline = shapely.box(1.0, -1.0, 1.0 + 0.5 * share, -0.5)
    assert ratio(alligators=[outline]) == pytest.approx(percent)


def test_pieces_shorter_than_100_mm_in_a_cell_do_not_count() -> None:
    x, y = cell(3, 3)
    assert ratio(cracks=[shapely.LineString([(x, y), (x + 0.09, y)])]) == 0
    assert ratio(cracks=[shapely.LineString([(x, y), (x + 0.11, y)])]) > 0


def test_what_lies_outside_the_lane_does_not_count() -> None:
    assert ratio(cracks=[shapely.LineString([(0, 0.5), (5, 0.5)])]) == 0
    assert ratio(cracks=[shapely.LineString([(6, -1.2), (9, -1.2)])]) == 0


def test_cells_cut_by_the_boundary_count_by_their_area() -> None:
    narrow = Lane(x_m=0, y_m=0, direction_deg=0, length_m=5, width_m=2.75)
    x, _ = cell(0, 0)
    crack = shapely.LineString([(x - 0.2, -2.6), (x + 0.2, -2.6)])  # in the half cell at the edge
    assert ratio(narrow, cracks=[crack]) == pytest.approx(100 * 0.15 * 0.5 / (5 * 2.75))


@settings(max_examples=20, deadline=None, derandomize=True)
@given(st.floats(0, 360), st.floats(-1000, 1000), st.floats(-1000, 1000))
def test_turning_and_moving_the_road_changes_nothing(angle: float, dx: float, dy: float) -> None:
    cracks = [dash(i, 0) for i in range(4)] + [dash(2, 2, dy) for dy in (-0.1, 0.1)]
    turn = np.radians(angle)
    matrix = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    there = [shapely.transform(c, lambda xy: xy @ matrix.T + (dx, dy)) for c in cracks]
    lane = Lane(x_m=dx, y_m=dy, direction_deg=angle, length_m=5, width_m=3)
    assert ratio(lane, cracks=there) == pytest.approx(ratio(cracks=cracks), abs=1e-9)


@settings(max_examples=20, deadline=None, derandomize=True)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 5)), max_size=12))
def test_more_cracks_never_lower_the_ratio(cells: list[tuple[int, int]]) -> None:
    lines = [dash(column, row) for column, row in cells]
    assert ratio(cracks=lines[: len(lines) // 2]) <= ratio(cracks=lines) + 1e-9
    assert 0 <= ratio(cracks=lines) <= 100


def test_counting_in_one_cell() -> None:
    two = shapely.MultiLineString([[(0, 0), (0.4, 0)], [(0, 0.2), (0.4, 0.2)]])
    fork = shapely.MultiLineString(
        [[(0, 0), (0.2, 0)], [(0.2, 0), (0.4, 0.1)], [(0.2, 0), (0.4, -0.1)]]
    )
    bend = shapely.LineString([(0, 0), (0.2, 0.1), (0.4, 0)])
    twig = shapely.MultiLineString(
        [[(0, 0), (0.2, 0)], [(0.2, 0), (0.4, 0)], [(0.2, 0), (0.2, 0.05)]]
    )
    touch = shapely.GeometryCollection([bend, shapely.Point(0.5, 0.5)])
    counts = [count_cracks(shape, 0.1) for shape in (two, fork, bend, twig, touch)]
    assert counts == [2, 2, 1, 1, 1]
    assert count_cracks(shapely.Point(0, 0), 0.1) == 0


@pytest.mark.parametrize(
    ("percent", "expected"), [(0, "I"), (19.99, "I"), (20, "II"), (39.99, "II"), (40, "III")]
)
def test_classes(percent: float, expected: str) -> None:
    assert crack_ratio_class(percent, rule=RULE) == expected


def test_uneven_columns_and_empty_lanes_are_refused() -> None:
    with pytest.raises(BadInput, match="one shape"):
        crack_ratio([1, 2], [0.0], [0.25, 0.25], rule=RULE)
    with pytest.raises(BadInput, match="area > 0"):
        crack_ratio([1], [0.0], [0.0], rule=RULE)
    with pytest.raises(BadGeometry, match="size > 0"):
        Lane(x_m=0, y_m=0, direction_deg=0, length_m=0, width_m=3)

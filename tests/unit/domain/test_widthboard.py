"""The target board on paper: nothing overlaps, everything fits, widths are what they say."""

import doctest
import itertools

import cv2
import numpy as np
import pytest
from shapely import LineString, Polygon, box

from inspection.domain import widthboard
from inspection.domain.widthboard import (
    DIRECTIONS_DEG,
    MARKER_BITS,
    WIDTHS_MM,
    Paper,
    WidthBoard,
    lay_out_board,
)


def test_doctests_hold() -> None:
    assert doctest.testmod(widthboard).failed == 0


@pytest.fixture(params=list(Paper))
def board(request: pytest.FixtureRequest) -> WidthBoard:
    return lay_out_board(request.param)


def test_every_width_comes_in_every_direction_once(board: WidthBoard) -> None:
    pairs = [(line.width_mm, line.angle_deg) for line in board.lines]
    assert sorted(pairs) == sorted(itertools.product(WIDTHS_MM, DIRECTIONS_DEG))
    assert [line.number for line in board.lines] == list(range(36))
    for wanted in (0.05, 0.1, 0.2, 0.3, 1.0):  # the widths of the performance catalogue (§1.10)
        assert wanted in WIDTHS_MM
    for line in board.lines:
        (x0, y0), (x1, y1) = line.start_mm, line.end_mm
        assert np.degrees(np.arctan2(y1 - y0, x1 - x0)) == pytest.approx(line.angle_deg)


def test_a_line_has_the_area_of_its_width_times_its_length(board: WidthBoard) -> None:
    for line in board.lines:
        shape = Polygon(line.corners_mm())
        length = LineString([line.start_mm, line.end_mm]).length
        assert shape.area == pytest.approx(line.width_mm * length)
        assert length >= 25


def test_nothing_touches_anything_and_all_lies_on_the_paper(board: WidthBoard) -> None:
    width, height = board.size_mm
    shapes = [Polygon(line.corners_mm()) for line in board.lines]
    shapes += [Polygon(marker.corners_mm()) for marker in board.markers]
    shapes += [LineString(bar).buffer(1.5, cap_style="flat") for bar in board.scale_bars_mm]
    page = box(4, 4, width - 4, height - 4)  # printers leave about 4 mm blank
    assert all(page.contains(shape) for shape in shapes)
    for a, b in itertools.combinations(shapes, 2):
        assert a.distance(b) > 2.0


def test_lines_side_by_side_keep_their_pitch_and_blanks_are_blank(board: WidthBoard) -> None:
    middles = [LineString([line.start_mm, line.end_mm]) for line in board.lines]
    for a, b in itertools.combinations(middles, 2):
        if a.buffer(board.pitch_mm * 0.99, cap_style="flat").intersects(b):
            # neighbours reach across each other only beyond their ends
            assert a.distance(b) >= board.pitch_mm * 0.5
    for blank in board.blanks:
        assert (blank.width_mm, blank.number < 0) == (0.0, True)
        empty = LineString([blank.start_mm, blank.end_mm]).buffer(board.pitch_mm, cap_style="flat")
        assert not any(empty.intersects(Polygon(line.corners_mm())) for line in board.lines)


def test_scale_bars_are_100_mm(board: WidthBoard) -> None:
    lengths = [LineString(bar).length for bar in board.scale_bars_mm]
    assert lengths == pytest.approx([100.0, 100.0])


def test_larger_paper_keeps_the_widths_and_spreads_the_rest() -> None:
    small, large = lay_out_board(Paper.A4), lay_out_board(Paper.A3)
    for a, b in zip(small.lines, large.lines, strict=True):
        assert a.width_mm == b.width_mm
        assert b.start_mm == pytest.approx(np.array(a.start_mm) * 297 / 210)
    assert large.pitch_mm == pytest.approx(10 * 297 / 210)


def test_markers_are_those_of_the_dictionary_that_finds_them() -> None:
    dictionary = cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_4X4_50)
    for number, bits in enumerate(MARKER_BITS):
        cells = cv2.aruco.generateImageMarker(dictionary, number, 6)[1:5, 1:5]
        assert bits == "".join("1" if cell else "0" for cell in cells.ravel())

"""The PDF of the board: its geometry is exact, and what a renderer makes of it measures right."""

import re
from pathlib import Path

import numpy as np
import pypdf
import pytest
from shapely import Polygon, box

from inspection.domain.widthboard import CELLS, MARKER_BITS, Paper, WidthBoard, lay_out_board
from inspection.export.boardpdf import write_board_pdf
from tests.support.board_photo import DOTS_PER_MM, INK_LIGHT, PAPER_LIGHT, page_of

POINT_MM = 25.4 / 72
Matrix = np.ndarray


@pytest.fixture(scope="module", params=list(Paper))
def printed(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[WidthBoard, Path]:
    board = lay_out_board(request.param)
    path = tmp_path_factory.mktemp("pdf") / "board.pdf"
    write_board_pdf(board, path)
    return board, path


def black_shapes(path: Path) -> list[Polygon]:
    """Read every black filled shape of the page, millimetres from its top left corner.

    Follows the operators q, Q, cm, rg, re, m, l, h, f of the content stream (ISO 32000-1, 8.5).
    """
    page = pypdf.PdfReader(path).pages[0]
    height_pt = float(page.mediabox.height)
    content = page.get_contents()
    assert content is not None
    words = re.sub(rb"BT.*?ET", b" ", content.get_data(), flags=re.DOTALL).decode("latin1").split()
    state: tuple[Matrix, tuple[float, ...]] = (np.eye(3), (0.0, 0.0, 0.0))
    kept, operands, paths, shapes = [], [], [], []

    def placed(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
        at = np.column_stack([np.array(points), np.ones(len(points))]) @ state[0]
        return [(x * POINT_MM, (height_pt - y) * POINT_MM) for x, y, _ in at]

    for word in words:
        try:
            operands.append(float(word))
            continue
        except ValueError:
            pass
        if word == "q":
            kept.append(state)
        elif word == "Q":
            state = kept.pop()
        elif word == "cm":
            a, b, c, d, e, f = operands[-6:]
            state = (np.array([[a, b, 0], [c, d, 0], [e, f, 1]]) @ state[0], state[1])
        elif word == "rg":
            state = (state[0], tuple(operands[-3:]))
        elif word == "re":
            x, y, w, h = operands[-4:]
            paths.append([(x, y), (x + w, y), (x + w, y + h), (x, y + h)])
        elif word == "m":
            paths.append([(operands[-2], operands[-1])])
        elif word == "l":
            paths[-1].append((operands[-2], operands[-1]))
        elif word in {"f", "f*", "n", "W"}:
            if word.startswith("f") and state[1] == (0.0, 0.0, 0.0):
                shapes += [Polygon(placed(points)) for points in paths if len(points) > 2]
            if word != "W":
                paths = []
        operands = []
    return shapes


def test_the_page_has_the_size_of_the_paper(printed: tuple[WidthBoard, Path]) -> None:
    board, path = printed
    reader = pypdf.PdfReader(path)
    assert len(reader.pages) == 1
    sizes = float(reader.pages[0].mediabox.width), float(reader.pages[0].mediabox.height)
    assert np.array(sizes) * POINT_MM == pytest.approx(board.size_mm, abs=0.01)


def test_every_line_stands_in_the_pdf_to_a_micrometre(printed: tuple[WidthBoard, Path]) -> None:
    board, path = printed
    shapes = black_shapes(path)
    for line in board.lines:
        wanted = Polygon(line.corners_mm())
        near = min(shapes, key=lambda s, w=wanted: s.centroid.distance(w.centroid))
        assert near.hausdorff_distance(wanted) < 0.001
        size = np.hypot(*np.subtract(line.end_mm, line.start_mm))
        assert near.area / size == pytest.approx(line.width_mm, abs=0.0002)
    for marker in board.markers:
        wanted = Polygon(marker.corners_mm())
        assert any(shape.hausdorff_distance(wanted) < 0.001 for shape in shapes)


def test_scale_bars_reach_100_mm_from_edge_to_edge(printed: tuple[WidthBoard, Path]) -> None:
    board, path = printed
    shapes = black_shapes(path)
    for (x0, y0), (x1, y1) in board.scale_bars_mm:
        area = box(x0 - 2, y0 - 2, x1 + 2, y1 + 2)
        parts = [shape for shape in shapes if area.contains(shape)]
        left, top, right, bottom = np.array([part.bounds for part in parts]).T
        assert max(right.max() - left.min(), bottom.max() - top.min()) == pytest.approx(
            100.0, abs=0.001
        )
        assert len(parts) == 3


def test_nothing_else_is_drawn_where_profiles_run(printed: tuple[WidthBoard, Path]) -> None:
    assert len(black_shapes(printed[1])) == 36 + 8 + 6


def test_a_rendered_page_shows_the_widths_and_the_patterns(tmp_path: Path) -> None:
    board = lay_out_board(Paper.A4)
    path = tmp_path / "board.pdf"
    write_board_pdf(board, path)
    page = page_of(path)
    assert np.array(page.shape) / DOTS_PER_MM == pytest.approx([297.0, 210.0], abs=0.05)
    ink = (PAPER_LIGHT - page) / (PAPER_LIGHT - INK_LIGHT)
    for line in board.lines:
        (x0, y0), (x1, y1) = line.start_mm, line.end_mm
        x, y = (x0 + x1) / 2, (y0 + y1) / 2
        column, row, reach = int(x * DOTS_PER_MM), int(y * DOTS_PER_MM), int(3 * DOTS_PER_MM)
        if line.angle_deg == 90.0:
            across = ink[row, column - reach : column + reach].sum()
        else:
            across = ink[row - reach : row + reach, column].sum()
        seen_mm = across / DOTS_PER_MM * np.cos(np.radians(line.angle_deg % 90))
        # a renderer may blacken every dot that an edge touches: one dot is 0.025 mm
        assert seen_mm == pytest.approx(line.width_mm, abs=0.026)
    for marker in board.markers:
        cell = marker.side_mm / CELLS
        for place, bit in enumerate(MARKER_BITS[marker.number]):
            x = marker.left_mm + (place % 4 + 1.5) * cell
            y = marker.top_mm + (place // 4 + 1.5) * cell
            dark = ink[int(y * DOTS_PER_MM), int(x * DOTS_PER_MM)] > 0.5
            assert dark == (bit == "0")

"""Draw the target board as a PDF in its true size: vector lines, nothing rasterised.

Source: PDF user space is 1/72 inch; the paper's millimetres are the units of the drawing.
"""

from collections.abc import Iterable
from pathlib import Path

from inspection.domain.widthboard import (
    CELLS,
    DIRECTIONS_DEG,
    MARKER_BITS,
    BoardLine,
    BoardMarker,
    WidthBoard,
)
from inspection.export.pdf import load_engine
from inspection.export.writing import replacing

LABEL_MM = 2.4
TICK_MM = 3.0


def write_board_pdf(board: WidthBoard, path: Path) -> None:
    """Write a board as a PDF of one page.

    Raises:
        Unavailable: when Pango is missing, or the file cannot be written.
    """
    engine = load_engine()
    width, height = board.size_mm
    page = (
        f"<style>@page {{ size: {width}mm {height}mm; margin: 0 }} "
        "body { margin: 0 } svg { display: block }</style>"
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}mm" height="{height}mm" '
        f'viewBox="0 0 {width} {height}">{"".join(_shapes(board))}</svg>'
    )
    with replacing(path) as temporary:
        engine.HTML(string=page).write_pdf(temporary)


def _shapes(board: WidthBoard) -> Iterable[str]:
    """Draw everything."""
    for marker in board.markers:
        yield from _marker(marker)
    for line in board.lines:
        yield _line(line)
        yield _label(line, board.pitch_mm / 10)
    for bar in board.scale_bars_mm:
        yield from _scale_bar(*bar)
    yield from _notes(board)


def _rect(left: float, top: float, width: float, height: float, fill: str = "black") -> str:
    return (
        f'<rect x="{left:.4f}" y="{top:.4f}" width="{width:.4f}" height="{height:.4f}" '
        f'fill="{fill}"/>'
    )


def _marker(marker: BoardMarker) -> Iterable[str]:
    """Draw a black square with the white cells of its pattern."""
    yield _rect(marker.left_mm, marker.top_mm, marker.side_mm, marker.side_mm)
    cell = marker.side_mm / CELLS
    for place, bit in enumerate(MARKER_BITS[marker.number]):
        if bit == "1":
            column, row = place % 4 + 1, place // 4 + 1
            yield _rect(
                marker.left_mm + column * cell, marker.top_mm + row * cell, cell, cell, "white"
            )


def _line(line: BoardLine) -> str:
    """Draw a line as a filled shape, so that no rule about strokes touches its width."""
    corners = line.corners_mm()
    if line.angle_deg in {0.0, 90.0}:
        left, top = (min(corner[axis] for corner in corners) for axis in (0, 1))
        right, bottom = (max(corner[axis] for corner in corners) for axis in (0, 1))
        return _rect(left, top, right - left, bottom - top)
    points = " ".join(f"{x:.5f},{y:.5f}" for x, y in corners)
    return f'<polygon points="{points}" fill="black"/>'


def _label(line: BoardLine, scale: float) -> str:
    """Write the width beyond one end of a line, off all profiles across it."""
    x, y, anchor = *line.start_mm, "middle"
    if line.angle_deg == 0.0:
        x, y, anchor = line.end_mm[0] + 1.0, y + LABEL_MM * 0.35, "start"
    elif line.angle_deg == DIRECTIONS_DEG[1]:
        y -= 1.5 * scale
    else:
        x, y, anchor = x - 0.5, y - 0.8, "end"
    return _text(x, y, f"{line.width_mm:g}", anchor)


def _text(x: float, y: float, words: str, anchor: str = "start") -> str:
    return (
        f'<text x="{x:.3f}" y="{y:.3f}" font-size="{LABEL_MM}" font-family="sans-serif" '
        f'text-anchor="{anchor}">{words}</text>'
    )


def _scale_bar(start: tuple[float, float], end: tuple[float, float]) -> Iterable[str]:
    """Draw a bar between two ticks whose outer edges are 100 mm apart."""
    (x0, y0), (x1, y1) = start, end
    thin = 0.2
    if y0 == y1:
        yield _rect(x0, y0 - thin / 2, x1 - x0, thin)
        yield _rect(x0, y0 - TICK_MM / 2, thin, TICK_MM)
        yield _rect(x1 - thin, y0 - TICK_MM / 2, thin, TICK_MM)
        yield _text(x0 + 1, y0 - 1, "100.0 mm between the outer edges")
    else:
        yield _rect(x0 - thin / 2, y0, thin, y1 - y0)
        yield _rect(x0 - TICK_MM / 2, y0, TICK_MM, thin)
        yield _rect(x0 - TICK_MM / 2, y1 - thin, TICK_MM, thin)


def _notes(board: WidthBoard) -> Iterable[str]:
    """Say how to print and photograph it."""
    scale = board.size_mm[0] / 210.0
    columns = (
        (40.0, ("Tenken width board", "Print at 100 %, matt, 1200 dpi or better.",
                "Both bars must measure 100.0 mm.", "Mount it flat.")),
        (120.0, ("Photograph it as the structure will be:", "same camera, lens, distances, light.",
                 "All eight squares in the picture.", "Numbers: line width, mm")),
    )  # fmt: skip
    for x, lines in columns:
        for number, words in enumerate(lines):
            yield _text(x * scale, 266.0 * scale + number * LABEL_MM * 1.6, words)

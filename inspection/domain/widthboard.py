"""Lay out the target board: lines of known width in three directions, markers, scale bars.

Board frame: millimetres from the top left corner of the paper, x right, y down.
"""

import math
from dataclasses import dataclass
from enum import StrEnum

WIDTHS_MM = (0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.8, 1.0, 1.5, 2.0)
"""From below what any drone resolves to above what grades of concrete ask for (§1.5.1, §1.10)."""

DIRECTIONS_DEG = (0.0, 90.0, 45.0)
"""Of the lines on the paper, from right towards down."""

MARKER_BITS = (
    "1011010100110010",
    "0000111110011010",
    "0011001100101101",
    "1001100101000110",
    "0101010010011110",
    "0111100111001101",
    "1001111000101110",
    "1100010011110010",
)
"""Inner 4 × 4 cells of markers 0–7, row by row, 1 = white. Source: dictionary 4X4_50 of the ArUco
module of OpenCV, which finds them again."""

CELLS = 6
"""Cells in one marker along each side, with its black border."""


class Paper(StrEnum):
    """Name the sizes on which the board is printed."""

    A4 = "a4"
    A3 = "a3"


SIZES_MM = {Paper.A4: (210.0, 297.0), Paper.A3: (297.0, 420.0)}


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardLine:
    """Carry one line of known width.

    Attributes:
        number: counts from 0.
        width_mm: nominal.
        angle_deg: 0 lies, 90 stands.
        start_mm: x, y of one end of its centre line.
        end_mm: of the other.
    """

    number: int
    width_mm: float
    angle_deg: float
    start_mm: tuple[float, float]
    end_mm: tuple[float, float]

    def corners_mm(self) -> tuple[tuple[float, float], ...]:
        """Give the four corners of the line.

        >>> line = BoardLine(
        ...     number=0, width_mm=2.0, angle_deg=0.0, start_mm=(1.0, 5.0), end_mm=(9.0, 5.0)
        ... )
        >>> line.corners_mm()
        ((1.0, 4.0), (9.0, 4.0), (9.0, 6.0), (1.0, 6.0))
        """
        (x0, y0), (x1, y1) = self.start_mm, self.end_mm
        size = math.hypot(x1 - x0, y1 - y0)
        dx, dy = -(y1 - y0) / size * self.width_mm / 2, (x1 - x0) / size * self.width_mm / 2
        return (
            (x0 - dx, y0 - dy),
            (x1 - dx, y1 - dy),
            (x1 + dx, y1 + dy),
            (x0 + dx, y0 + dy),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardMarker:
    """Carry one square marker.

    Attributes:
        number: which of the dictionary.
        left_mm: of its black border.
        top_mm: likewise.
        side_mm: likewise.
    """

    number: int
    left_mm: float
    top_mm: float
    side_mm: float

    def corners_mm(self) -> tuple[tuple[float, float], ...]:
        """Give the corners clockwise from the top left."""
        right, bottom = self.left_mm + self.side_mm, self.top_mm + self.side_mm
        return (
            (self.left_mm, self.top_mm),
            (right, self.top_mm),
            (right, bottom),
            (self.left_mm, bottom),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class WidthBoard:
    """Carry a board.

    Attributes:
        paper: its size.
        lines: of known width.
        blanks: places without a line, width 0, to see what is taken for one.
        markers: by which the board is found.
        scale_bars_mm: (start, end) of bars that a ruler must find 100 mm long.
        pitch_mm: free distance from the middle of a line to its neighbour.
    """

    paper: Paper
    lines: tuple[BoardLine, ...]
    blanks: tuple[BoardLine, ...]
    markers: tuple[BoardMarker, ...]
    scale_bars_mm: tuple[tuple[tuple[float, float], tuple[float, float]], ...]
    pitch_mm: float

    @property
    def size_mm(self) -> tuple[float, float]:
        """Give width and height of the paper."""
        return SIZES_MM[self.paper]


def lay_out_board(paper: Paper = Paper.A4) -> WidthBoard:
    """Lay out a board; on larger paper everything but the widths grows.

    >>> board = lay_out_board()
    >>> len(board.lines), len(board.markers)
    (36, 8)
    """
    s = SIZES_MM[paper][0] / SIZES_MM[Paper.A4][0]
    lines = [*_standing(s), *_lying(s), *_diagonal(s)]
    numbered = tuple(
        BoardLine(number=i, width_mm=w, angle_deg=a, start_mm=start, end_mm=end)
        for i, (w, a, start, end) in enumerate(lines)
    )
    return WidthBoard(
        paper=paper,
        lines=numbered,
        blanks=_blanks(s),
        markers=_markers(s),
        scale_bars_mm=(
            ((55.0 * s, 250.0 * s), (55.0 * s + 100.0, 250.0 * s)),
            ((203.0 * s, 40.0 * s), (203.0 * s, 40.0 * s + 100.0)),
        ),
        pitch_mm=10.0 * s,
    )


_Line = tuple[float, float, tuple[float, float], tuple[float, float]]


def _standing(s: float) -> list[_Line]:
    """Place the widths side by side, 10 mm apart."""
    return [
        (w, 90.0, ((50 + 10 * i) * s, 46 * s), ((50 + 10 * i) * s, 84 * s))
        for i, w in enumerate(WIDTHS_MM)
    ]


def _lying(s: float) -> list[_Line]:
    """Place the widths in two columns of six, 10 mm apart."""
    places = [((48 + 60 * (i // 6)) * s, (108 + 10 * (i % 6)) * s) for i in range(len(WIDTHS_MM))]
    return [(w, 0.0, (x, y), (x + 50 * s, y)) for w, (x, y) in zip(WIDTHS_MM, places, strict=True)]


def _diagonal(s: float) -> list[_Line]:
    """Place the widths in two rows of six, 20 mm apart along the row: 14 mm from line to line."""
    places = [((44 + 20 * (i % 6)) * s, (176 + 34 * (i // 6)) * s) for i in range(len(WIDTHS_MM))]
    return [
        (w, 45.0, (x, y), (x + 26 * s, y + 26 * s))
        for w, (x, y) in zip(WIDTHS_MM, places, strict=True)
    ]


def _blanks(s: float) -> tuple[BoardLine, ...]:
    """Choose places beside the lines where nothing is printed."""
    places = [(x, 96.0) for x in (50.0, 75.0, 100.0, 125.0)]
    return tuple(
        BoardLine(
            number=-1 - i,
            width_mm=0.0,
            angle_deg=0.0,
            start_mm=(x * s, y * s),
            end_mm=((x + 20) * s, y * s),
        )
        for i, (x, y) in enumerate(places)
    )


def _markers(s: float) -> tuple[BoardMarker, ...]:
    """Place markers at the corners and in the middle of each side."""
    left, centre, right = 12.0, 93.0, 174.0
    top, middle, bottom = 12.0, 136.5, 261.0
    places = [
        (left, top), (centre, top), (right, top), (right, middle),
        (right, bottom), (centre, bottom), (left, bottom), (left, middle),
    ]  # fmt: skip
    return tuple(
        BoardMarker(number=i, left_mm=x * s, top_mm=y * s, side_mm=24.0 * s)
        for i, (x, y) in enumerate(places)
    )

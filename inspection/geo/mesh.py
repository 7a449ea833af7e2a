"""Name the cells of the Japanese standard grid (JIS X 0410) and give their bounds.

Codes nest: each begins with the code of the cell that holds it. Positions are degrees on JGD2011,
which differs from WGS 84 by less than the smallest cell by far.

Source: JIS X 0410; domain specification §7.5.
"""

import math
from fractions import Fraction

from inspection.errors import BadInput

LEVELS = (4, 6, 8, 9, 10, 11)
"""Digits of a code: 1st (80 km), 2nd (10 km), 3rd (1 km), 1/2, 1/4 and 1/8 of the 3rd."""

_DIVISIONS = {6: 8, 8: 10, 9: 2, 10: 2, 11: 2}
"""Into how many parts each side of the cell above is divided, by digits."""

_ROWS_PER_DEGREE = Fraction(3, 2)  # a first mesh is 40' high and 1° wide
_ROWS, _COLUMNS = 99, 80  # up to 66° north and 180° east


def mesh_code(lat_deg: float, lon_deg: float, digits: int = 8) -> str:
    """Give the code of the cell that holds a position.

    The south and the west edge belong to a cell.

    Args:
        lat_deg: latitude, 0 to 66.
        lon_deg: longitude, 100 to 180.
        digits: 4, 6, 8, 9, 10 or 11.

    Raises:
        BadInput: when the standard has no cell there, or no such level.

    >>> mesh_code(36.594606, 136.625669), mesh_code(36.594606, 136.625669, 10)
    ('54367510', '5436751013')
    """
    _check_level(digits)
    if not (0 <= lat_deg < 66 and 100 <= lon_deg < 180):
        raise BadInput(
            f"no JIS X 0410 cell at latitude {lat_deg}°, longitude {lon_deg}°; it covers 0–66° "
            "north and 100–180° east; check that the two are not swapped"
        )
    # exact fractions: a position on an edge must not fall into the cell beside it
    row = _exact(lat_deg) * _ROWS_PER_DEGREE
    column = _exact(lon_deg) - 100
    code = f"{math.floor(row):02}{math.floor(column):02}"
    for level in LEVELS[1:]:
        if level > digits:
            break
        parts = _DIVISIONS[level]
        row, column = (row % 1) * parts, (column % 1) * parts
        code += _digits(math.floor(row), math.floor(column), parts)
    return code


def mesh_bounds(code: str) -> tuple[float, float, float, float]:
    """Give west, south, east, north of a cell, degrees.

    Raises:
        BadInput: when the code is none of the standard.

    >>> mesh_bounds("5436")
    (136.0, 36.0, 137.0, 36.666666666666664)
    """
    _check_level(len(code))
    if not code.isdecimal() or not code.isascii():
        raise BadInput(f"mesh code {code!r} must be digits only")
    row, column, size = Fraction(int(code[:2])), Fraction(int(code[2:4])), Fraction(1)
    if row >= _ROWS or column >= _COLUMNS:
        raise BadInput(f"mesh code {code!r} lies outside of 0–66° north and 100–180° east")
    start = 4
    for level in LEVELS[1:]:
        if level > len(code):
            break
        parts = _DIVISIONS[level]
        down, right = _offsets(code[start:level], parts, code)
        size /= parts
        row, column = row + down * size, column + right * size
        start = level
    south, west = row / _ROWS_PER_DEGREE, column + 100
    north, east = (row + size) / _ROWS_PER_DEGREE, column + size + 100
    return float(west), float(south), float(east), float(north)


def _exact(value: float) -> Fraction:
    """Give the decimal number that was meant: 36.1 is not the double nearest to it."""
    return Fraction(repr(float(value)))


def _digits(row: int, column: int, parts: int) -> str:
    """Write the place of a part: two digits, or one for quarters (1 SW, 2 SE, 3 NW, 4 NE)."""
    return f"{row}{column}" if parts > 2 else str(1 + column + 2 * row)


def _offsets(digits: str, parts: int, code: str) -> tuple[int, int]:
    """Read the place of a part back."""
    row, column = (int(d) for d in digits) if parts > 2 else divmod(int(digits) - 1, 2)
    if not (0 <= row < parts and 0 <= column < parts):
        raise BadInput(f"mesh code {code!r} has {digits!r} where no part has that number")
    return row, column


def _check_level(digits: int) -> None:
    if digits not in LEVELS:
        raise BadInput(f"a mesh code has one of {LEVELS} digits, got {digits}")

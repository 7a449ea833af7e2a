"""Say what a cell of a table may hold, and keep spreadsheets from running texts as programs."""

Cell = str | int | float | None

FORMULA_STARTS = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\n")
"""First characters that make a spreadsheet run a text as a formula; East Asian ones read the wide
signs as the narrow ones."""

BLANKS = " \u00a0\u3000\ufeff"
"""What a spreadsheet may pass over before a formula."""


def inert(cell: Cell) -> Cell:
    """Make a text harmless to a spreadsheet: one that starts like a formula gets an apostrophe.

    Names come from files and asset registers, and a spreadsheet would run them. Numbers are
    numbers and stay as they are.

    Source: OWASP, "CSV Injection".

    >>> inert("=1+1"), inert(-3.5), inert("K-12")
    ("'=1+1", -3.5, 'K-12')
    """
    if isinstance(cell, str) and cell.lstrip(BLANKS).startswith(FORMULA_STARTS):
        return "'" + cell
    return cell

"""Dress cells of a workbook: texts that stay texts, fonts of Japanese offices, pages."""

from collections.abc import Iterable
from typing import Literal

from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.cell.cell import Cell as WrittenCell
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.worksheet.worksheet import Worksheet

from inspection.export.cells import Cell

Language = Literal["ja", "en"]

CELL_MAX = 32_767
"""Most characters of a cell. Source: Microsoft, "Excel specifications and limits"."""

FONT = "游ゴシック"
"""Font of Japanese offices since 2016; other programs take their own Japanese font instead."""

A4, A3 = 9, 8
"""Paper sizes. Source: ECMA-376 part 1 §18.3.1.63."""

HEADING = PatternFill("solid", fgColor="1F3A5F")
UNREVIEWED = PatternFill("solid", fgColor="FFF8E1")
EMERGENCY = PatternFill("solid", fgColor="FFCDD2")

_LINE = Side(style="thin", color="9E9E9E")
GRID = Border(left=_LINE, right=_LINE, top=_LINE, bottom=_LINE)


def put(sheet: Worksheet, row: int, column: int, value: Cell) -> WrittenCell:
    """Write a cell; a text is a text and never a formula, whatever it starts with.

    A text longer than a cell holds is cut, and says so at its end.
    """
    if isinstance(value, str):
        value = fitting(value)
    cell = sheet.cell(row=row, column=column, value=value)
    if isinstance(value, str):
        cell.data_type = "s"
    return cell


def fitting(text: str) -> str:
    r"""Give a text without characters that a workbook cannot hold, and not too long for a cell.

    >>> len(fitting("x" * 40_000)), fitting("a\x07b")
    (32767, 'a\ufffdb')
    """
    clean: str = ILLEGAL_CHARACTERS_RE.sub("\N{REPLACEMENT CHARACTER}", text)
    if len(clean) <= CELL_MAX:
        return clean
    mark = f"… [{len(clean)} characters, cut]"
    return clean[: CELL_MAX - len(mark)] + mark


def dress_heading(cells: Iterable[WrittenCell], *, size: float = 10) -> None:
    """Give the cells of a heading their colours."""
    for cell in cells:
        cell.font = Font(name=FONT, bold=True, color="FFFFFF", size=size)
        cell.fill = HEADING
        cell.alignment = Alignment(wrap_text=True, vertical="center", horizontal="center")
        cell.border = GRID


def text_width(text: str) -> int:
    """Count columns of a terminal that a text fills: a Japanese character fills two.

    >>> text_width("幅 mm")
    5
    """
    return sum(2 if ord(char) > 0x2E7F or char in "±×–…" else 1 for char in text)


def lines_needed(text: str, width: float) -> int:
    """Count the lines that a text takes in a cell of some width, at least one.

    >>> lines_needed("あ" * 10, 10), lines_needed("", 10)
    (3, 1)
    """
    usable = max(2, int(width) - 1)
    return sum(max(1, -(-text_width(line) // usable)) for line in text.split("\n"))


def set_page(sheet: Worksheet, *, paper: int, title: str, language: Language) -> None:
    """Set a sheet up for a printer: landscape, one page wide, page numbers."""
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = paper
    sheet.page_setup.fitToWidth = 1
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.page_margins.left = sheet.page_margins.right = 0.4
    sheet.page_margins.top, sheet.page_margins.bottom = 0.5, 0.75
    sheet.page_margins.footer = 0.35
    sheet.print_options.horizontalCentered = True
    # & begins a code in headers and footers; && is the character itself
    sheet.oddFooter.left.text = title.replace("&", "&&")[:120]
    page = "&P / &N ページ" if language == "ja" else "page &P of &N"
    sheet.oddFooter.right.text = page

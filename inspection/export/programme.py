"""Write a programme as CSV, or as an XLSX workbook for reading and printing."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from openpyxl import Workbook
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from inspection.export.cells import Cell, inert
from inspection.export.encoding import encode
from inspection.export.sheetstyle import fitting
from inspection.export.writing import replacing

HEADING = PatternFill("solid", fgColor="1F3A5F")
EMERGENCY = PatternFill("solid", fgColor="FFCDD2")
MUST = PatternFill("solid", fgColor="FFF3E0")
SHADES: Mapping[Cell, PatternFill] = {0: EMERGENCY, 1: MUST}
"""Colours of urgent lines by their tier."""

YEN = "#,##0"
LINE = Border(bottom=Side(style="hair", color="9E9E9E"))
A4 = 9
CENTRED = frozenset({"rank", "tier", "score", "fiscal_year"})
"""Columns of short numbers, which would otherwise touch the text beside them."""

COLUMNS = (
    ("rank", "順位", "Rank", 6),
    ("tier", "緊急度", "Tier", 7),
    ("score", "優先度", "Score", 8),
    ("asset_id", "施設ID", "Asset", 16),
    ("name", "施設名", "Name", 22),
    ("municipality", "市町", "Municipality", 14),
    ("task", "種別", "Task", 14),
    ("fiscal_year", "年度", "Fiscal year", 8),
    ("work", "対策", "Work", 20),
    ("cost_yen", "費用（円）", "Cost (yen)", 15),
    ("reason", "理由", "Reason", 52),
)
"""Key, headings and width of the columns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgrammeSheet:
    """Carry a programme laid out for people.

    Attributes:
        title: its name.
        rows: cells by the keys of ``COLUMNS``, by rank; those without a fiscal year are left out of
            the programme.
        years: fiscal year, budget and spending in yen of each year.
        facts: what else stands on the first sheet, label and value.
    """

    title: str
    rows: Sequence[Mapping[str, Cell]]
    years: Sequence[tuple[int, int, int]]
    facts: Sequence[tuple[str, Cell]]


def write_programme_csv(sheet: ProgrammeSheet, path: Path) -> int:
    """Write every line as CSV, UTF-8 with a byte-order mark; give the number of lines.

    Raises:
        Unavailable: when the folder cannot be written.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([key for key, *_ in COLUMNS])
    for row in sheet.rows:
        writer.writerow([_plain(inert(row.get(key))) for key, *_ in COLUMNS])
    with replacing(path) as temporary:
        temporary.write_bytes(encode(text.getvalue(), "utf-8-sig").content)
    return len(sheet.rows)


def _plain(cell: Cell) -> str:
    if cell is None:
        return ""
    return f"{cell:.2f}" if isinstance(cell, float) else str(cell)


def write_programme_xlsx(sheet: ProgrammeSheet, path: Path, *, japanese: bool) -> None:
    """Write a workbook: the years, the works by year, and what is left with the reason.

    Raises:
        Unavailable: when the folder cannot be written.
    """
    book = Workbook()
    _fill_summary(book.active, sheet, japanese=japanese)
    chosen = sorted(
        (row for row in sheet.rows if row["fiscal_year"] is not None),
        key=lambda row: (int(row["fiscal_year"] or 0), int(row["rank"] or 0)),
    )
    left = [row for row in sheet.rows if row["fiscal_year"] is None]
    names = ("計画", "計画外") if japanese else ("Programme", "Not selected")
    for name, rows in zip(names, (chosen, left), strict=True):
        _fill_rows(book.create_sheet(name), rows, japanese=japanese)
    with replacing(path) as temporary:
        book.save(temporary)


def _fill_summary(page: Worksheet, sheet: ProgrammeSheet, *, japanese: bool) -> None:
    """Write title, facts and the table of years."""
    page.title = "概要" if japanese else "Summary"
    _put(page, 1, 1, sheet.title).font = Font(bold=True, size=14)
    at = 3
    for label, value in sheet.facts:
        _put(page, at, 1, label).font = Font(bold=True)
        cell = _put(page, at, 2, value)
        cell.alignment = Alignment(wrap_text=True, vertical="top", horizontal="left")
        if isinstance(value, int):
            cell.number_format = YEN
        at += 1
    at += 1
    titles = (
        ("年度", "予算（円）", "計画（円）", "残（円）")
        if japanese
        else ("Fiscal year", "Budget (yen)", "Planned (yen)", "Left (yen)")
    )
    _heading(page, at, titles)
    for year, budget, spent in sheet.years:
        at += 1
        for column, value in enumerate((year, budget, spent, budget - spent), 1):
            cell = _put(page, at, column, value)
            cell.number_format = "0" if column == 1 else YEN
            cell.alignment = Alignment(horizontal="left" if column == 1 else "right")
            cell.border = LINE
    for letter, width in zip("ABCD", (28, 26, 20, 20), strict=True):
        page.column_dimensions[letter].width = width
    _fit(page)


def _fill_rows(page: Worksheet, rows: Sequence[Mapping[str, Cell]], *, japanese: bool) -> None:
    """Write lines under a heading that stays in view."""
    _heading(page, 1, [ja if japanese else en for _, ja, en, _ in COLUMNS])
    page.freeze_panes = "E2"
    for number, row in enumerate(rows, 2):
        shade = SHADES.get(row["tier"])
        for column, (key, *_) in enumerate(COLUMNS, 1):
            cell = _put(page, number, column, row.get(key))
            cell.alignment = Alignment(
                vertical="top",
                horizontal=_side(key),
                wrap_text=key in ("reason", "name"),
                indent=1 if key in ("work", "reason") else 0,
            )
            cell.border = LINE
            cell.number_format = {"cost_yen": YEN, "score": "0.0"}.get(key, "General")
            if shade is not None:
                cell.fill = shade
    for column, (*_, width) in enumerate(COLUMNS, 1):
        page.column_dimensions[get_column_letter(column)].width = width
    page.auto_filter.ref = f"A1:{get_column_letter(len(COLUMNS))}{max(2, page.max_row)}"
    page.print_title_rows = "1:1"
    _fit(page)


def _side(key: str) -> str | None:
    """Say on which side of its cell a column stands."""
    if key in CENTRED:
        return "center"
    return "left" if key in ("work", "reason") else None


def _fit(page: Worksheet) -> None:
    """Let a sheet fill the width of an A4 page."""
    page.page_setup.orientation = "landscape"
    page.page_setup.paperSize = A4
    page.page_setup.fitToHeight = 0
    page.sheet_properties.pageSetUpPr.fitToPage = True
    page.page_margins.left = page.page_margins.right = 0.4


def _heading(page: Worksheet, row: int, titles: Sequence[str]) -> None:
    for column, title in enumerate(titles, 1):
        cell = _put(page, row, column, title)
        cell.font = Font(bold=True, color="FFFFFF")
        cell.fill = HEADING
        cell.alignment = Alignment(wrap_text=True, vertical="center")


def _put(page: Worksheet, row: int, column: int, value: Cell):  # type: ignore[no-untyped-def]  # noqa: ANN202 openpyxl's own
    """Write a cell; a text is a text and never a formula."""
    if isinstance(value, str):
        value = fitting(value)
    cell = page.cell(row=row, column=column, value=value)
    if isinstance(value, str):
        cell.data_type = "s"
    return cell

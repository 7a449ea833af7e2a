"""Write a work list as an XLSX workbook that a planner can read, sort and print."""

from pathlib import Path

from openpyxl import Workbook
from openpyxl.styles import Alignment
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from inspection.domain.priority import Priority
from inspection.domain.workorder import WorkList
from inspection.export.cells import Cell
from inspection.export.printsheet import fill_print_sheet
from inspection.export.sheetstyle import (
    A3,
    EMERGENCY,
    UNREVIEWED,
    Language,
    dress_heading,
    put,
    set_page,
)
from inspection.export.table import COLUMNS
from inspection.export.writing import replacing

WRAPPED = frozenset({"reasons_ja", "reasons_en", "photos"})
"""Columns whose text runs over several lines."""

SHEETS = {
    "ja": ("作業一覧", "全項目", "優先度の根拠"),
    "en": ("Work list", "All columns", "Priorities"),
}
"""Names of the sheets: to read and print, with every column, and what explains the priorities."""


def write_xlsx(
    work_list: WorkList, path: Path, *, language: Language = "ja", made: str = ""
) -> None:
    """Write a work list with a sheet to print, one with all columns, and one with the reasons.

    Args:
        work_list: the list.
        path: where; the file is complete or not there.
        language: of the headings; on the second sheet the cells of both languages are there.
        made: when the list was drawn up, for people; empty to leave it out.

    Raises:
        Unavailable: when the folder cannot be written.
    """
    book = Workbook()
    names = SHEETS[language]
    printed = book.active
    printed.title = names[0]
    fill_print_sheet(printed, work_list, language, made)
    _fill_list(book.create_sheet(names[1]), work_list, language)
    _fill_explanations(book.create_sheet(names[2]), work_list, language)
    with replacing(path) as temporary:
        book.save(temporary)


def _fill_list(sheet: Worksheet, work_list: WorkList, language: Language) -> None:
    """Write heading and rows with every column."""
    _heading(sheet, [column.ja if language == "ja" else column.en for column in COLUMNS])
    for number, row in enumerate(work_list.rows, start=2):
        shade = EMERGENCY if row.tier == 0 else None if row.is_confirmed else UNREVIEWED
        for index, column in enumerate(COLUMNS, start=1):
            cell = put(sheet, number, index, column.value(row))
            cell.alignment = Alignment(vertical="top", wrap_text=column.name in WRAPPED)
            if shade is not None:
                cell.fill = shade
    for index, column in enumerate(COLUMNS, start=1):
        sheet.column_dimensions[get_column_letter(index)].width = column.width
    sheet.auto_filter.ref = f"A1:{get_column_letter(len(COLUMNS))}{max(2, sheet.max_row)}"
    sheet.print_title_rows = "1:1"
    set_page(sheet, paper=A3, title=sheet.title, language=language)


def _heading(sheet: Worksheet, titles: list[str]) -> None:
    """Write a heading that stays in view."""
    for index, title in enumerate(titles, start=1):
        put(sheet, 1, index, title)
    dress_heading(sheet[1])
    sheet.freeze_panes = "D2" if len(titles) > 10 else "A2"


EXPLANATION = (
    ("施設ID", "Asset", 16),
    ("優先度", "Score", 9),
    ("緊急度", "Tier", 8),
    ("信頼度", "Confidence", 10),
    ("区分", "Part", 8),
    ("重み", "Weight", 8),
    ("コード", "Code", 18),
    ("点", "Points", 8),
    ("内容", "Why", 44),
    ("根拠", "Origin", 12),
    ("不明な項目", "Missing", 44),
)
"""Japanese heading, English heading and width of the columns that explain priorities."""


def _fill_explanations(sheet: Worksheet, work_list: WorkList, language: Language) -> None:
    """Write every hard rule and every additive item of every asset's priority, one a line."""
    _heading(sheet, [ja if language == "ja" else en for ja, en, _ in EXPLANATION])
    lines = [line for priority in work_list.priorities for line in _lines(priority, language)]
    for number, line in enumerate(lines, start=2):
        for index, value in enumerate(line, start=1):
            put(sheet, number, index, value)
    for index, (_, _, width) in enumerate(EXPLANATION, start=1):
        sheet.column_dimensions[get_column_letter(index)].width = width
    sheet.print_title_rows = "1:1"
    set_page(sheet, paper=A3, title=sheet.title, language=language)


def _lines(priority: Priority, language: Language) -> list[list[Cell]]:
    """Give the lines that explain one priority."""
    head: list[Cell] = [priority.asset_id, round(priority.score, 2), priority.tier]
    head.append(round(priority.confidence, 2))
    missing = ", ".join(priority.missing)
    rules: list[list[Cell]] = [
        [*head, "", None, rule.rule, None, rule.ja if language == "ja" else rule.en, "", missing]
        for rule in priority.rules
    ]
    for part in priority.parts:
        for item in part.items:
            why = item.ja if language == "ja" else item.en
            line: list[Cell] = [*head, part.key, part.weight, item.code, round(item.points, 2)]
            rules.append([*line, why, item.origin, missing])
    return rules

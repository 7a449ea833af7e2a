"""Write a work list as an XLSX workbook that a planner can read, sort and print."""

from pathlib import Path
from typing import Literal

from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.cell.cell import Cell as WrittenCell
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from inspection.domain.priority import Priority
from inspection.domain.workorder import WorkList, WorkRow
from inspection.export.table import COLUMNS, Cell
from inspection.export.writing import replacing

Language = Literal["ja", "en"]

HEADING = PatternFill("solid", fgColor="1F3A5F")
UNREVIEWED = PatternFill("solid", fgColor="FFF8E1")
EMERGENCY = PatternFill("solid", fgColor="FFCDD2")

WRAPPED = frozenset({"reasons_ja", "reasons_en", "photos"})
"""Columns whose text runs over several lines."""


def write_xlsx(work_list: WorkList, path: Path, *, language: Language = "ja") -> None:
    """Write a work list with a frozen heading, filters, and a sheet that explains the priorities.

    Args:
        work_list: the list.
        path: where; the file is complete or not there.
        language: of the headings; the cells of both languages are always there.

    Raises:
        Unavailable: when the folder cannot be written.
    """
    book = Workbook()
    sheet = book.active
    sheet.title = "作業一覧" if language == "ja" else "Work list"
    _fill_list(sheet, work_list, language)
    _fill_explanations(
        book.create_sheet("優先度の根拠" if language == "ja" else "Priorities"), work_list, language
    )
    with replacing(path) as temporary:
        book.save(temporary)


def _fill_list(sheet: Worksheet, work_list: WorkList, language: Language) -> None:
    """Write heading and rows."""
    _heading(sheet, [column.ja if language == "ja" else column.en for column in COLUMNS])
    for number, row in enumerate(work_list.rows, start=2):
        shade = _shade(row)
        for index, column in enumerate(COLUMNS, start=1):
            cell = _put(sheet, number, index, column.value(row))
            cell.alignment = Alignment(vertical="top", wrap_text=column.name in WRAPPED)
            if shade is not None:
                cell.fill = shade
    for index, column in enumerate(COLUMNS, start=1):
        sheet.column_dimensions[get_column_letter(index)].width = column.width
    sheet.auto_filter.ref = f"A1:{get_column_letter(len(COLUMNS))}{max(2, sheet.max_row)}"
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.print_title_rows = "1:1"


def _shade(row: WorkRow) -> PatternFill | None:
    """Colour emergencies and rows that nobody has reviewed."""
    if row.tier == 0:
        return EMERGENCY
    return None if row.is_confirmed else UNREVIEWED


def _heading(sheet: Worksheet, titles: list[str]) -> None:
    """Write a heading that stays in view."""
    sheet.append(titles)
    for cell in sheet[1]:
        cell.font = Font(bold=True, color="FFFFFF")
        cell.fill = HEADING
        cell.alignment = Alignment(wrap_text=True, vertical="center")
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
            _put(sheet, number, index, value)
    for index, (_, _, width) in enumerate(EXPLANATION, start=1):
        sheet.column_dimensions[get_column_letter(index)].width = width


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


def _put(sheet: Worksheet, row: int, column: int, value: Cell) -> WrittenCell:
    """Write a cell; a text is a text and never a formula, whatever it starts with."""
    if isinstance(value, str):
        value = ILLEGAL_CHARACTERS_RE.sub("\N{REPLACEMENT CHARACTER}", value)
    cell = sheet.cell(row=row, column=column, value=value)
    if isinstance(value, str):
        cell.data_type = "s"
    return cell

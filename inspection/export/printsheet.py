"""Draw the sheet of a work list that people read and print: few columns, a head, page set-up."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from inspection.domain.workorder import WorkList, WorkRow, reasons_text, shown, shown_grade
from inspection.export.cells import Cell
from inspection.export.sheetstyle import (
    A4,
    EMERGENCY,
    FONT,
    GRID,
    UNREVIEWED,
    Language,
    dress_heading,
    lines_needed,
    put,
    set_page,
)

HEAD_ROWS = 5
"""Rows above the table: title, two lines of facts, the legend of colours, the heading itself."""

TIERS = {
    0: ("0 緊急", "0 urgent"),
    1: ("1 要措置", "1 must"),
    2: ("2 順位順", "2 by score"),
}
LINE_POINTS = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintColumn:
    """Describe one printed column."""

    ja: str
    en: str
    width: int
    value: Callable[[WorkRow, Language], Cell]
    align: str = "left"


def _size(row: WorkRow, _language: Language) -> Cell:
    """Give the length of a line, else the area."""
    if row.length_m is not None:
        return f"L {shown(row.length_m)} m"
    return f"A {shown(row.area_m2, digits=3)} m²"


def _asset(row: WorkRow, _language: Language) -> Cell:
    names = [row.asset_id] if row.asset_id == row.asset_name else [row.asset_name, row.asset_id]
    return "\n".join(name[:120] for name in names)


def _place(row: WorkRow, _language: Language) -> Cell:
    if row.lat_deg is not None and row.lon_deg is not None:
        return f"{row.lat_deg:.6f}\n{row.lon_deg:.6f}"
    return f"x {row.x_m:.2f} m\ny {row.y_m:.2f} m"


def _note(row: WorkRow, language: Language) -> Cell:
    return row.note_ja if language == "ja" else row.note_en


def _grade(row: WorkRow, language: Language) -> Cell:
    """Give the grade; a candidate is called one, and an unchecked rule says so."""
    if row.grade is None or not row.grade.candidates:
        return "–"
    text = shown_grade(row.grade)
    text += "\n（候補）" if language == "ja" else "\n(candidate)"
    if row.grade.needs_review:
        text += "\n未確認" if language == "ja" else "\nunverified"
    return text


PRINTED: tuple[PrintColumn, ...] = (
    PrintColumn(ja="順位", en="Rank", width=7, value=lambda r, _: r.rank, align="center"),
    PrintColumn(
        ja="緊急度",
        en="Tier",
        width=11,
        value=lambda r, lang: TIERS[r.tier][lang == "en"],
        align="center",
    ),
    PrintColumn(
        ja="優先度", en="Score", width=9, value=lambda r, _: round(r.score, 1), align="center"
    ),
    PrintColumn(ja="施設", en="Asset", width=19, value=_asset),
    PrintColumn(ja="部材", en="Member", width=11, value=lambda r, _: r.member, align="center"),
    PrintColumn(
        ja="損傷の種類",
        en="Damage",
        width=15,
        value=lambda r, lang: r.class_ja if lang == "ja" else r.class_en,
    ),
    PrintColumn(ja="損傷程度", en="Grade", width=12, value=_grade, align="center"),
    PrintColumn(
        ja="幅 (mm)",
        en="Width (mm)",
        width=15,
        value=lambda r, _: shown(r.width_mm),
        align="center",
    ),
    PrintColumn(ja="規模", en="Size", width=19, value=_size),
    PrintColumn(ja="位置", en="Place", width=15, value=_place, align="center"),
    PrintColumn(ja="確認", en="Review", width=11, value=_note, align="center"),
    PrintColumn(
        ja="理由",
        en="Reasons",
        width=44,
        value=lambda r, lang: reasons_text(r.reasons, lang)[:600],
    ),
    PrintColumn(
        ja="根拠写真", en="Photo", width=18, value=lambda r, _: r.photos[0][:60] if r.photos else ""
    ),
)
"""The printed columns from left to right; the sheet beside it has all of them."""


def fill_print_sheet(sheet: Worksheet, work_list: WorkList, language: Language, made: str) -> None:
    """Write the head and the rows, and set the page up.

    Args:
        sheet: an empty sheet.
        work_list: the list.
        language: of everything.
        made: when, for people; empty to leave it out.
    """
    title = "点検損傷 作業一覧" if language == "ja" else "Work list of inspected damage"
    _head(sheet, work_list, language, title, made)
    for index, column in enumerate(PRINTED, start=1):
        put(sheet, HEAD_ROWS, index, column.ja if language == "ja" else column.en)
        sheet.column_dimensions[get_column_letter(index)].width = column.width
    dress_heading(sheet[HEAD_ROWS])
    sheet.row_dimensions[HEAD_ROWS].height = 24
    for number, row in enumerate(work_list.rows, start=HEAD_ROWS + 1):
        _row(sheet, number, row, language)
    last = HEAD_ROWS + max(1, len(work_list.rows))
    width = get_column_letter(len(PRINTED))
    sheet.freeze_panes = f"E{HEAD_ROWS + 1}"
    sheet.auto_filter.ref = f"A{HEAD_ROWS}:{width}{last}"
    sheet.print_title_rows = f"{HEAD_ROWS}:{HEAD_ROWS}"
    sheet.print_area = f"A1:{width}{last}"
    set_page(sheet, paper=A4, title=title, language=language)


def _head(sheet: Worksheet, work_list: WorkList, language: Language, title: str, made: str) -> None:
    """Write title, facts and the legend of colours."""
    for number, line in enumerate([title, *facts(work_list, language, made)], start=1):
        cell = put(sheet, number, 1, line)
        cell.font = Font(name=FONT, bold=number == 1, size=16 if number == 1 else 10)
        cell.alignment = Alignment(vertical="center")
    sheet.row_dimensions[1].height = 28
    legend = {
        "ja": ("緊急（区分 0）", "未確認：機械の検出のまま", "確認済：技術者が確認"),
        "en": ("emergency (tier 0)", "nobody has reviewed it", "confirmed by an engineer"),
    }[language]
    for place, (words, fill) in zip(
        (1, 5, 9), zip(legend, (EMERGENCY, UNREVIEWED, None), strict=True), strict=True
    ):
        cell = put(sheet, 4, place, words)
        cell.font = Font(name=FONT, size=9)
        sheet.merge_cells(start_row=4, end_row=4, start_column=place, end_column=place + 2)
        if fill is not None:
            cell.fill = fill


def facts(work_list: WorkList, language: Language, made: str) -> tuple[str, str]:
    """Give two lines about a list: what it counts, and by which model and when.

    >>> empty = WorkList(model="priority_v1/1.0.0", rows=(), priorities=(), left_out={})
    >>> facts(empty, "en", "")
    ('0 lines: 0 emergency, 0 must, 0 by score; 0 not reviewed', 'priority_v1/1.0.0')
    """
    tiers = Counter(row.tier for row in work_list.rows)
    unseen = sum(not row.is_confirmed for row in work_list.rows)
    total = len(work_list.rows)
    if language == "ja":
        counts = f"全 {total} 件：緊急 {tiers[0]}、要措置 {tiers[1]}、順位による {tiers[2]}"
        return f"{counts}。未確認 {unseen} 件", "　".join(
            part for part in (made and f"作成 {made}", f"優先度モデル {work_list.model}") if part
        )
    counts = f"{total} lines: {tiers[0]} emergency, {tiers[1]} must, {tiers[2]} by score"
    return f"{counts}; {unseen} not reviewed", "  ".join(
        part for part in (made and f"made {made}", work_list.model) if part
    )


def _row(sheet: Worksheet, number: int, row: WorkRow, language: Language) -> None:
    """Write one line, as high as its longest text."""
    fill = EMERGENCY if row.tier == 0 else None if row.is_confirmed else UNREVIEWED
    lines = 1
    for index, column in enumerate(PRINTED, start=1):
        value = column.value(row, language)
        cell = put(sheet, number, index, value)
        cell.font = Font(name=FONT, size=10)
        cell.alignment = Alignment(vertical="top", wrap_text=True, horizontal=column.align)
        cell.border = GRID
        if fill is not None:
            cell.fill = fill
        lines = max(lines, lines_needed(str(value or ""), column.width))
    sheet.row_dimensions[number].height = min(400.0, LINE_POINTS * lines + 3)

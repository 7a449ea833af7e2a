"""Draw the form that Tenken ships: ``python -m inspection.export.drawform`` writes both files.

Field names are those of the 2024 (R6) forms; the layout is our own. A change here is followed by a
run of this module, and a test compares what is committed with what it draws.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.worksheet.worksheet import Worksheet

from inspection.codelists.codelist import load_codelist
from inspection.codelists.findings import FORM
from inspection.export.recordform import CELL_MAP, TEMPLATE
from inspection.export.sheetstyle import A4, FONT, GRID, dress_heading, set_page

LABEL = PatternFill("solid", fgColor="E8EEF4")
COLUMNS = 12
WIDTH = 8.3

Field = tuple[str, str]

IDENTITY: Sequence[tuple[Field, Field]] = (
    (("橋梁名", "name"), ("フリガナ", "kana")),
    (("路線名", "route_name"), ("所在地", "address")),
    (("起点側 緯度", "lat_deg"), ("起点側 経度", "lon_deg")),
    (("施設ID", "xroad_id"), ("施設番号", "asset_id")),
    (("管理者名", "administrator"), ("路下条件", "under_bridge_ja")),
    (("代替路の有無", "alternative_route"), ("自専道・一般道", "road_kind")),
    (("緊急輸送道路", "emergency_route"), ("占用物件（名称）", "utilities")),
    (("架設年度", "built_fiscal_year"), ("橋長 (m)", "length_m")),
    (("有効幅員 (m)", "width_m"), ("上部構造形式", "structure")),
    (("下部構造形式", "substructure_form"), ("基礎形式", "foundation_form")),
    (("定期点検実施年月日", "inspected_on"), ("点検年度", "fiscal_year")),
    (("定期点検者（会社名）", "inspector_company"), ("定期点検者（氏名）", "inspector_name")),
)
TABLES: Sequence[tuple[str, str, str, Sequence[tuple[str, str, int]]]] = (
    (
        "データ3-2",
        "データ記録様式（その3-2）損傷写真",
        "photos",
        (
            ("写真番号", "number", 9),
            ("部材名", "member", 14),
            ("損傷の種類", "damage", 20),
            ("損傷程度", "grade", 10),
            ("前回損傷程度", "previous", 12),
            ("メモ", "memo", 34),
            ("写真ファイル", "photo", 34),
        ),
    ),
    (
        "データ3-3",
        "データ記録様式（その3-3）損傷程度の評価記入表",
        "elements",
        (
            ("径間", "span", 6),
            ("工種", "group", 11),
            ("材料", "material", 6),
            ("部材名称", "member", 13),
            ("記号", "symbol", 7),
            ("要素番号", "element", 9),
            ("損傷の種類", "damage", 20),
            ("損傷程度", "grade", 8),
            ("定量的に取得した値・単位", "values", 22),
            ("損傷パターン", "pattern", 9),
            ("分類", "division", 6),
            ("対策区分", "countermeasures", 10),
            ("健全性", "soundness", 8),
        ),
    ),
    (
        "データ3-4",
        "データ記録様式（その3-4）損傷程度の評価結果総括",
        "summary",
        (
            ("径間", "span", 6),
            ("工種", "group", 11),
            ("材料", "material", 6),
            ("部材名称", "member", 13),
            ("記号", "symbol", 7),
            ("部材番号", "member_no", 8),
            *(
                column
                for place in range(1, 5)
                for column in (
                    (f"損傷{place}", f"damage_{place}", 17),
                    ("今回", f"grade_{place}", 6),
                    ("前回", f"previous_{place}", 6),
                )
            ),
        ),
    ),
)
ROWS = 30
FIRST_ROW = 5


def draw() -> tuple[Workbook, dict[str, Any]]:
    """Draw the form; give the workbook and its cell map."""
    book = Workbook()
    form = load_codelist(FORM)
    sheets = [
        _front(book.active, form.fields),
        _photos(book.create_sheet()),
        _events(book.create_sheet(), form.fields),
        *(_table(book.create_sheet(), *table) for table in TABLES),
    ]
    cell_map = {
        "id": "tenken_jp_r6_form",
        "version": form.version,
        "guideline": "jp_bridge_2024",
        "source": "drawn by Tenken with the field names of the R6 forms; not an official template",
        "needs_review": True,
        "sheets": sheets,
    }
    return book, cell_map


def write(folder: Path) -> None:
    """Write template and cell map into a folder."""
    book, cell_map = draw()
    book.save(folder / TEMPLATE)
    text = json.dumps(cell_map, ensure_ascii=False, indent=1) + "\n"
    (folder / CELL_MAP).write_text(text, encoding="utf-8")


def _prepare(sheet: Worksheet, name: str, title: str, *, landscape: bool = False) -> None:
    """Name a sheet, write its title and set the page up."""
    sheet.title = name
    sheet["A1"] = title
    sheet["A1"].font = Font(name=FONT, size=14, bold=True)
    sheet.row_dimensions[1].height = 26
    set_page(sheet, paper=A4, title=title, language="ja")
    if not landscape:
        sheet.page_setup.orientation = "portrait"
        sheet.page_setup.fitToHeight = 1


def _grid(sheet: Worksheet) -> None:
    for index in range(COLUMNS):
        sheet.column_dimensions[chr(65 + index)].width = WIDTH


def _box(sheet: Worksheet, area: str, text: str = "", *, label: bool = False) -> None:
    """Merge an area into one framed cell."""
    cells = [cell for row in sheet[area] for cell in row]
    for cell in cells:
        cell.border = GRID
    first = cells[0]
    if len(cells) > 1:
        sheet.merge_cells(area)
    first.value = text or None
    first.font = Font(name=FONT, size=9, bold=label)
    first.alignment = Alignment(
        wrap_text=True,
        vertical="center" if label or len({cell.row for cell in cells}) == 1 else "top",
        horizontal="left",
    )
    if label:
        first.fill = LABEL


def _front(sheet: Worksheet, form: Any) -> dict[str, Any]:  # noqa: ANN401 fields of a code-list
    """Draw 様式-1: identity, diagnosis, technical evaluation, general view."""
    _prepare(sheet, "様式-1", "道路橋記録様式（様式-1）")
    _grid(sheet)
    cells: dict[str, str] = {}
    for row, pair in enumerate(IDENTITY, start=3):
        sheet.row_dimensions[row].height = 21
        for (label, name), left, right in zip(pair, ("A", "G"), ("C", "I"), strict=True):
            last = "F" if left == "A" else "L"
            _box(sheet, f"{left}{row}:{chr(ord(right) - 1)}{row}", label, label=True)
            _box(sheet, f"{right}{row}:{last}{row}")
            cells[f"{right}{row}"] = name
    row = 3 + len(IDENTITY) + 1
    _box(sheet, f"A{row}:D{row + 1}", "告示に基づく健全性の診断の区分", label=True)
    _box(sheet, f"E{row}:F{row + 1}")
    sheet[f"E{row}"].font = Font(name=FONT, size=20, bold=True)
    sheet[f"E{row}"].alignment = Alignment(horizontal="center", vertical="center")
    _box(sheet, f"G{row}:H{row}", "診断した者", label=True)
    _box(sheet, f"I{row}:L{row}")
    _box(sheet, f"G{row + 1}:H{row + 1}", "承認（者・年月日）", label=True)
    _box(sheet, f"I{row + 1}:J{row + 1}")
    _box(sheet, f"K{row + 1}:L{row + 1}")
    cells |= {
        f"E{row}": "diagnosis",
        f"I{row}": "diagnosis_by",
        f"I{row + 1}": "approved_by",
        f"K{row + 1}": "approved_at",
    }
    row += 3
    _box(sheet, f"A{row}:D{row}", "技術的な評価結果", label=True)
    for place, situation in enumerate(form["situations"]):
        left, right = chr(69 + 2 * place), chr(70 + 2 * place)
        _box(sheet, f"{left}{row}:{right}{row}", situation["ja"], label=True)
    for number, structure in enumerate(form["structures"], start=row + 1):
        _box(sheet, f"A{number}:D{number}", structure["ja"], label=True)
        for place, situation in enumerate(form["situations"]):
            left, right = chr(69 + 2 * place), chr(70 + 2 * place)
            _box(sheet, f"{left}{number}:{right}{number}")
            sheet[f"{left}{number}"].alignment = Alignment(horizontal="center")
            cells[f"{left}{number}"] = f"evaluation_{structure['code']}_{situation['code']}"
    row += len(form["structures"]) + 2
    _box(sheet, f"A{row}:B{row}", "部材単位の診断", label=True)
    _box(sheet, f"C{row}:L{row}")
    cells[f"C{row}"] = "members"
    sheet.row_dimensions[row].height = 30
    row += 2
    _box(sheet, f"A{row}:L{row}", "全景写真・損傷位置（オルソ画像）", label=True)
    _box(sheet, f"A{row + 1}:L{row + 20}")
    _box(sheet, f"A{row + 21}:L{row + 21}")
    sheet.row_dimensions[row + 21].height = 30
    cells[f"A{row + 21}"] = "unverified"
    sheet.print_area = f"A1:L{row + 21}"
    overview = {"name": "overview", "size_px": [760, 390]}
    return {"sheet": "様式-1", "cells": cells, "pictures": {f"A{row + 1}": overview}}


def _photos(sheet: Worksheet) -> dict[str, Any]:
    """Draw 様式-2: four photographed damages a page."""
    _prepare(sheet, "様式-2", "道路橋記録様式（様式-2）状況写真")
    _grid(sheet)
    _box(sheet, "A2:B2", "橋梁名", label=True)
    _box(sheet, "C2:L2")
    blocks = []
    fields = (("写真番号", "number"), ("構成要素", "member"), ("損傷の種類", "damage"))
    more = (("損傷程度", "grade"), ("メモ", "memo"), ("写真", "photo"))
    for top in (4, 27):
        for left in ("A", "G"):
            base = ord(left)
            _box(sheet, f"{left}{top}:{chr(base + 5)}{top + 15}")
            words = {}
            for number, (label, name) in enumerate((*fields, *more), start=top + 16):
                _box(sheet, f"{left}{number}:{chr(base + 1)}{number}", label, label=True)
                _box(sheet, f"{chr(base + 2)}{number}:{chr(base + 5)}{number}")
                words[f"{chr(base + 2)}{number}"] = name
            blocks.append({"picture": f"{left}{top}", "size_px": [375, 310], "cells": words})
    _box(sheet, "A50:L50")
    sheet.row_dimensions[50].height = 30
    sheet.print_area = "A1:L50"
    return {
        "sheet": "様式-2",
        "cells": {"C2": "name", "A50": "unverified"},
        "blocks_of": "photos",
        "blocks": blocks,
    }


def _events(sheet: Worksheet, form: Any) -> dict[str, Any]:  # noqa: ANN401 fields of a code-list
    """Draw 様式-3: special events, premise, notes, remarks."""
    _prepare(sheet, "様式-3", "道路橋記録様式（様式-3）特定事象・所見")
    _grid(sheet)
    cells = {"C2": "name"}
    _box(sheet, "A2:B2", "橋梁名", label=True)
    _box(sheet, "C2:L2")
    _box(sheet, "A4:L4", "特定事象の有無", label=True)
    for place, event in enumerate(form["events"]):
        left, right = chr(65 + 2 * place), chr(66 + 2 * place)
        _box(sheet, f"{left}5:{right}5", event["ja"], label=True)
        _box(sheet, f"{left}6:{right}6")
        sheet[f"{left}6"].alignment = Alignment(horizontal="center")
        cells[f"{left}6"] = f"event_{event['code']}"
    sheet.row_dimensions[5].height = 30
    words = (
        ("premise", "健全性の診断の区分の前提", 8),
        ("notes", "特記事項", 8),
        ("remarks", "所見", 12),
        ("diagnosis_note", "診断の理由", 6),
    )
    row = 8
    for name, label, height in words:
        _box(sheet, f"A{row}:L{row}", label, label=True)
        _box(sheet, f"A{row + 1}:L{row + height}")
        cells[f"A{row + 1}"] = name
        row += height + 2
    _box(sheet, f"A{row}:B{row}", "橋梁診断員", label=True)
    _box(sheet, f"C{row}:L{row}")
    _box(sheet, f"A{row + 1}:L{row + 1}")
    cells |= {f"C{row}": "diagnostician", f"A{row + 1}": "unverified"}
    sheet.row_dimensions[row + 1].height = 30
    sheet.print_area = f"A1:L{row + 1}"
    return {"sheet": "様式-3", "cells": cells}


def _table(
    sheet: Worksheet, name: str, title: str, table: str, columns: Sequence[tuple[str, str, int]]
) -> dict[str, Any]:
    """Draw one sheet with a table."""
    _prepare(sheet, name, title, landscape=True)
    letters = [chr(65 + index) for index in range(len(columns))]
    for letter, (label, _, width) in zip(letters, columns, strict=True):
        sheet[f"{letter}{FIRST_ROW - 1}"] = label
        sheet.column_dimensions[letter].width = width
        for row in range(FIRST_ROW, FIRST_ROW + ROWS):
            cell = sheet[f"{letter}{row}"]
            cell.border = GRID
            cell.font = Font(name=FONT, size=9)
            cell.alignment = Alignment(
                wrap_text=True, vertical="center", horizontal="center" if width <= 12 else "left"
            )
    dress_heading(sheet[FIRST_ROW - 1], size=9)
    sheet.row_dimensions[FIRST_ROW - 1].height = 28
    sheet.print_title_rows = f"1:{FIRST_ROW - 1}"
    last = FIRST_ROW + ROWS
    sheet.print_area = f"A1:{letters[-1]}{last}"
    sheet["A2"].font = sheet[f"A{last}"].font = Font(name=FONT, size=9)
    return {
        "sheet": name,
        "cells": {"A2": "name", f"A{last}": "unverified"},
        "table": table,
        "first_row": FIRST_ROW,
        "rows": ROWS,
        "columns": {letter: field for letter, (_, field, _) in zip(letters, columns, strict=True)},
    }


if __name__ == "__main__":
    write(Path(__file__).parent / "templates")

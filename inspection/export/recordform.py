"""Fill a form: a workbook as template, and a cell map that says which value goes where.

Tenken ships a template and a map of its own; an agency brings the official workbook with a map.
What does not fit on a sheet goes onto copies of it, never away.
"""

import json
import re
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from io import BytesIO
from pathlib import Path
from typing import Any

from openpyxl import Workbook, load_workbook
from openpyxl.cell.cell import MergedCell
from openpyxl.drawing.image import Image
from openpyxl.utils import column_index_from_string
from openpyxl.utils.exceptions import InvalidFileException
from openpyxl.worksheet.copier import WorksheetCopy
from openpyxl.worksheet.worksheet import Worksheet

from inspection.errors import BadInput
from inspection.export.cells import Cell
from inspection.export.sheetstyle import fitting
from inspection.export.writing import replacing

TEMPLATE = "jp_r6_form.xlsx"
CELL_MAP = "jp_r6_form.json"
TEMPLATE_MAX = 20_000_000
"""Most bytes of a template, and a tenth of what it may unpack to."""

SHEETS_MAX = 300
"""Most sheets of a filled form; more than a bridge ever had."""

TITLE_MAX = 31
"""Most characters of the name of a sheet. Source: Microsoft, "Excel specifications and limits"."""

COLUMNS_MAX = 16_384
"""Most columns of a sheet, up to XFD. Source: the same."""

_CELL = re.compile(r"([A-Z]{1,3})[1-9][0-9]{0,5}")
_OF_SUMMARY = re.compile(r"(damage|grade|previous)_[1-4]")
"""Names that a row of the summary has only when a member has so many damages."""

_COLUMN = re.compile(r"[A-Z]{1,3}")


@dataclass(frozen=True, slots=True, kw_only=True)
class FormPicture:
    """Carry an encoded picture for a form."""

    content: bytes
    width_px: int
    height_px: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FormReport:
    """Say what was written.

    Attributes:
        sheets: names of the sheets.
        empty: names of values that the form asks for and the record does not have.
        copies: sheets that were added because a table did not fit.
    """

    sheets: tuple[str, ...]
    empty: tuple[str, ...]
    copies: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Filling:
    """Carry what goes into a form: single values, tables, pictures by name."""

    values: Mapping[str, Cell]
    tables: Mapping[str, Sequence[Mapping[str, Cell]]]
    pictures: Mapping[str, FormPicture]


def shipped_template() -> tuple[bytes, dict[str, Any]]:
    """Read the template and the cell map that ship with Tenken."""
    folder = resources.files("inspection.export").joinpath("templates")
    cell_map: dict[str, Any] = json.loads(folder.joinpath(CELL_MAP).read_text(encoding="utf-8"))
    return folder.joinpath(TEMPLATE).read_bytes(), cell_map


def read_cell_map(content: bytes) -> dict[str, Any]:
    """Read the cell map of an agency.

    Raises:
        BadInput: when it is no JSON mapping with a list ``sheets``.
    """
    try:
        cell_map = json.loads(content.decode("utf-8-sig"))
    except ValueError as error:
        raise BadInput(f"the cell map is no JSON in UTF-8: {error}") from error
    if not isinstance(cell_map, dict) or not isinstance(cell_map.get("sheets"), list):
        raise BadInput("a cell map is a mapping with a list 'sheets'")
    return cell_map


def open_template(content: bytes) -> Workbook:
    """Open a template, checked first: not huge, not a bomb, a workbook.

    Raises:
        BadInput: when it is none of these.
    """
    if len(content) > TEMPLATE_MAX:
        raise BadInput(f"the template has {len(content)} bytes; up to {TEMPLATE_MAX} are read")
    try:
        with zipfile.ZipFile(BytesIO(content)) as package:
            unpacked = sum(member.file_size for member in package.infolist())
        if unpacked > TEMPLATE_MAX * 10:
            raise BadInput(f"the template unpacks to {unpacked} bytes; it is no form")
        return load_workbook(BytesIO(content))
    except (zipfile.BadZipFile, InvalidFileException, KeyError, OSError, ValueError) as error:
        raise BadInput(f"the template is no XLSX workbook: {error}") from error


def fill_form(
    filling: Filling, path: Path, *, template: bytes, cell_map: Mapping[str, Any]
) -> FormReport:
    """Fill a form and write it.

    Args:
        filling: what goes in.
        path: where; the file is complete or not there.
        template: the workbook.
        cell_map: which value goes where.

    Raises:
        BadInput: when the map names a sheet, a value, a table or a cell that does not exist.
        Unavailable: when the folder cannot be written.
    """
    book = open_template(template)
    empty: list[str] = []
    copies = 0
    for described in cell_map["sheets"]:
        sheet = _sheet(book, described)
        try:
            pages = _pages(book, sheet, described, filling)
            copies += len(pages) - 1
            for page, start in pages:
                empty += _fill_cells(page, described, filling.values)
                _fill_rows(page, described, filling, start)
                _fill_blocks(page, described, filling, start)
                _fill_pictures(page, described, filling.pictures)
        except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
            raise BadInput(
                f"the cell map of sheet {described['sheet']!r} is not formed like the one that "
                f"ships: {error!r}"
            ) from error
    with replacing(path) as temporary:
        book.save(temporary)
    return FormReport(
        sheets=tuple(book.sheetnames), empty=tuple(dict.fromkeys(empty)), copies=copies
    )


def _sheet(book: Workbook, described: object) -> Worksheet:
    name = described.get("sheet") if isinstance(described, dict) else None
    if name not in book.sheetnames:
        raise BadInput(
            f"the cell map names sheet {name!r}; the template has {', '.join(book.sheetnames)}"
        )
    return book[name]


def _pages(
    book: Workbook, sheet: Worksheet, described: Mapping[str, Any], filling: Filling
) -> list[tuple[Worksheet, int]]:
    """Copy a sheet as often as its table needs; gives the pages with their first row."""
    size, count = _capacity(described, filling)
    starts = range(0, max(1, count), size) if size else range(1)
    if len(starts) + len(book.sheetnames) > SHEETS_MAX:
        raise BadInput(f"{sheet.title} would need {len(starts)} sheets; {SHEETS_MAX} are written")
    pages = [(sheet, 0)]
    place = book.index(sheet)
    for number, start in enumerate(starts[1:], start=2):
        mark = f"({number})"
        page = book.create_sheet(f"{sheet.title[: TITLE_MAX - len(mark)]}{mark}")
        WorksheetCopy(source_worksheet=sheet, target_worksheet=page).copy_worksheet()
        page.print_area = sheet.print_area
        book.move_sheet(page, offset=place + number - 1 - book.index(page))
        pages.append((page, start))
    return pages


def _capacity(described: Mapping[str, Any], filling: Filling) -> tuple[int, int]:
    """Give how many rows of its table a sheet holds, and how many there are."""
    if "table" in described:
        size = int(described["rows"])
        if size < 1:
            raise BadInput(
                f"the cell map gives {described['table']!r} {size} rows a sheet; 1 or more"
            )
        return size, len(_table(filling, described["table"]))
    if "blocks" in described:
        return len(described["blocks"]), len(_table(filling, described["blocks_of"]))
    return 0, 0


def _table(filling: Filling, name: object) -> Sequence[Mapping[str, Cell]]:
    if not isinstance(name, str) or name not in filling.tables:
        raise BadInput(f"the cell map asks for table {name!r}; there are {sorted(filling.tables)}")
    return filling.tables[name]


def _fill_cells(
    page: Worksheet, described: Mapping[str, Any], values: Mapping[str, Cell]
) -> list[str]:
    """Write single values; give the names of those that are empty."""
    empty = []
    for at, name in described.get("cells", {}).items():
        if name not in values:
            raise BadInput(f"the cell map asks for {name!r} at {at}; there are {sorted(values)}")
        if values[name] in ("", None):
            empty.append(str(name))
        _write(page, at, values[name])
    return empty


def _fill_rows(page: Worksheet, described: Mapping[str, Any], filling: Filling, start: int) -> None:
    """Write the rows of a table that belong on a page."""
    if "table" not in described:
        return
    table = _table(filling, described["table"])
    known = {name for row in table for name in row}
    for name in described["columns"].values():
        if known and name not in known and _OF_SUMMARY.fullmatch(name) is None:
            raise BadInput(
                f"the cell map asks for {name!r} of table {described['table']!r}; there are "
                f"{sorted(known)}"
            )
    rows = table[start : start + int(described["rows"])]
    for number, row in enumerate(rows, start=int(described["first_row"])):
        for column, name in described["columns"].items():
            if _COLUMN.fullmatch(column) is None:
                raise BadInput(f"the cell map names column {column!r}; write such as B")
            _write(page, f"{column}{number}", row.get(name, ""))


def _fill_blocks(
    page: Worksheet, described: Mapping[str, Any], filling: Filling, start: int
) -> None:
    """Write the photo blocks that belong on a page: a picture each, and its words."""
    blocks = described.get("blocks", [])
    rows = _table(filling, described["blocks_of"])[start : start + len(blocks)] if blocks else []
    for block, row in zip(blocks, rows, strict=False):
        for at, name in block["cells"].items():
            _write(page, at, row.get(name, ""))
        picture = filling.pictures.get(str(row.get("defect_id", "")))
        if picture is not None:
            _place(page, block["picture"], picture, block["size_px"])


def _fill_pictures(
    page: Worksheet, described: Mapping[str, Any], pictures: Mapping[str, FormPicture]
) -> None:
    """Place pictures by name, where the record has them."""
    for at, wanted in described.get("pictures", {}).items():
        if wanted["name"] in pictures:
            _place(page, at, pictures[wanted["name"]], wanted["size_px"])


def _place(page: Worksheet, at: str, picture: FormPicture, size_px: Sequence[int]) -> None:
    """Place a picture in a box, its shape kept."""
    scale = min(size_px[0] / picture.width_px, size_px[1] / picture.height_px)
    image = Image(BytesIO(picture.content))
    image.width = max(1, round(picture.width_px * scale))
    image.height = max(1, round(picture.height_px * scale))
    page.add_image(image, _checked(at))


def _write(page: Worksheet, at: str, value: Cell) -> None:
    """Write a value into a cell; a text is never a formula."""
    cell = page[_checked(at)]
    if isinstance(cell, MergedCell):
        merged = next(str(r) for r in page.merged_cells.ranges if at in r)
        raise BadInput(
            f"the cell map names cell {at} of {page.title}, which is inside the merged {merged}; "
            f"name its first cell {merged.partition(':')[0]}"
        )
    cell.value = fitting(value) if isinstance(value, str) else value
    if isinstance(value, str):
        cell.data_type = "s"


def _checked(at: str) -> str:
    found = _CELL.fullmatch(at)
    if found is None or column_index_from_string(found[1]) > COLUMNS_MAX:
        raise BadInput(f"the cell map names cell {at!r}; write such as C4")
    return at

"""Read XLSX ledgers: the values of one sheet, never formulas; sizes are checked before opening."""

import io
import zipfile
import zlib
from collections.abc import Iterable
from datetime import date, datetime, time
from zipfile import BadZipFile, ZipFile

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from inspection.errors import BadInput
from inspection.intake.table import MAX_COLUMNS, MAX_ROWS, Table, TableRow, tabulate, unwritable

MAX_UNPACKED_BYTES = 500 * 2**20
MAX_RATIO = 200
"""A member that unpacks to more than this times its size is taken for an attack."""


DAMAGED = (InvalidFileException, BadZipFile, zlib.error, SyntaxError, KeyError, ValueError, OSError,
           IndexError, AttributeError, TypeError, EOFError, RuntimeError)  # fmt: skip
"""What openpyxl raises on damaged workbooks; errors of both XML parsers are ``SyntaxError``."""


def read_xlsx(
    content: bytes, name: str, *, known: frozenset[str], sheet: str | None = None
) -> Table:
    """Read one sheet of a workbook, the first unless named.

    Raises:
        BadInput: when it is no workbook, is too large when unpacked, or has no such sheet.
    """
    _check_zip(content, name)
    try:
        rows, facts = _rows(content, name, sheet)
    except DAMAGED as error:  # rows are unpacked and parsed as they are read
        raise BadInput(f"{name} is no XLSX workbook: {error}") from error
    return tabulate(name, rows, form="XLSX", unit="row", known=known, facts=facts)


def _rows(content: bytes, name: str, sheet: str | None) -> tuple[list[TableRow], dict[str, str]]:
    """Give the rows of a sheet, and the names of this one and of all."""
    book = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
    try:
        sheets = {one.title: one for one in book.worksheets}
        if not sheets or (sheet is not None and sheet not in sheets):
            raise BadInput(f"{name} has no sheet {sheet or 'of cells'!r}; it has {[*sheets]}")
        chosen = book.worksheets[0] if sheet is None else sheets[sheet]
        values = chosen.iter_rows(values_only=True, max_row=MAX_ROWS + 1, max_col=MAX_COLUMNS)
        rows = [_row(line, cells) for line, cells in enumerate(values, 1)]
        return rows, {"sheet": chosen.title, "sheets": ", ".join(sheets)}
    finally:
        book.close()


def _row(line: int, values: Iterable[object]) -> TableRow:
    cells = tuple(map(_text, values))
    return TableRow(line=line, cells=cells, broken=unwritable("".join(cells), "row"))


def _check_zip(content: bytes, name: str) -> None:
    """Refuse what is no archive, or unpacks to an absurd size."""
    if not zipfile.is_zipfile(io.BytesIO(content)):
        raise BadInput(f"{name} is no XLSX workbook; an old .xls must be saved as .xlsx or CSV")
    try:
        with ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
    except DAMAGED as error:
        raise BadInput(f"{name} is a damaged XLSX workbook: {error}") from error
    unpacked = sum(member.file_size for member in members)
    swollen = [m for m in members if m.file_size > MAX_RATIO * max(1, m.compress_size)]
    if unpacked > MAX_UNPACKED_BYTES or any(m.file_size > 50 * 2**20 for m in swollen):
        raise BadInput(f"{name} unpacks to {unpacked / 2**20:.0f} MB, which is refused")


def _text(value: object) -> str:
    """Give a cell as text: whole numbers without a point, dates as ISO."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(sep=" ")
    if isinstance(value, date):
        return value.isoformat()
    return str(value)

"""Read XLSX ledgers: the values of one sheet, never formulas; sizes are checked before opening."""

import io
import zipfile
from datetime import date, datetime, time
from zipfile import BadZipFile, ZipFile

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from inspection.errors import BadInput
from inspection.intake.table import MAX_COLUMNS, MAX_ROWS, Table, TableRow, tabulate

MAX_UNPACKED_BYTES = 500 * 2**20
MAX_RATIO = 200
"""A member that unpacks to more than this times its size is taken for an attack."""


def read_xlsx(
    content: bytes, name: str, *, known: frozenset[str], sheet: str | None = None
) -> Table:
    """Read one sheet of a workbook, the first unless named.

    Raises:
        BadInput: when it is no workbook, is too large when unpacked, or has no such sheet.
    """
    _check_zip(content, name)
    try:
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
    except (InvalidFileException, BadZipFile, KeyError, ValueError, OSError) as error:
        raise BadInput(f"{name} is no XLSX workbook: {error}") from error
    try:
        if sheet is not None and sheet not in book.sheetnames:
            raise BadInput(f"{name} has no sheet {sheet!r}; it has {book.sheetnames}")
        chosen = book[sheet] if sheet is not None else book.worksheets[0]
        rows = [
            TableRow(line=line, cells=tuple(_text(value) for value in values))
            for line, values in enumerate(
                chosen.iter_rows(values_only=True, max_row=MAX_ROWS + 1, max_col=MAX_COLUMNS), 1
            )
        ]
        facts = {"sheet": chosen.title, "sheets": ", ".join(book.sheetnames)}
    finally:
        book.close()
    return tabulate(name, rows, form="XLSX", unit="row", known=known, facts=facts)


def _check_zip(content: bytes, name: str) -> None:
    """Refuse what is no archive, or unpacks to an absurd size."""
    if not zipfile.is_zipfile(io.BytesIO(content)):
        raise BadInput(f"{name} is no XLSX workbook; an old .xls must be saved as .xlsx or CSV")
    try:
        with ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
    except BadZipFile as error:
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

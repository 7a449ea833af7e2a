"""Read CSV ledgers: UTF-8 with or without a byte order mark, or CP932; commas, tabs, semicolons."""

import csv
import io
import re
from collections.abc import Iterator

from inspection.intake.table import MAX_CELL_CHARACTERS, Table, TableRow, tabulate, unwritable

BOM = b"\xef\xbb\xbf"
UTF16_BOMS = (b"\xff\xfe", b"\xfe\xff")


def read_csv(content: bytes, name: str, *, known: frozenset[str]) -> Table:
    """Read the bytes of a CSV file.

    A line with bytes that its encoding does not have is reported, not guessed.

    Args:
        content: the file.
        name: its name.
        known: headings, as ``heading_key`` gives them.
    """
    text, encoding = decode(content)
    separator = _separator(text)
    rows = list(_rows(text, separator))
    shown = {",": "comma", "\t": "tab", ";": "semicolon"}[separator]
    return tabulate(
        name, rows, form=f"CSV, {encoding}, {shown}", unit="line", known=known, facts={}
    )


def decode(content: bytes) -> tuple[str, str]:
    r"""Give the text and its encoding.

    A byte order mark decides. Without one strict UTF-8 is tried, then CP932. Where neither fits
    the whole file, the one that fits more lines is taken, and bytes that it lacks become lone
    surrogates, which ``_rows`` reports with their line.

    >>> decode("橋".encode("cp932")), decode(b"\xef\xbb\xbfa")
    (('橋', 'CP932'), ('a', 'UTF-8 with BOM'))
    """
    if content.startswith(BOM):
        return content[len(BOM) :].decode("utf-8", errors="surrogateescape"), "UTF-8 with BOM"
    if content.startswith(UTF16_BOMS):
        return content.decode("utf-16", errors="replace"), "UTF-16"
    for codec, shown in (("utf-8", "UTF-8"), ("cp932", "CP932")):
        try:
            return content.decode(codec), shown
        except UnicodeDecodeError:
            continue
    lines = content.split(b"\n")
    utf8 = sum(_fits(line, "utf-8") for line in lines)
    cp932 = sum(_fits(line, "cp932") for line in lines)
    codec, shown = ("utf-8", "UTF-8") if utf8 >= cp932 else ("cp932", "CP932")
    return content.decode(codec, errors="surrogateescape"), shown


def _fits(line: bytes, codec: str) -> bool:
    try:
        line.decode(codec)
    except UnicodeDecodeError:
        return False
    return True


def _separator(text: str) -> str:
    """Find the separator: the one that the first lines have most of outside of quotes."""
    start = re.sub(r'"[^"]*"', "", text[:20_000])
    return max((",", "\t", ";"), key=lambda mark: (start.count(mark), mark == ","))


def _rows(text: str, separator: str) -> Iterator[TableRow]:
    """Give the rows with the line on which each begins; cells may hold line breaks.

    The reader is strict: a quote that is never closed would swallow all rows after it.
    """
    csv.field_size_limit(max(csv.field_size_limit(), 4 * MAX_CELL_CHARACTERS))
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield TableRow(line=line, cells=(), broken=_no_csv(error, line, reader.line_num))
            continue
        yield TableRow(line=line, cells=tuple(cells), broken=_unreadable(cells))


def _no_csv(error: csv.Error, first: int, last: int) -> str:
    """Say why lines are no CSV, and which of them were not read."""
    if last > first:
        return f"a quote that opens here is not closed: lines {first} to {last} were not read"
    return f"the line is no CSV: {error}"


def _unreadable(cells: list[str]) -> str:
    """Say why cells cannot be read: bytes of no character, or control characters."""
    joined = "".join(cells)
    if any("\udc80" <= c <= "\udcff" for c in joined):
        byte = next(ord(c) - 0xDC00 for c in joined if "\udc80" <= c <= "\udcff")
        return f"the line has the byte 0x{byte:02X}, which is no character in its encoding"
    return unwritable(joined, "line")

"""Write a work list as CSV (RFC 4180) that spreadsheets open without a wizard."""

import csv
import io
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from inspection.domain.workorder import WorkList
from inspection.export.table import COLUMNS, Cell, inert
from inspection.export.writing import replacing

Encoding = Literal["utf-8-sig", "utf-8", "cp932"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CsvReport:
    """Say what was written.

    Attributes:
        rows: lines without the heading.
        replaced: characters that the encoding lacks and that became 〓, with their counts.
        made_inert: texts that began like a formula and got an apostrophe.
    """

    rows: int
    replaced: dict[str, int]
    made_inert: int


def write_csv(work_list: WorkList, path: Path, *, encoding: Encoding = "utf-8-sig") -> CsvReport:
    """Write a work list as CSV with CRLF; the first line has the keys of the columns.

    Args:
        work_list: the list.
        path: where; the file is complete or not there.
        encoding: UTF-8 with a byte-order mark unless said; ``cp932`` for old Japanese programs,
            which has no ² for example: such characters become 〓 and are reported.

    Raises:
        Unavailable: when the folder cannot be written.
    """
    raw = [[column.value(row) for column in COLUMNS] for row in work_list.rows]
    cells = [[inert(cell) for cell in row] for row in raw]
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([column.name for column in COLUMNS])
    writer.writerows([[_text(cell) for cell in row] for row in cells])
    content, replaced = _encode(text.getvalue(), encoding)
    with replacing(path) as temporary:
        temporary.write_bytes(content)
    changed = sum(
        a != b
        for before, after in zip(raw, cells, strict=True)
        for a, b in zip(before, after, strict=True)
    )
    return CsvReport(rows=len(cells), replaced=replaced, made_inert=changed)


def _text(cell: Cell) -> str:
    """Write a cell; an unknown value is empty, and floats never use an exponent."""
    if cell is None:
        return ""
    if isinstance(cell, float):
        return f"{cell:.8f}".rstrip("0").rstrip(".")
    return str(cell)


def _encode(text: str, encoding: Encoding) -> tuple[bytes, dict[str, int]]:
    """Encode a text and count the characters that had to be replaced."""
    missing: Counter[str] = Counter()
    kept = []
    for character in text:
        try:
            character.encode(encoding)
        except UnicodeEncodeError:
            missing[character] += 1
            kept.append("〓")
        else:
            kept.append(character)
    return "".join(kept).encode(encoding), dict(sorted(missing.items()))

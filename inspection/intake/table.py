"""Hold a file as lines of text cells under one heading, wherever it came from."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from inspection.codelists.columns import heading_key
from inspection.errors import BadInput

MAX_BYTES = 200 * 2**20
"""Larger files are refused before they are read."""

MAX_ROWS = 500_000
MAX_COLUMNS = 1000
MAX_CELL_CHARACTERS = 32_767  # what Excel allows


@dataclass(frozen=True, slots=True, kw_only=True)
class TableRow:
    """Carry one row.

    Attributes:
        line: line of a text file, row of a sheet, or number of a feature or record, from 1.
        cells: as text, in the order of the heading.
        broken: why the row cannot be read at all; empty when it can.
    """

    line: int
    cells: tuple[str, ...]
    broken: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Carry a file.

    Attributes:
        name: of the file.
        form: what it was read as, such as ``CSV, CP932``.
        unit: what ``line`` counts: line, row, feature or record.
        heading: names of the columns.
        heading_line: where the heading stands; 0 when the file has none of its own.
        rows: in order.
        blank: rows without any text, which are passed over.
        facts: what else a reader noticed, such as the sheet or layer.
    """

    name: str
    form: str
    unit: str
    heading: tuple[str, ...]
    heading_line: int
    rows: tuple[TableRow, ...]
    blank: int = 0
    facts: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check that the table has columns and bearable sizes."""
        if not any(self.heading):
            raise BadInput(f"{self.name} has no heading: name its columns in one row")
        if len(self.heading) > MAX_COLUMNS or len(self.rows) > MAX_ROWS:
            raise BadInput(
                f"{self.name} has {len(self.heading)} columns and {len(self.rows)} rows; up to "
                f"{MAX_COLUMNS} and {MAX_ROWS} are read: split the file"
            )


def tabulate(
    name: str,
    raw: list[TableRow],
    *,
    form: str,
    unit: str,
    known: frozenset[str],
    facts: Mapping[str, str] | None = None,
) -> Table:
    """Find the heading among the first rows and set the rest under it.

    Titles above the heading are usual. The heading is the row with the most known names, at least
    one, among the first 30; without any, the first row that is not blank.

    Args:
        name: of the file.
        raw: all rows.
        form: what the file was read as.
        unit: what lines count.
        known: headings, as ``heading_key`` gives them.
        facts: what else was noticed.

    Raises:
        BadInput: when there is no row with text.
    """
    filled = [row for row in raw if row.broken or any(cell.strip() for cell in row.cells)]
    readable = [(i, row) for i, row in enumerate(filled[:30]) if not row.broken]
    if not readable:
        raise BadInput(f"{name} has no row that can be read")
    hits = {i: sum(heading_key(cell) in known for cell in row.cells) for i, row in readable}
    at = max(hits, key=lambda i: (hits[i], -i)) if any(hits.values()) else readable[0][0]
    heading = tuple(cell.strip() for cell in filled[at].cells)
    while heading and not heading[-1]:
        heading = heading[:-1]
    return Table(
        name=name,
        form=form,
        unit=unit,
        heading=heading,
        heading_line=filled[at].line,
        rows=tuple(_fitted(row, len(heading), unit) for row in filled[at + 1 :]),
        blank=len(raw) - len(filled),
        facts=facts or {},
    )


def unwritable(text: str, unit: str) -> str:
    """Say why text cannot be kept: it has what is no character; empty when it can.

    >>> unwritable("犀川大橋", "line")
    ''
    """
    if "\0" in text:
        return f"the {unit} has a NUL character"
    if "\ufffd" in text:
        return f"the {unit} has the mark of a lost character (U+FFFD); save the file anew"
    lone = next((c for c in text if "\ud800" <= c <= "\udfff"), None)
    return "" if lone is None else f"the {unit} has half of a character (U+{ord(lone):04X})"


def _fitted(row: TableRow, columns: int, unit: str) -> TableRow:
    """Give a row the width of the heading; text beyond it means that cells have shifted."""
    if row.broken:
        return row
    beyond = [cell for cell in row.cells[columns:] if cell.strip()]
    if beyond:
        reason = f"the {unit} has {len(row.cells)} cells, the heading {columns}: cells have shifted"
        return TableRow(line=row.line, cells=row.cells, broken=reason)
    if any(len(cell) > MAX_CELL_CHARACTERS for cell in row.cells):
        return TableRow(
            line=row.line, cells=(), broken=f"a cell has over {MAX_CELL_CHARACTERS} characters"
        )
    padded = row.cells[:columns] + ("",) * (columns - len(row.cells))
    return TableRow(line=row.line, cells=padded)

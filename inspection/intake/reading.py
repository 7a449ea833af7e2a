"""Read the rows of a table by their fields; what cannot be read is reported, the rest goes on."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from inspection.codelists.columns import LedgerField
from inspection.errors import BadInput
from inspection.intake.cells import Value, read_cell
from inspection.intake.mapping import ColumnMapping
from inspection.intake.table import Table

Read = TypeVar("Read")


@dataclass(frozen=True, slots=True, kw_only=True)
class RowProblem:
    """Say why one row was not read.

    Attributes:
        line: where it stands, as ``Table.unit`` counts.
        column: heading of the cell; empty when the row as a whole is meant.
        reason: why.
        value: what the cell says, as it was written.
    """

    line: int
    column: str
    reason: str
    value: str = ""

    def __str__(self) -> str:
        """Write it as one sentence."""
        return f"{self.column}: {self.reason}" if self.column else self.reason


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadRows(Generic[Read]):
    """Carry what was read with its line, and what was not with its reason.

    Attributes:
        rows: line and value, in the order of the file.
        problems: one for each row that was not read, in the order of the file.
    """

    rows: tuple[tuple[int, Read], ...]
    problems: tuple[RowProblem, ...]


class RowRefusedError(Exception):
    """Carry a refusal from a cell to ``read_rows``, which reports it; it never leaves this package.

    It is no ``TenkenError``: nobody outside can act on it, the row's problem is what they see.
    """

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(reason)
        self.field = field


def read_rows(
    table: Table,
    mapping: ColumnMapping,
    fields: Mapping[str, LedgerField],
    build: Callable[[Mapping[str, Value], int], Read],
) -> ReadRows[Read]:
    """Read every row.

    Args:
        table: the file.
        mapping: which column means which field.
        fields: how cells are read.
        build: makes a value of the cells that say something; raises ``BadInput`` when it cannot.
    """
    rows: list[tuple[int, Read]] = []
    problems: list[RowProblem] = []
    for row in table.rows:
        if row.broken:
            problems.append(RowProblem(line=row.line, column="", reason=row.broken))
            continue
        try:
            rows.append((row.line, build(_cells(row.cells, mapping, fields), row.line)))
        except RowRefusedError as error:
            at = mapping.columns.get(error.field)
            problems.append(
                RowProblem(
                    line=row.line,
                    column=error.field if at is None else table.heading[at],
                    reason=str(error),
                    value="" if at is None else row.cells[at],
                )
            )
        except BadInput as error:
            problems.append(RowProblem(line=row.line, column="", reason=str(error)))
    return ReadRows(rows=tuple(rows), problems=tuple(problems))


def _cells(
    cells: tuple[str, ...], mapping: ColumnMapping, fields: Mapping[str, LedgerField]
) -> dict[str, Value]:
    """Read the cells of a row; those that say nothing are not there."""
    found: dict[str, Value] = {}
    for name, index in mapping.columns.items():
        try:
            value = read_cell(cells[index], fields[name])
        except BadInput as error:
            raise RowRefusedError(name, str(error)) from error
        if value is not None:
            found[name] = value
    return found

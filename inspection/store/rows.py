"""Write many rows at once, in the way that both engines share."""

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any, TypeVar

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite

from inspection.errors import Broken

Row = Mapping[str, Any]
Choice = TypeVar("Choice", bound=StrEnum)


def add_missing(connection: Connection, table: Table, rows: Iterable[Row]) -> None:
    """Insert the rows whose keys are not there yet; leave the others as they are."""
    batch = list(rows)
    if batch:
        connection.execute(_insert(connection, table).on_conflict_do_nothing(), batch)


def add_or_replace(
    connection: Connection,
    table: Table,
    rows: Iterable[Row],
    key: Sequence[str],
    *,
    first: Row | None = None,
) -> None:
    """Insert rows; where the key is there already, replace all other columns that rows name.

    Args:
        connection: an open transaction.
        table: where to.
        rows: all with the same columns.
        key: columns by which a row is known.
        first: columns that a row gets when it is inserted, and keeps when it is there already.
    """
    batch = list(rows)
    if not batch:
        return
    insert = _insert(connection, table)
    replaced = {name: insert.excluded[name] for name in batch[0] if name not in key}
    complete = [{**row, **(first or {})} for row in batch]
    connection.execute(insert.on_conflict_do_update(index_elements=key, set_=replaced), complete)


def choice(kind: type[Choice], stored: str) -> Choice:
    """Read a closed choice back from its text.

    Raises:
        Broken: when the text is none of the choices: a newer program wrote it, or it is damaged.

    >>> from inspection.domain.defect import ReviewState
    >>> choice(ReviewState, "confirmed").name
    'CONFIRMED'
    """
    try:
        return kind(stored)
    except ValueError as error:
        raise Broken(
            f"the database says {kind.__name__} {stored!r}, which this program does not know; "
            "was it written by a newer version?"
        ) from error


def _insert(connection: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """Start an insert that can deal with conflicts, in the dialect of the connection."""
    if connection.dialect.name == "sqlite":
        return sqlite.insert(table)
    return postgresql.insert(table)

"""Witness the changes that a transaction with a scope makes, and see that they are its to make.

For every statement that changes rows, the rows are read before and after it. That gives the digests
of the audit log, and the one check that no upsert and no foreign parent gets around: a row that was
written must belong to the organisation that wrote it.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from shapely.geometry.base import BaseGeometry
from sqlalchemy import Connection, Delete, Insert, Table, Update, func, select, tuple_

from inspection.errors import Broken, Conflict
from inspection.store import ownership
from inspection.store.audit import NOTHING, UNSCOPED, Event
from inspection.store.scope import Scope

CHUNK = 200
"""Keys asked for in one statement; four columns each stay below the limits of both engines."""

Key = tuple[Any, ...]
Snapshot = dict[Key, str]
"""Digests of rows by their key."""


def keys_of_insert(table: Table, statement: Insert, sent: Sequence[Mapping[str, Any]]) -> list[Key]:
    """List the keys of the rows that an insert writes, each once, in their order."""
    names = ownership.natural_key(table)
    rows = sent or [statement.compile().params]
    try:
        keys = [tuple(row[name] for name in names) for row in rows]
    except KeyError as error:
        raise Broken(f"an insert into {table.name!r} does not say {error}") from error
    return list(dict.fromkeys(keys))


def snapshot(connection: Connection, table: Table, keys: Sequence[Key]) -> Snapshot:
    """Digest the rows with some keys, those that are there."""
    columns = [table.c[name] for name in ownership.natural_key(table)]
    found: Snapshot = {}
    for start in range(0, len(keys), CHUNK):
        query = select(table).where(tuple_(*columns).in_(keys[start : start + CHUNK]))
        for row in connection.execute(query, execution_options=UNSCOPED):
            key = tuple(row._mapping[column.name] for column in columns)
            found[key] = digest(row._mapping)
    return found


def keys_of_change(
    connection: Connection, statement: Update | Delete, sent: Sequence[Mapping[str, Any]]
) -> list[Key]:
    """List the keys of the rows that an update or a deletion is about to change."""
    table = statement.table
    assert isinstance(table, Table)
    if len(sent) > 1:
        raise Broken(f"one statement that changes {table.name!r} in several ways has no witness")
    columns = [table.c[name] for name in ownership.natural_key(table)]
    query = select(*columns).where(*statement._where_criteria)
    rows = connection.execute(query, dict(sent[0]) if sent else {}, execution_options=UNSCOPED)
    return [tuple(row) for row in rows]


def check_owned(
    connection: Connection, table: Table, keys: Sequence[Key], organisations: frozenset[str]
) -> None:
    """Check that rows which were just written belong to organisations.

    Raises:
        Conflict: when one does not: its key is taken by somebody else, or it hangs on their row.
    """
    belongs = ownership.owned_by(table, organisations)
    if belongs is None or table.name == ownership.LISTS:  # a list is checked at its lines
        return
    columns = [table.c[name] for name in ownership.natural_key(table)]
    mine = 0
    for start in range(0, len(keys), CHUNK):
        chosen = tuple_(*columns).in_(keys[start : start + CHUNK])
        query = select(func.count()).select_from(table).where(chosen, belongs)
        mine += connection.execute(query, execution_options=UNSCOPED).scalar_one()
    if mine != len(keys):
        raise Conflict(
            f"this cannot be written into {table.name}: its identifier belongs to another "
            "organisation, or it would hang on something that does; choose another identifier"
        )


def events(scope: Scope, table: Table, before: Snapshot, after: Snapshot) -> list[Event]:
    """Tell of every row that changed, in the order of their keys as first met."""
    return [
        Event(
            at=scope.at,
            actor=scope.actor,
            organisation_id=scope.own or "",
            action=scope.action,
            subject=f"{table.name} {' '.join(map(str, key))}",
            before_sha256=before.get(key, NOTHING),
            after_sha256=after.get(key, NOTHING),
        )
        for key in {**before, **after}
        if before.get(key) != after.get(key)
    ]


def digest(values: Mapping[Any, Any]) -> str:
    """Give the SHA-256 of a row, 64 hexadecimal digits."""
    plain = {str(name): _plain(value) for name, value in values.items()}
    canonical = json.dumps(plain, sort_keys=True, ensure_ascii=True, default=str)
    return hashlib.sha256(canonical.encode()).hexdigest()


def _plain(value: Any) -> Any:  # noqa: ANN401 a value of any column
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, BaseGeometry):
        return value.wkb_hex
    if isinstance(value, datetime):
        return value.isoformat()
    return value

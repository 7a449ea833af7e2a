"""Read the audit log backwards, a page at a time and narrowed; ``audit`` writes and proves it.

A page begins below an entry's number, so that it is as quick at the end as at the beginning and no
entry is shown twice while others arrive.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, select

from inspection.errors import BadInput
from inspection.store.audit import Event
from inspection.store.identity_tables import audit_log

LIMIT_MAX = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Carry one entry with its place in the chain.

    Attributes:
        seq: its number, from 1.
        event: what happened.
        entry_sha256: digest of it and of all before it.
    """

    seq: int
    event: Event
    entry_sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Narrow the log.

    Attributes:
        organisations: only what was done for these; an empty name stands for no organisation; None
            for all.
        actor: only what this account, or ``command``, ``single-user``, ``anonymous`` did.
        action: only this operation.
        since: not before this moment.
        until: before this moment.
    """

    organisations: frozenset[str] | None = None
    actor: str | None = None
    action: str | None = None
    since: datetime | None = None
    until: datetime | None = None


def newest(
    connection: Connection, wanted: Wanted, *, before: int | None = None, limit: int = 100
) -> tuple[Entry, ...]:
    """List entries, newest first.

    Args:
        connection: an open transaction.
        wanted: which.
        before: only entries with a smaller number.
        limit: most entries, 1 to 1000.
    """
    if not 1 <= limit <= LIMIT_MAX:
        raise BadInput(f"a page of the audit log has 1 to {LIMIT_MAX} entries, got {limit}")
    c = audit_log.c
    conditions = _conditions(wanted)
    if before is not None:
        conditions.append(c.seq < before)
    query = select(audit_log).where(*conditions).order_by(c.seq.desc()).limit(limit)
    return tuple(
        Entry(
            seq=row.seq,
            event=Event(**{name: row._mapping[name] for name in Event.__slots__}),
            entry_sha256=row.entry_sha256,
        )
        for row in connection.execute(query)
    )


def every(connection: Connection, wanted: Wanted) -> Iterator[Entry]:
    """Walk through all entries, newest first, without holding them all."""
    before = None
    while True:
        page = newest(connection, wanted, before=before, limit=LIMIT_MAX)
        yield from page
        if len(page) < LIMIT_MAX:
            return
        before = page[-1].seq


def _conditions(wanted: Wanted) -> list[ColumnElement[bool]]:
    c = audit_log.c
    conditions: list[ColumnElement[bool]] = []
    if wanted.organisations is not None:
        conditions.append(c.organisation_id.in_(sorted(wanted.organisations)))
    if wanted.actor is not None:
        conditions.append(c.actor == wanted.actor)
    if wanted.action is not None:
        conditions.append(c.action == wanted.action)
    if wanted.since is not None:
        conditions.append(c.at >= wanted.since)
    if wanted.until is not None:
        conditions.append(c.at < wanted.until)
    return conditions

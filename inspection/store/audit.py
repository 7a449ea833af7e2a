"""Keep the audit log: who did what and when, each entry chained to the one before by its digest.

An entry names an account by its identifier, never by a person's name, and carries digests of what
was before and after, never the contents. The database refuses changes and removals (triggers of
the migrations); ``verify`` finds them all the same when somebody got around that. Who owns the
database file could rebuild the whole chain; against that, note ``head`` from time to time in a
place they do not own, and hand it to ``verify``.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from inspection.errors import BadInput, Broken
from inspection.store.identity_tables import audit_head, audit_log
from inspection.store.scope import OPTION

NOTHING = ""
"""Digest of what is not there: before something is made, after it is removed."""

FIRST_DIGEST = "0" * 64
"""What stands for the entry before the first one."""

UNSCOPED: dict[str, Any] = {OPTION: None}
"""Options of a statement that the scope of its connection does not narrow."""

CHUNK = 1000

_HEAD = re.compile(r"([0-9]{1,18}):([0-9a-f]{64})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Say what happened, before it has a place in the chain.

    Attributes:
        at: when, aware UTC.
        actor: account identifier, ``single-user``, ``command`` or ``anonymous``.
        organisation_id: for which organisation they acted; empty for none.
        action: name of the operation.
        subject: what it was done to: table and key, or account.
        before_sha256: digest of what was before, ``NOTHING`` for none.
        after_sha256: digest of what is after, ``NOTHING`` for none.
    """

    at: datetime
    actor: str
    organisation_id: str
    action: str
    subject: str
    before_sha256: str = NOTHING
    after_sha256: str = NOTHING


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """Say how long the chain is and how it ends."""

    entries: int
    entry_sha256: str

    def __str__(self) -> str:
        """Write it so that ``parse_head`` reads it."""
        return f"{self.entries}:{self.entry_sha256}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Say where the chain does not hold, and why."""

    seq: int
    reason: str


def parse_head(text: str) -> Head:
    """Read a head that was noted before.

    Raises:
        BadInput: when it is none.

    >>> parse_head("0:" + "0" * 64).entries
    0
    """
    found = _HEAD.fullmatch(text.strip())
    if found is None:
        raise BadInput(f"a head is COUNT:SHA256 as 'tenken audit head' prints it, got {text!r}")
    return Head(entries=int(found[1]), entry_sha256=found[2])


def append(connection: Connection, events: Iterable[Event]) -> None:
    """Chain events to the end of the log; others who want to do so wait until we commit."""
    batch = list(events)
    if not batch:
        return
    seq, previous = _locked_head(connection)
    rows = []
    for event in batch:
        seq += 1
        digest = entry_digest(seq, event, previous)
        rows.append(_row(seq, event, previous, digest))
        previous = digest
    connection.execute(insert(audit_log), rows, execution_options=UNSCOPED)
    connection.execute(
        update(audit_head).values(entries=seq, entry_sha256=previous), execution_options=UNSCOPED
    )


def head(connection: Connection) -> Head:
    """Read how long the chain is and how it ends."""
    row = connection.execute(select(audit_head), execution_options=UNSCOPED).one()
    return Head(entries=row.entries, entry_sha256=row.entry_sha256)


def entry_digest(seq: int, event: Event, previous_sha256: str) -> str:
    """Give the SHA-256 of an entry and of all before it, 64 hexadecimal digits."""
    content = [
        seq,
        event.at.astimezone(UTC).isoformat(timespec="microseconds"),
        event.actor,
        event.organisation_id,
        event.action,
        event.subject,
        event.before_sha256,
        event.after_sha256,
        previous_sha256,
    ]
    canonical = json.dumps(content, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def verify(connection: Connection, noted: Sequence[Head] = ()) -> Iterator[Fault]:
    """Find every place where the log is not what it was: changed, removed, reordered, cut off.

    Args:
        connection: an open transaction.
        noted: heads that were noted before; the chain must still go through them.
    """
    wanted: dict[int, set[str]] = {}
    for one in noted:
        wanted.setdefault(one.entries, set()).add(one.entry_sha256)
    at, previous = 0, FIRST_DIGEST
    for row in _rows(connection):
        if row.seq != at + 1:
            yield Fault(seq=at + 1, reason=f"{row.seq - at - 1} entries are missing before this")
        event = _event(row)
        if row.previous_sha256 != previous:
            yield Fault(seq=row.seq, reason="it does not follow from the entry before it")
        if entry_digest(row.seq, event, row.previous_sha256) != row.entry_sha256:
            yield Fault(seq=row.seq, reason="it was changed")
        if wanted.pop(row.seq, {row.entry_sha256}) != {row.entry_sha256}:
            yield Fault(seq=row.seq, reason="it is not the entry that was noted: chain rebuilt")
        at, previous = row.seq, row.entry_sha256
    yield from _ending(connection, at, previous, wanted)


def _ending(
    connection: Connection, at: int, previous: str, wanted: dict[int, set[str]]
) -> Iterator[Fault]:
    kept = head(connection)
    if (kept.entries, kept.entry_sha256) != (at, previous):
        yield Fault(
            seq=at + 1,
            reason=f"the log ends with entry {at}, its head says {kept.entries}: the end is cut "
            "off, or entries were put in beside the log",
        )
    for entries, digests in sorted(wanted.items()):
        if entries > at or (entries == 0 and digests != {FIRST_DIGEST}):
            yield Fault(seq=entries, reason="an entry that was noted is not there")


def find(connection: Connection, *, after: int = 0, limit: int = 100) -> tuple[Event, ...]:
    """List entries in their order."""
    query = select(audit_log).where(audit_log.c.seq > after).order_by(audit_log.c.seq).limit(limit)
    return tuple(_event(row) for row in connection.execute(query))


def _rows(connection: Connection) -> Iterator[Row[Any]]:
    """Read the log in pieces, so that a long one does not fill the memory."""
    after = None
    while True:
        query = select(audit_log).order_by(audit_log.c.seq).limit(CHUNK)
        if after is not None:
            query = query.where(audit_log.c.seq > after)
        rows = connection.execute(query).all()
        yield from rows
        if len(rows) < CHUNK:
            return
        after = rows[-1].seq


def _locked_head(connection: Connection) -> tuple[int, str]:
    query = select(audit_head).with_for_update()
    row = connection.execute(query, execution_options=UNSCOPED).one_or_none()
    if row is None:
        raise Broken("the audit log has lost its head; run 'tenken audit verify'")
    return row.entries, row.entry_sha256


def _row(seq: int, event: Event, previous: str, digest: str) -> dict[str, object]:
    return {
        "seq": seq,
        "at": event.at,
        "actor": event.actor,
        "organisation_id": event.organisation_id,
        "action": event.action,
        "subject": event.subject,
        "before_sha256": event.before_sha256,
        "after_sha256": event.after_sha256,
        "previous_sha256": previous,
        "entry_sha256": digest,
    }


def _event(row: Row[Any]) -> Event:
    return Event(**{name: row._mapping[name] for name in Event.__slots__})

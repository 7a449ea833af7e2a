"""Follow a defect back through edits: out of which others it was split, merged or redrawn."""

import uuid
from collections.abc import Iterable

from sqlalchemy import Connection

from inspection.domain.edit import EditKind
from inspection.store import edits
from inspection.store.edits import EditRecord

MOST = 50
"""Defects whose lives are told as one."""


def family(connection: Connection, defect_id: uuid.UUID) -> tuple[uuid.UUID, ...]:
    """List a defect and those in whose place it stands, its own first.

    Taking an edit back makes nobody a forebear: it only puts earlier faces on again.
    """
    found = [defect_id]
    for each in found:  # grows while it is walked
        for forebear in _replaced_by(edits.history(connection, each), each):
            if forebear not in found and len(found) < MOST:
                found.append(forebear)
    return tuple(found)


def edits_of(connection: Connection, members: Iterable[uuid.UUID]) -> tuple[EditRecord, ...]:
    """List the edits that touched any of some defects, each once, oldest first."""
    found = {
        record.edit.edit_id: record
        for member in members
        for record in edits.history(connection, member)
    }
    return tuple(sorted(found.values(), key=lambda record: record.edit.edited_at))


def _replaced_by(records: Iterable[EditRecord], defect_id: uuid.UUID) -> list[uuid.UUID]:
    """Name the defects whose place one took."""
    return [
        share.defect_id
        for record in records
        if record.edit.kind is not EditKind.UNDO
        and any(share.brought and share.defect_id == defect_id for share in record.shares)
        for share in record.shares
        if share.superseded
    ]

"""Read out of which defects others were split and merged, off the shares of the edits."""

import uuid
from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, select

from inspection.domain.defect import Defect, ReviewState
from inspection.domain.descent import Descent
from inspection.domain.edit import EditKind
from inspection.store.edit_tables import edit_shares, edits

SUPERSEDED = ReviewState.SUPERSEDED.value


def descent(connection: Connection, *, asset_id: str | None = None) -> Descent:
    """Say which defects came in whose place, on one asset or on all.

    What an edit made came in the place of what the same edit superseded, and stays so whether the
    edit stands or was taken back: then neither is asked for what it takes over. What an undo let go
    comes in nobody's place: a machine saw it.
    """
    made, old = edit_shares.alias(), edit_shares.alias()
    query = (
        select(made.c.defect_id, old.c.defect_id.label("parent"))
        .join_from(made, old, and_(old.c.edit_id == made.c.edit_id, *_superseded(old.c)))
        .join(edits, edits.c.edit_id == made.c.edit_id)
        .where(made.c.version_before == 0, edits.c.kind != EditKind.UNDO.value)
        .order_by(edits.c.seq, made.c.defect_id, old.c.defect_id)
    )
    if asset_id is not None:
        query = query.where(edits.c.asset_id == asset_id)
    parents: dict[uuid.UUID, tuple[uuid.UUID, ...]] = {}
    for row in connection.execute(query):
        parents[row.defect_id] = (*parents.get(row.defect_id, ()), row.parent)
    return Descent(parents=parents)


def withdrawn(
    connection: Connection, asset_id: str, known: Iterable[Defect]
) -> frozenset[uuid.UUID]:
    """Name the superseded defects of an asset in whose place nothing stands any more."""
    heirs, gone, held = descent(connection, asset_id=asset_id), set[uuid.UUID](), set[uuid.UUID]()
    for defect in known:
        if defect.state is ReviewState.SUPERSEDED:
            gone.add(defect.defect_id)
        else:
            held.update(heirs.forebears(defect.defect_id))
    return frozenset(gone - held)


def confirmed_once(connection: Connection) -> frozenset[uuid.UUID]:
    """Name the defects that were confirmed when an edit took them out of the count last."""
    share = edit_shares
    query = (
        select(share.c.defect_id, share.c.state_before)
        .join_from(share, edits, edits.c.edit_id == share.c.edit_id)
        .where(*_superseded(share.c))
        .order_by(edits.c.seq)
    )
    last = {row.defect_id: row.state_before for row in connection.execute(query)}
    confirmed = ReviewState.CONFIRMED.value
    return frozenset(key for key, state in last.items() if state == confirmed)


def edited() -> Select[Any]:
    """Select the identifiers of all defects that any edit has touched."""
    return select(edit_shares.c.defect_id)


def _superseded(c: Any) -> tuple[ColumnElement[bool], ...]:  # noqa: ANN401 columns of an alias
    return c.version_before > 0, c.state_after == SUPERSEDED, c.state_before != SUPERSEDED

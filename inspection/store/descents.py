"""Read out of which defects others were split and merged, off the shares of the edits."""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, select

from inspection.domain.defect import Defect, ReviewState
from inspection.domain.descent import Descent
from inspection.domain.edit import EditKind
from inspection.store.edit_tables import edit_shares, edits
from inspection.store.tables import defects, observations

SUPERSEDED = ReviewState.SUPERSEDED.value

CHUNK = 500


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


def last_seen_in(
    connection: Connection, survey_id: uuid.UUID, defect_ids: Sequence[uuid.UUID]
) -> frozenset[uuid.UUID]:
    """Name those of some defects that are known by what a survey saw, and no later one."""
    query = (
        select(defects.c.defect_id)
        .join(observations, observations.c.observation_id == defects.c.latest_observation_id)
        .where(observations.c.survey_id == survey_id)
    )
    found: set[uuid.UUID] = set()
    for start in range(0, len(defect_ids), CHUNK):
        some = query.where(defects.c.defect_id.in_(defect_ids[start : start + CHUNK]))
        found.update(connection.execute(some).scalars())
    return frozenset(found)


def superseded_as(connection: Connection) -> dict[uuid.UUID, str]:
    """Give the state in which every defect was that an edit has ever hidden, when it last did."""
    c = edit_shares.c
    query = (
        select(c.defect_id, c.state_before)
        .join_from(edit_shares, edits, edits.c.edit_id == c.edit_id)
        .where(*_superseded(c))
        .order_by(edits.c.seq)
    )
    return {row.defect_id: row.state_before for row in connection.execute(query)}


def edited() -> Select[Any]:
    """Select the identifiers of all defects that any edit has touched."""
    return select(edit_shares.c.defect_id)


def edited_on(connection: Connection, asset_id: str) -> tuple[uuid.UUID, ...]:
    """Name the defects of an asset that any edit has touched."""
    query = (
        select(edit_shares.c.defect_id)
        .join_from(edit_shares, edits, edits.c.edit_id == edit_shares.c.edit_id)
        .where(edits.c.asset_id == asset_id)
        .distinct()
    )
    return tuple(connection.execute(query).scalars())


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """Say by which sighting an edit found a defect and left it, and when."""

    at: datetime
    before: uuid.UUID
    after: uuid.UUID


def drawings(
    connection: Connection, defect_ids: Sequence[uuid.UUID]
) -> dict[uuid.UUID, list[Drawing]]:
    """Say how edits have left defects, oldest first; those that none has touched are not there."""
    c = edit_shares.c
    query = (
        select(c.defect_id, edits.c.edited_at, c.observation_before, c.observation_after)
        .join_from(edit_shares, edits, edits.c.edit_id == c.edit_id)
        .order_by(edits.c.seq)
    )
    found: dict[uuid.UUID, list[Drawing]] = {}
    for start in range(0, len(defect_ids), CHUNK):
        some = query.where(c.defect_id.in_(defect_ids[start : start + CHUNK]))
        for key, at, before, after in connection.execute(some):
            found.setdefault(key, []).append(Drawing(at=at, before=before, after=after))
    return found


def _superseded(c: Any) -> tuple[ColumnElement[bool], ...]:  # noqa: ANN401 columns of an alias
    return c.version_before > 0, c.state_after == SUPERSEDED, c.state_before != SUPERSEDED

"""Keep edits: an append-only history of who split, merged, redrew or drew what.

Rows of ``defects`` follow from it, as they follow from verdicts: a superseded defect keeps its row,
its sightings and its verdicts. The tables refuse updates and deletions by themselves (triggers of
the migrations).
"""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import shapely
from sqlalchemy import Connection, Row, insert, select, update

from inspection.domain.defect import HAND, Defect, Observation, ReviewState
from inspection.domain.edit import Edit, Edited, EditKind, Face, Share
from inspection.domain.taxonomy import DamageClass
from inspection.errors import Conflict, NotFound
from inspection.store import defects as defect_rows
from inspection.store import meanwhile, observations
from inspection.store.edit_tables import edit_shares, edits
from inspection.store.rows import choice
from inspection.store.tables import defect_observations, defects
from inspection.store.tables import observations as observation_rows


@dataclass(frozen=True, slots=True, kw_only=True)
class EditRecord:
    """Keep one edit with what it did to each defect.

    Attributes:
        edit: who did what, when and why.
        shares: what it did, changed defects first.
        undone_by: the edit that took it back; None while it stands.
    """

    edit: Edit
    shares: tuple[Share, ...]
    undone_by: uuid.UUID | None = None

    def made_as(self, damage_class: DamageClass | None) -> bool:
        """Tell whether a person gave this class to what the edit made; None names no class."""
        made = [share for share in self.shares if share.version_before == 0]
        return damage_class is None or all(
            share.after.damage_class_reviewed is damage_class for share in made
        )


def locked(connection: Connection, versions: Mapping[uuid.UUID, int | None]) -> list[Defect]:
    """Read defects that are about to be edited, in the order named; others who edit them wait.

    Args:
        connection: an open writing transaction.
        versions: version of each defect that the engineer saw; None for any.

    Raises:
        NotFound: when there is no such defect.
        Overtaken: when somebody else changed one meanwhile.
    """
    keys = sorted(versions)
    query = select(defects.c.defect_id).where(defects.c.defect_id.in_(keys))
    connection.execute(query.order_by(defects.c.defect_id).with_for_update())
    found = []
    for key, version in versions.items():
        defect = defect_rows.by_id(connection, key)
        if version is not None:
            meanwhile.check_version(connection, defect, version)
        found.append(defect)
    return found


def record(
    connection: Connection, edit: Edit, edited: Edited, seen: Sequence[Observation]
) -> EditRecord:
    """Write an edit, the sightings that were drawn for it, and the defects as they stand after it.

    Args:
        connection: an open writing transaction in which the defects were read with ``locked``.
        edit: who did what.
        edited: what follows.
        seen: new sightings.

    Raises:
        Conflict: when the identifier of the edit is taken, or a survey is being processed.
        Overtaken: when a defect changed since it was read.
    """
    shown = [*seen, *(defect.latest for defect in edited.defects)]
    meanwhile.check_idle(connection, {one.survey_id for one in shown})
    if find(connection, edit.edit_id) is not None:
        raise Conflict(f"edit {edit.edit_id} was recorded already")
    observations.save(connection, seen)
    by_id = {defect.defect_id: defect for defect in edited.defects}
    for share in edited.shares:
        defect = by_id[share.defect_id]
        if share.version_before == 0:
            connection.execute(insert(defects).values(_new_row(defect, edit)))
        else:
            _change(connection, defect, share, edit)
    _tie(connection, edited, {one.observation_id for one in seen})
    connection.execute(insert(edits).values(_row(edit)))
    _share_out(connection, edit, edited.shares)
    return EditRecord(edit=edit, shares=edited.shares)


def bring(connection: Connection, edit: Edit, news: Edited) -> None:
    """Write that an edit brought defects too that are saved already: what it let go, seen anew.

    Args:
        connection: the writing transaction in which the edit was recorded.
        edit: the edit.
        news: the defects, with their shares.
    """
    if news.shares:
        _share_out(connection, edit, news.shares)


def by_id(connection: Connection, edit_id: uuid.UUID) -> EditRecord:
    """Read one edit.

    Raises:
        NotFound: when there is none.
    """
    found = find(connection, edit_id)
    if found is None:
        raise NotFound(f"there is no edit {edit_id}")
    return found


def find(connection: Connection, edit_id: uuid.UUID) -> EditRecord | None:
    """Read one edit; None when there is none."""
    found = _load(connection, [edit_id])
    return found[0] if found else None


def history(connection: Connection, defect_id: uuid.UUID) -> tuple[EditRecord, ...]:
    """List the edits that touched a defect, oldest first."""
    query = select(edit_shares.c.edit_id).where(edit_shares.c.defect_id == defect_id)
    return _load(connection, connection.execute(query).scalars().all())


def drawn_in(connection: Connection, survey_id: uuid.UUID) -> dict[uuid.UUID, uuid.UUID]:
    """Name the drawings that stand in a survey, by defect: those that the last edit in it left."""
    share, seen = edit_shares.c, observation_rows.c
    rows = connection.execute(
        select(share.defect_id, share.observation_after, seen.model_id)
        .join_from(edit_shares, edits, edits.c.edit_id == share.edit_id)
        .join(observation_rows, seen.observation_id == share.observation_after)
        .where(seen.survey_id == survey_id)
        .order_by(edits.c.seq)
    )
    last = {row.defect_id: row for row in rows}
    return {key: row.observation_after for key, row in last.items() if row.model_id == HAND}


def successors(records: Iterable[EditRecord], defect_id: uuid.UUID) -> tuple[uuid.UUID, ...]:
    """Name the defects that stand in the place of a superseded one; none when it was withdrawn.

    Args:
        records: the history of the defect, oldest first.
        defect_id: the defect.
    """
    last: tuple[uuid.UUID, ...] = ()
    for record_ in records:
        mine = next(share for share in record_.shares if share.defect_id == defect_id)
        if mine.superseded:
            last = tuple(share.defect_id for share in record_.shares if share.brought)
    return last


def _load(connection: Connection, edit_ids: Sequence[uuid.UUID]) -> tuple[EditRecord, ...]:
    wanted = list(edit_ids)
    if not wanted:
        return ()
    rows = connection.execute(
        select(edits).where(edits.c.edit_id.in_(wanted)).order_by(edits.c.seq)
    ).all()
    undone = {
        row.undoes: row.edit_id
        for row in connection.execute(
            select(edits.c.undoes, edits.c.edit_id).where(edits.c.undoes.in_(wanted))
        )
    }
    shares: dict[uuid.UUID, list[Share]] = {key: [] for key in wanted}
    for row in connection.execute(
        select(edit_shares)
        .where(edit_shares.c.edit_id.in_(wanted))
        .order_by(edit_shares.c.version_before.desc(), edit_shares.c.defect_id)
    ):
        shares[row.edit_id].append(_share(row))
    return tuple(
        EditRecord(
            edit=_edit(row, shares[row.edit_id]),
            shares=tuple(shares[row.edit_id]),
            undone_by=undone.get(row.edit_id),
        )
        for row in rows
    )


def _share_out(connection: Connection, edit: Edit, shares: Sequence[Share]) -> None:
    connection.execute(insert(edit_shares), [_share_row(edit, share) for share in shares])


def _change(connection: Connection, defect: Defect, share: Share, edit: Edit) -> None:
    """Write how a known defect stands, if its version is still the one that was decided on."""
    changed = connection.execute(
        update(defects)
        .where(defects.c.defect_id == defect.defect_id, defects.c.version == share.version_before)
        .values(
            state=defect.state.value,
            damage_class_reviewed=_code(defect.damage_class_reviewed),
            latest_observation_id=defect.latest.observation_id,
            version=defect.version,
            updated_at=edit.edited_at,
        )
    )
    if changed.rowcount != 1:
        now = defect_rows.by_id(connection, defect.defect_id)
        meanwhile.check_version(connection, now, share.version_before)


def _tie(connection: Connection, edited: Edited, fresh: set[uuid.UUID]) -> None:
    """Tie the drawn sightings to their defects."""
    rows = [
        {"observation_id": defect.latest.observation_id, "defect_id": defect.defect_id}
        for defect in edited.defects
        if defect.latest.observation_id in fresh
    ]
    if rows:
        connection.execute(insert(defect_observations), rows)


def _new_row(defect: Defect, edit: Edit) -> dict[str, object]:
    return {
        "defect_id": defect.defect_id,
        "asset_id": defect.asset_id,
        "damage_class": defect.damage_class.value,
        "latest_observation_id": defect.latest.observation_id,
        "damage_class_reviewed": _code(defect.damage_class_reviewed),
        "state": defect.state.value,
        "version": defect.version,
        "updated_at": edit.edited_at,
    }


def _row(edit: Edit) -> dict[str, object]:
    return {
        "edit_id": edit.edit_id,
        "kind": edit.kind.value,
        "asset_id": edit.asset_id,
        "editor": edit.editor,
        "edited_at": edit.edited_at,
        "note": edit.note,
        "drawn": None if edit.drawn_surface_m is None else shapely.to_wkt(edit.drawn_surface_m, 6),
        "undoes": edit.undoes,
    }


def _share_row(edit: Edit, share: Share) -> dict[str, object]:
    return {
        "edit_id": edit.edit_id,
        "defect_id": share.defect_id,
        "version_before": share.version_before,
        "version_after": share.version_after,
        "state_before": share.before.state.value,
        "state_after": share.after.state.value,
        "observation_before": share.before.observation_id,
        "observation_after": share.after.observation_id,
        "damage_class_reviewed_before": _code(share.before.damage_class_reviewed),
        "damage_class_reviewed_after": _code(share.after.damage_class_reviewed),
    }


def _edit(row: Row[Any], shares: Sequence[Share]) -> Edit:
    return Edit(
        edit_id=row.edit_id,
        kind=choice(EditKind, row.kind),
        asset_id=row.asset_id,
        editor=row.editor,
        edited_at=row.edited_at,
        expected_versions={s.defect_id: s.version_before for s in shares if s.version_before},
        note=row.note,
        drawn_surface_m=None if row.drawn is None else shapely.from_wkt(row.drawn),
        undoes=row.undoes,
    )


def _share(row: Row[Any]) -> Share:
    return Share(
        defect_id=row.defect_id,
        version_before=row.version_before,
        version_after=row.version_after,
        before=Face(
            state=choice(ReviewState, row.state_before),
            observation_id=row.observation_before,
            damage_class_reviewed=_class(row.damage_class_reviewed_before),
        ),
        after=Face(
            state=choice(ReviewState, row.state_after),
            observation_id=row.observation_after,
            damage_class_reviewed=_class(row.damage_class_reviewed_after),
        ),
    )


def _class(stored: str | None) -> DamageClass | None:
    return None if stored is None else choice(DamageClass, stored)


def _code(damage_class: DamageClass | None) -> str | None:
    return None if damage_class is None else damage_class.value

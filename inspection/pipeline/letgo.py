"""An edit that was taken back → the sightings that it held back, as the news that they are.

While a drawing stands, whatever a machine sees there is tied to it and changes nothing. When it is
taken back, what fits that which has its place again stays with that, and changes nothing either:
an undo restores. What fits nothing of it was held by the drawing alone, and goes the way of any
news, run by run, as it would have gone without the edit. Nothing is lost, and nothing counts twice.
"""

import uuid
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from sqlalchemy import Connection

from inspection.domain import edit as rules
from inspection.domain.defect import Defect, Observation, ReviewState
from inspection.domain.edit import Edit, Edited, Share
from inspection.pipeline.consolidate import alike, defect_id, likeness
from inspection.pipeline.ports import Clock
from inspection.pipeline.tie import tie
from inspection.store import defects, descents, edits, observations


def let_go(
    connection: Connection, edit: Edit, edited: Edited, *, clock: Clock
) -> tuple[Edited, Sequence[Defect]]:
    """Tie the machine sightings that only the edit held to what they show.

    What nothing shows yet is brought by the undo, so that it goes again when that is taken back.

    Args:
        connection: an open writing transaction in which the undo was recorded.
        edit: the undo.
        edited: what it did.
        clock: tells when.

    Returns:
        What the undo brought by this, and all defects that were known and are shown anew.
    """
    known = defects.known(connection, edit.asset_id)
    gone = descents.withdrawn(connection, edit.asset_id, known)
    now = {defect.defect_id: defect for defect in edited.defects}
    loose = [one for s in edited.shares for one in _loose(connection, now[s.defect_id], s, gone)]
    if not loose:
        return rules.let_go([]), ()
    defects.untie(connection, [one.observation_id for one in loose])
    news = _bring_home(connection, loose, edited.defects, clock)
    brought: dict[uuid.UUID, Defect] = {}
    shown: dict[uuid.UUID, Defect] = {}
    for run in observations.in_runs(connection, news):
        turns = observations.turns(connection, edit.asset_id, [one.observation_id for one in run])
        said = tie(connection, run, asset_id=edit.asset_id, now=clock.now(), turns=turns)
        for defect in said.defects:
            mine = brought if defect.defect_id in {*said.new, *brought} else shown
            mine[defect.defect_id] = defect
    made = rules.let_go(list(brought.values()))
    edits.bring(connection, edit, made)
    return made, list(shown.values())


def _loose(
    connection: Connection, defect: Defect, share: Share, gone: Collection[uuid.UUID]
) -> list[Observation]:
    """List what a machine saw and only that which was taken back holds with a defect."""
    kept = observations.of_defect(connection, defect.defect_id)
    seen = [one for one in kept if not one.by_hand]
    if defect.state is ReviewState.SUPERSEDED:  # what stands in its place has it, if anything does
        return seen if defect.defect_id in gone else []
    if share.before.observation_id == share.after.observation_id:
        return []
    return _beyond(defect, seen, _ever_shown(connection, defect))


def _ever_shown(connection: Connection, defect: Defect) -> set[uuid.UUID]:
    """Name the sightings by which a defect was shown whenever it was edited, and its first one."""
    shares = [s for record in edits.history(connection, defect.defect_id) for s in record.shares]
    mine = [share for share in shares if share.defect_id == defect.defect_id]
    faces = [face for share in mine for face in (share.before, share.after)]
    first = [k for k in defect.observation_ids if defect_id(defect.asset_id, k) == defect.defect_id]
    return {*(face.observation_id for face in faces), *first}


def _beyond(
    defect: Defect, seen: Iterable[Observation], its_own: Collection[uuid.UUID]
) -> list[Observation]:
    """List the sightings that fit neither what shows a defect nor one another up to that.

    A defect that changes is known by each of its sightings through the one before: so those that
    it had without the drawing hang together.
    """
    rest = [one for one in seen if one.observation_id not in its_own]
    frontier = [defect.latest, *(one for one in seen if one.observation_id in its_own)]
    while frontier and rest:
        reached = [one for one in rest if any(alike(one, other) > 0 for other in frontier)]
        rest = [one for one in rest if one not in reached]
        frontier = reached
    return rest


def _bring_home(
    connection: Connection, loose: Sequence[Observation], found: Iterable[Defect], clock: Clock
) -> list[uuid.UUID]:
    """Tie sightings to what has its place again where they fit it; name those that fit nothing."""
    homes = [defect for defect in found if defect.state is not ReviewState.SUPERSEDED]
    left = {one.observation_id for one in loose}
    ids = {d.defect_id: [key for key in d.observation_ids if key not in left] for d in homes}
    news = []
    for one in loose:
        fits = [(_fit(one, home), home.defect_id) for home in homes]
        score, home_id = max(fits, default=(0.0, None))
        if home_id is None or score <= 0:
            news.append(one.observation_id)
        else:
            ids[home_id].append(one.observation_id)
    tied = [replace(home, observation_ids=tuple(ids[home.defect_id])) for home in homes]
    defects.save(connection, tied, now=clock.now())
    return news


def _fit(one: Observation, home: Defect) -> float:
    """Say how well a sighting fits a defect; the one that shows it fits best of all."""
    if one.observation_id == home.latest.observation_id:
        return float("inf")
    return likeness(one, home)

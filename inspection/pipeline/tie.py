"""What one run saw + what is known of an asset → each sighting tied to the damage it shows."""

import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from inspection.domain.defect import Defect, Observation, ReviewState
from inspection.pipeline.consolidate import Consolidated, consolidate
from inspection.store import defects, descents, edits, observations, surveys


def tie(
    connection: Connection,
    seen: Sequence[Observation],
    *,
    asset_id: str,
    now: datetime,
    turns: Mapping[uuid.UUID, int] | None = None,
) -> Consolidated:
    """Consolidate the sightings of one run with what the database knows, and write what follows.

    Args:
        connection: an open writing transaction that holds the asset (``assets.lock``).
        seen: what one model saw on one mosaic of a survey.
        asset_id: the asset.
        now: the present moment.
        turns: which time of measuring saw them and what shows the defects, where others may have
            run since; None for the run that was just made.
    """
    known = {d.defect_id: d for d in defects.known(connection, asset_id)}
    drawn = _drawn_before(connection, known.values(), {one.survey_id for one in seen})
    said = consolidate(
        seen,
        known=[*known.values(), *drawn.values()],
        asset_id=asset_id,
        moments=surveys.moments(connection, asset_id),
        turns=turns,
        withdrawn=descents.withdrawn(connection, asset_id, known.values()),
    )
    shown = [
        replace(d, latest=known[d.defect_id].latest, damage_class=known[d.defect_id].damage_class)
        if d.defect_id in drawn
        else d
        for d in said.defects
    ]
    defects.save(connection, shown, now=now, released=said.released)
    return replace(said, defects=tuple(shown))


def _drawn_before(
    connection: Connection, known: Iterable[Defect], survey_ids: Collection[uuid.UUID]
) -> dict[uuid.UUID, Defect]:
    """Give defects as an engineer drew them in a survey, where a later one shows them now.

    There the drawing goes on to hold its place, beside what the later survey compares with.
    """
    elsewhere = {
        d.defect_id: d
        for d in known
        if d.state is not ReviewState.SUPERSEDED and d.latest.survey_id not in survey_ids
    }
    names: dict[uuid.UUID, uuid.UUID] = {}
    for survey_id in sorted(survey_ids):
        names |= edits.drawn_in(connection, survey_id)
    drawings = observations.by_ids(connection, [names[key] for key in names if key in elsewhere])
    return {
        key: replace(elsewhere[key], latest=drawings[name])
        for key, name in names.items()
        if key in elsewhere
    }

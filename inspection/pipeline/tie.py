"""What one run saw + what is known of an asset → each sighting tied to the damage it shows."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection

from inspection.domain.defect import Observation
from inspection.pipeline.consolidate import Consolidated, consolidate
from inspection.store import defects, descents, surveys


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
    known = defects.known(connection, asset_id)
    said = consolidate(
        seen,
        known=known,
        asset_id=asset_id,
        moments=surveys.moments(connection, asset_id),
        turns=turns,
        withdrawn=descents.withdrawn(connection, asset_id, known),
    )
    defects.save(connection, said.defects, now=now, released=said.released)
    return said

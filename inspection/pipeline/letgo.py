"""A drawing that was taken back → the sightings that it held back, as the news that they are."""

from collections.abc import Sequence

from sqlalchemy import Connection

from inspection.domain.defect import Defect
from inspection.domain.edit import Edited
from inspection.pipeline.consolidate import consolidate
from inspection.pipeline.ports import Clock
from inspection.store import defects, descents, observations, surveys


def let_go(connection: Connection, edited: Edited, *, clock: Clock) -> Sequence[Defect]:
    """Tie the machine sightings that a drawing held back to what they show; give those defects.

    Where the undo brings something back, that has the place again.

    Args:
        connection: an open writing transaction in which the undo was recorded.
        edited: what the undo did.
        clock: tells when.
    """
    if any(share.brought for share in edited.shares):
        return ()
    kept = [one for d in edited.defects for one in observations.of_defect(connection, d.defect_id)]
    held = [one for one in kept if not one.by_hand]
    if not held:
        return ()
    asset_id = edited.defects[0].asset_id
    defects.untie(connection, [one.observation_id for one in held])
    known = defects.known(connection, asset_id)
    anew = consolidate(
        held,
        known=known,
        asset_id=asset_id,
        moments=surveys.moments(connection, asset_id),
        withdrawn=descents.withdrawn(connection, asset_id, known),
    )
    defects.save(connection, anew.defects, now=clock.now())
    return anew.defects

"""A published picture that should not have been → gone from everything that we still hand out.

Rows and figures of a frozen month stay as they were frozen; only the file of the picture goes, for
whoever is seen in it has a right that is older than our archive. Copies that others made are out of
our reach.
"""

import uuid
from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Connection

from inspection.domain.privatearea import Obstacle
from inspection.domain.release import ReleaseAction
from inspection.pipeline.picture import key_of_name
from inspection.pipeline.ports import BlobStore, Clock
from inspection.store import privacy, releases, snapshots


def take_back(connection: Connection, blobs: BlobStore, *, clock: Clock) -> tuple[str, ...]:
    """Remove the files of every picture whose photo is kept back, here and in all frozen months.

    Returns:
        Names of the pictures, sorted; doing it again finds them gone already.
    """
    names = sorted(_kept_back(connection))
    privacy.retract(connection, names, clock.now())
    months = snapshots.find(connection) if names else ()
    for name in names:
        blobs.delete(key_of_name(name))
    for month in months:
        for file in snapshots.files_of(connection, month.month):
            if file.name in names:
                blobs.delete(file.blob_key)
    return tuple(names)


def _kept_back(connection: Connection) -> Iterator[str]:
    """Name the pictures that were published once and whose photos somebody keeps back now."""
    for name, origin in _published(connection).items():
        kept = privacy.of_photo(connection, uuid.UUID(origin["survey_id"]), origin["sha256"])
        if kept.obstacle is Obstacle.WITHHELD:
            yield name


def without(damages: list[dict[str, Any]], names: frozenset[str]) -> list[dict[str, Any]]:
    """Give published damages that name no picture of these.

    >>> without([{"photo": "photo_a.jpg"}], frozenset({"photo_a.jpg"}))
    [{'photo': ''}]
    """
    return [{**row, "photo": ""} if row.get("photo") in names else row for row in damages]


def _published(connection: Connection) -> Mapping[str, Mapping[str, str]]:
    """Give the origin of every picture that was ever published, by name."""
    found: dict[str, Mapping[str, str]] = {}
    for event in releases.history(connection, actions=(ReleaseAction.PUBLISH,)):
        found.update((event.public_row or {}).get("pictures", {}))
    return found

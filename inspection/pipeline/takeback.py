"""A published picture that should not have been → gone from everything that we still hand out.

Rows and figures of a frozen month stay as they were frozen; only the file of the picture goes, for
whoever is seen in it has a right that is older than our archive. Copies that others made are out of
our reach.
"""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection

from inspection.domain.release import ReleaseAction
from inspection.errors import NotFound
from inspection.pipeline.approve import approved_record
from inspection.pipeline.picture import Origin, key_of_name
from inspection.pipeline.ports import BlobStore, Clock
from inspection.pipeline.screen import Shown, digest_start, named, shown_photos
from inspection.store import photos, privacy, releases, snapshots
from inspection.store.releases import ReleaseEvent


def take_back(connection: Connection, blobs: BlobStore, *, clock: Clock) -> tuple[str, ...]:
    """Remove the files of every picture whose photo is kept back, here and in all frozen months.

    Returns:
        Names of the pictures, sorted; doing it again finds them gone already.
    """
    privacy.hold(connection)
    kept_back = privacy.withheld(connection)
    events = releases.history(connection, actions=(ReleaseAction.PUBLISH,)) if kept_back else ()
    names = sorted({name for name, _, sha256 in _origins(events) if sha256 in kept_back})
    privacy.retract(connection, names, clock.now())
    months = snapshots.find(connection) if names else ()
    for name in names:
        blobs.delete(key_of_name(name))
    for month in months:
        for file in snapshots.files_of(connection, month.month):
            if file.name in names:
                blobs.delete(file.blob_key)
    return tuple(names)


def within_reach(
    connection: Connection, asset_id: str, fiscal_year: int | None = None
) -> tuple[Shown, ...]:
    """List the photos that would show damage to the public, and those that were published.

    What was published stays within reach whatever became of the approval since: whoever is seen in
    it may ask for it to go on any day.

    Raises:
        NotFound: when nothing is approved and nothing was published.
    """
    out = published_photos(connection, asset_id, fiscal_year)
    try:
        would_be = shown_photos(
            connection, approved_record(connection, asset_id, fiscal_year).record
        )
    except NotFound:
        if not out:
            raise
        would_be = ()
    pictures = {one.photo.sha256: one.pictures for one in out}
    mine = {one.photo.sha256 for one in would_be}
    return (
        *(replace(one, pictures=pictures.get(one.photo.sha256, ())) for one in would_be),
        *(one for one in out if one.photo.sha256 not in mine),
    )


def published_photos(
    connection: Connection, asset_id: str, fiscal_year: int | None = None
) -> tuple[Shown, ...]:
    """List the photos of which a picture was ever published, with the names of those pictures."""
    wanted = (ReleaseAction.PUBLISH,)
    events = releases.history(
        connection, asset_id=asset_id, fiscal_year=fiscal_year, actions=wanted
    )
    pictures: dict[tuple[uuid.UUID, str], set[str]] = defaultdict(set)
    for name, survey_id, sha256 in _origins(events):
        pictures[survey_id, sha256].add(name)
    known = privacy.of_photos(connection, {sha256 for _, sha256 in pictures})
    return tuple(
        Shown(
            survey_id=survey_id,
            photo=photos.by_sha256(connection, survey_id, sha256),
            numbers=(),
            privacy=known[sha256],
            pictures=tuple(sorted(names)),
        )
        for (survey_id, sha256), names in pictures.items()
    )


def find_photo(
    connection: Connection, asset_id: str, fiscal_year: int | None, called: str
) -> Shown:
    """Find a photo of an asset: one that is or would be public before any other of that name.

    Raises:
        NotFound: when the asset has none.
        BadInput: when several are called so.
    """
    try:
        return named(within_reach(connection, asset_id, fiscal_year), called)
    except NotFound:
        found = photos.called(connection, asset_id, called, digest_start(called))
    known = privacy.of_photos(connection, {photo.sha256 for _, photo in found})
    others = {
        photo.sha256: Shown(
            survey_id=survey_id, photo=photo, numbers=(), privacy=known[photo.sha256]
        )
        for survey_id, photo in found
    }
    if not others:
        raise NotFound(f"{asset_id} has no photo {called[:80]!r}; see 'tenken privacy status'")
    return named(others.values(), called)


def without(damages: list[dict[str, Any]], names: frozenset[str]) -> list[dict[str, Any]]:
    """Give published damages that name no picture of these.

    >>> without([{"photo": "photo_a.jpg"}], frozenset({"photo_a.jpg"}))
    [{'photo': ''}]
    """
    return [{**row, "photo": ""} if row.get("photo") in names else row for row in damages]


def _origins(events: Iterable[ReleaseEvent]) -> Iterator[tuple[str, uuid.UUID, str]]:
    """Give name, survey and photo of every picture that was published.

    A name may come with several photos: two files can hold the same pixels.
    """
    for event in events:
        pictures: Mapping[str, Origin] = (event.public_row or {}).get("pictures", {})
        for name, origin in pictures.items():
            yield name, uuid.UUID(origin["survey_id"]), origin["sha256"]

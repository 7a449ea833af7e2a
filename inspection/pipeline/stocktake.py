"""Rows + blobs → who fills the disk with what, and what nothing rests on.

Only two things may go: uploads that were never finished, and blobs of a kind whose every use stands
in a row, that no row names and nobody has touched for days (a run was killed between writing the
file and committing its row). Everything that a row names stays, for a decision may rest on it.
"""

import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection

from inspection.pipeline.backup import blobs_of_rows
from inspection.pipeline.ports import BlobStore
from inspection.store import keys, stock

OWNED_PREFIXES = (
    *("photos/", "orthomosaics/", "sources/", "public/", keys.BANDS),
    *(keys.QUARANTINE, keys.NETWORKS, keys.TRIALS),
)
"""Beginnings of keys whose every use stands in a row: without a row nothing rests on them."""

QUIET_S = 7 * 86_400
"""How long nobody has touched a blob before it may go, seconds; no step takes as long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """Say what one survey keeps.

    Attributes:
        survey: the survey.
        bytes_by_kind: bytes of the files that exist, by the first part of their keys.
    """

    survey: stock.SurveyKeys
    bytes_by_kind: Counter[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unowned:
    """Name a blob on which nothing rests."""

    key: str
    size_bytes: int


def kept_by_surveys(connection: Connection, blobs: BlobStore) -> tuple[Stored, ...]:
    """Weigh what every survey keeps; a photo that two surveys have counts for both."""
    sizes: dict[str, int | None] = {}
    found = []
    for survey in stock.keys_of_surveys(connection):
        weights: Counter[str] = Counter()
        for key in {*survey.keys, *_found_beside(survey, blobs)}:
            if key not in sizes:
                sizes[key] = _size(blobs, key)
            weights[key.split("/")[0]] += sizes[key] or 0
        found.append(Stored(survey=survey, bytes_by_kind=+weights))
    return tuple(found)


def unowned(connection: Connection, blobs: BlobStore, *, now_s: float) -> tuple[Unowned, ...]:
    """List the blobs on which nothing rests, by key.

    Args:
        connection: an open transaction that sees every row.
        blobs: the files.
        now_s: the present moment, seconds since 1970.
    """
    # first the files, then the rows: what is committed meanwhile is named by then
    quiet = [
        Unowned(key=key, size_bytes=size)
        for prefix in OWNED_PREFIXES
        for key in blobs.keys(prefix)
        if (size := _quiet_size(blobs, key, now_s)) is not None
    ]
    named = set(blobs_of_rows(connection))
    return tuple(blob for blob in quiet if blob.key not in named)


def remove_unowned(connection: Connection, blobs: BlobStore, *, now_s: float) -> Counter[str]:
    """Remove the blobs on which nothing rests; give the bytes that this frees, by kind."""
    freed: Counter[str] = Counter()
    for blob in unowned(connection, blobs, now_s=now_s):
        if _quiet_size(blobs, blob.key, now_s) is not None:  # nobody took it up meanwhile
            blobs.delete(blob.key)
            freed[blob.key.split("/")[0]] += blob.size_bytes
    return freed


def _found_beside(survey: stock.SurveyKeys, blobs: BlobStore) -> Iterator[str]:
    """Name what is kept under a survey's own name, without a row for each file."""
    survey_id: uuid.UUID = survey.survey_id
    yield keys.control_key(survey_id)
    yield from blobs.keys(keys.upload_prefix(survey_id))
    yield from blobs.keys(f"reports/{survey_id}/")


def _size(blobs: BlobStore, key: str) -> int | None:
    kept = blobs.stat(key)
    return None if kept is None else kept.size_bytes


def _quiet_size(blobs: BlobStore, key: str, now_s: float) -> int | None:
    """Give the bytes of a blob that nobody has touched for long; None of any other."""
    kept = blobs.stat(key)
    return kept.size_bytes if kept is not None and now_s - kept.touched_s > QUIET_S else None

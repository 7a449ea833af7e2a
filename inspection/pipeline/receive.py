"""Receive photos for a survey that exists already, a few at a time, as uploads arrive.

``admit`` takes a whole folder and makes the survey's identity from it; here the survey has its
identity and grows. Receiving a photo twice changes nothing. The rows of a batch are committed
together, after its files are kept.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from sqlalchemy import Connection, Engine

from inspection.domain.capture import Photo, Rejection, RejectionReason
from inspection.domain.mission import Survey
from inspection.imaging.decode import Flaw, Looked
from inspection.imaging.quality import relate_to_flight
from inspection.imaging.thumbnail import thumbnail
from inspection.pipeline.admit import Options, original_key
from inspection.pipeline.ingest import PHOTO_SUFFIXES, Ingested, ingest
from inspection.pipeline.ports import BlobStore, Silence
from inspection.store import keys, photos
from inspection.store.engine import reading, writing

Examine = Callable[[Iterable[Path]], Looked]
"""Look at files before anything else does; gives what is wrong with them, and small pictures."""


def trusting(paths: Iterable[Path]) -> Looked:
    """Find nothing wrong with files: those who hand them in are trusted."""
    small = {path: thumbnail(path.read_bytes()) for path in paths}
    return Looked(thumbnails={path: one for path, one in small.items() if one is not None})


class Status(StrEnum):
    """Say what became of one file."""

    STORED = "stored"
    ALREADY_HERE = "already_here"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """Describe one file that arrived.

    Attributes:
        name: how people call it; never used as a path.
        path: where it lies; None when it was too large to be kept.
        sha256: hexadecimal digest, None when it was too large to be kept.
        size_bytes: as sent.
    """

    name: str
    path: Path | None
    sha256: str | None
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """Say what became of one file, and why when it was set aside."""

    arrival: Arrival
    status: Status
    rejection: Rejection | None = None


def receive_photos(
    survey: Survey,
    arrivals: Sequence[Arrival],
    *,
    engine: Engine,
    blobs: BlobStore,
    file_max_bytes: int,
    examine: Examine = trusting,
) -> list[Fate]:
    """Take files in and give the fate of each, in their order.

    Args:
        survey: the survey that they belong to.
        arrivals: the files.
        engine: the database.
        blobs: keeps the originals of usable photos.
        file_max_bytes: the limit that files without a path were over.
        examine: looks at files of strangers first, in another process.
    """
    digests = {arrival.sha256 for arrival in arrivals if arrival.sha256 is not None}
    with reading(engine) as connection:
        known = photos.names_of(connection, survey.survey_id, digests)
    fresh = _fresh(arrivals, known)
    looked = examine([one.path for one in fresh.values() if one.path is not None])
    taken = _inspect(survey, list(fresh.values()), looked.flaws)
    usable = _named(taken.photos, fresh)
    for photo in usable:
        blobs.put_file(original_key(photo), taken.paths[photo.sha256])
    fates = [_fate(arrival, known, fresh, taken, file_max_bytes) for arrival in arrivals]
    _keep_thumbnails(fates, looked, blobs)
    with writing(engine) as connection:
        _save(connection, survey, usable, fates)
    return fates


def _fresh(arrivals: Iterable[Arrival], known: Mapping[str, str]) -> dict[str, Arrival]:
    """Choose the first file of each content that the survey does not have yet, by digest."""
    fresh: dict[str, Arrival] = {}
    for arrival in arrivals:
        if arrival.sha256 is not None and arrival.sha256 not in known:
            fresh.setdefault(arrival.sha256, arrival)
    return fresh


def _inspect(survey: Survey, fresh: Sequence[Arrival], flaws: Mapping[Path, Flaw]) -> Ingested:
    """Find out which files are usable photos; they are still called by their paths."""
    options = Options(
        surface=survey.surface, gsd_m_per_px=survey.gsd_m_per_px, map_crs=survey.map_crs
    )
    paths = [arrival.path for arrival in fresh if arrival.path is not None]
    harmless = [path for path in paths if path not in flaws]
    taken = ingest(harmless, gps_required=options.gps_required, progress=Silence())
    refused = (
        Rejection(file=path.name, reason=flaw.reason, detail=flaw.detail)
        for path, flaw in flaws.items()
    )
    return replace(taken, rejections=(*taken.rejections, *refused))


def _named(taken: Iterable[Photo], fresh: Mapping[str, Arrival]) -> list[Photo]:
    """Give photos the names that people gave them, with a suffix where there is none."""
    named = []
    for photo in taken:
        name = fresh[photo.sha256].name
        promises = Path(name).suffix.lower() in PHOTO_SUFFIXES
        named.append(replace(photo, name=name if promises else f"{name}.photo"))
    return named


def _fate(
    arrival: Arrival,
    known: Mapping[str, str],
    fresh: Mapping[str, Arrival],
    taken: Ingested,
    file_max_bytes: int,
) -> Fate:
    """Find out what became of one file."""
    if arrival.sha256 is None or arrival.path is None:
        detail = f"{arrival.size_bytes} bytes are over the limit of {file_max_bytes}"
        return _set_aside(arrival, RejectionReason.TOO_LARGE, detail)
    if arrival.sha256 in known:
        return _again(arrival, known[arrival.sha256])
    first = fresh[arrival.sha256]
    if arrival.sha256 in taken.paths:
        stored = Fate(arrival=arrival, status=Status.STORED)
        return stored if first is arrival else _again(arrival, first.name)
    assert first.path is not None
    flaw = next(row for row in taken.rejections if row.file == first.path.name)
    return _set_aside(arrival, flaw.reason, flaw.detail)


def _again(arrival: Arrival, first_name: str) -> Fate:
    """Tell a photo sent again from a copy under another name."""
    if arrival.name == first_name:
        return Fate(arrival=arrival, status=Status.ALREADY_HERE)
    return _set_aside(arrival, RejectionReason.DUPLICATE, f"the same bytes as {first_name}")


def _keep_thumbnails(fates: Iterable[Fate], looked: Looked, blobs: BlobStore) -> None:
    """Keep small pictures, also of what is set aside: those files themselves are not kept."""
    for fate in fates:
        sha256, path = fate.arrival.sha256, fate.arrival.path
        if sha256 is not None and path is not None and path in looked.thumbnails:
            blobs.put_bytes(keys.thumbnail_key(sha256), looked.thumbnails[path])


def _set_aside(arrival: Arrival, reason: RejectionReason, detail: str) -> Fate:
    rejection = Rejection(file=arrival.name, reason=reason, detail=detail, sha256=arrival.sha256)
    return Fate(arrival=arrival, status=Status.REJECTED, rejection=rejection)


def _save(
    connection: Connection, survey: Survey, taken: Sequence[Photo], fates: Sequence[Fate]
) -> None:
    """Write the rows of a batch and relate all photos of the survey to each other anew."""
    rejections = [fate.rejection for fate in fates if fate.rejection is not None]
    photos.save(connection, survey.survey_id, taken, rejections)
    if not taken:
        return
    flight = photos.qualities(connection, survey.survey_id)
    related = relate_to_flight(list(flight.values()))
    changed = {
        sha256: grade
        for (sha256, before), grade in zip(flight.items(), related, strict=True)
        if grade != before
    }
    photos.regrade(connection, survey.survey_id, changed)

"""Photos of an approved record → what must not be seen in them, and what people add to it."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Engine

from inspection.domain.capture import Photo
from inspection.domain.inspectionrecord import ConfirmedDefect, InspectionRecord
from inspection.domain.privatearea import (
    Obstacle,
    Privacy,
    PrivacyMark,
    Screening,
    inside,
)
from inspection.errors import BadInput, BadPhoto, NotFound
from inspection.imaging.publicpicture import PublicPicture, public_picture, upright_rgb
from inspection.pipeline.admit import original_key
from inspection.pipeline.ports import BlobStore, Clock, PrivacyDetector, Progress
from inspection.store import photos, privacy
from inspection.store.engine import writing

LEAST_PREFIX = 6
"""Fewest digits by which a photo may be called."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """Name a photo that would show damage to the public.

    Attributes:
        survey_id: whose photo.
        photo: the photo.
        numbers: of the damages in the record that it shows.
        privacy: what is known of its privacy.
    """

    survey_id: uuid.UUID
    photo: Photo
    numbers: tuple[int, ...]
    privacy: Privacy


@dataclass(frozen=True, slots=True, kw_only=True)
class Screened:
    """Say what became of one photo.

    Attributes:
        shown: the photo.
        screening: what was found; None when it could not be looked at.
        reason: why not.
    """

    shown: Shown
    screening: Screening | None
    reason: str = ""


def shown_photos(connection: Connection, record: InspectionRecord) -> tuple[Shown, ...]:
    """List the photos that would show the damages of a record, one a damage, each once.

    It is the best photo of a damage that nobody keeps back.
    """
    numbers: dict[tuple[uuid.UUID, str], list[int]] = {}
    for defect in record.defects:
        chosen = chosen_photo(connection, defect)
        if chosen is not None:
            numbers.setdefault(chosen, []).append(defect.number)
    return tuple(
        Shown(
            survey_id=survey_id,
            photo=photos.by_sha256(connection, survey_id, sha256),
            numbers=tuple(of),
            privacy=privacy.of_photo(connection, survey_id, sha256),
        )
        for (survey_id, sha256), of in numbers.items()
    )


def chosen_photo(connection: Connection, defect: ConfirmedDefect) -> tuple[uuid.UUID, str] | None:
    """Name the best photo of a damage that nobody keeps back; None when there is none."""
    survey_id = uuid.UUID(defect.survey_id)
    known = photos.names_of(connection, survey_id, set(defect.photo_sha256s))
    for sha256 in defect.photo_sha256s:
        kept = privacy.of_photo(connection, survey_id, sha256)
        if sha256 in known and kept.obstacle is not Obstacle.WITHHELD:
            return survey_id, sha256
    return None


def screen(
    engine: Engine,
    blobs: BlobStore,
    shown: Iterable[Shown],
    *,
    detector: PrivacyDetector,
    clock: Clock,
    progress: Progress,
) -> tuple[Screened, ...]:
    """Look at photos with a detector and keep what it finds; one that it knows is left out.

    A photo that cannot be read is set aside with its reason, and stays inside.
    """
    wanted = [one for one in shown if detector.detector_id not in _detectors(one.privacy)]
    progress.start("screen", len(wanted))
    done = []
    for one in wanted:
        try:
            pixels = pixels_of(blobs, one.photo)
        except (BadPhoto, NotFound) as error:
            done.append(Screened(shown=one, screening=None, reason=str(error)))
            progress.advance()
            continue
        screening = Screening(
            detector_id=detector.detector_id,
            size_px=(pixels.shape[1], pixels.shape[0]),
            areas=detector.find(pixels),
            at=clock.now(),
        )
        with writing(engine) as connection:
            privacy.add_screening(connection, one.survey_id, one.photo.sha256, screening)
        done.append(Screened(shown=one, screening=screening))
        progress.advance()
    return tuple(done)


def pixels_of(blobs: BlobStore, photo: Photo) -> NDArray[np.uint8]:
    """Decode a photo to upright RGB."""
    return upright_rgb(blobs.read_bytes(original_key(photo)), photo.name)


def blurred(blobs: BlobStore, shown: Shown) -> PublicPicture:
    """Make the picture of a photo as everybody would see it.

    Raises:
        BadPhoto: when the photo cannot be decoded.
        NotFound: when its file is gone, or no detector has looked at it.
    """
    if not shown.privacy.screenings:
        raise NotFound(
            f"no detector of faces and plates has looked at {shown.photo.name} yet: run 'tenken "
            "privacy screen'"
        )
    boxes = [area.box_px for area in shown.privacy.areas]
    return public_picture(pixels_of(blobs, shown.photo), boxes)


def mark(connection: Connection, shown: Shown, made: PrivacyMark) -> None:
    """Keep what a person did about a photo.

    Raises:
        BadInput: when no detector has looked at it yet, or an area reaches out of it.
    """
    if not shown.privacy.screenings:
        raise BadInput(
            f"no detector has looked at {shown.photo.name} yet: run 'tenken privacy screen' first"
        )
    if made.area is not None:
        inside(made.area, shown.privacy.screenings[-1].size_px)
    privacy.add_mark(connection, shown.survey_id, shown.photo.sha256, made)


def named(shown: Iterable[Shown], called: str) -> Shown:
    """Find the photo that somebody calls by its file name, its digest or the start of that.

    Raises:
        NotFound: when there is none.
        BadInput: when there are several.
    """
    start = called.lower() if len(called) >= LEAST_PREFIX else " "
    found = [one for one in shown if called == one.photo.name or one.photo.sha256.startswith(start)]
    if not found:
        raise NotFound(f"no photo {called[:80]!r} would be published; see 'tenken privacy status'")
    if len(found) > 1:
        raise BadInput(f"{len(found)} photos are called {called!r}; say the digest instead")
    return found[0]


def _detectors(known: Privacy) -> set[str]:
    return {screening.detector_id for screening in known.screenings}

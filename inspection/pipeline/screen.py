"""Photos of an approved record → what must not be seen in them, and what people add to it."""

import uuid
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Engine

from inspection.domain.capture import Photo
from inspection.domain.inspectionrecord import InspectionRecord
from inspection.domain.privatearea import (
    MarkAction,
    Obstacle,
    Privacy,
    PrivacyMark,
    Screening,
    inside,
)
from inspection.errors import BadInput, BadPhoto, Conflict, NotFound
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
        numbers: of the damages in the record that it shows; none when it would not be published.
        privacy: what is known of its privacy.
        pictures: names of the pictures of it that were published, taken back or not.
    """

    survey_id: uuid.UUID
    photo: Photo
    numbers: tuple[int, ...]
    privacy: Privacy
    pictures: tuple[str, ...] = ()


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
    wanted: dict[uuid.UUID, set[str]] = defaultdict(set)
    for defect in record.defects:
        wanted[uuid.UUID(defect.survey_id)].update(defect.photo_sha256s)
    taken = {survey_id: photos.some(connection, survey_id, of) for survey_id, of in wanted.items()}
    known = privacy.of_photos(connection, set().union(*wanted.values()))
    numbers: dict[tuple[uuid.UUID, str], list[int]] = {}
    for defect in record.defects:
        survey_id = uuid.UUID(defect.survey_id)
        for sha256 in defect.photo_sha256s:
            if sha256 in taken[survey_id] and known[sha256].obstacle is not Obstacle.WITHHELD:
                numbers.setdefault((survey_id, sha256), []).append(defect.number)
                break
    return tuple(
        Shown(
            survey_id=survey_id,
            photo=taken[survey_id][sha256],
            numbers=tuple(of),
            privacy=known[sha256],
        )
        for (survey_id, sha256), of in numbers.items()
    )


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
            privacy.hold(connection)
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
    """Keep what a person did about a photo, by what is known of it now.

    A photo may be kept back before any detector has looked at it.

    Raises:
        BadInput: when no detector has looked at it yet, or an area reaches out of it.
        Conflict: when what is cleared is not what was looked at, or somebody keeps it back.
    """
    privacy.hold(connection)
    sha256, name = shown.photo.sha256, shown.photo.name
    known = privacy.of_photo(connection, sha256)
    if not known.screenings and made.action is not MarkAction.WITHHOLD:
        raise BadInput(f"no detector has looked at {name} yet: run 'tenken privacy screen' first")
    if made.area is not None:
        inside(made.area, known.screenings[-1].size_px)
    if made.action is MarkAction.CLEAR and known.obstacle is Obstacle.WITHHELD:
        raise Conflict(f"{name} is kept back for good; nobody can clear it any more")
    if made.action is MarkAction.CLEAR and made.looked != known.tag:
        raise Conflict(
            f"{name} is blurred otherwise than in the picture that you looked at: look again with "
            "'tenken privacy look'"
        )
    privacy.add_mark(connection, shown.survey_id, sha256, made)


def named(shown: Iterable[Shown], called: str) -> Shown:
    """Find the photo that somebody calls by its file name, its digest or the start of that.

    The name of a picture of it that was published does, too.

    Raises:
        NotFound: when there is none.
        BadInput: when there are several.
    """
    start = digest_start(called) or " "
    found = [
        one
        for one in shown
        if called == one.photo.name or called in one.pictures or one.photo.sha256.startswith(start)
    ]
    if not found:
        raise NotFound(f"no photo {called[:80]!r} would be published; see 'tenken privacy status'")
    if len(found) > 1:
        raise BadInput(f"{len(found)} photos are called {called!r}; say the digest instead")
    return found[0]


def digest_start(called: str) -> str:
    """Read what somebody calls a photo as the start of a digest; empty when it is too short.

    >>> digest_start("AB12cd"), digest_start("ab12")
    ('ab12cd', '')
    """
    return called.lower() if len(called) >= LEAST_PREFIX else ""


def _detectors(known: Privacy) -> set[str]:
    return {screening.detector_id for screening in known.screenings}

"""Keep photos, known by their content, and the files that a survey set aside.

A photo is one row however many surveys show it. What depends on the survey, the name of the file
and the sharpness relative to its flight, belongs to the link between the two.
"""

import uuid
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    bindparam,
    delete,
    false,
    func,
    select,
    update,
)

from inspection.domain.capture import CapturePose, Photo, PhotoQuality, Rejection, RejectionReason
from inspection.errors import NotFound
from inspection.store.audit import UNSCOPED
from inspection.store.rows import add_or_replace, choice
from inspection.store.tables import photos, rejections, survey_photos, surveys


def save(
    connection: Connection,
    survey_id: uuid.UUID,
    taken: Iterable[Photo],
    set_aside: Iterable[Rejection] = (),
) -> None:
    """Add the photos of a survey and the files it set aside; twice is the same as once."""
    batch = list({photo.sha256: photo for photo in taken}.values())
    add_or_replace(connection, photos, map(_photo_row, batch), key=["sha256"])
    links = [_link_row(survey_id, photo) for photo in batch]
    add_or_replace(connection, survey_photos, links, key=["survey_id", "sha256"])
    reject(connection, survey_id, set_aside)


def reject(
    connection: Connection,
    survey_id: uuid.UUID,
    set_aside: Iterable[Rejection],
    *,
    instead_of: RejectionReason | None = None,
) -> None:
    """Add files that a survey set aside, each with its reason.

    Args:
        connection: an open writing transaction.
        survey_id: the survey.
        set_aside: the files.
        instead_of: forget first what was set aside for this reason: it is judged anew.
    """
    if instead_of is not None:
        c = rejections.c
        known = (c.survey_id == survey_id) & (c.reason == instead_of.value)
        connection.execute(delete(rejections).where(known))
    rows = [
        {
            "survey_id": survey_id,
            "file": rejection.file,
            "reason": rejection.reason.value,
            "detail": rejection.detail,
            "sha256": rejection.sha256,
        }
        for rejection in set_aside
    ]
    unique = {(row["file"], row["reason"]): row for row in rows}
    add_or_replace(connection, rejections, unique.values(), key=["survey_id", "file", "reason"])


def of_survey(
    connection: Connection, survey_id: uuid.UUID, *, left_out: bool | None = False
) -> tuple[Photo, ...]:
    """List the photos of a survey by file name.

    Args:
        connection: an open transaction.
        survey_id: the survey.
        left_out: only those that somebody took out; None for all, as evidence may name them.
    """
    query = _joined().where(survey_photos.c.survey_id == survey_id)
    if left_out is not None:
        query = query.where(is_left_out() if left_out else ~is_left_out())
    rows = connection.execute(query.order_by(survey_photos.c.name, photos.c.sha256))
    return tuple(map(_photo, rows))


def is_left_out() -> ColumnElement[bool]:
    """Build the condition that somebody took a photo out of its survey."""
    return func.coalesce(survey_photos.c.left_out, false())


def names(connection: Connection, survey_id: uuid.UUID, sha256s: Collection[str]) -> dict[str, str]:
    """Name some photos of a survey, by digest; those that it has."""
    c = survey_photos.c
    query = select(c.sha256, c.name).where(c.survey_id == survey_id, c.sha256.in_(sorted(sha256s)))
    return {row.sha256: row.name for row in connection.execute(query)}


def qualities(connection: Connection, survey_id: uuid.UUID) -> dict[str, PhotoQuality]:
    """Give the grades of the photos of a survey that were graded, by digest."""
    c = survey_photos.c
    rows = connection.execute(
        select(c.sha256, c.quality).where(c.survey_id == survey_id).order_by(c.sha256)
    )
    return {row.sha256: PhotoQuality(**row.quality) for row in rows if row.quality is not None}


def regrade(
    connection: Connection, survey_id: uuid.UUID, grades: Mapping[str, PhotoQuality]
) -> None:
    """Replace the grades of photos that a survey has; who writes must have been let in before.

    The audit log is not told: every photo that arrives moves the median that all are related to,
    and a flight of a thousand would be told of half a million times.
    """
    c = survey_photos.c
    changed = (
        update(survey_photos)
        .where(c.survey_id == survey_id, c.sha256 == bindparam("known"))
        .values(quality=bindparam("grade"))
    )
    if grades:
        rows = [{"known": sha256, "grade": asdict(grade)} for sha256, grade in grades.items()]
        connection.execute(changed, rows, execution_options=UNSCOPED)


def rejected(connection: Connection, survey_id: uuid.UUID) -> tuple[Rejection, ...]:
    """List the files that a survey set aside, by file name."""
    rows = connection.execute(
        select(rejections)
        .where(rejections.c.survey_id == survey_id)
        .order_by(rejections.c.file, rejections.c.reason)
    )
    return tuple(map(_rejection, rows))


def names_of(
    connection: Connection, survey_id: uuid.UUID, sha256s: Collection[str]
) -> dict[str, str]:
    """Name those of some photos that a survey has, by digest."""
    c = survey_photos.c
    rows = connection.execute(
        select(c.sha256, c.name).where(c.survey_id == survey_id, c.sha256.in_(sha256s))
    )
    return {row.sha256: row.name for row in rows}


def rejected_of(
    connection: Connection, survey_id: uuid.UUID, sha256s: Collection[str]
) -> dict[str, Rejection]:
    """Give those of some files that a survey set aside, by digest."""
    c = rejections.c
    rows = connection.execute(
        select(rejections).where(c.survey_id == survey_id, c.sha256.in_(sha256s)).order_by(c.file)
    )
    return {row.sha256: _rejection(row) for row in rows}


def by_sha256(connection: Connection, survey_id: uuid.UUID, sha256: str) -> Photo:
    """Read one photo as a survey delivered it.

    Raises:
        NotFound: when the survey has no such photo.
    """
    row = connection.execute(
        _joined().where(survey_photos.c.survey_id == survey_id, photos.c.sha256 == sha256)
    ).one_or_none()
    if row is None:
        raise NotFound(f"survey {survey_id} has no photo {sha256}")
    return _photo(row)


def some(
    connection: Connection, survey_id: uuid.UUID, sha256s: Collection[str]
) -> dict[str, Photo]:
    """Read those of some photos that a survey has, by digest; left-out ones too."""
    c = survey_photos.c
    rows = connection.execute(
        _joined().where(c.survey_id == survey_id, c.sha256.in_(sorted(sha256s)))
    )
    return {photo.sha256: photo for photo in map(_photo, rows)}


def called(
    connection: Connection, asset_id: str, name: str, start: str
) -> tuple[tuple[uuid.UUID, Photo], ...]:
    """Find the photos of an asset by file name or the start of their digest, with their surveys.

    Args:
        connection: an open transaction.
        asset_id: the asset.
        name: of the file.
        start: of the digest, lower case; none matches an empty one.
    """
    c = survey_photos.c
    fits = c.name == name
    if start:
        fits |= c.sha256.startswith(start, autoescape=True)
    query = _joined().add_columns(c.survey_id).join(surveys, surveys.c.survey_id == c.survey_id)
    rows = connection.execute(
        query.where(surveys.c.asset_id == asset_id, fits).order_by(c.survey_id, c.sha256)
    )
    return tuple((row.survey_id, _photo(row)) for row in rows)


def _rejection(row: Row[Any]) -> Rejection:
    return Rejection(
        file=row.file,
        reason=choice(RejectionReason, row.reason),
        detail=row.detail,
        sha256=row.sha256,
    )


def _joined() -> Select[Any]:
    return select(photos, survey_photos.c.name, survey_photos.c.quality).join_from(
        survey_photos, photos, survey_photos.c.sha256 == photos.c.sha256
    )


def _photo_row(photo: Photo) -> dict[str, object]:
    return {
        "sha256": photo.sha256,
        "width_px": photo.width_px,
        "height_px": photo.height_px,
        "taken_at": photo.taken_at,
        "make": photo.make,
        "model": photo.model,
        "focal_mm": photo.focal_mm,
        "focal_35mm": photo.focal_35mm,
        "focal_px": photo.focal_px,
        "pose": None if photo.pose is None else asdict(photo.pose),
    }


def _link_row(survey_id: uuid.UUID, photo: Photo) -> dict[str, object]:
    quality = None if photo.quality is None else asdict(photo.quality)
    return {
        "survey_id": survey_id,
        "sha256": photo.sha256,
        "name": photo.name,
        "quality": quality,
    }


def _photo(row: Row[Any]) -> Photo:
    return Photo(
        sha256=row.sha256,
        name=row.name,
        width_px=row.width_px,
        height_px=row.height_px,
        taken_at=row.taken_at,
        make=row.make,
        model=row.model,
        focal_mm=row.focal_mm,
        focal_35mm=row.focal_35mm,
        focal_px=row.focal_px,
        pose=None if row.pose is None else CapturePose(**row.pose),
        quality=None if row.quality is None else PhotoQuality(**row.quality),
    )

"""Keep what detectors and people say about the privacy of photos: two append-only histories."""

import uuid
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select

from inspection.domain.privatearea import (
    MarkAction,
    Privacy,
    PrivacyMark,
    PrivateArea,
    PrivateKind,
    Screening,
)
from inspection.errors import Broken
from inspection.store.privacy_tables import privacy_marks, privacy_screenings, retracted_pictures
from inspection.store.rows import add_missing, choice


def add_screening(
    connection: Connection, survey_id: uuid.UUID, sha256: str, screening: Screening
) -> None:
    """Keep what a detector found in a photo; the same detector again changes nothing."""
    row = {
        "survey_id": survey_id,
        "sha256": sha256,
        "detector_id": screening.detector_id,
        "width_px": screening.size_px[0],
        "height_px": screening.size_px[1],
        "areas": [_plain(area) for area in screening.areas],
        "screened_at": screening.at,
    }
    add_missing(connection, privacy_screenings, [row])


def add_mark(
    connection: Connection, survey_id: uuid.UUID, sha256: str, mark: PrivacyMark
) -> uuid.UUID:
    """Keep what a person did about the privacy of a photo; give its identifier."""
    mark_id = uuid.uuid4()
    row = {
        "mark_id": mark_id,
        "survey_id": survey_id,
        "sha256": sha256,
        "action": mark.action.value,
        "area": None if mark.area is None else _plain(mark.area),
        "marked_by": mark.by,
        "marked_at": mark.at,
        "why": mark.why,
    }
    connection.execute(insert(privacy_marks).values(row))
    return mark_id


def of_photo(connection: Connection, survey_id: uuid.UUID, sha256: str) -> Privacy:
    """Read all that is known of the privacy of a photo; nothing known is no error."""
    s, m = privacy_screenings.c, privacy_marks.c
    screened = connection.execute(
        select(privacy_screenings)
        .where(s.survey_id == survey_id, s.sha256 == sha256)
        .order_by(s.seq)
    )
    marked = connection.execute(
        select(privacy_marks).where(m.survey_id == survey_id, m.sha256 == sha256).order_by(m.seq)
    )
    return Privacy(screenings=tuple(map(_screening, screened)), marks=tuple(map(_mark, marked)))


def retract(connection: Connection, names: Iterable[str], at: datetime) -> None:
    """Note that published pictures were taken back; naming one again changes nothing."""
    add_missing(
        connection, retracted_pictures, [{"name": name, "retracted_at": at} for name in names]
    )


def retracted(connection: Connection) -> frozenset[str]:
    """Name the published pictures that were taken back."""
    return frozenset(connection.execute(select(retracted_pictures.c.name)).scalars())


def _screening(row: Row[Any]) -> Screening:
    return Screening(
        detector_id=row.detector_id,
        size_px=(row.width_px, row.height_px),
        areas=tuple(_area(plain) for plain in row.areas),
        at=row.screened_at,
    )


def _mark(row: Row[Any]) -> PrivacyMark:
    return PrivacyMark(
        action=choice(MarkAction, row.action),
        by=row.marked_by,
        at=row.marked_at,
        why=row.why,
        area=None if row.area is None else _area(row.area),
    )


def _plain(area: PrivateArea) -> dict[str, Any]:
    return {"kind": area.kind.value, "box_px": list(area.box_px), "score": area.score}


def _area(plain: Mapping[str, Any]) -> PrivateArea:
    try:
        x0, y0, x1, y1 = plain["box_px"]
        return PrivateArea(
            kind=choice(PrivateKind, plain["kind"]), box_px=(x0, y0, x1, y1), score=plain["score"]
        )
    except (KeyError, TypeError, ValueError) as error:
        raise Broken(f"a stored private area cannot be read: {error!r}") from error

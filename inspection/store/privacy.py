"""Keep what detectors and people say about the privacy of photos: two append-only histories.

A photo is known by its content: what is private in it is private in every survey that has it.
"""

import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
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

LOCK = 0x7E4E50  # any number that no other program of the database uses

AT_ONCE = 500
"""Photos that one statement asks about; engines bound the number of parameters."""


def hold(connection: Connection) -> None:
    """Keep others from deciding what everybody may see, until this transaction ends.

    Whoever publishes a picture looks at what is known of its photo, and whoever keeps the photo
    back looks at what is published; each must see what the other did. With SQLite there is one
    writer at a time anyway.
    """
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({LOCK})")


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
        "looked": mark.looked or None,
    }
    connection.execute(insert(privacy_marks).values(row))
    return mark_id


def of_photo(connection: Connection, sha256: str) -> Privacy:
    """Read all that is known of the privacy of a photo; nothing known is no error."""
    return of_photos(connection, [sha256])[sha256]


def of_photos(connection: Connection, sha256s: Collection[str]) -> dict[str, Privacy]:
    """Read all that is known of the privacy of photos, by digest, whichever survey has them."""
    wanted = sorted(set(sha256s))
    screened: dict[str, list[Screening]] = defaultdict(list)
    marked: dict[str, list[PrivacyMark]] = defaultdict(list)
    s, m = privacy_screenings.c, privacy_marks.c
    for start in range(0, len(wanted), AT_ONCE):
        some = wanted[start : start + AT_ONCE]
        for row in connection.execute(
            select(privacy_screenings).where(s.sha256.in_(some)).order_by(s.seq)
        ):
            screened[row.sha256].append(_screening(row))
        for row in connection.execute(
            select(privacy_marks).where(m.sha256.in_(some)).order_by(m.seq)
        ):
            marked[row.sha256].append(_mark(row))
    return {
        sha256: Privacy(screenings=tuple(screened[sha256]), marks=tuple(marked[sha256]))
        for sha256 in wanted
    }


def withheld(connection: Connection) -> frozenset[str]:
    """Name the photos that somebody keeps back, by digest."""
    c = privacy_marks.c
    kept = select(c.sha256).where(c.action == MarkAction.WITHHOLD.value)
    return frozenset(connection.execute(kept).scalars())


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
        looked=row.looked or "",
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

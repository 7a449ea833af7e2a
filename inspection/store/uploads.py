"""Keep uploads that arrive in pieces: how far each has come, and what became of it.

The row is the truth about the offset. It moves only by compare-and-set, so that of two requests
that write at the same place one wins and the other is told. What arrives between beginning and end
is not told to the audit log piece by piece: the beginning is, and the photo that comes of it.
"""

import uuid
from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from inspection.domain.capture import RejectionReason
from inspection.errors import Conflict, NotFound
from inspection.store.audit import UNSCOPED
from inspection.store.rows import choice
from inspection.store.tables import assets, surveys
from inspection.store.upload_tables import uploads


class UploadState(StrEnum):
    """Say where an upload is in its life."""

    RECEIVING = "receiving"
    STORED = "stored"
    ALREADY_HERE = "already_here"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Name one piece that has arrived."""

    key: str
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """Describe one upload.

    Attributes:
        upload_id: identifier.
        survey_id: the survey that the file is for.
        name: how people call the file; never used as a path.
        length_bytes: of the whole file.
        offset_bytes: how much of it has arrived.
        parts: the pieces, in order.
        sha256_promised: digest that the sender named, None when they did not.
        created_at: when it was begun, aware UTC.
        expires_at: when it is forgotten unless more arrives, aware UTC.
        state: where it is in its life.
        sha256: digest of what arrived, None before the end.
        reason: why the photo was set aside, None when it was not.
        detail: the same in words.
    """

    upload_id: uuid.UUID
    survey_id: uuid.UUID
    name: str
    length_bytes: int
    offset_bytes: int = 0
    parts: tuple[Part, ...] = ()
    sha256_promised: str | None = None
    created_at: datetime
    expires_at: datetime
    state: UploadState = UploadState.RECEIVING
    sha256: str | None = None
    reason: RejectionReason | None = None
    detail: str = ""

    @property
    def is_complete(self) -> bool:
        """Tell whether every byte has arrived and nobody has looked at them yet."""
        return self.state is UploadState.RECEIVING and self.offset_bytes == self.length_bytes


def begin(connection: Connection, upload: Upload) -> None:
    """Write down that a file is going to arrive."""
    connection.execute(insert(uploads).values(_row(upload)))


def by_id(connection: Connection, survey_id: uuid.UUID, upload_id: uuid.UUID) -> Upload:
    """Read one upload of a survey.

    Raises:
        NotFound: when there is none; it may have expired.
    """
    query = select(uploads).where(uploads.c.upload_id == upload_id)
    row = connection.execute(query.where(uploads.c.survey_id == survey_id)).one_or_none()
    if row is None:
        raise NotFound(f"survey {survey_id} has no upload {upload_id}; it may have expired")
    return _upload(row)


def advance(
    connection: Connection, upload: Upload, parts: tuple[Part, ...], expires_at: datetime
) -> Upload:
    """Add pieces to the end of an upload, as it was when it was read.

    Raises:
        Conflict: when more has arrived meanwhile, or the upload has ended.
    """
    offset = upload.offset_bytes + sum(part.size_bytes for part in parts)
    changed = connection.execute(
        update(uploads)
        .where(
            uploads.c.upload_id == upload.upload_id,
            uploads.c.offset_bytes == upload.offset_bytes,
            uploads.c.state == UploadState.RECEIVING.value,
        )
        .values(
            offset_bytes=offset,
            parts=[asdict(part) for part in (*upload.parts, *parts)],
            expires_at=expires_at,
        ),
        execution_options=UNSCOPED,
    )
    if changed.rowcount != 1:
        raise Conflict(
            f"upload {upload.upload_id} is no longer at byte {upload.offset_bytes}; ask where it is"
        )
    return by_id(connection, upload.survey_id, upload.upload_id)


def finish(
    connection: Connection,
    upload: Upload,
    *,
    state: UploadState,
    sha256: str | None,
    reason: RejectionReason | None = None,
    detail: str = "",
) -> Upload:
    """Say what became of an upload; the first who says so is believed, the others read it."""
    connection.execute(
        update(uploads)
        .where(
            uploads.c.upload_id == upload.upload_id,
            uploads.c.state == UploadState.RECEIVING.value,
        )
        .values(
            state=state.value,
            sha256=sha256,
            reason=None if reason is None else reason.value,
            detail=detail,
            parts=[],
        ),
        execution_options=UNSCOPED,
    )
    return by_id(connection, upload.survey_id, upload.upload_id)


def remove(connection: Connection, upload: Upload) -> None:
    """Forget an upload; one that is gone already is no error."""
    connection.execute(
        delete(uploads).where(uploads.c.upload_id == upload.upload_id), execution_options=UNSCOPED
    )


def forget_unfinished(connection: Connection) -> int:
    """Forget every upload that has not ended, as after a restore; give how many there were."""
    query = delete(uploads).where(uploads.c.state == UploadState.RECEIVING.value)
    return int(connection.execute(query, execution_options=UNSCOPED).rowcount)


def due(connection: Connection, now: datetime) -> tuple[Upload, ...]:
    """List the uploads that have expired, and those that are complete and not looked at yet."""
    complete = (uploads.c.state == UploadState.RECEIVING.value) & (
        uploads.c.offset_bytes == uploads.c.length_bytes
    )
    rows = connection.execute(
        select(uploads)
        .where((uploads.c.expires_at <= now) | complete)
        .order_by(uploads.c.expires_at, uploads.c.upload_id)
    )
    return tuple(map(_upload, rows))


def arriving(
    connection: Connection, survey_id: uuid.UUID, sha256s: Collection[str], now: datetime
) -> dict[str, Upload]:
    """Give the uploads of a survey that promise some digests and have not ended, by digest.

    Where two promise the same, the one is given that has come further.
    """
    rows = connection.execute(
        select(uploads)
        .where(
            uploads.c.survey_id == survey_id,
            uploads.c.state == UploadState.RECEIVING.value,
            uploads.c.expires_at > now,
            uploads.c.sha256_promised.in_(sha256s),
        )
        .order_by(uploads.c.offset_bytes, uploads.c.upload_id)
    )
    return {row.sha256_promised: _upload(row) for row in rows}


def reserved_bytes(connection: Connection, survey_id: uuid.UUID) -> tuple[int, int]:
    """Say how many uploads of the organisation of a survey are unfinished, and their bytes."""
    owner = (
        select(assets.c.organisation_id)
        .join_from(surveys, assets, surveys.c.asset_id == assets.c.asset_id)
        .where(surveys.c.survey_id == survey_id)
        .scalar_subquery()
    )
    query = (
        select(func.count(), func.coalesce(func.sum(uploads.c.length_bytes), 0))
        .select_from(uploads)
        .join(surveys, uploads.c.survey_id == surveys.c.survey_id)
        .join(assets, surveys.c.asset_id == assets.c.asset_id)
        .where(assets.c.organisation_id.is_not_distinct_from(owner))
        .where(uploads.c.state == UploadState.RECEIVING.value)
    )
    count, size = connection.execute(query, execution_options=UNSCOPED).one()
    return int(count), int(size)


def _row(upload: Upload) -> dict[str, object]:
    return {
        **asdict(upload),
        "parts": [asdict(part) for part in upload.parts],
        "state": upload.state.value,
        "reason": None if upload.reason is None else upload.reason.value,
    }


def _upload(row: Row[Any]) -> Upload:
    plain = dict(row._mapping)
    return Upload(
        **{
            **plain,
            "parts": tuple(Part(**part) for part in row.parts),
            "state": choice(UploadState, row.state),
            "reason": None if row.reason is None else choice(RejectionReason, row.reason),
        }
    )

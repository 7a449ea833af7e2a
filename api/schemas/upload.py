"""Shapes of an upload that arrives in pieces, and of what need not be sent again."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from api.schemas.base import Shape
from api.schemas.photo import RejectionOut
from inspection.domain.capture import RejectionReason
from inspection.store.uploads import Upload, UploadState


class UploadOut(Shape):
    """Say how far an upload has come and what became of it."""

    upload_id: UUID
    survey_id: UUID
    name: str
    state: UploadState
    offset_bytes: int
    length_bytes: int
    expires_at: datetime
    sha256: str | None = Field(description="of the whole file, None before its end")
    sha256_promised: str | None = Field(description="what the sender said it would be")
    reason: RejectionReason | None = Field(description="why the photo was set aside")
    detail: str

    @classmethod
    def of(cls, upload: Upload) -> "UploadOut":
        """Show an upload of the store."""
        return cls(
            upload_id=upload.upload_id,
            survey_id=upload.survey_id,
            name=upload.name,
            state=upload.state,
            offset_bytes=upload.offset_bytes,
            length_bytes=upload.length_bytes,
            expires_at=upload.expires_at,
            sha256=upload.sha256,
            sha256_promised=upload.sha256_promised,
            reason=upload.reason,
            detail=upload.detail,
        )


ASKED_MAX = 500

Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class AskedPhotos(Shape):
    """Ask about files by their digests."""

    sha256s: list[Sha256] = Field(max_length=ASKED_MAX)


class HerePhoto(Shape):
    """Name a photo that a survey has."""

    sha256: str
    name: str


class KnownPhotos(Shape):
    """Say which of some files need not be sent: those that nobody names are wanted."""

    here: list[HerePhoto]
    set_aside: list[RejectionOut] = Field(description="looked at already, and not usable")
    arriving: list[UploadOut] = Field(description="half of it is here: go on with this upload")

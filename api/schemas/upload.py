"""Shape of an upload that arrives in pieces."""

from datetime import datetime
from uuid import UUID

from pydantic import Field

from api.schemas.base import Shape
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
            reason=upload.reason,
            detail=upload.detail,
        )

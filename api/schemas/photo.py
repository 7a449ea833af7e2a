"""Shapes of photos, of files set aside, and of the answer to an upload."""

from datetime import datetime

from pydantic import Field

from api.schemas.base import Shape
from inspection.domain.capture import Concern, Photo, Rejection, RejectionReason
from inspection.pipeline.receive import Status
from inspection.store.removals import WHY_MAX, Removal, RemovalAction


class PhotoOut(Shape):
    """Show a photo of a survey; what is not known before processing is None."""

    sha256: str
    name: str
    width_px: int | None = None
    height_px: int | None = None
    taken_at: datetime | None = None
    camera: str = ""
    lonlat: tuple[float, float] | None = None
    altitude_m: float | None = None
    sharpness_relative: float | None = Field(
        default=None, description="sharpness ÷ median of the flight; below 0.4 is blurred"
    )

    concerns: list[Concern] = Field(
        default_factory=list, description="what speaks against it although it was kept"
    )

    @classmethod
    def of(cls, photo: Photo) -> "PhotoOut":
        """Show a photo of the domain."""
        pose = photo.pose
        return cls(
            sha256=photo.sha256,
            name=photo.name,
            width_px=photo.width_px,
            height_px=photo.height_px,
            taken_at=photo.taken_at,
            camera=f"{photo.make} {photo.model}".strip(),
            lonlat=None if pose is None else (pose.lon_deg, pose.lat_deg),
            altitude_m=None if pose is None else pose.altitude_m,
            sharpness_relative=None if photo.quality is None else photo.quality.sharpness_relative,
            concerns=[] if photo.quality is None else list(photo.quality.concerns),
        )


class TakeOut(Shape):
    """Say why a photo is taken out of a survey, or put back."""

    why: str = Field(min_length=1, max_length=WHY_MAX, description="kept for ever")
    by: str = Field(
        default="", max_length=200, description="who decides; counts only where nobody signs in"
    )


class LeftOut(Shape):
    """Show the last decision about a photo that somebody took out of a survey, or put back."""

    photo: PhotoOut
    action: RemovalAction
    why: str
    by: str
    at: datetime

    @classmethod
    def of(cls, photo: Photo, removal: Removal) -> "LeftOut":
        """Show a decision."""
        return cls(
            photo=PhotoOut.of(photo),
            action=removal.action,
            why=removal.why,
            by=removal.by,
            at=removal.at,
        )


class RejectionOut(Shape):
    """Show a file that was set aside, and why."""

    file: str
    reason: RejectionReason
    detail: str
    sha256: str | None = Field(description="None of files that came in before this was kept")

    @classmethod
    def of(cls, rejection: Rejection) -> "RejectionOut":
        """Show a rejection of the domain."""
        return cls(
            file=rejection.file,
            reason=rejection.reason,
            detail=rejection.detail,
            sha256=rejection.sha256,
        )


class UploadedFile(Shape):
    """Say what became of one uploaded file, and why."""

    name: str
    status: Status
    size_bytes: int
    sha256: str | None = Field(default=None, description="None when the file was not kept")
    reason: RejectionReason | None = None
    detail: str = ""


class UploadAnswer(Shape):
    """Answer an upload file by file, in the order of the request."""

    files: list[UploadedFile]
    photo_count: int = Field(description="files that the survey has now")

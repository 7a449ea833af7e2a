"""Shapes of storage: who fills the disk with what, and what may go."""

from collections import Counter
from datetime import datetime
from typing import Self
from uuid import UUID

from pydantic import Field

from api.schemas.base import Shape
from inspection.pipeline.stocktake import Stored
from inspection.store.stock import UnfinishedUpload


class KindBytes(Shape):
    """Weigh the files of one kind."""

    kind: str = Field(description="first part of their keys: photos, orthomosaics, sources, …")
    size_bytes: int


def kinds_of(weights: Counter[str]) -> list[KindBytes]:
    """Lay weights out, the heaviest first."""
    return [KindBytes(kind=kind, size_bytes=size) for kind, size in weights.most_common()]


class SurveyBytes(Shape):
    """Weigh what a survey keeps."""

    survey_id: UUID
    asset_id: str
    asset_name: str
    organisation_id: str
    created_at: datetime
    size_bytes: int
    kinds: list[KindBytes]

    @classmethod
    def of(cls, stored: Stored) -> Self:
        """Lay a survey out."""
        survey = stored.survey
        return cls(
            survey_id=survey.survey_id,
            asset_id=survey.asset_id,
            asset_name=survey.asset_name,
            organisation_id=survey.organisation_id,
            created_at=survey.created_at,
            size_bytes=stored.bytes_by_kind.total(),
            kinds=kinds_of(stored.bytes_by_kind),
        )


class OrganisationBytes(Shape):
    """Weigh what an organisation keeps."""

    organisation_id: str
    surveys: int
    size_bytes: int


class UnfinishedOut(Shape):
    """Describe an upload that has not ended."""

    upload_id: UUID
    survey_id: UUID
    asset_name: str
    organisation_id: str
    name: str
    length_bytes: int
    offset_bytes: int
    created_at: datetime
    expires_at: datetime
    own: bool = Field(description="of the own organisation: may be removed here")

    @classmethod
    def of(cls, upload: UnfinishedUpload, *, own: bool) -> Self:
        """Lay an upload out."""
        values = {name: getattr(upload, name) for name in UnfinishedUpload.__slots__}
        return cls(**values, own=own)


class UnownedOut(Shape):
    """Say what nothing rests on: files that no row names and nobody has touched for a week."""

    count: int
    size_bytes: int
    kinds: list[KindBytes]


class StorageOut(Shape):
    """Say who fills the disk with what."""

    disk_total_bytes: int
    disk_free_bytes: int
    kinds: list[KindBytes] = Field(
        description="of what is seen; a photo of two surveys counts for both"
    )
    organisations: list[OrganisationBytes] = Field(description="the heaviest first")
    surveys: list[SurveyBytes] = Field(description="the heaviest 200 first")
    unfinished: list[UnfinishedOut]
    unowned: UnownedOut | None = Field(description="null unless for admins of the topmost one")


class Freed(Shape):
    """Say what was removed."""

    size_bytes: int
    kinds: list[KindBytes]

"""Shapes of a survey."""

from datetime import datetime
from typing import Self
from uuid import UUID

from pydantic import Field, JsonValue

from api.schemas.base import Link, Shape
from api.schemas.job import JobOut
from api.schemas.mosaic import MosaicOut
from api.schemas.photo import LeftOut, PhotoOut, RejectionOut
from inspection.domain.mission import Surface, SurveyState
from inspection.store.steps import StepRow


class SurveyIn(Shape):
    """Describe a survey to be created."""

    asset_id: str = Field(min_length=1, max_length=200)
    surface: Surface = Surface.NADIR
    gsd_mm_per_px: float | None = Field(
        default=None, ge=0.01, le=10_000, description="needed when the photos carry no position"
    )
    map_crs: str | None = Field(
        default=None,
        pattern=r"^EPSG:\d{4,6}$",
        description="CRS of the mosaic; unset means the UTM zone of the photos",
    )


class StepOut(Shape):
    """Show one finished step of the work on a survey."""

    step: str
    finished_at: datetime
    seconds: float
    peak_rss_mb: float
    result: dict[str, JsonValue]

    @classmethod
    def of(cls, row: StepRow) -> Self:
        """Show a step of the ledger."""
        return cls(
            step=row.step,
            finished_at=row.finished_at,
            seconds=row.seconds,
            peak_rss_mb=row.peak_rss_mb,
            result=dict(row.result),
        )


class SurveyOut(Shape):
    """Show a survey in a list."""

    survey_id: UUID
    asset_id: str
    asset_name: str
    surface: Surface
    gsd_mm_per_px: float | None
    map_crs: str | None
    created_at: datetime
    state: SurveyState
    photo_count: int
    defect_count: int
    job: JobOut | None = Field(default=None, description="the newest job on this survey")


class SurveyList(Shape):
    """List surveys, newest first."""

    surveys: list[SurveyOut]
    number_matched: int


class SurveyDetail(SurveyOut):
    """Show everything about a survey except its defects."""

    photos: list[PhotoOut]
    left_out: list[LeftOut] = Field(description="photos that the next run does without")
    rejections: list[RejectionOut]
    steps: list[StepOut]
    mosaic: MosaicOut | None
    links: list[Link]

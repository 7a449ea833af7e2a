"""Shapes of a defect: place, numbers with their uncertainty, grades, evidence, history."""

from datetime import date, datetime
from typing import Self
from uuid import UUID

from pydantic import Field

from api.schemas.base import BoxPx, Geometry, Shape, Xy
from api.schemas.quantity import QuantityOut
from api.schemas.worklist import GradeOut, PriorityOut
from inspection.domain.defect import ReviewState
from inspection.domain.measure import Stage
from inspection.domain.measurement import WidthMethod
from inspection.domain.review import Action, RejectReason
from inspection.domain.taxonomy import DamageClass
from inspection.pipeline.judge import Gradable
from inspection.pipeline.settle import Again, SettledGrade, Work

VERSION_MAX = 2**31 - 1


class DefectOut(Shape):
    """Show a defect in a list and on the map; geometries are in the CRS of the mosaic."""

    defect_id: UUID
    survey_id: UUID
    asset_id: str
    damage_class: DamageClass = Field(description="human value when there is one, else machine")
    damage_class_machine: DamageClass
    damage_class_reviewed: DamageClass | None
    state: ReviewState
    version: int = Field(description="send it back as expected_version with a verdict")
    confidence: float
    mosaic_sha256: str = Field(description="the mosaic on which it was seen; box_px counts there")
    anchor_surface_m: Xy
    anchor_lonlat: tuple[float, float] | None = Field(description="None when not georeferenced")
    box_px: BoxPx
    outline: Geometry
    axis: Geometry | None
    length_m: QuantityOut | None
    width_mm: QuantityOut | None
    area_m2: QuantityOut


class DefectPage(Shape):
    """List defects of a survey in the frame of its mosaic."""

    surface_crs: str = Field(description="LOCAL when nothing ties the mosaic to the earth")
    mosaic_sha256: str | None = Field(
        description="the mosaic of the survey now; in a LOCAL frame, a defect that was seen on "
        "another one has no place on it"
    )
    number_matched: int
    number_returned: int
    limit: int
    offset: int
    next: str | None = Field(description="address of the next page, None on the last")
    defects: list[DefectOut]


class VerdictIn(Shape):
    """Decide about a defect."""

    verdict_id: UUID | None = Field(
        default=None, description="made by the client, so that sending twice counts once"
    )
    action: Action
    reviewer: str = Field(
        default="",
        max_length=200,
        description="who decides; needed where nobody signs in, else the account's name stands",
    )
    expected_version: int = Field(ge=1, description="the version that the reviewer saw")
    reason: RejectReason | None = None
    damage_class: DamageClass | None = None
    note: str = Field(default="", max_length=4000)


class VerdictOut(Shape):
    """Show one verdict of the history."""

    verdict_id: UUID
    action: Action
    reviewer: str
    decided_at: datetime
    expected_version: int
    version_after: int
    state_before: ReviewState
    state_after: ReviewState
    reason: RejectReason | None
    damage_class: DamageClass | None
    note: str


class EvidencePhoto(Shape):
    """Point to one photo that shows a defect."""

    sha256: str
    name: str
    url: str


class ChipOut(Shape):
    """Point to a picture of a defect and say which part of the mosaic it shows."""

    url: str
    window_px: BoxPx
    width_px: int
    height_px: int


class SettledGradeOut(Shape):
    """Show a grade that a person decided and that holds for a defect."""

    scheme: str
    grade: str
    by: str
    at: datetime
    note: str
    about: UUID = Field(description="the defect that was decided on; one it came of, or itself")
    again: Again | None = Field(
        description="why it is to be decided again: it was about the whole (`split`), about a "
        "piece (`merged`), or about another shape (`redrawn`)"
    )

    @classmethod
    def of(cls, settled: SettledGrade) -> Self:
        """Lay a decided grade out."""
        return cls(**{name: getattr(settled, name) for name in SettledGrade.__slots__})


class GradableOut(Shape):
    """Say by which scheme a defect may be graded, and how."""

    scheme: str = Field(description="code-list and version; send it back with a grade")
    values: list[str] = Field(description="what a person may say, from none to most severe")
    candidates: list[str] = Field(
        description="what the evidence allows; any other value needs a note"
    )
    version: int = Field(description="send it back as grade_version with a grade")

    @classmethod
    def of(cls, found: Gradable) -> Self:
        """Lay out how a defect may be graded."""
        return cls(
            scheme=found.scheme,
            values=list(found.values),
            candidates=list(found.candidates),
            version=found.version,
        )


class GradeIn(Shape):
    """Decide the grade of a defect."""

    scheme: str = Field(min_length=1, max_length=80, description="one of `gradable` of the defect")
    grade: str = Field(min_length=1, max_length=8, description="one of the values of the scheme")
    by: str = Field(
        default="",
        max_length=200,
        description="who decides; needed where nobody signs in, else the account's name stands",
    )
    expected_version: int = Field(ge=1, le=VERSION_MAX, description="of the defect, as it was read")
    grade_version: int = Field(ge=1, le=VERSION_MAX, description="of the scheme, as it was read")
    note: str = Field(
        default="",
        max_length=4000,
        description="why; needed where the grade is none that the evidence allows",
    )


class WorkOut(Shape):
    """Show how far the measures have come that count for a defect."""

    ordered: date | None
    finished: date | None
    partly: list[Stage] = Field(
        description="stages that only some of what it was merged of has reached"
    )
    taken_over: bool = Field(description="recorded about a defect in whose place this one stands")

    @classmethod
    def of(cls, work: Work) -> Self:
        """Lay out how far measures have come."""
        return cls(
            ordered=work.ordered,
            finished=work.finished,
            partly=list(work.partly),
            taken_over=work.taken_over,
        )


class DefectDetail(DefectOut):
    """Show all about one defect."""

    surface_crs: str
    width_mean_mm: float | None
    orientation_deg: float | None
    gsd_mm_per_px: float
    method: WidthMethod
    model_id: str
    observation_count: int
    grades: list[GradeOut] = Field(description="what rules propose; a person decides")
    settled: list[SettledGradeOut] = Field(
        description="what people decided in the survey that saw it last, what counts first"
    )
    gradable: list[GradableOut] = Field(
        description="by what it may be graded; empty while it is rejected, or others stand in its "
        "place"
    )
    work: WorkOut
    priority: PriorityOut | None = Field(
        description="its place in the work list of its asset; None when it is not listed, or "
        "`is_ranked` is false"
    )
    is_ranked: bool = Field(
        description="false where the asset has too many defects to be ranked at every look; ask "
        "/api/defects/{id}/priority then"
    )
    photos: list[EvidencePhoto]
    history: list[VerdictOut]
    legal_actions: list[Action] = Field(description="what a reviewer may do next")
    chip: ChipOut | None

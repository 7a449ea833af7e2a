"""Shapes of a defect: place, numbers with their uncertainty, grades, evidence, history."""

from datetime import datetime
from uuid import UUID

from pydantic import Field

from api.schemas.base import BoxPx, Geometry, Shape, Xy
from inspection.domain.defect import ReviewState
from inspection.domain.measurement import Quantity, WidthMethod
from inspection.domain.review import Action, RejectReason
from inspection.domain.taxonomy import DamageClass


class QuantityOut(Shape):
    """Show a measured number; below the limit there is no number to show."""

    value: float | None = Field(description="None when below_limit: show '< limit'")
    expanded_uncertainty: float | None = Field(description="U = 2·u (k = 2), same unit")
    limit: float
    below_limit: bool

    @classmethod
    def of(cls, quantity: Quantity) -> "QuantityOut":
        """Show a quantity of the domain."""
        return cls(
            value=quantity.value,
            expanded_uncertainty=quantity.expanded_uncertainty,
            limit=quantity.limit,
            below_limit=quantity.below_limit,
        )


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
    number_matched: int
    number_returned: int
    limit: int
    offset: int
    next: str | None = Field(description="address of the next page, None on the last")
    defects: list[DefectOut]


class GradeOut(Shape):
    """Show a grade that a rule proposes; a person decides."""

    scheme: str
    grade: str
    reason: str


class ContributionOut(Shape):
    """Show one addend of a priority."""

    code: str
    points: float
    reason: str


class PriorityOut(Shape):
    """Show a priority with the addends that make it."""

    model: str
    score: float
    contributions: list[ContributionOut]


class VerdictIn(Shape):
    """Decide about a defect."""

    verdict_id: UUID | None = Field(
        default=None, description="made by the client, so that sending twice counts once"
    )
    action: Action
    reviewer: str = Field(min_length=1, max_length=200)
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


class DefectDetail(DefectOut):
    """Show all about one defect."""

    surface_crs: str
    width_mean_mm: float | None
    orientation_deg: float | None
    gsd_mm_per_px: float
    method: WidthMethod
    model_id: str
    observation_count: int
    grades: list[GradeOut]
    priority: PriorityOut | None
    photos: list[EvidencePhoto]
    history: list[VerdictOut]
    legal_actions: list[Action] = Field(description="what a reviewer may do next")
    chip: ChipOut | None

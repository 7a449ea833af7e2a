"""Shapes of the evidence for one defect: widths along it, photos that see it, earlier surveys."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import Field

from api.schemas.base import BoxPx, Geometry, Shape, Xy
from api.schemas.mosaic import MosaicOut
from api.schemas.quantity import QuantityOut
from inspection.domain.defect import ReviewState
from inspection.domain.edit import EditKind
from inspection.domain.growth import Change
from inspection.domain.measurement import WidthMethod
from inspection.domain.review import Action, RejectReason
from inspection.domain.taxonomy import DamageClass
from inspection.pipeline.revisit import Obstacle


class PieceOut(Shape):
    """Show from where to where along a crack one unbranched line of it reaches."""

    start_m: float
    end_m: float


class ProfilePointOut(Shape):
    """Show the width at one place of a crack."""

    piece: int = Field(description="number of the line of the centre line, from 0")
    distance_m: float = Field(description="along the crack, all lines one after the other")
    surface_m: Xy = Field(description="in the CRS of the mosaic")
    width_mm: QuantityOut | None = Field(description="None where no photo can be read")
    method: WidthMethod | None
    photo_sha256: str | None = Field(description="the photo in which it was read")
    photo_px: tuple[float, float] | None = Field(description="the place in that photo")
    incidence_deg: float | None = Field(description="how far from square on the photo saw it")
    trusted: bool = Field(description="away from ends and junctions, which do not count")


class ProfileSegmentOut(Shape):
    """Show what the survey kept of one half metre: what the grade is made of."""

    start_m: float
    end_m: float
    width_mm: QuantityOut = Field(description="95th percentile")
    largest_mm: float | None = Field(description="None below the limit")
    mean_mm: float | None
    points: int
    photos: int


class WidthLimitOut(Shape):
    """Show a width at which a rule changes its mind."""

    width_mm: float
    scheme: str
    ja: str
    en: str


class GreatestOut(Shape):
    """Show the greatest single width that counts, and where."""

    distance_m: float
    width_mm: QuantityOut
    photo_sha256: str | None


class ReadPhotoOut(Shape):
    """Show in how many places a photo was read."""

    sha256: str
    name: str
    points: int


class ProfileOut(Shape):
    """Show the widths along one crack."""

    defect_id: UUID
    survey_id: UUID
    observation_id: UUID
    length_m: float
    pieces: list[PieceOut]
    points: list[ProfilePointOut]
    segments: list[ProfileSegmentOut]
    greatest: GreatestOut | None
    representative_mm: QuantityOut | None = Field(description="the width of the defect: its grade")
    method: WidthMethod = Field(description="of the representative width")
    limits: list[WidthLimitOut]
    photos: list[ReadPhotoOut] = Field(description="read here, most places first")
    calibration: str | None = Field(description="how the camera draws cracks, by name")
    why_no_points: Literal["earlier_version", "nothing_readable"] | None


class AxisPlaceOut(Shape):
    """Show where a place along a crack lies in a photo."""

    distance_m: float
    x_px: float
    y_px: float


class SightingOut(Shape):
    """Show how one photo sees a defect."""

    sha256: str
    name: str
    taken_at: datetime | None
    url: str = Field(description="the original file")
    crop_url: str = Field(description="the part that shows the defect; takes size and window")
    width_px: int
    height_px: int
    window_px: BoxPx = Field(description="the part of the photo that crop_url shows")
    outline: Geometry = Field(description="projected into the photo, px, lens distortion included")
    axis: list[AxisPlaceOut] = Field(description="places along a crack; only those in the photo")
    shown_share: float = Field(description="share of the outline that lies in the photo")
    gsd_mm_per_px: float = Field(description="on the surface, in the worst direction")
    incidence_deg: float
    distance_m: float | None = Field(description="None where the place of the camera is not known")
    sharpness_relative: float | None = Field(
        description="of the whole photo ÷ median of the flight; below 0.4 is blurred"
    )
    is_blurred: bool
    in_mosaic: bool = Field(description="the mosaic shows this photo on the defect")


class SightingsOut(Shape):
    """List the photos that see a defect, the best first."""

    defect_id: UUID
    survey_id: UUID
    number_matched: int
    photos: list[SightingOut]
    why_none: Literal["earlier_version", "not_seen"] | None


class EarlierSightingOut(Shape):
    """Show what an earlier survey saw at the place."""

    observation_id: UUID
    damage_class: DamageClass
    outline: Geometry
    is_same: bool = Field(description="it is the same defect")
    length_m: QuantityOut | None
    width_mm: QuantityOut | None
    area_m2: QuantityOut


class EarlierOut(Shape):
    """Show one earlier survey of the asset."""

    survey_id: UUID
    created_at: datetime
    obstacle: Obstacle | None = Field(description="why the two cannot be laid over each other")
    mosaic: MosaicOut | None
    near: list[EarlierSightingOut] = Field(description="in the CRS of both mosaics")


class EarlierList(Shape):
    """List the surveys of the asset that were made before, newest first."""

    defect_id: UUID
    survey_id: UUID
    created_at: datetime
    surveys: list[EarlierOut]


class ChangedByOut(Shape):
    """Show a difference, now minus then."""

    value: float
    expanded_uncertainty: float = Field(description="U (k = 2)")
    significant: bool = Field(description="it exceeds its uncertainty")


class GrowthOut(Shape):
    """Show what became of a defect since an earlier survey."""

    change: Change
    before: list[UUID] = Field(description="sightings then; several where one shows it in pieces")
    after: list[UUID]
    width_change_mm: ChangedByOut | None
    length_change_m: ChangedByOut | None
    area_change_m2: ChangedByOut | None
    note: str


class MachineSaidOut(Shape):
    """Show what the machine said of a defect at a moment."""

    damage_class: DamageClass
    confidence: float
    model_id: str
    length_m: QuantityOut | None
    width_mm: QuantityOut | None
    area_m2: QuantityOut


class HistoryEventOut(Shape):
    """Show one event in the life of a defect."""

    kind: Literal["seen", "decided", "graded", "edited"]
    defect_id: UUID = Field(description="another one where an edit put this one in its place")
    at: datetime
    by: str | None = Field(description="who decided; None for a machine")
    survey_id: UUID | None
    machine: MachineSaidOut | None = Field(description="what it said, or had said by then")
    action: Action | None
    state_before: ReviewState | None
    state_after: ReviewState | None
    damage_class_before: DamageClass | None
    damage_class_after: DamageClass | None
    reason: RejectReason | None
    scheme: str | None
    grade_after: str | None
    edit: EditKind | None
    with_defects: list[UUID] = Field(description="other defects that the edit touched")
    version_after: int | None
    note: str


class HistoryOut(Shape):
    """Tell the life of a defect over all surveys and versions, oldest first."""

    defect_id: UUID
    version: int
    events: list[HistoryEventOut]

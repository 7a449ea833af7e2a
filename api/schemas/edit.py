"""Shapes of edits: what an engineer splits, merges, redraws and draws."""

from datetime import datetime
from uuid import UUID

from pydantic import Field

from api.schemas.base import Geometry, Shape, Xy
from api.schemas.defect import DefectOut
from api.schemas.quantity import QuantityOut
from inspection.domain.defect import ReviewState
from inspection.domain.edit import MOST_MERGED, EditKind
from inspection.domain.measurement import WidthMethod
from inspection.domain.taxonomy import DamageClass
from inspection.pipeline.clickwidth import Blind
from inspection.pipeline.drawn import NoWidth


class EditIn(Shape):
    """Say what every edit says."""

    edit_id: UUID | None = Field(
        default=None, description="made by the client, so that sending twice counts once"
    )
    editor: str = Field(
        default="",
        max_length=200,
        description="who edits; needed where nobody signs in, else the account's name stands",
    )
    note: str = Field(default="", max_length=4000)
    preview: bool = Field(default=False, description="measure and tell, and write nothing")


class SplitIn(EditIn):
    """Cut a defect along a line."""

    expected_version: int = Field(ge=1, description="the version that the engineer saw")
    line: Geometry = Field(description="a LineString across the damage, in the mosaic's CRS")


class DefectVersion(Shape):
    """Name a defect and the version of it that the engineer saw."""

    defect_id: UUID
    expected_version: int = Field(ge=1)


class MergeIn(EditIn):
    """Put several defects together."""

    defects: list[DefectVersion] = Field(min_length=2, max_length=MOST_MERGED)
    damage_class: DamageClass | None = Field(
        default=None, description="needed where the defects are of different classes"
    )


class GeometryIn(EditIn):
    """Redraw a defect."""

    expected_version: int = Field(ge=1, description="the version that the engineer saw")
    geometry: Geometry = Field(
        description="a line for a crack, an outline for everything else, in the mosaic's CRS"
    )


class DrawIn(EditIn):
    """Draw a defect that the machine missed."""

    mosaic_sha256: str = Field(description="the mosaic that was drawn on", max_length=64)
    damage_class: DamageClass
    geometry: Geometry = Field(
        description="a line for a crack, an outline for everything else, in the mosaic's CRS"
    )


class UndoIn(EditIn):
    """Take an edit back."""


class EditOut(Shape):
    """Show one edit: who did what, and what followed."""

    edit_id: UUID
    kind: EditKind
    editor: str
    edited_at: datetime
    note: str
    undoes: UUID | None
    undone_by: UUID | None
    superseded: list[UUID] = Field(description="defects that no longer count")
    brought: list[UUID] = Field(description="defects that count from now on")
    redrawn: list[UUID] = Field(description="defects that are shown in another shape")


class EditedDefect(DefectOut):
    """Show a defect as it stands after an edit."""

    no_width: NoWidth | None = Field(
        description="why the width of a crack was not measured; None when it was"
    )


class EditedOut(Shape):
    """Show what an edit did, or would do."""

    edit: EditOut
    written: bool = Field(description="false for a preview")
    defects: list[EditedDefect] = Field(description="all that the edit touched, as they stand")


class Links(Shape):
    """Show what engineers did to one defect, and what stands in its place."""

    defect_id: UUID
    state: ReviewState
    version: int
    edits: list[EditOut] = Field(description="oldest first")
    superseded_by: list[UUID] = Field(
        description="what stands in its place now; empty when it counts, or was withdrawn"
    )


class ClickWidthOut(Shape):
    """Show the width of the crack at one place."""

    width_mm: QuantityOut | None
    blind: Blind | None = Field(description="why nothing was measured; None when something was")
    method: WidthMethod | None
    across: list[Xy] = Field(description="ends of the section, in the CRS of the mosaic")
    readings: int
    photo_sha256: str | None

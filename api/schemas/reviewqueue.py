"""Shapes of a survey's queue: slim rows for a list, places in it, and counts."""

from typing import Self
from uuid import UUID

from pydantic import Field

from api.schemas.base import Shape
from api.schemas.quantity import QuantityOut
from inspection.domain.defect import ReviewState
from inspection.domain.taxonomy import DamageClass
from inspection.store.reviewqueue import Counts, QueueRow


class QueueRowOut(Shape):
    """Show one defect in a list."""

    defect_id: UUID
    damage_class: DamageClass = Field(description="human value when there is one, else machine")
    state: ReviewState
    version: int = Field(description="send it back as expected_version with a verdict")
    confidence: float
    grade: str | None = Field(
        description="a person's, else the worst that the evidence allows; null for none"
    )
    again: bool = Field(description="its grade is to be decided again after an edit")
    length_m: QuantityOut | None
    width_mm: QuantityOut | None
    area_m2: QuantityOut
    box_surface_m: tuple[float, float, float, float] = Field(
        description="left, bottom, right, top in the frame of the mosaic on which it was seen"
    )
    mark: str = Field(description="its place in this order, for `after` and `before`")

    @classmethod
    def of(cls, row: QueueRow) -> Self:
        """Show a row of the store."""
        return cls(
            defect_id=row.defect_id,
            damage_class=row.damage_class,
            state=row.state,
            version=row.version,
            confidence=row.confidence,
            grade=row.grade,
            again=row.again,
            length_m=QuantityOut.of_optional(row.measurement.length_m),
            width_mm=QuantityOut.of_optional(row.measurement.width_mm),
            area_m2=QuantityOut.of(row.measurement.area_m2),
            box_surface_m=row.box_surface_m,
            mark=row.mark,
        )


class QueuePage(Shape):
    """List defects of a survey in an order; as quick in the middle as at the beginning."""

    revision: int = Field(description="of the survey's defects; it rises with every change")
    rows: list[QueueRowOut] = Field(description="empty at either end of the queue")


class QueueCounts(Shape):
    """Count the defects of a survey by what may be chosen."""

    revision: int
    total: int
    matched: int = Field(description="how many are chosen")
    by_class: dict[DamageClass, int] = Field(
        description="how many would be chosen of each class, all else being equal"
    )
    by_state: dict[ReviewState, int] = Field(
        description="how many would be chosen of each state, all else being equal"
    )
    by_grade: dict[str, int] = Field(
        description="how many would be chosen of each grade, all else being equal; `none` for "
        "what has no grade"
    )
    again: int = Field(description="of the chosen, those whose grade is to be decided again")

    @classmethod
    def of(cls, counts: Counts) -> Self:
        """Show counts of the store."""
        return cls(
            revision=counts.revision,
            total=counts.total,
            matched=counts.matched,
            by_class=counts.by_class,
            by_state=counts.by_state,
            by_grade=counts.by_grade,
            again=counts.again,
        )

"""Shapes of grades, priorities and work lists: what machines propose, with every reason."""

from typing import Self
from uuid import UUID

from pydantic import Field, JsonValue

from api.schemas.base import Shape
from api.schemas.quantity import QuantityOut
from inspection.domain.defect import ReviewState
from inspection.domain.grade import GradeCandidate
from inspection.domain.prioritymodel import Item
from inspection.domain.taxonomy import DamageClass
from inspection.domain.workorder import WorkList, WorkRow


class ReasonOut(Shape):
    """Show one reason in two languages."""

    code: str
    ja: str
    en: str


class PointsOut(ReasonOut):
    """Show one addend of a priority."""

    points: float
    origin: str = Field(description="known, neutral, candidate or derived")

    @classmethod
    def of(cls, item: Item) -> Self:
        """Show an addend of the domain."""
        return cls(code=item.code, ja=item.ja, en=item.en, points=item.points, origin=item.origin)


class GradeOut(Shape):
    """Show a grade that a rule proposes; a person decides."""

    scheme: str
    candidates: list[str] = Field(description="every grade that the evidence allows, mildest first")
    best: str | None = Field(description="None when the image cannot resolve it")
    borderline: bool
    unresolved: bool
    record: str
    needs_review: bool = Field(description="the rule is not yet checked against the official text")
    values: dict[str, float]
    reasons: list[ReasonOut]

    @classmethod
    def of(cls, candidate: GradeCandidate) -> Self:
        """Show a grade candidate of the domain."""
        return cls(
            scheme=candidate.scheme,
            candidates=list(candidate.candidates),
            best=candidate.best,
            borderline=candidate.borderline,
            unresolved=candidate.unresolved,
            record=candidate.record,
            needs_review=candidate.needs_review,
            values=dict(candidate.values),
            reasons=[ReasonOut(code=r.code, ja=r.ja, en=r.en) for r in candidate.reasons],
        )


class PriorityOut(Shape):
    """Show the place of a defect in the work list of its asset, with the addends that make it."""

    model: str
    rank: int
    tier: int = Field(description="0 emergency, 1 must, 2 by score")
    score: float
    reasons: list[PointsOut]

    @classmethod
    def of(cls, row: WorkRow, model: str) -> Self:
        """Show a row of a work list."""
        return cls(
            model=model,
            rank=row.rank,
            tier=row.tier,
            score=row.score,
            reasons=[PointsOut.of(item) for item in row.reasons],
        )


class WorkRowOut(Shape):
    """Show one line of a work list."""

    rank: int
    tier: int
    score: float
    asset_id: str
    asset_name: str
    member: str
    defect_id: UUID
    survey_id: UUID
    damage_class: DamageClass
    state: ReviewState
    confidence: float
    grade: GradeOut | None
    length_m: QuantityOut | None
    width_mm: QuantityOut | None
    area_m2: QuantityOut
    lonlat: tuple[float, float] | None = Field(description="None when not georeferenced")
    position_surface_m: tuple[float, float]
    surface_crs: str
    reasons: list[PointsOut]
    photos: list[str]

    @classmethod
    def of(cls, row: WorkRow) -> Self:
        """Show a row of the domain."""
        known = row.lon_deg is not None and row.lat_deg is not None
        return cls(
            rank=row.rank,
            tier=row.tier,
            score=row.score,
            asset_id=row.asset_id,
            asset_name=row.asset_name,
            member=row.member,
            defect_id=row.defect_id,
            survey_id=row.survey_id,
            damage_class=row.damage_class,
            state=row.state,
            confidence=row.confidence,
            grade=None if row.grade is None else GradeOut.of(row.grade),
            length_m=QuantityOut.of_optional(row.length_m),
            width_mm=QuantityOut.of_optional(row.width_mm),
            area_m2=QuantityOut.of(row.area_m2),
            lonlat=(row.lon_deg or 0.0, row.lat_deg or 0.0) if known else None,
            position_surface_m=(row.x_m, row.y_m),
            surface_crs=row.surface_crs,
            reasons=[PointsOut.of(item) for item in row.reasons],
            photos=list(row.photos),
        )


class WorkListOut(Shape):
    """Show a ranked work list as it stands now."""

    model: str
    rows: list[WorkRowOut]
    priorities: list[dict[str, JsonValue]] = Field(
        description="the priority of each asset, with all that it is made of"
    )
    left_out: dict[str, int] = Field(description="how many defects are not listed, by reason")

    @classmethod
    def of(cls, work_list: WorkList) -> Self:
        """Show a work list of the domain."""
        return cls(
            model=work_list.model,
            rows=[WorkRowOut.of(row) for row in work_list.rows],
            priorities=_explained(work_list),
            left_out=dict(work_list.left_out),
        )


def _explained(work_list: WorkList) -> list[dict[str, JsonValue]]:
    return [dict(priority.explanation()) for priority in work_list.priorities]  # type: ignore[arg-type]


class RankOut(Shape):
    """Show the place of a defect in the work list of its asset; none when it is not listed."""

    priority: PriorityOut | None

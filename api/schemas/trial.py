"""Shapes of trials: what a model found in one place, and what two found in the same."""

from datetime import datetime
from typing import Any, Self
from uuid import UUID

from pydantic import Field

from api.schemas.base import BoxPx, Geometry, Shape, geometry_of
from api.schemas.model import ErrandOut, ModelName, ModelRefOut
from inspection.domain.comparison import Agreement, Outline
from inspection.pipeline.tryout import OUTLINES_MAX, ClassFigures, Compared, Side
from inspection.store.job import Errand
from inspection.store.trials import Trial


class TrialIn(Shape):
    """Say what is to be tried where."""

    survey_id: UUID
    model: ModelName
    window_px: BoxPx | None = Field(default=None, description="null: the whole mosaic")


class ClassOut(Shape):
    """Say how much of one class was found."""

    damage_class: str
    count: int
    area_m2: float
    length_m: float | None = Field(description="null for what is no line")
    share: float = Field(description="of the surface that was looked at, 0..1")

    @classmethod
    def of(cls, damage_class: str, figures: ClassFigures) -> Self:
        """Show the figures of a class."""
        return cls(
            damage_class=damage_class,
            count=figures.count,
            area_m2=figures.area_m2,
            length_m=figures.length_m,
            share=figures.share,
        )


class FiguresOut(Shape):
    """Say what a trial found."""

    model: str = Field(description="name, digest and arithmetic of the model")
    found: int
    classes: list[ClassOut]
    surface_m2: float = Field(description="surface that was looked at")
    gsd_mm_per_px: float
    seconds: float
    chips_read: int
    too_short: int = Field(description="cracks that were too short to be reported")
    distractors: dict[str, int] = Field(description="joints and the like, which are no damage")
    outlines: int = Field(description="outlines that a map shows, the largest first")
    compared: int = Field(
        description="outlines that a comparison knows; below `found` it leaves out the smallest"
    )
    warnings: list[str]

    @classmethod
    def of(cls, plain: Any) -> Self:  # noqa: ANN401  # JSON that a worker wrote
        """Show the figures of a trial."""
        classes = [
            ClassOut(damage_class=name, **values) for name, values in plain["classes"].items()
        ]
        # trials of before kept as many to compare as to show
        return cls(**{"compared": plain["outlines"], **plain, "classes": classes})


class TrialOut(Shape):
    """Show a trial."""

    trial_id: UUID
    survey_id: UUID
    mosaic_sha256: str
    window_px: BoxPx
    whole: bool
    model: ModelRefOut
    asked_by: str
    asked_at: datetime
    job: ErrandOut | None
    figures: FiguresOut | None = Field(description="null until it is done")

    @classmethod
    def of(cls, trial: Trial, errand: Errand | None) -> Self:
        """Show a trial and how far it is."""
        return cls(
            trial_id=trial.trial_id,
            survey_id=trial.survey_id,
            mosaic_sha256=trial.mosaic_sha256,
            window_px=trial.window_px,
            whole=trial.whole,
            model=ModelRefOut.of(trial.ref),
            asked_by=trial.asked_by,
            asked_at=trial.asked_at,
            job=None if errand is None else ErrandOut.of(errand),
            figures=None if trial.figures is None else FiguresOut.of(trial.figures),
        )


class TrialList(Shape):
    """List trials, newest first."""

    trials: list[TrialOut]


class OutlineOut(Shape):
    """Show one thing that a model found."""

    damage_class: str
    confidence: float
    area_m2: float
    length_m: float | None
    agreement: Agreement | None = Field(
        description="whether the other model found it too: both, otherwise (as another class), only"
    )
    outline_surface_m: Geometry = Field(description="metres of the mosaic's surface")

    @classmethod
    def of(cls, outline: Outline, agreement: Agreement | None = None) -> Self:
        """Show an outline."""
        return cls(
            damage_class=outline.damage_class,
            confidence=outline.confidence,
            area_m2=outline.area_m2,
            length_m=outline.length_m,
            agreement=agreement,
            outline_surface_m=geometry_of(outline.shape),
        )


class OutlineList(Shape):
    """List what a trial found, the largest first."""

    outlines: list[OutlineOut]


class AgreementOut(Shape):
    """Say how much of one class both found, or only one."""

    damage_class: str
    agreement: Agreement
    figures: ClassOut


class SideOut(Shape):
    """Show one side of a comparison."""

    trial: TrialOut
    rows: list[AgreementOut]
    outlines: list[OutlineOut] = Field(description="what a map shows, the largest first")
    left_out: int = Field(
        description="the smallest of what it found, which the comparison does not know: it counts "
        "them nowhere, and what the other found there counts as found by the other only"
    )

    @classmethod
    def of(cls, trial: Trial, side: Side, surface_m2: float) -> Self:
        """Show one side."""
        rows = [
            AgreementOut(
                damage_class=kind,
                agreement=Agreement(name),
                figures=ClassOut.of(kind, figures),
            )
            for kind, parts in side.figures(surface_m2).items()
            for name, figures in sorted(parts.items())
        ]
        outlines = list(map(OutlineOut.of, side.outlines[:OUTLINES_MAX], side.agreements))
        shown = TrialOut.of(trial, None)
        assert shown.figures is not None
        left_out = shown.figures.found - shown.figures.compared
        return cls(trial=shown, rows=rows, outlines=outlines, left_out=left_out)


class ComparisonOut(Shape):
    """Show what two models found in the same place."""

    first: SideOut
    second: SideOut
    tolerance_mm: float = Field(description="how far apart outlines of the same thing may be")
    share: float = Field(description="share of an object that the other must have found too")

    @classmethod
    def of(cls, first: Trial, second: Trial, compared: Compared, *, share: float) -> Self:
        """Show a comparison."""
        assert first.figures is not None and second.figures is not None
        return cls(
            first=SideOut.of(first, compared.first, first.figures["surface_m2"]),
            second=SideOut.of(second, compared.second, second.figures["surface_m2"]),
            tolerance_mm=compared.tolerance_m * 1000,
            share=share,
        )

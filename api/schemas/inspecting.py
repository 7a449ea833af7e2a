"""Shapes of what an approver reads: a list of inspections, the content of one, what changed."""

from collections.abc import Sequence
from datetime import datetime
from typing import Self
from uuid import UUID

from pydantic import Field

from api.schemas.base import Shape
from inspection.domain.inspectionrecord import (
    ConfirmedDefect,
    Diagnosis,
    InspectionRecord,
    RecordedDamage,
    RecordedSurvey,
)
from inspection.domain.recordchange import Part, RecordChange
from inspection.domain.release import InspectionState, ReleaseAction
from inspection.pipeline.lineup import Lineup, Standing
from inspection.pipeline.settle import Again
from inspection.store.releases import ReleaseEvent


class EventOut(Shape):
    """Say who decided what about an inspection as a whole, when and why."""

    action: ReleaseAction
    by: str
    at: datetime
    why: str
    state_after: InspectionState

    @classmethod
    def of(cls, event: ReleaseEvent) -> Self:
        """Show a decision of the history."""
        return cls(
            action=event.decision.action,
            by=event.decision.by,
            at=event.decision.at,
            why=event.decision.why,
            state_after=event.state_after,
        )


class StandingOut(Shape):
    """Show one inspection in a list."""

    asset_id: str
    name: str
    kind: str
    fiscal_year: int
    state: InspectionState
    soundness: str = Field(description="what a person diagnosed, or a ledger says; else empty")
    diagnosed_by: str
    surveys: int
    surveys_failed: int
    unreviewed: int
    element_records: int
    last: EventOut | None = Field(description="the last decision about it as a whole")

    @classmethod
    def of(cls, found: Standing) -> Self:
        """Show an inspection as it stands."""
        return cls(
            asset_id=found.asset_id,
            name=found.name,
            kind=found.kind,
            fiscal_year=found.fiscal_year,
            state=found.state,
            soundness=found.soundness,
            diagnosed_by=found.diagnosed_by,
            surveys=found.evidence.surveys,
            surveys_failed=found.evidence.failed,
            unreviewed=found.evidence.unreviewed,
            element_records=found.evidence.records,
            last=None if found.last is None else EventOut.of(found.last),
        )


class LineupOut(Shape):
    """List inspections, the newest fiscal year of an asset first."""

    inspections: list[StandingOut]
    next: str | None = Field(
        description="send it as `after`; null at the end. A page may be short, or empty, and go on"
    )

    @classmethod
    def of(cls, found: Lineup) -> Self:
        """Show a page of inspections."""
        return cls(inspections=[StandingOut.of(one) for one in found.rows], next=found.next)


class DiagnosisOut(Shape):
    """Say what somebody diagnosed."""

    subject: str
    value: str
    by: str = Field(description="empty when a ledger says it without a name")
    at: str
    note: str
    source: str = Field(description="decision, ledger or record")

    @classmethod
    def of(cls, found: Diagnosis) -> Self:
        """Show a diagnosis of a record."""
        return cls(
            subject=found.subject,
            value=found.value,
            by=found.by,
            at=found.at,
            note=found.note,
            source=found.source,
        )


class RecordedDamageOut(Shape):
    """Show what people recorded of one element."""

    span: int
    element: str
    member_ja: str
    member_en: str
    line: str
    grade: str
    countermeasures: list[str]
    soundness: str
    inspector: str
    main: bool

    @classmethod
    def of(cls, found: RecordedDamage) -> Self:
        """Show a damage record of a record."""
        return cls(
            span=found.span,
            element=found.element,
            member_ja=found.member_ja,
            member_en=found.member_en,
            line=found.line,
            grade=found.grade,
            countermeasures=list(found.countermeasures),
            soundness=found.soundness,
            inspector=found.inspector,
            main=found.main,
        )


class RecordedDefectOut(Shape):
    """Show a confirmed defect; its evidence is where the survey and the defect lead."""

    number: int
    defect_id: UUID
    survey_id: UUID
    damage_class: str
    damage_ja: str
    damage_en: str
    grade: str = Field(description="decided by a person; empty when nobody has")
    grade_again: Again | None = Field(
        description="why it is to be decided again: it was about what the defect was before an edit"
    )
    width_mm: str
    length_m: str
    area_m2: str
    photos: int
    confirmed_by: str
    confirmed_at: str

    @classmethod
    def of(cls, found: ConfirmedDefect) -> Self:
        """Show a defect of a record."""
        return cls(
            number=found.number,
            defect_id=UUID(found.defect_id),
            survey_id=UUID(found.survey_id),
            damage_class=found.damage_class,
            damage_ja=found.damage_ja,
            damage_en=found.damage_en,
            grade=found.grade,
            grade_again=Again(found.grade_again) if found.grade_again else None,
            width_mm=found.width,
            length_m=found.length,
            area_m2=found.area,
            photos=len(found.photos),
            confirmed_by=found.confirmed_by,
            confirmed_at=found.confirmed_at,
        )


class RecordedSurveyOut(Shape):
    """Name one flight behind a record."""

    survey_id: UUID
    date: str
    surface: str
    gsd_mm_per_px: float
    photos: int
    models: list[str]

    @classmethod
    def of(cls, found: RecordedSurvey) -> Self:
        """Show a flight of a record."""
        return cls(
            survey_id=UUID(found.survey_id),
            date=found.date,
            surface=found.surface,
            gsd_mm_per_px=found.gsd_mm_per_px,
            photos=found.photos,
            models=list(found.models),
        )


class RecordOut(Shape):
    """Show a record: what an approval would keep now, or what is approved."""

    diagnosis: DiagnosisOut
    groups: list[DiagnosisOut]
    surveys: list[RecordedSurveyOut]
    damages: list[RecordedDamageOut]
    damage_count: int
    damages_next: int | None = Field(description="send it as `damages_after`; null at the end")
    defects: list[RecordedDefectOut]
    defect_count: int
    defects_next: int | None = Field(description="send it as `defects_after`; null at the end")
    unverified: list[str] = Field(description="code-lists not checked against the official text")
    findings: list[str] = Field(description="which of the findings people wrote, by name")

    @classmethod
    def of(
        cls, record: InspectionRecord, *, damages_after: int, defects_after: int, limit: int
    ) -> Self:
        """Show a record, of its long lists a page each."""
        damages = record.damages[damages_after : damages_after + limit]
        defects = record.defects[defects_after : defects_after + limit]
        return cls(
            diagnosis=DiagnosisOut.of(record.diagnosis),
            groups=[DiagnosisOut.of(one) for one in record.groups],
            surveys=[RecordedSurveyOut.of(one) for one in record.surveys],
            damages=[RecordedDamageOut.of(one) for one in damages],
            damage_count=len(record.damages),
            damages_next=_beyond(record.damages, damages_after + limit),
            defects=[RecordedDefectOut.of(one) for one in defects],
            defect_count=len(record.defects),
            defects_next=_beyond(record.defects, defects_after + limit),
            unverified=list(record.unverified),
            findings=sorted(record.findings),
        )


def _beyond(rows: Sequence[object], end: int) -> int | None:
    return end if end < len(rows) else None


class ChangeOut(Shape):
    """Show one difference between two records."""

    part: Part
    subject: str = Field(description="a defect, an element, a column; empty for the diagnosis")
    field: str = Field(description="empty when the whole subject came or went")
    before: str
    after: str

    @classmethod
    def of(cls, found: RecordChange) -> Self:
        """Show a difference."""
        return cls(
            part=found.part,
            subject=found.subject,
            field=found.field,
            before=found.before,
            after=found.after,
        )


class ContentOut(Shape):
    """Show what an approver reads before deciding."""

    asset_id: str
    fiscal_year: int
    name: str
    kind: str
    is_approved: bool = Field(description="the record is the one that is approved")
    record: RecordOut | None = Field(description="null while none can be compiled")
    compared_with: EventOut | None = Field(
        description="the decision whose record the changes count from; null at the first time"
    )
    changes: list[ChangeOut] = Field(description="the first of them")
    change_count: int
    history: list[EventOut] = Field(description="newest first")

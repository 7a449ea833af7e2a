"""Shapes of an inspection as a whole: how far it has come, its approval, its revocation."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import Field

from api.schemas.base import Shape
from inspection.domain.inspectionrecord import digest, to_plain
from inspection.domain.release import WORDS_MAX, InspectionState
from inspection.pipeline.examine import Examined
from inspection.store.releases import Approval, ReleaseEvent

FiscalYear = Annotated[int, Field(ge=1950, le=2200, description="Japanese, from April")]
VERSION_MAX = 2**31 - 1


class ApprovedOut(Shape):
    """Say what is approved, by whom and when."""

    by: str
    at: datetime
    soundness: str
    record_sha256: str = Field(description="of the record that is kept, with its findings")

    @classmethod
    def of(cls, kept: Approval) -> Self:
        """Show an approval."""
        return cls(
            by=kept.approved_by,
            at=kept.approved_at,
            soundness=kept.record.diagnosis.value,
            record_sha256=kept.sha256,
        )


class SentBackOut(Shape):
    """Say who wants what mended or explained."""

    by: str
    at: datetime
    why: str

    @classmethod
    def of(cls, event: ReleaseEvent) -> Self:
        """Show a decision."""
        return cls(by=event.decision.by, at=event.decision.at, why=event.decision.why)


class InspectionOut(Shape):
    """Say how one asset's inspection of one fiscal year stands."""

    asset_id: str
    fiscal_year: int
    state: InspectionState
    version: int = Field(description="counts decisions; 0 when nobody has decided anything")
    missing: list[str] = Field(description="what an approval still needs, in words")
    surveys: int
    unfinished: int = Field(description="surveys that are not processed to the end")
    surveys_failed: int = Field(description="failed before anything was found; no part of it")
    unreviewed: int
    element_records: int
    soundness: str | None = Field(description="as a person decided it; None when nobody has")
    diagnosed_by: str | None
    record_sha256: str | None = Field(
        description="of what an approval would keep now, without findings; None while one cannot be"
    )
    decided: str | None = Field(
        description="the soundness that a person decided here; send it back as `decided_before`"
    )
    values: list[str] = Field(description="which a diagnosis of this asset may have")
    sent_back: SentBackOut | None = Field(description="while it waits for the engineers")
    approved: ApprovedOut | None
    changed: bool = Field(description="the data differ from what was approved")

    is_own: bool = Field(
        description="whoever asks diagnosed it, by their account, so that somebody else approves it"
    )

    @classmethod
    def of(
        cls,
        seen: Examined,
        *,
        decided: str | None,
        values: Sequence[str],
        last: ReleaseEvent | None,
        is_own: bool,
    ) -> Self:
        """Show how an inspection stands."""
        stands, would_be, kept = seen.stands, seen.would_be, seen.kept
        returned = stands.state is InspectionState.SENT_BACK and last is not None
        found = stands.evidence
        return cls(
            asset_id=stands.asset_id,
            fiscal_year=stands.fiscal_year,
            state=stands.state,
            version=0 if stands.release is None else stands.release.version,
            missing=list(stands.missing),
            surveys=found.surveys,
            unfinished=found.surveys - found.searched,
            surveys_failed=found.failed,
            unreviewed=found.unreviewed,
            element_records=found.records,
            soundness=None if would_be is None else would_be.diagnosis.value,
            diagnosed_by=None if would_be is None else would_be.diagnosis.by,
            record_sha256=None if would_be is None else digest(to_plain(would_be)),
            decided=decided,
            values=list(values),
            sent_back=SentBackOut.of(last) if returned and last is not None else None,
            approved=None if kept is None else ApprovedOut.of(kept),
            changed=stands.changed,
            is_own=is_own,
        )


class Decided(Shape):
    """Say what is decided on, as it was read, and why."""

    asset_id: str = Field(min_length=1, max_length=200)
    fiscal_year: FiscalYear
    expected_version: int = Field(ge=0, le=VERSION_MAX, description="as it was read")
    why: str = Field(min_length=1, max_length=WORDS_MAX, description="kept for ever")
    by: str = Field(
        default="", max_length=200, description="who decides; counts only where nobody signs in"
    )


class ApprovalIn(Decided):
    """Approve what was read."""

    record_sha256: str = Field(pattern="^[0-9a-f]{64}$", description="as it was read")
    findings: dict[str, Any] = Field(
        default_factory=dict,
        max_length=200,
        description="what a person wrote for the forms: evaluation, events, remarks",
    )


class RevocationIn(Decided):
    """Take an approval back."""


class ReturnIn(Decided):
    """Send back what was read, for the engineers to mend or explain."""

    record_sha256: str = Field(pattern="^[0-9a-f]{64}$", description="as it was read")


class ResubmissionIn(Decided):
    """Answer an objection: it stands as it is."""


class DiagnosisIn(Shape):
    """Say what condition an asset is in as a whole."""

    asset_id: str = Field(min_length=1, max_length=200)
    fiscal_year: FiscalYear
    value: str = Field(min_length=1, max_length=8, description="one of `values` of the inspection")
    decided_before: str | None = Field(default=None, max_length=8, description="as it was read")
    why: str = Field(min_length=1, max_length=WORDS_MAX, description="kept for ever")
    by: str = Field(
        default="", max_length=200, description="who decides; counts only where nobody signs in"
    )

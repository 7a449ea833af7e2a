"""Say how far an inspection has come, and which steps lead it into records and open data.

An inspection is one asset in one fiscal year. How far work on it has come follows from what is
there; people alone decide that it is sent back (an approver wants something mended or explained),
approved (it may enter records) or published (it may enter open data).

Source: domain specification §8 (states), §0.2 rules 1 and 9.
"""

import uuid
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from inspection.domain.asset import check_one_line
from inspection.errors import BadInput, IllegalTransition


class InspectionState(StrEnum):
    """Say how far an inspection has come, in this order."""

    PLANNED = "planned"
    CAPTURED = "captured"
    PROCESSED = "processed"
    AI_REVIEWED = "ai_reviewed"
    ENGINEER_CONFIRMED = "engineer_confirmed"
    DIAGNOSED = "diagnosed"
    SENT_BACK = "sent_back"
    APPROVED = "approved"
    PUBLISHED = "published"


class ReleaseAction(StrEnum):
    """Say what a person did with an inspection as a whole."""

    APPROVE = "approve"
    REVOKE = "revoke"
    PUBLISH = "publish"
    WITHDRAW = "withdraw"
    SEND_BACK = "send_back"
    RESUBMIT = "resubmit"


LEGAL: dict[tuple[InspectionState, ReleaseAction], InspectionState] = {
    (InspectionState.DIAGNOSED, ReleaseAction.APPROVE): InspectionState.APPROVED,
    (InspectionState.APPROVED, ReleaseAction.REVOKE): InspectionState.DIAGNOSED,
    (InspectionState.APPROVED, ReleaseAction.PUBLISH): InspectionState.PUBLISHED,
    (InspectionState.PUBLISHED, ReleaseAction.WITHDRAW): InspectionState.APPROVED,
    (InspectionState.DIAGNOSED, ReleaseAction.SEND_BACK): InspectionState.SENT_BACK,
    (InspectionState.SENT_BACK, ReleaseAction.RESUBMIT): InspectionState.DIAGNOSED,
}
"""Every legal step; what is not here is refused."""

IN_RECORDS = frozenset({InspectionState.APPROVED, InspectionState.PUBLISHED})
"""States of an inspection that reach official records."""

WORDS_MAX = 2000
"""Most characters of a reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Count what is there of an inspection.

    Attributes:
        surveys: flights of the fiscal year.
        with_mosaic: those whose mosaic is made.
        searched: those that the machine has searched through.
        unreviewed: detections that nobody has confirmed or rejected.
        records: damage records of elements that people made.
        diagnosed: a person has decided the soundness of the asset.
        failed: flights that failed before anything was found on them; they are no part of it.
    """

    surveys: int = 0
    with_mosaic: int = 0
    searched: int = 0
    unreviewed: int = 0
    records: int = 0
    diagnosed: bool = False
    failed: int = 0


def state_of(evidence: Evidence) -> InspectionState:
    """Tell how far the work on an inspection has come.

    >>> state_of(Evidence()).value
    'planned'
    >>> state_of(Evidence(surveys=1, with_mosaic=1, searched=1, unreviewed=3)).value
    'ai_reviewed'
    >>> state_of(Evidence(records=4, diagnosed=True)).value
    'diagnosed'
    """
    if evidence.surveys and evidence.searched < evidence.surveys:
        made = evidence.with_mosaic == evidence.surveys
        return InspectionState.PROCESSED if made else InspectionState.CAPTURED
    if evidence.unreviewed:
        return InspectionState.AI_REVIEWED
    if evidence.diagnosed:
        return InspectionState.DIAGNOSED
    if evidence.surveys or evidence.records:
        return InspectionState.ENGINEER_CONFIRMED
    return InspectionState.PLANNED


def step(state: InspectionState, action: ReleaseAction, *, why_not: str = "") -> InspectionState:
    """Give the state that follows a step.

    Args:
        state: where the inspection stands.
        action: what a person wants to do.
        why_not: what is missing, for the message.

    Raises:
        IllegalTransition: when the state does not allow it.

    >>> step(InspectionState.APPROVED, ReleaseAction.PUBLISH).value
    'published'
    """
    found = LEGAL.get((state, action))
    if found is None:
        needed = " or ".join(a.value for (a, b) in LEGAL if b is action)
        raise IllegalTransition(
            f"the inspection is {state.value}; '{action.value}' needs one that is {needed}"
            + (f": {why_not}" if why_not else "")
        )
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseDecision:
    """Record who decided what about an inspection as a whole, when and why.

    Attributes:
        event_id: identifier of the decision.
        asset_id: the asset.
        fiscal_year: of the inspection.
        action: what was done.
        by: the person.
        at: aware UTC.
        why: the reason; never empty, for a record must be defended years later.
    """

    event_id: uuid.UUID
    asset_id: str
    fiscal_year: int
    action: ReleaseAction
    by: str
    at: datetime
    why: str

    def __post_init__(self) -> None:
        """Check that a person with a name decided something for a reason at a known moment."""
        if not self.by.strip() or len(self.by) > 200:
            raise BadInput(
                f"'{self.action.value}' needs the name of the person who decides, 1 to 200 "
                f"characters; got {len(self.by)}"
            )
        check_one_line("name", self.by)
        if not self.why.strip():
            raise BadInput(f"'{self.action.value}' needs a reason; say why")
        if len(self.why) > WORDS_MAX or "\0" in self.why:
            raise BadInput(
                f"a reason has at most {WORDS_MAX} characters and no NUL; got {len(self.why)}"
            )
        if self.at.tzinfo is None:
            raise BadInput("ReleaseDecision.at must carry a time zone (UTC)")
        if not 1950 <= self.fiscal_year <= 2200:
            raise BadInput(f"fiscal year {self.fiscal_year} is no year of an inspection")

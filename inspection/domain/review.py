"""Apply a person's verdict to a defect: pure, append-only, with legal transitions only."""

import uuid
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from inspection.domain.asset import check_one_line
from inspection.domain.defect import Defect, ReviewState
from inspection.domain.taxonomy import DamageClass
from inspection.errors import BadInput, Conflict, IllegalTransition


class Action(StrEnum):
    """Say what a reviewer did."""

    CONFIRM = "confirm"
    REJECT = "reject"
    RECLASSIFY = "reclassify"
    REOPEN = "reopen"


class RejectReason(StrEnum):
    """Say why a detection is no damage (domain specification §8)."""

    SHADOW = "shadow"
    STAIN = "stain"
    JOINT = "joint"
    FORM_LINE = "form_line"
    CHALK = "chalk"
    VEGETATION = "vegetation"
    CABLE = "cable"
    DUPLICATE = "duplicate"
    OTHER = "other"


LEGAL: dict[tuple[ReviewState, Action], ReviewState] = {
    (ReviewState.CANDIDATE, Action.CONFIRM): ReviewState.CONFIRMED,
    (ReviewState.CANDIDATE, Action.REJECT): ReviewState.REJECTED,
    (ReviewState.CANDIDATE, Action.RECLASSIFY): ReviewState.CANDIDATE,
    (ReviewState.CONFIRMED, Action.REJECT): ReviewState.REJECTED,
    (ReviewState.CONFIRMED, Action.RECLASSIFY): ReviewState.CONFIRMED,
    (ReviewState.CONFIRMED, Action.REOPEN): ReviewState.CANDIDATE,
    (ReviewState.REJECTED, Action.CONFIRM): ReviewState.CONFIRMED,
    (ReviewState.REJECTED, Action.REOPEN): ReviewState.CANDIDATE,
}
"""Every legal step; what is not here is refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Record who decided what about which version of a defect, when and why."""

    verdict_id: uuid.UUID
    defect_id: uuid.UUID
    action: Action
    reviewer: str
    decided_at: datetime
    expected_version: int
    reason: RejectReason | None = None
    damage_class: DamageClass | None = None
    note: str = ""

    def __post_init__(self) -> None:
        """Check that the verdict says all that its action needs."""
        if not self.reviewer.strip():
            raise BadInput("a verdict needs the name of the reviewer who decided")
        check_one_line("reviewer", self.reviewer)
        if "\0" in self.note:
            raise BadInput("the note of a verdict contains a NUL character; leave it out")
        if self.decided_at.tzinfo is None:
            raise BadInput("Verdict.decided_at must carry a time zone (UTC)")
        if self.action is Action.REJECT and self.reason is None:
            raise BadInput(f"a rejection needs a reason, one of {[r.value for r in RejectReason]}")
        if self.action is Action.RECLASSIFY and self.damage_class is None:
            raise BadInput("a change of class needs the new damage_class")


def review(defect: Defect, verdict: Verdict) -> Defect:
    """Give the defect as it stands after a verdict.

    Raises:
        Conflict: when somebody else changed the defect since the reviewer read it.
        IllegalTransition: when the defect's state does not allow the action.
    """
    if verdict.defect_id != defect.defect_id:
        raise BadInput(f"verdict is about defect {verdict.defect_id}, not {defect.defect_id}")
    if verdict.expected_version != defect.version:
        raise Conflict(
            f"defect {defect.defect_id} is at version {defect.version}, you decided on version "
            f"{verdict.expected_version}; read it again and decide anew"
        )
    state = LEGAL.get((defect.state, verdict.action))
    if state is None:
        raise IllegalTransition(
            f"a defect that is {defect.state.value} cannot be changed by '{verdict.action.value}'"
        )
    return replace(
        defect,
        state=state,
        damage_class_reviewed=verdict.damage_class or defect.damage_class_reviewed,
        version=defect.version + 1,
    )

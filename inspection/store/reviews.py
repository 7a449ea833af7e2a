"""Keep verdicts: an append-only history of who decided what, and the state that follows.

The table refuses updates and deletions by itself (triggers of the migrations). Each row also keeps
what the machine had said when the person decided, so that a later run cannot change the evidence.
"""

import uuid
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from inspection.domain.defect import Defect, ReviewState
from inspection.domain.review import Action, RejectReason, Verdict, review
from inspection.domain.taxonomy import DamageClass
from inspection.errors import Conflict, NotFound
from inspection.store import defects as defect_rows
from inspection.store import meanwhile
from inspection.store.observations import measurement_to_plain
from inspection.store.rows import choice
from inspection.store.tables import defects, reviews


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewRecord:
    """Keep one verdict with the defect's human values before and after it.

    Attributes:
        verdict: who decided what, when and why.
        version_after: version of the defect that the verdict made.
        state_before: state on which the person decided.
        state_after: state that follows.
        damage_class_before: reviewed class before, None when nobody had decided one.
        damage_class_after: reviewed class after.
        evidence: what the machine said then: observation, class, confidence, measurement, model.
    """

    verdict: Verdict
    version_after: int
    state_before: ReviewState
    state_after: ReviewState
    damage_class_before: DamageClass | None
    damage_class_after: DamageClass | None
    evidence: dict[str, Any]


def record(connection: Connection, verdict: Verdict) -> Defect:
    """Apply a verdict to its defect and write it into the history; give the defect as it stands.

    The same verdict twice counts once, so that a reviewer's page may send again after a lost
    answer. The moment does not count in this: it is when the verdict arrived, and the first time
    stands.

    Raises:
        NotFound: when there is no such defect.
        Overtaken: when somebody else changed the defect since the reviewer read it; it says who.
        Conflict: when another verdict has the same identifier.
        IllegalTransition: when the defect's state does not allow the action.
    """
    changed_at = _lock(connection, verdict.defect_id)
    earlier = _by_id(connection, verdict.verdict_id)
    if earlier is not None:
        if earlier.verdict != replace(verdict, decided_at=earlier.verdict.decided_at):
            raise Conflict(f"verdict {verdict.verdict_id} was recorded with other contents")
        return defect_rows.by_id(connection, verdict.defect_id)
    before = defect_rows.by_id(connection, verdict.defect_id)
    meanwhile.check_version(connection, before, verdict.expected_version)
    after = review(before, verdict)
    # a verdict taken offline arrives late; the moment of change never runs backwards
    _write(connection, after, verdict.expected_version, max(changed_at, verdict.decided_at))
    connection.execute(insert(reviews).values(_row(verdict, before, after)))
    return after


def history(connection: Connection, defect_id: uuid.UUID) -> tuple[ReviewRecord, ...]:
    """List the verdicts on a defect, oldest first."""
    rows = connection.execute(
        select(reviews).where(reviews.c.defect_id == defect_id).order_by(reviews.c.seq)
    )
    return tuple(map(_record, rows))


def _lock(connection: Connection, defect_id: uuid.UUID) -> datetime:
    """Let other reviewers of the defect wait; give the moment of its last change.

    On SQLite the whole transaction holds the lock already.
    """
    query = select(defects.c.updated_at).where(defects.c.defect_id == defect_id)
    changed_at: datetime | None = connection.execute(query.with_for_update()).scalar_one_or_none()
    if changed_at is None:
        raise NotFound(f"there is no defect {defect_id}")
    return changed_at


def _write(connection: Connection, after: Defect, expected_version: int, now: datetime) -> None:
    """Write the human values, if the version is still the one that was decided on."""
    reviewed = after.damage_class_reviewed
    changed = connection.execute(
        update(defects)
        .where(
            defects.c.defect_id == after.defect_id,
            defects.c.version == expected_version,
        )
        .values(
            state=after.state.value,
            damage_class_reviewed=None if reviewed is None else reviewed.value,
            version=after.version,
            updated_at=now,
        )
    )
    if changed.rowcount != 1:
        raise Conflict(
            f"defect {after.defect_id} changed while the verdict was written; read it again"
        )


def _by_id(connection: Connection, verdict_id: uuid.UUID) -> ReviewRecord | None:
    row = connection.execute(
        select(reviews).where(reviews.c.verdict_id == verdict_id)
    ).one_or_none()
    return None if row is None else _record(row)


def _row(verdict: Verdict, before: Defect, after: Defect) -> dict[str, object]:
    latest = before.latest
    return {
        "verdict_id": verdict.verdict_id,
        "defect_id": verdict.defect_id,
        "action": verdict.action.value,
        "reviewer": verdict.reviewer,
        "decided_at": verdict.decided_at,
        "reason": None if verdict.reason is None else verdict.reason.value,
        "damage_class": _code(verdict.damage_class),
        "note": verdict.note,
        "version_before": before.version,
        "version_after": after.version,
        "state_before": before.state.value,
        "state_after": after.state.value,
        "damage_class_reviewed_before": _code(before.damage_class_reviewed),
        "damage_class_reviewed_after": _code(after.damage_class_reviewed),
        "evidence": {
            "observation_id": str(latest.observation_id),
            "damage_class": before.damage_class.value,
            "confidence": float(latest.confidence),
            "measurement": measurement_to_plain(latest.measurement),
            "model_id": latest.model_id,
        },
    }


def _record(row: Row[Any]) -> ReviewRecord:
    verdict = Verdict(
        verdict_id=row.verdict_id,
        defect_id=row.defect_id,
        action=choice(Action, row.action),
        reviewer=row.reviewer,
        decided_at=row.decided_at,
        expected_version=row.version_before,
        reason=None if row.reason is None else choice(RejectReason, row.reason),
        damage_class=_class(row.damage_class),
        note=row.note,
    )
    return ReviewRecord(
        verdict=verdict,
        version_after=row.version_after,
        state_before=choice(ReviewState, row.state_before),
        state_after=choice(ReviewState, row.state_after),
        damage_class_before=_class(row.damage_class_reviewed_before),
        damage_class_after=_class(row.damage_class_reviewed_after),
        evidence=row.evidence,
    )


def _class(stored: str | None) -> DamageClass | None:
    return None if stored is None else choice(DamageClass, stored)


def _code(damage_class: DamageClass | None) -> str | None:
    return None if damage_class is None else damage_class.value

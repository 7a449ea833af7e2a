"""Keep grades: what the rules propose, and beside it what a person decided.

A grade belongs to a survey, a scheme (such as ``jp_crack_rc``) and a subject (the asset, a member,
a defect, a mesh cell; the scheme says how subjects are named). Candidates may be computed anew at
any time; a decision is a person's and is only ever replaced by another decision, with its history.
"""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from inspection.errors import BadInput, Conflict, NotFound
from inspection.store.rows import add_or_replace
from inspection.store.tables import grade_decisions, grades


@dataclass(frozen=True, slots=True, kw_only=True)
class GradeCandidate:
    """Carry the grade that the rules propose, with the reasons as plain values."""

    scheme: str
    subject: str
    candidate: str
    reasons: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class GradeRow:
    """Carry a proposed grade and, once a person decided, theirs.

    Attributes:
        survey_id: the survey that was graded.
        scheme: code of the grading scheme.
        subject: what was graded, named as the scheme does.
        candidate: machine value.
        reasons: why the machine proposes it, plain values.
        decided: human value, None until a person decides.
        decided_by: who decided.
        decided_at: when, aware UTC.
        note: what the person added.
        version: counts decisions, from 1 for none, for optimistic locking.
    """

    survey_id: uuid.UUID
    scheme: str
    subject: str
    candidate: str
    reasons: Any
    decided: str | None = None
    decided_by: str | None = None
    decided_at: datetime | None = None
    note: str = ""
    version: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class GradeDecision:
    """Carry what a person decided about which version of a grade, and when."""

    decision_id: uuid.UUID
    survey_id: uuid.UUID
    scheme: str
    subject: str
    decided: str
    decided_by: str
    decided_at: datetime
    expected_version: int
    note: str = ""

    def __post_init__(self) -> None:
        """Check that a person with a name decided something at a known moment."""
        if not self.decided_by.strip() or not self.decided.strip():
            raise BadInput("a decision needs a grade and the name of the person who decided")
        if self.decided_at.tzinfo is None:
            raise BadInput("GradeDecision.decided_at must carry a time zone (UTC)")


def save(
    connection: Connection, survey_id: uuid.UUID, candidates: Iterable[GradeCandidate]
) -> None:
    """Add the proposed grades of a survey, or renew them; decisions stay as they are."""
    rows = [
        {
            "survey_id": survey_id,
            "scheme": proposed.scheme,
            "subject": proposed.subject,
            "candidate": proposed.candidate,
            "reasons": _plain(proposed.reasons),
        }
        for proposed in candidates
    ]
    unique = {(row["scheme"], row["subject"]): row for row in rows}
    key = ["survey_id", "scheme", "subject"]
    add_or_replace(connection, grades, unique.values(), key=key)


def of_survey(connection: Connection, survey_id: uuid.UUID) -> tuple[GradeRow, ...]:
    """List the grades of a survey by scheme and subject."""
    rows = connection.execute(
        select(grades)
        .where(grades.c.survey_id == survey_id)
        .order_by(grades.c.scheme, grades.c.subject)
    )
    return tuple(map(_grade, rows))


def decide(connection: Connection, decision: GradeDecision) -> GradeRow:
    """Write a person's grade beside the proposed one; give the row as it stands.

    The same decision twice counts once.

    Raises:
        NotFound: when nothing was proposed for that survey, scheme and subject.
        Conflict: when somebody else decided since the person read the row, or another decision has
            the same identifier.
    """
    before = _locked(connection, decision)
    earlier = connection.execute(
        select(grade_decisions).where(grade_decisions.c.decision_id == decision.decision_id)
    ).one_or_none()
    if earlier is not None:
        if _decision(earlier) != decision:
            raise Conflict(f"decision {decision.decision_id} was recorded with other contents")
        return before
    if before.version != decision.expected_version:
        raise Conflict(
            f"grade {decision.scheme} of {decision.subject} is at version {before.version}, you "
            f"decided on version {decision.expected_version}; read it again and decide anew"
        )
    connection.execute(insert(grade_decisions).values(_history_row(before, decision)))
    connection.execute(
        update(grades)
        .where(*_named(decision), grades.c.version == decision.expected_version)
        .values(
            decided=decision.decided,
            decided_by=decision.decided_by,
            decided_at=decision.decided_at,
            note=decision.note,
            version=before.version + 1,
        )
    )
    return _locked(connection, decision)


def history(
    connection: Connection, survey_id: uuid.UUID, scheme: str, subject: str
) -> tuple[GradeDecision, ...]:
    """List the decisions about one grade, oldest first."""
    c = grade_decisions.c
    rows = connection.execute(
        select(grade_decisions)
        .where(c.survey_id == survey_id, c.scheme == scheme, c.subject == subject)
        .order_by(c.seq)
    )
    return tuple(map(_decision, rows))


def _named(decision: GradeDecision) -> tuple[Any, ...]:
    return (
        grades.c.survey_id == decision.survey_id,
        grades.c.scheme == decision.scheme,
        grades.c.subject == decision.subject,
    )


def _locked(connection: Connection, decision: GradeDecision) -> GradeRow:
    """Read a grade and let others who want to decide on it wait."""
    row = connection.execute(
        select(grades).where(*_named(decision)).with_for_update()
    ).one_or_none()
    if row is None:
        raise NotFound(
            f"survey {decision.survey_id} has no grade {decision.scheme} of {decision.subject}"
        )
    return _grade(row)


def _plain(reasons: Any) -> Any:  # noqa: ANN401 any JSON value
    return dict(reasons) if isinstance(reasons, Mapping) else reasons


def _history_row(before: GradeRow, decision: GradeDecision) -> dict[str, object]:
    return {
        "decision_id": decision.decision_id,
        "survey_id": decision.survey_id,
        "scheme": decision.scheme,
        "subject": decision.subject,
        "decided_before": before.decided,
        "decided_after": decision.decided,
        "candidate": before.candidate,
        "decided_by": decision.decided_by,
        "decided_at": decision.decided_at,
        "note": decision.note,
        "version_before": before.version,
    }


def _grade(row: Row[Any]) -> GradeRow:
    return GradeRow(**{name: row._mapping[name] for name in GradeRow.__slots__})


def _decision(row: Row[Any]) -> GradeDecision:
    return GradeDecision(
        decision_id=row.decision_id,
        survey_id=row.survey_id,
        scheme=row.scheme,
        subject=row.subject,
        decided=row.decided_after,
        decided_by=row.decided_by,
        decided_at=row.decided_at,
        expected_version=row.version_before,
        note=row.note,
    )

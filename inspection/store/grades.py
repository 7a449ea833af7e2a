"""Keep grades: what the rules propose, and beside it what a person decided.

A grade belongs to a survey, a scheme (code-list and version) and a subject. Candidates may be
computed anew at any time; a decision is a person's and is only ever replaced by another decision.
The history of decisions cannot be changed and keeps what the machine had proposed at the time.
"""

import uuid
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, delete, insert, select, update

from inspection.domain.grade import GradeCandidate, Reason, Subject
from inspection.errors import BadInput, Conflict, NotFound
from inspection.store.rows import add_or_replace, choice
from inspection.store.tables import defects, grade_decisions, grades

CHUNK = 500

KEY = ("survey_id", "scheme", "subject", "subject_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class GradeRow:
    """Carry a proposed grade and, once a person decided, theirs.

    Attributes:
        survey_id: the survey that was graded.
        candidate: machine value, with its reasons.
        decided: human value, None until a person decides.
        decided_by: who decided.
        decided_at: when, aware UTC.
        note: what the person added.
        version: 1 + the number of decisions, for optimistic locking.
        decided_account: the account of who decided, None where nobody signed in.
    """

    survey_id: uuid.UUID
    candidate: GradeCandidate
    decided: str | None = None
    decided_by: str | None = None
    decided_at: datetime | None = None
    note: str = ""
    version: int = 1
    decided_account: uuid.UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GradeDecision:
    """Carry what a person decided about which version of a grade, and when."""

    decision_id: uuid.UUID
    survey_id: uuid.UUID
    scheme: str
    subject: Subject
    subject_id: str
    decided: str
    decided_by: str
    decided_at: datetime
    expected_version: int
    note: str = ""
    decided_account: uuid.UUID | None = None

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
            "subject": proposed.subject.value,
            "subject_id": proposed.subject_id,
            "candidate": _to_plain(proposed),
        }
        for proposed in candidates
    ]
    unique = {tuple(row[name] for name in KEY): row for row in rows}
    undecided = {"note": "", "version": 1}
    add_or_replace(connection, grades, unique.values(), key=KEY, first=undecided)


def renew(
    connection: Connection,
    survey_id: uuid.UUID,
    candidates: Iterable[GradeCandidate],
    *,
    about: Collection[str] | None = None,
) -> None:
    """Write the proposed grades of a survey, and take away those that follow no longer.

    What a person has decided stays, whatever is proposed today.

    Args:
        connection: an open writing transaction.
        survey_id: the survey.
        candidates: all that follows, of the whole survey or about some defects of it.
        about: identifiers of those defects; None for the whole survey.
    """
    proposed = list(candidates)
    save(connection, survey_id, proposed)
    follows = {(one.scheme, one.subject.value, one.subject_id) for one in proposed}
    c = grades.c
    query = select(c.seq, c.scheme, c.subject, c.subject_id).where(
        c.survey_id == survey_id, *_undecided()
    )
    if about is not None:
        query = query.where(c.subject == Subject.DEFECT.value, c.subject_id.in_(sorted(about)))
    stale = [
        row.seq
        for row in connection.execute(query)
        if (row.scheme, row.subject, row.subject_id) not in follows
    ]
    for start in range(0, len(stale), CHUNK):
        gone = c.seq.in_(stale[start : start + CHUNK])
        # asked once more: somebody may have decided meanwhile
        connection.execute(delete(grades).where(gone, *_undecided()))


def _undecided() -> list[ColumnElement[bool]]:
    return [grades.c.decided.is_(None), grades.c.version == 1]


def of_survey(connection: Connection, survey_id: uuid.UUID) -> tuple[GradeRow, ...]:
    """List the grades of a survey by scheme and subject."""
    c = grades.c
    rows = connection.execute(
        select(grades).where(c.survey_id == survey_id).order_by(c.scheme, c.subject, c.subject_id)
    )
    return tuple(map(_grade, rows))


def of_subject(
    connection: Connection, survey_id: uuid.UUID, subject_id: str
) -> tuple[GradeRow, ...]:
    """List the grades of one defect, element, member or asset in a survey, by scheme."""
    c = grades.c
    query = select(grades).where(c.survey_id == survey_id, c.subject_id == subject_id)
    return tuple(map(_grade, connection.execute(query.order_by(c.scheme, c.subject))))


def decided_about(
    connection: Connection, survey_id: uuid.UUID, subject: Subject, subject_ids: Sequence[str]
) -> tuple[GradeRow, ...]:
    """List the grades of some subjects that a person has decided in a survey."""
    c = grades.c
    query = select(grades).where(
        c.survey_id == survey_id, c.subject == subject.value, c.decided.is_not(None)
    )
    wanted = sorted(subject_ids)
    found: list[GradeRow] = []
    for start in range(0, len(wanted), CHUNK):
        some = query.where(c.subject_id.in_(wanted[start : start + CHUNK]))
        found += map(_grade, connection.execute(some))
    return tuple(sorted(found, key=lambda row: (row.candidate.scheme, row.candidate.subject_id)))


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
            f"grade {decision.scheme} of {decision.subject} {decision.subject_id} is at version "
            f"{before.version}, you decided on version {decision.expected_version}; read it again "
            "and decide anew"
        )
    connection.execute(insert(grade_decisions).values(_history_row(before, decision)))
    _write(connection, decision)
    return _locked(connection, decision)


def history(
    connection: Connection, survey_id: uuid.UUID, scheme: str, subject: Subject, subject_id: str
) -> tuple[GradeDecision, ...]:
    """List the decisions about one grade, oldest first."""
    c = grade_decisions.c
    rows = connection.execute(
        select(grade_decisions)
        .where(
            c.survey_id == survey_id,
            c.scheme == scheme,
            c.subject == subject.value,
            c.subject_id == subject_id,
        )
        .order_by(c.seq)
    )
    return tuple(map(_decision, rows))


def decisions_on(
    connection: Connection, subject: Subject, subject_id: str
) -> tuple[GradeDecision, ...]:
    """List the decisions about all grades of one subject, in every survey, oldest first."""
    c = grade_decisions.c
    rows = connection.execute(
        select(grade_decisions)
        .where(c.subject == subject.value, c.subject_id == subject_id)
        .order_by(c.seq)
    )
    return tuple(map(_decision, rows))


def _named(decision: GradeDecision) -> list[ColumnElement[bool]]:
    """Build the condition that a row is the grade that a decision is about."""
    return [grades.c[name] == _key(decision)[name] for name in KEY]


def _key(decision: GradeDecision) -> dict[str, object]:
    return {
        "survey_id": decision.survey_id,
        "scheme": decision.scheme,
        "subject": decision.subject.value,
        "subject_id": decision.subject_id,
    }


def _locked(connection: Connection, decision: GradeDecision) -> GradeRow:
    """Read a grade and let others who want to decide on it wait.

    The defect is taken first: an edit that is about to hide it must see this decision, or this the
    edit.
    """
    if decision.subject is Subject.DEFECT:
        with suppress(ValueError):  # a subject that is no identifier is none of ours
            key = uuid.UUID(decision.subject_id)
            mine = select(defects.c.seq).where(defects.c.defect_id == key)
            connection.execute(mine.with_for_update())
    query = select(grades).where(*_named(decision)).with_for_update()
    row = connection.execute(query).one_or_none()
    if row is None:
        raise NotFound(
            f"survey {decision.survey_id} has no grade {decision.scheme} of "
            f"{decision.subject} {decision.subject_id}"
        )
    return _grade(row)


def _write(connection: Connection, decision: GradeDecision) -> None:
    connection.execute(
        update(grades)
        .where(*_named(decision))
        .values(
            decided=decision.decided,
            decided_by=decision.decided_by,
            decided_account=decision.decided_account,
            decided_at=decision.decided_at,
            note=decision.note,
            version=decision.expected_version + 1,
        )
    )


def _history_row(before: GradeRow, decision: GradeDecision) -> dict[str, object]:
    return {
        **_key(decision),
        "decision_id": decision.decision_id,
        "decided_before": before.decided,
        "decided_after": decision.decided,
        "candidate": _to_plain(before.candidate),
        "decided_by": decision.decided_by,
        "decided_account": decision.decided_account,
        "decided_at": decision.decided_at,
        "note": decision.note,
        "version_before": before.version,
    }


def _to_plain(candidate: GradeCandidate) -> dict[str, Any]:
    """Give a candidate as plain values for JSON, exactly."""
    return {**asdict(candidate), "values": dict(candidate.values)}


def _from_plain(plain: dict[str, Any]) -> GradeCandidate:
    """Read a candidate back from plain values, exactly."""
    return GradeCandidate(
        **{
            **plain,
            "subject": choice(Subject, plain["subject"]),
            "candidates": tuple(plain["candidates"]),
            "reasons": tuple(Reason(**reason) for reason in plain["reasons"]),
        }
    )


def _grade(row: Row[Any]) -> GradeRow:
    return GradeRow(
        survey_id=row.survey_id,
        candidate=_from_plain(row.candidate),
        decided=row.decided,
        decided_by=row.decided_by,
        decided_at=row.decided_at,
        note=row.note,
        version=row.version,
        decided_account=row.decided_account,
    )


def _decision(row: Row[Any]) -> GradeDecision:
    return GradeDecision(
        decision_id=row.decision_id,
        survey_id=row.survey_id,
        scheme=row.scheme,
        subject=choice(Subject, row.subject),
        subject_id=row.subject_id,
        decided=row.decided_after,
        decided_by=row.decided_by,
        decided_at=row.decided_at,
        expected_version=row.version_before,
        note=row.note,
        decided_account=row.decided_account,
    )

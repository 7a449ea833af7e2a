"""A defect as an engineer sees it + the grade that they give it → a decision that holds for it.

A decision is about what was looked at: the defect at its version, its grade as often as it had been
decided. Whatever changed since is said instead of written over.
"""

import uuid
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from sqlalchemy import Connection

from inspection.domain.defect import Defect, ReviewState
from inspection.domain.eradate import day_in_japan
from inspection.domain.grade import GradeCandidate, Subject
from inspection.errors import BadInput, Conflict
from inspection.pipeline.appraisal import appraise_defect
from inspection.pipeline.decide import Judgement, decide, legal_values, nothing_proposed
from inspection.pipeline.ports import Clock
from inspection.pipeline.settle import SettledGrade, settled_grades_of
from inspection.store import assets, defects, edits, grades
from inspection.store.grades import GradeRow

CLOSED = {
    ReviewState.REJECTED: "is rejected; reopen it first",
    ReviewState.SUPERSEDED: "has been edited, and others stand in its place; decide about those",
}
"""Why nobody grades a defect in a state."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gradable:
    """Say by which scheme a defect may be graded, and how.

    Attributes:
        scheme: code-list and version.
        values: what a person may say, from none to most severe.
        candidates: what the evidence allows; anything else needs a reason.
        version: counts decisions by this scheme, from 1.
    """

    scheme: str
    values: tuple[str, ...]
    candidates: tuple[str, ...]
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """Carry the grade that a person gives a defect.

    Attributes:
        defect_id: the defect.
        scheme: one by which it may be graded.
        grade: the person's value.
        by: the person.
        expected_version: of the defect as the person saw it.
        grade_version: how often it had been decided by this scheme, from 1, as they saw it.
        note: why; needed where the value is not one that the candidate allows.
        account_id: the account of the person, where people sign in.
    """

    defect_id: uuid.UUID
    scheme: str
    grade: str
    by: str
    expected_version: int
    grade_version: int
    note: str = ""
    account_id: uuid.UUID | None = None


def gradable(
    connection: Connection,
    defect: Defect,
    proposed: GradeCandidate | None,
    settled: Sequence[SettledGrade],
) -> tuple[Gradable, ...]:
    """List the schemes by which a defect may be graded now; none while it does not count.

    They are that by which the rules grade it, and those by which people did, it or what it is of.

    Args:
        connection: an open transaction.
        defect: the defect.
        proposed: what the rules propose; None when nothing.
        settled: the decided grades that hold for it.
    """
    if defect.state in CLOSED:
        return ()
    offered = [] if proposed is None else [proposed.scheme]
    offered += [one.scheme for one in settled]
    schemes: dict[str, str] = {}
    for scheme in offered:
        with suppress(BadInput):  # of a code-list that is gone nobody can be asked
            legal_values(scheme)
            schemes.setdefault(_name(scheme), scheme)
    survey_id, subject = defect.latest.survey_id, str(defect.defect_id)
    mine = grades.decided_about(connection, survey_id, Subject.DEFECT, [subject])
    decided = {row.candidate.scheme: row.version for row in mine}
    return tuple(
        Gradable(
            scheme=scheme,
            values=legal_values(scheme),
            candidates=() if proposed is None or proposed.scheme != scheme else proposed.candidates,
            version=decided.get(scheme, 1),
        )
        for scheme in schemes.values()
    )


def judge(connection: Connection, said: Said, *, clock: Clock) -> GradeRow:
    """Keep the grade that a person gives a defect, beside what the rules propose for it now.

    Raises:
        NotFound: when there is no such defect.
        Overtaken: when somebody else changed the defect since it was read; it says who.
        Conflict: when it does not count, or somebody graded it since it was read.
        BadInput: when it is not graded by such a scheme, the value is none of it, or departs from
            the candidate without a reason.
    """
    assets.lock(connection, defects.by_id(connection, said.defect_id).asset_id)
    (defect,) = edits.locked(connection, {said.defect_id: said.expected_version})
    if defect.state in CLOSED:
        raise Conflict(f"defect {defect.defect_id} {CLOSED[defect.state]}")
    today = day_in_japan(clock.now())
    proposed = appraise_defect(connection, defect, today=today, ranked_most=0).grade
    offered = gradable(connection, defect, proposed, settled_grades_of(connection, defect))
    scheme = next((o.scheme for o in offered if said.scheme in (o.scheme, _name(o.scheme))), None)
    if scheme is None:
        known = ", ".join(one.scheme for one in offered) or "none"
        raise BadInput(
            f"defect {defect.defect_id} is not graded by {said.scheme!r}; it is by: {known}"
        )
    _propose(connection, defect, proposed, scheme)
    judgement = Judgement(
        survey_id=defect.latest.survey_id,
        scheme=scheme,
        subject_id=str(defect.defect_id),
        decided=said.grade,
        by=said.by,
        note=said.note,
        expected_version=said.grade_version,
        account_id=said.account_id,
    )
    return decide(connection, judgement, clock=clock)


def _propose(
    connection: Connection, defect: Defect, proposed: GradeCandidate | None, scheme: str
) -> None:
    """Write what the rules propose now, and that they propose nothing where that is so."""
    follows = [] if proposed is None else [proposed]
    if proposed is None or proposed.scheme != scheme:
        follows.append(nothing_proposed(scheme, Subject.DEFECT, str(defect.defect_id)))
    grades.renew(connection, defect.latest.survey_id, follows, about=[str(defect.defect_id)])


def _name(scheme: str) -> str:
    """Give the code-list of a scheme without its version."""
    return scheme.split("/", maxsplit=1)[0]

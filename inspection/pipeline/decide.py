"""Grade candidate + a person's judgement → a decision that is kept beside the candidate."""

import uuid
from dataclasses import dataclass

from sqlalchemy import Connection

from inspection.codelists.codelist import load_codelist
from inspection.codelists.damage_classes import load_damage_types
from inspection.domain.grade import GRADES, GradeCandidate, Subject
from inspection.domain.soundness import SOUNDNESS
from inspection.errors import BadInput, NotFound
from inspection.pipeline.ports import Clock
from inspection.store import grades
from inspection.store.grades import GradeDecision, GradeRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """Carry what a person says about one candidate.

    Attributes:
        survey_id: the survey that was graded.
        scheme: code-list of the candidate, with or without its version.
        subject_id: the defect, element, member or asset.
        decided: the person's value.
        by: the person.
        note: why; needed where the value is not one that the candidate allows.
        expected_version: version of the row that the person read; None takes it as it stands.
        account_id: the account of the person, where people sign in.
    """

    survey_id: uuid.UUID
    scheme: str
    subject_id: str
    decided: str
    by: str
    note: str = ""
    expected_version: int | None = None
    account_id: uuid.UUID | None = None


def decide(connection: Connection, judgement: Judgement, *, clock: Clock) -> GradeRow:
    """Keep a person's decision with who, when and why; the candidate stays as it was.

    Raises:
        NotFound: when the survey has no such candidate.
        BadInput: when the value is none of the scheme, or departs from the candidate without a
            reason.
        Conflict: when somebody else decided meanwhile.
    """
    row = candidate_row(connection, judgement)
    candidate = row.candidate
    allowed = legal_values(candidate.scheme)
    if judgement.decided not in allowed:
        raise BadInput(
            f"{judgement.decided!r} is no value of {candidate.scheme}; it has {', '.join(allowed)}"
        )
    if judgement.decided not in candidate.candidates and not judgement.note.strip():
        proposed = "/".join(candidate.candidates)
        departs = f"departs from the candidate {proposed}" if proposed else "has no candidate"
        raise BadInput(f"{judgement.decided} {departs}; say why in a note")
    decision = GradeDecision(
        decision_id=uuid.uuid4(),
        survey_id=judgement.survey_id,
        scheme=candidate.scheme,
        subject=candidate.subject,
        subject_id=candidate.subject_id,
        decided=judgement.decided,
        decided_by=judgement.by,
        decided_at=clock.now(),
        expected_version=row.version
        if judgement.expected_version is None
        else judgement.expected_version,
        note=judgement.note,
        decided_account=judgement.account_id,
    )
    return grades.decide(connection, decision)


def candidate_row(connection: Connection, judgement: Judgement) -> GradeRow:
    """Find the candidate that a judgement is about.

    Raises:
        NotFound: when there is none.
        BadInput: when several versions of the scheme graded the same subject and none was named.
    """
    rows = [
        row
        for row in grades.of_subject(connection, judgement.survey_id, judgement.subject_id)
        if judgement.scheme in (row.candidate.scheme, row.candidate.scheme.split("/")[0])
    ]
    if not rows:
        raise NotFound(
            f"survey {judgement.survey_id} has no candidate {judgement.scheme} of "
            f"{judgement.subject_id!r}"
        )
    if len(rows) > 1:
        schemes = ", ".join(row.candidate.scheme for row in rows)
        raise BadInput(f"several candidates fit; name one of {schemes}")
    return rows[0]


def nothing_proposed(scheme: str, subject: Subject, subject_id: str) -> GradeCandidate:
    """Give what stands beside a decision where the rules propose nothing.

    >>> nothing_proposed("jp_crack_grade/1.0.0", Subject.DEFECT, "d").candidates
    ()
    """
    return GradeCandidate(
        scheme=scheme,
        subject=subject,
        subject_id=subject_id,
        candidates=(),
        best=None,
        borderline=False,
        unresolved=False,
    )


def history_of(connection: Connection, judgement: Judgement) -> tuple[GradeDecision, ...]:
    """List the decisions about a candidate, oldest first."""
    found = candidate_row(connection, judgement).candidate
    return grades.history(
        connection, judgement.survey_id, found.scheme, found.subject, found.subject_id
    )


def legal_values(scheme: str) -> tuple[str, ...]:
    """Name the values that a person may give under a scheme.

    Raises:
        BadInput: when the scheme is none that people decide on.

    >>> legal_values("appearance:12/1.0.0"), legal_values("soundness_candidate/1.0.0")
    (('a', 'e'), ('I', 'II', 'III', 'IV'))
    """
    name = scheme.split("/", maxsplit=1)[0]
    types = {f"appearance:{number}": kind for number, kind in load_damage_types().items()}
    if name in types:
        return types[name].grades
    if name in ("jp_crack_grade", "jp_deck_crack", "jp_deck_crack_2004", "jp_corrosion"):
        return tuple(GRADES)
    if name == "soundness_candidate":
        return SOUNDNESS
    if name == "pavement_crack_ratio":
        return SOUNDNESS[:3]
    if name == "pavement_class":
        return tuple(str(row["code"]) for row in load_codelist("pavement_class").rows())
    raise BadInput(f"nobody decides on scheme {scheme!r}")

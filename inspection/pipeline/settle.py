"""Decisions about a defect, and about those in whose place it stands → what holds for it now.

What an edit made takes over what people had decided, and is asked about again: the decision was
about another shape. Record 67 says why.
"""

import uuid
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import Connection

from inspection.domain.defect import Defect
from inspection.domain.descent import Descent
from inspection.domain.edit import EditKind
from inspection.domain.grade import GRADES, Subject
from inspection.domain.measure import Measure, Stage
from inspection.domain.review import Action
from inspection.errors import BadInput
from inspection.pipeline.decide import legal_values
from inspection.store import descents, edits, grades, measures, reviews, surveys
from inspection.store.descents import Drawing
from inspection.store.grades import GradeRow
from inspection.store.queuechoice import Held


class Again(StrEnum):
    """Say why a decision is to be made again."""

    SPLIT = "split"  # it was about the whole
    MERGED = "merged"  # it was about a piece
    REDRAWN = "redrawn"  # it was about another shape


@dataclass(frozen=True, slots=True, kw_only=True)
class SettledGrade:
    """Carry a grade that people decided and that holds for a defect.

    Attributes:
        scheme: code-list and version.
        grade: the letter.
        by: who decided.
        at: when.
        note: why.
        about: the defect that they looked at.
        again: why it is to be asked again; None while it is about what the defect is now.
    """

    scheme: str
    grade: str
    by: str
    at: datetime
    note: str
    about: uuid.UUID
    again: Again | None = None


Settled = dict[str, SettledGrade]


def settled_grades(
    connection: Connection,
    defect_ids: Collection[uuid.UUID],
    rows: Iterable[GradeRow],
    *,
    heirs: Descent,
) -> dict[uuid.UUID, tuple[SettledGrade, ...]]:
    """Give the decided grades that hold for defects, what counts first.

    A decision about the defect itself outranks what it takes over by the same scheme; of several
    that were taken over the worst counts.

    Args:
        connection: an open transaction.
        defect_ids: the defects.
        rows: grades of the surveys that count.
        heirs: who came in whose place.
    """
    settled = _held(rows, heirs)
    wanted = [key for key in defect_ids if key in settled]
    drawn = descents.drawings(connection, wanted)
    answer: dict[uuid.UUID, tuple[SettledGrade, ...]] = dict.fromkeys(defect_ids, ())
    for key in wanted:
        found = [_checked(one, drawn.get(key, ())) for one in settled[key].values()]
        answer[key] = tuple(sorted(found, key=_rank, reverse=True))
    return answer


def settled_grades_of(connection: Connection, defect: Defect) -> tuple[SettledGrade, ...]:
    """Give the decided grades that hold for a defect in the survey that saw it last."""
    heirs = descents.descent(connection, asset_id=defect.asset_id)
    family = (defect.defect_id, *heirs.forebears(defect.defect_id))
    rows = grades.decided_about(
        connection, defect.latest.survey_id, Subject.DEFECT, list(map(str, family))
    )
    return settled_grades(connection, [defect.defect_id], rows, heirs=heirs)[defect.defect_id]


def grades_held(connection: Connection, survey_id: uuid.UUID) -> dict[uuid.UUID, Held]:
    """Give the grades of a survey that hold otherwise than about a defect as it is now.

    Only what an engineer has edited can have one, so the answer is as long as that, however much
    the survey has seen. What a later survey has seen again is decided on there.

    Raises:
        NotFound: when there is no such survey.
    """
    asset_id = surveys.by_id(connection, survey_id).asset_id
    edited = descents.edited_on(connection, asset_id)
    rows = grades.decided_about(connection, survey_id, Subject.DEFECT, list(map(str, edited)))
    if not rows:
        return {}
    heirs = descents.descent(connection, asset_id=asset_id)
    ours = descents.last_seen_in(connection, survey_id, edited)
    found = settled_grades(connection, ours, rows, heirs=heirs)
    return {
        key: Held(grade=settled[0].grade, again=any(one.again for one in settled))
        for key, settled in found.items()
        if any(one.again for one in settled)
    }


def confirmation(
    connection: Connection, defect_id: uuid.UUID, heirs: Descent
) -> tuple[str, datetime] | None:
    """Say who confirmed a defect and when: in a verdict, by drawing it, or what it was made of."""
    for row in reversed(reviews.history(connection, defect_id)):
        if row.verdict.action is Action.CONFIRM:
            return row.verdict.reviewer, row.verdict.decided_at
        if row.verdict.action in (Action.REOPEN, Action.REJECT):
            return None  # whoever confirmed it before that does so no more
    for record in edits.history(connection, defect_id):
        if record.edit.kind is EditKind.DRAW:
            return record.edit.editor, record.edit.edited_at
    theirs = [confirmation(connection, one, heirs) for one in heirs.parents.get(defect_id, ())]
    return max(filter(None, theirs), key=lambda told: told[1], default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """Say how far the measures have come that count for a defect.

    Attributes:
        ordered: first day on which all of it was ordered; None when it was not.
        finished: first day on which all of it was finished.
        partly: stages that only some of what it was made of has reached.
        taken_over: some of it was recorded about a defect in whose place this one stands.
    """

    ordered: date | None = None
    finished: date | None = None
    partly: tuple[Stage, ...] = ()
    taken_over: bool = False


def work_on(connection: Connection, defect: Defect) -> Work:
    """Say how far the measures have come that count for a defect; those on its asset do not."""
    heirs = descents.descent(connection, asset_id=defect.asset_id)
    family = {defect.defect_id, *heirs.forebears(defect.defect_id)}
    records = [
        one for one in measures.of_asset(connection, defect.asset_id) if one.defect_id in family
    ]
    if not records:
        return Work()
    whole = {stage: _reached(records, stage, heirs).get(defect.defect_id) for stage in Stage}
    told = {one.stage for one in records}
    return Work(
        ordered=whole[Stage.ORDERED],
        finished=whole[Stage.FINISHED],
        partly=tuple(stage for stage in Stage if stage in told and whole[stage] is None),
        taken_over=any(one.defect_id != defect.defect_id for one in records),
    )


def _reached(records: Sequence[Measure], stage: Stage, heirs: Descent) -> dict[uuid.UUID, date]:
    days: dict[uuid.UUID, date] = {}
    for one in records:
        if one.stage is stage and one.defect_id is not None:
            days[one.defect_id] = min(one.day, days.get(one.defect_id, one.day))
    return heirs.reached(days)


def _decided(rows: Iterable[GradeRow]) -> dict[uuid.UUID, Settled]:
    """Give what was decided about each defect itself, the newest of each scheme."""
    found: dict[uuid.UUID, Settled] = {}
    for row in rows:
        if row.candidate.subject is not Subject.DEFECT or row.decided is None:
            continue
        assert row.decided_at is not None
        key = uuid.UUID(row.candidate.subject_id)
        mine = found.setdefault(key, {})
        one = SettledGrade(
            scheme=row.candidate.scheme,
            grade=row.decided,
            by=row.decided_by or "",
            at=row.decided_at,
            note=row.note,
            about=key,
        )
        name = one.scheme.split("/")[0]
        mine[name] = max(one, mine.get(name, one), key=lambda each: each.at)
    return found


def _held(rows: Iterable[GradeRow], heirs: Descent) -> dict[uuid.UUID, Settled]:
    """Complete what was decided about each defect itself by what it takes over, by scheme."""
    settled = _decided(rows)
    for child, parents in heirs.parents.items():  # forebears come first
        theirs = _taken_over([settled[one] for one in parents if one in settled], len(parents))
        both = theirs | settled.get(child, {})
        if both:
            settled[child] = both
    return settled


def _taken_over(settled: Sequence[Settled], parents: int) -> Settled:
    """Give the worst that was decided about what a defect is made of, by scheme."""
    again = Again.SPLIT if parents == 1 else Again.MERGED
    found: Settled = {}
    for theirs in settled:
        for name, one in theirs.items():
            found[name] = max(one, found.get(name, one), key=lambda each: (_badness(each), each.at))
    return {name: replace(one, again=again) for name, one in found.items()}


def _checked(one: SettledGrade, drawn: Sequence[Drawing]) -> SettledGrade:
    """Notice that a defect has been redrawn since its own grade was decided."""
    since = [each for each in drawn if each.at > one.at]
    if one.again is not None or not since or since[0].before == since[-1].after:
        return one
    return replace(one, again=Again.REDRAWN)


def _badness(one: SettledGrade) -> float:
    """Give how bad a grade is among those of its scheme, 0 to 1: a to e, or I to IV.

    Letters of two schemes say the same and compare; a letter and a soundness compare by their
    place, for as text an e would be worse than a IV.
    """
    if one.grade in GRADES:
        return GRADES.index(one.grade) / (len(GRADES) - 1)
    try:
        values = legal_values(one.scheme)
        return values.index(one.grade) / max(1, len(values) - 1)
    except (BadInput, ValueError):
        return 1.0  # of a scheme that is gone: nobody can say that it is mild


def _rank(one: SettledGrade) -> tuple[bool, float, datetime]:
    own = one.again in (None, Again.REDRAWN)
    return own, one.at.timestamp() if own else _badness(one), one.at

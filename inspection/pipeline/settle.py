"""Decisions about a defect, and about those in whose place it stands → what holds for it now.

What an edit made takes over what people had decided, and is asked about again: the decision was
about another shape. Record 67 says why.
"""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import Connection

from inspection.domain.defect import Defect
from inspection.domain.descent import Descent
from inspection.domain.edit import EditKind
from inspection.domain.grade import Subject
from inspection.domain.measure import Measure, Stage
from inspection.domain.review import Action
from inspection.store import descents, edits, grades, measures, reviews
from inspection.store.grades import GradeRow


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
    connection: Connection, found: Sequence[Defect], rows: Iterable[GradeRow], *, heirs: Descent
) -> dict[uuid.UUID, tuple[SettledGrade, ...]]:
    """Give the decided grades that hold for defects, what counts first.

    A decision about the defect itself outranks what it takes over; of several that were taken over
    the worst counts.

    Args:
        connection: an open transaction.
        found: the defects.
        rows: grades of the surveys that count.
        heirs: who came in whose place.
    """
    own = _decided(rows)
    settled = dict(own)
    for child, parents in heirs.parents.items():
        if child not in own:
            settled[child] = _taken_over([settled.get(one, {}) for one in parents])
    answer = {}
    for defect in found:
        grades_ = [
            _checked(connection, defect, one) for one in settled.get(defect.defect_id, {}).values()
        ]
        answer[defect.defect_id] = tuple(sorted(grades_, key=_rank, reverse=True))
    return answer


def settled_grades_of(connection: Connection, defect: Defect) -> tuple[SettledGrade, ...]:
    """Give the decided grades that hold for a defect in the survey that saw it last."""
    heirs = descents.descent(connection, asset_id=defect.asset_id)
    family = (defect.defect_id, *heirs.forebears(defect.defect_id))
    rows = grades.decided_about(
        connection, defect.latest.survey_id, Subject.DEFECT, list(map(str, family))
    )
    return settled_grades(connection, [defect], rows, heirs=heirs)[defect.defect_id]


def confirmation(
    connection: Connection, defect_id: uuid.UUID, heirs: Descent
) -> tuple[str, datetime] | None:
    """Say who confirmed a defect and when: in a verdict, by drawing it, or what it was made of."""
    verdicts = [row.verdict for row in reviews.history(connection, defect_id)]
    confirmed = [one for one in verdicts if one.action is Action.CONFIRM]
    if confirmed:
        return confirmed[-1].reviewer, confirmed[-1].decided_at
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


def _taken_over(parents: Sequence[Mapping[str, SettledGrade]]) -> Settled:
    """Give the worst that was decided about what a defect is made of, by scheme."""
    again = Again.SPLIT if len(parents) == 1 else Again.MERGED
    found: Settled = {}
    for settled in parents:
        for name, one in settled.items():
            found[name] = max(one, found.get(name, one), key=lambda each: (each.grade, each.at))
    return {name: replace(one, again=again) for name, one in found.items()}


def _checked(connection: Connection, defect: Defect, one: SettledGrade) -> SettledGrade:
    """Notice that a defect has been redrawn since its own grade was decided."""
    if one.again is not None or not _redrawn(connection, defect, one.at):
        return one
    return replace(one, again=Again.REDRAWN)


def _redrawn(connection: Connection, defect: Defect, since: datetime) -> bool:
    """Tell whether a defect is shown by another drawing than at a moment."""
    shares = [
        share
        for record in edits.history(connection, defect.defect_id)
        if record.edit.edited_at > since
        for share in record.shares
        if share.defect_id == defect.defect_id
    ]
    looked_at = shares[0].before.observation_id if shares else None
    return looked_at is not None and looked_at != shares[-1].after.observation_id


def _rank(one: SettledGrade) -> tuple[bool, str, datetime]:
    own = one.again in (None, Again.REDRAWN)
    return own, one.at.isoformat() if own else one.grade, one.at

"""Narrow the defects of a survey: by class, state, width, confidence, and the grade that holds.

The grade of a row is that of the defect itself, which the database keeps. What a defect takes over
from those in whose place it stands (record 67) is nowhere copied: whoever asks brings it along for
the few defects that have been edited.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field

import sqlalchemy as sa
from sqlalchemy import ColumnElement

from inspection.domain.defect import ReviewState
from inspection.domain.taxonomy import DamageClass
from inspection.store.queue_tables import survey_defects

UNGRADED = "none"
"""Word for the grade of what nobody and nothing has graded."""

ASKED = (ReviewState.CANDIDATE.value, ReviewState.CONFIRMED.value)
"""States of a defect whose grade anybody is asked for."""

_c = survey_defects.c
_STANDS = _c.state != ReviewState.SUPERSEDED.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """Carry a grade that holds for a defect that has been edited.

    Attributes:
        grade: what people decided about it, or about what it was made of.
        again: it was decided about another shape than that of today.
    """

    grade: str
    again: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Narrow the defects of a survey.

    Attributes:
        classes: only these; a person's class outranks the machine's. Empty for all.
        states: only these; empty for all but superseded ones.
        width_mm: leave out what is surely thinner; what has no width stays.
        confidence: leave out what the detector was less sure of, 0–1.
        grades: only these: a person's grade outranks the worst that the evidence allows;
            ``UNGRADED`` for what has none. Empty for all.
        again: only those that count and whose grade is to be decided again.
        held: grades that hold otherwise than the rows say, by defect.
    """

    classes: frozenset[DamageClass] = frozenset()
    states: frozenset[ReviewState] = frozenset()
    width_mm: float | None = None
    confidence: float = 0.0
    grades: frozenset[str] = frozenset()
    again: bool = False
    held: Mapping[uuid.UUID, Held] = field(default_factory=dict)

    def conditions(self, *, of_state: bool = True) -> list[ColumnElement[bool]]:
        """Build the conditions on rows of ``survey_defects``, on their state only if wanted."""
        found: list[ColumnElement[bool]] = []
        if self.classes:
            found.append(_c.damage_class.in_(sorted(one.value for one in self.classes)))
        if of_state and self.states:
            found.append(_c.state.in_(sorted(one.value for one in self.states)))
        elif of_state:
            found.append(_STANDS)
        if self.width_mm is not None:
            found.append(sa.or_(_c.width_most_mm.is_(None), _c.width_most_mm >= self.width_mm))
        if self.confidence > 0:
            found.append(_c.confidence >= self.confidence)
        if self.grades:
            found.append(self._graded())
        if self.again:
            asked = [key for key, one in self.held.items() if one.again]
            found += [_c.state.in_(ASKED), _c.defect_id.in_(asked)]
        return found

    def _graded(self) -> ColumnElement[bool]:
        said: ColumnElement[bool] = _c.grade.in_(sorted(self.grades - {UNGRADED}))
        if UNGRADED in self.grades:
            said = sa.or_(said, _c.grade.is_(None))
        if not self.held:
            return said
        fitting = [key for key, one in self.held.items() if one.grade in self.grades]
        others = sa.and_(said, _c.defect_id.not_in(list(self.held)))
        return sa.or_(others, _c.defect_id.in_(fitting))

"""Record what was done about damage: a measure was ordered, or finished (措置の着手・完了).

Records are added, never changed; a wrong one is withdrawn by another. The plan of a programme is no
measure: an order is something that a person has given.

Source: domain specification §8 (task/measure), §9 (days from report to action). The two stages
follow the yearly report on road maintenance (措置の着手率・完了率), from memory: unverified.
"""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from inspection.domain.asset import check_one_line
from inspection.domain.eradate import day_in_japan
from inspection.errors import BadInput

NOTE_MAX = 1000
"""Longest note, characters."""

FIRST_DAY = date(1900, 1, 1)


class Stage(StrEnum):
    """Say how far a measure has come."""

    ORDERED = "ordered"
    FINISHED = "finished"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """Record that a measure reached a stage.

    Attributes:
        event_id: of this record.
        asset_id: on which asset.
        defect_id: about which damage; None: about the whole asset.
        stage: ordered or finished.
        day: on which day in Japan.
        recorded_by: who says so.
        recorded_at: when they said so, aware UTC.
        note: contract, contractor, anything; one line.
    """

    event_id: uuid.UUID
    asset_id: str
    defect_id: uuid.UUID | None
    stage: Stage
    day: date
    recorded_by: str
    recorded_at: datetime
    note: str = ""

    def __post_init__(self) -> None:
        """Check the day, and that a database can keep the words."""
        if self.recorded_at.tzinfo is None:
            raise BadInput("Measure.recorded_at must carry a time zone (UTC)")
        today = day_in_japan(self.recorded_at)
        if not FIRST_DAY <= self.day <= today:
            raise BadInput(
                f"a measure was {self.stage.value} on a day from {FIRST_DAY} to today ({today}), "
                f"got {self.day}; what is only planned belongs into a programme"
            )
        if not self.recorded_by.strip():
            raise BadInput("a measure needs the name of whoever records it")
        if len(self.note) > NOTE_MAX:
            raise BadInput(f"a note has at most {NOTE_MAX} characters, got {len(self.note)}")
        check_one_line("recorded_by", self.recorded_by)
        check_one_line("note", self.note)


Done = Iterable[tuple[Stage, date]]
"""Stages that were reached, with their days."""


def first_day(done: Done, stage: Stage, *, since: date) -> date | None:
    """Give the first day, from one on, on which a stage was reached; None when it was not.

    >>> days = [(Stage.ORDERED, date(2026, 4, 1)), (Stage.ORDERED, date(2026, 6, 1))]
    >>> str(first_day(days, Stage.ORDERED, since=date(2026, 5, 1)))
    '2026-06-01'
    """
    return min((day for reached, day in done if reached is stage and day >= since), default=None)

"""Reckon how long the work on a survey will still take, from what it took before; or say nothing.

The time of each stage is measured in the ledger of every survey. What a stage took per photo, in
the middle half of all cases, gives a span for the survey at hand. Where a stage has never been
measured here, or takes longer than any before, the remaining time is unknown and is called so.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from statistics import quantiles

from inspection.store.job import Job, JobState
from inspection.store.steps import StepCost, StepRow

STAGES = ("mosaic", "detect", "measure", "consolidate", "issue")
"""The stages of ``conduct`` in their order, as the ledger calls them."""

STAGE_OF: Mapping[str, str] = {
    "find features": "mosaic",
    "compare photos": "mosaic",
    "reconstruct": "mosaic",
    "paint mosaic": "mosaic",
    "detect": "detect",
    "measure": "measure",
    "read widths": "measure",
}
"""Stage of each step that a job reports; the last two stages take no time and report none."""

QUICK = frozenset({"consolidate", "issue"})
"""Stages that take seconds however many photos there are: they do not grow with them."""

FEW = 4
"""Cases from which a middle half can be told; of fewer, all count, and half as much beside."""


SLACK_S = 5.0
"""So much longer than ever before a stage may take until the remaining time is called unknown."""


class StageState(StrEnum):
    """Say where a stage is."""

    DONE = "done"
    WORKING = "working"
    WAITING = "waiting"


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Bound a time, seconds."""

    low_s: float
    high_s: float

    def __add__(self, other: "Span") -> "Span":
        """Give the time of both, one after the other."""
        return Span(low_s=self.low_s + other.low_s, high_s=self.high_s + other.high_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Say where one stage of a survey is.

    Attributes:
        name: as the ledger calls it.
        state: where it is.
        seconds: what it took, None before its end.
        typical: what it takes for so many photos, None when it was never measured here.
    """

    name: str
    state: StageState
    seconds: float | None
    typical: Span | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """Say how far a survey is and how long it still takes.

    Attributes:
        stages: in their order.
        remaining: None when it is unknown, or nothing is at work.
        measured: cases that it rests on: the fewest of any stage.
    """

    stages: tuple[Stage, ...]
    remaining: Span | None
    measured: int


def reckon(
    job: Job | None,
    done: Sequence[StepRow],
    costs: Sequence[StepCost],
    *,
    photos: int,
    now: datetime,
) -> Outlook:
    """Reckon from the newest job of a survey, its finished steps, and what others took.

    Args:
        job: the newest job; None when nothing was asked for yet.
        done: finished steps of the survey.
        costs: what steps took, of this survey or others.
        photos: of the survey.
        now: aware UTC.
    """
    at = _at(job, done)
    typical = {stage: _typical(stage, costs, photos) for stage in STAGES}
    stages = tuple(
        Stage(
            name=stage,
            state=_state(index, at),
            seconds=_took(stage, done) if index < at else None,
            typical=typical[stage],
        )
        for index, stage in enumerate(STAGES)
    )
    working = job is not None and job.state is JobState.RUNNING and at < len(STAGES)
    remaining = _remaining(job, done, stages[at:], now) if job is not None and working else None
    measured = min(sum(cost.step == stage for cost in costs) for stage in STAGES)
    return Outlook(stages=stages, remaining=remaining, measured=measured)


def _at(job: Job | None, done: Sequence[StepRow]) -> int:
    """Give the number of the stage at work; all are done behind the last one."""
    if job is None or job.state in (JobState.QUEUED, JobState.CANCELLED):
        return -1
    if job.state is JobState.DONE:
        return len(STAGES)
    finished = {row.step for row in done if row.finished_at >= job.created_at}
    behind = [index for index, stage in enumerate(STAGES) if stage in finished]
    reported = STAGES.index(STAGE_OF[job.step]) if job.step in STAGE_OF else 0
    return min(max(reported, max(behind, default=-1) + 1), len(STAGES) - 1)


def _state(index: int, at: int) -> StageState:
    if index == at:
        return StageState.WORKING
    return StageState.DONE if index < at else StageState.WAITING


def _took(stage: str, done: Sequence[StepRow]) -> float | None:
    return next((row.seconds for row in reversed(done) if row.step == stage), None)


def _typical(stage: str, costs: Sequence[StepCost], photos: int) -> Span | None:
    """Give what a stage takes for so many photos; None when it was never measured."""
    known = [cost for cost in costs if cost.step == stage and cost.photos > 0]
    if not known:
        return None
    factor = 1 if stage in QUICK else photos
    each = sorted(cost.seconds / (1 if stage in QUICK else cost.photos) for cost in known)
    if len(each) < FEW:
        return Span(low_s=each[0] * factor / 1.5, high_s=each[-1] * factor * 1.5)
    low, _, high = quantiles(each, n=4, method="inclusive")
    return Span(low_s=low * factor, high_s=high * factor)


def _remaining(
    job: Job, done: Sequence[StepRow], ahead: Sequence[Stage], now: datetime
) -> Span | None:
    """Add up what is ahead, less what the stage at work has had; None when it is not known."""
    begun = max([job.changed_at, *(row.finished_at for row in done)])
    had_s = max(0.0, (now - begun).total_seconds())
    total = Span(low_s=0.0, high_s=0.0)
    for stage in ahead:
        if stage.typical is None:
            return None
        total = total + stage.typical
    current = ahead[0].typical
    if current is None or had_s > current.high_s + SLACK_S:
        return None
    return Span(
        low_s=total.low_s - min(had_s, current.low_s),
        high_s=total.high_s - min(had_s, current.high_s),
    )

"""Say how far the work has come: what is inspected, what is repaired, and how long it takes.

Each figure has one meaning, said here. The shares are those of ``figures``, which counts what is
published; here everything counts that an organisation knows.

Source: domain specification §9 (figures for planners: inspected share, III/IV and repaired share,
days from report to action, monthly and daily).
"""

import calendar
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from inspection.domain.duration import Days, Spell, quantile
from inspection.domain.figures import LEVEL_NAMES, URGENT, cycle_of, percent

MEDIAN, MOST = 0.5, 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetStanding:
    """Carry what is known about an asset as a whole.

    Attributes:
        asset_id: the asset.
        name: its name.
        kind: bridge, pavement_section or other.
        municipality: name; empty when unknown.
        level: soundness that a person or a ledger states, 1 to 4; None when nobody does.
        inspected_fiscal_year: of that soundness; None when unknown.
        begun: a measure was ordered, or is finished.
        done: a measure is finished.
    """

    asset_id: str
    name: str
    kind: str
    municipality: str
    level: int | None
    inspected_fiscal_year: int | None
    begun: bool
    done: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Shares:
    """Count assets; percentages have one decimal and are None of nothing.

    Attributes:
        assets: all of them.
        inspected: those whose soundness was stated in this cycle.
        inspected_percent: of all.
        soundness: how many have the level I, II, III, IV, in this order.
        urgent: those of level III or IV.
        urgent_begun: those of them with a measure that was ordered or finished.
        urgent_done: those of them with a finished measure.
        urgent_begun_percent: of the urgent ones.
        urgent_done_percent: of the urgent ones.
    """

    assets: int
    inspected: int
    inspected_percent: float | None
    soundness: tuple[int, int, int, int]
    urgent: int
    urgent_begun: int
    urgent_done: int
    urgent_begun_percent: float | None
    urgent_done_percent: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DamageCase:
    """Carry the days of one damage, or of several that have the same ones.

    Attributes:
        kind: of its asset.
        municipality: of its asset.
        count: how many damages.
        detected: day on which a survey that sees it was finished.
        decided: day of the first verdict; None while nobody has decided.
        confirmed: day of the first confirmation; None unless it is confirmed now.
        ordered: day on which a measure was ordered, or finished without being ordered before.
        finished: day on which a measure was finished.
    """

    kind: str
    municipality: str
    count: int
    detected: date
    decided: date | None = None
    confirmed: date | None = None
    ordered: date | None = None
    finished: date | None = None


class Phase(StrEnum):
    """Name the ways from one moment of a damage to another."""

    VERDICT = "verdict"  # detection to the first verdict, of every detection
    ORDER = "order"  # confirmation to the order, of confirmed damage
    REPAIR = "repair"  # order to the finished measure, of ordered measures
    WHOLE = "whole"  # detection to the finished measure, of confirmed damage


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseDays:
    """Say how long a phase takes.

    Attributes:
        phase: which.
        ended: damages that have left it.
        waiting: damages that are in it.
        median: days within which half of all have left it; None of nothing.
        p90: days within which nine in ten have.
        longest_waiting: days that the longest waiting one has waited; None when none waits.
    """

    phase: Phase
    ended: int
    waiting: int
    median: Days | None
    p90: Days | None
    longest_waiting: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """Count what happened within a period, and what was open at its end.

    Attributes:
        first: first day.
        last: last day.
        detected: damages that surveys found.
        decided: first verdicts.
        ordered: damages for which a measure was ordered.
        finished: damages whose measure was finished.
        open: damages that are confirmed by the last day and not repaired by then.
    """

    first: date
    last: date
    detected: int
    decided: int
    ordered: int
    finished: int
    open: int


def shares_of(assets: Iterable[AssetStanding], *, fiscal_year: int) -> Shares:
    """Count assets in the inspection cycle that holds a fiscal year."""
    known = list(assets)
    first, last = cycle_of(fiscal_year)
    inspected = sum(
        one.level is not None and first <= (one.inspected_fiscal_year or 0) <= last for one in known
    )
    urgent = [one for one in known if (one.level or 0) >= URGENT]
    begun, done = sum(one.begun for one in urgent), sum(one.done for one in urgent)
    one, two, three, four = (sum(a.level == level for a in known) for level in LEVEL_NAMES)
    return Shares(
        assets=len(known),
        inspected=inspected,
        inspected_percent=percent(inspected, len(known)),
        soundness=(one, two, three, four),
        urgent=len(urgent),
        urgent_begun=begun,
        urgent_done=done,
        urgent_begun_percent=percent(begun, len(urgent)),
        urgent_done_percent=percent(done, len(urgent)),
    )


def phases_of(cases: Sequence[DamageCase], today: date) -> tuple[PhaseDays, ...]:
    """Say how long each phase takes, with what is still waiting."""
    return tuple(_phase(phase, cases, today) for phase in Phase)


def _phase(phase: Phase, cases: Sequence[DamageCase], today: date) -> PhaseDays:
    spells = [spell for case in cases if (spell := spell_of(phase, case, today)) is not None]
    waiting = [spell for spell in spells if not spell.ended]
    return PhaseDays(
        phase=phase,
        ended=sum(spell.count for spell in spells if spell.ended),
        waiting=sum(spell.count for spell in waiting),
        median=quantile(spells, MEDIAN),
        p90=quantile(spells, MOST),
        longest_waiting=max((spell.days for spell in waiting), default=None),
    )


def spell_of(phase: Phase, case: DamageCase, today: date) -> Spell | None:
    """Give how long a damage has been in a phase; None when it never was.

    What was ordered before it was confirmed took no day to be ordered.
    """
    ways = {
        Phase.VERDICT: (case.detected, case.decided),
        Phase.ORDER: (case.confirmed, case.ordered or case.finished),
        Phase.REPAIR: (case.confirmed and (case.ordered or case.finished), case.finished),
        Phase.WHOLE: (case.confirmed and case.detected, case.finished),
    }
    began, ended = ways[phase]
    if began is None:
        return None
    days = ((ended or today) - began).days
    return Spell(days=max(days, 0), ended=ended is not None, count=case.count)


def series_of(
    cases: Sequence[DamageCase], periods: Sequence[tuple[date, date]]
) -> tuple[Counted, ...]:
    """Count what happened within each period."""
    return tuple(_counted(cases, first, last) for first, last in periods)


def _counted(cases: Sequence[DamageCase], first: date, last: date) -> Counted:
    def within(day: date | None) -> bool:
        return day is not None and first <= day <= last

    confirmed = [case for case in cases if case.confirmed is not None]
    return Counted(
        first=first,
        last=last,
        detected=sum(case.count for case in cases if within(case.detected)),
        decided=sum(case.count for case in cases if within(case.decided)),
        ordered=sum(c.count for c in confirmed if within(c.ordered or c.finished)),
        finished=sum(c.count for c in confirmed if within(c.finished)),
        open=sum(
            c.count
            for c in confirmed
            if c.confirmed and c.confirmed <= last and not (c.finished and c.finished <= last)
        ),
    )


def months_until(today: date, count: int) -> list[tuple[date, date]]:
    """Give the first and last days of months, oldest first; the last ends today.

    >>> [str(last) for _, last in months_until(date(2026, 3, 10), 3)]
    ['2026-01-31', '2026-02-28', '2026-03-10']
    """
    months = []
    for back in range(count - 1, -1, -1):
        year, month = divmod(today.year * 12 + today.month - 1 - back, 12)
        last = calendar.monthrange(year, month + 1)[1]
        months.append((date(year, month + 1, 1), min(date(year, month + 1, last), today)))
    return months


def days_until(today: date, count: int) -> list[tuple[date, date]]:
    """Give days, each as its first and last, oldest first; the last is today.

    >>> [str(day) for day, _ in days_until(date(2026, 3, 1), 2)]
    ['2026-02-28', '2026-03-01']
    """
    days = [today - timedelta(days=back) for back in range(count - 1, -1, -1)]
    return [(day, day) for day in days]

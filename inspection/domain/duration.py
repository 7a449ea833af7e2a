"""Say how long things take when some are not over yet: quantiles of censored durations.

What is still open has lasted *at least* so long. Leaving it out would make everything look fast
exactly where nothing is done, so it counts as at risk until today (product-limit estimate).

Source: Kaplan, Meier, Nonparametric Estimation from Incomplete Observations, Journal of the
American Statistical Association 53 (1958) 457–481.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from inspection.errors import BadInput

SLACK = 1e-12
"""Rounding of a product of ratios."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spell:
    """Carry how long something took, or has taken until now.

    Attributes:
        days: whole days, 0 for the same day.
        ended: it is over; else it is open and has lasted at least so long.
        count: how many there are of these.
    """

    days: int
    ended: bool
    count: int = 1

    def __post_init__(self) -> None:
        """Check that time runs forward."""
        if self.days < 0 or self.count < 1:
            raise BadInput(f"a spell lasts 0 days or more, once or more: {self.days}, {self.count}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Days:
    """Carry a duration, or what it is at least.

    Attributes:
        days: whole days.
        at_least: it is longer than this; how much is not known yet.
    """

    days: int
    at_least: bool = False


def quantile(spells: Iterable[Spell], share: float) -> Days | None:
    """Give the days within which a share of all is over; None of nothing.

    Where too much is open to know, it is at least the longest time that anything was watched.

    Args:
        spells: all of them, open ones too.
        share: above 0 and below 1; 0.5 is the median.

    >>> quantile([Spell(days=d, ended=True) for d in (3, 5, 40)], 0.5)
    Days(days=5, at_least=False)
    >>> quantile([Spell(days=3, ended=True), Spell(days=90, ended=False, count=2)], 0.5)
    Days(days=90, at_least=True)
    """
    if not 0 < share < 1:
        raise BadInput(f"a quantile lies between 0 and 1, got {share}")
    ends: Counter[int] = Counter()
    leaving: Counter[int] = Counter()
    for spell in spells:
        leaving[spell.days] += spell.count
        ends[spell.days] += spell.count if spell.ended else 0
    if not leaving:
        return None
    at_risk, left = sum(leaving.values()), 1.0
    for days in sorted(leaving):
        left *= 1 - ends[days] / at_risk
        if left <= 1 - share + SLACK:
            return Days(days=days)
        at_risk -= leaving[days]
    return Days(days=max(leaving), at_least=True)

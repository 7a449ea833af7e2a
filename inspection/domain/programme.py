"""Carry what could be done, what money there is, and what was chosen with its reasons.

A year is counted from 0 within a programme; ``Terms.first_year`` names its fiscal year. Money is
whole yen.

Source: domain specification §5.4.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import pairwise
from math import isfinite

from inspection.errors import BadInput

MOST_YEARS = 30
MOST_YEN = 10**14

YEN_PER_RISK = 1e6
"""What full relief (P = 100, ΔRisk = 100) is worth beside money: 10⁶ a point of ΔRisk."""


class Work(StrEnum):
    """Say what is done."""

    EMERGENCY = "emergency"
    INVESTIGATION = "investigation"
    INSPECTION = "inspection"
    PREVENTIVE = "preventive"
    MAJOR = "major"
    REPLACEMENT = "replacement"


REPAIRS = (Work.PREVENTIVE, Work.MAJOR, Work.REPLACEMENT)
"""Alternatives of which an asset gets at most one."""

WORK_WORDS: Mapping[Work, tuple[str, str]] = {
    Work.EMERGENCY: ("応急措置", "emergency measure"),
    Work.INVESTIGATION: ("詳細調査", "detailed investigation"),
    Work.INSPECTION: ("定期点検", "periodic inspection"),
    Work.PREVENTIVE: ("予防保全補修", "preventive repair"),
    Work.MAJOR: ("大規模補修", "major repair"),
    Work.REPLACEMENT: ("更新", "replacement"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """Describe one way to treat an asset.

    Attributes:
        work: what is done.
        cost_yen: what it costs, whole yen, the same in every year.
        relief: (P/100)·ΔRisk·10⁶, before it is discounted for its year.
        saving_yen: expected later costs without it minus those with it; its own cost is not
            among them, for that is what the budget pays.
        name: of the unit cost or estimate behind the cost.
    """

    work: Work
    cost_yen: int
    relief: float
    saving_yen: float = 0.0
    name: str = ""

    def __post_init__(self) -> None:
        """Check the money."""
        if not 0 < self.cost_yen <= MOST_YEN:
            raise BadInput(f"a work costs 1 to {MOST_YEN} yen, got {self.cost_yen}")
        if not (isfinite(self.relief) and isfinite(self.saving_yen)):
            raise BadInput(
                f"relief and saving of a work are numbers, got {self.relief:g} and "
                f"{self.saving_yen:g} yen"
            )

    def benefit(self, year: int, rate: float) -> float:
        """Give B = relief·d(t) + LCC saving with d(t) = 1/(1 + r)^year.

        >>> Option(work=Work.MAJOR, cost_yen=1, relief=120.0, saving_yen=5.0).benefit(1, 0.5)
        85.0
        """
        return self.relief / (1 + rate) ** year + self.saving_yen


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """Put one asset, or one task of a hard rule, up for selection.

    Attributes:
        asset_id: the asset.
        task: ``repair``, or the work that a hard rule asks for.
        tier: 0 emergency, 1 must, 2 competes.
        score: priority 0–100.
        options: ways to treat it; may be empty when no unit cost fits.
        due: last year that is in time for tier 1, from 0.
        district: for bounds on shares of the money.
        rules: hard rules behind the tier, such as ``R1``.
        provisional: rests on a detection that nobody has reviewed.
        why: why there is no option, when there is none.
    """

    asset_id: str
    tier: int
    score: float
    options: tuple[Option, ...]
    task: str = "repair"
    due: int = 0
    district: str = ""
    rules: tuple[str, ...] = ()
    provisional: bool = False
    why: str = ""

    def __post_init__(self) -> None:
        """Check what orders candidates."""
        if self.tier not in (0, 1, 2) or not isfinite(self.score):
            raise BadInput(
                f"candidate {self.asset_id!r} needs the tier 0, 1 or 2 and a score, got "
                f"{self.tier} and {self.score:g}"
            )

    @property
    def key(self) -> tuple[str, str]:
        """Name the candidate within a programme."""
        return self.asset_id, self.task

    @property
    def cheapest(self) -> Option:
        """Give the option that costs least."""
        return min(self.options, key=lambda option: (option.cost_yen, option.work))


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """Carry the money and the rules of a programme.

    Attributes:
        first_year: fiscal year of its first year.
        budgets_yen: money of each year.
        rate: r of d(t), a year; with 0 the years would be equal and their order arbitrary.
        smoothing_yen: most that the spending of a year may differ from the mean; None: not asked.
        bundles: assets whose repairs are done in one year or not at all.
        shares: least and greatest share of all money by district, 0–1.
    """

    first_year: int
    budgets_yen: tuple[int, ...]
    rate: float = 0.02
    smoothing_yen: int | None = None
    bundles: tuple[tuple[str, ...], ...] = ()
    shares: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check years, money and rates."""
        if not 1 <= len(self.budgets_yen) <= MOST_YEARS:
            raise BadInput(
                f"a programme has 1 to {MOST_YEARS} years, got {len(self.budgets_yen)} budgets"
            )
        wrong = [yen for yen in self.budgets_yen if not 0 <= yen <= MOST_YEN]
        if wrong:
            raise BadInput(f"a yearly budget is 0 to {MOST_YEN} yen, got {wrong[0]}")
        if not 0 <= self.rate <= 0.5:
            raise BadInput(f"the yearly rate must be 0 to 0.5, got {self.rate:g}")
        if self.smoothing_yen is not None and self.smoothing_yen < 0:
            raise BadInput(f"the smoothing must be 0 yen or more, got {self.smoothing_yen}")
        twice = [a for a, n in Counter(a for b in self.bundles for a in b).items() if n > 1]
        if twice:
            raise BadInput(f"asset {twice[0]!r} stands in several bundles; join them into one")
        for district, (low, high) in self.shares.items():
            if not 0 <= low <= high <= 1:
                raise BadInput(f"the share of {district!r} must be 0 ≤ low ≤ high ≤ 1")

    @property
    def years(self) -> int:
        """Count the years."""
        return len(self.budgets_yen)

    def fiscal_year(self, year: int) -> int:
        """Name the fiscal year of a year of the programme."""
        return self.first_year + year


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """Say which option of a candidate is done when."""

    candidate: Candidate
    option: Option
    year: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Carry what was chosen.

    Attributes:
        chosen: by year, then by priority.
        left: candidates that were not chosen, by priority.
        method: ``exact`` or ``greedy``.
        benefit: Σ B of what was chosen.
        bound: no choice under the same terms has more benefit than this.
    """

    chosen: tuple[Chosen, ...]
    left: tuple[Candidate, ...]
    method: str
    benefit: float
    bound: float

    @property
    def gap(self) -> float:
        """Give how much better any other choice could be, as a share of the bound, 0–1."""
        if self.bound <= 0:
            return 0.0
        return max(0.0, (self.bound - self.benefit) / self.bound)

    def spend_yen(self, years: int) -> tuple[int, ...]:
        """Give the money of each year."""
        spent = [0] * years
        for one in self.chosen:
            spent[one.year] += one.option.cost_yen
        return tuple(spent)


def check_candidates(candidates: Sequence[Candidate]) -> tuple[Candidate, ...]:
    """Give the candidates by identifier, so that their order decides nothing.

    Raises:
        BadInput: when one stands there twice.
    """
    ordered = sorted(candidates, key=lambda candidate: candidate.key)
    for before, after in pairwise(ordered):
        if before.key == after.key:
            raise BadInput(f"candidate {before.asset_id!r} ({before.task}) stands there twice")
    return tuple(ordered)


def check_selection(selection: Selection, terms: Terms) -> Selection:
    """Give a selection back when it keeps every hard limit.

    Raises:
        BadInput: when a year costs more than its budget, or a candidate is chosen twice.
    """
    keys = [one.candidate.key for one in selection.chosen]
    if len(keys) != len(set(keys)):
        raise BadInput("a candidate was chosen twice")
    spent = selection.spend_yen(terms.years)
    for year, (yen, budget) in enumerate(zip(spent, terms.budgets_yen, strict=True)):
        if yen > budget:
            raise BadInput(
                f"fiscal year {terms.fiscal_year(year)} would cost {yen} yen, its budget is "
                f"{budget} yen"
            )
    return selection

"""Select what is done in which year under yearly budgets, with a proof of how good it is.

Source: domain specification §5.4.
"""

from collections.abc import Sequence
from enum import StrEnum

from inspection.domain.programme import Candidate, Selection, Terms, check_selection
from inspection.errors import Unavailable
from inspection.planning.exact import Solved, relaxed, solve
from inspection.planning.greedy import Choice, Greedy
from inspection.planning.pool import Pool, pool

MOST_BINARIES = 20_000
"""Above, the choice is greedy."""

GAP = 2e-3
"""Closing the last 0.2 % takes a solver minutes and is less than any unit price is worth."""

SECONDS = 30.0


class Method(StrEnum):
    """Say how to choose."""

    AUTO = "auto"
    EXACT = "exact"
    GREEDY = "greedy"


def select(
    candidates: Sequence[Candidate],
    terms: Terms,
    *,
    method: Method = Method.AUTO,
    gap: float = GAP,
    seconds: float = SECONDS,
) -> Selection:
    """Choose at most one option of each candidate and its year, within every yearly budget.

    Emergencies (tier 0) are done in the first year as far as it can pay, the most urgent first;
    then hard rules (tier 1) are met in time as far as the budgets allow; then the rest competes for
    Σ B. The greedy choice is the better of two: by benefit for money, and what the relaxation that
    proves the bound does as a whole, both filled up and improved by swaps. The order of the
    candidates decides nothing. An exact choice is never worse than the
    greedy one, which it is compared with.

    Args:
        candidates: what could be done.
        terms: money and rules.
        method: ``auto`` branches (HiGHS) up to 20 000 binaries, unless the greedy choice is proven
            to be within the gap; smoothing and shares of districts, which the greedy choice does
            not know, are always answered by branching.
        gap: relative gap at which the solver may stop.
        seconds: limit for each of its two solutions.

    Raises:
        BadInput: when a candidate stands there twice, a bundle names a stranger, or smoothing or
            shares cannot be kept.
        Unavailable: when smoothing or shares are asked for and the solver finds nothing in time.
    """
    units = pool(candidates, terms)
    if terms.smoothing_yen is not None or terms.shares:
        solved = solve(units, gap=gap, seconds=seconds)
        return _selection(units, _within(units, solved.choice), Method.EXACT, solved.bound)
    fast = _fast(units)
    large = units.binaries > MOST_BINARIES
    if method is Method.GREEDY or (method is Method.AUTO and (large or _proven(units, fast, gap))):
        return _selection(units, fast.choice, Method.GREEDY, fast.bound)
    try:
        solved = solve(units, gap=gap, seconds=seconds)
    except Unavailable:  # out of time: what is there is whole, and its bound is proven
        return _selection(units, fast.choice, Method.GREEDY, fast.bound)
    choice, bound = _within(units, solved.choice), solved.bound
    if _worth(units, fast.choice) > _worth(units, choice):
        choice, bound = fast.choice, max(bound, _worth(units, fast.choice)[1])
    return _selection(units, choice, Method.EXACT, bound)


def _fast(units: Pool) -> Solved:
    """Choose without branching: the better of greedy and the rounded relaxation, with its bound."""
    greedy = Greedy(units).run()
    loose = relaxed(units, least=_musts(units, greedy))
    rounded = Greedy(units).run_from(_within(units, loose.choice))
    best = max(greedy, rounded, key=lambda one: _worth(units, one))
    return Solved(choice=best, bound=loose.bound)


def _proven(units: Pool, fast: Solved, gap: float) -> bool:
    """Tell whether no choice can be better by more than the gap, neither for rules nor in Σ B."""
    musts, benefit = _worth(units, fast.choice)
    if benefit < (1 - gap) * fast.bound:
        return False
    best = sum(unit.must_weight for unit in units.units)
    if musts < (1 - gap) * best:
        best = relaxed(units, least=0.0, musts=True).bound
    return musts >= (1 - gap) * best


def _musts(units: Pool, choice: Choice) -> float:
    """Give how well hard rules are met."""
    return sum(units.units[i].must_value(year) for i, (_, year) in choice.items())


def _worth(units: Pool, choice: Choice) -> tuple[float, float]:
    """Give how well hard rules are met, then Σ B: the order in which choices are compared."""
    benefit = sum(
        units.units[i].packs[p].benefit(y, units.terms.rate) for i, (p, y) in choice.items()
    )
    return round(_musts(units, choice), 6), benefit


def _within(units: Pool, choice: Choice) -> Choice:
    """Drop what a solver's tolerance put over a budget, the least valuable first."""
    kept = dict(choice)
    for year, budget in enumerate(units.terms.budgets_yen):
        held = sorted(
            (i for i, (_, y) in kept.items() if y == year),
            key=lambda i: (-units.units[i].must_value(year), -_ratio(units, i, kept[i])),
        )
        spent = 0
        for index in held:
            cost = units.units[index].packs[kept[index][0]].cost_yen
            if spent + cost > budget:
                del kept[index]
            else:
                spent += cost
    return kept


def _ratio(units: Pool, index: int, held: tuple[int, int]) -> float:
    pack = units.units[index].packs[held[0]]
    return pack.benefit(held[1], units.terms.rate) / pack.cost_yen


def _selection(units: Pool, choice: Choice, method: Method, bound: float) -> Selection:
    """Put a choice into words of the domain, and check its limits once more."""
    chosen = [
        one
        for index, (pack, year) in choice.items()
        for one in units.units[index].chosen(units.units[index].packs[pack], year)
    ]
    left = [m for i, unit in enumerate(units.units) if i not in choice for m in unit.members]
    benefit = sum(one.option.benefit(one.year, units.terms.rate) for one in chosen)
    found = Selection(
        chosen=tuple(
            sorted(
                chosen,
                key=lambda c: (c.year, c.candidate.tier, -c.candidate.score, c.candidate.key),
            )
        ),
        left=tuple(sorted((*left, *units.unable), key=lambda c: (c.tier, -c.score, c.key))),
        method=method.value,
        benefit=benefit,
        bound=max(bound, benefit),
    )
    return check_selection(found, units.terms)

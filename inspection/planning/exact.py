"""Choose with mixed-integer programming (HiGHS), and bound what any choice could reach.

Source: domain specification §5.4. Money is in thousands of yen inside the solver; budgets are
checked again in whole yen afterwards.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, linprog, milp
from scipy.sparse import coo_array, csr_array, vstack

from inspection.errors import BadInput, Unavailable
from inspection.planning.greedy import Choice
from inspection.planning.pool import Pool

YEN = 1000.0
"""Yen of one unit of money inside the solver."""

NODES = 5000
"""Branches that the solver may look at: unlike seconds, the same on every machine."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Solved:
    """Carry a choice with the bound that the solver proved."""

    choice: Choice
    bound: float


class Model:
    """Lay the decisions of a pool out as columns and its limits as rows.

    A column is one pack of one unit in one year; the rows say: each unit at most once, each year
    within its budget, emergencies that can be paid in the first year, smoothing, shares.
    """

    def __init__(self, pool: Pool) -> None:
        self.pool = pool
        terms = pool.terms
        self.columns = [
            (i, p, year)
            for i, unit in enumerate(pool.units)
            for p, pack in enumerate(unit.packs)
            for year in pool.years(i, pack)
        ]
        packs = [pool.units[i].packs[p] for i, p, _ in self.columns]
        self.unit = np.array([i for i, _, _ in self.columns], int)
        self.year = np.array([year for _, _, year in self.columns], int)
        self.cost = np.array([pack.cost_yen / YEN for pack in packs])
        self.benefit = np.array(
            [pack.benefit(int(y), terms.rate) for pack, y in zip(packs, self.year, strict=True)]
        )
        self.must = np.array([pool.units[i].must_value(y) for i, _, y in self.columns])
        self.rows, self.low, self.high = self._limits()

    def _limits(self) -> tuple[csr_array, Floats, Floats]:
        """Build the rows with their bounds."""
        terms, n = self.pool.terms, len(self.columns)
        at = np.arange(n)
        once = coo_array((np.ones(n), (self.unit, at)), (len(self.pool.units), n))
        fixed = np.array([i in self.pool.funded for i in range(len(self.pool.units))], float)
        spend = coo_array((self.cost, (self.year, at)), (terms.years, n))
        blocks = [once, spend]
        low = [fixed, np.zeros(terms.years)]
        high = [np.ones(len(fixed)), np.array(terms.budgets_yen) / YEN]
        if terms.smoothing_yen is not None:
            mean = np.full((terms.years, 1), 1 / terms.years) * self.cost
            blocks.append(coo_array(spend.toarray() - mean))
            low.append(np.full(terms.years, -terms.smoothing_yen / YEN))
            high.append(np.full(terms.years, terms.smoothing_yen / YEN))
        for district, (least, most) in sorted(terms.shares.items()):
            own = self._cost_in(district)
            blocks.append(coo_array(np.stack([own - least * self.cost, most * self.cost - own])))
            low.append(np.zeros(2))
            high.append(np.full(2, np.inf))
        return csr_array(vstack(blocks)), np.concatenate(low), np.concatenate(high)

    def _cost_in(self, district: str) -> Floats:
        """Give what each column costs in one district."""
        found = []
        for i, p, _ in self.columns:
            unit = self.pool.units[i]
            pairs = zip(unit.members, unit.packs[p].options, strict=True)
            found.append(sum(o.cost_yen for m, o in pairs if m.district == district) / YEN)
        return np.array(found, float)

    def with_musts(self, least: float) -> tuple[csr_array, Floats, Floats]:
        """Give the rows and one more: hard rules are met at least as well as this."""
        if least <= 0:
            return self.rows, self.low, self.high
        slack = 1e-6 * least
        return (
            csr_array(vstack([self.rows, coo_array(self.must[None, :])])),
            np.append(self.low, least - slack),
            np.append(self.high, np.inf),
        )

    def choice(self, x: Floats) -> Choice:
        """Read a choice from the solver's answer."""
        return {i: (p, y) for (i, p, y), on in zip(self.columns, x, strict=True) if on > 0.5}


def solve(pool: Pool, *, gap: float, seconds: float) -> Solved:
    """Choose: first what hard rules ask for, then what has the most benefit.

    Args:
        pool: the units.
        gap: relative gap at which the solver may stop.
        seconds: limit for each of the two solutions.

    Raises:
        BadInput: when smoothing or shares cannot be kept together with the emergencies.
        Unavailable: when the solver finds no choice within its time.
    """
    if not pool.units:
        return Solved(choice={}, bound=0.0)
    model = Model(pool)
    least = 0.0
    if any(model.must > 0):
        first = _milp(model, model.must, 0.0, gap=1e-5, seconds=seconds)
        least = float(model.must @ np.round(first.x))
    found = _milp(model, model.benefit, least, gap=gap, seconds=seconds)
    bound = found.mip_dual_bound
    return Solved(choice=model.choice(found.x), bound=-float(found.fun if bound is None else bound))


def _milp(model: Model, worth: Floats, least: float, *, gap: float, seconds: float):  # type: ignore[no-untyped-def]  # noqa: ANN202 scipy's own
    """Run HiGHS."""
    rows, low, high = model.with_musts(least)
    found = milp(
        -worth,
        integrality=np.ones(len(worth)),
        bounds=Bounds(0, 1),
        constraints=LinearConstraint(rows, low, high),
        options={"mip_rel_gap": gap, "time_limit": seconds, "node_limit": NODES},
    )
    if found.x is not None:
        return found
    if found.status == 2:
        raise BadInput(
            "no programme keeps the smoothing or the shares of the districts together with the "
            "emergencies of the first year; allow more, or leave them out"
        )
    raise Unavailable(
        f"the solver found no programme in {seconds:g} s ({found.message}); allow more seconds"
    )


def relaxed(pool: Pool, *, least: float, musts: bool = False) -> Solved:
    """Choose as if works could be done in part; no choice has more benefit than that.

    The choice given back has only what is done as a whole: all but a few units, as many as there
    are budgets.

    Args:
        pool: the units.
        least: how well hard rules must be met (Σ of ``Unit.must_value``).
        musts: bound how well hard rules can be met, instead of the benefit.

    Raises:
        Unavailable: when the solver fails.
    """
    if not pool.units:
        return Solved(choice={}, bound=0.0)
    model = Model(pool)
    rows, low, high = model.with_musts(least)
    equal = low == high
    upper = ~equal & np.isfinite(high)
    lower = ~equal & np.isfinite(low) & ((low != 0) | ~np.isfinite(high))
    found = linprog(
        -(model.must if musts else model.benefit),
        A_ub=vstack([rows[upper], -rows[lower]]),
        b_ub=np.concatenate([high[upper], -low[lower]]),
        A_eq=rows[equal] if equal.any() else None,
        b_eq=high[equal] if equal.any() else None,
        bounds=(0, 1),
        method="highs-ds",
    )
    if found.status != 0:
        raise Unavailable(f"the bound of the programme could not be computed: {found.message}")
    whole = np.where(found.x > 1 - 1e-6, 1.0, 0.0)
    return Solved(choice=model.choice(whole), bound=-float(found.fun))

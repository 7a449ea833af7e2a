"""Choose by benefit for money, improved by swaps: fast, needs no solver, and never over budget.

Source: domain specification §5.4 (greedy by B/c with one-swap improvement).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inspection.planning.pool import Pack, Pool, Unit

SWAP_TRIES = 400
"""Units left out, best first, for which a swap is sought in each round."""

ROUNDS = 6

Choice = Mapping[int, tuple[int, int]]
"""Pack and year by unit."""

Packs = Mapping[int, int]
"""Pack by unit."""


@dataclass(frozen=True, slots=True)
class _Step:
    """Buy a pack, or a better one instead of the last."""

    ratio: float
    unit: int
    before: int | None
    after: int


class Greedy:
    """Fill the years of one pool."""

    def __init__(self, pool: Pool) -> None:
        self.pool, self.rate = pool, pool.terms.rate
        self.left = list(pool.terms.budgets_yen)
        self.choice: dict[int, tuple[int, int]] = {}

    def run(self) -> Choice:
        """Choose: hard rules first, then by benefit for money, then swaps."""
        self._musts()
        self._compete()
        return self._polished()

    def run_from(self, begun: Choice) -> Choice:
        """Go on from a choice that keeps every budget: missing hard rules, then what still fits.

        A hard rule that does not fit displaces what competes, the least benefit for money first.
        """
        for index, (pack, year) in begun.items():
            self.choice[index] = (pack, year)
            self.left[year] -= self.pool.units[index].packs[pack].cost_yen
        for index in self._must_order():
            if index not in self.choice and not self._place_in_time(index):
                self._displace(index)
                self._place(index, 0)
        return self._polished()

    def _polished(self) -> Choice:
        """Spend what is left, and swap as long as that helps."""
        for _ in range(ROUNDS):
            self._fill()
            if not self._swap():
                break
        return self.choice

    def _musts(self) -> None:
        """Do what hard rules ask for, most urgent first, each in its earliest year."""
        for index in self._must_order():
            self._place(index, 0)

    def _must_order(self) -> list[int]:
        """List what hard rules ask for, most urgent first."""
        units = self.pool.units
        musts = [i for i, unit in enumerate(units) if unit.tier < 2]
        return sorted(
            musts,
            key=lambda i: (i not in self.pool.funded, units[i].tier, -units[i].score, i),
        )

    def _place_in_time(self, index: int) -> bool:
        """Do the cheapest pack of a hard rule, when a year in time can pay."""
        unit = self.pool.units[index]
        cost = unit.packs[0].cost_yen
        for year in self.pool.years(index, unit.packs[0]):
            if year <= unit.due and cost <= self.left[year]:
                self.left[year] -= cost
                self.choice[index] = (0, year)
                return True
        return False

    def _displace(self, index: int) -> None:
        """Make room for a hard rule in the last year that is in time."""
        unit = self.pool.units[index]
        years = [y for y in self.pool.years(index, unit.packs[0]) if y <= unit.due]
        if not years:
            return
        year, cost = years[-1], unit.packs[0].cost_yen
        held = [
            i for i, (_, y) in self.choice.items() if y == year and self.pool.units[i].tier == 2
        ]
        packs = {i: self.pool.units[i].packs[self.choice[i][0]] for i in held}
        if self.left[year] + sum(pack.cost_yen for pack in packs.values()) < cost:
            return
        for i in sorted(held, key=lambda i: (self._benefit(packs[i], year) / packs[i].cost_yen, i)):
            if self.left[year] >= cost:
                break
            self.left[year] += packs[i].cost_yen
            del self.choice[i]

    def _place(self, index: int, pack: int) -> bool:
        """Do a pack in the earliest year that can pay and where it helps."""
        unit = self.pool.units[index]
        for year in self.pool.years(index, unit.packs[pack]):
            if unit.packs[pack].cost_yen <= self.left[year] and (
                unit.tier < 2 or self._benefit(unit.packs[pack], year) > 0
            ):
                self.left[year] -= unit.packs[pack].cost_yen
                self.choice[index] = (pack, year)
                return True
        return False

    def _benefit(self, pack: Pack, year: int) -> float:
        return pack.benefit(year, self.rate)

    def _steps(self) -> list[_Step]:
        """List what money could buy, best value first."""
        steps = [s for i, unit in enumerate(self.pool.units) for s in self._hull(i, unit)]
        return sorted(steps, key=lambda s: (-s.ratio, s.unit, s.after))

    def _hull(self, index: int, unit: Unit) -> Iterator[_Step]:
        """Give the packs on the upper hull of benefit over cost, as steps from one to the next."""
        before = 0 if unit.tier < 2 else None
        while True:
            cost = 0 if before is None else unit.packs[before].cost_yen
            had = 0.0 if before is None else self._benefit(unit.packs[before], 0)
            best: tuple[float, int] | None = None
            for after in range(0 if before is None else before + 1, len(unit.packs)):
                gain = self._benefit(unit.packs[after], 0) - had
                more = unit.packs[after].cost_yen - cost
                ratio = gain / more if more else float("inf")
                if gain > 0 and (best is None or ratio > best[0]):
                    best = (ratio, after)
            if best is None:
                return
            yield _Step(best[0], index, before, best[1])
            before = best[1]

    def _compete(self) -> None:
        """Decide how to treat each unit as if all years had one purse, then find it a year.

        Going year by year would fill the first year with cheap works and leave no money in it for
        the better ones.
        """
        target, order = {i: pack for i, (pack, _) in self.choice.items()}, []
        purse = sum(self.left)
        for step in self._steps():
            packs = self.pool.units[step.unit].packs
            spent = 0 if step.before is None else packs[step.before].cost_yen
            more = packs[step.after].cost_yen - spent
            if target.get(step.unit) == step.before and more <= purse:
                purse -= more
                target[step.unit] = step.after
                order.append(step.unit)
        for index in dict.fromkeys(order):
            if index in self.choice:
                self._change(index, target[index], self.choice[index][1])
        for index in sorted(set(order) - self.choice.keys(), key=lambda i: self._rank(i, target)):
            for pack in range(target[index], -1, -1):
                if self._place(index, pack):
                    break

    def _rank(self, index: int, target: Packs) -> tuple[float, int]:
        """Order units by the benefit for money of what is meant to be done."""
        pack = self.pool.units[index].packs[target[index]]
        return -self._benefit(pack, 0) / pack.cost_yen, index

    def _change(self, index: int, after: int, year: int) -> bool:
        """Do a better pack in the same year, when the year can pay."""
        packs = self.pool.units[index].packs
        before = self.choice[index][0]
        more = packs[after].cost_yen - packs[before].cost_yen
        gain = self._benefit(packs[after], year) - self._benefit(packs[before], year)
        if gain <= 0 or more > self.left[year]:
            return False
        self.left[year] -= more
        self.choice[index] = (after, year)
        return True

    def _waiting(self) -> list[int]:
        """List the units that compete and are not chosen, best value first."""
        waiting = [i for i, u in enumerate(self.pool.units) if u.tier == 2 and i not in self.choice]
        return sorted(
            waiting,
            key=lambda i: (
                -max(self._benefit(p, 0) / p.cost_yen for p in self.pool.units[i].packs),
                i,
            ),
        )

    def _fill(self) -> None:
        """Spend what is left on whatever fits, and on better packs."""
        for index in self._waiting():
            packs = self.pool.units[index].packs
            order = sorted(range(len(packs)), key=lambda p: -self._benefit(packs[p], 0))
            any(self._place(index, pack) for pack in order)
        for index in sorted(self.choice):
            for after in range(len(self.pool.units[index].packs) - 1, self.choice[index][0], -1):
                if self._change(index, after, self.choice[index][1]):
                    break

    def _swap(self) -> bool:
        """Put units left out in the place of chosen ones where that helps more."""
        units = self.pool.units
        waiting = sorted(
            self._waiting(), key=lambda i: (-max(self._benefit(p, 0) for p in units[i].packs), i)
        )[:SWAP_TRIES]
        held = [i for i in sorted(self.choice) if units[i].tier == 2]
        if not held or not waiting:
            return False
        year = np.array([self.choice[i][1] for i in held])
        packs = [units[i].packs[self.choice[i][0]] for i in held]
        cost = np.array([p.cost_yen for p in packs])
        worth = np.array([self._benefit(p, int(y)) for p, y in zip(packs, year, strict=True)])
        swapped = False
        for index in waiting:
            found = self._best_swap(index, year, cost, worth)
            if found is None:
                continue
            number, at = found
            pack = units[index].packs[number]
            del self.choice[held[at]]
            self.left[int(year[at])] += int(cost[at]) - pack.cost_yen
            self.choice[index] = (number, int(year[at]))
            held[at], cost[at] = index, pack.cost_yen
            worth[at] = self._benefit(pack, int(year[at]))
            swapped = True
        return swapped

    def _best_swap(
        self,
        index: int,
        year: NDArray[np.int64],
        cost: NDArray[np.int64],
        worth: NDArray[np.float64],
    ) -> tuple[int, int] | None:
        """Find the pack of a unit, and the chosen one that it beats most."""
        room = np.array(self.left)[year] + cost
        best: tuple[float, int, int] | None = None
        for number, pack in enumerate(self.pool.units[index].packs):
            gains = pack.relief / (1 + self.rate) ** year + pack.saving_yen - worth
            gains = np.where(pack.cost_yen <= room, gains, -np.inf)
            at = int(np.argmax(gains))
            if gains[at] > 1e-9 and (best is None or gains[at] > best[0]):
                best = (float(gains[at]), number, at)
        return None if best is None else best[1:]

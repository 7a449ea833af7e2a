"""Scores + price list + effects of works → candidates of a programme with costs and benefits."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inspection.codelists.ageing import Ageing, load_effects
from inspection.domain.asset import AssetKind
from inspection.domain.assetsheet import LedgerEntry
from inspection.domain.deterioration import life_cycle_cost, one_hot
from inspection.domain.notation import fold
from inspection.domain.prioritytable import Case, ScoreTable, score_table
from inspection.domain.programme import REPAIRS, YEN_PER_RISK, Candidate, Option, Terms, Work
from inspection.domain.repaireffect import Effects, risk_relief
from inspection.domain.unitcost import Priced, Sized, UnitCost, price
from inspection.pipeline.rank import Known

LCC_CYCLES = 6
"""Cycles of five years over which life-cycle costs are compared: 30 years."""

TASKS: Mapping[str, Work] = {
    "R2": Work.EMERGENCY,
    "R4": Work.INVESTIGATION,
    "R5": Work.INSPECTION,
}
"""What hard rules ask for beside a repair."""

REPAIR_RULES = frozenset({"R1", "R3"})
DUE_YEARS = 5
"""III is repaired before the next periodic inspection, at the latest in that fiscal year."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Priceable:
    """Carry what candidates are made from.

    Attributes:
        known: the assets.
        table: their scores.
        rows: the price list.
        ageing: how bridges age.
        lcc_rate: r of life-cycle costs, a year.
    """

    known: Known
    table: ScoreTable
    rows: Sequence[UnitCost]
    ageing: Ageing
    lcc_rate: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """Carry what is put up for selection, and how many assets are not, by reason."""

    candidates: tuple[Candidate, ...]
    left_out: Mapping[str, int]


def offer(source: Priceable, terms: Terms) -> Offer:
    """Put up for selection what is not sound and not repaired, and every task of a hard rule.

    Args:
        source: assets, scores and prices.
        terms: years of the programme, by which due dates are counted.
    """
    left_out = Counter({"refused": len(source.table.refused)})
    found: list[Candidate] = []
    for kind, rows in _by_kind(source.table).items():
        repairs = _Repairs(source, terms, load_effects()[kind])
        found += repairs.candidates([source.table.cases[row] for row in rows], rows, left_out)
    found += [task for case in source.table.cases for task in _tasks(source, case)]
    return Offer(candidates=tuple(found), left_out={k: n for k, n in left_out.items() if n})


def _by_kind(table: ScoreTable) -> dict[AssetKind, list[int]]:
    """Sort assets by the effects that apply to them; what is no pavement is treated as a bridge."""
    found: dict[AssetKind, list[int]] = {}
    for row, case in enumerate(table.cases):
        road = case.kind is AssetKind.PAVEMENT_SECTION
        kind = AssetKind.PAVEMENT_SECTION if road else AssetKind.BRIDGE
        found.setdefault(kind, []).append(row)
    return found


class _Repairs:
    """Put up the repairs of one kind of asset."""

    def __init__(self, source: Priceable, terms: Terms, effects: Effects) -> None:
        self.source, self.terms, self.effects = source, terms, effects

    def candidates(
        self, cases: Sequence[Case], rows: Sequence[int], left_out: Counter[str]
    ) -> list[Candidate]:
        """Give the candidates among some assets, and count the others."""
        scores = dict(
            zip((case.asset_id for case in cases), self.source.table.score[list(rows)], strict=True)
        )
        rules = {case.asset_id: self._rules(case) for case in cases}
        wanted = []
        for case in cases:
            reason = self._passed_over(case) if not rules[case.asset_id] else ""
            left_out[reason] += bool(reason)
            if not reason:
                wanted.append(case)
        options = self._options([c for c in wanted if self._condition(c)], scores)
        return [
            self._candidate(case, options.get(case.asset_id), scores, rules[case.asset_id])
            for case in wanted
        ]

    def _condition(self, case: Case) -> str:
        return str(case.attributes.get(self.effects.condition, ""))

    def _passed_over(self, case: Case) -> str:
        """Say why an asset needs no repair; empty when it may."""
        if self._condition(case) == self.effects.states[0]:
            return "sound"
        return "measure_done" if case.attributes.get("measure_done") is True else ""

    def _rules(self, case: Case) -> tuple[str, ...]:
        """Name the hard rules that want a repair."""
        codes = fold(str(case.attributes.get("countermeasures", ""))).upper()
        if case.attributes.get("soundness") not in ("III", "IV") and "E" not in codes:
            return ()
        found = case.explain(self.source.table.model).rules
        return tuple(rule.rule for rule in found if rule.rule in REPAIR_RULES)

    def _candidate(
        self,
        case: Case,
        priced: "tuple[Option, ...] | str | None",
        scores: Mapping[str, float],
        rules: tuple[str, ...],
    ) -> Candidate:
        """Put up one repair with the tier and the year that hard rules ask for."""
        due = _due(case, self.source.known.fiscal_year, self.terms)
        tier = 0 if "R1" in rules else 1 if rules or due is not None else 2
        why = "not_diagnosed" if priced is None else priced if isinstance(priced, str) else ""
        return Candidate(
            asset_id=case.asset_id,
            tier=tier,
            score=float(scores[case.asset_id]),
            options=priced if isinstance(priced, tuple) else (),
            due=0 if tier == 0 or due is None else due,
            district=self.source.known.entries[case.asset_id].sheet.municipality,
            rules=rules or (("R3",) if due is not None else ()),
            why=why,
        )

    def _options(
        self, cases: Sequence[Case], scores: Mapping[str, float]
    ) -> dict[str, "tuple[Option, ...] | str"]:
        """Give the repairs that each asset may get, or why there is none."""
        found: dict[str, list[Option]] = {case.asset_id: [] for case in cases}
        why = dict.fromkeys(found, "no_cost")
        later = self._later(cases)
        for work in (w for w in REPAIRS if w in self.effects.works):
            offered: list[tuple[Case, Priced]] = []
            for case in cases:
                if self._condition(case) not in self.effects.works[work].meant_for:
                    continue
                one = self._price(case, work, self._condition(case))
                if isinstance(one, Priced):
                    offered.append((case, one))
                elif one == "no_quantity":
                    why[case.asset_id] = one
            for (case, one), relief, saving in zip(
                offered, *self._worth(work, offered, later), strict=True
            ):
                points = scores[case.asset_id] / 100 * relief * YEN_PER_RISK
                found[case.asset_id].append(
                    Option(
                        work=work,
                        cost_yen=one.cost_yen,
                        relief=float(points),
                        saving_yen=float(saving),
                        name=one.row.name,
                    )
                )
        return {name: tuple(some) if some else why[name] for name, some in found.items()}

    def _price(self, case: Case, work: Work, condition: str) -> Priced | str:
        sized = _sized(case, self.source.known.entries[case.asset_id], condition)
        return price(sized, work, self.source.rows, meant_for=frozenset())

    def _later(self, cases: Sequence[Case]) -> dict[str, tuple[float, float]]:
        """Give what a major repair at III and a replacement at IV would cost, NaN if unknown."""
        if self.effects.condition != "soundness":
            return {}
        found = {}
        for case in cases:
            pair = (
                self._price(case, Work.MAJOR, "III"),
                self._price(case, Work.REPLACEMENT, "IV"),
            )
            found[case.asset_id] = (_yen(pair[0]), _yen(pair[1]))
        return found

    def _worth(
        self,
        work: Work,
        offered: Sequence[tuple[Case, Priced]],
        later: Mapping[str, tuple[float, float]],
    ) -> tuple[Floats, Floats]:
        """Give ΔRisk of a work and its life-cycle saving in yen, (n,) each."""
        if not offered:
            return np.zeros(0), np.zeros(0)
        cases = [case for case, _ in offered]
        table = score_table(tuple(cases), model=self.source.table.model)
        relief = risk_relief(table, self.effects, work)
        saving = np.zeros(len(cases))
        costs = np.array([later.get(c.asset_id, (np.nan, np.nan)) for c in cases], float)
        rows = np.flatnonzero(~np.isnan(costs).any(axis=1))
        if len(rows):
            saving[rows] = self._saved(work, [cases[int(row)] for row in rows], costs[rows])
        return relief, saving

    def _saved(self, work: Work, cases: Sequence[Case], costs: Floats) -> Floats:
        """Give later costs without a work minus later costs with it, yen, (n,)."""
        attributes = [case.attributes for case in cases]
        now = one_hot([self._condition(case) for case in cases])
        effects = self.effects.works
        without, treated = (
            life_cycle_cost(
                shares,
                self.source.ageing.transitions(attributes),
                renewal={w.value: effects[w].matrix for w in (Work.MAJOR, Work.REPLACEMENT)},
                costs={"major": costs[:, 0], "replacement": costs[:, 1]},
                cycles=LCC_CYCLES,
                rate=self.source.lcc_rate,
            )
            for shares in (now, now @ effects[work].matrix)
        )
        return without - treated


def _yen(one: Priced | str) -> float:
    return float(one.cost_yen) if isinstance(one, Priced) else float("nan")


def _due(case: Case, fiscal_year: int, terms: Terms) -> int | None:
    """Give the year of the programme by which rule R3 wants a bridge of soundness III repaired.

    None when it is no such bridge, its diagnosis has no year, or that year lies beyond.
    """
    waited = _number(case, "years_since_diagnosis")
    if (
        case.attributes.get("soundness") != "III"
        or case.attributes.get("measure_done") is True
        or waited is None
    ):
        return None
    due = int(fiscal_year - waited) + DUE_YEARS - terms.first_year
    return max(0, due) if due < terms.years else None


def _sized(case: Case, entry: LedgerEntry, condition: str) -> Sized:
    """Give what the price of an asset depends on."""
    length, width = _number(case, "length_m"), _number(case, "width_m")
    if entry.section is not None:
        length = entry.section.length_m or length
        width = entry.section.width_m or width
    return Sized(
        asset_id=case.asset_id,
        kind=case.kind,
        condition=condition,
        structure=entry.sheet.structure,
        length_m=length,
        width_m=width,
    )


def _number(case: Case, name: str) -> float | None:
    value = case.attributes.get(name)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _tasks(source: Priceable, case: Case) -> list[Candidate]:
    """Put up what hard rules ask for beside a repair."""
    if not _asks(case):
        return []
    explained = case.explain(source.table.model)
    sized = _sized(case, source.known.entries[case.asset_id], "")
    found = []
    for rule in explained.rules:
        if rule.rule not in TASKS:
            continue
        work = TASKS[rule.rule]
        one = price(sized, work, source.rows, meant_for=frozenset())
        options: tuple[Option, ...] = ()
        if isinstance(one, Priced):
            options = (Option(work=work, cost_yen=one.cost_yen, relief=0.0, name=one.row.name),)
        found.append(
            Candidate(
                asset_id=case.asset_id,
                task=work.value,
                tier=rule.tier,
                score=explained.score,
                options=options,
                district=source.known.entries[case.asset_id].sheet.municipality,
                rules=(rule.rule,),
                provisional=rule.provisional,
                why=one if isinstance(one, str) else "",
            )
        )
    return found


def _asks(case: Case) -> bool:
    """Tell cheaply whether one of the rules R2, R4, R5 might apply."""
    codes = fold(str(case.attributes.get("countermeasures", ""))).upper()
    return (
        case.evidence.falling.value != "none"
        or "E2" in codes
        or "S1" in codes
        or bool(case.attributes.get("overdue_years"))
    )

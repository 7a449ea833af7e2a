"""Say what works do to the condition of an asset, and how much risk they take away.

Source: domain specification §5.4 (ΔRisk), §5.5 (repair effect R_a; D, placeholders).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from inspection.domain.prioritytable import Case, ScoreTable, score_table
from inspection.domain.programme import Work
from inspection.errors import BadInput

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """Describe what one work does to one kind of asset.

    Attributes:
        work: the work.
        meant_for: conditions for which it is offered.
        matrix: R_a, probability of each condition afterwards, (k, k), rows as ``states``.
        clears: attributes that no longer hold afterwards, such as the worst damage grade.
    """

    work: Work
    meant_for: frozenset[str]
    matrix: Floats
    clears: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Effects:
    """Hold the code-list ``repair_effect`` for one kind of asset.

    Attributes:
        condition: attribute with the diagnosis.
        states: conditions from good to bad.
        works: by work.
    """

    condition: str
    states: tuple[str, ...]
    works: Mapping[Work, Effect]

    def state(self, condition: object) -> int:
        """Give the place of a condition.

        Raises:
            BadInput: when it is none.
        """
        if condition not in self.states:
            raise BadInput(f"condition {condition!r} is none of {', '.join(self.states)}")
        return self.states.index(str(condition))


def risk_relief(table: ScoreTable, effects: Effects, work: Work) -> Floats:
    """Give ΔRisk of a work on each asset: risk now minus expected risk afterwards, ≥ 0, (n,).

    Risk is L·C/100. Afterwards the diagnosis is fresh, what the work clears no longer counts, and
    the condition is spread as R_a says; salt, traffic and importance stay.

    Args:
        table: scores of diagnosed assets of one kind.
        effects: of that kind.
        work: the work.
    """
    effect = effects.works[work]
    now = np.array([effects.state(c.attributes.get(effects.condition)) for c in table.cases], int)
    after = np.zeros(len(table.cases))
    for state, name in enumerate(effects.states):
        share = effect.matrix[now, state]
        rows = np.flatnonzero(share > 0)
        if not len(rows):
            continue
        cases = [_treated(table.cases[int(row)], effects, effect, name) for row in rows]
        renewed = score_table(cases, model=table.model)
        if renewed.refused:
            raise BadInput(f"a treated asset cannot be scored: {dict(renewed.refused)}")
        after[rows] += share[rows] * renewed.risk
    return np.maximum(0.0, table.risk - after)


def _treated(case: Case, effects: Effects, effect: Effect, state: str) -> Case:
    """Give an asset as it is known after the work."""
    kept = {name: value for name, value in case.attributes.items() if name not in effect.clears}
    known: dict[str, str | float | bool] = {
        **kept,
        effects.condition: state,
        "years_since_diagnosis": 0,
        "overdue_years": 0,
    }
    known |= {name: _NOTHING[name] for name in effect.clears if name in _NOTHING}
    evidence = replace(case.evidence, condition=None, observed={})
    return Case(asset_id=case.asset_id, kind=case.kind, attributes=known, evidence=evidence)


_NOTHING: Mapping[str, str | float | bool] = {
    "worsened_steps": 0,
    "crack_growth": False,
    "asr": False,
    "scour": False,
    "pre_1980_seismic": False,
    "age_years": 0,
    "mci_bad": False,
    "potholes": 0,
    "crack_excess_percent": 0,
}
"""What a cleared attribute is known to be, where leaving it out would count as unknown."""


def works_offered(effects: Effects, condition: str, works: Sequence[Work]) -> tuple[Work, ...]:
    """List the works that are meant for a condition."""
    return tuple(w for w in works if w in effects.works and condition in effects.works[w].meant_for)

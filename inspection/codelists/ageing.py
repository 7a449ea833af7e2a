"""Load how assets age and what works do to them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inspection.codelists.codelist import Codelist, load_codelist, number
from inspection.domain.asset import AssetKind
from inspection.domain.deterioration import check_transition, harder
from inspection.domain.prioritymodel import Attribute
from inspection.domain.programme import Work
from inspection.domain.repaireffect import Effect, Effects
from inspection.domain.soundness import SOUNDNESS
from inspection.errors import BadCodelist, BadInput

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ageing:
    """Hold the code-list ``deterioration``, or an estimate that stands in for its matrix.

    Attributes:
        name: code-list and version, or the name of the estimate.
        transition: (4, 4), one cycle of five years.
        hazards: factor by attribute and value, as text.
        over: (bound, factor) by attribute whose number counts above a bound.
    """

    name: str
    transition: Floats
    hazards: Mapping[str, Mapping[str, float]]
    over: Mapping[str, tuple[float, float]]

    def hazard(self, attributes: Mapping[str, Attribute]) -> float:
        """Give the factor on the worsening of one asset; 1 for what is unknown."""
        factor = 1.0
        for name, by_value in self.hazards.items():
            value = attributes.get(name)
            text = str(value).lower() if isinstance(value, bool) else str(value)
            factor *= by_value.get(text, 1.0)
        for name, (bound, times) in self.over.items():
            value = attributes.get(name)
            if isinstance(value, int | float) and not isinstance(value, bool) and value > bound:
                factor *= times
        return factor

    def transitions(self, assets: Sequence[Mapping[str, Attribute]]) -> Floats:
        """Give the matrix of each asset, (n, 4, 4)."""
        return harder(self.transition, np.array([self.hazard(a) for a in assets], float))


@lru_cache(maxsize=1)
def load_ageing() -> Ageing:
    """Load the default chain."""
    return ageing(load_codelist("deterioration"))


def ageing(codelist: Codelist) -> Ageing:
    """Build the chain from its code-list.

    Raises:
        BadCodelist: when the matrix is none, or a hazard is wrong.
    """
    try:
        if tuple(codelist["states"]) != SOUNDNESS:
            raise ValueError(f"the states must be {', '.join(SOUNDNESS)}")
        hazards: dict[str, Mapping[str, float]] = {}
        over: dict[str, tuple[float, float]] = {}
        for name, row in codelist["hazards"].items():
            if "over" in row:
                over[str(name)] = (number(row["over"]), number(row["factor"]))
            else:
                hazards[str(name)] = {str(value): number(f) for value, f in row.items()}
        factors = [f for row in hazards.values() for f in row.values()]
        if min([*factors, *(f for _, f in over.values())], default=1.0) < 0:
            raise ValueError("a hazard is a factor of 0 or more")
        return Ageing(
            name=f"{codelist.id}/{codelist.version}",
            transition=check_transition(codelist["transition"]),
            hazards=hazards,
            over=over,
        )
    except (AttributeError, KeyError, TypeError, ValueError, BadInput) as error:
        raise BadCodelist(f"code-list {codelist.id!r}: {error}") from error


@lru_cache(maxsize=1)
def load_effects() -> Mapping[AssetKind, Effects]:
    """Load what works do, by kind of asset."""
    return effects(load_codelist("repair_effect"))


def effects(codelist: Codelist) -> Mapping[AssetKind, Effects]:
    """Build the effects from their code-list.

    Raises:
        BadCodelist: when a work, a condition or a matrix is wrong.
    """
    try:
        return {AssetKind(kind): _effects(row) for kind, row in codelist["kinds"].items()}
    except (AttributeError, KeyError, TypeError, ValueError, BadInput) as error:
        raise BadCodelist(f"code-list {codelist.id!r}: {error}") from error


def _effects(row: Mapping[str, Any]) -> Effects:
    states = tuple(str(state) for state in row["states"])
    works = {}
    for name, effect in row["works"].items():
        matrix = check_transition(effect["matrix"], worsening=False)
        meant_for = frozenset(str(state) for state in effect["meant_for"])
        if matrix.shape != (len(states), len(states)) or not meant_for <= set(states):
            raise ValueError(f"work {name!r} does not fit the states {', '.join(states)}")
        if np.any(np.triu(matrix, 1) > 0):
            raise ValueError(f"work {name!r} makes a condition worse")
        works[Work(name)] = Effect(
            work=Work(name),
            meant_for=meant_for,
            matrix=matrix,
            clears=frozenset(str(one) for one in effect["clears"]),
        )
    return Effects(condition=str(row["condition"]), states=states, works=works)

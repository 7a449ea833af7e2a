"""Forecast how many assets have which soundness, with a programme and without.

Source: domain specification §5.5, §5.6.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inspection.domain.deterioration import STEP_YEARS, forecast, one_hot
from inspection.domain.programme import Work
from inspection.domain.repaireffect import Effects

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class GradeForecast:
    """Carry expected numbers of assets by soundness.

    Attributes:
        states: conditions from good to bad.
        years: years from now of each row: 0, 5, 10, ….
        without: expected assets, (steps + 1, k) float64.
        programme: the same with the works of a programme.
        left_out: assets that are not counted, by reason.
    """

    states: tuple[str, ...]
    years: tuple[int, ...]
    without: Floats
    programme: Floats
    left_out: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Treatment:
    """Say which work an asset gets, and in which year of the programme, from 0."""

    work: Work
    year: int


def forecast_grades(
    conditions: Sequence[str],
    treatments: Sequence[Treatment | None],
    transition: Floats,
    *,
    effects: Effects,
    steps: int,
    left_out: Mapping[str, int] | None = None,
) -> GradeForecast:
    """Forecast both ways.

    A work counts before the ageing of the cycle in which it is done; without the programme nothing
    is repaired.

    Args:
        conditions: diagnosed condition of each asset.
        treatments: what each asset gets; None for nothing.
        transition: (k, k), or (n, k, k) with one for each asset.
        effects: what works do.
        steps: cycles of five years.
        left_out: assets that are not in ``conditions``, by reason.
    """
    now = one_hot(conditions)
    without = forecast(now, transition, steps=steps).sum(axis=1)
    told = [now.sum(axis=0)]
    for cycle in range(steps):
        now = _treat(now, treatments, effects, cycle)
        now = forecast(now, transition, steps=1)[1]
        told.append(now.sum(axis=0))
    return GradeForecast(
        states=effects.states,
        years=tuple(STEP_YEARS * step for step in range(steps + 1)),
        without=without,
        programme=np.stack(told),
        left_out=left_out or {},
    )


def _treat(
    now: Floats, treatments: Sequence[Treatment | None], effects: Effects, cycle: int
) -> Floats:
    """Apply the works of one cycle."""
    after = now.copy()
    for row, one in enumerate(treatments):
        if one is not None and one.year // STEP_YEARS == cycle and one.work in effects.works:
            after[row] = now[row] @ effects.works[one.work].matrix
    return after

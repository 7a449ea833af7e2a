"""Forecast soundness with a Markov chain, estimate it from two cycles, apply repairs.

One step is one cycle of five years. There are no yearly steps: the five-year matrix has no
fractional power that is a matrix of probabilities.

Source: domain specification §5.5.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from inspection.domain.soundness import SOUNDNESS
from inspection.errors import BadInput

Floats = NDArray[np.float64]
STEP_YEARS = 5
SHRINKAGE = 20.0
"""α: how many observations the prior counts for."""

MEASURE, IMPROVED = "with a measure in between", "improved without a measure"
"""Why pairs are left out."""

Z_90 = 1.6448536269514722
"""Standard normal quantile of a two-sided 90 % interval."""


def check_transition(matrix: ArrayLike, *, worsening: bool = True) -> Floats:
    """Give a matrix of probabilities, (k, k) float64, when it is one.

    Args:
        matrix: from (row) to (column).
        worsening: it describes time, so that nothing gets better by itself.

    Raises:
        BadInput: when a row does not add up to 1, an entry is negative, or a state improves.
    """
    found = np.asarray(matrix, float)
    if found.ndim != 2 or found.shape[0] != found.shape[1]:
        raise BadInput(f"a transition matrix is square, got shape {found.shape}")
    if not np.all(found >= 0) or not np.allclose(found.sum(axis=1), 1, atol=1e-9):
        raise BadInput(
            "the rows of a transition matrix are probabilities that add up to 1, got "
            f"{[round(float(s), 6) for s in found.sum(axis=1)]}"
        )
    if worsening and np.any(np.tril(found, -1) > 0):
        raise BadInput("a transition matrix of time cannot improve a state; use a repair matrix")
    return found


def forecast(shares: ArrayLike, transition: ArrayLike, *, steps: int) -> Floats:
    """Give the distribution over states after 0, 1, … steps, (steps + 1, …, k).

    Args:
        shares: (k,) or (n, k): one distribution, or one for each asset.
        transition: (k, k), or (n, k, k) with one for each asset.
        steps: cycles of five years.

    >>> P = [[0.88, 0.11, 0.01, 0], [0, 0.95, 0.049, 0.001], [0, 0, 0.96, 0.04], [0, 0, 0, 1]]
    >>> [round(float(share), 4) for share in forecast([1, 0, 0, 0], P, steps=10)[-1]]
    [0.2785, 0.5032, 0.1854, 0.0329]
    """
    if not 0 <= steps <= 40:
        raise BadInput(f"a forecast runs over 0 to 40 cycles of {STEP_YEARS} years, got {steps}")
    now, matrix = np.asarray(shares, float), np.asarray(transition, float)
    told = [now]
    for _ in range(steps):
        now = np.einsum("...i,...ij->...j", now, matrix)
        told.append(now)
    return np.stack(told)


def harder(transition: ArrayLike, hazard: ArrayLike) -> Floats:
    """Give the matrix of assets that age faster: off-diagonals times a hazard, rows to 1 again.

    Args:
        transition: (k, k).
        hazard: factor ≥ 0, a number or (n,).

    Returns:
        (k, k), or (n, k, k) when there are several hazards. Where the worsening of a row would
        exceed 1 it is scaled down to 1.

    >>> harder([[0.9, 0.1], [0, 1]], 1.5).round(2).tolist()
    [[0.85, 0.15], [0.0, 1.0]]
    """
    matrix, factor = np.asarray(transition, float), np.asarray(hazard, float)
    if np.any(factor < 0) or not np.all(np.isfinite(factor)):
        raise BadInput("a hazard multiplier must be a number of 0 or more")
    off = matrix * (1 - np.eye(len(matrix)))
    scaled = off * factor[..., None, None]
    leaving = scaled.sum(axis=-1, keepdims=True)
    scaled = scaled / np.maximum(leaving, 1.0)
    rest = 1.0 - scaled.sum(axis=-1)
    return np.asarray(scaled + rest[..., None] * np.eye(len(matrix)), float)


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """Carry a transition matrix estimated from two cycles.

    Attributes:
        matrix: (k, k), shrunk towards the prior.
        counts: pairs by (from, to), (k, k).
        low: lower end of the 90 % interval of each entry, (k, k).
        high: upper end.
        left_out: pairs that were not counted, by reason.
    """

    matrix: Floats
    counts: NDArray[np.int64]
    low: Floats
    high: Floats
    left_out: Mapping[str, int]

    @property
    def pairs(self) -> int:
        """Count the pairs behind the estimate."""
        return int(self.counts.sum())


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Carry what two successive inspections of one asset found.

    Attributes:
        before: soundness of the earlier one.
        after: soundness of the later one.
        measure: a measure was carried out in between, so that the pair says nothing of time.
    """

    before: str
    after: str
    measure: bool = False


def estimate(pairs: Iterable[Pair], *, prior: ArrayLike, shrinkage: float = SHRINKAGE) -> Estimate:
    """Estimate transitions: p_ij = (n_ij + α·p⁰_ij)/(Σ_j n_ij + α).

    A pair with a measure in between, or that improved although no measure is known, is left out
    and counted. The interval is Wilson's for the shrunk share with Σn + α observations.

    Args:
        pairs: soundness of two cycles, about five years apart.
        prior: p⁰, (4, 4).
        shrinkage: α, how many observations the prior counts for.

    Raises:
        BadInput: when a soundness is none of I–IV, or α is negative.
    """
    base = check_transition(prior)
    if not 0 <= shrinkage < np.inf:
        raise BadInput(f"the shrinkage must be 0 or more observations, got {shrinkage:g}")
    counts = np.zeros((len(SOUNDNESS), len(SOUNDNESS)), np.int64)
    left_out = {MEASURE: 0, IMPROVED: 0}
    for pair in pairs:
        i, j = _state(pair.before), _state(pair.after)
        if pair.measure:
            left_out[MEASURE] += 1
        elif j < i:
            left_out[IMPROVED] += 1
        else:
            counts[i, j] += 1
    seen = counts.sum(axis=1, keepdims=True) + shrinkage
    safe = np.maximum(seen, 1e-6)
    matrix = np.where(seen > 1e-6, (counts + shrinkage * base) / safe, base)
    low, high = _wilson(matrix, safe)
    return Estimate(matrix=matrix, counts=counts, low=low, high=high, left_out=left_out)


def _state(soundness: str) -> int:
    if soundness not in SOUNDNESS:
        raise BadInput(f"soundness {soundness!r} is none of {', '.join(SOUNDNESS)}")
    return SOUNDNESS.index(soundness)


def _wilson(share: Floats, seen: Floats) -> tuple[Floats, Floats]:
    """Give Wilson's 90 % interval of shares."""
    scale = 1 + Z_90**2 / seen
    middle = (share + Z_90**2 / (2 * seen)) / scale
    reach = Z_90 * np.sqrt(share * (1 - share) / seen + Z_90**2 / (4 * seen**2)) / scale
    return np.clip(middle - reach, 0, 1), np.clip(middle + reach, 0, 1)


def one_hot(states: Sequence[str]) -> Floats:
    """Give assets of known soundness as distributions, (n, 4) float64.

    >>> one_hot(["II"]).tolist()
    [[0.0, 1.0, 0.0, 0.0]]
    """
    found = np.zeros((len(states), len(SOUNDNESS)))
    found[np.arange(len(states)), [_state(state) for state in states]] = 1.0
    return found


def life_cycle_cost(
    shares: Floats,
    transition: Floats,
    *,
    renewal: Mapping[str, Floats],
    costs: Mapping[str, Floats],
    cycles: int,
    rate: float = 0.0,
) -> Floats:
    """Give the expected cost of keeping assets from now on, yen, (n,).

    From the end of the first cycle on, whatever has come to III gets its major repair and whatever
    has come to IV is replaced, and ages again. LCC = Σ cost_t/(1 + r)^t.

    Args:
        shares: distribution of each asset now, after what is done to it now, (n, 4).
        transition: (4, 4) or (n, 4, 4).
        renewal: repair matrices ``major`` and ``replacement``, (4, 4).
        costs: yen of ``major`` and ``replacement`` for each asset, (n,).
        cycles: of five years.
        rate: r a year.

    Source: domain specification §5.4 (LCC; default r = 0).
    """
    total, now = np.zeros(len(shares)), shares
    for cycle in range(1, cycles + 1):
        now = np.einsum("...i,...ij->...j", now, transition)
        discount = (1 + rate) ** (STEP_YEARS * cycle)
        total = total + (now[:, 2] * costs["major"] + now[:, 3] * costs["replacement"]) / discount
        kept, third, fourth = now.copy(), now[:, 2:3], now[:, 3:4]
        kept[:, 2:] = 0
        now = kept + third * renewal["major"][2] + fourth * renewal["replacement"][3]
    return np.asarray(total, float)

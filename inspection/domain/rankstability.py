"""Tell how much a rank owes to the exact weights.

Source: domain specification §5.2 (sensitivity: 1,000 draws, weights ±20 %, same decile).
"""

import numpy as np
from numpy.typing import NDArray

from inspection.domain.prioritytable import ScoreTable
from inspection.errors import BadInput

DRAWS, SPREAD, SEED = 1000, 0.20, 20240101
DECILES = 10


def rank_stability(
    table: ScoreTable, *, draws: int = DRAWS, spread: float = SPREAD, seed: int = SEED
) -> NDArray[np.float64]:
    """Give the share of draws in which each asset stays in its decile, (n,) float64, 0–1.

    In each draw every weight is multiplied by a number between 1 − spread and 1 + spread, and the
    three are brought back to a sum of 1. The order within a draw is that of the list: hard rules
    first. The same table always gives the same shares.

    Args:
        table: the scores.
        draws: how many other weightings to try.
        spread: how far each weight may go, as a share of itself.
        seed: of the random numbers.

    Raises:
        BadInput: when draws or spread make no sense.
    """
    if not 1 <= draws <= 100_000 or not 0 <= spread < 1:
        raise BadInput(f"draws must be 1 to 100000 and spread 0 to 1, got {draws} and {spread:g}")
    n = len(table.cases)
    names = np.argsort(np.array([case.asset_id for case in table.cases]), kind="stable")
    parts, tier = table.parts[names], table.tier[names]
    base = np.array([table.model.weights[key] for key in "LCT"])
    usual = _deciles(parts, tier, base)
    stayed = np.zeros(n)
    random = np.random.default_rng(seed)
    for factors in random.uniform(1 - spread, 1 + spread, (draws, 3)):
        weights = base * factors
        stayed += _deciles(parts, tier, weights / weights.sum()) == usual
    shares = np.empty(n)
    shares[names] = stayed / draws
    return shares


def _deciles(
    parts: NDArray[np.float64], tier: NDArray[np.int64], weights: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Give the decile of each row, 0 the most urgent; rows come by identifier."""
    key = np.round(parts @ weights, 9) - 1000.0 * tier
    ranks = np.empty(len(key), np.int64)
    ranks[np.argsort(-key, kind="stable")] = np.arange(len(key))
    return ranks * DECILES // max(1, len(key))

"""Scores of every asset → who stands where, under the model's weights or other ones."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from inspection.domain.assetsheet import LedgerEntry
from inspection.domain.prioritymodel import PriorityModel
from inspection.domain.prioritytable import ScoreTable
from inspection.pipeline.rank import Known
from inspection.pipeline.weigh import checked_weights


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Say where one asset stands.

    Attributes:
        rank: from 1, under the weights in use.
        model_rank: from 1, under the model's own weights.
        entry: what the ledger says about it.
        soundness: I to IV as engineers diagnosed it; empty when nobody has.
        tier: 0 emergency, 1 must, 2 by score.
        score: 0–100.
        parts: L, C, T, 0–100 each.
        points: what L, C and T give to the score: part times weight.
        risk: L·C/100.
        confidence: 0–1.
    """

    rank: int
    model_rank: int
    entry: LedgerEntry
    soundness: str
    tier: int
    score: float
    parts: tuple[float, float, float]
    points: tuple[float, float, float]
    risk: float
    confidence: float


@dataclass(frozen=True, kw_only=True)
class Standing:
    """Carry the order of every asset.

    Attributes:
        known: what the order rests on.
        table: the scores.
        weights: of L, C and T, in use.
        order: rows of the table, most urgent first, (n,).
        model_rank: rank from 1 of each row of the table under the model's own weights, (n,).
    """

    known: Known
    table: ScoreTable
    weights: Mapping[str, float]
    order: NDArray[np.int64]
    model_rank: NDArray[np.int64]

    def __len__(self) -> int:
        """Count the assets that have a score."""
        return len(self.order)

    def places(self, *, offset: int = 0, limit: int | None = None) -> Iterator[Place]:
        """Give places in their order."""
        scores = self.table.scores(self.weights)
        shares = np.array([self.weights[part] for part in "LCT"])
        end = None if limit is None else offset + limit
        for rank, row in enumerate(map(int, self.order[offset:end]), offset + 1):
            case = self.table.cases[row]
            parts = self.table.parts[row]
            yield Place(
                rank=rank,
                model_rank=int(self.model_rank[row]),
                entry=self.known.entries[case.asset_id],
                soundness=str(case.attributes.get("soundness", "")),
                tier=int(self.table.tier[row]),
                score=float(scores[row]),
                parts=_three(parts),
                points=_three(parts * shares),
                risk=float(self.table.risk[row]),
                confidence=float(self.table.confidence[row]),
            )


def stand(
    known: Known, model: PriorityModel, weights: Mapping[str, float] = MappingProxyType({})
) -> Standing:
    """Put every asset into its order.

    Args:
        known: the assets.
        model: how they are scored.
        weights: other weights of L, C and T than the model's, for a what-if; empty: the model's.

    Raises:
        BadInput: when the weights are none.
    """
    table = known.table(model)
    chosen = checked_weights(weights) if weights else dict(model.weights)
    own = table.order()
    model_rank = np.empty(len(own), np.int64)
    model_rank[own] = np.arange(1, len(own) + 1)
    return Standing(
        known=known,
        table=table,
        weights=chosen,
        order=table.order(table.scores(chosen)),
        model_rank=model_rank,
    )


def _three(values: Sequence[float] | NDArray[np.float64]) -> tuple[float, float, float]:
    likelihood, consequence, timing = map(float, values)
    return likelihood, consequence, timing

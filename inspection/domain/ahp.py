"""Derive weights from pairwise judgements (analytic hierarchy process) and check them.

Source: domain specification §5.3 (Saaty's 1–9 scale, consistency ratio at most 0.10).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from inspection.errors import BadInput, Refused

RANDOM_INDEX = (0.0, 0.0, 0.58, 0.90, 1.12, 1.24, 1.32, 1.41, 1.45, 1.49)
"""RI for n = 1 … 10."""

MOST_INCONSISTENCY = 0.10
SMALLEST, LARGEST = 1 / 9, 9.0
"""Bounds of Saaty's scale."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ahp:
    """Carry the weights of some criteria and how well the judgements agree.

    Attributes:
        weights: one a criterion, adding up to 1.
        eigenvalue: the principal one, λmax.
        index: CI = (λmax − n)/(n − 1).
        ratio: CR = CI/RI.
        worst: the three criteria whose judgements contradict each other most, 0-based; None below
            three criteria.
    """

    weights: tuple[float, ...]
    eigenvalue: float
    index: float
    ratio: float
    worst: tuple[int, int, int] | None

    def checked(self, names: Sequence[str]) -> dict[str, float]:
        """Give the weights by name, when the judgements agree well enough.

        Raises:
            Refused: when CR exceeds 0.10; the message names the most inconsistent triple.
        """
        if self.ratio > MOST_INCONSISTENCY:
            triple = ", ".join(names[i] for i in self.worst or ())
            raise Refused(
                f"the judgements contradict each other: CR {self.ratio:.3f}, at most "
                f"{MOST_INCONSISTENCY:.2f} is applied; look at {triple} again"
            )
        return dict(zip(names, self.weights, strict=True))


def weigh(judgements: ArrayLike) -> Ahp:
    """Give the weights of a matrix of judgements by its principal eigenvector.

    Args:
        judgements: (n, n), entry (i, j) says how much more i matters than j; a_ji = 1/a_ij.

    Raises:
        BadInput: when it is no positive reciprocal matrix of Saaty's scale with n = 1 … 10.

    >>> found = weigh([[1, 2, 5], [1 / 2, 1, 4], [1 / 5, 1 / 4, 1]])
    >>> [round(w, 4) for w in found.weights], round(found.ratio, 4)
    ([0.5695, 0.3331, 0.0974], 0.0212)
    """
    matrix = _reciprocal(judgements)
    n = len(matrix)
    weights = _principal(matrix)
    eigenvalue = float(np.mean(matrix @ weights / weights))
    index = (eigenvalue - n) / (n - 1) if n > 1 else 0.0
    random = RANDOM_INDEX[n - 1]
    return Ahp(
        weights=tuple(float(w) for w in weights),
        eigenvalue=eigenvalue,
        index=index,
        ratio=max(0.0, index / random) if random else 0.0,
        worst=_worst_triple(matrix),
    )


def combine(respondents: Sequence[ArrayLike]) -> NDArray[np.float64]:
    """Give the judgements of several people as one matrix: their geometric mean.

    >>> combine([[[1, 4], [1 / 4, 1]], [[1, 1], [1, 1]]]).tolist()
    [[1.0, 2.0], [0.5, 1.0]]
    """
    if not respondents:
        raise BadInput("nobody has judged: give at least one matrix of judgements")
    matrices = [_reciprocal(one) for one in respondents]
    sizes = {len(one) for one in matrices}
    if len(sizes) != 1:
        raise BadInput(f"the judgements compare different numbers of criteria: {sorted(sizes)}")
    mean: NDArray[np.float64] = np.exp(np.mean(np.log(np.stack(matrices)), axis=0))
    return mean


def _reciprocal(judgements: ArrayLike) -> NDArray[np.float64]:
    """Check a matrix of judgements."""
    matrix = np.asarray(judgements, float)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or not 1 <= len(matrix) <= 10:
        raise BadInput(f"judgements must be a square matrix of 1 to 10, got shape {matrix.shape}")
    slack = 1e-6
    if not np.all((matrix >= SMALLEST - slack) & (matrix <= LARGEST + slack)):
        raise BadInput("judgements must lie between 1/9 and 9 (Saaty's scale)")
    if not np.allclose(matrix * matrix.T, 1.0, atol=5e-3):
        i, j = np.unravel_index(np.argmax(np.abs(matrix * matrix.T - 1)), matrix.shape)
        raise BadInput(
            f"judgement ({i + 1}, {j + 1}) is {matrix[i, j]:g} and ({j + 1}, {i + 1}) is "
            f"{matrix[j, i]:g}; each must be 1 divided by the other"
        )
    return matrix


def _principal(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Find the principal eigenvector by power iteration to 1e-9; it adds up to 1."""
    weights = np.full(len(matrix), 1 / len(matrix))
    for _ in range(10_000):
        grown = matrix @ weights
        grown /= grown.sum()
        if np.max(np.abs(grown - weights)) < 1e-9:
            return np.asarray(grown, float)
        weights = grown
    raise BadInput("the judgements have no principal eigenvector; check the matrix")


def _worst_triple(matrix: NDArray[np.float64]) -> tuple[int, int, int] | None:
    """Find i, j, k whose a_ij·a_jk is furthest from a_ik."""
    triples = list(combinations(range(len(matrix)), 3))
    if not triples:
        return None
    return max(
        triples,
        key=lambda t: abs(
            float(np.log(matrix[t[0], t[1]] * matrix[t[1], t[2]] / matrix[t[0], t[2]]))
        ),
    )

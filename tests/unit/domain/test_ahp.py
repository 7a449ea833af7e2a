"""AHP: the golden matrix of domain specification §5.3, and the laws of weights."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspection.domain.ahp import combine, weigh
from inspection.errors import BadInput, Refused

GOLDEN = [[1, 2, 5], [1 / 2, 1, 4], [1 / 5, 1 / 4, 1]]
LAW = settings(max_examples=60, deadline=None, derandomize=True)


def test_golden_ahp() -> None:
    found = weigh(GOLDEN)
    assert [round(w, 4) for w in found.weights] == [0.5695, 0.3331, 0.0974]
    assert round(found.eigenvalue, 4) == 3.0246
    assert round(found.index, 4) == 0.0123
    assert round(found.ratio, 4) == 0.0212
    assert found.checked(["L", "C", "T"]) == pytest.approx(
        {"L": 0.5695, "C": 0.3331, "T": 0.0974}, abs=5e-5
    )


def test_contradicting_judgements_are_refused_with_the_worst_triple() -> None:
    # a > b > c > a around in a circle, d apart from it
    found = weigh([[1, 5, 1 / 5, 1], [1 / 5, 1, 5, 1], [5, 1 / 5, 1, 1], [1, 1, 1, 1]])
    assert found.ratio > 0.10
    assert found.worst == (0, 1, 2)
    with pytest.raises(Refused, match=r"CR .*at most 0\.10.*safety, cost, people"):
        found.checked(["safety", "cost", "people", "time"])


@pytest.mark.parametrize("n", [1, 2])
def test_one_or_two_criteria_cannot_contradict(n: int) -> None:
    found = weigh(np.ones((n, n)))
    assert found.ratio == 0
    assert found.worst is None
    assert found.weights == pytest.approx([1 / n] * n)


@LAW
@given(st.lists(st.floats(0.2, 1.0), min_size=2, max_size=8))
def test_consistent_judgements_give_back_their_weights(weights: list[float]) -> None:
    w = np.array(weights) / sum(weights)
    found = weigh(w[:, None] / w[None, :])
    assert found.weights == pytest.approx(w.tolist(), abs=1e-6)
    assert found.ratio < 1e-6
    assert sum(found.weights) == pytest.approx(1)


@LAW
@given(
    st.lists(st.sampled_from([1, 2, 3, 5, 7, 9]), min_size=3, max_size=3),
    st.permutations([0, 1, 2]),
)
def test_the_order_of_criteria_decides_nothing(upper: list[int], order: list[int]) -> None:
    a, b, c = upper
    matrix = np.array([[1, a, b], [1 / a, 1, c], [1 / b, 1 / c, 1]])
    plain = weigh(matrix)
    shuffled = weigh(matrix[np.ix_(order, order)])
    assert shuffled.weights == pytest.approx([plain.weights[i] for i in order], abs=1e-7)
    assert shuffled.ratio == pytest.approx(plain.ratio, abs=1e-6)
    assert all(weight > 0 for weight in plain.weights)


def test_several_people_are_combined_by_their_geometric_mean() -> None:
    mean = combine([GOLDEN, np.array(GOLDEN).T])
    assert mean == pytest.approx(np.ones((3, 3)))
    assert combine([GOLDEN]) == pytest.approx(np.array(GOLDEN))


@pytest.mark.parametrize(
    ("matrix", "says"),
    [
        ([[1, 2], [2, 1]], r"judgement \(1, 2\).*1 divided by the other"),
        ([[1, 10], [1 / 10, 1]], "between 1/9 and 9"),
        ([[1, -2], [-1 / 2, 1]], "between 1/9 and 9"),
        ([[1, 2, 3], [1 / 2, 1, 1]], "square"),
        (np.ones((11, 11)), "square matrix of 1 to 10"),
        ([[2, 1], [1, 1]], "1 divided by the other"),
    ],
)
def test_what_is_no_matrix_of_judgements_is_refused(matrix: object, says: str) -> None:
    with pytest.raises(BadInput, match=says):
        weigh(matrix)  # type: ignore[arg-type]


def test_nobody_and_different_criteria_cannot_be_combined() -> None:
    with pytest.raises(BadInput, match="nobody has judged"):
        combine([])
    with pytest.raises(BadInput, match="different numbers of criteria"):
        combine([np.ones((2, 2)), np.ones((3, 3))])


def test_thirds_written_as_rounded_decimals_are_accepted() -> None:
    rounded = [[1, 3], [0.333, 1]]
    exact = [[1, 3], [float(Fraction(1, 3)), 1]]
    assert weigh(rounded).weights == pytest.approx(weigh(exact).weights, abs=1e-3)

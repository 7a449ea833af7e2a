"""Markov chains of soundness: the golden forecast of domain specification §5.5, and their laws."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspection.codelists.ageing import load_ageing, load_effects
from inspection.domain.asset import AssetKind
from inspection.domain.deterioration import (
    IMPROVED,
    MEASURE,
    Pair,
    check_transition,
    estimate,
    forecast,
    harder,
    life_cycle_cost,
    one_hot,
)
from inspection.domain.gradeforecast import Treatment, forecast_grades
from inspection.domain.programme import Work
from inspection.errors import BadInput

P = load_ageing().transition
EFFECTS = load_effects()[AssetKind.BRIDGE]
LAW = settings(max_examples=60, deadline=None, derandomize=True)
SHARES = st.lists(st.floats(0.01, 1), min_size=4, max_size=4).map(lambda w: np.array(w) / sum(w))


def test_golden_markov() -> None:
    found = forecast([1, 0, 0, 0], P, steps=10)[-1]
    assert [round(float(share), 4) for share in found] == [0.2785, 0.5032, 0.1854, 0.0329]


def test_the_default_matches_the_published_share() -> None:
    # 40 % I and 50 % II: 3.2 % of the I and II come to III or IV in five years (S-47: 3 %)
    after = forecast([0.4, 0.5, 0, 0], P, steps=1)[-1]
    assert (after[2] + after[3]) / 0.9 == pytest.approx(0.032, abs=0.001)


@LAW
@given(SHARES, st.integers(0, 12), st.floats(0, 3))
def test_a_forecast_keeps_the_sum_and_never_improves(
    shares: np.ndarray, steps: int, hazard: float
) -> None:
    told = forecast(shares, harder(P, hazard), steps=steps)
    assert told.shape == (steps + 1, 4)
    assert told.sum(axis=1) == pytest.approx(np.ones(steps + 1))
    worse = np.cumsum(told, axis=1)  # share of I, of I–II, of I–III
    assert np.all(np.diff(worse, axis=0) <= 1e-12)


@LAW
@given(st.floats(0, 5), st.floats(0, 5))
def test_a_greater_hazard_never_ages_slower(a: float, b: float) -> None:
    low, high = sorted((a, b))
    slow, fast = (forecast([1, 0, 0, 0], harder(P, h), steps=5)[-1] for h in (low, high))
    assert np.all(np.cumsum(fast) <= np.cumsum(slow) + 1e-12)


def test_hazards_of_several_assets_give_a_matrix_each() -> None:
    found = harder(P, np.array([1.0, 1.5]))
    assert found.shape == (2, 4, 4)
    assert found[0] == pytest.approx(P)
    assert found[1, 0, 1] == pytest.approx(0.165)
    assert np.allclose(found.sum(axis=2), 1)
    # a hazard beyond all measure moves everything on, and stays a matrix of probabilities
    assert harder(P, 1e6)[0].sum() == pytest.approx(1)
    assert harder(P, 1e6)[0, 0] == pytest.approx(0)


@pytest.mark.parametrize("wrong", [-1.0, float("nan"), float("inf")])
def test_an_impossible_hazard_is_refused(wrong: float) -> None:
    with pytest.raises(BadInput, match="hazard multiplier"):
        harder(P, wrong)


def test_an_estimate_counts_and_shrinks() -> None:
    pairs = [Pair(before="II", after="II")] * 170 + [Pair(before="II", after="III")] * 30
    found = estimate(pairs, prior=P)
    assert found.pairs == 200
    assert found.matrix[1, 2] == pytest.approx((30 + 20 * 0.049) / 220)
    assert found.matrix[0] == pytest.approx(P[0])  # nothing seen: the prior
    assert np.all(found.low <= found.matrix + 1e-12)
    assert np.all(found.high >= found.matrix - 1e-12)
    assert found.low[1, 2] == pytest.approx(0.105, abs=0.01)
    assert found.high[1, 2] == pytest.approx(0.185, abs=0.01)
    # few pairs: a wide interval
    assert found.high[2, 3] - found.low[2, 3] > 0.1


def test_measures_and_wonders_are_left_out_and_counted() -> None:
    found = estimate(
        [Pair(before="III", after="I", measure=True), Pair(before="III", after="II"),
         Pair(before="III", after="III")],
        prior=P,
    )  # fmt: skip
    assert found.pairs == 1
    assert found.left_out == {MEASURE: 1, IMPROVED: 1}


@LAW
@given(
    st.lists(st.tuples(st.sampled_from("1234"), st.sampled_from("1234")), max_size=40),
    st.floats(0, 100),
)
def test_an_estimate_is_always_a_matrix_of_time(
    seen: list[tuple[str, str]], shrinkage: float
) -> None:
    names = {"1": "I", "2": "II", "3": "III", "4": "IV"}
    pairs = [Pair(before=names[a], after=names[b]) for a, b in seen]
    found = estimate(pairs, prior=P, shrinkage=shrinkage)
    check_transition(found.matrix)
    assert estimate(pairs[::-1], prior=P, shrinkage=shrinkage).matrix == pytest.approx(found.matrix)


def test_enough_pairs_lead_back_to_the_chain_behind_them() -> None:
    rng = np.random.default_rng(2)
    true = np.array([[0.8, 0.15, 0.05, 0], [0, 0.9, 0.1, 0], [0, 0, 0.9, 0.1], [0, 0, 0, 1]])
    names = ("I", "II", "III", "IV")
    pairs = [
        Pair(before=names[i], after=names[rng.choice(4, p=true[i])])
        for i in rng.integers(0, 3, 6000)
    ]
    found = estimate(pairs, prior=P)
    assert found.matrix == pytest.approx(true, abs=0.02)
    inside = (found.low - 1e-9 <= true) & (true <= found.high + 1e-9)
    assert inside[np.triu_indices(3)].mean() > 0.7


@pytest.mark.parametrize(
    ("matrix", "says"),
    [
        ([[1, 0]], "square"),
        ([[0.9, 0.2], [0, 1]], "add up to 1"),
        ([[1.1, -0.1], [0, 1]], "add up to 1"),
        ([[1, 0], [0.5, 0.5]], "cannot improve"),
    ],
)
def test_what_is_no_chain_is_refused(matrix: object, says: str) -> None:
    with pytest.raises(BadInput, match=says):
        check_transition(matrix)  # type: ignore[arg-type]


def test_wrong_inputs_are_refused() -> None:
    with pytest.raises(BadInput, match="0 to 40 cycles"):
        forecast([1, 0, 0, 0], P, steps=41)
    with pytest.raises(BadInput, match="none of I, II, III, IV"):
        estimate([Pair(before="V", after="II")], prior=P)
    with pytest.raises(BadInput, match="shrinkage"):
        estimate([], prior=P, shrinkage=-1)


def test_costs_of_a_life_by_hand() -> None:
    renewal = {w.value: EFFECTS.works[w].matrix for w in (Work.MAJOR, Work.REPLACEMENT)}
    costs = {"major": np.array([100.0]), "replacement": np.array([1000.0])}
    # one cycle from III: 96 % need a major repair, 4 % a replacement
    one = life_cycle_cost(one_hot(["III"]), P, renewal=renewal, costs=costs, cycles=1)
    assert one[0] == pytest.approx(0.96 * 100 + 0.04 * 1000)
    later = life_cycle_cost(one_hot(["III"]), P, renewal=renewal, costs=costs, cycles=1, rate=0.04)
    assert later[0] == pytest.approx(one[0] / 1.04**5)
    # a second cycle: what was repaired is I or II, and comes to III or IV again with its own odds
    two = life_cycle_cost(one_hot(["III"]), P, renewal=renewal, costs=costs, cycles=2)
    first = 0.96 * np.array([0.6, 0.4]) + 0.04 * np.array([1.0, 0.0])
    again = first @ np.array([[0.01, 0.0], [0.049, 0.001]])
    assert two[0] == pytest.approx(one[0] + again[0] * 100 + again[1] * 1000)


@LAW
@given(st.integers(0, 8))
def test_a_better_bridge_costs_less_later(cycles: int) -> None:
    renewal = {w.value: EFFECTS.works[w].matrix for w in (Work.MAJOR, Work.REPLACEMENT)}
    costs = {"major": np.full(4, 10.0), "replacement": np.full(4, 90.0)}
    states = one_hot(["I", "II", "III", "IV"])
    found = life_cycle_cost(states, P, renewal=renewal, costs=costs, cycles=cycles)
    assert np.all(np.diff(found) >= -1e-9)


def test_a_forecast_with_works_is_better_and_counts_the_same_bridges() -> None:
    conditions = ["I", "II", "III", "III", "IV"]
    major = Treatment(work=Work.MAJOR, year=0)
    works = [None, None, major, None, Treatment(work=Work.REPLACEMENT, year=6)]
    found = forecast_grades(conditions, works, P, effects=EFFECTS, steps=4)
    assert found.years == (0, 5, 10, 15, 20)
    assert found.without[0].tolist() == found.programme[0].tolist() == [1, 1, 2, 1]
    assert found.programme.sum(axis=1) == pytest.approx(np.full(5, 5.0))
    # after one cycle the major repair shows, the replacement of year 6 not yet
    assert found.programme[1, 3] == pytest.approx(found.without[1, 3] - 0.04 + 0.4 * 0.001)
    assert found.programme[2, 3] < found.without[2, 3] - 0.9
    assert np.all(np.cumsum(found.programme, axis=1) >= np.cumsum(found.without, axis=1) - 1e-9)


def test_hazards_by_attribute() -> None:
    ageing = load_ageing()
    assert ageing.hazard({}) == 1
    assert ageing.hazard({"salt_zone": "S", "asr": True, "age_years": 51}) == pytest.approx(
        1.6 * 1.5 * 1.2
    )
    assert ageing.hazard({"salt_zone": "none", "asr": False, "age_years": 50}) == 1
    assert ageing.transitions([{}, {"deicing": "heavy"}]).shape == (2, 4, 4)

"""Ageing, what works do, what they cost and what a programme brings (§5.3–§5.6), by hand."""

from dataclasses import replace
from math import inf, nan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspection.codelists.ageing import load_ageing, load_effects
from inspection.codelists.priorities import load_priority_model
from inspection.domain.ahp import RANDOM_INDEX, combine, weigh
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
from inspection.domain.prioritymodel import Attribute
from inspection.domain.prioritytable import Case, ScoreTable, score_table
from inspection.domain.programme import MOST_YEN, Work
from inspection.domain.rankstability import rank_stability
from inspection.domain.repaireffect import risk_relief, works_offered
from inspection.domain.soundness import SOUNDNESS
from inspection.domain.unitcost import CostUnit, Priced, Sized, UnitCost, price
from inspection.errors import BadInput, Refused

LAW = settings(max_examples=40, deadline=None, derandomize=True)
P = load_ageing().transition
EFFECTS = load_effects()[AssetKind.BRIDGE]
MODEL = load_priority_model()
WORKS = (Work.PREVENTIVE, Work.MAJOR, Work.REPLACEMENT)

# §5.5, worked out by hand from the matrix of the specification
ONE_CYCLE = {
    "I": [0.88, 0.11, 0.01, 0.0], "II": [0.0, 0.95, 0.049, 0.001], "III": [0.0, 0.0, 0.96, 0.04],
    "IV": [0.0, 0.0, 0.0, 1.0],
}  # fmt: skip


@pytest.mark.parametrize(("state", "after"), ONE_CYCLE.items())
def test_golden_one_cycle_of_each_soundness(state: str, after: list[float]) -> None:
    told = forecast(one_hot([state]), P, steps=2)
    assert told[0, 0].tolist() == one_hot([state])[0].tolist()
    assert told[1, 0] == pytest.approx(after)
    by_hand = sum(share * np.array(ONE_CYCLE[s]) for share, s in zip(after, SOUNDNESS, strict=True))
    assert told[2, 0] == pytest.approx(by_hand)


@pytest.mark.parametrize(
    ("attributes", "hazard"),
    [
        ({}, 1.0), ({"salt_zone": "S"}, 1.6), ({"salt_zone": "I"}, 1.4), ({"salt_zone": "II"}, 1.2),
        ({"salt_zone": "III"}, 1.0), ({"salt_zone": "none"}, 1.0), ({"deicing": "heavy"}, 1.2),
        ({"deicing": "moderate"}, 1.2), ({"asr": True}, 1.5), ({"asr": False}, 1.0),
        ({"age_years": 50}, 1.0), ({"age_years": 50.1}, 1.2), ({"age_years": True}, 1.0),
        ({"salt_zone": "S", "deicing": "heavy", "asr": True, "age_years": 60}, 3.456),
        ({"age_years": "old"}, 1.0),
    ],
)  # fmt: skip
def test_golden_hazards_multiply(attributes: dict[str, Attribute], hazard: float) -> None:
    ageing = load_ageing()
    assert ageing.hazard(attributes) == pytest.approx(hazard)
    (own,) = ageing.transitions([attributes])
    assert own[0, 1] == pytest.approx(0.11 * hazard)
    assert own[2, 3] == pytest.approx(0.04 * hazard)
    assert own.sum(axis=1) == pytest.approx(np.ones(4))


def test_a_hazard_beyond_all_bounds_ages_everything_and_no_more() -> None:
    worst = harder(P, 1000.0)
    assert worst[0] == pytest.approx([0, 0.11 / 0.12, 0.01 / 0.12, 0])
    assert worst[3] == pytest.approx([0, 0, 0, 1])
    assert harder(P, 0.0) == pytest.approx(np.eye(4))
    assert check_transition(worst) == pytest.approx(worst)


# estimation: p = (n + 20·p⁰)/(Σn + 20)
@pytest.mark.parametrize(
    ("pairs", "row", "by_hand"),
    [
        ([], "II", [0, 0.95, 0.049, 0.001]),
        ([("II", "II")] * 20, "II", [0, 39 / 40, 0.98 / 40, 0.02 / 40]),
        ([("I", "II")] * 5 + [("I", "I")] * 15, "I", [32.6 / 40, 7.2 / 40, 0.2 / 40, 0]),
        ([("III", "IV")] * 180, "III", [0, 0, 19.2 / 200, 180.8 / 200]),
        ([("IV", "IV")] * 3, "IV", [0, 0, 0, 1]),
    ],
)
def test_golden_estimates_shrink_to_the_prior(
    pairs: list[tuple[str, str]], row: str, by_hand: list[float]
) -> None:
    found = estimate([Pair(before=b, after=a) for b, a in pairs], prior=P)
    assert found.matrix[SOUNDNESS.index(row)] == pytest.approx(by_hand)
    assert found.pairs == len(pairs)
    assert found.left_out == {MEASURE: 0, IMPROVED: 0}
    assert np.all(found.low <= found.matrix + 1e-12)
    assert np.all(found.matrix <= found.high + 1e-12)


PAIRS = st.lists(
    st.builds(
        Pair,
        before=st.sampled_from(SOUNDNESS), after=st.sampled_from(SOUNDNESS), measure=st.booleans(),
    ),
    max_size=40,
)  # fmt: skip


@LAW
@given(PAIRS, st.randoms(use_true_random=False), st.floats(0, 100))
def test_every_pair_is_counted_once_whatever_their_order(
    pairs: list[Pair], rng: object, shrinkage: float
) -> None:
    found = estimate(pairs, prior=P, shrinkage=shrinkage)
    assert found.pairs + sum(found.left_out.values()) == len(pairs)
    shuffled = pairs[:]
    rng.shuffle(shuffled)  # type: ignore[attr-defined]
    again = estimate(shuffled, prior=P, shrinkage=shrinkage)
    assert again.matrix == pytest.approx(found.matrix)
    assert check_transition(found.matrix) == pytest.approx(found.matrix)


@LAW
@given(PAIRS)
def test_more_of_the_same_pairs_narrow_the_interval(pairs: list[Pair]) -> None:
    few, many = estimate(pairs, prior=P, shrinkage=1), estimate(pairs * 30, prior=P, shrinkage=1)
    seen = few.counts.sum(axis=1) > 0
    width = [float((one.high - one.low)[seen].sum()) for one in (few, many)]
    assert width[1] < width[0] if seen.any() else width[1] == pytest.approx(width[0])


@pytest.mark.parametrize("shrinkage", [-1.0, nan, inf])
def test_a_prior_that_counts_for_nonsense_is_refused(shrinkage: float) -> None:
    with pytest.raises(BadInput, match="shrinkage must be 0 or more"):
        estimate([], prior=P, shrinkage=shrinkage)


@pytest.mark.parametrize("steps", [-1, 41])
def test_a_forecast_runs_from_now_to_two_hundred_years(steps: int) -> None:
    assert forecast([1, 0, 0, 0], P, steps=40).shape == (41, 4)
    assert forecast([1, 0, 0, 0], P, steps=0).shape == (1, 4)
    with pytest.raises(BadInput, match=f"0 to 40 cycles of 5 years, got {steps}"):
        forecast([1, 0, 0, 0], P, steps=steps)


# life-cycle cost: one cycle by hand
@pytest.mark.parametrize(
    ("state", "rate", "yen"),
    [
        ("I", 0.0, 0.01 * 100), ("II", 0.0, 0.049 * 100 + 0.001 * 1000),
        ("III", 0.0, 0.96 * 100 + 0.04 * 1000), ("IV", 0.0, 1000),
        ("IV", 0.04, 1000 / 1.04**5), ("III", 0.01, (0.96 * 100 + 0.04 * 1000) / 1.01**5),
    ],
)  # fmt: skip
def test_golden_cost_of_the_first_cycle(state: str, rate: float, yen: float) -> None:
    (found,) = life_cycle_cost(
        one_hot([state]), P, cycles=1, rate=rate,
        renewal={w.value: EFFECTS.works[w].matrix for w in (Work.MAJOR, Work.REPLACEMENT)},
        costs={"major": np.array([100.0]), "replacement": np.array([1000.0])},
    )  # fmt: skip
    assert found == pytest.approx(yen)


# what works do to a score
CASES = st.fixed_dictionaries(
    {"soundness": st.sampled_from(SOUNDNESS)},
    optional={
        "main_grade": st.sampled_from("abcde"), "countermeasures": st.sampled_from(["C2", "S1"]),
        "age_years": st.integers(0, 90), "asr": st.booleans(), "scour": st.booleans(),
        "years_since_diagnosis": st.integers(0, 9), "overdue_years": st.integers(0, 3),
        "adt": st.integers(0, 40_000), "worsened_steps": st.integers(0, 2),
    },
)  # fmt: skip


def table(*attributes: dict[str, Attribute]) -> ScoreTable:
    return score_table(
        [
            Case(asset_id=f"B{i}", kind=AssetKind.BRIDGE, attributes=one)
            for i, one in enumerate(attributes)
        ],
        model=MODEL,
    )


@LAW
@given(st.lists(CASES, min_size=1, max_size=5))
def test_a_greater_work_takes_away_no_less_risk_and_never_adds_any(
    attributes: list[dict[str, Attribute]],
) -> None:
    scores = table(*attributes)
    minor, major, new = (risk_relief(scores, EFFECTS, work) for work in WORKS)
    assert np.all(minor >= 0)
    assert np.all(major >= minor - 1e-9)
    assert np.all(new >= major - 1e-9)
    assert np.all(new <= scores.risk + 1e-9)
    alone = risk_relief(table(attributes[0]), EFFECTS, Work.MAJOR)
    assert alone[0] == pytest.approx(major[0])


def test_golden_relief_of_a_replacement() -> None:
    known: dict[str, Attribute] = {"soundness": "III", "age_years": 80, "salt_zone": "S"}
    scores = table(known)
    # L before: 75 + ramp 10 + salt 8 + de-icing unknown 2; after: 5 + salt 8 + de-icing 2
    consequence = scores.parts[0, 1]
    assert scores.parts[0, 0] == 95
    relief = risk_relief(scores, EFFECTS, Work.REPLACEMENT)
    assert relief[0] == pytest.approx((95 - 15) * consequence / 100)


@pytest.mark.parametrize(
    ("state", "offered"),
    [("I", ()), ("II", (Work.PREVENTIVE,)), ("III", WORKS), ("IV", (Work.MAJOR, Work.REPLACEMENT))],
)
def test_golden_works_by_soundness(state: str, offered: tuple[Work, ...]) -> None:
    assert works_offered(EFFECTS, state, list(Work)) == offered
    with pytest.raises(BadInput, match="'V' is none of I, II, III, IV"):
        EFFECTS.state("V")


def test_golden_forecast_of_a_programme_by_hand() -> None:
    found = forecast_grades(
        ["II", "III", "I"],
        [Treatment(work=Work.PREVENTIVE, year=4), Treatment(work=Work.REPLACEMENT, year=5), None],
        P, effects=EFFECTS, steps=2, left_out={"not diagnosed": 4},
    )  # fmt: skip
    assert found.years == (0, 5, 10)
    assert found.programme[0] == pytest.approx([1, 1, 1, 0])
    # first cycle: the II is mended (0.7 I, 0.3 II) before it ages; the III waits for the second
    second = np.array([0.7, 0.3, 0, 0]) @ P + P[2] + P[0]
    assert found.programme[1] == pytest.approx(second)
    third = np.array([0.7, 0.3, 0, 0]) @ P @ P + np.array([1, 0, 0, 0]) @ P + P[0] @ P
    assert found.programme[2] == pytest.approx(third)
    assert found.without[2] == pytest.approx((P @ P)[[1, 2, 0]].sum(axis=0))
    assert found.left_out == {"not diagnosed": 4}


# prices
ROW = UnitCost(name="断面修復", work=Work.MAJOR, unit=CostUnit.SQUARE_METRE, yen=1000)
SIZED = Sized(
    asset_id="B", kind=AssetKind.BRIDGE, condition="III", structure="ＰＣ単純Ｔ桁橋",
    length_m=10.0, width_m=5.0,
)  # fmt: skip


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"yen": nan}, "price of '断面修復'"), ({"yen": inf}, "price of"),
        ({"overhead_percent": nan}, "overhead of '断面修復' must be 0 to 1000 %, got nan %"),
        ({"overhead_percent": -10}, "got -10 %"), ({"overhead_percent": 1001}, "got 1001 %"),
        ({"minimum_yen": nan}, "least price of '断面修復'"), ({"minimum_yen": -1}, "got -1"),
        ({"minimum_yen": MOST_YEN * 2}, "least price"),
    ],
)  # fmt: skip
def test_a_price_list_of_impossible_numbers_is_refused_by_row(
    change: dict[str, float], says: str
) -> None:
    with pytest.raises(BadInput, match=says):
        replace(ROW, **change)  # type: ignore[arg-type]


@pytest.mark.parametrize(("length", "width"), [(0.0, 5.0), (nan, 5.0), (inf, 5.0), (-3.0, 5.0)])
def test_a_quantity_that_cannot_be_paid_for_is_no_quantity(length: float, width: float) -> None:
    asset = replace(SIZED, length_m=length, width_m=width)
    assert price(asset, Work.MAJOR, [ROW], meant_for=frozenset()) == "no_quantity"
    whole = replace(ROW, unit=CostUnit.EACH)
    found = price(asset, Work.MAJOR, [ROW, whole], meant_for=frozenset())
    assert isinstance(found, Priced)
    assert found.row is whole


@pytest.mark.parametrize("words", ["PC", "ＰＣ", "単純", "T桁", "ＰＣ単純T桁橋", ""])
def test_words_of_a_structure_are_compared_folded(words: str) -> None:
    found = price(SIZED, Work.MAJOR, [replace(ROW, structure=words)], meant_for=frozenset())
    assert isinstance(found, Priced)
    assert found.cost_yen == 50_000


@pytest.mark.parametrize(
    ("yen", "overhead", "least", "quantity", "cost"),
    [
        (0.1, 0, 0, 3, 1), (1 / 3, 0, 0, 3, 1), (1000, 0, 0, 10.0001, 10_001),
        (1000, 10, 0, 1, 1100), (1000, 0, 5000, 2, 5000), (19.99, 0, 0, 100, 1999),
        (1000, 8.5, 0, 7, 7595), (1e9, 1000, 0, 1e4, 110 * 10**12),
    ],
)  # fmt: skip
def test_golden_costs_round_up_to_whole_yen(
    yen: float, overhead: float, least: float, quantity: float, cost: int
) -> None:
    row = replace(ROW, yen=yen, overhead_percent=overhead, minimum_yen=least)
    assert row.cost_yen(quantity) == cost


# AHP §5.3
@LAW
@given(st.integers(1, 6), st.data())
def test_golden_weights_of_n_equal_criteria_and_of_one_that_matters_k_times(
    n: int, data: st.DataObject
) -> None:
    equal = weigh(np.ones((n, n)))
    assert equal.weights == pytest.approx([1 / n] * n)
    assert equal.eigenvalue == pytest.approx(n)
    assert equal.ratio == pytest.approx(0, abs=1e-9)
    k = data.draw(st.integers(1, 9))
    matrix = np.ones((n, n))
    matrix[0, 1:], matrix[1:, 0] = k, 1 / k
    found = weigh(matrix)
    assert found.weights == pytest.approx([k / (k + n - 1)] + [1 / (k + n - 1)] * (n - 1))
    assert combine([matrix, matrix.T]) == pytest.approx(np.ones((n, n)))


def test_golden_a_circle_of_preferences_is_refused_and_random_indices_are_saatys() -> None:
    circle = [[1, 9, 1 / 9], [1 / 9, 1, 9], [9, 1 / 9, 1]]
    found = weigh(circle)
    assert found.ratio == pytest.approx((1 + 9 + 1 / 9 - 3) / 2 / 0.58)
    with pytest.raises(Refused, match=r"CR 6\.\d{3}, at most 0\.10.*L, C, T"):
        found.checked(["L", "C", "T"])
    assert RANDOM_INDEX[2:] == (0.58, 0.90, 1.12, 1.24, 1.32, 1.41, 1.45, 1.49)


# rank stability §5.2
def test_ranks_that_nothing_can_move_stay_and_the_order_of_rows_decides_nothing() -> None:
    rows: list[dict[str, Attribute]] = [
        {"soundness": s, "adt": 30_000 * (s == "IV"), "years_since_diagnosis": 1} for s in SOUNDNESS
    ]
    scores = table(*rows)
    shares = rank_stability(scores, draws=50)
    assert shares.tolist() == [1.0] * 4
    cases = [
        Case(asset_id=f"B{i}", kind=AssetKind.BRIDGE,
             attributes={"soundness": "II", "adt": i * 700, "age_years": 90 - 3 * i})
        for i in range(20)
    ]  # fmt: skip
    forth, back = (
        rank_stability(score_table(order, model=MODEL), draws=80) for order in (cases, cases[::-1])
    )
    assert forth == pytest.approx(back[::-1])
    assert 0 < forth.min() < 1

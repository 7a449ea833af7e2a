"""Scores of many assets at once are the scores one by one; ranks and their stability."""

import random
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspection.codelists.priorities import load_priority_model
from inspection.domain.asset import AssetKind
from inspection.domain.priority import Evidence, Falling, score_priority
from inspection.domain.prioritymodel import Attribute
from inspection.domain.prioritytable import Case, ScoreTable, score_table
from inspection.domain.rankstability import rank_stability
from inspection.errors import BadInput

MODEL = load_priority_model()
LAW = settings(max_examples=120, deadline=None, derandomize=True)

ATTRIBUTES = st.fixed_dictionaries(
    {},
    optional={
        "soundness": st.sampled_from(["I", "II", "III", "IV", "V"]),
        "pavement_class": st.sampled_from(["I", "II", "III-1", "III-2"]),
        "years_since_diagnosis": st.one_of(st.integers(0, 12), st.floats(0, 12)),
        "overdue_years": st.integers(-1, 3),
        "age_years": st.one_of(st.integers(0, 120), st.floats(0, 120)),
        "salt_zone": st.sampled_from(["S", "I", "II", "III", "none"]),
        "deicing": st.sampled_from(["heavy", "moderate", "none"]),
        "asr": st.booleans(),
        "scour": st.booleans(),
        "heavy_vehicles": st.integers(0, 5000),
        "main_grade": st.sampled_from("abcde"),
        "countermeasures": st.sampled_from(["A", "C1", "C2", "S1", "C2,S1", "E2", "E1,C2"]),
        "s1_open_years": st.one_of(st.floats(0, 3), st.just("long")),
        "measure_done": st.booleans(),
        "emergency_route": st.sampled_from(["1", "2", "3", "none", 1, 2, 1.0]),
        "under_bridge": st.sampled_from(["railway", "road", "river"]),
        "adt": st.one_of(st.integers(-5, 60_000), st.just("many")),
        "detour_min": st.one_of(st.just("isolated"), st.integers(0, 90)),
        "length_m": st.floats(0, 900),
        "road_class": st.sampled_from("ABCD"),
        "reports_90d": st.integers(0, 9),
        "lifeline": st.booleans(),
    },
)  # fmt: skip
EVIDENCE = st.builds(
    Evidence,
    condition=st.sampled_from([None, "I", "II"]),
    observed=st.fixed_dictionaries({}, optional={"main_grade": st.sampled_from("abcde")}),
    falling=st.sampled_from(list(Falling)),
)


def case(number: int, kind: AssetKind, attributes: dict[str, Attribute], seen: Evidence) -> Case:
    return Case(asset_id=f"A-{number}", kind=kind, attributes=attributes, evidence=seen)


CASES = st.lists(
    st.tuples(st.sampled_from(list(AssetKind)), ATTRIBUTES, EVIDENCE), min_size=1, max_size=6
).map(lambda several: [case(i, *one) for i, one in enumerate(several)])


@LAW
@given(CASES)
def test_a_table_says_what_each_score_says(cases: list[Case]) -> None:
    table = score_table(cases, model=MODEL)
    rows = {c.asset_id: i for i, c in enumerate(table.cases)}
    assert len(rows) + len(table.refused) == len(cases)
    for one in cases:
        try:
            found = score_priority(
                one.asset_id, one.kind, one.attributes, one.evidence, model=MODEL
            )
        except BadInput as error:
            assert table.refused[one.asset_id] == str(error)
            continue
        row = rows[one.asset_id]
        assert table.score[row] == pytest.approx(found.score, abs=1e-9)
        assert table.parts[row] == pytest.approx([p.value for p in found.parts], abs=1e-9)
        assert table.tier[row] == found.tier
        assert table.confidence[row] == pytest.approx(found.confidence, abs=1e-9)
        assert table.risk[row] == pytest.approx(found.risk, abs=1e-9)


@LAW
@given(CASES, st.randoms(use_true_random=False))
def test_permuting_assets_never_changes_the_result(cases: list[Case], rng: random.Random) -> None:
    plain = score_table(cases, model=MODEL)
    shuffled = list(cases)
    rng.shuffle(shuffled)
    other = score_table(shuffled, model=MODEL)
    assert [plain.cases[i].asset_id for i in plain.order()] == [
        other.cases[i].asset_id for i in other.order()
    ]
    assert other.refused == plain.refused
    if plain.cases:
        kept = dict(
            zip([c.asset_id for c in plain.cases], rank_stability(plain, draws=5), strict=True)
        )
        again = dict(
            zip([c.asset_id for c in other.cases], rank_stability(other, draws=5), strict=True)
        )
        assert kept == again


GRADES = "abcde"
CONDITIONS = ("I", "II", "III", "IV")


@LAW
@given(CASES, st.integers(0, 2), st.integers(0, 3))
def test_worse_damage_never_lowers_a_priority(cases: list[Case], at: int, letter: int) -> None:
    bridges = [replace(c, kind=AssetKind.BRIDGE) for c in cases]
    better = [_with(c, soundness=CONDITIONS[at], main_grade=GRADES[letter]) for c in bridges]
    worse = [_with(c, soundness=CONDITIONS[at + 1], main_grade=GRADES[letter + 1]) for c in bridges]
    one, two = (score_table(some, model=MODEL) for some in (better, worse))
    assert [c.asset_id for c in one.cases] == [c.asset_id for c in two.cases]
    assert np.all(two.score >= one.score - 1e-9)
    assert np.all(two.tier <= one.tier)


def _with(one: Case, **changes: Attribute) -> Case:
    return replace(one, attributes={**one.attributes, **changes})


def test_hard_rules_come_before_scores_in_the_order() -> None:
    cases = [
        case(0, AssetKind.BRIDGE, {"soundness": "III", "years_since_diagnosis": 1}, Evidence()),
        case(1, AssetKind.BRIDGE, {"soundness": "I", "overdue_years": 1}, Evidence()),
        case(2, AssetKind.BRIDGE, {"soundness": "I", "countermeasures": "E2"}, Evidence()),
    ]
    table = score_table(cases, model=MODEL)
    assert table.tier.tolist() == [2, 1, 0]
    assert table.order().tolist() == [2, 1, 0]
    assert np.argmax(table.score) == 0


def test_other_weights_give_other_scores() -> None:
    table = score_table(
        [case(0, AssetKind.BRIDGE, {"soundness": "IV", "years_since_diagnosis": 0}, Evidence())],
        model=MODEL,
    )
    assert table.scores({"L": 1, "C": 0, "T": 0})[0] == pytest.approx(100)
    assert table.scores({"L": 0, "C": 0, "T": 1})[0] == pytest.approx(100)


def test_an_empty_table_has_no_rows() -> None:
    table = score_table([], model=MODEL)
    assert table.score.shape == (0,)
    assert table.order().tolist() == []


def test_shapes_are_checked() -> None:
    with pytest.raises(BadInput, match="a table of 0 assets has the shapes"):
        ScoreTable(
            cases=(), model=MODEL, parts=np.zeros((1, 3)), tier=np.zeros(0, np.int64),
            confidence=np.zeros(0),
        )  # fmt: skip


def mixed(count: int = 200) -> ScoreTable:
    rng = random.Random(4)
    cases = []
    for i in range(count):
        known: dict[str, Attribute] = {
            "soundness": rng.choice(CONDITIONS[:3]),
            "years_since_diagnosis": rng.randint(0, 3),
            "overdue_years": 0,
            "adt": rng.randint(0, 30_000),
            "length_m": rng.random() * 150,
            "age_years": rng.random() * 80,
        }
        cases.append(case(i, AssetKind.BRIDGE, known, Evidence()))
    return score_table(cases, model=MODEL)


def test_rank_stability_is_a_share_that_repeats() -> None:
    table = mixed()
    found = rank_stability(table, draws=100)
    assert np.array_equal(found, rank_stability(table, draws=100))
    assert np.all((found >= 0) & (found <= 1))
    assert 0.3 < found.mean() < 1.0
    # the far ends of the list hang least on the weights
    order = table.order()
    assert found[order[0]] == found[order[-1]] == 1.0


def test_without_spread_every_rank_stays() -> None:
    assert np.all(rank_stability(mixed(50), draws=3, spread=0) == 1)


def test_more_spread_moves_more() -> None:
    table = mixed()
    assert (
        rank_stability(table, draws=100, spread=0.05).mean()
        > rank_stability(table, draws=100, spread=0.6).mean()
    )


@pytest.mark.parametrize(("draws", "spread"), [(0, 0.2), (10, 1.0), (10, -0.1)])
def test_impossible_draws_are_refused(draws: int, spread: float) -> None:
    with pytest.raises(BadInput, match="draws must be"):
        rank_stability(mixed(5), draws=draws, spread=spread)

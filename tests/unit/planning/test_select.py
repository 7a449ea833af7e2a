"""Selection under budgets: the golden knapsack of domain specification §5.4, and its laws."""

import random
from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspection.domain.programme import Candidate, Option, Selection, Terms, Work
from inspection.errors import BadInput
from inspection.planning.pool import MOST_PACKS, pool
from inspection.planning.select import Method, select

LAW = settings(max_examples=40, deadline=None, derandomize=True)
WORKS = (Work.PREVENTIVE, Work.MAJOR, Work.REPLACEMENT)


def option(cost: int, relief: float, saving: float = 0.0, work: Work = Work.MAJOR) -> Option:
    return Option(work=work, cost_yen=cost, relief=relief, saving_yen=saving)


def candidate(name: str, *options: Option, tier: int = 2, **more: object) -> Candidate:
    rules = {0: ("R1",), 1: ("R3",)}.get(tier, ())
    return Candidate(
        asset_id=name, tier=tier, options=options, rules=rules,
        **{"score": 50.0, **more},  # type: ignore[arg-type]
    )  # fmt: skip


def terms(*budgets: int, **more: object) -> Terms:
    return Terms(first_year=2027, budgets_yen=budgets, **{"rate": 0.0, **more})  # type: ignore[arg-type]


def names(found: Selection) -> list[str]:
    return sorted(one.candidate.asset_id for one in found.chosen)


@pytest.mark.parametrize("method", list(Method))
def test_golden_knapsack(method: Method) -> None:
    items = [
        candidate("1", option(10, 60.0)),
        candidate("2", option(20, 100.0)),
        candidate("3", option(30, 120.0)),
    ]
    found = select(items, terms(50), method=method)
    assert names(found) == ["2", "3"]
    assert found.benefit == pytest.approx(220)
    assert found.bound >= 220 - 1e-6


OPTIONS = st.lists(
    st.tuples(st.integers(1, 60), st.floats(0, 50), st.floats(-20, 50)), min_size=0, max_size=3
)
CANDIDATES = st.lists(
    st.tuples(OPTIONS, st.sampled_from([0, 1, 2, 2, 2]), st.integers(0, 2), st.floats(0, 100)),
    min_size=1, max_size=9,
).map(
    lambda several: [
        candidate(
            f"C{i}",
            *(option(c, r, s, WORKS[k]) for k, (c, r, s) in enumerate(options)),
            tier=tier, due=due, score=score,
        )
        for i, (options, tier, due, score) in enumerate(several)
    ]
)  # fmt: skip
BUDGETS = st.lists(st.integers(0, 120), min_size=1, max_size=3)


def musts(found: Selection, some: Terms) -> float:
    units = pool([*(c.candidate for c in found.chosen), *found.left], some).units
    weight = {unit.members[0].key: unit for unit in units}
    return sum(weight[one.candidate.key].must_value(one.year) for one in found.chosen)


@LAW
@given(CANDIDATES, BUDGETS)
def test_a_programme_never_exceeds_a_budget(items: list[Candidate], budgets: list[int]) -> None:
    some = terms(*budgets, rate=0.02)
    for method in (Method.GREEDY, Method.EXACT):
        found = select(items, some, method=method)
        spent = found.spend_yen(some.years)
        assert all(s <= b for s, b in zip(spent, budgets, strict=True))
        keys = [one.candidate.key for one in found.chosen]
        assert len(set(keys)) == len(keys)
        assert len(found.chosen) + len(found.left) == len(items)
        assert found.benefit <= found.bound + 1e-6


@LAW
@given(CANDIDATES, BUDGETS)
def test_the_optimum_is_never_below_greedy(items: list[Candidate], budgets: list[int]) -> None:
    some = terms(*budgets, rate=0.02)
    best, fast = (select(items, some, method=m) for m in (Method.EXACT, Method.GREEDY))
    ours, theirs = musts(best, some), musts(fast, some)
    assert ours >= theirs - 1e-4
    if ours == pytest.approx(theirs, abs=1e-6):
        assert best.benefit >= fast.benefit - 1e-4 * max(1.0, abs(fast.benefit))


@LAW
@given(CANDIDATES, BUDGETS, st.randoms(use_true_random=False))
def test_permuting_candidates_never_changes_the_result(
    items: list[Candidate], budgets: list[int], rng: random.Random
) -> None:
    some = terms(*budgets)
    shuffled = list(items)
    rng.shuffle(shuffled)
    for method in (Method.GREEDY, Method.EXACT):
        assert select(shuffled, some, method=method) == select(items, some, method=method)


@LAW
@given(
    st.lists(
        st.tuples(st.integers(1, 30), st.integers(1, 40), st.integers(1, 40)),
        min_size=1,
        max_size=5,
    ),
    st.lists(st.integers(5, 60), min_size=1, max_size=2),
)
def test_the_optimum_is_what_trying_everything_finds(
    items: list[tuple[int, int, int]], budgets: list[int]
) -> None:
    some = terms(*budgets, rate=0.1)
    made = [
        candidate(f"C{i}", option(c, float(r), work=WORKS[0]), option(2 * c, float(r + more)))
        for i, (c, r, more) in enumerate(items)
    ]
    choices = [None, *product((0, 1), range(len(budgets)))]
    best = 0.0
    for plan in product(choices, repeat=len(made)):
        spent = [0] * len(budgets)
        worth = 0.0
        for one, what in zip(made, plan, strict=True):
            if what is not None:
                spent[what[1]] += one.options[what[0]].cost_yen
                worth += one.options[what[0]].benefit(what[1], 0.1)
        if all(s <= b for s, b in zip(spent, budgets, strict=True)):
            best = max(best, worth)
    found = select(made, some, method=Method.EXACT, gap=1e-6)
    assert found.benefit == pytest.approx(best, rel=1e-5)


def test_emergencies_come_first_whatever_else_would_bring() -> None:
    items = [
        candidate("E", option(90, 0.0), tier=0),
        candidate("rich", option(50, 1e9)),
    ]
    for method in (Method.GREEDY, Method.EXACT):
        found = select(items, terms(100, 100), method=method)
        assert [(o.candidate.asset_id, o.year) for o in found.chosen] == [("E", 0), ("rich", 1)]


def test_what_the_first_year_cannot_pay_of_emergencies_is_left_and_never_overspent() -> None:
    items = [
        candidate("A", option(70, 1.0), tier=0, score=60.0),
        candidate("B", option(60, 1.0), tier=0, score=90.0),
    ]
    for method in (Method.GREEDY, Method.EXACT):
        found = select(items, terms(100), method=method)
        assert names(found) == ["B"]  # the more urgent one
        assert [c.asset_id for c in found.left] == ["A"]
        late = select(items, terms(100, 100), method=method)
        assert {o.candidate.asset_id: o.year for o in late.chosen} == {"B": 0, "A": 1}


def test_a_due_date_is_kept_when_money_allows_and_missed_by_little_when_not() -> None:
    due = candidate("D", option(40, 0.0), tier=1, due=1)
    rich = candidate("rich", option(50, 1e6))
    for method in (Method.GREEDY, Method.EXACT):
        found = select([due, rich], terms(50, 50, 50), method=method)
        assert {o.candidate.asset_id: o.year for o in found.chosen}["D"] <= 1
        tight = select([due], terms(10, 10, 50, 50), method=method)
        assert [o.year for o in tight.chosen] == [2]  # late, and no later than need be


def test_a_bundle_is_done_in_one_year_or_not_at_all() -> None:
    items = [candidate(n, option(30, 100.0)) for n in ("A", "B", "C")]
    bundled = terms(50, 65, bundles=(("A", "B"),))
    for method in (Method.GREEDY, Method.EXACT):
        found = select(items, bundled, method=method)
        years = {o.candidate.asset_id: o.year for o in found.chosen}
        assert years["A"] == years["B"] == 1
        assert years["C"] == 0
        none = select(items, replace(bundled, budgets_yen=(50,)), method=method)
        assert names(none) == ["C"]


def test_an_emergency_does_not_wait_for_its_bundle() -> None:
    items = [candidate("A", option(30, 1.0), tier=0), candidate("B", option(90, 100.0))]
    found = select(items, terms(40, bundles=(("A", "B"),)))
    assert names(found) == ["A"]


def test_a_bundle_of_strangers_is_refused() -> None:
    with pytest.raises(BadInput, match="'X', which is no candidate"):
        select([candidate("A", option(1, 1.0))], terms(1, bundles=(("A", "X"),)))
    with pytest.raises(BadInput, match="several bundles"):
        terms(1, bundles=(("A", "B"), ("B", "C")))


def test_a_large_bundle_keeps_a_bearable_number_of_ways() -> None:
    rng = random.Random(1)
    items = [
        candidate(
            f"B{i}",
            *(option(rng.randint(1, 1000) * (k + 1), rng.random() * 100 * (k + 1), 0.0, w)
              for k, w in enumerate(WORKS)),
        )
        for i in range(8)
    ]  # fmt: skip
    some = terms(30_000, bundles=(tuple(c.asset_id for c in items),))
    (unit,) = pool(items, some).units
    assert 1 <= len(unit.packs) <= MOST_PACKS
    costs = [pack.cost_yen for pack in unit.packs]
    assert costs == sorted(costs)
    assert all(len(pack.options) == 8 for pack in unit.packs)


def test_smoothing_keeps_years_alike() -> None:
    items = [candidate(f"C{i}", option(30, 100.0)) for i in range(6)]
    rough = select(items, terms(180, 180, 180, rate=0.1))
    smooth = select(items, terms(180, 180, 180, rate=0.1, smoothing_yen=0))
    assert rough.spend_yen(3) == (180, 0, 0)
    assert smooth.spend_yen(3) == (60, 60, 60)
    # the greedy choice does not know smoothing: asking for both is answered exactly
    assert (
        select(items, terms(180, 180, 180, smoothing_yen=0), method=Method.GREEDY).method == "exact"
    )


def test_shares_of_districts_are_kept() -> None:
    items = [
        candidate(f"{d}{i}", option(10, worth), district=d)
        for d, worth in (("rich", 100.0), ("poor", 1.0))
        for i in range(5)
    ]
    plain = select(items, terms(50))
    assert {o.candidate.district for o in plain.chosen} == {"rich"}
    fair = select(items, terms(50, shares={"poor": (0.4, 1.0)}))
    assert sum(o.candidate.district == "poor" for o in fair.chosen) == 2


def test_smoothing_that_emergencies_break_is_refused() -> None:
    items = [candidate("E", option(90, 0.0), tier=0)]
    with pytest.raises(BadInput, match="smoothing"):
        select(items, terms(100, 100, smoothing_yen=1))


def test_what_helps_nobody_is_not_chosen() -> None:
    items = [candidate("A", option(5, 0.0, -3.0)), candidate("B", option(5, 10.0, -20.0))]
    for method in (Method.GREEDY, Method.EXACT):
        assert select(items, terms(100), method=method).chosen == ()


def test_later_years_wait_for_what_helps_less() -> None:
    items = [candidate("A", option(10, 10.0)), candidate("B", option(10, 90.0))]
    found = select(items, terms(10, 10, rate=0.05), method=Method.EXACT)
    assert {o.candidate.asset_id: o.year for o in found.chosen} == {"B": 0, "A": 1}


def test_nothing_to_choose_from_is_an_empty_programme() -> None:
    for method in Method:
        found = select([], terms(10), method=method)
        assert (found.chosen, found.left, found.gap) == ((), (), 0.0)
        no_options = select([candidate("A")], terms(10), method=method)
        assert no_options.left[0].asset_id == "A"


def test_the_same_candidate_twice_is_refused() -> None:
    one = candidate("A", option(1, 1.0))
    with pytest.raises(BadInput, match="stands there twice"):
        select([one, one], terms(1))


def test_a_task_and_a_repair_of_one_asset_stand_side_by_side() -> None:
    task = candidate("A", option(5, 0.0, work=Work.INSPECTION), tier=1, task="inspection")
    found = select([candidate("A", option(10, 5.0)), task], terms(20))
    assert sorted(o.candidate.task for o in found.chosen) == ["inspection", "repair"]


@pytest.mark.parametrize("seed", range(3))
def test_greedy_is_near_the_bound_on_a_few_hundred(seed: int) -> None:
    rng = random.Random(seed)
    items = []
    for i in range(300):
        base = int(rng.lognormvariate(16.5, 1.0))
        worth = rng.uniform(1, 30) * 1e6
        items.append(
            candidate(
                f"C{i}",
                *(
                    option(max(1, int(base * k)), worth * m, rng.gauss(0, 0.1) * base, w)
                    for w, k, m in zip(WORKS, (0.3, 1.0, 3.5), (0.45, 0.8, 1.0), strict=True)
                ),
                tier=rng.choices([0, 1, 2], [1, 5, 94])[0],
                score=rng.uniform(0, 100),
            )
        )  # fmt: skip
    money = int(0.05 * sum(c.options[1].cost_yen for c in items))
    found = select(items, terms(*([money] * 5), rate=0.02), method=Method.GREEDY)
    assert found.gap < 0.01
    assert found.method == "greedy"


@pytest.mark.parametrize("share", [0.02, 0.3, 2.0])
def test_greedy_stays_near_the_bound_when_hard_rules_take_much_of_the_money(share: float) -> None:
    rng = random.Random(5)
    items = []
    for i in range(250):
        base = int(rng.lognormvariate(16, 0.8))
        options = [
            option(int(base * k), base * k * m, 0.0, w)
            for w, k, m in zip(WORKS, (0.3, 1.0, 3.5), (3.0, 1.6, 0.8), strict=True)
        ]
        tier, due = rng.choice([0, 1, 2, 2]), rng.randint(0, 2)
        items.append(candidate(f"C{i}", *options, tier=tier, due=due, score=rng.uniform(0, 100)))
    money = int(share * sum(c.options[1].cost_yen for c in items))
    found = select(items, terms(*([money] * 3), rate=0.02), method=Method.GREEDY)
    assert found.gap < 0.02
    assert all(yen <= money for yen in found.spend_yen(3))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"budgets_yen": ()}, "1 to 30 years"),
        ({"budgets_yen": (-1,)}, "0 to"),
        ({"rate": 0.7}, "rate must be"),
        ({"smoothing_yen": -1}, "smoothing"),
        ({"shares": {"x": (0.6, 0.5)}}, "low ≤ high"),
    ],
)
def test_impossible_terms_are_refused(change: dict[str, object], says: str) -> None:
    with pytest.raises(BadInput, match=says):
        Terms(**{"first_year": 2027, "budgets_yen": (1,), **change})  # type: ignore[arg-type]


@pytest.mark.parametrize("cost", [0, -5, 10**15])
def test_an_impossible_cost_is_refused(cost: int) -> None:
    with pytest.raises(BadInput, match="a work costs"):
        option(cost, 1.0)

"""Laws of programmes: money, years, hard rules, bundles, shares, what-ifs and forecasts."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection

from inspection.codelists.ageing import load_ageing
from inspection.codelists.priorities import load_priority_model
from inspection.domain.asset import AssetKind
from inspection.domain.assetsheet import LedgerEntry
from inspection.domain.programme import REPAIRS, Candidate, Terms, Work
from inspection.domain.unitcost import CostUnit, UnitCost
from inspection.errors import BadInput
from inspection.pipeline.allot import Allotted, Request, allot, check_name, compare, request_from
from inspection.pipeline.foresee import foresee
from inspection.pipeline.price import Priceable, offer
from inspection.pipeline.rank import know
from inspection.planning.select import Method
from inspection.store import prices, sheets
from inspection.store.programmes import KeptProgramme
from tests.support.bookshelf import entry, fresh_store
from tests.support.prefecture import FISCAL_YEAR, PRICES, TOWNS, invent_bridges

MILLION = 1_000_000
quiet = settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


class Clock:
    def now(self) -> datetime:
        return datetime(2026, 11, 25, 9, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Connection]:
    with fresh_store(tmp_path) as connection:
        prices.replace_list(connection, "default", PRICES)
        yield connection


def bridge(asset_id: str, *, town: str = "七尾市", **attributes: Any) -> LedgerEntry:
    known = {"length_m": 20.0, "width_m": 10.0, "overdue_years": 0, **attributes}
    return entry(asset_id, sheet={"municipality": town, "structure": "PC桁橋"}, **known)


def request(*budgets: int, method: Method = Method.AUTO, **terms: Any) -> Request:
    return Request(
        terms=Terms(first_year=2027, budgets_yen=budgets, **terms),
        price_list="default",
        fiscal_year=FISCAL_YEAR,
        method=method,
        seconds=5.0,
    )


def drawn(store: Connection, asked: Request) -> Allotted:
    return allot(store, asked, name="P", clock=Clock())


def candidates(store: Connection, years: int = 5) -> dict[tuple[str, str], Candidate]:
    known = know(store, fiscal_year=FISCAL_YEAR)
    source = Priceable(
        known=known,
        table=known.table(load_priority_model()),
        rows=prices.of_list(store, "default"),
        ageing=load_ageing(),
    )
    found = offer(source, Terms(first_year=2027, budgets_yen=(1,) * years)).candidates
    return {one.key: one for one in found}


@quiet
@given(
    st.integers(0, 50),
    st.lists(st.integers(0, 400), min_size=1, max_size=5),
    st.sampled_from([0.0, 0.02, 0.1]),
)
def test_a_programme_keeps_its_money_and_speaks_of_everyone(
    store: Connection, seed: int, budgets: list[int], rate: float
) -> None:
    sheets.save(store, invent_bridges(25, seed=seed))
    asked = request(*(b * MILLION for b in budgets), method=Method.GREEDY, rate=rate)
    found = drawn(store, asked)
    lines, outcome = found.programme.lines, found.programme.outcome
    spent = [0] * len(budgets)
    for line in lines:
        assert (line.fiscal_year is None) == (line.cost_yen is None) == (line.work == "")
        assert line.reason["code"] and line.reason["ja"] and line.reason["en"]
        if line.fiscal_year is not None:
            spent[line.fiscal_year - 2027] += line.cost_yen or 0
    assert spent == outcome["spend_yen"]
    assert all(s <= b * MILLION for s, b in zip(spent, budgets, strict=True))
    assert outcome["left_yen"] == [b * MILLION - s for s, b in zip(spent, budgets, strict=True)]
    assert outcome["benefit"] <= outcome["bound"] * (1 + 1e-9) + 1e-6
    keys = [(line.asset_id, line.task) for line in lines]
    assert len(keys) == len(set(keys))
    assert set(keys) == set(candidates(store, len(budgets)))
    assert [line.rank for line in lines] == list(range(1, len(lines) + 1))
    order = [(line.tier, -round(line.score, 9)) for line in lines]
    assert order == sorted(order)
    json.dumps(outcome, allow_nan=False)


@quiet
@given(st.integers(0, 30), st.integers(20, 200), st.integers(1, 3))
def test_branching_is_never_worse_than_the_quick_choice(
    store: Connection, seed: int, money: int, years: int
) -> None:
    sheets.save(store, invent_bridges(10, seed=seed))
    budgets = (money * MILLION,) * years
    fast = drawn(store, request(*budgets, method=Method.GREEDY)).programme.outcome
    best = drawn(store, request(*budgets, method=Method.EXACT)).programme.outcome
    assert len(best["shortage"]) <= len(fast["shortage"])
    if best["shortage"] == fast["shortage"] and best["late"] == fast["late"]:
        assert best["benefit"] >= fast["benefit"] * (1 - 1e-9)
    assert best["needed_yen"] == fast["needed_yen"]
    assert best["must_yen"] == fast["must_yen"]


class TestPrices:
    @pytest.mark.parametrize(
        ("soundness", "works"),
        [
            ("II", {Work.PREVENTIVE: 12_160_000}),
            (
                "III",
                {
                    Work.PREVENTIVE: 12_160_000,
                    Work.MAJOR: 51_200_000,
                    Work.REPLACEMENT: 288_000_000,
                },
            ),
            ("IV", {Work.MAJOR: 51_200_000, Work.REPLACEMENT: 288_000_000}),
        ],
    )
    def test_quantity_times_price_times_overhead(
        self, store: Connection, soundness: str, works: dict[Work, int]
    ) -> None:
        """200 m² at 38 000, 160 000 and 900 000 yen, 60 % on top."""
        sheets.save(store, [bridge("A", soundness=soundness)])
        options = candidates(store)["A", "repair"].options
        assert {o.work: o.cost_yen for o in options} == works
        assert all(o.relief >= 0 for o in options)

    def test_a_steel_bridge_has_the_prices_of_steel(self, store: Connection) -> None:
        steel = entry(
            "A",
            sheet={"structure": "鋼鈑桁橋"},
            soundness="II",
            length_m=20.0,
            width_m=10.0,
            overdue_years=0,
        )
        sheets.save(store, [steel])
        (option,) = candidates(store)["A", "repair"].options
        assert (option.name, option.cost_yen) == ("塗替え", 14_400_000)

    def test_an_estimate_for_one_bridge_wins_over_unit_prices(self, store: Connection) -> None:
        own = UnitCost(
            name="見積R8-12", work=Work.MAJOR, unit=CostUnit.EACH, yen=77_000_000, asset_id="A"
        )
        prices.replace_list(store, "default", [*PRICES, own])
        sheets.save(store, [bridge("A", soundness="III"), bridge("B", soundness="III")])
        found = candidates(store)
        costs = {
            key: {o.work: o.cost_yen for o in one.options}[Work.MAJOR] for key, one in found.items()
        }
        assert costs == {("A", "repair"): 77_000_000, ("B", "repair"): 51_200_000}

    @pytest.mark.parametrize("lacking", ["length_m", "width_m"])
    def test_a_bridge_without_a_size_says_so(self, store: Connection, lacking: str) -> None:
        known = bridge("A", soundness="III", years_since_diagnosis=0)
        attributes = {k: v for k, v in known.asset.attributes.items() if k != lacking}
        sheets.save(store, [replace(known, asset=replace(known.asset, attributes=attributes))])
        one = candidates(store)["A", "repair"]
        assert (one.options, one.why) == ((), "no_quantity")


class TestHardRules:
    @pytest.mark.parametrize(
        ("attributes", "key", "expected"),
        [
            ({"soundness": "IV"}, ("A", "repair"), (0, 0, ("R1",))),
            ({"soundness": "II", "countermeasures": "E1"}, ("A", "repair"), (0, 0, ("R1",))),
            (
                {"soundness": "III", "diagnosis_fiscal_year": 2022},
                ("A", "repair"), (1, 0, ("R3",)),
            ),
            (
                {"soundness": "III", "diagnosis_fiscal_year": 2023},
                ("A", "repair"), (1, 1, ("R3",)),
            ),
            ({"soundness": "III"}, ("A", "repair"), (2, 0, ())),
            ({"soundness": "I", "overdue_years": 1}, ("A", "inspection"), (1, 0, ("R5",))),
            (
                {"soundness": "I", "countermeasures": "S1", "s1_open_years": 2},
                ("A", "investigation"), (1, 0, ("R4",)),
            ),
            ({"soundness": "I", "countermeasures": "E2"}, ("A", "emergency"), (0, 0, ("R2",))),
        ],
    )  # fmt: skip
    def test_what_each_asks_for(
        self,
        store: Connection,
        attributes: dict[str, Any],
        key: tuple[str, str],
        expected: tuple[int, int, tuple[str, ...]],
    ) -> None:
        """§5.2, R1 to R5."""
        sheets.save(store, [bridge("A", **attributes)])
        one = candidates(store)[key]
        assert (one.tier, one.due, one.rules) == expected

    def test_emergencies_are_paid_before_anything_else(self, store: Connection) -> None:
        sheets.save(
            store,
            [bridge("E", soundness="IV"), *(bridge(f"C{n}", soundness="II") for n in range(6))],
        )
        found = drawn(store, request(55 * MILLION, 55 * MILLION)).programme
        first = found.lines[0]
        assert (first.asset_id, first.fiscal_year, first.tier) == ("E", 2027, 0)
        assert found.outcome["shortage"] == []


class TestBundlesAndShares:
    def test_a_bundle_is_done_in_one_year_or_not_at_all(self, store: Connection) -> None:
        sheets.save(store, [bridge(f"B{n}", soundness="II") for n in range(6)])
        bundle = ("B1", "B4", "B5")
        for money in (12, 25, 37, 80):
            asked = request(money * MILLION, money * MILLION, bundles=(bundle,))
            lines = drawn(store, asked).programme.lines
            years = {line.fiscal_year for line in lines if line.asset_id in bundle}
            assert len(years) == 1, money

    @pytest.mark.parametrize(
        ("bundles", "says"),
        [
            ((("A", "ghost"),), "the bundle names 'ghost'"),
            ((("A", "B"), ("B", "C")), "'B' stands in several bundles"),
        ],
    )
    def test_a_bundle_of_strangers_is_refused(
        self, store: Connection, bundles: Any, says: str
    ) -> None:
        sheets.save(store, [bridge(name, soundness="II") for name in "ABC"])
        with pytest.raises(BadInput, match=says):
            drawn(store, request(MILLION, bundles=bundles))

    @pytest.mark.parametrize(
        ("terms", "says"),
        [
            ({"budgets_yen": ()}, "1 to 30 years"),
            ({"budgets_yen": (1,) * 31}, "1 to 30 years"),
            ({"budgets_yen": (-1,)}, "a yearly budget is 0 to"),
            ({"rate": -0.01}, "must be 0 to 0.5"),
            ({"rate": 0.51}, "must be 0 to 0.5"),
            ({"smoothing_yen": -1}, "0 yen or more"),
            ({"shares": {"七尾市": (0.6, 0.4)}}, "share of '七尾市'"),
            ({"shares": {"七尾市": (0.0, 1.1)}}, "share of '七尾市'"),
        ],
    )
    def test_terms_that_cannot_be_are_refused(self, terms: dict[str, Any], says: str) -> None:
        with pytest.raises(BadInput, match=says):
            Terms(**{"first_year": 2027, "budgets_yen": (1,), **terms})

    def test_shares_of_towns_are_kept(self, store: Connection) -> None:
        towns = [bridge(f"{t}{n}", town=t, soundness="II") for t in TOWNS[:2] for n in range(4)]
        sheets.save(store, towns)
        shares = {TOWNS[0]: (0.0, 0.3)}
        found = drawn(store, request(60 * MILLION, shares=shares)).programme
        by_town = {TOWNS[0]: 0, TOWNS[1]: 0}
        for line in found.lines:
            by_town[line.asset_id[:-1]] += line.cost_yen or 0
        assert by_town[TOWNS[0]] <= 0.3 * 60 * MILLION
        assert by_town[TOWNS[1]] > by_town[TOWNS[0]]


class TestWhatIf:
    def test_a_difference_read_backwards_is_the_way_back(self, store: Connection) -> None:
        sheets.save(store, invent_bridges(25))
        rich = drawn(store, request(*(300 * MILLION,) * 2, method=Method.GREEDY)).programme
        poor = drawn(store, request(*(40 * MILLION,) * 2, method=Method.GREEDY)).programme
        there, back = compare(rich, poor), compare(poor, rich)
        assert there
        assert [(d.asset_id, d.task, d.after, d.before) for d in back] == [
            (d.asset_id, d.task, d.before, d.after) for d in there
        ]
        assert applied(rich, poor) == works(poor)

    def test_nothing_differs_from_itself(self, store: Connection) -> None:
        sheets.save(store, invent_bridges(10))
        one = drawn(store, request(90 * MILLION)).programme
        assert compare(one, one) == ()


def works(programme: KeptProgramme) -> dict[tuple[str, str], tuple[int, str]]:
    return {
        (line.asset_id, line.task): (line.fiscal_year, line.work)
        for line in programme.lines
        if line.fiscal_year is not None
    }


def applied(before: KeptProgramme, after: KeptProgramme) -> dict[tuple[str, str], tuple[int, str]]:
    """Change the works of a programme as a comparison says."""
    made = works(before)
    for one in compare(before, after):
        made.pop((one.asset_id, one.task), None)
        if one.after is not None:
            made[one.asset_id, one.task] = one.after
    return made


class TestForecast:
    def test_one_bridge_by_hand(self, store: Connection) -> None:
        """§5.5: II·R_preventive = (0.7, 0.3, 0, 0), then one cycle of the default chain."""
        sheets.save(store, [bridge("A", soundness="II")])
        found = drawn(store, request(20 * MILLION)).programme
        assert [line.work for line in found.lines] == ["preventive"]
        told = foresee(store, found, steps=1)
        assert told.years == (0, 5)
        assert told.without[1].tolist() == pytest.approx([0, 0.95, 0.049, 0.001])
        assert told.programme[1].tolist() == pytest.approx(
            [0.7 * 0.88, 0.7 * 0.11 + 0.3 * 0.95, 0.7 * 0.01 + 0.3 * 0.049, 0.3 * 0.001]
        )

    def test_a_work_of_the_sixth_year_counts_from_the_second_cycle(self, store: Connection) -> None:
        sheets.save(store, [bridge("A", soundness="II")])
        found = drawn(store, request(0, 0, 0, 0, 0, 20 * MILLION)).programme
        assert [line.fiscal_year for line in found.lines] == [2032]
        told = foresee(store, found, steps=3)
        assert told.programme[:2].tolist() == told.without[:2].tolist()
        assert told.programme[2, 0] > told.without[2, 0] + 0.5

    def test_bridges_neither_appear_nor_vanish(self, store: Connection) -> None:
        sheets.save(store, [*invent_bridges(20), bridge("new"), entry("X", kind=AssetKind.OTHER)])
        found = drawn(store, request(0)).programme
        told = foresee(store, found)
        assert np.allclose(told.without.sum(axis=1), 20)
        assert np.allclose(told.programme, told.without)
        assert told.left_out == {"not diagnosed": 1, "no bridge": 1}

    @pytest.mark.parametrize("steps", [-1, 41])
    def test_a_forecast_has_an_end(self, store: Connection, steps: int) -> None:
        sheets.save(store, [bridge("A", soundness="II")])
        found = drawn(store, request(MILLION)).programme
        with pytest.raises(BadInput):
            foresee(store, found, steps=steps)


@settings(max_examples=60, deadline=None)
@given(
    st.builds(
        Terms,
        first_year=st.integers(2000, 2100),
        budgets_yen=st.lists(st.integers(0, 10**14), min_size=1, max_size=30).map(tuple),
        rate=st.floats(0, 0.5),
        smoothing_yen=st.none() | st.integers(0, 10**12),
        bundles=st.lists(st.text(min_size=1), unique=True, min_size=2, max_size=4).map(
            lambda names: (tuple(names),)
        ),
        shares=st.dictionaries(st.text(), st.just((0.25, 0.5)), max_size=2),
    ),
    st.none() | st.sampled_from(AssetKind),
    st.sampled_from(Method),
    st.floats(0, 0.1),
)
def test_a_request_comes_back_from_json_as_it_was(
    terms: Terms, kind: AssetKind | None, method: Method, rate: float
) -> None:
    asked = Request(
        terms=terms, price_list="県", fiscal_year=2026, kind=kind, method=method, lcc_rate=rate
    )
    assert request_from(json.loads(json.dumps(asked.plain()))) == asked


@pytest.mark.parametrize("name", ["R9", "令和9年度 第1案", "a" * 100, "ｶﾅ", "🌉"])
def test_names_of_people_are_names(name: str) -> None:
    assert check_name(name) == name
    assert set(REPAIRS) < set(Work)

"""Programmes at the edge: nothing to do, no money, no prices, strangers, impossible rates."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

from inspection.domain.asset import AssetKind
from inspection.domain.assetsheet import LedgerEntry
from inspection.domain.programme import MOST_YEN, Terms
from inspection.errors import BadInput, Conflict
from inspection.pipeline.allot import Request, allot, request_from
from inspection.pipeline.foresee import foresee
from inspection.store import prices, programmes, sheets
from inspection.store.programmes import KeptProgramme
from tests.support.bookshelf import entry, fresh_store
from tests.support.prefecture import PRICES, TOWNS, invent_bridges
from tests.support.released import AtNoon

SIZE: dict[str, Any] = {"length_m": 10.0, "width_m": 5.0, "overdue_years": 0}
CLOCK = AtNoon(datetime(2026, 11, 25, tzinfo=UTC))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Connection]:
    with fresh_store(tmp_path) as connection:
        prices.replace_list(connection, "default", PRICES)
        yield connection


def drawn(
    store: Connection,
    entries: list[LedgerEntry],
    *budgets: int,
    terms: dict[str, Any] | None = None,
    **more: Any,
) -> KeptProgramme:
    sheets.save(store, entries)
    money = budgets or (100_000_000, 100_000_000)
    asked = Request(
        terms=Terms(first_year=2027, budgets_yen=money, **(terms or {})),
        price_list="default", fiscal_year=2026, **more,
    )  # fmt: skip
    made = allot(store, asked, name="P", clock=CLOCK).programme
    programmes.save(store, made)
    assert programmes.by_name(store, "P") == made
    json.dumps(made.outcome, allow_nan=False)
    return made


class TestNothing:
    @pytest.mark.parametrize(
        ("entries", "lines", "left_out"),
        [
            ([], 0, {}),
            ([entry("A", soundness="V", **SIZE)], 0, {"refused": 1}),
            ([entry("A", soundness="I", **SIZE)], 0, {"sound": 1}),
            ([entry("A", **SIZE), entry("B", **SIZE)], 2, {}),
            ([entry("A", kind=AssetKind.OTHER, soundness="III", **SIZE)], 1, {}),
            ([entry("R", kind=AssetKind.PAVEMENT_SECTION, pavement_class="III-1")], 1, {}),
            ([entry("A", soundness="II", measure_done=True, **SIZE)], 0, {"measure_done": 1}),
        ],
        ids=["empty", "impossible", "sound", "undiagnosed", "other", "road", "done"],
    )
    def test_a_programme_of_nothing_says_why(
        self,
        store: Connection,
        entries: list[LedgerEntry],
        lines: int,
        left_out: dict[str, int],
    ) -> None:
        made = drawn(store, entries)
        assert len(made.lines) == lines
        assert made.outcome["left_out"] == left_out
        assert made.outcome["spend_yen"] == [0, 0]
        assert made.outcome["left_yen"] == [100_000_000, 100_000_000]
        assert all(line.fiscal_year is None and line.reason["ja"] for line in made.lines)

    def test_without_a_diagnosis_there_is_no_forecast(self, store: Connection) -> None:
        made = drawn(store, [entry("A", **SIZE)])
        with pytest.raises(BadInput, match="no bridge has a diagnosis"):
            foresee(store, made)

    def test_without_money_everything_is_left_with_its_reason(self, store: Connection) -> None:
        made = drawn(store, invent_bridges(12), 0, 0)
        assert made.lines
        assert {line.fiscal_year for line in made.lines} == {None}
        assert made.outcome["needed_yen"] > 0
        urgent = [line for line in made.lines if line.tier < 2]
        assert len(made.outcome["shortage"]) == len(urgent)

    def test_without_prices_everything_is_left_with_its_reason(self, store: Connection) -> None:
        prices.replace_list(store, "default", PRICES[-1:])
        made = drawn(store, [entry("A", soundness="III", **SIZE)])
        (line,) = made.lines
        assert (line.fiscal_year, line.cost_yen, made.outcome["needed_yen"]) == (None, None, 0)
        assert line.reason["code"]


class TestStrangers:
    @pytest.mark.parametrize("town", ["ない町", "七尾", " 七尾市", "Nanao"])
    def test_a_town_without_a_bridge_cannot_be_promised_a_share(
        self, store: Connection, town: str
    ) -> None:
        """A typing error must not give a programme that spends nothing."""
        with pytest.raises(BadInput, match=r"has nothing to spend it on; there are .*七尾市"):
            drawn(store, invent_bridges(30), terms={"shares": {town: (0.1, 0.5)}})

    def test_an_upper_bound_of_a_town_without_a_bridge_binds_nobody(
        self, store: Connection
    ) -> None:
        free = drawn(store, invent_bridges(30))
        bound = drawn_again(store, {"shares": {"ない町": (0.0, 0.5)}})
        assert bound.outcome["benefit"] == pytest.approx(free.outcome["benefit"], rel=0.003)

    def test_a_least_share_is_kept(self, store: Connection) -> None:
        made = drawn(store, invent_bridges(12), terms={"shares": {TOWNS[0]: (0.5, 1.0)}})
        entries = sheets.by_ids(store, sorted(sheets.all_ids(store)))
        spent = sum(line.cost_yen or 0 for line in made.lines)
        there = sum(
            line.cost_yen or 0
            for line in made.lines
            if entries[line.asset_id].sheet.municipality == TOWNS[0]
        )
        assert spent > 0
        assert there >= 0.5 * spent * (1 - 1e-9)


def drawn_again(store: Connection, terms: dict[str, Any]) -> KeptProgramme:
    """Draw a second programme up from what the store knows, under another name."""
    asked = Request(
        terms=Terms(first_year=2027, budgets_yen=(100_000_000, 100_000_000), **terms),
        price_list="default", fiscal_year=2026,
    )  # fmt: skip
    return allot(store, asked, name="Q", clock=CLOCK).programme


class TestNumbers:
    @pytest.mark.parametrize("rate", [-0.01, -1.0, 0.51, float("nan"), float("inf")])
    def test_a_rate_of_life_cycle_costs_is_one(self, rate: float) -> None:
        terms = Terms(first_year=2027, budgets_yen=(1,))
        with pytest.raises(BadInput, match=r"life-cycle costs must be 0 to 0\.5"):
            Request(terms=terms, price_list="x", fiscal_year=2026, lcc_rate=rate)

    @pytest.mark.parametrize("rate", [0.0, 0.01, 0.02, 0.04])
    def test_the_rates_of_the_specification_are_possible_and_a_higher_one_saves_less(
        self, store: Connection, rate: float
    ) -> None:
        """§5.4: default 0 with 1, 2 and 4 % as options."""
        bridge = entry("A", soundness="II", **SIZE)
        undiscounted = drawn(store, [bridge])
        asked = request_from({**undiscounted.request, "lcc_rate": rate})
        other = allot(store, asked, name="Q", clock=CLOCK).programme
        assert other.outcome["benefit"] <= undiscounted.outcome["benefit"] + 1e-6

    def test_the_longest_programme_and_the_largest_bridge(self, store: Connection) -> None:
        huge = entry("A", soundness="III", length_m=100_000.0, width_m=200.0, overdue_years=0)
        made = drawn(store, [huge], *(MOST_YEN,) * 30)
        (line,) = made.lines
        assert line.fiscal_year is not None
        assert (line.cost_yen or 0) > 10**12
        assert len(made.outcome["spend_yen"]) == 30

    def test_the_smallest_bridge_costs_at_least_a_yen(self, store: Connection) -> None:
        made = drawn(store, [entry("A", soundness="II", length_m=0.1, width_m=0.1)])
        assert [line.cost_yen for line in made.lines if line.work == "preventive"] == [608]

    def test_a_diagnosis_of_the_future_waits_for_nothing(self, store: Connection) -> None:
        made = drawn(store, [entry("A", soundness="III", diagnosis_fiscal_year=2030, **SIZE)])
        (line,) = made.lines
        assert line.tier == 2


def test_a_name_is_used_once_unless_it_is_replaced(store: Connection) -> None:
    made = drawn(store, invent_bridges(5))
    with pytest.raises(Conflict):
        programmes.save(store, made)
    programmes.save(store, made, replace=True)
    assert len(programmes.heads(store)) == 1

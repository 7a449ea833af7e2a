"""Prices: quantities times unit costs, the row that says most wins, what is missing is named."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspection.domain.asset import AssetKind
from inspection.domain.programme import Work
from inspection.domain.unitcost import CostUnit, Priced, Sized, UnitCost, price
from inspection.errors import BadInput

ANY: frozenset[str] = frozenset()


def row(name: str = "床版補強", yen: float = 100.0, **more: object) -> UnitCost:
    return UnitCost(
        name=name, yen=yen, **{"work": Work.MAJOR, "unit": CostUnit.SQUARE_METRE, **more}
    )  # type: ignore[arg-type]  # fmt: skip


def bridge(**more: object) -> Sized:
    known = {"condition": "III", "structure": "鋼鈑桁橋", "length_m": 20.0, "width_m": 8.0, **more}
    return Sized(asset_id="B-1", kind=AssetKind.BRIDGE, **known)  # type: ignore[arg-type]


def priced(asset: Sized, *rows: UnitCost, work: Work = Work.MAJOR) -> Priced | str:
    return price(asset, work, rows, meant_for=ANY)


def test_a_deck_is_priced_by_its_area_with_overhead() -> None:
    found = priced(bridge(), row(overhead_percent=50))
    assert isinstance(found, Priced)
    assert found.cost_yen == 20 * 8 * 150


@pytest.mark.parametrize(
    ("unit", "yen"), [(CostUnit.METRE, 2000), (CostUnit.EACH, 100), (CostUnit.SQUARE_METRE, 16000)]
)
def test_units(unit: CostUnit, yen: int) -> None:
    found = priced(bridge(), row(unit=unit))
    assert isinstance(found, Priced)
    assert found.cost_yen == yen


def test_a_work_costs_at_least_its_minimum() -> None:
    found = priced(bridge(length_m=0.5), row(minimum_yen=9999))
    assert isinstance(found, Priced)
    assert found.cost_yen == 9999


def test_the_row_that_says_more_wins_then_the_cheaper() -> None:
    plain, cheap, steel = row("a", 100), row("b", 90), row("c", 300, structure="鋼")
    graded = row("d", 200, soundness=frozenset({"III"}))
    own = row("e", 5e6, unit=CostUnit.EACH, asset_id="B-1")
    for rows, name in (
        ((plain, cheap), "b"),
        ((plain, graded), "d"),
        ((graded, steel), "c"),
        ((steel, own, plain), "e"),
    ):
        found = priced(bridge(), *rows)
        assert isinstance(found, Priced)
        assert found.row.name == name


@pytest.mark.parametrize(
    ("asset", "rows", "why"),
    [
        (bridge(), (row(work=Work.REPLACEMENT),), "no_cost"),
        (bridge(), (row(kind=AssetKind.PAVEMENT_SECTION),), "no_cost"),
        (bridge(), (row(structure="PC"),), "no_cost"),
        (bridge(), (row(soundness=frozenset({"IV"})),), "no_cost"),
        (bridge(), (row(unit=CostUnit.EACH, asset_id="B-2"),), "no_cost"),
        (bridge(width_m=None), (row(),), "no_quantity"),
        (bridge(length_m=None), (row(unit=CostUnit.METRE),), "no_quantity"),
        (bridge(), (), "no_cost"),
    ],
)
def test_why_there_is_no_price(asset: Sized, rows: tuple[UnitCost, ...], why: str) -> None:
    assert priced(asset, *rows) == why


def test_a_work_is_only_priced_for_what_it_is_meant_for() -> None:
    assert price(bridge(), Work.MAJOR, [row()], meant_for=frozenset({"II"})) == "no_cost"


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.floats(0.01, 1e6), st.floats(0, 1e5), st.floats(0, 300))
def test_costs_are_whole_yen_and_never_rounded_down(
    yen: float, quantity: float, overhead: float
) -> None:
    one = row(yen=yen, overhead_percent=overhead)
    exact = yen * quantity * (1 + overhead / 100)
    assert exact - 1e-3 <= one.cost_yen(quantity) <= exact + 1
    assert one.cost_yen(quantity) <= one.cost_yen(quantity * 1.1)


@pytest.mark.parametrize(
    "make",
    [lambda: row(yen=0), lambda: row(yen=-1), lambda: row(asset_id="B-1"), lambda: row(yen=1e15)],
)
def test_impossible_prices_are_refused(make: Callable[[], UnitCost]) -> None:
    with pytest.raises(BadInput, match=r"above 0 yen|whole work"):
        make()

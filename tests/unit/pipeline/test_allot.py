"""From a ledger to a programme: options, reasons, due dates, what if, forecast, estimate."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy import Connection

from inspection.codelists.ageing import load_ageing
from inspection.codelists.priorities import load_priority_model
from inspection.domain.asset import Asset, AssetKind
from inspection.domain.assetsheet import AssetSheet, LedgerEntry
from inspection.domain.deterioration import IMPROVED, MEASURE
from inspection.domain.prioritymodel import Attribute
from inspection.domain.programme import Terms, Work
from inspection.domain.roadsection import RoadSection
from inspection.domain.unitcost import CostUnit, UnitCost
from inspection.errors import BadInput, NotFound
from inspection.pipeline.allot import Request, allot, check_name, compare, request_from
from inspection.pipeline.estimate import keep, learn
from inspection.pipeline.foresee import foresee
from inspection.pipeline.price import Priceable, offer
from inspection.pipeline.rank import know
from inspection.planning.select import Method
from inspection.store import prices, programmes, schema, sheets, transitions
from inspection.store.engine import create_engine, writing
from tests.support.prefecture import FISCAL_YEAR, PRICES, invent_bridges

NOW = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)
MODEL = load_priority_model()


class Clock:
    def now(self) -> datetime:
        return NOW


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Connection]:
    url = f"sqlite:///{tmp_path / 't.sqlite'}"
    schema.upgrade(url)
    engine = create_engine(url)
    with writing(engine) as connection:
        prices.replace_list(connection, "default", PRICES)
        yield connection
    engine.dispose()


def entry(
    asset_id: str, kind: AssetKind = AssetKind.BRIDGE, **attributes: Attribute
) -> LedgerEntry:
    known: dict[str, Attribute] = {"length_m": 20.0, "width_m": 10.0, **attributes}
    road = kind is AssetKind.PAVEMENT_SECTION
    return LedgerEntry(
        asset=Asset(asset_id=asset_id, name=f"橋 {asset_id}", kind=kind, attributes=known),
        sheet=AssetSheet(asset_id=asset_id, municipality="七尾市", structure="PC桁橋"),
        section=RoadSection(asset_id=asset_id, from_m=0, to_m=100, width_m=3.5) if road else None,
    )


def request(*budgets: int, **more: object) -> Request:
    terms = Terms(first_year=2027, budgets_yen=budgets)
    return Request(terms=terms, price_list="default", fiscal_year=FISCAL_YEAR, **more)  # type: ignore[arg-type]


def offered(store: Connection, years: int = 5) -> dict[tuple[str, str], object]:
    known = know(store, fiscal_year=FISCAL_YEAR)
    source = Priceable(
        known=known, table=known.table(MODEL), rows=prices.of_list(store, "default"),
        ageing=load_ageing(),
    )  # fmt: skip
    found = offer(source, Terms(first_year=2027, budgets_yen=(1,) * years))
    return {c.key: c for c in found.candidates} | {
        ("left", k): n for k, n in found.left_out.items()
    }


def test_options_costs_and_reliefs(store: Connection) -> None:
    sheets.save(store, [entry("A", soundness="III", years_since_diagnosis=0, overdue_years=0)])
    one = offered(store, 1)["A", "repair"]
    works = {o.work: o for o in one.options}  # type: ignore[attr-defined]
    assert set(works) == {Work.PREVENTIVE, Work.MAJOR, Work.REPLACEMENT}
    assert works[Work.MAJOR].cost_yen == 200 * 160_000 * 1.6
    assert works[Work.MAJOR].name == "断面修復・床版補強"
    assert (
        works[Work.PREVENTIVE].relief < works[Work.MAJOR].relief <= works[Work.REPLACEMENT].relief
    )
    # waiting costs most of a major repair later: nearly all of III needs it within a cycle
    major = works[Work.MAJOR]
    assert 0.5 * major.cost_yen < major.saving_yen < 2.5 * major.cost_yen


def test_relief_is_priority_times_risk_taken_away(store: Connection) -> None:
    known: dict[str, Attribute] = {
        **dict.fromkeys(
            ("special_structure", "lifeline", "public_access", "snow_or_tsunami"), True
        ),
        **dict.fromkeys(("crack_growth", "asr", "scour", "pre_1980_seismic"), False),
        **dict.fromkeys(("years_since_diagnosis", "overdue_years", "worsened_steps"), 0),
        **{"soundness": "II", "age_years": 20, "salt_zone": "none", "deicing": "none"},
        **{"heavy_vehicles": 0, "emergency_route": "1", "under_bridge": "railway"},
        **{"adt": 20_000, "detour_min": "isolated"},
    }
    sheets.save(store, [entry("A", **known)])
    (option,) = offered(store)["A", "repair"].options  # type: ignore[attr-defined]
    consequence = 20 + 20 + 15 + 15 + 6 + 20
    score = 0.5 * 35 + 0.4 * consequence
    relief = 0.7 * (35 - 5) * consequence / 100  # II becomes I with 0.7, or stays
    assert option.relief == pytest.approx(score / 100 * relief * 1e6)


def test_who_is_put_up_and_who_is_not(store: Connection) -> None:
    sheets.save(
        store,
        [
            entry("sound", soundness="I", overdue_years=0),
            entry("late", soundness="I", overdue_years=1),
            entry("new"),
            entry("done", soundness="III", measure_done=True, years_since_diagnosis=2),
            entry("unsized", soundness="III", length_m="unknown", years_since_diagnosis=0),
            entry("s1", soundness="II", countermeasures="S1", s1_open_years=2),
            entry("wrong", soundness="V"),
            entry("road", AssetKind.PAVEMENT_SECTION, pavement_class="III-1"),
        ],
    )
    found = offered(store)
    assert ("late", "inspection") in found
    assert ("s1", "investigation") in found
    assert found["new", "repair"].why == "not_diagnosed"  # type: ignore[attr-defined]
    assert found["road", "repair"].why == "no_cost"  # type: ignore[attr-defined]
    assert ("done", "repair") not in found
    assert ("sound", "repair") not in found
    assert found["left", "sound"] == 2
    assert found["left", "measure_done"] == 1
    assert found["left", "refused"] == 2


def test_a_road_section_is_priced_by_its_own_length_and_width(store: Connection) -> None:
    overlay = UnitCost(
        name="切削オーバーレイ", work=Work.MAJOR, unit=CostUnit.SQUARE_METRE, yen=6000,
        kind=AssetKind.PAVEMENT_SECTION,
    )  # fmt: skip
    prices.replace_list(store, "default", [overlay])
    sheets.save(store, [entry("R", AssetKind.PAVEMENT_SECTION, pavement_class="III-1")])
    (option,) = offered(store)["R", "repair"].options  # type: ignore[attr-defined]
    assert option.cost_yen == 100 * 3.5 * 6000
    assert option.relief > 0
    assert option.saving_yen == 0


@pytest.mark.parametrize(
    ("diagnosed", "tier", "due"), [(2021, 1, 0), (2022, 1, 0), (2024, 1, 2), (2026, 1, 4)]
)
def test_iii_is_due_in_the_fifth_year_after_its_diagnosis(
    store: Connection, diagnosed: int, tier: int, due: int
) -> None:
    sheets.save(store, [entry("A", soundness="III", diagnosis_fiscal_year=diagnosed)])
    one = offered(store)["A", "repair"]
    assert (one.tier, one.due, one.rules) == (tier, due, ("R3",))  # type: ignore[attr-defined]


def test_a_due_date_beyond_the_programme_does_not_bind(store: Connection) -> None:
    sheets.save(store, [entry("A", soundness="III", diagnosis_fiscal_year=2026)])
    assert offered(store, years=3)["A", "repair"].tier == 2  # type: ignore[attr-defined]


def test_a_programme_has_a_reason_for_everyone_and_keeps_its_budget(store: Connection) -> None:
    sheets.save(store, invent_bridges(60))
    found = allot(store, request(*(200_000_000,) * 5), name="P", clock=Clock()).programme
    outcome = found.outcome
    assert all(0 <= s <= 200_000_000 for s in outcome["spend_yen"])
    assert outcome["method"] in ("exact", "greedy")
    assert outcome["gap"] <= 0.01
    assert [line.rank for line in found.lines] == list(range(1, len(found.lines) + 1))
    assert all(line.reason["ja"] and line.reason["en"] for line in found.lines)
    chosen = [line for line in found.lines if line.fiscal_year is not None]
    assert sum(line.cost_yen or 0 for line in chosen) == sum(outcome["spend_yen"])
    assert outcome["left_out"]["sound"] > 10
    programmes.save(store, found)
    assert programmes.by_name(store, "P") == found
    json.dumps(found.outcome)


def test_the_order_of_the_ledger_decides_nothing(store: Connection) -> None:
    bridges = invent_bridges(30)
    sheets.save(store, bridges)
    one = allot(store, request(90_000_000, 90_000_000), name="P", clock=Clock()).programme
    sheets.save(store, bridges[::-1])
    assert allot(store, request(90_000_000, 90_000_000), name="P", clock=Clock()).programme == one


def test_less_money_never_helps_more(store: Connection) -> None:
    sheets.save(store, [e for e in invent_bridges(80) if e.asset.attributes["soundness"] == "II"])
    benefit = [
        allot(store, request(money), name="P", clock=Clock()).programme.outcome["benefit"]
        for money in (20_000_000, 60_000_000, 200_000_000)
    ]
    assert benefit == sorted(benefit)


def test_a_request_comes_back_from_json(store: Connection) -> None:
    asked = Request(
        terms=Terms(
            first_year=2027, budgets_yen=(1, 2), smoothing_yen=5, bundles=(("A", "B"),),
            shares={"七尾市": (0.1, 0.4)},
        ),
        price_list="x", fiscal_year=2026, weights={"L": 0.4, "C": 0.5, "T": 0.1},
        kind=AssetKind.BRIDGE, method=Method.EXACT,
    )  # fmt: skip
    assert request_from(json.loads(json.dumps(asked.plain()))) == asked
    assert request_from(json.loads(json.dumps(request(7).plain()))) == request(7)
    del store


def test_what_if_shows_what_changes(store: Connection) -> None:
    sheets.save(store, invent_bridges(60))
    asked = request(*(150_000_000,) * 3)
    before = allot(store, asked, name="P", clock=Clock()).programme
    assert compare(before, before) == ()
    poorer = replace(asked, terms=replace(asked.terms, budgets_yen=(50_000_000,) * 3))
    after = allot(store, poorer, name="Q", clock=Clock()).programme
    changes = compare(before, after)
    assert changes
    assert any(c.after is None for c in changes)
    assert after.outcome["data"] == before.outcome["data"]
    weighed = replace(asked, weights={"L": 0.1, "C": 0.8, "T": 0.1})
    assert allot(store, weighed, name="Q", clock=Clock()).programme.model.endswith(
        "+L0.1,C0.8,T0.1"
    )
    with pytest.raises(BadInput, match="add up to 1"):
        allot(store, replace(asked, weights={"L": 1, "C": 1, "T": 1}), name="Q", clock=Clock())


def test_an_emergency_that_the_first_year_cannot_pay_is_a_shortage(store: Connection) -> None:
    sheets.save(store, [entry("A", soundness="IV", years_since_diagnosis=0)])
    found = allot(store, request(10_000_000, 90_000_000), name="P", clock=Clock()).programme
    assert [one.fiscal_year for one in found.lines] == [2028]
    assert found.outcome["late"] == [["A", "repair"]]
    short = allot(store, request(10_000_000, 50_000_000), name="P", clock=Clock()).programme
    assert short.outcome["shortage"] == [
        {"asset_id": "A", "task": "repair", "rules": ["R1"], "fiscal_year": 2027,
         "least_yen": 51_200_000}
    ]  # fmt: skip


def test_a_forecast_with_the_programme_has_fewer_bad_bridges(store: Connection) -> None:
    sheets.save(store, [*invent_bridges(60), entry("new"), entry("R", AssetKind.PAVEMENT_SECTION)])
    found = allot(store, request(*(400_000_000,) * 5), name="P", clock=Clock()).programme
    told = foresee(store, found, steps=4)
    assert told.left_out == {"not diagnosed": 1, "no bridge": 1}
    assert told.without.sum(axis=1) == pytest.approx([60] * 5)
    assert told.programme.sum(axis=1) == pytest.approx([60] * 5)
    assert told.programme[1:, 2:].sum() < told.without[1:, 2:].sum() - 1


def test_names_are_checked() -> None:
    assert check_name("令和9年度") == "令和9年度"
    for wrong in ("", " x", "a\nb", "x" * 101):
        with pytest.raises(BadInput, match="a name has"):
            check_name(wrong)


def test_what_does_not_exist_is_named(store: Connection) -> None:
    for change, says in (
        ({"price_list": "x"}, "price list 'x'.*default"),
        ({"model": "x"}, "priority model 'x'"),
        ({"ageing": "x"}, "no estimate 'x'"),
    ):
        with pytest.raises(NotFound, match=says):
            allot(store, replace(request(1), **change), name="P", clock=Clock())  # type: ignore[arg-type]


HEADING = "施設番号,橋梁名,健全性,点検年度,措置状況\n"


def ledger(path: Path, rows: dict[str, tuple[str, str]], year: int) -> Path:
    text = HEADING + "".join(
        f"{name},橋,{soundness},{year},{status}\n" for name, (soundness, status) in rows.items()
    )
    path.write_text(text, encoding="utf-8")
    return path


def test_two_ledgers_give_a_chain_that_is_kept_and_used(store: Connection, tmp_path: Path) -> None:
    before = {f"B{i}": ("Ⅱ", "") for i in range(40)} | {"R": ("Ⅲ", "措置完了"), "gone": ("Ⅰ", "")}
    after = {f"B{i}": ("Ⅲ" if i < 10 else "Ⅱ", "") for i in range(40)} | {"R": ("Ⅰ", "")}
    files = (
        ledger(tmp_path / "a.csv", before, 2019), ledger(tmp_path / "b.csv", after, 2024)
    )  # fmt: skip
    found = learn(store, *files, today=date(2026, 11, 25))
    assert found.estimate.pairs == 40
    assert found.estimate.matrix[1, 2] == pytest.approx((10 + 20 * 0.049) / 60)
    assert found.plain()["left_out"] == {
        MEASURE: 1, IMPROVED: 0, "only in one ledger": 1,
        "not five years apart": 0, "rows not read": 0,
    }  # fmt: skip
    keep(store, "ours", found, source="a and b", clock=Clock())
    keep(store, "ours", found, source="a and b", clock=Clock())
    assert transitions.by_name(store, "ours").matrix == found.estimate.matrix.tolist()
    sheets.save(store, [entry("A", soundness="II", years_since_diagnosis=0)])
    drawn = allot(store, request(1, ageing="ours"), name="P", clock=Clock()).programme
    assert drawn.outcome["ageing"] == "ours"
    faster = foresee(store, drawn, steps=3).without
    assert faster[1, 2] == pytest.approx(found.estimate.matrix[1, 2])


def test_pairs_of_other_spans_and_no_pairs(store: Connection, tmp_path: Path) -> None:
    first = ledger(tmp_path / "a.csv", {"A": ("Ⅱ", "")}, 2010)
    second = ledger(tmp_path / "b.csv", {"A": ("Ⅱ", "")}, 2024)
    with pytest.raises(BadInput, match="no bridge was diagnosed in both"):
        learn(store, first, second, today=date(2026, 11, 25))
    with pytest.raises(BadInput, match="no bridge was diagnosed in both"):
        learn(store, first, None, today=date(2026, 11, 25))

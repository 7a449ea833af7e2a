"""What planners type: money, shares, weights, positions, days; and what is told in words."""

import json
import math
from datetime import date, datetime
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inspection.domain.asset import Asset
from inspection.domain.assetsheet import AssetSheet, LedgerEntry
from inspection.domain.emergency import Hazard
from inspection.domain.programme import WORK_WORDS, Terms, Work
from inspection.domain.roadnetwork import Closure
from inspection.errors import BadInput
from inspection.pipeline.allot import Difference
from inspection.pipeline.programmesheet import laid_out
from inspection.store import schema, sheets
from inspection.store.engine import create_engine, writing
from inspection.store.programmes import KeptProgramme, WorkLine
from tests.support.records import NOON
from workers.planner_options import (
    finite,
    present_day,
    present_year,
    print_json,
    read_lonlat,
    read_weights,
    title,
)
from workers.programme.forecast import money_by_year
from workers.programme.network import words as closure_words
from workers.programme.plan import read_budgets, read_shares
from workers.programme.words import (
    million,
    say_differences,
    say_lines,
    say_summary,
    work_words,
)

# money


@settings(deadline=None)
@given(st.integers(0, 10**12))
def test_an_amount_in_every_unit_is_the_same_money(yen: int) -> None:
    for text in (
        f"{yen}", f"{yen:,}", f"{yen}円", f" {yen} ",
        f"{yen / 1e3!r}千" if yen % 1000 == 0 else f"{yen}",
        f"{yen}".translate(str.maketrans("0123456789", "０１２３４５６７８９")),
    ):  # fmt: skip
        assert read_budgets((text,), first_year=2027, years=1) == (yen,)
    for unit, size in (("M", 10**6), ("百万", 10**6), ("億", 10**8), ("万", 10**4), ("千", 10**3)):
        assert read_budgets((f"{yen // size}{unit}",), first_year=2027, years=1) == (
            yen // size * size,
        )


@pytest.mark.parametrize(
    ("texts", "yen"),
    [
        (("1.5億",), (150_000_000,) * 3), (("0",), (0, 0, 0)), (("0.1万",), (1000,) * 3),
        (("2028=5M",), (0, 5_000_000, 0)), (("1M", "2027=2M", "2029=3M"), (2e6, 1e6, 3e6)),
        (("2027=2M", "1M"), (2e6, 1e6, 1e6)), (("1M", "2M"), (2e6,) * 3),
        (("2028=1M", "2028=2M"), (0, 2e6, 0)), (("２０２８=1M",), (0, 1e6, 0)),
        (("1e8",), (100_000_000,) * 3),
    ],
)  # fmt: skip
def test_money_of_every_year_or_of_one(texts: tuple[str, ...], yen: tuple[float, ...]) -> None:
    assert read_budgets(texts, first_year=2027, years=3) == yen


@pytest.mark.parametrize(
    "text",
    ["", "much", "M", "5X", "1.2.3M", "inf", "nan", "1e400", "2028=", "=5M", "2026=5M", "2030=5M",
     "202²=5M", "R9=5M", "2027-2028=5M", "５，０００", "5 M M", "百万億"],
)  # fmt: skip
def test_money_that_is_none_is_named(text: str) -> None:
    if text == "５，０００":  # a full-width comma is no separator that money is written with here
        with pytest.raises(BadInput, match="is no amount"):
            read_budgets((text,), first_year=2027, years=3)
        return
    with pytest.raises(BadInput) as refused:
        read_budgets((text,), first_year=2027, years=3)
    assert repr(text) in str(refused.value)
    assert "fiscal years 2027 to 2029" in str(refused.value) or "1.2億" in str(refused.value)


@pytest.mark.parametrize("text", ["-1", "-5M", "1000001億"])
def test_money_that_nobody_has_is_refused_by_the_terms(text: str) -> None:
    with pytest.raises(BadInput, match="a yearly budget is 0 to"):
        Terms(first_year=2027, budgets_yen=read_budgets((text,), first_year=2027, years=1))


# shares and weights


def test_shares_are_percent_of_the_money() -> None:
    found = read_shares(("七尾市=10-30", "a=b=0-100", " 輪島市 =12.5-12.5"))
    assert found == {"七尾市": (0.1, 0.3), "a=b": (0.0, 1.0), " 輪島市 ": (0.125, 0.125)}


@pytest.mark.parametrize(
    "text", ["七尾市", "七尾市=10", "七尾市=10-20-30", "七尾市=十-三十", "=10-30", "-"]
)
def test_shares_that_are_none(text: str) -> None:
    with pytest.raises(BadInput, match=f"share {text!r}"):
        read_shares((text,))


def test_a_place_has_one_share() -> None:
    with pytest.raises(BadInput, match="a place twice"):
        read_shares(("七尾市=10-30", "七尾市=0-5"))
    for wrong in ("七尾市=30-10", "七尾市=0-101", "七尾市=nan-5"):
        with pytest.raises(BadInput, match="0 ≤ low ≤ high ≤ 1"):
            Terms(first_year=2027, budgets_yen=(1,), shares=read_shares((wrong,)))


@pytest.mark.parametrize(
    ("text", "weights"),
    [
        ("L=0.4,C=0.5,T=0.1", {"L": 0.4, "C": 0.5, "T": 0.1}),
        (" t = 1 , c=0,l=0", {"T": 1.0, "C": 0.0, "L": 0.0}),
        ("Ｌ=1", {"Ｌ": 1.0}),
    ],
)
def test_weights(text: str, weights: dict[str, float]) -> None:
    assert read_weights(text) == weights


@pytest.mark.parametrize("text", ["", "L", "L=", "L=x", "L=0.4;C=0.5", "L=0.4,,C=0.6", "L=1,l=0"])
def test_weights_that_are_none(text: str) -> None:
    with pytest.raises(BadInput):
        read_weights(text)


# positions and days


@given(st.floats(-90, 90), st.floats(-180, 180))
def test_a_position_is_read_latitude_first(lat: float, lon: float) -> None:
    assert read_lonlat(f"{lat!r},{lon!r}") == read_lonlat(f" {lat!r} , {lon!r} ") == (lon, lat)


@pytest.mark.parametrize(
    ("text", "says"),
    [("136.6,36.6", "latitude comes first"), ("90.001,0", "latitude comes"),
    ("0,180.1", "latitude"),
     ("nan,0", "latitude"), ("inf,0", "latitude"), ("36.6", "write LAT,LON"), ("", "write LAT,LON"),
     ("36,136,5", "write LAT,LON"), ("N36,E136", "write LAT,LON"), ("36。5,136", "write LAT,LON")],
)  # fmt: skip
def test_positions_that_are_none(text: str, says: str) -> None:
    with pytest.raises(BadInput, match=says):
        read_lonlat(text)


@pytest.mark.parametrize(
    ("day", "year"),
    [("2026-03-31", 2025), ("2026-04-01", 2026), ("2024-02-29", 2023), ("2027-01-01", 2026)],
)
def test_the_fiscal_year_of_a_day(day: str, year: int) -> None:
    moment = datetime.fromisoformat(day)
    assert present_year(moment) == year
    assert present_day(moment) == date.fromisoformat(day)
    assert present_day(None) >= date(2026, 1, 1)


# JSON for programs


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3) | st.tuples(inner) | st.dictionaries(st.text(), inner)
        ),
        max_leaves=8,
    )
)
def test_what_is_printed_is_json_by_the_letter(value: Any) -> None:
    plain = finite(value)
    assert finite(plain) == plain
    text = json.dumps(plain, allow_nan=False)
    assert json.loads(text, parse_constant=pytest.fail) == json.loads(json.dumps(plain))


def test_infinity_is_null_and_everything_else_stays() -> None:
    @click.command()
    def show() -> None:
        print_json({"a": math.inf, "b": [1, -math.inf, {"c": math.nan}], "d": (0.5,), "e": NOON,
                    "f": Hazard.FLOOD, "g": "橋"})  # fmt: skip

    told = CliRunner().invoke(show).stdout
    assert json.loads(told, parse_constant=pytest.fail) == {
        "a": None, "b": [1, None, {"c": None}], "d": [0.5], "e": str(NOON), "f": "flood", "g": "橋",
    }  # fmt: skip
    assert "橋" in told


# words


def line(asset_id: str = "A", **changes: Any) -> WorkLine:
    values: dict[str, Any] = {
        "asset_id": asset_id, "task": "repair", "rank": 1, "tier": 2, "score": 73.456,
        "fiscal_year": 2027, "work": "major", "cost_yen": 12_345_678, "benefit": 1.0,
        "reason": {"code": "x", "ja": "効果が大きい", "en": "much benefit"},
    }  # fmt: skip
    return WorkLine(**(values | changes))


LEFT = {"fiscal_year": None, "work": "", "cost_yen": None, "benefit": None}
LINES = (
    line("A", rank=2), line("B", rank=1, tier=0, work="emergency", task="emergency",
    cost_yen=600_000),
    line("C", rank=3, fiscal_year=2028), line("D", rank=4, **LEFT),
    line("E", rank=5, task="investigation", **LEFT),
)  # fmt: skip


def kept(**outcome: Any) -> KeptProgramme:
    plain: dict[str, Any] = {
        "ageing": "national", "spend_yen": [12_945_678, 12_345_678], "method": "exact",
        "gap": 0.00123, "needed_yen": 99_000_000, "shortage": [], "late": [], "refused": {},
        "left_out": {}, "benefit": 3.5, "data": "d",
    }  # fmt: skip
    request = {"terms": {"first_year": 2027, "budgets_yen": [20_000_000, 20_000_000]},
               "price_list": "2026"}  # fmt: skip
    return KeptProgramme(
        name="R9", model="priority_v1/1.0.0", request=request, outcome=plain | outcome,
        made_at=NOON,
        lines=LINES,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("yen", "text"),
    [(0, "0.00"), (1, "0.00"), (5_000, "0.01"), (10**9, "1,000.00"), (-5e6, "-5.00")],
)
def test_millions(yen: float, text: str) -> None:
    assert million(yen) == text


def test_the_summary_says_money_quality_and_what_lacks() -> None:
    told = list(say_summary(kept()))
    assert told == [
        "R9: priority_v1/1.0.0, prices '2026', ageing national",
        "  FY2027  budget 20.00, planned 12.95 million yen, 2 works",
        "  FY2028  budget 20.00, planned 12.35 million yen, 1 works",
        "exact choice, at most 0.12% below the best possible; all that would help costs 99.00 "
        "million yen",
    ]
    more = list(
        say_summary(
            kept(shortage=[{"asset_id": "Z", "rules": ["IV",
            "E1"], "least_yen": 5e6, "fiscal_year": 2027}],
                 late=[("A", "major")], refused={"Q": "no length"}, left_out={"sound": 3,
                 "repaired": 1})
        )
    )  # fmt: skip
    assert more[4:] == [
        "SHORTAGE: Z (IV, E1) needs at least 5.00 million yen by FY2027",
        "LATE: A (major) is done after its due year",
        "not scored: Q: no length",
        "not put up: 3 sound, 1 repaired",
    ]


def test_works_stand_by_year_then_rank_and_the_rest_below() -> None:
    names = {"A": "犀川橋", "D": "浅野川橋"}
    told = list(say_lines(kept(), names, "ja", left=True))
    assert [text.split()[1] for text in told[:3]] == ["B", "A", "C"]
    assert told[1] == "  FY2027  A 犀川橋  大規模補修  12.35 million yen  効果が大きい"
    assert told[3] == "not in the programme:"
    assert told[4] == "  D 浅野川橋  効果が大きい"
    assert told[5] == "  E  (詳細調査)  効果が大きい"
    assert len(list(say_lines(kept(), names, "en", left=False))) == 3


def test_every_work_has_words_in_both_languages() -> None:
    for work in Work:
        assert (work_words(work.value, "ja"), work_words(work.value, "en")) == WORK_WORDS[work]
    assert {work_words("repair", lang) for lang in ("ja", "en")} == {"補修", "repair"}


def test_what_a_what_if_changes_is_told() -> None:
    change = Difference(asset_id="A", task="repair", before=(2027, "major"), after=None)
    told = list(say_differences(kept(), kept(data="other"), [change], {"A": "犀川橋"}, "ja"))
    assert told[0].startswith(
        "before: 3 works, 25.29 of 40.00 million yen, benefit 0.00 million, 0 short"
    )
    assert told[2] == "the ledger has changed since: not all differences come from the what-if"
    assert told[3] == "  A 犀川橋: FY2027 大規模補修 → 計画外"
    assert told[-1] == "1 works differ"
    same = list(say_differences(kept(), kept(), [], {}, "en"))
    assert len(same) == 3 and same[-1] == "0 works differ"


def test_money_by_year_is_what_must_be_and_what_competes() -> None:
    first, second = money_by_year(kept())
    assert (first.fiscal_year, first.budget_yen, first.must_yen, first.compete_yen) == (
        2027, 20_000_000, 600_000, 12_345_678,
    )  # fmt: skip
    assert (second.fiscal_year, second.must_yen, second.compete_yen) == (2028, 0, 12_345_678)


@pytest.mark.parametrize("lang", ["ja", "en"])
def test_a_sheet_holds_every_line_with_its_reason(tmp_path: Path, lang: str) -> None:
    url = f"sqlite:///{tmp_path / 'tenken.sqlite'}"
    schema.upgrade(url)
    engine = create_engine(url)
    known = LedgerEntry(
        asset=Asset(asset_id="A", name="犀川橋"),
        sheet=AssetSheet(asset_id="A", municipality="金沢市"),
    )
    with writing(engine) as connection:
        sheets.save(connection, [known])
        sheet = laid_out(connection, kept(), lang)
    engine.dispose()
    assert [row["asset_id"] for row in sheet.rows] == ["A", "B", "C", "D", "E"]
    assert (sheet.rows[0]["name"], sheet.rows[0]["municipality"]) == ("犀川橋", "金沢市")
    assert (sheet.rows[3]["work"], sheet.rows[3]["cost_yen"], sheet.rows[1]["name"]) == (
        "",
        None,
        "",
    )
    assert sheet.years == [(2027, 20_000_000, 12_945_678), (2028, 20_000_000, 12_345_678)]
    facts = dict(sheet.facts)
    assert "0.12%" in facts.values() and 99_000_000 in facts.values() and "–" in facts.values()
    assert ("優先度モデル" in facts) is (lang == "ja")


def test_what_the_closure_of_an_asset_means_in_words() -> None:
    around = Closure(asset_id="A", detour_m=12_340, detour_min=18.26, severs=False, people=0,
                     places=(), road_m=0)  # fmt: skip
    assert closure_words(around) == "A  detour 12.3 km, 18.3 min longer"
    cut = Closure(asset_id="B", detour_m=None, detour_min=None, severs=True, people=1234.4,
                  places=("白米", "名舟"), road_m=950)  # fmt: skip
    assert closure_words(cut) == (
        "B  no way around: 1,234 people and 0.9 km of road cut off: 白米, 名舟"
    ).replace("0.9 km", f"{0.95:.1f} km")
    assert title(None) == ""

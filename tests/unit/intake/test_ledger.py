"""Rows of a ledger: cells by kind, columns by heading, merging, and refusals with their place."""

import doctest
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection.codelists.columns import CellKind, LedgerField, Target, load_fields
from inspection.domain import assetsheet
from inspection.domain.asset import AssetKind, Concrete
from inspection.domain.assetsheet import AssetSheet, LedgerEntry, LedgerRow, merge
from inspection.domain.roadsection import PavementKind
from inspection.errors import BadInput
from inspection.intake import cells, ledger, mapping
from inspection.intake.cells import read_cell
from inspection.intake.csvtable import read_csv
from inspection.intake.elementsheet import ElementRow, read_element_sheet
from inspection.intake.ledger import read_ledger
from inspection.intake.mapping import map_columns, read_choices
from inspection.intake.reading import ReadRows
from inspection.intake.table import Table

FIELDS = load_fields()
ELEMENT_FIELDS = load_fields("element_column")
TODAY = date(2026, 11, 25)


def table(text: str) -> Table:
    known = frozenset(
        a for one in (*FIELDS.values(), *ELEMENT_FIELDS.values()) for a in one.aliases
    )
    return read_csv(text.encode(), "ledger.csv", known=known)


def read(text: str, *, kind: AssetKind = AssetKind.BRIDGE) -> ReadRows[LedgerRow]:
    made = table(text)
    return read_ledger(made, map_columns(made, FIELDS), kind=kind, today=TODAY)


def only(text: str) -> LedgerRow:
    found = read(text)
    assert found.problems == ()
    ((_, row),) = found.rows
    return row


def field(kind: CellKind, **more: object) -> LedgerField:
    return LedgerField(name="x", kind=kind, target=Target.ATTRIBUTE, aliases=("x",), **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("module", [cells, ledger, mapping, assetsheet])
def test_examples_hold(module: object) -> None:
    assert doctest.testmod(module).failed == 0  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("length_m", "１２．５ｍ", 12.5),
        ("length_m", "不明", None),
        ("length_m", "－", None),
        ("adt", "12,345台/日", 12345),
        ("built_fiscal_year", "S55", 1980),
        ("built_fiscal_year", "昭和56年3月31日", 1980),
        ("built_fiscal_year", "1980-04-01", 1980),
        ("soundness", "Ⅲ", "III"),
        ("soundness", "", None),
        ("countermeasures", "Ｃ２＋Ｓ１", "C2,S1"),
        ("lat_deg", "36.594606", 36.594606),
        ("lat_deg", "36°35′40.58″", 36 + 35 / 60 + 40.58 / 3600),
        ("lat_deg", "36度35分40.58秒", 36 + 35 / 60 + 40.58 / 3600),
        ("lifeline", "有", True),
        ("lifeline", "○", True),
        ("lifeline", "×", False),
        ("lifeline", "無", False),
        ("lifeline", "不明", None),
        ("emergency_route", "第１次", "1"),
        ("emergency_route", "なし", "none"),
        ("under_bridge", "鉄道", "railway"),
        ("name", " １〜２号橋　", "１～２号橋"),
        ("asset_id", "ＩＳＫ－１", "ISK-1"),
        ("from_m", "12.3kp", 12300),
        ("from_m", "12k300", 12300),
        ("from_m", "12+300", 12300),
        ("from_m", "1,500m", 1500),
        ("inspected_on", "R6.5.31", "2024-05-31"),
        ("concrete", "ＰＣ", "PC"),
        ("crack_ratio_percent", "18.3％", 18.3),
    ],
)
def test_cells(name: str, text: str, value: object) -> None:
    found = read_cell(text, FIELDS[name])
    assert found == (pytest.approx(value) if isinstance(value, float) else value)


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("length_m", "約30m", "is no number"),
        ("length_m", "1.2km", "unit 'km'"),
        ("length_m", "0", "outside 0.1"),
        ("width_m", "-4.5", "outside"),
        ("lat_deg", "136.6", "swapped"),
        ("lat_deg", "36°65′00″", "60 or more"),
        ("built_fiscal_year", "昭和72年", "years 1 to 64"),
        ("built_fiscal_year", "29221", "no year"),
        ("soundness", "5", "none of I"),
        ("countermeasures", "S3", "S3 is none of"),
        ("lifeline", "たぶん", "neither yes"),
        ("emergency_route", "4次", "none of 1, 2, 3, none"),
        ("inspected_on", "2024-02-30", "calendar"),
        ("from_m", "abc", "no number"),
    ],
)
def test_cells_that_cannot_be_read(name: str, text: str, says: str) -> None:
    with pytest.raises(BadInput, match=says):
        read_cell(text, FIELDS[name])


@given(st.floats(-90, 90, allow_nan=False))
def test_degrees_come_back(value: float) -> None:
    found = read_cell(f"{value:.9f}", field(CellKind.DEGREES, low=-90, high=90))
    assert found == pytest.approx(value, abs=1e-9)


@given(st.text(max_size=20), st.sampled_from(sorted(FIELDS)))
def test_any_text_is_read_or_refused_in_words(text: str, name: str) -> None:
    try:
        read_cell(text, FIELDS[name])
    except BadInput as error:
        assert str(error)


ONE = "施設番号,橋梁名,橋長,緯度,経度,健全性,点検年度,路線名,備考\n"


def test_a_row_is_sorted_by_what_it_says() -> None:
    row = only(ONE + "A-1,犀川大橋,62.3,36.59,136.62,Ⅱ,R5,国道157号,x\n")
    assert row.asset_id == "A-1"
    assert row.asset == {"name": "犀川大橋"}
    assert row.sheet == {"lat_deg": 36.59, "lon_deg": 136.62, "route_name": "国道157号"}
    assert row.attributes == {
        "length_m": 62.3, "soundness": "II", "inspection_fiscal_year": 2023,
        "diagnosis_fiscal_year": 2023,
    }  # fmt: skip


def test_what_a_row_omits_is_not_there() -> None:
    row = only(ONE + "A-1,橋,,,,,,,\n")
    assert (row.sheet, row.attributes) == ({}, {})


@pytest.mark.parametrize(
    ("line", "column", "says"),
    [
        (",橋,1,36,136,Ⅰ,R5,,", "施設番号", "names no asset"),
        ("A-1,橋,1,36,,Ⅰ,R5,,", "経度", "lacks its longitude"),
        ("A-1,橋,1,,136,Ⅰ,R5,,", "緯度", "lacks its latitude"),
        ("A-1,橋,1,136,36,Ⅰ,R5,,", "緯度", "swapped"),
        ("A-1,橋,1,36,136,Ⅰ,2099,,", "点検年度", "outside 1700 to 2036"),
    ],
)
def test_a_refused_row_names_its_cell(line: str, column: str, says: str) -> None:
    found = read(ONE + "A-0,橋,1,36,136,Ⅰ,R5,,\n" + line + "\nA-2,橋,1,36,136,Ⅰ,R5,,\n")
    (problem,) = found.problems
    assert (problem.line, problem.column) == (3, column)
    assert says in problem.reason
    assert str(problem).startswith(f"{column}: ")
    assert [row.asset_id for _, row in found.rows] == ["A-0", "A-2"]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("Ⅲ-1", {"pavement_class": "III-1"}),
        ("III-2", {"pavement_class": "III-2"}),
        ("３－１", {"pavement_class": "III-1"}),
        ("Ⅰ", {"pavement_class": "I"}),
        ("2", {"pavement_class": "II"}),
        ("Ⅲ", {"soundness": "III"}),  # which of the two halves, nobody said
    ],
)
def test_a_section_is_diagnosed_in_its_own_classes(said: str, expected: dict[str, str]) -> None:
    found = read(
        f"区間番号,種別,健全性判定区分,点検年度\nR-1,舗装,{said},2024\n", kind=AssetKind.BRIDGE
    )
    assert found.problems == ()
    ((_, row),) = found.rows
    years = {"inspection_fiscal_year": 2024, "diagnosis_fiscal_year": 2024}
    assert row.attributes == expected | years


def test_the_kind_of_the_whole_ledger_counts_where_a_row_is_silent() -> None:
    text = "区間番号,健全性判定区分\nR-1,III-2\n"
    ((_, row),) = read(text, kind=AssetKind.PAVEMENT_SECTION).rows
    assert row.attributes == {"pavement_class": "III-2"}
    (problem,) = read(text, kind=AssetKind.BRIDGE).problems
    assert "III-2 is a class of road sections; this is of kind bridge" in str(problem)


def test_two_columns_that_disagree_about_a_section_are_refused() -> None:
    text = "区間番号,種別,健全性判定区分,舗装診断区分\nR-1,舗装,III-2,{}\n"
    ((_, row),) = read(text.format("III-2")).rows
    assert row.attributes == {"pavement_class": "III-2"}
    (problem,) = read(text.format("II")).problems
    assert "the row says III-2 and in another column II" in str(problem)


def test_the_second_of_two_equal_identifiers_is_refused() -> None:
    found = read(ONE + "Ａ－１,橋,,,,,,,\nA-1,別,,,,,,,\n")
    (problem,) = found.problems
    assert "stands on line 2 already" in problem.reason
    assert len(found.rows) == 1


def test_a_refused_row_does_not_occupy_its_identifier() -> None:
    found = read(ONE + "A-1,橋,abc,,,,,,\nA-1,橋,12,,,,,,\n")
    assert [problem.line for problem in found.problems] == [2]
    assert [line for line, _ in found.rows] == [3]


def test_a_date_and_a_year_that_disagree_are_refused() -> None:
    text = "施設番号,橋梁名,点検年度,点検年月日\n"
    assert only(text + "A-1,橋,,R6.3.31\n").attributes == {"inspection_fiscal_year": 2023}
    (problem,) = read(text + "A-1,橋,2024,R6.3.31\n").problems
    assert (problem.column, problem.value) == ("点検年月日", "R6.3.31")
    assert "fiscal year 2023" in problem.reason


def test_an_xroad_identifier_gives_the_position_that_is_missing() -> None:
    row = only('施設番号,橋梁名,施設ID\nA-1,橋,"36.59, 136.62"\n')
    assert (row.sheet["lat_deg"], row.sheet["lon_deg"]) == (36.59, 136.62)
    assert "lat_deg" not in only("施設番号,橋梁名,施設ID\nA-1,橋,XR-5\n").sheet


def test_columns_are_proposed_and_people_have_the_last_word() -> None:
    made = table("整理番号,橋梁名,有効幅員,幅員(m),長さ\n1,橋,3,4,5\n")
    with pytest.raises(BadInput, match=r"no column for asset_id.*整理番号"):
        map_columns(made, FIELDS)
    found = map_columns(made, FIELDS, chosen=read_choices(("整理番号=asset_id", "長さ=length_m")))
    assert {name: made.heading[at] for name, at in found.columns.items()} == {
        "asset_id": "整理番号", "name": "橋梁名", "width_m": "幅員(m)", "length_m": "長さ",
    }  # fmt: skip
    assert found.unused == ("有効幅員",)
    other = map_columns(
        made, FIELDS, chosen=read_choices(("整理番号=asset_id", "有効幅員=width_m", "橋梁名="))
    )
    assert made.heading[other.columns["width_m"]] == "有効幅員"
    assert "name" not in other.columns


@pytest.mark.parametrize(
    ("chosen", "says"),
    [
        (("x=asset_id",), "no column 'x'"),
        (("施設番号=identifier",), "no field 'identifier'"),
        (("施設番号=asset_id", "橋梁名=asset_id"), "two columns were chosen"),
        (("asset_id",), "must be COLUMN=FIELD"),
    ],
)
def test_choices_that_make_no_sense(chosen: tuple[str, ...], says: str) -> None:
    with pytest.raises(BadInput, match=says):
        map_columns(table("施設番号,橋梁名\n1,橋\n"), FIELDS, chosen=read_choices(chosen))


def test_merging_replaces_what_a_row_says_and_keeps_the_rest() -> None:
    first = merge(
        None,
        LedgerRow(
            asset_id="A", asset={"name": "橋", "concrete": "PC"}, sheet={"kana": "ハシ"},
            attributes={"adt": 5.0},
        ),
        kind=AssetKind.BRIDGE,
    )  # fmt: skip
    assert first.asset.concrete is Concrete.PC
    row = LedgerRow(
        asset_id="A", sheet={"route_name": "国道"}, attributes={"adt": 6.0, "asr": True}
    )
    second = merge(first, row, kind=AssetKind.OTHER)
    assert (second.asset.name, second.asset.kind) == ("橋", AssetKind.BRIDGE)
    assert (second.sheet.kana, second.sheet.route_name) == ("ハシ", "国道")
    assert second.asset.attributes == {"adt": 6.0, "asr": True}
    assert merge(second, row, kind=AssetKind.OTHER) == second


def test_road_sections_are_merged_too() -> None:
    text = (
        "区間番号,区間名,起点距離標,終点距離標,舗装種別,道路分類,ひび割れ率(%)\n"
        "R-1,県道,1k000,1k100,As,Ｂ,22\n"
    )
    found = read(text, kind=AssetKind.PAVEMENT_SECTION)
    entry = merge(None, found.rows[0][1], kind=AssetKind.PAVEMENT_SECTION)
    assert entry.section is not None
    assert (entry.section.length_m, entry.section.pavement) == (100, PavementKind.ASPHALT)
    assert entry.asset.attributes == {"road_class": "B", "crack_ratio_percent": 22.0}
    (problem,) = read(text.replace("1k100", "0k900"), kind=AssetKind.PAVEMENT_SECTION).problems
    assert "beyond the start" in problem.reason


def test_impossible_sheets_are_refused() -> None:
    with pytest.raises(BadInput, match="lacks its latitude"):
        AssetSheet(asset_id="A", lon_deg=136.0)
    with pytest.raises(BadInput, match="latitude 136"):
        AssetSheet(asset_id="A", lon_deg=36.0, lat_deg=136.0)
    with pytest.raises(BadInput, match="longitude 236"):
        AssetSheet(asset_id="A", lon_deg=236.0, lat_deg=36.0)
    with pytest.raises(BadInput, match="no name"):
        merge(None, LedgerRow(asset_id="A"), kind=AssetKind.BRIDGE)
    entry = merge(None, LedgerRow(asset_id="A", asset={"name": "x"}), kind=AssetKind.BRIDGE)
    with pytest.raises(BadInput, match="several assets"):
        LedgerEntry(asset=entry.asset, sheet=AssetSheet(asset_id="B"))
    with pytest.raises(BadInput, match="no fields"):
        merge(entry, LedgerRow(asset_id="A", section={"speed": 3.0}), kind=AssetKind.BRIDGE)


SHEET = "施設番号,径間番号,要素番号,材料,コンクリート種別,損傷,点検年度,点検者,対策区分,健全性\n"


def elements(text: str, *, year: int | None = None) -> ReadRows[ElementRow]:
    made = table(text)
    columns = map_columns(made, ELEMENT_FIELDS, needed=("asset_id", "element"))
    return read_element_sheet(made, columns, fiscal_year=year, bridges=frozenset({"A-1"}))


def test_a_range_of_elements_shares_its_record() -> None:
    found = elements(SHEET + '"A-1",2,主桁 Mg0101～0202,Ｃ,PC,⑥ひびわれ(小大)-c,R6,山田,C1+S1,Ⅱ\n')
    assert found.problems == ()
    ((_, row),) = found.rows
    assert [str(e.number) for e in row.elements] == ["Mg0101", "Mg0102", "Mg0201", "Mg0202"]
    assert {e.concrete for e in row.elements} == {Concrete.PC}
    assert len(row.damages) == 4
    one = row.damages[0]
    assert (one.fiscal_year, one.inspector, one.countermeasures, one.soundness) == (
        2024, "山田", ("C1", "S1"), "II",
    )  # fmt: skip


def test_a_symbol_may_stand_in_a_column_of_its_own() -> None:
    text = "施設番号,記号,要素番号\nA-1,Ds,0101,\nA-1,Ba,0101～0102\n"
    found = elements(text)
    assert [str(e.number) for _, row in found.rows for e in row.elements] == [
        "Ds0101", "Ba0101", "Ba0102",
    ]  # fmt: skip
    # an anchor bolt can only be of steel
    assert found.rows[1][1].elements[0].material.value == "S"


@pytest.mark.parametrize(
    ("line", "column", "says"),
    [
        ("A-2,1,Mg0101,,,,,,,", "施設番号", "import the ledger first"),
        (",1,Mg0101,,,,,,,", "施設番号", "names no asset"),
        ("A-1,1,,,,,,,,", "要素番号", "names no element"),
        ("A-1,1,Zz0101,,,,,,,", "要素番号", "Zz is no member symbol"),
        ("A-1,1,Mg0201～0101,,,,,,,", "要素番号", "backwards"),
        ("A-1,1.5,Mg0101,,,,,,,", "径間番号", "no whole number"),
        ("A-1,1,Mg0101,,,⑥ひびわれ-z,R6,,,", "損傷", "no damage record"),
        ("A-1,1,Mg0101,,,⑫うき-c,R6,,,", "損傷", "has no grade c"),
        ("A-1,1,Mg0101,,,NON,,,,", "点検年度", "no fiscal year"),
    ],
)
def test_refused_rows_of_an_element_sheet(line: str, column: str, says: str) -> None:
    (problem,) = elements(SHEET + line + "\n").problems
    assert (problem.line, problem.column) == (2, column)
    assert says in problem.reason


def test_two_records_of_one_damage_are_for_a_person_to_sort() -> None:
    row = "A-1,1,Mg0101,,,⑦剥離・鉄筋露出-{},R6,,,\n"
    found = elements(SHEET + row.format("c") + row.format("d"))
    (problem,) = found.problems
    assert "on line 2 already" in problem.reason
    assert len(found.rows) == 1


def test_the_guideline_is_named_or_follows_from_the_year() -> None:
    text = "施設番号,要素番号,損傷,年度,要領\nA-1,Mg0101,NON,{},{}\n"

    def guideline(year: str, named: str) -> str:
        return elements(text.format(year, named)).rows[0][1].damages[0].guideline

    assert guideline("H30", "") == "jp_bridge_2014"
    assert guideline("R1", "") == "jp_bridge_2019"
    assert guideline("R6", "jp_bridge_2019") == "jp_bridge_2019"
    (problem,) = elements(text.format("R6", "jp_bridge_1999")).problems
    assert (problem.column, "jp_bridge_2024" in problem.reason) == ("要領", True)


def test_a_year_for_all_records() -> None:
    found = elements(SHEET + "A-1,1,Mg0101,,,NON,,,,\n", year=2025)
    assert found.rows[0][1].damages[0].fiscal_year == 2025

"""Rows of element sheets, ledgers and price lists: what they mean, and which cell is at fault."""

import io
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from inspection.codelists.columns import COSTS, ELEMENTS, LEDGER, load_fields
from inspection.domain.asset import AssetKind
from inspection.domain.assetsheet import LedgerRow, merge
from inspection.domain.bridge import Material
from inspection.domain.programme import Work
from inspection.domain.unitcost import CostUnit, UnitCost
from inspection.errors import BadInput
from inspection.intake.csvtable import read_csv
from inspection.intake.elementsheet import ElementRow, read_element_sheet
from inspection.intake.ledger import read_ledger
from inspection.intake.mapping import ColumnMapping, map_columns, read_choices
from inspection.intake.pricelist import read_price_list
from inspection.intake.reading import ReadRows, RowProblem
from inspection.intake.table import Table
from inspection.intake.xlsxtable import read_xlsx

TODAY = date(2026, 11, 25)
ALL = {name: load_fields(name) for name in (LEDGER, ELEMENTS, COSTS)}
KNOWN = frozenset(a for fields in ALL.values() for one in fields.values() for a in one.aliases)


def table(*lines: str, encoding: str = "utf-8") -> Table:
    return read_csv(("\n".join(lines) + "\n").encode(encoding), "x.csv", known=KNOWN)


def elements(*lines: str, year: int | None = None) -> ReadRows[ElementRow]:
    made = table(*lines)
    mapping = map_columns(made, ALL[ELEMENTS], needed=("asset_id", "element"))
    return read_element_sheet(made, mapping, fiscal_year=year, bridges=frozenset({"A-1", "A-2"}))


def ledger(*lines: str, kind: AssetKind = AssetKind.BRIDGE) -> ReadRows[LedgerRow]:
    made = table(*lines)
    return read_ledger(made, map_columns(made, ALL[LEDGER]), kind=kind, today=TODAY)


def prices(*lines: str) -> ReadRows[UnitCost]:
    made = table(*lines)
    return read_price_list(made, map_columns(made, ALL[COSTS], needed=("work",)))


def only(found: ReadRows[ElementRow]) -> ElementRow:
    assert found.problems == ()
    ((_, row),) = found.rows
    return row


def fault(found: ReadRows[Any]) -> RowProblem:
    (problem,) = found.problems
    return problem


# element sheets; domain specification §1.6: numbering, materials, record strings


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("Mg0101", ["Mg0101"]),
        ("主桁 Ｍｇ０１０１", ["Mg0101"]),
        ("Mg0101〜0202", ["Mg0101", "Mg0102", "Mg0201", "Mg0202"]),
        ("Mg0101～0103", ["Mg0101", "Mg0102", "Mg0103"]),
        ("Mg0101∼0301", ["Mg0101", "Mg0201", "Mg0301"]),
        ('"Ds0001,0002、Cr0101"', ["Ds0001", "Ds0002", "Cr0101"]),
        ('"Pw0101,0101"', ["Pw0101"]),
    ],
)
def test_elements_of_a_range_over_both_pairs_of_digits(text: str, numbers: list[str]) -> None:
    row = only(elements("施設番号,要素番号", f"A-1,{text}"))
    assert [str(e.number) for e in row.elements] == numbers
    assert {(e.asset_id, e.span) for e in row.elements} == {("A-1", 1)}
    assert row.damages == ()


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 99), st.integers(1, 99), st.integers(0, 5), st.integers(0, 5))
def test_a_range_has_as_many_elements_as_its_rectangle(a: int, b: int, more: int, on: int) -> None:
    c, d = min(99, a + more), min(99, b + on)
    row = only(elements("施設番号,要素番号", f"A-1,Mg{a:02}{b:02}～{c:02}{d:02}"))
    assert len(row.elements) == (c - a + 1) * (d - b + 1)
    assert len({e.number for e in row.elements}) == len(row.elements)
    assert {(e.number.first, e.number.last) for e in row.elements} == {
        (i, j) for i in range(a, c + 1) for j in range(b, d + 1)
    }


@pytest.mark.parametrize(
    ("symbol", "said", "material"),
    [
        ("Ba", "", Material.STEEL),  # §1.6: anchor bolts are of steel only
        ("Ip", "", Material.STEEL),
        ("Ap", "", Material.CONCRETE),
        ("Mg", "", Material.CONCRETE),  # steel or concrete: the row must say steel
        ("Mg", "鋼", Material.STEEL),
        ("Bh", "ゴム", Material.RUBBER),
        ("Pm", "Ａ", Material.ASPHALT),
        ("Sx", "その他", Material.OTHER),
    ],
)
def test_of_what_an_element_is(symbol: str, said: str, material: Material) -> None:
    row = only(elements("施設番号,要素番号,材料", f"A-1,{symbol}0101,{said}"))
    assert row.elements[0].material is material


@pytest.mark.parametrize(
    ("year", "guideline"),
    [("H25", "jp_bridge_2004"), ("H26", "jp_bridge_2014"), ("H30", "jp_bridge_2014"),
     ("R1", "jp_bridge_2019"), ("R5", "jp_bridge_2019"), ("R6", "jp_bridge_2024"),
     ("R7.3.31", "jp_bridge_2024"), ("R6.3.31", "jp_bridge_2019")],
)  # fmt: skip
def test_the_guideline_in_force(year: str, guideline: str) -> None:
    """Cycles FY2014–18, FY2019–23, FY2024–28 (§1.1); a day in March is of the year before."""
    row = only(elements("施設番号,要素番号,損傷,点検年度", f"A-1,Mg0101,NON,{year}"))
    assert row.damages[0].guideline == guideline


def test_every_element_of_a_range_has_the_record_of_its_row() -> None:
    row = only(
        elements(
            "施設番号,径間番号,径間長,要素番号,損傷,点検年度,対策区分,健全性,点検者",
            "A-2,3,25.5m,Ds0101～0102,⑪床版ひびわれ-d→e[0.2mm],R6,Ｃ1＋Ｍ,Ⅲ,山田 花子",
        )
    )
    assert (row.span.span, row.span.length_m) == (3, 25.5)
    assert [str(d.element.number) for d in row.damages] == ["Ds0101", "Ds0102"]
    for damage in row.damages:
        assert (damage.record.number, damage.record.grade, damage.record.previous) == (11, "e", "d")
        assert (damage.record.values, damage.inspector) == ("0.2mm", "山田 花子")
        assert (damage.countermeasures, damage.soundness) == (("C1", "M"), "III")
        assert damage.fiscal_year == 2024


@pytest.mark.parametrize(
    ("row", "column", "says"),
    [
        ("A-1,0,Mg0101,,,", "径間番号", "outside 1 to 999"),
        ("A-1,1000,Mg0101,,,", "径間番号", "outside 1 to 999"),
        ("A-1,2.5,Mg0101,,,", "径間番号", "2.5 is no whole number"),
        ("A-1,1,Mg01,,,", "要素番号", "is no element"),
        ("A-1,1,0101,,,", "要素番号", "no member symbol"),
        ("A-1,1,Mg0101～Cr0102,,,", "要素番号", "one member to another"),
        ("A-1,1,Mg0101～9999,,,", "要素番号", "more than 2000 elements"),
        ("A-1,1,Mg0101,木,,", "材料", "is none of S, C, A, R, X"),
        ("A-1,1,Mg0101,,㉗なぞ-c,R6", "損傷", "not with ① to ㉖"),
        ("A-1,1,Mg0101,,NON,", "点検年度", "a record and no fiscal year"),
        ("Ａ-3,1,Mg0101,,,", "施設番号", "no asset 'A-3'"),
    ],
)
def test_the_cell_at_fault_is_named(row: str, column: str, says: str) -> None:
    found = elements("施設番号,径間番号,要素番号,材料,損傷,点検年度", row, "A-1,1,Mg0101,,,")
    problem = fault(found)
    assert (problem.line, problem.column) == (2, column)
    assert says in problem.reason
    assert len(found.rows) == 1


def test_a_record_of_another_year_span_or_bridge_is_another_record() -> None:
    lines = [
        "施設番号,径間番号,要素番号,損傷,点検年度", "A-1,1,Mg0101,⑫うき-e,R1",
        "A-1,1,Mg0101,⑫うき-e,R6",
        "A-1,2,Mg0101,⑫うき-e,R6", "A-2,1,Mg0101,⑫うき-e,R6", "A-1,1,Mg0101,⑦剥離・鉄筋露出-c,R6",
    ]  # fmt: skip
    assert len(elements(*lines).rows) == 5
    problem = fault(elements(*lines, "A-1,2,Mg0101～0102,⑫うき-a,R6"))
    assert "Mg0101 has a record of this damage on line 4 already" in problem.reason


def test_a_row_that_was_refused_leaves_room_for_a_better_one() -> None:
    lines = (
        "施設番号,要素番号,材料,損傷,点検年度",
        "A-1,Mg0101,木,⑫うき-e,R6",
        "A-1,Mg0101,,⑫うき-e,R6",
    )
    found = elements(*lines)
    assert [p.line for p in found.problems] == [2]
    assert [line for line, _ in found.rows] == [3]


# ledgers


@pytest.mark.parametrize(
    ("column", "text", "good"),
    [
        ("架設年度", "1700", True), ("架設年度", "1699", False), ("架設年度", "2036", True),
        ("架設年度", "2037", False), ("点検年度", "2036", True), ("点検年月日", "2026-12-31", True),
        ("点検年月日", "2027-04-01", False), ("診断年度", "2037", False),
    ],
)  # fmt: skip
def test_years_far_beyond_today_are_slips_of_the_pen(column: str, text: str, good: bool) -> None:
    found = ledger(f"施設番号,橋梁名,{column}", f"A-1,橋,{text}")
    assert len(found.rows) == good
    if not good:
        assert (fault(found).column, fault(found).value) == (column, text)
        assert "outside 1700 to 20" in fault(found).reason


@pytest.mark.parametrize(
    ("cells", "years"),
    [
        ("Ⅱ,R5,", (2023, 2023)), ("Ⅱ,,R6.3.31", (2023, 2023)), ("Ⅱ,R5,R6.3.31", (2023, 2023)),
        (",R5,", (2023, None)), ("Ⅱ,,", (None, None)), ("Ⅱ,,R6.4.1", (2024, 2024)),
    ],
)  # fmt: skip
def test_a_diagnosis_is_of_the_year_of_its_inspection(
    cells: str, years: tuple[int | None, int | None]
) -> None:
    ((_, row),) = ledger("施設番号,橋梁名,健全性,点検年度,点検年月日", f"A-1,橋,{cells}").rows
    found = row.attributes
    assert (found.get("inspection_fiscal_year"), found.get("diagnosis_fiscal_year")) == years
    assert "inspected_on" not in found


@pytest.mark.parametrize(
    ("identifier", "place"),
    [
        ('"36.594606, 136.625669"', (36.594606, 136.625669)), ('"-90,180"', (-90.0, 180.0)),
        ('"90.1,136"', None), ('"36,180.1"', None), ('"36,136,7"', None), ("XR-00017", None),
        ('"nan,nan"', None), ('"inf,136"', None), ("36.5", None),
    ],
)  # fmt: skip
def test_a_position_is_taken_from_an_xroad_identifier_that_is_one(
    identifier: str, place: tuple[float, float] | None
) -> None:
    ((_, row),) = ledger("施設番号,橋梁名,施設ID", f"A-1,橋,{identifier}").rows
    found = (row.sheet.get("lat_deg"), row.sheet.get("lon_deg"))
    assert found == (place or (None, None))
    given = ledger("施設番号,橋梁名,施設ID,緯度,経度", f"A-1,橋,{identifier},35,135")
    assert given.rows[0][1].sheet["lat_deg"] == 35  # what the row says itself wins


ROWS = st.lists(
    st.tuples(st.sampled_from(["A", "B", "C"]), st.sampled_from(["", "橋"]),
              st.sampled_from(["", "12", "abc", "-1"])), max_size=6,
)  # fmt: skip


@given(ROWS)
@settings(max_examples=50, deadline=None)
def test_each_row_is_read_once_or_reported_once(rows: list[tuple[str, str, str]]) -> None:
    found = ledger("施設番号,橋梁名,橋長", *(",".join(row) for row in rows))
    lines = [line for line, _ in found.rows] + [p.line for p in found.problems]
    assert sorted(lines) == list(range(2, len(rows) + 2))
    ids = [row.asset_id for _, row in found.rows]
    assert len(ids) == len(set(ids))
    bad = {p.line for p in found.problems if p.column == "橋長"}
    assert bad == {n for n, row in enumerate(rows, 2) if row[2] in ("abc", "-1")}


@given(ROWS)
@settings(max_examples=30, deadline=None)
def test_reading_a_ledger_twice_changes_nothing(rows: list[tuple[str, str, str]]) -> None:
    lines = ("施設番号,橋梁名,橋長", *(",".join(row) for row in rows))
    once = {}
    for _, row in ledger(*lines).rows:
        named = "name" in row.asset
        once[row.asset_id] = merge(None, row, kind=AssetKind.BRIDGE) if named else None
    for _, row in ledger(*lines).rows:
        if (before := once[row.asset_id]) is not None:
            assert merge(before, row, kind=AssetKind.OTHER) == before


def test_a_workbook_a_cp932_file_and_a_utf16_file_say_the_same() -> None:
    rows = [["施設番号", "橋梁名", "架設年度", "橋長"], ["Ａ－１", "犀川～橋", "S55", "１２．５ｍ"]]
    book = Workbook()
    assert book.active is not None
    for row in rows:
        book.active.append(row)
    content = io.BytesIO()
    book.save(content)
    made = [read_xlsx(content.getvalue(), "x", known=KNOWN)] + [
        table(*(",".join(row) for row in rows), encoding=encoding)
        for encoding in ("utf-8", "utf-8-sig", "utf-16", "cp932")
    ]
    read = [
        read_ledger(one, map_columns(one, ALL[LEDGER]), kind=AssetKind.BRIDGE, today=TODAY)
        for one in made
    ]
    assert len({str(one) for one in read}) == 1
    ((_, found),) = read[0].rows
    assert (found.asset_id, found.asset["name"]) == ("A-1", "犀川～橋")
    assert found.attributes == {"built_fiscal_year": 1980, "length_m": 12.5}


# mapping


def mapped(heading: str, *choices: str, needed: tuple[str, ...] = ("asset_id",)) -> ColumnMapping:
    return map_columns(
        table(heading, "A,橋"), ALL[LEDGER], chosen=read_choices(choices), needed=needed
    )


def test_of_two_columns_of_one_meaning_the_preferred_heading_wins() -> None:
    for heading in ("施設番号,橋梁番号,橋名,橋梁名", "橋名,橋梁名,橋梁番号,施設番号"):
        found = mapped(heading)
        names = heading.split(",")
        assert names[found.columns["asset_id"]] == "施設番号"
        assert names[found.columns["name"]] == "橋梁名"
        assert set(found.unused) == {"橋梁番号", "橋名"}


def test_a_choice_moves_a_field_and_a_column_has_one_meaning() -> None:
    found = mapped("施設番号,橋梁名,通称", "通称=name", "橋梁名=kana")
    assert dict(found.columns) == {"asset_id": 0, "kana": 1, "name": 2}
    assert mapped("施設番号,橋梁名", "橋梁名=").unused == ("橋梁名",)
    folded = mapped("施設番号,ﾊｼ(ｍ)", "ハシ（m）=length_m")
    assert folded.columns["length_m"] == 1
    assert read_choices(("a=b=name",)) == {"a=b": "name"}
    with pytest.raises(BadInput, match="no column for name"):
        mapped("施設番号,橋梁名", "橋梁名=", needed=("name",))


# prices


@given(st.integers(1, 10**9), st.integers(0, 9))
@settings(max_examples=50, deadline=None)
def test_thousands_of_yen_are_the_same_money(yen: int, tenth: int) -> None:
    plain = f"{yen}.{tenth}"
    thousand = f"{yen / 1000:.3f}{tenth}"
    first, second = (
        prices(f"工種,対策,単位,{heading}", f"x,更新,m2,{text}").rows[0][1]
        for heading, text in (("単価（円）", plain), ("単価(千円)", thousand))
    )
    assert first.yen == second.yen == float(plain)
    assert first.cost_yen(100.0) == second.cost_yen(100.0)


@pytest.mark.parametrize(
    ("said", "kind", "read"),
    [
        ("Ⅱ・Ⅲ", "", {"II", "III"}), ('"II,III"', "", {"II", "III"}), ("２、３", "", {"II", "III"}),
        ("Ⅲ/Ⅳ", "橋梁", {"III", "IV"}), ("", "", set()), ("Ⅲ Ⅲ", "", {"III"}),
        ("Ⅲ-2", "舗装", {"III-2"}), ("ii・Ⅰ", "舗装", {"II", "I"}),
    ],
)  # fmt: skip
def test_conditions_of_a_price(said: str, kind: str, read: set[str]) -> None:
    found = prices("工種,対策,単位,単価,対象健全性,施設種別", f"x,修繕,m2,5,{said},{kind}")
    assert found.rows[0][1].soundness == read


def test_an_estimate_needs_no_unit_and_two_assets_are_two_prices() -> None:
    found = prices("工種,対策,単価,施設番号", "x,更新,5,Ａ-1", "x,更新,5,A-2", "x,更新,5,A-1")
    assert [(row.asset_id, row.unit) for _, row in found.rows] == [
        ("A-1", CostUnit.EACH), ("A-2", CostUnit.EACH),
    ]  # fmt: skip
    assert "stands on line 2 already" in str(fault(found))
    assert found.rows[0][1].work is Work.REPLACEMENT

"""A ledger of 2 000 rows with 40 broken ones: 1 960 go in, 40 are named, and twice is once."""

from collections import Counter
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Engine, select

from inspection.domain.asset import AssetKind
from inspection.pipeline.assess import assess
from inspection.pipeline.enrol import (
    Change,
    Enrolment,
    enrol,
    enrol_elements,
    open_elements,
    open_ledger,
)
from inspection.store import ledger_tables, sheets, tables
from inspection.store.engine import reading, writing
from tests.data.ledger.make import BREAKS, ROWS, Break, make_csv, make_xlsx

TODAY = date(2026, 11, 25)


def bring(engine: Engine, path: Path, *, write: bool = True) -> Enrolment:
    with writing(engine) as connection:
        return enrol(connection, open_ledger(path), today=TODAY, write=write)


def every_row(engine: Engine) -> list[object]:
    with reading(engine) as connection:
        return [
            tuple(row)
            for table in (tables.assets, ledger_tables.asset_sheets)
            for row in connection.execute(select(table).order_by(table.c.asset_id))
        ]


def check_reasons(found: Enrolment, broken: dict[int, Break]) -> None:
    """Check that each broken row is named with its line, its column and why."""
    assert [problem.line for problem in found.problems] == sorted(broken)
    for problem in found.problems:
        expected = broken[problem.line]
        assert problem.column == expected.column, (problem, expected.code)
        assert expected.says in problem.reason, (problem, expected.code)


def test_2000_rows_with_40_broken_ones_of_12_kinds(engine: Engine, tmp_path: Path) -> None:
    path, broken = make_csv(tmp_path)
    assert (ROWS, len(broken), len(BREAKS)) == (2000, 40, 12)
    assert len({kind.code for kind in broken.values()}) == 12
    first = bring(engine, path)
    assert first.counts == {Change.ADDED: 1960, Change.CHANGED: 0, Change.UNCHANGED: 0}
    check_reasons(first, broken)
    stored = every_row(engine)
    assert len(stored) == 2 * 1960
    again = bring(engine, path)
    assert again.counts == {Change.ADDED: 0, Change.CHANGED: 0, Change.UNCHANGED: 1960}
    assert again.differences == ()
    check_reasons(again, broken)
    assert every_row(engine) == stored
    # the same ledger in another encoding and as a workbook says the same
    for other, other_broken in (make_csv(tmp_path, "cp932"), make_xlsx(tmp_path)):
        found = bring(engine, other)
        assert found.counts[Change.UNCHANGED] == 1960
        assert [problem.line for problem in found.problems] == sorted(other_broken)
    assert every_row(engine) == stored


def test_a_preview_stores_nothing(engine: Engine, tmp_path: Path) -> None:
    path, _ = make_csv(tmp_path)
    found = bring(engine, path, write=False)
    assert found.counts[Change.ADDED] == found.accepted == 1960
    assert len(found.sample) == 5
    assert every_row(engine) == []


def test_what_the_many_spellings_become(engine: Engine, tmp_path: Path) -> None:
    bring(engine, make_csv(tmp_path)[0])
    with reading(engine) as connection:
        page = sheets.find(connection, limit=1000)
        rest = sheets.find(connection, limit=1000, offset=1000)
    rows = (*page.rows, *rest.rows)
    assert Counter(row.asset.attributes.get("soundness") for row in rows).keys() == {
        "I", "II", "III", "IV", None,
    }  # fmt: skip
    assert {row.asset.attributes.get("emergency_route") for row in rows} == {
        "1", "2", "3", "none", None,
    }  # fmt: skip
    years = [row.asset.attributes.get("built_fiscal_year") for row in rows]
    assert min(y for y in years if y is not None) == 1930
    assert max(y for y in years if y is not None) == 2019
    assert years.count(None) == sum(n % 17 == 0 for n in range(1, 2001) if n % 50 != 25)
    assert {row.sheet.route_name for row in rows} >= {"市道１～２号線", "国道１５９号"}
    assert all(row.asset.kind is AssetKind.BRIDGE for row in rows)


def write(tmp_path: Path, name: str, text: str) -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_second_ledger_adds_to_the_first(engine: Engine, tmp_path: Path) -> None:
    bring(engine, write(tmp_path, "a.csv", "施設番号,橋梁名,橋長\nA-1,橋,12\n"))
    more = bring(engine, write(tmp_path, "b.csv", "施設番号,日交通量\nA-1,500\nA-2,1\n"))
    assert more.counts[Change.CHANGED] == 1
    assert [(d.asset_id, d.field, d.before, d.after) for d in more.differences] == [
        ("A-1", "adt", None, 500.0)
    ]
    assert [(p.line, p.reason) for p in more.problems] == [
        (3, "asset 'A-2' is new and has no name")
    ]
    with reading(engine) as connection:
        found = sheets.by_id(connection, "A-1").asset
    assert found.attributes == {"length_m": 12.0, "adt": 500.0}


ELEMENTS = """施設番号,径間,径間長,要素番号,材料,RC/PC,損傷,年度,点検者,対策区分,健全性
A-1,1,30.5,Mg0101～0202,C,PC,⑥ひびわれ(小大)-c[0.15mm/0.5m未満],R6,山田,C1,Ⅱ
A-1,1,,Ds0101,C,RC,⑦剥離・鉄筋露出-c→e,R6,山田,C2,Ⅱ
A-1,1,,Ra0101,S,,NON,R6,山田,A,Ⅰ
A-1,1,,Mg0101,C,PC,⑥ひびわれ(小小)-b,H31,佐藤,B,Ⅰ
A-9,1,,Mg0101,C,RC,NON,R6,山田,A,Ⅰ
"""


@pytest.fixture
def bridge(engine: Engine, tmp_path: Path) -> Enrolment:
    bring(engine, write(tmp_path, "a.csv", "施設番号,橋梁名,橋長\nA-1,橋,30\n"))
    return bring_elements(engine, tmp_path)


def bring_elements(engine: Engine, tmp_path: Path) -> Enrolment:
    path = write(tmp_path, "elements.csv", ELEMENTS)
    with writing(engine) as connection:
        return enrol_elements(connection, open_elements(path), fiscal_year=None, write=True)


def test_an_element_sheet_twice_is_once(bridge: Enrolment, engine: Engine, tmp_path: Path) -> None:
    assert bridge.counts[Change.ADDED] == 6 + 7  # elements and records
    (problem,) = bridge.problems
    assert (problem.line, problem.column) == (6, "施設番号")
    again = bring_elements(engine, tmp_path)
    assert again.counts == {Change.ADDED: 0, Change.CHANGED: 0, Change.UNCHANGED: 13}


def test_records_become_candidates_with_their_contradictions(
    bridge: Enrolment, engine: Engine
) -> None:
    del bridge
    with reading(engine) as connection:
        found = assess(connection, "A-1", today=TODAY)
    assert found.fiscal_year == 2024
    assert {group: one.best for group, one in found.groups.items()} == {
        "1/Mg": "II", "1/Ds": "III", "1/Ra": "I",
    }  # fmt: skip
    assert found.bridge is not None
    assert found.bridge.best == "III"
    assert "Ds0101" in found.bridge.reasons[0].ja
    # PC: 0.15 mm closer than 0.5 m is d, not the c of the record, on each of four elements
    codes = Counter((reason.code, where[:4]) for where, reason in found.warnings)
    assert codes == {("record_vs_values", "1/Mg"): 4, ("countermeasure_vs_soundness", "1/Ds"): 1}
    open_types = Counter(check.damage_no for check in found.open_checks)
    assert open_types[12] == 5  # hollow concrete: every concrete element, never by photo
    assert open_types[25] == 0


def test_an_asset_without_records_has_no_candidates(engine: Engine, tmp_path: Path) -> None:
    bring(engine, write(tmp_path, "a.csv", "施設番号,橋梁名\nA-1,橋\n"))
    with reading(engine) as connection:
        found = assess(connection, "A-1", today=TODAY)
    assert (found.damages, found.groups, found.bridge, found.warnings) == ((), {}, None, ())


@pytest.mark.parametrize(
    ("today", "warning"), [(date(2027, 1, 1), None), (date(2029, 12, 1), 6), (date(2030, 4, 1), 0)]
)
def test_a_bridge_is_due_in_the_fifth_fiscal_year(
    engine: Engine, tmp_path: Path, today: date, warning: int | None
) -> None:
    bring(engine, write(tmp_path, "a.csv", "施設番号,橋梁名,点検年月日\nA-1,橋,R6.12.1\n"))
    with reading(engine) as connection:
        found = assess(connection, "A-1", today=today)
    assert found.due is not None
    assert (found.due.fiscal_year, found.due.last_day) == (2029, date(2030, 3, 31))
    assert found.due.warning_months == warning
    assert found.pavement is None


ROADS = """区間番号,区間名,距離標自,距離標至,ひび割れ率,わだち掘れ,IRI,使用目標年数,舗設年度
R-1,県道,1k000,1k100,22.0,12,2.5,13,2010
R-2,県道,1k100,1k200,45.0,,,13,2010
R-3,県道,1k200,1k300,45.0,,,13,R3
R-4,県道,1k300,1k400,,,,,
"""


def test_road_sections_get_their_class_from_a_ledger(engine: Engine, tmp_path: Path) -> None:
    path = write(tmp_path, "roads.csv", ROADS)
    with writing(engine) as connection:
        kind = AssetKind.PAVEMENT_SECTION
        found = enrol(connection, open_ledger(path), kind=kind, today=TODAY, write=True)
    assert found.counts[Change.ADDED] == 4
    with reading(engine) as connection:
        classes = [assess(connection, f"R-{n}", today=TODAY).pavement for n in (1, 2, 3, 4)]
    first, second, third, fourth = classes
    assert first is not None
    assert second is not None
    assert third is not None
    assert (first.best, second.best, third.best, fourth) == ("II", "III-1", "III-2", None)
    assert [any(r.code == "partial" for r in c.reasons) for c in (first, second)] == [False, True]
    assert first.values["mci"] == pytest.approx(4.085, abs=0.001)

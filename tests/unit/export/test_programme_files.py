"""A programme as CSV and workbook: every line once, money whole, hostile names harmless."""

import csv
import io
import stat
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook
from openpyxl.worksheet.worksheet import Worksheet

from inspection.errors import Unavailable
from inspection.export.cells import Cell, inert
from inspection.export.programme import (
    COLUMNS,
    EMERGENCY,
    MUST,
    YEN,
    ProgrammeSheet,
    write_programme_csv,
    write_programme_xlsx,
)
from inspection.export.sheetstyle import CELL_MAX

KEYS = [key for key, *_ in COLUMNS]


def row(rank: int, **changes: Cell) -> dict[str, Cell]:
    values: dict[str, Cell] = {
        "rank": rank,
        "tier": 2,
        "score": 61.25,
        "asset_id": f"X-{rank:05}",
        "name": "架空橋",
        "municipality": "七尾市",
        "task": "repair",
        "fiscal_year": 2027,
        "work": "断面修復",
        "cost_yen": 12_345_678,
        "reason": "便益が大きい",
    }
    return {**values, **changes}


ROWS = [
    row(1, tier=0, fiscal_year=2028, cost_yen=2_000_000_000),
    row(2, tier=1, fiscal_year=2027),
    row(3, fiscal_year=None, work="", cost_yen=None, reason="予算を使い切った"),
    row(4, tier=None, score=None, fiscal_year=2027, municipality=""),
]
YEARS = [(2027, 150_000_000, 149_000_001), (2028, 150_000_000, 2_000_000_000)]
FACTS: list[tuple[str, Cell]] = [
    ("作成日", "2026-11-25"),
    ("橋数", 2275),
    ("割引率", 0.04),
    ("備考", None),
]


def sheet(rows: list[dict[str, Cell]] | None = None, title: str = "計画 R9") -> ProgrammeSheet:
    return ProgrammeSheet(
        title=title, rows=ROWS if rows is None else rows, years=YEARS, facts=FACTS
    )


def written(path: Path) -> list[dict[str, str]]:
    text = path.read_bytes().decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def table(page: Worksheet) -> list[dict[str, object]]:
    """Read a page as a table whose first row names the columns."""
    lines = list(page.iter_rows(values_only=True))
    return [dict(zip(KEYS, line, strict=True)) for line in lines[1:]]


class TestCsv:
    def test_every_line_is_there_with_its_keys_and_two_decimals(self, tmp_path: Path) -> None:
        assert write_programme_csv(sheet(), tmp_path / "p.csv") == 4
        lines = written(tmp_path / "p.csv")
        assert list(lines[0]) == KEYS
        assert [line["rank"] for line in lines] == ["1", "2", "3", "4"]
        assert lines[0]["cost_yen"] == "2000000000"
        assert lines[0]["score"] == "61.25"
        assert (lines[2]["fiscal_year"], lines[2]["cost_yen"]) == ("", "")
        assert (lines[3]["tier"], lines[3]["score"]) == ("", "")

    def test_it_is_utf8_with_a_mark_and_ends_lines_as_rfc_4180(self, tmp_path: Path) -> None:
        write_programme_csv(sheet(), tmp_path / "p.csv")
        content = (tmp_path / "p.csv").read_bytes()
        assert content.startswith(b"\xef\xbb\xbfrank,")
        assert content.count(b"\r\n") == content.count(b"\n") == 5

    @settings(
        max_examples=20,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )
    @given(st.lists(st.text(st.characters(codec="utf-8"), max_size=20), min_size=1, max_size=4))
    def test_names_come_back_and_none_is_a_formula(self, tmp_path: Path, names: list[str]) -> None:
        rows = [row(n, name=name, reason=name) for n, name in enumerate(names, 1)]
        write_programme_csv(sheet(rows), tmp_path / "p.csv")
        lines = written(tmp_path / "p.csv")
        assert [line["name"] for line in lines] == [inert(name) for name in names]
        assert [line["reason"] for line in lines] == [inert(name) for name in names]

    def test_half_a_character_in_a_name_stops_no_file(self, tmp_path: Path) -> None:
        write_programme_csv(sheet([row(1, name="a\ud842b"), row(2)]), tmp_path / "p.csv")
        lines = written(tmp_path / "p.csv")
        assert (lines[0]["name"], lines[1]["name"]) == ("a\N{REPLACEMENT CHARACTER}b", "架空橋")

    def test_a_programme_of_nothing_has_its_heading(self, tmp_path: Path) -> None:
        assert write_programme_csv(sheet([]), tmp_path / "p.csv") == 0
        assert written(tmp_path / "p.csv") == []

    def test_a_folder_that_is_a_file_is_named(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        with pytest.raises(Unavailable, match=r"cannot write .*p\.csv.*check folder and disk"):
            write_programme_csv(sheet(), tmp_path / "file" / "p.csv")


class TestWorkbook:
    @pytest.fixture(params=[True, False], ids=["ja", "en"])
    def pages(self, request: pytest.FixtureRequest, tmp_path: Path) -> list[Worksheet]:
        write_programme_xlsx(sheet(), tmp_path / "p.xlsx", japanese=request.param)
        pages: list[Worksheet] = load_workbook(tmp_path / "p.xlsx").worksheets
        return pages

    def test_chosen_and_left_works_stand_apart_and_together_are_all(
        self, pages: list[Worksheet]
    ) -> None:
        summary, chosen, left = pages
        assert [summary.title, chosen.title, left.title] in (
            ["概要", "計画", "計画外"],
            ["Summary", "Programme", "Not selected"],
        )
        assert [(line["fiscal_year"], line["rank"]) for line in table(chosen)] == [
            (2027, 2),
            (2027, 4),
            (2028, 1),
        ]
        assert [line["rank"] for line in table(left)] == [3]

    def test_money_is_a_number_with_separators_and_what_is_left_may_be_negative(
        self, pages: list[Worksheet]
    ) -> None:
        summary = pages[0]
        lines = {r[0].value: r for r in summary.iter_rows() if isinstance(r[0].value, int)}
        assert [cell.value for cell in lines[2027]] == [2027, 150_000_000, 149_000_001, 999_999]
        assert lines[2028][3].value == -1_850_000_000
        assert [cell.number_format for cell in lines[2027]] == ["0", YEN, YEN, YEN]
        costs = [r[KEYS.index("cost_yen")] for r in pages[1].iter_rows(min_row=2)]
        assert {cell.number_format for cell in costs} == {YEN}
        assert sum(cell.value for cell in costs) == 2_000_000_000 + 2 * 12_345_678

    def test_facts_stand_on_the_first_page(self, pages: list[Worksheet]) -> None:
        facts = {
            r[0].value: r[1].value for r in pages[0].iter_rows(min_row=3, max_row=6, max_col=2)
        }
        assert facts == dict(FACTS)
        assert pages[0]["A1"].value == "計画 R9"

    def test_urgent_lines_are_shaded_and_pages_can_be_printed(self, pages: list[Worksheet]) -> None:
        shades = {
            r[0].value: r[0].fill.fgColor.rgb for r in pages[1].iter_rows(min_row=2, max_col=1)
        }
        assert shades[1] == EMERGENCY.fgColor.rgb
        assert shades[2] == MUST.fgColor.rgb
        for page in pages:
            assert page.page_setup.orientation == "landscape"
            assert page.sheet_properties.pageSetUpPr.fitToPage
            assert page.page_setup.fitToHeight == 0
        for page in pages[1:]:
            assert page.print_title_rows == "$1:$1"
            assert page.freeze_panes == "E2"
            assert page.auto_filter.ref.startswith("A1:K")

    def test_a_tier_that_nobody_knows_is_no_emergency(self, pages: list[Worksheet]) -> None:
        (unknown,) = (r for r in pages[1].iter_rows(min_row=2) if r[0].value == 4)
        assert unknown[1].value is None
        assert unknown[0].fill.fgColor.rgb != EMERGENCY.fgColor.rgb

    def test_no_cell_of_any_page_is_a_formula(self, tmp_path: Path) -> None:
        evil = '=HYPERLINK("http://x",1)'
        rows = [row(1, name=evil, asset_id="@x", municipality="+1", reason="-1", work=evil)]
        hostile = ProgrammeSheet(title=evil, rows=rows, years=[], facts=[(evil, evil)])
        write_programme_xlsx(hostile, tmp_path / "p.xlsx", japanese=True)
        for page in load_workbook(tmp_path / "p.xlsx").worksheets:
            for cell in (c for r in page.iter_rows() for c in r):
                assert cell.data_type != "f", cell.coordinate
        assert load_workbook(tmp_path / "p.xlsx").worksheets[0]["A1"].value == evil

    @pytest.mark.parametrize("name", ["a\x00b", "a\x0bb", "\x1f", "橋\x07"])
    def test_a_character_that_a_workbook_cannot_hold_is_shown_as_lost(
        self, tmp_path: Path, name: str
    ) -> None:
        write_programme_xlsx(sheet([row(1, name=name)]), tmp_path / "p.xlsx", japanese=True)
        (line,) = table(load_workbook(tmp_path / "p.xlsx").worksheets[1])
        assert "\N{REPLACEMENT CHARACTER}" in str(line["name"])

    def test_a_reason_longer_than_a_cell_is_cut_and_says_so(self, tmp_path: Path) -> None:
        """Microsoft: 32 767 characters a cell; a longer one makes a workbook that needs repair."""
        long = "長" * (CELL_MAX + 5)
        write_programme_xlsx(sheet([row(1, reason=long)]), tmp_path / "p.xlsx", japanese=False)
        (line,) = table(load_workbook(tmp_path / "p.xlsx").worksheets[1])
        assert len(str(line["reason"])) == CELL_MAX
        assert str(line["reason"]).endswith(f"[{len(long)} characters, cut]")

    def test_a_programme_of_nothing_opens(self, tmp_path: Path) -> None:
        nothing = ProgrammeSheet(title="", rows=[], years=[], facts=[])
        write_programme_xlsx(nothing, tmp_path / "p.xlsx", japanese=True)
        pages = load_workbook(tmp_path / "p.xlsx").worksheets
        assert [table(page) for page in pages[1:]] == [[], []]
        assert pages[1].auto_filter.ref == "A1:K2"

    @settings(
        max_examples=12,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )
    @given(
        st.permutations(range(1, 7)),
        st.lists(st.sampled_from([None, 2027, 2028, 2031]), min_size=6, max_size=6),
    )
    def test_lines_are_sorted_by_year_and_rank_in_whatever_order_they_come(
        self, tmp_path: Path, order: list[int], years: list[int | None]
    ) -> None:
        rows = [row(rank, fiscal_year=years[rank - 1]) for rank in order]
        write_programme_xlsx(sheet(rows), tmp_path / "p.xlsx", japanese=True)
        _, chosen, left = load_workbook(tmp_path / "p.xlsx").worksheets
        found = [(int(str(r["fiscal_year"])), int(str(r["rank"]))) for r in table(chosen)]
        assert found == sorted(found)
        assert {int(str(r["rank"])) for r in [*table(chosen), *table(left)]} == set(order)


def test_both_files_say_the_same(tmp_path: Path) -> None:
    write_programme_csv(sheet(), tmp_path / "p.csv")
    write_programme_xlsx(sheet(), tmp_path / "p.xlsx", japanese=True)
    pages = load_workbook(tmp_path / "p.xlsx").worksheets[1:]
    by_rank = {str(line["rank"]): line for page in pages for line in table(page)}
    for line in written(tmp_path / "p.csv"):
        other: Mapping[str, object] = by_rank[line["rank"]]
        for key in ("asset_id", "name", "fiscal_year", "cost_yen", "work", "reason"):
            assert line[key] == ("" if other[key] is None else str(other[key])), key


def test_a_file_is_replaced_whole_and_can_be_read_by_others(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "er" / "p.csv"
    write_programme_csv(sheet(), path)
    write_programme_csv(sheet([]), path)
    assert written(path) == []
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert [p.name for p in path.parent.iterdir()] == ["p.csv"]

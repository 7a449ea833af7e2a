"""Ledgers and element sheets: a preview foretells, twice is once, what is omitted stays."""

from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook
from sqlalchemy import Connection

from inspection.domain.asset import AssetKind, Concrete
from inspection.domain.bridge import Material
from inspection.errors import BadInput, NotFound
from inspection.export.recordfiles import write_elements_csv
from inspection.pipeline.approve import approve
from inspection.pipeline.enrol import (
    Change,
    Enrolment,
    enrol,
    enrol_elements,
    open_elements,
    open_ledger,
)
from inspection.store import elements, sheets
from tests.support.bookshelf import entry, fresh_store
from tests.support.released import AtNoon

TODAY = date(2026, 11, 25)
HEADING = ("施設番号", "橋梁名", "健全性", "橋長(m)", "幅員(m)", "市区町村名")
quiet = settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Connection]:
    with fresh_store(tmp_path) as connection:
        yield connection


def csv_of(path: Path, rows: Sequence[Sequence[str]], encoding: str = "utf-8") -> Path:
    text = "\r\n".join(",".join(row) for row in rows) + "\r\n"
    path.write_bytes(text.encode(encoding))
    return path


def bring(store: Connection, path: Path, *, write: bool = True, **options: Any) -> Enrolment:
    return enrol(store, open_ledger(path), today=TODAY, write=write, **options)


def counts(found: Enrolment) -> tuple[int, int, int]:
    order = (Change.ADDED, Change.CHANGED, Change.UNCHANGED)
    return tuple(found.counts[change] for change in order)  # type: ignore[return-value]


ROW = st.tuples(
    st.integers(1, 6).map(lambda n: f"B{n}"),
    st.sampled_from(["橋", "大橋", ""]),
    st.sampled_from(["Ⅰ", "Ⅱ", "Ⅲ", "Ⅴ", ""]),
    st.sampled_from(["10", "１２．５ｍ", "-1", "長い", ""]),
    st.sampled_from(["4", ""]),
    st.sampled_from(["金沢市", ""]),
)


class TestLedger:
    @quiet
    @given(st.lists(ROW, min_size=1, max_size=8), st.lists(ROW, max_size=4))
    def test_a_preview_says_what_an_import_does_and_twice_is_once(
        self, tmp_path: Path, rows: list[tuple[str, ...]], before: list[tuple[str, ...]]
    ) -> None:
        with fresh_store(tmp_path) as connection:
            if before:
                bring(connection, csv_of(tmp_path / "0.csv", [HEADING, *before]))
            path = csv_of(tmp_path / "1.csv", [HEADING, *rows])
            stood = sheets.by_ids(connection, sorted(sheets.all_ids(connection)))
            foretold = bring(connection, path, write=False)
            assert sheets.by_ids(connection, sorted(sheets.all_ids(connection))) == stood
            done = bring(connection, path)
            assert (counts(done), done.problems) == (counts(foretold), foretold.problems)
            assert done.accepted + len(done.problems) == len(rows)
            now = sheets.by_ids(connection, sorted(sheets.all_ids(connection)))
            again = bring(connection, path)
            assert again.counts[Change.ADDED] == 0
            assert sheets.by_ids(connection, sorted(sheets.all_ids(connection))) == now
            lines = [problem.line for problem in done.problems]
            assert lines == sorted(lines)
            assert all(2 <= line <= len(rows) + 1 for line in lines)

    def test_what_a_row_omits_stays_and_what_it_says_replaces(
        self, store: Connection, tmp_path: Path
    ) -> None:
        full = csv_of(tmp_path / "a.csv", [HEADING, ("A", "橋", "Ⅱ", "10", "4", "金沢市")])
        bring(store, full)
        part = csv_of(tmp_path / "b.csv", [HEADING, ("A", "", "Ⅲ", "", "", "")])
        found = bring(store, part)
        assert counts(found) == (0, 1, 0)
        names = {(d.field, d.before, d.after) for d in found.differences}
        assert names == {("soundness", "II", "III")}
        known = sheets.by_id(store, "A")
        assert (known.asset.name, known.sheet.municipality) == ("橋", "金沢市")
        assert known.asset.attributes["length_m"] == 10

    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932"])
    def test_the_encoding_of_a_file_makes_no_difference(
        self, store: Connection, tmp_path: Path, encoding: str
    ) -> None:
        rows = [HEADING, ("A-１", "髙橋～①", "Ⅲ", "１０ｍ", "4", "七尾市")]
        found = bring(store, csv_of(tmp_path / "a.csv", rows, encoding))
        assert found.problems == ()
        (known,) = sheets.by_ids(store, sorted(sheets.all_ids(store))).values()
        assert (known.asset.name, known.asset.attributes["soundness"]) == ("髙橋～①", "III")
        assert known.asset.asset_id == "A-1"

    def test_csv_and_workbook_say_the_same(self, tmp_path: Path) -> None:
        rows = [HEADING, ("A", "橋", "Ⅱ", "10.5", "4", "金沢市"), ("B", "橋", "", "", "", "")]
        book = Workbook()
        for row in rows:
            book.active.append([float(c) if c.replace(".", "").isdigit() else c for c in row])
        book.save(tmp_path / "a.xlsx")
        csv_of(tmp_path / "a.csv", rows)
        seen = []
        for name in ("a.xlsx", "a.csv"):
            folder = tmp_path / name.replace(".", "_")
            folder.mkdir()
            with fresh_store(folder) as connection:
                assert bring(connection, tmp_path / name).problems == ()
                seen.append(sheets.by_ids(connection, ["A", "B"]))
        assert seen[0] == seen[1]

    @pytest.mark.parametrize(
        ("row", "says"),
        [
            (("A", "橋", "Ⅴ", "", "", ""), "is none of I, II, III, IV"),
            (("A", "", "", "", "", ""), "'A' is new and has no name"),
            (("", "橋", "", "", "", ""), ""),
            (("A", "橋", "", "0", "", ""), "outside 0.1 to 100000"),
            (("A", "橋", "", "1km", "", ""), "km"),
            (("A", "橋", "", "", "201", ""), "outside 0.1 to 200"),
        ],
    )
    def test_a_bad_row_is_named_and_the_next_one_goes_in(
        self, store: Connection, tmp_path: Path, row: tuple[str, ...], says: str
    ) -> None:
        good = ("Z", "橋", "Ⅰ", "5", "5", "")
        found = bring(store, csv_of(tmp_path / "a.csv", [HEADING, row, good]))
        (problem,) = found.problems
        assert problem.line == 2
        assert says in str(problem)
        assert sheets.all_ids(store) == {"Z"}

    def test_the_kind_of_new_assets_can_be_said_and_known_ones_keep_theirs(
        self, store: Connection, tmp_path: Path
    ) -> None:
        sheets.save(store, [entry("A")])
        path = csv_of(tmp_path / "a.csv", [("区間番号", "区間名"), ("A", "橋"), ("R", "区間")])
        bring(store, path, kind=AssetKind.PAVEMENT_SECTION)
        kinds = {k: e.asset.kind.value for k, e in sheets.by_ids(store, ["A", "R"]).items()}
        assert kinds == {"A": "bridge", "R": "pavement_section"}

    @pytest.mark.parametrize("name", ["a", "a.pdf", "a.xls"])
    def test_a_file_of_another_kind_is_named(self, tmp_path: Path, name: str) -> None:
        (tmp_path / name).write_text("x")
        with pytest.raises(BadInput, match=r"is none of .*csv"):
            open_ledger(tmp_path / name)
        with pytest.raises(NotFound):
            open_ledger(tmp_path / "missing.csv")

    @pytest.mark.parametrize("sample", [0, 1, 3, 99])
    def test_people_see_the_first_rows_as_they_are_read(
        self, store: Connection, tmp_path: Path, sample: int
    ) -> None:
        rows = [(f"B{n}", "橋", "Ⅰ", "5", "5", "") for n in range(5)]
        path = csv_of(tmp_path / "a.csv", [HEADING, *rows])
        found = bring(store, path, write=False, sample=sample)
        shown = [one.asset.asset_id for one in found.sample]
        assert shown == [f"B{n}" for n in range(5)][:sample]


ELEMENTS = ("施設番号", "径間番号", "要素番号", "損傷", "RC/PC", "材料", "健全性", "径間長")


def bring_elements(
    store: Connection, path: Path, *, write: bool = True, fiscal_year: int | None = 2026
) -> Enrolment:
    return enrol_elements(store, open_elements(path), fiscal_year=fiscal_year, write=write)


class TestElements:
    def test_what_a_second_sheet_omits_of_an_element_stays(
        self, store: Connection, tmp_path: Path
    ) -> None:
        """RC or PC chooses the width classes of cracks: a sheet of records must not reset it."""
        sheets.save(store, [entry("A")])
        first = [ELEMENTS, ("A", "1", "Mg0101", "", "PC", "C", "", "30")]
        bring_elements(store, csv_of(tmp_path / "a.csv", first))
        records = [ELEMENTS[:4], ("A", "1", "Mg0101", "⑥ひびわれ(小小)-b")]
        found = bring_elements(store, csv_of(tmp_path / "b.csv", records))
        (known,) = elements.elements_of(store, ["A"])
        assert (known.concrete, known.material) == (Concrete.PC, Material.CONCRETE)
        (recorded,) = elements.damages_of(store, ["A"])
        assert recorded.element == known
        assert counts(found) == (1, 0, 1)
        assert counts(bring_elements(store, tmp_path / "b.csv")) == (0, 0, 2)
        (span,) = elements.spans_of(store, ["A"])
        assert span.length_m == 30

    def test_a_later_row_of_the_same_sheet_omits_it_too(
        self, store: Connection, tmp_path: Path
    ) -> None:
        sheets.save(store, [entry("A")])
        rows = [
            ELEMENTS,
            ("A", "1", "Mg0101", "⑥ひびわれ(小小)-b", "PC", "", "", ""),
            ("A", "1", "Mg0101", "⑦剥離・鉄筋露出-c", "", "", "", ""),
        ]
        bring_elements(store, csv_of(tmp_path / "a.csv", rows))
        assert [e.concrete for e in elements.elements_of(store, ["A"])] == [Concrete.PC]

    def test_a_row_that_says_it_changes_it(self, store: Connection, tmp_path: Path) -> None:
        sheets.save(store, [entry("A")])
        for kind in ("PC", "RC"):
            rows = [ELEMENTS, ("A", "1", "Mg0101", "", kind, "", "", "")]
            bring_elements(store, csv_of(tmp_path / "a.csv", rows))
        assert [e.concrete for e in elements.elements_of(store, ["A"])] == [Concrete.RC]

    @pytest.mark.parametrize(
        ("row", "says"),
        [
            (("ghost", "1", "Mg0101", "NON"), "there is no asset 'ghost'; import the ledger first"),
            (("", "1", "Mg0101", "NON"), "the row names no asset"),
            (("A", "1", "", "NON"), "the row names no element"),
            (("A", "1", "Zz0101", "NON"), "Zz is no member symbol"),
            (("A", "1.5", "Mg0101", "NON"), "no whole number"),
            (("A", "0", "Mg0101", "NON"), "outside 1 to 999"),
            (("A", "1", "Mg0101", "⑥ひびわれ-z"), "no damage record"),
            (("A", "1", "Mg0101", "⑫うき-c"), "c"),
        ],
    )
    def test_a_bad_row_is_named_and_the_next_one_goes_in(
        self, store: Connection, tmp_path: Path, row: tuple[str, ...], says: str
    ) -> None:
        sheets.save(store, [entry("A")])
        path = csv_of(tmp_path / "a.csv", [ELEMENTS[:4], row, ("A", "1", "Ds0101", "NON")])
        found = bring_elements(store, path)
        (problem,) = found.problems
        assert problem.line == 2
        assert says in str(problem)
        assert [str(e.number) for e in elements.elements_of(store, ["A"])] == ["Ds0101"]

    def test_a_record_without_a_year_is_refused_where_nobody_says_one(
        self, store: Connection, tmp_path: Path
    ) -> None:
        sheets.save(store, [entry("A")])
        path = csv_of(tmp_path / "a.csv", [ELEMENTS[:4], ("A", "1", "Mg0101", "NON")])
        (problem,) = bring_elements(store, path, fiscal_year=None).problems
        assert "no fiscal year" in str(problem)

    def test_an_approved_record_returns_through_its_own_element_sheet(
        self, store: Connection, tmp_path: Path
    ) -> None:
        sheets.save(store, [entry("B", soundness="II", inspection_fiscal_year=2026)])
        rows = [
            ELEMENTS,
            (
                "B",
                "1",
                "Mg0101～0103",
                "⑥ひびわれ(大大)-c→e[0.4mm/0.3m]パターン②",
                "PC",
                "",
                "Ⅲ",
                "",
            ),
            ("B", "2", "Ds0101", "⑧漏水・遊離石灰-d", "", "", "Ⅱ", "12.5"),
            ("B", "2", "Pw0102", "NON", "", "", "", ""),
        ]
        bring_elements(store, csv_of(tmp_path / "a.csv", rows))
        before = elements.damages_of(store, ["B"])
        assert len(before) == 5
        kept = approve(store, "B", 2026, by="課長", why="照査済", clock=AtNoon())
        write_elements_csv(kept.record, tmp_path / "e.csv")
        again = bring_elements(store, tmp_path / "e.csv", fiscal_year=None)
        assert again.problems == ()
        assert elements.damages_of(store, ["B"]) == before
        assert again.counts[Change.ADDED] == again.counts[Change.CHANGED] == 0

"""Cells, CSV and workbooks: what goes in comes out, nothing runs, nothing changes in silence."""

import csv
import io
import math
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook

from inspection.export.cells import FORMULA_STARTS, inert
from inspection.export.encoding import MISSING_TYPE, TWINS, Encoding, encode, encode_rows
from inspection.export.sheetstyle import (
    CELL_MAX,
    fitting,
    lines_needed,
    put,
    set_page,
    text_width,
)

ENCODINGS: tuple[Encoding, ...] = ("utf-8-sig", "utf-8", "cp932")
TEXT = st.text(st.characters(codec="utf-8"), max_size=30)


def read(content: bytes, encoding: str) -> list[list[str]]:
    """Read a CSV as a program would that never heard of us."""
    return list(csv.reader(io.StringIO(content.decode(encoding), newline="")))


class TestFormulas:
    @pytest.mark.parametrize(
        "start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"]
    )
    @pytest.mark.parametrize("before", ["", " ", "   ", "\u3000", "\n", "\ufeff", "\xa0"])
    def test_a_text_that_a_spreadsheet_would_run_gets_an_apostrophe(
        self, start: str, before: str
    ) -> None:
        """OWASP, "CSV Injection": also line feeds and, in East Asian locales, full-width signs."""
        text = f"{before}{start}HYPERLINK(1)"
        assert inert(text) == f"'{text}"

    @pytest.mark.parametrize(
        "text",
        ["", "K-12", "a=b", "橋＝1", "'=1", "1+1", "国道157号", "（－）", "⊖1", "−5", "_x", "#N/A"],
    )
    def test_other_texts_stay_as_they_are(self, text: str) -> None:
        assert inert(text) == text

    @pytest.mark.parametrize("cell", [None, 0, -3, -3.5, 1e-9, math.pi, 10**20])
    def test_numbers_are_numbers(self, cell: float | None) -> None:
        assert inert(cell) is cell

    @settings(max_examples=200, deadline=None)
    @given(TEXT)
    def test_it_is_done_once_and_takes_nothing_away(self, text: str) -> None:
        once = inert(text)
        assert isinstance(once, str)
        assert inert(once) == once
        assert once.removeprefix("'" if once != text else "") == text
        assert not once.lstrip(" \u3000").startswith(FORMULA_STARTS)

    @settings(max_examples=50, deadline=None)
    @given(st.lists(st.lists(TEXT, min_size=2, max_size=2), max_size=4))
    def test_the_report_counts_every_apostrophe(self, rows: list[list[str]]) -> None:
        content, report = encode_rows(["a", "b"], rows)
        changed = sum(inert(cell) != cell for row in rows for cell in row)
        assert report.made_inert == changed
        assert report.rows == len(rows)
        told = any("apostrophe" in sentence for sentence in report.sentences())
        assert told is bool(changed)
        shown = read(content, "utf-8-sig")[1:]
        assert shown == [[str(inert(cell)) for cell in row] for row in rows]

    @pytest.mark.parametrize("text", ["–1+1", "−1+1", "\u00a0=1", " –cmd|' /C calc'!A0"])
    def test_a_twin_that_begins_a_formula_does_not_slip_through(self, text: str) -> None:
        content, report = encode_rows(["a"], [[text]], encoding="cp932")
        (cell,) = read(content, "cp932")[1]
        assert cell.startswith("'")
        assert inert(cell) == cell
        assert report.made_inert == 1

    @pytest.mark.parametrize("text", ["–", "−5"])
    def test_a_dash_stays_a_dash_where_it_is_written_as_itself(self, text: str) -> None:
        content, report = encode_rows(["a"], [[text]])
        assert read(content, "utf-8-sig")[1] == [text]
        assert report.made_inert == 0


class TestNumbers:
    @pytest.mark.parametrize(
        ("cell", "written"),
        [
            (None, ""), (0, "0"), (-7, "-7"), (0.0, "0"), (-0.0, "0"), (-1e-12, "0"),
            (1e-9, "0"), (1e-8, "0.00000001"), (62.3, "62.3"), (100.0, "100"),
            (1e22, "1" + "0" * 22),
            (136.625669123, "136.62566912"), (-48_404.916, "-48404.916"), (0.1 + 0.2, "0.3"),
            (10**18, "1" + "0" * 18), (123456789.5, "123456789.5"), ("", ""), ("1e5", "1e5"),
        ],
    )  # fmt: skip
    def test_no_exponent_no_separator_no_minus_zero(
        self, cell: float | str | None, written: str
    ) -> None:
        """§7.2: decimal numbers, no thousands separators, empty where unknown."""
        content, _ = encode_rows(["a", "b"], [[cell, "x"]])
        assert read(content, "utf-8-sig")[1] == [written, "x"]

    @settings(max_examples=200, deadline=None)
    @given(st.floats(-1e12, 1e12))
    def test_a_number_comes_back_within_half_a_unit_of_the_last_digit(self, value: float) -> None:
        content, _ = encode_rows(["a"], [[value]], encoding="utf-8")
        (written,) = read(content, "utf-8")[1]
        assert "e" not in written
        assert float(written) == pytest.approx(value, abs=0.51e-8, rel=1e-15)
        assert written == "0" or not written.startswith("-0") or float(written) < 0

    @pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
    def test_what_is_no_number_is_unknown_and_never_a_word(self, value: float) -> None:
        content, _ = encode_rows(["a", "b"], [[value, 1]])
        assert read(content, "utf-8-sig")[1] == ["", "1"]


class TestRoundTrip:
    @settings(max_examples=100, deadline=None)
    @given(
        st.lists(st.lists(TEXT.map(lambda t: f"x{t}"), min_size=3, max_size=3), max_size=5),
        st.sampled_from(("utf-8", "utf-8-sig")),
    )
    def test_any_text_comes_back_from_utf8(self, rows: list[list[str]], encoding: Encoding) -> None:
        content, report = encode_rows(["甲", "乙", "丙"], rows, encoding=encoding)
        assert read(content, encoding) == [["甲", "乙", "丙"], *rows]
        assert (report.replaced, report.substituted, report.made_inert) == ({}, {}, 0)
        assert content.startswith(b"\xef\xbb\xbf") is (encoding == "utf-8-sig")

    @settings(max_examples=100, deadline=None)
    @given(st.lists(TEXT.map(lambda t: f"橋{t}"), min_size=1, max_size=5))
    def test_cp932_keeps_what_it_has_and_counts_the_rest(self, texts: list[str]) -> None:
        content, report = encode_rows(["名"], [[text] for text in texts], encoding="cp932")
        back = "".join(row[0] for row in read(content, "cp932")[1:])
        given_text = "".join(texts)
        assert len(back) == len(given_text)
        changed = [(a, b) for a, b in zip(given_text, back, strict=True) if a != b]
        lost = sum(b == MISSING_TYPE for _, b in changed)
        assert lost == sum(report.replaced.values())
        assert len(changed) - lost == sum(report.substituted.values())
        assert all(TWINS[a] == b for a, b in changed if b != MISSING_TYPE)

    @pytest.mark.parametrize("row", [["a\r\nb"], ["a\nb"], ["a\rb"], ['say "x"'], ["a,b"], ["a;b"]])
    @pytest.mark.parametrize("encoding", ENCODINGS)
    def test_line_breaks_quotes_and_commas_stay_in_their_cell(
        self, row: list[str], encoding: Encoding
    ) -> None:
        content, _ = encode_rows(["a"], [row, ["next"]], encoding=encoding)
        assert read(content, encoding) == [["a"], row, ["next"]]

    @pytest.mark.parametrize("encoding", ENCODINGS)
    def test_a_table_without_rows_has_its_heading(self, encoding: Encoding) -> None:
        content, report = encode_rows(["施設番号", "名"], [], encoding=encoding)
        assert read(content, encoding) == [["施設番号", "名"]]
        assert content.endswith(b"\r\n")
        assert (report.rows, report.sentences()) == (0, [])


class TestTwins:
    @pytest.mark.parametrize(("character", "twin"), TWINS.items())
    def test_a_twin_is_in_cp932_and_its_original_is_not(self, character: str, twin: str) -> None:
        assert twin.encode("cp932").decode("cp932") == twin
        found = encode(character, "cp932")
        assert found.content.decode("cp932") == twin
        assert (found.substituted, found.replaced) == ({character: 1}, {})

    @pytest.mark.parametrize("character", "①⑳髙﨑～－∥≒№㈱Ⅳｶﾞ　〓")
    def test_what_japanese_offices_write_needs_no_replacement(self, character: str) -> None:
        """§7.2 names ～ ① 髙 﨑: all of them are in CP932, if not in plain Shift_JIS."""
        found = encode(character, "cp932")
        assert found.content.decode("cp932") == character
        assert not found.substituted
        assert not found.replaced

    @pytest.mark.parametrize("character", ["𠮷", "😀", "é", "한", "\u2764", "㉟", "\u200b"])
    def test_what_has_no_twin_becomes_a_geta_and_is_named(self, character: str) -> None:
        content, report = encode_rows(["名"], [[f"x{character}{character}"]], encoding="cp932")
        assert read(content, "cp932")[1] == [f"x{MISSING_TYPE * 2}"]
        (sentence,) = report.sentences()
        assert f"U+{ord(character):04X} ×2" in sentence

    @pytest.mark.parametrize("encoding", ENCODINGS)
    def test_half_a_character_does_not_stop_a_list(self, encoding: Encoding) -> None:
        content, report = encode_rows(["名"], [["a\ud842b"], ["next"]], encoding=encoding)
        rows = read(content, encoding)
        assert rows[2] == ["next"]
        assert rows[1][0][0] + rows[1][0][-1] == "ab"
        assert report.replaced == {"\ud842": 1}


class TestWorkbookCells:
    @settings(max_examples=40, deadline=None)
    @given(st.lists(TEXT, min_size=1, max_size=6))
    def test_a_text_is_a_text_after_reading_again(self, texts: list[str]) -> None:
        book = Workbook()
        for row, text in enumerate(texts, 1):
            put(book.active, row, 1, text)
            put(book.active, row, 2, "end")
        stored = io.BytesIO()
        book.save(stored)
        sheet = load_workbook(stored).active
        for row, text in enumerate(texts, 1):
            cell = sheet.cell(row, 1)
            assert cell.data_type != "f"
            kept = str(cell.value or "")
            assert kept.replace("\r\n", "\n").replace("\r", "\n") == str(fitting(text)).replace(
                "\r\n", "\n"
            ).replace("\r", "\n")

    @pytest.mark.parametrize("text", ["=1+1", "=HYPERLINK(1)", "{=SUM(1)}", "+1", "@x", "-1"])
    def test_no_text_is_a_formula(self, tmp_path: Path, text: str) -> None:
        book = Workbook()
        put(book.active, 1, 1, text)
        book.save(tmp_path / "a.xlsx")
        cell = load_workbook(tmp_path / "a.xlsx").active["A1"]
        assert (cell.value, cell.data_type) == (text, "s")

    @pytest.mark.parametrize(
        ("value", "kind"), [(1, "n"), (1.5, "n"), (None, "n"), (0, "n"), (-2.25, "n")]
    )
    def test_numbers_stay_numbers(self, tmp_path: Path, value: float | None, kind: str) -> None:
        book = Workbook()
        put(book.active, 1, 1, value)
        book.save(tmp_path / "a.xlsx")
        cell = load_workbook(tmp_path / "a.xlsx").active["A1"]
        assert (cell.value, cell.data_type) == (value, kind)

    @pytest.mark.parametrize("length", [CELL_MAX - 1, CELL_MAX, CELL_MAX + 1, 100_000])
    def test_a_text_that_is_cut_says_so(self, length: int) -> None:
        found = fitting("橋" * length)
        assert len(found) == min(length, CELL_MAX)
        assert (f"[{length} characters, cut]" in found) is (length > CELL_MAX)

    @settings(max_examples=100, deadline=None)
    @given(TEXT)
    def test_what_fits_is_settled(self, text: str) -> None:
        assert fitting(fitting(text)) == fitting(text)
        assert len(fitting(text)) == len(text)

    @pytest.mark.parametrize(
        ("text", "width", "lines"),
        [
            ("", 10, 1), ("a" * 9, 10, 1), ("a" * 10, 10, 2), ("あ" * 4, 10, 1), ("あ" * 5, 10, 2),
            ("a\nb", 10, 2), ("\n\n", 10, 3), ("あ" * 18, 10, 4), ("x", 0, 1), ("あい", 1, 2),
        ],
    )  # fmt: skip
    def test_lines_that_a_text_takes(self, text: str, width: float, lines: int) -> None:
        assert lines_needed(text, width) == lines

    @settings(max_examples=100, deadline=None)
    @given(TEXT, TEXT, st.integers(3, 80))
    def test_more_text_never_takes_fewer_lines(self, one: str, two: str, width: int) -> None:
        assert lines_needed(one + two, width) >= max(1, lines_needed(one, width))
        assert lines_needed(one, width) >= lines_needed(one, width + 5)
        assert text_width(one + two) == text_width(one) + text_width(two)

    @pytest.mark.parametrize("title", ["A&B", "&P of &N", "&&", "橋" * 200])
    def test_a_title_is_no_code_in_a_footer(self, tmp_path: Path, title: str) -> None:
        book = Workbook()
        set_page(book.active, paper=9, title=title, language="ja")
        book.save(tmp_path / "a.xlsx")
        footer = load_workbook(tmp_path / "a.xlsx").active.oddFooter
        shown = (footer.left.text or "").replace("&&", "\0")
        assert "&" not in shown
        assert shown.replace("\0", "&") == title[: len(shown)]
        assert footer.right.text == "&P / &N ページ"

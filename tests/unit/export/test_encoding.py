"""CSV in UTF-8 and CP932: what a character set lacks is replaced and reported, never dropped."""

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspection.export.cells import inert
from inspection.export.encoding import TWINS, CsvReport, encode, encode_rows

LAW = settings(derandomize=True, deadline=None, max_examples=80)


class TestEncode:
    @pytest.mark.parametrize("text", ["①②㉖"[:2], "髙﨑", "～－", "ⅠⅡⅢⅣ", "㈱"])
    def test_characters_of_japanese_ledgers_survive_cp932(self, text: str) -> None:
        encoded = encode(text, "cp932")
        assert encoded.content.decode("cp932") == text
        assert (encoded.substituted, encoded.replaced) == ({}, {})

    @pytest.mark.parametrize(("character", "twin"), sorted(TWINS.items()))
    def test_twins_are_written_and_counted(self, character: str, twin: str) -> None:
        encoded = encode(f"橋{character}{character}", "cp932")
        assert encoded.content.decode("cp932") == f"橋{twin}{twin}"
        assert encoded.substituted == {character: 2}
        assert encoded.replaced == {}

    def test_a_character_without_a_twin_becomes_the_mark_of_a_missing_type(self) -> None:
        encoded = encode("𠮷野㉖橋😀", "cp932")
        assert encoded.content.decode("cp932") == "〓野〓橋〓"
        assert encoded.replaced == {"㉖": 1, "😀": 1, "𠮷": 1}

    def test_half_a_surrogate_cannot_break_utf8(self) -> None:
        encoded = encode("橋\ud800", "utf-8-sig")
        assert encoded.content.decode("utf-8-sig") == "橋\N{REPLACEMENT CHARACTER}"
        assert encoded.replaced == {"\ud800": 1}

    @LAW
    @given(st.text(max_size=40))
    def test_length_never_changes_and_every_change_is_counted(self, text: str) -> None:
        encoded = encode(text, "cp932")
        back = encoded.content.decode("cp932")
        assert len(back) == len(text)
        changed = sum(a != b for a, b in zip(text, back, strict=True))
        assert changed == sum(encoded.replaced.values()) + sum(encoded.substituted.values())


class TestRows:
    def test_what_was_changed_is_said_in_words(self) -> None:
        _, report = encode_rows(["a"], [["=1"], ["1〜2"], ["𠮷"]], encoding="cp932")
        assert report.rows == 3
        said = "\n".join(report.sentences())
        assert "U+20BB7 ×1" in said
        assert "'〜' U+301C ×1" in said
        assert "1 texts began like a formula" in said

    def test_nothing_is_said_where_nothing_was_changed(self) -> None:
        _, report = encode_rows(["a"], [["b"]])
        assert report == CsvReport(rows=1, replaced={}, made_inert=0)
        assert report.sentences() == []

    @LAW
    @given(st.lists(st.lists(st.text(max_size=12), min_size=3, max_size=3), max_size=5))
    def test_cells_come_back_as_they_were_or_inert(self, rows: list[list[str]]) -> None:
        clean = [
            [cell.replace("\0", "").encode("utf-8", "ignore").decode() for cell in row]
            for row in rows
        ]
        content, _ = encode_rows(["a", "b", "c"], clean)
        read = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))
        assert read[1:] == [[str(inert(cell)) for cell in row] for row in clean]

    def test_a_heading_cannot_be_a_formula_either(self) -> None:
        content, _ = encode_rows(["=cmd|' /C calc'!A0"], [])
        assert content.decode("utf-8-sig").startswith("'=cmd")

    def test_a_huge_text_is_kept_whole(self) -> None:
        content, _ = encode_rows(["a"], [["橋" * 200_000]])
        csv.field_size_limit(1_000_000)
        read = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))
        csv.field_size_limit(131_072)
        assert len(read[1][0]) == 200_000

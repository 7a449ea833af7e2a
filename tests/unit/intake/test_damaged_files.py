"""Files from strangers: damaged, hostile and odd ones are refused in words, and no row vanishes."""

import contextlib
import csv as library
import io
import json
import zipfile
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from inspection.codelists.columns import load_fields
from inspection.errors import BadInput
from inspection.intake import opening, table
from inspection.intake.csvtable import decode, read_csv
from inspection.intake.jsontable import MAX_DEPTH, read_json
from inspection.intake.opening import open_table
from inspection.intake.table import MAX_COLUMNS, MAX_ROWS, Table, TableRow, tabulate, unwritable
from inspection.intake.xlsxtable import read_xlsx

FIELDS = load_fields()
KNOWN = frozenset(alias for one in FIELDS.values() for alias in one.aliases)
HEAD = "施設番号,橋梁名\r\n"


def csv(text: str | bytes, encoding: str = "utf-8") -> Table:
    content = text if isinstance(text, bytes) else text.encode(encoding)
    return read_csv(content, "ledger.csv", known=KNOWN)


def collection(*features: object, **more: object) -> bytes:
    return json.dumps({"type": "FeatureCollection", "features": features, **more}).encode()


def feature(geometry: object, properties: object = None, **more: object) -> dict[str, object]:
    return {"type": "Feature", "properties": properties, "geometry": geometry, **more}


# CSV


def test_a_quote_that_is_never_closed_swallows_no_row_in_silence() -> None:
    found = csv(HEAD + 'A-1,橋\r\nA-2,"橋\r\nA-3,橋\r\nA-4,橋\r\n')
    assert [row.line for row in found.rows if not row.broken] == [2]
    (broken,) = [row for row in found.rows if row.broken]
    assert broken.line == 3
    assert broken.broken == "a quote that opens here is not closed: lines 3 to 5 were not read"


def test_a_quote_that_pairs_with_the_one_of_a_later_row_names_both_lines() -> None:
    found = csv(HEAD + 'A-1,"橋\r\nA-2,"橋"\r\nA-3,橋\r\n')
    assert "lines 2 to 3 were not read" in found.rows[0].broken
    assert [row.cells for row in found.rows[1:]] == [("A-3", "橋")]


@pytest.mark.parametrize(
    ("cell", "read"),
    [
        ('"上り ""新"" 橋"', '上り "新" 橋'),
        ("5'3\"", "5'3\""),
        ('"a,b;c\td"', "a,b;c\td"),
        ("'橋'", "'橋'"),
        ('""', ""),
        ('" "', " "),
    ],
)
def test_quotes_that_are_right_are_read(cell: str, read: str) -> None:
    assert csv(f"{HEAD}A-1,{cell}\r\nA-2,橋\r\n").rows[0].cells == ("A-1", read)


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(
            st.text(st.characters(categories=["L", "N", "P", "Zs"]), min_size=1, max_size=8),
            st.text(st.sampled_from('a橋",;\t\n\r ｱ'), max_size=8),
        ),
        min_size=1,
        max_size=6,
    ),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
def test_what_a_csv_writer_writes_is_read_back(rows: list[tuple[str, str]], encoding: str) -> None:
    text = io.StringIO(newline="")
    writer = library.writer(text, quoting=library.QUOTE_ALL)
    writer.writerow(["施設番号", "橋梁名"])
    writer.writerows([(f"x{a}", b) for a, b in rows])
    found = csv(text.getvalue(), encoding)
    assert [row.cells for row in found.rows] == [(f"x{a}", b) for a, b in rows]
    assert found.blank == 0


@pytest.mark.parametrize("tail", [b"\x41", "A-3,".encode("utf-16-le") + b"\x00\xd8\x2c\x00"])
def test_a_utf16_file_that_was_cut_off_is_reported_and_not_guessed(tail: bytes) -> None:
    found = csv(f"{HEAD}A-1,橋\r\n".encode("utf-16") + tail)
    assert found.rows[0].cells == ("A-1", "橋")
    assert "lost character (U+FFFD)" in found.rows[1].broken
    assert found.rows[1].line == 3


def test_a_mark_of_a_lost_character_is_no_name_of_a_bridge() -> None:
    found = csv(f"{HEAD}A-1,犀川\ufffd橋\r\nA-2,橋\r\n")
    assert [bool(row.broken) for row in found.rows] == [True, False]


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        ("浅野川".encode("cp932"), "CP932"),
        ("ｱｻﾉｶﾞﾜ①㈱髙﨑".encode("cp932"), "CP932"),
        ("ｱｻﾉｶﾞﾜ".encode(), "UTF-8"),
        (b"", "UTF-8"),
        (b"\xfe\xff\x6a\x4b", "UTF-16"),
        ("﨑\r\n".encode("utf-8-sig"), "UTF-8 with BOM"),
    ],
)
def test_the_encoding_is_told_from_the_bytes(content: bytes, encoding: str) -> None:
    text, shown = decode(content)
    assert shown == encoding
    back = {"UTF-16": "utf-16-be", "UTF-8 with BOM": "utf-8", "CP932": "cp932"}.get(shown, "utf-8")
    marks = {"UTF-16": 2, "UTF-8 with BOM": 3}.get(shown, 0)
    assert text.encode(back) == content[marks:]


def test_the_encoding_that_fits_more_lines_is_taken() -> None:
    good, bad = "A-1,橋\r\n".encode(), b"A-2,\xff\xff\r\n"
    found = csv(HEAD.encode() + good * 3 + bad)
    assert "UTF-8" in found.form
    assert [bool(row.broken) for row in found.rows] == [False, False, False, True]
    sjis = (HEAD + "A-1,橋\r\n" * 3).encode("cp932") + b"A-2,\x81\r\n"
    assert "CP932" in csv(sjis).form
    assert "byte 0x81" in csv(sjis).rows[-1].broken


def test_old_line_ends_are_line_ends() -> None:
    for end in ("\n", "\r\n", "\r"):
        found = csv(end.join(["施設番号,橋梁名", "A-1,橋", "A-2,橋", ""]))
        assert [(row.line, row.cells[0]) for row in found.rows] == [(2, "A-1"), (3, "A-2")]


def test_a_cell_beyond_every_limit_is_reported_and_the_next_row_read() -> None:
    found = csv(HEAD + "A-1," + "x" * 140_000 + "\r\nA-2,橋\r\n")
    assert found.rows[0].broken
    assert found.rows[1].cells == ("A-2", "橋")


# the heading


@given(st.integers(0, 40), st.integers(1, 4))
def test_the_heading_is_found_below_titles_up_to_row_30(titles: int, columns: int) -> None:
    names = ["施設番号", "橋梁名", "橋長", "幅員"][:columns]
    raw = [TableRow(line=n + 1, cells=(f"題 {n}",)) for n in range(titles)]
    raw += [TableRow(line=titles + 1, cells=tuple(names)), TableRow(line=titles + 2, cells=("A",))]
    found = tabulate("x", raw, form="CSV", unit="line", known=KNOWN)
    if titles < 30:
        assert (found.heading, found.heading_line) == (tuple(names), titles + 1)
        assert [row.cells[0] for row in found.rows] == ["A"]
    else:
        assert (found.heading, found.heading_line) == (("題 0",), 1)


def test_of_two_rows_with_known_names_the_one_with_more_is_the_heading() -> None:
    found = csv("橋梁名\r\n施設番号,橋梁名,橋長(m)\r\n施設番号,橋梁名,橋長(m)\r\nA-1,橋,1\r\n")
    assert found.heading_line == 2
    assert len(found.rows) == 2  # the same heading again, on a second page, is a row


def test_a_table_has_bounds() -> None:
    row = TableRow(line=2, cells=("A",))
    heading = ("施設番号", *map(str, range(MAX_COLUMNS - 1)))

    def made(**more: Any) -> Table:
        plain: dict[str, Any] = {"name": "x", "form": "CSV", "unit": "line", "rows": (row,),
                                 "heading": heading, "heading_line": 1}  # fmt: skip
        return Table(**(plain | more))

    assert len(made().heading) == MAX_COLUMNS
    with pytest.raises(BadInput, match=f"has {MAX_COLUMNS + 1} columns and 1 rows"):
        made(heading=(*heading, "one more"))
    assert len(made(rows=(row,) * MAX_ROWS).rows) == MAX_ROWS
    with pytest.raises(BadInput, match="split the file"):
        made(rows=(row,) * (MAX_ROWS + 1))
    for empty in ((), ("",), ("", "")):
        with pytest.raises(BadInput, match="no heading"):
            made(heading=empty)


def test_a_file_beyond_the_limit_is_refused_before_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "big.CSV"
    file.write_bytes(b"a" * 2000)
    monkeypatch.setattr(opening, "MAX_BYTES", 1999)
    with pytest.raises(BadInput, match=r"big.CSV has .* MB; up to .*split the file"):
        open_table(file, FIELDS)
    monkeypatch.setattr(opening, "MAX_BYTES", 2000)
    assert open_table(file, FIELDS).rows == ()


@pytest.mark.parametrize("text", ["犀川", "", "\U0001f309", "\ufeff", "\u3000", "ｶﾞ"])
def test_any_character_can_be_kept(text: str) -> None:
    assert unwritable(text, "row") == ""


@pytest.mark.parametrize("text", ["\0", "a\0b", "\ud800", "\udfff", "\ufffd"])
def test_what_is_no_character_cannot_be_kept(text: str) -> None:
    assert unwritable(f"犀{text}川", "row").startswith("the row has ")
    assert table.unwritable(text, "feature").startswith("the feature has ")


# workbooks


@cache
def workbook() -> bytes:
    book = Workbook()
    assert book.active is not None
    book.active.append(["施設番号", "橋梁名"])
    book.active.append(["A-1", "橋"])
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def exchanged(member: str, content: bytes) -> bytes:
    """Give a workbook one of whose members is another."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook())) as good, zipfile.ZipFile(made, "w") as bad:
        for info in good.infolist():
            name = info.filename
            bad.writestr(name, content if name == member else good.read(name))
    return made.getvalue()


@pytest.mark.parametrize(
    "member",
    ["xl/workbook.xml", "xl/worksheets/sheet1.xml", "[Content_Types].xml", "xl/styles.xml",
     "xl/_rels/workbook.xml.rels"],
)  # fmt: skip
@pytest.mark.parametrize("content", [b"", b"<a", b"\x00\xff", b"<a></b>"])
def test_a_damaged_part_of_a_workbook_is_named_in_words(member: str, content: bytes) -> None:
    with pytest.raises(BadInput, match=r"^a\.xlsx is no XLSX workbook: "):
        read_xlsx(exchanged(member, content), "a.xlsx", known=KNOWN)


def test_a_flipped_bit_is_damage_and_no_traceback() -> None:
    content = bytearray(workbook())
    at = content.find(b"xl/worksheets/sheet1.xml") + 60
    content[at : at + 2] = bytes(byte ^ 0xFF for byte in content[at : at + 2])
    with pytest.raises(BadInput, match="no XLSX workbook"):
        read_xlsx(bytes(content), "a.xlsx", known=KNOWN)


def test_a_workbook_without_a_sheet_of_cells_says_so() -> None:
    with pytest.raises(BadInput, match=r"has no sheet 'of cells'; it has \[\]"):
        read_xlsx(exchanged("xl/workbook.xml", b"<workbook/>"), "a.xlsx", known=KNOWN)


def test_entities_of_a_sheet_are_not_expanded() -> None:
    bomb = (
        b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
        b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        b'<sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>&b;</t></is></c></row></sheetData>'
        b"</worksheet>"
    )
    try:
        found = read_xlsx(exchanged("xl/worksheets/sheet1.xml", bomb), "a.xlsx", known=KNOWN)
    except BadInput:
        return
    assert "aaaaaaaaaa" not in "".join(found.heading)


@pytest.mark.filterwarnings("ignore")  # of openpyxl, about parts that it misses
@settings(max_examples=50, deadline=None)
@given(st.integers(0, 4000), st.binary(min_size=1, max_size=6))
def test_any_damage_of_a_workbook_is_refused_or_harmless(at: int, junk: bytes) -> None:
    whole = workbook()
    at %= len(whole)
    content = whole[:at] + junk + whole[at + len(junk) :]
    with contextlib.suppress(BadInput):
        assert read_xlsx(content, "a.xlsx", known=KNOWN).form == "XLSX"


# JSON


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b'[{"a": ' + b"9" * 5000 + b"}]", "is no JSON"),
        (b'[{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}]", "is no JSON"),
        (b"", "is no JSON"),
        (b'{"result": null}', "holds no records"),
        (b'{"result": "x"}', "holds no records"),
        (b"[]", "holds no records"),
        (b"3", "holds no records"),
        (b"[3, null]", "no record that can be read; record 1: the record is no mapping"),
        ("橋".encode("cp932"), "is no JSON in UTF-8"),
        (b'{"type": "FeatureCollection"}', "without features"),
        (b'{"type": "FeatureCollection", "features": {}}', "without features"),
    ],
)
def test_json_that_holds_nothing_is_refused(content: bytes, says: str) -> None:
    with pytest.raises(BadInput, match=says) as refused:
        read_json(content, "x.json")
    assert str(refused.value).startswith("x.json ")


def test_what_is_no_character_in_json_is_reported_with_its_record() -> None:
    found = read_json(b'[{"id": "A\\u0000"}, {"id": "B"}, {"id": "\\ud83c"}]', "x.json")
    assert [row.broken for row in found.rows] == [
        "the record has a NUL character", "", "the record has half of a character (U+D83C)",
    ]  # fmt: skip
    assert read_json(b'[{"id": "\\ud83c\\udf09"}]', "x.json").rows[0].cells == ("🌉",)


@pytest.mark.parametrize("properties", [[1], "words", 5, True])
def test_properties_that_are_no_mapping_break_one_feature_only(properties: object) -> None:
    found = read_json(collection(feature(None, properties), feature(None, {"id": "A"})), "x")
    assert found.rows[0].broken == "the properties of the feature are no mapping"
    assert found.rows[1].cells == ("A",)


GOOD = {"type": "Point", "coordinates": [136.6, 36.6]}


@pytest.mark.parametrize(
    "geometry",
    ["x", 5, [], {"type": "Point", "coordinates": ["a", 1]}, {"type": "Point"},
     {"type": "LineString", "coordinates": [[1, 2]]}, {"type": "Point", "coordinates": [1e400, 1]},
     {"type": "Polygon", "coordinates": [[[0, 0], [1, 1]]]}, {"type": "Blob", "coordinates": []},
     {"type": "Point", "coordinates": [36.6, 136.6]}],
)  # fmt: skip
def test_a_geometry_that_is_none_breaks_one_feature_only(geometry: Any) -> None:
    found = read_json(collection(feature(geometry, {"id": "A"}), feature(GOOD, {"id": "B"})), "x")
    assert [bool(row.broken) for row in found.rows] == [True, False]
    assert "geometry" in found.rows[0].broken
    alone = collection(feature(geometry, {"id": "A"}))
    with pytest.raises(BadInput, match="no feature that can be read; feature 1: the geometry"):
        read_json(alone, "x")


@pytest.mark.parametrize(
    "geometry", [None, {"type": "Point", "coordinates": []},
                 {"type": "GeometryCollection", "geometries": []}],
)  # fmt: skip
def test_a_feature_without_a_place_is_an_asset_without_a_position(geometry: Any) -> None:
    found = read_json(collection(feature(geometry, {"施設番号": "A"}, id="f1")), "x")
    assert (found.heading, found.rows[0].cells) == (("施設番号", "id"), ("A", "f1"))


def test_the_identifier_of_a_feature_does_not_displace_its_property() -> None:
    found = read_json(collection(feature(None, {"id": "own"}, id=7), feature(None, {}, id=7)), "x")
    assert [row.cells for row in found.rows] == [("own",), ("7",)]


@pytest.mark.parametrize("name", ["EPSG:9999999", "EPSG:x", "urn:ogc:def:crs:EPSG::", "local"])
def test_a_frame_that_nobody_knows_is_named(name: str) -> None:
    crs = {"type": "name", "properties": {"name": name}}
    with pytest.raises(BadInput, match="unknown coordinate reference system"):
        read_json(collection(feature(GOOD, {"id": "A"}), crs=crs), "x")


def test_values_of_json_become_the_text_of_cells() -> None:
    values = {"n": None, "t": True, "f": False, "i": 3, "w": 2.0, "x": 0.1, "s": "０",
              "l": [1, "橋"], "big": 2**60, "e": {}, "d": {"橋": {"長": 5}}}  # fmt: skip
    found = read_json(json.dumps([values]).encode(), "x")
    cells = dict(zip(found.heading, found.rows[0].cells, strict=True))
    assert cells == {"n": "", "t": "true", "f": "false", "i": "3", "w": "2", "x": "0.1", "s": "０",
                     "l": '[1, "橋"]', "big": str(2**60), "d.橋.長": "5"}  # fmt: skip


def test_nesting_ends_somewhere_and_keeps_the_rest_as_json() -> None:
    inner: Any = "x"
    for _ in range(MAX_DEPTH + 3):
        inner = {"k": inner}
    found = read_json(json.dumps([inner]).encode(), "x")
    assert found.heading == (".".join("k" * (MAX_DEPTH + 1)),)
    assert json.loads(found.rows[0].cells[0]) == {"k": {"k": "x"}}

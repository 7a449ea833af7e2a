"""Files become tables: encodings, titles above the heading, workbooks, JSON, GeoPackage."""

import doctest
import io
import json
import zipfile
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from inspection.codelists.columns import load_fields
from inspection.errors import BadInput, NotFound
from inspection.intake import csvtable
from inspection.intake.csvtable import decode, read_csv
from inspection.intake.gpkgtable import read_gpkg
from inspection.intake.jsontable import LAT, LON, read_json
from inspection.intake.opening import open_table
from inspection.intake.table import Table
from inspection.intake.xlsxtable import read_xlsx

FIELDS = load_fields()
KNOWN = frozenset(alias for one in FIELDS.values() for alias in one.aliases)
LEDGER = "橋梁台帳\r\n\r\n施設番号,橋梁名,橋長(m)\r\nA-1,①号橋〜側道,12.5\r\nA-2,犀川大橋,\r\n"


def csv(text: str | bytes, encoding: str = "utf-8") -> Table:
    content = text if isinstance(text, bytes) else text.encode(encoding)
    return read_csv(content, "ledger.csv", known=KNOWN)


@pytest.mark.parametrize(
    ("encoding", "shown"),
    [("utf-8", "UTF-8"), ("utf-8-sig", "UTF-8 with BOM"), ("utf-16", "UTF-16"), ("cp932", "CP932")],
)
def test_the_same_table_in_every_encoding(encoding: str, shown: str) -> None:
    text = LEDGER.replace("〜", "～")
    found = csv(text, encoding)
    assert found.heading == ("施設番号", "橋梁名", "橋長(m)")
    assert [row.cells for row in found.rows] == [
        ("A-1", "①号橋～側道", "12.5"),
        ("A-2", "犀川大橋", ""),
    ]
    assert [row.line for row in found.rows] == [4, 5]
    assert (found.heading_line, found.blank) == (3, 1)
    assert shown in found.form


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r\n"), max_size=30))
def test_utf8_comes_back_as_it_is(text: str) -> None:
    content = text.encode("utf-8")
    assert decode(content)[0] == (text.removeprefix("\ufeff"))


def test_a_line_with_a_wrong_byte_is_named_and_the_others_are_read() -> None:
    lines = LEDGER.encode("cp932", errors="replace").replace(b"?", b"\x81\x60").split(b"\r\n")
    lines[3] = lines[3] + b"\x81"  # half of a character
    found = csv(b"\r\n".join([*lines[:4], b"A-3,x,1", *lines[4:]]))
    broken = [row for row in found.rows if row.broken]
    assert len(broken) >= 1
    assert broken[0].line == 4
    assert "byte 0x81" in broken[0].broken
    assert [row.cells[0] for row in found.rows if not row.broken] == ["A-3", "A-2"]


@pytest.mark.parametrize("separator", [",", "\t", ";"])
def test_separators(separator: str) -> None:
    text = separator.join(["施設番号", "橋梁名"]) + "\n" + separator.join(["A-1", "橋"]) + "\n"
    assert csv(text).rows[0].cells == ("A-1", "橋")


def test_cells_may_hold_line_breaks_and_lines_are_still_counted() -> None:
    found = csv('施設番号,橋梁名\nA-1,"上り\n下り"\nA-2,橋\n')
    assert [(row.line, row.cells[1]) for row in found.rows] == [(2, "上り\n下り"), (4, "橋")]


def test_shifted_short_and_odd_rows() -> None:
    found = csv("施設番号,橋梁名,橋長\nA-1,橋,1,余分\nA-2\nA-3,橋,1,,\nA-4,\0,1\n")
    assert "cells have shifted" in found.rows[0].broken
    assert found.rows[1].cells == ("A-2", "", "")
    assert found.rows[2].cells == ("A-3", "橋", "1")
    assert "NUL" in found.rows[3].broken or "no CSV" in found.rows[3].broken
    assert "characters" in csv("施設番号,橋梁名\nA," + "あ" * 40_000 + "\n").rows[0].broken


def test_without_any_known_heading_the_first_row_is_it() -> None:
    assert csv("a,b\n1,2\n").heading == ("a", "b")
    with pytest.raises(BadInput, match="no row"):
        csv("\n\n")
    assert doctest.testmod(csvtable).failed == 0


def workbook(rows: list[list[Any]], *, title: str = "橋梁", more: bool = False) -> bytes:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = title
    for row in rows:
        sheet.append(row)
    if more:
        book.create_sheet("二枚目").append(["施設番号", "橋梁名"])
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def test_a_workbook_gives_text_as_people_see_it() -> None:
    content = workbook(
        [
            ["台帳"],
            ["施設番号", "橋梁名", "架設年度", "点検年月日", "添架物の有無", "橋長"],
            ["A-1", "橋", 1980.0, date(2024, 5, 31), True, 12.5],
            [None, None, None, None, None, None],
            ["A-2", "橋", "S55", datetime(2024, 5, 31, 9, 30), False, None],
        ],
        more=True,
    )
    found = read_xlsx(content, "a.xlsx", known=KNOWN)
    assert [row.cells for row in found.rows] == [
        ("A-1", "橋", "1980", "2024-05-31", "true", "12.5"),
        ("A-2", "橋", "S55", "2024-05-31 09:30:00", "false", ""),
    ]
    assert [row.line for row in found.rows] == [3, 5]
    assert found.facts == {"sheet": "橋梁", "sheets": "橋梁, 二枚目"}
    assert read_xlsx(content, "a.xlsx", known=KNOWN, sheet="二枚目").rows == ()
    with pytest.raises(BadInput, match="no sheet '三枚目'"):
        read_xlsx(content, "a.xlsx", known=KNOWN, sheet="三枚目")


def test_what_is_no_workbook_is_refused_before_it_is_opened() -> None:
    with pytest.raises(BadInput, match=r"\.xls must be saved"):
        read_xlsx(b"\xd0\xcf\x11\xe0", "old.xlsx", known=KNOWN)
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("hello.txt", "no workbook")
    with pytest.raises(BadInput, match="no XLSX workbook"):
        read_xlsx(content.getvalue(), "a.xlsx", known=KNOWN)


def test_a_zip_bomb_is_refused() -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * (60 * 2**20))
    assert len(content.getvalue()) < 100_000
    with pytest.raises(BadInput, match="unpacks to 60 MB"):
        read_xlsx(content.getvalue(), "bomb.xlsx", known=KNOWN)


XROAD = {
    "shisetsu_id": "36.594606, 136.625669",
    "shisetsu_bangou": "BR0-170003-00001",
    "syogen": {
        "shisetsu": {"meisyou": "犀川大橋", "furigana": "サイガワオオハシ"},
        "kasetsu_nendo": "T13", "kyouchou": 62.3, "ichi": {"ido": 36.594606, "keido": 136.625669},
    },
    "tenken": {"nendo": 2023, "kiroku": {"hantei_kubun": 2}},
}  # fmt: skip


def dumped(content: object) -> bytes:
    return json.dumps(content, ensure_ascii=False).encode()


@pytest.mark.parametrize("content", [{"result": [XROAD]}, [XROAD], XROAD])
def test_xroad_answers(content: object) -> None:
    found = read_json(dumped(content), "x.json")
    cells = dict(zip(found.heading, found.rows[0].cells, strict=True))
    assert cells["syogen.kyouchou"] == "62.3"
    assert cells["tenken.kiroku.hantei_kubun"] == "2"
    assert (found.unit, found.rows[0].line) == ("record", 1)


def test_records_that_are_none_are_named() -> None:
    found = read_json(dumped({"result": [XROAD, 7]}), "x.json")
    assert "no mapping" in found.rows[1].broken
    for wrong in (b"{", dumped({"result": []}), b"\xff\xfe", dumped("text")):
        with pytest.raises(BadInput):
            read_json(wrong, "x.json")


def feature(geometry: object, **properties: object) -> dict[str, object]:
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def collection(*features: object, **more: object) -> bytes:
    return dumped({"type": "FeatureCollection", "features": list(features), **more})


def place(table: Table, row: int = 0) -> tuple[float, float]:
    cells = dict(zip(table.heading, table.rows[row].cells, strict=True))
    return float(cells[LAT]), float(cells[LON])


def test_geojson_gives_a_point_on_every_geometry() -> None:
    point = {"type": "Point", "coordinates": [136.625669, 36.594606]}
    line = {"type": "LineString", "coordinates": [[136.0, 36.0], [136.2, 36.0]]}
    found = read_json(collection(feature(point, 施設番号="A-1"), feature(line)), "x.geojson")
    assert place(found) == (36.594606, 136.625669)
    assert place(found, 1)[0] == 36.0
    without = read_json(collection(feature(None, 施設番号="A-1")), "x.geojson")
    assert without.heading == ("施設番号",)


def test_an_older_geojson_may_name_its_crs() -> None:
    point = {"type": "Point", "coordinates": [-48404.916, 66109.811]}
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::6675"}}
    found = read_json(collection(feature(point), crs=crs), "x.geojson")
    assert place(found) == pytest.approx((36.594606, 136.625669), abs=1e-6)
    named = {"type": "name", "properties": {"name": "urn:ogc:def:crs:OGC:1.3:CRS84"}}
    read_json(collection(feature(None, a=1), crs=named), "x.geojson")
    with pytest.raises(BadInput, match="names none"):
        read_json(collection(feature(point), crs={"type": "name"}), "x.geojson")


def test_broken_features_are_named() -> None:
    metres = {"type": "Point", "coordinates": [-48404.9, 66109.8]}
    found = read_json(
        collection(
            feature(metres, 施設番号="A-1"),
            "no feature",
            feature({"type": "Blob"}),
            feature(None, 施設番号="A-3"),
        ),
        "x.geojson",
    )
    assert [bool(row.broken) for row in found.rows] == [True, True, True, False]
    assert "is not in EPSG:4326" in found.rows[0].broken
    with pytest.raises(BadInput, match="without features"):
        read_json(collection(), "x.geojson")


def test_a_geopackage_is_read_in_degrees(tmp_path: Path) -> None:
    path = tmp_path / "assets.gpkg"
    pyogrio.raw.write(
        path,
        geometry=np.array(
            [shapely.to_wkb(shapely.Point(-48404.916, 66109.811)), None], dtype=object
        ),
        field_data=[
            np.array(["A-1", "A-2"], dtype=object), np.array([62.5, np.nan]), np.array([1980, 0]),
        ],
        fields=["施設番号", "橋長", "架設年度"],
        layer="橋梁", driver="GPKG", geometry_type="Point", crs="EPSG:6675",
    )  # fmt: skip
    found = open_table(path, FIELDS)
    assert found.heading == ("施設番号", "橋長", "架設年度", LAT, LON)
    assert place(found) == pytest.approx((36.594606, 136.625669), abs=1e-6)
    assert found.rows[1].cells == ("A-2", "", "0", "", "")
    assert found.facts["layer"] == "橋梁"
    with pytest.raises(BadInput, match="no layer 'x'"):
        read_gpkg(path, layer="x")


def test_files_are_opened_by_what_they_are(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(LEDGER.encode("utf-8-sig"))
    (tmp_path / "a.xlsx").write_bytes(workbook([["施設番号"], ["A-1"]]))
    (tmp_path / "a.json").write_bytes(dumped([XROAD]))
    (tmp_path / "a.pdf").write_bytes(b"%PDF")
    (tmp_path / "bad.gpkg").write_bytes(b"no package")
    forms = [open_table(tmp_path / f"a.{kind}", FIELDS).form for kind in ("csv", "xlsx", "json")]
    assert forms == ["CSV, UTF-8 with BOM, comma", "XLSX", "xROAD JSON"]
    for name, says in (("a.pdf", "none of"), ("bad.gpkg", "no GeoPackage")):
        with pytest.raises(BadInput, match=says):
            open_table(tmp_path / name, FIELDS)
    with pytest.raises(BadInput, match="no sheets"):
        open_table(tmp_path / "a.csv", FIELDS, sheet="x")
    with pytest.raises(NotFound, match="no file"):
        open_table(tmp_path / "missing.csv", FIELDS)

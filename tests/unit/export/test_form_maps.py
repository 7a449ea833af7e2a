"""Forms of agencies: every row on some sheet, hostile maps and templates named, nothing halved."""

import io
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook
from PIL import Image

from inspection.errors import BadInput, Unavailable
from inspection.export.formvalues import form_tables, form_values
from inspection.export.recordform import (
    TITLE_MAX,
    Filling,
    FormPicture,
    FormReport,
    fill_form,
    open_template,
    read_cell_map,
    shipped_template,
)
from inspection.export.writing import replace_text, replacing
from tests.support.released import make_confirmed, make_damage, make_record

TABLE: dict[str, Any] = {
    "table": "elements", "rows": 2, "first_row": 3, "columns": {"A": "symbol", "C": "element"},
}  # fmt: skip
EMU_PER_PX = 9525
"""Units of drawings at 96 pixels an inch. Source: ECMA-376 part 1 §20.1.2.1."""

BLOCK: dict[str, Any] = {"cells": {"A1": "caption"}, "picture": "B2", "size_px": [80, 60]}


def workbook(name: str = "公式", *, merged: str = "") -> bytes:
    book = Workbook()
    book.active.title = name
    book.active["A1"] = "橋名"
    if merged:
        book.active.merge_cells(merged)
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()


def picture(width: int, height: int) -> FormPicture:
    written = io.BytesIO()
    Image.new("RGB", (width, height), "grey").save(written, "PNG")
    return FormPicture(content=written.getvalue(), width_px=width, height_px=height)


def filling(rows: int = 5, photos: int = 3) -> Filling:
    record = make_record(
        defects=tuple(make_confirmed(n) for n in range(1, photos + 1)),
        damages=tuple(make_damage(f"Mg01{n:02}") for n in range(1, rows + 1)),
    )
    values = form_values(record, approved_by="課長", approved_at="2026-05-01")
    pictures = {d.defect_id: picture(40, 30) for d in record.defects}
    return Filling(values=values, tables=form_tables(record), pictures=pictures)


def fill(
    path: Path, *, template: bytes = b"", sheet: str = "公式", what: Filling | None = None,
    **described: Any,
) -> FormReport:  # fmt: skip
    return fill_form(
        what or filling(),
        path,
        template=template or workbook(sheet),
        cell_map={"sheets": [{"sheet": sheet, **described}]},
    )


class TestRows:
    @settings(
        max_examples=20,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )
    @given(st.integers(0, 12), st.integers(1, 5))
    def test_every_row_is_on_some_sheet_in_its_order(
        self, tmp_path: Path, rows: int, size: int
    ) -> None:
        report = fill(tmp_path / "f.xlsx", what=filling(rows, 0), **{**TABLE, "rows": size})
        book = load_workbook(tmp_path / "f.xlsx")
        assert tuple(book.sheetnames) == report.sheets
        assert report.copies == max(0, -(-rows // size) - 1)
        found = [page[f"C{row}"].value for page in book.worksheets for row in range(3, 3 + size)]
        assert [value for value in found if value] == [f"01{n:02}" for n in range(1, rows + 1)]
        assert all(page["A1"].value == "橋名" for page in book.worksheets)

    @pytest.mark.parametrize("title", ["公式", "あ" * 30, "x" * TITLE_MAX])
    def test_copies_have_names_that_a_workbook_can_hold(self, tmp_path: Path, title: str) -> None:
        """Microsoft: 31 characters; a longer name makes a workbook that needs repair."""
        report = fill(tmp_path / "f.xlsx", sheet=title, what=filling(23), **TABLE)
        assert report.copies == 11
        assert len(set(report.sheets)) == 12
        assert all(len(name) <= TITLE_MAX for name in report.sheets)
        assert report.sheets[0] == title
        assert report.sheets[-1].endswith("(12)")

    def test_pictures_stay_with_their_words_over_several_sheets(self, tmp_path: Path) -> None:
        second = {**BLOCK, "cells": {"A9": "caption"}, "picture": "B10"}
        fill(tmp_path / "f.xlsx", blocks=[BLOCK, second], blocks_of="photos")
        pages = load_workbook(tmp_path / "f.xlsx").worksheets
        captions = [page[at].value for page in pages for at in ("A1", "A9")]
        assert [str(c).split(" / ")[0] for c in captions if c and c != "橋名"] == ["1", "2", "3"]
        assert [len(page._images) for page in pages] == [2, 1]

    @pytest.mark.parametrize(
        ("size", "shown"),
        [
            ((400, 100), (200, 50)), ((100, 400), (25, 100)), ((10, 10), (100, 100)),
            ((200, 100), (200, 100)), ((1, 1), (100, 100)), ((1, 1000), (1, 100)),
        ],
    )  # fmt: skip
    def test_a_picture_keeps_its_shape_in_its_box(
        self, tmp_path: Path, size: tuple[int, int], shown: tuple[int, int]
    ) -> None:
        what = Filling(values={}, tables={}, pictures={"overview": picture(*size)})
        box = {"B2": {"name": "overview", "size_px": [200, 100]}}
        fill(tmp_path / "f.xlsx", what=what, pictures=box)
        (image,) = load_workbook(tmp_path / "f.xlsx").active._images
        extent = image.anchor.ext
        assert (extent.cx // EMU_PER_PX, extent.cy // EMU_PER_PX) == shown


class TestMaps:
    @pytest.mark.parametrize(
        ("described", "says"),
        [
            ({"cells": ["B1"]}, "sheet '公式' is not formed like"),
            ({"cells": None}, "sheet '公式' is not formed like"),
            ({"cells": {"A1": ["name"]}}, "sheet '公式' is not formed like"),
            ({"cells": {"B1": "nobody"}}, "asks for 'nobody' at B1"),
            ({"cells": {"XFE1": "name"}}, "names cell 'XFE1'"),
            ({"cells": {"A1048577": "name"}}, "names cell 'A1048577'"),
            ({"cells": {"a1": "name"}}, "names cell 'a1'"),
            ({"cells": {"$A$1": "name"}}, r"names cell '\$A\$1'"),
            ({"cells": {"A1:B2": "name"}}, "names cell 'A1:B2'"),
            ({**TABLE, "rows": 0}, "'elements' 0 rows a sheet"),
            ({**TABLE, "rows": -3}, "'elements' -3 rows a sheet"),
            ({**TABLE, "rows": "x"}, "not formed like"),
            ({**TABLE, "first_row": 0}, "names cell 'A0'"),
            ({**TABLE, "first_row": None}, "not formed like"),
            ({**TABLE, "columns": {"A": "lenght"}}, "asks for 'lenght' of table 'elements'"),
            ({**TABLE, "columns": {"a": "element"}}, "names column 'a'"),
            ({**TABLE, "columns": {"ZZZ": "element"}}, "names cell 'ZZZ3'"),
            ({**TABLE, "table": "none"}, "asks for table 'none'"),
            ({**TABLE, "table": ["elements"]}, r"asks for table \['elements'\]"),
            ({"table": "elements", "rows": 2, "first_row": 3}, "not formed like"),
            ({"blocks": [BLOCK]}, "not formed like"),
            ({"blocks": [{}], "blocks_of": "photos"}, "not formed like"),
            ({"blocks": [{**BLOCK, "size_px": []}], "blocks_of": "photos"}, "not formed like"),
            ({"blocks": [{**BLOCK, "picture": "B"}], "blocks_of": "photos"}, "names cell 'B'"),
            ({"pictures": {"A1": "overview"}}, "not formed like"),
        ],
    )
    def test_a_wrong_map_is_named_and_writes_nothing(
        self, tmp_path: Path, described: dict[str, Any], says: str
    ) -> None:
        with pytest.raises(BadInput, match=says):
            fill(tmp_path / "f.xlsx", **described)
        assert list(tmp_path.iterdir()) == []

    def test_a_cell_inside_a_merged_one_is_named_with_the_right_one(self, tmp_path: Path) -> None:
        template = workbook(merged="B2:D4")
        with pytest.raises(BadInput, match=r"cell C3 of 公式.*merged B2:D4.*first cell B2"):
            fill(tmp_path / "f.xlsx", template=template, cells={"C3": "name"})
        fill(tmp_path / "f.xlsx", template=template, cells={"B2": "name"})
        assert load_workbook(tmp_path / "f.xlsx")["公式"]["B2"].value == "犀川大橋"

    def test_a_summary_may_have_fewer_damages_than_its_form_has_columns(
        self, tmp_path: Path
    ) -> None:
        columns = {"A": "damage_1", "B": "grade_1", "C": "damage_4", "D": "previous_4"}
        fill(tmp_path / "f.xlsx", **{**TABLE, "table": "summary", "columns": columns})
        sheet = load_workbook(tmp_path / "f.xlsx")["公式"]
        assert (sheet["A3"].value, sheet["B3"].value) == ("⑥ひびわれ", "d")
        assert not sheet["C3"].value

    def test_an_empty_table_needs_no_names(self, tmp_path: Path) -> None:
        report = fill(tmp_path / "f.xlsx", what=filling(0), **TABLE)
        assert (report.copies, report.sheets) == (0, ("公式",))

    @pytest.mark.parametrize(
        "content",
        [b"", b"[]", b"null", b"{}", b'{"sheets": {}}', b'{"sheets": null}', b"{", b"\xff\xfe{}",
         b"{'sheets': []}", b'{"sheets": [}'],
    )  # fmt: skip
    def test_what_is_no_map_is_refused(self, content: bytes) -> None:
        with pytest.raises(BadInput, match="cell map"):
            read_cell_map(content)

    def test_a_map_may_begin_with_a_mark(self) -> None:
        assert read_cell_map(b'\xef\xbb\xbf{"sheets": []}') == {"sheets": []}


class TestTemplates:
    def bombed(self, size: int, names: list[str]) -> bytes:
        written = io.BytesIO()
        with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as package:
            for name in names:
                package.writestr(name, b"0" * size)
        return written.getvalue()

    @pytest.mark.parametrize(
        ("content", "says"),
        [
            (b"", "no XLSX workbook"),
            (b"PK\x05\x06" + b"\0" * 18, "no XLSX workbook"),
            (b"%PDF-1.7", "no XLSX workbook"),
            (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "no XLSX workbook"),
        ],
    )
    def test_other_files_are_refused(self, content: bytes, says: str) -> None:
        with pytest.raises(BadInput, match=says):
            open_template(content)

    def test_what_unpacks_to_too_much_is_refused_before_it_is_unpacked(self) -> None:
        content = self.bombed(21_000_000, [f"xl/{n}.xml" for n in range(10)])
        assert len(content) < 1_000_000
        with pytest.raises(BadInput, match="unpacks to 210000000 bytes; it is no form"):
            open_template(content)

    def test_a_zip_without_a_workbook_is_refused(self) -> None:
        with pytest.raises(BadInput, match="no XLSX workbook"):
            open_template(self.bombed(10, ["word/document.xml"]))

    @pytest.mark.parametrize("cut", [100, 1000, -30])
    def test_half_a_workbook_is_refused(self, cut: int) -> None:
        with pytest.raises(BadInput, match="no XLSX workbook"):
            open_template(workbook()[:cut])

    def test_the_shipped_map_names_only_what_a_record_has(self, tmp_path: Path) -> None:
        template, cell_map = shipped_template()
        report = fill_form(filling(), tmp_path / "f.xlsx", template=template, cell_map=cell_map)
        assert set(report.empty) <= set(filling().values)


class TestWriting:
    @pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, BadInput])
    def test_a_failure_leaves_what_was_there_and_no_crumbs(
        self, tmp_path: Path, error: type[BaseException]
    ) -> None:
        path = tmp_path / "a.json"
        replace_text(path, "before")
        with pytest.raises(error), replacing(path) as temporary:
            temporary.write_text("half")
            raise error("stop")
        assert path.read_text() == "before"
        assert [p.name for p in tmp_path.iterdir()] == ["a.json"]

    def test_a_folder_of_that_name_is_unavailable(self, tmp_path: Path) -> None:
        (tmp_path / "a.json").mkdir()
        with pytest.raises(Unavailable, match="check folder and disk"):
            replace_text(tmp_path / "a.json", "x")
        assert [p.name for p in tmp_path.iterdir()] == ["a.json"]

    def test_line_ends_are_written_as_they_are(self, tmp_path: Path) -> None:
        replace_text(tmp_path / "a", "a\r\nb\nc\r")
        assert (tmp_path / "a").read_bytes() == b"a\r\nb\nc\r"

    def test_two_writers_leave_one_whole_file(self, tmp_path: Path) -> None:
        path = tmp_path / "a.txt"
        with replacing(path) as one, replacing(path) as other:
            assert one != other
            one.write_text("1" * 1000)
            other.write_text("2" * 1000)
        assert path.read_text() == "1" * 1000
        assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]

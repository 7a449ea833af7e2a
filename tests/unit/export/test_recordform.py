"""Forms: the shipped one is as drawn, an agency fills its own by a map, nothing is lost."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook

from inspection.errors import BadInput
from inspection.export import drawform, recordform
from inspection.export.formvalues import MARK, form_tables, form_values, size_words
from inspection.export.recordform import (
    Filling,
    FormPicture,
    fill_form,
    open_template,
    read_cell_map,
    shipped_template,
)
from inspection.imaging.burn import Stroke, burn, rings
from tests.support.released import make_confirmed, make_damage, make_record


def picture(width: int = 40, height: int = 20) -> FormPicture:
    from PIL import Image

    written = io.BytesIO()
    Image.new("RGB", (width, height), "grey").save(written, "JPEG")
    return FormPicture(content=written.getvalue(), width_px=width, height_px=height)


def filling(**changes: Any) -> Filling:
    record = make_record(**changes)
    return Filling(
        values=form_values(record, approved_by="課長", approved_at="2026-05-01T00:00:00"),
        tables=form_tables(record),
        pictures={"overview": picture(400, 200), record.defects[0].defect_id: picture()}
        if record.defects
        else {},
    )


def fill(path: Path, **changes: Any) -> recordform.FormReport:
    template, cell_map = shipped_template()
    return fill_form(filling(**changes), path, template=template, cell_map=cell_map)


class TestShipped:
    def test_it_is_what_its_drawing_says(self) -> None:
        template, cell_map = shipped_template()
        drawn, drawn_map = drawform.draw()
        assert drawn_map == cell_map
        kept = open_template(template)
        assert kept.sheetnames == drawn.sheetnames
        for name in kept.sheetnames:
            one, other = kept[name], drawn[name]
            cells = {c.coordinate: c.value for row in one.iter_rows() for c in row if c.value}
            assert cells == {
                c.coordinate: c.value for row in other.iter_rows() for c in row if c.value
            }
            assert {str(m) for m in one.merged_cells.ranges} == {
                str(m) for m in other.merged_cells.ranges
            }
            assert one.print_area == other.print_area

    def test_it_can_be_written_again(self, tmp_path: Path) -> None:
        drawform.write(tmp_path)
        assert read_cell_map((tmp_path / recordform.CELL_MAP).read_bytes()) == shipped_template()[1]

    def test_every_value_lands_in_its_cell(self, tmp_path: Path) -> None:
        report = fill(tmp_path / "f.xlsx")
        book = load_workbook(tmp_path / "f.xlsx")
        _, cell_map = shipped_template()
        values = filling().values
        for sheet in cell_map["sheets"]:
            for at, name in sheet["cells"].items():
                assert (book[sheet["sheet"]][at].value or "") == values[name]
        assert report.copies == 0
        assert "premise" in report.empty
        assert "name" not in report.empty

    def test_fields_of_the_2024_forms_are_there(self, tmp_path: Path) -> None:
        fill(tmp_path / "f.xlsx")
        book = load_workbook(tmp_path / "f.xlsx")
        words = {str(c.value) for s in book.worksheets for row in s.iter_rows() for c in row}
        for label in (
            "橋梁名",
            "フリガナ",
            "路線名",
            "所在地",
            "施設ID",
            "管理者名",
            "路下条件",
            "代替路の有無",
            "緊急輸送道路",
            "占用物件（名称）",
            "技術的な評価結果",
            "告示に基づく健全性の診断の区分",
            "1-活荷重",
            "上下部接続部",
            "特定事象の有無",
            "健全性の診断の区分の前提",
            "特記事項",
            "所見",
            "前回損傷程度",
        ):
            assert label in words, label

    def test_unverified_values_carry_the_mark(self, tmp_path: Path) -> None:
        fill(tmp_path / "f.xlsx")
        book = load_workbook(tmp_path / "f.xlsx")
        front = [str(c.value) for row in book["様式-1"].iter_rows() for c in row if c.value]
        assert f"B{MARK}" in front and f"C{MARK}" in front
        for sheet in book.worksheets:
            cells = [str(c.value) for row in sheet.iter_rows() for c in row if c.value]
            assert any("未確認" in cell and "jp_member/1.0.0" in cell for cell in cells), (
                sheet.title
            )

    def test_pictures_are_there_and_keep_their_shape(self, tmp_path: Path) -> None:
        fill(tmp_path / "f.xlsx")
        book = load_workbook(tmp_path / "f.xlsx")
        (overview,) = book["様式-1"]._images
        assert overview.width / overview.height == pytest.approx(2.0, rel=0.01)
        assert overview.width <= 760 and overview.height <= 390
        assert len(book["様式-2"]._images) == 1

    def test_what_does_not_fit_goes_onto_copies(self, tmp_path: Path) -> None:
        defects = tuple(make_confirmed(n) for n in range(1, 11))
        damages = tuple(make_damage(f"Mg01{n:02}") for n in range(1, 66))
        report = fill(tmp_path / "f.xlsx", defects=defects, damages=damages)
        assert report.sheets[:4] == ("様式-1", "様式-2", "様式-2(2)", "様式-2(3)")
        assert report.copies == 4
        book = load_workbook(tmp_path / "f.xlsx")
        pages = [name for name in book.sheetnames if name.startswith("データ3-3")]
        numbers = [book[page][f"F{row}"].value for page in pages for row in range(5, 35)]
        assert [n for n in numbers if n] == [f"01{n:02}" for n in range(1, 66)]

    def test_texts_are_never_formulas(self, tmp_path: Path) -> None:
        fill(
            tmp_path / "f.xlsx",
            asset={"name": "=1+1", "kind": "bridge"},
            findings={"remarks": "@SUM(A1)", "notes": "x" * 40_000},
        )
        for sheet in load_workbook(tmp_path / "f.xlsx").worksheets:
            assert all(c.data_type != "f" for row in sheet.iter_rows() for c in row)

    def test_a_record_without_damage_is_a_form_too(self, tmp_path: Path) -> None:
        report = fill(tmp_path / "f.xlsx", damages=(), defects=(), findings={}, groups=())
        assert report.copies == 0
        assert "evaluation_bridge_flood" in report.empty


class TestValues:
    def test_the_worst_of_the_evaluation(self) -> None:
        values = filling().values
        assert values["evaluation_worst"] == f"C{MARK}"
        assert values["members"] == "1/Mg II"
        assert values["emergency_route"] == "第1次"

    def test_the_summary_takes_the_worst_and_four_types_a_row(self) -> None:
        damages = [
            make_damage("Mg0101", grade="c", previous="b"),
            make_damage("Mg0102", grade="d", previous="c"),
            *(
                make_damage("Mg0101", damage_no=n, damage_ja=f"型{n}", grade="c", previous="")
                for n in (7, 8, 9, 10)
            ),
        ]
        rows = form_tables(make_record(damages=tuple(damages)))["summary"]
        assert len(rows) == 2
        assert (rows[0]["damage_1"], rows[0]["grade_1"], rows[0]["previous_1"]) == (
            "⑥ひびわれ",
            "d",
            "c",
        )
        assert rows[1]["damage_1"] == "⑩型10"

    def test_every_damage_of_the_past_reappears(self) -> None:
        rows = form_tables(make_record(damages=(make_damage(previous="e", grade="a"),)))["summary"]
        assert rows[0]["previous_1"] == "e"

    def test_a_width_below_the_limit_is_no_number(self) -> None:
        assert size_words(make_confirmed(width="< 3.00")) == "w< 3.00 mm L=1.25 ± 0.02 m"
        assert size_words(make_confirmed(width="", length="")) == "A=0.003 m²"


def agency() -> tuple[bytes, dict[str, Any]]:
    book = Workbook()
    book.active.title = "公式"
    book.active["A1"] = "橋名"
    written = io.BytesIO()
    book.save(written)
    return written.getvalue(), {"sheets": [{"sheet": "公式", "cells": {"B1": "name"}}]}


class TestAgency:
    def test_an_official_workbook_needs_only_a_map(self, tmp_path: Path) -> None:
        template, cell_map = agency()
        fill_form(filling(), tmp_path / "f.xlsx", template=template, cell_map=cell_map)
        sheet = load_workbook(tmp_path / "f.xlsx")["公式"]
        assert (sheet["A1"].value, sheet["B1"].value) == ("橋名", "犀川大橋")

    @pytest.mark.parametrize(
        ("sheet", "words"),
        [
            ({"sheet": "ない"}, "names sheet 'ない'; the template has 公式"),
            ("公式", "names sheet None"),
            ({"sheet": "公式", "cells": {"B1": "nobody"}}, "asks for 'nobody' at B1"),
            ({"sheet": "公式", "cells": {"B0": "name"}}, "names cell 'B0'"),
            (
                {"sheet": "公式", "table": "x", "rows": 3, "first_row": 1, "columns": {}},
                "table 'x'",
            ),
            (
                {
                    "sheet": "公式",
                    "table": "elements",
                    "rows": 3,
                    "first_row": 1,
                    "columns": {"1": "element"},
                },
                "names column '1'",
            ),
        ],
    )
    def test_a_wrong_map_names_what_is_wrong(
        self, tmp_path: Path, sheet: object, words: str
    ) -> None:
        template, _ = agency()
        with pytest.raises(BadInput, match=words):
            fill_form(
                filling(), tmp_path / "f.xlsx", template=template, cell_map={"sheets": [sheet]}
            )
        assert not (tmp_path / "f.xlsx").exists()

    def test_a_table_that_would_need_too_many_sheets_is_refused(self, tmp_path: Path) -> None:
        template, _ = agency()
        damages = tuple(make_damage(f"Mg{n:04}") for n in range(1, 400))
        cell_map = {
            "sheets": [
                {
                    "sheet": "公式",
                    "table": "elements",
                    "rows": 1,
                    "first_row": 2,
                    "columns": {"A": "element"},
                }
            ]
        }
        with pytest.raises(BadInput, match="399 sheets"):
            fill_form(
                filling(damages=damages), tmp_path / "f.xlsx", template=template, cell_map=cell_map
            )

    @pytest.mark.parametrize("content", [b"", b"no zip", b"PK\x03\x04broken"])
    def test_what_is_no_workbook_is_refused(self, content: bytes) -> None:
        with pytest.raises(BadInput, match="no XLSX"):
            open_template(content)

    def test_a_zip_that_is_no_workbook_and_a_bomb_are_refused(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        written = io.BytesIO()
        with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as package:
            package.writestr("xl/a.xml", b"0" * 300_000)
        with pytest.raises(BadInput, match="no XLSX"):
            open_template(written.getvalue())
        monkeypatch.setattr(recordform, "TEMPLATE_MAX", 20_000)
        with pytest.raises(BadInput, match="unpacks to"):
            open_template(written.getvalue())
        with pytest.raises(BadInput, match="up to 20000"):
            open_template(b"x" * 20_001)

    @pytest.mark.parametrize("content", [b"{", b"[]", b'{"sheets": 3}', b"\xff"])
    def test_what_is_no_map_is_refused(self, content: bytes) -> None:
        with pytest.raises(BadInput, match="cell map"):
            read_cell_map(content)

    def test_a_map_survives_json(self) -> None:
        _, cell_map = agency()
        assert read_cell_map(json.dumps(cell_map).encode()) == cell_map


class TestBurn:
    def test_strokes_and_numbers_are_in_the_pixels(self) -> None:
        from PIL import Image

        shown = picture(200, 100).content
        stroke = Stroke(
            path="M20.0 20.0L180.0 20.0L180.0 60.0Z",
            colour="#D32F2F",
            label="7",
            at_px=(60.0, 70.0),
        )
        with Image.open(io.BytesIO(burn(shown, [stroke]))) as opened:
            assert opened.size == (200, 100)
            red, green, _ = opened.convert("RGB").getpixel((100, 20))  # type: ignore[misc]
            assert red > green + 40
            assert min(opened.convert("RGB").getpixel((52, 70))) > 200  # type: ignore[type-var,arg-type]

    def test_an_offset_moves_the_outlines(self) -> None:
        assert rings("M1.0 2.0L3.0 4.0") == [[(1.0, 2.0), (3.0, 4.0)]]
        assert (
            burn(
                picture().content,
                [Stroke(path="M100.0 100.0L110.0 100.0Z", colour="#000000")],
                offset_px=(95.0, 95.0),
            )
            != picture().content
        )

"""Work lists as files: what is written is what is read back, by other programs too."""

import csv
import io
import json
import warnings
from dataclasses import replace
from pathlib import Path

import pyogrio
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook

from inspection.errors import BadInput, Unavailable
from inspection.export.cells import inert
from inspection.export.csv import write_csv
from inspection.export.geojson import feature_collection, write_geojson
from inspection.export.gpkg import write_gpkg
from inspection.export.table import COLUMNS
from inspection.export.xlsx import write_xlsx
from inspection.geo.frames import to_crs
from tests.support.damage import area, defect
from tests.support.worklist_scene import BRIDGE, UTM, X, Y, listed, scene


def read_rows(path: Path, encoding: str) -> list[dict[str, str]]:
    text = path.read_bytes().decode(encoding)
    return list(csv.DictReader(io.StringIO(text, newline="")))


class TestCsv:
    def test_every_column_and_row_is_there(self, tmp_path: Path) -> None:
        work_list = listed(scene())
        report = write_csv(work_list, tmp_path / "worklist.csv")
        rows = read_rows(tmp_path / "worklist.csv", "utf-8-sig")
        assert report.rows == len(rows) == 3
        assert list(rows[0]) == [column.name for column in COLUMNS]
        assert [row["rank"] for row in rows] == ["1", "2", "3"]
        assert [row["defect_id"] for row in rows] == [str(r.defect_id) for r in work_list.rows]
        assert rows[0]["photos"] == "点検 001.JPG"

    def test_it_begins_with_a_mark_and_ends_lines_as_rfc_4180_says(self, tmp_path: Path) -> None:
        write_csv(listed(scene()), tmp_path / "a.csv")
        content = (tmp_path / "a.csv").read_bytes()
        assert content.startswith(b"\xef\xbb\xbf")
        assert content.count(b"\r\n") == 4
        assert content.replace(b"\r\n", b"").count(b"\n") == 0
        write_csv(listed(scene()), tmp_path / "b.csv", encoding="utf-8")
        assert (tmp_path / "b.csv").read_bytes() == content[3:]

    def test_a_width_below_the_limit_is_never_a_number(self, tmp_path: Path) -> None:
        write_csv(listed(scene()), tmp_path / "a.csv")
        widths = {r["width_shown"]: r for r in read_rows(tmp_path / "a.csv", "utf-8-sig")}
        assert set(widths) == {"6.00 ± 2.00", "< 2.00", ""}
        assert (widths["< 2.00"]["width_mm"], widths["< 2.00"]["width_u_mm"]) == ("", "")
        assert widths["< 2.00"]["width_limit_mm"] == "2"
        assert widths["6.00 ± 2.00"]["width_mm"] == "6"
        assert widths["< 2.00"]["grade_candidates"] == "b/c/d"

    def test_names_cannot_become_formulas(self, tmp_path: Path) -> None:
        report = write_csv(listed(scene()), tmp_path / "a.csv")
        rows = read_rows(tmp_path / "a.csv", "utf-8-sig")
        assert {row["asset_name"] for row in rows} == {'\'=HYPERLINK("evil")'}
        assert report.made_inert == 3

    def test_cp932_replaces_what_it_lacks_and_says_so(self, tmp_path: Path) -> None:
        asset = replace(BRIDGE, name="𠮷田橋")
        report = write_csv(listed(scene(), asset), tmp_path / "a.csv", encoding="cp932")
        rows = read_rows(tmp_path / "a.csv", "cp932")
        assert rows[0]["asset_name"] == "〓田橋"
        assert report.replaced["𠮷"] == 3
        assert rows[0]["note_ja"] in ("要確認", "確認済")
        assert write_csv(listed(scene(), asset), tmp_path / "b.csv").replaced == {}

    def test_commas_quotes_and_lines_survive(self, tmp_path: Path) -> None:
        asset = replace(BRIDGE, name='a,"b"\nc')
        write_csv(listed(scene(), asset), tmp_path / "a.csv")
        assert read_rows(tmp_path / "a.csv", "utf-8-sig")[0]["asset_name"] == 'a,"b"\nc'

    def test_small_numbers_have_no_exponent(self, tmp_path: Path) -> None:
        tiny = defect(area(shapely.box(X, Y, X + 0.004, Y + 0.003)), asset_id=BRIDGE.asset_id)
        write_csv(listed([tiny]), tmp_path / "a.csv")
        assert read_rows(tmp_path / "a.csv", "utf-8-sig")[0]["area_m2"] == "0.00001"

    def test_an_empty_list_is_a_heading(self, tmp_path: Path) -> None:
        assert write_csv(listed([]), tmp_path / "a.csv").rows == 0
        assert read_rows(tmp_path / "a.csv", "utf-8-sig") == []

    def test_a_folder_that_cannot_be_is_unavailable(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("x", encoding="utf-8")
        with pytest.raises(Unavailable):
            write_csv(listed([]), tmp_path / "file" / "a.csv")


@given(st.text(max_size=12))
def test_no_text_stays_a_formula(text: str) -> None:
    safe = inert(text)
    assert isinstance(safe, str)
    assert safe.endswith(text)
    assert not safe.lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r"))


class TestGeoJson:
    def test_features_are_lon_lat_with_seven_decimals(self, tmp_path: Path) -> None:
        defects = scene()
        assert write_geojson(defects, tmp_path / "d.geojson", work_list=listed(defects)) == 3
        told = json.loads((tmp_path / "d.geojson").read_text(encoding="utf-8"))
        assert told["type"] == "FeatureCollection"
        assert "crs" not in told
        assert "tenken:crs" not in told
        lon, lat = to_crs([[X, Y]], UTM, "EPSG:4326")[0]
        by_id = {feature["id"]: feature for feature in told["features"]}
        line = by_id[str(defects[0].defect_id)]["geometry"]
        assert line["type"] == "LineString"
        assert line["coordinates"][0] == pytest.approx([lon, lat], abs=1e-7)
        for feature in told["features"]:
            for x, y in shapely.get_coordinates(shapely.geometry.shape(feature["geometry"])):
                assert (round(x, 7), round(y, 7)) == (x, y)
            assert len(feature["bbox"]) == 4

    def test_outlines_turn_left_as_rfc_7946_wants(self) -> None:
        outline = feature_collection(scene())["features"]
        (polygon,) = [f["geometry"] for f in outline if f["geometry"]["type"] == "Polygon"]
        assert shapely.LinearRing(polygon["coordinates"][0]).is_ccw

    def test_numbers_and_ranks_are_properties(self) -> None:
        defects = scene()
        features = feature_collection(defects, work_list=listed(defects))["features"]
        assert [feature["properties"]["rank"] for feature in features] == [1, 2, 3]
        by_id = {feature["id"]: feature["properties"] for feature in features}
        thin = by_id[str(defects[1].defect_id)]
        assert thin["width_mm"] is None
        assert thin["width_below_mm"] == 2.0
        wide = by_id[str(defects[0].defect_id)]
        assert (wide["width_mm"], wide["width_u_mm"]) == (6.0, 2.0)
        assert "width_below_mm" not in wide
        assert wide["photos"] == ["点検 001.JPG"]
        spall = by_id[str(defects[2].defect_id)]
        assert "width_mm" not in spall
        assert (spall["state"], spall["note_en"]) == ("confirmed", "confirmed")

    def test_a_local_frame_says_so_and_keeps_metres(self) -> None:
        told = feature_collection(scene("LOCAL"))
        assert told["tenken:crs"] == "LOCAL"
        assert "not longitude" in told["tenken:note"]
        lines = [f for f in told["features"] if f["geometry"]["type"] == "LineString"]
        starts = sorted(tuple(f["geometry"]["coordinates"][0]) for f in lines)
        assert starts == [(3.0, 4.0), (3.0, 9.0)]

    def test_local_and_mapped_defects_do_not_mix(self) -> None:
        with pytest.raises(BadInput, match="write two"):
            feature_collection([*scene(), *scene("LOCAL")])

    def test_a_damage_smaller_than_a_decimal_keeps_its_shape(self) -> None:
        tiny = defect(area(shapely.box(X, Y, X + 0.004, Y + 0.003)))
        (feature,) = feature_collection([tiny])["features"]
        assert shapely.geometry.shape(feature["geometry"]).area > 0

    def test_no_defects_are_an_empty_collection(self) -> None:
        assert feature_collection([]) == {"type": "FeatureCollection", "features": []}

    def test_gdal_reads_it(self, tmp_path: Path) -> None:
        write_geojson(scene(), tmp_path / "d.geojson")
        told = pyogrio.read_info(tmp_path / "d.geojson")
        assert told["features"] == 3
        assert told["crs"] == "EPSG:4326"


class TestGeoPackage:
    def test_two_layers_in_the_crs_of_the_mosaic(self, tmp_path: Path) -> None:
        defects = scene()
        write_gpkg(defects, listed(defects), tmp_path / "w.gpkg")
        layers = {str(name): str(kind) for name, kind in pyogrio.list_layers(tmp_path / "w.gpkg")}
        assert layers == {"defects": "MultiPolygon", "worklist": "Point"}
        for layer in layers:
            told = pyogrio.read_info(tmp_path / "w.gpkg", layer=layer)
            assert (told["features"], told["crs"]) == (3, UTM)

    def test_values_survive_and_unknown_ones_are_null(self, tmp_path: Path) -> None:
        defects = scene()
        work_list = listed(defects)
        write_gpkg(defects, work_list, tmp_path / "w.gpkg")
        meta, _, shapes, columns = pyogrio.raw.read(tmp_path / "w.gpkg", layer="worklist")
        table = dict(zip(meta["fields"], columns, strict=True))
        assert table["rank"].tolist() == [1, 2, 3]
        assert table["note_ja"].tolist() == [row.note_ja for row in work_list.rows]
        widths = dict(zip(table["width_shown"], table["width_mm"].tolist(), strict=True))
        assert widths["6.00 ± 2.00"] == 6.0
        assert widths["< 2.00"] != widths["< 2.00"]  # null reads as NaN
        first = shapely.from_wkb(shapes[0])
        assert (first.x, first.y) == pytest.approx((work_list.rows[0].x_m, work_list.rows[0].y_m))

    def test_a_second_write_replaces_the_file(self, tmp_path: Path) -> None:
        defects = scene()
        for count in (3, 1):
            write_gpkg(defects[:count], listed(defects[:count]), tmp_path / "w.gpkg")
        assert pyogrio.read_info(tmp_path / "w.gpkg", layer="defects")["features"] == 1
        assert [path.name for path in tmp_path.iterdir()] == ["w.gpkg"]

    def test_a_local_frame_has_no_place_on_earth(self, tmp_path: Path) -> None:
        defects = scene("LOCAL")
        write_gpkg(defects, listed(defects), tmp_path / "w.gpkg")
        crs = pyogrio.read_info(tmp_path / "w.gpkg", layer="defects")["crs"]
        assert "EPSG:4326" not in str(crs)
        assert "EPSG:326" not in str(crs)

    def test_an_empty_list_has_empty_layers(self, tmp_path: Path) -> None:
        write_gpkg([], listed([]), tmp_path / "w.gpkg")
        assert pyogrio.read_info(tmp_path / "w.gpkg", layer="worklist")["features"] == 0

    def test_one_file_one_crs(self, tmp_path: Path) -> None:
        with pytest.raises(BadInput, match="one CRS"):
            write_gpkg([*scene(), *scene("LOCAL")], listed([]), tmp_path / "w.gpkg")
        assert list(tmp_path.iterdir()) == []


class TestXlsx:
    @pytest.mark.parametrize(("language", "heading"), [("ja", "順位"), ("en", "Rank")])
    def test_a_readable_sheet(self, tmp_path: Path, language: str, heading: str) -> None:
        work_list = listed(scene())
        write_xlsx(work_list, tmp_path / "w.xlsx", language=language)  # type: ignore[arg-type]
        book = load_workbook(tmp_path / "w.xlsx")
        sheet = book.worksheets[1]
        assert sheet["A1"].value == heading
        assert sheet.freeze_panes == "D2"
        assert sheet.max_row == 4
        assert sheet.auto_filter.ref.endswith("4")
        assert [sheet.cell(row=r, column=1).value for r in (2, 3, 4)] == [1, 2, 3]
        for letter, column in zip("ABCDE", COLUMNS, strict=False):
            assert sheet.column_dimensions[letter].width == column.width

    def test_numbers_are_numbers_and_names_are_texts(self, tmp_path: Path) -> None:
        write_xlsx(listed(scene()), tmp_path / "w.xlsx")
        sheet = load_workbook(tmp_path / "w.xlsx").worksheets[1]
        place = {column.name: i for i, column in enumerate(COLUMNS, start=1)}
        name = sheet.cell(row=2, column=place["asset_name"])
        assert (name.value, name.data_type) == ('=HYPERLINK("evil")', "s")
        assert sheet.cell(row=2, column=place["score"]).data_type == "n"
        cells = [cell for row in sheet.iter_rows() for cell in row]
        assert all(cell.data_type != "f" for cell in cells)

    def test_characters_that_xml_forbids_are_replaced(self, tmp_path: Path) -> None:
        write_xlsx(listed(scene(), replace(BRIDGE, name="a\x07b")), tmp_path / "w.xlsx")
        sheet = load_workbook(tmp_path / "w.xlsx").worksheets[1]
        assert sheet.cell(row=2, column=5).value == "a\N{REPLACEMENT CHARACTER}b"

    def test_the_second_sheet_explains_every_point(self, tmp_path: Path) -> None:
        work_list = listed(scene())
        write_xlsx(work_list, tmp_path / "w.xlsx", language="en")
        sheet = load_workbook(tmp_path / "w.xlsx").worksheets[2]
        rows = list(sheet.iter_rows(min_row=2, values_only=True))
        total = sum(row[5] * row[7] for row in rows if row[7] is not None)
        assert total == pytest.approx(work_list.priorities[0].score, abs=0.01)
        assert {row[4] for row in rows} >= {"L", "C"}
        assert all(row[0] == BRIDGE.asset_id for row in rows)

    def test_an_empty_list_opens(self, tmp_path: Path) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            write_xlsx(listed([]), tmp_path / "w.xlsx")
        assert load_workbook(tmp_path / "w.xlsx").worksheets[1].max_row == 1


class TestPrintSheet:
    @pytest.mark.parametrize(
        ("language", "title", "heading"),
        [("ja", "点検損傷 作業一覧", "順位"), ("en", "Work list of inspected damage", "Rank")],
    )
    def test_it_is_set_up_for_a_printer(
        self, tmp_path: Path, language: str, title: str, heading: str
    ) -> None:
        write_xlsx(listed(scene()), tmp_path / "w.xlsx", language=language, made="2026-11-25")  # type: ignore[arg-type]
        sheet = load_workbook(tmp_path / "w.xlsx").worksheets[0]
        assert (sheet["A1"].value, sheet["A5"].value) == (title, heading)
        assert "2026-11-25" in sheet["A3"].value
        assert sheet.print_title_rows == "$5:$5"
        assert sheet.print_area.endswith("$A$1:$M$8")
        assert (sheet.page_setup.orientation, sheet.page_setup.fitToWidth) == ("landscape", 1)
        assert sheet.page_setup.fitToHeight == 0
        assert sheet.sheet_properties.pageSetUpPr.fitToPage
        assert "&P" in sheet.oddFooter.right.text
        assert sheet.freeze_panes == "E6"
        assert {cell.font.name for cell in sheet[6]} == {"游ゴシック"}
        assert sheet["A6"].alignment.wrap_text

    def test_colours_tell_reviewed_from_unreviewed(self, tmp_path: Path) -> None:
        work_list = listed(scene())
        write_xlsx(work_list, tmp_path / "w.xlsx")
        sheet = load_workbook(tmp_path / "w.xlsx").worksheets[0]
        for number, row in enumerate(work_list.rows, start=6):
            shaded = sheet.cell(row=number, column=1).fill.fgColor.rgb == "00FFF8E1"
            assert shaded == (not row.is_confirmed)
            assert sheet.cell(row=number, column=11).value == row.note_ja

    def test_a_huge_text_is_cut_and_says_so(self, tmp_path: Path) -> None:
        write_xlsx(listed(scene(), replace(BRIDGE, name="橋" * 40_000)), tmp_path / "w.xlsx")
        book = load_workbook(tmp_path / "w.xlsx")
        assert book.worksheets[1].cell(row=2, column=5).value.endswith("[40000 characters, cut]")
        assert len(book.worksheets[0].cell(row=6, column=4).value) < 300
        assert book.worksheets[0].row_dimensions[6].height <= 400

    def test_no_cell_is_a_formula(self, tmp_path: Path) -> None:
        write_xlsx(listed(scene()), tmp_path / "w.xlsx")
        for sheet in load_workbook(tmp_path / "w.xlsx").worksheets:
            assert all(cell.data_type != "f" for row in sheet.iter_rows() for cell in row)


def test_a_collection_has_the_box_of_its_features() -> None:
    collection = feature_collection(scene())
    boxes = [feature["bbox"] for feature in collection["features"]]
    west, south, east, north = collection["bbox"]
    assert west == min(box[0] for box in boxes)
    assert north == max(box[3] for box in boxes)
    assert south < north and west < east
    assert "bbox" not in feature_collection([])

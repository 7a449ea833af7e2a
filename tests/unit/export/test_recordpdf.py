"""Records as PDF, data and drawing: human values only, unverified rules said, both languages."""

import json
from pathlib import Path

import ezdxf
import pyogrio
import pytest
import shapely
from pypdf import PdfReader

from inspection.domain.inspectionrecord import digest, to_plain
from inspection.errors import BadInput
from inspection.export.dxf import write_dxf
from inspection.export.recordfiles import (
    record_features,
    record_json,
    record_map,
    write_elements_csv,
    write_record_gpkg,
)
from inspection.export.recordpdf import Stamp, write_record_pdf
from inspection.pipeline.enrol import open_elements
from tests.support.released import make_confirmed, make_damage, make_record

STAMP = Stamp(
    approved_by="承認者次郎", approved_at="2026-05-01 00:00 UTC", why="照査済", sha256="ab" * 32
)
COLOURS = {"crack": "#D32F2F"}


def words(path: Path) -> str:
    return "".join("".join(page.extract_text().split()) for page in PdfReader(path).pages)


class TestPdf:
    def test_it_says_all_that_was_approved(self, tmp_path: Path) -> None:
        write_record_pdf(make_record(), tmp_path / "r.pdf", stamp=STAMP)
        text = words(tmp_path / "r.pdf")
        for word in (
            "点検記録",
            "犀川大橋",
            "2026年度",
            "予防保全段階",
            "国道",
            "1/Mg",
            "B※",
            "塩害",
            "秘密の所見",
            "主桁Mg0101",
            "0.40±0.10mm",
            "承認者次郎",
            "照査済",
            "ab" * 32,
            "画像なし",
        ):
            assert word in text, word

    def test_unverified_rules_are_called_so(self, tmp_path: Path) -> None:
        write_record_pdf(make_record(), tmp_path / "r.pdf", stamp=STAMP)
        assert "未確認の基準（公式の文書と照合していない）:jp_member/1.0.0" in words(
            tmp_path / "r.pdf"
        )
        write_record_pdf(make_record(unverified=()), tmp_path / "s.pdf", stamp=STAMP)
        assert "未確認の基準" not in words(tmp_path / "s.pdf")

    def test_english(self, tmp_path: Path) -> None:
        write_record_pdf(make_record(), tmp_path / "r.pdf", stamp=STAMP, language="en")
        text = words(tmp_path / "r.pdf")
        for word in (
            "Inspectionrecord",
            "Preventivemaintenancestage",
            "Unverifiedrules",
            "MaingirderMg0101",
            "Saltdamage",
        ):
            assert word in text, word

    def test_a_bare_record_and_huge_texts_are_pages_too(self, tmp_path: Path) -> None:
        bare = make_record(damages=(), defects=(), findings={}, groups=(), surveys=(), sheet={})
        write_record_pdf(bare, tmp_path / "r.pdf", stamp=STAMP)
        assert len(PdfReader(tmp_path / "r.pdf").pages) == 1
        huge = make_record(
            damages=tuple(make_damage(f"Mg{n:04}", line="橋" * 5000) for n in range(1, 30)),
            findings={"remarks": "長い所見。" * 800},
        )
        write_record_pdf(huge, tmp_path / "h.pdf", stamp=STAMP)
        assert "Mg0029" in words(tmp_path / "h.pdf")

    def test_what_strangers_wrote_is_text(self, tmp_path: Path) -> None:
        evil = make_record(asset={"name": "<h1>x</h1>", "kind": "bridge"})
        write_record_pdf(evil, tmp_path / "r.pdf", stamp=STAMP)
        assert "<h1>x</h1>" in words(tmp_path / "r.pdf")


class TestData:
    def test_the_element_sheet_imports_again(self, tmp_path: Path) -> None:
        damages = (make_damage("Mg0101", previous=""), make_damage("Mg0102"))
        report = write_elements_csv(make_record(damages=damages), tmp_path / "e.csv")
        assert report.rows == 2
        opened = str(open_elements(tmp_path / "e.csv"))
        assert "Mg0102" in opened and "⑥ひびわれ(中大)-c→d" in opened

    def test_json_proves_itself(self) -> None:
        record = make_record()
        kept = json.loads(json.dumps(record_json(record, digest(to_plain(record)))))
        assert digest(kept["record"]) == kept["sha256"]

    def test_geojson_has_what_has_a_place(self) -> None:
        nowhere = make_confirmed(2, outline_lonlat="", lon_deg=None, lat_deg=None)
        found = record_features(make_record(defects=(make_confirmed(), nowhere)))
        (feature,) = found["features"]
        assert feature["properties"]["confirmed_by"] == "確認者三郎"
        assert found["bbox"] == feature["bbox"]
        assert shapely.geometry.shape(feature["geometry"]).exterior.is_ccw
        assert record_features(make_record(defects=())) == {
            "type": "FeatureCollection",
            "features": [],
        }

    def test_geopackage_has_the_layers_of_the_specification(self, tmp_path: Path) -> None:
        write_record_gpkg(make_record(), tmp_path / "r.gpkg")
        layers = dict(pyogrio.list_layers(tmp_path / "r.gpkg").tolist())
        assert layers == {
            "assets": "Point",
            "damages": "MultiPolygon",
            "spans": None,
            "elements": None,
            "images": None,
        }
        meta, _, _, fields = pyogrio.raw.read(tmp_path / "r.gpkg", layer="spans")
        lengths = fields[list(meta["fields"]).index("length_m")]
        assert lengths[0] == 62.3
        info = pyogrio.read_info(tmp_path / "r.gpkg", layer="assets")
        assert (info["features"], info["crs"]) == (1, "EPSG:4326")

    def test_a_record_without_a_place_is_a_geopackage_too(self, tmp_path: Path) -> None:
        write_record_gpkg(
            make_record(sheet={}, defects=(), damages=(), spans={}), tmp_path / "r.gpkg"
        )
        assert len(pyogrio.list_layers(tmp_path / "r.gpkg")) == 5


class TestDrawing:
    def test_confirmed_damage_lies_on_solid_layers(self, tmp_path: Path) -> None:
        drawn = record_map(make_record(), COLOURS, survey_id=None, language="ja")
        write_dxf(drawn, tmp_path / "r.dxf")
        document = ezdxf.readfile(tmp_path / "r.dxf")
        (line,) = document.modelspace().query('LWPOLYLINE[layer=="DMG_ひびわれ"]')
        assert [tuple(point[:2]) for point in line] == [(0.5, 0.51), (1.75, 0.51)]
        texts = [text.dxf.text for text in document.modelspace().query("TEXT")]
        assert "1 ひびわれ-d w=0.40 ± 0.10 mm L=1.25 ± 0.02 m" in texts

    def test_several_faces_need_a_choice(self) -> None:
        first = make_record().surveys[0]
        second = type(first)(
            **{**{n: getattr(first, n) for n in first.__slots__}, "survey_id": "x"}
        )
        record = make_record(surveys=(first, second))
        with pytest.raises(BadInput, match="--survey"):
            record_map(record, COLOURS, survey_id=None, language="ja")
        with pytest.raises(BadInput, match="--survey"):
            record_map(record, COLOURS, survey_id="y", language="ja")
        assert record_map(record, COLOURS, survey_id="x", language="en").items == []
        with pytest.raises(BadInput, match="none"):
            record_map(make_record(surveys=()), COLOURS, survey_id=None, language="ja")

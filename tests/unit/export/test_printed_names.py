"""Names on paper: what Japan writes is printed, what cannot be is marked, nothing is run."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader

from inspection.domain.workorder import WorkList
from inspection.errors import Unavailable
from inspection.export.encoding import MISSING_TYPE
from inspection.export.fonts import FAMILIES, Font, choose, japanese_font
from inspection.export.pdf import render_page
from inspection.export.recordpdf import Stamp, write_record_pdf
from inspection.export.report import Report, Table, render_report
from tests.support.released import make_confirmed, make_damage, make_record, with_sheet

STAMP = Stamp(approved_by="課長", approved_at="2026-05-01 00:00 UTC", why="照査済", sha256="a" * 64)
SMALL = Font(family="x", characters=frozenset(map(ord, "橋葛城市 ABC〓")))


def words(path: Path) -> str:
    text = "".join(page.extract_text() for page in PdfReader(path).pages)
    return "".join(text.split())


class TestCharacters:
    @pytest.mark.parametrize(
        ("text", "shown"),
        [
            ("葛城市", "葛城市"),
            ("葛\U000e0100城市", "葛城市"),
            ("橋\ufe00\ufe0f", "橋"),
            ("橋😀", "橋〓"),
            ("橋\x07", "橋〓"),
            ("橋\nA\tB", "橋\nA\tB"),
            ("\ud842", "〓"),
            ("", ""),
        ],
    )
    def test_a_selector_is_no_character_and_what_is_missing_is_marked(
        self, text: str, shown: str
    ) -> None:
        assert SMALL.shown(text) == shown

    @settings(max_examples=100, deadline=None)
    @given(st.text(max_size=30))
    def test_what_is_shown_can_be_printed_and_is_settled(self, text: str) -> None:
        shown = SMALL.shown(text)
        assert all(ord(c) in SMALL.characters or c in "\n\t" for c in shown)
        assert SMALL.shown(shown) == shown
        assert len(shown) <= len(text)

    @pytest.mark.parametrize("text", ["髙﨑", "①⑳", "～−–—", "ｶﾞ", "Ⅲ", "㎜㎡", "々〆ヶ", "±×°²"])
    def test_the_font_has_what_inspectors_write(self, text: str) -> None:
        assert MISSING_TYPE not in japanese_font().shown(text)


class TestChoice:
    def line(self, family: str, path: str, index: int | None = None) -> str:
        return f"{path}: {family}" + ("" if index is None else f":index={index}")

    def test_the_preferred_family_is_taken_wherever_it_stands(self, tmp_path: Path) -> None:
        found = japanese_font()
        broken = tmp_path / "broken.ttf"
        broken.write_bytes(b"no font")
        later = [family for family in FAMILIES if family != found.family]
        listing = "\n".join(self.line(family, str(broken)) for family in later)
        with pytest.raises(Unavailable, match=r"broken\.ttf cannot be read.*install it again"):
            choose(listing)

    @pytest.mark.parametrize(
        "listing", ["", "\n\n", "/a/b.ttf: Arial", "nonsense", ": IPAGothic", "/x: "]
    )
    def test_without_a_japanese_font_there_are_no_boxes_but_an_error(self, listing: str) -> None:
        with pytest.raises(Unavailable, match="fonts-noto-cjk"):
            choose(listing)

    def test_a_file_that_is_gone_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(Unavailable, match=r"gone\.ttc cannot be read"):
            choose(self.line("IPAGothic", str(tmp_path / "gone.ttc"), 0))


class TestRecord:
    def test_rare_forms_of_characters_stand_in_the_record(self, tmp_path: Path) -> None:
        record = with_sheet(
            make_record(asset={"name": "葛\U000e0100城髙﨑橋", "kind": "bridge"}),
            municipality="葛\U000e0100城市",
        )
        write_record_pdf(record, tmp_path / "r.pdf", stamp=STAMP)
        said = words(tmp_path / "r.pdf")
        assert "葛城髙﨑橋" in said
        assert "葛〓" not in said

    @pytest.mark.parametrize(
        ("moment", "day"),
        [("2026-04-25T14:59:00+00:00", "2026-04-25"), ("2026-04-25T15:00:00+00:00", "2026-04-26")],
    )
    def test_days_are_those_of_japan(self, tmp_path: Path, moment: str, day: str) -> None:
        record = make_record(defects=(make_confirmed(confirmed_at=moment),))
        record = replace(record, diagnosis=replace(record.diagnosis, at=moment))
        write_record_pdf(record, tmp_path / "r.pdf", stamp=STAMP, language="en")
        said = words(tmp_path / "r.pdf")
        assert said.count(day) == 2
        assert STAMP.sha256 in said

    def test_a_record_of_many_damages_has_every_one(self, tmp_path: Path) -> None:
        damages = tuple(make_damage(f"Mg{n:04}") for n in range(101, 141))
        write_record_pdf(make_record(damages=damages), tmp_path / "r.pdf", stamp=STAMP)
        said = words(tmp_path / "r.pdf")
        for one in damages:
            assert one.element in said, one.element


EVIL = "<script>alert(1)</script><img src=x onerror=1>&amp;\"'{{7*7}}{% raw %}"


class TestPages:
    def test_what_strangers_wrote_is_text_on_every_page(self) -> None:
        nothing = WorkList(model="m", rows=(), priorities=(), left_out={})
        page = render_page(
            "worklist.pdf.html.j2", font=japanese_font(), language="ja", orientation="landscape",
            footer=EVIL, title=EVIL, subject=EVIL, made=EVIL, work_list=nothing,
            tiles=[(EVIL, 1, "")], bars=[], headings=[EVIL], widths=[100], rows=[], notes=EVIL,
            cards=[],
        )  # fmt: skip
        assert "<script>" not in page
        assert "<img" not in page
        assert "{{7*7}}" in page

    def test_the_report_escapes_tables_and_facts(self, tiny_report: Report) -> None:
        page = render_report(tiny_report)
        assert "<script>alert" not in page
        assert "&lt;script&gt;" in page
        assert "{{7*7}}" in page


@pytest.fixture
def tiny_report() -> Report:
    from inspection.export.report import Picture

    shown = Picture(content=b"x", media_type="image/webp", width_px=10, height_px=10)
    table = Table(
        title_en=EVIL, title_ja=EVIL, note_en=EVIL, note_ja=EVIL, headings=[(EVIL, EVIL)],
        rows=[[EVIL]],
    )  # fmt: skip
    return Report(
        title="Tenken", asset_name=EVIL, created_at=EVIL, facts=[(EVIL, EVIL, EVIL)],
        warnings=[EVIL], overview=shown, shapes=[], legend=[], worst=[], tables=[table],
        provenance={EVIL: EVIL},
    )  # fmt: skip

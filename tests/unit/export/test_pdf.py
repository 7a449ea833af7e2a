"""PDF: Japanese is text in an embedded font; what is missing is a clear error."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pypdf
import pypdfium2
import pytest

from inspection.domain.asset import Asset
from inspection.errors import Unavailable
from inspection.export.figure import Bar, Figure, Outline, bar_lengths
from inspection.export.fonts import Font, choose, japanese_font, list_fonts
from inspection.export.pdf import load_engine, render_page
from inspection.export.report import Picture
from inspection.export.sheetstyle import Language
from inspection.export.worklistpdf import notes, write_worklist_pdf
from inspection.imaging.jpeg import as_jpeg
from tests.support.worklist_scene import BRIDGE, listed, scene


def text_of(path: Path) -> str:
    """Read all words of a PDF, without the line ends that its columns make."""
    reader = pypdf.PdfReader(path)
    return "".join("".join(page.extract_text().split()) for page in reader.pages)


def fonts_of(path: Path) -> set[str]:
    reader = pypdf.PdfReader(path)
    found = set()
    for page in reader.pages:
        for font in page["/Resources"].get_object().get("/Font", {}).values():  # type: ignore[union-attr]
            found.add(str(font.get_object()["/BaseFont"]))
    return found


@pytest.fixture(scope="module")
def figure() -> Figure:
    import io

    from PIL import Image

    written = io.BytesIO()
    Image.new("RGBA", (200, 100), (90, 90, 90, 255)).save(written, "PNG")
    picture = Picture(
        content=as_jpeg(written.getvalue()), media_type="image/jpeg", width_px=200, height_px=100
    )
    return Figure(
        picture=picture,
        outlines=[Outline(path="M10 10L50 50", colour="#D32F2F", label="1", at_px=(10, 10))],
        mm_per_px=2.0,
    )


class TestWorkListPdf:
    def test_words_are_text_in_a_japanese_font(self, tmp_path: Path, figure: Figure) -> None:
        work_list = listed(scene(), replace(BRIDGE, name="髙﨑大橋"))
        figures = {str(row.defect_id): figure for row in work_list.rows}
        write_worklist_pdf(work_list, tmp_path / "w.pdf", figures=figures, made="2026-11-25")
        text = text_of(tmp_path / "w.pdf")
        for word in ("作業一覧", "髙﨑大橋", "ひびわれ", "<2.00", "6.00±2.00", "要確認", "候補"):
            assert word in text
        assert all("CJK" in name or "Gothic" in name for name in fonts_of(tmp_path / "w.pdf"))
        images = [
            image for page in pypdf.PdfReader(tmp_path / "w.pdf").pages for image in page.images
        ]
        assert images

    def test_english(self, tmp_path: Path) -> None:
        write_worklist_pdf(listed(scene()), tmp_path / "w.pdf", language="en")
        text = text_of(tmp_path / "w.pdf")
        assert "Worklistofinspecteddamage" in text
        assert "needsreview" in text
        assert "作業一覧" not in text.replace("Tenken点検", "")

    def test_what_strangers_wrote_is_text_and_loads_nothing(self, tmp_path: Path) -> None:
        evil = '<img src="file:///etc/passwd"><script>x</script>'
        write_worklist_pdf(listed(scene(), replace(BRIDGE, name=evil)), tmp_path / "w.pdf")
        assert 'src="file:///etc/passwd"' in text_of(tmp_path / "w.pdf")

    def test_characters_without_a_shape_become_the_mark(self, tmp_path: Path) -> None:
        write_worklist_pdf(
            listed(scene(), replace(BRIDGE, name="橋\U0001f309")), tmp_path / "w.pdf"
        )
        assert "橋〓" in text_of(tmp_path / "w.pdf")

    def test_huge_texts_are_cut_and_an_empty_list_is_a_page(self, tmp_path: Path) -> None:
        huge = Asset(asset_id=BRIDGE.asset_id, name="橋" * 60_000)
        write_worklist_pdf(listed(scene(), huge), tmp_path / "w.pdf")
        assert len(pypdf.PdfReader(tmp_path / "w.pdf").pages) <= 3
        write_worklist_pdf(listed([]), tmp_path / "e.pdf")
        assert "証明ではありません" in text_of(tmp_path / "e.pdf")

    @pytest.mark.parametrize(
        ("language", "words"),
        [("ja", "全 301 件のうち先頭 300 件"), ("en", "first 300 of 301 lines")],
    )
    def test_a_long_list_says_where_the_rest_is(self, language: Language, words: str) -> None:
        short = listed(scene())
        rows = tuple(replace(short.rows[0], rank=rank) for rank in range(1, 302))
        assert words in notes(replace(short, rows=rows), language)
        assert words not in notes(replace(short, rows=rows[:300]), language)

    def test_the_page_is_not_blank(self, tmp_path: Path) -> None:
        write_worklist_pdf(listed(scene()), tmp_path / "w.pdf")
        document = pypdfium2.PdfDocument(tmp_path / "w.pdf")
        page = document[0].render(scale=0.5).to_numpy()
        document.close()
        assert 0.005 < (page < 128).mean() < 0.3


class TestFonts:
    def test_an_installed_font_knows_japanese(self) -> None:
        font = japanese_font()
        assert font.shown("石川県 髙﨑 ①Ⅲ ± m² ✕"[:12]) == "石川県 髙﨑 ①Ⅲ ± m² ✕"[:12]
        assert len(font.characters) > 6000

    def test_no_japanese_font_is_an_error_that_names_the_package(self) -> None:
        with pytest.raises(Unavailable, match="fonts-noto-cjk"):
            choose("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf: DejaVu Sans\n")

    def test_a_broken_font_file_is_an_error(self, tmp_path: Path) -> None:
        (tmp_path / "a.ttf").write_bytes(b"no font")
        with pytest.raises(Unavailable, match="cannot be read"):
            choose(f"{tmp_path / 'a.ttf'}: IPAGothic\n")

    def test_no_fontconfig_is_an_error(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PATH", "")
        with pytest.raises(Unavailable, match="fontconfig"):
            list_fonts()

    def test_text_that_is_there_stays(self) -> None:
        font = Font(family="x", characters=frozenset(map(ord, "ab〓")))
        assert font.shown("a\nb c") == "a\nb〓〓"[:3] + "〓〓"


class TestEngine:
    def test_missing_pango_says_what_to_install(self) -> None:
        def missing() -> Any:
            raise OSError("cannot load library 'libpango-1.0-0'\nmore")

        with pytest.raises(Unavailable, match=r"install Debian's packages libpango-1\.0-0"):
            load_engine(missing)

    def test_values_from_outside_are_escaped(self) -> None:
        font = Font(family="x", characters=frozenset(range(0x30000)))
        page = render_page(
            "worklist.pdf.html.j2",
            font=font,
            language="en",
            orientation="landscape",
            footer="f",
            title="<b>",
            subject="",
            made="",
            work_list=listed([]),
            tiles=[],
            bars=[],
            headings=[],
            widths=[],
            rows=[],
            notes="",
            cards=[],
        )
        assert "&lt;b&gt;" in page


class TestFigure:
    @pytest.mark.parametrize(
        ("width_px", "mm_per_px", "text"),
        [(200, 2.0, "100 mm"), (1000, 8.0, "2 m"), (20, 0.1, "1 mm")],
    )
    def test_the_scale_bar_is_round_and_at_most_a_quarter(
        self, figure: Figure, width_px: int, mm_per_px: float, text: str
    ) -> None:
        picture = replace(figure.picture, width_px=width_px)
        shown = replace(figure, picture=picture, mm_per_px=mm_per_px)
        assert shown.bar_text == text
        assert shown.bar_px * mm_per_px == pytest.approx(shown.bar_mm)
        if width_px * mm_per_px >= 4:
            assert width_px / 12 <= shown.bar_px <= width_px / 4

    def test_bars_of_nothing_have_no_length(self) -> None:
        assert bar_lengths([Bar(label="a", count=0, colour="#000000")]) == [0.0]
        assert bar_lengths([]) == []

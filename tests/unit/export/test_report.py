"""The HTML report stands alone, speaks two languages and escapes what strangers wrote."""

from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from inspection.export.report import (
    DefectCard,
    LegendEntry,
    OverlayShape,
    Picture,
    Report,
    Table,
    render_report,
    write_report,
)

VOID = {"meta", "image", "img", "br", "path", "circle"}


class Balance(HTMLParser):
    """Check that every element that opens also closes."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag


@pytest.fixture
def report() -> Report:
    picture = Picture(content=b"\xff\xd8\xff", media_type="image/jpeg", width_px=800, height_px=400)
    return Report(
        title="Tenken report",
        asset_name="点検橋 <script>alert(1)</script>",
        created_at="2026-11-23 10:00 UTC",
        facts=[("Photos used", "使用写真", "18 of 18")],
        warnings=["height differs by 4.2 %"],
        overview=picture,
        shapes=[
            OverlayShape(
                path="M1 2L3 4Z", colour="#c62828", title="crack", rank=1, anchor_px=(2.0, 3.0)
            ),
            OverlayShape(
                path="M9 9L8 8Z", colour="#c62828", title="no", rank=None, anchor_px=(9.0, 9.0)
            ),
        ],
        legend=[LegendEntry(colour="#c62828", label_en="crack", label_ja="ひびわれ", count=2)],
        worst=[
            DefectCard(
                rank=1,
                defect_id="d-1",
                label_en="crack",
                label_ja="ひびわれ",
                colour="#c62828",
                picture=picture,
                facts=[("Width", "幅", "< 2.0 mm")],
            )
        ],
        tables=[
            Table(
                title_en="Rejected",
                title_ja="除外",
                note_en="",
                note_ja="",
                headings=[("File", "ファイル"), ("Reason", "理由")],
                rows=[["x.jpg", "truncated"]],
            )
        ],
        provenance={"model": "m@1"},
    )


def test_every_element_closes_and_both_languages_stand_in_the_page(report: Report) -> None:
    balance = Balance()
    html = render_report(report)
    balance.feed(html)
    assert balance.open == []
    assert "ひびわれ" in html
    assert 'lang="en">crack' in html
    assert "&lt; 2.0 mm" in html


def test_what_strangers_wrote_is_escaped(report: Report) -> None:
    html = render_report(report)
    assert "<script>alert(1)</script>" not in html
    assert "&lt;script&gt;alert(1)" in html


def test_nothing_is_loaded_from_elsewhere(report: Report) -> None:
    html = render_report(report)
    assert "http://" not in html
    assert "https://" not in html
    assert html.count("data:image/jpeg;base64,") == 2


def test_only_ranked_shapes_carry_a_number(report: Report) -> None:
    balance = Balance()
    balance.feed(render_report(report))
    assert balance.seen.count("path") == 2
    assert balance.seen.count("circle") == 1


def test_no_defect_is_not_called_sound(report: Report) -> None:
    html = render_report(replace(report, worst=[], shapes=[]))
    assert "not a proof of soundness" in html


def test_an_empty_table_is_left_out(report: Report) -> None:
    empty = replace(report.tables[0], rows=[])
    assert "<table>" not in render_report(replace(report, tables=[empty]))


def test_the_file_is_written_whole(report: Report, tmp_path: Path) -> None:
    write_report(report, tmp_path / "report.html")
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert text.strip().startswith("<!doctype html>")
    assert text.rstrip().endswith("</html>")

"""One work list in every format: the same damages, the same numbers, nobody left out."""

import csv
import io
import json
import math
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import ezdxf
import pytest
import shapely
from ezdxf.document import Drawing
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook
from openpyxl.worksheet.worksheet import Worksheet
from pypdf import PdfReader

from inspection.domain.asset import Asset, AssetKind
from inspection.domain.defect import Defect, ReviewState
from inspection.domain.taxonomy import LINEAR_CLASSES, DamageClass, is_defect
from inspection.domain.workorder import WorkList
from inspection.export.csv import write_csv
from inspection.export.dxf import DamageMap, MapItem, layer_name, plain_text, write_dxf
from inspection.export.geojson import write_geojson
from inspection.export.printsheet import HEAD_ROWS, PRINTED, facts
from inspection.export.sheetstyle import EMERGENCY, UNREVIEWED
from inspection.export.svgpath import svg_path
from inspection.export.table import COLUMNS
from inspection.export.worklistpdf import (
    ROWS,
    cut,
    damage_bars,
    notes,
    subject,
    tiles,
    write_worklist_pdf,
)
from inspection.export.xlsx import EXPLANATION, write_xlsx
from inspection.geo.grid import PixelGrid
from inspection.pipeline.issue import appraise, issue
from tests.support.damage import area, below, crack, defect, quantity
from tests.support.worklist_scene import UTM, X, Y

BRIDGE = Asset(
    asset_id="ISK-0123", name="犀川大橋", kind=AssetKind.BRIDGE,
    attributes={"soundness": "III", "length_m": 62.3},
)  # fmt: skip
AREAS = [c for c in DamageClass if is_defect(c) and c not in LINEAR_CLASSES]
STATES = tuple(ReviewState)


def some(count: int, asset_id: str = "ISK-0123") -> list[Defect]:
    """Make cracks and areas of many classes and states, none on another."""
    made = []
    for n in range(count):
        x, y = X + 5.0 * (n % 40), Y + 5.0 * (n // 40)
        if n % 3 == 0:
            width = below(2.0) if n % 2 else quantity(0.2 + n / 50, 0.1, 0.1)
            seen = crack([(x, y), (x + 1 + n / 99, y + 0.3)], width=width, crs=UTM)
        else:
            shape = shapely.box(x, y, x + 0.3 + n / 70, y + 0.4)
            seen = area(shape, AREAS[n % len(AREAS)], crs=UTM)
        made.append(defect(seen, asset_id=asset_id, state=STATES[n % 3]))
    return made


def listed(*groups: list[Defect]) -> WorkList:
    entries = []
    for group in groups:
        asset = replace(BRIDGE, asset_id=group[0].asset_id if group else BRIDGE.asset_id)
        entries.append(appraise(asset, group, fiscal_year=2026))
    return issue(entries, photo_names={"b" * 64: "点検 001.JPG"})


def open_ones(defects: list[Defect]) -> set[str]:
    closed = (ReviewState.REJECTED, ReviewState.SUPERSEDED)
    return {str(d.defect_id) for d in defects if d.state not in closed}


def body(sheet: Worksheet, first: int) -> list[tuple[Any, ...]]:
    rows = sheet.iter_rows(min_row=first, values_only=True)
    return [row for row in rows if any(cell is not None for cell in row)]


class TestAllFormats:
    @pytest.mark.parametrize("count", [0, 1, 2, 17])
    def test_each_has_every_open_damage_once_and_in_the_same_order(
        self, tmp_path: Path, count: int
    ) -> None:
        defects = some(count)
        work_list = listed(defects)
        ids = [str(row.defect_id) for row in work_list.rows]
        assert set(ids) == open_ones(defects)
        assert work_list.left_out.get("rejected", 0) == count - len(ids)
        write_csv(work_list, tmp_path / "a.csv")
        text = (tmp_path / "a.csv").read_bytes().decode("utf-8-sig")
        assert [r["defect_id"] for r in csv.DictReader(io.StringIO(text, newline=""))] == ids
        write_xlsx(work_list, tmp_path / "a.xlsx")
        printed, everything, _ = load_workbook(tmp_path / "a.xlsx").worksheets
        names = [column.name for column in COLUMNS]
        assert [row[names.index("defect_id")] for row in body(everything, 2)] == ids
        assert [row[0] for row in body(printed, HEAD_ROWS + 1)] == list(range(1, len(ids) + 1))
        write_geojson(defects, tmp_path / "a.geojson", work_list=work_list)
        told = json.loads((tmp_path / "a.geojson").read_text(encoding="utf-8"))
        ranked = [f["id"] for f in told["features"] if "rank" in f["properties"]]
        assert ranked == ids
        assert len(told["features"]) == count

    def test_csv_and_the_full_sheet_have_the_same_cells(self, tmp_path: Path) -> None:
        work_list = listed(some(12))
        write_csv(work_list, tmp_path / "a.csv")
        write_xlsx(work_list, tmp_path / "a.xlsx", language="en")
        text = (tmp_path / "a.csv").read_bytes().decode("utf-8-sig")
        rows = list(csv.DictReader(io.StringIO(text, newline="")))
        sheet = load_workbook(tmp_path / "a.xlsx").worksheets[1]
        assert [cell.value for cell in sheet[1]] == [column.en for column in COLUMNS]
        for row, cells in zip(rows, body(sheet, 2), strict=True):
            for column, cell in zip(COLUMNS, cells, strict=True):
                written = row[column.name]
                if isinstance(cell, int | float):
                    assert float(written) == pytest.approx(cell, abs=1e-8), column.name
                else:
                    assert written == (cell or ""), column.name

    def test_reasons_add_up_to_the_score(self, tmp_path: Path) -> None:
        work_list = listed(some(9))
        for row in work_list.rows:
            assert sum(item.points for item in row.reasons) == pytest.approx(row.score)
        write_xlsx(work_list, tmp_path / "a.xlsx", language="en")
        sheet = load_workbook(tmp_path / "a.xlsx").worksheets[2]
        names = [en for _, en, _ in EXPLANATION]
        lines = [dict(zip(names, row, strict=True)) for row in body(sheet, 2)]
        parts: dict[str, float] = {}
        for line in lines:
            if line["Part"]:
                parts[line["Part"]] = parts.get(line["Part"], 0) + line["Points"] * line["Weight"]
        assert sum(parts.values()) == pytest.approx(lines[0]["Score"], abs=0.1)
        assert {line["Asset"] for line in lines} == {"ISK-0123"}

    def test_several_assets_share_one_list(self, tmp_path: Path) -> None:
        one, two = some(4), some(5, "ISK-0999")
        work_list = listed(one, two)
        assert {row.asset_id for row in work_list.rows} == {"ISK-0123", "ISK-0999"}
        assert listed(two, one).rows == work_list.rows
        write_xlsx(work_list, tmp_path / "a.xlsx")
        assert len(body(load_workbook(tmp_path / "a.xlsx").worksheets[0], HEAD_ROWS + 1)) == len(
            work_list.rows
        )
        assert subject(work_list).count("ISK-") == 2


class TestColours:
    def test_a_shade_says_what_nobody_has_reviewed(self, tmp_path: Path) -> None:
        work_list = listed(some(10))
        write_xlsx(work_list, tmp_path / "a.xlsx")
        for sheet, first in zip(
            load_workbook(tmp_path / "a.xlsx").worksheets[:2], (HEAD_ROWS + 1, 2), strict=True
        ):
            for number, row in enumerate(work_list.rows, first):
                shade = sheet.cell(number, 1).fill
                expected = EMERGENCY if row.tier == 0 else None if row.is_confirmed else UNREVIEWED
                if expected is None:
                    assert shade.patternType is None
                else:
                    assert shade.fgColor.rgb == expected.fgColor.rgb

    @pytest.mark.parametrize("language", ["ja", "en"])
    def test_the_head_counts_what_is_below(self, tmp_path: Path, language: Any) -> None:
        work_list = listed(some(11))
        tiers = Counter(row.tier for row in work_list.rows)
        unseen = sum(row.state is ReviewState.CANDIDATE for row in work_list.rows)
        counts, made = facts(work_list, language, "2026-05-01 09:00 UTC")
        for number in (len(work_list.rows), tiers[0], tiers[1], tiers[2], unseen):
            assert str(number) in counts
        assert "2026-05-01" in made and work_list.model in made
        write_xlsx(work_list, tmp_path / "a.xlsx", language=language, made="2026-05-01")
        sheet = load_workbook(tmp_path / "a.xlsx").worksheets[0]
        assert sheet["A2"].value == counts
        assert [number for _, number, _ in tiles(work_list, language)] == [
            len(work_list.rows), tiers[0], tiers[1], unseen,
        ]  # fmt: skip


class TestPdf:
    @pytest.mark.parametrize("language", ["ja", "en"])
    def test_every_rank_and_every_kind_stands_in_the_file(
        self, tmp_path: Path, language: Any
    ) -> None:
        work_list = listed(some(8))
        write_worklist_pdf(work_list, tmp_path / "a.pdf", language=language, made="2026-05-01")
        reader = PdfReader(tmp_path / "a.pdf")
        words = "".join(page.extract_text() for page in reader.pages).replace("\n", "")
        for row in work_list.rows:
            kind = row.class_ja if language == "ja" else row.class_en
            assert kind.replace(" ", "") in words.replace(" ", "")
        assert "2026-05-01" in words
        assert "ISK-0123" in words
        width, height = (float(reader.pages[0].mediabox[i]) for i in (2, 3))
        assert width > height

    def test_a_score_of_nothing_is_a_zero(self, tmp_path: Path) -> None:
        one = listed(some(1))
        zero = replace(one.rows[0], asset_score=0.0, severity=0.0)
        write_worklist_pdf(replace(one, rows=(zero,)), tmp_path / "a.pdf", language="en")
        words = PdfReader(tmp_path / "a.pdf").pages[0].extract_text().split()
        assert "0.0" in words

    def test_bars_count_every_line_once(self) -> None:
        work_list = listed(some(40))
        for language in ("ja", "en"):
            bars = damage_bars(work_list, language)
            assert sum(bar.count for bar in bars) == len(work_list.rows)
            assert [bar.count for bar in bars] == sorted((b.count for b in bars), reverse=True)

    def test_a_list_that_is_too_long_says_how_long_it_is(self) -> None:
        one = listed(some(1))
        for total, told in ((ROWS, False), (ROWS + 1, True)):
            rows = tuple(replace(one.rows[0], rank=n + 1) for n in range(total))
            long = replace(one, rows=rows)
            assert (str(total) in notes(long, "en").split("lines;")[0]) is told
            assert ("XLSX" in notes(long, "ja")) is told

    @pytest.mark.parametrize(
        ("text", "most", "shown"),
        [("abc", 3, "abc"), ("abcd", 3, "ab…"), ("", 3, ""), ("橋" * 9, 4, "橋橋橋…")],
    )
    def test_a_text_that_was_cut_shows_it(self, text: str, most: int, shown: str) -> None:
        assert cut(text, most) == shown
        assert len(cut(text, most)) <= most


def drawn(*items: MapItem, **changes: Any) -> DamageMap:
    values: dict[str, Any] = {
        "title": ["橋"], "crs": "EPSG:6675", "corners_m": [(0, 0), (8, 0), (8, 4), (0, 4)],
        "items": items,
    }  # fmt: skip
    return DamageMap(**{**values, **changes})


def item(**changes: Any) -> MapItem:
    values: dict[str, Any] = {
        "defect_id": "d", "label": "1", "kind": "剥離", "colour": "#102030", "confirmed": True,
        "outline_m": shapely.box(1, 1, 2, 2), "axis_m": None, "anchor_m": (1.5, 1.5),
    }  # fmt: skip
    return MapItem(**{**values, **changes})


def reopened(path: Path) -> Drawing:
    document = ezdxf.readfile(path)
    assert not document.audit().errors
    return document


class TestDxf:
    @pytest.mark.parametrize(
        ("size", "bar"),
        [(0.01, 0.002), (1.0, 0.2), (9.9, 1.0), (10.0, 2.0), (60.0, 10.0), (2500.0, 500.0)],
    )
    def test_the_scale_bar_is_as_long_as_it_says(
        self, tmp_path: Path, size: float, bar: float
    ) -> None:
        corners = [(0.0, 0.0), (size, 0.0), (size, size / 3), (0.0, size / 3)]
        write_dxf(drawn(corners_m=corners), tmp_path / "a.dxf")
        space = reopened(tmp_path / "a.dxf").modelspace()
        open_lines = [p for p in space.query("LWPOLYLINE[layer=='FRAME']") if not p.closed]
        (line,) = open_lines
        xs = [point[0] for point in line]
        assert max(xs) - min(xs) == pytest.approx(bar)
        assert f"{bar:g} m" in [t.dxf.text for t in space.query("TEXT")]

    def test_far_from_the_origin_no_millimetre_is_lost(self, tmp_path: Path) -> None:
        x, y = -48_404.916, 166_109.811
        shape = shapely.box(x, y, x + 0.123, y + 0.001)
        write_dxf(drawn(item(outline_m=shape, anchor_m=(x, y)), corners_m=None), tmp_path / "a.dxf")
        (line,) = reopened(tmp_path / "a.dxf").modelspace().query("LWPOLYLINE[layer ? 'DMG.*']")
        found = shapely.Polygon([point[:2] for point in line])
        assert found.equals_exact(shape, 1e-9) or found.symmetric_difference(shape).area < 1e-9

    def test_what_is_confirmed_and_what_is_not_can_be_switched_apart(self, tmp_path: Path) -> None:
        write_dxf(
            drawn(item(), item(confirmed=False), unconfirmed="unconfirmed"), tmp_path / "a.dxf"
        )
        layers = {layer.dxf.name for layer in reopened(tmp_path / "a.dxf").layers}
        assert {"DMG_剥離", "DMG_剥離_unconfirmed"} <= layers

    @settings(max_examples=150, deadline=None)
    @given(st.text(st.characters(codec="utf-8"), max_size=200))
    def test_a_text_or_a_layer_has_nothing_that_a_program_would_obey(self, text: str) -> None:
        shown = plain_text(text)
        assert len(shown) <= 120
        assert not set("%\\^\r\n\0") & set(shown)
        assert plain_text(shown).strip() == shown.strip()
        layer = layer_name(text, True)
        assert not set('<>/\\":;?*|=`,') & set(layer)
        assert not any(ord(char) < 32 for char in layer)
        assert layer_name(text, False) == f"{layer}_未確認"


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    st.floats(0.5, 9), st.floats(0.5, 9), st.floats(0.02, 3), st.floats(0.05, 2.0),
    st.sampled_from([3, 4, 12, 40]),
)  # fmt: skip
def test_an_outline_on_a_picture_lies_where_it_is(
    x: float, y: float, size: float, scale: float, corners: int
) -> None:
    grid = PixelGrid.north_up(left_m=0, top_m=10, gsd_m_per_px=0.01, width_px=999, height_px=999)
    shape = shapely.Point(x, y).buffer(size, quad_segs=max(1, corners // 4))
    path = svg_path(shape, grid, scale)
    assert path.startswith("M") and path.endswith("Z")
    numbers = [pair.split() for pair in path[1:-1].split("L")]
    points = [(float(a), float(b)) for a, b in numbers]
    for px, py in points:
        mx, my = px * 0.01 / scale, 10 - py * 0.01 / scale
        assert math.isclose(math.hypot(mx - x, my - y), size, rel_tol=0.35, abs_tol=0.02 / scale)
    assert len(PRINTED) == 13

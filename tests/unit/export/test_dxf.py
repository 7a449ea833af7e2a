"""Damage maps open in a CAD reader, with every line where the damage is."""

from dataclasses import replace
from pathlib import Path

import ezdxf
import pytest
import shapely
from ezdxf.audit import Auditor

from inspection.errors import BadInput
from inspection.export.dxf import APP_ID, DamageMap, MapItem, layer_name, plain_text, write_dxf

CRACK = MapItem(
    defect_id="d-1",
    label="1 ⑥ひびわれ-d w=0.40mm",
    kind="ひびわれ",
    colour="#D32F2F",
    confirmed=True,
    outline_m=shapely.box(0.5, 0.5, 2.5, 0.52),
    axis_m=shapely.MultiLineString([[(0.5, 0.51), (1.5, 0.51)], [(1.6, 0.51), (2.5, 0.51)]]),
    anchor_m=(1.5, 0.51),
)
SPALL = MapItem(
    defect_id="d-2",
    label="2 剥離",
    kind="剥離",
    colour="#EF6C00",
    confirmed=False,
    outline_m=shapely.box(3, 3, 4, 4) - shapely.box(3.4, 3.4, 3.6, 3.6),
    axis_m=None,
    anchor_m=(3.5, 3.5),
)
MAP = DamageMap(
    title=["犀川大橋 (ISK-0001)", "2026-11-25"],
    crs="EPSG:6675",
    corners_m=[(0, 0), (10, 0), (10, 5), (0, 5)],
    items=[CRACK, SPALL],
)


def read(path: Path) -> ezdxf.document.Drawing:
    document = ezdxf.readfile(path)
    auditor: Auditor = document.audit()
    assert not auditor.has_errors
    assert not auditor.has_fixes
    return document


def test_it_opens_in_metres_with_a_layer_for_each_kind(tmp_path: Path) -> None:
    write_dxf(MAP, tmp_path / "m.dxf")
    document = read(tmp_path / "m.dxf")
    assert document.header["$INSUNITS"] == 6
    crack, spall = document.layers.get("DMG_ひびわれ"), document.layers.get("DMG_剥離_未確認")
    assert crack.rgb == (0xD3, 0x2F, 0x2F)
    assert (crack.dxf.linetype, spall.dxf.linetype) == ("CONTINUOUS", "DASHED")


def test_lines_lie_where_the_damage_is_and_know_which_it_is(tmp_path: Path) -> None:
    write_dxf(MAP, tmp_path / "m.dxf")
    space = read(tmp_path / "m.dxf").modelspace()
    lines = list(space.query('LWPOLYLINE[layer=="DMG_ひびわれ"]'))
    assert [[tuple(p[:2]) for p in line] for line in lines] == [
        [(0.5, 0.51), (1.5, 0.51)],
        [(1.6, 0.51), (2.5, 0.51)],
    ]
    assert not any(line.closed for line in lines)
    assert lines[0].get_xdata(APP_ID) == [(1000, "d-1")]
    rings = list(space.query('LWPOLYLINE[layer=="DMG_剥離_未確認"]'))
    assert len(rings) == 2 and all(ring.closed for ring in rings)
    assert sorted(round(abs(shapely.Polygon([p[:2] for p in r]).area), 6) for r in rings) == [
        0.04,
        1.0,
    ]


def test_texts_scale_bar_and_north(tmp_path: Path) -> None:
    write_dxf(MAP, tmp_path / "m.dxf")
    texts = [text.dxf.text for text in read(tmp_path / "m.dxf").modelspace().query("TEXT")]
    assert {"1 ⑥ひびわれ-d w=0.40mm", "犀川大橋 (ISK-0001)", "EPSG:6675", "2 m", "N"} <= set(texts)
    write_dxf(replace(MAP, crs="LOCAL"), tmp_path / "l.dxf")
    local = [text.dxf.text for text in read(tmp_path / "l.dxf").modelspace().query("TEXT")]
    assert "N" not in local
    assert "local metres" in local


def test_codes_of_cad_programs_are_only_text(tmp_path: Path) -> None:
    evil = replace(CRACK, label="%%u\\P{x}^J" + "橋" * 5000 + "\n0\nEOF", kind='a/b"*?|`\x07')
    write_dxf(replace(MAP, items=[evil]), tmp_path / "m.dxf")
    document = read(tmp_path / "m.dxf")
    layer = layer_name(evil.kind, True)
    (text,) = document.modelspace().query(f'TEXT[layer=="{layer}"]')
    assert text.dxf.text.startswith("％％u＼P{x}＾J橋")
    assert len(text.dxf.text) == 120
    assert text.dxf.text.endswith("…")


def test_plain_text_has_one_line() -> None:
    assert plain_text("a\r\nb\x00c") == "a bc"


def test_a_map_without_damage_shows_the_surface_and_nothing_at_all_is_refused(
    tmp_path: Path,
) -> None:
    write_dxf(replace(MAP, items=[]), tmp_path / "m.dxf")
    assert len(read(tmp_path / "m.dxf").modelspace().query("LWPOLYLINE")) == 2
    with pytest.raises(BadInput, match="neither"):
        write_dxf(replace(MAP, items=[], corners_m=None), tmp_path / "n.dxf")
    assert not (tmp_path / "n.dxf").exists()

"""Drive the whole road on a rendered bridge deck and compare the result with the truth.

The truth is what the renderer drew; nothing of it reaches the road but the photos, the survey
targets and the description of the bridge, as a crew would deliver them. The photos carry RTK
positions with their noise, the marks of the targets theirs.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from datasets.synth.render import RenderedDeck, render_deck
from datasets.truth_table import TruthTable, compare, found_cracks
from inspection.codelists.asset_file import load_asset
from inspection.domain.defect import Defect
from inspection.export.report import Table
from inspection.pipeline.admit import Options, admit
from inspection.pipeline.conduct import conduct
from inspection.pipeline.deliver import Delivered, deliver
from inspection.pipeline.tools import Tools

SEED = 7
"""The deck of the demo: chosen before any model had seen it, and not trained on."""


def demonstrate(out: Path, *, tools: Tools, seed: int = SEED) -> Delivered:
    """Render a deck, drive the road on its photos, write results and truth table into ``out``."""
    rendered = render_deck(out / "deck", seed=seed, progress=tools.progress)
    survey = admit(
        [rendered.photos_dir],
        asset=load_asset(rendered.asset_path),
        options=Options(control_file=rendered.gcp_path),
        tools=tools,
    )
    conducted = conduct(survey.survey_id, tools)

    def add_truth(defects: Sequence[Defect]) -> tuple[dict[str, Any], Sequence[Table]]:
        table = compare_with_truth(rendered, defects, conducted.mosaic.grid.crs)
        facts = {"truth": {**table.as_totals(), "cracks_by_row": table.as_rows()}}
        return facts, [truth_report(table)]

    return deliver(conducted, out=out, tools=tools, extra=add_truth)


def compare_with_truth(
    rendered: RenderedDeck, defects: Sequence[Defect], map_crs: str
) -> TruthTable:
    """Compare the found cracks with the rendered ones."""
    return compare(rendered.truth, found_cracks(defects), crs=map_crs)


def truth_report(table: TruthTable) -> Table:
    """Show the comparison in the report, one row a rendered crack."""
    totals = table.as_totals()
    widths = {
        "most": _number(table.width_robust_bias_px, 2),
        "mean": _number(table.width_mean_bias_px, 2),
        "held": _number(table.width_covered_ratio, 0, 100),
    }
    note_en = (
        f"{totals['cracks_wide_found']} of {totals['cracks_wide']} cracks of "
        f"{table.wide_px:.0f} px and wider found; median position error "
        f"{_number(table.position_error_gsd, 2)} GSD; length error median "
        f"{_number(table.length_error_median, 1, 100)} %; "
        f"{totals['false_detections']} false detections. Greatest widths (95th percentile of the "
        f"widest half metre) are {widths['most']} px off on average, mean widths "
        f"{widths['mean']} px; {widths['held']} % of the greatest lie within ± U."
    )
    note_ja = (
        f"幅 {table.wide_px:.0f} px 以上のひびわれ {totals['cracks_wide']} 本中 "
        f"{totals['cracks_wide_found']} 本を検出。位置誤差の中央値 "
        f"{_number(table.position_error_gsd, 2)} GSD、長さ誤差の中央値 "
        f"{_number(table.length_error_median, 1, 100)} %、誤検出 {totals['false_detections']} 件。"
        f"最大幅（0.5 m 区間の 95 % 値）の偏り {widths['most']} px、平均幅の偏り "
        f"{widths['mean']} px、最大幅の {widths['held']} % が ± U 内。"
    )
    return Table(
        title_en="Compared with the rendered truth",
        title_ja="既知の真値との比較",
        note_en=note_en,
        note_ja=note_ja,
        headings=[
            ("Crack", "ひびわれ"),
            ("True width px", "真の幅 px"),
            ("True length m", "真の長さ m"),
            ("Found", "検出"),
            ("Length m", "長さ m"),
            ("Length error %", "長さ誤差 %"),
            ("Position error mm", "位置誤差 mm"),
            ("Mean width mm (true)", "平均幅 mm（真値）"),
            ("Greatest width mm ± U (true)", "最大幅 mm ± U（真値）"),
            ("Pieces", "分割数"),
        ],
        rows=[_truth_row(row) for row in table.as_rows()],
    )


def _truth_row(row: dict[str, Any]) -> list[str]:
    return [
        str(row["crack_id"]) + (" (tapered)" if row["tapered"] else ""),
        f"{row['width_px']:.1f}",
        f"{row['length_m']:.2f}",
        "yes" if row["found"] else "no",
        _number(row["length_found_m"], 2),
        _number(row["length_error_percent"], 1),
        _number(row["position_error_mm"], 1),
        f"{_number(row['width_mean_found_mm'], 1)} ({row['width_mm']:.1f})",
        f"{_number(row['width_found_mm'], 1)} ± {_number(row['width_found_u_mm'], 1)} "
        f"({_number(row['width_robust_mm'], 1)})",
        str(row["pieces"]),
    ]


def _number(value: float | None, digits: int, factor: float = 1.0) -> str:
    """Write a number, or a dash where there is none."""
    return "–" if value is None else f"{value * factor:.{digits}f}"

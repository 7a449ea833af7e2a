"""Lay a work list out as a table: the same columns for CSV, XLSX and GeoPackage."""

from collections.abc import Callable
from dataclasses import dataclass

from inspection.domain.measurement import Quantity
from inspection.domain.workorder import WorkRow, reasons_text, shown, shown_grade
from inspection.export.cells import Cell


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """Describe one column.

    Attributes:
        name: key for machines, snake case with the unit.
        ja: heading.
        en: heading.
        width: characters, for spreadsheets.
        value: gives the cell of a row.
    """

    name: str
    ja: str
    en: str
    width: int
    value: Callable[[WorkRow], Cell]


def _number(quantity: Quantity | None, digits: int) -> float | None:
    """Give a measured number, None below the limit or when there is none."""
    if quantity is None or quantity.value is None:
        return None
    return round(quantity.value, digits)


def _uncertainty(quantity: Quantity | None, digits: int) -> float | None:
    """Give the expanded uncertainty (k = 2), None when there is no number."""
    if quantity is None or quantity.expanded_uncertainty is None:
        return None
    return round(quantity.expanded_uncertainty, digits)


def _round(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)


def _scheme(row: WorkRow) -> str:
    return "" if row.grade is None else row.grade.scheme


def _width_limit(row: WorkRow) -> float | None:
    if row.width_mm is None or row.width_mm.refused is not None:
        return None
    return round(row.width_mm.limit, 2)


def _column(name: str, ja: str, en: str, width: int, value: Callable[[WorkRow], Cell]) -> Column:
    return Column(name=name, ja=ja, en=en, width=width, value=value)


COLUMNS: tuple[Column, ...] = (
    _column("rank", "順位", "Rank", 6, lambda r: r.rank),
    _column("tier", "緊急度", "Tier", 7, lambda r: r.tier),
    _column("score", "優先度", "Score", 9, lambda r: round(r.score, 2)),
    _column("asset_id", "施設ID", "Asset", 14, lambda r: r.asset_id),
    _column("asset_name", "施設名", "Name", 18, lambda r: r.asset_name),
    _column("member", "部材", "Member", 10, lambda r: r.member),
    _column("damage_class", "区分コード", "Class code", 16, lambda r: r.damage_class.value),
    _column("damage_ja", "損傷の種類", "Damage (ja)", 16, lambda r: r.class_ja),
    _column("damage_en", "損傷の種類（英）", "Damage", 18, lambda r: r.class_en),
    _column("state", "状態", "State", 12, lambda r: r.state.value),
    _column("note_ja", "確認", "Review (ja)", 9, lambda r: r.note_ja),
    _column("note_en", "確認（英）", "Review", 14, lambda r: r.note_en),
    _column(
        "grade_candidates",
        "損傷程度（候補）",
        "Grade candidates",
        16,
        lambda r: shown_grade(r.grade),
    ),
    _column("grade_scheme", "評価基準", "Grading rule", 22, _scheme),
    _column("width_shown", "幅 (mm)", "Width (mm)", 15, lambda r: shown(r.width_mm)),
    _column("width_mm", "幅の値 (mm)", "Width value (mm)", 10, lambda r: _number(r.width_mm, 2)),
    _column(
        "width_u_mm",
        "幅の不確かさ U k=2 (mm)",
        "Width U k=2 (mm)",
        12,
        lambda r: _uncertainty(r.width_mm, 2),
    ),
    _column("width_limit_mm", "測定限界 (mm)", "Width limit (mm)", 11, _width_limit),
    _column("length_m", "長さ (m)", "Length (m)", 10, lambda r: _number(r.length_m, 3)),
    _column(
        "length_u_m",
        "長さの不確かさ U k=2 (m)",
        "Length U k=2 (m)",
        12,
        lambda r: _uncertainty(r.length_m, 3),
    ),
    _column("area_m2", "面積 (m²)", "Area (m²)", 10, lambda r: _number(r.area_m2, 5)),
    _column(
        "area_u_m2",
        "面積の不確かさ U k=2 (m²)",
        "Area U k=2 (m²)",
        12,
        lambda r: _uncertainty(r.area_m2, 5),
    ),
    _column("lon_deg", "経度", "Longitude", 14, lambda r: _round(r.lon_deg, 8)),
    _column("lat_deg", "緯度", "Latitude", 14, lambda r: _round(r.lat_deg, 8)),
    _column("x_m", "X 東 (m)", "X east (m)", 14, lambda r: round(r.x_m, 3)),
    _column("y_m", "Y 北 (m)", "Y north (m)", 14, lambda r: round(r.y_m, 3)),
    _column("crs", "座標系", "CRS", 12, lambda r: r.surface_crs),
    _column("confidence", "検出確度", "Detector confidence", 10, lambda r: round(r.confidence, 3)),
    _column("asset_score", "施設の優先度", "Asset score", 9, lambda r: round(r.asset_score, 2)),
    _column("severity", "損傷の重さ", "Severity", 9, lambda r: round(r.severity, 2)),
    _column("reasons_ja", "理由", "Reasons (ja)", 60, lambda r: reasons_text(r.reasons, "ja")),
    _column("reasons_en", "理由（英）", "Reasons", 60, lambda r: reasons_text(r.reasons, "en")),
    _column("photos", "根拠写真", "Evidence photos", 40, lambda r: "; ".join(r.photos)),
    _column(
        "gsd_mm_per_px",
        "画素分解能 (mm/px)",
        "GSD (mm/px)",
        10,
        lambda r: round(r.gsd_mm_per_px, 4),
    ),
    _column("model", "検出モデル", "Model", 30, lambda r: r.model_id),
    _column("survey_id", "調査ID", "Survey", 38, lambda r: str(r.survey_id)),
    _column("defect_id", "損傷ID", "Defect", 38, lambda r: str(r.defect_id)),
)
"""Every column of a work list, from left to right."""

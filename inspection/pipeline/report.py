"""Build the HTML report of a run: the mosaic, the damage on it, the worst with pictures."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

from inspection.codelists.damage_classes import load_damage_labels
from inspection.domain.defect import Defect
from inspection.domain.raster import Orthomosaic
from inspection.domain.workorder import WorkList, WorkRow, reasons_text, shown, shown_grade
from inspection.export.report import (
    DefectCard,
    LegendEntry,
    OverlayShape,
    Picture,
    Report,
    Table,
)
from inspection.export.svgpath import svg_path
from inspection.geo.grid import PixelGrid
from inspection.imaging.maptiles import chip_size, chip_window, picture

OVERVIEW_PX = 1600
CARD_PX = 640
WORST = 10

Facts = Sequence[tuple[str, str, str]]


def build_report(
    *,
    account: dict[str, Any],
    work_list: WorkList,
    defects: Sequence[Defect],
    mosaic: Orthomosaic,
    mosaic_path: Path,
    asset_name: str,
    created_at: str,
    tables: Sequence[Table] = (),
) -> Report:
    """Gather what the page shows; every number comes from ``account`` or the work list.

    Args:
        account: content of ``run.json``.
        work_list: the ranked list.
        defects: the defects of the list, with their geometry.
        mosaic: the mosaic.
        mosaic_path: its file.
        asset_name: what people call the asset.
        created_at: when, for people.
        tables: further tables, shown before the technical ones.
    """
    rows = {row.defect_id: row for row in work_list.rows}
    by_id = {defect.defect_id: defect for defect in defects}
    whole = (0, 0, mosaic.grid.width_px, mosaic.grid.height_px)
    width, height = chip_size(whole, OVERVIEW_PX)
    overview = picture(mosaic_path, window=whole, max_px=OVERVIEW_PX, image_format="webp")
    shapes = _shapes(defects, rows, mosaic.grid, width / mosaic.grid.width_px)
    return Report(
        title="Tenken 点検",
        asset_name=asset_name,
        created_at=created_at,
        facts=_headline(account),
        warnings=account["warnings"],
        overview=Picture(
            content=overview, media_type="image/webp", width_px=width, height_px=height
        ),
        shapes=shapes,
        legend=_legend(work_list.rows),
        worst=[
            _card(row, by_id[row.defect_id], mosaic_path, mosaic.grid)
            for row in work_list.rows[:WORST]
        ],
        tables=[*tables, *_tables(account)],
        provenance={"model": account["model"], **account["versions"]},
    )


def _headline(account: dict[str, Any]) -> Facts:
    """Give the numbers at the top of the page."""
    photos, mosaic, fit = account["photos"], account["mosaic"], account["registration"]
    area_m2 = mosaic["width_px"] * mosaic["height_px"] * mosaic["gsd_m_per_px"] ** 2
    facts = [
        ("Photos used", "使用写真", f"{photos['registered']} / {photos['accepted']}"),
        ("Pixel size", "画素分解能", f"{mosaic['gsd_m_per_px'] * 1000:.2f} mm"),
        ("Mosaic frame", "オルソ画像の範囲", f"{area_m2:,.0f} m²"),
        ("CRS", "座標系", mosaic["crs"] if mosaic["georeferenced"] else "local / 局所座標"),
        ("Defects", "損傷", str(account["defects"])),
    ]
    if fit.get("camera_gps_rms_horizontal_m") is not None:
        residual = f"{fit['camera_gps_rms_horizontal_m']:.2f} m"
        facts.append(("Camera − GPS, horizontal rms", "カメラ位置残差（水平）", residual))
    if fit.get("height_ratio") is not None:
        facts.append(("Height ÷ metadata", "高度比", f"{fit['height_ratio']:.3f}"))
    return facts


def _shapes(
    defects: Iterable[Defect], rows: Mapping[UUID, WorkRow], grid: PixelGrid, scale: float
) -> list[OverlayShape]:
    """Draw every listed defect on the overview."""
    shapes = []
    for defect in defects:
        row = rows.get(defect.defect_id)
        if row is None:
            continue
        x_px, y_px = grid.to_px([defect.latest.anchor_surface_m])[0] * scale
        shapes.append(
            OverlayShape(
                path=svg_path(defect.latest.outline_surface_m, grid, scale),
                colour=row.colour,
                title=f"{row.rank}. {row.class_en} / {row.class_ja}",
                rank=row.rank,
                anchor_px=(float(x_px), float(y_px)),
            )
        )
    return shapes


def _legend(rows: Sequence[WorkRow]) -> list[LegendEntry]:
    """Explain each colour that occurs."""
    labels = load_damage_labels()
    return [
        LegendEntry(
            colour=labels[damage_class].colour,
            label_en=labels[damage_class].en,
            label_ja=labels[damage_class].ja,
            count=sum(row.damage_class is damage_class for row in rows),
        )
        for damage_class in sorted({row.damage_class for row in rows})
    ]


def _card(row: WorkRow, defect: Defect, mosaic_path: Path, grid: PixelGrid) -> DefectCard:
    """Show one defect with its picture and its numbers."""
    window = chip_window(defect.latest.box_px, width_px=grid.width_px, height_px=grid.height_px)
    width, height = chip_size(window, CARD_PX)
    content = picture(mosaic_path, window=window, max_px=CARD_PX, image_format="webp")
    return DefectCard(
        rank=row.rank,
        defect_id=str(row.defect_id),
        label_en=row.class_en,
        label_ja=row.class_ja,
        colour=row.colour,
        picture=Picture(content=content, media_type="image/webp", width_px=width, height_px=height),
        facts=_card_facts(row),
    )


def _card_facts(row: WorkRow) -> Facts:
    """Give the numbers of one defect, with unit and uncertainty."""
    place = (
        f"{row.lat_deg:.7f}, {row.lon_deg:.7f}"
        if row.lat_deg is not None and row.lon_deg is not None
        else f"x {row.x_m:.3f} m, y {row.y_m:.3f} m"
    )
    facts = [
        ("Priority", "優先度", f"{row.score:.1f}"),
        ("Grade (candidate)", "損傷程度（候補）", shown_grade(row.grade) or "–"),
        ("Length", "長さ", f"{shown(row.length_m)} m" if row.length_m else ""),
        ("Width", "幅", shown(row.width_mm, digits=1, unit=" mm")),
        ("Area", "面積", f"{shown(row.area_m2, digits=3)} m²" if not row.length_m else ""),
        ("Confidence", "信頼度", f"{row.confidence:.0%}"),
        ("State", "状態", f"{row.note_en} / {row.note_ja}"),
        ("Place", "位置", place),
        ("Best photo", "写真", row.photos[0] if row.photos else "–"),
    ]
    return [fact for fact in facts if fact[2]]


def _tables(account: dict[str, Any]) -> list[Table]:
    """Give the technical tables: what was set aside, residuals, cost."""
    return [_rejected(account), _residuals(account), _stages(account)]


def work_table(work_list: WorkList, most: int = 50) -> Table:
    """Show the first lines of the work list with their reasons."""
    return Table(
        title_en="Work list",
        title_ja="作業リスト",
        note_en=f"The first {most} lines; worklist.csv has all {len(work_list.rows)}.",
        note_ja=f"先頭 {most} 行。全 {len(work_list.rows)} 行は worklist.csv を参照。",
        headings=[("Rank", "順位"), ("Damage", "損傷"), ("Grade", "程度"), ("Score", "点"),
                  ("State", "状態"), ("Reasons", "理由")],
        rows=[
            [
                str(row.rank),
                f"{row.class_en} / {row.class_ja}",
                shown_grade(row.grade) or "–",
                f"{row.score:.1f}",
                f"{row.note_en} / {row.note_ja}",
                reasons_text(row.reasons, "en"),
            ]
            for row in work_list.rows[:most]
        ],
    )  # fmt: skip


def _rejected(account: dict[str, Any]) -> Table:
    return Table(
        title_en="Set aside",
        title_ja="使用しなかったファイル",
        note_en="The run went on without these files.",
        note_ja="次のファイルを除いて処理しました。",
        headings=[("File", "ファイル"), ("Reason", "理由"), ("Detail", "詳細")],
        rows=[[r["file"], r["reason"], r["detail"]] for r in account["photos"]["rejected"]],
    )


def _residuals(account: dict[str, Any]) -> Table:
    return Table(
        title_en="Camera positions: reconstruction − GPS",
        title_ja="カメラ位置の残差（復元 − GPS）",
        note_en="",
        note_ja="",
        headings=[("Photo", "写真"), ("East m", "東 m"), ("North m", "北 m"), ("Up m", "上 m")],
        rows=[
            [r["photo"], f"{r['east_m']:+.3f}", f"{r['north_m']:+.3f}", f"{r['up_m']:+.3f}"]
            for r in account["registration"].get("residuals", [])
            if "east_m" in r
        ],
    )


def _stages(account: dict[str, Any]) -> Table:
    return Table(
        title_en="Cost",
        title_ja="処理",
        note_en="",
        note_ja="",
        headings=[("Step", "工程"), ("Seconds", "秒"), ("Peak memory MB", "最大メモリ MB")],
        rows=[
            [
                stage["name"] + (" (earlier)" if stage["reused"] else ""),
                f"{stage['seconds']:.1f}",
                f"{stage['peak_rss_mb']:.0f}",
            ]
            for stage in account["stages"]
        ],
    )

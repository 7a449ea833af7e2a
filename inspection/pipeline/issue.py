"""Defects + grades + priorities → a ranked work list."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from inspection.codelists.damage_classes import load_damage_labels
from inspection.domain.asset import Asset
from inspection.domain.defect import Defect, ReviewState
from inspection.domain.priority import Priority
from inspection.domain.prioritymodel import Item, PriorityModel
from inspection.domain.workorder import WorkList, WorkRow
from inspection.errors import BadInput
from inspection.pipeline.grade import Grades, grade, is_open, shown_class
from inspection.pipeline.prioritise import prioritise, severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Appraised:
    """Carry one asset with all that the list needs to know about it."""

    asset: Asset
    defects: Sequence[Defect]
    grades: Grades
    priority: Priority


def appraise(
    asset: Asset,
    defects: Sequence[Defect],
    *,
    fiscal_year: int | None = None,
    model: PriorityModel | None = None,
) -> Appraised:
    """Grade and prioritise one asset."""
    grades = grade(defects, asset=asset, fiscal_year=fiscal_year)
    priority = prioritise(asset, defects, grades, fiscal_year=fiscal_year, model=model)
    return Appraised(asset=asset, defects=defects, grades=grades, priority=priority)


def issue(
    appraised: Sequence[Appraised],
    *,
    photo_names: Mapping[str, str] | None = None,
    model: PriorityModel | None = None,
) -> WorkList:
    """Rank the open defects of some assets.

    Rows are ordered by tier, then by the asset's score plus the defect's severity, then by
    identifier, so that the same defects always give the same list.

    Args:
        appraised: assets with their defects, grades and priorities, in any order.
        photo_names: file names by sha256; without it the digests are shown.
        model: the priority model that orders the defects.

    Raises:
        BadInput: when an asset appears twice or the priorities come from different models.
    """
    ids = [entry.asset.asset_id for entry in appraised]
    models = {entry.priority.model for entry in appraised}
    if len(set(ids)) < len(ids):
        raise BadInput(f"each asset may appear once in a work list, got {sorted(ids)}")
    if len(models) > 1:
        raise BadInput(f"one work list needs one priority model, got {sorted(models)}")
    rows = [
        _row(entry, defect, photo_names or {}, model)
        for entry in appraised
        for defect in entry.defects
        if is_open(defect)
    ]
    rows.sort(key=_order)
    return WorkList(
        model=next(iter(models), ""),
        rows=tuple(replace(row, rank=rank) for rank, row in enumerate(rows, start=1)),
        priorities=tuple(sorted((entry.priority for entry in appraised), key=_asset_id)),
        left_out=_left_out([defect for entry in appraised for defect in entry.defects]),
    )


def _asset_id(priority: Priority) -> str:
    return priority.asset_id


def _order(row: WorkRow) -> tuple[int, float, float, str]:
    return row.tier, -round(row.score, 6), -round(row.severity, 6), str(row.defect_id)


def _left_out(defects: Sequence[Defect]) -> dict[str, int]:
    """Count what is not listed."""
    rejected = sum(defect.state is ReviewState.REJECTED for defect in defects)
    closed = sum(not is_open(defect) for defect in defects)
    counts = {"rejected": rejected, "no_damage": closed - rejected}
    return {reason: count for reason, count in counts.items() if count}


def _row(
    entry: Appraised,
    defect: Defect,
    photo_names: Mapping[str, str],
    model: PriorityModel | None,
) -> WorkRow:
    """Build one row; its rank comes later."""
    latest, candidate = defect.latest, entry.grades.of_defects.get(defect.defect_id)
    items = severity(defect, candidate, model=model)
    label = load_damage_labels()[shown_class(defect)]
    lon_deg, lat_deg = latest.anchor_lonlat or (None, None)
    return WorkRow(
        rank=0,
        tier=entry.priority.tier,
        asset_id=entry.asset.asset_id,
        asset_name=entry.asset.name,
        member=entry.asset.member,
        defect_id=defect.defect_id,
        survey_id=latest.survey_id,
        damage_class=label.damage_class,
        class_ja=label.ja,
        class_en=label.en,
        colour=label.colour,
        state=defect.state,
        confidence=latest.confidence,
        grade=candidate,
        length_m=latest.measurement.length_m,
        width_mm=latest.measurement.width_mm,
        area_m2=latest.measurement.area_m2,
        lon_deg=lon_deg,
        lat_deg=lat_deg,
        x_m=latest.anchor_surface_m[0],
        y_m=latest.anchor_surface_m[1],
        surface_crs=latest.surface_crs,
        asset_score=entry.priority.score,
        severity=sum(item.points for item in items),
        reasons=(*_asset_reasons(entry.priority), *items),
        photos=tuple(photo_names.get(sha256, sha256) for sha256 in latest.photo_sha256s),
        model_id=latest.model_id,
        gsd_mm_per_px=latest.measurement.gsd_mm_per_px,
    )


def _asset_reasons(priority: Priority) -> tuple[Item, ...]:
    """Give the asset's share of a row's score: hard rules, then L, C, T with their points."""
    words = {
        "L": ("状態", "condition"),
        "C": ("重要度", "importance"),
        "T": ("時期", "timing"),
    }
    rules = [Item(code=r.rule, points=0.0, ja=r.ja, en=r.en) for r in priority.rules]
    parts = [
        Item(
            code=part.key,
            points=part.points,
            ja=f"{words[part.key][0]} {part.key}={part.value:.0f}",
            en=f"{words[part.key][1]} {part.key}={part.value:.0f}",
            origin="candidate" if part.key == "L" and priority.soundness_is_candidate else "known",
        )
        for part in priority.parts
    ]
    return (*rules, *parts)

"""Asset + grades → priority with its additive reasons, and the order of its defects."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from inspection.codelists.grades import load_soundness_candidates
from inspection.codelists.priorities import load_priority_model
from inspection.domain.asset import Asset, AssetKind
from inspection.domain.defect import Defect, ReviewState
from inspection.domain.grade import GradeCandidate
from inspection.domain.priority import Evidence, Falling, Priority, score_priority
from inspection.domain.prioritymodel import Attribute, Item, PriorityModel
from inspection.domain.taxonomy import DamageClass
from inspection.pipeline.grade import Grades, is_open, shown_class

LOOSE_CLASSES = frozenset({DamageClass.SPALL, DamageClass.DELAMINATION_IR})
"""Classes of the damage types 7 and 12 that can fall (rule R2)."""

SALT_ZONES_M = ((100.0, "S"), (300.0, "I"), (500.0, "II"), (700.0, "III"))
"""Upper bounds of the distance from the coast, region B (domain specification §5.2, K-M)."""


def prioritise(
    asset: Asset,
    defects: Sequence[Defect],
    grades: Grades,
    *,
    fiscal_year: int | None = None,
    model: PriorityModel | None = None,
) -> Priority:
    """Score one asset by ``priority_v1`` or another model.

    Args:
        asset: the asset with the attributes that its owner knows.
        defects: its defects.
        grades: its grade candidates.
        fiscal_year: present fiscal year; ages and waiting times follow from years in the
            attributes ``built_fiscal_year``, ``diagnosis_fiscal_year`` and
            ``inspection_fiscal_year`` (due every 5 years).
        model: the model, ``priority_v1`` unless given.
    """
    known = complete(asset.attributes, fiscal_year)
    seen = evidence(asset, defects, grades)
    return score_priority(
        asset.asset_id,
        asset.kind,
        known,
        replace(seen, derived=frozenset(known.keys() - asset.attributes.keys())),
        model=model or load_priority_model(),
    )


def complete(attributes: Mapping[str, Attribute], fiscal_year: int | None) -> dict[str, Attribute]:
    """Add attributes that follow from others; what is stated stays.

    >>> complete({"built_fiscal_year": 1971, "coast_distance_m": 250}, 2026)["age_years"]
    55.0
    """
    known = dict(attributes)
    if fiscal_year is not None:
        for source, target, due in (
            ("built_fiscal_year", "age_years", 0),
            ("diagnosis_fiscal_year", "years_since_diagnosis", 0),
            ("inspection_fiscal_year", "overdue_years", 5),
        ):
            year = known.get(source)
            if isinstance(year, int | float) and not isinstance(year, bool):
                known.setdefault(target, max(0.0, float(fiscal_year - year - due)))
    distance = known.get("coast_distance_m")
    if isinstance(distance, int | float) and not isinstance(distance, bool):
        zone = next((zone for bound, zone in SALT_ZONES_M if distance <= bound), "none")
        known.setdefault("salt_zone", zone)
    return known


def evidence(asset: Asset, defects: Sequence[Defect], grades: Grades) -> Evidence:
    """Gather what a survey adds: worst grade, condition candidate, loose concrete, potholes."""
    open_ones = [defect for defect in defects if is_open(defect)]
    observed: dict[str, Attribute] = {}
    if asset.kind is AssetKind.PAVEMENT_SECTION:
        observed["potholes"] = sum(shown_class(d) is DamageClass.POTHOLE for d in open_ones)
        return Evidence(condition=_pavement_condition(grades), observed=observed)
    if grades.worst is not None:
        observed["main_grade"] = grades.worst
    loose = [defect for defect in open_ones if shown_class(defect) in LOOSE_CLASSES]
    confirmed = any(defect.state is ReviewState.CONFIRMED for defect in loose)
    falling = Falling.CONFIRMED if confirmed else Falling.CANDIDATE if loose else Falling.NONE
    return Evidence(
        condition=None if grades.worst is None else load_soundness_candidates()[grades.worst],
        observed=observed,
        falling=falling,
    )


def _pavement_condition(grades: Grades) -> str | None:
    """Give the condition that a crack ratio suggests; III is III-1, as no photo shows the base."""
    ratio = grades.crack_ratio
    if ratio is None or ratio.worst is None:
        return None
    return "III-1" if ratio.worst == "III" else ratio.worst


def severity(
    defect: Defect, candidate: GradeCandidate | None, *, model: PriorityModel | None = None
) -> tuple[Item, ...]:
    """Order the defects of one asset: points for grade, width and size, 0–10 together.

    An open grade counts as the worst letter that the evidence allows; a width below the limit
    counts nothing, because nothing is known about it.
    """
    table = (model or load_priority_model()).severity
    measured = defect.latest.measurement
    origin = "known" if defect.state is ReviewState.CONFIRMED else "candidate"
    items = [_grade_item(candidate, table.grade, table.ungraded, origin)]
    if measured.width_mm is not None and measured.width_mm.value is not None:
        width_mm = measured.width_mm.value
        points = table.width_most * min(1.0, width_mm / table.width_full_at_mm)
        items.append(
            _item("width", points, f"幅 {width_mm:.1f} mm", f"width {width_mm:.1f} mm", origin)
        )
    if measured.length_m is not None and measured.length_m.value is not None:
        length_m = measured.length_m.value
        points = table.length_most * min(1.0, length_m / table.length_full_at_m)
        items.append(
            _item("length", points, f"長さ {length_m:.2f} m", f"length {length_m:.2f} m", origin)
        )
    elif measured.area_m2.value is not None:
        area_m2 = measured.area_m2.value
        points = table.area_most * min(1.0, area_m2 / table.area_full_at_m2)
        items.append(
            _item("area", points, f"面積 {area_m2:.3f} m²", f"area {area_m2:.3f} m²", origin)
        )
    return tuple(item for item in items if item.points)


def _grade_item(
    candidate: GradeCandidate | None, points: Mapping[str, float], ungraded: float, origin: str
) -> Item:
    """Give the points of the worst letter that the evidence allows."""
    if candidate is None or candidate.worst is None:
        return _item("ungraded", ungraded, "損傷程度の規則なし", "no rule grades this", "neutral")
    letters = "・".join(candidate.candidates)
    return _item(
        f"grade_{candidate.worst}",
        points[candidate.worst],
        f"損傷程度（候補） {letters}",
        f"damage grade (candidate) {'/'.join(candidate.candidates)}",
        origin,
    )


def _item(code: str, points: float, ja: str, en: str, origin: str) -> Item:
    return Item(code=code, points=points, ja=ja, en=en, origin=origin)

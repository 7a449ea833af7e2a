"""Defects + asset → grade candidates with reasons; a person decides."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import shapely

from inspection.codelists.codelist import load_codelist
from inspection.codelists.damage_classes import load_damage_labels, load_damage_types
from inspection.codelists.grades import load_crack_grade_rule, load_crack_ratio_rule
from inspection.domain.asset import Asset, AssetKind
from inspection.domain.crackratio import (
    CrackRatioRule,
    Distress,
    Lane,
    crack_ratio_class,
    mesh_crack_ratio,
)
from inspection.domain.defect import Defect, ReviewState
from inspection.domain.grade import (
    GradeCandidate,
    Reason,
    Subject,
    crack_grade_candidate,
    smallest_spacings_m,
)
from inspection.domain.taxonomy import LINEAR_CLASSES, DamageClass, is_defect
from inspection.geo.scale import map_scale
from inspection.pipeline.propose import by_context, deck_panel, pavement_of, soundness_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Grades:
    """Carry the grade candidates of one asset.

    Attributes:
        of_defects: by defect; a defect that no rule grades is not there.
        of_member: one for each damage type found on the member, worst evidence first.
        crack_ratio: pavement only, when the lane is known.
        of_asset: candidates for what stands above a defect and a damage type: soundness of the
            member group and the bridge, class of a road section. None of them is a diagnosis.
    """

    of_defects: Mapping[uuid.UUID, GradeCandidate]
    of_member: tuple[GradeCandidate, ...]
    crack_ratio: GradeCandidate | None = None
    of_asset: tuple[GradeCandidate, ...] = ()

    @property
    def worst(self) -> str | None:
        """Give the most severe damage grade that the evidence allows, None without any."""
        letters = [grade.worst for grade in self.of_member if grade.worst is not None]
        return max(letters, default=None)


def shown_class(defect: Defect) -> DamageClass:
    """Give the class that counts: a person's, else the machine's."""
    return defect.shown_class


def is_open(defect: Defect) -> bool:
    """Tell whether a defect counts: not rejected, not superseded, and damage to the last judge."""
    closed = (ReviewState.REJECTED, ReviewState.SUPERSEDED)
    return defect.state not in closed and is_defect(shown_class(defect))


def grade(
    defects: Sequence[Defect],
    *,
    asset: Asset,
    lane: Lane | None = None,
    fiscal_year: int | None = None,
) -> Grades:
    """Propose grades for the defects of one asset and for the member as a whole.

    Concrete: ⑥ ひびわれ by width and spacing; other types by what their sight and what lies on them
    allows; ⑪ for a deck panel whose area the owner states. Pavement: the crack ratio of the lane,
    and the class of the section. Rejected defects do not count.

    Args:
        defects: defects of the asset, in any order.
        asset: the asset.
        lane: where the lane lies, for pavement; without it no crack ratio is proposed.
        fiscal_year: present fiscal year, from which the age of a surface follows.
    """
    open_ones = sorted((d for d in defects if is_open(d)), key=lambda d: d.defect_id)
    if asset.kind is AssetKind.PAVEMENT_SECTION:
        ratio = None if lane is None else _crack_ratio(open_ones, asset, lane)
        whole = pavement_of(ratio, asset, fiscal_year=fiscal_year)
        of_asset = () if whole is None else (whole,)
        return Grades(of_defects={}, of_member=(), crack_ratio=ratio, of_asset=of_asset)
    seen = [(defect, shown_class(defect)) for defect in open_ones]
    found = _crack_grades(open_ones, asset)
    found |= {d.defect_id: one for d in open_ones if (one := _by_appearance(d)) is not None}
    found |= by_context(seen, found)
    panel = deck_panel(seen, asset)
    by_type: dict[str, list[GradeCandidate]] = {}
    for candidate in found.values():
        by_type.setdefault(candidate.scheme, []).append(candidate)
    member = [worst_of(candidates, asset) for candidates in by_type.values()]
    if panel is not None:
        # cracks of a deck panel are ⑪; ⑥ is for all other members
        member = [one for one in member if not one.scheme.startswith("jp_crack_grade/")] + [panel]
    member.sort(key=lambda c: (c.worst or "", c.scheme), reverse=True)
    return Grades(of_defects=found, of_member=tuple(member), of_asset=soundness_of(member, asset))


def grade_one(
    defect: Defect,
    lying: Sequence[Defect] = (),
    *,
    asset: Asset,
    spacing_m: float | None = None,
) -> GradeCandidate | None:
    """Propose the grade of one defect, the same as ``grade`` proposes for it among all others.

    Args:
        defect: the defect.
        lying: at least all open defects that lie on it, of the classes that make it worse.
        asset: the asset.
        spacing_m: of a crack, as ``spacing_among`` gives it.
    """
    if not is_open(defect) or asset.kind is AssetKind.PAVEMENT_SECTION:
        return None
    found: dict[uuid.UUID, GradeCandidate] = {}
    if shown_class(defect) is DamageClass.CRACK:
        found = _by_width([defect], {defect.defect_id: spacing_m}, asset)
    if (own := _by_appearance(defect)) is not None:
        found[defect.defect_id] = own
    others = {one.defect_id: one for one in lying if is_open(one)} | {defect.defect_id: defect}
    seen = [(others[key], shown_class(others[key])) for key in sorted(others)]
    found |= by_context(seen, found, subjects=[(defect, shown_class(defect))])
    return found.get(defect.defect_id)


def spacing_among(
    defect: Defect, axes: Mapping[uuid.UUID, shapely.Geometry], *, scale: float
) -> float | None:
    """Give the spacing of a crack to its nearest parallel neighbour, metres; None when alone.

    Args:
        defect: the crack.
        axes: centre lines, by defect, of at least all open cracks on its mosaic that lie within
            ``SPACING_SEARCH_M``.
        scale: map length ÷ ground length, where the first open crack of the mosaic lies.
    """
    own = defect.latest.axis_surface_m
    if own is None:
        return None
    lines = {**axes, defect.defect_id: own}
    ordered = sorted(lines)
    asked = ordered.index(defect.defect_id)
    return smallest_spacings_m([lines[one] for one in ordered], scale=scale, only=asked)[asked]


def _crack_grades(seen: Sequence[Defect], asset: Asset) -> dict[uuid.UUID, GradeCandidate]:
    """Grade each crack by its own width and the spacing to its nearest parallel neighbour."""
    cracks = [one for one in seen if shown_class(one) is DamageClass.CRACK]
    return _by_width(cracks, _spacings_m(cracks), asset)


def _by_width(
    cracks: Sequence[Defect], spacing_m: Mapping[uuid.UUID, float | None], asset: Asset
) -> dict[uuid.UUID, GradeCandidate]:
    rule = load_crack_grade_rule()
    return {
        defect.defect_id: crack_grade_candidate(
            defect.latest.measurement.width_mm,
            spacing_m[defect.defect_id],
            asset.concrete,
            rule=rule,
            subject=Subject.DEFECT,
            subject_id=str(defect.defect_id),
        )
        for defect in cracks
        if defect.latest.measurement.width_mm is not None
    }


def _spacings_m(cracks: Sequence[Defect]) -> dict[uuid.UUID, float | None]:
    """Give the smallest spacing of each crack, comparing only within one frame."""
    spacing: dict[uuid.UUID, float | None] = {defect.defect_id: None for defect in cracks}
    frames: dict[tuple[str, str], list[Defect]] = {}
    for defect in cracks:
        latest = defect.latest
        if latest.axis_surface_m is not None:
            # two local frames have nothing in common, so the mosaic is part of the key
            frames.setdefault((latest.surface_crs, latest.mosaic_sha256), []).append(defect)
    for (crs, _), members in frames.items():
        scale = map_scale(crs, *members[0].latest.anchor_surface_m).linear
        axes = [member.latest.axis_surface_m for member in members]
        found = smallest_spacings_m(axes, scale=scale)
        for member, value in zip(members, found, strict=True):
            spacing[member.defect_id] = value
    return spacing


def _by_appearance(defect: Defect) -> GradeCandidate | None:
    """Propose the letters that the sight of a class allows by itself."""
    label = load_damage_labels()[shown_class(defect)]
    if not label.appearance_grades or not label.jp_types:
        return None
    kind = load_damage_types()[label.jp_types[0]]
    letters = label.appearance_grades
    record = f"{chr(0x2460 + kind.number - 1)}{kind.ja}-{letters[0]}" if kind.number <= 20 else ""
    return GradeCandidate(
        scheme=f"appearance:{kind.number}/{load_codelist('damage_class').version}",
        subject=Subject.DEFECT,
        subject_id=str(defect.defect_id),
        candidates=letters,
        best=letters[0] if len(letters) == 1 else None,
        borderline=len(letters) > 1,
        unresolved=len(letters) > 1,
        record=record if len(letters) == 1 else "",
        reasons=(
            Reason(
                code=f"seen_{label.damage_class.value}",
                ja=f"{label.ja}を検出（{kind.ja}）：程度は人が判断",
                en=f"{label.en} was seen ({kind.en}): a person narrows the grade down",
            ),
        ),
        needs_review=label.needs_review,
    )


def worst_of(candidates: Sequence[GradeCandidate], asset: Asset) -> GradeCandidate:
    """Propose the grade of a member out of its defects of one type: the worst of them.

    The member is at least as bad as the defect whose mildest candidate is the most severe, so
    milder letters drop out. While some defect may be worse than the worst measured one, the
    member's grade stays open.
    """
    least = max(candidate.candidates[0] for candidate in candidates)
    letters = tuple(
        sorted({c for candidate in candidates for c in candidate.candidates if c >= least})
    )
    best = max((c.best for c in candidates if c.best is not None), default=None)
    doubtful = [c.worst for c in candidates if c.unresolved and c.worst is not None]
    is_open_question = best is None or any(worst > best for worst in doubtful)
    leading = max(candidates, key=lambda c: (c.best or "", c.worst or "", c.subject_id))
    return replace(
        leading,
        subject=Subject.MEMBER,
        subject_id=f"{asset.asset_id}/{asset.member}" if asset.member else asset.asset_id,
        candidates=letters,
        best=None
        if is_open_question and len(letters) > 1
        else letters[-1]
        if len(letters) == 1
        else best,
        borderline=len(letters) > 1,
        unresolved=is_open_question and len(letters) > 1,
        record=leading.record if len(letters) == 1 else "",
        needs_review=any(c.needs_review for c in candidates),
    )


def _crack_ratio(defects: Sequence[Defect], asset: Asset, lane: Lane) -> GradeCandidate:
    """Propose the crack ratio class; cracks of unknown width make it a range."""
    rule = load_crack_ratio_rule()
    low = mesh_crack_ratio(lane, _distress(defects, rule, doubtful=False), rule=rule)
    high = mesh_crack_ratio(lane, _distress(defects, rule, doubtful=True), rule=rule)
    classes = [crack_ratio_class(percent, rule=rule) for percent in (low, high)]
    candidates = tuple(code for code in ("I", "II", "III") if classes[0] <= code <= classes[1])
    reasons = [
        Reason(code="crack_ratio", ja=f"ひび割れ率 {low:.2f} %", en=f"crack ratio {low:.2f} %")
    ]
    if high > low:
        reasons.append(
            Reason(
                code="width_unresolved",
                ja=f"幅 {rule.min_width_mm:g} mm 以上か不明のひびわれを含めると {high:.2f} %",
                en=f"{high:.2f} % with cracks that may be narrower than {rule.min_width_mm:g} mm",
            )
        )
    return GradeCandidate(
        scheme=f"pavement_crack_ratio/{rule.version}",
        subject=Subject.MEMBER,
        subject_id=asset.asset_id,
        candidates=candidates,
        best=candidates[0] if len(candidates) == 1 else None,
        borderline=len(candidates) > 1,
        unresolved=len(candidates) > 1,
        values={"crack_ratio_percent": low, "crack_ratio_high_percent": high},
        reasons=tuple(reasons),
    )


def _distress(defects: Sequence[Defect], rule: CrackRatioRule, *, doubtful: bool) -> Distress:
    """Gather what the mesh counts, with or without cracks that may be too narrow."""

    def outlines(damage_class: DamageClass) -> list[object]:
        return [d.latest.outline_surface_m for d in defects if shown_class(d) is damage_class]

    cracks = [
        defect.latest.axis_surface_m
        for defect in defects
        if shown_class(defect) in LINEAR_CLASSES
        and defect.latest.axis_surface_m is not None
        and _is_wide_enough(defect, rule, doubtful=doubtful)
    ]
    return Distress(
        cracks=cracks,
        patches=outlines(DamageClass.PATCH),
        potholes=outlines(DamageClass.POTHOLE),
        alligators=outlines(DamageClass.ALLIGATOR_CRACK),
    )


def _is_wide_enough(defect: Defect, rule: CrackRatioRule, *, doubtful: bool) -> bool:
    """Tell whether a crack is, or may be, as wide as the survey takes."""
    width = defect.latest.measurement.width_mm
    if width is None:
        return doubtful
    if width.value is None or width.expanded_uncertainty is None:
        return doubtful and (width.refused is not None or width.limit > rule.min_width_mm)
    margin = width.expanded_uncertainty if doubtful else -width.expanded_uncertainty
    return width.value + margin >= rule.min_width_mm

"""Classes that lie on each other → better grade candidates; members → soundness candidates.

A detector that saw no rust proves nothing: it may not know rust. What lies on a damage can only
make its candidate worse than its own sight allows, never better.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import shapely

from inspection.codelists.bridgerules import (
    load_appearance_rule,
    load_deck_rule,
    load_soundness_rule,
)
from inspection.codelists.members import load_members, load_named_types
from inspection.codelists.pavements import load_pavement_rule
from inspection.domain.appearance import Proposal, propose_leak, propose_spall
from inspection.domain.asset import Asset
from inspection.domain.damagerecord import DamageRecord, print_record
from inspection.domain.deckcrack import deck_candidate, panel_of
from inspection.domain.defect import Defect
from inspection.domain.grade import GradeCandidate
from inspection.domain.pavement import INDICES, pavement_candidate
from inspection.domain.soundness import MemberGrade, bridge_candidate, group_candidates
from inspection.domain.taxonomy import DamageClass
from inspection.geo.scale import map_scale

Seen = Sequence[tuple[Defect, DamageClass]]
"""Defects with the class that counts."""

Found = Mapping[uuid.UUID, GradeCandidate]

DECK_SYMBOL = "Ds"
OPEN_MM = 1.0
"""Half of the widths that a crack without any may have: far beyond every bound of the rule."""
PANEL_AREA, AXIS = "panel_area_m2", "bridge_axis_deg"
"""Attributes without which a photo of a deck panel cannot be graded as ⑪."""


COVERED_BY: Mapping[DamageClass, frozenset[DamageClass]] = {
    DamageClass.SPALL: frozenset({DamageClass.EXPOSED_REBAR, DamageClass.RUST_STAIN}),
    DamageClass.EXPOSED_REBAR: frozenset({DamageClass.RUST_STAIN}),
    DamageClass.EFFLORESCENCE: frozenset({DamageClass.RUST_STAIN}),
}
"""Classes whose candidates become worse, by the classes that lie on them."""


class _Lying:
    """Find what lies on a defect, by class, in the frame of one mosaic."""

    def __init__(self, seen: Seen) -> None:
        covering = frozenset().union(*COVERED_BY.values())
        kinds: dict[tuple[tuple[str, str], DamageClass], list[Defect]] = {}
        for defect, damage_class in seen:
            if damage_class in covering:
                kinds.setdefault((_frame(defect), damage_class), []).append(defect)
        self._kinds = {
            kind: (members, shapely.STRtree([one.latest.outline_surface_m for one in members]))
            for kind, members in kinds.items()
        }

    def on(self, defect: Defect, damage_class: DamageClass) -> shapely.Geometry:
        """Give the part of a defect that other defects of a class cover."""
        outline = defect.latest.outline_surface_m
        members, tree = self._kinds.get((_frame(defect), damage_class), ([], None))
        near = [] if tree is None else sorted(tree.query(outline, predicate="intersects"))
        others = [
            members[n].latest.outline_surface_m
            for n in near
            if members[n].defect_id != defect.defect_id
        ]
        return shapely.intersection(outline, shapely.union_all(others))


def by_context(
    seen: Seen, found: Found, *, subjects: Seen | None = None
) -> dict[uuid.UUID, GradeCandidate]:
    """Give the candidates that become worse by what lies on their defects (⑦, ⑧).

    Args:
        seen: all that may lie on a defect.
        found: candidates so far.
        subjects: the defects that are asked about; all that were seen unless given.
    """
    lying = _Lying(seen)
    worse: dict[uuid.UUID, GradeCandidate] = {}
    for defect, damage_class in seen if subjects is None else subjects:
        before = found.get(defect.defect_id)
        proposal = None if before is None else _proposal(defect, damage_class, lying)
        if before is None or proposal is None or proposal.letters[0] <= before.candidates[0]:
            continue
        worse[defect.defect_id] = _raised(before, proposal)
    return worse


def _proposal(defect: Defect, damage_class: DamageClass, lying: _Lying) -> Proposal | None:
    """Propose a letter from what lies on a defect."""
    rule = load_appearance_rule()
    if damage_class is DamageClass.SPALL:
        rebar = lying.on(defect, DamageClass.EXPOSED_REBAR)
        rust = lying.on(defect, DamageClass.RUST_STAIN)
        bars = shapely.area(rebar)
        share = shapely.area(shapely.intersection(rebar, rust)) / bars if bars else 0.0
        return propose_spall(rebar_seen=bars > 0, rusty_share=min(1.0, share), rule=rule)
    if damage_class is DamageClass.EXPOSED_REBAR:
        share = _share(defect, DamageClass.RUST_STAIN, lying)
        return propose_spall(rebar_seen=True, rusty_share=share, rule=rule)
    if damage_class is DamageClass.EFFLORESCENCE:
        share = _share(defect, DamageClass.RUST_STAIN, lying)
        return propose_leak(efflorescence_seen=True, stained_share=share, rule=rule)
    return None


def _share(defect: Defect, damage_class: DamageClass, lying: _Lying) -> float:
    """Give the share of a defect that defects of a class cover, 0–1."""
    area = shapely.area(defect.latest.outline_surface_m)
    covered = shapely.area(lying.on(defect, damage_class))
    return min(1.0, covered / area) if area > 0 else 0.0


def _frame(defect: Defect) -> tuple[str, str]:
    return defect.latest.surface_crs, defect.latest.mosaic_sha256


def _raised(before: GradeCandidate, proposal: Proposal) -> GradeCandidate:
    """Replace a candidate by a worse proposal; d leaves e possible, as depth cannot be seen."""
    letters = proposal.letters if proposal.letters[0] == "e" else (*proposal.letters, "e")
    single = len(letters) == 1
    record = DamageRecord(number=proposal.damage_no, grade=letters[0])
    return replace(
        before,
        candidates=letters,
        best=letters[0] if single else None,
        borderline=not single,
        unresolved=not single,
        record=print_record(record, types=load_named_types()) if single else "",
        reasons=(*before.reasons, proposal.reason),
        needs_review=True,
    )


def deck_panel(seen: Seen, asset: Asset) -> GradeCandidate | None:
    """Propose ⑪ 床版ひびわれ for a panel whose area the owner states; None for anything else.

    A crack of which only "< limit" is known may have any width up to it, which widens the
    candidates. Cracks of several mosaics have no common frame: then nothing is proposed.
    """
    area_m2 = _number(asset, PANEL_AREA)
    if not asset.member.startswith(DECK_SYMBOL) or area_m2 is None or area_m2 <= 0:
        return None
    cracks = [
        defect
        for defect, damage_class in seen
        if damage_class in (DamageClass.CRACK, DamageClass.DECK_CRACK)
        and defect.latest.axis_surface_m is not None
        and defect.latest.measurement.width_mm is not None
    ]
    if not cracks or len({_frame(defect) for defect in cracks}) != 1:
        return None
    rule = load_deck_rule()
    widths = [_width_and_uncertainty_mm(defect) for defect in cracks]
    latest = cracks[0].latest
    frame = _frame(cracks[0])
    leaks = (DamageClass.EFFLORESCENCE, DamageClass.WET_SPOT)
    panel = panel_of(
        [(d.latest.axis_surface_m, w) for d, (w, _) in zip(cracks, widths, strict=True)],
        area_m2=area_m2,
        axis_deg=_number(asset, AXIS) or 0.0,
        spalls=[
            d.latest.outline_surface_m
            for d, c in seen
            if c is DamageClass.SPALL and _frame(d) == frame
        ],
        leak=any(c in leaks for _, c in seen),
        words=rule.words,
        scale=map_scale(latest.surface_crs, *latest.anchor_surface_m).linear,
    )
    return deck_candidate(
        panel,
        width_uncertainty_mm=float(np.max([u for _, u in widths])),
        rule=rule,
        subject_id=f"{asset.asset_id}/{asset.member}",
    )


def _width_and_uncertainty_mm(defect: Defect) -> tuple[float, float]:
    """Give a width with U (k = 2); without a number, the middle of what is possible."""
    width = defect.latest.measurement.width_mm
    if width is not None and width.refused is not None:
        return OPEN_MM, OPEN_MM
    if width is None or width.value is None or width.expanded_uncertainty is None:
        half = (width.limit if width is not None else 0.0) / 2
        return half, half
    return width.value, width.expanded_uncertainty


def soundness_of(members: Sequence[GradeCandidate], asset: Asset) -> tuple[GradeCandidate, ...]:
    """Propose the soundness of the inspected member group and, if it is a main one, the bridge."""
    kind = load_members().get(asset.member[:2])
    if kind is None:
        return ()
    grades = [
        MemberGrade(
            group=kind.symbol,
            main=kind.main,
            subject_id=asset.member,
            grade=candidate.best or candidate.candidates[0],
            possible=candidate.candidates[-1],
            what=candidate.record,
        )
        for candidate in members
        if candidate.candidates
    ]
    if not grades:
        return ()
    rule = load_soundness_rule()
    groups = group_candidates(grades, asset_id=asset.asset_id, rule=rule)
    bridge = bridge_candidate(grades, asset_id=asset.asset_id, rule=rule)
    return (*groups.values(), *(() if bridge is None else (bridge,)))


def pavement_of(
    ratio: GradeCandidate | None, asset: Asset, *, fiscal_year: int | None = None
) -> GradeCandidate | None:
    """Propose the class of a road section from the crack ratio and what the owner has measured.

    The crack ratio of the photos counts once its class is settled; rut depth and IRI come from the
    attributes. None while no index is known.
    """
    known = {n: v for n in INDICES if (v := _number(asset, n)) is not None}
    if ratio is not None and ratio.best is not None:
        known["crack_ratio_percent"] = ratio.values["crack_ratio_percent"]
    if not known:
        return None
    laid = _number(asset, "surfaced_fiscal_year")
    age = None if laid is None or fiscal_year is None else max(0.0, fiscal_year - laid)
    return pavement_candidate(
        known,
        rule=load_pavement_rule(),
        asset_id=asset.asset_id,
        surface_age_years=age,
        design_target_years=_number(asset, "design_target_years"),
    )


def _number(asset: Asset, name: str) -> float | None:
    """Give an attribute that is a number; None when it is unknown or something else."""
    value = asset.attributes.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value)

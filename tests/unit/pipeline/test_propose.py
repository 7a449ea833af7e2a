"""What lies on what, deck panels, soundness and pavement classes out of a survey's defects."""

from dataclasses import replace

import pytest
import shapely

from inspection.domain.asset import Asset, AssetKind
from inspection.domain.crackratio import Lane
from inspection.domain.defect import Defect
from inspection.domain.grade import Subject
from inspection.domain.taxonomy import DamageClass
from inspection.pipeline.grade import grade
from inspection.pipeline.issue import appraise
from inspection.pipeline.worklist import candidates_of
from tests.support.damage import area, below, crack, defect, quantity

BRIDGE = Asset(asset_id="bridge", name="点検橋", kind=AssetKind.BRIDGE, member="Mg0101")
PANEL = replace(BRIDGE, member="Ds0101", attributes={"panel_area_m2": 4.0})
ROAD = Asset(asset_id="road", name="県道1号", kind=AssetKind.PAVEMENT_SECTION)
LANE = Lane(x_m=0, y_m=0.25, direction_deg=0, length_m=5, width_m=3)


def box(x: float, size: float, damage_class: DamageClass, **more: str) -> Defect:
    return defect(area(shapely.box(x, 0, x + size, size), damage_class, **more))


def letters(one: Defect, *others: Defect, asset: Asset = BRIDGE) -> tuple[str, ...]:
    return grade([one, *others], asset=asset).of_defects[one.defect_id].candidates


def test_rebar_in_a_spall_makes_it_worse() -> None:
    spall = box(0, 1.0, DamageClass.SPALL)
    assert letters(spall) == ("c",)
    assert letters(spall, box(0.2, 0.3, DamageClass.EXPOSED_REBAR)) == ("d", "e")
    assert letters(spall, box(5, 0.3, DamageClass.EXPOSED_REBAR)) == ("c",)


def test_rust_over_half_of_the_bars_makes_it_e() -> None:
    rebar = box(0, 1.0, DamageClass.EXPOSED_REBAR)
    assert letters(rebar) == ("d", "e")
    assert letters(rebar, box(0, 0.70, DamageClass.RUST_STAIN)) == ("d", "e")  # 49 %
    rusty = box(0, 0.72, DamageClass.RUST_STAIN)  # 52 %
    assert letters(rebar, rusty) == ("e",)
    found = grade([rebar, rusty], asset=BRIDGE).of_defects[rebar.defect_id]
    assert (found.best, found.record, found.needs_review) == ("e", "⑦剥離・鉄筋露出-e", True)
    assert found.reasons[-1].code == "rebar_severe"


def test_rust_on_efflorescence_makes_it_e() -> None:
    white = box(0, 1.0, DamageClass.EFFLORESCENCE)
    assert letters(white) == ("d", "e")
    assert letters(white, box(0, 0.3, DamageClass.RUST_STAIN)) == ("d", "e")  # 9 %
    assert letters(white, box(0, 0.32, DamageClass.RUST_STAIN)) == ("e",)  # 10 %


def test_two_mosaics_have_nothing_on_each_other() -> None:
    rebar = box(0, 1.0, DamageClass.EXPOSED_REBAR, crs="LOCAL", mosaic="a" * 64)
    rust = box(0, 1.0, DamageClass.RUST_STAIN, crs="LOCAL", mosaic="c" * 64)
    assert letters(rebar, rust) == ("d", "e")


def deck_cracks(width_mm: float, *, u: float = 0.0) -> list[Defect]:
    width = quantity(width_mm, u)
    return [
        defect(crack([(x, 0), (x, 2)], width=width, crs="LOCAL")) for x in (0.25, 0.75, 1.25, 1.75)
    ]


def test_a_deck_panel_of_known_area_is_graded_as_11_not_as_6() -> None:
    found = grade(deck_cracks(0.1), asset=PANEL)
    (member,) = found.of_member
    assert member.scheme.startswith("jp_deck_crack/")
    assert (member.candidates, member.subject_id) == (("c",), "bridge/Ds0101")
    assert member.values["spacing_m"] == pytest.approx(0.5)
    (six,) = grade(deck_cracks(0.1), asset=replace(PANEL, attributes={})).of_member
    assert six.scheme.startswith("jp_crack_grade/")


def test_a_leak_on_the_panel_counts() -> None:
    leak = defect(area(shapely.box(0, 0, 1, 1), DamageClass.EFFLORESCENCE, crs="LOCAL"))
    found = grade([*deck_cracks(0.1), leak], asset=PANEL)
    deck = next(one for one in found.of_member if one.scheme.startswith("jp_deck_crack/"))
    assert deck.candidates == ("d",)


def test_widths_below_the_limit_keep_a_panel_open() -> None:
    unclear = [
        defect(crack([(x, 0), (x, 2)], width=below(0.2), crs="LOCAL")) for x in (0.5, 1.0, 1.5)
    ]
    (member,) = grade(unclear, asset=PANEL).of_member
    assert member.candidates == ("b", "c", "d")
    assert member.record == ""


def test_cracks_of_two_mosaics_are_no_panel() -> None:
    other = defect(crack([(0, 0), (0, 2)], crs="LOCAL", mosaic="c" * 64))
    found = grade([*deck_cracks(0.1), other], asset=PANEL)
    assert not any(one.scheme.startswith("jp_deck_crack/") for one in found.of_member)


def test_a_main_member_speaks_for_its_group_and_the_bridge() -> None:
    found = grade([box(0, 1.0, DamageClass.SPALL)], asset=BRIDGE)
    subjects = [(one.subject, one.subject_id, one.best) for one in found.of_asset]
    assert subjects == [(Subject.MEMBER, "bridge/Mg", "II"), (Subject.ASSET, "bridge", "II")]
    railing = grade([box(0, 1.0, DamageClass.SPALL)], asset=replace(BRIDGE, member="Ra0101"))
    assert [one.subject for one in railing.of_asset] == [Subject.MEMBER]
    assert grade([], asset=BRIDGE).of_asset == ()
    assert grade([box(0, 1.0, DamageClass.SPALL)], asset=replace(BRIDGE, member="")).of_asset == ()


def test_an_open_grade_keeps_the_soundness_open() -> None:
    found = grade([box(0, 1.0, DamageClass.EXPOSED_REBAR)], asset=BRIDGE)
    whole = found.of_asset[-1]
    assert (whole.candidates, whole.best, whole.needs_review) == (("II", "III"), None, True)


def test_a_road_takes_the_worst_of_photo_and_ledger() -> None:
    rutted = replace(ROAD, attributes={"rut_mm": 45.0, "iri_mm_per_m": 2.0})
    (whole,) = grade([], asset=rutted, lane=LANE).of_asset
    assert (whole.scheme.split("/")[0], whole.candidates) == ("pavement_class", ("III-1", "III-2"))
    assert whole.values["crack_ratio_percent"] == 0
    aged = replace(
        rutted,
        attributes={**rutted.attributes, "surfaced_fiscal_year": 2005, "design_target_years": 13},
    )
    (old,) = grade([], asset=aged, lane=LANE, fiscal_year=2026).of_asset
    assert old.best == "III-1"
    (young,) = grade([], asset=aged, lane=LANE, fiscal_year=2010).of_asset
    assert young.best == "III-2"
    assert grade([], asset=ROAD).of_asset == ()


def test_an_unsettled_crack_ratio_is_not_taken_for_a_number() -> None:
    rows = [
        defect(crack([(0, 0.1 - 0.5 * i), (5, 0.1 - 0.5 * i)], width=below(2.0))) for i in range(6)
    ]
    (whole,) = grade(rows, asset=replace(ROAD, attributes={"rut_mm": 5.0}), lane=LANE).of_asset
    assert "crack_ratio_percent" not in whole.values
    assert any(reason.code == "partial" for reason in whole.reasons)


def test_the_candidates_above_defects_are_kept_with_the_others() -> None:
    spall = box(0, 1.0, DamageClass.SPALL)
    kept = candidates_of([appraise(BRIDGE, [spall], fiscal_year=2026)])
    assert [one.scheme.split("/")[0] for one in kept][-2:] == ["soundness_candidate"] * 2

"""Corrosion, appearance, soundness, countermeasures and MBEI states."""

import doctest
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection.codelists.bridgerules import (
    load_appearance_rule,
    load_corrosion_rule,
    load_soundness_rule,
)
from inspection.codelists.foreign import load_mbei_rule
from inspection.codelists.members import load_countermeasures
from inspection.domain import appearance, corrosion, mbei, soundness
from inspection.domain.appearance import propose_coating, propose_leak, propose_spall
from inspection.domain.corrosion import corrosion_candidate, corrosion_grade, suppress_coating
from inspection.domain.grade import Subject
from inspection.domain.mbei import (
    STATES,
    ElementQuantities,
    crack_state,
    efflorescence_state,
    rebar_state,
    spall_state,
    split_quantity,
)
from inspection.domain.soundness import (
    SOUNDNESS,
    MemberGrade,
    bridge_candidate,
    group_candidates,
    inconsistency,
    read_countermeasures,
)
from inspection.errors import BadInput

RUST = load_corrosion_rule()
LOOK = load_appearance_rule()
SOUND = load_soundness_rule()
CLASSES = load_countermeasures()
MBEI = load_mbei_rule()
share = st.floats(0, 1)


@pytest.mark.parametrize("module", [corrosion, mbei, soundness, appearance])
def test_examples_hold(module: object) -> None:
    assert doctest.testmod(module).failed == 0  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("deep", "area", "grade"),
    [(False, 0.0, "a"), (True, 0.0, "a"), (False, 0.1, "b"), (False, 0.49, "b"), (False, 0.5, "c"),
     (True, 0.1, "d"), (True, 0.49, "d"), (True, 0.5, "e"), (True, 1.0, "e")],
)  # fmt: skip
def test_golden_corrosion_matrix(deep: bool, area: float, grade: str) -> None:
    assert corrosion_grade(deep, area, rule=RUST) == grade


@given(share, share, st.booleans())
def test_more_corrosion_is_never_milder(one: float, two: float, deep: bool) -> None:
    low, high = sorted((one, two))
    assert corrosion_grade(deep, low, rule=RUST) <= corrosion_grade(deep, high, rule=RUST)
    assert corrosion_grade(False, low, rule=RUST) <= corrosion_grade(True, low, rule=RUST)


def test_a_photo_leaves_the_depth_open_and_asks_for_a_person() -> None:
    found = corrosion_candidate(0.3, deep=None, rule=RUST, subject_id="B/Mg0101")
    assert found.candidates == ("b", "d")
    assert (found.best, found.unresolved, found.record) == (None, True, "")
    flaking = corrosion_candidate(0.6, deep=True, rule=RUST, subject_id="B/Mg0101")
    assert (flaking.candidates, flaking.record) == (("e",), "①腐食(大大)-e")
    for candidate in (found, flaking):
        assert "depth_needs_a_person" in [reason.code for reason in candidate.reasons]
        assert candidate.needs_review
    clean = corrosion_candidate(0.0, deep=None, rule=RUST, subject_id="x")
    assert (clean.candidates, clean.best) == (("a",), "a")


def test_corrosion_needs_a_share_and_a_whole_matrix() -> None:
    with pytest.raises(BadInput, match="0 to 1"):
        corrosion_grade(True, 1.2, rule=RUST)
    with pytest.raises(BadInput, match="ascending"):
        replace(RUST, grades={**RUST.grades, "大大": "b"})
    with pytest.raises(BadInput, match="area_share"):
        replace(RUST, area_share=0.0)


def test_where_corrosion_stands_the_coating_is_not_recorded() -> None:
    assert suppress_coating({1: "d", 5: "e"}) == {1: "d"}
    assert suppress_coating({1: "a", 5: "e"}) == {1: "a", 5: "e"}
    assert suppress_coating({5: "e"}) == {5: "e"}


@pytest.mark.parametrize(
    ("seen", "rusty", "broken", "letter"),
    [(False, 0.0, False, "c"), (True, 0.0, False, "d"), (True, 0.5, False, "d"),
     (True, 0.51, False, "e"), (True, 0.0, True, "e")],
)  # fmt: skip
def test_golden_spalling_proposals(seen: bool, rusty: float, broken: bool, letter: str) -> None:
    found = propose_spall(rebar_seen=seen, rusty_share=rusty, bar_broken=broken, rule=LOOK)
    assert (found.damage_no, found.letters) == (7, (letter,))


@pytest.mark.parametrize(
    ("white", "stained", "hanging", "wide", "letter"),
    [(False, 0.0, False, 0.0, "c"), (True, 0.0, False, 0.0, "d"), (True, 0.09, False, 0.0, "d"),
     (True, 0.10, False, 0.0, "e"), (True, 0.0, True, 0.0, "e"), (True, 0.0, False, 0.10, "e")],
)  # fmt: skip
def test_golden_leak_proposals(
    white: bool, stained: float, hanging: bool, wide: float, letter: str
) -> None:
    found = propose_leak(
        efflorescence_seen=white, stained_share=stained, stalactite=hanging, element_share=wide,
        rule=LOOK,
    )  # fmt: skip
    assert (found.damage_no, found.letters) == (8, (letter,))


def test_the_coating_is_a_ranked_set_for_an_inspector() -> None:
    for rust in (False, True):
        for coverage in (0.0, 0.2, 0.9):
            found = propose_coating(rust_spots=rust, coverage_share=coverage)
            assert sorted(found.letters) == ["c", "d", "e"]
    assert propose_coating(rust_spots=True, coverage_share=0.0).letters[0] == "e"
    assert propose_coating(rust_spots=False, coverage_share=0.05).letters[0] == "c"
    with pytest.raises(BadInput, match="coverage_share"):
        propose_coating(rust_spots=True, coverage_share=2)


def member(group: str, grade: str, *, main: bool = True, possible: str = "") -> MemberGrade:
    return MemberGrade(
        group=group, main=main, subject_id=f"{group}01", grade=grade, possible=possible or grade
    )


def test_the_bridge_is_as_bad_as_its_worst_main_member() -> None:
    grades = [member("Mg", "c"), member("Ds", "e"), member("Ra", "e", main=False)]
    groups = group_candidates(grades, asset_id="B", rule=SOUND)
    assert {group: one.best for group, one in groups.items()} == {
        "Ds": "III",
        "Mg": "II",
        "Ra": "III",
    }
    whole = bridge_candidate(grades, asset_id="B", rule=SOUND)
    assert whole is not None
    assert (whole.best, whole.subject, whole.subject_id) == ("III", Subject.ASSET, "B")
    milder = bridge_candidate([member("Mg", "b"), grades[2]], asset_id="B", rule=SOUND)
    assert milder is not None
    assert milder.best == "I"
    assert bridge_candidate([grades[2]], asset_id="B", rule=SOUND) is None


def test_an_open_grade_leaves_the_soundness_open() -> None:
    found = bridge_candidate([member("Mg", "b", possible="e")], asset_id="B", rule=SOUND)
    assert found is not None
    assert (found.candidates, found.best) == (("I", "II", "III"), None)


@given(st.lists(st.sampled_from("abcde"), min_size=1, max_size=8))
def test_a_machine_never_says_iv_and_always_says_why(letters: list[str]) -> None:
    found = bridge_candidate([member("Mg", g) for g in letters], asset_id="B", rule=SOUND)
    assert found is not None
    assert "IV" not in found.candidates
    assert found.needs_review
    assert "no_official_formula" in [reason.code for reason in found.reasons]


@given(st.lists(st.sampled_from("abcde"), min_size=1), st.sampled_from("abcde"))
def test_another_member_never_makes_a_bridge_sounder(letters: list[str], more: str) -> None:
    grades = [member("Mg", g) for g in letters]
    before = bridge_candidate(grades, asset_id="B", rule=SOUND)
    after = bridge_candidate([*grades, member("Cr", more)], asset_id="B", rule=SOUND)
    assert before is not None
    assert after is not None
    assert SOUNDNESS.index(after.candidates[0]) >= SOUNDNESS.index(before.candidates[0])


def test_nine_countermeasures_and_no_s3() -> None:
    assert list(CLASSES) == ["A", "B", "C1", "C2", "E1", "E2", "M", "S1", "S2"]
    assert read_countermeasures("C2+S1", known=CLASSES) == ("C2", "S1")
    assert read_countermeasures("c2、s1", known=CLASSES) == ("C2", "S1")
    for wrong in ("S3", "", "C2+S3", "C3"):
        with pytest.raises(BadInput, match="is none of A, B, C1, C2, E1, E2, M, S1, S2"):
            read_countermeasures(wrong, known=CLASSES)


@pytest.mark.parametrize(
    ("codes", "soundness_code", "fits"),
    [("A", "I", True), ("B", "I", True), ("C1", "II", True), ("M", "II", True), ("C2", "III", True),
     ("E1", "IV", True), ("E2", "IV", True), ("C2+S1", "III", True), ("S1", "IV", True),
     ("S1+S2", "I", True), ("C2", "II", False), ("A", "III", False), ("E1+C2", "III", False)],
)  # fmt: skip
def test_countermeasures_and_soundness_that_fit(
    codes: str, soundness_code: str, fits: bool
) -> None:
    found = inconsistency(codes.split("+"), soundness_code, known=CLASSES)
    assert (found is None) is fits


def test_a_contradiction_says_both_sides() -> None:
    found = inconsistency(["C2"], "II", known=CLASSES)
    assert found is not None
    assert "III" in found.en
    assert "not II" in found.en
    with pytest.raises(BadInput, match="none of I"):
        inconsistency(["C2"], "V", known=CLASSES)


@pytest.mark.parametrize(
    ("defect", "width", "spacing", "state"),
    [(1130, 0.29, None, "CS1"), (1130, 0.30, None, "CS2"), (1130, 1.27, None, "CS2"),
     (1130, 1.28, None, "CS3"), (1130, 0.1, 1.0, "CS1"), (1130, 0.1, 0.91, "CS2"),
     (1130, 0.1, 0.29, "CS3"), (1110, 0.09, None, "CS1"), (1110, 0.10, None, "CS2"),
     (1110, 0.24, None, "CS3")],
)  # fmt: skip
def test_golden_mbei_cracks(defect: int, width: float, spacing: float | None, state: str) -> None:
    assert crack_state(defect, width, spacing, rule=MBEI) == state


def test_mbei_cracks_need_a_concrete_defect_and_sizes() -> None:
    with pytest.raises(BadInput, match="no crack of concrete"):
        crack_state(1010, 0.3, None, rule=MBEI)
    with pytest.raises(BadInput, match="≥ 0"):
        crack_state(1130, -0.3, None, rule=MBEI)


def test_mbei_spalls_rebar_and_efflorescence() -> None:
    assert spall_state(25, 300, rule=MBEI) == "CS2"
    assert spall_state(26, 300, rule=MBEI) == "CS3"
    assert spall_state(None, 150, rule=MBEI) == "CS2"
    assert spall_state(None, 151, rule=MBEI) is None  # a photo cannot tell the depth
    assert spall_state(None, 500, sound_patch=True, rule=MBEI) == "CS2"
    assert spall_state(None, 500, sound_patch=False, rule=MBEI) == "CS3"
    assert rebar_state(seen=True, section_loss=None) is None
    assert rebar_state(seen=True, section_loss=False) == "CS2"
    assert efflorescence_state(seen=False, build_up=False, rust=False) == "CS1"
    assert efflorescence_state(seen=True, build_up=False, rust=False) == "CS2"


@given(st.lists(st.tuples(st.sampled_from(STATES[1:]), st.floats(0, 10)), max_size=8))
def test_quantities_always_add_up(defective: list[tuple[str, float]]) -> None:
    found = split_quantity(12, 100.0, defective)
    assert sum(found.states) == pytest.approx(100.0)
    assert found.states[0] == pytest.approx(100.0 - sum(q for _, q in defective))


def test_quantities_that_do_not_add_up_are_refused() -> None:
    with pytest.raises(BadInput, match="cover 11 of 10"):
        split_quantity(12, 10.0, [("CS2", 11.0)])
    with pytest.raises(BadInput, match="none of CS1"):
        split_quantity(12, 10.0, [("CS5", 1.0)])
    with pytest.raises(BadInput, match="sum to"):
        ElementQuantities(element=12, total=10.0, states=(5.0, 0.0, 0.0, 0.0))

"""Grades, states and soundness under hostile and borderline values (§1.2, §1.3, §1.5, §3.2)."""

from collections.abc import Callable
from itertools import combinations, product
from math import inf, nan

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspection.codelists.bridgerules import (
    load_appearance_rule,
    load_corrosion_rule,
    load_soundness_rule,
)
from inspection.codelists.foreign import load_mbei_rule
from inspection.codelists.members import load_countermeasures
from inspection.domain.appearance import propose_coating, propose_leak, propose_spall
from inspection.domain.corrosion import corrosion_candidate, corrosion_grade, suppress_coating
from inspection.domain.grade import GRADES
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

LAW = settings(max_examples=50, deadline=None, derandomize=True)
RUST, LOOK, SOUND = load_corrosion_rule(), load_appearance_rule(), load_soundness_rule()
CLASSES, MBEI = load_countermeasures(), load_mbei_rule()
NO_SHARE = (-0.01, 1.01, 30.0, nan, inf, -inf)


# MBEI §3.2: bounds of widths in mm and of spacings in m, just below, at, and just above
@pytest.mark.parametrize(
    ("defect", "width", "spacing", "state"),
    [
        (1130, 0.0, None, "CS1"), (1130, 0.2999, None, "CS1"), (1130, 0.30, None, "CS2"),
        (1130, 1.27, None, "CS2"), (1130, 1.2701, None, "CS3"), (1130, 50.0, None, "CS3"),
        (1110, 0.0999, None, "CS1"), (1110, 0.10, None, "CS2"), (1110, 0.23, None, "CS2"),
        (1110, 0.2301, None, "CS3"),
        (1130, 0.1, 0.92, "CS1"), (1130, 0.1, 0.91, "CS2"), (1130, 0.1, 0.30, "CS2"),
        (1130, 0.1, 0.2999, "CS3"), (1130, 0.1, 0.0, "CS3"), (1130, 0.5, 2.0, "CS2"),
        (1110, 0.3, 2.0, "CS3"), (1110, 0.05, 0.5, "CS2"), (1130, 0.1, inf, "CS1"),
    ],
)  # fmt: skip
def test_golden_crack_states_at_both_bounds(
    defect: int, width: float, spacing: float | None, state: str
) -> None:
    assert crack_state(defect, width, spacing, rule=MBEI) == state


@LAW
@given(
    st.sampled_from([1110, 1130]),
    st.floats(0, 3),
    st.floats(0, 3),
    st.floats(0, 2),
    st.floats(0, 2),
)
def test_a_wider_or_closer_crack_is_never_in_a_better_state(
    defect: int, one: float, two: float, near: float, far: float
) -> None:
    thin, wide = sorted((one, two))
    close, apart = sorted((near, far))
    states = [crack_state(defect, w, s, rule=MBEI) for w, s in ((thin, apart), (wide, close))]
    assert STATES.index(states[0]) <= STATES.index(states[1])
    assert crack_state(1110, wide, close, rule=MBEI) >= crack_state(1130, wide, close, rule=MBEI)
    assert crack_state(defect, wide, None, rule=MBEI) <= crack_state(defect, wide, close, rule=MBEI)


@pytest.mark.parametrize(
    ("defect", "width", "spacing"),
    [(1130, nan, None), (1130, -0.1, None), (1130, 0.1, nan), (1130, 0.1, -1.0), (1110, nan, nan)],
)
def test_a_crack_without_a_true_width_or_spacing_has_no_state(
    defect: int, width: float, spacing: float | None
) -> None:
    with pytest.raises(BadInput, match="mm and spacing"):
        crack_state(defect, width, spacing, rule=MBEI)


@pytest.mark.parametrize("defect", [0, 1080, 1010, -1130])
def test_other_defects_are_no_cracks_of_concrete_and_the_known_are_named(defect: int) -> None:
    with pytest.raises(BadInput, match=rf"defect {defect} .*1110, 1130"):
        crack_state(defect, 0.3, None, rule=MBEI)


@pytest.mark.parametrize(
    ("depth", "across", "patch", "state"),
    [
        (None, 0.0, None, "CS2"), (None, 150.0, None, "CS2"), (None, 150.1, None, None),
        (25.0, 151.0, None, "CS2"), (25.1, 151.0, None, "CS3"), (60.0, 150.0, None, "CS2"),
        (None, 900.0, True, "CS2"), (None, 10.0, False, "CS3"), (80.0, 900.0, True, "CS2"),
    ],
)  # fmt: skip
def test_golden_spall_states_at_both_bounds(
    depth: float | None, across: float, patch: bool | None, state: str | None
) -> None:
    assert spall_state(depth, across, sound_patch=patch, rule=MBEI) == state


@pytest.mark.parametrize(
    ("depth", "across"), [(nan, 200.0), (-1.0, 200.0), (5.0, nan), (5.0, -3.0)]
)
def test_a_spall_of_impossible_size_has_no_state(depth: float, across: float) -> None:
    with pytest.raises(BadInput, match="spall"):
        spall_state(depth, across, rule=MBEI)


def test_golden_states_of_rebar_and_efflorescence() -> None:
    bars = [
        rebar_state(seen=seen, section_loss=loss)
        for seen, loss in product((False, True), (None, False, True))
    ]
    assert bars == ["CS1", "CS1", "CS1", None, "CS2", "CS3"]
    found = [
        efflorescence_state(seen=s, build_up=b, rust=r)
        for s, b, r in product((False, True), repeat=3)
    ]
    assert found == ["CS1"] * 4 + ["CS2", "CS3", "CS3", "CS3"]


@LAW
@given(
    st.floats(0.1, 1e6),
    st.lists(st.tuples(st.sampled_from(STATES), st.floats(0, 1)), max_size=8),
)
def test_the_four_states_always_sum_to_the_whole_element(
    total: float, parts: list[tuple[str, float]]
) -> None:
    weight = sum(part for _, part in parts) or 1.0
    defects = [(state, 0.9 * total * part / weight) for state, part in parts]
    found = split_quantity(12, total, defects)
    assert sum(found.states) == pytest.approx(total)
    assert min(found.states) >= 0
    for place, state in enumerate(STATES[1:], start=1):
        assert found.states[place] == pytest.approx(sum(q for s, q in defects if s == state))
    assert split_quantity(12, total, defects[::-1]).states == pytest.approx(found.states)


@pytest.mark.parametrize(
    ("total", "defects", "says"),
    [
        (10.0, [("CS2", 6.0), ("CS3", 4.1)], "cover 10.1 of 10"),
        (10.0, [("CS5", 1.0)], "none of CS1, CS2, CS3, CS4"),
        (10.0, [("cs2", 1.0)], "none of"),
        (10.0, [("CS2", -1.0), ("CS2", 2.0)], "-1"),
        (10.0, [("CS2", nan)], "nan"),
        (10.0, [("CS3", inf)], "inf"),
        (nan, [], "nan"),
        (-1.0, [], "-1"),
    ],
)
def test_defects_that_do_not_fit_an_element_are_refused(
    total: float, defects: list[tuple[str, float]], says: str
) -> None:
    with pytest.raises(BadInput, match=says):
        split_quantity(215, total, defects)


@pytest.mark.parametrize(
    "states", [(nan, 0.0, 0.0, 10.0), (10.1, 0.0, 0.0, 0.0), (11.0, -1.0, 0.0, 0.0), (0.0,) * 4]
)
def test_quantities_that_lose_something_are_refused(
    states: tuple[float, float, float, float],
) -> None:
    with pytest.raises(BadInput, match="element 12: CS1–CS4"):
        ElementQuantities(element=12, total=10.0, states=states)


# corrosion §1.5.3
@pytest.mark.parametrize(
    ("deep", "area", "record"),
    [
        (False, 0.001, "①腐食(小小)-b"), (False, 0.4999, "①腐食(小小)-b"),
        (False, 0.5, "①腐食(小大)-c"), (False, 1.0, "①腐食(小大)-c"),
        (True, 0.001, "①腐食(大小)-d"), (True, 0.4999, "①腐食(大小)-d"),
        (True, 0.5, "①腐食(大大)-e"), (True, 1.0, "①腐食(大大)-e"),
    ],
)  # fmt: skip
def test_golden_records_of_corrosion(deep: bool, area: float, record: str) -> None:
    found = corrosion_candidate(area, deep=deep, rule=RUST, subject_id="Mg0101")
    assert found.record == record
    assert found.candidates == (record[-1],)
    assert found.best == found.worst == record[-1]


@LAW
@given(st.floats(0, 1), st.sampled_from([None, False, True]))
def test_what_is_open_holds_both_depths_and_says_so(area: float, deep: bool | None) -> None:
    found = corrosion_candidate(area, deep=deep, rule=RUST, subject_id="Mg0101")
    possible = {corrosion_grade(d, area, rule=RUST) for d in (False, True)}
    assert set(found.candidates) <= possible
    assert (found.best is None) == found.unresolved == (len(found.candidates) > 1)
    assert list(found.candidates) == sorted(found.candidates)
    assert bool(found.record) == (deep is not None and area > 0)
    assert found.values["area_share"] == area


@pytest.mark.parametrize("share", NO_SHARE)
def test_what_is_no_share_is_refused_by_name_everywhere(share: float) -> None:
    refused: dict[str, Callable[[], object]] = {
        "corroded share": lambda: corrosion_grade(True, share, rule=RUST),
        "corroded": lambda: corrosion_candidate(share, deep=None, rule=RUST, subject_id="x"),
        "rusty_share": lambda: propose_spall(rebar_seen=False, rusty_share=share, rule=LOOK),
        "stained_share": lambda: propose_leak(
            efflorescence_seen=False, stained_share=share, rule=LOOK
        ),
        "element_share": lambda: propose_leak(
            efflorescence_seen=True, element_share=share, rule=LOOK
        ),
        "coverage_share": lambda: propose_coating(rust_spots=True, coverage_share=share),
    }
    for name, call in refused.items():
        with pytest.raises(BadInput, match=name) as caught:
            call()
        assert str(share) in str(caught.value)


@LAW
@given(st.dictionaries(st.integers(1, 26), st.sampled_from(GRADES)))
def test_only_coating_is_left_out_and_only_beside_corrosion(grades: dict[int, str]) -> None:
    kept = suppress_coating(grades)
    assert set(grades) - set(kept) <= {5}
    assert (5 in grades and 5 not in kept) == (5 in grades and grades.get(1, "a") > "a")
    assert suppress_coating(kept) == kept


# appearance §1.5.4, last paragraph
@LAW
@given(st.booleans(), st.floats(0, 1), st.booleans(), st.floats(0, 1), st.booleans())
def test_more_to_see_is_never_proposed_milder(
    seen: bool, share: float, flag: bool, other: float, white: bool
) -> None:
    low, high = sorted((share, other))
    milder = propose_spall(rebar_seen=seen and flag, rusty_share=low, rule=LOOK)
    worse = propose_spall(rebar_seen=seen, rusty_share=high, bar_broken=flag, rule=LOOK)
    assert milder.letters <= worse.letters
    less = propose_leak(efflorescence_seen=white and flag, stained_share=low, rule=LOOK)
    more = propose_leak(efflorescence_seen=white, stained_share=high, stalactite=flag, rule=LOOK)
    assert less.letters <= more.letters
    for found in (milder, worse, less, more):
        assert set("".join(found.letters)) <= set("cde")
        assert found.reason.ja
        assert found.reason.en


@pytest.mark.parametrize(
    ("rust", "share", "letters"),
    [
        (True, 0.0, "edc"), (False, 0.0, "cde"), (False, 0.0999, "cde"), (False, 0.10, "dce"),
        (False, 0.4999, "dce"), (False, 0.5, "edc"), (True, 1.0, "edc"),
    ],
)  # fmt: skip
def test_golden_ranks_of_coating(rust: bool, share: float, letters: str) -> None:
    found = propose_coating(rust_spots=rust, coverage_share=share)
    assert "".join(found.letters) == letters
    assert ("点錆" in found.reason.ja) == ("rust spots" in found.reason.en) == rust


# soundness §1.2, §0.2 rules 1 and 2
MEMBERS = st.lists(
    st.tuples(
        st.sampled_from(["1/Mg", "1/Ds", "2/Mg", "1/Ra"]), st.booleans(),
        st.sampled_from(GRADES), st.sampled_from(GRADES),
    ).map(
        lambda t: MemberGrade(
            group=t[0], main=t[1], subject_id=t[0] + "0101", grade=min(t[2:]), possible=max(t[2:])
        )
    ),
    max_size=8,
)  # fmt: skip


@LAW
@given(MEMBERS, st.randoms(use_true_random=False))
def test_a_machine_never_says_iv_and_the_order_of_members_decides_nothing(
    members: list[MemberGrade], rng: object
) -> None:
    shuffled = members[:]
    rng.shuffle(shuffled)  # type: ignore[attr-defined]
    groups = group_candidates(members, asset_id="B", rule=SOUND)
    again = group_candidates(shuffled, asset_id="B", rule=SOUND)
    assert list(groups) == sorted(groups)
    assert {k: v.candidates for k, v in groups.items()} == {
        k: v.candidates for k, v in again.items()
    }
    whole = bridge_candidate(members, asset_id="B", rule=SOUND)
    mains = [m for m in members if m.main]
    assert (whole is None) == (not mains)
    for found in (*groups.values(), *([whole] if whole else [])):
        assert "IV" not in found.candidates
        assert found.candidates
        assert found.needs_review
        assert (found.best is None) == found.unresolved == found.borderline
    if whole is not None:
        worst = max(m.possible for m in mains)
        assert whole.worst == SOUND.grades[worst]


@LAW
@given(MEMBERS, MEMBERS)
def test_one_more_member_never_makes_a_bridge_better(
    some: list[MemberGrade], more: list[MemberGrade]
) -> None:
    before = bridge_candidate(some, asset_id="B", rule=SOUND)
    after = bridge_candidate([*some, *more], asset_id="B", rule=SOUND)
    if before is None:
        return
    assert after is not None
    for place in (0, -1):
        assert SOUNDNESS.index(before.candidates[place]) <= SOUNDNESS.index(after.candidates[place])


# countermeasures §1.3
@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("A", ("A",)), ("c2+s1", ("C2", "S1")), ("C2 + S1", ("C2", "S1")), ("C1、M", ("C1", "M")),
        ("E1,E2", ("E1", "E2")), ("Ｃ２＋Ｓ１", ("C2", "S1")), ("Ｃ１，Ｍ", ("C1", "M")),
        ("C2+C2", ("C2",)), ("S1+C2", ("S1", "C2")), ("B+", ("B",)), ("C2・S1", ("C2", "S1")),
        ("C1/M", ("C1", "M")), ("　C1　", ("C1",)), ("C1\r\nS2", ("C1", "S2")),
    ],
)  # fmt: skip
def test_golden_countermeasures_as_ledgers_write_them(text: str, codes: tuple[str, ...]) -> None:
    assert read_countermeasures(text, known=CLASSES) == codes


@pytest.mark.parametrize("text", ["", "+", "S3", "C", "C3", "C2S1", "E", "1", "C2+S3", "判定A"])
def test_a_class_that_is_none_is_refused_with_the_nine(text: str) -> None:
    with pytest.raises(BadInput, match="A, B, C1, C2, E1, E2, M, S1, S2"):
        read_countermeasures(text, known=CLASSES)


USUAL = {"A": "I", "B": "I", "C1": "II", "M": "II", "C2": "III", "E1": "IV", "E2": "IV"}


@pytest.mark.parametrize("codes", [*combinations([*USUAL, "S1", "S2"], 1), *combinations(USUAL, 2)])
def test_golden_the_worst_class_decides_what_usually_stands_with_it(codes: tuple[str, ...]) -> None:
    usual = max((USUAL[c] for c in codes if c in USUAL), key=SOUNDNESS.index, default=None)
    for soundness in SOUNDNESS:
        warning = inconsistency(codes, soundness, known=CLASSES)
        assert (warning is None) == (usual in (None, soundness))
        if warning is not None:
            assert "+".join(codes) in warning.ja
            assert f"usually goes with soundness {usual}, not {soundness}" in warning.en


@pytest.mark.parametrize(
    ("codes", "soundness", "says"),
    [(["A"], "V", "'V' is none of I, II, III, IV"), (["A"], "3", "'3'"), (["S3"], "I", "S3")],
)
def test_what_is_no_soundness_or_class_cannot_be_compared(
    codes: list[str], soundness: str, says: str
) -> None:
    with pytest.raises(BadInput, match=says):
        inconsistency(codes, soundness, known=CLASSES)

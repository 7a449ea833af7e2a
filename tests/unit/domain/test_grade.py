"""Crack grades a–e: golden tests of domain specification §1.5.1, honesty below the limit."""

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from inspection.codelists.grades import load_crack_grade_rule
from inspection.domain.asset import Concrete
from inspection.domain.grade import (
    CrackGradeRule,
    GradeCandidate,
    Subject,
    crack_grade,
    crack_grade_candidate,
    smallest_spacings_m,
)
from inspection.domain.measurement import Quantity
from inspection.errors import BadInput
from tests.support.damage import below, quantity

RULE = load_crack_grade_rule()
RC, PC = Concrete.RC, Concrete.PC
CONCRETE = st.sampled_from(list(Concrete))
SPACING = st.one_of(st.none(), st.floats(0.01, 10))


def candidate(
    width: Quantity | None, spacing: float | None = None, concrete: Concrete = RC
) -> GradeCandidate:
    return crack_grade_candidate(
        width, spacing, concrete, rule=RULE, subject=Subject.DEFECT, subject_id="1"
    )


@pytest.mark.parametrize(
    ("concrete", "width_mm", "spacing_m", "expected"),
    [
        (RC, 0.15, 1.0, "b"),
        (RC, 0.15, 0.3, "c"),
        (RC, 0.20, 1.0, "c"),
        (RC, 0.25, 0.4, "d"),
        (RC, 0.30, 0.5, "d"),
        (RC, 0.30, 0.49, "e"),
        (PC, 0.10, 2.0, "c"),
        (PC, 0.20, 0.2, "e"),
        (PC, 0.09, 0.2, "c"),
        (RC, None, None, "a"),
        (RC, 0.15, None, "b"),
    ],
)
def test_golden_grades(
    concrete: Concrete, width_mm: float | None, spacing_m: float | None, expected: str
) -> None:
    assert crack_grade(width_mm, spacing_m, concrete, rule=RULE) == expected


@pytest.mark.parametrize(
    ("width_mm", "reading_mm"),
    [(0.0, 0.0), (0.0249, 0.0), (0.025, 0.05), (0.174, 0.15), (0.175, 0.20), (0.30, 0.30)],
)
def test_the_gauge_rounds_half_up_to_0_05_mm(width_mm: float, reading_mm: float) -> None:
    assert RULE.gauge_reading_mm(width_mm) == reading_mm


def test_a_width_that_the_gauge_rounds_up_is_borderline_with_both_grades() -> None:
    found = candidate(quantity(0.18, 0.0), 1.0)
    assert found.candidates == ("b", "c")
    assert found.best == "c"  # the gauge shows 0.20
    assert found.borderline
    assert not found.unresolved
    assert found.values["width_mm"] == 0.18  # the unrounded value is kept


def test_a_threshold_within_the_uncertainty_is_borderline() -> None:
    found = candidate(quantity(0.30, 0.04), 1.0)
    assert found.candidates == ("c", "d")
    assert found.best == "d"
    assert found.borderline
    assert found.record == ""
    assert "threshold_within_uncertainty" in [reason.code for reason in found.reasons]


def test_a_clear_width_gives_one_grade_and_the_words_of_a_record() -> None:
    found = candidate(quantity(6.0, 2.0, 2.0), 0.3)
    assert found.candidates == ("e",)
    assert (found.best, found.borderline, found.unresolved) == ("e", False, False)
    assert found.record == "⑥ひびわれ(大大)-e"
    assert candidate(quantity(0.25, 0.01), 0.4).record == "⑥ひびわれ(中大)-d"


def test_below_a_coarse_limit_every_grade_is_possible_and_none_is_chosen() -> None:
    found = candidate(below(2.0), 1.0)
    assert found.candidates == ("b", "c", "d")
    assert found.best is None
    assert found.unresolved
    assert found.record == ""
    assert "width_mm" not in found.values
    assert found.values["width_limit_mm"] == 2.0
    assert "2.00" in found.reasons[0].en


def test_below_a_fine_limit_only_the_lower_classes_are_possible() -> None:
    assert candidate(below(0.25), 1.0).candidates == ("b", "c")
    fine = candidate(below(0.15), 1.0)
    assert fine.candidates == ("b",)
    assert (fine.best, fine.unresolved) == ("b", False)


def test_just_under_a_limit_the_gauge_may_read_the_next_step() -> None:
    assert candidate(below(0.2), 1.0).candidates == ("b", "c")
    assert candidate(below(0.18), 1.0).candidates == ("b", "c")
    assert candidate(below(0.17), 1.0).candidates == ("b",)


def test_no_crack_is_grade_a() -> None:
    found = candidate(None)
    assert (found.candidates, found.best, found.reasons) == (("a",), "a", ())


@given(st.floats(0, 20), st.floats(0, 5), SPACING, CONCRETE)
def test_the_grade_of_the_reading_and_of_the_value_are_candidates(
    width: float, u: float, spacing: float | None, concrete: Concrete
) -> None:
    found = candidate(quantity(width, u), spacing, concrete)
    reading = RULE.gauge_reading_mm(width)
    assert found.best == crack_grade(reading, spacing, concrete, rule=RULE)
    assert crack_grade(width, spacing, concrete, rule=RULE) in found.candidates
    assert found.best in found.candidates
    assert found.borderline == (len(found.candidates) > 1)
    assert found.worst == max(found.candidates)


@given(st.floats(0, 2), st.floats(0, 2), SPACING, CONCRETE)
def test_a_wider_crack_is_never_graded_better(
    width: float, more: float, spacing: float | None, concrete: Concrete
) -> None:
    narrow = candidate(quantity(width, 0.05), spacing, concrete)
    wide = candidate(quantity(width + more, 0.05), spacing, concrete)
    assert wide.candidates[0] >= narrow.candidates[0]
    assert wide.candidates[-1] >= narrow.candidates[-1]
    assert (wide.best or "") >= (narrow.best or "")


@given(st.floats(0, 2), st.floats(0.01, 2), st.floats(0, 2), CONCRETE)
def test_a_closer_crack_is_never_graded_better(
    width: float, spacing: float, more: float, concrete: Concrete
) -> None:
    close = crack_grade(width, spacing, concrete, rule=RULE)
    assert close >= crack_grade(width, spacing + more, concrete, rule=RULE)
    assert close >= crack_grade(width, None, concrete, rule=RULE)


@given(st.floats(0, 2), SPACING)
def test_prestressed_concrete_is_judged_at_least_as_strictly(
    width: float, spacing: float | None
) -> None:
    assert crack_grade(width, spacing, PC, rule=RULE) >= crack_grade(width, spacing, RC, rule=RULE)


def test_a_matrix_that_rewards_damage_is_refused() -> None:
    with pytest.raises(BadInput, match="better grade"):
        CrackGradeRule(
            version="1",
            type_ja="",
            width_mm={},
            gauge_step_mm=0.05,
            spacing_m=0.5,
            matrix=(("c", "b"), ("c", "d"), ("d", "e")),
        )
    with pytest.raises(BadInput, match="letters"):
        CrackGradeRule(
            version="1", type_ja="", width_mm={}, gauge_step_mm=0.05, spacing_m=0.5, matrix=()
        )


def lines(*heights: float, length: float = 5.0) -> list[shapely.Geometry]:
    return [shapely.LineString([(0, y), (length, y)]) for y in heights]


def test_the_golden_spacing_is_400_mm_within_1_percent() -> None:
    assert smallest_spacings_m(lines(0, 0.4)) == pytest.approx([0.4, 0.4], rel=0.01)


def test_spacing_is_on_the_ground() -> None:
    assert smallest_spacings_m(lines(0, 0.4), scale=0.9996) == pytest.approx([0.40016] * 2)


def test_a_crossing_crack_gives_no_spacing() -> None:
    cross = shapely.LineString([(2, -2), (2.2, 2)])
    assert smallest_spacings_m([*lines(0), cross]) == [None, None]


def test_branches_of_one_crack_are_not_parallel_cracks() -> None:
    fork = shapely.MultiLineString([[(0, 0), (3, 0)], [(0, 0.2), (3, 0.2)]])
    assert smallest_spacings_m([fork]) == [None]
    assert smallest_spacings_m([fork, *lines(1.0)]) == pytest.approx([0.8, 0.8])


def test_neighbours_out_of_reach_are_not_looked_for() -> None:
    assert smallest_spacings_m(lines(0, 6.0)) == [None, None]
    assert smallest_spacings_m(lines(0, 6.0), search_m=7.0) == pytest.approx([6.0, 6.0])


@given(st.permutations([0.0, 0.4, 1.0, 1.3, 4.0]))
def test_spacings_do_not_depend_on_the_order(heights: list[float]) -> None:
    found = dict(zip(heights, smallest_spacings_m(lines(*heights)), strict=True))
    assert found == pytest.approx({0.0: 0.4, 0.4: 0.4, 1.0: 0.3, 1.3: 0.3, 4.0: 2.7})


def test_no_cracks_have_no_spacings() -> None:
    assert smallest_spacings_m([]) == []

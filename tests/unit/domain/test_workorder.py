"""What people read: quantities, grades and reasons as words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection.domain.grade import GradeCandidate, Subject
from inspection.domain.measurement import Quantity
from inspection.domain.prioritymodel import Item
from inspection.domain.workorder import reasons_text, shown, shown_grade
from inspection.errors import BadInput
from tests.support.damage import below, quantity


def item(code: str, points: float) -> Item:
    return Item(code=code, points=points, ja=f"{code}の理由", en=f"reason {code}")


def test_a_value_has_its_uncertainty() -> None:
    assert shown(quantity(0.254, 0.061)) == "0.25 ± 0.06"
    assert shown(quantity(0.254, 0.061), digits=3) == "0.254 ± 0.061"
    assert shown(quantity(0.254, 0.061), uncertainty=False) == "0.25"
    assert shown(Quantity(value=3.0, expanded_uncertainty=None)) == "3.00"


def test_nothing_is_shown_for_nothing() -> None:
    assert shown(None) == ""
    assert shown_grade(None) == ""


@given(st.floats(0.01, 100))
def test_below_the_limit_only_the_limit_is_shown(limit: float) -> None:
    assert shown(below(limit)) == f"< {limit:.2f}"
    assert "±" not in shown(below(limit))


def test_an_open_grade_shows_all_candidates() -> None:
    open_grade = GradeCandidate(
        scheme="s",
        subject=Subject.DEFECT,
        subject_id="1",
        candidates=("b", "c", "d"),
        best=None,
        borderline=True,
        unresolved=True,
    )
    assert shown_grade(open_grade) == "b/c/d"
    assert open_grade.worst == "d"


def test_reasons_in_both_languages() -> None:
    items = [item("R2", 0), item("L", 49), item("cap", -1)]
    assert reasons_text(items, "en") == "reason R2; reason L +49.0; reason cap -1.0"
    assert reasons_text(items, "ja") == "R2の理由; Lの理由 +49.0; capの理由 -1.0"
    assert reasons_text([], "en") == ""


def test_a_third_language_is_refused() -> None:
    with pytest.raises(BadInput, match="'fr'"):
        reasons_text([], "fr")

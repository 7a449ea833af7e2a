"""A width that is refused: no number, a reason, and no milder treatment for it anywhere."""

import itertools
from dataclasses import replace

import pytest

from api.schemas.quantity import QuantityOut
from inspection.codelists.grades import load_crack_grade_rule
from inspection.domain.asset import Concrete
from inspection.domain.grade import Subject, crack_grade_candidate
from inspection.domain.measurement import (
    REFUSED_TOO_OBLIQUE,
    Measurement,
    Quantity,
    Refusal,
)
from inspection.domain.workorder import REFUSALS, shown
from inspection.errors import BadInput
from inspection.export.geojson import _quantity
from inspection.store.observations import measurement_from_plain, measurement_to_plain
from tests.support.damage import below, quantity

MEASURED = Measurement(
    length_m=quantity(1.2, 0.1),
    width_mm=REFUSED_TOO_OBLIQUE,
    width_mean_mm=None,
    area_m2=quantity(0.01, 0.001),
    orientation_deg=12.0,
    gsd_mm_per_px=2.0,
)


@pytest.mark.parametrize(
    ("value", "below_limit", "refused"),
    list(itertools.product((None, 1.0), (False, True), (None, 1))),
)
def test_a_quantity_is_a_value_or_below_its_limit_or_refused(
    value: float | None, below_limit: bool, refused: int | None
) -> None:
    why = None if refused is None else Refusal.TOO_OBLIQUE
    if (value is not None) + below_limit + (why is not None) == 1:
        made = Quantity(
            value=value, expanded_uncertainty=None, below_limit=below_limit, refused=why
        )
        assert made.refused is why
        return
    with pytest.raises(BadInput, match="one of the three"):
        Quantity(value=value, expanded_uncertainty=None, below_limit=below_limit, refused=why)


def test_every_refusal_has_words_and_they_carry_no_unit() -> None:
    assert set(REFUSALS) == set(Refusal)
    text = shown(REFUSED_TOO_OBLIQUE, digits=3, unit=" mm")
    assert "45°" in text and "測定不可" in text and "mm" not in text and "<" not in text
    assert shown(quantity(0.25, 0.06), unit=" mm") == "0.25 ± 0.06 mm"
    assert shown(below(0.2), unit=" mm") == "< 0.20 mm"
    assert shown(None, unit=" mm") == ""


@pytest.mark.parametrize("concrete", list(Concrete))
@pytest.mark.parametrize("spacing_m", [None, 0.3, 5.0])
def test_a_crack_of_refused_width_may_have_any_grade_and_none_is_the_best(
    concrete: Concrete, spacing_m: float | None
) -> None:
    rule = load_crack_grade_rule()

    def graded(width: Quantity) -> tuple[str, ...]:
        return crack_grade_candidate(
            width, spacing_m, concrete, rule=rule, subject=Subject.DEFECT, subject_id="1"
        ).candidates

    found = crack_grade_candidate(
        REFUSED_TOO_OBLIQUE, spacing_m, concrete, rule=rule, subject=Subject.DEFECT, subject_id="1"
    )
    assert found.best is None and found.unresolved and not found.record
    assert "width_too_oblique" in {reason.code for reason in found.reasons}
    assert "width_mm" not in found.values and "width_limit_mm" not in found.values
    for width in (quantity(0.05, 0.01), quantity(0.15, 0.01), quantity(0.9, 0.01), below(0.2)):
        assert set(graded(width)) <= set(found.candidates)


def test_a_stored_measurement_comes_back_and_older_rows_are_as_they_were() -> None:
    plain = measurement_to_plain(MEASURED)
    assert plain["width_mm"]["refused"] == "too_oblique"
    assert measurement_from_plain(plain) == MEASURED
    known = replace(MEASURED, width_mm=quantity(0.3, 0.1))
    plain = measurement_to_plain(known)
    assert set(plain["width_mm"]) == {"value", "expanded_uncertainty", "limit", "below_limit"}
    assert measurement_from_plain(plain) == known


def test_exports_and_the_interface_say_why_there_is_no_number() -> None:
    assert _quantity("width", "mm", REFUSED_TOO_OBLIQUE, 3) == {
        "width_mm": None,
        "width_u_mm": None,
        "width_refused": "too_oblique",
    }
    assert "width_refused" not in _quantity("width", "mm", below(0.2), 3)
    sent = QuantityOut.of(REFUSED_TOO_OBLIQUE).model_dump(mode="json")
    assert sent["refused"] == "too_oblique" and sent["value"] is None and not sent["below_limit"]
    assert QuantityOut.of(below(0.2)).refused is None

"""Pavement: MCI, IRI, classes with partial flags; golden numbers of §2.3 and §2.4."""

import doctest

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection.codelists.pavements import load_pavement_rule
from inspection.domain import pavement
from inspection.domain.pavement import (
    index_class,
    iri_from_sigma,
    is_partial,
    mci,
    mci_class,
    pavement_candidate,
    repair_kind,
    section_rut_mm,
    sigma_from_iri,
)
from inspection.errors import BadInput

RULE = load_pavement_rule()
crack = st.floats(0, 100)
rut = st.floats(0, 100)
sigma = st.floats(0, 20)


@pytest.mark.parametrize(
    ("inputs", "formulas", "value"),
    [
        ((0, 0, 0), (10.0, 10.0, 10.0, 10.0), 10.00),
        ((10, 5, 2), (5.61, 6.06, 5.55, 8.33), 5.55),
        ((20, 20, 3), (3.42, 3.85, 4.52, 5.60), 3.42),
        ((35, 12, 4), (3.43, 3.90, 3.52, 6.93), 3.43),
        ((40, 40, 6), (1.02, 1.47, 3.26, 2.86), 1.02),
    ],
)
def test_golden_mci(
    inputs: tuple[float, float, float], formulas: tuple[float, ...], value: float
) -> None:
    found = mci(*inputs)
    assert round(found.value, 2) == value
    names = ("MCI", "MCI0", "MCI1", "MCI2")
    assert tuple(round(found.by_formula[n], 2) for n in names) == formulas
    assert not found.partial


@given(crack, rut, sigma, st.floats(0, 50))
def test_a_worse_road_never_has_a_better_mci(c: float, d: float, s: float, more: float) -> None:
    base = mci(c, d, s).value
    assert 0 <= base <= 10
    assert mci(min(100, c + more), d, s).value <= base + 1e-12
    assert mci(c, d + more, s).value <= base + 1e-12
    assert mci(c, d, s + more).value <= base + 1e-12


def test_mci_of_what_is_known() -> None:
    assert set(mci(10).by_formula) == {"MCI1"}
    assert set(mci(None, 5).by_formula) == {"MCI2"}
    assert set(mci(10, 5).by_formula) == {"MCI0", "MCI1", "MCI2"}
    assert mci(10, 5).partial
    with pytest.raises(BadInput, match="crack ratio in % or a rut depth"):
        mci(None, None, 2)
    for wrong in ((101, 0, 0), (-1, 0, 0), (0, -1, 0), (0, 0, -1)):
        with pytest.raises(BadInput):
            mci(*wrong)


@pytest.mark.parametrize(
    ("value", "code"), [(5.01, "I"), (5.0, "II"), (3.01, "II"), (3.0, "III"), (0.0, "III")]
)
def test_the_default_mapping_of_mci(value: float, code: str) -> None:
    assert mci_class(value, rule=RULE) == code


def test_golden_iri_and_sigma() -> None:
    assert sigma_from_iri(3) == pytest.approx(2.08, abs=0.005)
    assert sigma_from_iri(8) == pytest.approx(5.83, abs=0.005)
    assert sigma_from_iri(0.1) == 0.0


@given(st.floats(0, 30))
def test_iri_and_sigma_are_inverse(value: float) -> None:
    assert sigma_from_iri(iri_from_sigma(value)) == pytest.approx(value, abs=1e-9)


def test_rut_of_a_section_is_the_mean_and_the_greatest() -> None:
    assert section_rut_mm([10, 20, 30]) == (20, 30)
    with pytest.raises(BadInput, match="at least one sample"):
        section_rut_mm([])


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("crack_ratio_percent", 19.99, "I"), ("crack_ratio_percent", 20, "II"),
        ("crack_ratio_percent", 40, "III"), ("rut_mm", 19.9, "I"), ("rut_mm", 20, "II"),
        ("rut_mm", 40, "III"), ("iri_mm_per_m", 2.9, "I"), ("iri_mm_per_m", 3, "II"),
        ("iri_mm_per_m", 8, "III"),
    ],
)  # fmt: skip
def test_golden_class_bounds(name: str, value: float, code: str) -> None:
    assert index_class(name, value, rule=RULE) == code


def test_the_worst_of_three_indices_counts() -> None:
    known = {"crack_ratio_percent": 10.0, "rut_mm": 25.0, "iri_mm_per_m": 2.0}
    found = pavement_candidate(known, rule=RULE, asset_id="R1")
    assert (found.best, found.candidates) == ("II", ("II",))
    assert not is_partial(found)
    assert found.values["mci"] == pytest.approx(mci(10, 25, sigma_from_iri(2.0)).value)


def test_a_missing_index_is_named() -> None:
    found = pavement_candidate({"crack_ratio_percent": 10.0}, rule=RULE, asset_id="R1")
    assert found.best == "I"
    assert is_partial(found)
    partial = next(reason for reason in found.reasons if reason.code == "partial")
    assert "rut depth" in partial.en
    assert "IRI" in partial.ja


@pytest.mark.parametrize(
    ("age", "target", "base", "code"),
    [(15, 13, None, "III-1"), (13, 13, None, "III-1"), (12, 13, None, "III-2"),
     (12, 13, False, "III-1"), (15, 13, True, "III-2"), (None, None, True, "III-2")],
)  # fmt: skip
def test_iii_splits_by_the_base_or_else_by_age(
    age: float | None, target: float | None, base: bool | None, code: str
) -> None:
    found = pavement_candidate(
        {"crack_ratio_percent": 45.0}, rule=RULE, asset_id="R1", surface_age_years=age,
        design_target_years=target, base_damaged=base,
    )  # fmt: skip
    assert (found.best, found.candidates) == (code, (code,))


def test_iii_stays_open_while_nothing_is_known_of_the_base() -> None:
    found = pavement_candidate({"rut_mm": 45.0}, rule=RULE, asset_id="R1", surface_age_years=9)
    assert (found.best, found.candidates) == (None, ("III-1", "III-2"))
    assert found.unresolved
    assert "base_unknown" in [reason.code for reason in found.reasons]
    assert repair_kind(None, 10) is None


@given(crack, rut, st.floats(0, 20), st.sampled_from(pavement.INDICES), st.floats(0, 40))
def test_a_worse_index_never_gives_a_better_class(
    c: float, r: float, i: float, name: str, more: float
) -> None:
    known = {"crack_ratio_percent": c, "rut_mm": r, "iri_mm_per_m": i}
    worse = known | {name: min(100.0, known[name] + more)}
    before, after = (
        pavement_candidate(k, rule=RULE, asset_id="R", base_damaged=False) for k in (known, worse)
    )
    assert after.best is not None
    assert before.best is not None
    assert len(after.best) >= len(before.best)


def test_impossible_indices_are_refused() -> None:
    for wrong in ({}, {"depth": 3.0}, {"crack_ratio_percent": 120.0}, {"rut_mm": -1.0}):
        with pytest.raises(BadInput):
            pavement_candidate(wrong, rule=RULE, asset_id="R")


def test_examples_hold() -> None:
    assert doctest.testmod(pavement).failed == 0

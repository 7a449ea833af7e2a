"""PCI of ASTM D6433: golden lists of §3.1.3, every curve, and laws."""

import doctest
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection.codelists.pavements import load_pci_model
from inspection.domain import pci
from inspection.domain.pci import (
    DistressQuantity,
    allowed_deducts,
    corrected_deduct,
    density_percent,
    pci_from_deducts,
    pothole_severity,
    rating,
    sample_unit_pci,
    section_pci,
    units_to_survey,
)
from inspection.errors import BadInput

MODEL = load_pci_model()
CURVES = sorted(MODEL.curves.values(), key=lambda c: (c.number, c.severity))
CURVE = pytest.mark.parametrize("curve", CURVES, ids=lambda c: f"{c.number}{c.severity}")


def test_golden_pci_deduct_list() -> None:
    """The standard's own worked example, as the domain specification remembers it."""
    values = [25.1, 23.4, 17.9, 11.2, 7.9, 7.5, 6.9, 5.3]
    found = pci_from_deducts([(str(i), v) for i, v in enumerate(values)], model=MODEL)
    assert round(found.allowed, 2) == 7.88
    steps = [51.4, 50.1, 47.5, 47.4, 48.6, 48.8, 44.4, 39.1]
    assert [round(step, 1) for step in found.corrected] == steps
    assert round(found.max_corrected, 1) == 51.4
    assert round(found.pci, 1) == 48.6
    assert rating(found.pci, model=MODEL)[0] == "Poor"


def test_golden_pci_densities() -> None:
    densities = [
        (1, "L", 0.52, 7.4), (1, "H", 0.56, 24.0), (7, "L", 5.20, 8.2), (8, "M", 5.72, 26.3),
        (11, "H", 0.88, 19.2), (13, "L", 0.04, 11.6), (15, "L", 0.60, 5.7), (19, "L", 10.0, 5.1),
    ]  # fmt: skip
    deducts = []
    for number, severity, density, expected in densities:
        value = MODEL.curve(number, severity).deduct(density)
        assert round(value, 1) == expected
        deducts.append((f"{number}{severity}", value))
    found = pci_from_deducts(deducts, model=MODEL)
    assert round(found.max_corrected, 1) == 52.3
    assert round(found.pci, 1) == 47.7
    assert found.pci == pytest.approx(49, abs=3)


@pytest.mark.parametrize(
    ("number", "severity", "deduct"),
    [(1, "L", 11.3), (1, "M", 21.6), (1, "H", 30.7), (4, "H", 52.8), (7, "M", 9.2), (10, "M", 9.8),
     (11, "H", 20.1), (12, "-", 3.4 / 3), (15, "M", 18.5), (15, "H", 27.6), (19, "H", 16.7)],
)  # fmt: skip
def test_golden_deducts_at_one_percent(number: int, severity: str, deduct: float) -> None:
    found = MODEL.curve(number, severity).deduct(1.0)
    if number == 12:  # its range begins at 3 %, below it falls in proportion
        assert found == pytest.approx(MODEL.curve(12, "-").deduct(3.0) / 3)
    else:
        assert found == pytest.approx(deduct, abs=0.06)


def test_all_55_curves_are_there() -> None:
    assert len(CURVES) == 18 * 3 + 1
    with pytest.raises(BadInput, match="no deduct curve"):
        MODEL.curve(20, "L")
    with pytest.raises(BadInput, match="no deduct curve"):
        MODEL.curve(12, "L")


@CURVE
def test_every_curve_rises_and_stays_within_0_to_100(curve: pci.DeductCurve) -> None:
    densities = [10 ** (k / 50 - 3) for k in range(251)]
    values = [curve.deduct(density) for density in densities]
    assert values == sorted(values)
    assert 0 <= values[0]
    assert values[-1] <= 100
    assert curve.deduct(0) == 0
    assert curve.deduct(1e6) == curve.deduct(curve.high_percent)


@CURVE
def test_every_curve_is_its_polynomial_within_its_range(curve: pci.DeductCurve) -> None:
    if curve.number in (6, 12, 14) and curve.severity in "L-":
        return  # their range is only where the running maximum begins
    for step in range(1, 10):
        density = curve.low_percent * (curve.high_percent / curve.low_percent) ** (step / 10)
        raw = curve.raw_deduct(density)
        assert curve.deduct(density) == pytest.approx(raw, abs=0.5)


def test_worse_potholes_deduct_no_less() -> None:
    """Compare where the curves are not yet full: at 10 % every pothole takes all there is."""
    for density in (0.01, 0.1, 0.5):
        low, medium, high = (MODEL.curve(13, s).deduct(density) for s in "LMH")
        assert low <= medium <= high
    assert min(MODEL.curve(13, s).deduct(10) for s in "LMH") > 98


@pytest.mark.parametrize("number", [n for n in range(1, 20) if n not in (12, 13)])
def test_worse_severity_deducts_no_less_at_10_percent(number: int) -> None:
    low, medium, high = (MODEL.curve(number, s).deduct(10.0) for s in "LMH")
    assert low <= medium <= high


def test_medium_rutting_lies_between_low_and_high() -> None:
    assert [round(MODEL.curve(15, s).deduct(100), 1) for s in "LMH"] == [50.3, 68.9, 90.2]


def test_densities_are_us_customary_ratios() -> None:
    pothole = DistressQuantity(number=13, severity="L", quantity=1)
    area_m2 = 2500 * 0.3048**2
    assert density_percent(pothole, area_m2, kind=pci.QuantityKind.COUNT) == pytest.approx(0.04)
    crack = DistressQuantity(number=10, severity="L", quantity=100 * 0.3048)  # 100 ft
    found = density_percent(crack, area_m2, kind=pci.QuantityKind.LENGTH)
    assert found == pytest.approx(4.0)
    patch = DistressQuantity(number=11, severity="L", quantity=area_m2 / 10)
    assert density_percent(patch, area_m2, kind=pci.QuantityKind.AREA) == pytest.approx(10.0)


def test_a_unit_without_distress_is_perfect() -> None:
    assert sample_unit_pci([], 225, model=MODEL).pci == 100
    tiny = DistressQuantity(number=10, severity="L", quantity=0.01)
    assert sample_unit_pci([tiny], 225, model=MODEL).pci == pytest.approx(100, abs=0.1)


def test_rows_of_one_kind_add_up_and_severities_do_not() -> None:
    half = DistressQuantity(number=1, severity="L", quantity=5)
    whole = replace(half, quantity=10)
    twice = sample_unit_pci([half, half], 225, model=MODEL)
    assert twice == sample_unit_pci([whole], 225, model=MODEL)
    mixed = sample_unit_pci([half, replace(half, severity="H")], 225, model=MODEL)
    assert [name for name, _ in mixed.deducts] == ["1H", "1L"]


quantities = st.lists(
    st.builds(
        DistressQuantity,
        number=st.sampled_from([1, 3, 7, 10, 11, 13, 15, 19]),
        severity=st.sampled_from("LMH"),
        quantity=st.floats(0, 50),
    ),
    max_size=8,
)


@given(quantities, st.randoms())
def test_pci_is_bounded_and_order_does_not_matter(
    found: list[DistressQuantity], rng: object
) -> None:
    result = sample_unit_pci(found, 225, model=MODEL)
    assert 0 <= result.pci <= 100
    shuffled = list(found)
    rng.shuffle(shuffled)  # type: ignore[attr-defined]
    assert sample_unit_pci(shuffled, 225, model=MODEL).pci == pytest.approx(result.pci, abs=1e-9)


@given(st.floats(0, 100), st.integers(1, 12))
def test_a_corrected_deduct_never_exceeds_its_total(total: float, q: int) -> None:
    assert 0 <= corrected_deduct(total, q, model=MODEL) <= total + 1e-12


def test_m_is_at_most_ten() -> None:
    assert allowed_deducts(0) == 10
    assert allowed_deducts(100) == 1
    many = [(str(i), 2.5) for i in range(14)]
    found = pci_from_deducts(many, model=MODEL)
    # 9.95 of them are allowed: nine, and 0.95 of the tenth (2.375, still above 2)
    assert len(found.corrected) == 10
    assert found.corrected[-1] == pytest.approx(2.5 + 9 * 2)
    with pytest.raises(BadInput, match="0 to 100"):
        pci_from_deducts([("x", 120.0)], model=MODEL)


@pytest.mark.parametrize(
    ("value", "name"),
    [(100, "Good"), (85, "Good"), (84.9, "Satisfactory"), (70, "Satisfactory"), (55, "Fair"),
     (40, "Poor"), (25, "Very Poor"), (10, "Serious"), (9.9, "Failed"), (0, "Failed")],
)  # fmt: skip
def test_golden_ratings(value: float, name: str) -> None:
    assert rating(value, model=MODEL)[0] == name


def test_a_rating_needs_a_pci() -> None:
    with pytest.raises(BadInput, match="0 to 100"):
        rating(101, model=MODEL)


def test_section_pci_with_additional_units() -> None:
    assert section_pci([(60, 225), (80, 225)]) == 70
    found = section_pci([(60, 225), (80, 225)], [(20, 225)], area_m2=2250)
    assert found == pytest.approx((70 * (2250 - 225) + 20 * 225) / 2250)
    with pytest.raises(BadInput, match="area of the section"):
        section_pci([(60, 225)], [(20, 225)])
    with pytest.raises(BadInput, match="at least one"):
        section_pci([])
    with pytest.raises(BadInput, match="area > 0"):
        section_pci([(60, 0)])


@given(st.integers(1, 2000))
def test_never_more_units_than_there_are(units: int) -> None:
    assert 1 <= units_to_survey(units) <= units
    assert units_to_survey(units, spread=15) >= units_to_survey(units)


@pytest.mark.parametrize(
    ("depth", "diameter", "severity"),
    [(13, 100, "L"), (25, 449, "L"), (25, 450, "M"), (26, 199, "L"), (50, 200, "M"), (50, 450, "H"),
     (51, 100, "M"), (51, 200, "M"), (51, 700, "H")],
)  # fmt: skip
def test_golden_pothole_severity(depth: float, diameter: float, severity: str) -> None:
    assert pothole_severity(depth, diameter) == (severity, 1.0)


def test_a_wide_pothole_counts_by_area() -> None:
    severity, count = pothole_severity(25, 1000)
    assert severity == "M"
    assert count == pytest.approx(0.7854 / 0.5, rel=1e-3)
    assert pothole_severity(26, 1000)[0] == "H"
    with pytest.raises(BadInput, match="size > 0"):
        pothole_severity(0, 100)


def test_impossible_inputs_are_refused() -> None:
    curve = MODEL.curve(1, "L")
    with pytest.raises(BadInput, match="density"):
        curve.deduct(-1)
    with pytest.raises(BadInput, match="range"):
        replace(curve, low_percent=0.0)
    one = DistressQuantity(number=1, severity="L", quantity=1)
    with pytest.raises(BadInput, match="area > 0"):
        sample_unit_pci([one], 0, model=MODEL)
    with pytest.raises(BadInput, match="≥ 0"):
        sample_unit_pci([replace(one, quantity=-1)], 10, model=MODEL)
    with pytest.raises(BadInput, match="at least one unit"):
        units_to_survey(0)


def test_examples_hold() -> None:
    assert doctest.testmod(pci).failed == 0

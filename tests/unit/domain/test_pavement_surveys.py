"""Pavement: meshes, indices, ages and deduct values at their bounds and beyond (§2, §3.1)."""

from collections.abc import Callable
from math import inf, nan

import numpy as np
import pytest
import shapely
import shapely.affinity
from hypothesis import given, settings
from hypothesis import strategies as st

from inspection.codelists.grades import load_crack_ratio_rule
from inspection.codelists.pavements import load_pavement_rule, load_pci_model
from inspection.domain.crackratio import (
    Distress,
    Lane,
    crack_ratio,
    crack_ratio_class,
    mesh_crack_ratio,
)
from inspection.domain.pavement import (
    INDICES,
    index_class,
    is_partial,
    mci,
    mci_class,
    pavement_candidate,
    repair_kind,
    section_rut_mm,
    sigma_from_iri,
)
from inspection.domain.pci import (
    DistressQuantity,
    allowed_deducts,
    corrected_deduct,
    pci_from_deducts,
    pothole_severity,
    rating,
    sample_unit_pci,
    section_pci,
    units_to_survey,
)
from inspection.domain.roadsection import PavementKind, RoadSection
from inspection.errors import BadGeometry, BadInput

RULE, MESH, PCI = load_pavement_rule(), load_crack_ratio_rule(), load_pci_model()
LAW = settings(max_examples=40, deadline=None, derandomize=True)
LANE = Lane(x_m=0, y_m=0, direction_deg=0, length_m=20, width_m=3.25)

# §2.1 with every pair of indices: the worst decides
BOUNDS = {
    "crack_ratio_percent": (19.999, 20.0, 39.999, 40.0, 100.0),
    "rut_mm": (19.999, 20.0, 39.999, 40.0, 300.0),
    "iri_mm_per_m": (2.999, 3.0, 7.999, 8.0, 50.0),
}
CLASSES = ("I", "II", "II", "III", "III")


@pytest.mark.parametrize("name", INDICES)
def test_golden_classes_at_both_bounds(name: str) -> None:
    assert [index_class(name, value, rule=RULE) for value in BOUNDS[name]] == list(CLASSES)
    if name == "crack_ratio_percent":
        assert [crack_ratio_class(v, rule=MESH) for v in BOUNDS[name]] == list(CLASSES)


@LAW
@given(st.dictionaries(st.sampled_from(INDICES), st.integers(0, 4), min_size=1), st.booleans())
def test_the_worst_index_decides_and_the_absent_are_named(known: dict[str, int], old: bool) -> None:
    values = {name: BOUNDS[name][at] for name, at in known.items()}
    found = pavement_candidate(
        values, rule=RULE, asset_id="R", surface_age_years=20 if old else 3, design_target_years=13
    )
    worst = max(CLASSES[at] for at in known.values())
    assert found.best == {"III": "III-1" if old else "III-2"}.get(worst, worst)
    assert is_partial(found) == (len(known) < 3)
    told = " ".join(reason.en for reason in found.reasons)
    for name in INDICES:
        assert (f"{name}_" in " ".join(r.code for r in found.reasons)) == (name in known)
        assert RULE.names[name][1] in told
    assert ("mci" in found.values) == bool({"crack_ratio_percent", "rut_mm"} & set(known))


@pytest.mark.parametrize(
    ("age", "target", "damaged", "kind"),
    [
        (13, 13, None, "III-1"), (12.99, 13, None, "III-2"), (13, 13, True, "III-2"),
        (1, 13, False, "III-1"), (None, 13, None, None), (13, None, None, None),
        (None, None, True, "III-2"), (0, 0, None, "III-1"),
    ],
)  # fmt: skip
def test_golden_repair_kinds(
    age: float | None, target: float | None, damaged: bool | None, kind: str | None
) -> None:
    found = pavement_candidate(
        {"rut_mm": 45.0}, rule=RULE, asset_id="R", base_damaged=damaged,
        surface_age_years=age, design_target_years=target,
    )  # fmt: skip
    assert found.best == kind
    assert found.unresolved == (kind is None)
    if kind is None:
        assert found.candidates == ("III-1", "III-2")


NO_NUMBERS: dict[str, Callable[[], object]] = {
    "index": lambda: index_class("rut_mm", nan, rule=RULE),
    "negative index": lambda: index_class("iri_mm_per_m", -0.1, rule=RULE),
    "ratio above 100": lambda: index_class("crack_ratio_percent", 100.1, rule=RULE),
    "class of a ratio": lambda: crack_ratio_class(nan, rule=MESH),
    "class of −1 %": lambda: crack_ratio_class(-1, rule=MESH),
    "class of an MCI": lambda: mci_class(nan, rule=RULE),
    "MCI of 11": lambda: mci_class(11, rule=RULE),
    "age": lambda: repair_kind(nan, 13),
    "negative age": lambda: repair_kind(-1, 13),
    "target": lambda: repair_kind(5, inf),
    "sigma": lambda: sigma_from_iri(nan),
    "ruts": lambda: section_rut_mm([3.0, nan]),
    "no ruts": lambda: section_rut_mm([]),
    "mci": lambda: mci(nan, 3, 2),
    "mci of infinity": lambda: mci(3, inf, 2),
    "mci of nothing": lambda: mci(sigma_mm=2.0),
    "no index": lambda: pavement_candidate({}, rule=RULE, asset_id="R"),
    "other index": lambda: pavement_candidate({"iri": 3.0}, rule=RULE, asset_id="R"),
    "candidate": lambda: pavement_candidate({"rut_mm": nan}, rule=RULE, asset_id="R"),
    "rating": lambda: rating(nan, model=PCI),
    "deduct": lambda: pci_from_deducts([("1L", nan)], model=PCI),
    "deduct above 100": lambda: pci_from_deducts([("1L", 100.1)], model=PCI),
    "quantity": lambda: sample_unit_pci(
        [DistressQuantity(number=1, severity="L", quantity=nan)], 225, model=PCI
    ),
    "area": lambda: sample_unit_pci(
        [DistressQuantity(number=1, severity="L", quantity=1)], 0, model=PCI
    ),
    "severity": lambda: sample_unit_pci(
        [DistressQuantity(number=12, severity="L", quantity=1)], 225, model=PCI
    ),
    "section of 150": lambda: section_pci([(150, 200)]),
    "negative area": lambda: section_pci([(80, -10), (60, 100)]),
    "section of nothing": lambda: section_pci([]),
    "units": lambda: units_to_survey(0),
    "no spread": lambda: units_to_survey(1, spread=0),
    "error": lambda: units_to_survey(9, error=nan),
    "pothole": lambda: pothole_severity(nan, 200),
    "pothole of no width": lambda: pothole_severity(20, 0),
    "chainage": lambda: RoadSection(asset_id="R", from_m=100.0, to_m=100.0),
    "chainage of nowhere": lambda: RoadSection(asset_id="R", from_m=nan, to_m=100.0),
    "width": lambda: RoadSection(asset_id="R", width_m=0.9),
}


@pytest.mark.parametrize("what", NO_NUMBERS)
def test_what_is_no_number_of_a_road_never_becomes_a_class(what: str) -> None:
    # every comparison with NaN is false, so that it would be class I of sound pavement
    with pytest.raises(BadInput):
        NO_NUMBERS[what]()


# the mesh
@pytest.mark.parametrize(
    ("cracks", "patched", "inside"),
    [
        ([nan], [0], [0.25]), ([-1], [0], [0.25]), ([1], [nan], [0.25]), ([1], [1.2], [0.25]),
        ([1], [-0.1], [0.25]), ([1], [0], [nan]), ([1], [0], [0.3]), ([1, 1], [0, 0], [0.25, -0.2]),
        ([1], [0], [0]), ([], [], []), ([1, 2], [0], [0.25]),
    ],
)  # fmt: skip
def test_a_mesh_of_impossible_cells_is_refused(
    cracks: list[float], patched: list[float], inside: list[float]
) -> None:
    with pytest.raises(BadInput, match=r"cell|shape"):
        crack_ratio(cracks, patched, inside, rule=MESH)


CELLS = st.lists(
    st.tuples(st.integers(0, 4), st.floats(0, 1), st.floats(0.01, 0.25)), min_size=1, max_size=30
)


@LAW
@given(CELLS, CELLS)
def test_a_ratio_is_a_mean_by_area_of_its_stretches(
    one: list[tuple[int, float, float]], two: list[tuple[int, float, float]]
) -> None:
    # §2.2: 20 m results are aggregated by area weighting
    first, second, both = (
        crack_ratio(*map(list, zip(*cells, strict=True)), rule=MESH)
        for cells in (one, two, [*one, *two])
    )
    areas = [sum(area for _, _, area in cells) for cells in (one, two)]
    assert both == pytest.approx((first * areas[0] + second * areas[1]) / sum(areas))
    assert 0 <= both <= 100 + 1e-9


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"length_m": 0}, "size > 0"), ({"width_m": -3}, "size > 0"), ({"length_m": nan}, "size"),
        ({"length_m": inf}, "size"), ({"length_m": 30_000}, "up to 20000 m long"),
        ({"width_m": 101}, "100 m wide"), ({"x_m": nan}, "place and a direction"),
        ({"direction_deg": inf}, "direction"),
    ],
)  # fmt: skip
def test_a_lane_of_impossible_size_or_place_is_refused(change: dict[str, float], says: str) -> None:
    plain = {"x_m": 0.0, "y_m": 0.0, "direction_deg": 0.0, "length_m": 20.0, "width_m": 3.0}
    with pytest.raises(BadGeometry, match=says):
        Lane(**{**plain, **change})


LONG = shapely.LineString([(0.1, -1.25), (19.9, -1.25)])


@pytest.mark.parametrize(
    ("distress", "by_hand"),
    [
        (Distress(cracks=[LONG]), 40 * 0.15 / 65),
        (Distress(cracks=[LONG, shapely.affinity.translate(LONG, 0, 0.1)]), 40 * 0.25 / 65),
        # the last row of cells is 0.25 m wide: its cracks count by half
        (Distress(cracks=[shapely.affinity.translate(LONG, 0, -1.9)]), 40 * 0.15 * 0.5 / 65),
        (Distress(potholes=[shapely.box(3.1, -0.3, 3.2, -0.2)]), 0.25 / 65),
        (Distress(patches=[shapely.box(0, -0.5, 10, 0)]), 20 * 0.25 / 65),
        (Distress(alligators=[shapely.box(0, -0.25, 10, 0)]), 20 * 0.25 / 65),
        (Distress(alligators=[shapely.box(0, -0.24, 10, 0)]), 0.0),
        (Distress(cracks=[shapely.LineString([(5.02, -0.25), (5.11, -0.25)])]), 0.0),
        (Distress(cracks=[shapely.LineString()]), 0.0),
        (Distress(cracks=[shapely.LineString([(-50, -1.25), (50, -1.25)])]), 40 * 0.15 / 65),
    ],
)
def test_golden_meshes_of_a_lane_of_3_25_m(distress: Distress, by_hand: float) -> None:
    assert mesh_crack_ratio(LANE, distress, rule=MESH) == pytest.approx(100 * by_hand, abs=1e-6)


def test_a_crack_that_crosses_another_counts_twice_in_that_cell_only() -> None:
    cross = [
        shapely.LineString([(1.05, -1.25), (1.45, -1.25)]),
        shapely.LineString([(1.25, -1.05), (1.25, -1.45)]),
    ]
    assert mesh_crack_ratio(LANE, Distress(cracks=cross), rule=MESH) == pytest.approx(25 / 65)


# PCI §3.1.1
@pytest.mark.parametrize(
    ("highest", "m"), [(100, 1.0), (51, 5.5), (25.1, 7.879), (2, 10.0), (0, 10.0)]
)
def test_golden_allowed_deducts(highest: float, m: float) -> None:
    assert allowed_deducts(highest) == pytest.approx(m, abs=0.001)


@pytest.mark.parametrize(
    ("deducts", "pci"),
    [
        ([], 100.0), ([0.0], 100.0), ([2.0, 2.0, 2.0], 94.0), ([30.0], 70.0),
        ([30.0, 2.0, 1.0], 67.0), ([100.0], 0.0), ([99.0, 2.0, 2.0], 0.0),
    ],
)  # fmt: skip
def test_golden_pci_of_at_most_one_deduct_above_two_is_their_sum(
    deducts: list[float], pci: float
) -> None:
    found = pci_from_deducts([(str(i), d) for i, d in enumerate(deducts)], model=PCI)
    assert found.pci == pytest.approx(pci)


@pytest.mark.parametrize(
    ("total", "q", "by_hand"),
    [
        (50, 1, 50), (50, 2, -1.668 + 0.7992 * 50 - 0.0003013 * 2500 - 5.214e-6 * 125_000),
        (80, 3, -5.015 + 0.7546 * 80 - 0.00043 * 6400 - 3.075e-6 * 512_000),
        (100, 4, -6.78 + 63.01 + 7.376 - 6.357), (5, 5, 0), (3, 7, 0), (150, 1, 100),
    ],
)  # fmt: skip
def test_golden_corrected_deducts(total: float, q: int, by_hand: float) -> None:
    expected = min(100.0, total, max(0.0, by_hand))
    assert corrected_deduct(total, q, model=PCI) == pytest.approx(expected)
    if q == 7:
        assert corrected_deduct(90, 12, model=PCI) == corrected_deduct(90, 7, model=PCI)


@LAW
@given(st.lists(st.floats(0, 100), max_size=14), st.floats(0, 100))
def test_one_more_distress_never_makes_a_road_much_better(
    deducts: list[float], more: float
) -> None:
    # corrected deducts dip by a few points where q grows; the standard's graphs do as well
    before = pci_from_deducts([(str(i), d) for i, d in enumerate(deducts)], model=PCI)
    after = pci_from_deducts([(str(i), d) for i, d in enumerate([*deducts, more])], model=PCI)
    assert 0 <= after.pci <= 100
    assert after.pci <= before.pci + 6
    assert np.argmax(after.corrected) >= 0
    assert after.max_corrected >= max([*deducts, more]) - 1e-9 or len(after.corrected) > 1


@pytest.mark.parametrize(
    ("units", "spread", "surveyed"),
    [(1, 10, 1), (5, 10, 4), (30, 10, 11), (50, 15, 22), (10**6, 10, 16)],
)
def test_golden_units_to_survey(units: int, spread: float, surveyed: int) -> None:
    by_hand = units * spread**2 / (6.25 * (units - 1) + spread**2)
    assert units_to_survey(units, spread=spread) == surveyed == int(np.ceil(by_hand))


@pytest.mark.parametrize(
    ("sampled", "additional", "area", "pci"),
    [
        ([(80, 200), (60, 100)], [], None, 220 / 3),
        ([(80, 200)], [(20, 200)], 1000, 80 * 0.8 + 20 * 0.2),
        ([(80, 200)], [(20, 100), (40, 100)], 400, 55),
    ],
)
def test_golden_sections_with_additional_units(
    sampled: list[tuple[float, float]],
    additional: list[tuple[float, float]],
    area: float | None,
    pci: float,
) -> None:
    assert section_pci(sampled, additional, area_m2=area) == pytest.approx(pci)
    if additional:
        with pytest.raises(BadInput, match="need the area of the section"):
            section_pci(sampled, additional)


def test_a_section_of_road_knows_its_length_or_says_nothing() -> None:
    assert RoadSection(asset_id="R", from_m=120.0, to_m=320.5).length_m == 200.5
    assert RoadSection(asset_id="R", from_m=120.0).length_m is None
    assert RoadSection(asset_id="R").pavement is PavementKind.ASPHALT

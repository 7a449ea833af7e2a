"""Every level of the priority tables in domain specification §5.2, with both bounds, by hand."""

from math import inf, nan

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspection.codelists.priorities import load_priority_model
from inspection.domain.asset import AssetKind
from inspection.domain.priority import Evidence, Falling, Priority, score_priority
from inspection.domain.prioritymodel import Attribute, Factor, Ramp, Step
from inspection.domain.prioritytable import Case, score_table
from inspection.errors import BadInput

MODEL = load_priority_model()
LAW = settings(max_examples=50, deadline=None, derandomize=True)
BRIDGE, ROAD = AssetKind.BRIDGE, AssetKind.PAVEMENT_SECTION

# a bridge about which everything is known and nothing counts: L 35 (II), C 3 (adt 1, length 2), T 0
CALM: dict[str, Attribute] = {
    "soundness": "II", "years_since_diagnosis": 0, "overdue_years": 0, "main_grade": "a",
    "countermeasures": "A", "worsened_steps": 0, "crack_growth": False, "age_years": 0,
    "salt_zone": "none", "deicing": "none", "asr": False, "heavy_vehicles": 0, "scour": False,
    "pre_1980_seismic": False, "evaluation_2024": "A", "emergency_route": "none",
    "under_bridge": "none", "adt": 0, "detour_min": 0, "length_m": 0, "special_structure": False,
    "lifeline": False, "public_access": False, "snow_or_tsunami": False,
}  # fmt: skip
CALM_ROAD: dict[str, Attribute] = {
    "pavement_class": "II", "years_since_diagnosis": 0, "overdue_years": 0,
    "crack_excess_percent": 0, "mci_bad": False, "potholes": 0, "road_class": "D", "adt": 0,
    "heavy_vehicles": 0, "emergency_route": "none", "bus_route": False, "school_route": False,
    "reports_90d": 0,
}  # fmt: skip


def scored(
    change: dict[str, Attribute], kind: AssetKind = BRIDGE, seen: Evidence | None = None
) -> Priority:
    """Score the calm asset with a change, and check that the table of many says the same."""
    calm = CALM if kind is BRIDGE else CALM_ROAD
    attributes = {name: one for name, one in {**calm, **change}.items() if one != "absent"}
    seen = seen or Evidence()
    found = score_priority("A", kind, attributes, seen, model=MODEL)
    many = score_table(
        [Case(asset_id="A", kind=kind, attributes=attributes, evidence=seen)], model=MODEL
    )
    assert not many.refused
    assert many.parts[0] == pytest.approx([part.value for part in found.parts])
    assert (many.tier[0], many.confidence[0]) == (found.tier, pytest.approx(found.confidence))
    return found


def parts(found: Priority) -> tuple[float, float, float]:
    likelihood, consequence, timing = (part.value for part in found.parts)
    return likelihood, consequence, timing


@pytest.mark.parametrize(
    ("soundness", "base", "cap"),
    [("I", 5, 30), ("II", 35, 70), ("III", 75, 98), ("IV", 100, 100)],
)
def test_golden_bases_and_caps_of_bridges(soundness: str, base: float, cap: float) -> None:
    assert parts(scored({"soundness": soundness}))[0] == base
    worst: dict[str, Attribute] = {
        "main_grade": "e", "countermeasures": "C2,S1", "worsened_steps": 2, "crack_growth": True,
        "age_years": 99, "salt_zone": "S", "deicing": "heavy", "asr": True,
    }  # fmt: skip
    found = scored({"soundness": soundness, **worst})
    assert parts(found)[0] == min(cap, base + 10 + 12 + 8 + 4 + 10 + 8 + 4 + 5)
    assert sum(item.points for item in found.parts[0].items) == parts(found)[0]


@pytest.mark.parametrize(
    ("overdue", "likelihood"), [(0, 5), (1, 5), (1.0, 5), (1.01, 45), (2, 45), (30, 45)]
)
def test_golden_only_more_than_a_year_overdue_counts_as_not_inspected(
    overdue: float, likelihood: float
) -> None:
    assert parts(scored({"soundness": "I", "overdue_years": overdue}))[0] == likelihood


@pytest.mark.parametrize(
    ("name", "value", "points"),
    [
        *(("main_grade", letter, p) for letter, p in zip("abcde", (0, 0, 2, 5, 10), strict=True)),
        ("countermeasures", "C2", 8), ("countermeasures", "S1", 4),
        ("countermeasures", "C2,S1", 12), ("countermeasures", "B", 0), ("countermeasures", "", 0),
        ("countermeasures", "C2,C2", 8), ("countermeasures", "S2", 0),
        ("worsened_steps", 0, 0), ("worsened_steps", 1, 5), ("worsened_steps", 2, 8),
        ("worsened_steps", 4, 8), ("crack_growth", True, 4),
        ("age_years", 30, 0), ("age_years", 35, 1), ("age_years", 55, 5), ("age_years", 80, 10),
        ("age_years", 200, 10), ("age_years", 32.5, 0.5),
        ("salt_zone", "S", 8), ("salt_zone", "I", 6), ("salt_zone", "II", 4),
        ("salt_zone", "III", 2), ("deicing", "heavy", 4), ("deicing", "moderate", 2),
        ("asr", True, 5), ("heavy_vehicles", 1999, 0), ("heavy_vehicles", 2000, 3),
        ("scour", True, 5), ("pre_1980_seismic", True, 3),
        ("evaluation_2024", "B", 2), ("evaluation_2024", "C", 6),
    ],
)  # fmt: skip
def test_golden_modifiers_of_likelihood(name: str, value: Attribute, points: float) -> None:
    found = scored({name: value})
    assert parts(found) == pytest.approx((35 + points, 3, 0))
    assert sum(i.points for i in found.parts[0].items) == pytest.approx(35 + points)


@pytest.mark.parametrize(
    ("name", "value", "points"),
    [
        ("emergency_route", "1", 20), ("emergency_route", 2, 14), ("emergency_route", 3.0, 8),
        ("under_bridge", "railway", 20), ("under_bridge", "expressway", 20),
        ("under_bridge", "emergency_road", 14), ("under_bridge", "trunk_road", 14),
        ("under_bridge", "road", 8), ("under_bridge", "path", 8), ("under_bridge", "park", 8),
        ("under_bridge", "river", 0),
        ("adt", 999, 0), ("adt", 1000, 3), ("adt", 3999, 3), ("adt", 4000, 7), ("adt", 9999, 7),
        ("adt", 10_000, 11), ("adt", 19_999, 11), ("adt", 20_000, 14), ("adt", 10**9, 14),
        ("detour_min", 9.9, 0), ("detour_min", 10, 5), ("detour_min", 29.9, 5),
        ("detour_min", 30, 10), ("detour_min", 600, 10), ("detour_min", "isolated", 15),
        ("length_m", 14.99, 0), ("length_m", 15, 4), ("length_m", 99.9, 4), ("length_m", 100, 8),
        ("special_structure", True, 5), ("lifeline", True, 5), ("public_access", True, 5),
        ("snow_or_tsunami", True, 5),
    ],
)  # fmt: skip
def test_golden_points_of_consequence(name: str, value: Attribute, points: float) -> None:
    assert parts(scored({name: value})) == pytest.approx((35, 3 + points, 0))


def test_golden_the_most_important_bridge_has_exactly_100() -> None:
    found = scored({
        "emergency_route": "1", "under_bridge": "railway", "adt": 30_000, "detour_min": "isolated",
        "length_m": 400, "special_structure": True, "lifeline": True, "public_access": True,
        "snow_or_tsunami": True,
    })  # fmt: skip
    assert parts(found)[1] == 100 == 20 + 20 + 15 + 15 + 10 + 5 + 5 + 5 + 5
    assert "cap" not in [item.code for item in found.parts[1].items]


@pytest.mark.parametrize(
    ("soundness", "years", "overdue", "timing"),
    [
        ("I", 0, 0, 0), ("I", 50, 0, 0), ("I", 0, 0.5, 40), ("II", 0, 0, 0), ("II", 5, 0, 15),
        ("II", 10, 0, 30), ("II", 11, 0, 30), ("II", 10, 1, 70), ("III", 0, 0, 0),
        ("III", 2, 0, 40), ("III", 5, 0, 100), ("III", 99, 0, 100), ("III", 2, 1, 80),
        ("III", 4, 1, 100), ("IV", 0, 0, 100), ("IV", 0, 9, 100), ("II", "absent", 0, 15),
        ("III", "absent", 0, 50),
    ],
)  # fmt: skip
def test_golden_timing(soundness: str, years: Attribute, overdue: float, timing: float) -> None:
    change = {"soundness": soundness, "years_since_diagnosis": years, "overdue_years": overdue}
    assert parts(scored(change))[2] == pytest.approx(timing)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"pavement_class": "I"}, (10, 6, 0)), ({}, (45, 6, 0)),
        ({"pavement_class": "III-1"}, (80, 6, 0)), ({"pavement_class": "III-2"}, (92, 6, 0)),
        ({"pavement_class": "absent"}, (45, 6, 0)), ({"crack_excess_percent": 20}, (53, 6, 0)),
        ({"crack_excess_percent": 10}, (49, 6, 0)), ({"mci_bad": True}, (51, 6, 0)),
        ({"potholes": 1}, (50, 6, 0)), ({"potholes": 40}, (50, 6, 0)),
        ({"pavement_class": "III-2", "mci_bad": True, "potholes": 2}, (100, 6, 0)),
        ({"road_class": "A"}, (45, 30, 0)), ({"road_class": "B"}, (45, 24, 0)),
        ({"road_class": "C"}, (45, 14, 0)), ({"adt": 20_000}, (45, 26, 0)),
        ({"adt": 90_000}, (45, 26, 0)), ({"heavy_vehicles": 2000}, (45, 21, 0)),
        ({"heavy_vehicles": 9000}, (45, 21, 0)), ({"emergency_route": "1"}, (45, 26, 0)),
        ({"bus_route": True, "school_route": True}, (45, 16, 0)), ({"reports_90d": 3}, (45, 12, 0)),
        ({"reports_90d": 5}, (45, 16, 0)), ({"reports_90d": 99}, (45, 16, 0)),
        ({"pavement_class": "III-1", "years_since_diagnosis": 3}, (80, 6, 60)),
        ({"overdue_years": 1}, (45, 6, 40)), ({"years_since_diagnosis": 4}, (45, 6, 12)),
    ],
)  # fmt: skip
def test_golden_points_of_pavement(
    change: dict[str, Attribute], expected: tuple[float, float, float]
) -> None:
    assert parts(scored(change, ROAD)) == pytest.approx(expected)


RULES = [
    ({"soundness": "IV"}, ["R1"], 0), ({"countermeasures": "E1"}, ["R1"], 0),
    ({"countermeasures": "E2"}, ["R2"], 0), ({"countermeasures": "E1,E2"}, ["R1", "R2"], 0),
    ({"soundness": "III", "years_since_diagnosis": 4}, ["R3"], 1),
    ({"soundness": "III", "years_since_diagnosis": 3.99}, [], 2),
    ({"soundness": "III", "years_since_diagnosis": 4, "measure_done": True}, [], 2),
    ({"soundness": "III", "years_since_diagnosis": 4, "measure_done": False}, ["R3"], 1),
    ({"soundness": "II", "years_since_diagnosis": 9}, [], 2),
    ({"countermeasures": "S1", "s1_open_years": 1}, [], 2),
    ({"countermeasures": "S1", "s1_open_years": 1.1}, ["R4"], 1),
    ({"countermeasures": "S1"}, [], 2), ({"s1_open_years": 5}, [], 2),
    ({"overdue_years": 1}, ["R5"], 1),
    ({"soundness": "IV", "overdue_years": 1, "countermeasures": "S1,E2", "s1_open_years": 2},
     ["R1", "R2", "R4", "R5"], 0),
]  # fmt: skip


@pytest.mark.parametrize(("change", "rules", "tier"), RULES)
def test_golden_hard_rules(change: dict[str, Attribute], rules: list[str], tier: int) -> None:
    found = scored(change)
    assert [rule.rule for rule in found.rules] == rules
    assert found.tier == tier


@pytest.mark.parametrize(
    "text", ["C2+E1", "E1+C2", "C2、E1", "Ｅ１", "e1", "C2, E1", "C2・E1", "C2/E1", " E1 ", "C2 E1"]
)
def test_an_emergency_is_seen_however_its_classes_are_written(text: str) -> None:
    # a bridge judged E1 that is missed because of a plus sign would wait for its turn
    found = scored({"countermeasures": text})
    assert [rule.rule for rule in found.rules] == ["R1"]
    assert ("C2" in [item.code for item in found.parts[0].items]) == ("2" in text)


@pytest.mark.parametrize(
    ("under", "falling", "rules", "provisional"),
    [
        ("path", Falling.CONFIRMED, ["R2"], False), ("park", Falling.CANDIDATE, ["R2"], True),
        ("railway", Falling.NONE, [], False), ("river", Falling.CONFIRMED, [], False),
        ("none", Falling.CONFIRMED, [], False), ("absent", Falling.CONFIRMED, [], False),
    ],
)  # fmt: skip
def test_golden_loose_concrete_over_people(
    under: str, falling: Falling, rules: list[str], provisional: bool
) -> None:
    found = scored({"under_bridge": under}, seen=Evidence(falling=falling))
    assert [rule.rule for rule in found.rules] == rules
    assert any(rule.provisional for rule in found.rules) == provisional
    for rule in found.rules:
        assert rule.ja.startswith("要確認") == rule.en.startswith("Review first") == provisional
        assert "14" in rule.ja
        assert "14 days" in rule.en


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("soundness", "V"), ("soundness", "not_inspected"), ("soundness", 3), ("soundness", ""),
        ("overdue_years", -1), ("overdue_years", nan), ("overdue_years", True),
        ("overdue_years", "2"), ("years_since_diagnosis", -0.1), ("years_since_diagnosis", nan),
        ("age_years", -1), ("age_years", nan), ("age_years", "old"), ("adt", nan), ("adt", -1),
        ("adt", True), ("salt_zone", "IV"), ("salt_zone", 1), ("asr", "yes"), ("asr", 1),
        ("main_grade", "f"), ("main_grade", "E"), ("detour_min", "long"), ("detour_min", nan),
        ("emergency_route", True), ("emergency_route", 4), ("worsened_steps", -1),
    ],
)  # fmt: skip
def test_a_value_unknown_to_the_tables_is_refused_alone_and_set_aside_among_many(
    name: str, value: Attribute
) -> None:
    with pytest.raises(BadInput, match=f"attribute '{name}'") as caught:
        score_priority("A", BRIDGE, {**CALM, name: value}, Evidence(), model=MODEL)
    assert repr(value) in str(caught.value)
    many = score_table(
        [
            Case(asset_id="bad", kind=BRIDGE, attributes={**CALM, name: value}),
            Case(asset_id="good", kind=BRIDGE, attributes=CALM),
        ],
        model=MODEL,
    )
    assert [case.asset_id for case in many.cases] == ["good"]
    assert dict(many.refused) == {"bad": str(caught.value)}


@LAW
@given(st.sets(st.sampled_from(sorted(CALM)), max_size=9), st.sampled_from([None, "I", "III"]))
def test_golden_confidence_falls_by_002_for_each_unknown_and_02_without_a_diagnosis(
    left_out: set[str], candidate: str | None
) -> None:
    found = scored(dict.fromkeys(left_out, "absent"), seen=Evidence(condition=candidate))
    undiagnosed = "soundness" in left_out
    silent = {"soundness", "main_grade", "evaluation_2024"}
    if undiagnosed:
        silent |= {"years_since_diagnosis"}
    assert set(found.missing) == left_out - silent
    expected = 1 - 0.02 * len(left_out - silent) - 0.2 * undiagnosed
    assert found.confidence == pytest.approx(expected)
    assert found.soundness_is_candidate == undiagnosed
    explained = found.explanation()
    assert explained["missing"] == list(found.missing)
    assert explained["score"] == pytest.approx(sum(part.points for part in found.parts), abs=0.006)


@LAW
@given(st.floats(0, 1e9), st.floats(-100, 100), st.floats(0.001, 10), st.floats(0, 50))
def test_a_ramp_never_leaves_its_bounds_and_names_its_value(
    value: float, start: float, per: float, most: float
) -> None:
    factor = Factor(
        name="age", ja="", en="", neutral=Step(points=1), levels={},
        ramp=Ramp(start=start, per=per, most=most, code="age{v}"),
    )  # fmt: skip
    points = sum(item.points for item in factor.items(value))
    assert 0 <= points <= most
    assert points == pytest.approx(min(max((value - start) * per, 0), most))
    with pytest.raises(BadInput, match="a number ≥ 0"):
        factor.items(-1.0)
    for endless in (nan, "x"):
        with pytest.raises(BadInput, match="'age' is"):
            factor.items(endless)
    assert factor.items(inf)[0].points == most if most else True

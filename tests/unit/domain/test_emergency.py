"""Emergencies: urgency with reasons, lights beside the last diagnosis, areas on the globe."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspection.codelists.codelist import Codelist, load_codelist
from inspection.codelists.emergencies import load_order_rule, order_rule
from inspection.domain.emergency import (
    CHANGE_WORDS,
    SIGNAL_WORDS,
    Area,
    Change,
    Hazard,
    QuickReport,
    Signal,
    compare,
    distance_km,
    newest,
    urgency,
)
from inspection.domain.prioritymodel import Attribute
from inspection.errors import BadCodelist, BadInput

RULE = load_order_rule()
NOW = datetime(2024, 1, 1, 7, 10, tzinfo=UTC)
LAW = settings(max_examples=60, deadline=None, derandomize=True)


def points(attributes: dict[str, Attribute], hazard: Hazard = Hazard.EARTHQUAKE) -> float:
    return sum(item.points for item in urgency(attributes, hazard, rule=RULE))


def test_urgency_adds_up_with_reasons_in_both_languages() -> None:
    known: dict[str, Attribute] = {
        "emergency_route": "1", "detour_min": "isolated", "soundness": "III", "length_m": 120,
        "pre_1980_seismic": True, "under_bridge": "river",
    }  # fmt: skip
    items = urgency(known, Hazard.EARTHQUAKE, rule=RULE)
    assert [(i.code, i.points) for i in items] == [
        ("route_1", 40), ("detour_none", 25), ("last_III", 15), ("len_100", 6), ("pre_1980", 15),
    ]  # fmt: skip
    assert all(i.ja and i.en for i in items)
    assert RULE.wave(101) == 1


def test_each_hazard_looks_at_its_own_weakness() -> None:
    weak = {"pre_1980_seismic": True, "scour": False}
    washed = {"pre_1980_seismic": False, "scour": True}
    assert points(weak, Hazard.EARTHQUAKE) > points(washed, Hazard.EARTHQUAKE)
    assert points(washed, Hazard.FLOOD) > points(weak, Hazard.FLOOD)


@pytest.mark.parametrize(("p", "wave"), [(100, 1), (50, 1), (49.9, 2), (25, 2), (24, 3), (0, 3)])
def test_waves(p: float, wave: int) -> None:
    assert RULE.wave(p) == wave


@LAW
@given(st.sampled_from(["I", "II", "III"]), st.sampled_from(list(Hazard)))
def test_a_worse_diagnosis_is_never_looked_at_later(soundness: str, hazard: Hazard) -> None:
    worse = {"I": "II", "II": "III", "III": "IV"}[soundness]
    assert points({"soundness": worse}, hazard) >= points({"soundness": soundness}, hazard)


def test_an_unknown_value_is_refused() -> None:
    with pytest.raises(BadInput, match="emergency_route"):
        points({"emergency_route": "9"})


@pytest.mark.parametrize(
    ("signal", "soundness", "change"),
    [
        (Signal.RED, "II", Change.WORSE),
        (Signal.YELLOW, "I", Change.WORSE),
        (Signal.YELLOW, "III", Change.AS_EXPECTED),
        (Signal.GREEN, "II", Change.AS_EXPECTED),
        (Signal.GREEN, "III", Change.BETTER),
        (Signal.RED, "IV", Change.AS_EXPECTED),
        (Signal.RED, None, Change.UNKNOWN),
    ],
)
def test_a_light_stands_beside_the_last_diagnosis(
    signal: Signal, soundness: str | None, change: Change
) -> None:
    assert compare(signal, soundness, rule=RULE) is change


def test_every_word_is_there_in_both_languages() -> None:
    assert set(SIGNAL_WORDS) == set(Signal)
    assert set(CHANGE_WORDS) == set(Change)
    assert all(all(pair) for pair in (*SIGNAL_WORDS.values(), *CHANGE_WORDS.values()))


def test_an_area_holds_what_is_near() -> None:
    wajima, kanazawa = (136.899, 37.391), (136.626, 36.595)
    area = Area(lonlat=(137.27, 37.5), radius_km=60)
    assert area.holds(wajima)
    assert not area.holds(kanazawa)
    assert distance_km(wajima, kanazawa) == pytest.approx(91.7, abs=0.7)
    with pytest.raises(BadInput, match="radius"):
        Area(lonlat=wajima, radius_km=0)


@LAW
@given(
    st.tuples(st.floats(-180, 180), st.floats(-89, 89)),
    st.tuples(st.floats(-180, 180), st.floats(-89, 89)),
)
def test_distances_are_the_same_both_ways(a: tuple[float, float], b: tuple[float, float]) -> None:
    assert distance_km(a, b) == pytest.approx(distance_km(b, a), abs=1e-6)
    assert 0 <= distance_km(a, b) <= 20_016
    assert distance_km(a, a) == pytest.approx(0, abs=1e-6)


def report(asset_id: str, signal: Signal, minutes: int) -> QuickReport:
    return QuickReport(
        report_id=uuid.uuid4(), emergency="noto", asset_id=asset_id, signal=signal,
        reported_by="山田", reported_at=NOW + timedelta(minutes=minutes),
    )  # fmt: skip


def test_the_newest_report_counts() -> None:
    later, first = report("A", Signal.YELLOW, 90), report("A", Signal.RED, 5)
    other = report("B", Signal.GREEN, 1)
    assert newest([later, other, first]) == {"A": later, "B": other}


def test_a_report_needs_a_person_and_a_zone() -> None:
    with pytest.raises(BadInput, match="name of the person"):
        QuickReport(
            report_id=uuid.uuid4(), emergency="noto", asset_id="A", signal=Signal.RED,
            reported_by=" ", reported_at=NOW,
        )  # fmt: skip
    with pytest.raises(BadInput, match="time zone"):
        QuickReport(
            report_id=uuid.uuid4(), emergency="noto", asset_id="A", signal=Signal.RED,
            reported_by="山田", reported_at=datetime(2024, 1, 1),
        )  # fmt: skip


@pytest.mark.parametrize(
    "change", [{"waves": [10, 20]}, {"expected": {"I": "blue"}}, {"hazards": {}}, {"common": [{}]}]
)
def test_a_broken_rule_is_refused(change: dict[str, object]) -> None:
    good = load_codelist("emergency_order")
    broken = Codelist(
        id=good.id, version=good.version, source=good.source, needs_review=True,
        fields={**good.fields, **change},
    )  # fmt: skip
    with pytest.raises(BadCodelist, match="emergency_order"):
        order_rule(broken)

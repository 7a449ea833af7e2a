"""Rule files as data: each kind of rule at both sides of its limit, in figures by hand.

The limits that ship are those of domain §6.1 (航空法, FAA Part 107, EASA Open); what a user writes
is held in the same way. A report never says more than that no conflict was found.
"""

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString, Point, box

from flight.checks.airspace import DEFAULT_SIGHT_M, check_rules
from flight.checks.circumstance import Circumstance
from flight.checks.course import CLIMB_M_S, SINK_M_S, Course, Leg, LegKind
from flight.checks.finding import Finding, Outcome
from flight.checks.layout import lay_out
from flight.checks.rulefile import RuleSet, load_rules, parse_rules, shipped_rules
from flight.checks.structure import build_obstacles
from flight.checks.sun import sun_height_deg
from flight.checks.terrain import Terrain
from flight.checks.words import Language, reason, title
from flight.checks.zone import build_zones
from flight.drone import find_drone
from flight.geodesic import bearing_deg, distance_m, step
from inspection.errors import BadCodelist, BadInput
from tests.support.courses import FRAME, course_through, item, mission_through
from tests.support.planned import feature

TOKYO = timezone(timedelta(hours=9))
KANAZAWA = (36.561, 136.656)

HEAD: dict[str, Any] = {
    "id": "own", "title": {"en": "Own", "ja": "自社規程"}, "country": "JP",
    "source_url": "https://example.org/manual", "valid_from": "2024-04-01",
    "reviewed_on": "2026-11-01", "needs_review": False,
}  # fmt: skip


def rules(**rule: Any) -> RuleSet:
    """Make a rule file of one rule, by way of its text."""
    usual = {"id": "it", "title": {"en": "It", "ja": "それ"}, "outcome": "refuse", "source": "社内"}
    text = yaml.safe_dump(HEAD | {"rules": [usual | rule]}, allow_unicode=True)
    return parse_rules(text, "own.yaml")


def answer(course: Course, rule: RuleSet, **around: Any) -> Finding:
    (found,) = check_rules(course, Circumstance(**around), rule)
    return found


def flat(height_m: float = 0.0, *, half_m: float = 400.0) -> Terrain:
    count = round(half_m / 5) + 1
    heights = np.full((2 * count - 1, 2 * count - 1), height_m)
    return Terrain(corner_m=(-half_m, -half_m), step_m=5.0, height_m=heights, name="dem.tif")


def level(height_m: float) -> Course:
    return course_through((10, 0, height_m), (60, 0, height_m))


# --- height --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("height_m", "ground_m", "outcome"),
    [
        (150.0, 0.0, Outcome.PASS),
        (150.1, 0.0, Outcome.REFUSE),
        (140.0, -10.0, Outcome.PASS),  # a valley 10 m below take-off
        (140.2, -10.0, Outcome.REFUSE),
        (180.0, 40.0, Outcome.PASS),  # the mission goes on over a hill as high as that
    ],
)
def test_golden_height_above_ground(height_m: float, ground_m: float, outcome: Outcome) -> None:
    found = answer(level(height_m), rules(kind="height", limit_m=150), terrain=flat(ground_m))
    assert found.outcome is outcome
    assert found.facts["height_m"] == pytest.approx(height_m - ground_m, abs=0.06)
    assert found.check == "own.it"


def test_without_ground_height_is_not_known_and_said_but_too_high_is_too_high() -> None:
    rule = rules(kind="height", limit_m=150)
    assert answer(level(100), rule).reason == "height.no_ground"
    assert answer(level(100), rule).outcome is Outcome.WARN
    assert answer(level(151), rule).outcome is Outcome.REFUSE


def tower(height_m: float, *, x_m: float = 35.0) -> dict[str, Any]:
    built = build_obstacles(
        [feature(box(x_m - 5, -40, x_m + 5, 40), "塔", height_m=height_m)], FRAME
    )
    return {"obstacles": built, "terrain": flat()}


EASA = {"within_m": 50, "above_m": 15, "least_height_m": 105, "horizontal": True}
FAA = {"within_m": 121.92, "above_m": 121.92, "horizontal": True}


@pytest.mark.parametrize(
    ("near", "tower_m", "flown_m", "outcome"),
    [
        # 航空法: within 30 m of a structure 150 m do not count
        ({"within_m": 30}, 160, 180, Outcome.PASS),
        ({"within_m": 10}, 160, 180, Outcome.REFUSE),
        ({"within_m": 30}, 140, 180, Outcome.REFUSE),  # 40 m above its top
        # up to 15 m above an obstacle taller than 105 m, within 50 m across
        (EASA, 140, 154.9, Outcome.PASS),
        (EASA, 139, 154.9, Outcome.REFUSE),
        (EASA | {"least_height_m": 150}, 140, 154.9, Outcome.REFUSE),
        # 400 ft above a structure within 400 ft
        (FAA, 60, 181, Outcome.PASS),
        (FAA, 60, 182, Outcome.REFUSE),
    ],
)  # fmt: skip
def test_golden_exemptions_beside_a_structure(
    near: dict[str, Any], tower_m: float, flown_m: float, outcome: Outcome
) -> None:
    # the leg over the tower alone: it comes from 20 m beside it and goes to 20 m beside it
    course = replace(level(flown_m), legs=level(flown_m).legs[2:3])
    rule = rules(kind="height", limit_m=150, near_structure=near)
    assert answer(course, rule, **tower(tower_m)).outcome is outcome


# --- distance and zones --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("y_m", "outcome"), [(29.9, Outcome.REFUSE), (30.1, Outcome.PASS), (90.0, Outcome.PASS)]
)
def test_golden_thirty_metres_from_the_things_of_others(y_m: float, outcome: Outcome) -> None:
    road = build_obstacles([feature(LineString([(0, y_m), (90, y_m)]), "県道", height_m=20)], FRAME)
    rule = rules(kind="distance", layer="third_party", limit_m=30)
    found = answer(course_through((10, 0, 10), (60, 0, 10)), rule, third_parties=road)
    assert found.outcome is outcome
    assert found.reason == {29.9: "distance.near", 30.1: "distance.kept", 90.0: "distance.far"}[y_m]


def test_layers_that_nobody_gave_are_named_in_both_languages() -> None:
    for rule, layer in (
        (rules(kind="distance", layer="third_party", limit_m=30), "third_party"),
        (rules(kind="zone", layer="did"), "did"),
    ):
        found = answer(level(20), rule)
        assert found.outcome is Outcome.WARN
        assert all(layer in reason(found, language) for language in Language)


def test_an_empty_layer_is_clear_and_several_zones_are_all_named() -> None:
    rule = rules(kind="zone", layer="did")
    assert answer(level(20), rule, zones={"did": ()}).outcome is Outcome.PASS
    zones = build_zones(
        [
            feature(box(0, -5, 20, 5), "東", ask="市"),
            feature(box(200, 200, 220, 205), "遠"),
            feature(box(40, -5, 80, 5), "西", ask="県"),
        ],
        FRAME,
    )
    found = answer(level(20), rule, zones={"did": zones})
    assert (found.outcome, found.facts["zones"], found.facts["ask"]) == (
        Outcome.REFUSE, "東, 西", "市, 県",
    )  # fmt: skip


# --- sight, wind, speed --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("limit_m", "drone", "expected"),
    [
        (100, None, 100.0),
        (None, None, DEFAULT_SIGHT_M),
        (None, "dji_m3e", 222.74),
        (50, "dji_m3e", 50),
    ],
)
def test_golden_limit_of_sight(limit_m: float | None, drone: str | None, expected: float) -> None:
    rule = rules(kind="sight", **({} if limit_m is None else {"limit_m": limit_m}))
    craft = None if drone is None else find_drone(drone)
    inside = course_through((expected - 20, 0, 10), (expected - 19, 0, 10))
    beyond = course_through((expected + 2, 0, 10), (expected + 3, 0, 10))
    assert answer(inside, rule, drone=craft, terrain=flat()).outcome is Outcome.PASS
    assert answer(beyond, rule, drone=craft, terrain=flat()).outcome is Outcome.REFUSE
    # the pilot may stand nearer
    near = answer(beyond, rule, drone=craft, terrain=flat(), pilot_m=(expected / 2, 0.0))
    assert near.outcome is Outcome.PASS


@pytest.mark.parametrize(
    ("wind", "gust", "outcome"),
    [(4.9, None, Outcome.PASS), (5.0, None, Outcome.REFUSE), (3.0, 5.0, Outcome.REFUSE),
     (3.0, 4.9, Outcome.PASS), (None, None, Outcome.WARN), (0.0, None, Outcome.PASS)],
)  # fmt: skip
def test_golden_wind_of_the_standard_manual(
    wind: float | None, gust: float | None, outcome: Outcome
) -> None:
    """Less than 5 m/s: five is too much (domain §6.1)."""
    rule = rules(kind="wind", limit_m_s=5)
    assert answer(level(20), rule, wind_m_s=wind, gust_m_s=gust).outcome is outcome


@pytest.mark.parametrize(
    ("cruise", "wind", "outcome"),
    [(44.7, None, Outcome.PASS), (44.71, None, Outcome.REFUSE), (40.0, 4.7, Outcome.PASS),
     (40.0, 4.71, Outcome.REFUSE)],
)  # fmt: skip
def test_golden_100_miles_an_hour(cruise: float, wind: float | None, outcome: Outcome) -> None:
    course = lay_out(mission_through((10, 0, 9), (60, 0, 9), cruise_speed_m_s=cruise))
    rule = rules(kind="speed", limit_m_s=44.7)
    assert answer(course, rule, wind_m_s=wind).outcome is outcome


@pytest.mark.parametrize("outcome", ["warn", "refuse"])
def test_what_only_a_person_knows_stays_open_as_the_file_says(outcome: str) -> None:
    found = answer(level(20), rules(kind="confirm", outcome=outcome))
    assert found.outcome.value == outcome
    assert [title(found, language) for language in Language] == ["It", "それ"]


# --- the sun -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("moment", "height"),
    [
        # Kanazawa, times of the National Astronomical Observatory: the sun's rim on the horizon
        ("2026-06-21T04:36+09:00", -0.833),
        ("2026-06-21T19:15+09:00", -0.833),
        ("2026-12-22T07:00+09:00", -0.833),
        ("2026-12-22T16:40+09:00", -0.833),
        ("2026-03-20T11:54+09:00", 53.4),  # equinox: 90 − latitude, at its highest
    ],
)
def test_golden_sun_over_kanazawa(moment: str, height: float) -> None:
    found = sun_height_deg(KANAZAWA, datetime.fromisoformat(moment))
    assert found == pytest.approx(height, abs=0.35)


@given(
    place=st.tuples(st.floats(-90, 90), st.floats(-180, 180)),
    at=st.datetimes(datetime(1950, 1, 1), datetime(2050, 1, 1), timezones=st.just(UTC)),
)
@settings(max_examples=50)
def test_the_sun_obeys_the_earth(place: tuple[float, float], at: datetime) -> None:
    height = sun_height_deg(place, at)
    assert -90 <= height <= 90
    antipode = (-place[0], place[1] - 180)
    assert sun_height_deg(antipode, at) == pytest.approx(-height, abs=1e-6)
    assert sun_height_deg(place, at.astimezone(TOKYO)) == pytest.approx(height, abs=1e-9)
    assert abs(height) <= 90 - abs(place[0]) + 23.45


def test_the_poles_have_one_day_a_year() -> None:
    for hour in range(0, 24, 3):
        at = datetime(2026, 6, 21, hour, tzinfo=UTC)
        assert sun_height_deg((90.0, 0.0), at) == pytest.approx(23.44, abs=0.02)
        assert sun_height_deg((-90.0, 0.0), at) == pytest.approx(-23.44, abs=0.02)
    with pytest.raises(BadInput, match="must carry a zone"):
        sun_height_deg(KANAZAWA, datetime(2026, 6, 21, 12))


@pytest.mark.parametrize(
    ("clock", "outcome"),
    [
        ("06:50", Outcome.REFUSE), ("07:10", Outcome.PASS), ("12:00", Outcome.PASS),
        ("16:20", Outcome.PASS), ("16:36", Outcome.REFUSE), ("16:45", Outcome.REFUSE),
        ("23:59", Outcome.REFUSE),
    ],
)  # fmt: skip
def test_a_winter_day_is_over_when_the_flight_ends(clock: str, outcome: Outcome) -> None:
    """The flight takes about ten minutes; sunset is at 16:40."""
    far = course_through((1200, 0, 20), (1200, 5, 20))
    assert 5 < far.seconds / 60 < 15
    rule = rules(kind="daylight", sun_above_deg=-0.833)
    at = datetime.fromisoformat(f"2026-12-22T{clock}+09:00")
    assert answer(far, rule, at=at).outcome is outcome
    assert answer(far, rule).reason == "daylight.no_time"


# --- what a file may hold ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"kind": "height", "limit_m": 0}, "limit_m"),
        ({"kind": "height", "limit_m": -150}, "limit_m"),
        ({"kind": "height", "limit_m": "high"}, "limit_m"),
        ({"kind": "height"}, "limit_m"),
        ({"kind": "height", "limit_m": 150, "near_structure": {"within_m": 0}}, "within_m"),
        ({"kind": "height", "limit_m": 150, "near_structure": {"within": 3}}, "within"),
        ({"kind": "distance", "layer": "did", "limit_m": 30}, "layer"),
        ({"kind": "zone"}, "layer"),
        ({"kind": "daylight", "sun_above_deg": -19}, "sun_above_deg"),
        ({"kind": "daylight", "sun_above_deg": 11}, "sun_above_deg"),
        ({"kind": "wind", "limit_m_s": 0}, "limit_m_s"),
        ({"kind": "magic"}, "kind"),
        ({"kind": "confirm", "outcome": "pass"}, "outcome"),
        ({"kind": "confirm", "title": {"en": "only"}}, "ja"),
        ({"kind": "confirm", "title": {"en": "", "ja": "x"}}, "title"),
        ({"kind": "confirm", "id": "Über"}, "id"),
        ({"kind": "confirm", "id": "1st"}, "id"),
        ({"kind": "confirm", "source": ""}, "source"),
        ({"kind": "confirm", "colour": "red"}, "colour"),
    ],
)
def test_a_rule_out_of_form_is_named_with_its_field(change: dict[str, Any], named: str) -> None:
    with pytest.raises(BadCodelist, match=rf"own\.yaml is no rule file:.*{named}"):
        rules(**change)


@pytest.mark.parametrize(
    ("field", "value"),
    [("id", ""), ("country", "Japan"), ("country", "jp"), ("source_url", "the manual"),
     ("valid_from", "令和6年4月1日"), ("valid_from", "2024-13-01"), ("reviewed_on", None),
     ("needs_review", "maybe"), ("rules", []), ("rules", None), ("layers", [{"name": "x"}])],
)  # fmt: skip
def test_a_head_out_of_form_is_named(field: str, value: object) -> None:
    rule = {"id": "a", "title": {"en": "A", "ja": "あ"}, "outcome": "warn", "source": "s",
            "kind": "confirm"}  # fmt: skip
    text = yaml.safe_dump(HEAD | {"rules": [rule], field: value}, allow_unicode=True)
    with pytest.raises(BadCodelist, match=field):
        parse_rules(text, "own.yaml")


@pytest.mark.parametrize("content", [b"\xff\xfe", "規程".encode("shift_jis"), b"", b"- 1", b"a: ["])
def test_a_file_that_is_none_is_told(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "own.yaml"
    path.write_bytes(content)
    with pytest.raises(BadCodelist, match=r"own\.yaml"):
        load_rules(str(path))


@pytest.mark.parametrize("name", shipped_rules())
def test_every_shipped_rule_answers_a_plain_flight_in_both_languages(name: str) -> None:
    shipped = load_rules(name)
    found = check_rules(level(20), Circumstance(), shipped)
    assert [one.check for one in found] == [f"{name}.{rule.id}" for rule in shipped.rules]
    for one in found:
        for language in Language:
            words = f"{title(one, language)} {reason(one, language)}".casefold()
            assert words.strip()
            assert not any(word in words for word in ("legal", "合法", "適法", "許可されてい"))


# --- legs and the ellipsoid ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("end", "speed", "hold", "seconds"),
    [
        ((30, 40, 0), 5.0, 0.0, 10.0),
        ((0, 0, 25), 5.0, 0.0, 25 / CLIMB_M_S),
        ((0, 0, -15), 5.0, 0.0, 15 / SINK_M_S),
        ((30, 40, 50), 5.0, 2.0, 22.0),  # the climb takes longer than the way
        ((30, 40, 10), 5.0, 0.0, 10.0),
    ],
)
def test_golden_time_of_a_leg(
    end: tuple[float, float, float], speed: float, hold: float, seconds: float
) -> None:
    leg = Leg(
        item=1, kind=LegKind.WORK, start_m=np.zeros(3), end_m=np.array(end, float),
        speed_m_s=speed, hold_s=hold,
    )  # fmt: skip
    assert leg.seconds == pytest.approx(seconds)
    assert leg.length_m == pytest.approx(math.hypot(*end))


@given(
    place=st.tuples(st.floats(-80, 80), st.floats(-179, 179)),
    heading=st.floats(0, 359.9),
    length=st.floats(0.5, 50_000),
)
@settings(max_examples=40)
def test_a_step_on_the_ellipsoid_is_as_long_as_it_says(
    place: tuple[float, float], heading: float, length: float
) -> None:
    there = step(place, heading, length)
    assert distance_m(place, there) == pytest.approx(length, rel=1e-9, abs=1e-6)
    assert distance_m(there, place) == pytest.approx(length, rel=1e-9, abs=1e-6)
    turn = (bearing_deg(place, there) - heading + 180) % 360 - 180
    assert abs(turn) * length < 1e-2  # a degree of a long way counts, of a short one not


def test_items_of_a_mission_are_counted_from_home() -> None:
    course = course_through((10, 0, 20), (60, 0, 20), before=[item(178, 1, 3)])
    found = answer(course, rules(kind="height", limit_m=10), terrain=flat())
    assert found.items == (1, 3, 4, 5)  # take-off, both waypoints, the return
    assert Point(*found.place_latlon_deg[::-1]).distance(Point(136.6257, 36.5946)) < 0.001  # type: ignore[index]

"""Rules of a file held against a course."""

from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from flight.checks.airspace import check_rules
from flight.checks.circumstance import Circumstance
from flight.checks.course import Course
from flight.checks.finding import Finding, Outcome
from flight.checks.rulefile import load_rules
from flight.checks.structure import build_obstacles
from flight.checks.sun import sun_height_deg
from flight.checks.terrain import Terrain
from flight.checks.zone import Zone, build_zones, zones_met
from flight.drone import find_drone
from inspection.errors import BadInput
from tests.support.courses import FRAME, HOME, course_through, features_of, lonlats, square

JP = load_rules("jp_uas_rule")
NOON = datetime.fromisoformat("2026-11-26T12:00:00+09:00")


def found(course: Course, rule: str, rules: str = "jp_uas_rule", **around: Any) -> Finding:
    """Answer one rule."""
    answers = check_rules(course, Circumstance(**around), load_rules(rules))
    return next(one for one in answers if one.check == f"{rules}.{rule}")


def level(height_m: float = 0.0) -> Terrain:
    """Give level ground."""
    return Terrain(corner_m=(-500, -500), step_m=10.0, height_m=np.full((101, 101), height_m))


def tower(folder: Path, height_m: float) -> tuple[Any, ...]:
    """Give a tower of 10 m width at (100, 0)."""
    features = features_of(
        folder, ("Polygon", square(100, 0, 5), {"name": "tower", "height_m": height_m})
    )
    return build_obstacles(features, FRAME)


def test_every_rule_is_answered_once_in_order() -> None:
    answers = check_rules(course_through((9, 9, 9)), Circumstance(), JP)
    assert [one.check for one in answers] == [f"jp_uas_rule.{rule.id}" for rule in JP.rules]
    assert all(one.source and one.title for one in answers)
    assert not any(one.outcome is Outcome.REFUSE for one in answers)


@pytest.mark.parametrize(
    ("height_m", "outcome"), [(149.0, "pass"), (150.0, "pass"), (151.0, "refuse")]
)
def test_150_m_counts_from_the_ground(height_m: float, outcome: str) -> None:
    course = course_through((100, 0, height_m))
    assert found(course, "height_150m", terrain=level()).outcome.value == outcome


def test_a_valley_below_counts() -> None:
    """100 m above take-off is 160 m above the valley."""
    ground = level()
    height = ground.height_m.copy()
    height[:, 70:] = -60.0
    valley = Terrain(corner_m=(-500, -500), step_m=10.0, height_m=height)
    course = course_through((300, 0, 100))
    answer = found(course, "height_150m", terrain=valley)
    assert answer.outcome is Outcome.REFUSE and answer.facts["height_m"] == 160.0
    unknown = found(course, "height_150m")
    assert (unknown.outcome, unknown.reason) == (Outcome.WARN, "height.no_ground")


def test_near_a_structure_150_m_do_not_count(tmp_path: Path) -> None:
    """Domain §6.1: within 30 m of a structure."""
    high = tower(tmp_path, 200.0)
    beside = course_through((75, 0, 50), (75, 0, 190), (75, 0, 50))
    answer = found(beside, "height_150m", terrain=level(), obstacles=high)
    assert (answer.outcome, answer.reason) == (Outcome.PASS, "height.exempt")
    off = course_through((60, 0, 50), (60, 0, 190), (60, 0, 50))
    assert found(off, "height_150m", terrain=level(), obstacles=high).outcome is Outcome.REFUSE
    short = tower(tmp_path, 100.0)
    above = found(beside, "height_150m", terrain=level(), obstacles=short)
    assert above.outcome is Outcome.REFUSE


@pytest.mark.parametrize(
    ("tower_m", "x_m", "top_m", "outcome"),
    [
        (110, 60, 124, "pass"),  # within 50 m across, up to 15 m above
        (110, 60, 126, "refuse"),
        (110, 40, 124, "refuse"),  # 55 m off
        (100, 60, 124, "refuse"),  # not taller than 105 m
    ],
)
def test_easa_allows_15_m_above_a_tall_obstacle(
    tmp_path: Path, tower_m: float, x_m: float, top_m: float, outcome: str
) -> None:
    course = course_through((x_m, 0, 50), (x_m, 0, top_m), (x_m, 0, 50))
    answer = found(
        course, "height_120m", "eu_easa_open", terrain=level(), obstacles=tower(tmp_path, tower_m)
    )
    assert answer.outcome.value == outcome


@given(st.floats(0, 80))
@settings(max_examples=30, deadline=None)
def test_30_m_from_the_things_of_others(off_m: float) -> None:
    from flight.checks.structure import surface_obstacle

    house = np.array([[[-20.0, 50 + off_m, 0], [20, 50 + off_m, 0], [20, 50 + off_m, 30]]])
    things = (surface_obstacle("house", house),)
    course = course_through((-20, 50, 10), (20, 50, 10))
    answer = found(course, "third_party_30m", third_parties=things)
    assert (answer.outcome is Outcome.REFUSE) == (off_m < 30)
    assert answer.facts["room_m"] == pytest.approx(off_m, abs=0.06)


def test_a_road_below_counts_in_a_straight_line(tmp_path: Path) -> None:
    """40 m above a road at ground level are 40 m; without a height nobody knows."""
    road = lonlats([(50, -100), (50, 100)])
    course = course_through((0, 0, 40), (100, 0, 40))
    level_road = features_of(tmp_path, ("LineString", road, {"name": "road", "height_m": 0}))
    low = build_obstacles(level_road, FRAME, endless_without_height=True)
    assert found(course, "third_party_30m", third_parties=low).outcome is Outcome.PASS
    unknown = features_of(tmp_path, ("LineString", road, {"name": "road"}))
    endless = build_obstacles(unknown, FRAME, endless_without_height=True)
    assert found(course, "third_party_30m", third_parties=endless).outcome is Outcome.REFUSE


def test_a_layer_that_nobody_gave_is_not_checked_and_said() -> None:
    for rule in ("did", "airport", "no_fly", "third_party_30m"):
        answer = found(course_through((9, 9, 9)), rule)
        assert (answer.outcome, answer.reason) == (Outcome.WARN, "layer.none")


def test_a_leg_that_crosses_a_zone_between_waypoints_is_refused(tmp_path: Path) -> None:
    features = features_of(tmp_path, ("Polygon", square(50, 0, 2), {"name": "DID 1"}))
    zones = build_zones(features, FRAME)
    course = course_through((0, 0, 20), (100, 0, 20))
    answer = found(course, "did", zones={"did": zones})
    assert (answer.outcome, answer.facts["zones"]) == (Outcome.REFUSE, "DID 1")
    assert answer.items == (3, 4)
    off = course_through((0, 30, 20), (0, 60, 20))
    clear = found(off, "did", zones={"did": zones})
    assert (clear.outcome, clear.facts["zones"]) == (Outcome.PASS, 1)


def test_a_place_to_ask_first_warns_and_says_whom(tmp_path: Path) -> None:
    plant = ("Point", lonlats([(300, 0)])[0], {"name": "plant", "radius_m": 250, "ask": "owner"})
    zones = build_zones(features_of(tmp_path, plant), FRAME)
    met = found(course_through((60, 0, 20)), "ask_first", zones={"ask_first": zones})
    assert (met.outcome, met.reason) == (Outcome.WARN, "zone.ask")
    assert met.facts["ask"] == "owner" and met.needs_review
    out = found(course_through((40, 0, 20)), "ask_first", zones={"ask_first": zones})
    assert out.outcome is Outcome.PASS


def test_a_zone_that_covers_nothing_is_refused(tmp_path: Path) -> None:
    bare = features_of(tmp_path, ("Point", lonlats([(1, 1)])[0], {"name": "spot"}))
    with pytest.raises(BadInput, match="'spot' is a Point without 'radius_m'"):
        build_zones(bare, FRAME)


def test_zones_are_met_in_their_order() -> None:
    zones = [
        Zone(name=str(n), ask="", area_m=shapely.Point(x, 0).buffer(3))
        for n, x in enumerate((90, 30))
    ]
    met = zones_met(course_through((100, 0, 9)), zones)
    assert [entry.zone.name for entry in met] == ["0", "1"]
    assert met[0].first_leg == 1


@pytest.mark.parametrize(
    ("at", "height_deg"),
    [
        # near noon on the solstices 90° − latitude ± 23.44°; at the equinox the sun sets six hours
        # after solar noon, here 12:00:54 (6.5 min for the longitude, 7.4 min equation of time)
        ("2026-06-21T12:00:00+09:00", 76.85),
        ("2026-12-22T12:00:00+09:00", 29.97),
        ("2026-03-20T18:00:00+09:00", 0.18),
    ],
)
def test_the_sun_stands_where_it_should(at: str, height_deg: float) -> None:
    assert sun_height_deg(HOME, datetime.fromisoformat(at)) == pytest.approx(height_deg, abs=0.15)


def test_day_ends_with_the_flight_not_with_its_start() -> None:
    course = course_through((0, 3000, 20))
    assert course.seconds > 1000
    before = datetime.fromisoformat("2026-11-26T16:30:00+09:00")
    assert sun_height_deg(HOME, before) > -0.833
    assert found(course, "night", at=before).outcome is Outcome.REFUSE
    assert found(course, "night", at=NOON).outcome is Outcome.PASS
    assert found(course, "night").reason == "daylight.no_time"
    faa = found(course, "night", "us_faa_part107", at=before)
    assert faa.outcome is Outcome.PASS  # civil twilight


@pytest.mark.parametrize(
    ("wind", "gust", "outcome"),
    [(4.9, None, "pass"), (5.0, None, "refuse"), (3.0, 6.0, "refuse"), (None, None, "warn")],
)
def test_the_manual_wants_less_than_5_m_s(
    wind: float | None, gust: float | None, outcome: str
) -> None:
    answer = found(course_through((9, 9, 9)), "manual_wind", wind_m_s=wind, gust_m_s=gust)
    assert answer.outcome.value == outcome


def test_the_speed_limit_counts_the_wind_from_behind() -> None:
    fast = course_through((900, 0, 50), cruise_speed_m_s=40.0)
    assert found(fast, "speed_100mph", "us_faa_part107").outcome is Outcome.PASS
    blown = found(fast, "speed_100mph", "us_faa_part107", wind_m_s=6.0)
    assert blown.outcome is Outcome.REFUSE and blown.items == (1, 2, 3)


def test_sight_ends_with_distance(tmp_path: Path) -> None:
    course = course_through((0, 250, 30))
    mavic = find_drone("dji_m3e")  # 0.62 m across: 223 m
    far = found(course, "sight", drone=mavic, terrain=level())
    assert (far.outcome, far.reason, far.facts["limit_m"]) == (Outcome.REFUSE, "sight.far", 223)
    nearer = found(course, "sight", drone=mavic, terrain=level(), pilot_m=(0.0, 120.0))
    assert nearer.outcome is Outcome.PASS
    blind = found(course, "sight", drone=mavic, pilot_m=(0.0, 120.0))
    assert (blind.outcome, blind.reason) == (Outcome.WARN, "sight.blind")


def test_sight_ends_behind_a_hill_or_a_wall(tmp_path: Path) -> None:
    course = course_through((-60, 100, 10), (60, 100, 10))
    ground = level()
    height = ground.height_m.copy()
    height[56, :] = 40.0  # a ridge at y = 60 m
    ridge = Terrain(corner_m=(-500, -500), step_m=10.0, height_m=height, name="ridge.tif")
    hidden = found(course, "sight", terrain=ridge)
    assert (hidden.outcome, hidden.facts["behind"]) == (Outcome.REFUSE, "ridge.tif")
    assert 3 in hidden.items
    wall = features_of(
        tmp_path, ("LineString", lonlats([(-5, 60), (5, 60)]), {"name": "pier", "height_m": 30})
    )
    walled = found(course, "sight", terrain=level(), obstacles=build_obstacles(wall, FRAME))
    assert (walled.outcome, walled.facts["behind"]) == (Outcome.REFUSE, "pier")
    moved = found(
        course,
        "sight",
        terrain=level(),
        obstacles=build_obstacles(wall, FRAME),
        pilot_m=(0.0, 80.0),
    )
    assert moved.outcome is Outcome.REFUSE  # take-off now hides behind it
    assert moved.items != walled.items


@pytest.mark.parametrize(
    ("fields", "match"),
    [
        ({"wind_m_s": -1.0}, "wind of -1.0 m/s"),
        ({"wind_m_s": 5.0, "gust_m_s": 3.0}, "below the wind"),
        ({"reserve": 1.0}, "reserve"),
        ({"storage_gb": 0.0}, "storage"),
        ({"at": datetime(2026, 1, 1)}, "zone"),
    ],
)
def test_impossible_circumstances_are_refused(fields: dict[str, Any], match: str) -> None:
    with pytest.raises(BadInput, match=match):
        Circumstance(**fields)

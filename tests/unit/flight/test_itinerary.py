"""Missions of plans: what the items say, in which order, and what is never written."""

import doctest
import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
from shapely import LineString, Point, Polygon

from flight import poses as poses_module
from flight.course import BESIDE_DECK_M, lay_course
from flight.drone import find_drone
from flight.flightplan import FlightPlan, Pattern, Trigger
from flight.itinerary import (
    CHANGE_SPEED,
    CONDITION_YAW,
    DELAY,
    GIMBAL,
    RELEASE,
    RETURN,
    TAKEOFF,
    TRIGGER_DISTANCE,
    WAYPOINT,
    make_itinerary,
)
from flight.mission import AltitudeFrame, MissionItem
from inspection.errors import BadInput
from tests.support.flightplans import small_plan
from tests.support.planned import feature, planned
from tests.support.sites import lonlat

ARDUPILOT = find_drone("ardupilot_survey")
DECK = Polygon([(0, 20), (30, 20), (30, 28), (0, 28)])
WALL = LineString([(0, 20), (12, 20)])


def commands(items: tuple[MissionItem, ...]) -> list[int]:
    return [item.command for item in items]


def mission_items(plan: FlightPlan, drone: str = "ardupilot_survey") -> tuple[MissionItem, ...]:
    return make_itinerary(plan, find_drone(drone)).mission.items


def test_doctests_hold() -> None:
    assert doctest.testmod(poses_module).failed == 0


def test_a_stopping_plan_flies_to_every_photo_holds_releases_and_waits() -> None:
    plan = small_plan()
    items = mission_items(plan)
    assert commands(items[:2]) == [TAKEOFF, TRIGGER_DISTANCE]
    assert items[0].altitude_m == pytest.approx(10.0, abs=0.01)
    assert items[1].params[0] == 0.0
    assert commands(items[-1:]) == [RETURN]
    places = [n for n, item in enumerate(items) if item.command == WAYPOINT]
    assert len(places) == 6
    for number, photo in zip(places, plan.photos, strict=True):
        assert commands(items[number : number + 3]) == [WAYPOINT, RELEASE, DELAY]
        assert items[number].params[0] == ARDUPILOT.hold_s
        assert items[number + 1].lat_deg == 1.0  # fifth parameter: release
        assert items[number + 2].params == (1.0, -1.0, -1.0, -1.0)
        lat, lon, height_m = plan.to_latlon_height([photo.position_m])[0]
        assert items[number].lat_deg == pytest.approx(lat, abs=1e-9)
        assert items[number].lon_deg == pytest.approx(lon, abs=1e-9)
        assert items[number].altitude_m == pytest.approx(height_m, abs=1e-3)


def test_gimbal_and_yaw_are_said_once_and_before_the_first_waypoint() -> None:
    items = mission_items(small_plan())
    said = commands(items)
    assert said.count(GIMBAL) == said.count(CONDITION_YAW) == 1
    assert said.index(GIMBAL) < said.index(WAYPOINT)
    gimbal = items[said.index(GIMBAL)]
    assert (gimbal.params[0], gimbal.altitude_m) == (-90.0, 2.0)


def test_px4_and_dji_turn_by_the_waypoint_itself() -> None:
    plan = planned(Pattern.FACADE, feature(WALL, bottom_m=3, top_m=5))
    for drone in ("px4_survey", "dji_m350"):
        items = mission_items(plan, drone)
        assert CONDITION_YAW not in commands(items)
        yaws = {item.params[3] for item in items if item.command == WAYPOINT}
        assert {round(float(yaw or 0)) % 360 for yaw in yaws} == {0}


def test_a_plan_that_flies_on_triggers_by_distance_row_by_row() -> None:
    plan = planned(Pattern.AREA, feature(DECK), camera="dji_m3e_wide", gsd_mm=5, drone="dji_m3e")
    assert plan.trigger is Trigger.DISTANCE
    items = mission_items(plan)
    triggers = [item for item in items if item.command == TRIGGER_DISTANCE][1:-1]
    assert len(triggers) == 2 * len(plan.rows)
    for on, off, row in zip(triggers[::2], triggers[1::2], plan.rows, strict=True):
        steps = np.diff([photo.position_m for photo in row], axis=0)
        spacing_m = np.linalg.norm(steps, axis=1).mean()  # a little less: the last one shall come
        assert spacing_m - 0.02 / len(steps) - 1e-3 <= (on.params[0] or 0) < spacing_m
        assert on.params[2] == 1.0  # the first photo at once
        assert off.params[0] == 0.0
    assert RELEASE not in commands(items)
    speeds = [item.params[1] for item in items if item.command == CHANGE_SPEED]
    assert set(speeds) == {ARDUPILOT.cruise_m_s, plan.speed_m_s}
    assert speeds[0] == ARDUPILOT.cruise_m_s


def test_a_row_is_entered_at_speed_from_before_its_first_photo() -> None:
    plan = planned(Pattern.AREA, feature(DECK), camera="dji_m3e_wide", gsd_mm=5, drone="dji_m3e")
    lead_in, first, *_ = lay_course(plan)
    assert plan.lead_in_m == pytest.approx(2.5**2 / 3 + 1.25)
    assert np.linalg.norm(lead_in.position_m - first.position_m) == pytest.approx(plan.lead_in_m)
    along = plan.rows[0][1].position_m - plan.rows[0][0].position_m
    ahead = first.position_m - lead_in.position_m
    assert along @ ahead == pytest.approx(np.linalg.norm(along) * np.linalg.norm(ahead))
    assert lead_in.trigger_m is None
    assert first.trigger_m is not None


def test_a_straight_row_needs_no_waypoint_in_between_and_a_bend_does() -> None:
    straight = planned(
        Pattern.CORRIDOR, feature(LineString([(0, 0), (0, 400)]), width_m=3),
        camera="dji_m3e_wide", gsd_mm=5, full_edges=False,
    )  # fmt: skip
    assert len(lay_course(straight)) == 3  # lead-in, first, last
    angles = np.linspace(0, math.pi / 2, 40)
    arc = LineString(300 * np.column_stack([np.cos(angles), np.sin(angles)]))
    bent = planned(
        Pattern.CORRIDOR, feature(arc, width_m=3), camera="dji_m3e_wide", gsd_mm=5,
        full_edges=False,
    )  # fmt: skip
    course = LineString([step.position_m[:2] for step in lay_course(bent)])
    assert 8 <= len(lay_course(bent)) < len(bent.photos) / 3
    off_m = [course.distance(_point(photo.position_m)) for photo in bent.photos]
    assert max(off_m) <= 0.05 * bent.photos[0].distance_m


def test_no_number_is_nan_and_heights_count_from_one_frame() -> None:
    plan = planned(Pattern.FACADE, feature(WALL, bottom_m=0, top_m=5))
    for frame, takeoff_msl_m in ((AltitudeFrame.HOME, None), (AltitudeFrame.MSL, 31.0)):
        lifted = replace(plan, altitude_frame=frame, takeoff_msl_m=takeoff_msl_m)
        items = mission_items(lifted)
        assert {i.frame for i in items} == {frame, AltitudeFrame.MISSION}
        for item in items:
            numbers = (*item.params, item.lat_deg, item.lon_deg, item.altitude_m)
            assert all(n is not None and math.isfinite(n) for n in numbers)
    home = [i.altitude_m for i in mission_items(plan) if i.command == WAYPOINT]
    msl = [i.altitude_m for i in items if i.command == WAYPOINT]
    assert np.subtract(msl, home) == pytest.approx(np.full(len(home), 31.0))


def test_heights_above_sea_level_need_that_of_take_off() -> None:
    plan = small_plan(altitude_frame=AltitudeFrame.MSL, takeoff_msl_m=None)
    with pytest.raises(BadInput, match="--takeoff-msl-m"):
        make_itinerary(plan, ARDUPILOT)
    with pytest.raises(BadInput, match="terrain is not planned"):
        make_itinerary(small_plan(altitude_frame=AltitudeFrame.TERRAIN), ARDUPILOT)


def test_a_plan_without_photos_is_nothing_to_fly() -> None:
    with pytest.raises(BadInput, match="nothing to fly"):
        make_itinerary(small_plan(photos=()), ARDUPILOT)


def test_the_drone_comes_and_leaves_beside_a_deck_not_through_it() -> None:
    plan = planned(Pattern.SOFFIT, feature(DECK, height_m=9), drone="ardupilot_upward")
    course = lay_course(plan)
    for end in (course[0], course[-1]):
        assert not end.release
        assert _point(end.position_m).distance(DECK) == pytest.approx(BESIDE_DECK_M, abs=0.01)
        assert end.position_m[2] == pytest.approx(9 - 3.409, abs=0.01)
        assert not LineString([(0, 0), end.position_m[:2]]).intersects(DECK)
    assert all(step.release for step in course[1:-1])


def test_between_faces_the_drone_goes_over_what_stands_in_between() -> None:
    near = feature(LineString([(0, 20), (10, 20)]), "south", bottom_m=3, top_m=9)
    far = feature(LineString([(10, 23), (0, 23)]), "north", bottom_m=3, top_m=9)
    plan = planned(Pattern.FACADE, near, far)
    course = lay_course(plan)
    places = np.array([step.position_m for step in course])
    wall = Polygon([(0, 20), (10, 20), (10, 23), (0, 23)])
    for one, other in itertools.pairwise(places):
        for place in np.linspace(one, other, 40):
            if place[2] < 9 + 2:
                assert wall.distance(_point(place)) >= 2.3
    over = [step for step in course if not step.release]
    assert max(step.position_m[2] for step in over) >= 9 + 3.4


def test_below_a_deck_the_drone_comes_and_leaves_by_the_gate_and_never_climbs() -> None:
    (gate,) = lonlat([(20.0, 5.0)])
    face = feature(WALL, "A1", bottom_m=3, top_m=7)
    plan = planned(Pattern.FACADE, face, gate_latlon_deg=(gate[1], gate[0]))
    course = lay_course(plan)
    for end in (course[0], course[-1]):
        assert end.position_m[:2] == pytest.approx([20.0, 5.0], abs=0.01)
    assert max(step.position_m[2] for step in course) <= 7.0
    without = planned(Pattern.FACADE, face)
    assert max(step.position_m[2] for step in lay_course(without)) == pytest.approx(
        7 + 3.409, abs=0.01
    )
    assert any("--gate" in note for note in without.notes)
    assert not any("--gate" in note for note in plan.notes)


def test_two_looks_from_one_place_are_one_waypoint() -> None:
    plan = planned(Pattern.FACADE, feature(WALL, bottom_m=0, top_m=5), drone="dji_m350")
    items = mission_items(plan, "dji_m350")
    places = [(i.lat_deg, i.lon_deg, i.altitude_m) for i in items if i.command == WAYPOINT]
    assert all(a != b for a, b in itertools.pairwise(places))
    assert commands(items).count(RELEASE) == len(plan.photos)


def test_the_estimate_of_time_grows_with_photos_and_distance() -> None:
    near = planned(Pattern.FACADE, feature(WALL, bottom_m=3, top_m=5))
    far = planned(Pattern.FACADE, feature(LineString([(0, 620), (12, 620)]), bottom_m=3, top_m=5))
    here, there = (make_itinerary(plan, ARDUPILOT) for plan in (near, far))
    assert there.seconds - here.seconds == pytest.approx(2 * 600 / ARDUPILOT.cruise_m_s, rel=0.02)
    least = len(near.photos) * (ARDUPILOT.hold_s + 1.0)
    assert least < here.seconds < 3 * least
    assert there.length_m - here.length_m == pytest.approx(1200, rel=0.01)


def _point(place: np.ndarray) -> Point:
    return Point(place[:2])

"""Releases of the camera: a mission takes as many photos as its plan has, and the check counts so.

A plan that flies on tells the vehicle a distance. Rounded up to a millimetre, that distance makes
the last photo of a long row not come; the edge of the deck is then seen once less than promised.
"""

import math
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString, box

from flight.checks.course import Course
from flight.checks.layout import lay_out
from flight.command import Command
from flight.course import lay_course
from flight.drone import Drone, find_drone
from flight.flightplan import FlightPlan, Pattern, Trigger
from flight.itinerary import duration_s, make_itinerary
from flight.mission import AltitudeFrame, Mission, MissionItem
from tests.support.courses import item, mission_through, takeoff
from tests.support.flightplans import nadir_photo, small_plan
from tests.support.planned import feature, planned


@cache
def drone(code: str = "ardupilot_survey") -> Drone:
    return find_drone(code)


def mission_of(plan: FlightPlan, code: str = "ardupilot_survey") -> Mission:
    return make_itinerary(plan, drone(code)).mission


def triggers(mission: Mission) -> list[float]:
    """Give the distances that a mission orders, 0 for stop."""
    found = [one for one in mission.items if one.command == Command.TRIGGER_DISTANCE]
    return [float(one.params[0] or 0) for one in found]


def row_plan(count: int, spacing_m: float, **changes: Any) -> FlightPlan:
    """Give one straight row that is flown on."""
    photos = tuple(nadir_photo(n, n * spacing_m, 0.0) for n in range(count))
    return small_plan(
        photos=photos, trigger=Trigger.DISTANCE, lead_in_m=1.0, speed_m_s=2.0, **changes
    )


# --- the plan's photos come ----------------------------------------------------------------------


@given(count=st.integers(2, 150), spacing_m=st.floats(0.3, 20.0))
@settings(max_examples=25, deadline=None)
def test_a_row_of_any_spacing_gets_all_of_its_photos(count: int, spacing_m: float) -> None:
    """A millimetre a step may add up to one more; none may be missing."""
    plan = row_plan(count, spacing_m)
    found = lay_out(mission_of(plan)).photos
    assert count <= found <= count + math.ceil((count / 1000 + 0.02) / spacing_m)


@pytest.mark.parametrize("spacing_m", [0.5, 1.0, 2.0, 0.8127, 1.9999, 2.0001, 12.3456])
def test_a_spacing_of_whole_millimetres_is_no_better(spacing_m: float) -> None:
    plan = row_plan(100, spacing_m)
    mission = mission_of(plan)
    ordered = max(triggers(mission))
    assert spacing_m - 0.001 - 0.02 / 99 - 1e-9 <= ordered < spacing_m
    assert lay_out(mission).photos == 100


@given(
    count=st.integers(2, 60), spacing_m=st.floats(0.5, 8.0), heading_deg=st.floats(0, 360),
    takeoff=st.tuples(st.floats(24, 46), st.floats(123, 146)),
)  # fmt: skip
@settings(max_examples=25, deadline=None)
def test_a_vehicle_that_knows_places_to_a_ten_millionth_takes_the_last_photo_too(
    count: int, spacing_m: float, heading_deg: float, takeoff: tuple[float, float]
) -> None:
    """A degree · 1e-7 is 11 mm, and both ends of a row are rounded to it on the wire."""
    way = np.array([math.sin(math.radians(heading_deg)), math.cos(math.radians(heading_deg))])
    photos = tuple(nadir_photo(n, *(way * n * spacing_m).tolist()) for n in range(count))
    plan = small_plan(
        photos=photos, trigger=Trigger.DISTANCE, lead_in_m=1.0, origin_latlon_deg=takeoff
    )
    mission = mission_of(plan)
    items = [
        replace(one, lat_deg=round(one.lat_deg, 7), lon_deg=round(one.lon_deg, 7))
        for one in mission.items
    ]
    found = lay_out(replace(mission, items=tuple(items))).photos
    assert count <= found <= count + math.ceil((count / 1000 + 0.04) / spacing_m)


@pytest.mark.parametrize("gsd_mm", [2.1, 3.0, 5.0, 7.3])
@pytest.mark.parametrize("code", ["ardupilot_survey", "px4_survey", "dji_m3e"])
def test_an_area_gets_all_of_its_photos(code: str, gsd_mm: float) -> None:
    deck = feature(box(0, 0, 103, 31))
    plan = planned(Pattern.AREA, deck, camera="dji_m3e_wide", gsd_mm=gsd_mm, drone=code)
    assert plan.trigger is Trigger.DISTANCE
    assert lay_out(mission_of(plan, code)).photos == len(plan.photos)


def test_a_bent_road_gets_all_of_its_photos() -> None:
    """A bend has waypoints within the row; the stretch goes on over them."""
    bend = [(50 * math.sin(a), 50 - 50 * math.cos(a)) for a in np.linspace(0, 1.5, 40)]
    road = feature(LineString(bend), width_m=9)
    plan = planned(Pattern.CORRIDOR, road, camera="dji_m3e_wide", gsd_mm=5)
    assert plan.trigger is Trigger.DISTANCE
    found = lay_out(mission_of(plan)).photos
    # chords of a bend are shorter than the bend: a photo or two a row may be fewer, never more
    assert len(plan.photos) - 2 * len(plan.rows) <= found <= len(plan.photos)


@pytest.mark.parametrize("trigger", Trigger)
def test_stopping_and_flying_on_are_counted_alike(trigger: Trigger) -> None:
    plan = replace(row_plan(25, 3.0), trigger=trigger)
    assert lay_out(mission_of(plan)).photos == 25


def test_the_camera_is_off_before_during_transit_and_at_the_end() -> None:
    deck = feature(box(0, 0, 103, 31))
    plan = planned(Pattern.AREA, deck, camera="dji_m3e_wide", gsd_mm=5)
    ordered = triggers(mission_of(plan))
    assert ordered[0] == 0
    assert ordered[-1] == 0
    assert [bool(one) for one in ordered[1:-1]] == [True, False] * len(plan.rows)
    course = lay_out(mission_of(plan))
    assert not course.trigger_left_on
    flown_m = sum(leg.length_m for leg in course.legs if leg.triggering)
    rows_m = sum(float(np.linalg.norm(r[-1].position_m - r[0].position_m)) for r in plan.rows)
    assert flown_m == pytest.approx(rows_m, rel=1e-3)


def test_a_row_of_one_photo_is_released_by_hand() -> None:
    plan = row_plan(1, 3.0)
    mission = mission_of(plan)
    assert not any(triggers(mission))
    assert lay_out(mission).photos == 1


# --- orders of strangers -------------------------------------------------------------------------


def trigger(distance_m: float, *, now: bool = False) -> MissionItem:
    return item(206, distance_m, 0.0, 1.0 if now else 0.0)


def course_of(*items: MissionItem) -> Course:
    return lay_out(mission_through((0, 0, 1), items=(takeoff(10), *items, item(20))))


def at(x_m: float) -> MissionItem:
    return item(16, at_m=(x_m, 0, 10))


@pytest.mark.parametrize(
    ("items", "photos"),
    [
        # 10 m apart over 50 m: at 0, 10, … 50
        ((at(5), trigger(10), at(55), trigger(0)), 6),
        ((at(5), trigger(10, now=True), at(55), trigger(0)), 6),
        # waypoints on the way neither add nor take
        ((at(5), trigger(10), at(20), at(32), at(55), trigger(0)), 6),
        ((at(5), trigger(10, now=True), at(6), at(7), at(8), at(55), trigger(0)), 6),
        # 4.9 m are less than one step: the first alone
        ((at(5), trigger(10), at(9.9), trigger(0)), 1),
        # a new order begins anew
        ((at(5), trigger(10), at(25), trigger(5), at(45), trigger(0)), 3 + 5),
        # one that is taken back before the craft moves
        ((at(5), trigger(10), trigger(0), at(55)), 0),
        ((at(5), trigger(10, now=True), trigger(0), at(55)), 1),
        ((at(5), trigger(0, now=True), at(55)), 1),
        # a negative distance is none
        ((at(5), trigger(-3), at(55)), 0),
        # intervals and single shots
        ((at(5), item(2000, 0, 1, 3), at(55)), 3),
        ((at(5), item(2000, 0, 1, 0), at(55)), 1),
    ],
)
def test_releases_are_counted_as_the_vehicle_counts(
    items: tuple[MissionItem, ...], photos: int
) -> None:
    assert course_of(*items).photos == photos


def test_the_way_home_is_photographed_too_when_nobody_stops_the_camera() -> None:
    course = course_of(at(30), trigger(10), at(60))
    assert course.trigger_left_on
    # 30 m out; back 60 m; the return climbs 5 m to 15 m and sinks again
    assert course.photos >= 1 + 3 + 6


@given(cuts=st.lists(st.floats(6.0, 99.0), max_size=6), step_m=st.floats(1.0, 30.0))
@settings(max_examples=40)
def test_waypoints_on_a_straight_way_change_no_count(cuts: list[float], step_m: float) -> None:
    straight = course_of(at(5), trigger(step_m), at(100), trigger(0))
    cut = course_of(at(5), trigger(step_m), *map(at, sorted(cuts)), at(100), trigger(0))
    assert abs(cut.photos - straight.photos) <= 1  # rounding of a place may sit on a release
    assert straight.photos == pytest.approx(1 + math.floor(95 / step_m), abs=1)


# --- what flying on costs and gives --------------------------------------------------------------


def test_flying_on_is_faster_than_stopping_and_needs_fewer_items() -> None:
    on = row_plan(50, 3.0)
    stopping = replace(on, trigger=Trigger.STOP)
    steps_on, steps_stopping = lay_course(on), lay_course(stopping)
    assert duration_s(steps_on, on, drone()) < duration_s(steps_stopping, stopping, drone())
    assert len(mission_of(on).items) < len(mission_of(stopping).items) / 5


def test_the_lead_in_lies_before_the_first_photo_in_the_direction_of_the_row() -> None:
    steps = lay_course(row_plan(10, 3.0, origin_latlon_deg=(36.0, 136.0)))
    first = next(n for n, step in enumerate(steps) if step.trigger_m)
    before = steps[first - 1].position_m
    np.testing.assert_allclose(steps[first].position_m - before, [1.0, 0.0, 0.0], atol=1e-9)
    assert steps[first - 1].trigger_m is None


@pytest.mark.parametrize("speed_m_s", [0.5, 1.0, 2.0, 6.0])
def test_the_estimate_of_a_row_is_its_length_over_its_speed(speed_m_s: float) -> None:
    """Row of 147 m: the estimate holds that time, and no more than stops and ways add."""
    plan = replace(row_plan(50, 3.0), speed_m_s=speed_m_s)
    seconds = make_itinerary(plan, drone()).seconds
    flown_s, home_s = 147 / speed_m_s, (1 + 147) / drone().cruise_m_s
    climb_s = 2 * 10 / drone().climb_m_s
    assert seconds >= flown_s + climb_s
    assert seconds <= flown_s + climb_s + home_s + 4 * drone().cruise_m_s / 1.5 + 5


def test_every_frame_of_a_planned_mission_is_the_plans() -> None:
    for frame, lift_m in ((AltitudeFrame.HOME, 0.0), (AltitudeFrame.MSL, 12.5)):
        mission = mission_of(row_plan(5, 3.0, altitude_frame=frame))
        placed = [one for one in mission.items if one.frame is not AltitudeFrame.MISSION]
        assert {one.frame for one in placed} == {frame}
        heights = {one.altitude_m for one in placed if one.command == Command.WAYPOINT}
        assert max(heights) == pytest.approx(10 + lift_m, abs=0.002)

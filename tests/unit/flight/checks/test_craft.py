"""What drone and camera can do, and what the items themselves say."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flight.checks.circumstance import Circumstance
from flight.checks.course import Course
from flight.checks.craft import check_craft, flight_seconds, on_course_m, shots_of
from flight.checks.finding import Finding, Outcome
from flight.checks.layout import lay_out
from flight.checks.orders import check_orders
from flight.drone import Drone, find_drone
from flight.flightplan import FlightPlan, Trigger
from flight.mission import AltitudeFrame, Mission
from inspection.geo.frames import LocalFrame
from tests.support.courses import HOME, course_through, item, latlon, mission_through, takeoff
from tests.support.flightplans import small_plan

SURVEY = find_drone("ardupilot_survey")
OVER_PLAN = [(5.0, 4.0, 10.0), (5.0, 16.0, 10.0), (15.0, 16.0, 10.0), (15.0, 4.0, 10.0)]


def craft(course: Course, check: str, plan: FlightPlan | None = None, **around: Any) -> Finding:
    """Answer one check of the craft."""
    shots = None if plan is None else shots_of(course, plan)
    answers = check_craft(course, Circumstance(**around), shots)
    return next(one for one in answers if one.check == check)


def orders(mission: Mission, check: str, drone: Drone | None = None) -> Finding | None:
    """Answer one check of the items."""
    answers = check_orders(lay_out(mission), mission, drone)
    return next((one for one in answers if one.check == check), None)


@pytest.mark.parametrize(
    ("wind", "gust", "outcome", "reason"),
    [
        (5.0, None, "pass", "wind.margin"),
        (5.4, None, "warn", "wind.tight"),
        (4.0, 8.0, "warn", "wind.tight"),
        (4.0, 8.1, "refuse", "wind.over"),
        (None, None, "warn", "wind.unknown"),
    ],
)
def test_the_wind_leaves_a_margin(
    wind: float | None, gust: float | None, outcome: str, reason: str
) -> None:
    """The survey craft stands 8 m/s; two thirds of it are 5.33."""
    answer = craft(course_through((9, 9, 9)), "wind", drone=SURVEY, wind_m_s=wind, gust_m_s=gust)
    assert (answer.outcome.value, answer.reason) == (outcome, reason)
    assert craft(course_through((9, 9, 9)), "wind", wind_m_s=1.0).reason == "drone.unknown"


@given(st.floats(50, 6000), st.floats(0, 0.6), st.floats(0, 11))
@settings(max_examples=40, deadline=None)
def test_more_way_reserve_or_wind_never_makes_the_battery_better(
    way_m: float, reserve: float, wind: float
) -> None:
    def gravity(way: float, kept: float, blow: float) -> int:
        """Fly out and back."""
        answer = craft(
            course_through((0, way, 30)), "battery", drone=SURVEY, reserve=kept, wind_m_s=blow
        )
        return answer.outcome.gravity

    base = gravity(way_m, reserve, wind)
    assert gravity(way_m * 1.3, reserve, wind) >= base
    assert gravity(way_m, min(0.95, reserve + 0.2), wind) >= base
    assert gravity(way_m, reserve, wind + 1) >= base


def test_the_battery_is_counted_in_minutes() -> None:
    """Out and back 2 × 1800 m at 5 m/s are 720 s, up and down 30 m at 2 m/s 30 s: 12.5 min.

    Two stops from 5 m/s at 1.5 m/s² are 6.7 s more.
    """
    course = course_through((0, 1800, 30))
    assert flight_seconds(course, SURVEY, 0.0) == pytest.approx(756.7, abs=1)
    answer = craft(course, "battery", drone=SURVEY, reserve=0.25)
    assert answer.facts["minutes"] == pytest.approx(12.6, abs=0.1)
    assert answer.facts["usable_min"] == pytest.approx(18.8, abs=0.1)  # 25 min × 0.75
    assert answer.outcome is Outcome.PASS
    assert craft(course, "battery", drone=SURVEY, reserve=0.46).reason == "battery.tight"
    assert craft(course, "battery", drone=SURVEY, reserve=0.55).outcome is Outcome.REFUSE
    # 12 m/s at most less 10 m/s of wind are 2 m/s: 1800 s + 30 s
    assert flight_seconds(course, SURVEY, 10.0) == pytest.approx(1832.7, abs=2)
    assert craft(course, "battery").reason == "battery.no_drone"


def test_every_stop_costs_time_and_a_straight_way_none() -> None:
    """Ten photo points in a row: straight through, or held at for 2 s each."""
    points = [(10.0 * n, 0.0, 10.0) for n in range(1, 11)]
    through = flight_seconds(course_through(*points), SURVEY, 0.0)
    assert through == pytest.approx(2 * 100 / 5 + 10 + 5 + 2 * 5 / 1.5, abs=5)
    items = tuple(item(16, 2.0, at_m=point) for point in points)
    held = lay_out(mission_through((0, 0, 1), items=(takeoff(10), *items, item(20))))
    assert flight_seconds(held, SURVEY, 0.0) == pytest.approx(
        through + 10 * 2.0 + 9 * 5 / 1.5, abs=1
    )


def test_the_gimbal_reaches_or_not() -> None:
    up = course_through((9, 0, 9), (9, 9, 9), before=[item(205, 60.0)])
    beyond = craft(up, "gimbal", drone=SURVEY)
    assert (beyond.outcome, beyond.items) == (Outcome.REFUSE, (2,))
    assert craft(up, "gimbal", drone=find_drone("ardupilot_upward")).outcome is Outcome.PASS
    assert craft(up, "gimbal").reason == "drone.unknown"
    assert craft(course_through((9, 0, 9)), "gimbal", drone=SURVEY).reason == "gimbal.none"
    planned = craft(course_through(*OVER_PLAN), "gimbal", small_plan(), drone=SURVEY)
    assert planned.outcome is Outcome.PASS and planned.facts["lowest_deg"] == -90.0


@pytest.mark.parametrize(
    ("speed_m_s", "outcome"), [(1.25, "pass"), (1.3, "warn"), (2.5, "warn"), (2.6, "refuse")]
)
def test_blur_is_half_a_pixel_at_the_most(speed_m_s: float, outcome: str) -> None:
    """2.5 mm/px at 1/1000 s: 0.5 px are 1.25 m/s, 1 px is 2.5 m/s (domain §6.2)."""
    plan = replace(small_plan(), trigger=Trigger.DISTANCE)
    course = lay_out(mission_through(*OVER_PLAN, before=[item(178, 1, speed_m_s), item(206, 6.0)]))
    answer = craft(course, "blur", plan)
    assert answer.outcome.value == outcome
    assert answer.facts["blur_px"] == pytest.approx(speed_m_s / 2.5, abs=0.01)


def test_blur_golden_numbers() -> None:
    """Domain §6.2: 0.3 mm/px at 1/1000 s allows 0.15 m/s, 1 mm/px 0.5 m/s."""
    course = lay_out(mission_through(*OVER_PLAN, before=[item(206, 6.0)]))
    for gsd_mm, limit in ((0.3, 0.15), (1.0, 0.5)):
        plan = replace(small_plan(), trigger=Trigger.DISTANCE, gsd_m_per_px=gsd_mm / 1000)
        assert craft(course, "blur", plan).facts["speed_limit_m_s"] == limit


def test_a_stop_for_every_photo_does_not_blur() -> None:
    assert craft(course_through(*OVER_PLAN), "blur", small_plan()).reason == "blur.stop"
    moving = course_through(*OVER_PLAN, before=[item(206, 6.0)])
    assert craft(moving, "blur", small_plan()).reason == "blur.over"  # the mission does not stop
    assert craft(moving, "blur").reason == "blur.unknown"


def test_storage_is_counted_in_gigabytes() -> None:
    """6 photos of 12 Mpx at 0.6 bytes a pixel are 43.2 MB."""
    course = course_through(*OVER_PLAN)
    fits = craft(course, "storage", small_plan(), storage_gb=0.05)
    assert (fits.outcome, fits.facts["need_gb"]) == (Outcome.PASS, 0.04)
    assert craft(course, "storage", small_plan(), storage_gb=0.045).outcome is Outcome.REFUSE
    assert craft(course, "storage", small_plan()).reason == "storage.unknown"
    assert craft(course, "storage").reason == "storage.no_camera"


def test_the_mission_passes_the_planned_photos_or_says_so() -> None:
    assert craft(course_through(*OVER_PLAN), "photos", small_plan()).reason == "photos.all"
    half = craft(course_through(*OVER_PLAN[:2]), "photos", small_plan())
    assert (half.outcome, half.facts) == (Outcome.WARN, {"passed": 3, "planned": 6})
    lower = [(x, y, 8.0) for x, y, _ in OVER_PLAN]
    # only the climb of the return, at the last waypoint, passes a photo
    assert craft(course_through(*lower), "photos", small_plan()).facts["passed"] == 1


def test_photos_of_another_origin_land_in_the_same_place() -> None:
    lat, lon = latlon(300, -200)
    other = LocalFrame(lat_deg=lat, lon_deg=lon)
    home = LocalFrame(lat_deg=HOME[0], lon_deg=HOME[1])
    moved = on_course_m(other, np.array([[-300.0, 200.0, 10.0]]), home)
    assert moved[0] == pytest.approx([0.0, 0.0, 10.0], abs=0.03)


def test_one_altitude_frame_is_stated_and_two_are_refused() -> None:
    one = orders(mission_through((9, 0, 9)), "altitude_frame")
    assert one is not None and one.outcome is Outcome.PASS and one.facts["frames"] == "home"
    sea = item(16, at_m=(20, 0, 30), frame=AltitudeFrame.MSL)
    two = orders(mission_through((9, 0, 9), before=[sea]), "altitude_frame")
    assert two is not None and two.outcome is Outcome.REFUSE
    assert two.facts["frames"] == "home, msl" and two.facts["takeoff_msl_m"] == 12.0
    ground = item(16, at_m=(20, 0, 30), frame=AltitudeFrame.TERRAIN)
    bare = Mission(home_latlon_deg=HOME, home_altitude_msl_m=None, items=(ground, item(20)))
    unknown = orders(bare, "altitude_frame")
    assert unknown is not None and unknown.reason == "frame.ground_unknown"


@pytest.mark.parametrize(("count", "outcome"), [(649, "pass"), (650, "refuse")])
def test_arducopter_holds_650_items_with_home(count: int, outcome: str) -> None:
    points = tuple((float(n % 20), float(n // 20), 9.0) for n in range(count - 2))
    mission = mission_through(*points)
    assert len(mission.items) == count
    answer = orders(mission, "capacity", SURVEY)
    assert answer is not None and answer.outcome.value == outcome
    assert answer.facts == {"items": count + 1, "limit": 650}
    unnamed = orders(mission, "capacity")
    assert unnamed is not None and unnamed.outcome.value == outcome
    dji = orders(mission, "capacity", find_drone("dji_m350"))
    assert dji is not None and dji.outcome is Outcome.PASS


def test_what_was_assumed_is_said() -> None:
    bare = Mission(
        home_latlon_deg=None, home_altitude_msl_m=None, items=(item(16, at_m=(9, 9, 9)),)
    )
    start, back = orders(bare, "takeoff"), orders(bare, "return")
    assert start is not None and start.reason == "takeoff.assumed"
    assert back is not None and back.reason == "return.assumed"
    whole = mission_through((9, 9, 9))
    start, back = orders(whole, "takeoff"), orders(whole, "return")
    assert start is not None and start.outcome is Outcome.PASS
    assert back is not None and back.outcome is Outcome.PASS


def test_odd_items_are_said() -> None:
    left_on = mission_through((9, 0, 9), before=[item(206, 5.0)])
    assert orders(left_on, "trigger") is not None
    assert orders(mission_through((9, 0, 9)), "trigger") is None
    odd = orders(mission_through((9, 0, 9), before=[item(36, at_m=(3, 3, 3))]), "items")
    assert odd is not None and odd.facts == {"commands": "36", "count": 1} and odd.items == (2,)
    loop = (takeoff(9), item(16, at_m=(9, 0, 9)), item(177, 2, -1))
    assert orders(mission_through((0, 0, 1), items=loop), "jump") is not None

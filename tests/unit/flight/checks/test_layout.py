"""The legs that a mission flies."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flight.checks.course import LegKind
from flight.checks.layout import lay_out
from flight.mission import AltitudeFrame, Mission
from inspection.errors import BadInput
from tests.support.courses import HOME, course_through, item, latlon, mission_through, takeoff

KINDS = [LegKind.TAKEOFF, LegKind.WORK, LegKind.WORK, LegKind.RETURN, LegKind.LANDING]


def test_a_mission_climbs_works_returns_and_lands() -> None:
    course = course_through((10, 0, 20), (10, 30, 20))
    assert [leg.kind for leg in course.legs] == KINDS
    assert [leg.item for leg in course.legs] == [1, 2, 3, 4, 4]
    ends = np.round(course.ends_m, 3).tolist()
    assert ends == [[0, 0, 20], [10, 0, 20], [10, 30, 20], [0, 0, 20], [0, 0, 0]]
    assert not (course.assumed_return or course.assumed_takeoff or course.unknown_ground)


@given(
    st.lists(
        st.tuples(st.floats(-500, 500), st.floats(-500, 500), st.floats(2, 120)),
        min_size=1,
        max_size=8,
    )
)
def test_legs_follow_one_another_and_end_where_they_began(
    points: list[tuple[float, float, float]],
) -> None:
    course = course_through(*points)
    for first, second in pairwise(course.legs):
        assert np.allclose(first.end_m, second.start_m, atol=1e-6)
    assert np.allclose(course.legs[0].start_m, 0) and np.allclose(course.legs[-1].end_m, 0)
    assert course.seconds >= sum(leg.length_m for leg in course.legs) / 5.0 / math.sqrt(2)


def test_the_return_climbs_to_its_height_first() -> None:
    low = course_through((50, 0, 4))
    tops = [float(leg.end_m[2]) for leg in low.legs if leg.kind is LegKind.RETURN]
    assert tops == [15.0, 15.0]
    higher = lay_out(mission_through((50, 0, 4)), return_height_m=40.0)
    assert max(float(leg.end_m[2]) for leg in higher.legs) == 40.0


def test_a_mission_without_a_return_gets_one_and_says_so() -> None:
    course = course_through((50, 0, 20), returns=False)
    assert course.assumed_return
    assert np.allclose(course.legs[-1].end_m, 0)


def test_a_mission_without_home_starts_at_its_first_waypoint_and_says_so() -> None:
    mission = Mission(
        home_latlon_deg=None, home_altitude_msl_m=None, items=(item(16, at_m=(50, 0, 20)),)
    )
    course = lay_out(mission)
    assert course.assumed_takeoff
    assert course.latlon_deg(course.legs[0].start_m) == pytest.approx(latlon(50, 0), abs=1e-7)
    named = lay_out(mission, takeoff_latlon_deg=HOME)
    assert not named.assumed_takeoff
    assert named.legs[1].length_m == pytest.approx(50.0, abs=1e-3)


def test_heights_above_the_sea_need_the_height_of_take_off() -> None:
    msl = item(16, at_m=(30, 0, 62.0), frame=AltitudeFrame.MSL)
    known = mission_through((10, 0, 20), items=(takeoff(20), msl))
    assert lay_out(known).legs[1].end_m[2] == pytest.approx(50.0)
    assert lay_out(known, takeoff_msl_m=2.0).legs[1].end_m[2] == pytest.approx(60.0)
    unknown = mission_through((10, 0, 20), items=(msl,), home_altitude_msl_m=None)
    with pytest.raises(BadInput, match="--takeoff-msl-m"):
        lay_out(unknown)


def test_a_leg_above_ground_follows_the_ground() -> None:
    def hill(points: np.ndarray) -> np.ndarray:
        """Rise to 20 m half way between x = 0 and x = 100."""
        return np.asarray(20.0 - np.abs(points[:, 0] - 50.0) * 0.4)

    items = tuple(item(16, at_m=(x, 0, 10), frame=AltitudeFrame.TERRAIN) for x in (0.0, 100.0))
    course = lay_out(mission_through((0, 0, 1), items=items), ground=hill, ground_step_m=5.0)
    work = [leg for leg in course.legs if leg.kind is LegKind.WORK and leg.item == 2]
    assert len(work) == 20
    above = [float(leg.end_m[2] - hill(leg.end_m[None, :2])[0]) for leg in work]
    assert above == pytest.approx([10.0] * 20)
    assert max(float(leg.end_m[2]) for leg in work) == pytest.approx(30.0)
    assert not course.unknown_ground
    assert lay_out(mission_through((0, 0, 1), items=items)).unknown_ground


def test_speed_hold_and_photos_are_taken_from_the_items() -> None:
    items = (
        takeoff(10),
        item(178, 1, 2.5),
        item(16, 4.0, at_m=(25, 0, 10)),
        item(93, 3.0),
        item(205, -45.0),
        item(203),
        item(2000, 0, 2, 5),
        item(206, 5.0),
        item(16, at_m=(25, 50, 10)),
        item(206, 0.0),
        item(20),
    )
    course = lay_out(mission_through((0, 0, 1), items=items))
    out = course.legs[1]
    assert (out.speed_m_s, out.hold_s) == (2.5, 7.0)
    assert out.seconds == pytest.approx(25 / 2.5 + 7.0, abs=1e-3)
    assert course.gimbal_pitches_deg == ((5, -45.0),)
    # five in one go; by distance at 0, 5, … 50 m
    assert course.photos == 5 + 11
    assert not course.trigger_left_on
    assert [leg.triggering for leg in course.legs[:4]] == [False, False, True, False]


def test_a_shutter_command_counts_only_when_it_fires() -> None:
    fires = item(203)
    fires = type(fires)(
        command=203,
        frame=AltitudeFrame.MISSION,
        params=(0, 0, 0, 0),
        lat_deg=1.0,
        lon_deg=0.0,
        altitude_m=0.0,
    )
    items = (takeoff(5), item(16, at_m=(9, 0, 5)), fires, fires, item(203), item(20))
    assert lay_out(mission_through((0, 0, 1), items=items)).photos == 2


def test_a_camera_left_on_is_told() -> None:
    on = item(206, 5.0)
    course = course_through((25, 0, 10), (25, 50, 10), before=[on])
    assert course.trigger_left_on


def test_jumps_are_followed_and_endless_ones_told() -> None:
    items = (takeoff(9), item(16, at_m=(20, 0, 9)), item(16, at_m=(20, 20, 9)))
    twice = lay_out(mission_through((0, 0, 1), items=(*items, item(177, 2, 2), item(20))))
    assert [leg.item for leg in twice.legs] == [1, 2, 3, 2, 3, 2, 3, 5, 5, 5]
    forever = lay_out(mission_through((0, 0, 1), items=(*items, item(177, 2, -1), item(20))))
    assert forever.endless and [leg.item for leg in forever.legs][:5] == [1, 2, 3, 2, 3]
    with pytest.raises(BadInput, match="jumps to item 9"):
        lay_out(mission_through((0, 0, 1), items=(*items, item(177, 9, 1))))


def test_items_after_the_landing_are_not_flown() -> None:
    land = item(21, at_m=(40, 0, 0))
    items = (takeoff(9), item(16, at_m=(20, 0, 9)), land, item(16, at_m=(900, 0, 9)))
    course = lay_out(mission_through((0, 0, 1), items=items))
    assert np.allclose(course.legs[-1].end_m, [40, 0, 0], atol=1e-3)
    assert max(float(np.abs(leg.end_m[0])) for leg in course.legs) < 41
    assert not course.assumed_return


def test_unknown_navigation_commands_are_named() -> None:
    odd = item(36, at_m=(30, 30, 9))
    course = course_through((10, 0, 9), before=[odd])
    assert course.unread == ((2, 36),)


def test_a_mission_that_goes_nowhere_is_refused() -> None:
    with pytest.raises(BadInput, match="nothing to check"):
        lay_out(mission_through((0, 0, 1), items=(takeoff(5), item(20))))


def test_ten_kilometres_keep_their_height() -> None:
    course = course_through((0, 10_000, 30))
    assert course.legs[1].end_m[2] == 30.0
    assert course.legs[1].length_m == pytest.approx(10_000, abs=0.1)

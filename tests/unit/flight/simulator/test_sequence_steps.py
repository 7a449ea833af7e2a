"""A mission item by item: what is flown, what is done on the way, and what waits for what."""

import math

import numpy as np
import pytest

from flight.command import Command
from flight.geodesic import step
from flight.mission import AltitudeFrame, Mission, MissionItem
from flight.simulator.craft import Craft
from flight.simulator.sequence import RADIUS_M, Sequence
from flight.wireitem import Kind, WireItem, items_of
from tests.support.missions import Params, item, waypoint

HOME = (36.5613, 136.6562)
HOME_MSL_M = 26.0
TICK_S = 0.1
UP = item(Command.TAKEOFF, AltitudeFrame.HOME, place=(0.0, 0.0, 10.0))
BACK = item(Command.RETURN_TO_LAUNCH)
SHOT = item(Command.IMAGE_START, params=(0.0, 0.0, 1.0, 0.0))


def north(metres: float, height: float = 10.0, hold: float = 0.0) -> MissionItem:
    """Make a waypoint to the north of home."""
    return waypoint(*step(HOME, 0.0, metres), height, hold=hold)


def wired(items: tuple[MissionItem, ...]) -> tuple[WireItem, ...]:
    """Give a mission as the vehicle holds it, home first."""
    mission = Mission(home_latlon_deg=HOME, home_altitude_msl_m=HOME_MSL_M, items=items)
    return items_of(mission, Kind.MISSION)


class Run:
    """Run a sequence on a craft by the clock, noting when what happened."""

    def __init__(self, *items: MissionItem, above_m: float = 0.0) -> None:
        self.craft = Craft(home_latlon_deg=HOME, home_altitude_msl_m=HOME_MSL_M)
        self.craft.at_m[2] = above_m
        self.sequence = Sequence(items=wired(items))
        self.now_s = 0.0
        self.photo_s: list[float] = []
        self.began_s: dict[int, float] = {}
        self.sequence.start(self.craft)
        self._note()

    def until(self, seconds: float = 600.0) -> "Run":
        """Run until the sequence ends, at most so long."""
        while self.sequence.ended is None and self.now_s < seconds:
            self.now_s += TICK_S
            self.sequence.step(self.craft, self.now_s, TICK_S)
            self._note()
        return self

    def _note(self) -> None:
        """Take the photos and remember when items began."""
        self.photo_s += [self.now_s] * self.sequence.photos
        self.sequence.photos = 0
        self.began_s.setdefault(self.sequence.current, self.now_s)


@pytest.mark.parametrize(
    ("items", "ended"),
    [
        ((UP, north(20), BACK), "rtl"),
        ((UP, north(20), item(Command.LAND, AltitudeFrame.HOME)), "land"),
        ((UP, north(20)), "hold"),
        ((SHOT,), "hold"),
    ],
)
def test_an_end_follows_from_the_last_item(items: tuple[MissionItem, ...], ended: str) -> None:
    assert Run(*items).until().sequence.ended == ended


def test_a_landing_at_a_place_is_flown_to_at_the_height_before() -> None:
    place = step(HOME, 90.0, 30.0)
    land = item(Command.LAND, AltitudeFrame.HOME, place=(*place, 0.0))
    run = Run(UP, north(10), land).until()
    assert run.sequence.ended == "land"
    assert float(np.hypot(*(run.craft.at_m[:2] - [30.0, 0.0]))) <= RADIUS_M
    assert float(run.craft.at_m[2]) == pytest.approx(10.0, abs=0.5)


@pytest.mark.parametrize("hold", [0.0, 3.0, 20.0])
def test_a_hold_counts_from_the_arrival(hold: float) -> None:
    run = Run(UP, north(40, hold=hold), north(60), BACK).until()
    without = Run(UP, north(40), north(60), BACK).until()
    assert run.began_s[3] - without.began_s[3] == pytest.approx(hold, abs=0.25)
    assert run.sequence.reached == [2, 3]
    assert run.sequence.said[:3] == ["Mission: 1 Takeoff", "Mission: 2 WP", "Reached command #2"]


@pytest.mark.parametrize(
    ("command", "params", "seconds"),
    [
        (Command.LOITER_TIME, (7.0, 0.0, 0.0, 0.0), 7.0),
        (Command.LOITER_TURNS, (2.0, 0.0, 0.0, 0.0), 60.0),
        (Command.SPLINE_WAYPOINT, (4.0, 0.0, 0.0, 0.0), 4.0),
    ],
)
def test_other_ways_to_wait_at_a_place(command: Command, params: Params, seconds: float) -> None:
    place = (*step(HOME, 0.0, 40.0), 10.0)
    run = Run(UP, item(command, AltitudeFrame.HOME, params, place), north(60), BACK).until()
    plain = Run(UP, north(40), north(60), BACK).until()
    assert run.began_s[3] - plain.began_s[3] == pytest.approx(seconds, abs=0.25)


def test_a_delay_waits_where_the_vehicle_is() -> None:
    wait = item(Command.DELAY, params=(12.0, -1.0, -1.0, -1.0))
    run = Run(UP, north(20), wait, north(40), BACK).until()
    assert run.began_s[4] - run.began_s[3] == pytest.approx(12.0, abs=0.15)
    assert wait.command not in run.sequence.reached


@pytest.mark.parametrize(
    ("frame", "height", "above_home"),
    [
        (AltitudeFrame.HOME, 18.0, 18.0),
        (AltitudeFrame.MSL, 46.0, 20.0),
        (AltitudeFrame.TERRAIN, 15.0, 15.0),
        (AltitudeFrame.HOME, 0.0, 10.0),
    ],
)
def test_a_height_counts_from_its_frame_and_zero_above_home_keeps_it(
    frame: AltitudeFrame, height: float, above_home: float
) -> None:
    place = waypoint(*step(HOME, 0.0, 30.0), height, frame, hold=10.0)
    run = Run(UP, place).until()
    assert float(run.craft.at_m[2]) == pytest.approx(above_home, abs=0.3)


def test_a_waypoint_without_a_place_changes_the_height_alone() -> None:
    climb = waypoint(0.0, 0.0, 25.0, hold=5.0)
    run = Run(UP, north(20, hold=5.0), climb).until()
    assert run.craft.at_m == pytest.approx([0.0, 20.0, 25.0], abs=0.6)


def test_a_take_off_ignores_its_place() -> None:
    elsewhere = item(Command.TAKEOFF, AltitudeFrame.HOME, place=(*step(HOME, 90.0, 500.0), 10.0))
    run = Run(elsewhere, BACK).until()
    assert float(np.hypot(*run.craft.at_m[:2])) < 0.1
    assert run.now_s < 12


@pytest.mark.parametrize(("speed", "seconds"), [(2.0, 50.0), (5.0, 20.0)])
def test_a_speed_holds_for_the_legs_that_follow(speed: float, seconds: float) -> None:
    change = item(Command.CHANGE_SPEED, params=(1.0, speed, -1.0, 0.0))
    run = Run(UP, north(5, hold=3.0), change, north(105), BACK).until()
    assert run.sequence.speed_m_s == speed
    assert run.now_s - run.began_s[4] == pytest.approx(seconds, rel=0.15)


@pytest.mark.parametrize(
    "params", [(1.0, 0.0, 0.0, 0.0), (1.0, -1.0, 0.0, 0.0), (2.0, 3.0, 0.0, 0.0)]
)
def test_a_speed_that_is_none_is_not_taken(params: Params) -> None:
    run = Run(UP, item(Command.CHANGE_SPEED, params=params), BACK).until()
    assert run.sequence.speed_m_s == 10.0


def test_a_turn_holds_back_the_photo_but_not_the_flight() -> None:
    turn = item(Command.CONDITION_YAW, params=(180.0, 0.0, 1.0, 0.0))
    run = Run(UP, turn, SHOT, north(200), BACK).until(40.0)
    began = run.began_s[4]
    (photo,) = run.photo_s
    assert photo - began == pytest.approx(178.0 / 60.0, abs=0.3)
    assert float(run.craft.at_m[1]) > 50
    assert run.craft.yaw_deg == pytest.approx(180.0, abs=0.1)


def test_two_turns_are_done_one_after_the_other() -> None:
    first = item(Command.CONDITION_YAW, params=(90.0, 0.0, 1.0, 0.0))
    second = item(Command.CONDITION_YAW, params=(0.0, 0.0, -1.0, 0.0))
    wait = item(Command.DELAY, params=(8.0, -1.0, -1.0, -1.0))
    run = Run(UP, first, SHOT, second, SHOT, wait, BACK).until()
    assert len(run.photo_s) == 2
    assert run.photo_s[1] - run.photo_s[0] == pytest.approx(88.0 / 60.0, abs=0.3)


@pytest.mark.parametrize(
    ("params", "photos"),
    [
        ((0.0, 0.0, 1.0, 0.0), 1),
        ((0.0, 1.0, 3.0, 0.0), 3),
        ((0.0, 1.0, 0.0, 0.0), 10),
        ((0.0, 0.0, 0.0, 0.0), 1),
        ((0.0, 4.0, 0.0, 0.0), 3),
    ],
)
def test_golden_number_of_photos_in_ten_seconds(params: Params, photos: int) -> None:
    wait = item(Command.DELAY, params=(9.95, -1.0, -1.0, -1.0))
    stop = item(Command.IMAGE_STOP)
    run = Run(UP, item(Command.IMAGE_START, params=params), wait, stop, wait, BACK).until()
    assert len(run.photo_s) == photos
    if len(run.photo_s) > 1:
        assert np.diff(run.photo_s) == pytest.approx([params[1]] * (photos - 1), abs=0.11)


def test_photos_by_distance_lie_that_far_apart_in_space_and_start_anew() -> None:
    every = item(Command.TRIGGER_DISTANCE, params=(5.0, 0.0, 1.0, 0.0))
    slow = item(Command.CHANGE_SPEED, params=(1.0, 2.0, -1.0, 0.0))
    run = Run(UP, north(5, hold=2.0), slow, every, north(50), every, north(80), BACK).until()
    first = [t for t in run.photo_s if t < run.began_s[7]]
    assert len(first) == 9
    assert run.photo_s[0] == pytest.approx(run.began_s[5], abs=0.15)
    assert run.photo_s[9] == pytest.approx(run.began_s[7], abs=0.15)
    assert np.diff(first[2:]) == pytest.approx([2.55] * 6, abs=0.2)
    assert len(run.photo_s) == 9 + 6


@pytest.mark.parametrize(("shoot", "photos"), [(1.0, 1), (0.0, 0), (2.0, 0)])
def test_a_digital_camera_shoots_on_the_fifth_parameter(shoot: float, photos: int) -> None:
    run = Run(UP, item(Command.DIGICAM_CONTROL, place=(shoot, 0.0, 0.0)), BACK).until()
    assert len(run.photo_s) == photos


def test_commands_before_the_first_flown_item_are_done_at_once() -> None:
    run = Run(SHOT, SHOT, UP, BACK)
    assert len(run.photo_s) == 2
    assert run.sequence.current == 3


def test_an_unknown_command_is_passed_over_and_named() -> None:
    run = Run(UP, item(4242), SHOT, north(10), BACK).until()
    assert "Mission: 2 ID 4242" in run.sequence.said
    assert len(run.photo_s) == 1
    assert run.sequence.do(wired((item(4242),))[1]) is False


@pytest.mark.parametrize(("times", "visits"), [(0.0, 1), (1.0, 2), (3.0, 4)])
def test_a_jump_back_is_done_so_many_times_and_then_passed(times: float, visits: int) -> None:
    jump = item(Command.DO_JUMP, params=(2.0, times, 0.0, 0.0))
    run = Run(UP, north(10), SHOT, north(15), jump, BACK).until()
    assert run.sequence.reached.count(2) == visits
    assert len(run.photo_s) == visits
    assert run.sequence.ended == "rtl"


def test_a_jump_forward_leaves_out_what_lies_between() -> None:
    jump = item(Command.DO_JUMP, params=(5.0, 1.0, 0.0, 0.0))
    run = Run(UP, jump, SHOT, north(500), north(10), BACK).until()
    assert run.photo_s == []
    assert run.sequence.reached == [5]


def test_two_jumps_count_each_for_itself() -> None:
    inner = item(Command.DO_JUMP, params=(2.0, 1.0, 0.0, 0.0))
    outer = item(Command.DO_JUMP, params=(2.0, 2.0, 0.0, 0.0))
    run = Run(UP, north(6), inner, outer, BACK).until()
    assert run.sequence.reached.count(2) == 1 + 1 + 2


@pytest.mark.parametrize("target", [0.0, -3.0, 7.0, 1e6])
def test_a_jump_to_nowhere_ends_the_mission_where_it_is(target: float) -> None:
    jump = item(Command.DO_JUMP, params=(target, -1.0, 0.0, 0.0))
    run = Run(UP, north(10), jump, north(500), BACK).until(60.0)
    assert run.sequence.ended == "hold"
    before = run.craft.at_m.copy()
    for _ in range(100):
        run.sequence.step(run.craft, run.now_s, TICK_S)
    assert run.craft.at_m == pytest.approx(before, abs=3.0)


def test_an_ended_sequence_hovers_and_uses_its_battery() -> None:
    run = Run(UP, north(10, hold=5.0)).until()
    charge = run.craft.battery_mah
    for _ in range(100):
        run.sequence.step(run.craft, run.now_s, TICK_S)
    assert run.craft.battery_mah < charge
    assert float(np.linalg.norm(run.craft.speed_m_s)) < 0.5
    assert math.isfinite(run.craft.yaw_deg)


def test_nothing_moves_before_the_start() -> None:
    craft = Craft(home_latlon_deg=HOME)
    sequence = Sequence(items=wired((UP, BACK)))
    sequence.step(craft, 1.0, TICK_S)
    assert (sequence.current, sequence.ended, craft.battery_percent) == (0, None, 100.0)

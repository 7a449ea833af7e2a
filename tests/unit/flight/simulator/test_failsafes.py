"""Fences, batteries, modes and arming of the simulated vehicle: what each does, and not twice."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from flight.command import Command
from flight.geodesic import step
from flight.link import Message, codec, dialect
from flight.mission import AltitudeFrame, FenceCircle, FencePolygon, Mission
from flight.simulator.craft import CAPACITY_MAH
from flight.simulator.dataflash import Logbook
from flight.simulator.fault import Faults
from flight.simulator.recorder import MODE_NAMES
from flight.simulator.vehicle import AUTO, GUIDED, LAND, LOITER, RTL, Vehicle
from flight.wireitem import Kind, items_of
from inspection.errors import BadInput
from tests.support.missions import BRIDGE, item, waypoint

HOME = (36.5613, 136.6562)
FAR = Mission(
    home_latlon_deg=HOME,
    home_altitude_msl_m=0.0,
    items=(
        item(Command.TAKEOFF, AltitudeFrame.HOME, place=(0.0, 0.0, 10.0)),
        waypoint(*step(HOME, 0.0, 300.0), 10.0),
        item(Command.RETURN_TO_LAUNCH),
    ),
)


def ring(metres: float, *, inside: bool, centre: tuple[float, float] = HOME) -> FencePolygon:
    """Make a square fence about a place."""
    corners = [step(centre, bearing, metres * math.sqrt(2)) for bearing in (45, 135, 225, 315)]
    return FencePolygon(vertices_latlon_deg=tuple(corners), inclusion=inside)


def circle(metres: float, *, inside: bool, away_m: float = 0.0) -> FenceCircle:
    """Make a round fence to the north of home."""
    centre = step(HOME, 0.0, away_m) if away_m else HOME
    return FenceCircle(centre_latlon_deg=centre, radius_m=metres, inclusion=inside)


class Flight:
    """Fly a vehicle by its own messages, without a ground station."""

    def __init__(self, mission: Mission = FAR, **more: object) -> None:
        self.vehicle = Vehicle(home_latlon_deg=HOME, **more)  # type: ignore[arg-type]
        for kind in Kind:
            self.vehicle.stores[kind].items = list(items_of(mission, kind))
        self.now_s = 0.0
        self.said: list[str] = []
        self.wait(4.0)

    def order(self, command: int, *params: float) -> int:
        """Send a command; gives its result."""
        values = (*params, *(0.0,) * (7 - len(params)))
        message = dialect().MAVLink_command_long_message(1, 1, command, 0, *values)
        (arrived,) = codec(1, 1).parse_buffer(message.pack(codec(250, 190)))
        answers: list[Message] = self.vehicle.take(arrived, self.now_s)
        return int(answers[0].result)

    def wait(self, seconds: float) -> "Flight":
        """Let time pass."""
        for _ in range(round(seconds * 10)):
            self.now_s += 0.1
            for message in self.vehicle.tick(self.now_s):
                if message.get_type() == "STATUSTEXT":
                    self.said.append(str(message.text))
        return self

    def go(self) -> "Flight":
        """Arm and start the mission."""
        assert (self.order(176, 1, AUTO), self.order(400, 1), self.order(300)) == (0, 0, 0)
        return self

    def home(self, most_s: float = 900.0) -> "Flight":
        """Wait for the landing."""
        while self.vehicle.armed and self.now_s < most_s:
            self.wait(1.0)
        assert not self.vehicle.armed
        return self

    @property
    def north_m(self) -> float:
        """Give how far north of home it is."""
        return float(self.vehicle.craft.at_m[1])


@pytest.mark.parametrize(
    ("fence", "turns_at_m"),
    [
        ({"fence_polygons": (ring(100.0, inside=True),)}, 100.0),
        ({"fence_circles": (circle(120.0, inside=True),)}, 120.0),
        ({"fence_circles": (circle(50.0, inside=False, away_m=200.0),)}, 150.0),
        ({"fence_polygons": (ring(40.0, inside=False, centre=step(HOME, 0.0, 200.0)),)}, 160.0),
        ({"fence_polygons": (ring(500.0, inside=True),),
          "fence_circles": (circle(80.0, inside=True),)}, 80.0),
        ({"fence_polygons": (ring(400.0, inside=True),)}, None),
        ({"fence_circles": (circle(30.0, inside=False, away_m=400.0),)}, None),
        ({}, None),
    ],
)  # fmt: skip
def test_every_kind_of_fence_turns_it_back_where_it_is(
    fence: dict[str, object], turns_at_m: float | None
) -> None:
    flight = Flight(replace(FAR, **fence)).go()  # type: ignore[arg-type]
    farthest = 0.0
    while flight.vehicle.armed:
        flight.wait(0.5)
        farthest = max(farthest, flight.north_m)
    breaches = [text for text in flight.said if text == "Fence Breached"]
    if turns_at_m is None:
        assert breaches == []
        assert farthest == pytest.approx(300.0, abs=3.0)
    else:
        assert len(breaches) == 1
        assert turns_at_m <= farthest < turns_at_m + 30.0  # it brakes from 10 m/s
    assert float(np.hypot(*flight.vehicle.craft.at_m[:2])) < 1.5


def test_a_fence_that_is_switched_off_does_nothing() -> None:
    flight = Flight(replace(FAR, fence_polygons=(ring(50.0, inside=True),)))
    flight.vehicle.parameters._values["FENCE_ENABLE"] = 0.0
    flight.go().home()
    assert "Fence Breached" not in flight.said


@pytest.mark.parametrize("lon", [179.9995, -179.9995])
def test_a_fence_across_the_date_line_holds_its_vehicle(lon: float) -> None:
    home = (36.5, lon)
    corners = [step(home, bearing, 150.0) for bearing in (45, 135, 225, 315)]
    assert {corner[1] > 0 for corner in corners} == {True, False}
    mission = Mission(
        home_latlon_deg=home,
        home_altitude_msl_m=0.0,
        items=(FAR.items[0], waypoint(*step(home, 90.0, 60.0), 10.0), FAR.items[2]),
        fence_polygons=(FencePolygon(vertices_latlon_deg=tuple(corners)),),
    )
    flight = Flight(mission)
    flight.vehicle = Vehicle(home_latlon_deg=home)
    for kind in Kind:
        flight.vehicle.stores[kind].items = list(items_of(mission, kind))
    flight.wait(4.0).go().home()
    assert "Fence Breached" not in flight.said


@pytest.mark.parametrize(("action", "returns"), [(2.0, True), (0.0, False), (1.0, False)])
def test_a_low_battery_returns_when_its_parameter_says_so(action: float, returns: bool) -> None:
    flight = Flight(faults=Faults(battery_percent=25.0))
    flight.vehicle.parameters._values["BATT_FS_LOW_ACT"] = action
    flight.go().home(600.0)
    lows = [text for text in flight.said if "is low, returning" in text]
    assert len(lows) == int(returns)


def test_an_empty_battery_lands_it_where_it_is_and_it_is_told_once() -> None:
    flight = Flight(faults=Faults(battery_percent=6.0))
    flight.vehicle.parameters._values["BATT_FS_LOW_ACT"] = 0.0
    flight.go().home()
    assert flight.said.count("Battery 1 is empty, landing") == 1
    assert flight.north_m > 20
    assert flight.vehicle.craft.battery_mah == 0.0
    assert flight.vehicle.mode == LAND


@pytest.mark.parametrize("mode", sorted(MODE_NAMES))
def test_every_mode_may_be_entered_in_the_air_and_ends_on_the_ground(mode: int) -> None:
    flight = Flight(faults=Faults(battery_percent=22.0)).go().wait(12.0)
    assert flight.vehicle.craft.at_m[2] > 5
    assert flight.order(176, 1, mode) == 0
    assert flight.vehicle.mode == mode
    flight.home()
    assert flight.vehicle.craft.at_m[2] == 0.0


@pytest.mark.parametrize("mode", [1, 2, 7, 8, 99, -1])
def test_a_mode_that_it_does_not_have_is_refused_and_changes_nothing(mode: int) -> None:
    flight = Flight()
    flight.order(176, 1, GUIDED)
    assert flight.order(176, 1, mode) == 4
    assert flight.vehicle.mode == GUIDED


def test_it_is_not_disarmed_in_the_air_unless_forced() -> None:
    flight = Flight().go().wait(10.0)
    assert flight.order(400, 0) == 4
    kept = flight.vehicle.armed
    assert flight.order(400, 0, 21196) == 0
    assert (kept, flight.vehicle.armed) == (True, False)
    assert flight.vehicle.craft.at_m[2] == 0.0


def test_arming_twice_is_one_arming() -> None:
    flight = Flight()
    assert [flight.order(400, 1) for _ in range(3)] == [0, 0, 0]
    flight.wait(1.0)
    assert flight.said.count("Arming motors") == 1


def test_it_does_not_arm_while_it_boots() -> None:
    flight = Flight()
    booting = Vehicle(home_latlon_deg=HOME)
    flight.vehicle = booting
    flight.now_s = 0.0
    assert flight.order(400, 1) == 4
    flight.wait(1.0)
    assert "PreArm: not ready" in flight.said
    flight.wait(3.0)
    assert flight.order(400, 1) == 0


@pytest.mark.parametrize("wish", [RTL, LAND])
def test_a_person_who_takes_over_is_not_overruled_by_the_mission(wish: int) -> None:
    flight = Flight().go().wait(15.0)
    there = flight.north_m
    flight.order(176, 1, wish)
    flight.home()
    assert flight.vehicle.sequence.current == 2
    if wish == LAND:
        assert flight.north_m == pytest.approx(there, abs=25.0)
    else:
        assert flight.north_m == pytest.approx(0.0, abs=1.5)


def test_holding_holds_against_the_wind() -> None:
    flight = Flight(wind_m_s=np.array([6.0, -4.0])).go().wait(10.0)
    flight.order(176, 1, LOITER)
    flight.wait(10.0)
    place = flight.vehicle.craft.at_m.copy()
    flight.wait(20.0)
    assert float(np.linalg.norm(flight.vehicle.craft.at_m - place)) < 0.5


def test_the_log_tells_modes_arming_and_the_breach_in_their_order(tmp_path: Path) -> None:
    book = Logbook(tmp_path / "a.log")
    flight = Flight(replace(FAR, fence_circles=(circle(60.0, inside=True),)), logbook=book)
    flight.go().home()
    book.close()
    lines = (tmp_path / "a.log").read_text(encoding="utf-8").splitlines()
    told = [line.split(", ")[0::2][:2] for line in lines if line[:4] in ("EV, ", "ERR,", "MODE")]
    assert told == [["MODE", "3"], ["EV", "10"], ["ERR", "9"], ["MODE", "6"], ["EV", "11"]]
    moments = [int(line.split(", ")[1]) for line in lines if line.startswith("POS")]
    assert moments == sorted(moments)
    assert CAPACITY_MAH > flight.vehicle.craft.battery_mah


def test_a_fence_of_no_size_cannot_be_made_into_items() -> None:
    flat = FencePolygon(vertices_latlon_deg=(HOME, HOME))
    with pytest.raises(BadInput, match="a fence polygon has 2 corners; it needs at least 3"):
        items_of(replace(BRIDGE, fence_polygons=(flat,)), Kind.FENCE)

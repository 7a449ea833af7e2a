"""Missions that nobody should fly: the simulation of every one of them ends, and says how."""

import math
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flight.command import Command
from flight.commands.simulate import wind_of
from flight.geodesic import distance_m
from flight.link import codec, connect, dialect
from flight.logs.diary import read_diary
from flight.logs.flown import sum_up
from flight.mission import AltitudeFrame, Mission, MissionItem
from flight.monitor import FlightReport, fly
from flight.simulator.craft import Craft
from flight.simulator.dataflash import Logbook
from flight.simulator.fault import Faults
from flight.simulator.loop import LoopWire
from flight.simulator.vehicle import Vehicle
from flight.upload import upload
from flight.wireitem import Kind, items_of
from inspection.errors import BadInput, Refused, TenkenError
from tests.support.missions import item, waypoint

HOME = (36.5613, 136.6562)
UP = item(Command.TAKEOFF, AltitudeFrame.HOME, place=(0.0, 0.0, 15.0))
NEAR = waypoint(36.5614, 136.6563, 15.0)
BACK = item(Command.RETURN_TO_LAUNCH)
LONGEST_S = 3000.0
"""An empty battery ends every flight long before."""


def flown(
    items: tuple[MissionItem, ...],
    *,
    home: tuple[float, float] = HOME,
    wind: str = "0@0",
    log: Path | None = None,
    faults: Faults | None = None,
) -> tuple[FlightReport, Vehicle, list[tuple[float, float]]]:
    """Fly a mission of items on the simulator's own clock; also give where it was."""
    faults = faults or Faults()
    logbook = None if log is None else Logbook(log)
    vehicle = Vehicle(home_latlon_deg=home, wind_m_s=wind_of(wind), faults=faults, logbook=logbook)
    mission = Mission(home_latlon_deg=home, home_altitude_msl_m=0.0, items=items)
    link = connect(LoopWire(vehicle, faults))
    upload(link, mission)
    track: list[tuple[float, float]] = []
    try:
        report = fly(
            link,
            items_of(mission, Kind.MISSION),
            on_progress=lambda progress: track.append(vehicle.craft.latlon_deg),
        )
    finally:
        if logbook is not None:
            logbook.close()
    return report, vehicle, track


def test_a_mission_without_a_return_hovers_until_the_battery_calls_it_home() -> None:
    report, vehicle, _ = flown((UP, NEAR))
    assert report.reached == (2,)
    assert 300 < report.seconds < LONGEST_S
    assert 5 < report.battery_percent <= 20
    assert not vehicle.armed
    assert distance_m(vehicle.craft.latlon_deg, HOME) < 2


@pytest.mark.parametrize(
    ("what", "items"),
    [
        ("only a speed", (item(Command.CHANGE_SPEED, params=(1.0, 3.0, -1.0, 0.0)),)),
        ("a wait of days", (UP, item(Command.DELAY, params=(1e6, -1.0, -1.0, -1.0)), BACK)),
        ("a place to circle", (UP, replace(NEAR, command=int(Command.LOITER_UNLIMITED)), BACK)),
        ("a jump to itself", (UP, item(Command.DO_JUMP, params=(2.0, -1.0, 0.0, 0.0)), BACK)),
        ("a jump for ever", (UP, NEAR, item(Command.DO_JUMP, params=(2.0, -1.0, 0.0, 0.0)))),
        ("a jump before home", (UP, NEAR, item(Command.DO_JUMP, params=(-9.0, 1.0, 0.0, 0.0)))),
        ("a jump to home", (UP, NEAR, item(Command.DO_JUMP, params=(0.0, 1.0, 0.0, 0.0)))),
        ("a jump beyond", (UP, NEAR, item(Command.DO_JUMP, params=(900.0, 1.0, 0.0, 0.0)))),
        ("below the ground", (UP, replace(NEAR, altitude_m=-5000.0), BACK)),
        ("into space", (UP, replace(NEAR, altitude_m=99_000.0), BACK)),
    ],
)  # fmt: skip
def test_every_odd_mission_ends_on_the_ground(what: str, items: tuple[MissionItem, ...]) -> None:
    report, vehicle, _ = flown(items)
    assert report.seconds < LONGEST_S, what
    assert not vehicle.armed
    assert vehicle.craft.at_m[2] == 0.0


def test_a_storm_that_nobody_can_fly_home_in_ends_with_an_empty_battery() -> None:
    report, vehicle, _ = flown((UP, NEAR, BACK), wind="25@0")
    assert report.battery_percent == 0
    assert report.seconds < LONGEST_S
    assert vehicle.craft.at_m[2] == 0.0
    assert distance_m(vehicle.craft.latlon_deg, HOME) > 1000


def test_a_landing_at_once_is_told_and_not_watched_for_ever() -> None:
    with pytest.raises(Refused, match=r"not armed after 20 s; .*Disarming motors"):
        flown((item(Command.LAND, AltitudeFrame.HOME),))


@pytest.mark.parametrize(("number", "most"), [(1.0, 1), (5.0, 5), (2e6, 800), (0.0, 1)])
def test_a_number_of_photos_without_an_interval_takes_its_time(number: float, most: int) -> None:
    shoot = item(Command.IMAGE_START, params=(0.0, 0.0, number, 0.0))
    report, _, _ = flown((UP, NEAR, shoot, waypoint(36.5618, 136.6563, 15.0), BACK))
    assert 1 <= report.photos <= most
    assert report.photos == most or number > 100


def test_a_trigger_distance_of_a_millimetre_keeps_to_fifty_photos_a_second() -> None:
    near = item(Command.TRIGGER_DISTANCE, params=(1e-3, 0.0, 1.0, 0.0))
    report, _, _ = flown((UP, near, NEAR, BACK))
    assert 100 < report.photos <= 50 * report.seconds


@pytest.mark.parametrize(("home_lon", "far_lon"), [(179.99995, -179.9999), (-179.99995, 179.9999)])
def test_the_date_line_is_crossed_the_short_way(
    tmp_path: Path, home_lon: float, far_lon: float
) -> None:
    home, far = (36.5, home_lon), waypoint(36.5, far_lon, 15.0)
    report, _, track = flown((UP, far, BACK), home=home, log=tmp_path / "line.BIN")
    assert report.turned_back is None
    assert report.reached == (2,)
    assert max(distance_m(place, home) for place in track) < 30
    assert min(distance_m(place, (far.lat_deg, far.lon_deg)) for place in track) < 3
    assert all(abs(lon) <= 180 for _, lon in track)
    summary = sum_up(read_diary(tmp_path / "line.BIN"))
    assert summary.distance_m == pytest.approx(2 * 13.4, abs=6)
    assert summary.flights == 1


@given(
    lat=st.floats(-88, 88),
    lon=st.floats(-180, 180),
    east_m=st.floats(-5000, 5000),
    north_m=st.floats(-5000, 5000),
)
def test_local_metres_come_back_as_the_same_place_anywhere(
    lat: float, lon: float, east_m: float, north_m: float
) -> None:
    craft = Craft(home_latlon_deg=(lat, lon))
    craft.at_m[:2] = east_m, north_m
    place = craft.latlon_deg
    assert abs(place[1]) <= 180
    assert craft.local_m(place) == pytest.approx([east_m, north_m], abs=1e-3)


odd = st.sampled_from([0.0, 1.0, -1.0, 0.5, 1e6, -1e6, 3.4e38])
commands = st.sampled_from([*sorted(Command), 0, 300, 65_535])
places = st.sampled_from([(0.0, 0.0), (36.5614, 136.6563), (-36.0, -136.0), (90.0, 180.0)])


@st.composite
def odd_items(draw: st.DrawFn) -> MissionItem:
    """Draw an item whose numbers no planner would write."""
    lat, lon = draw(places)
    return MissionItem(
        command=int(draw(commands)),
        frame=draw(st.sampled_from(AltitudeFrame)),
        params=(draw(odd), draw(odd), draw(odd), draw(odd)),
        lat_deg=lat,
        lon_deg=lon,
        altitude_m=draw(st.sampled_from([0.0, 15.0, -500.0, 90_000.0])),
    )


@settings(max_examples=12, deadline=None)
@given(items=st.lists(odd_items(), min_size=1, max_size=4))
def test_any_mission_is_flown_to_an_end_or_refused(items: list[MissionItem]) -> None:
    whole = [
        replace(i, lat_deg=float(int(i.lat_deg)), lon_deg=float(int(i.lon_deg))) for i in items
    ]
    low = Faults(battery_percent=30.0)
    try:
        report, vehicle, _ = flown((UP, *whole), faults=low)
    except TenkenError:
        return
    assert report.seconds < LONGEST_S
    assert not vehicle.armed


@pytest.mark.parametrize("command", [20, 21, 115, 176, 178, 203, 206, 300, 400, 512, 2000, 2001, 9])
def test_a_station_may_leave_every_parameter_of_a_command_open(command: int) -> None:
    vehicle = Vehicle(home_latlon_deg=HOME)
    for now in range(5):
        vehicle.tick(float(now))
    ground = codec(250, 190)
    message = dialect().MAVLink_command_long_message(1, 1, command, 0, *[math.nan] * 7)
    (heard,) = codec(1, 1).parse_buffer(message.pack(ground))
    said = vehicle.take(heard, 5.0)
    assert [m.command for m in said if m.get_type() == "COMMAND_ACK"] == [command]
    for now in range(6, 30):
        vehicle.tick(float(now))
    assert math.isfinite(vehicle.craft.yaw_deg)


@pytest.mark.parametrize(
    "wind",
    ["26@0", "4@361", "4@-1", "-4@0", "4", "@", "4@", "nan@0", "4@" + "9" * 400, "4@0\n", ""],
)
def test_a_wind_out_of_its_bounds_is_refused_with_an_example(wind: str) -> None:
    with pytest.raises(BadInput, match="such as 4@270"):
        wind_of(wind)


@pytest.mark.parametrize(
    ("wind", "east", "north"),
    [("10@0", 0, -10), ("10@90", -10, 0), ("10@180", 0, 10), ("10@360", 0, -10), ("25@270", 25, 0)],
)
def test_a_wind_blows_away_from_where_it_comes(wind: str, east: float, north: float) -> None:
    assert wind_of(wind) == pytest.approx([east, north], abs=1e-9)

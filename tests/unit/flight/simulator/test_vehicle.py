"""The simulated vehicle flies, photographs, returns and logs as an ArduCopter does."""

import itertools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pymavlink import mavutil

from flight.command import Command
from flight.geodesic import distance_m, step
from flight.link import connect
from flight.mission import AltitudeFrame, FencePolygon, Mission, MissionItem
from flight.monitor import FlightReport, Progress, fly
from flight.simulator.craft import CAPACITY_MAH, Craft
from flight.simulator.dataflash import Logbook
from flight.simulator.fault import Faults
from flight.simulator.loop import LoopWire
from flight.simulator.vehicle import Vehicle
from flight.upload import upload
from flight.wireitem import Kind, items_of
from inspection.errors import BadInput, Refused
from tests.support.flown import joined, rough
from tests.support.missions import BRIDGE, item, waypoint

HOME = (36.5613, 136.6562)


def flown(
    mission: Mission, faults: Faults | None = None, log: Path | None = None
) -> tuple[FlightReport, Vehicle, list[Progress]]:
    """Upload and fly a mission."""
    faults = faults or Faults()
    logbook = None if log is None else Logbook(log)
    vehicle = Vehicle(
        home_latlon_deg=mission.home_latlon_deg or HOME,
        home_altitude_msl_m=mission.home_altitude_msl_m or 0.0,
        faults=faults,
        logbook=logbook,
    )
    link = connect(LoopWire(vehicle, faults))
    upload(link, mission)
    seen: list[Progress] = []
    report = fly(link, items_of(mission, Kind.MISSION), on_progress=seen.append)
    if logbook is not None:
        logbook.close()
    return report, vehicle, seen


def row(*more: MissionItem, length_m: float = 100.0) -> Mission:
    """Make a mission of one row to the north, photos each 10 m, then more items."""
    north = step(HOME, 0.0, length_m)
    items = (
        item(Command.TAKEOFF, AltitudeFrame.HOME, place=(0.0, 0.0, 12.0)),
        waypoint(*step(HOME, 0.0, 10.0), 12.0),
        item(Command.CHANGE_SPEED, params=(1.0, 4.0, -1.0, 0.0)),
        item(Command.TRIGGER_DISTANCE, params=(10.0, 0.0, 1.0, 0.0)),
        waypoint(*north, 12.0),
        *more,
    )
    return replace(BRIDGE, items=items, fence_polygons=(), fence_circles=(), rally_points=())


STOP = item(Command.TRIGGER_DISTANCE)
HOME_AGAIN = item(Command.RETURN_TO_LAUNCH)


def test_a_row_of_90_m_takes_a_photo_each_10_m_and_lands_at_home() -> None:
    report, vehicle, seen = flown(row(STOP, HOME_AGAIN))
    assert report.photos == 9  # at 8–12 m, then each 10 m until the row ends 2 m early
    assert report.turned_back is None
    assert report.reached == (2, 5)
    assert not vehicle.armed
    assert float(np.linalg.norm(vehicle.craft.at_m)) < 1.5
    assert max(progress.altitude_home_m for progress in seen) == pytest.approx(15.0, abs=0.5)
    assert 70 < report.seconds < 110


def test_photos_of_a_distance_lie_that_far_apart(tmp_path: Path) -> None:
    flown(row(STOP, HOME_AGAIN), log=tmp_path / "flight.BIN")
    photos = [(m.Lat, m.Lng) for m in records(tmp_path / "flight.BIN", "CAM")]
    gaps = [distance_m(a, b) for a, b in itertools.pairwise(photos)]
    assert min(gaps) >= 9.98
    assert max(gaps) <= 10.6


def test_stop_and_shoot_waits_and_takes_one_photo_a_stop() -> None:
    stops: list[MissionItem] = []
    for n in range(4):
        stops += [
            waypoint(*step(HOME, 90.0, 10.0 + 5 * n), 8.0, hold=2.0),
            item(Command.IMAGE_START, params=(0.0, 0.0, 1.0, 0.0)),
        ]
    mission = row()
    report, _, _ = flown(replace(mission, items=(mission.items[0], *stops, HOME_AGAIN)))
    assert report.photos == 4
    assert report.reached == (2, 4, 6, 8)


def test_photos_by_time_and_number() -> None:
    timed = item(Command.IMAGE_START, params=(0.0, 2.0, 5.0, 0.0))
    mission = row()
    items = (*mission.items[:2], timed, *mission.items[4:], HOME_AGAIN)
    assert flown(replace(mission, items=items))[0].photos == 5
    endless = item(Command.IMAGE_START, params=(0.0, 2.0, 0.0, 0.0))
    items = (*mission.items[:2], endless, mission.items[4], item(Command.IMAGE_STOP), HOME_AGAIN)
    assert 6 <= flown(replace(mission, items=items))[0].photos <= 16


def test_a_jump_is_flown_as_often_as_it_says() -> None:
    jump = item(Command.DO_JUMP, params=(2.0, 2.0, 0.0, 0.0))
    report, _, seen = flown(row(STOP, jump, HOME_AGAIN))
    assert report.photos in range(26, 31)
    assert sum(p.said.count("Reached command #5") for p in seen) == 3


def test_a_fence_turns_the_vehicle_back_and_the_watch_stops_the_camera() -> None:
    corners = [step(step(HOME, 180.0, 30.0), 90.0, s) for s in (-40.0, 40.0)]
    north = [step(step(HOME, 0.0, 60.0), 90.0, s) for s in (40.0, -40.0)]
    fence = FencePolygon(vertices_latlon_deg=(*corners, *north))
    mission = replace(row(STOP, HOME_AGAIN), fence_polygons=(fence,))
    report, vehicle, _ = flown(mission)
    assert report.turned_back == "turned back at item 5: Fence Breached"
    assert report.photos <= 8  # about 6 to the fence; without the stop there were 6 more home
    assert vehicle.sequence.trigger_m == 0.0


def test_a_low_battery_turns_the_vehicle_back() -> None:
    report, vehicle, _ = flown(row(STOP, HOME_AGAIN, length_m=400.0), Faults(battery_percent=24.0))
    assert report.turned_back is not None
    assert "Battery 1 is low" in report.turned_back
    assert report.battery_percent < 20
    assert not vehicle.armed


def test_a_person_can_call_it_home() -> None:
    link, vehicle = joined()
    mission = row(STOP, HOME_AGAIN, length_m=400.0)
    upload(link, mission)
    report = fly(
        link,
        items_of(mission, Kind.MISSION),
        on_progress=lambda progress: None,
        wants_home=lambda: vehicle.photos >= 5,
    )
    assert report.turned_back == "called home by the person at the ground station"
    assert 5 <= report.photos <= 7
    assert not vehicle.armed


def test_a_rough_radio_flies_the_same_mission() -> None:
    report, vehicle, _ = flown(row(STOP, HOME_AGAIN), rough(1))
    assert vehicle.photos == 9
    assert report.photos <= 9  # of what was heard
    assert report.turned_back is None


def test_nothing_flies_without_a_mission() -> None:
    link, _ = joined()
    link.wait_standby()
    with pytest.raises(BadInput, match="no mission"):
        fly(link, (), on_progress=lambda progress: None)
    bare = items_of(BRIDGE, Kind.MISSION)
    with pytest.raises(Refused, match=r"command 400 with failed: .*PreArm: no mission"):
        fly(link, bare, on_progress=lambda progress: None)


def test_wind_is_held_and_costs_battery() -> None:
    calm = Craft(home_latlon_deg=HOME)
    windy = Craft(home_latlon_deg=HOME, wind_m_s=np.array([8.0, 0.0]))
    target = np.array([0.0, 200.0, 0.0])
    for craft in (calm, windy):
        for _ in range(400):
            craft.fly(target, 6.0, 0.1)
        assert float(np.linalg.norm(craft.at_m - target)) < 0.5
    assert CAPACITY_MAH - windy.battery_mah > 1.1 * (CAPACITY_MAH - calm.battery_mah)
    assert windy.roll_deg < -10  # nose north, wind from the west: leans into it, left side down


def test_a_storm_carries_it_away() -> None:
    craft = Craft(home_latlon_deg=HOME, wind_m_s=np.array([20.0, 0.0]))
    for _ in range(100):
        craft.fly(np.array([-50.0, 0.0, 10.0]), 10.0, 0.1)
    assert craft.at_m[0] > 10


def test_faults_have_bounds() -> None:
    for wrong in ({"loss": 1.0}, {"delay_s": -1.0}, {"battery_percent": 0.0}):
        with pytest.raises(BadInput, match="is not within"):
            Faults(**wrong)  # type: ignore[arg-type]


def records(path: Path, kind: str) -> list[mavutil.mavfile]:
    """Read the records of one kind with pymavlink's own reader."""
    log = mavutil.mavlink_connection(str(path))
    found = []
    while (message := log.recv_match(type=kind)) is not None:
        found.append(message)
    log.close()
    return found


@pytest.mark.parametrize("name", ["flight.BIN", "flight.log"])
def test_the_log_is_read_by_pymavlink(tmp_path: Path, name: str) -> None:
    report, vehicle, _ = flown(row(STOP, HOME_AGAIN), log=tmp_path / name)
    photos = records(tmp_path / name, "CAM")
    assert len(photos) == report.photos == 9
    assert [p.Img for p in photos] == list(range(1, 10))
    first = photos[0]
    assert distance_m((first.Lat, first.Lng), step(HOME, 0.0, 10.0)) < 3.0
    assert first.RelAlt == pytest.approx(12.0, abs=0.3)
    assert first.Alt - first.RelAlt == pytest.approx(26.4, abs=0.02)
    commands = records(tmp_path / name, "CMD")
    assert [c.CId for c in commands] == [i.command for i in vehicle.stores[Kind.MISSION].items]
    track = records(tmp_path / name, "GPS")
    weeks = {t.GWk for t in track}
    assert weeks == {2399}
    assert (first.GPSTime - track[0].GMS) / 1e3 == pytest.approx(
        (first.TimeUS - track[0].TimeUS) / 1e6, abs=0.002
    )
    assert len(records(tmp_path / name, "BAT")) == len(records(tmp_path / name, "ATT")) > 500


def test_a_log_has_a_known_suffix(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"\.BIN or as \.log"):
        Logbook(tmp_path / "flight.csv")


@pytest.mark.data
def test_the_real_mission_is_flown_as_arducopter_flew_it(data_dir: Path, tmp_path: Path) -> None:
    real = data_dir / "flights" / "autopilot_log" / "demo_20items_56cam.BIN"
    stored = records(real, "CMD")
    mission = Mission(
        home_latlon_deg=(stored[0].Lat, stored[0].Lng),
        home_altitude_msl_m=stored[0].Alt,
        items=tuple(
            item(
                c.CId,
                AltitudeFrame.HOME if c.Frame == 3 else AltitudeFrame.MISSION,
                (c.Prm1, c.Prm2, c.Prm3, c.Prm4),
                (c.Lat, c.Lng, c.Alt),
            )
            for c in stored[1:]
        ),
    )
    flight, _, _ = flown(mission, log=tmp_path / "flight.BIN")
    taken = [(c.Lat, c.Lng) for c in records(tmp_path / "flight.BIN", "CAM")]
    theirs = [(c.Lat, c.Lng) for c in records(real, "CAM")]
    assert flight.photos == len(theirs) == 56
    assert max(distance_m(a, b) for a, b in zip(taken, theirs, strict=True)) < 5.0
    assert flight.seconds == pytest.approx(250.4, rel=0.1)  # arming to disarming in the log

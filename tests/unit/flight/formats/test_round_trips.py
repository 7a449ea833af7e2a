"""What a format can carry comes back the same; what it cannot is said."""

import re
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flight.command import Command
from flight.formats import open_mission, read_mission, write_mission
from flight.mission import AltitudeFrame, Mission, MissionItem
from inspection.errors import BadInput
from tests.support.missions import BRIDGE, item, missions, numbers, waypoint

quick = settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture
def trip(tmp_path: Path) -> Any:
    """Write a mission and read it back; gives the mission, what was lost and how it was read."""

    def there_and_back(mission: Mission, suffix: str, **options: Any) -> Any:
        path = tmp_path / f"mission{suffix}"
        lost = write_mission(mission, path, **options)
        reading = open_mission(path)
        return reading.mission, lost, reading.losses

    return there_and_back


@pytest.mark.parametrize("suffix", [".geojson", ".kml"])
@quick
@given(mission=missions())
def test_open_formats_keep_every_part_of_any_mission(
    trip: Any, suffix: str, mission: Mission
) -> None:
    back, _, unread = trip(mission, suffix)
    assert back == mission
    assert unread == ()


def test_geojson_and_kml_of_the_bridge_lose_nothing_but_the_look_of_heights(trip: Any) -> None:
    assert trip(BRIDGE, ".geojson")[1] == ()
    (lost,) = trip(BRIDGE, ".kml")[1]
    assert "kept exactly inside" in lost.what


@quick
@given(mission=missions())
def test_a_plan_keeps_mission_fence_and_rally_points(trip: Any, mission: Mission) -> None:
    back, lost, _ = trip(mission, ".plan")
    kept = replace(
        mission,
        vehicle=mission.vehicle if mission.vehicle in ("ardupilot", "px4") else "ardupilot",
        cruise_speed_m_s=mission.cruise_speed_m_s or 5.0,
        geoid_height_m=None,
    )
    assert back == kept
    assert (back == mission) or lost


def test_the_bridge_comes_back_whole_from_a_plan(trip: Any) -> None:
    assert trip(BRIDGE, ".plan") == (BRIDGE, (), ())


@quick
@given(mission=missions(parameters=numbers))
def test_a_mission_list_keeps_the_items_and_home(trip: Any, mission: Mission) -> None:
    mission = replace(mission, items=(waypoint(36.0, 136.0, 3.0, yaw=1.0), *mission.items))
    back, lost, _ = trip(mission, ".waypoints")
    bare = Mission(
        home_latlon_deg=mission.home_latlon_deg,
        home_altitude_msl_m=mission.home_altitude_msl_m,
        items=mission.items,
    )
    assert back == bare
    assert (bare == mission) == (lost == ())


def test_a_mission_list_says_which_open_parameters_became_0(trip: Any) -> None:
    back, lost, _ = trip(BRIDGE, ".waypoints")
    assert back.items[1].params == (0.0, 0.0, 0.0, 0.0)
    (opened,) = [loss for loss in lost if "open parameter" in loss.what]
    assert opened.items == (1,)
    assert any("2 fence shapes" in loss.what for loss in lost)
    assert any("1 rally points" in loss.what for loss in lost)


@quick
@given(mission=missions())
def test_a_mission_list_without_items_carries_the_fence(trip: Any, mission: Mission) -> None:
    mission = replace(mission, items=())
    back, _, _ = trip(mission, ".waypoints")
    if mission.fence_polygons or mission.fence_circles:
        assert back.fence_polygons == mission.fence_polygons
        assert back.fence_circles == mission.fence_circles
    elif mission.rally_points:
        assert back.rally_points == mission.rally_points
    else:
        assert back.home_latlon_deg == mission.home_latlon_deg


@st.composite
def dji_missions(draw: Any) -> Any:
    """Draw what a DJI aircraft can fly, in the order in which it is read back."""
    frame = draw(st.sampled_from([AltitudeFrame.HOME, AltitudeFrame.MSL, AltitudeFrame.TERRAIN]))
    millimetres = st.integers(3_000, 400_000).map(lambda mm: mm / 1000)
    cruise = draw(st.integers(2, 12)) + 0.5
    flown = [item(Command.TAKEOFF, AltitudeFrame.HOME, (0.0, 0.0, 0.0, None), (0, 0, 20.0))]
    speed, running = cruise, False
    for number in range(draw(st.integers(2, 6))):
        yaw = draw(st.none() | st.floats(-180, 180))
        flown.append(waypoint(36 + number / 1000, 136.5, draw(millimetres), frame, yaw=yaw))
        if running and draw(st.booleans()):
            flown.append(item(Command.IMAGE_STOP))
            running = False
        if draw(st.booleans()) and speed == cruise:
            speed = cruise + 1
            flown.append(item(Command.CHANGE_SPEED, params=(1.0, speed, -1.0, 0.0)))
        flown += draw(st.lists(st.sampled_from(ACTIONS), max_size=3))
    flown += draw(st.sampled_from([[], [item(Command.RETURN_TO_LAUNCH)]]))
    sea = frame is AltitudeFrame.MSL
    return Mission(
        home_latlon_deg=(36.0, 136.5),
        home_altitude_msl_m=12.25 if sea else None,
        items=tuple(flown),
        cruise_speed_m_s=cruise,
        vehicle="dji",
        geoid_height_m=37.4321 if sea else None,
    )


ACTIONS = (
    item(Command.IMAGE_START, params=(0.0, 0.0, 1.0, 0.0)),
    item(Command.GIMBAL_PITCH_YAW, params=(-45.0, None, 0.0, 0.0)),
    item(Command.GIMBAL_PITCH_YAW, params=(-45.0, 30.0, 0.0, 0.0), place=(16.0, 0.0, 0.0)),
    item(Command.DELAY, params=(0.5, -1.0, -1.0, -1.0)),
    item(Command.CONDITION_YAW, params=(200.0, 0.0, 1.0, 0.0)),
    item(Command.SET_CAMERA_ZOOM, params=(3.0, 70.0, 0.0, 0.0)),
    item(Command.VIDEO_START),
    item(Command.VIDEO_STOP),
)


@quick
@given(mission=dji_missions())
def test_a_dji_wayline_keeps_what_a_dji_aircraft_can_fly(trip: Any, mission: Mission) -> None:
    back, lost, _ = trip(mission, ".kmz", drone="M3E")
    assert lost == ()
    assert back.items == mission.items
    assert back == mission


def test_triggering_by_distance_and_time_comes_back_from_a_wayline(trip: Any) -> None:
    timed = item(Command.IMAGE_START, params=(0.0, 2.5, 0.0, 0.0))
    far = item(Command.TRIGGER_DISTANCE, params=(3.0, 0.0, 1.0, 0.0))
    stop = item(Command.IMAGE_STOP)
    points = [waypoint(36 + n / 1000, 136.5, 10.0) for n in range(4)]
    flown = (points[0], timed, points[1], stop, points[2], far, points[3], stop)
    mission = replace(BRIDGE, items=flown, cruise_speed_m_s=4.0)
    back, _, _ = trip(mission, ".kmz")
    assert [i for i in back.items if i.command != Command.TAKEOFF] == list(flown)


def test_the_bridge_as_a_wayline_says_what_it_lost(trip: Any) -> None:
    back, lost, _ = trip(BRIDGE, ".kmz")
    words = " | ".join(loss.words() for loss in lost)
    assert "fence and rally points" in words
    assert "written for the DJI M3E" in words
    again, _, _ = trip(back, ".kmz")
    assert again == back


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ((waypoint(36, 136, 5),), "at least 2"),
        ((waypoint(36, 136, 5), waypoint(36.000001, 136, 5)), "needs 0.5 m"),
        ((waypoint(36, 136, 5), waypoint(36.1, 136, 5, AltitudeFrame.MSL)), "has one"),
        ((waypoint(36, 136, 5), item(Command.DO_JUMP, params=(1.0, -1.0, 0.0, 0.0))), "do jump"),
        (
            (waypoint(36, 136, 5), item(Command.RETURN_TO_LAUNCH), waypoint(36.1, 136, 5)),
            "after the return",
        ),
        (
            (
                item(Command.CHANGE_SPEED, params=(1.0, 22.0, -1.0, 0.0)),
                waypoint(36, 136, 5),
                waypoint(36.1, 136, 5),
            ),
            "22 m/s",
        ),
    ],
)
def test_what_a_dji_aircraft_would_fly_differently_is_refused(
    tmp_path: Path, changed: tuple[MissionItem, ...], reason: str
) -> None:
    with pytest.raises(BadInput, match=reason):
        write_mission(replace(BRIDGE, items=changed), tmp_path / "x.kmz")
    assert list(tmp_path.iterdir()) == []


def test_heights_above_the_sea_need_the_geoid_for_a_wayline(tmp_path: Path) -> None:
    sea = (waypoint(36, 136, 50, AltitudeFrame.MSL), waypoint(36.1, 136, 50, AltitudeFrame.MSL))
    with pytest.raises(BadInput, match="geoid-height-m"):
        write_mission(replace(BRIDGE, items=sea), tmp_path / "x.kmz")


def test_an_unknown_suffix_or_aircraft_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"\.shp.*none of \.plan"):
        write_mission(BRIDGE, tmp_path / "x.shp")
    with pytest.raises(BadInput, match=r"no DJI aircraft 'Phantom'.*M3E"):
        write_mission(BRIDGE, tmp_path / "x.kmz", drone="Phantom")


def test_the_same_mission_gives_the_same_wayline_file(tmp_path: Path) -> None:
    for name in ("a.kmz", "b.kmz"):
        write_mission(BRIDGE, tmp_path / name)
    assert (tmp_path / "a.kmz").read_bytes() == (tmp_path / "b.kmz").read_bytes()
    assert read_mission(tmp_path / "a.kmz") == read_mission(tmp_path / "b.kmz")


def test_a_wayline_stops_at_its_ends_and_photos_and_cuts_other_corners_shortly(
    tmp_path: Path,
) -> None:
    photo = item(Command.IMAGE_START, params=(0.0, 0.0, 1.0, 0.0))
    far = [waypoint(36 + n / 10_000, 136.5, 10.0) for n in range(4)]
    near = waypoint(36.00031, 136.5, 10.0)
    items = (far[0], far[1], photo, far[2], far[3], near)
    path = tmp_path / "x.kmz"
    write_mission(replace(BRIDGE, items=items), path)
    with zipfile.ZipFile(path) as archive:
        text = archive.read("wpmz/waylines.wpml").decode()
    turns = re.findall(r"<wpml:waypointTurnMode>toPointAnd(Stop|Pass)", text)
    assert turns == ["Stop", "Stop", "Pass", "Pass", "Stop"]
    damping = [float(d) for d in re.findall(r"waypointTurnDampingDist>([\d.]+)<", text)]
    assert damping[2] == 2.0
    assert damping[3] == pytest.approx(1.11 / 4, abs=0.01)
    assert [damping[i] for i in (0, 1, 4)] == [0, 0, 0]

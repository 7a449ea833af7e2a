"""Waylines as a DJI remote controller reads them: order, names, bounds and what is lost.

Source of the names and bounds: domain specification §6.4.1.
"""

import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from defusedxml.ElementTree import fromstring
from hypothesis import given, settings
from hypothesis import strategies as st

from flight.command import Command
from flight.formats import open_mission, write_mission
from flight.formats.loss import LossLedger
from flight.formats.wpmlaction import Action, action_of
from flight.formats.wpmlroute import Route, route_of
from flight.formats.wpmlwrite import aircraft
from flight.mission import AltitudeFrame, Mission, MissionItem
from inspection.errors import BadInput
from tests.support.missions import BRIDGE, Params, item, waypoint

W = "{http://www.dji.com/wpmz/1.0.2}"
K = "{http://www.opengis.net/kml/2.2}"
A, B, C = (waypoint(36.0 + n / 1000, 136.5, 10.0) for n in range(3))
PHOTO = item(Command.IMAGE_START, params=(0.0, 0.0, 1.0, 0.0))
HOME = AltitudeFrame.HOME


def mission_of(*items: MissionItem, **changes: object) -> Mission:
    """Make a mission with a default speed of 4 m/s and no home."""
    made = Mission(
        home_latlon_deg=None,
        home_altitude_msl_m=None,
        items=items,
        cruise_speed_m_s=4.0,
        vehicle="dji",
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def written(mission: Mission, tmp_path: Path, drone: str = "M3E") -> tuple[str, dict[str, bytes]]:
    """Write a wayline; give what was lost as one text, and the files of the archive."""
    path = tmp_path / "x.kmz"
    lost = " | ".join(loss.words() for loss in write_mission(mission, path, drone=drone))
    with zipfile.ZipFile(path) as archive:
        return lost, {name: archive.read(name) for name in archive.namelist()}


def texts(content: bytes, tag: str) -> list[str]:
    """Give the texts of all elements of a WPML name, in the order of the file."""
    return [element.text or "" for element in fromstring(content).iter(f"{W}{tag}")]


def test_golden_archive_holds_the_two_files_and_their_places_are_longitude_first(
    tmp_path: Path,
) -> None:
    _, files = written(BRIDGE, tmp_path)
    assert list(files) == ["wpmz/template.kml", "wpmz/waylines.wpml"]
    for content in files.values():
        places = [e.text for e in fromstring(content).iter(f"{K}coordinates")]
        assert places == ["136.6563,36.5614", "136.6563,36.5618"]


def test_golden_mission_config_of_both_files(tmp_path: Path) -> None:
    _, files = written(BRIDGE, tmp_path, drone="M350-P1")
    config = {
        "flyToWaylineMode": "safely",
        "finishAction": "goHome",
        "exitOnRCLost": "executeLostAction",
        "executeRCLostAction": "goBack",
        "takeOffSecurityHeight": "15.0",
        "droneEnumValue": "89",
        "droneSubEnumValue": "0",
        "payloadEnumValue": "50",
    }
    for content in files.values():
        assert {tag: texts(content, tag)[0] for tag in config} == config
    assert texts(files["wpmz/template.kml"], "templateType") == ["waypoint"]
    assert texts(files["wpmz/template.kml"], "heightMode") == ["relativeToStartPoint"]
    assert texts(files["wpmz/waylines.wpml"], "executeHeightMode") == ["relativeToStartPoint"]


def test_golden_numbers_of_the_aircraft_in_the_specification() -> None:
    drones = {name: (*craft.drone, craft.payload[0]) for name, craft in aircraft().items()}
    golden = {
        "M350-P1": (89, 0, 50),
        "M300-P1": (60, 0, 50),
        "M30": (67, 0, 52),
        "M30T": (67, 1, 53),
        "M3E": (77, 0, 66),
        "M3T": (77, 1, 67),
        "M4E": (99, 0, 88),
        "M4T": (99, 1, 89),
    }
    assert drones == golden


@pytest.mark.parametrize(
    ("ending", "finish"),
    [
        ((), "noAction"),
        ((item(Command.RETURN_TO_LAUNCH),), "goHome"),
        ((item(Command.LAND, HOME),), "autoLand"),
    ],
)
def test_the_end_of_a_mission_is_the_finish_action_and_comes_back(
    tmp_path: Path, ending: tuple[MissionItem, ...], finish: str
) -> None:
    mission = mission_of(A, B, *ending)
    _, files = written(mission, tmp_path)
    assert texts(files["wpmz/waylines.wpml"], "finishAction") == [finish]
    back = open_mission(tmp_path / "x.kmz").mission
    assert [i.command for i in back.items if i.command in (20, 21)] == [i.command for i in ending]


def test_length_and_time_of_a_wayline_are_those_of_its_legs(tmp_path: Path) -> None:
    quick = item(Command.CHANGE_SPEED, params=(1.0, 8.0, -1.0, 0.0))
    up = replace(C, altitude_m=40.0)
    _, files = written(mission_of(A, B, quick, up), tmp_path)
    leg_m = 110.96  # a thousandth of a degree of latitude at 36°
    climb_m = (leg_m**2 + 30.0**2) ** 0.5
    waylines = files["wpmz/waylines.wpml"]
    assert float(texts(waylines, "distance")[0]) == pytest.approx(leg_m + climb_m, abs=0.2)
    seconds = leg_m / 4.0 + climb_m / 8.0
    assert float(texts(waylines, "duration")[0]) == pytest.approx(seconds, abs=0.1)
    assert texts(waylines, "autoFlightSpeed") == ["4.0"]
    assert texts(waylines, "waypointSpeed") == ["4.0", "8.0", "8.0"]


@pytest.mark.parametrize(
    ("yaw", "angle"), [(0.0, 0.0), (180.0, 180.0), (-180.0, -180.0), (270.0, -90.0), (359.0, -1.0)]
)
def test_a_heading_is_written_within_half_a_turn(tmp_path: Path, yaw: float, angle: float) -> None:
    turned = replace(A, params=(0.0, 0.0, 0.0, yaw))
    look = item(Command.GIMBAL_PITCH_YAW, params=(-30.0, yaw, 0.0, 0.0), place=(16.0, 0.0, 0.0))
    _, files = written(mission_of(turned, look, B), tmp_path)
    for content in files.values():
        assert float(texts(content, "waypointHeadingAngle")[0]) == angle
        assert float(texts(content, "gimbalYawRotateAngle")[0]) == angle
        assert texts(content, "waypointHeadingMode")[-2:] == ["smoothTransition", "followWayline"]


def test_heights_above_the_sea_are_written_above_the_ellipsoid_with_both_in_the_template(
    tmp_path: Path,
) -> None:
    sea = [replace(i, frame=AltitudeFrame.MSL) for i in (A, B)]
    mission = mission_of(
        *sea, home_latlon_deg=(36.0, 136.5), home_altitude_msl_m=2.5, geoid_height_m=37.0
    )
    lost, files = written(mission, tmp_path)
    assert "height" not in lost
    template, waylines = files["wpmz/template.kml"], files["wpmz/waylines.wpml"]
    assert texts(waylines, "executeHeight") == ["47.0", "47.0"]
    assert texts(waylines, "executeHeightMode") == ["WGS84"]
    assert texts(template, "heightMode") == ["EGM96"]
    assert (
        list(zip(texts(template, "ellipsoidHeight"), texts(template, "height"), strict=True))
        == [("47.0", "10.0")] * 2
    )
    assert texts(template, "takeOffRefPoint") == ["36.0,136.5,39.5"]


def test_an_unknown_height_of_home_is_not_taken_for_the_ellipsoid(tmp_path: Path) -> None:
    sea = [replace(i, frame=AltitudeFrame.MSL) for i in (A, B)]
    mission = mission_of(*sea, home_latlon_deg=(36.0, 136.5), geoid_height_m=37.0)
    lost, _ = written(mission, tmp_path)
    assert "height of home is not known" in lost
    back = open_mission(tmp_path / "x.kmz").mission
    assert (back.home_latlon_deg, back.home_altitude_msl_m) == ((36.0, 136.5), None)


@pytest.mark.parametrize("metres", [1.2, 1500.0])
def test_the_bounds_of_the_climb_are_written(tmp_path: Path, metres: float) -> None:
    climb = item(Command.TAKEOFF, HOME, place=(0.0, 0.0, metres))
    _, files = written(mission_of(climb, A, B), tmp_path)
    assert texts(files["wpmz/template.kml"], "takeOffSecurityHeight") == [str(metres)]


@pytest.mark.parametrize("metres", [-1.0, 0.0, 1.1, 1500.5])
def test_a_climb_out_of_bounds_is_refused_with_its_height(tmp_path: Path, metres: float) -> None:
    climb = item(Command.TAKEOFF, HOME, place=(0.0, 0.0, metres))
    with pytest.raises(BadInput, match=rf"take-off to {metres:g} m; .* 1\.2 to 1500 m"):
        write_mission(mission_of(climb, A, B), tmp_path / "x.kmz")


@pytest.mark.parametrize("speed", [1.0, 15.0])
def test_the_bounds_of_the_speed_are_flown(tmp_path: Path, speed: float) -> None:
    _, files = written(mission_of(A, B, cruise_speed_m_s=speed), tmp_path)
    assert texts(files["wpmz/waylines.wpml"], "waypointSpeed") == [str(speed)] * 2


@pytest.mark.parametrize("speed", [0.9, 15.1, 40.0])
def test_a_default_speed_that_no_waypoint_has_must_still_be_one(
    tmp_path: Path, speed: float
) -> None:
    slow = item(Command.CHANGE_SPEED, params=(1.0, 5.0, -1.0, 0.0))
    with pytest.raises(BadInput, match=rf"speed {speed:g} m/s; a DJI wayline flies 1 to 15 m/s"):
        write_mission(mission_of(slow, A, B, cruise_speed_m_s=speed), tmp_path / "x.kmz")


def test_a_landing_under_the_last_waypoint_is_no_second_one(tmp_path: Path) -> None:
    land = item(Command.LAND, HOME, place=(B.lat_deg, B.lon_deg, 0.0))
    _, files = written(mission_of(A, B, land), tmp_path)
    waylines = files["wpmz/waylines.wpml"]
    assert texts(waylines, "index") == ["0", "1"]
    assert texts(waylines, "finishAction") == ["autoLand"]


def test_a_landing_elsewhere_is_one_more_waypoint_at_the_last_height(tmp_path: Path) -> None:
    land = item(Command.LAND, HOME, place=(C.lat_deg, C.lon_deg, 0.0))
    lost, files = written(mission_of(A, B, land), tmp_path)
    assert "place of landing: flown to as a last waypoint (item 3)" in lost
    assert texts(files["wpmz/waylines.wpml"], "executeHeight") == ["10.0"] * 3


@pytest.mark.parametrize(
    ("items", "words"),
    [
        ((A, B, item(Command.TRIGGER_DISTANCE, params=(3.0, 0.0, 1.0, 0.0))), "(item 3)"),
        ((A, item(Command.IMAGE_START, params=(0.0, 2.0, 0.0, 0.0)), item(Command.DELAY,
          params=(60.0, -1.0, -1.0, -1.0)), item(Command.IMAGE_STOP), B), "(item 2)"),
    ],
)  # fmt: skip
def test_triggering_at_one_waypoint_alone_is_named_as_lost(
    tmp_path: Path, items: tuple[MissionItem, ...], words: str
) -> None:
    lost, files = written(mission_of(*items), tmp_path)
    assert f"triggering that ends at the waypoint where it starts {words}" in lost
    assert "multiple" not in files["wpmz/waylines.wpml"].decode()


def test_a_number_of_photos_at_an_interval_is_named_as_lost(tmp_path: Path) -> None:
    five = item(Command.IMAGE_START, params=(0.0, 2.0, 5.0, 0.0))
    lost, files = written(mission_of(A, five, B), tmp_path)
    assert "number of photos at an interval (5): taken until the next stop (item 2)" in lost
    assert texts(files["wpmz/waylines.wpml"], "actionTriggerType") == ["multipleTiming"]


@pytest.mark.parametrize(
    ("items", "words"),
    [
        ((item(Command.RETURN_TO_LAUNCH), A), "item 2 comes after the return"),
        ((A, item(Command.TAKEOFF, HOME)), "item 2: a take-off must come first"),
        ((item(Command.TAKEOFF, AltitudeFrame.MSL),), "item 1: a take-off must come first"),
        ((replace(A, lat_deg=0.0, lon_deg=0.0),), "item 1: waypoint without a place"),
        ((A, replace(B, frame=AltitudeFrame.TERRAIN)), "altitude from terrain, .* from home"),
        ((item(Command.LAND, HOME, place=(36.0, 136.0, 0.0)),), "landing without a waypoint"),
        ((item(Command.LOITER_UNLIMITED, HOME),), r"loiter unlimited \(17\) cannot be flown"),
        ((item(Command.VTOL_TAKEOFF, HOME),), r"vtol takeoff \(84\) cannot be flown"),
    ],
)
def test_what_would_be_flown_otherwise_is_refused_with_its_item(
    items: tuple[MissionItem, ...], words: str
) -> None:
    with pytest.raises(BadInput, match=words):
        route_of(mission_of(*items), LossLedger())


def routed(*items: MissionItem) -> tuple[Route, str]:
    """Gather a route and say what was lost."""
    ledger = LossLedger()
    route = route_of(mission_of(*items), ledger)
    return route, " | ".join(loss.words() for loss in ledger.losses())


def test_what_comes_before_the_first_waypoint_is_done_at_it_in_its_order() -> None:
    look = item(Command.GIMBAL_PITCH_YAW, params=(-90.0, None, 0.0, 0.0))
    route, lost = routed(look, PHOTO, A, PHOTO, B)
    assert [a.function for a in route.stops[0].actions] == [
        "gimbalRotate",
        "takePhoto",
        "takePhoto",
    ]
    assert route.stops[1].actions == []
    assert "before the first waypoint: done at it (items 1, 2)" in lost


def test_triggering_before_the_first_waypoint_starts_at_it() -> None:
    every = item(Command.TRIGGER_DISTANCE, params=(3.0, 0.0, 1.0, 0.0))
    route, lost = routed(every, A, B, C)
    (interval,) = route.intervals
    assert (interval.first, interval.last, interval.kind, interval.every) == (
        0,
        2,
        "multipleDistance",
        3.0,
    )
    assert "starts at it" in lost


def test_a_second_trigger_ends_the_first() -> None:
    far = item(Command.TRIGGER_DISTANCE, params=(3.0, 0.0, 1.0, 0.0))
    timed = item(Command.IMAGE_START, params=(0.0, 1.5, 0.0, 0.0))
    route, _ = routed(A, far, B, timed, C)
    assert [(i.first, i.last, i.kind) for i in route.intervals] == [
        (0, 1, "multipleDistance"),
        (1, 2, "multipleTiming"),
    ]


def test_holding_at_a_waypoint_and_a_spline_are_said() -> None:
    held = replace(A, params=(7.0, 0.0, 0.0, None))
    route, lost = routed(held, replace(B, command=int(Command.SPLINE_WAYPOINT)))
    assert route.stops[0].actions == [Action(function="hover", params=(("hoverTime", 7.0),))]
    assert "time to hold at a waypoint: written as a hover (item 1)" in lost
    assert "spline: flown as the curve of the DJI aircraft (item 2)" in lost


@pytest.mark.parametrize(
    ("command", "params", "place", "expected"),
    [
        (Command.DELAY, (0.0, 12.0, 30.0, 0.0), (0.0, 0.0, 0.0), None),
        (Command.DELAY, (0.5, -1.0, -1.0, -1.0), (0.0, 0.0, 0.0), {"hoverTime": 0.5}),
        (Command.CONDITION_YAW, (90.0, 0.0, 1.0, 1.0), (0.0, 0.0, 0.0), None),
        (Command.CONDITION_YAW, (309.0, 0.0, 1.0, 0.0), (0.0, 0.0, 0.0),
         {"aircraftHeading": -51.0, "aircraftPathMode": "clockwise"}),
        (Command.CONDITION_YAW, (90.0, 0.0, -1.0, 0.0), (0.0, 0.0, 0.0),
         {"aircraftHeading": 90.0, "aircraftPathMode": "counterClockwise"}),
        (Command.CONDITION_YAW, (270.0, 0.0, 0.0, 0.0), (0.0, 0.0, 0.0),
         {"aircraftHeading": -90.0, "aircraftPathMode": "counterClockwise"}),
        (Command.MOUNT_CONTROL, (-45.0, 0.0, 30.0, 0.0), (0.0, 0.0, 0.0), None),
        (Command.MOUNT_CONTROL, (-45.0, 0.0, 30.0, 0.0), (0.0, 0.0, 2.0),
         {"gimbalPitchRotateAngle": -45.0, "gimbalYawRotateAngle": 30.0,
          "gimbalHeadingYawBase": "aircraft", "gimbalPitchRotateEnable": 1}),
        (Command.GIMBAL_PITCH_YAW, (None, None, 0.0, 0.0), (0.0, 0.0, 0.0),
         {"gimbalPitchRotateEnable": 0, "gimbalYawRotateEnable": 0}),
        (Command.SET_CAMERA_ZOOM, (3.0, 0.0, 0.0, 0.0), (0.0, 0.0, 0.0), None),
        (Command.SET_CAMERA_ZOOM, (1.0, 50.0, 0.0, 0.0), (0.0, 0.0, 0.0), None),
        (Command.SET_CAMERA_ZOOM, (3.0, 70.0, 0.0, 0.0), (0.0, 0.0, 0.0), {"focalLength": 70.0}),
        (Command.DIGICAM_CONTROL, (0.0, 0.0, 0.0, 0.0), (0.0, 0.0, 0.0), None),
        (Command.DIGICAM_CONTROL, (0.0, 0.0, 0.0, 0.0), (1.0, 0.0, 0.0),
         {"payloadPositionIndex": 0}),
        (Command.GRIPPER, (1.0, 0.0, 0.0, 0.0), (0.0, 0.0, 0.0), None),
    ],
)  # fmt: skip
def test_golden_actions(
    command: Command,
    params: Params,
    place: tuple[float, float, float],
    expected: dict[str, object] | None,
) -> None:
    ledger = LossLedger()
    action = action_of(item(command, params=params, place=place), 4, ledger)
    if expected is None:
        assert action is None
        assert "has no action of a DJI aircraft (item 5)" in ledger.losses()[0].words()
    else:
        assert action is not None
        assert expected.items() <= dict(action.params).items()


@settings(max_examples=30, deadline=None)
@given(
    spacing=st.lists(st.floats(0.6, 300.0), min_size=2, max_size=6),
    acts=st.sets(st.integers(0, 5)),
)
def test_a_corner_is_cut_by_less_than_half_of_either_leg_and_photos_are_stopped_at(
    tmp_path_factory: pytest.TempPathFactory, spacing: list[float], acts: set[int]
) -> None:
    items: list[MissionItem] = []
    lat = 36.0
    for number, metres in enumerate([0.0, *spacing]):
        lat += metres / 110_960.0
        items.append(waypoint(lat, 136.5, 10.0))
        if number in acts:
            items.append(PHOTO)
    _, files = written(mission_of(*items), tmp_path_factory.mktemp("corner"))
    waylines = files["wpmz/waylines.wpml"]
    damping = [float(word) for word in texts(waylines, "waypointTurnDampingDist")]
    modes = texts(waylines, "waypointTurnMode")
    for number, (dist, mode) in enumerate(zip(damping, modes, strict=True)):
        if number in acts or number in (0, len(spacing)):
            assert (dist, "Stop" in mode) == (0.0, True)
        else:
            assert "Pass" in mode
            assert 0 < dist <= 2.0
            assert dist < min(spacing[number - 1], spacing[number]) / 2

"""Waylines of other programs: every action, trigger and ending becomes an item or is named."""

import io
import zipfile
from pathlib import Path
from typing import Any

import pytest

from flight.command import Command
from flight.formats import open_mission
from flight.mission import AltitudeFrame, MissionItem
from inspection.errors import BadInput

NAMESPACES = 'xmlns="http://www.opengis.net/kml/2.2" xmlns:wpml="http://www.dji.com/wpmz/{version}"'


def tag(name: str, *inside: object) -> str:
    """Write an element of WPML."""
    return f"<wpml:{name}>{''.join(str(part) for part in inside)}</wpml:{name}>"


def mark(index: int, *inside: str, lat: float | None = None, height: float = 30.0) -> str:
    """Write a waypoint."""
    place = f"136.5,{36.0 + index / 1000 if lat is None else lat!r}"
    point = f"<Point><coordinates>{place}</coordinates></Point>"
    return (
        f"<Placemark>{point}{tag('index', index)}{tag('executeHeight', height)}"
        f"{''.join(inside)}</Placemark>"
    )


def folder(*marks: str, number: int = 0, speed: float = 5.0, mode: str = "x") -> str:
    """Write a wayline."""
    mode = {"x": "relativeToStartPoint"}.get(mode, mode)
    head = tag("waylineId", number) + tag("executeHeightMode", mode)
    return f"<Folder>{head}{tag('autoFlightSpeed', speed)}{''.join(marks)}</Folder>"


def document(*inside: str, version: str = "1.0.6") -> str:
    """Write a document of a wayline file."""
    spaces = NAMESPACES.format(version=version)
    return f"<?xml version='1.0'?><kml {spaces}><Document>{''.join(inside)}</Document></kml>"


def group(
    *actions: str, span: tuple[int, int] = (0, 0), trigger: str = "reachPoint", every: str = ""
) -> str:
    """Write an action group."""
    when = tag("actionTriggerType", trigger) + (tag("actionTriggerParam", every) if every else "")
    return tag(
        "actionGroup",
        tag("actionGroupStartIndex", span[0]),
        tag("actionGroupEndIndex", span[1]),
        tag("actionTrigger", when),
        *actions,
    )


def action(function: str, **params: object) -> str:
    """Write an action."""
    said = "".join(tag(name, value) for name, value in params.items())
    return tag("action", tag("actionActuatorFunc", function), tag("actionActuatorFuncParam", said))


@pytest.fixture
def read(tmp_path: Path) -> Any:
    """Read a wayline; gives the items after the waypoints' own and what was lost, in words."""

    def reader(waylines: str, template: str | None = None, **options: Any) -> Any:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr("wpmz/waylines.wpml", waylines)
            if template is not None:
                archive.writestr("wpmz/template.kml", template)
        path = tmp_path / "route.kmz"
        path.write_bytes(buffer.getvalue())
        reading = open_mission(path, **options)
        return reading.mission, [loss.words() for loss in reading.losses]

    return reader


def short(items: tuple[MissionItem, ...]) -> list[tuple[int, tuple[float | None, ...], float]]:
    """Give command, parameters 1–4 and parameter 5 of all items but waypoints."""
    return [(i.command, i.params, i.lat_deg) for i in items if i.command != Command.WAYPOINT]


SHOT = (2000, (0.0, 0.0, 1.0, 0.0), 0.0)


@pytest.mark.parametrize(
    ("one", "items", "lost"),
    [
        (action("takePhoto"), [SHOT], []),
        (action("takePhoto", payloadLensIndex="wide,ir"), [SHOT], ["choice of lenses of a photo"]),
        (
            action("gimbalRotate", gimbalPitchRotateEnable=1, gimbalPitchRotateAngle=-90),
            [(1000, (-90.0, None, 0.0, 0.0), 0.0)],
            [],
        ),
        (
            action(
                "gimbalRotate",
                gimbalHeadingYawBase="north",
                gimbalYawRotateEnable=1,
                gimbalYawRotateAngle=45,
                gimbalPitchRotateAngle=-20,
            ),
            [(1000, (None, 45.0, 0.0, 0.0), 16.0)],
            [],
        ),
        (
            action("gimbalRotate", gimbalRollRotateEnable=1, gimbalRollRotateAngle=5),
            [(1000, (None, None, 0.0, 0.0), 0.0)],
            ["roll of the gimbal"],
        ),
        (
            action("gimbalRotate", gimbalRotateMode="relativeAngle"),
            [],
            ["gimbal turned by a relative angle"],
        ),
        (
            action("rotateYaw", aircraftHeading=-90, aircraftPathMode="counterClockwise"),
            [(115, (270.0, 0.0, -1.0, 0.0), 0.0)],
            [],
        ),
        (action("rotateYaw", aircraftHeading=0), [(115, (0.0, 0.0, 0.0, 0.0), 0.0)], []),
        (action("hover", hoverTime=1.5), [(93, (1.5, -1.0, -1.0, -1.0), 0.0)], []),
        (action("zoom", focalLength=70), [(531, (3.0, 70.0, 0.0, 0.0), 0.0)], []),
        (action("startRecord"), [(2500, (0.0,) * 4, 0.0)], []),
        (action("stopRecord"), [(2501, (0.0,) * 4, 0.0)], []),
        (action("recordPointCloud"), [], ["action 'recordPointCloud'"]),
        (tag("action"), [], ["action '?'"]),
    ],
)
def test_golden_action_of_a_stranger(
    read: Any, one: str, items: list[tuple[int, tuple[float | None, ...], float]], lost: list[str]
) -> None:
    mission, said = read(document(folder(mark(0, group(one)), mark(1))))
    assert short(mission.items) == items
    assert said == lost


@pytest.mark.parametrize(("heading", "differs"), [(-29.5, False), (330.0, False), (0.0, True)])
def test_an_oriented_shot_is_a_gimbal_attitude_and_a_photo(
    read: Any, heading: float, differs: bool
) -> None:
    shot = action(
        "orientedShoot",
        gimbalPitchRotateAngle=-15,
        gimbalYawRotateAngle=-30,
        aircraftHeading=heading,
    )
    mission, said = read(document(folder(mark(0, group(shot)), mark(1))))
    assert short(mission.items) == [(1000, (-15.0, -30.0, 0.0, 0.0), 16.0), SHOT]
    assert ("heading of the aircraft in an oriented shot, other than the camera's" in said) == (
        differs
    )


def test_photos_along_a_stretch_start_and_stop_where_the_group_says(read: Any) -> None:
    far = group(action("takePhoto"), span=(1, 3), trigger="multipleDistance", every="2.5")
    timed = group(action("takePhoto"), span=(3, 4), trigger="multipleTiming", every="2")
    marks = [mark(0), mark(1, far), mark(2), mark(3, timed), mark(4), mark(5)]
    mission, said = read(document(folder(*marks)))
    assert said == []
    commands = [i.command for i in mission.items]
    assert commands == [16, 16, 206, 16, 16, 2001, 2000, 16, 2001, 16]
    assert mission.items[2].params == (2.5, 0.0, 1.0, 0.0)
    assert mission.items[6].params == (0.0, 2.0, 0.0, 0.0)


def test_a_stretch_of_one_waypoint_does_not_go_on_for_ever(read: Any) -> None:
    at = group(action("takePhoto"), span=(1, 1), trigger="multipleTiming", every="2")
    mission, said = read(document(folder(mark(0), mark(1, at), mark(2))))
    assert [i.command for i in mission.items] == [16, 16, 16]
    assert said == ["triggering that ends at the waypoint where it starts"]


@pytest.mark.parametrize("span", [(7, 7), (0, 9)])
def test_a_group_of_waypoints_that_are_not_there_is_named(read: Any, span: tuple[int, int]) -> None:
    trigger = "reachPoint" if span[0] == span[1] else "multipleTiming"
    lost = group(action("takePhoto"), span=span, trigger=trigger, every="2")
    _, said = read(document(folder(mark(0, lost), mark(1))))
    assert said == [f"actions of waypoints {span[0]} to {span[1]}, which are not all there"]


def test_two_waypoints_of_one_number_are_refused(read: Any) -> None:
    with pytest.raises(BadInput, match=r"route\.kmz: two waypoints have the index 1"):
        read(document(folder(mark(0), mark(1), mark(1, lat=36.5))))


@pytest.mark.parametrize("every", ["", "0", "-1"])
def test_a_trigger_without_a_distance_is_refused(read: Any, every: str) -> None:
    bad = group(action("takePhoto"), span=(0, 1), trigger="multipleDistance", every=every)
    with pytest.raises(BadInput, match="waypoint 0: multipleDistance without a positive"):
        read(document(folder(mark(0, bad), mark(1))))


def test_other_actions_of_a_stretch_are_done_at_its_start(read: Any) -> None:
    both = group(
        action("hover", hoverTime=1), action("takePhoto"), span=(0, 1), trigger="multipleTiming",
        every="3",
    )  # fmt: skip
    mission, _ = read(document(folder(mark(0, both), mark(1))))
    assert [i.command for i in mission.items] == [16, 93, 2000, 16, 2001]


def test_a_trigger_that_nobody_knows_is_named(read: Any) -> None:
    strange = group(action("takePhoto"), span=(0, 1), trigger="betweenAdjacentPoints")
    mission, said = read(document(folder(mark(0, strange), mark(1))))
    assert len(mission.items) == 2
    assert said == ["actions triggered by 'betweenAdjacentPoints'"]


@pytest.mark.parametrize(
    ("finish", "command", "lost"),
    [
        ("goHome", 20, []),
        ("autoLand", 21, []),
        ("noAction", None, []),
        ("gotoFirstWaypoint", None, ["finish action 'gotoFirstWaypoint'"]),
    ],
)
def test_an_ending_is_an_item_or_named(
    read: Any, finish: str, command: int | None, lost: list[str]
) -> None:
    config = tag("missionConfig", tag("finishAction", finish), tag("takeOffSecurityHeight", 25))
    mission, said = read(document(config, folder(mark(0), mark(1))))
    assert mission.items[0].command == Command.TAKEOFF
    assert mission.items[0].altitude_m == 25.0
    last = mission.items[-1].command
    assert last == (Command.WAYPOINT if command is None else command)
    assert said == lost


def test_waylines_are_flown_in_the_order_of_their_numbers_at_their_own_speeds(read: Any) -> None:
    second = folder(mark(0, height=50.0), number=1, speed=3.0)
    first = folder(mark(0, height=20.0), mark(1, height=21.0), number=0, speed=8.0)
    mission, said = read(document(second, first))
    assert [i.altitude_m for i in mission.items if i.command == 16] == [20.0, 21.0, 50.0]
    assert [i.params[1] for i in mission.items if i.command == 178] == [3.0]
    assert mission.cruise_speed_m_s == 8.0
    assert "2 waylines are read as one, flown one after the other" in said


def test_a_speed_is_said_only_when_it_changes(read: Any) -> None:
    speeds = [5.0, 2.0, 2.0, 5.0]
    marks = [mark(n, tag("waypointSpeed", speed)) for n, speed in enumerate(speeds)]
    mission, _ = read(document(folder(*marks)))
    assert [(i.command, i.params[1]) for i in mission.items] == [
        (16, 0.0), (16, 0.0), (178, 2.0), (16, 0.0), (16, 0.0), (178, 5.0)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("mode", "angle", "yaw", "lost"),
    [
        ("smoothTransition", "-90", -90.0, []),
        ("smoothTransition", None, None, []),
        ("followWayline", "-90", None, []),
        ("towardPOI", "0", None, ["heading mode 'towardPOI': heading left open"]),
        ("fixed", "0", None, ["heading mode 'fixed': heading left open"]),
    ],
)
def test_a_heading_is_kept_where_it_is_one(
    read: Any, mode: str, angle: str | None, yaw: float | None, lost: list[str]
) -> None:
    turn = tag("waypointHeadingMode", mode)
    if angle is not None:
        turn += tag("waypointHeadingAngle", angle)
    mission, said = read(document(folder(mark(0, tag("waypointHeadingParam", turn)), mark(1))))
    assert mission.items[0].params[3] == yaw
    assert said == lost


def template(*heights: tuple[float, float], mode: str = "EGM96", home: str = "") -> str:
    """Write a template with pairs of heights, ellipsoidal first."""
    marks = [
        f"<Placemark>{tag('ellipsoidHeight', e)}{tag('height', h)}</Placemark>" for e, h in heights
    ]
    system = tag("waylineCoordinateSysParam", tag("heightMode", mode))
    config = tag("missionConfig", tag("takeOffRefPoint", home)) if home else ""
    return document(config, f"<Folder>{system}{''.join(marks)}</Folder>")


def test_the_geoid_is_the_median_of_what_the_template_says(read: Any) -> None:
    waylines = document(folder(mark(0, height=137.2), mark(1, height=138.2), mode="WGS84"))
    heights = ((137.25, 100.0), (137.2, 100.0), (900.0, 100.0))
    mission, _ = read(waylines, template(*heights, home="36.0,136.5,49.75"))
    assert mission.geoid_height_m == pytest.approx(37.25)
    assert mission.home_latlon_deg == (36.0, 136.5)
    assert mission.home_altitude_msl_m == pytest.approx(12.5)
    assert [i.altitude_m for i in mission.items] == pytest.approx([99.95, 100.95])
    assert {i.frame for i in mission.items} == {AltitudeFrame.MSL}


def test_a_geoid_height_by_hand_goes_before_the_template(read: Any) -> None:
    waylines = document(folder(mark(0, height=137.2), mark(1, height=138.2), mode="WGS84"))
    mission, _ = read(waylines, template((137.2, 100.0)), geoid_height_m=40.0)
    assert mission.geoid_height_m == 40.0
    assert mission.items[0].altitude_m == pytest.approx(97.2)


@pytest.mark.parametrize("mode", ["relativeToStartPoint", "aboveGroundLevel"])
def test_a_template_of_other_heights_knows_no_geoid(read: Any, mode: str) -> None:
    waylines = document(folder(mark(0), mark(1), mode="WGS84"))
    with pytest.raises(BadInput, match=r"route\.kmz: .*say --geoid-height-m"):
        read(waylines, template((137.2, 100.0), mode=mode))


@pytest.mark.parametrize(
    ("home", "place", "lost"),
    [
        ("36.0,136.5", (36.0, 136.5), "height of the take-off point"),
        ("36.0,136.5,0", (36.0, 136.5), "height of the take-off point"),
        ("36.0,136.5,50", (36.0, 136.5), "no geoid height known"),
        ("0,0,0", None, None),
        ("0.000000,0.000000", None, None),
    ],
)
def test_a_take_off_point_without_a_height_is_kept_as_a_place(
    read: Any, home: str, place: tuple[float, float] | None, lost: str | None
) -> None:
    mission, said = read(document(folder(mark(0), mark(1))), template(home=home))
    assert (mission.home_latlon_deg, mission.home_altitude_msl_m) == (place, None)
    assert (lost is None and said == []) or (lost is not None and lost in said[0])


@pytest.mark.parametrize(
    ("inside", "words"),
    [
        ("", "has no wayline"),
        (folder("<Placemark/>"), "index is None, not an index"),
        (folder(mark(0).replace(">0<", ">-1<")), "index is -1"),
        (folder(mark(0).replace(">0<", ">1.5<")), "index is 1.5"),
        (folder(mark(0).replace(">0<", ">65536<")), "index is 65536"),
        (folder(mark(0).replace("136.5,36.0", "")), "waypoint 0 lacks its point"),
        (folder(mark(0).replace("136.5,36.0", "136.5,36.0 136.6,36.1")), "waypoint 0 lacks its"),
        (folder(mark(0).replace("136.5,36.0", "136.5,96.0")), "waypoint 0: latitude 96"),
        (folder(mark(0).replace(">30.0<", "><")), "waypoint 0 lacks its point or its executeHe"),
        (folder(mark(0), mode="EGM2008"), "executeHeightMode 'EGM2008' is none of relative"),
        (folder(mark(0, height=100_001.0)), r"altitude 100001 m is beyond"),
    ],
)
def test_a_wayline_that_is_not_whole_is_refused_with_its_place(
    read: Any, inside: str, words: str
) -> None:
    filled = inside or tag("missionConfig", tag("finishAction", "goHome"))
    with pytest.raises(BadInput, match=rf"^route\.kmz.*{words}"):
        read(document(filled))


def test_elements_of_another_maker_in_the_file_are_no_version(read: Any) -> None:
    text = document(folder(mark(0), mark(1))).replace(
        "<Folder>", '<Folder><x:note xmlns:x="http://example.org/1.0.9">hi</x:note>', 1
    )
    assert len(read(text)[0].items) == 2
    with pytest.raises(BadInput, match=r"WPML 1\.1\.0 is not one of 1\.0\.0–1\.0\.6"):
        read(document(folder(mark(0), mark(1)), version="1.1.0"))

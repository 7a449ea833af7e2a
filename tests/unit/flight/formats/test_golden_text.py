"""What a mission list and a plan look like, byte for byte where ground stations are strict.

Golden lines: domain specification §6.4.2 and §6.4.3.
"""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from flight.command import Command
from flight.formats import open_mission, write_mission
from flight.formats.loss import Loss, LossLedger
from flight.formats.qgcplan import write_plan
from flight.formats.wpl import write_wpl
from flight.mission import AltitudeFrame, FenceCircle, FencePolygon, Mission, MissionItem
from inspection.errors import BadInput
from tests.support.missions import BRIDGE, item, waypoint

NOWHERE = Mission(home_latlon_deg=None, home_altitude_msl_m=None, items=())
TRIANGLE = FencePolygon(vertices_latlon_deg=((36.0, 136.0), (36.0, 136.5), (36.5, 136.5)))
HOLE = FenceCircle(centre_latlon_deg=(36.25, 136.25), radius_m=30.0, inclusion=False)


def listed(mission: Mission) -> list[str]:
    """Write a mission list and give its lines."""
    text = write_wpl(mission, LossLedger())
    assert text.endswith("\n")
    return text.split("\n")[:-1]


def planned(mission: Mission) -> dict[str, Any]:
    """Write a plan and parse it as any program does."""
    parsed: dict[str, Any] = json.loads(write_plan(mission, LossLedger()))
    return parsed


def lost_in(mission: Mission, path: Path) -> str:
    """Write a mission and give what was lost as one text."""
    return " | ".join(loss.words() for loss in write_mission(mission, path))


def test_golden_mission_list_of_the_specification() -> None:
    mission = Mission(
        home_latlon_deg=(36.5613, 136.6562),
        home_altitude_msl_m=26.4,
        items=(
            item(Command.TAKEOFF, AltitudeFrame.HOME, place=(0.0, 0.0, 15.0)),
            waypoint(36.56141234, 136.6563, 15.0, hold=2.0, yaw=90.0),
            waypoint(36.5615, 136.6564, 40.0, AltitudeFrame.MSL, yaw=0.0),
            waypoint(36.5616, 136.6565, 8.5, AltitudeFrame.TERRAIN, yaw=0.0),
            item(Command.TRIGGER_DISTANCE, params=(3.0, 0.0, 1.0, 0.0)),
            replace(item(Command.RETURN_TO_LAUNCH), auto_continue=False),
        ),
    )
    zeros = "\t".join(["0.00000000"] * 4)
    assert listed(mission) == [
        "QGC WPL 110",
        f"0\t1\t0\t16\t{zeros}\t36.56130000\t136.65620000\t26.40000000\t1",
        f"1\t0\t3\t22\t{zeros}\t0.00000000\t0.00000000\t15.00000000\t1",
        "2\t0\t3\t16\t2.00000000\t0.00000000\t0.00000000\t90.00000000"
        "\t36.56141234\t136.65630000\t15.00000000\t1",
        f"3\t0\t0\t16\t{zeros}\t36.56150000\t136.65640000\t40.00000000\t1",
        f"4\t0\t10\t16\t{zeros}\t36.56160000\t136.65650000\t8.50000000\t1",
        "5\t0\t2\t206\t3.00000000\t0.00000000\t1.00000000\t0.00000000"
        "\t0.00000000\t0.00000000\t0.00000000\t1",
        f"6\t0\t2\t20\t{zeros}\t0.00000000\t0.00000000\t0.00000000\t0",
    ]


@pytest.mark.parametrize(
    ("value", "word"),
    [
        (20.0, "20.00000000"),
        (-7.5, "-7.5"),
        (-0.0, "-0.0"),
        (0.1 + 0.2, "0.30000000000000004"),
        (1e-9, "1e-09"),
        (123456.123456789, "123456.123456789"),
        (1e6, "1000000.00000000"),
    ],
)
def test_every_number_of_a_list_reads_back_as_itself(value: float, word: str) -> None:
    line = listed(replace(NOWHERE, items=(item(42, params=(value, 0.0, 0.0, 0.0)),)))[2]
    assert line.split("\t")[4] == word
    assert float(word).hex() == value.hex()


def test_golden_fence_list_has_one_line_a_corner_and_no_home() -> None:
    mission = replace(NOWHERE, fence_polygons=(TRIANGLE,), fence_circles=(HOLE,))
    rows = [line.split("\t") for line in listed(mission)[1:]]
    assert [(row[0], row[2], row[3], float(row[4])) for row in rows] == [
        ("0", "0", "5001", 3.0),
        ("1", "0", "5001", 3.0),
        ("2", "0", "5001", 3.0),
        ("3", "0", "5004", 30.0),
    ]
    assert [(float(row[8]), float(row[9])) for row in rows] == [
        *TRIANGLE.vertices_latlon_deg,
        HOLE.centre_latlon_deg,
    ]


def test_golden_rally_list_counts_heights_from_home() -> None:
    lines = listed(replace(NOWHERE, rally_points=((36.5, 136.5, 20.0), (36.6, 136.6, -3.0))))
    rows = [line.split("\t") for line in lines[1:]]
    assert [(row[2], row[3], float(row[10])) for row in rows] == [
        ("3", "5100", 20.0),
        ("3", "5100", -3.0),
    ]


def test_a_list_without_a_home_has_zeros_in_its_place_and_none_again() -> None:
    lines = listed(replace(NOWHERE, items=(waypoint(36.0, 136.0, 5.0),)))
    assert lines[1].split("\t")[8:11] == ["0.00000000"] * 3
    assert len(lines) == 3


@pytest.mark.parametrize(
    ("mission", "words"),
    [
        (replace(BRIDGE, items=()), "home 36.5613000, 136.6562000"),
        (replace(BRIDGE, items=()), "1 rally points"),
        (
            replace(BRIDGE, items=(), fence_polygons=(), fence_circles=()),
            "home 36.5613000, 136.6562000",
        ),
        (BRIDGE, "2 fence shapes"),
        (BRIDGE, "default speed 3 m/s"),
        (BRIDGE, "kind of vehicle 'ardupilot'"),
        (replace(BRIDGE, geoid_height_m=36.9), "geoid height 36.9 m"),
        (replace(BRIDGE, home_altitude_msl_m=None), "height of home is not known"),
        (replace(BRIDGE, home_latlon_deg=None), "height of home 26.4 m without a place"),
    ],
)
def test_a_list_names_everything_that_it_cannot_carry(
    tmp_path: Path, mission: Mission, words: str
) -> None:
    assert words in lost_in(mission, tmp_path / "x.waypoints")


def test_golden_plan_of_the_specification() -> None:
    plan = planned(BRIDGE)
    assert list(plan) == [
        "fileType",
        "version",
        "groundStation",
        "geoFence",
        "rallyPoints",
        "mission",
    ]
    mission = plan["mission"]
    assert (plan["fileType"], plan["version"], mission["version"]) == ("Plan", 1, 2)
    assert (mission["firmwareType"], mission["vehicleType"]) == (3, 2)
    assert mission["plannedHomePosition"] == [36.5613, 136.6562, 26.4]
    assert mission["cruiseSpeed"] == mission["hoverSpeed"] == 3.0
    assert plan["geoFence"]["version"] == plan["rallyPoints"]["version"] == 2
    assert plan["rallyPoints"]["points"] == [[36.5611, 136.6561, 20.0]]
    assert plan["geoFence"]["circles"] == [
        {
            "circle": {"center": [36.5625, 136.6575], "radius": 12.5},
            "inclusion": False,
            "version": 1,
        }
    ]
    assert mission["items"][1] == {
        "type": "SimpleItem",
        "autoContinue": True,
        "command": 16,
        "doJumpId": 2,
        "frame": 3,
        "params": [0.0, 0.0, 0.0, None, 36.5614, 136.6563, 15.0],
        "AMSLAltAboveTerrain": None,
        "Altitude": 15.0,
        "AltitudeMode": 1,
    }
    assert mission["items"][2]["frame"] == 2
    assert "Altitude" not in mission["items"][2]


@pytest.mark.parametrize(
    ("frames", "mode"),
    [
        ((), 1),
        ((AltitudeFrame.HOME, AltitudeFrame.HOME), 1),
        ((AltitudeFrame.MSL,), 2),
        ((AltitudeFrame.TERRAIN,), 4),
        ((AltitudeFrame.HOME, AltitudeFrame.MSL), 0),
        ((AltitudeFrame.MISSION,), 1),
    ],
)
def test_the_altitude_mode_of_a_plan_is_the_one_of_all_its_places(
    frames: tuple[AltitudeFrame, ...], mode: int
) -> None:
    items = tuple(waypoint(36.0, 136.0, 9.0, frame) for frame in frames)
    assert planned(replace(NOWHERE, items=items))["mission"]["globalPlanAltitudeMode"] == mode


@pytest.mark.parametrize(
    ("vehicle", "number", "lost"),
    [("ardupilot", 3, False), ("px4", 12, False), ("dji", 3, True), (None, 3, True)],
)
def test_the_vehicle_of_a_plan_is_a_number_or_named_as_lost(
    tmp_path: Path, vehicle: str | None, number: int, lost: bool
) -> None:
    mission = replace(BRIDGE, vehicle=vehicle)
    assert planned(mission)["mission"]["firmwareType"] == number
    assert ("kind of vehicle" in lost_in(mission, tmp_path / "x.plan")) == lost


def test_a_plan_names_an_unknown_home_speed_and_geoid(tmp_path: Path) -> None:
    bare = replace(NOWHERE, items=BRIDGE.items, geoid_height_m=36.9)
    words = lost_in(bare, tmp_path / "x.plan")
    assert "home is not known" in words
    assert "no default speed: written as 5 m/s" in words
    assert "geoid height 36.9 m" in words
    assert planned(bare)["mission"]["plannedHomePosition"] is None
    flat = replace(bare, home_latlon_deg=(36.0, 136.0))
    assert "height of home is not known: written as 0 m" in lost_in(flat, tmp_path / "x.plan")


def test_a_return_point_of_a_fence_is_named_when_a_plan_is_read(tmp_path: Path) -> None:
    path = tmp_path / "breach.plan"
    write_mission(BRIDGE, path)
    plan = json.loads(path.read_text(encoding="utf-8"))
    plan["geoFence"]["breachReturn"] = [36.55, 136.65, 30.0]
    path.write_text(json.dumps(plan), encoding="utf-8")
    reading = open_mission(path)
    assert reading.mission == BRIDGE
    assert [loss.what for loss in reading.losses] == [
        "return point 36.5500000, 136.6500000 of the fence"
    ]


@pytest.mark.parametrize("frame", [0, 2, 3])
def test_a_corner_of_a_fence_off_the_earth_is_refused_in_any_frame(
    tmp_path: Path, frame: int
) -> None:
    rows = [f"{n} 0 {frame} 5001 3 0 0 0 {lat} 136.{n} 0 1" for n, lat in enumerate((36, 96.5, 37))]
    path = tmp_path / "off.waypoints"
    path.write_text("QGC WPL 110\n" + "\n".join(rows) + "\n", encoding="utf-8")
    with pytest.raises(BadInput, match=r"off\.waypoints.*latitude 96\.5"):
        open_mission(path)


def fence_list(*rows: str) -> str:
    """Write a fence list; each row is its command, parameter 1, latitude and longitude."""
    lines = ["QGC WPL 110"]
    for index, row in enumerate(rows):
        command, first, lat, lon = row.split()
        lines.append(f"{index} 0 3 {command} {first} 0 0 0 {lat} {lon} 0 1")
    return "\n".join(lines) + "\n"


CORNERS = ("5001 3 36.0 136.0", "5001 3 36.0 136.5", "5001 3 36.5 136.5")


def test_a_return_point_in_a_fence_list_is_named_and_the_fence_is_read(tmp_path: Path) -> None:
    path = tmp_path / "planner.waypoints"
    for rows in (("5000 0 36.1 136.1", *CORNERS), (*CORNERS, "5000 0 36.1 136.1")):
        path.write_text(fence_list(*rows), encoding="utf-8")
        reading = open_mission(path)
        assert reading.mission.fence_polygons == (TRIANGLE,)
        assert [loss.what for loss in reading.losses] == [
            "return point 36.1000000, 136.1000000 of the fence"
        ]


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (CORNERS[:2], "item 0: a fence polygon of 3 corners"),
        ((*CORNERS[:2], "5002 3 36.5 136.5"), "of 3 corners has 2"),
        (("5001 2 36 136", "5001 2 36 137"), "polygon of 2 corners; it needs 3 up"),
        (("5001 3.5 36 136",) * 4, "polygon of 3.5 corners"),
        (("5001 -3 36 136",) * 3, "polygon of -3 corners"),
        (("5001 0 36 136",) * 3, "polygon of 0 corners"),
        (("5001 nan 36 136",) * 3, "polygon of 0 corners"),
        (("5003 0 36 136",), "item 0: fence circle radius 0 m; it must be > 0"),
        (("5004 -1 36 136",), "item 0: fence circle radius -1 m"),
        ((*CORNERS, "16 0 36 136"), r"item 3 is waypoint \(16\) in a list of fences"),
    ],
)
def test_a_fence_list_that_is_not_whole_is_refused_with_the_item(
    tmp_path: Path, rows: tuple[str, ...], words: str
) -> None:
    path = tmp_path / "part.waypoints"
    path.write_text(fence_list(*rows), encoding="utf-8")
    with pytest.raises(BadInput, match=rf"^part\.waypoints: .*{words}"):
        open_mission(path)


def test_two_polygons_side_by_side_are_told_apart_by_their_counts(tmp_path: Path) -> None:
    path = tmp_path / "two.waypoints"
    path.write_text(fence_list(*CORNERS, *CORNERS, "5003 9 36 136", *CORNERS), encoding="utf-8")
    mission = open_mission(path).mission
    assert mission.fence_polygons == (TRIANGLE,) * 3
    assert [c.radius_m for c in mission.fence_circles] == [9.0]


def test_a_rally_point_above_the_sea_is_not_taken_for_one_above_home(tmp_path: Path) -> None:
    path = tmp_path / "rally.waypoints"
    path.write_text("QGC WPL 110\n0 0 0 5100 0 0 0 0 36 136 120 1\n", encoding="utf-8")
    with pytest.raises(BadInput, match=r"rally\.waypoints: item 0: rally altitude is not above"):
        open_mission(path)


@pytest.mark.parametrize(
    ("losses", "words"),
    [
        (Loss(what="x"), "x"),
        (Loss(what="x", items=(0,)), "x (item 1)"),
        (Loss(what="x", items=(0, 4)), "x (items 1, 5)"),
        (Loss(what="x", items=tuple(range(5))), "x (items 1, 2, 3, 4, 5)"),
        (Loss(what="x", items=tuple(range(6))), "x (items 1, 2, 3, 4, 5 and 1 more)"),
    ],
)
def test_a_loss_counts_items_as_people_do(losses: Loss, words: str) -> None:
    assert losses.words() == words


def test_the_same_loss_of_many_items_is_one_line_in_first_order() -> None:
    ledger = LossLedger()
    for index in (3, 1):
        ledger.note("open", index)
        ledger.note("whole")
    assert ledger.losses() == (Loss(what="open", items=(3, 1)), Loss(what="whole"))


@pytest.mark.parametrize("number", ["1_000", "１２", "1e3_0", "0x10", "1,5", "1 5", "--1", "½"])
def test_a_number_with_a_stray_sign_is_no_number(tmp_path: Path, number: str) -> None:
    text = f"QGC WPL 110\n0 1 0 16 0 0 0 0 36 136 {number.replace(' ', chr(0xA0))} 1\n"
    path = tmp_path / "stray.waypoints"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BadInput, match=r"stray\.waypoints line 2"):
        open_mission(path)


def test_the_index_of_losses_is_that_of_the_mission_and_not_of_the_line() -> None:
    ledger = LossLedger()
    opened: tuple[MissionItem, ...] = (waypoint(36.0, 136.0, 5.0, yaw=0.0), waypoint(36.1, 136, 5))
    write_wpl(replace(NOWHERE, items=opened), ledger)
    assert [loss.words() for loss in ledger.losses()] == ["open parameter written as 0 (item 2)"]

"""What travels, and what a vehicle may change of it."""

import struct
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flight.command import Command
from flight.mission import AltitudeFrame, Mission
from flight.wireitem import Kind, WireItem, centimetres, differences, items_of, rewrites, single
from inspection.errors import BadInput
from tests.support.missions import BRIDGE, item, missions, numbers, waypoint

SENT = WireItem(
    frame=3,
    command=16,
    params=(2.0, 0.0, 0.0, 90.0),
    x=365613000,
    y=1366562000,
    z=single(15.29),
    auto_continue=True,
)


def changed(**fields: object) -> list[str]:
    """Say what differs when the vehicle changes some fields."""
    return differences(SENT, replace(SENT, **fields), Kind.MISSION, 3)


def test_a_mission_travels_with_home_first_and_no_open_parameter() -> None:
    items = items_of(BRIDGE, Kind.MISSION)
    assert len(items) == len(BRIDGE.items) + 1
    assert (items[0].x, items[0].y, items[0].frame) == (365613000, 1366562000, 0)
    assert items[2].params == (0.0, 0.0, 0.0, 0.0)
    assert [i.command for i in items_of(BRIDGE, Kind.FENCE)] == [5001] * 4 + [5004]
    assert [i.z for i in items_of(BRIDGE, Kind.RALLY)] == [20.0]
    assert items_of(replace(BRIDGE, items=()), Kind.MISSION) == ()


@given(mission=missions(parameters=numbers))
def test_places_travel_to_a_ten_millionth_of_a_degree(mission: Mission) -> None:
    flown = replace(
        mission,
        items=tuple(i for i in mission.items if i.command == 16 and i.frame.value != "mission"),
    )
    for was, now in zip(flown.items, items_of(flown, Kind.MISSION)[1:], strict=True):
        assert abs(now.x / 1e7 - was.lat_deg) <= 0.51e-7
        assert abs(now.y / 1e7 - was.lon_deg) <= 0.51e-7
        assert now.z == single(was.altitude_m)


def test_what_came_back_the_same_has_no_difference() -> None:
    assert changed() == []
    assert rewrites(SENT, SENT) == []


def test_known_rewrites_of_arducopter_are_no_difference() -> None:
    cut = single(centimetres(SENT.z) / 100)
    assert changed(params=(2.0, 0.0, 0.0, 0.0), z=cut) == []
    dropped = rewrites(SENT, replace(SENT, params=(2.0, 0.0, 0.0, 0.0)))
    assert dropped == ["parameter 4 of waypoint (16): 90 kept as 0"]
    camera = replace(SENT, command=206, frame=2, params=(15.0, 0.0, 1.0, 0.0), x=0, y=0, z=0.0)
    assert differences(camera, replace(camera, frame=0), Kind.MISSION, 4) == []
    fence = replace(SENT, command=5001)
    assert differences(fence, replace(fence, auto_continue=False), Kind.FENCE, 0) == []


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"x": 365613001}, "latitude 365613001, sent 365613000"),
        ({"y": 0}, "longitude 0"),
        ({"z": 15.31}, "altitude 15.31 m"),
        ({"z": 15.27}, "altitude 15.27 m"),
        ({"frame": 0}, "frame 0, sent 3"),
        ({"command": 17}, "loiter unlimited"),
        ({"params": (3.0, 0.0, 0.0, 90.0)}, "parameter 1 3, sent 2"),
        ({"params": (2.0, 0.0, 0.0, 45.0)}, "parameter 4 45, sent 90"),
        ({"params": (2.0, 0.0, float("nan"), 90.0)}, "parameter 3 nan"),
        ({"params": (2.0, -0.0, 0.0, 90.0)}, "parameter 2 -0"),
        ({"auto_continue": False}, "waits"),
    ],
)
def test_anything_else_is_a_difference_in_words(fields: dict[str, object], words: str) -> None:
    (said,) = changed(**fields)
    assert words in said


@given(
    bit=st.integers(0, 31),
    index=st.integers(0, 3),
    command=st.sampled_from([16, 115, 178, 206, 1000, 42000]),
    params=st.tuples(*[st.sampled_from([0.0, 1.0, -1.0, 2.5, 15.0, -90.0])] * 4),
)
def test_no_flipped_bit_of_a_parameter_goes_unseen(
    bit: int, index: int, command: int, params: tuple[float, float, float, float]
) -> None:
    sent = replace(SENT, command=command, frame=2, params=params)
    (word,) = struct.unpack("<I", struct.pack("<f", params[index]))
    (flipped,) = struct.unpack("<f", struct.pack("<I", word ^ (1 << bit)))
    back = list(params)
    back[index] = flipped
    found = differences(sent, replace(sent, params=tuple(back)), Kind.MISSION, 1)
    # a whole-number parameter may come back as its whole part: 2.5 as 2 is one flipped bit too
    assert found or flipped == float(int(params[index]))


def test_home_is_the_vehicles_own() -> None:
    assert differences(SENT, replace(SENT, x=0, y=0, z=0.0), Kind.MISSION, 0) == []
    assert differences(SENT, replace(SENT, x=0), Kind.FENCE, 0) != []


def test_what_the_wire_cannot_carry_is_refused() -> None:
    broken = item(Command.DIGICAM_CONTROL, place=(0.5, 0.0, 0.0))
    with pytest.raises(BadInput, match="whole numbers only"):
        items_of(replace(BRIDGE, items=(broken,)), Kind.MISSION)
    huge = item(Command.CHANGE_SPEED, params=(1.0, 1e300, 0.0, 0.0))
    with pytest.raises(BadInput, match="single precision"):
        items_of(replace(BRIDGE, items=(huge,)), Kind.MISSION)
    sea = waypoint(36, 136, 5, AltitudeFrame.MSL)
    assert items_of(replace(BRIDGE, items=(sea,)), Kind.MISSION)[1].frame == 0

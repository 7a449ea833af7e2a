"""The largest and oddest numbers that a mission may hold, from its making to the wire and back."""

import math
import struct
from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flight.command import FLOWN, PLACED, Command, has_place, is_here, name_of
from flight.geodesic import distance_m, step
from flight.mission import AltitudeFrame, Mission, MissionItem
from flight.missionresult import ACCEPTED, CANCELLED, DENIED, INVALID_SEQUENCE, PASSING, WORDS
from flight.simulator.fault import Faults
from flight.simulator.store import ItemStore
from flight.wireitem import (
    KEPT,
    Kind,
    WireItem,
    centimetres,
    differences,
    items_of,
    kept_values,
    rewrites,
    single,
)
from inspection.errors import BadInput
from tests.support.missions import BRIDGE, item, waypoint

LARGEST = struct.unpack("<f", b"\xff\xff\x7f\x7f")[0]
"""The largest number of single precision, 3.4028235e38."""


def one_item(made: MissionItem) -> WireItem:
    """Give an item as it travels."""
    return items_of(replace(BRIDGE, items=(made,)), Kind.MISSION)[1]


@pytest.mark.parametrize("place", range(7))
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_no_number_of_an_item_may_be_none(place: int, value: float) -> None:
    numbers = [0.0] * 7
    numbers[place] = value
    with pytest.raises(BadInput, match="item with command 16 has a number that is not finite"):
        MissionItem(
            command=16,
            frame=AltitudeFrame.HOME,
            params=(numbers[0], numbers[1], numbers[2], numbers[3]),
            lat_deg=numbers[4],
            lon_deg=numbers[5],
            altitude_m=numbers[6],
        )


@pytest.mark.parametrize(
    ("command", "good"), [(0, True), (65_535, True), (-1, False), (65_536, False)]
)
def test_a_command_has_sixteen_bits(command: int, good: bool) -> None:
    if good:
        assert one_item(item(command)).command == command
    else:
        with pytest.raises(BadInput, match=rf"command {command} is not a MAV_CMD number"):
            item(command)


@pytest.mark.parametrize("name", ["home_altitude_msl_m", "cruise_speed_m_s", "geoid_height_m"])
@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_no_number_of_a_whole_mission_may_be_none(name: str, value: float) -> None:
    with pytest.raises(BadInput, match=rf"{name} of the mission is {value}, not a finite"):
        replace(BRIDGE, **{name: value})  # type: ignore[arg-type]
    assert name in {field.name for field in fields(Mission)}


@pytest.mark.parametrize(
    ("value", "travels"),
    [
        (LARGEST, LARGEST),
        (-LARGEST, -LARGEST),
        (1e-46, 0.0),
        (-0.0, 0.0),
        (16_777_217.0, 16_777_216.0),
        (0.1, 0.10000000149011612),
    ],
)
def test_golden_single_precision(value: float, travels: float) -> None:
    assert one_item(item(42, params=(value, 0.0, 0.0, 0.0))).params[0] == travels
    assert math.copysign(1, single(-0.0)) == 1


@pytest.mark.parametrize("value", [3.5e38, -3.5e38, 1e300])
@pytest.mark.parametrize("place", range(5))
def test_a_number_beyond_single_precision_is_refused_with_its_item(
    value: float, place: int
) -> None:
    numbers = [0.0] * 5
    numbers[place] = value
    made = item(42, params=(numbers[0], numbers[1], numbers[2], numbers[3]))
    with pytest.raises(BadInput, match=r"item 1: .* is beyond single precision"):
        one_item(replace(made, altitude_m=numbers[4]))


@pytest.mark.parametrize(
    ("x", "y", "words"),
    [
        (2.0**31 - 1, -(2.0**31), None),
        (2.0**31, 0.0, "beyond 32 bits"),
        (0.0, -(2.0**31) - 1, "beyond 32 bits"),
        (0.5, 0.0, "0.5 and 0; MISSION_ITEM_INT carries whole numbers only"),
        (1e300, 0.0, "beyond 32 bits"),
    ],
)
def test_parameters_five_and_six_are_whole_numbers_of_32_bits(
    x: float, y: float, words: str | None
) -> None:
    made = item(Command.DIGICAM_CONTROL, place=(x, y, 0.0))
    if words is None:
        sent = one_item(made)
        assert (sent.x, sent.y) == (int(x), int(y))
    else:
        with pytest.raises(BadInput, match=words):
            one_item(made)


@pytest.mark.parametrize(
    ("lat", "lon", "x", "y"),
    [
        (90.0, 180.0, 900_000_000, 1_800_000_000),
        (-90.0, -180.0, -900_000_000, -1_800_000_000),
        (36.56130004, 136.65620006, 365_613_000, 1_366_562_001),
        (1e-8, -1e-8, 0, 0),
    ],
)
def test_golden_places_on_the_wire(lat: float, lon: float, x: int, y: int) -> None:
    sent = one_item(waypoint(lat, lon, 10.0))
    assert (sent.x, sent.y) == (x, y)


@pytest.mark.parametrize(
    ("metres", "whole"),
    [(15.0, 1500), (1.05, 104), (-1.05, -104), (0.009, 0), (-0.009, 0), (8848.86, 884_886)],
)
def test_golden_centimetres_are_cut_towards_nought(metres: float, whole: int) -> None:
    assert centimetres(metres) == whole


@pytest.mark.parametrize("back", [0.0, 1.0, -LARGEST])
def test_a_seventh_parameter_of_any_size_is_compared(back: float) -> None:
    sent = one_item(replace(item(Command.GIMBAL_PITCH_YAW), altitude_m=LARGEST))
    (said,) = differences(sent, replace(sent, z=back), Kind.MISSION, 1)
    assert said.startswith("altitude ")
    assert "3.4028235e+38" in said
    assert differences(sent, sent, Kind.MISSION, 1) == []


@pytest.mark.parametrize("command", sorted(KEPT))
def test_what_is_kept_of_every_command_is_allowed_and_named(command: int) -> None:
    rule = KEPT[command]
    assert len(rule) == 4
    assert set(rule) <= set("kw0")
    sent = replace(one_item(item(command)), params=(1.5, 2.5, 3.5, 4.5))
    store = ItemStore(Kind.MISSION, Faults(), sent)
    kept = store._kept(sent)
    for index, letter in enumerate(rule):
        wanted = {"k": sent.params[index], "w": float(index + 1), "0": 0.0}[letter]
        assert kept.params[index] == wanted
        assert wanted in kept_values(sent, index)
    assert differences(sent, kept, Kind.MISSION, 1) == []
    assert len(rewrites(sent, kept)) == sum(letter != "k" for letter in rule)


def test_a_command_that_is_not_known_must_come_back_unchanged() -> None:
    sent = replace(one_item(item(4242)), params=(1.5, 2.5, 3.5, 4.5))
    for index in range(4):
        assert kept_values(sent, index) == (sent.params[index],)


def test_the_commands_that_are_flown_have_places() -> None:
    assert FLOWN < PLACED
    fence = {c for c in Command if 5000 <= c <= 5100}
    assert fence <= PLACED


@pytest.mark.parametrize("command", sorted(Command))
def test_every_command_is_named_with_its_number(command: Command) -> None:
    assert name_of(command).endswith(f"({int(command)})")
    assert "_" not in name_of(command)


@pytest.mark.parametrize("frame", list(AltitudeFrame))
@pytest.mark.parametrize("command", [Command.WAYPOINT, Command.TRIGGER_DISTANCE])
def test_a_place_needs_a_command_and_a_frame(command: Command, frame: AltitudeFrame) -> None:
    made = item(command, frame, place=(36.0, 136.0, 5.0))
    placed = command == Command.WAYPOINT and frame is not AltitudeFrame.MISSION
    assert has_place(made) == placed
    here = item(command, frame, place=(0.0, 0.0, 5.0))
    assert is_here(here) == placed
    assert not is_here(made)


def test_golden_results_of_the_mission_protocol() -> None:
    assert sorted(WORDS) == list(range(16))
    assert (ACCEPTED, INVALID_SEQUENCE, DENIED, CANCELLED) == (0, 13, 14, 15)
    assert PASSING == {13, 15}
    assert len(set(WORDS.values())) == 16


@given(
    lat=st.floats(-89, 89),
    lon=st.floats(-180, 180),
    bearing=st.floats(-720, 720),
    metres=st.floats(0, 20_000),
)
def test_a_step_is_as_long_as_it_says_and_stays_on_the_earth(
    lat: float, lon: float, bearing: float, metres: float
) -> None:
    there = step((lat, lon), bearing, metres)
    assert abs(there[0]) <= 90
    assert abs(there[1]) <= 180
    assert distance_m((lat, lon), there) == pytest.approx(metres, abs=1e-4)
    assert distance_m(there, (lat, lon)) == pytest.approx(metres, abs=1e-4)


@pytest.mark.parametrize(
    ("a", "b", "metres"),
    [
        ((0.0, 0.0), (0.0, 1.0), 111_319.491),
        ((0.0, 0.0), (1.0, 0.0), 110_574.389),
        ((36.0, 136.0), (36.0, 137.0), 90_163.292),
        ((36.0, 179.5), (36.0, -179.5), 90_163.292),
        ((90.0, 0.0), (-90.0, 0.0), 20_003_931.459),
        ((36.5, 136.6), (36.5, 136.6), 0.0),
    ],
)
def test_golden_distances_of_wgs_84(a: Any, b: Any, metres: float) -> None:
    assert distance_m(a, b) == pytest.approx(metres, abs=0.01)

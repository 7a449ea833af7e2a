"""Dataflash logs: what is whole is read, what is lost is said."""

import doctest
import struct
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flight.logs import dataflash
from flight.logs.dataflash import BinaryLog, TextLog
from flight.logs.opening import open_log
from flight.logs.trigger import HeightFrame, TriggerLog
from flight.logs.vehicletriggers import WANTED, read_dataflash
from inspection.errors import BadInput
from tests.support.flightlog import (
    FORMATS,
    binary_parts,
    fmt,
    line_flight,
    message,
    text_log,
    trigger_values,
)

FLIGHT = line_flight()


def read(content: bytes) -> TriggerLog:
    return read_dataflash(BinaryLog(content, WANTED), "x.BIN")


def test_doctests_hold() -> None:
    assert doctest.testmod(dataflash).failed == 0


def test_every_value_comes_back_in_its_unit() -> None:
    log = read(b"".join(binary_parts(FLIGHT)))
    assert len(log.triggers) == 56
    assert log.losses == ()
    for found, made in zip(log.triggers, FLIGHT.triggers, strict=True):
        assert found.sequence == made.sequence
        assert found.lat_deg == pytest.approx(made.lat_deg, abs=1e-7)
        assert found.lon_deg == pytest.approx(made.lon_deg, abs=1e-7)
        assert found.height_m == pytest.approx(84.07, abs=0.01)
        assert found.height_frame is HeightFrame.MSL
        assert found.height_takeoff_m == pytest.approx(60.0, abs=0.01)
        assert found.yaw_deg == pytest.approx(made.yaw_deg, abs=0.01)
        assert found.source == "CAM"


def test_moments_come_from_the_clock_of_the_log_not_from_the_last_fix() -> None:
    log = read(b"".join(binary_parts(FLIGHT)))
    for found, made in zip(log.triggers, FLIGHT.triggers, strict=True):
        assert found.at is not None
        assert made.at is not None
        assert abs(found.at - made.at) < timedelta(milliseconds=2)  # GPSTime is up to 200 ms old


def test_without_a_fix_the_moment_is_that_of_gpstime_and_it_is_said() -> None:
    parts = [part for part in binary_parts(FLIGHT) if part[2] != 130]
    log = read(b"".join(parts))
    assert "GPSTime" in log.notes[0]
    for found, made in zip(log.triggers, FLIGHT.triggers, strict=True):
        assert found.at is not None
        assert made.at is not None
        assert timedelta(0) <= made.at - found.at < timedelta(milliseconds=201)


def test_cam_is_preferred_to_trig() -> None:
    trig = [part for part in binary_parts(FLIGHT, "TRIG") if part[2] == 132]
    both = b"".join(binary_parts(FLIGHT)) + b"".join(trig[:50])
    log = read(both)
    assert {trigger.source for trigger in log.triggers} == {"CAM"}
    assert "50 TRIG" in log.notes[0]
    alone = read(b"".join(binary_parts(FLIGHT, "TRIG")))
    assert {trigger.source for trigger in alone.triggers} == {"TRIG"}


def test_an_old_log_has_neither_camera_nor_count() -> None:
    old = "IHLLeeccC", "GPSTime,GPSWeek,Lat,Lng,Alt,RelAlt,Roll,Pitch,Yaw"
    parts = [fmt(140, "CAM", *old)]
    for trigger in FLIGHT.triggers:
        values = trigger_values(trigger)
        chosen = (*values[3:9], *values[10:])
        scale = (1, 1, 1e7, 1e7, 100, 100, 100, 100, 100)
        packed = struct.pack(
            "<IHiiiihhH", *(round(v * s) for v, s in zip(chosen, scale, strict=True))
        )
        parts.append(b"\xa3\x95\x8c" + packed)
    log = read(b"".join(parts))
    assert [trigger.sequence for trigger in log.triggers] == list(range(1, 57))
    assert log.triggers[0].yaw_deg == pytest.approx(359.8, abs=0.01)


def test_two_cameras_must_be_chosen() -> None:
    second = [p for p in binary_parts(FLIGHT, camera=1) if p[2] == 131][:9]
    content = b"".join(binary_parts(FLIGHT)) + b"".join(second)
    with pytest.raises(BadInput, match="camera 0: 56, camera 1: 9"):
        read(content)
    assert len(read_dataflash(BinaryLog(content, WANTED), "x", 1).triggers) == 9
    with pytest.raises(BadInput, match="no trigger of camera 4"):
        read_dataflash(BinaryLog(content, WANTED), "x", 4)


def test_a_log_without_a_camera_says_what_to_set() -> None:
    parts = [part for part in binary_parts(FLIGHT) if part[2] != 131]
    with pytest.raises(BadInput, match="CAM1_TYPE"):
        read(b"".join(parts))


def test_a_receiver_without_a_fix_leaves_the_trigger_without_a_position() -> None:
    values = list(trigger_values(FLIGHT.triggers[0]))
    values[5] = values[6] = 0.0
    parts = binary_parts(FLIGHT)
    parts[len(FORMATS) + 1] = message("CAM", values)
    log = read(b"".join(parts))
    assert len(log.triggers) == 56
    assert log.triggers[0].lat_deg is None
    assert log.triggers[1].lat_deg is not None


def test_a_count_that_jumps_is_a_loss() -> None:
    parts = binary_parts(FLIGHT)
    kept = parts[: len(FORMATS) + 6] + parts[len(FORMATS) + 10 :]
    log = read(b"".join(kept))
    assert len(log.triggers) == 54
    assert "jumps from 3 to 6" in log.losses[0]


def test_a_count_that_goes_back_is_told() -> None:
    log = read(b"".join(binary_parts(FLIGHT) + binary_parts(FLIGHT)))
    assert len(log.triggers) == 112
    assert "goes from 56 back to 1" in log.losses[0]


@settings(max_examples=60, deadline=None)
@given(cut=st.integers(400, 6000))
def test_a_cut_log_gives_what_came_before_the_cut(cut: int) -> None:
    whole = b"".join(binary_parts(FLIGHT))
    cut = min(cut, len(whole))
    parts, length, expected = binary_parts(FLIGHT), 0, 0
    for part in parts:
        length += len(part)
        expected += part[2] == 131 and length <= cut
    if expected == 0:
        with pytest.raises(BadInput):
            read(whole[:cut])
        return
    log = read(whole[:cut])
    assert len(log.triggers) == expected
    ends_whole = cut in {len(b"".join(parts[:n])) for n in range(len(parts) + 1)}
    assert bool(log.losses) != ends_whole


@settings(max_examples=60, deadline=None)
@given(at=st.integers(4, 100), junk=st.binary(min_size=1, max_size=300))
def test_junk_between_messages_costs_no_message(at: int, junk: bytes) -> None:
    parts = binary_parts(FLIGHT)
    content = b"".join(parts[:at]) + junk + b"".join(parts[at:])
    log = read(content)
    if b"\xa3\x95" not in junk and not junk.endswith(b"\xa3"):
        assert len(log.triggers) == 56
        assert f"{len(junk)} bytes in 1 place" in log.losses[0]
    assert log.losses


def test_overwritten_messages_are_lost_and_said() -> None:
    content = bytearray(b"".join(binary_parts(FLIGHT)))
    middle = len(content) // 2
    content[middle : middle + 200] = bytes(200)
    log = read(bytes(content))
    assert 48 <= len(log.triggers) < 56
    assert any("fit no message" in loss for loss in log.losses)
    assert any("jumps" in loss for loss in log.losses)


def test_a_format_that_contradicts_itself_is_not_used() -> None:
    shape = fmt(131, "CAM", "QB", "TimeUS,I,Img")
    log_bytes = shape + b"".join(binary_parts(FLIGHT))
    assert len(read(log_bytes).triggers) == 56


def test_text_says_the_same_as_binary(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text(text_log(FLIGHT), encoding="utf-8")
    (tmp_path / "a.BIN").write_bytes(b"".join(binary_parts(FLIGHT)))
    text, binary = open_log(tmp_path / "a.log"), open_log(tmp_path / "a.BIN")
    assert text.form.endswith("text")
    assert binary.form.endswith("binary")
    for one, other in zip(text.triggers, binary.triggers, strict=True):
        assert one.sequence == other.sequence
        assert one.lat_deg == pytest.approx(other.lat_deg, abs=1e-7)
        assert one.at is not None
        assert other.at is not None
        assert abs(one.at - other.at) < timedelta(milliseconds=2)


def test_a_broken_line_of_text_is_counted() -> None:
    lines = text_log(FLIGHT).splitlines()
    lines[10] = lines[10][:20]
    lines.insert(20, "garbage")
    log = read_dataflash(TextLog("\n".join(lines) + "\n", WANTED), "a.log")
    assert "2 lines in 2 places" in log.losses[0]
    assert len(log.triggers) >= 55


@pytest.mark.data
def test_the_given_log_has_56_triggers(data_dir: Path) -> None:
    log = open_log(data_dir / "flights" / "autopilot_log" / "demo_20items_56cam.BIN")
    assert len(log.triggers) == 56
    assert [trigger.sequence for trigger in log.triggers] == list(range(1, 57))
    assert log.losses == ()
    first = log.triggers[0]
    assert first.lat_deg == pytest.approx(-35.3632509)
    assert first.lon_deg == pytest.approx(149.1656673)
    assert first.height_m == pytest.approx(644.07)
    assert first.height_takeoff_m == pytest.approx(59.99)


@pytest.mark.data
@pytest.mark.parametrize("share", [0.5, 0.8, 0.999])
def test_the_given_log_cut_off_still_gives_its_first_triggers(
    data_dir: Path, tmp_path: Path, share: float
) -> None:
    whole = (data_dir / "flights" / "autopilot_log" / "demo_20items_56cam.BIN").read_bytes()
    cut = tmp_path / "cut.BIN"
    cut.write_bytes(whole[: int(len(whole) * share)])
    log = open_log(cut)
    assert 10 < len(log.triggers) <= 56
    assert [trigger.sequence for trigger in log.triggers] == list(range(1, len(log.triggers) + 1))


@pytest.mark.data
def test_holes_in_the_given_log_cost_only_what_they_cover(data_dir: Path, tmp_path: Path) -> None:
    content = bytearray(
        (data_dir / "flights" / "autopilot_log" / "demo_20items_56cam.BIN").read_bytes()
    )
    for start in range(500_000, len(content), 700_000):
        content[start : start + 4096] = b"\xff" * 4096
    (tmp_path / "holes.BIN").write_bytes(content)
    log = open_log(tmp_path / "holes.BIN")
    assert len(log.triggers) >= 54
    assert "in 6 places" in log.losses[0]

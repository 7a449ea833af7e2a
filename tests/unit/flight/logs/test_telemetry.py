"""Telemetry logs: triggers out of a radio's stream, with its noise and its repeats."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymavlink.dialects.v20 import ardupilotmega

from flight.logs.diary import read_diary
from flight.logs.opening import open_log
from flight.logs.telemetry import is_telemetry
from flight.logs.trigger import COUNTED, counted_on
from inspection.errors import BadInput
from tests.support.flightlog import START, line_flight

FLIGHT = line_flight()


def stamped(packet: bytes, at: datetime) -> bytes:
    return int(at.timestamp() * 1e6).to_bytes(8, "big") + packet


def packets(kind: str = "feedback", *, boot_time: bool = False, begun: int = 0) -> list[bytes]:
    link = ardupilotmega.MAVLink(None, srcSystem=1, srcComponent=1)
    beat = link.heartbeat_encode(2, 3, 0, 0, 4).pack(link)
    found = [stamped(beat, START - timedelta(seconds=2))]
    for trigger in FLIGHT.triggers:
        assert trigger.at is not None
        assert trigger.lat_deg is not None
        assert trigger.lon_deg is not None
        moment = int(trigger.at.timestamp() * 1e6)
        moment = 90_000_000 if boot_time else moment
        index = (begun + trigger.sequence) % 65_536
        lat, lon = round(trigger.lat_deg * 1e7), round(trigger.lon_deg * 1e7)
        if kind == "feedback":
            made = link.camera_feedback_encode(
                moment, 0, 0, index, lat, lon, 84.07, 60.0, 0.2, -2.9, 359.8, 0.0, 0
            )
        else:
            made = link.camera_image_captured_encode(
                90_000, moment, 1, lat, lon, 84_070, 60_000, [1, 0, 0, 0], trigger.sequence, 1, b""
            )
        found.append(stamped(made.pack(link), trigger.at))
        found.append(stamped(beat, trigger.at))
    return found


@pytest.mark.parametrize("kind", ["feedback", "captured"])
def test_every_value_comes_back(tmp_path: Path, kind: str) -> None:
    (tmp_path / "a.tlog").write_bytes(b"".join(packets(kind)))
    log = open_log(tmp_path / "a.tlog")
    assert len(log.triggers) == 56
    assert log.losses == ()
    for found, made in zip(log.triggers, FLIGHT.triggers, strict=True):
        assert found.sequence == made.sequence
        assert found.at is not None
        assert made.at is not None
        assert abs(found.at - made.at) <= timedelta(microseconds=1)
        assert found.lat_deg == pytest.approx(made.lat_deg, abs=1e-7)
        assert found.height_m == pytest.approx(84.07, abs=1e-3)
        assert found.height_takeoff_m == pytest.approx(60.0)
        assert (found.yaw_deg is None) == (kind == "captured")


def test_noise_between_packets_is_told_and_costs_only_itself(tmp_path: Path) -> None:
    parts = packets()
    parts.insert(40, b"\x00noise on the radio\xfd\x01")
    (tmp_path / "a.tlog").write_bytes(b"".join(parts))
    log = open_log(tmp_path / "a.tlog")
    assert len(log.triggers) == 56
    assert any("fit no message" in loss for loss in log.losses)


def test_a_broken_packet_is_lost_and_its_gap_is_told(tmp_path: Path) -> None:
    parts = packets()
    broken = bytearray(parts[21])
    broken[30] ^= 0xFF
    parts[21] = bytes(broken)
    (tmp_path / "a.tlog").write_bytes(b"".join(parts))
    log = open_log(tmp_path / "a.tlog")
    assert len(log.triggers) == 55
    assert any("jumps from 10 to 12" in loss for loss in log.losses)


def test_a_cut_log_keeps_its_beginning(tmp_path: Path) -> None:
    content = b"".join(packets())
    (tmp_path / "a.tlog").write_bytes(content[: len(content) // 2])
    log = open_log(tmp_path / "a.tlog")
    assert 25 <= len(log.triggers) <= 30


def test_repeats_of_two_links_count_once(tmp_path: Path) -> None:
    parts = packets()
    doubled = [part for part in parts for _ in range(2)]
    (tmp_path / "a.tlog").write_bytes(b"".join(doubled))
    assert len(open_log(tmp_path / "a.tlog").triggers) == 56


def test_the_photo_after_number_65535_is_another_one(tmp_path: Path) -> None:
    """The message counts with 16 bits; two links bring the last ones before the turn once more."""
    begun = 65_536 - 20
    parts = packets(boot_time=True, begun=begun)
    turn = 1 + 2 * 24
    (tmp_path / "a.tlog").write_bytes(
        b"".join([*parts[:turn], *parts[turn - 20 : turn], *parts[turn:]])
    )
    log = open_log(tmp_path / "a.tlog")
    numbers = [trigger.sequence for trigger in log.triggers]
    assert numbers == [begun + trigger.sequence for trigger in FLIGHT.triggers]
    assert log.losses == ()
    link = ardupilotmega.MAVLink(None, srcSystem=1, srcComponent=1)
    place = link.global_position_int_encode(
        1000, 365_000_000, 1_366_000_000, 90_000, 9000, *[0] * 4
    )
    with (tmp_path / "a.tlog").open("ab") as more:  # without a place there is no flight to sum up
        more.write(stamped(place.pack(link), START))
    assert len(read_diary(tmp_path / "a.tlog").photo_s) == len(numbers)


@given(st.integers(0, 200_000), st.integers(-100, 100))
def test_a_count_goes_on_where_it_turns_over(last: int, step: int) -> None:
    number = max(0, last + step)
    found = counted_on(number % COUNTED, last)
    assert found % COUNTED == number % COUNTED
    assert found == number  # so near to each other they are of one count
    assert counted_on(number % COUNTED, None) == number % COUNTED


def test_a_count_that_began_anew_did_not_turn_over() -> None:
    assert [counted_on(0, last) for last in (500, 40_000, 61_439)] == [0, 0, 0]
    assert counted_on(0, 61_440) == COUNTED


def test_a_time_since_boot_is_no_utc(tmp_path: Path) -> None:
    (tmp_path / "a.tlog").write_bytes(b"".join(packets(boot_time=True)))
    assert {trigger.at for trigger in open_log(tmp_path / "a.tlog").triggers} == {None}


def test_a_log_without_a_trigger_names_the_better_source(tmp_path: Path) -> None:
    (tmp_path / "a.tlog").write_bytes(b"".join(packets()[::2]))
    with pytest.raises(BadInput, match=r"CAMERA_FEEDBACK.*\.BIN"):
        open_log(tmp_path / "a.tlog")


def test_what_is_a_telemetry_log() -> None:
    assert is_telemetry(packets()[0])
    assert not is_telemetry(b"\x00" * 8 + b"\xfd")
    assert not is_telemetry(packets()[0][8:])
    early = stamped(b"\xfd", datetime(1985, 1, 1, tzinfo=UTC))
    assert not is_telemetry(early)


@pytest.mark.data
def test_the_given_telemetry_tells_the_same_triggers_as_the_given_log(data_dir: Path) -> None:
    folder = data_dir / "flights" / "autopilot_log"
    radio = open_log(folder / "demo_20items_56cam.tlog")
    memory = open_log(folder / "demo_20items_56cam.BIN")
    assert len(radio.triggers) == len(memory.triggers) == 56
    for one, other in zip(radio.triggers, memory.triggers, strict=True):
        assert one.sequence == other.sequence
        assert one.lat_deg == pytest.approx(other.lat_deg, abs=1e-7)
        assert one.lon_deg == pytest.approx(other.lon_deg, abs=1e-7)
        assert one.at is not None
        assert other.at is not None
        assert abs(one.at - other.at) < timedelta(milliseconds=50)

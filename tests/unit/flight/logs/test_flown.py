"""What a log says was flown: golden flights, both kinds of log, fences and batteries."""

import doctest
import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import pytest
from click.testing import CliRunner
from pymavlink.dialects.v20 import ardupilotmega

from flight.cli import flight
from flight.logs import diary, flown
from flight.logs.diary import read_diary
from flight.logs.flown import Diary, Flown, Sample, sum_up
from inspection.errors import BadInput, NotFound
from tests.support.flightlog import FORMATS, KINDS, START, fix_values, fmt, message
from tests.unit.flight.logs.test_telemetry import stamped

NORTH_DEG_PER_M = 1 / 110_960.0
"""At latitude 36.5°, WGS 84."""


def height(second: int) -> float:
    """Climb 1–5 s, cruise at 10 m, land 60–64 s."""
    return max(0.0, min(2.0 * second, 10.0, 2.0 * (64 - second)))


def north_m(second: int) -> float:
    """Go 4 m/s north from 10 to 50 s."""
    return 4.0 * (min(max(second, 10), 50) - 10)


def binary(*extra: bytes) -> bytes:
    parts = [fmt(KINDS[key], key, *FORMATS[key]) for key in FORMATS]
    parts.append(message("GPS", fix_values(START)))
    for second in range(80):
        lat = 36.5 + north_m(second) * NORTH_DEG_PER_M
        values = (second * 1e6, lat, 136.6, 94.0 + height(second), height(second))
        parts.append(message("POS", values))
        battery = (second * 1e6, 0, 12.6 - 0.01 * second, 10.0 * second, 100 - second)
        parts.append(message("BAT", battery))
        parts.append(message("BAT", (second * 1e6, 1, 5.0, 1.0, 50)))
    return b"".join([*parts, *extra])


def summary(tmp_path: Path, content: bytes, name: str = "a.BIN") -> Flown:
    (tmp_path / name).write_bytes(content)
    return sum_up(read_diary(tmp_path / name))


def test_doctests_hold() -> None:
    assert doctest.testmod(flown).failed == 0
    assert doctest.testmod(diary).failed == 0


def test_golden_flight(tmp_path: Path) -> None:
    found = summary(tmp_path, binary())
    assert found.flights == 1
    assert found.takeoff_s == 1.0
    assert found.airborne_s == pytest.approx(62.0)
    assert found.distance_m == pytest.approx(160.0, rel=0.002)
    assert found.highest_m == pytest.approx(10.0)
    assert found.takeoff_at is not None
    # second 90 of the vehicle is START
    assert abs((found.takeoff_at - START).total_seconds() + 89.0) < 0.01


def test_the_battery_is_the_first_one_from_take_off_to_the_end(tmp_path: Path) -> None:
    found = summary(tmp_path, binary())
    assert found.battery_first is not None
    assert found.battery_last is not None
    assert found.battery_first.second == 1.0
    assert found.battery_first.voltage_v == pytest.approx(12.59)
    assert found.battery_last.used_mah == pytest.approx(790.0)
    assert found.battery_last.remaining_percent == 21.0


def test_fence_breaches_but_not_their_end_nor_other_errors(tmp_path: Path) -> None:
    errors = [
        message("ERR", (30e6, 9, 5)),
        message("ERR", (34e6, 9, 0)),
        message("ERR", (40e6, 2, 1)),
    ]
    found = summary(tmp_path, binary(*errors))
    assert [(breach.second, breach.kind) for breach in found.breaches] == [
        (30.0, "ceiling, polygon")
    ]


def test_two_flights_of_one_log_add_up() -> None:
    samples = [
        Sample(second=n, lat_deg=36.5, lon_deg=136.6, height_takeoff_m=up)
        for n, up in enumerate((0, 5, 5, 5, 0, 0, 7, 7, 0))
    ]
    found = sum_up(made(samples))
    assert (found.flights, found.airborne_s, found.highest_m) == (2, 3.0, 7)


def test_the_noise_of_standing_in_the_air_is_hardly_a_way() -> None:
    samples = [
        Sample(
            second=n * 0.1,
            lat_deg=36.5 + 1e-7 * (n % 2),
            lon_deg=136.6,
            height_takeoff_m=10.0,
        )
        for n in range(600)
    ]
    assert sum_up(made(samples)).distance_m < 1.5  # 600 steps of 11 mm would be 6.7 m


def test_a_log_that_stayed_on_the_ground() -> None:
    samples = [Sample(second=n, lat_deg=36, lon_deg=136, height_takeoff_m=0.2) for n in range(5)]
    found = sum_up(made(samples))
    assert (found.takeoff_s, found.flights, found.distance_m) == (None, 0, 0.0)


def made(samples: Sequence[Sample]) -> Diary:
    return Diary(
        name="a",
        form="made",
        samples=samples,
        battery=(),
        breaches=(),
        photo_s=(),
        begun_at=None,
        losses=(),
    )


def telemetry() -> bytes:
    link = ardupilotmega.MAVLink(None, srcSystem=1, srcComponent=1)
    found = []

    def put(made: ardupilotmega.MAVLink_message) -> None:
        found.append(stamped(made.pack(link), START))

    boot_us = int(START.timestamp() * 1e6)
    put(link.system_time_encode(boot_us, 0))
    for second in range(80):
        lat = round((36.5 + north_m(second) * NORTH_DEG_PER_M) * 1e7)
        up = round(height(second) * 1000)
        put(
            link.global_position_int_encode(
                second * 1000, lat, 1_366_000_000, 94_000 + up, up, 0, 0, 0, 0
            )
        )
        put(
            link.sys_status_encode(
                0, 0, 0, 0, 12_600 - 10 * second, 0, 100 - second, 0, 0, 0, 0, 0, 0
            )
        )
        put(link.fence_status_encode(int(30 <= second < 34), int(second >= 30), 2, 0))
        if second % 10 == 0:
            put(link.camera_feedback_encode(0, 0, 0, second, lat, 0, 0, 0, 0, 0, 0, 0, 0))
    return b"".join(found)


def test_telemetry_tells_the_same_flight(tmp_path: Path) -> None:
    one, other = summary(tmp_path, binary()), summary(tmp_path, telemetry(), "a.tlog")
    assert other.airborne_s == pytest.approx(one.airborne_s)
    assert other.distance_m == pytest.approx(one.distance_m, rel=1e-3)
    assert other.highest_m == pytest.approx(one.highest_m)
    assert other.photos == 8
    assert [(breach.second, breach.kind) for breach in other.breaches] == [(30.0, "ceiling")]
    assert other.battery_last is not None
    assert other.battery_last.voltage_v == pytest.approx(11.81)
    assert other.takeoff_at is not None
    assert (other.takeoff_at - START).total_seconds() == pytest.approx(1.0)


def test_what_is_no_log_of_a_vehicle(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("image,lat,lon\n", encoding="utf-8")
    with pytest.raises(BadInput, match="no vehicle's log"):
        read_diary(tmp_path / "a.csv")
    with pytest.raises(NotFound):
        read_diary(tmp_path / "nowhere.BIN")
    (tmp_path / "b.BIN").write_bytes(fmt(130, "GPS", *FORMATS["GPS"]))
    with pytest.raises(BadInput, match="no position"):
        read_diary(tmp_path / "b.BIN")


def test_the_command_in_words_and_for_programs(tmp_path: Path) -> None:
    (tmp_path / "a.BIN").write_bytes(binary(message("ERR", (30e6, 9, 2))))
    words = CliRunner().invoke(flight, ["log", str(tmp_path / "a.BIN")], catch_exceptions=False)
    assert words.stdout.splitlines() == [
        "a.BIN: ArduPilot dataflash, binary",
        "took off at 2026-11-23 11:29:18 UTC; 1 flight, 1 min 02 s in the air",
        "160 m over ground, up to 10.0 m above take-off",
        "photos: 0",
        "battery: 12.6 V, 10 mAh used, 99 % at take-off, 11.8 V, 790 mAh used, 21 % at the end",
        "fence breaches: circle at 30 s",
    ]
    told = CliRunner().invoke(flight, ["log", str(tmp_path / "a.BIN"), "--json"])
    report = json.loads(told.stdout)
    assert report["airborne_s"] == pytest.approx(62.0)
    assert report["breaches"] == [{"second": 30.0, "kind": "circle"}]
    assert datetime.fromisoformat(report["takeoff_at"]).tzinfo is not None


@pytest.mark.data
def test_both_given_logs_tell_the_same_flight(data_dir: Path) -> None:
    folder = data_dir / "flights" / "autopilot_log"
    memory = sum_up(read_diary(folder / "demo_20items_56cam.BIN"))
    radio = sum_up(read_diary(folder / "demo_20items_56cam.tlog"))
    for found in (memory, radio):
        assert (found.flights, found.photos, found.breaches) == (1, 56, ())
        assert found.airborne_s == pytest.approx(242.0, abs=1.5)
        assert found.distance_m == pytest.approx(1050.0, abs=5.0)
        assert found.highest_m == pytest.approx(60.0, abs=0.2)
    assert radio.battery_last is not None
    assert radio.battery_last.remaining_percent == 40.0

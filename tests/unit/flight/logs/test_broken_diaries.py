"""A diary of any bytes: numbers that are numbers, time that goes forward, losses that are said."""

import json
import math
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pymavlink.dialects.v20 import ardupilotmega

from flight.logs.diary import breaches_words, read_diary
from flight.logs.flown import BatteryState, Breach, Diary, Flown, Sample, sum_up
from inspection.cli import tenken
from inspection.errors import TenkenError
from tests.support.flightlog import (
    FORMATS,
    KINDS,
    START,
    binary_parts,
    fix_values,
    fmt,
    line_flight,
    message,
    text_log,
    track_parts,
)

FLIGHT = line_flight(lines=1)
HEAD = b"".join(fmt(KINDS[key], key, *FORMATS[key]) for key in FORMATS)
Link = Any


def position(second: float, up_m: float, lat: float = 36.5, lon: float = 136.6) -> bytes:
    """Give one position of a dataflash log."""
    return message("POS", (second * 1e6, lat, lon, 94.0 + up_m, up_m))


def hop(begin_s: float, seconds: int = 10) -> list[bytes]:
    """Give the positions of a short flight at 10 m."""
    heights = [0.0, *[10.0] * (seconds - 1), 0.0]
    return [position(begin_s + n, up) for n, up in enumerate(heights)]


def flown(folder: Path, content: bytes, name: str = "a.BIN") -> Flown:
    """Sum up a log."""
    (folder / name).write_bytes(content)
    return sum_up(read_diary(folder / name))


def stamped(link: Link, made: Any, at: datetime = START) -> bytes:
    """Give a packet of a telemetry log."""
    packed: bytes = made.pack(link)
    return int(at.timestamp() * 1e6).to_bytes(8, "big") + packed


def told(link: Link, boot_ms: int, up_m: float, north_m: float = 0.0) -> bytes:
    """Give one position of a telemetry log."""
    lat = 365_000_000 + round(north_m * 90.1)
    up = round(up_m * 1000)
    return stamped(
        link, link.global_position_int_encode(boot_ms, lat, 1_366_000_000, up, up, 0, 0, 0, 0)
    )


def tlog_hop(link: Link, begin_s: int) -> list[bytes]:
    """Give the positions of a short flight at 10 m by telemetry."""
    heights = [0.0, *[10.0] * 9, 0.0]
    return [told(link, (begin_s + n) * 1000, up, 3.0 * n) for n, up in enumerate(heights)]


def telemetry() -> Link:
    """Give what packs the messages of a vehicle."""
    return ardupilotmega.MAVLink(None, srcSystem=1, srcComponent=1)


WHOLE: dict[str, Callable[[], bytes]] = {
    "BIN": lambda: b"".join(binary_parts(FLIGHT) + track_parts(FLIGHT)[:60]),
    "log": lambda: text_log(FLIGHT).encode(),
    "tlog": lambda: b"".join(tlog_hop(telemetry(), 5)),
}


@pytest.mark.parametrize("form", sorted(WHOLE))
@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
def test_any_damage_ends_in_finite_sums_or_in_words(
    tmp_path: Path, form: str, data: st.DataObject
) -> None:
    content = bytearray(WHOLE[form]())
    places = st.tuples(st.integers(0, len(content) - 1), st.sampled_from([0, 0x7F, 0x80, 0xFF, 65]))
    for at, value in data.draw(st.lists(places, max_size=60)):
        content[at] = value
    try:
        found = flown(tmp_path, bytes(content), f"a.{form}")
    except TenkenError as error:
        assert f"a.{form}" in str(error)
        return
    json.dumps(asdict(found), allow_nan=False, default=str)
    assert found.airborne_s >= 0
    assert found.distance_m >= 0
    assert found.highest_m >= 0


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_height_that_is_no_number_is_no_sample(tmp_path: Path, value: float) -> None:
    parts = hop(10.0)
    parts.insert(5, message("POS", (14.5e6, 36.5, 136.6, 94.0, value)))
    found = flown(tmp_path, HEAD + b"".join(parts))
    assert (found.highest_m, found.flights) == (10.0, 1)


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_voltage_that_is_no_number_is_unknown_in_json(tmp_path: Path, value: float) -> None:
    parts = [*hop(10.0), message("BAT", (15e6, 0, value, value, 50))]
    (tmp_path / "a.BIN").write_bytes(HEAD + b"".join(parts))
    result = CliRunner().invoke(tenken, ["flight", "log", str(tmp_path / "a.BIN"), "--json"])
    assert result.exit_code == 0

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    report = json.loads(result.stdout, parse_constant=refuse)
    last = report["battery_last"]
    assert last is None or last["voltage_v"] is None


def test_a_time_beyond_any_flight_is_damage_and_said(tmp_path: Path) -> None:
    wild = message("POS", (1.8e19, 36.5, 136.6, 94.0, 10.0))
    gps = message("GPS", fix_values(START))
    found = flown(tmp_path, HEAD + gps + b"".join([wild, *hop(10.0)]))
    assert found.takeoff_s == 11.0
    assert found.takeoff_at is not None
    assert any("1 message" in loss and "time" in loss for loss in found.losses)


def test_samples_out_of_order_are_put_in_order(tmp_path: Path) -> None:
    parts = hop(10.0)
    swapped = [*parts[:3], parts[6], *parts[3:6], *parts[7:]]
    one = flown(tmp_path, HEAD + b"".join(parts))
    other = flown(tmp_path, HEAD + b"".join(swapped))
    assert one == other


def test_a_vehicle_switched_on_again_in_one_telemetry_log_flew_twice(tmp_path: Path) -> None:
    link = telemetry()
    parts = [*tlog_hop(link, 200), *tlog_hop(link, 30)]
    found = flown(tmp_path, b"".join(parts), "two.tlog")
    assert found.flights == 2
    assert found.airborne_s == pytest.approx(16.0)
    assert found.distance_m == pytest.approx(2 * 24.0, abs=1.0)
    assert any("switched on again" in loss for loss in found.losses)


def test_a_message_that_comes_late_by_a_second_radio_is_not_a_second_flight(
    tmp_path: Path,
) -> None:
    parts = tlog_hop(telemetry(), 30)
    doubled = [part for n, one in enumerate(parts) for part in (one, parts[max(n - 1, 0)])]
    one, other = (
        flown(tmp_path, b"".join(parts), "a.tlog"),
        flown(tmp_path, b"".join(doubled), "a.tlog"),
    )
    assert one == other


def test_the_clock_of_telemetry_is_that_of_its_system_time(tmp_path: Path) -> None:
    link = telemetry()
    boot = START - timedelta(seconds=20)
    clock = link.system_time_encode(round(START.timestamp() * 1e6), 20_000)
    parts = [stamped(link, clock), *tlog_hop(link, 30)]
    found = flown(tmp_path, b"".join(parts), "a.tlog")
    assert found.takeoff_at == boot + timedelta(seconds=31)
    unset = link.system_time_encode(20_000_000, 20_000)
    found = flown(tmp_path, b"".join([stamped(link, unset), *parts[1:]]), "a.tlog")
    assert (found.takeoff_s, found.takeoff_at) == (31.0, None)


@pytest.mark.parametrize(
    ("volts", "percent", "expected"),
    [(12_600, 55, (12.6, 55.0)), (65_535, -1, (None, None)), (0, 0, (None, 0.0))],
)
def test_what_telemetry_does_not_know_of_a_battery_is_unknown(
    tmp_path: Path, volts: int, percent: int, expected: tuple[float | None, float | None]
) -> None:
    link = telemetry()
    status = link.sys_status_encode(0, 0, 0, 0, volts, 0, percent, 0, 0, 0, 0, 0, 0)
    parts = [*tlog_hop(link, 30), stamped(link, status)]
    last = flown(tmp_path, b"".join(parts), "a.tlog").battery_last
    assert last is not None
    assert (last.voltage_v, last.remaining_percent) == expected
    (tmp_path / "a.tlog").write_bytes(b"".join(parts))
    said = CliRunner().invoke(tenken, ["flight", "log", str(tmp_path / "a.tlog")]).stdout
    assert ("unknown at take-off" in said) == (expected == (None, None))


@pytest.mark.parametrize(
    ("code", "words"),
    [(1, "ceiling"), (2, "circle"), (4, "polygon"), (8, "floor"), (15, "ceiling, circle, polygon, "
     "floor"), (16, "code 16"), (255, "ceiling, circle, polygon, floor")],
)  # fmt: skip
def test_golden_bits_of_a_breach(tmp_path: Path, code: int, words: str) -> None:
    parts = [*hop(10.0), message("ERR", (14e6, 9, code))]
    found = flown(tmp_path, HEAD + b"".join(parts))
    assert found.breaches == (Breach(second=14.0, kind=words),)
    assert breaches_words(found.breaches) == f"{words} at 14 s"


def made(samples: list[Sample], battery: tuple[BatteryState, ...] = ()) -> Diary:
    """Make a diary of samples."""
    return Diary(
        name="a",
        form="made",
        samples=samples,
        battery=battery,
        breaches=(),
        photo_s=(),
        begun_at=datetime(2026, 3, 31, 14, 59, tzinfo=UTC),
        losses=(),
    )


@given(
    heights=st.lists(st.floats(-2, 30), min_size=1, max_size=60),
    step_s=st.sampled_from([0.1, 0.25, 1.0, 2.0]),
)
def test_flights_time_and_height_follow_from_the_samples(
    heights: list[float], step_s: float
) -> None:
    samples = [
        Sample(second=n * step_s, lat_deg=36 + n * 1e-5, lon_deg=136, height_takeoff_m=up)
        for n, up in enumerate(heights)
    ]
    found = sum_up(made(samples))
    up = [height > 1.0 for height in heights]
    rises = sum(now and not before for before, now in zip([False, *up], up, strict=False))
    assert found.flights == rises
    assert found.airborne_s == pytest.approx((sum(up) - rises) * step_s, abs=1e-6)
    assert found.highest_m == max((h for h in heights if h > 1.0), default=0.0)
    # each step is 1.11 m to the north; whole steps of less than half a second are joined
    assert found.distance_m <= (sum(up) - rises) * 1.111 + 1e-6
    assert (found.takeoff_at is None) == (not any(up))


@pytest.mark.parametrize(
    ("seconds", "chosen"),
    [((0.0, 4.0, 9.0), 4.0), ((6.0, 9.0), 6.0), ((5.0,), 5.0), ((), None)],
)
def test_the_battery_at_take_off_is_the_last_before_it(
    seconds: tuple[float, ...], chosen: float | None
) -> None:
    samples = [
        Sample(second=float(n), lat_deg=36, lon_deg=136, height_takeoff_m=5.0 * (n >= 5))
        for n in range(10)
    ]
    states = tuple(BatteryState(second=second) for second in seconds)
    found = sum_up(made(samples, states))
    assert (found.battery_first and found.battery_first.second) == chosen
    assert (found.battery_last and found.battery_last.second) == (seconds[-1] if seconds else None)


def test_a_flight_across_the_end_of_the_fiscal_year_keeps_utc() -> None:
    samples = [
        Sample(second=n * 60.0, lat_deg=36, lon_deg=136, height_takeoff_m=5.0) for n in range(3)
    ]
    found = sum_up(made(samples))
    assert found.takeoff_at == datetime(2026, 3, 31, 14, 59, tzinfo=UTC)


def test_a_log_that_never_flew_is_said_in_words(tmp_path: Path) -> None:
    (tmp_path / "a.BIN").write_bytes(HEAD + b"".join(position(n, 0.5) for n in range(5)))
    result = CliRunner().invoke(tenken, ["flight", "log", str(tmp_path / "a.BIN")])
    assert result.exit_code == 0
    assert result.stdout.splitlines()[1:] == [
        "never in the air (no height over 1 m above take-off)",
        "photos: 0",
        "battery: not in the log",
        "fence breaches: none",
    ]


@pytest.mark.parametrize(
    ("lat", "lon"), [(0.0, 0.0), (90.5, 136.0), (36.0, 180.5), (-91.0, 0.0), (36.0, -180.5)]
)
def test_a_place_off_the_earth_is_no_sample(tmp_path: Path, lat: float, lon: float) -> None:
    parts = [*hop(10.0), position(12.5, 400.0, lat, lon)]
    assert flown(tmp_path, HEAD + b"".join(parts)).highest_m == 10.0

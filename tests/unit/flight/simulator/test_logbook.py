"""Logs of the simulator: golden bytes, both forms alike, the clock of GPS, parameters."""

import json
import math
import struct
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from flight.commands.simulate import wind_of
from flight.link import Message, codec, connect, dialect
from flight.logs.dataflash import BinaryLog, Record, TextLog
from flight.logs.diary import read_diary
from flight.logs.flown import sum_up
from flight.logs.opening import open_log
from flight.monitor import fly
from flight.simulator.craft import Craft
from flight.simulator.dataflash import FORMATS, Logbook
from flight.simulator.fault import Faults
from flight.simulator.loop import LoopWire
from flight.simulator.parameters import DEFAULTS, Parameters
from flight.simulator.recorder import Recorder
from flight.simulator.vehicle import Vehicle
from flight.upload import upload
from flight.wireitem import Kind, items_of
from inspection.cli import tenken
from inspection.errors import BadInput
from tests.support.missions import BRIDGE

HOME = (36.5613, 136.6562)
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


def logged(path: Path) -> Vehicle:
    """Fly the bridge mission and keep its log."""
    logbook = Logbook(path)
    vehicle = Vehicle(
        home_latlon_deg=HOME,
        home_altitude_msl_m=26.4,
        wind_m_s=wind_of("3@250"),
        logbook=logbook,
        epoch_s=EPOCH.timestamp(),
    )
    link = connect(LoopWire(vehicle, Faults()))
    upload(link, BRIDGE)
    fly(link, items_of(BRIDGE, Kind.MISSION), on_progress=lambda progress: None)
    logbook.close()
    return vehicle


def records(path: Path, *kinds: str) -> list[tuple[str, Record]]:
    """Read records with Tenken's own reader."""
    content = path.read_bytes()
    if path.suffix == ".log":
        return list(TextLog(content.decode(), frozenset(kinds)))
    return list(BinaryLog(content, frozenset(kinds)))


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Give the same flight as a binary and as a text log."""
    folder = tmp_path_factory.mktemp("logs")
    paths = folder / "flight.BIN", folder / "flight.log"
    for path in paths:
        logged(path)
    return paths


def test_golden_first_bytes_are_the_format_of_the_formats(tmp_path: Path) -> None:
    book = Logbook(tmp_path / "a.BIN")
    book.close()
    content = (tmp_path / "a.BIN").read_bytes()
    assert content[:9] == b"\xa3\x95\x80\x80\x59FMT\x00"
    assert content[9:25] == b"BBnNZ".ljust(16, b"\0")
    assert content[25:89] == b"Type,Length,Name,Format,Columns".ljust(64, b"\0")
    assert len(content) == 89 * len(FORMATS)


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_every_format_has_as_many_letters_as_columns_and_the_length_of_its_fields(
    name: str,
) -> None:
    form = FORMATS[name]
    assert len(form.letters) == len(form.columns.split(","))
    assert form.length == 3 + struct.calcsize(form.packing) <= 255
    assert len(form.columns) <= 64
    assert len(form.letters) <= 16


def test_the_numbers_and_names_of_formats_are_each_one() -> None:
    assert len({form.number for form in FORMATS.values()}) == len(FORMATS)
    assert all(form.name == name and len(name) <= 4 for name, form in FORMATS.items())


@pytest.mark.parametrize(
    ("name", "values", "packed"),
    [
        ("EV", (1_500_000, 10), "a395b560e31600000000000a"),
        ("ERR", (1, 9, 4), "a395b601000000000000000904"),
        ("MODE", (2, 3, 3, 2), "a395780200000000000000030302"),
        (
            "ORGN",
            (0, 1, 36.5, -0.0000001, -1.5),
            "a395490000000000000000014075c115ffffffff6affffff",
        ),
    ],
)
def test_golden_records(tmp_path: Path, name: str, values: tuple[float, ...], packed: str) -> None:
    book = Logbook(tmp_path / "a.BIN")
    before = (tmp_path / "a.BIN").stat().st_size
    book.write(name, *values)
    book.close()
    content = (tmp_path / "a.BIN").read_bytes()
    assert content[max(before, 89 * len(FORMATS)) :].hex() == packed


def test_golden_lines_of_text(tmp_path: Path) -> None:
    book = Logbook(tmp_path / "a.LOG")
    book.write("MSG", 1_500_000.4, "Battery 1 is low, returning")
    book.write("POS", 2_000_000, 36.56130001, -136.5, 30.25, 4.0, 4.0)
    book.close()
    lines = (tmp_path / "a.LOG").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "FMT, 128, 89, FMT, BBnNZ, Type,Length,Name,Format,Columns"
    assert lines[-2:] == [
        "MSG, 1500000, Battery 1 is low, returning",
        "POS, 2000000, 36.56130001, -136.5, 30.25, 4, 4",
    ]


@pytest.mark.parametrize("words", ["点検を始める", "a" * 200, "", "tab\there"])
def test_any_words_are_logged_within_their_bounds(tmp_path: Path, words: str) -> None:
    book = Logbook(tmp_path / "a.BIN")
    book.write("MSG", 1, words)
    book.write("EV", 2, 10)
    book.close()
    found = records(tmp_path / "a.BIN", "MSG", "EV")
    assert [kind for kind, _ in found] == ["MSG", "EV"]
    expected = words.encode("ascii", "replace").decode()[:64]
    assert found[0][1]["Message"] == expected


def test_both_forms_tell_the_same_records(both: tuple[Path, Path]) -> None:
    kinds = ("POS", "GPS", "BAT", "CAM", "CMD", "EV", "MODE", "MSG", "ATT")
    binary, text = (records(path, *kinds) for path in both)
    assert [kind for kind, _ in binary] == [kind for kind, _ in text]
    for (kind, one), (_, other) in zip(binary, text, strict=True):
        for column, value in one.items():
            told = other[column]
            if isinstance(value, str):
                assert told == value, (kind, column)
            else:
                assert isinstance(told, (int, float))
                assert told == pytest.approx(value, rel=1e-6, abs=0.00501), (kind, column)


def test_both_forms_tell_the_same_flight_and_triggers(both: tuple[Path, Path]) -> None:
    one, other = (sum_up(read_diary(path)) for path in both)
    assert (one.flights, one.photos, one.breaches) == (other.flights, other.photos, ())
    assert one.distance_m == pytest.approx(other.distance_m, abs=0.1)
    assert one.airborne_s == pytest.approx(other.airborne_s, abs=0.11)
    assert one.highest_m == pytest.approx(other.highest_m, abs=0.01)
    assert one.takeoff_at is not None
    assert timedelta() < one.takeoff_at - EPOCH < timedelta(minutes=2)
    logs = [open_log(path) for path in both]
    assert [t.sequence for t in logs[0].triggers] == list(range(1, one.photos + 1))
    for a, b in zip(logs[0].triggers, logs[1].triggers, strict=True):
        assert a.at is not None
        assert b.at is not None
        assert abs(a.at - b.at) < timedelta(milliseconds=2)
        assert (a.lat_deg, a.lon_deg) == pytest.approx((b.lat_deg, b.lon_deg), abs=1e-7)


@pytest.mark.parametrize("form", [0, 1])
def test_the_command_sums_up_either_form(both: tuple[Path, Path], form: int) -> None:
    told = CliRunner().invoke(tenken, ["flight", "log", str(both[form]), "--json"])
    report = json.loads(told.stdout)
    assert (told.exit_code, report["flights"], report["losses"]) == (0, 1, [])
    assert 14 <= report["photos"] <= 17


@pytest.mark.parametrize(
    ("before_s", "week", "milliseconds"),
    [(0.0, 2400, 0), (0.0004, 2400, 0), (0.001, 2399, 604_799_999), (604_800.0, 2399, 0)],
)
def test_a_week_of_gps_ends_at_midnight_of_saturday(
    tmp_path: Path, before_s: float, week: int, milliseconds: int
) -> None:
    # week 2400 began on Sunday 2026-01-04, 18 leap seconds before the end of its UTC day before
    begin = datetime(2026, 1, 4, tzinfo=UTC) - timedelta(seconds=18)
    book = Logbook(tmp_path / "a.BIN")
    craft = Craft(home_latlon_deg=HOME, at_m=np.array([0.0, 0.0, 5.0]))
    recorder = Recorder(craft=craft, epoch_s=begin.timestamp() - before_s, logbook=book)
    recorder.track(0.0)
    recorder.photo(0.0)
    book.close()
    found = dict(records(tmp_path / "a.BIN", "GPS", "CAM"))
    assert (found["GPS"]["GWk"], found["GPS"]["GMS"]) == (week, milliseconds)
    assert (found["CAM"]["GPSWeek"], found["CAM"]["GPSTime"]) == (week, milliseconds)


def test_a_log_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"nowhere.a\.BIN cannot be written: No such file"):
        Logbook(tmp_path / "nowhere" / "a.BIN")
    (tmp_path / "folder.bin").mkdir()
    with pytest.raises(BadInput, match="cannot be written: Is a directory"):
        Logbook(tmp_path / "folder.bin")


def parameter(name: str, *fields: object) -> Message:
    """Make a message of the parameter protocol as it arrives."""
    made = getattr(dialect(), f"MAVLink_param_{name}_message")(1, 1, *fields)
    (arrived,) = codec(1, 1).parse_buffer(made.pack(codec(250, 190)))
    return arrived


def test_the_list_of_parameters_is_whole_and_in_order() -> None:
    held = Parameters()
    told = held.take(parameter("request_list"))
    assert [m.param_index for m in told] == list(range(len(DEFAULTS)))
    assert {m.param_id: m.param_value for m in told} == DEFAULTS
    assert [m.param_id for m in told] == [name for name, _ in held.items()]
    assert {m.param_count for m in told} == {len(DEFAULTS)}


@pytest.mark.parametrize("index", range(len(DEFAULTS)))
def test_a_parameter_is_the_same_by_name_and_by_number(index: int) -> None:
    held = Parameters()
    (by_index,) = held.take(parameter("request_read", b"", index))
    (by_name,) = held.take(parameter("request_read", by_index.param_id.encode(), -1))
    assert (by_index.param_index, by_index.param_value) == (index, by_name.param_value)


@pytest.mark.parametrize("index", [len(DEFAULTS), 32_767])
def test_a_number_beyond_the_list_has_no_answer(index: int) -> None:
    assert Parameters().take(parameter("request_read", b"RTL_ALT", index)) == []


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_parameter_that_is_no_number_is_not_taken(value: float) -> None:
    held = Parameters()
    (told,) = held.take(parameter("set", b"RTL_ALT", value, 9))
    assert told.param_value == held["RTL_ALT"] == DEFAULTS["RTL_ALT"]


def test_a_parameter_of_another_make_is_not_kept() -> None:
    held = Parameters()
    assert held.take(parameter("set", b"MPC_XY_VEL_MAX", 3.0, 9)) == []
    assert len(held.items()) == len(DEFAULTS)
    with pytest.raises(KeyError):
        held["MPC_XY_VEL_MAX"]


@pytest.mark.parametrize(("name", "highest_m"), [("RTL_ALT", 30.0), ("RTL_ALT", 2.0)])
def test_the_height_of_the_return_is_a_parameter(name: str, highest_m: float) -> None:
    vehicle = Vehicle(home_latlon_deg=HOME)
    link = connect(LoopWire(vehicle, Faults()))
    upload(link, BRIDGE)
    vehicle.parameters.take(parameter("set", name.encode(), highest_m * 100, 9))
    seen: list[float] = []
    fly(
        link,
        items_of(BRIDGE, Kind.MISSION),
        on_progress=lambda progress: seen.append(progress.altitude_home_m),
    )
    assert max(seen) == pytest.approx(max(highest_m, 15.0), abs=0.6)

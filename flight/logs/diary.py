"""Read where a vehicle was, its battery, its camera and its fence from its log.

Source: ArduPilot ``AP_Logger/LogStructure.h`` (POS, BAT), ``AP_Logger.h`` (ERR subsystem 9 is the
fence), ``AC_Fence.h`` (bits of a breach); MAVLink ``common.xml`` (GLOBAL_POSITION_INT, SYS_STATUS,
BATTERY_STATUS, FENCE_STATUS, SYSTEM_TIME).
"""

import math
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from flight.logs import dataflash, telemetry
from flight.logs.dataflash import BinaryLog, Record, TextLog
from flight.logs.flown import BatteryState, Breach, Diary, Sample
from flight.logs.gpstime import GPS_EPOCH, utc_from_gps_time
from flight.logs.opening import read_log
from flight.logs.trigger import counted_on
from flight.logs.vehicletriggers import boot_in_gps_s
from inspection.errors import BadInput

WANTED: Final = frozenset({"POS", "BAT", "ERR", "CAM", "TRIG", "GPS"})
FENCE_SUBSYSTEM: Final = 9
FENCE_BITS: Final = ((1, "ceiling"), (2, "circle"), (4, "polygon"), (8, "floor"))
FENCE_KINDS: Final = {1: "floor", 2: "ceiling", 3: "boundary"}
_UNIX: Final = datetime(1970, 1, 1, tzinfo=UTC)
LONGEST_S: Final = 50 * 86_400.0
"""A vehicle counts its milliseconds in 32 bits: no time since it was switched on is longer."""

REBOOT_S: Final = 10.0
"""Messages that a second radio brings late go back in time by less."""

_NUMBERS: Final = (KeyError, ValueError, TypeError, OverflowError)


def read_diary(path: Path) -> Diary:
    """Read the diary of a dataflash or telemetry log.

    Raises:
        NotFound: when there is no such file.
        BadInput: when it is no such log, or tells no position.
    """
    content = read_log(path)
    if dataflash.is_text(content):
        text = content.decode("utf-8-sig", errors="replace")
        diary = _from_dataflash(TextLog(text, WANTED), path.name)
    elif telemetry.is_telemetry(content):
        diary = _from_telemetry(path)
    elif dataflash.is_binary(content):
        diary = _from_dataflash(BinaryLog(content, WANTED), path.name)
    else:
        raise BadInput(f"{path.name} is no vehicle's log (dataflash .BIN or text, or .tlog)")
    if not diary.samples:
        raise BadInput(f"{path.name} tells no position, so there is no flight to sum up")
    return diary


def _from_dataflash(log: BinaryLog | TextLog, name: str) -> Diary:
    """Read a dataflash log."""
    by_kind: dict[str, list[Record]] = {kind: [] for kind in WANTED}
    wild = 0
    for kind, record in log:
        time_us = record.get("TimeUS")
        if isinstance(time_us, int):
            if 0 <= time_us <= LONGEST_S * 1e6:
                by_kind[kind].append(record)
            else:
                wild += 1
    lost = (
        f"{wild} message{'s' * (wild != 1)} with a time that no vehicle reaches: not used",
    ) * bool(wild)
    boot_s = boot_in_gps_s(by_kind["GPS"])
    unit = "bytes" if isinstance(log, BinaryLog) else "lines"
    return Diary(
        name=name,
        form=f"ArduPilot dataflash, {'binary' if unit == 'bytes' else 'text'}",
        samples=sorted(
            (one for one in map(_sample, by_kind["POS"]) if one is not None),
            key=lambda sample: sample.second,
        ),
        battery=[one for one in map(_battery, by_kind["BAT"]) if one is not None],
        breaches=[
            Breach(second=_second(record), kind=_fence_words(record["ECode"]))
            for record in by_kind["ERR"]
            if record.get("Subsys") == FENCE_SUBSYSTEM and record.get("ECode")
        ],
        photo_s=[_second(record) for record in by_kind["CAM"] or by_kind["TRIG"]],
        begun_at=None
        if boot_s is None
        else utc_from_gps_time(GPS_EPOCH + timedelta(seconds=boot_s)),
        losses=log.damage.sentences(unit) + lost,
    )


def _second(record: Record) -> float:
    return float(record["TimeUS"]) / 1e6


def _sample(record: Record) -> Sample | None:
    """Give a sample of a POS message, None when it is broken or has no fix."""
    try:
        lat_deg, lon_deg = float(record["Lat"]), float(record["Lng"])
        height_m = float(record["RelHomeAlt"])
    except _NUMBERS:
        return None
    if (lat_deg == 0.0 and lon_deg == 0.0) or not math.isfinite(height_m):
        return None
    if not abs(lat_deg) <= 90 or not abs(lon_deg) <= 180:
        return None
    return Sample(
        second=_second(record), lat_deg=lat_deg, lon_deg=lon_deg, height_takeoff_m=height_m
    )


def _battery(record: Record) -> BatteryState | None:
    """Give the state of the first battery of a BAT message."""
    try:
        if int(record.get("Inst", record.get("Instance", 0))):
            return None
        return BatteryState(
            second=_second(record),
            voltage_v=_known(record["Volt"]),
            used_mah=_known(record["CurrTot"]),
            remaining_percent=_known(record.get("RemPct", math.nan)),
        )
    except _NUMBERS:
        return None


def _known(value: float | str) -> float | None:
    """Give a number, None for one that is not finite."""
    number = float(value)
    return number if math.isfinite(number) else None


def _fence_words(code: float | int | str) -> str:
    """Say which fence the bits of a breach name.

    >>> _fence_words(5), _fence_words(64)
    ('ceiling, polygon', 'code 64')
    """
    bits = code if isinstance(code, int) else 0
    return ", ".join(word for bit, word in FENCE_BITS if bits & bit) or f"code {code}"


def _from_telemetry(path: Path) -> Diary:
    """Read a telemetry log; its seconds are those since the first boot that it tells of."""
    reader = _TelemetryReader()
    for message in telemetry.messages(path):
        reader.take(message)
    lost = (
        f"{reader.bad} stretches fit no message (radio noise or damage) and were skipped",
    ) * bool(reader.bad)
    lost += (
        f"the vehicle was switched on again ({reader.reboots}×): how long it was off is not told",
    ) * bool(reader.reboots)
    return Diary(
        name=path.name,
        form="MAVLink telemetry",
        samples=reader.samples,
        battery=reader.battery,
        breaches=reader.breaches,
        photo_s=reader.photo_s(),
        begun_at=reader.begun_at,
        losses=lost,
    )


class _TelemetryReader:
    """Gather what the messages of a telemetry log tell."""

    def __init__(self) -> None:
        self.samples: list[Sample] = []
        self.battery: list[BatteryState] = []
        self.breaches: list[Breach] = []
        self.begun_at: datetime | None = None
        self.bad = 0
        self.reboots = 0
        self._boot_s = 0.0
        self._second = 0.0
        self._used_mah: float | None = None
        self._breaches_seen = 0
        self._counted: int | None = None
        self._feedback: dict[tuple[int, int], float] = {}
        self._captured: dict[tuple[int, int], float] = {}

    def photo_s(self) -> list[float]:
        """Give the seconds of the triggers, each once."""
        return list((self._feedback or self._captured).values())

    def take(self, message: Any) -> None:  # noqa: ANN401 pymavlink makes its classes itself
        """Take one message."""
        kind = message.get_type()
        if kind == "BAD_DATA":
            self.bad += 1
        elif kind == "GLOBAL_POSITION_INT":
            self._position(message)
        elif kind == "SYS_STATUS":
            self._status(message)
        elif kind == "BATTERY_STATUS" and message.id == 0 and message.current_consumed >= 0:
            self._used_mah = float(message.current_consumed)
        elif kind == "FENCE_STATUS":
            self._fence(message)
        elif kind == "SYSTEM_TIME" and message.time_unix_usec > 1e15 and not self.reboots:
            boot = timedelta(milliseconds=message.time_boot_ms)
            self.begun_at = _UNIX + timedelta(microseconds=message.time_unix_usec) - boot
        elif kind == "CAMERA_FEEDBACK":
            self._counted = counted_on(message.img_idx, self._counted)
            self._feedback.setdefault((self.reboots, self._counted), self._second)
        elif kind == "CAMERA_IMAGE_CAPTURED":
            self._captured.setdefault((self.reboots, message.image_index), self._second)

    def _position(self, message: Any) -> None:  # noqa: ANN401 as above
        second = self._boot_s + message.time_boot_ms / 1e3
        if second < self._second - REBOOT_S:
            self.reboots += 1
            self._counted = None
            self._boot_s = self._second
            second = self._boot_s + message.time_boot_ms / 1e3
        if (message.lat == 0 and message.lon == 0) or second < self._second:
            return
        self._second = second
        self.samples.append(
            Sample(
                second=second,
                lat_deg=message.lat / 1e7,
                lon_deg=message.lon / 1e7,
                height_takeoff_m=message.relative_alt / 1e3,
            )
        )

    def _status(self, message: Any) -> None:  # noqa: ANN401 as above
        voltage = message.voltage_battery
        remaining = message.battery_remaining
        self.battery.append(
            BatteryState(
                second=self._second,
                voltage_v=None if voltage in (0, 65_535) else voltage / 1e3,
                used_mah=self._used_mah,
                remaining_percent=None if remaining < 0 else float(remaining),
            )
        )

    def _fence(self, message: Any) -> None:  # noqa: ANN401 as above
        if message.breach_count > self._breaches_seen:
            kind = FENCE_KINDS.get(message.breach_type, f"type {message.breach_type}")
            self.breaches.append(Breach(second=self._second, kind=kind))
        self._breaches_seen = message.breach_count


def breaches_words(breaches: Iterable[Breach]) -> str:
    """Say breaches in one line.

    >>> breaches_words([Breach(second=12.0, kind="ceiling")])
    'ceiling at 12 s'
    """
    return "; ".join(f"{breach.kind} at {breach.second:.0f} s" for breach in breaches) or "none"

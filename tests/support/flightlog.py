"""Logs with known triggers: a flight of lines in the forms that vehicles write."""

import struct
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

import numpy as np

from flight.logs.trigger import CameraTrigger, HeightFrame, TriggerLog

START = datetime(2026, 11, 23, 11, 30, 47, 810_000, tzinfo=UTC)
LINE_BEATS_S = (2.95, 1.94, *(1.90,) * 4, *(1.88,) * 6, 2.36, 6.68)
"""Seconds from one trigger to the next in a line of 14 and its turn, as ArduCopter flew them."""

FORMATS = {
    "GPS": ("QBBIHBcLLe", "TimeUS,I,Status,GMS,GWk,NSats,HDop,Lat,Lng,Alt"),
    "CAM": ("QBHIHLLeeeccC", "TimeUS,I,Img,GPSTime,GPSWeek,Lat,Lng,Alt,RelAlt,GPSAlt,R,P,Y"),
    "TRIG": ("QBHIHLLeeeccC", "TimeUS,I,Img,GPSTime,GPSWeek,Lat,Lng,Alt,RelAlt,GPSAlt,R,P,Y"),
    "POS": ("QLLff", "TimeUS,Lat,Lng,Alt,RelHomeAlt"),
    "BAT": ("QBffB", "TimeUS,Inst,Volt,CurrTot,RemPct"),
    "ERR": ("QBB", "TimeUS,Subsys,ECode"),
}
KINDS = {"GPS": 130, "CAM": 131, "TRIG": 132, "POS": 133, "BAT": 134, "ERR": 135}
CODES = {"f": "f", "Q": "Q", "B": "B", "H": "H", "I": "I", "c": "h", "C": "H", "e": "i", "L": "i"}
SCALE = {"c": 100, "C": 100, "e": 100, "L": 10_000_000}


def moments_s(lines: int = 4) -> list[float]:
    """Give seconds of the triggers of a flight of lines from its first trigger."""
    found, at = [], 0.0
    for _ in range(lines):
        for beat in LINE_BEATS_S:
            found.append(at)
            at += beat
    return found


def line_flight(lines: int = 4) -> TriggerLog:
    """Give the triggers of a flight of lines 28 m apart, photos 15 m apart along a line."""
    triggers = []
    for index, second in enumerate(moments_s(lines)):
        line, place = divmod(index, len(LINE_BEATS_S))
        north = place if line % 2 == 0 else len(LINE_BEATS_S) - 1 - place
        triggers.append(
            CameraTrigger(
                sequence=index + 1,
                at=START + timedelta(seconds=second),
                lat_deg=36.5 + north * 1.35e-4,
                lon_deg=136.6 + line * 3.1e-4,
                height_m=84.07,
                height_frame=HeightFrame.MSL,
                height_takeoff_m=60.0,
                roll_deg=0.2,
                pitch_deg=-2.9,
                yaw_deg=359.8 if line % 2 == 0 else 179.8,
                source="CAM",
            )
        )
    return TriggerLog(name="lines.BIN", form="made", triggers=tuple(triggers))


def even_flight(count: int, beat_s: float) -> TriggerLog:
    """Give triggers at an even beat: nothing in the rhythm tells one from its neighbour."""
    triggers = [
        CameraTrigger(
            sequence=index + 1,
            at=START + timedelta(seconds=index * beat_s),
            lat_deg=36.5 + index * 1.35e-4,
            lon_deg=136.6,
            source="CAM",
        )
        for index in range(count)
    ]
    return TriggerLog(name="even.BIN", form="made", triggers=tuple(triggers))


def fmt(kind: int, name: str, letters: str, columns: str) -> bytes:
    """Give one FMT message of a dataflash log."""
    length = 3 + struct.calcsize("<" + "".join(CODES[letter] for letter in letters))
    body = struct.pack(
        "<BB4s16s64s", kind, length, name.encode(), letters.encode(), columns.encode()
    )
    return b"\xa3\x95\x80" + body


def message(name: str, values: Sequence[float]) -> bytes:
    """Give one message of a dataflash log from values in the units of its columns."""
    letters = FORMATS[name][0]
    whole = [
        v if c == "f" else round(v * SCALE.get(c, 1)) for c, v in zip(letters, values, strict=True)
    ]
    layout = struct.Struct("<" + "".join(CODES[letter] for letter in letters))
    return b"\xa3\x95" + bytes([KINDS[name]]) + layout.pack(*whole)


def gps_of(moment: datetime) -> tuple[int, int]:
    """Give GPS week and milliseconds of a UTC moment after 2017."""
    gone = moment + timedelta(seconds=18) - datetime(1980, 1, 6, tzinfo=UTC)
    week, rest = divmod(gone, timedelta(weeks=1))
    return week, round(rest.total_seconds() * 1000)


def trigger_values(trigger: CameraTrigger, camera: int = 0) -> tuple[float, ...]:
    """Give the columns of a CAM message."""
    assert trigger.at is not None
    boot = START - timedelta(seconds=90)
    week, milliseconds = gps_of(trigger.at)
    return (
        (trigger.at - boot).total_seconds() * 1e6,
        camera,
        trigger.sequence,
        milliseconds // 200 * 200,  # the last fix, as the vehicle writes it
        week,
        trigger.lat_deg or 0.0,
        trigger.lon_deg or 0.0,
        trigger.height_m or 0.0,
        trigger.height_takeoff_m or 0.0,
        trigger.height_m or 0.0,
        trigger.roll_deg or 0.0,
        trigger.pitch_deg or 0.0,
        trigger.yaw_deg or 0.0,
    )


def fix_values(moment: datetime) -> tuple[float, ...]:
    """Give the columns of a GPS message."""
    week, milliseconds = gps_of(moment)
    boot_us = (moment - START + timedelta(seconds=90)).total_seconds() * 1e6
    return (boot_us, 0, 3, milliseconds, week, 10, 1.21, 36.5, 136.6, 84.0)


def binary_parts(log: TriggerLog, name: str = "CAM", camera: int = 0) -> list[bytes]:
    """Give a dataflash log as a list of messages: FMT first, a fix before every trigger."""
    parts = [fmt(KINDS[key], key, *FORMATS[key]) for key in FORMATS]
    for trigger in log.triggers:
        assert trigger.at is not None
        fixed_at = trigger.at.replace(microsecond=trigger.at.microsecond // 200_000 * 200_000)
        parts.append(message("GPS", fix_values(fixed_at)))
        parts.append(message(name, trigger_values(trigger, camera)))
    return parts


def track_parts(log: TriggerLog) -> list[bytes]:
    """Give a position and a battery each second: up in 20 s, past every trigger, down in 20 s."""
    known = [
        (trigger.at.timestamp(), trigger.lat_deg, trigger.lon_deg)
        for trigger in log.triggers
        if trigger.at is not None
    ]
    seconds, lats, lons = (np.array(column, dtype=float) for column in zip(*known, strict=True))
    boot_s = START.timestamp() - 90
    begin, end = float(seconds[0]) - 20, float(seconds[-1]) + 20
    parts = []
    for at in np.arange(begin, end + 1.0):
        height = float(np.clip(min(at - begin, end - at) * 3.0, 0.0, 60.0))
        lat, lon = np.interp(at, seconds, lats), np.interp(at, seconds, lons)
        gone_us, used = (at - boot_s) * 1e6, 12.0 * (at - begin)
        parts.append(message("POS", (gone_us, lat, lon, 24.0 + height, height)))
        parts.append(message("BAT", (gone_us, 0, 16.6 - used / 2000, used, 98 - used / 50)))
    return parts


def text_log(log: TriggerLog) -> str:
    """Give a dataflash log as text, as Mission Planner converts it."""
    lines = [f"FMT, {KINDS[k]}, 50, {k}, {FORMATS[k][0]}, {FORMATS[k][1]}" for k in FORMATS]
    for trigger in log.triggers:
        assert trigger.at is not None
        lines.append("GPS, " + ", ".join(f"{v:.10g}" for v in fix_values(trigger.at)))
        lines.append("CAM, " + ", ".join(f"{v:.10g}" for v in trigger_values(trigger)))
    return "\n".join(lines) + "\n"


def mrk_lines(triggers: Iterable[CameraTrigger]) -> list[str]:
    """Give the time marks of a DJI drone."""
    lines = []
    for trigger in triggers:
        assert trigger.at is not None
        week, milliseconds = gps_of(trigger.at)
        lines.append(
            f"{trigger.sequence}\t{milliseconds / 1000:.6f}\t[{week}]\t    12,N\t    -3,E\t   190,V"
            f"\t{trigger.lat_deg:.8f},Lat\t{trigger.lon_deg:.8f},Lon"
            f"\t{trigger.height_m or 0:.3f},Ellh\t0.010600, 0.011900, 0.023100\t50,Q"
        )
    return lines

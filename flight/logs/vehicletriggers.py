"""Make triggers of the CAM and TRIG messages of a dataflash log.

CAM is written by the camera's feedback pin (or with the command, where there is none), TRIG with
the command: CAM is preferred. Older logs have neither ``I`` (camera) nor ``Img`` (count).

The moment is ``TimeUS`` on the clock that the log's own GPS messages give: ``GPSTime`` of the
message is the last fix, up to a whole fix interval (0.2 s) old.

Source: ArduPilot ``libraries/AP_Camera/LogStructure.h``; domain specification §6.5.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median
from typing import Final

from flight.logs.dataflash import BinaryLog, Record, TextLog
from flight.logs.gpstime import GPS_EPOCH, WEEK_S, utc_from_gps_time, utc_from_gps_week
from flight.logs.trigger import CameraTrigger, HeightFrame, TriggerLog, fixed
from inspection.errors import BadInput

WANTED: Final = frozenset({"CAM", "TRIG", "GPS"})


def read_dataflash(log: BinaryLog | TextLog, name: str, camera: int | None = None) -> TriggerLog:
    """Read the triggers of a dataflash log.

    Args:
        log: the messages CAM, TRIG and GPS of it.
        name: of the file, for people.
        camera: instance of the camera where the log has several.

    Raises:
        BadInput: when the log has no trigger, or those of several cameras and none is chosen.
    """
    messages = list(log)
    binary = isinstance(log, BinaryLog)
    kind, records, notes = _preferred(messages, name)
    records = _of_camera(records, camera, name)
    clock_s = boot_in_gps_s(record for message, record in messages if message == "GPS")
    losses = list(log.damage.sentences("bytes" if binary else "lines"))
    triggers = []
    for order, record in enumerate(records, start=1):
        try:
            triggers.append(_trigger(kind, record, order, clock_s))
        except (BadInput, KeyError, ValueError, OverflowError) as error:
            losses.append(f"{kind} message {order} is not used: {error!s:.200}")
    if not triggers:
        raise BadInput(f"{name}: no {kind} message is whole; {losses[-1]}")
    if clock_s is None:
        notes.append("no GPS message with a time: moments are those of the last fix (GPSTime)")
    return TriggerLog(
        name=name,
        form=f"ArduPilot dataflash, {'binary' if binary else 'text'}",
        triggers=tuple(triggers),
        losses=tuple(losses + _gaps(triggers)),
        notes=tuple(notes),
    )


def _preferred(
    messages: Iterable[tuple[str, Record]], name: str
) -> tuple[str, list[Record], list[str]]:
    """Choose CAM before TRIG."""
    by_kind: dict[str, list[Record]] = {"CAM": [], "TRIG": []}
    for kind, record in messages:
        if kind in by_kind:
            by_kind[kind].append(record)
    cam, trig = len(by_kind["CAM"]), len(by_kind["TRIG"])
    if not cam and not trig:
        raise BadInput(
            f"{name}: no CAM and no TRIG message; was the camera set up (CAM1_TYPE) and is "
            "LOG_BITMASK set to log it?"
        )
    note = f"{trig} TRIG messages beside {cam} CAM are not used: CAM is the camera's own answer"
    return ("CAM", by_kind["CAM"], [note] if trig else []) if cam else ("TRIG", by_kind["TRIG"], [])


def _of_camera(records: list[Record], camera: int | None, name: str) -> list[Record]:
    """Keep the messages of one camera."""
    counts: dict[int, int] = {}
    for record in records:
        counts[_instance(record)] = counts.get(_instance(record), 0) + 1
    if camera is None and len(counts) > 1:
        told = ", ".join(f"camera {one}: {count}" for one, count in sorted(counts.items()))
        raise BadInput(f"{name} has triggers of several cameras ({told}); choose one with --camera")
    if camera is not None and camera not in counts:
        raise BadInput(f"{name} has no trigger of camera {camera}, only of {sorted(counts)}")
    chosen = next(iter(counts)) if camera is None else camera
    return [record for record in records if _instance(record) == chosen]


def _instance(record: Record) -> int:
    """Give the camera of a message; older logs know only one."""
    value = record.get("I", 0)
    return value if isinstance(value, int) else 0


def boot_in_gps_s(fixes: Iterable[Record]) -> float | None:
    """Give GPS seconds since 1980 at TimeUS = 0, None when no fix has a time.

    The median is taken because a message is written some milliseconds, at times much more, after
    the moment of its fix.
    """
    offsets = [offset for offset in map(_offset_s, fixes) if offset is not None]
    return median(offsets) if offsets else None


def _offset_s(fix: Record) -> float | None:
    """Give GPS seconds since 1980 − seconds since boot of one fix, None when it has no time."""
    week, milliseconds, boot_us = (fix.get(name) for name in ("GWk", "GMS", "TimeUS"))
    if not (isinstance(week, int) and isinstance(milliseconds, int) and isinstance(boot_us, int)):
        return None
    status = fix.get("Status", 0)
    if not 1042 < week < 10_000 or isinstance(status, str) or status < 3:
        return None
    return week * WEEK_S + milliseconds / 1e3 - boot_us / 1e6


def _trigger(kind: str, record: Record, order: int, clock_s: float | None) -> CameraTrigger:
    """Make one trigger of one message."""
    lat_deg, lon_deg = fixed(float(record["Lat"]), float(record["Lng"]))
    return CameraTrigger(
        sequence=int(record.get("Img", order)),
        at=_moment(record, clock_s),
        lat_deg=lat_deg,
        lon_deg=lon_deg,
        height_m=_number(record, "Alt"),
        height_frame=HeightFrame.MSL,
        height_takeoff_m=_number(record, "RelAlt"),
        roll_deg=_number(record, "R", "Roll"),
        pitch_deg=_number(record, "P", "Pitch"),
        yaw_deg=_number(record, "Y", "Yaw"),
        source=kind,
    )


def _moment(record: Record, clock_s: float | None) -> datetime | None:
    """Give the UTC moment from the log's clock, else from the last fix, else none."""
    if clock_s is not None and "TimeUS" in record:
        gps = GPS_EPOCH + timedelta(seconds=clock_s + float(record["TimeUS"]) / 1e6)
        return utc_from_gps_time(gps)
    week = int(record.get("GPSWeek", 0))
    if week == 0:
        return None
    return utc_from_gps_week(week, float(record["GPSTime"]) / 1e3)


def _number(record: Record, *names: str) -> float | None:
    for name in names:
        if name in record:
            return float(record[name])
    return None


def _gaps(triggers: list[CameraTrigger]) -> list[str]:
    """Say where the vehicle's own count jumps: triggers that the log has lost."""
    said = []
    for before, after in pairwise(triggers):
        if after.sequence <= before.sequence:
            said.append(
                f"the count of triggers goes from {before.sequence} back to {after.sequence}: the "
                "vehicle was started again, or logged a trigger twice"
            )
        elif after.sequence - before.sequence > 1:
            said.append(
                f"the count of triggers jumps from {before.sequence} to {after.sequence}: "
                "triggers between are not in the log"
            )
    return said

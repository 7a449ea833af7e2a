"""Read the triggers of a telemetry log (``.tlog``): CAMERA_FEEDBACK or CAMERA_IMAGE_CAPTURED.

The only module of this package that imports pymavlink, and only when a telemetry log is read.
A message that radio noise has broken fails its checksum; it is counted.

Source: MAVLink ``ardupilotmega.xml`` (CAMERA_FEEDBACK 180) and ``common.xml``
(CAMERA_IMAGE_CAPTURED 263); a log is 8 bytes of µs since 1970 (big-endian), then one packet.
"""

import math
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from flight.logs.gpstime import GPS_EPOCH
from flight.logs.trigger import CameraTrigger, HeightFrame, TriggerLog, counted_on, fixed
from inspection.errors import BadInput

_UNIX: Final = datetime(1970, 1, 1, tzinfo=UTC)
EARLIEST: Final = GPS_EPOCH + timedelta(days=365 * 20)
"""An earlier moment (2000) is a vehicle's time since boot, not UTC."""


def is_telemetry(content: bytes) -> bool:
    """Tell whether a file begins with a stamped MAVLink packet (0xFE or 0xFD at byte 8)."""
    if len(content) < 9 or content[8] not in (0xFE, 0xFD):
        return False
    stamped_s = int.from_bytes(content[:8], "big") / 1e6
    return 9.4e8 < stamped_s < 4.2e9  # 1999–2103


def read_telemetry(path: Path) -> TriggerLog:
    """Read every trigger of a telemetry log.

    Raises:
        BadInput: when the log tells of no trigger.
    """
    counts: Counter[str] = Counter()
    feedback: list[CameraTrigger] = []
    captured: list[CameraTrigger] = []
    losses: list[str] = []
    for message in messages(path):
        kind = message.get_type()
        counts[kind] += 1
        try:
            if kind == "CAMERA_FEEDBACK":
                last = feedback[-1].sequence if feedback else None
                feedback.append(_from_feedback(message, last))
            elif kind == "CAMERA_IMAGE_CAPTURED":
                captured.append(_from_captured(message))
        except BadInput as error:
            losses.append(f"{kind} is not used: {error}")
    triggers = _once(feedback or captured)
    if not triggers:
        raise BadInput(
            f"{path.name}: neither CAMERA_FEEDBACK nor CAMERA_IMAGE_CAPTURED among "
            f"{sum(counts.values())} messages; use the log of the vehicle's own memory (.BIN)"
        )
    if counts["BAD_DATA"]:
        losses.append(
            f"{counts['BAD_DATA']} stretches fit no message (radio noise or damage) and were "
            "skipped; triggers may be missing there"
        )
    return TriggerLog(
        name=path.name,
        form="MAVLink telemetry",
        triggers=tuple(triggers),
        losses=tuple(losses + _gaps(triggers)),
        notes=("a radio link loses messages: the vehicle's own log (.BIN) is more complete",),
    )


def messages(path: Path) -> Iterator[Any]:
    """Give every message of the log, damaged stretches as BAD_DATA."""
    from pymavlink.dialects.v20 import ardupilotmega  # noqa: PLC0415 heavy, seldom needed

    parser: Any = ardupilotmega.MAVLink(None)
    parser.robust_parsing = True
    content = path.read_bytes()
    at = 0
    while at + 16 < len(content):
        length = _packet_length(content, at + 8)
        if length == 0 or at + 8 + length > len(content):
            yield ardupilotmega.MAVLink_bad_data(content[at : at + 1], "no packet here")
            at = _next_packet(content, at + 1)
            continue
        yield from parser.parse_buffer(content[at + 8 : at + 8 + length]) or ()
        at += 8 + length


def _packet_length(content: bytes, at: int) -> int:
    """Give the whole length of the packet that begins here, 0 when none does."""
    if content[at] == 0xFE:
        return 8 + content[at + 1]
    if content[at] == 0xFD:
        signed = 13 if content[at + 2] & 1 else 0
        return 12 + content[at + 1] + signed
    return 0


def _next_packet(content: bytes, start: int) -> int:
    """Find the next stamp that is followed by a packet, or the end."""
    at = start
    while at + 16 < len(content):
        if is_telemetry(content[at : at + 9]):
            return at
        at += 1
    return len(content)


def _from_feedback(message: Any, last: int | None) -> CameraTrigger:  # noqa: ANN401 of pymavlink
    lat_deg, lon_deg = fixed(message.lat / 1e7, message.lng / 1e7)
    return CameraTrigger(
        sequence=counted_on(int(message.img_idx), last),
        at=_moment(message.time_usec),
        lat_deg=lat_deg,
        lon_deg=lon_deg,
        height_m=float(message.alt_msl),
        height_frame=HeightFrame.MSL,
        height_takeoff_m=float(message.alt_rel),
        roll_deg=_known(message.roll),
        pitch_deg=_known(message.pitch),
        yaw_deg=_known(message.yaw),
        source="CAMERA_FEEDBACK",
    )


def _from_captured(message: Any) -> CameraTrigger:  # noqa: ANN401 as above
    lat_deg, lon_deg = fixed(message.lat / 1e7, message.lon / 1e7)
    return CameraTrigger(
        sequence=int(message.image_index),
        at=_moment(message.time_utc),
        lat_deg=lat_deg,
        lon_deg=lon_deg,
        height_m=message.alt / 1e3,
        height_frame=HeightFrame.MSL,
        height_takeoff_m=message.relative_alt / 1e3,
        source="CAMERA_IMAGE_CAPTURED",
    )


def _known(value: float) -> float | None:
    """Give a number, None for the NaN of an unknown one."""
    return float(value) if math.isfinite(value) else None


def _moment(microseconds: int) -> datetime | None:
    """Give the UTC moment of µs since 1970, None for a time since boot or 0."""
    try:
        moment = _UNIX + timedelta(microseconds=microseconds)
    except OverflowError:
        return None
    return moment if moment > EARLIEST else None


def _once(triggers: list[CameraTrigger]) -> list[CameraTrigger]:
    """Leave out repeats: two radio links bring the same message twice."""
    seen: set[tuple[int, datetime | None]] = set()
    kept = []
    for trigger in triggers:
        key = (trigger.sequence, trigger.at)
        if key not in seen:
            kept.append(trigger)
        seen.add(key)
    return kept


def _gaps(triggers: list[CameraTrigger]) -> list[str]:
    """Say where the vehicle's own count jumps: triggers that the radio has lost."""
    return [
        f"the count of triggers jumps from {before.sequence} to {after.sequence}: "
        "triggers between did not reach this log"
        for before, after in pairwise(triggers)
        if after.sequence - before.sequence > 1
    ]

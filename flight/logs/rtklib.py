"""Read the events that RTKLIB solves (``*_events.pos``): a position for every mark of the camera.

Source: RTKLIB 2.4.2 manual, appendix B.2 (positioning solution file): comment lines begin with
``%``; the last of them names the columns and the time scale (GPST, UTC or JST).
"""

import re
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from statistics import median
from typing import Final

from flight.logs.gpstime import utc_from_gps_time, utc_from_gps_week
from flight.logs.trigger import CameraTrigger, HeightFrame, TriggerLog
from inspection.errors import BadInput

_SCALE: Final = re.compile(r"^%\s+(GPST|UTC|JST)\s+(?:latitude|x-ecef|e-baseline)", re.MULTILINE)
TRACK_ROWS: Final = 100
"""With so many rows at an even beat of a second or less, a file is a track and no events."""


def is_rtklib(head: str) -> bool:
    """Tell whether a file begins as an RTKLIB solution."""
    return head.lstrip().startswith("%") and _SCALE.search(head) is not None


def read_rtklib(content: str, name: str) -> TriggerLog:
    """Read every row of a solution in latitude, longitude, height.

    Raises:
        BadInput: for another form of solution, a track instead of events, or no usable row.
    """
    scale = _scale(content, name)
    frame = HeightFrame.ELLIPSOID if "ellipsoidal" in content[:4096] else HeightFrame.UNKNOWN
    frame = HeightFrame.MSL if "geodetic" in content[:4096] else frame
    triggers: list[CameraTrigger] = []
    losses: list[str] = []
    columns = 0
    for number, line in enumerate(content.splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("%"):
            continue
        cells = line.split()
        columns = columns or len(cells)
        try:
            if len(cells) < columns:
                raise BadInput(f"it has {len(cells)} of {columns} columns")
            triggers.append(_trigger(cells, scale, frame, len(triggers) + 1))
        except (ValueError, IndexError, BadInput) as error:
            losses.append(f"line {number} is not used: {error}: {line.strip()[:60]!r}")
    if not triggers:
        raise BadInput(f"{name} holds no row with a time and a position")
    _refuse_track(triggers, name)
    return TriggerLog(
        name=name, form="RTKLIB positions", triggers=tuple(triggers), losses=tuple(losses)
    )


def _scale(content: str, name: str) -> str:
    found = _SCALE.search(content)
    if found is None or "latitude" not in found[0]:
        raise BadInput(
            f"{name}: this RTKLIB solution is not in latitude/longitude/height; solve it again "
            "with out-solformat=llh"
        )
    if "latitude(d'\")" in content:
        raise BadInput(f"{name}: latitudes are in degrees, minutes, seconds; use out-degform=deg")
    return found[1]


def _trigger(cells: list[str], scale: str, frame: HeightFrame, order: int) -> CameraTrigger:
    return CameraTrigger(
        sequence=order,
        at=_moment(cells[0], cells[1], scale),
        lat_deg=float(cells[2]),
        lon_deg=float(cells[3]),
        height_m=float(cells[4]),
        height_frame=frame,
        quality=cells[5],
        std_n_m=float(cells[7]),
        std_e_m=float(cells[8]),
        std_u_m=float(cells[9]),
        source="RTKLIB",
    )


def _moment(first: str, second: str, scale: str) -> datetime:
    """Give the UTC moment of ``2026/11/23 11:30:47.800`` or of week and seconds."""
    if "/" not in first:
        return utc_from_gps_week(int(first), float(second))
    whole, _, fraction = second.partition(".")
    told = datetime.strptime(f"{first} {whole}", "%Y/%m/%d %H:%M:%S").replace(tzinfo=UTC)
    told += timedelta(seconds=float(f"0.{fraction or 0}"))
    if scale == "GPST":
        return utc_from_gps_time(told)
    return told - timedelta(hours=9) if scale == "JST" else told


def _refuse_track(triggers: list[CameraTrigger], name: str) -> None:
    """Refuse a continuous solution: its rows are epochs of the receiver, not photos."""
    moments = [trigger.at.timestamp() for trigger in triggers if trigger.at is not None]
    steps = [after - before for before, after in pairwise(moments)]
    if len(steps) < TRACK_ROWS:
        return
    beat = median(steps)
    if beat <= 1.0 and sum(abs(step - beat) < 0.002 for step in steps) > 0.95 * len(steps):
        raise BadInput(
            f"{name} is a track ({len(triggers)} rows, one each {beat:.2f} s), not the events of "
            "a camera; give the *_events.pos that RTKLIB writes beside it"
        )

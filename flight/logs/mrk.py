"""Read the time-mark file that DJI RTK drones write beside their photos (``*_Timestamp.MRK``).

One line a photo: ``seq  GPS-seconds-of-week  [week]  dN,N  dE,E  dV,V  lat,Lat  lon,Lon  h,Ellh
σN, σE, σV  flag,Q``. Latitude, longitude and height already are the camera's; the offsets dN, dE,
dV (mm) belong to a post-processed *antenna* solution and are not added here.

Source: domain specification §6.5.
"""

import re
from typing import Final

from flight.logs.gpstime import utc_from_gps_week
from flight.logs.trigger import CameraTrigger, HeightFrame, TriggerLog
from inspection.errors import BadInput

_NUMBER = r"[-+]?[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?"
_SEPARATED = r"[\s,]+"
_LINE: Final = re.compile(
    rf"\s*(?P<seq>[0-9]+)\s+(?P<second>{_NUMBER})\s+\[(?P<week>[0-9]+)\]\s+"
    rf"{_NUMBER}\s*,\s*N\s+{_NUMBER}\s*,\s*E\s+{_NUMBER}\s*,\s*V\s+"
    rf"(?P<lat>{_NUMBER})\s*,\s*Lat\s+(?P<lon>{_NUMBER})\s*,\s*Lon\s+(?P<h>{_NUMBER})\s*,\s*Ellh\s+"
    rf"(?P<n>{_NUMBER}){_SEPARATED}(?P<e>{_NUMBER}){_SEPARATED}(?P<u>{_NUMBER})\s+"
    rf"(?P<flag>[0-9]+)\s*,\s*Q\s*"
)


def is_mrk(head: str) -> bool:
    """Tell whether one of the first lines of a file is a time mark."""
    return any(_LINE.fullmatch(line) for line in head.splitlines()[:20])


def read_mrk(content: str, name: str) -> TriggerLog:
    """Read every time mark; a line that is none is told as a loss.

    Raises:
        BadInput: when no line is a time mark.
    """
    triggers: list[CameraTrigger] = []
    losses: list[str] = []
    for number, line in enumerate(content.splitlines(), start=1):
        if not line.strip():
            continue
        found = _LINE.fullmatch(line)
        if found is None:
            losses.append(f"line {number} is no time mark and not used: {line.strip()[:60]!r}")
            continue
        try:
            triggers.append(_trigger(found))
        except (BadInput, ValueError, OverflowError) as error:
            losses.append(f"line {number} is not used: {error!s:.200}")
    if not triggers:
        raise BadInput(f"{name} holds no time mark; is it the Timestamp.MRK of the flight?")
    return TriggerLog(
        name=name,
        form="DJI MRK",
        triggers=tuple(triggers),
        losses=tuple(losses),
        numbers_photos=True,
    )


def _trigger(found: re.Match[str]) -> CameraTrigger:
    return CameraTrigger(
        sequence=int(found["seq"]),
        at=utc_from_gps_week(int(found["week"]), float(found["second"])),
        lat_deg=float(found["lat"]),
        lon_deg=float(found["lon"]),
        height_m=float(found["h"]),
        height_frame=HeightFrame.ELLIPSOID,
        std_n_m=float(found["n"]),
        std_e_m=float(found["e"]),
        std_u_m=float(found["u"]),
        quality=found["flag"],
        source="MRK",
    )

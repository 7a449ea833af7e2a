"""Hold what one photo itself tells about its moment: clock, number, position."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

_NUMBERS: Final = re.compile(r"[0-9]+")
_DJI: Final = re.compile(r"DJI_[0-9]{14}_(?P<number>[0-9]{4})_[A-Z]+(?:_.*)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """Describe one photo to the alignment.

    Attributes:
        name: file name.
        camera_s: seconds since 1970 that the camera's clock showed, read as if it ran on UTC
            unless the file names its zone; None without a time.
        resolution_s: step of that clock: the exposure began within so many seconds after
            ``camera_s``.
        number: number of the photo that the camera counts, None when the name has none.
        lat_deg: WGS 84 latitude that the photo already carries, or None.
        lon_deg: likewise its longitude.
    """

    name: str
    camera_s: float | None
    resolution_s: float = 1.0
    number: int | None = None
    lat_deg: float | None = None
    lon_deg: float | None = None


def number_in_name(name: str) -> int | None:
    """Give the number that the camera counts from a file name, None when it has none.

    >>> number_in_name("DJI_0018.JPG"), number_in_name("DJI_20230501093000_0042_V.JPG")
    (18, 42)
    >>> number_in_name("pier.jpg") is None
    True
    """
    stem = name.rsplit(".", 1)[0]
    marked = _DJI.fullmatch(stem)
    if marked:
        return int(marked["number"])
    found = _NUMBERS.findall(stem)
    return int(found[-1]) if found and len(found[-1]) <= 9 else None


def with_honest_resolution(shots: Sequence[Shot]) -> tuple[Shot, ...]:
    """Give the shots with the clock's real step: a camera may fill its subseconds with one value.

    >>> lazy = [Shot(name=str(n), camera_s=5.0 * n, resolution_s=0.01) for n in range(4)]
    >>> {shot.resolution_s for shot in with_honest_resolution(lazy)}
    {1.0}
    """
    fine = [s for s in shots if s.camera_s is not None and s.resolution_s < 1.0]
    fractions = {round(math.fmod(shot.camera_s or 0.0, 1.0), 4) for shot in fine}
    if len(fine) < 4 or len(fractions) > 1:
        return tuple(shots)
    return tuple(
        replace(shot, camera_s=math.floor(shot.camera_s), resolution_s=1.0)
        if shot.camera_s is not None
        else shot
        for shot in shots
    )

"""Photos of a flight whose true triggers are known: removed, added, with a camera's own clock."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flight.geotag.alignment import Alignment
from flight.geotag.shot import Shot
from flight.logs.trigger import CameraTrigger, TriggerLog


@dataclass(frozen=True, slots=True, kw_only=True)
class Camera:
    """Say how a camera's clock runs and how late its shutter is.

    Attributes:
        offset_s: camera − UTC at the beginning of the log.
        drift_ppm: how much faster its clock runs.
        delays_s: of every trigger's exposure, cycled through.
        resolution_s: step of the time in EXIF.
    """

    offset_s: float = 3.7
    drift_ppm: float = 0.0
    delays_s: Sequence[float] = (0.0,)
    resolution_s: float = 0.01

    def shows(self, moment_s: float, start_s: float) -> float:
        """Give what the clock shows, cut to its step."""
        running = (moment_s - start_s) * (1 + self.drift_ppm * 1e-6)
        shown = start_s + self.offset_s + running
        return math.floor(shown / self.resolution_s + 1e-9) * self.resolution_s


def photograph(
    log: TriggerLog,
    camera: Camera,
    *,
    removed: frozenset[int] = frozenset(),
    added_s: Sequence[float] = (),
    placed: bool = False,
) -> tuple[list[Shot], dict[str, CameraTrigger | None]]:
    """Take the photos of a log.

    Args:
        log: the triggers, with their times.
        camera: clock and shutter.
        removed: indices of triggers whose photo is gone.
        added_s: moments of shots by hand, seconds after the first trigger.
        placed: give photos the positions of their triggers.

    Returns:
        The photos, and for every name its true trigger (None for a shot by hand).
    """
    start = _moment_s(log.triggers[0])
    taken: list[tuple[float, CameraTrigger | None]] = [
        (_moment_s(trigger) + camera.delays_s[index % len(camera.delays_s)], trigger)
        for index, trigger in enumerate(log.triggers)
        if index not in removed
    ]
    taken += [(start + second, None) for second in added_s]
    taken.sort(key=lambda pair: pair[0])
    shots, truth = [], {}
    for number, (moment, trigger) in enumerate(taken, start=1):
        name = f"DSC{number:05d}.JPG"
        truth[name] = trigger
        shots.append(
            Shot(
                name=name,
                camera_s=camera.shows(moment, start),
                resolution_s=camera.resolution_s,
                number=number,
                lat_deg=trigger.lat_deg if placed and trigger else None,
                lon_deg=trigger.lon_deg if placed and trigger else None,
            )
        )
    return shots, truth


def wrong(found: Alignment, truth: Mapping[str, CameraTrigger | None]) -> list[str]:
    """List photos of a trigger that were matched to another one."""
    return [
        f"{m.photo}: {m.trigger.sequence}"
        for m in found.matched
        if m.trigger is not None and truth[m.photo] is not None and m.trigger is not truth[m.photo]
    ]


def _moment_s(trigger: CameraTrigger) -> float:
    assert trigger.at is not None
    return trigger.at.timestamp()

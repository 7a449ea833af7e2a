"""Put stops into an order for some crews: wave by wave, the shortest way within each wave."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inspection.errors import BadInput

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tour:
    """Carry the stops of one crew in their order.

    Attributes:
        stops: rows of the matrix, from 1; 0 is where crews start.
        arrival_min: minutes after the start at which each is reached.
    """

    stops: tuple[int, ...]
    arrival_min: tuple[float, ...]


def tours(
    minutes: Floats, waves: Sequence[int], *, crews: int = 1, stop_min: float = 15.0
) -> tuple[Tour, ...]:
    """Send crews out.

    All stops of a wave are given out before the next wave begins: the crew that is free first takes
    the nearest one. Within a wave the way of each crew is then shortened by turning stretches
    around (2-opt). Stops that cannot be reached (inf) are in no tour.

    Args:
        minutes: driving time between the start (row 0) and the stops, (n + 1, n + 1), inf for none.
        waves: wave of each stop, (n,).
        crews: how many.
        stop_min: minutes spent at each stop.

    Raises:
        BadInput: when the shapes do not fit or there is no crew.
    """
    n = len(waves)
    if minutes.shape != (n + 1, n + 1):
        raise BadInput(f"{n} stops need a matrix of {n + 1} × {n + 1}, got {minutes.shape}")
    if not 1 <= crews <= 100 or not 0 <= stop_min <= 1440:
        raise BadInput(f"1 to 100 crews and 0 to 1440 minutes a stop, got {crews}, {stop_min:g}")
    ways: list[list[int]] = [[] for _ in range(crews)]
    for wave in sorted(set(waves)):
        waiting = [i + 1 for i in range(n) if waves[i] == wave and np.isfinite(minutes[0, i + 1])]
        begun = [len(way) for way in ways]
        _give_out(minutes, waiting, ways, stop_min)
        for way, start in zip(ways, begun, strict=True):
            before = way[start - 1] if start else 0
            way[start:] = _shortened(minutes, before, way[start:])
    return tuple(_timed(minutes, way, stop_min) for way in ways)


def _give_out(minutes: Floats, waiting: list[int], ways: list[list[int]], stop_min: float) -> None:
    """Give each stop to the crew that is free first and near."""
    free = [_length(minutes, way, stop_min) for way in ways]
    left = set(waiting)
    while left:
        crew = int(np.argmin(free))
        here = ways[crew][-1] if ways[crew] else 0
        nearest = min(left, key=lambda stop: (minutes[here, stop], stop))
        left.remove(nearest)
        ways[crew].append(nearest)
        free[crew] += float(minutes[here, nearest]) + stop_min


def _length(minutes: Floats, way: Sequence[int], stop_min: float) -> float:
    legs = [0, *way]
    drive = sum(float(minutes[a, b]) for a, b in zip(legs, way, strict=False))
    return drive + stop_min * len(way)


def _shortened(minutes: Floats, before: int, way: list[int]) -> list[int]:
    """Turn stretches around as long as that shortens the way; times are the same both ways."""
    best = np.array([before, *way])
    improved = len(way) > 1
    while improved:
        improved = False
        for i in range(1, len(best) - 1):
            ends = np.arange(i + 1, len(best))
            beyond = np.minimum(ends + 1, len(best) - 1)
            joins = ends + 1 < len(best)  # the last stretch leads nowhere further
            gain = minutes[best[i - 1], best[i]] - minutes[best[i - 1], best[ends]]
            gain = gain + joins * (
                minutes[best[ends], best[beyond]] - minutes[best[i], best[beyond]]
            )
            at = int(np.argmax(gain))
            if gain[at] > 1e-9:
                best[i : ends[at] + 1] = best[i : ends[at] + 1][::-1]
                improved = True
    return [int(stop) for stop in best[1:]]


def _timed(minutes: Floats, way: Sequence[int], stop_min: float) -> Tour:
    clock, here, arrival = 0.0, 0, []
    for stop in way:
        clock += float(minutes[here, stop])
        arrival.append(clock)
        clock, here = clock + stop_min, stop
    return Tour(stops=tuple(way), arrival_min=tuple(arrival))

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
    """Turn stretches around and move single stops as long as that shortens the way.

    Times are the same both ways.
    """
    best = np.array([before, *way])
    while len(way) > 1 and (_turned(minutes, best) or _moved(minutes, best)):
        pass
    return [int(stop) for stop in best[1:]]


def _turned(minutes: Floats, way: NDArray[np.int64]) -> bool:
    """Turn around the stretches that lead to a shorter way (2-opt), in place."""
    improved = False
    for i in range(1, len(way) - 1):
        ends = np.arange(i + 1, len(way))
        beyond = np.minimum(ends + 1, len(way) - 1)
        joins = ends + 1 < len(way)  # the last stretch leads nowhere further
        gain = minutes[way[i - 1], way[i]] - minutes[way[i - 1], way[ends]]
        gain = gain + joins * (minutes[way[ends], way[beyond]] - minutes[way[i], way[beyond]])
        at = int(np.argmax(gain))
        if gain[at] > 1e-9:
            way[i : ends[at] + 1] = way[i : ends[at] + 1][::-1]
            improved = True
    return improved


def _moved(minutes: Floats, way: NDArray[np.int64]) -> bool:
    """Move the first stop that leads to a shorter way elsewhere, in place."""
    for i in range(1, len(way)):
        rest, stop = np.delete(way, i), way[i]
        saved = minutes[way[i - 1], stop]
        if i + 1 < len(way):
            saved = saved + minutes[stop, way[i + 1]] - minutes[way[i - 1], way[i + 1]]
        added = minutes[rest, stop]
        added[:-1] += minutes[stop, rest[1:]] - minutes[rest[:-1], rest[1:]]
        at = int(np.argmin(added))
        if added[at] < saved - 1e-9:
            way[:] = np.insert(rest, at + 1, stop)
            return True
    return False


def _timed(minutes: Floats, way: Sequence[int], stop_min: float) -> Tour:
    clock, here, arrival = 0.0, 0, []
    for stop in way:
        clock += float(minutes[here, stop])
        arrival.append(clock)
        clock, here = clock + stop_min, stop
    return Tour(stops=tuple(way), arrival_min=tuple(arrival))

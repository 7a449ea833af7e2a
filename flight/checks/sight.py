"""Know whether the pilot sees the craft: far enough away, or behind something."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flight.checks.course import Course
from flight.checks.structure import Obstacle, nearest_to
from flight.checks.terrain import Terrain

Floats = NDArray[np.float64]

SIZE_SOURCE = "EASA, guidelines on SORA: attitude line of sight 327 × size + 20 m (K-M)"
STEP_M = 5.0
MAX_PLACES = 4000


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """Say how a course is seen.

    Attributes:
        farthest_m: greatest distance from the pilot's eye.
        farthest_leg: where.
        hidden: legs that are hidden somewhere.
        behind: what hides the first of them.
    """

    farthest_m: float
    farthest_leg: int
    hidden: tuple[int, ...]
    behind: str


def sight_limit_m(span_m: float) -> float:
    """Give how far a craft is seen well enough to tell its attitude, metres.

    Source: ``SIZE_SOURCE``.

    >>> round(sight_limit_m(0.62))
    223
    """
    return 327.0 * span_m + 20.0


def look(
    course: Course, eye_m: Floats, *, terrain: Terrain | None, obstacles: Sequence[Obstacle]
) -> Sight:
    """Look at every leg from the pilot's eye, (3,) course metres.

    The line of sight is met by terrain that stands above it and by structures. Places are taken
    every 5 m (fewer on very long courses).
    """
    places, legs = _places(course)
    away_m = np.linalg.norm(places - eye_m, axis=1)
    hidden = np.zeros(len(places), dtype=bool)
    behind = np.full(len(places), "", dtype=object)
    if terrain is not None:
        below = _behind_ground(places, eye_m, terrain)
        hidden, behind[below] = below, terrain.name
    if obstacles:
        eyes = np.broadcast_to(eye_m, places.shape)
        met = nearest_to(eyes, places, obstacles, 0.05)
        walled = met.distance_m <= 1e-6
        behind[walled & ~hidden] = [obstacles[n].name for n in met.obstacle[walled & ~hidden]]
        hidden |= walled
    first = int(np.argmax(hidden)) if hidden.any() else -1
    farthest = int(np.argmax(away_m))
    return Sight(
        farthest_m=float(away_m[farthest]),
        farthest_leg=int(legs[farthest]),
        hidden=tuple(sorted(set(legs[hidden].tolist()))),
        behind=str(behind[first]) if first >= 0 else "",
    )


def _places(course: Course) -> tuple[Floats, NDArray[np.int_]]:
    """Give places along the legs, (n, 3), with the leg of each; the ends of legs are among them."""
    step_m = max(STEP_M, sum(leg.length_m for leg in course.legs) / MAX_PLACES)
    places, legs = [], []
    for at, leg in enumerate(course.legs):
        pieces = max(1, math.ceil(leg.length_m / step_m))
        share = np.linspace(0.0, 1.0, pieces + 1)[1:, None]
        places.append(leg.start_m + share * (leg.end_m - leg.start_m))
        legs.append(np.full(pieces, at))
    return np.concatenate(places), np.concatenate(legs)


def _behind_ground(places: Floats, eye_m: Floats, terrain: Terrain) -> NDArray[np.bool_]:
    """Tell which places the ground hides: the line of sight dips below it on the way."""
    away = np.linalg.norm(places[:, :2] - eye_m[:2], axis=1)
    count = max(3, min(400, math.ceil(float(away.max()) / terrain.step_m) + 1))
    hidden = np.zeros(len(places), dtype=bool)
    # the ends stand on or near the ground themselves and hide nothing
    for share in np.linspace(0.0, 1.0, count + 1)[1:-1]:
        line = eye_m + share * (places - eye_m)
        ground = terrain.ground_m(line[:, :2])
        hidden |= np.nan_to_num(ground, nan=-np.inf) > line[:, 2]
    return hidden

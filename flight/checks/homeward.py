"""Check the straight way home from every waypoint, as a lost link or a low battery takes it."""

from collections.abc import Sequence

import numpy as np

from flight.checks.course import Course, LegKind
from flight.checks.finding import Finding, Outcome
from flight.checks.nearest import nearest_approach
from flight.checks.structure import Obstacle, nearest_to
from flight.checks.terrain import Terrain

CHECK = "return_height"
SOURCE = "ArduCopter RTL: climb to RTL_ALT or stay higher, straight home; distances as domain §6.3"
MOST_PLACES = 300


def check_homeward(
    course: Course,
    *,
    terrain: Terrain | None,
    obstacles: Sequence[Obstacle],
    least_m: float,
    return_height_m: float,
) -> Finding:
    """Say whether the way home keeps its distance from ground and structures.

    The climb at the waypoint itself is not looked at: a craft below a deck cannot climb, and
    what it shall do there is the pilot's to decide.

    Args:
        course: what is flown.
        terrain: heights above take-off, or None.
        obstacles: structures, course metres.
        least_m: least distance.
        return_height_m: to which the craft climbs before it goes home, above take-off.
    """
    if terrain is None and not obstacles:
        return Finding(
            check=CHECK, outcome=Outcome.WARN, reason="return_height.none", source=SOURCE
        )
    ends = np.array([leg.end_m for leg in course.legs if leg.kind is LegKind.WORK])
    ends = ends[:: max(1, len(ends) // MOST_PLACES)]
    starts = ends.copy()
    starts[:, 2] = np.maximum(ends[:, 2], return_height_m)
    homes = np.column_stack([np.zeros((len(starts), 2)), starts[:, 2]])
    reach_m = least_m + 20.0
    room, names = np.full(len(starts), reach_m), np.full(len(starts), "", dtype=object)
    if obstacles:
        met = nearest_to(starts, homes, obstacles, reach_m)
        closer = met.distance_m < room
        room[closer] = met.distance_m[closer]
        names[closer] = [obstacles[at].name for at in met.obstacle[closer]]
    if terrain is not None:
        ground = nearest_approach(
            starts, homes, lambda points: terrain.distance_m(points, reach_m), enough_m=least_m
        )
        closer = ground.distance_m < room
        room[closer], names[closer] = ground.distance_m[closer], terrain.name
    worst = int(np.argmin(room))
    low = room < least_m
    facts: dict[str, float | int | str] = {
        "height_m": round(return_height_m, 1),
        "room_m": round(float(room[worst]), 1),
        "looked": len(starts),
    }
    if not low.any():
        return Finding(
            check=CHECK,
            outcome=Outcome.PASS,
            reason="return_height.clear",
            source=SOURCE,
            facts=facts,
        )
    return Finding(
        check=CHECK,
        outcome=Outcome.WARN,
        reason="return_height.low",
        source=SOURCE,
        facts=facts | {"places": int(low.sum()), "structure": str(names[worst])},
        place_latlon_deg=course.latlon_deg(starts[worst]),
    )

"""Time planning: a road corridor of 10 km and a large face; print the number of photos.

Limits of the issue: the corridor under 1 s, the face under 3 s, coverage included.
"""

import time
from collections.abc import Callable, Sequence

import numpy as np
from shapely import LineString

from flight.coverage import plan_coverage
from flight.drone import find_drone
from flight.flightplan import FlightPlan, Pattern
from flight.partition import split
from tests.support.planned import feature, planned

ROAD_LIMIT_S, FACE_LIMIT_S = 1.0, 3.0
REPEATS = 3
"""The best of them is told: the machine may be busy with something else."""


def road() -> FlightPlan:
    """Plan 10 km of winding road, 8 m wide, at 5 mm/px; take-off is half-way."""
    along = np.linspace(-4_850, 4_850, 400)
    line = LineString(np.column_stack([along, 150 * np.sin(along / 380)]))
    return planned(
        Pattern.CORRIDOR,
        feature(line, width_m=8.0),
        camera="dji_m3e_wide",
        gsd_mm=5.0,
        drone="dji_m3e",
    )


def face() -> FlightPlan:
    """Plan a wall of 200 × 30 m at 0.3 mm/px."""
    wall = feature(LineString([(-100, 20), (100, 20)]), bottom_m=3, top_m=33)
    return planned(Pattern.FACADE, wall, camera="dji_p1@50", gsd_mm=0.3, drone="dji_m350")


def _timed(make: Callable[[], FlightPlan]) -> tuple[float, float, float]:
    """Give seconds until the plan, its coverage and its missions are there."""
    start = time.perf_counter()
    plan = make()
    planned_s = time.perf_counter() - start
    plan_coverage(plan)
    covered_s = time.perf_counter() - start
    split(plan, find_drone(str(plan.drone_name)))
    return planned_s, covered_s, time.perf_counter() - start


def main(argv: Sequence[str]) -> int:
    """Print seconds and photos; 1 when a limit is exceeded."""
    del argv
    slow = False
    cases: tuple[tuple[str, Callable[[], FlightPlan], float], ...] = (
        ("10 km road, 8 m wide, 5 mm/px, dji_m3e_wide", road, ROAD_LIMIT_S),
        ("200 × 30 m face, 0.3 mm/px, dji_p1@50", face, FACE_LIMIT_S),
    )
    for title, make, limit_s in cases:
        runs = [_timed(make) for _ in range(REPEATS)]
        plan = make()
        seen = plan_coverage(plan)
        parts = split(plan, find_drone(str(plan.drone_name)))
        planned_s, covered_s, whole_s = (min(column) for column in zip(*runs, strict=True))
        slow |= covered_s > limit_s
        print(
            f"{title}: {len(plan.photos)} photos in {len(plan.rows)} rows, planned in "
            f"{planned_s:.2f} s, with coverage ({seen.good_share:.1%}) {covered_s:.2f} s "
            f"(limit {limit_s:g} s), with {len(parts)} missions {whole_s:.2f} s"
        )
    return 1 if slow else 0

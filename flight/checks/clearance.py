"""Check the room between the legs and the ground, and between the legs and structures."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from flight.checks.course import Course, LegKind
from flight.checks.finding import Finding, Outcome
from flight.checks.nearest import nearest_approach
from flight.checks.structure import Obstacle, nearest
from flight.checks.terrain import Terrain

SOURCE = "domain specification §6.3: ≥ 2 m with obstacle sensing, ≥ 3 m without, +1 m above 3 m/s"
CABLE_SOURCE = "domain specification §6.3: 1.5 × rotor diameter from cables"
CABLE_ROTORS = 1.5
GRAIN_M = 0.005
"""Distances closer than half a centimetre to a limit count as the limit."""
LOOK_M = 30.0
"""How far is looked for the nearest ground or structure."""


def check_terrain(course: Course, terrain: Terrain | None, *, least_m: float) -> Finding:
    """Say whether all work and return legs keep their distance from the ground.

    Take-off and landing touch the ground and are left out.

    Args:
        course: what is flown.
        terrain: heights above take-off, or None when there is no DEM.
        least_m: least distance, in any direction.
    """
    if terrain is None:
        return Finding(check="terrain", outcome=Outcome.WARN, reason="terrain.none", source=SOURCE)
    flown = [leg for leg in course.legs if leg.kind in (LegKind.WORK, LegKind.RETURN)]
    starts = np.array([leg.start_m for leg in flown])
    ends = np.array([leg.end_m for leg in flown])
    reach_m = least_m + LOOK_M
    found = nearest_approach(
        starts, ends, lambda points: terrain.distance_m(points, reach_m), enough_m=least_m
    )
    room_m = float(found.distance_m.min())
    low = found.distance_m < least_m - GRAIN_M
    unknown = _unknown_share(terrain, starts, ends)
    facts: dict[str, float | int | str] = {
        "room_m": round(room_m, 2),
        "least_m": least_m,
        "dem": terrain.name,
        "dem_step_m": round(terrain.step_m, 2),
        "unknown_percent": round(100 * unknown, 1),
    }
    reason = "terrain.low" if low.any() else "terrain.gap" if unknown > 0 else "terrain.clear"
    if reason == "terrain.clear" and room_m >= reach_m:
        reason = "terrain.far"
    worst = flown[found.nearest]
    return Finding(
        check="terrain",
        outcome=Outcome.REFUSE if low.any() else Outcome.WARN if unknown > 0 else Outcome.PASS,
        reason=reason,
        source=SOURCE,
        facts=facts | {"legs": int(low.sum())},
        items=tuple(sorted({flown[at].item for at in np.flatnonzero(low)})) or (worst.item,),
        place_latlon_deg=course.latlon_deg(found.place_m[found.nearest]),
    )


def check_structures(
    course: Course, obstacles: Sequence[Obstacle], *, least_m: float, rotor_m: float | None = None
) -> Finding:
    """Say whether all legs keep their distance from structures, measured exactly along each leg.

    Args:
        course: what is flown.
        obstacles: structures, course metres.
        least_m: least distance.
        rotor_m: diameter of a rotor; cables need 1.5 of it, where that is more.
    """
    if not obstacles:
        return Finding(
            check="structure", outcome=Outcome.WARN, reason="structure.none", source=SOURCE
        )
    cable_m = max(least_m, CABLE_ROTORS * (rotor_m or 0.0))
    margins = np.array([cable_m if one.kind == "cable" else least_m for one in obstacles])
    # every kind is asked alone, since the nearest of all may be far enough and a cable may not
    looked = []
    for limit_m in sorted(set(margins.tolist())):
        chosen = [one for one, margin in zip(obstacles, margins, strict=True) if margin == limit_m]
        found = nearest(course, chosen, limit_m + LOOK_M)
        at = int(np.argmin(found.distance_m))
        looked.append((float(found.distance_m[at]) - limit_m, limit_m, chosen, found, at))
    spare_m, limit_m, chosen, found, at = min(looked, key=lambda one: one[0])
    near = np.zeros(len(course.legs), dtype=bool)
    for _, margin_m, _, other, _ in looked:
        near |= other.distance_m < margin_m - GRAIN_M
    if found.obstacle[at] < 0:
        return Finding(
            check="structure",
            outcome=Outcome.PASS,
            reason="structure.far",
            source=SOURCE,
            facts={"look_m": LOOK_M + limit_m, "structures": len(obstacles)},
        )
    obstacle, leg = chosen[int(found.obstacle[at])], course.legs[at]
    return Finding(
        check="structure",
        outcome=Outcome.REFUSE if near.any() else Outcome.PASS,
        reason="structure.near" if near.any() else "structure.clear",
        source=CABLE_SOURCE if obstacle.kind == "cable" else SOURCE,
        facts={
            "room_m": round(spare_m + limit_m, 2),
            "least_m": limit_m,
            "structure": obstacle.name,
            "legs": int(near.sum()),
        },
        items=tuple(sorted({course.legs[n].item for n in np.flatnonzero(near)})) or (leg.item,),
        place_latlon_deg=course.latlon_deg((leg.start_m + leg.end_m) / 2),
    )


def _unknown_share(
    terrain: Terrain, starts: NDArray[np.float64], ends: NDArray[np.float64]
) -> float:
    """Give the share of the way, by length, over which the DEM says nothing."""
    length = np.linalg.norm(ends - starts, axis=1)
    unknown = 0.0
    for start, end, way in zip(starts, ends, length, strict=True):
        count = max(2, int(way / terrain.step_m) + 1)
        points = start + np.linspace(0, 1, count)[:, None] * (end - start)
        unknown += way * float(np.isnan(terrain.ground_m(points[:, :2])).mean())
    return unknown / float(length.sum()) if length.sum() > 0 else 0.0

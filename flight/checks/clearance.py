"""Check the room between the legs and the ground, and between the legs and structures."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flight.checks.course import Course, LegKind
from flight.checks.finding import Finding, Outcome
from flight.checks.nearest import nearest_approach
from flight.checks.structure import SEEN, Obstacle, nearest
from flight.checks.terrain import Terrain

SOURCE = "domain specification §6.3: ≥ 2 m with obstacle sensing, ≥ 3 m without, +1 m above 3 m/s"
CABLE_SOURCE = "domain specification §6.3: 1.5 × rotor diameter from cables"
CABLE_ROTORS = 1.5
GRAIN_M = 0.005
"""Distances closer than half a centimetre to a limit count as the limit."""
ON_GROUND = (LegKind.TAKEOFF, LegKind.LANDING)
LOOK_M = 30.0
"""How far is looked for the nearest ground or structure."""

TAKEOFF_AGREES_M = 3.0
"""Up to this a DEM and a stated height of take-off agree: DEMs of 5 m cells are good to 1–2 m."""


def check_takeoff_height(course: Course, terrain: Terrain | None) -> tuple[Finding, ...]:
    """Say where a stated height of take-off and that of the DEM differ; nothing where they agree.

    Every height over ground is off by as much, and so is every distance from it. A deck or a roof
    may be the reason.

    Args:
        course: what is flown; its origin is take-off.
        terrain: heights above take-off, or None when there is no DEM.
    """
    if terrain is None:
        return ()
    ground_m = float(terrain.ground_m(np.zeros((1, 2)))[0])
    if not abs(ground_m) > TAKEOFF_AGREES_M:  # NaN: the DEM says nothing there
        return ()
    facts: dict[str, float | int | str] = {
        "dem": terrain.name,
        "off_m": round(abs(ground_m), 1),
        "takeoff_msl_m": round(course.takeoff_msl_m or 0.0, 1),
        "dem_msl_m": round((course.takeoff_msl_m or 0.0) + ground_m, 1),
    }
    return (
        Finding(
            check="takeoff_height",
            outcome=Outcome.WARN,
            reason="takeoff.height_differs",
            source=SOURCE,
            facts=facts,
        ),
    )


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
    flown = [leg for leg in course.legs if leg.kind not in ON_GROUND]
    starts = np.array([leg.start_m for leg in flown])
    if not flown:  # straight up and down: the highest place is all that is in the air
        top = max(course.legs, key=lambda leg: float(leg.end_m[2]))
        flown, starts = [top], top.end_m[None]
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
    looked = _look(course, obstacles, least_m, max(least_m, CABLE_ROTORS * (rotor_m or 0.0)))
    worst = min(looked, key=lambda one: one.spare_m)
    near = np.zeros(len(course.legs), dtype=bool)
    for one in looked:
        near |= one.distance_m < one.limit_m - GRAIN_M
    if worst.nearest is None:
        return Finding(
            check="structure",
            outcome=Outcome.PASS,
            reason="structure.far",
            source=SOURCE,
            facts={"look_m": LOOK_M + worst.limit_m, "structures": len(obstacles)},
        )
    leg = course.legs[worst.leg]
    return Finding(
        check="structure",
        outcome=Outcome.REFUSE if near.any() else Outcome.PASS,
        reason="structure.near" if near.any() else "structure.clear",
        source=CABLE_SOURCE if worst.limit_m > least_m else SOURCE,
        facts={
            "room_m": round(worst.spare_m + worst.limit_m, 2),
            "least_m": worst.limit_m,
            "structure": worst.nearest.name,
            "legs": int(near.sum()),
        },
        items=tuple(sorted({course.legs[n].item for n in np.flatnonzero(near)})) or (leg.item,),
        place_latlon_deg=course.latlon_deg((leg.start_m + leg.end_m) / 2),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """Say how near the legs come to obstacles that share a limit.

    Attributes:
        limit_m: least distance from them.
        distance_m: (legs,) m.
        leg: that comes nearest.
        nearest: to which obstacle, None for none within reach.
    """

    limit_m: float
    distance_m: NDArray[np.float64]
    leg: int
    nearest: Obstacle | None

    @property
    def spare_m(self) -> float:
        """Give what is left of the room beyond the limit."""
        return float(self.distance_m[self.leg]) - self.limit_m


def _look(
    course: Course, obstacles: Sequence[Obstacle], least_m: float, cable_m: float
) -> list[_Look]:
    """Ask every kind alone: the nearest of all may be far enough away, and a cable may not."""
    groups: dict[tuple[float, bool], list[Obstacle]] = {}
    for one in obstacles:
        limit_m = cable_m if one.kind == "cable" else least_m
        groups.setdefault((limit_m, one.kind == SEEN), []).append(one)
    looked = []
    for (limit_m, seen), chosen in groups.items():
        found = nearest(course, chosen, limit_m + LOOK_M)
        asked = np.array([not (seen and leg.kind in ON_GROUND) for leg in course.legs])
        distance = np.where(asked, found.distance_m, found.reach_m)
        leg = int(np.argmin(distance))
        which = int(found.obstacle[leg]) if asked[leg] else -1
        near = None if which < 0 else chosen[which]
        looked.append(_Look(limit_m=limit_m, distance_m=distance, leg=leg, nearest=near))
    return looked


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

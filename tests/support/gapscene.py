"""A deck and a wall, planned, and what came of the plan."""

from dataclasses import replace
from typing import Any

import numpy as np

from flight.came import Came, CamePhoto
from flight.flightplan import FlightPlan, Pattern
from flight.poses import Poses, photos
from tests.support.flightplans import CAMERA, nadir_photo, small_plan

COUNT = 4000


def deck_plan(**changes: Any) -> FlightPlan:
    """Give 4 × 4 photos of 10 × 7.5 m over a deck of 20 m, everywhere in one photo or more."""
    spots = [(2 + 5.3 * i, 2 + 5.3 * j) for i in range(4) for j in range(4)]
    every = tuple(nadir_photo(n, x, y, row=n // 4) for n, (x, y) in enumerate(spots))
    fields: dict[str, Any] = {
        "photos": every,
        "surface_elements": ("deck", "deck"),
        "incidence_limit_deg": 20.0,
    }
    return replace(small_plan(), **(fields | changes))


def wall_plan() -> FlightPlan:
    """Give two rows of photos of a wall of 20 × 8 m that faces south, from 4 m."""
    a, b, c, d = (0, 10, 0), (20, 10, 0), (20, 10, 8), (0, 10, 8)
    surface = np.array([[a, b, c], [a, c, d]], dtype=np.float64)
    spots = [(x, z) for z in (6.5, 4.0, 1.5) for x in np.arange(1.5, 20, 2.6)]
    count = len(spots)
    poses = Poses(
        position_m=np.array([(x, 6.0, z) for x, z in spots]),
        yaw_deg=np.zeros(count),
        pitch_deg=np.zeros(count),
        target_m=np.array([(x, 10.0, z) for x, z in spots]),
        normal=np.tile([0.0, -1.0, 0.0], (count, 1)),
        row=np.arange(count) // 8,
        element=("pier",) * count,
    )
    return replace(
        small_plan(),
        pattern=Pattern.FACADE,
        photos=photos(CAMERA, poses),
        surface_m=surface,
        surface_elements=("pier", "pier"),
        gsd_m_per_px=0.001,
        incidence_limit_deg=20.0,
    )


def as_came(plan: FlightPlan, keep: Any = None) -> Came:
    """Let planned photos come exactly as planned."""
    kept = plan.photos if keep is None else [p for p in plan.photos if p.index in keep]
    return Came(
        photos=tuple(
            CamePhoto(
                name=f"{p.index}.jpg",
                position_m=p.position_m,
                yaw_deg=p.yaw_deg,
                pitch_deg=p.pitch_deg,
                camera=plan.camera,
            )
            for p in kept
        )
    )


def flown(plan: FlightPlan) -> Came:
    """Fly a plan perfectly."""
    return as_came(plan)

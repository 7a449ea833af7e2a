"""Plan a second, small flight for what the first one missed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from flight.capability import safe_standoff_m
from flight.coverage import Samples, good_pairs
from flight.flightplan import FlightPlan, PlannedPhoto, Trigger
from flight.gaps import Gaps, reach_m
from flight.poses import Poses, numbered, photos, towards

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MOST_NEW = 400
SPARE_SHARE = 0.005
"""Gaps that are left may be this share of all gaps: single samples at the rim of a surface."""
GRAIN_M = 1e-6
FROM_ABOVE = 0.7
"""A surface whose normal rises more steeply (45°) is looked at from above."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refly:
    """Carry the plan of a second flight.

    Attributes:
        plan: with photos for the gaps only; None when there is no gap.
        again: how many planned photos are taken again.
        new: how many photos are new.
        left_m2: of gaps that no photo of it sees as wished.
    """

    plan: FlightPlan | None
    again: int
    new: int
    left_m2: float


def plan_refly(
    plan: FlightPlan,
    gaps: Gaps,
    *,
    gsd_m_per_px: float | None = None,
    obstacle_sensing: bool = True,
    wind_m_s: float = 0.0,
    least_step_m: float = 0.0,
) -> Refly:
    """Plan photos for the gaps: as few of the planned ones as see them, then new ones.

    A new photo looks square at a gap from the plan's stand-off, or from nearer where a finer GSD
    is wanted; it is left out where that would be nearer than is safe, or beside a face lower than
    the lowest planned photo. Whether it can be flown to
    is for ``flight check`` to say, as for every plan.

    Args:
        plan: of the first flight.
        gaps: what it missed.
        gsd_m_per_px: finer than the plan's, when the photos that came proved too coarse.
        obstacle_sensing: of the craft, for the safe distance.
        wind_m_s: for the safe distance.
        least_step_m: of new photos from all others; some drones refuse less.
    """
    open_ = gaps.open
    gsd = min(plan.gsd_m_per_px, gsd_m_per_px or plan.gsd_m_per_px)
    wish = replace(plan, gsd_m_per_px=gsd)
    if not open_.any():
        return Refly(plan=None, again=0, new=0, left_m2=0.0)
    part = _only(gaps.samples, open_)
    need = (gaps.views - gaps.good[open_]).astype(np.int64)
    again, need = _choose(need, *_pairs_of(wish, plan.photos, part), len(plan.photos))
    chosen = [plan.photos[at] for at in again]
    standoff_m = gsd * plan.camera.focal_px
    safe_m = safe_standoff_m(obstacle_sensing=obstacle_sensing, wind_m_s=wind_m_s)
    fresh: list[PlannedPhoto] = []
    if standoff_m >= safe_m - 1e-9:
        apart = _Apart(part, standoff_m, [shot.position_m for shot in chosen], least_step_m)
        fresh, need = _fresh(wish, part, need, apart)
    left_m2 = float(part.weight_m2[need > 0].sum())
    made = _second(wish, chosen, fresh)
    return Refly(plan=made, again=len(chosen), new=len(fresh), left_m2=left_m2)


def _only(samples: Samples, keep: NDArray[np.bool_]) -> Samples:
    """Keep some samples."""
    return Samples(
        point_m=samples.point_m[keep],
        normal=samples.normal[keep],
        weight_m2=samples.weight_m2[keep],
        triangle=samples.triangle[keep],
    )


def _pairs_of(
    wish: FlightPlan, shots: Sequence[PlannedPhoto], samples: Samples
) -> tuple[Ints, Ints]:
    """Give which planned photo sees which sample as wished."""
    return good_pairs(
        camera=wish.camera,
        position_m=np.array([shot.position_m for shot in shots]).reshape(-1, 3),
        yaw_deg=np.array([shot.yaw_deg for shot in shots]),
        pitch_deg=np.array([shot.pitch_deg for shot in shots]),
        reach_m=np.full(len(shots), reach_m(wish)),
        surface_m=wish.surface_m,
        samples=samples,
        gsd_m_per_px=wish.gsd_m_per_px,
        incidence_limit_deg=wish.incidence_limit_deg,
    )


def _choose(need: Ints, photo: Ints, point: Ints, count: int) -> tuple[list[int], Ints]:
    """Choose few photos that give every sample what it needs; give what is still needed.

    Each time the photo that serves most samples is taken (greedy set cover).
    """
    need = need.copy()
    order = np.argsort(photo, kind="stable")
    starts = np.searchsorted(photo[order], np.arange(count + 1))
    sees = [point[order[starts[at] : starts[at + 1]]] for at in range(count)]
    gain = np.array([len(found) for found in sees], dtype=np.int64)
    chosen: list[int] = []
    while count and gain.max() > 0:
        best = int(gain.argmax())
        gain[best] = int((need[sees[best]] > 0).sum())  # it may have lost samples since
        if gain[best] > 0 and gain[best] >= gain.max():
            chosen.append(best)
            need[sees[best]] -= 1
            gain[best] = 0
    return sorted(chosen), np.maximum(need, 0)


class _Apart:
    """Know from which samples a square photo would be too near to one that is there."""

    def __init__(
        self, samples: Samples, standoff_m: float, places: Sequence[Floats], least_m: float
    ) -> None:
        self.standoff_m = standoff_m
        self._spots_m = samples.point_m + samples.normal * standoff_m
        self._least_m = least_m
        self.tried = np.zeros(len(self._spots_m), dtype=bool)
        for place in places:
            self.add(place)

    def add(self, place: Floats) -> None:
        """Try no sample whose photo would stand so near to a place."""
        if self._least_m > 0:
            self.tried |= np.linalg.norm(self._spots_m - place, axis=1) < self._least_m


def _fresh(
    wish: FlightPlan, samples: Samples, need: Ints, apart: _Apart
) -> tuple[list[PlannedPhoto], Ints]:
    """Take new photos, each square to a sample that still needs one.

    None of a face or a soffit is taken from lower than the lowest planned photo: the plan had its
    reason. From above, the stand-off is limit enough.
    """
    spare = SPARE_SHARE * float(samples.weight_m2.sum())
    lowest_m = min((float(p.position_m[2]) for p in wish.photos), default=-np.inf) - GRAIN_M
    fresh: list[PlannedPhoto] = []
    tried = apart.tried
    while len(fresh) < MOST_NEW:
        waiting = (need > 0) & ~tried
        if float(samples.weight_m2[waiting].sum()) <= spare:
            break
        at = _middle(samples.point_m, waiting)
        tried[at] = True
        shot = _square_on(wish, samples, at, apart.standoff_m)
        if samples.normal[at, 2] < FROM_ABOVE and shot.position_m[2] < lowest_m:
            continue
        _, point = _pairs_of(wish, [shot], samples)
        if (need[point] > 0).any():
            fresh.append(shot)
            apart.add(shot.position_m)
            need = need.copy()
            need[point] = np.maximum(need[point] - 1, 0)
    return fresh, need


def _middle(points: Floats, waiting: NDArray[np.bool_]) -> int:
    """Give the waiting sample nearest to the middle of the patch around the first of them."""
    index = np.flatnonzero(waiting)
    patch = points[index]
    first = patch[0]
    near = patch[np.linalg.norm(patch - first, axis=1) <= 5.0]
    centre = near.mean(axis=0)
    return int(index[np.linalg.norm(patch - centre, axis=1).argmin()])


def _square_on(wish: FlightPlan, samples: Samples, at: int, standoff_m: float) -> PlannedPhoto:
    """Look square at one sample."""
    target, normal = samples.point_m[at : at + 1], samples.normal[at : at + 1]
    position = target + normal * standoff_m
    yaw_deg, pitch_deg = towards(position, target)
    names = wish.surface_elements
    poses = Poses(
        position_m=position,
        yaw_deg=yaw_deg,
        pitch_deg=pitch_deg,
        target_m=target,
        normal=normal,
        row=np.zeros(1, dtype=np.int64),
        element=(names[samples.triangle[at]] if names else "",),
    )
    return photos(wish.camera, poses)[0]


def _second(
    wish: FlightPlan, chosen: Sequence[PlannedPhoto], fresh: Sequence[PlannedPhoto]
) -> FlightPlan | None:
    """Put the photos of the second flight in order: planned ones as planned, then the new ones."""
    every = [*chosen, *fresh]
    if not every:
        return None
    row = np.array([*(p.row for p in chosen), *range(10**6, 10**6 + len(fresh))], dtype=np.int64)
    index = np.array([*(p.index for p in chosen), *range(10**7, 10**7 + 2 * len(fresh), 2)])
    rows = numbered(row, np.diff(index) != 1)
    numbered_photos = tuple(
        replace(photo, index=at, row=int(rows[at])) for at, photo in enumerate(every)
    )
    note = f"second flight: {len(chosen)} planned photos again, {len(fresh)} new ones"
    return replace(
        wish,
        name=f"{wish.name} – second flight",
        photos=numbered_photos,
        trigger=Trigger.STOP,
        notes=(*wish.notes, note),
    )

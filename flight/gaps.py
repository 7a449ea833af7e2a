"""Find what a flight missed, and plan a second, small flight for just that.

The surface of the plan is sampled; a sample is good when as many photos that came as the plan
wants see it at the wanted GSD and angle. What is not good is a gap: seen but too coarse or too
oblique, seen too few times, or not seen at all.

Source: domain specification §6.3: gaps are reported per element before leaving the site.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from flight.came import Came, CamePhoto
from flight.capability import safe_standoff_m
from flight.coverage import Samples, coverage, good_pairs, sample
from flight.flightplan import FlightPlan, PlannedPhoto, Trigger
from flight.poses import Poses, numbered, photos, towards
from inspection.errors import BadInput
from inspection.geo.camera import Camera

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SAMPLES = 20_000
REACH = 2.0
"""Photos farther away than this, as a multiple of the plan's, see too coarsely to be looked at."""
MOST_NEW = 400
SPARE_SHARE = 0.005
"""Gaps that are left may be this share of all gaps: single samples at the rim of a surface."""
MATCH_M = 1.5
"""A photo that came this near to a planned one, looking the same way, is that photo."""
MATCH_DEG = 15.0


class Seen(StrEnum):
    """Say how a place was seen."""

    GOOD = "good"
    FEW = "few"
    COARSE = "coarse"
    UNSEEN = "unseen"


@dataclass(frozen=True, slots=True, kw_only=True)
class ElementGap:
    """Say how much of an element is good and what is not, in square metres."""

    element: str
    area_m2: float
    good_m2: float
    few_m2: float
    coarse_m2: float
    unseen_m2: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Gaps:
    """Carry what n samples of the plan's surface were seen by.

    Attributes:
        samples: the points.
        seen: (n,) photos that see the point at all.
        good: (n,) photos that see it as wished.
        best_gsd_m_per_px: (n,) finest, infinite where unseen.
        element: n names.
        views: least number of good photos.
        missing: indices of planned photos that did not come.
    """

    samples: Samples
    seen: Ints
    good: Ints
    best_gsd_m_per_px: Floats
    element: tuple[str, ...]
    views: int
    missing: tuple[int, ...]

    @property
    def open(self) -> NDArray[np.bool_]:
        """Tell which samples are gaps, (n,)."""
        return np.asarray(self.good < self.views)

    @property
    def good_share(self) -> float:
        """Give the share of the surface that is good, 0–1."""
        weight = self.samples.weight_m2
        return float(weight[~self.open].sum() / weight.sum())

    def kind(self) -> NDArray[np.object_]:
        """Say how each sample was seen, (n,) of ``Seen``."""
        kinds = np.full(len(self.seen), Seen.GOOD, dtype=object)
        kinds[self.open & (self.good > 0)] = Seen.FEW
        kinds[self.open & (self.good == 0) & (self.seen > 0)] = Seen.COARSE
        kinds[self.seen == 0] = Seen.UNSEEN
        return kinds

    def by_element(self) -> tuple[ElementGap, ...]:
        """Sum up each element, in order of the plan."""
        names, kinds = np.array(self.element, dtype=object), self.kind()
        weight = self.samples.weight_m2
        found = []
        for name in dict.fromkeys(self.element):
            areas = {k: float(weight[(names == name) & (kinds == k)].sum()) for k in Seen}
            found.append(
                ElementGap(
                    element=name,
                    area_m2=sum(areas.values()),
                    good_m2=areas[Seen.GOOD],
                    few_m2=areas[Seen.FEW],
                    coarse_m2=areas[Seen.COARSE],
                    unseen_m2=areas[Seen.UNSEEN],
                )
            )
        return tuple(found)


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


def find_gaps(plan: FlightPlan, came: Came, *, count: int = SAMPLES) -> Gaps:
    """Compare what came with what the plan wants to be seen.

    Args:
        plan: with its surface.
        came: photos in the plan's frame.
        count: of samples on the surface.

    Raises:
        BadInput: when the plan has no surface.
    """
    if not len(plan.surface_m):
        raise BadInput(f"plan {plan.name!r} has no surface, so nobody can say what is missing")
    samples = sample(plan.surface_m, count)
    seen, good = (np.zeros(len(samples.point_m), dtype=np.int64) for _ in range(2))
    best = np.full(len(samples.point_m), np.inf)
    for camera, shots in _by_camera(came.photos):
        found = coverage(
            camera=camera,
            position_m=np.array([shot.position_m for shot in shots]),
            near_m=np.array([shot.position_m for shot in shots]),
            yaw_deg=np.array([shot.yaw_deg for shot in shots]),
            pitch_deg=np.array([shot.pitch_deg for shot in shots]),
            reach_m=np.full(len(shots), reach_m(plan)),
            surface_m=plan.surface_m,
            elements=plan.surface_elements,
            gsd_m_per_px=plan.gsd_m_per_px,
            incidence_limit_deg=plan.incidence_limit_deg,
            views=plan.views,
            count=count,
        )
        seen, good = seen + found.seen, good + found.good
        best = np.minimum(best, found.best_gsd_m_per_px)
    names = plan.surface_elements
    return Gaps(
        samples=samples,
        seen=seen,
        good=good,
        best_gsd_m_per_px=best,
        element=tuple(names[t] for t in samples.triangle) if names else ("",) * len(seen),
        views=plan.views,
        missing=missing_photos(plan, came.photos),
    )


def reach_m(plan: FlightPlan) -> float:
    """Give from how far a photo is looked at: twice the farthest corner of a planned photo."""
    corners = np.array([photo.footprint_m for photo in plan.photos]).reshape(-1, 4, 3)
    slant = np.linalg.norm(corners - plan.positions_m[:, None], axis=2)
    return REACH * float(slant.max(initial=plan.gsd_m_per_px * plan.camera.focal_px))


def missing_photos(plan: FlightPlan, came: Sequence[CamePhoto]) -> tuple[int, ...]:
    """Name the planned photos at whose place nothing that looks the same way was taken."""
    if not came:
        return tuple(range(len(plan.photos)))
    tree = cKDTree(np.array([shot.position_m for shot in came]))
    axes = np.array([_axis(shot.yaw_deg, shot.pitch_deg) for shot in came])
    missing = []
    for photo in plan.photos:
        near = tree.query_ball_point(photo.position_m, MATCH_M)
        alike = axes[near] @ _axis(photo.yaw_deg, photo.pitch_deg) if near else np.empty(0)
        if not (alike >= np.cos(np.radians(MATCH_DEG))).any():
            missing.append(photo.index)
    return tuple(missing)


def plan_refly(
    plan: FlightPlan,
    gaps: Gaps,
    *,
    gsd_m_per_px: float | None = None,
    obstacle_sensing: bool = True,
    wind_m_s: float = 0.0,
) -> Refly:
    """Plan photos for the gaps: as few of the planned ones as see them, then new ones.

    A new photo looks square at a gap from the plan's stand-off, or from nearer where a finer GSD
    is wanted; it is left out where that would be nearer than is safe. Whether it can be flown to
    is for ``flight check`` to say, as for every plan.

    Args:
        plan: of the first flight.
        gaps: what it missed.
        gsd_m_per_px: finer than the plan's, when the photos that came proved too coarse.
        obstacle_sensing: of the craft, for the safe distance.
        wind_m_s: for the safe distance.
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
        fresh, need = _fresh(wish, part, need, standoff_m)
    left_m2 = float(part.weight_m2[need > 0].sum())
    made = _second(wish, chosen, fresh)
    return Refly(plan=made, again=len(chosen), new=len(fresh), left_m2=left_m2)


def _by_camera(came: Iterable[CamePhoto]) -> list[tuple[Camera, list[CamePhoto]]]:
    """Group photos by their camera."""
    groups: dict[Camera, list[CamePhoto]] = {}
    for shot in came:
        groups.setdefault(shot.camera, []).append(shot)
    return list(groups.items())


def _axis(yaw_deg: float, pitch_deg: float) -> Floats:
    """Give the optical axis as a unit vector."""
    yaw, pitch = np.radians([yaw_deg, pitch_deg])
    level = np.cos(pitch)
    return np.array([np.sin(yaw) * level, np.cos(yaw) * level, np.sin(pitch)])


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


def _fresh(
    wish: FlightPlan, samples: Samples, need: Ints, standoff_m: float
) -> tuple[list[PlannedPhoto], Ints]:
    """Take new photos, each square to a sample that still needs one."""
    spare = SPARE_SHARE * float(samples.weight_m2.sum())
    fresh: list[PlannedPhoto] = []
    tried = np.zeros(len(need), dtype=bool)
    while len(fresh) < MOST_NEW:
        waiting = (need > 0) & ~tried
        if float(samples.weight_m2[waiting].sum()) <= spare:
            break
        at = _middle(samples.point_m, waiting)
        tried[at] = True
        shot = _square_on(wish, samples, at, standoff_m)
        _, point = _pairs_of(wish, [shot], samples)
        if (need[point] > 0).any():
            fresh.append(shot)
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

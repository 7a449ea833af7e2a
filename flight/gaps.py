"""Find what a flight missed.

The surface of the plan is sampled; a sample is good when as many photos that came as the plan
wants see it at the wanted GSD and angle. What is not good is a gap: seen but too coarse or too
oblique, seen too few times, or not seen at all.

Source: domain specification §6.3: gaps are reported per element before leaving the site.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from flight.came import Came, CamePhoto
from flight.coverage import Samples, coverage, sample
from flight.flightplan import FlightPlan
from inspection.errors import BadInput
from inspection.geo.camera import Camera

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SAMPLES = 20_000
REACH = 2.0
"""Photos farther away than this, as a multiple of the plan's, see too coarsely to be looked at."""
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
    """Name the planned photos that nothing that came stands for.

    A photo that came stands for one planned photo at the most: the nearest pairs are tied first.
    """
    if not (came and plan.photos):
        return tuple(photo.index for photo in plan.photos)
    tree = cKDTree(np.array([shot.position_m for shot in came]))
    near = tree.query_ball_point(plan.positions_m, MATCH_M)
    planned = np.repeat(np.arange(len(near)), [len(found) for found in near])
    shot = np.array([at for found in near for at in found], dtype=np.int64)
    axes = [_axis(s.yaw_deg, s.pitch_deg) for s in came]
    wanted = [_axis(photo.yaw_deg, photo.pitch_deg) for photo in plan.photos]
    places = np.array([s.position_m for s in came])
    off_m = np.linalg.norm(plan.positions_m[planned] - places[shot], axis=1)
    taken, found = set(), set()
    for pair in np.argsort(off_m, kind="stable").tolist():
        photo, at = int(planned[pair]), int(shot[pair])
        alike = float(wanted[photo] @ axes[at]) >= np.cos(np.radians(MATCH_DEG))
        if alike and photo not in found and at not in taken:
            found.add(photo)
            taken.add(at)
    return tuple(photo.index for photo in plan.photos if photo.index not in found)


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

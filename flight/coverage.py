"""Compute what a plan, or the photos that really came, see of a surface.

The surface is sampled evenly. A photo sees a sample when it falls into the frame, from the right
side, and no other part of the surface is in between; it counts when the ground sample distance
there, in its worst direction, and the angle between optical axis and normal are as wished.

Source: domain specification §6.3 (coverage map = % of element surface with GSD ≤ target and
θ ≤ limit) and §6.2 (GSD may be 10 % off).
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from flight.flightplan import FlightPlan
from flight.occlusion import hidden
from flight.poses import rotations
from flight.surface import area_m2, normals
from inspection.errors import BadInput
from inspection.geo.camera import Camera

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

GSD_TOLERANCE = 1.10
SAMPLES = 20_000
FEWEST_SAMPLES = 2_500
MOST_PAIRS = 2_500_000
PHOTOS_AT_ONCE = 2_000
LEAST_SHARE = 1e-9
"""A triangle of a smaller share of the surface is a sliver without a direction."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Samples:
    """Carry points spread evenly over a surface.

    Attributes:
        point_m: (n, 3) local metres.
        normal: (n, 3) unit vectors out of the surface.
        weight_m2: (n,) of surface that a sample stands for.
        triangle: (n,) int64, of the surface.
    """

    point_m: Floats
    normal: Floats
    weight_m2: Floats
    triangle: Ints


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """Carry what n samples of a surface are seen by.

    Attributes:
        samples: the points.
        seen: (n,) int64, photos that see the point at all.
        good: (n,) int64, photos that see it at the wanted GSD and angle.
        best_gsd_m_per_px: (n,) finest of the photos that see it, infinite where none does.
        element: n names of the face, deck or pier.
        views: least number of good photos that was wanted.
    """

    samples: Samples
    seen: Ints
    good: Ints
    best_gsd_m_per_px: Floats
    element: tuple[str, ...]
    views: int

    @property
    def area_m2(self) -> float:
        """Give the area of the surface."""
        return float(self.samples.weight_m2.sum())

    @property
    def seen_share(self) -> float:
        """Give the share of the surface that any photo sees, 0–1."""
        return self._share(self.seen >= 1)

    @property
    def good_share(self) -> float:
        """Give the share that as many photos as wanted see at the wanted GSD and angle, 0–1."""
        return self.share(self.views)

    def share(self, views: int) -> float:
        """Give the share that at least so many photos see at the wanted GSD and angle, 0–1."""
        return self._share(self.good >= views)

    def by_element(self) -> dict[str, tuple[float, float]]:
        """Give area in m² and good share of every element, in order of the input."""
        names = np.array(self.element, dtype=object)
        found: dict[str, tuple[float, float]] = {}
        for name in dict.fromkeys(self.element):
            weight = self.samples.weight_m2 * (names == name)
            good = float(weight[self.good >= self.views].sum() / weight.sum())
            found[name] = (float(weight.sum()), good)
        return found

    def _share(self, kept: NDArray[np.bool_]) -> float:
        return float(self.samples.weight_m2[kept].sum() / self.samples.weight_m2.sum())


def sample(triangles_m: Floats, count: int = SAMPLES) -> Samples:
    """Spread points over (n, 3, 3) triangles, about ``count`` in all and at least one each.

    The same surface always gives the same points (a Kronecker sequence, one a triangle). Triangles
    without area, to which rounding in a file makes slivers, get none: they face nowhere.

    Raises:
        BadInput: when no triangle has an area.

    Source: M. Roberts, "The unreasonable effectiveness of quasirandom sequences", 2018 (R2).
    """
    areas = area_m2(triangles_m)
    if not areas.sum() > 0:
        raise BadInput("the surface has no area, so nobody can say what is seen of it")
    share = areas / areas.sum()
    real = share > LEAST_SHARE
    counts = np.where(real, np.maximum(1, np.round(share * count)), 0).astype(np.int64)
    triangle = np.repeat(np.arange(len(areas)), counts)
    order = np.arange(len(triangle)) - np.repeat(np.cumsum(counts) - counts, counts) + 1
    u, v = (0.5 + order * 0.7548776662466927) % 1.0, (0.5 + order * 0.5698402909980532) % 1.0
    over = u + v > 1
    u, v = np.where(over, 1 - u, u), np.where(over, 1 - v, v)
    a, b, c = (triangles_m[triangle, corner] for corner in range(3))
    return Samples(
        point_m=a + u[:, None] * (b - a) + v[:, None] * (c - a),
        normal=normals(triangles_m)[triangle],
        weight_m2=(areas / np.maximum(counts, 1))[triangle],
        triangle=triangle,
    )


def plan_coverage(plan: FlightPlan, *, count: int | None = None) -> Coverage:
    """Compute what the photos of a plan see of its surface.

    Args:
        plan: photos and surface.
        count: of samples; None takes 20 000, fewer where each is in very many photos.

    Raises:
        BadInput: when the plan has no surface.
    """
    if not len(plan.surface_m):
        raise BadInput(f"plan {plan.name!r} has no surface, so nobody can say what is seen of it")
    if count is None:
        seen_m2 = area_m2(_corners_m(plan)[:, :3]).sum() * 2
        deep = 3 * min(len(plan.photos), seen_m2 / max(float(area_m2(plan.surface_m).sum()), 1e-9))
        count = int(np.clip(MOST_PAIRS / max(deep, 1.0), FEWEST_SAMPLES, SAMPLES))
    return coverage(
        camera=plan.camera,
        position_m=plan.positions_m,
        near_m=_middles_m(plan),
        yaw_deg=np.array([photo.yaw_deg for photo in plan.photos]),
        pitch_deg=np.array([photo.pitch_deg for photo in plan.photos]),
        reach_m=_reach_m(plan),
        surface_m=plan.surface_m,
        elements=plan.surface_elements,
        gsd_m_per_px=plan.gsd_m_per_px,
        incidence_limit_deg=plan.incidence_limit_deg,
        views=plan.views,
        count=count,
    )


def coverage(
    *,
    camera: Camera,
    position_m: Floats,
    near_m: Floats,
    yaw_deg: Floats,
    pitch_deg: Floats,
    reach_m: Floats,
    surface_m: Floats,
    elements: tuple[str, ...],
    gsd_m_per_px: float,
    incidence_limit_deg: float,
    views: int = 1,
    count: int = SAMPLES,
) -> Coverage:
    """Compute what photos see of a surface.

    Args:
        camera: size and focal length in pixels.
        position_m: (m, 3) local metres of the cameras.
        near_m: (m, 3) middle of what each photo sees.
        yaw_deg: (m,) of the gimbals.
        pitch_deg: (m,) of the optical axes.
        reach_m: (m,) how far from that middle a photo may see something that counts.
        surface_m: (n, 3, 3) triangles.
        elements: name of every triangle, or nothing.
        gsd_m_per_px: wanted; 10 % more still count.
        incidence_limit_deg: wanted.
        views: least number of good photos.
        count: of samples on the surface.
    """
    samples = sample(surface_m, count)
    number = len(samples.point_m)
    seen, good = np.zeros(number, np.int64), np.zeros(number, np.int64)
    best = np.full(number, np.inf)
    turned = rotations(yaw_deg, pitch_deg)
    least_cosine = np.cos(np.radians(incidence_limit_deg)) - 1e-9
    for near in _pairs(samples.point_m, near_m, reach_m):
        photo, point, gsd, cosine = _views(near, position_m, turned, camera, samples)
        clear = ~hidden(
            position_m[photo], samples.point_m[point], surface_m, samples.triangle[point]
        )
        point, gsd, cosine = point[clear], gsd[clear], cosine[clear]
        fine = (gsd <= gsd_m_per_px * GSD_TOLERANCE) & (cosine >= least_cosine)
        seen += np.bincount(point, minlength=number)
        good += np.bincount(point[fine], minlength=number)
        np.minimum.at(best, point, gsd)
    names = tuple(elements[t] for t in samples.triangle) if elements else ("",) * number
    return Coverage(
        samples=samples,
        seen=seen,
        good=good,
        best_gsd_m_per_px=best,
        element=names,
        views=views,
    )


def _reach_m(plan: FlightPlan) -> Floats:
    """Give how far each photo sees: to the farthest corner of its footprint, and a little more."""
    corners = _corners_m(plan)
    away_m = np.linalg.norm(corners - corners.mean(axis=1, keepdims=True), axis=2)
    return np.asarray(1.3 * away_m.max(axis=1, initial=0))


def _middles_m(plan: FlightPlan) -> Floats:
    """Give the middles of the footprints, (n, 3)."""
    return np.asarray(_corners_m(plan).mean(axis=1))


def _corners_m(plan: FlightPlan) -> Floats:
    """Give the corners of the footprints, (n, 4, 3)."""
    return np.array([photo.footprint_m for photo in plan.photos]).reshape(-1, 4, 3)


def _pairs(points_m: Floats, near_m: Floats, reach_m: Floats) -> Iterator[tuple[Ints, Ints]]:
    """Give photos and samples within their reach, as pairs of indices, some photos at a time."""
    tree = cKDTree(points_m)
    for first in range(0, len(near_m), PHOTOS_AT_ONCE):
        some = slice(first, first + PHOTOS_AT_ONCE)
        near = tree.query_ball_point(near_m[some], reach_m[some], return_sorted=False)
        counts = np.array([len(found) for found in near], dtype=np.int64)
        if counts.sum():
            photo = np.repeat(np.arange(first, first + len(near)), counts)
            yield photo, np.concatenate([np.asarray(found, dtype=np.int64) for found in near])


def _views(
    near: tuple[Ints, Ints],
    position_m: Floats,
    turned: Floats,
    camera: Camera,
    samples: Samples,
) -> tuple[Ints, Ints, Floats, Floats]:
    """Keep the pairs in frame from the right side; give their GSD and cosine of the angle too.

    The GSD is exact for a pinhole: with the ray r = (u, v, 1) of the camera frame and the normal n
    there, a pixel moves the point by depth · (e − r · nₑ/(n·r)) / f; the longest such step counts.
    """
    photo, point = near
    ray = np.einsum("nij,nj->ni", turned[photo], samples.point_m[point] - position_m[photo])
    normal = np.einsum("nij,nj->ni", turned[photo], samples.normal[point])
    depth = np.maximum(ray[:, 2], 1e-9)
    ray = ray / depth[:, None]
    facing = -(normal * ray).sum(axis=1)
    half = np.array([camera.width_px, camera.height_px]) / 2 / camera.focal_px + 1e-9
    inside = (depth > 1e-6) & (facing > 1e-6) & (np.abs(ray[:, :2]) <= half).all(axis=1)
    photo, point, ray, normal = photo[inside], point[inside], ray[inside], normal[inside]
    step_x = ray * (normal[:, :1] / facing[inside, None])
    step_y = ray * (normal[:, 1:2] / facing[inside, None])
    step_x[:, 0] += 1.0
    step_y[:, 1] += 1.0
    xx, yy = (step_x**2).sum(axis=1), (step_y**2).sum(axis=1)
    xy = (step_x * step_y).sum(axis=1)
    longest = np.sqrt((xx + yy) / 2 + np.sqrt(((xx - yy) / 2) ** 2 + xy**2))
    return photo, point, depth[inside] * longest / camera.focal_px, -normal[:, 2]


def good_pairs(
    *,
    camera: Camera,
    position_m: Floats,
    yaw_deg: Floats,
    pitch_deg: Floats,
    reach_m: Floats,
    surface_m: Floats,
    samples: Samples,
    gsd_m_per_px: float,
    incidence_limit_deg: float,
) -> tuple[Ints, Ints]:
    """Give which photo sees which sample as wished, (k,) photos and (k,) samples.

    The arguments are those of ``coverage``, but ``reach_m`` counts from the camera; the samples
    may be a part of the surface's.
    """
    turned = rotations(yaw_deg, pitch_deg)
    least_cosine = np.cos(np.radians(incidence_limit_deg)) - 1e-9
    photos, points = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    for near in _pairs(samples.point_m, position_m, reach_m):
        photo, point, gsd, cosine = _views(near, position_m, turned, camera, samples)
        fine = (gsd <= gsd_m_per_px * GSD_TOLERANCE) & (cosine >= least_cosine)
        photo, point = photo[fine], point[fine]
        clear = ~hidden(
            position_m[photo], samples.point_m[point], surface_m, samples.triangle[point]
        )
        photos.append(photo[clear])
        points.append(point[clear])
    return np.concatenate(photos), np.concatenate(points)

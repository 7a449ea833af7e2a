"""Adjust the cameras of photos of one plane together: the world is the plane z = 0, z up.

Without ground control the ties cannot tell the scale: the mean height is what makes the mean
ground sample distance the nominal one. Nor can they tell focal length from tilt and bending: a
wrong focal length leaves the mosaic as it is.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inspection.domain.capture import Photo
from inspection.geo.camera import Camera, Pose
from inspection.imaging.planar_network import TIE_SIGMA_PX, Network
from inspection.imaging.planar_ties import Tie


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjusted:
    """Hold cameras that agree on one plane.

    Attributes:
        cameras: camera by photo index.
        poses: pose by photo index, in a frame upright as the first photo, plane z = 0.
        ties: the ties without their outliers.
        residuals_px: for each tie, (n,) px: distance in the second photo.
    """

    cameras: Mapping[int, Camera]
    poses: Mapping[int, Pose]
    ties: tuple[Tie, ...]
    residuals_px: tuple[NDArray[np.float64], ...]


def adjust(
    photos: Sequence[Photo], members: Sequence[int], ties: Sequence[Tie], *, gsd_m_per_px: float
) -> Adjusted:
    """Adjust the photos of one connected group together, outlying ties left out.

    Args:
        photos: all photos; members and ties count in them.
        members: the photos of the group, ascending.
        ties: the ties of the group; together they must connect it.
        gsd_m_per_px: nominal ground sample distance, kept as the mean over the photos.
    """
    similarities = chain_similarities(members, ties, gsd_m_per_px)
    network = Network(photos, members, ties, gsd_m_per_px)
    rough = network.solve(network.first_guess(similarities))
    first_look = network.cameras(rough), network.poses(rough)
    kept = tuple(_without_outliers(tie, residuals_px(*first_look, tie)) for tie in ties)
    network = Network(photos, members, kept, gsd_m_per_px)
    unknowns = network.rescaled(network.solve(rough))
    cameras, poses = network.cameras(unknowns), network.poses(unknowns)
    return Adjusted(
        cameras=cameras,
        poses=poses,
        ties=kept,
        residuals_px=tuple(residuals_px(cameras, poses, tie) for tie in kept),
    )


def to_plane(camera: Camera, pose: Pose, points_px: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give the points (n, 2) m of the plane z = 0 that pixels (n, 2) show."""
    rays = pose.to_world_directions(camera.rays(points_px))
    reach = -pose.centre_world_m[2] / rays[:, 2:3]
    return np.asarray(pose.centre_world_m[:2] + reach * rays[:, :2], dtype=np.float64)


def to_photo(camera: Camera, pose: Pose, points_m: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give the pixels (n, 2) of points (n, 2) m of the plane z = 0."""
    world = np.column_stack([points_m, np.zeros(len(points_m))])
    return camera.project(pose.to_camera(world))


def residuals_px(
    cameras: Mapping[int, Camera], poses: Mapping[int, Pose], tie: Tie
) -> NDArray[np.float64]:
    """Give how far (n,) px each point of a tie lands from its partner in the second photo."""
    plane = to_plane(cameras[tie.first], poses[tie.first], tie.first_px)
    landed = to_photo(cameras[tie.second], poses[tie.second], plane)
    return np.asarray(np.linalg.norm(landed - tie.second_px, axis=1), dtype=np.float64)


def chain_similarities(
    members: Sequence[int], ties: Sequence[Tie], gsd_m_per_px: float
) -> dict[int, tuple[complex, complex]]:
    """Chain pairwise similarities from the first member: photo → plane (x right, y down, m).

    Ties with the most points are followed first.

    Returns:
        (a, b) by photo index with ``plane = a·pixel + b``; the geometric mean of |a| is the GSD.
    """
    placed: dict[int, tuple[complex, complex]] = {members[0]: (1 + 0j, 0j)}
    ranked = sorted(ties, key=lambda tie: (-len(tie.first_px), tie.first, tie.second))
    while len(placed) < len(members):
        tie = next(t for t in ranked if (t.first in placed) != (t.second in placed))
        a, b = tie.second_from_first
        if tie.first in placed:
            of_first = placed[tie.first]
            placed[tie.second] = of_first[0] / a, of_first[1] - of_first[0] / a * b
        else:
            of_second = placed[tie.second]
            placed[tie.first] = of_second[0] * a, of_second[0] * b + of_second[1]
    mean = math.exp(sum(math.log(abs(a)) for a, _ in placed.values()) / len(placed))
    scale = gsd_m_per_px / mean
    return {member: (a * scale, b * scale) for member, (a, b) in placed.items()}


def _without_outliers(tie: Tie, residual_px: NDArray[np.float64]) -> Tie:
    """Drop points beyond four robust standard deviations, at least ``2·TIE_SIGMA_PX``."""
    limit = max(2 * TIE_SIGMA_PX, 4 * 1.4826 * float(np.median(residual_px)))
    return tie.only(residual_px <= limit)

"""Move a reconstruction of free scale onto the earth: a robust similarity to the camera positions.

Camera positions alone leave the roll about the flight line open when all photos were taken on one
line, as over a road. So every camera also speaks for its upward direction, so softly that a block
with real breadth does not hear it.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from inspection.errors import NotRegistered
from inspection.geo.camera import Pose

_AXIS_WEIGHT = 1e-3
"""Weight of a camera's direction against its position."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Similarity:
    """Turn, scale and shift model coordinates into world metres.

    Attributes:
        scale: metres per model unit.
        rotation: (3, 3) world from model.
        shift_m: (3,) added last.
    """

    scale: float
    rotation: NDArray[np.float64]
    shift_m: NDArray[np.float64]

    def points(self, points_model: ArrayLike) -> NDArray[np.float64]:
        """Move points (n, 3) into the world, m.

        >>> similarity = Similarity(scale=2.0, rotation=np.eye(3), shift_m=np.array([1.0, 0, 0]))
        >>> similarity.points([[1.0, 2.0, 3.0]]).tolist()
        [[3.0, 4.0, 6.0]]
        """
        model = np.atleast_2d(np.asarray(points_model, dtype=np.float64))
        return np.asarray(self.scale * model @ self.rotation.T + self.shift_m, dtype=np.float64)

    def pose(self, pose: Pose) -> Pose:
        """Move a pose into the world."""
        return Pose(
            camera_from_world=_orthonormal(pose.camera_from_world @ self.rotation.T),
            centre_world_m=self.points(pose.centre_world_m)[0],
        )


def align(
    centres_model: NDArray[np.float64],
    targets_m: NDArray[np.float64],
    *,
    back_model: NDArray[np.float64],
    back_world: NDArray[np.float64],
) -> Similarity:
    """Find the similarity that puts camera centres on their targets, sparing outliers.

    Args:
        centres_model: (n, 3) centres in the model.
        targets_m: (n, 3) where the receiver saw them.
        back_model: (n, 3) unit vectors against the view of each camera, in the model.
        back_world: (n, 3) the same in the world, from the gimbal or straight up.

    Raises:
        NotRegistered: when the photos were all taken at one place.

    Source: Umeyama, IEEE PAMI 13 (1991), with Cauchy weights by iteration.
    """
    weight = np.ones(len(centres_model))
    spread = float(np.sqrt(((targets_m - targets_m.mean(axis=0)) ** 2).sum(axis=1).mean()))
    if len(targets_m) < 3 or spread < 1e-3:
        raise NotRegistered(
            f"{len(targets_m)} photos within {spread:.3f} m give no scale; "
            "take photos at different places over the surface"
        )
    for _ in range(20):
        similarity = _fit(centres_model, targets_m, back_model, back_world, weight)
        miss = np.linalg.norm(similarity.points(centres_model) - targets_m, axis=1)
        scale = max(2.0 * float(np.median(miss)), 1e-6)
        weight = 1.0 / (1.0 + (miss / scale) ** 2)
    return similarity


def fit(found: NDArray[np.float64], target_m: NDArray[np.float64]) -> Similarity:
    """Find the similarity that moves points (n, 3) onto their targets (n, 3) m, least squares.

    Source: Umeyama, IEEE PAMI 13 (1991).

    >>> corners = np.array([[0.0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]])
    >>> round(fit(corners, 2 * corners + 5).scale, 9)
    2.0
    """
    still = np.zeros_like(found)
    return _fit(found, target_m, still, still, np.ones(len(found)))


def breadth_m(positions_m: NDArray[np.float64]) -> float:
    """Give the smaller horizontal standard deviation of positions (n, 3), m: 0 on one line.

    >>> breadth_m(np.array([[0.0, 0, 0], [1, 1, 0], [2, 2, 0]])) < 1e-9
    True
    """
    centred = positions_m[:, :2] - positions_m[:, :2].mean(axis=0)
    return float(np.linalg.svd(centred, compute_uv=False)[-1] / np.sqrt(len(positions_m)))


def _fit(
    centres: NDArray[np.float64],
    targets: NDArray[np.float64],
    back_model: NDArray[np.float64],
    back_world: NDArray[np.float64],
    weight: NDArray[np.float64],
) -> Similarity:
    """Fit positions with weights; directions settle only what positions leave open."""
    share = weight[:, None] / weight.sum()
    centre_model, centre_world = (share * centres).sum(axis=0), (share * targets).sum(axis=0)
    model, world = centres - centre_model, targets - centre_world
    size_model = np.sqrt((share * model**2).sum())
    size_world = np.sqrt((share * world**2).sum())
    covariance = (share * world / size_world).T @ (model / size_model)
    covariance = covariance + _AXIS_WEIGHT * (share * back_world).T @ back_model
    left, _, right = np.linalg.svd(covariance)
    flip = np.diag([1.0, 1.0, np.sign(np.linalg.det(left @ right))])
    rotation = left @ flip @ right
    turned = model @ rotation.T
    scale = float((share * world * turned).sum() / (share * turned**2).sum())
    return Similarity(
        scale=scale, rotation=rotation, shift_m=centre_world - scale * rotation @ centre_model
    )


def _orthonormal(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give the nearest rotation."""
    left, _, right = np.linalg.svd(matrix)
    return np.asarray(left @ right, dtype=np.float64)

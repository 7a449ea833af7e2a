"""Pinhole cameras: ground sample distance, footprint, rays and projection.

Camera frame: x right, y down, z forward. World frame: ENU. Principal point in pixels from the
outer corner of the top-left pixel. Radial distortion is the one-parameter model of COLMAP's
``SIMPLE_RADIAL``: ``r' = r (1 + k r²)`` in normalised coordinates.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from inspection.errors import BadInput


@dataclass(frozen=True, slots=True, kw_only=True)
class Camera:
    """Describe one camera and lens.

    Attributes:
        width_px: columns of a photo.
        height_px: rows of a photo.
        focal_px: focal length in pixels.
        cx_px: principal point, x.
        cy_px: principal point, y.
        k1: radial distortion, dimensionless (0 for none).
    """

    width_px: int
    height_px: int
    focal_px: float
    cx_px: float
    cy_px: float
    k1: float = 0.0

    def __post_init__(self) -> None:
        """Check that size and focal length make sense."""
        if self.width_px <= 0 or self.height_px <= 0:
            raise BadInput(f"a camera needs a size > 0, got {self.width_px}×{self.height_px} px")
        if not 0 < self.focal_px < np.inf:
            raise BadInput(f"a camera needs a focal length > 0 px, got {self.focal_px}")
        if not np.isfinite([self.cx_px, self.cy_px, self.k1]).all():
            raise BadInput(
                "a camera needs a principal point and a distortion that are numbers, got "
                f"{self.cx_px}, {self.cy_px} px and k1 {self.k1}"
            )

    def gsd_m_per_px(self, distance_m: float) -> float:
        """Give the ground sample distance at a distance along the optical axis, m per pixel.

        Source: domain specification §4.1, GSD = p·Z/f.

        >>> p1 = Camera(width_px=8192, height_px=5460, focal_px=50 / 0.0044, cx_px=4096, cy_px=2730)
        >>> round(p1.gsd_m_per_px(3.0) * 1000, 3)
        0.264
        """
        return distance_m / self.focal_px

    def footprint_m(self, distance_m: float) -> tuple[float, float]:
        """Give width and height in metres of what a square-on photo sees at a distance."""
        gsd = self.gsd_m_per_px(distance_m)
        return gsd * self.width_px, gsd * self.height_px

    def project(self, points_camera_m: ArrayLike) -> NDArray[np.float64]:
        """Project (n, 3) points of the camera frame to pixels (n, 2); behind it gives NaN."""
        xyz = np.atleast_2d(np.asarray(points_camera_m, dtype=np.float64))
        depth = np.where(xyz[:, 2] > 0, xyz[:, 2], np.nan)
        u, v = xyz[:, 0] / depth, xyz[:, 1] / depth
        stretch = 1.0 + self.k1 * (u * u + v * v)
        return np.column_stack(
            [self.focal_px * stretch * u + self.cx_px, self.focal_px * stretch * v + self.cy_px]
        )

    def rays(self, points_px: ArrayLike) -> NDArray[np.float64]:
        """Give unit directions (n, 3) in the camera frame of pixels (n, 2).

        The distortion is inverted by fixed-point iteration, good to 1e-9 for drone lenses.

        >>> camera = Camera(width_px=100, height_px=80, focal_px=90, cx_px=50, cy_px=40, k1=-0.05)
        >>> pixel = camera.project(camera.rays([[12.0, 70.0]]))
        >>> pixel.round(6).tolist()
        [[12.0, 70.0]]
        """
        xy = np.atleast_2d(np.asarray(points_px, dtype=np.float64))
        distorted = (xy - (self.cx_px, self.cy_px)) / self.focal_px
        ideal = distorted.copy()
        for _ in range(30):
            ideal = distorted / (1.0 + self.k1 * (ideal**2).sum(axis=1, keepdims=True))
        rays = np.column_stack([ideal, np.ones(len(ideal))])
        unit = rays / np.linalg.norm(rays, axis=1, keepdims=True)
        return np.asarray(unit, dtype=np.float64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pose:
    """Place a camera in a world frame (ENU metres, or the plane of a strip).

    Attributes:
        camera_from_world: (3, 3) float64 rotation.
        centre_world_m: (3,) float64 position of the projection centre.
    """

    camera_from_world: NDArray[np.float64]
    centre_world_m: NDArray[np.float64]

    def __post_init__(self) -> None:
        """Check shapes and that the matrix is a rotation."""
        rotation = np.asarray(self.camera_from_world, dtype=np.float64)
        centre = np.asarray(self.centre_world_m, dtype=np.float64)
        if rotation.shape != (3, 3) or centre.shape != (3,):
            raise BadInput(
                f"a pose needs shapes (3, 3) and (3,), got {rotation.shape} {centre.shape}"
            )
        bounded = np.all(np.abs(rotation) <= 1 + 1e-6)
        if not (bounded and np.allclose(rotation @ rotation.T, np.eye(3), atol=1e-6)):
            raise BadInput("the rotation of a pose is not orthonormal")
        if np.linalg.det(rotation) < 0:
            raise BadInput("the matrix of a pose mirrors: it is no rotation")
        if not np.isfinite(centre).all():
            raise BadInput(f"the centre of a pose must be three numbers, got {centre.tolist()} m")
        object.__setattr__(self, "camera_from_world", rotation)
        object.__setattr__(self, "centre_world_m", centre)

    def to_camera(self, points_world_m: ArrayLike) -> NDArray[np.float64]:
        """Move (n, 3) world points into the camera frame."""
        points = np.atleast_2d(np.asarray(points_world_m, dtype=np.float64))
        moved = (points - self.centre_world_m) @ self.camera_from_world.T
        return np.asarray(moved, dtype=np.float64)

    def to_world_directions(self, rays_camera: ArrayLike) -> NDArray[np.float64]:
        """Turn (n, 3) camera-frame directions into the world frame."""
        rays = np.atleast_2d(np.asarray(rays_camera, dtype=np.float64))
        return np.asarray(rays @ self.camera_from_world, dtype=np.float64)


def rotation_from_gimbal(
    *, yaw_deg: float, pitch_deg: float, roll_deg: float = 0.0
) -> NDArray[np.float64]:
    """Build the ENU → camera rotation of a gimbal (NED, ZYX order; pitch −90° looks down).

    Args:
        yaw_deg: heading of the view, clockwise from true north.
        pitch_deg: 0 level, −90 straight down.
        roll_deg: clockwise seen from behind the camera.

    Returns:
        (3, 3) float64, camera frame from ENU.

    Source: domain specification §6.5 (DJI gimbal angles are NED, ZYX).

    >>> r = rotation_from_gimbal(yaw_deg=0, pitch_deg=-90)
    >>> (r @ [0.0, 0.0, -1.0]).round(9).tolist()  # down is forward
    [0.0, 0.0, 1.0]
    >>> (r @ [1.0, 0.0, 0.0]).round(9).tolist()  # east is right
    [1.0, 0.0, 0.0]
    """
    yaw, pitch, roll = np.radians([yaw_deg, pitch_deg, roll_deg])
    cz, sz, cy, sy, cx, sx = (
        np.cos(yaw), np.sin(yaw), np.cos(pitch), np.sin(pitch), np.cos(roll), np.sin(roll)
    )  # fmt: skip
    about_z = np.array([[cz, -sz, 0], [sz, cz, 0], [0, 0, 1]])
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    about_x = np.array([[1, 0, 0], [0, cx, -sx], [0, sx, cx]])
    ned_from_body = about_z @ about_y @ about_x
    camera_from_body = np.array([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [1.0, 0.0, 0.0]])
    ned_from_enu = np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, -1.0]])
    return np.asarray(camera_from_body @ ned_from_body.T @ ned_from_enu, dtype=np.float64)

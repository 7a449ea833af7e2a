"""Hold many camera poses in columns, and turn them into planned photos with footprints.

Camera frame x right, y down, z forward; world: local metres, x east, y north, z up.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flight.flightplan import PlannedPhoto
from inspection.geo.camera import Camera

FLATTEST_DEG = 85.0
"""Rays that meet the surface at a flatter angle are cut off there: the horizon is no footprint."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Poses:
    """Carry n poses in order of flight.

    Attributes:
        position_m: (n, 3) local metres.
        yaw_deg: (n,) of the gimbal, clockwise from north.
        pitch_deg: (n,) of the optical axis, -90 straight down.
        target_m: (n, 3) where the optical axis meets the surface.
        normal: (n, 3) unit vector out of the surface there.
        row: (n,) int64.
        element: n names.
    """

    position_m: Floats
    yaw_deg: Floats
    pitch_deg: Floats
    target_m: Floats
    normal: Floats
    row: NDArray[np.int64]
    element: tuple[str, ...]

    def __len__(self) -> int:
        """Count the poses."""
        return len(self.position_m)

    def only(self, keep: NDArray[np.bool_]) -> "Poses":
        """Keep some poses, in their order."""
        return Poses(
            position_m=self.position_m[keep],
            yaw_deg=self.yaw_deg[keep],
            pitch_deg=self.pitch_deg[keep],
            target_m=self.target_m[keep],
            normal=self.normal[keep],
            row=self.row[keep],
            element=tuple(name for name, kept in zip(self.element, keep, strict=True) if kept),
        )


def join(parts: Sequence[Poses]) -> Poses:
    """Fly one set of poses after the other; rows are numbered on."""
    rows, first = [], 0
    for part in parts:
        rows.append(part.row + first)
        first += int(part.row.max()) + 1 if len(part) else 0
    return Poses(
        position_m=np.concatenate([part.position_m for part in parts]).reshape(-1, 3),
        yaw_deg=np.concatenate([part.yaw_deg for part in parts]),
        pitch_deg=np.concatenate([part.pitch_deg for part in parts]),
        target_m=np.concatenate([part.target_m for part in parts]).reshape(-1, 3),
        normal=np.concatenate([part.normal for part in parts]).reshape(-1, 3),
        row=np.concatenate(rows).astype(np.int64),
        element=tuple(name for part in parts for name in part.element),
    )


def rotations(yaw_deg: Floats, pitch_deg: Floats) -> Floats:
    """Build ENU → camera rotations of level gimbals, (n, 3, 3).

    The rows are the camera's right, down and forward in the world, as in
    ``inspection.geo.camera.rotation_from_gimbal``.

    >>> rotations(np.array([90.0]), np.array([0.0]))[0, 2].round(9).tolist()  # looks east
    [1.0, 0.0, 0.0]
    """
    yaw, pitch = np.radians(yaw_deg), np.radians(pitch_deg)
    level = np.cos(pitch)
    forward = np.stack([np.sin(yaw) * level, np.cos(yaw) * level, np.sin(pitch)], axis=1)
    right = np.stack([np.cos(yaw), -np.sin(yaw), np.zeros_like(yaw)], axis=1)
    return np.stack([right, np.cross(forward, right), forward], axis=1)


def towards(position_m: Floats, target_m: Floats) -> tuple[Floats, Floats]:
    """Give yaw and pitch, degrees, that look from (n, 3) positions at (n, 3) targets."""
    east, north, up = (target_m - position_m).T
    yaw_deg = np.degrees(np.arctan2(east, north)) % 360.0
    return yaw_deg, np.degrees(np.arctan2(up, np.hypot(east, north)))


def footprints_m(camera: Camera, poses: Poses) -> Floats:
    """Give the corners of what photos see on the plane of their target, (n, 4, 3).

    From the photo's top-left, clockwise as the photo is looked at.
    """
    half_w = camera.width_px / 2 / camera.focal_px
    half_h = camera.height_px / 2 / camera.focal_px
    corners = [(-half_w, -half_h, 1), (half_w, -half_h, 1), (half_w, half_h, 1)]
    rays_camera = np.array([*corners, (-half_w, half_h, 1)])
    rays = np.einsum("ki,nij->nkj", rays_camera, rotations(poses.yaw_deg, poses.pitch_deg))
    height_m = np.einsum("ni,ni->n", poses.position_m - poses.target_m, poses.normal)
    sink = -np.einsum("nkj,nj->nk", rays, poses.normal)
    least = np.cos(np.radians(FLATTEST_DEG)) * np.linalg.norm(rays, axis=2)
    reach = height_m[:, None] / np.maximum(sink, least)
    return np.asarray(poses.position_m[:, None, :] + rays * reach[:, :, None])


def photos(camera: Camera, poses: Poses) -> tuple[PlannedPhoto, ...]:
    """Make the planned photos of poses, numbered from 0."""
    outlines = footprints_m(camera, poses)
    distances_m = np.linalg.norm(poses.target_m - poses.position_m, axis=1)
    columns = zip(
        poses.row.tolist(),
        poses.position_m,
        poses.yaw_deg.tolist(),
        poses.pitch_deg.tolist(),
        distances_m.tolist(),
        outlines,
        poses.element,
        strict=True,
    )
    return tuple(
        PlannedPhoto(
            index=index,
            row=row,
            position_m=position,
            yaw_deg=yaw_deg,
            pitch_deg=pitch_deg,
            distance_m=distance_m,
            footprint_m=outline,
            element=element,
        )
        for index, (row, position, yaw_deg, pitch_deg, distance_m, outline, element) in enumerate(
            columns
        )
    )


def numbered(row: NDArray[np.int64], broken: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Number rows from 0 in order of flight; a row also ends where it is broken.

    Args:
        row: (n,) numbers that change from row to row.
        broken: (n - 1,) True where photo i + 1 does not follow photo i without a gap.

    >>> numbered(np.array([4, 4, 7, 7]), np.array([False, False, True])).tolist()
    [0, 0, 1, 2]
    """
    if len(row) == 0:
        return row.astype(np.int64)
    steps = (np.diff(row) != 0) | broken
    return np.concatenate([[0], np.cumsum(steps)]).astype(np.int64)

"""A rendered strip of photos of one plane, with known cameras: the truth for planar mosaics."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from inspection.domain.capture import Photo
from inspection.geo.camera import Camera, Pose
from inspection.imaging.planar_adjust import to_plane

TEXTURE_M_PER_PX = 0.001
CAMERA = Camera(width_px=720, height_px=480, focal_px=800.0, cx_px=360, cy_px=240, k1=0.02)
GSD_M_PER_PX = 0.00125


@dataclass(frozen=True, slots=True, kw_only=True)
class StripScene:
    """Photos of a plane with the poses from which they were rendered.

    Attributes:
        photos: in the order of the strip.
        paths: file by sha256.
        poses: true pose by sha256.
    """

    photos: tuple[Photo, ...]
    paths: Mapping[str, Path]
    poses: Mapping[str, Pose]

    @property
    def true_gsd_m_per_px(self) -> float:
        """Give the geometric mean of the ground sample distances."""
        heights = [pose.centre_world_m[2] for pose in self.poses.values()]
        return float(np.exp(np.mean(np.log(heights))) / CAMERA.focal_px)


@lru_cache(maxsize=4)
def texture(seed: int, rows: int = 1700, columns: int = 1150) -> NDArray[np.float32]:
    """Make concrete: mottle at several scales, pores, and joints that repeat every 0.4 m."""
    random = np.random.default_rng(seed)
    grey = np.full((rows, columns), 150.0, np.float32)
    for coarseness, weight in ((2, 14.0), (7, 14.0), (28, 12.0), (100, 10.0)):
        small = random.standard_normal((rows // coarseness + 2, columns // coarseness + 2))
        layer = cv2.resize(small.astype(np.float32), (columns, rows), interpolation=cv2.INTER_CUBIC)
        grey += weight * layer / layer.std()
    for x, y, radius in random.uniform((0, 0, 1), (columns, rows, 5), (900, 3)):
        cv2.circle(grey, (int(x), int(y)), int(radius), 70.0, -1, cv2.LINE_AA)
    for row in range(200, rows, 400):
        grey[row : row + 5] = 60
    return grey


def level_pose(x_m: float, y_m: float, height_m: float, *, degrees: Sequence[float]) -> Pose:
    """Place a camera that looks down; degrees are heading and two tilts."""
    heading, tilt_x, tilt_y = np.radians(degrees)
    turn = Rotation.from_rotvec([tilt_x, tilt_y, 0.0]) * Rotation.from_rotvec([0.0, 0.0, heading])
    return Pose(
        camera_from_world=turn.as_matrix() @ np.diag([1.0, -1.0, -1.0]),
        centre_world_m=np.array([x_m, y_m, height_m]),
    )


def render(ground: NDArray[np.float32], pose: Pose, *, gain: float, seed: int) -> NDArray[np.uint8]:
    """Photograph the texture, whose top-left corner is x 0, y 0 and which runs down in −y."""
    x, y = np.meshgrid(np.arange(CAMERA.width_px) + 0.5, np.arange(CAMERA.height_px) + 0.5)
    plane = to_plane(CAMERA, pose, np.column_stack([x.ravel(), y.ravel()]))
    where = (plane * (1, -1) / TEXTURE_M_PER_PX - 0.5).astype(np.float32)
    shape = (CAMERA.height_px, CAMERA.width_px)
    seen = cv2.remap(
        ground, where[:, 0].reshape(shape), where[:, 1].reshape(shape), cv2.INTER_LINEAR
    )
    noise = np.random.default_rng(seed).standard_normal(shape) * 2.0
    return np.clip(seen * gain + noise, 0, 255).astype(np.uint8)


def write_strip(folder: Path, *, seed: int = 7) -> StripScene:
    """Render three photos that overlap by about a quarter, flown from south to north."""
    ground = texture(seed)
    poses = [
        level_pose(0.58, -1.35, 1.00, degrees=(0.0, 0.5, -0.4)),
        level_pose(0.55, -0.88, 1.02, degrees=(1.2, 0.7, -0.6)),
        level_pose(0.57, -0.42, 0.99, degrees=(-0.8, 0.3, -0.5)),
    ]
    files = [
        write_photo(folder / f"strip_{n}.png", render(ground, pose, gain=1 - 0.06 * n, seed=n))
        for n, pose in enumerate(poses, start=1)
    ]
    return StripScene(
        photos=tuple(files),
        paths={photo.sha256: folder / photo.name for photo in files},
        poses={photo.sha256: pose for photo, pose in zip(files, poses, strict=True)},
    )


def write_photo(path: Path, grey: NDArray[np.uint8]) -> Photo:
    """Write a photo without metadata and describe it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), grey)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return Photo(sha256=digest, name=path.name, width_px=grey.shape[1], height_px=grey.shape[0])

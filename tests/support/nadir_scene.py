"""A rendered flight over ground of known height: the truth for blocks of photos with GPS."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from inspection.domain.capture import CapturePose, Photo
from inspection.geo.camera import Camera, Pose, rotation_from_gimbal
from inspection.geo.frames import LocalFrame

TEXEL_M = 0.03
CAMERA = Camera(width_px=480, height_px=360, focal_px=384.0, cx_px=240, cy_px=180, k1=-0.01)
HEIGHT_M = 16.0
FRAME = LocalFrame(lon_deg=136.9, lat_deg=37.4, height_ellipsoid_m=50.0)
"""The ground lies at up = 0, 50 m above the reference of the absolute altitudes."""

Height = Callable[[NDArray[np.float64]], NDArray[np.float64]]


def flat(xy: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give ground of height 0."""
    return np.zeros(len(xy))


def mound(xy: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give a mound 1.5 m high and some 8 m wide in the middle of level ground."""
    return np.asarray(1.5 * np.exp(-(xy**2).sum(axis=1) / (2 * 4.0**2)), dtype=np.float64)


@dataclass(frozen=True, slots=True, kw_only=True)
class NadirScene:
    """Photos of a known ground with the poses from which they were rendered.

    Attributes:
        photos: in the order flown, with positions as a receiver would state them.
        paths: file by sha256.
        poses: true pose by sha256, ENU in ``FRAME``.
        height: the ground.
    """

    photos: tuple[Photo, ...]
    paths: Mapping[str, Path]
    poses: Mapping[str, Pose]
    height: Height


@lru_cache(maxsize=2)
def texture(seed: int = 5, side: int = 1600) -> NDArray[np.uint8]:
    """Make ground of 48 m × 48 m: mottle at many scales and stones, (side, side, 3)."""
    random = np.random.default_rng(seed)
    grey = np.full((side, side), 135.0, np.float32)
    for coarseness, weight in ((2, 16.0), (5, 18.0), (16, 16.0), (60, 14.0), (250, 10.0)):
        n = side // coarseness + 2
        small = random.standard_normal((n, n)).astype(np.float32)
        grey += weight * cv2.resize(small, (side, side), interpolation=cv2.INTER_CUBIC)
    for x, y, radius in random.uniform((0, 0, 2), (side, side, 7), (1800, 3)):
        shade = float(random.uniform(30, 230))
        cv2.circle(grey, (int(x), int(y)), int(radius), shade, -1, cv2.LINE_AA)
    tint = np.stack([grey * 1.02, grey, grey * 0.94], axis=2)
    return np.asarray(np.clip(tint, 0, 255), dtype=np.uint8)


def colour_at(xy_m: NDArray[np.float64], shape: tuple[int, int]) -> NDArray[np.uint8]:
    """Give what the ground looks like straight from above at points (n, 2) m, (*shape, 3)."""
    ground = texture()
    half = ground.shape[0] / 2
    column = (xy_m[:, 0] / TEXEL_M + half - 0.5).astype(np.float32).reshape(shape)
    row = (half - xy_m[:, 1] / TEXEL_M - 0.5).astype(np.float32).reshape(shape)
    return np.asarray(cv2.remap(ground, column, row, cv2.INTER_LINEAR), dtype=np.uint8)


def photograph(
    pose: Pose, height: Height, *, gain: float = 1.0, seed: int = 0
) -> NDArray[np.uint8]:
    """Photograph the ground, (H, W, 3) uint8 RGB."""
    x, y = np.meshgrid(np.arange(CAMERA.width_px) + 0.5, np.arange(CAMERA.height_px) + 0.5)
    rays = pose.to_world_directions(CAMERA.rays(np.column_stack([x.ravel(), y.ravel()])))
    z = np.zeros(len(rays))
    for _ in range(12):
        hit = pose.centre_world_m + rays * ((z - pose.centre_world_m[2]) / rays[:, 2])[:, None]
        before, z = z, height(hit[:, :2])
        if np.abs(z - before).max() < 1e-4:
            break
    seen = colour_at(hit[:, :2], (CAMERA.height_px, CAMERA.width_px)).astype(np.float32)
    noise = np.random.default_rng(seed).standard_normal(seen.shape) * 1.5
    return np.asarray(np.clip(seen * gain + noise, 0, 255), dtype=np.uint8)


def fly(
    folder: Path,
    *,
    lines: int = 3,
    shots: int = 4,
    height: Height = flat,
    gps_noise_m: float = 0.05,
    seed: int = 11,
) -> NadirScene:
    """Render a block of photos that overlap by about 70 % and write them with their positions."""
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(seed)
    photos, paths, poses = [], {}, {}
    for n in range(lines * shots):
        line, shot = divmod(n, shots)
        pose = _pose(random, 4.5 * (shot - (shots - 1) / 2), 6.5 * (line - (lines - 1) / 2), line)
        path = folder / f"nadir_{n:02d}.png"
        rgb = photograph(pose, height, gain=float(random.uniform(0.93, 1.07)), seed=n)
        assert cv2.imwrite(str(path), cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR))
        stated = pose.centre_world_m + random.normal(0, gps_noise_m, 3)
        photo = _describe(path, stated)
        photos.append(photo)
        paths[photo.sha256], poses[photo.sha256] = path, pose
    return NadirScene(photos=tuple(photos), paths=paths, poses=poses, height=height)


def with_pose(photo: Photo, **changes: float | None) -> Photo:
    """Give a photo whose stated pose is changed."""
    assert photo.pose is not None
    return replace(photo, pose=replace(photo.pose, **changes))


def _pose(random: np.random.Generator, x_m: float, y_m: float, line: int) -> Pose:
    """Place one camera, a little off its plan; every other line is flown backwards."""
    wobble = random.normal(0, 1.0, 3)
    return Pose(
        camera_from_world=rotation_from_gimbal(
            yaw_deg=(90.0 if line % 2 == 0 else 270.0) + wobble[0],
            pitch_deg=-89.0 + 0.5 * wobble[1],
            roll_deg=0.5 * wobble[2],
        ),
        centre_world_m=np.array([x_m, y_m, HEIGHT_M]) + random.normal(0, 0.15, 3),
    )


def _describe(path: Path, stated_enu_m: NDArray[np.float64]) -> Photo:
    """Describe a photo as ingest would."""
    lon, lat, altitude = FRAME.to_lonlat_h(stated_enu_m[None])[0]
    return Photo(
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        name=path.name,
        width_px=CAMERA.width_px,
        height_px=CAMERA.height_px,
        focal_px=CAMERA.focal_px,
        pose=CapturePose(
            lon_deg=float(lon),
            lat_deg=float(lat),
            altitude_m=float(altitude),
            altitude_relative_m=float(stated_enu_m[2]),
        ),
    )

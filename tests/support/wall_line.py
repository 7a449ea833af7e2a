"""Photograph a plane with straight dark lines of known width: true poses, blur, noise, sRGB.

The plane is z = 0 with x to the right and y up. Everything is seen through a plain pinhole that is
written down here once more, so that the truth does not come from the code under test.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from inspection.domain.widthcalibration import Tone, WidthCalibration
from inspection.geo.camera import Camera, Pose
from inspection.imaging.ortho import View

SIZE_PX, FOCAL_PX, BLUR_PX, FINE = (420, 320), 1000.0, 0.8, 3
CORE, WALL = 0.1, 0.4

DRAWN = WidthCalibration(
    name="drawn lines",
    tone=Tone.SRGB,
    core=CORE,
    blur_px=0.85,
    blur_std_px=0.3,
    floor_px=0.03,
    share=0.01,
    profile_floor_px=0.05,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class WallLine:
    """A dark line through (x, y) at an angle, counter-clockwise from x; lengths in metres."""

    width_m: float
    angle_deg: float = 0.0
    through_m: tuple[float, float] = (0.0, 0.0)

    @property
    def normal(self) -> NDArray[np.float64]:
        angle = np.radians(self.angle_deg)
        return np.array([-np.sin(angle), np.cos(angle)])

    def along(self, metres: NDArray[np.float64]) -> NDArray[np.float64]:
        """Give points (n, 2) at distances from the middle."""
        tangent = np.array([self.normal[1], -self.normal[0]])
        return np.array(self.through_m) + metres[:, None] * tangent


def rotation(at_m: NDArray[np.float64], towards_m: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give the camera frame (x right, y down, z forward) from the world's."""
    forward = (towards_m - at_m) / np.linalg.norm(towards_m - at_m)
    right = np.cross(forward, [0.0, 1.0, 0.0])
    right /= np.linalg.norm(right)
    return np.stack([right, np.cross(forward, right), forward])


def photograph(
    path: Path,
    lines: Sequence[WallLine],
    *,
    tilt_deg: float = 0.0,
    distance_m: float = 1.0,
    blur_px: float = BLUR_PX,
    noise: float = 0.01,
    seed: int = 0,
    planar: bool = False,
) -> View:
    """Write one photo, tilted to the right about its middle, and give how it sees the wall."""
    tilt = np.radians(tilt_deg)
    at = distance_m * np.array([np.sin(tilt), 0.0, np.cos(tilt)])
    turn = rotation(at, np.zeros(3))
    columns, rows = SIZE_PX[0] * FINE, SIZE_PX[1] * FINE
    x, y = np.meshgrid(
        ((np.arange(columns) + 0.5) / FINE - SIZE_PX[0] / 2) / FOCAL_PX,
        ((np.arange(rows) + 0.5) / FINE - SIZE_PX[1] / 2) / FOCAL_PX,
    )
    rays = np.stack([x, y, np.ones_like(x)], axis=-1) @ turn
    reach = -at[2] / rays[..., 2]
    px, py = at[0] + reach * rays[..., 0], at[1] + reach * rays[..., 1]
    light = np.full((rows, columns), WALL)
    for line in lines:
        off = (px - line.through_m[0]) * line.normal[0] + (py - line.through_m[1]) * line.normal[1]
        slope = np.hypot(*np.gradient(off))  # metres in one fine pixel, across the line
        share = np.clip((line.width_m / 2 - np.abs(off)) / slope + 0.5, 0, 1)
        light *= 1 - (1 - CORE) * share
    seen = cv2.GaussianBlur(light, (0, 0), blur_px * FINE)
    seen = cv2.resize(seen, SIZE_PX, interpolation=cv2.INTER_AREA)
    seen += np.random.default_rng(seed).normal(0, noise * WALL, seen.shape)
    seen = np.clip(seen, 0, 1)
    coded = np.where(seen <= 0.0031308, 12.92 * seen, 1.055 * seen ** (1 / 2.4) - 0.055)
    cv2.imwrite(str(path), np.round(255 * coded).astype(np.uint8))
    return view_of(path, turn, at, planar=planar)


def view_of(
    path: Path, turn: NDArray[np.float64], at: NDArray[np.float64], *, planar: bool
) -> View:
    """Give how a photo sees the wall: by its pose, or by the homography of the plane."""
    camera = Camera(
        width_px=SIZE_PX[0],
        height_px=SIZE_PX[1],
        focal_px=FOCAL_PX,
        cx_px=SIZE_PX[0] / 2,
        cy_px=SIZE_PX[1] / 2,
        k1=0.0,
    )
    inner = np.array([[FOCAL_PX, 0, SIZE_PX[0] / 2], [0, FOCAL_PX, SIZE_PX[1] / 2], [0, 0, 1]])
    homography = inner @ np.column_stack([turn[:, 0], turn[:, 1], -turn @ at])
    return View(
        sha256=path.stem,
        path=path,
        width_px=SIZE_PX[0],
        height_px=SIZE_PX[1],
        camera=None if planar else camera,
        pose=None if planar else Pose(camera_from_world=turn, centre_world_m=at),
        photo_from_plane=homography if planar else None,
    )

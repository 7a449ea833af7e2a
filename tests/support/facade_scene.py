"""A rendered facade, 4 × 3 m, and photos of it whose capability is known by construction.

The facade is the plane z = 0, x to the right, y up; cameras stand at z > 0 and look at it square-on
or obliquely. Each photo's blur is a Gaussian of known σ; everything is seen through a plain pinhole
that is written down here once more, so that the truth does not come from the code under test.
"""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from inspection.geo.camera import Camera, Pose
from inspection.imaging.ortho import View

WIDTH_M, HEIGHT_M, FINE_M = 4.0, 3.0, 0.001
SIZE_PX, FOCAL_PX = (600, 450), 1200.0
PIXEL_VARIANCE = 1 / 12
"""Of a square pixel, px²; the lens is not all that blurs."""
PAINTED_VARIANCE = (1 / 12 + 1 / 6) * (1000 * FINE_M) ** 2
"""Of the painted wall, mm²: a square of 1 mm, read between four of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """Say where one camera stands, where it looks, how blurred and how bright its photo is."""

    name: str
    at_m: tuple[float, float, float]
    towards_m: tuple[float, float, float]
    blur_px: float = 0.8
    light: float = 1.0

    @property
    def rotation(self) -> NDArray[np.float64]:
        """Give the camera frame (x right, y down, z forward) from the facade's."""
        forward = np.subtract(self.towards_m, self.at_m)
        forward = forward / np.linalg.norm(forward)
        right = np.cross(forward, [0.0, 1.0, 0.0])
        right /= np.linalg.norm(right)
        return np.stack([right, np.cross(forward, right), forward])

    def see(self, points_m: NDArray[np.float64]) -> NDArray[np.float64]:
        """Give pixel x, y and depth (n, 3) of facade points (n, 3)."""
        there = (points_m - np.array(self.at_m)) @ self.rotation.T
        x = FOCAL_PX * there[:, 0] / there[:, 2] + SIZE_PX[0] / 2
        y = FOCAL_PX * there[:, 1] / there[:, 2] + SIZE_PX[1] / 2
        return np.column_stack([x, y, there[:, 2]])

    def incidence_deg(self, points_m: NDArray[np.float64]) -> NDArray[np.float64]:
        """Give the angle between the line of sight and the normal of the facade."""
        away = np.array(self.at_m) - points_m
        return np.degrees(np.arccos(away[:, 2] / np.linalg.norm(away, axis=1)))

    def worst_gsd_mm(self, points_m: NDArray[np.float64]) -> NDArray[np.float64]:
        """Give the size of a pixel in its worst direction by tracing facade points 1 mm apart."""
        angles = np.radians(np.arange(0, 180, 9))
        here = self.see(points_m)[:, :2]
        moved = [
            np.linalg.norm(
                self.see(points_m + 0.001 * np.array([np.cos(a), np.sin(a), 0]))[:, :2] - here,
                axis=1,
            )
            for a in angles
        ]
        return 1.0 / np.min(moved, axis=0)

    def all_blur_px(self, gsd_mm: NDArray[np.float64]) -> NDArray[np.float64]:
        """Give the standard deviation of all blur: lens, pixel and painted wall."""
        return np.sqrt(self.blur_px**2 + PIXEL_VARIANCE + PAINTED_VARIANCE / gsd_mm**2)


SHOTS = (
    Shot(name="sharp", at_m=(0.7, 0.6, 2.4), towards_m=(0.7, 0.6, 0)),
    Shot(name="second sharp", at_m=(0.8, 1.35, 2.4), towards_m=(0.8, 1.35, 0)),
    Shot(name="blurred", at_m=(2.05, 0.6, 2.4), towards_m=(2.05, 0.6, 0), blur_px=2.6),
    Shot(name="oblique", at_m=(4.9, 0.6, 2.0), towards_m=(3.3, 0.6, 0)),
    Shot(name="dark", at_m=(0.7, 2.4, 2.4), towards_m=(0.7, 2.4, 0), light=0.004),
    Shot(name="far", at_m=(2.5, 2.2, 4.8), towards_m=(2.5, 2.2, 0)),
)
"""At 1 mm: two yes, one blurred, one oblique (39°), one dark, one far; the rest is not seen."""


def texture(seed: int = 3) -> NDArray[np.float32]:
    """Draw the facade as linear light (rows from the top) at 1 mm: stains, joints, bolts."""
    rng = np.random.default_rng(seed)
    size = (round(HEIGHT_M / FINE_M), round(WIDTH_M / FINE_M))
    wall = np.full(size, 0.45, dtype=np.float32)
    for _ in range(2600):
        at = (int(rng.integers(size[1])), int(rng.integers(size[0])))
        cv2.circle(wall, at, int(rng.integers(12, 34)), float(rng.uniform(0.2, 0.7)), -1)
    return wall


def render(folder: Path, shots: tuple[Shot, ...] = SHOTS, seed: int = 3) -> list[View]:
    """Render the photos as PNG and give them as views of the facade with their true poses."""
    wall, views = texture(seed), []
    for number, shot in enumerate(shots):
        corners = np.array([[0, 0, 0], [4, 0, 0], [4, 3, 0], [0, 3, 0]], dtype=np.float64)
        fine = np.column_stack([corners[:, 0], HEIGHT_M - corners[:, 1]]) / FINE_M
        seen = shot.see(corners)[:, :2]
        over = 3
        matrix = cv2.getPerspectiveTransform(
            (fine - 0.5).astype(np.float32), (seen * over - 0.5).astype(np.float32)
        )
        big = cv2.warpPerspective(
            wall, matrix, (SIZE_PX[0] * over, SIZE_PX[1] * over), borderValue=0.45
        )
        big = cv2.GaussianBlur(big, (0, 0), shot.blur_px * over)
        light = cv2.resize(big, SIZE_PX, interpolation=cv2.INTER_AREA) * shot.light
        srgb = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
        noise = np.random.default_rng([seed, number]).normal(0, 1.5, light.shape)
        path = folder / f"{number}.png"
        grey = np.clip(np.rint(255 * srgb + noise), 0, 255).astype(np.uint8)
        cv2.imwrite(str(path), np.dstack([grey] * 3))
        views.append(
            View(
                sha256=f"{number:064x}",
                path=path,
                width_px=SIZE_PX[0],
                height_px=SIZE_PX[1],
                camera=Camera(
                    width_px=SIZE_PX[0],
                    height_px=SIZE_PX[1],
                    focal_px=FOCAL_PX,
                    cx_px=SIZE_PX[0] / 2,
                    cy_px=SIZE_PX[1] / 2,
                ),
                pose=Pose(camera_from_world=shot.rotation, centre_world_m=np.array(shot.at_m)),
            )
        )
    return views


def true_codes(
    points_m: NDArray[np.float64], width_mm: float, shots: tuple[Shot, ...] = SHOTS
) -> NDArray[np.uint8]:
    """Answer by construction: 1 yes, 2 no, 3 not seen, for facade points (n, 3)."""
    seen_by_any = np.zeros(len(points_m), dtype=bool)
    able = np.zeros(len(points_m), dtype=bool)
    for shot in shots:
        x, y, depth = shot.see(points_m).T
        seen = (depth > 0) & (x >= 0) & (y >= 0) & (x < SIZE_PX[0]) & (y < SIZE_PX[1])
        seen &= shot.incidence_deg(points_m) <= 60
        gsd_mm = shot.worst_gsd_mm(points_m)
        smallest = 0.33 * gsd_mm * np.maximum(1.0, shot.all_blur_px(gsd_mm) / 0.8)
        seen_by_any |= seen
        able |= (
            seen
            & (smallest <= width_mm)
            & (shot.incidence_deg(points_m) <= 20)
            & (shot.light > 0.1)
        )
    return np.where(able, 1, np.where(seen_by_any, 2, 3)).astype(np.uint8)

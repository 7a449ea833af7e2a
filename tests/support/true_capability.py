"""Answer "could this width have been measured here?" from the cameras that rendered the photos.

Everything is written down once more: a pinhole, the size of a pixel by tracing points a millimetre
apart, the angle, the blur that the renderer applied. Only the rule is that of the house: 0.33 · GSD
in the worst direction, more in proportion to a blur above 0.8 px, not beyond 20°, not in the dark.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from datasets.synth.facade import CAMERA, GSD_MM, SURFACE_SIGMA_M, RenderedFacade
from datasets.synth.paint import FINE_PX_PER_PX

Floats = NDArray[np.float64]

STEP_M = 0.001
TRACED_DEG = np.arange(0, 180, 15)
SEEN_DEG, MEASURED_DEG = 60.0, 20.0
LEAST_STOP = 0.05
"""A photo with less light than this share is too dark."""
FINE_SIGMA = float(np.sqrt(1 / 12 + 1 / 6))
"""Blur of a painted pixel and of reading between four of them, in fine pixels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrueShot:
    """Say what one photo truly is.

    Attributes:
        rotation: from the world's axes to the camera's (x right, y down, z forward).
        centre_m: of the camera, in the world whose plane z = 0 is looked at.
        focal_px: of the lens.
        size_px: of the photo; its principal point is the middle.
        k1: radial distortion.
        blur_px: standard deviation of all blur of the photo itself.
        surface_blur_m: of the painted surface.
        lit: bright enough.
    """

    rotation: Floats
    centre_m: Floats
    focal_px: float
    size_px: tuple[int, int]
    blur_px: float
    surface_blur_m: float
    k1: float = 0.0
    lit: bool = True

    def see(self, points_m: Floats) -> Floats:
        """Give pixel x, y and depth (n, 3) of points (n, 3)."""
        there = (points_m - self.centre_m) @ self.rotation.T
        x, y = there[:, 0] / there[:, 2], there[:, 1] / there[:, 2]
        bent = 1 + self.k1 * (x * x + y * y)
        return np.column_stack(
            [
                self.focal_px * x * bent + self.size_px[0] / 2,
                self.focal_px * y * bent + self.size_px[1] / 2,
                there[:, 2],
            ]
        )

    def incidence_deg(self, points_m: Floats, normal: Floats) -> Floats:
        """Give the angle between the line of sight and the normal of the surface."""
        away = self.centre_m - points_m
        return np.degrees(np.arccos(np.clip(away @ normal / np.linalg.norm(away, axis=1), -1, 1)))

    def worst_gsd_mm(self, points_m: Floats, along: Floats, across: Floats) -> Floats:
        """Give the size of a pixel in its worst direction on the surface, mm."""
        here = self.see(points_m)[:, :2]
        moved = [
            np.linalg.norm(
                self.see(points_m + STEP_M * (np.cos(a) * along + np.sin(a) * across))[:, :2]
                - here,
                axis=1,
            )
            for a in np.radians(TRACED_DEG)
        ]
        return STEP_M * 1000 / np.min(moved, axis=0)

    def smallest_mm(self, points_m: Floats, along: Floats, across: Floats) -> Floats:
        """Give the smallest width that it could have measured, infinite where none, mm."""
        gsd_mm = self.worst_gsd_mm(points_m, along, across)
        blur = np.hypot(self.blur_px, self.surface_blur_m * 1000 / gsd_mm)
        smallest = 0.33 * gsd_mm * np.maximum(1.0, blur / 0.8)
        able = self.lit & (self.incidence_deg(points_m, np.cross(along, across)) <= MEASURED_DEG)
        return np.where(able & self.sees(points_m, np.cross(along, across)), smallest, np.inf)

    def sees(self, points_m: Floats, normal: Floats) -> NDArray[np.bool_]:
        """Tell which points it shows at less than 60°."""
        x, y, depth = self.see(points_m).T
        inside = (depth > 0) & (x >= 0) & (y >= 0) & (x < self.size_px[0]) & (y < self.size_px[1])
        return np.asarray(inside & (self.incidence_deg(points_m, normal) <= SEEN_DEG))


@dataclass(frozen=True, slots=True, kw_only=True)
class TrueMap:
    """Carry what is true of some places (n,).

    Attributes:
        smallest_mm: smallest width that any photo could have measured; infinite where none.
        seen: any photo shows it.
    """

    smallest_mm: Floats
    seen: NDArray[np.bool_]

    def codes(self, width_mm: float) -> NDArray[np.uint8]:
        """Answer 1 yes, 2 no, 3 not seen."""
        width_mm *= 1 + 1e-4  # at the limit itself rounding would decide
        answer = np.where(self.smallest_mm <= width_mm, 1, np.where(self.seen, 2, 3))
        return np.asarray(answer, dtype=np.uint8)


def true_map(shots: Sequence[TrueShot], points_m: Floats, along: Floats, across: Floats) -> TrueMap:
    """Say what is true of points (n, 3) of a plane with two unit vectors in it."""
    smallest = np.full(len(points_m), np.inf)
    seen = np.zeros(len(points_m), dtype=bool)
    normal = np.cross(along, across)
    for shot in shots:
        smallest = np.minimum(smallest, shot.smallest_mm(points_m, along, across))
        seen |= shot.sees(points_m, normal)
    return TrueMap(smallest_mm=smallest, seen=seen)


def shots_of_facade(facade: RenderedFacade) -> list[TrueShot]:
    """List the true photos of a rendered facade, in the ENU frame of its wall."""
    fine_m = FINE_PX_PER_PX * GSD_MM / 1000
    middle = np.array([facade.deck.length_m / 2, facade.deck.width_m / 2, 0.0])
    return [
        TrueShot(
            rotation=station.camera_from_wall,
            centre_m=np.array(station.at_m) - middle,
            focal_px=CAMERA.focal_px,
            size_px=(CAMERA.width_px, CAMERA.height_px),
            blur_px=station.lens.sigma_in_all_px,
            surface_blur_m=float(np.hypot(SURFACE_SIGMA_M, FINE_SIGMA * fine_m)),
            lit=station.lens.stop >= LEAST_STOP,
        )
        for station in facade.stations
    ]

"""Find which photo pixel each pixel of a mosaic window needs, and fetch it.

Rays are computed exactly on a lattice and interpolated between its nodes; ``glance`` gives the
nodes, ``look`` every pixel, ``sample`` the colours.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from inspection.geo.grid import PixelGrid
from inspection.imaging.ortho import View
from inspection.imaging.surface import Surface

LATTICE_PX = 16
"""Rays are computed exactly every so many mosaic pixels and bilinearly between; at 30° tilt and
2000 px focal length the error is below 0.03 px."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """Say where one view looks for each pixel of one mosaic window.

    Attributes:
        map_px: (H, W, 2) float32, photo pixel of each mosaic pixel, outer-corner origin;
            meaningless where it does not see.
        seen: (H, W) bool, whether the photo shows that pixel.
    """

    map_px: NDArray[np.float32]
    seen: NDArray[np.bool_]

    def crop(self, box: tuple[slice, slice]) -> "Sight":
        """Give the part of a window in a rectangle of rows and columns."""
        return Sight(map_px=self.map_px[box], seen=self.seen[box])


def glance(view: View, world_lattice_m: NDArray[np.float64]) -> NDArray[np.float32] | None:
    """Find photo pixel and seam cost at the nodes of a window; None when out of sight.

    Args:
        view: the photo.
        world_lattice_m: (rows, columns, 3) from ``lattice_world_m``.

    Returns:
        (rows, columns, 3) float32: x px, y px, cost px; nodes outside the photo keep their
        extrapolated pixel and cost, because the photo may begin between two nodes.
    """
    rows, columns, _ = world_lattice_m.shape
    world = world_lattice_m.reshape(-1, 3)
    pixels = view.project(world)
    cost = view.cost_px(world, pixels)
    nodes = np.column_stack([pixels, cost]).reshape(rows, columns, 3)
    known = np.isfinite(nodes).all(axis=2)
    if not known.any():
        return None
    low, high = nodes[known].min(axis=0), nodes[known].max(axis=0)
    if low[0] > view.width_px or low[1] > view.height_px or high[0] < 0 or high[1] < 0:
        return None
    return nodes.astype(np.float32)


def look(view: View, window: PixelGrid, nodes: NDArray[np.float32]) -> Sight | None:
    """Spread the nodes of ``glance`` to every pixel of a window; None when it sees none."""
    map_px = densify(nodes[..., :2], window)
    x, y = map_px[..., 0], map_px[..., 1]
    half = np.float32(0.5)
    with np.errstate(invalid="ignore"):
        seen = (
            (x >= half) & (y >= half) & (x <= view.width_px - half) & (y <= view.height_px - half)
        )
    if not np.isfinite(nodes).all():
        seen &= np.isfinite(densify(nodes[..., 2:], window))
        map_px = np.nan_to_num(map_px, posinf=0.0, neginf=0.0)
    return Sight(map_px=map_px, seen=seen) if seen.any() else None


def densify(lattice: NDArray[np.float32], window: PixelGrid) -> NDArray[np.float32]:
    """Interpolate lattice nodes (rows, columns, c) bilinearly at all pixel centres of a window."""
    rows, columns = lattice.shape[:2]
    size = (columns * LATTICE_PX, rows * LATTICE_PX)
    dense = cv2.resize(np.ascontiguousarray(lattice), size, interpolation=cv2.INTER_LINEAR)
    inside = (
        slice(LATTICE_PX, LATTICE_PX + window.height_px),
        slice(LATTICE_PX, LATTICE_PX + window.width_px),
    )
    return np.asarray(dense[inside], dtype=np.float32)


def lattice_world_m(window: PixelGrid, surface: Surface) -> NDArray[np.float64]:
    """Give world points (rows, columns, 3) m of a window's lattice.

    Nodes lie in the middle of squares of ``LATTICE_PX``, one square beyond the window all around.
    """
    columns = -(-window.width_px // LATTICE_PX) + 2
    rows = -(-window.height_px // LATTICE_PX) + 2
    x, y = np.meshgrid(
        (np.arange(columns) - 0.5) * LATTICE_PX, (np.arange(rows) - 0.5) * LATTICE_PX
    )
    middles = np.column_stack([x.ravel(), y.ravel()])
    return surface.to_world_m(window.to_surface(middles)).reshape(rows, columns, 3)


def sample(photo: NDArray[np.uint8], sight: Sight) -> NDArray[np.uint8]:
    """Sample a photo (h, w, 3) at the pixels of a sight with bicubic interpolation, (H, W, 3)."""
    map_px = sight.map_px - np.float32(0.5)  # OpenCV counts from the middle of the first pixel
    painted = cv2.remap(photo, map_px, None, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(painted, dtype=np.uint8)


def sample_reduced(
    picture: NDArray[np.generic], sight: Sight, size_px: tuple[int, int]
) -> NDArray[np.generic]:
    """Sample a reduced photo bilinearly at the pixels of a sight.

    Args:
        picture: (h, w, 3), the whole photo made smaller.
        sight: where to look.
        size_px: columns and rows of the photo itself.
    """
    rows, columns = picture.shape[:2]
    scale = np.array([columns / size_px[0], rows / size_px[1]], dtype=np.float32)
    map_px = sight.map_px * scale - np.float32(0.5)
    painted = cv2.remap(picture, map_px, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(painted)

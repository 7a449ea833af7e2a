"""Map what could have been measured where: the proof of what was inspected.

For every cell of the surface and every photo that sees it: the ground sample distance in its worst
direction, the blur measured in the photo, the angle of incidence, the light; from them the
smallest crack width that this photo could have measured there. The best photo wins the cell.

Source: domain specification §4.2 (limits of incidence), §4.7 (w_min = 0.33·GSD), §6.3 (coverage).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum

import cv2
import numpy as np
from numpy.typing import NDArray

from inspection.errors import BadInput
from inspection.geo.grid import PixelGrid
from inspection.imaging.blur import TILE_PX, BlurGrade, BlurReading, grade_blur, read_blur
from inspection.imaging.ortho import View
from inspection.imaging.surface import Surface

SMALLEST_PX = 0.33
"""Smallest width that estimator B measures, in pixels of a sharp photo (§4.7)."""

REFERENCE_BLUR_PX = 0.8
"""Blur at which that holds (the golden tests of §4.8); a thin line loses contrast as 1/σ."""

CORRECTABLE_DEG, HARD_LIMIT_DEG = 20.0, 45.0
DARK, BRIGHT = 25.0, 245.0
"""sRGB levels between which the middle of a tile must lie to show a crack."""
CLIPPED_MAX = 0.05
"""Largest share of clipped pixels of a tile."""


class Inspected(IntEnum):
    """Answer "inspected at this width?"; 0 is outside of the surface asked about."""

    OUTSIDE = 0
    YES = 1
    NO = 2
    NOT_SEEN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Capability:
    """Carry the map; all arrays (rows, columns) of ``grid``.

    Attributes:
        grid: cells of the surface.
        width_min_mm: smallest measurable width; infinite where no photo could measure.
        gsd_mm_per_px: of the best photo in its worst direction; NaN where nothing sees.
        blur_px: of the best photo; NaN likewise.
        incidence_deg: of the best photo; NaN likewise.
        light: middle sRGB level of the best photo, 0–255; NaN likewise.
        photo: number of the best photo, from 1; 0 where nothing sees.
        views: photos that see the cell.
    """

    grid: PixelGrid
    width_min_mm: NDArray[np.float32]
    gsd_mm_per_px: NDArray[np.float32]
    blur_px: NDArray[np.float32]
    incidence_deg: NDArray[np.float32]
    light: NDArray[np.float32]
    photo: NDArray[np.uint16]
    views: NDArray[np.uint16]

    def inspected(
        self, width_mm: float, inside: NDArray[np.bool_] | None = None
    ) -> NDArray[np.uint8]:
        """Answer for one width, codes of ``Inspected``.

        Args:
            width_mm: the wanted width.
            inside: cells of the surface asked about; all when not given.

        Raises:
            BadInput: when the width is not above 0.
        """
        if not 0 < width_mm < np.inf:
            raise BadInput(f"the wanted width must be above 0 mm, got {width_mm} mm")
        answer = np.where(self.width_min_mm <= width_mm, Inspected.YES, Inspected.NO)
        answer = np.where(self.views == 0, Inspected.NOT_SEEN, answer)
        if inside is not None:
            answer = np.where(inside, answer, Inspected.OUTSIDE)
        return answer.astype(np.uint8)


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoGrade:
    """Carry what one photo is worth, tile by tile (rows, columns).

    Attributes:
        blur: by its edges, and by its texture beside that of the other photos.
        level: median sRGB level, 0–255.
        clipped: share of pixels at either end of the range.
    """

    blur: BlurGrade
    level: NDArray[np.float32]
    clipped: NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class TileReading:
    """Carry what one photo shows by itself, tile by tile (rows, columns).

    Attributes:
        blur: of its edges, lines and texture.
        level: median sRGB level, 0–255.
        clipped: share of pixels at either end of the range.
    """

    blur: BlurReading
    level: NDArray[np.float32]
    clipped: NDArray[np.float32]


def read_tiles(grey: NDArray[np.uint8], *, tile_px: int = TILE_PX) -> TileReading:
    """Read a photo (H, W) uint8 tile by tile."""
    blur = read_blur(grey, tile_px=tile_px)
    level, clipped = np.empty_like(blur.edge_px), np.empty_like(blur.edge_px)
    for row in range(level.shape[0]):
        for column in range(level.shape[1]):
            tile = grey[
                row * tile_px : (row + 1) * tile_px, column * tile_px : (column + 1) * tile_px
            ]
            level[row, column] = np.median(tile)
            clipped[row, column] = np.mean((tile <= 2) | (tile >= 253))
    return TileReading(blur=blur, level=level, clipped=clipped)


def grade_photos(
    readings: Sequence[TileReading], gsd_mm_per_px: Sequence[float]
) -> list[PhotoGrade]:
    """Grade photos of one surface: what they share tells how coarse its texture is of itself.

    Args:
        readings: one a photo.
        gsd_mm_per_px: of each photo, about.
    """
    blurs = grade_blur([reading.blur for reading in readings], gsd_mm_per_px)
    return [
        PhotoGrade(blur=blur, level=reading.level, clipped=reading.clipped)
        for reading, blur in zip(readings, blurs, strict=True)
    ]


Float32s = NDArray[np.float32]
Grader = Callable[[int], PhotoGrade]
"""Grades the photo of a view by its number, from 0."""


def map_capability(
    views: Sequence[View],
    surface: Surface,
    grid: PixelGrid,
    grade: Grader,
    *,
    max_incidence_deg: float = CORRECTABLE_DEG,
    ground_per_map: float = 1.0,
    on_view: Callable[[int, int], None] = lambda done, total: None,
) -> Capability:
    """Map the capability of some photos on the cells of a grid.

    Args:
        views: the registered photos.
        surface: what they look at; nothing of it hides another part of it.
        grid: north-up cells.
        grade: gives the blur and light of a photo.
        max_incidence_deg: views flatter than this measure nothing; 20 by default, 45 at most.
        ground_per_map: ground length ÷ map length.
        on_view: hears (done, total).

    Raises:
        BadInput: when the limit of incidence is not in 0–45°.
    """
    if not 0 < max_incidence_deg <= HARD_LIMIT_DEG:
        raise BadInput(
            f"incidence limit must be in 0–45°, got {max_incidence_deg}°: flatter views give no "
            "width (domain specification §4.2)"
        )
    shape = (grid.height_px, grid.width_px)
    best = {
        name: np.full(shape, np.nan, dtype=np.float32)
        for name in ("gsd", "blur", "incidence", "light")
    }
    width = np.full(shape, np.inf, dtype=np.float32)
    photo, seen_by = np.zeros(shape, dtype=np.uint16), np.zeros(shape, dtype=np.uint16)
    rank = np.full(shape, np.inf, dtype=np.float32)
    world = _cell_points(grid, surface)
    for number, view in enumerate(views):
        looked = _look(view, world, shape, ground_per_map)
        if looked is not None:
            pixels, seen, gsd, fine, incidence = looked
            tiles = grade(number)
            edge, texture = _at(tiles.blur.edge_px, pixels), _at(tiles.blur.texture_px, pixels)
            light, clipped = _at(tiles.level, pixels), _at(tiles.clipped, pixels)
            blur = tiles.blur.blur_px(np.sqrt(gsd * fine), edge, texture)
            smallest = smallest_width_mm(gsd, blur)
            lit = (light >= DARK) & (light <= BRIGHT) & (clipped <= CLIPPED_MAX)
            able = seen & lit & (incidence <= max_incidence_deg) & np.isfinite(smallest)
            # where no photo is able, the one nearest to being able is still shown
            order = np.where(able, smallest, 1e6 + np.nan_to_num(smallest, nan=1e6))
            order = np.where(seen, order, np.inf).astype(np.float32)
            wins = order < rank
            rank[wins] = order[wins]
            width[wins] = np.where(able, smallest, np.inf)[wins]
            photo[wins] = number + 1
            for name, value in (
                ("gsd", gsd), ("blur", blur), ("incidence", incidence), ("light", light)
            ):  # fmt: skip
                best[name][wins] = value[wins]
            seen_by += seen
        on_view(number + 1, len(views))
    return Capability(
        grid=grid,
        width_min_mm=width,
        gsd_mm_per_px=best["gsd"],
        blur_px=best["blur"],
        incidence_deg=best["incidence"],
        light=best["light"],
        photo=photo,
        views=seen_by,
    )


def smallest_width_mm(
    gsd_mm_per_px: NDArray[np.float32], blur_px: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Give the smallest measurable width: 0.33 · GSD, more when the photo is blurred.

    >>> gsd, blur = np.array([0.3, 0.3], np.float32), np.array([0.5, 1.6], np.float32)
    >>> smallest_width_mm(gsd, blur).round(3).tolist()
    [0.0989999994635582, 0.1979999989271164]
    """
    factor = np.maximum(blur_px / REFERENCE_BLUR_PX, 1.0)
    return np.asarray(SMALLEST_PX * gsd_mm_per_px * factor, dtype=np.float32)


def _cell_points(grid: PixelGrid, surface: Surface) -> NDArray[np.float64]:
    """Give world points (3, rows · columns, 3): cell middles, and one step along x and y."""
    x, y = np.meshgrid(np.arange(grid.width_px) + 0.5, np.arange(grid.height_px) + 0.5)
    middle = grid.to_surface(np.column_stack([x.ravel(), y.ravel()]))
    step = grid.gsd_m_per_px / 2
    return np.stack([surface.to_world_m(middle + s) for s in ([0, 0], [step, 0], [0, step])])


def _look(
    view: View, world: NDArray[np.float64], shape: tuple[int, int], ground_per_map: float
) -> tuple[NDArray[np.float64], NDArray[np.bool_], Float32s, Float32s, Float32s] | None:
    """Give photo pixel, seen, worst and best GSD mm/px, incidence of each cell; None if unseen."""
    here, right, up = (view.project(points) for points in world)
    x, y = here[:, 0], here[:, 1]
    with np.errstate(invalid="ignore"):
        seen = (x >= 0) & (y >= 0) & (x < view.width_px) & (y < view.height_px)
        seen &= np.isfinite(view.cost_px(world[0], here))
    if not seen.any():
        return None
    step = np.linalg.norm(world[1] - world[0], axis=1) * ground_per_map
    a, c = ((right - here) / step[:, None]).T
    b, d = ((up - here) / step[:, None]).T
    mean, half = (a * a + b * b + c * c + d * d) / 2, np.abs(a * d - b * c)
    with np.errstate(invalid="ignore"):
        spread = np.sqrt(np.maximum(mean**2 - half**2, 0.0))
        coarse = 1000.0 / np.sqrt(np.maximum(mean - spread, 1e-12))
        fine = 1000.0 / np.sqrt(np.maximum(mean + spread, 1e-12))
    if view.pose is None:
        incidence = np.degrees(np.arccos(np.clip(fine / coarse, 0.0, 1.0)))
    else:
        offset = view.pose.centre_world_m - world[0]
        normal = np.cross(world[1] - world[0], world[2] - world[0])
        cosine = (offset * normal).sum(axis=1) / (
            np.linalg.norm(offset, axis=1) * np.linalg.norm(normal, axis=1)
        )
        incidence = np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0)))
    return (
        here.reshape(*shape, 2),
        seen.reshape(shape),
        coarse.reshape(shape).astype(np.float32),
        fine.reshape(shape).astype(np.float32),
        incidence.reshape(shape).astype(np.float32),
    )


def _at(tiles: NDArray[np.float32], pixels: NDArray[np.float64]) -> NDArray[np.float32]:
    """Sample a raster of tiles at photo pixels, bilinear between the middles of tiles."""
    at = np.nan_to_num(pixels / TILE_PX - 0.5, nan=0.0, posinf=0.0, neginf=0.0).astype(np.float32)
    at = np.clip(at, 0, [tiles.shape[1] - 1, tiles.shape[0] - 1]).astype(np.float32)
    return np.asarray(
        cv2.remap(tiles, at[..., 0], at[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE),
        dtype=np.float32,
    )


def grey_of(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Give a photo (H, W, 3) RGB as grey (H, W)."""
    return np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), dtype=np.uint8)

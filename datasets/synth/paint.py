"""Paint the layout onto bare concrete: dirt first, then objects, then cracks, then the lens.

Cracks are painted analytically: each pixel near a crack gets the share of it that lies between the
crack's edges, from the distance to the centre line and the width there.
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree
from shapely import LineString, Polygon

from datasets.synth.canvas import SOFT, Bounds, Canvas, Floats, Patch, blank, coverage
from datasets.synth.fracture import Path
from datasets.synth.furniture import furnish, sample, sample_at
from datasets.synth.layout import Crack, Layout
from datasets.synth.texture import lay_texture, octaves
from inspection.geo.polyline import unit_normals

CHUNK_M = 0.30
FINE_PX_PER_PX = 0.625
"""Size of a fine pixel ÷ size of a photo pixel on the surface."""
REACH_M = 0.020
"""How far from its edge a crack still darkens the surface."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Groove:
    """Carry one crack path ready to be cut into the surface.

    Attributes:
        tree: points of the centre line, deck metres.
        half_m: (n,) float32, half the width at each point.
        depth: (n,) float32, share of light taken at each point, 0–1.
        ragged: square of noise, about unit variance, that roughens the edges.
    """

    tree: cKDTree
    half_m: Floats
    depth: Floats
    ragged: Floats

    def cut(self, patch: Patch) -> Floats:
        """Darken one box by the crack that runs through it."""
        shape = patch.reflectance.shape
        x_m, y_m = np.broadcast_to(patch.x_m, shape), np.broadcast_to(patch.y_m, shape)
        near = self._near(x_m, y_m, patch.pixel_m)
        distance, at = self.tree.query(np.column_stack([x_m[near], y_m[near]]))
        gap, half = distance.astype(np.float32), self.half_m[at]
        swing = np.minimum(0.22 * half, np.float32(0.0006))
        rough = np.clip(sample(self.ragged, patch, patch.pixel_m)[near], -1.6, 2.2)
        share = coverage(gap, half + rough * swing, patch.pixel_m)
        halo = 0.07 * np.exp(-np.maximum(gap - half, 0) / 0.004) * (1 - share)
        cut = patch.reflectance.copy()
        cut[near] *= 1 - share * self.depth[at] - halo * np.minimum(half / 0.002, 1)
        return cut

    def painted_mm(self, pixel_m: float) -> NDArray[np.float64]:
        """Give the width (n,) mm that is cut at each point, with the roughness of both edges."""
        points, half = np.asarray(self.tree.data), self.half_m
        sides = (points + sign * half[:, None] * unit_normals(points) for sign in (1.0, -1.0))
        rough = sum(np.clip(sample_at(self.ragged, side, pixel_m), -1.6, 2.2) for side in sides)
        swing = np.minimum(0.22 * half, np.float32(0.0006))
        return np.asarray(1000 * np.maximum(2 * half + rough * swing, 0.0), dtype=np.float64)

    def _near(self, x_m: Floats, y_m: Floats, step_m: float) -> NDArray[np.bool_]:
        """Pick the pixels within reach of the path: exact distances are wanted only there."""
        mask = np.zeros(x_m.shape, dtype=np.uint8)
        columns = np.round((self.tree.data[:, 0] - x_m[0, 0]) / step_m).astype(np.int64)
        rows = np.round((y_m[0, 0] - self.tree.data[:, 1]) / step_m).astype(np.int64)
        reach_px = math.ceil((REACH_M + float(self.half_m.max())) / step_m) + 1
        line = np.column_stack([columns, rows]).astype(np.int32)
        cv2.polylines(mask, [line], isClosed=False, color=1, thickness=2 * reach_px + 1)
        return np.asarray(mask > 0, dtype=np.bool_)


@dataclass(frozen=True, slots=True, kw_only=True)
class Painted:
    """Carry a painted layout.

    Attributes:
        canvas: the surface.
        widths_mm: by crack, for each of its paths the painted width (n,) at each point.
    """

    canvas: Canvas
    widths_mm: dict[str, tuple[NDArray[np.float64], ...]]


def paint(layout: Layout, *, seed: int, lens_sigma_m: float) -> Painted:
    """Paint a whole layout.

    The blur of the lens is applied here, once, on the surface: every photo sees it from about the
    same distance, and sampling an already blurred surface cannot alias.
    """
    canvas = blank(layout.deck, FINE_PX_PER_PX * layout.gsd_mm / 1000)
    lay_texture(canvas, layout.deck, seed)
    rng = np.random.default_rng([seed, 5])
    _soil(canvas, layout, rng)
    furnish(canvas, layout, rng)
    widths_mm = {}
    for crack in layout.cracks:
        _tint_crack(canvas, crack)
        widths_mm[crack.crack_id] = tuple(
            _score(canvas, path, crack.recipe.darkness, rng) for path in crack.paths
        )
    sigma_px = lens_sigma_m / canvas.resolution_m
    cv2.GaussianBlur(canvas.grey, (0, 0), sigma_px, dst=canvas.grey)
    return Painted(canvas=canvas, widths_mm=widths_mm)


LOOKS: dict[str, tuple[float, tuple[float, float, float], float]] = {
    "tyre_mark": (0.10, (1.0, 1.0, 1.0), 0.11),
    "skid_mark": (0.30, (1.0, 1.0, 1.01), 0.02),
    "oil": (0.45, (1.0, 0.98, 0.94), 0.015),
    "rust": (0.22, (1.10, 0.94, 0.80), 0.05),
    "damp": (0.30, (0.99, 1.0, 1.0), 0.012),
    "patch": (-0.10, (0.98, 1.0, 1.03), 0.004),
}
"""Share of light taken, colour of what is left, and softness of the edge in metres, by kind."""


def _soil(canvas: Canvas, layout: Layout, rng: np.random.Generator) -> None:
    """Darken and colour what is soft: tyre marks, oil, rust, damp, the patch, the gutters."""
    for thing in layout.things:
        if thing.kind in LOOKS:
            depth, colour, edge_m = LOOKS[thing.kind]
            left = np.array(colour, dtype=np.float32) * np.float32(1 - depth)

            def stain(share: Floats, left: Floats = left) -> Floats:
                broken = octaves(rng, share.shape[:2], (3, 8, 24, 60))[..., None]
                cover = share * np.clip(0.85 + 0.35 * broken, 0.15, 1.15)
                return np.asarray(1 - cover * (1 - left), dtype=np.float32)

            canvas.tint_inside(_ring(thing.outline_deck_m), edge_m, stain)
    _gutter(canvas, layout, octaves(rng, canvas.tint.shape[:2], (5, 12, 40)))


def _gutter(canvas: Canvas, layout: Layout, patchy: Floats) -> None:
    """Lay dirt along the kerbs and lighten the kerbs themselves."""
    step_m = canvas.resolution_m * SOFT
    y_m = canvas.top_m - (np.arange(canvas.tint.shape[0], dtype=np.float32)[:, None] + 0.5) * step_m
    inside_m = np.minimum(y_m, layout.deck.width_m - y_m)
    dirt = np.where(inside_m > 0, np.exp(-inside_m / 0.10), 0) * (0.32 + 0.08 * patchy)
    kerb = np.where(inside_m < 0, 1.16, 1.0) * np.where(np.abs(inside_m) < 0.015, 0.55, 1.0)
    brown = np.array([0.97, 1.0, 1.05], dtype=np.float32)
    canvas.tint[:] *= np.power((kerb * (1 - dirt)).astype(np.float32)[..., None], brown)


def _score(
    canvas: Canvas, path: Path, darkness: float, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Cut one path into the surface, one tile of the deck at a time; give its width (n,) mm."""
    noise = rng.standard_normal(len(path.width_mm) + 39)
    debris = 1 + 0.10 * np.convolve(noise, np.full(40, 40**-0.5), mode="valid")
    groove = Groove(
        tree=cKDTree(path.points_deck_m),
        half_m=np.asarray(path.width_mm / 2000, dtype=np.float32),
        depth=np.asarray(np.clip(darkness * debris, 0.2, 0.9), dtype=np.float32),
        ragged=octaves(rng, (512, 512), (3, 7)),
    )
    for bounds in _disjoint_boxes(path):
        canvas.repaint(bounds, groove.cut)
    return groove.painted_mm(canvas.resolution_m)


def _disjoint_boxes(path: Path) -> list[Bounds]:
    """Tile the surroundings of a path with boxes that do not overlap.

    A pixel must be cut once only; so the tiles come from a fixed raster of the deck.
    """
    reach = REACH_M + float(path.width_mm.max()) / 2000
    cells: set[tuple[int, int]] = set()
    for dx in (-reach, 0.0, reach):
        for dy in (-reach, 0.0, reach):
            shifted = np.floor(np.add(path.points_deck_m, (dx, dy)) / CHUNK_M).astype(np.int64)
            cells.update((int(i), int(j)) for i, j in np.unique(shifted, axis=0))
    return [
        (i * CHUNK_M, j * CHUNK_M, (i + 1) * CHUNK_M, (j + 1) * CHUNK_M) for i, j in sorted(cells)
    ]


def _tint_crack(canvas: Canvas, crack: Crack) -> None:
    """Give the surroundings of a crack a touch of brown, and nothing to its darkness."""
    brown = np.array([0.03, 0.0, -0.05], dtype=np.float32)
    for path in crack.paths:
        line = LineString(path.points_deck_m[::4])
        outline = line.buffer(max(0.004, crack.recipe.width_px * 0.001), quad_segs=2)
        canvas.tint_inside(_ring(outline), 0.006, lambda share: 1 + share * brown)


def _ring(outline: Polygon) -> NDArray[np.float64]:
    """Give the outer ring of an outline, (n, 2)."""
    return np.asarray(outline.exterior.coords, dtype=np.float64)

"""Paint what has sharp edges and is no crack: markings, joints, scuppers, survey targets."""

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from datasets.synth.canvas import Bounds, Canvas, Floats, Patch, coverage
from datasets.synth.layout import Layout
from datasets.synth.texture import octaves

MARGIN_M = 0.03

Painter = Callable[[Patch, Bounds, Floats], Floats]


def furnish(canvas: Canvas, layout: Layout, rng: np.random.Generator) -> None:
    """Paint all sharp-edged objects of a layout, in its order."""
    wear = octaves(rng, (1024, 1024), (3, 8, 30, 120))
    for thing in layout.things:
        painter = PAINTERS.get(thing.kind)
        if painter is not None:
            own = np.roll(wear, rng.integers(0, 1024, 2), axis=(0, 1))
            _apply(canvas, painter, thing.outline_deck_m.bounds, own)


def _apply(canvas: Canvas, painter: Painter, bounds: Bounds, wear: Floats) -> None:
    """Let a painter repaint the surroundings of its object."""
    x0, y0, x1, y1 = bounds

    def repainted(patch: Patch) -> Floats:
        return painter(patch, bounds, wear)

    canvas.repaint((x0 - MARGIN_M, y0 - MARGIN_M, x1 + MARGIN_M, y1 + MARGIN_M), repainted)


def mix(patch: Patch, look: NDArray[Any], alpha: NDArray[Any]) -> Floats:
    """Lay a look over a patch where alpha is 1."""
    return np.asarray(patch.reflectance * (1 - alpha) + look * alpha, dtype=np.float32)


def sample(noise: Floats, patch: Patch, cell_m: float) -> Floats:
    """Spread a square of noise over a patch, one value a cell, mirrored where it repeats."""
    size = noise.shape[0]
    columns = np.floor(patch.x_m[0] / cell_m).astype(np.int64) % (2 * size)
    rows = np.floor(patch.y_m[:, 0] / cell_m).astype(np.int64) % (2 * size)
    picked = noise[np.minimum(rows, 2 * size - 1 - rows)]
    return np.asarray(picked[:, np.minimum(columns, 2 * size - 1 - columns)], dtype=np.float32)


def sample_at(
    noise: Floats, points_deck_m: NDArray[np.float64], cell_m: float
) -> NDArray[np.float64]:
    """Read the same noise as ``sample`` at points (n, 2)."""
    size = noise.shape[0]
    column, row = (np.floor(points_deck_m / cell_m).astype(np.int64) % (2 * size)).T
    picked = noise[np.minimum(row, 2 * size - 1 - row), np.minimum(column, 2 * size - 1 - column)]
    return np.asarray(picked, dtype=np.float64)


def _soft(noise: Floats, patch: Patch, cell_m: float) -> Floats:
    """Spread noise and smooth its cells."""
    cell_px = max(1, round(cell_m / patch.pixel_m))
    return np.asarray(cv2.blur(sample(noise, patch, cell_m), (cell_px, cell_px)), dtype=np.float32)


def _inside(patch: Patch, bounds: Bounds, edge_m: float | None = None) -> Floats:
    """Give the share of each pixel inside a box, 0–1, with an edge of some width."""
    x0, y0, x1, y1 = bounds
    across = np.minimum(patch.x_m - x0, x1 - patch.x_m)
    along = np.minimum(patch.y_m - y0, y1 - patch.y_m)
    return np.asarray(
        np.clip(np.minimum(across, along) / (edge_m or patch.pixel_m) + 0.5, 0, 1), dtype=np.float32
    )


def _marking(patch: Patch, bounds: Bounds, wear: Floats) -> Floats:
    """Paint a worn white bar that lets the grain through and has flaked off in places."""
    worn = _soft(wear, patch, 0.004)
    flaked = np.clip((worn - 0.9) * 3.0, 0, 1)
    alpha = _inside(patch, bounds, 0.003) * (0.93 - 0.12 * np.abs(worn)) * (1 - 0.85 * flaked)
    grain = patch.reflectance / max(float(patch.reflectance.mean()), 1e-3)
    return mix(patch, 0.60 * (0.45 + 0.55 * grain), alpha)


def _expansion_joint(patch: Patch, bounds: Bounds, wear: Floats) -> Floats:
    """Paint a rubber joint between steel rails, with bolts every 0.25 m."""
    middle = (bounds[0] + bounds[2]) / 2
    across = np.abs(patch.x_m - middle)
    rail = coverage(np.abs(across - 0.11), 0.018, patch.pixel_m)
    gap = coverage(across, 0.022, patch.pixel_m)
    look = (0.060 * (1 - rail) + 0.17 * rail) * (1 - 0.75 * gap)
    along = (patch.y_m - bounds[1]) % 0.25 - 0.125
    bolt = coverage(np.hypot(across - 0.075, along), 0.014, patch.pixel_m)
    look = look * (1 - bolt) + 0.13 * bolt
    dusty = np.maximum(1 + 0.25 * _soft(wear, patch, 0.006), 0.4)
    rubber = coverage(across, 0.150, patch.pixel_m) * _inside(patch, bounds)
    return mix(patch, look * dusty, rubber)


def _construction_joint(patch: Patch, bounds: Bounds, wear: Floats) -> Floats:
    """Paint a straight saw cut filled with a dark sealant that bleeds a little."""
    middle, half_m = (bounds[0] + bounds[2]) / 2, (bounds[2] - bounds[0]) / 2
    across = np.abs(patch.x_m - middle)
    edge_m = np.asarray(half_m * (1 + 0.15 * _soft(wear, patch, 0.004)), dtype=np.float32)
    seal = coverage(across, edge_m, patch.pixel_m)
    halo = np.exp(-np.maximum(across - half_m, 0) / 0.006)
    length = _inside(patch, (bounds[0] - 1, bounds[1], bounds[2] + 1, bounds[3]))
    return mix(patch, np.zeros(1), length * (0.10 * halo + 0.72 * seal))


def _scupper(patch: Patch, bounds: Bounds, wear: Floats) -> Floats:
    """Paint a cast-iron grate: a frame and slots across it."""
    frame = _inside(patch, bounds)
    x0, y0, x1, y1 = bounds
    inner = (x0 + 0.03, y0 + 0.03, x1 - 0.03, y1 - 0.03)
    slot = coverage(np.abs((patch.x_m - inner[0]) % 0.04 - 0.02), 0.011, patch.pixel_m)
    iron = 0.11 * (1 + 0.15 * _soft(wear, patch, 0.004))
    look = iron * (1 - 0.85 * slot * _inside(patch, inner))
    return mix(patch, look, frame)


def _target(patch: Patch, bounds: Bounds, wear: Floats) -> Floats:
    """Paint a survey target: a white disc with two black quadrants."""
    dx = patch.x_m - (bounds[0] + bounds[2]) / 2
    dy = patch.y_m - (bounds[1] + bounds[3]) / 2
    disc = coverage(np.hypot(dx, dy), (bounds[2] - bounds[0]) / 2, patch.pixel_m)
    right, upper = np.clip(dx / patch.pixel_m + 0.5, 0, 1), np.clip(dy / patch.pixel_m + 0.5, 0, 1)
    black = right * upper + (1 - right) * (1 - upper)
    look = (0.60 - 0.55 * black) * (1 + 0.04 * _soft(wear, patch, 0.004))
    return mix(patch, look, disc)


PAINTERS: dict[str, Painter] = {
    "lane_marking": _marking,
    "expansion_joint": _expansion_joint,
    "construction_joint": _construction_joint,
    "scupper": _scupper,
    "survey_target": _target,
}
"""Who paints which kind of thing."""

"""Draw simple concrete and asphalt chips with cracks, joints and distractors of known place.

This is the training source ``procedural``: cheap, flat, and only as real as it must be to teach a
network that a straight ragged line is a joint, that stains and shadows are nothing, and that a dark
wandering line is a crack. It shares no code with ``datasets.synth``, which renders the surfaces
that *test* the detector; so a test on those is not a test on the training renderer.
"""

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from datasets.chips import Chip
from datasets.classes import CRACK, JOINT
from datasets.manifest import Split
from datasets.sources import PROCEDURAL

LICENCE = "AGPL-3.0-or-later"
NAME = PROCEDURAL
GSD_MM_PER_PX = (1.0, 2.0)

Floats = NDArray[np.float32]
Points = NDArray[np.float64]
SUBPIXEL_BITS = 4


def smooth_noise(rng: np.random.Generator, size_px: int, cell_px: float) -> Floats:
    """Return noise of about unit variance that varies over ``cell_px``, (size, size) float32."""
    count = max(2, round(size_px / cell_px) + 1)
    coarse = rng.standard_normal((count, count)).astype(np.float32)
    return np.asarray(
        cv2.resize(coarse, (size_px, size_px), interpolation=cv2.INTER_CUBIC), dtype=np.float32
    )


def draw_surface(rng: np.random.Generator, size_px: int) -> Floats:
    """Return a bare surface: tinted noise of several scales with pits, (size, size, 3) in 0..1."""
    shade = np.full((size_px, size_px), rng.uniform(0.3, 0.75), dtype=np.float32)
    for cell_px, strength in ((1.0, 0.05), (2.5, 0.05), (8.0, 0.03), (40.0, 0.03), (160.0, 0.05)):
        shade += smooth_noise(rng, size_px, cell_px) * rng.uniform(0.1, 1.0) * strength
    if rng.random() < 0.3:  # asphalt: coarse bright and dark grains
        grains = smooth_noise(rng, size_px, rng.uniform(2.0, 5.0))
        shade += np.clip(grains, -1.5, 2.5) * rng.uniform(0.03, 0.1)
    for _ in range(int(rng.integers(0, 40))):  # blow-holes
        centre = tuple(int(v) for v in rng.integers(0, size_px, 2))
        cv2.circle(shade, centre, int(rng.integers(1, 4)), float(rng.uniform(0.1, 0.35)), -1)
    tint = 1.0 + rng.uniform(-0.08, 0.08, 3).astype(np.float32)
    return shade[..., None] * tint


def blot(rng: np.random.Generator, size_px: int) -> Floats:
    """Return a soft random region in 0..1, (size, size)."""
    field = smooth_noise(rng, size_px, rng.uniform(40, 160))
    level = rng.uniform(0.2, 1.2)
    return np.asarray(np.clip((field - level) / rng.uniform(0.1, 0.8), 0, 1), dtype=np.float32)


def polygon_shadow(rng: np.random.Generator, size_px: int) -> Floats:
    """Return a half-plane or band shadow with a soft edge in 0..1, (size, size)."""
    angle = rng.uniform(0, 2 * np.pi)
    y, x = np.mgrid[0:size_px, 0:size_px].astype(np.float32)
    across = (x - size_px / 2) * np.cos(angle) + (y - size_px / 2) * np.sin(angle)
    across -= rng.uniform(-0.4, 0.4) * size_px
    edge = rng.uniform(0.7, 8)
    inside = np.clip(across / edge, 0, 1)
    if rng.random() < 0.5:
        inside *= np.clip((rng.uniform(20, 120) - across) / edge, 0, 1)
    return np.asarray(inside, dtype=np.float32)


def wander(rng: np.random.Generator, start: Points, heading_rad: float, length_px: float) -> Points:
    """Return the points of a crack's centre line, (n, 2) px: a walk with kinks and small jitter."""
    step_px = rng.uniform(2.0, 5.0)
    count = max(3, int(length_px / step_px))
    turn = rng.normal(0, rng.uniform(0.1, 0.35), count)
    bends = np.convolve(turn, np.ones(8) / 2, mode="same")[:count]  # "same" means the longer one
    pull = heading_rad + bends + rng.normal(0, 0.25, count)
    steps = np.stack([np.cos(pull), np.sin(pull)], axis=1) * step_px
    return np.asarray(start + np.cumsum(steps, axis=0), dtype=np.float64)


def stroke(canvas: Floats, points: Points, widths_px: Points) -> None:
    """Draw a line of varying width on a coverage canvas at four times its resolution."""
    scale = 4.0 * (1 << SUBPIXEL_BITS)
    fixed = np.round(points * scale).astype(np.int32)
    for index in range(len(fixed) - 1):
        thickness = max(1, round(4.0 * widths_px[index]))
        a, b = fixed[index].tolist(), fixed[index + 1].tolist()
        cv2.line(canvas, a, b, 1.0, thickness, cv2.LINE_8, SUBPIXEL_BITS)


def coverage(size_px: int, strokes: list[tuple[Points, Points]]) -> Floats:
    """Return how much of each pixel the strokes cover, (size, size) in 0..1."""
    canvas = np.zeros((size_px * 4, size_px * 4), dtype=np.float32)
    for points, widths_px in strokes:
        stroke(canvas, points, widths_px)
    return np.asarray(
        cv2.resize(canvas, (size_px, size_px), interpolation=cv2.INTER_AREA), dtype=np.float32
    )


def draw_crack(rng: np.random.Generator, size_px: int) -> Floats:
    """Return the coverage of one crack with up to two branches, 1-8 px wide."""
    width_px = float(np.exp(rng.uniform(np.log(1.2), np.log(8.0))))
    start = rng.uniform(0, size_px, 2)
    heading = rng.uniform(0, 2 * np.pi)
    strokes = []
    for branch in range(1 + int(rng.integers(0, 3))):
        points = wander(rng, start, heading, rng.uniform(0.3, 1.2) * size_px)
        taper = np.linspace(1.0, rng.uniform(0.2, 1.0), len(points))
        wobble = 1 + 0.25 * np.sin(np.linspace(0, rng.uniform(5, 60), len(points)))
        strokes.append((points, width_px * taper * wobble * (0.7**branch)))
        start = points[int(rng.integers(0, len(points)))]
        heading += rng.choice([-1, 1]) * rng.uniform(0.4, 1.4)
    return coverage(size_px, strokes)


def draw_joint(rng: np.random.Generator, size_px: int) -> Floats:
    """Return the coverage of one straight joint across the chip, 1.5-20 px, its edges ragged."""
    angle = rng.uniform(0, np.pi)
    if rng.random() < 0.6:  # joints mostly run along the photo, a drone flies along the slabs
        angle = np.round(angle / (np.pi / 2)) * np.pi / 2 + rng.normal(0, 0.06)
    along = np.array([np.cos(angle), np.sin(angle)])
    normal = np.array([-along[1], along[0]])
    middle = rng.uniform(0.1, 0.9, 2) * size_px
    reach = np.arange(-1.5 * size_px, 1.5 * size_px, 6.0)
    ragged = rng.normal(0, 1, len(reach)) * rng.uniform(0, 0.12)
    width_px = float(np.exp(rng.uniform(np.log(1.5), np.log(20.0))))
    points = middle + reach[:, None] * along + (ragged * width_px)[:, None] * normal
    roughness = 1 + rng.normal(0, 1, len(reach)) * rng.uniform(0, 0.25)
    strokes = [(points, width_px * np.clip(roughness, 0.3, 2.0))]
    if rng.random() < 0.5:
        strokes += edge_spalls(rng, points, width_px, float(angle))
    return coverage(size_px, strokes)


def edge_spalls(
    rng: np.random.Generator, line: Points, width_px: float, angle_rad: float
) -> list[tuple[Points, Points]]:
    """Return strokes for the broken edges of a joint: short, dark, and still along the joint."""
    strokes = []
    for _ in range(int(rng.integers(5, 40))):
        start = line[int(rng.integers(0, len(line)))] + rng.normal(0, 0.5 * width_px + 0.5, 2)
        heading = angle_rad + rng.choice([0, np.pi]) + rng.normal(0, 0.15)
        points = wander(rng, start, float(heading), rng.uniform(6, 60))
        widths_px = rng.uniform(0.3, 1.1) * width_px * np.linspace(1.0, 0.3, len(points))
        strokes.append((points, widths_px))
    return strokes


def uneven_depth(rng: np.random.Generator, size_px: int) -> Floats:
    """Return how much of its darkness a joint keeps where dirt fills it, (size, size) in 0.3..1."""
    field = smooth_noise(rng, size_px, rng.uniform(10, 60)) * rng.uniform(0, 0.5)
    return np.asarray(np.clip(1 - np.abs(field), 0.3, 1), dtype=np.float32)


def darken(surface: Floats, cover: Floats, depth: float) -> None:
    """Multiply the surface down where it is covered, in place; depth 1 is black."""
    surface *= 1 - depth * cover[..., None]


def draw_worn_paint(rng: np.random.Generator, surface: Floats) -> None:
    """Paint a light band 15-120 px wide, in place, with flakes worn out of it."""
    size_px = surface.shape[0]
    angle = np.round(rng.uniform(0, 2 * np.pi) / (np.pi / 2)) * np.pi / 2 + rng.normal(0, 0.1)
    y, x = np.mgrid[0:size_px, 0:size_px].astype(np.float32)
    across = (x - size_px / 2) * np.cos(angle) + (y - size_px / 2) * np.sin(angle)
    across -= rng.uniform(-0.4, 0.4) * size_px
    band = np.clip(rng.uniform(7, 60) - np.abs(across), 0, 1)
    worn = smooth_noise(rng, size_px, rng.uniform(3, 12)) + smooth_noise(rng, size_px, 60)
    band = band * np.clip((rng.uniform(0.5, 3.0) - worn) * rng.uniform(2, 6), 0, 1)
    colour = np.array([1.0, 1.0, rng.choice([1.0, 0.5])]) * rng.uniform(0.7, 1.0)
    cover = (band * rng.uniform(0.6, 1.0))[..., None].astype(np.float32)
    surface += (colour.astype(np.float32) - surface) * cover


def draw_fixture(rng: np.random.Generator, surface: Floats) -> None:
    """Draw a survey target, a cover or a grating, in place: sharp edges that are no crack."""
    size_px = surface.shape[0]
    radius = float(rng.uniform(8, 70))
    centre = rng.uniform(0, size_px, 2)
    y, x = np.mgrid[0:size_px, 0:size_px].astype(np.float32)
    dx, dy = x - centre[0], y - centre[1]
    dark, light = rng.uniform(0.05, 0.3), rng.uniform(0.5, 0.95)
    if rng.random() < 0.5:
        inside = np.clip(radius - np.hypot(dx, dy), 0, 1)
        pattern = np.where((dx * dy > 0) ^ (rng.random() < 0.5), dark, light)
    else:
        inside = np.clip(radius - np.maximum(np.abs(dx), np.abs(dy) * rng.uniform(0.5, 2)), 0, 1)
        period = rng.uniform(4, 20)
        pattern = np.where(np.sin(2 * np.pi * dx / period) > 0, dark, light)
    if rng.random() < 0.3:
        pattern = np.full_like(dx, rng.choice([dark, light]))
    surface += (pattern[..., None].astype(np.float32) - surface) * inside[..., None]


def draw_distractors(rng: np.random.Generator, surface: Floats) -> None:
    """Add stains, shadows, fixtures and pen or paint lines, in place; none of them is labelled."""
    size_px = surface.shape[0]
    if rng.random() < 0.3:
        draw_worn_paint(rng, surface)
    if rng.random() < 0.2:
        draw_fixture(rng, surface)
    for _ in range(int(rng.integers(0, 3))):
        darken(surface, blot(rng, size_px), float(rng.uniform(-0.25, 0.5)))
    if rng.random() < 0.25:
        darken(surface, polygon_shadow(rng, size_px), float(rng.uniform(0.2, 0.6)))
    if rng.random() < 0.15:  # chalk or paint: light or coloured, never dark
        line = draw_joint(rng, size_px)[..., None]
        colour = rng.uniform(0.6, 1.0, 3).astype(np.float32)
        surface += (colour - surface) * line * np.float32(rng.uniform(0.5, 1.0))


def render_chip(rng: np.random.Generator, size_px: int, name: str) -> Chip:
    """Return one rendered chip with its classes; joints lie under cracks."""
    surface = draw_surface(rng, size_px)
    draw_distractors(rng, surface)
    classes = np.zeros((size_px, size_px), dtype=np.uint8)
    for _ in range(int(rng.choice([0, 1, 2], p=[0.45, 0.4, 0.15]))):
        cover = draw_joint(rng, size_px)
        depth = uneven_depth(rng, size_px) * np.float32(rng.uniform(0.35, 0.85))
        darken(surface, cover * depth, 1.0)
        classes[cover >= 0.5] = JOINT
    for _ in range(int(rng.choice([0, 1, 2, 3], p=[0.25, 0.4, 0.25, 0.1]))):
        cover = draw_crack(rng, size_px)
        darken(surface, cover, float(rng.uniform(0.3, 0.9)))
        classes[cover >= 0.5] = CRACK
    surface = np.asarray(cv2.GaussianBlur(surface, (0, 0), rng.uniform(0.4, 1.1)))
    surface += rng.normal(0, rng.uniform(0.003, 0.02), surface.shape).astype(np.float32)
    rgb = (np.clip(surface, 0, 1) * 255).astype(np.uint8)
    return Chip(
        source=NAME,
        split=Split.TRAIN,
        group=NAME,
        name=name,
        rgb=rgb,
        classes=classes,
        gsd_mm_per_px=GSD_MM_PER_PX,
    )


def render_chips(count: int, *, seed: int, size_px: int = 384) -> Iterator[Chip]:
    """Yield rendered chips; the same seed gives the same chips."""
    for index in range(count):
        yield render_chip(np.random.default_rng((seed, index)), size_px, f"chip{index:05d}")

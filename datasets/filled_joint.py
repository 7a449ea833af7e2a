"""Draw joints as old quays and pavements have them: a filled band, broken edges, dark along them.

A narrow dark line along the edge of a filled joint looks like a crack to whoever sees nothing
around it. What tells it apart is the band beside it and its straight course, so the whole of it,
band and edges, is labelled as joint.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from datasets.procedural import Floats, smooth_noise

WIDTHS_PX = (5.0, 34.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class FilledJoint:
    """Hold where one filled joint lies on a square of pixels, and how dark it is.

    Attributes:
        filling: (s, s) float32, 0..1: how much of a pixel is filling.
        shadow: (s, s) float32, 0..1: how much darker a pixel is along a broken edge.
    """

    filling: Floats
    shadow: Floats

    @property
    def cover(self) -> NDArray[np.bool_]:
        """Pixels that belong to the joint, (s, s)."""
        return (self.filling >= 0.5) | (self.shadow >= 0.25)


def lay_filled_joint(rng: np.random.Generator, size_px: int) -> FilledJoint:
    """Lay one joint across a square: its course nearly straight, its edges ragged."""
    angle = rng.uniform(0, np.pi)
    if rng.random() < 0.7:  # a drone flies along the slabs
        angle = np.round(angle / (np.pi / 2)) * np.pi / 2 + rng.normal(0, 0.06)
    y, x = np.mgrid[0:size_px, 0:size_px].astype(np.float32)
    across = x * np.float32(np.cos(angle)) + y * np.float32(np.sin(angle))
    across -= across.min() + rng.uniform(0.1, 0.9) * np.ptp(across)
    across += smooth_noise(rng, size_px, rng.uniform(60, 200)) * np.float32(rng.uniform(0, 2))
    half_px = 0.5 * float(np.exp(rng.uniform(*np.log(WIDTHS_PX))))
    ragged = smooth_noise(rng, size_px, rng.uniform(4, 25)) * np.float32(
        rng.uniform(0.3, 2.0) + 0.1 * half_px
    )
    filling = np.clip(half_px - np.abs(across + ragged) + 0.5, 0, 1)
    shadow = np.zeros_like(filling)
    for side in (-1, 1):
        if rng.random() < 0.75:
            shadow = np.maximum(shadow, _broken_edge(rng, across + ragged, side * half_px))
    return FilledJoint(filling=filling, shadow=np.asarray(shadow, dtype=np.float32))


def _broken_edge(rng: np.random.Generator, across: Floats, at_px: float) -> Floats:
    """Return the dark line along one edge: 1-5 px wide, wandering, gone for stretches."""
    size_px = across.shape[0]
    wander = smooth_noise(rng, size_px, rng.uniform(5, 30)) * np.float32(rng.uniform(0.2, 2.0))
    swelling = 1 + 0.5 * smooth_noise(rng, size_px, rng.uniform(8, 40))
    half_px = np.float32(rng.uniform(0.5, 2.5)) * np.clip(swelling, 0.2, 2)
    line = np.clip(half_px - np.abs(across - np.float32(at_px) + wander) + 0.5, 0, 1)
    there = smooth_noise(rng, size_px, rng.uniform(15, 80)) + np.float32(rng.uniform(-0.3, 1.5))
    depth = np.float32(rng.uniform(0.35, 0.9))
    return np.asarray(line * np.clip(there * 3, 0, 1) * depth, dtype=np.float32)


def paint_filled_joint(
    rng: np.random.Generator, rgb: NDArray[np.uint8], joint: FilledJoint
) -> NDArray[np.uint8]:
    """Return an image (s, s, 3) with the joint painted into it, its filling of another matter."""
    surface = rgb.astype(np.float32)
    mean = surface[::8, ::8].mean(axis=(0, 1))
    colour = mean * rng.uniform(0.4, 1.0) * rng.uniform(0.88, 1.12, 3)
    grain = 1 + smooth_noise(rng, rgb.shape[0], rng.uniform(1, 6)) * np.float32(
        rng.uniform(0.02, 0.2)
    )
    matter = colour.astype(np.float32) * grain[..., None]
    share = joint.filling[..., None] * np.float32(rng.uniform(0.5, 1.0))
    surface += (matter - surface) * share
    surface *= 1 - joint.shadow[..., None]
    return np.clip(surface, 0, 255).astype(np.uint8)

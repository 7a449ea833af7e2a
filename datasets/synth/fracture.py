"""Grow cracks: a wandering centre line, a width that breathes, now and then a branch."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from datasets.truth import line_length_m

Points = NDArray[np.float64]
STEP_M = 0.002
"""Distance between the points of a centre line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """Carry one unbranched centre line with the width at each of its points.

    Attributes:
        points_deck_m: (n, 2) m.
        width_mm: (n,) mm.
    """

    points_deck_m: Points
    width_mm: Points

    @property
    def length_m(self) -> float:
        """Give the length along the line, metres."""
        return line_length_m(self.points_deck_m)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """Say what kind of crack is wanted.

    Attributes:
        length_m: of the trunk.
        width_px: mean width ÷ nominal GSD.
        heading_deg: mean direction, 0 along the deck, counter-clockwise.
        darkness: share of light it takes, 0–1, linear.
        tapered: ends fade out.
        branch_m: length of a branch, 0 for none.
    """

    length_m: float
    width_px: float
    heading_deg: float
    darkness: float
    tapered: bool = False
    branch_m: float = 0.0


RECIPES: tuple[Recipe, ...] = (
    Recipe(length_m=2.2, width_px=4.0, heading_deg=90, darkness=0.72),
    Recipe(length_m=2.6, width_px=3.5, heading_deg=4, darkness=0.75),
    Recipe(length_m=1.0, width_px=6.0, heading_deg=-50, darkness=0.62),
    Recipe(length_m=1.2, width_px=1.8, heading_deg=75, darkness=0.70),
    Recipe(length_m=1.6, width_px=4.2, heading_deg=70, darkness=0.76, branch_m=0.6),
    Recipe(length_m=1.8, width_px=5.0, heading_deg=38, darkness=0.68),
    Recipe(length_m=1.4, width_px=3.3, heading_deg=-78, darkness=0.78),
    Recipe(length_m=0.8, width_px=7.0, heading_deg=15, darkness=0.60),
    Recipe(length_m=1.0, width_px=1.3, heading_deg=-30, darkness=0.66),
    Recipe(length_m=2.0, width_px=3.4, heading_deg=97, darkness=0.70),
    Recipe(length_m=1.6, width_px=4.6, heading_deg=-12, darkness=0.74),
    Recipe(length_m=1.5, width_px=4.0, heading_deg=55, darkness=0.72, tapered=True),
    Recipe(length_m=1.2, width_px=5.5, heading_deg=84, darkness=0.66),
    Recipe(length_m=0.8, width_px=3.7, heading_deg=-62, darkness=0.76),
    Recipe(length_m=1.5, width_px=2.2, heading_deg=8, darkness=0.72),
    Recipe(length_m=1.5, width_px=3.6, heading_deg=27, darkness=0.80),
    Recipe(length_m=0.9, width_px=1.0, heading_deg=-85, darkness=0.66),
    Recipe(length_m=2.3, width_px=4.3, heading_deg=86, darkness=0.70),
)
"""The mix, repeated as often as the deck has room: 14 cracks of 3 to 7 px, then 4 thinner ones."""


def grow(rng: np.random.Generator, start_m: Points, recipe: Recipe, gsd_mm: float) -> list[Path]:
    """Grow a crack from a point; the trunk comes first.

    The direction wanders slowly, turns around aggregate every few centimetres, and never at a scale
    below the crack's own width, so that its length is a length that one can measure.
    """
    width_m = recipe.width_px * gsd_mm / 1000
    trunk = _walk(rng, start_m, np.radians(recipe.heading_deg), recipe.length_m, width_m)
    if recipe.tapered:
        trunk = _tapered(trunk)
    if recipe.branch_m <= 0:
        return [trunk]
    at = int(len(trunk.points_deck_m) * rng.uniform(0.4, 0.6))
    reach = min(40, at, len(trunk.points_deck_m) - 1 - at)
    run = trunk.points_deck_m[at + reach] - trunk.points_deck_m[at - reach]
    side = rng.choice([-1.0, 1.0]) * np.radians(rng.uniform(40, 60))
    heading = np.arctan2(run[1], run[0]) + side
    base = trunk.points_deck_m[at]
    return [trunk, _walk(rng, base, float(heading), recipe.branch_m, 0.8 * width_m)]


def _walk(
    rng: np.random.Generator, start_m: Points, heading_rad: float, length_m: float, width_m: float
) -> Path:
    """Walk from a point: a slow drift of the direction, and a kink around every stone."""
    count = max(16, round(length_m / STEP_M))
    stone_m = max(0.012, 2.2 * width_m)
    heading = (
        heading_rad
        + wander(rng, count, correlation=0.35 / STEP_M, sigma=0.16)
        + kinks(rng, count, mean_run=stone_m / STEP_M, sigma=0.42)
    )
    steps = np.column_stack([np.cos(heading), np.sin(heading)]) * STEP_M
    points = start_m + np.vstack([np.zeros(2), np.cumsum(steps, axis=0)])
    slow = wander(rng, count + 1, correlation=0.15 / STEP_M, sigma=0.12)
    quick = wander(rng, count + 1, correlation=0.02 / STEP_M, sigma=0.13)
    breath = np.clip(1 + slow + quick, 0.6, 1.45)
    return Path(points_deck_m=points, width_mm=width_m * 1000 * breath / breath.mean())


def _tapered(path: Path) -> Path:
    """Let both ends of a path fade to nothing over 0.25 m."""
    along = np.arange(len(path.width_mm)) * STEP_M
    share = np.clip(np.minimum(along, along[::-1]) / 0.25, 0.02, 1.0)
    return Path(points_deck_m=path.points_deck_m, width_mm=path.width_mm * share)


def kinks(
    rng: np.random.Generator, count: int, *, mean_run: float, sigma: float
) -> NDArray[np.float64]:
    """Give a signal that keeps a random level for a random run, then jumps, (count,)."""
    runs = rng.uniform(0.5, 1.5, int(count / mean_run * 2) + 2) * mean_run
    at = np.searchsorted(np.cumsum(runs), np.arange(count), side="right")
    levels = rng.normal(0, sigma, len(runs) + 1)
    return np.asarray(levels[at], dtype=np.float64)


def wander(
    rng: np.random.Generator, count: int, *, correlation: float, sigma: float
) -> NDArray[np.float64]:
    """Give a smooth stationary random walk about zero, (count,).

    White noise under a Gaussian window whose width is half the correlation length; scaled so that
    its standard deviation is ``sigma`` whatever the window.
    """
    half = max(1, round(correlation * 1.5))
    window = np.exp(-0.5 * (np.arange(-half, half + 1) / (correlation / 2)) ** 2)
    noise = rng.standard_normal(count + 2 * half)
    smooth = np.convolve(noise, window / np.sqrt((window**2).sum()), mode="valid")
    return np.asarray(sigma * smooth, dtype=np.float64)

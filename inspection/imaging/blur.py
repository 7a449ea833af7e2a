"""Measure the blur of a photo from its own edges and lines, place by place.

The gradient of a step edge blurred by σ, seen through a Gaussian of s pixels, is ∝ (σ² + s²)^-½;
that of a line thinner than the blur is ∝ (σ² + s²)^-1. Several values of s tell which of the two a
tile shows, and σ, without any reference picture. σ includes the pixel itself.

Concrete is soft of itself: stones and stains have no sharp rim, and look like blur. Clean edges
(cracks, joints, markings, targets) tell how soft the texture beside them is, and that is taken off,
also in other photos of the same surface that look equally soft. A photo that looks softer than all
that show edges is left as it looks. Where nothing shows an edge, blur comes out too large on coarse
texture, and too small on texture that is finer than the blur.

Source: re-blurring of edges, Zhuo & Sim, "Defocus map estimation from a single image", Pattern
Recognition 44 (2011); the second model, the choice and the correction are our own.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from inspection.errors import BadInput

TILE_PX = 64
SCALES_PX = (1.0, 1.4, 1.7, 2.0, 3.0)
FINE, COARSE = (0, 1, 3), (0, 2, 4)
"""Scales that tell a small blur, even beside small stains, and those that tell a large one."""

COARSE_FROM_PX = 1.6
MIN_EDGE_PIXELS = 16
MIN_EDGE_SIGMAS = 6.0
"""An edge counts when its gradient exceeds that of the noise by this factor."""

DIFFERENCE_VARIANCE = 1.0 / 3.0
"""Variance, px², that the difference of the two neighbours adds to the Gaussian s."""

CLEAN_MISFIT = {FINE: 0.005, COARSE: 0.010}
CLEAN_RATIO = 1.08
"""An edge is clean when the model of a step explains it so well at fine and at coarse scales, with
nearly one σ. Texture passes for a step at one of them, hardly ever at both."""

MIN_CLEAN_TILES = 3
"""So many tiles with clean edges tell how soft the texture of a surface is."""

OWN_CLEAN_TILES = 12
"""A photo with so many of its own does not ask others."""

ALIKE = 1.15
"""Photos look equally soft when their middle readings on the surface differ by less."""

AROUND_TILES = 2
"""Blur changes slowly across a photo; single tiles stray by a tenth."""

STANDS_OUT = 1.5
"""Such edges are so many times as strong as what most tiles show."""

SHARPEST_PX = 0.3
"""No photo is sharper: a pixel alone blurs by that much."""

LARGEST_PX = 12.0
"""A blur beyond this is not told from no edge at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BlurReading:
    """Carry what each tile of a photo shows of its blur, (rows, columns) px.

    Attributes:
        any_px: standard deviation by the model that fits better; NaN without edge or line.
        clean_px: by clean edges alone; NaN where there is none.
        strength: gradient of the stronger edges or lines of the tile; NaN without any.
    """

    any_px: NDArray[np.float32]
    clean_px: NDArray[np.float32]
    strength: NDArray[np.float32]


def blur_px(grey: NDArray[np.uint8], *, tile_px: int = TILE_PX) -> NDArray[np.float32]:
    """Give the standard deviation of the blur (rows, columns) px of each tile of one photo.

    NaN everywhere in a photo that has neither edge nor line.

    Raises:
        BadInput: when the photo is smaller than 8 × 8 px.
    """
    reading = read_blur(grey, tile_px=tile_px)
    return without_softness(fill_blur(reading.any_px), surface_softness([reading], [1.0])[0])


def surface_softness(
    readings: Sequence[BlurReading], gsd_mm_per_px: Sequence[float]
) -> list[float]:
    """Find how soft the surface in each photo is of itself, mm² of variance; 0 when unknown.

    Negative where the texture looks sharper than the edges beside it, as a finely grained surface
    behind much blur does.

    Args:
        readings: one a photo of one surface.
        gsd_mm_per_px: of each photo, about.

    >>> clean = np.array([[0.8, 0.8, 0.8, 0.8, 0.8, *6 * [np.nan]]], np.float32)
    >>> strength = np.where(np.isfinite(clean), 40, 10).astype(np.float32)
    >>> every = np.full((1, 11), 1.0, np.float32)
    >>> reading = BlurReading(any_px=every, clean_px=clean, strength=strength)
    >>> round(surface_softness([reading], [2.0])[0], 3)  # (1.0² − 0.8²) px² · (2 mm/px)²
    1.44
    """
    filled = [fill_blur(reading.any_px) for reading in readings]
    known = [
        _softness(reading, tiles) * gsd**2
        for reading, tiles, gsd in zip(readings, filled, gsd_mm_per_px, strict=True)
    ]
    middles = [_middle(tiles) * gsd for tiles, gsd in zip(filled, gsd_mm_per_px, strict=True)]
    found = []
    for number, own in enumerate(known):
        pool = [own]
        if len(own) < OWN_CLEAN_TILES:
            alike = [_alike(middle, middles[number]) for middle in middles]
            pool += [other for j, other in enumerate(known) if j != number and alike[j]]
        softness = np.concatenate(pool)
        found.append(float(np.median(softness)) if len(softness) >= MIN_CLEAN_TILES else 0.0)
    return found


def without_softness(
    seen_px: NDArray[np.float32], softness_px2: float | NDArray[np.float32]
) -> NDArray[np.float32]:
    """Take what the surface is soft by off what a photo shows; NaN stays NaN."""
    variance = np.maximum(seen_px**2 - softness_px2, SHARPEST_PX**2)
    return np.asarray(np.sqrt(variance), dtype=np.float32)


def _softness(reading: BlurReading, filled: NDArray[np.float32]) -> NDArray[np.float64]:
    """List by how much, px², tiles with clean edges look softer than their edges are."""
    clean = np.isfinite(reading.clean_px) & _standing_out(reading.strength)
    return np.asarray(filled[clean] ** 2 - reading.clean_px[clean] ** 2, dtype=np.float64)


def _alike(first: float, second: float) -> bool:
    """Tell whether two photos look equally soft; one that says nothing is like no other."""
    return first < ALIKE * second and second < ALIKE * first


def _middle(tiles: NDArray[np.float32]) -> float:
    """Give the median of some tiles; NaN without any."""
    return float("nan") if np.isnan(tiles).all() else float(np.nanmedian(tiles))


def _standing_out(strength: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Mark the tiles whose edges are much stronger than those of most tiles."""
    if np.isnan(strength).all():
        return np.zeros(strength.shape, dtype=np.bool_)
    return np.asarray(strength >= STANDS_OUT * np.nanmedian(strength), dtype=np.bool_)


def read_blur(grey: NDArray[np.uint8], *, tile_px: int = TILE_PX) -> BlurReading:
    """Read the blur of each tile.

    Args:
        grey: (H, W) uint8.
        tile_px: side of a tile; the last ones of a row or column may be smaller.

    Raises:
        BadInput: when the photo is smaller than 8 × 8 px.
    """
    if grey.ndim != 2 or min(grey.shape) < 8:
        raise BadInput(f"blur needs a grey photo of at least 8×8 px, got shape {grey.shape}")
    level = grey.astype(np.float32)
    gradients = [_gradient(level, scale) for scale in SCALES_PX]
    floor = MIN_EDGE_SIGMAS * _gradient_noise(level)
    finest = gradients[0]
    crest = (finest > floor) & (finest >= cv2.dilate(finest, np.ones((3, 3), np.uint8)) * 0.999)
    rows, columns = -(-grey.shape[0] // tile_px), -(-grey.shape[1] // tile_px)
    found = np.full((3, rows, columns), np.nan, dtype=np.float32)
    for row in range(rows):
        for column in range(columns):
            box = np.s_[
                row * tile_px : (row + 1) * tile_px, column * tile_px : (column + 1) * tile_px
            ]
            found[:, row, column] = _tile_blur([g[box][crest[box]] for g in gradients])
    return BlurReading(any_px=found[0], clean_px=found[1], strength=found[2])


def fill_blur(found: NDArray[np.float32]) -> NDArray[np.float32]:
    """Give each tile the median of its 5 × 5 neighbours; the photo's median where none is known.

    A photo without any edge stays NaN.
    """
    if np.isnan(found).all():
        return found.copy()
    padded = np.pad(found, AROUND_TILES, constant_values=np.nan)
    steps = range(2 * AROUND_TILES + 1)
    around = np.stack(
        [padded[r : r + found.shape[0], c : c + found.shape[1]] for r in steps for c in steps]
    )
    filled = np.full(found.shape, np.nanmedian(found), dtype=np.float32)
    known = ~np.isnan(around).all(axis=0)
    filled[known] = np.nanmedian(around[:, known], axis=0)
    return filled


def _gradient(level: NDArray[np.float32], scale_px: float) -> NDArray[np.float32]:
    """Give the size of the gradient behind a Gaussian."""
    smooth = cv2.GaussianBlur(level, (0, 0), scale_px)
    kernel = np.array([[-0.5, 0.0, 0.5]], dtype=np.float32)
    across = cv2.filter2D(smooth, cv2.CV_32F, kernel, borderType=cv2.BORDER_REPLICATE)
    down = cv2.filter2D(smooth, cv2.CV_32F, kernel.T, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(cv2.magnitude(across, down), dtype=np.float32)


def _gradient_noise(level: NDArray[np.float32]) -> float:
    """Give the standard deviation of the finest gradient that noise alone causes.

    Source: Immerkær, "Fast noise variance estimation", CVIU 64 (1996), with the median; the
    gradient of white noise of variance 1 behind a Gaussian s has variance 1/(8π s⁴).
    """
    mask = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], dtype=np.float32)
    response = np.abs(cv2.filter2D(level, cv2.CV_32F, mask))
    noise = max(1.4826 * float(np.median(response)) / 6.0, 0.5)
    return noise / float(np.sqrt(8 * np.pi)) / SCALES_PX[0] ** 2


def _tile_blur(crests: list[NDArray[np.float32]]) -> tuple[float, float, float]:
    """Give the blur of one tile by any model and by clean edges, and how strong its edges are."""
    finest = crests[0]
    if len(finest) < MIN_EDGE_PIXELS:
        return (float("nan"),) * 3
    strong = finest >= np.percentile(finest, 60)
    ratios = [float(np.median(crest[strong] / finest[strong])) for crest in crests]
    return _fitting_best(ratios), _clean_step(ratios), float(np.median(finest[strong]))


def _clean_step(ratios: list[float]) -> float:
    """Give σ of a clean step; NaN when it is none."""
    fits = {scales: _fit(ratios, scales, 0.5) for scales in (FINE, COARSE)}
    good = all(misfit <= CLEAN_MISFIT[scales] for scales, (misfit, _) in fits.items())
    fine, coarse = fits[FINE][1], fits[COARSE][1]
    agree = max(fine, coarse) <= CLEAN_RATIO * min(fine, coarse)
    return (fine + coarse) / 2 if good and agree else float("nan")


def _fitting_best(ratios: list[float]) -> float:
    """Give σ by the model that fits better, at fine scales and, if it is large, at coarse ones."""
    blur = min(_fit(ratios, FINE, power) for power in (0.5, 1.0))[1]
    if blur <= COARSE_FROM_PX:
        return blur
    return min(_fit(ratios, COARSE, power) for power in (0.5, 1.0))[1]


def _fit(ratios: list[float], scales: tuple[int, int, int], power: float) -> tuple[float, float]:
    """Give misfit and σ of one model: gradient ∝ (σ² + s²)^-power."""
    near, mid, far = (SCALES_PX[i] ** 2 + DIFFERENCE_VARIANCE for i in scales)
    _, middle, coarse = (ratios[i] for i in scales)
    ratio = coarse ** (-1.0 / power)
    variance = (far - ratio * near) / (ratio - 1.0) if ratio > 1.0 else LARGEST_PX**2
    variance = min(max(variance, 0.0), LARGEST_PX**2)

    def misfit(at: float, seen: float) -> float:
        return abs(power * float(np.log((variance + near) / (variance + at))) - float(np.log(seen)))

    return misfit(mid, middle) + misfit(far, coarse), float(np.sqrt(variance))

"""Measure the blur of a photo from its own edges, and where it has none from its texture.

**Edges.** A tile in which several edges are explained by a Gaussian blur, to within noise and a
twentieth of their height, tells σ (``edgefit``). σ includes the pixel itself. Texture hardly ever
passes for an edge over a strip so wide.

**Texture.** The gradient of a step blurred by σ, seen through a Gaussian of s pixels, is
∝ (σ² + s²)^-½; that of a thin line ∝ (σ² + s²)^-1. Several s tell a size, but concrete is soft of
itself: in sharp photos it looks equally coarse, in millimetres, whatever the lens did. So texture
tells only where a photo is softer than its edges elsewhere: where it looks clearly coarser than the
texture of photos whose edges are known. Where nothing shows an edge, texture is all there is; blur
then comes out too large on coarse texture, and too small on texture finer than the blur.

Source: re-blurring, Zhuo & Sim, "Defocus map estimation from a single image", Pattern Recognition
44 (2011); what edges and texture may say is our own.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from inspection.errors import BadInput
from inspection.imaging.crests import Crests, find_crests, gradient, linear_light
from inspection.imaging.edgefit import fit_edges, rim_px

Floats = NDArray[np.float32]

TILE_PX = 64
MIN_EDGE_PIXELS = 16
STRONG_SHARE, STRONG_PERCENTILE = 0.5, 95
"""Crests of a tile with this share of its stronger ones are looked at. Those of one edge are equal
but for noise, so that none of them is left out: the steepest alone would be those that noise made
steep, and look too sharp."""

FITTED_EDGES = 16
"""At most so many a tile are fitted, evenly spread over the strong ones."""

REACHES_PX = (7, 12, 20)
"""Strips for small, larger and large blurs; a narrower one would take texture for edges."""

REACH_SIGMAS = 3.5
"""A strip that reaches fewer σ to either side does not show the blur."""

CLEAN_MISFIT = 1.0
MIN_CLEAN_EDGES = 4
"""A tile with so many clean edges tells its blur."""

MIN_CLEAN_TILES = 3
"""So many such tiles tell the blur of a place, of a photo, or of photos whose texture looks alike;
fewer may be strays."""

ALIKE = 1.15
"""Texture looks alike when its sizes differ by less; single places stray by a tenth."""

SOFTER = (1.15, 1.35)
"""Texture that looks coarser by the first begins to count as blur, by the second it is."""

SCALES_PX = (1.0, 1.4, 1.7, 2.0, 3.0)
FINE, COARSE = (0, 1, 3), (0, 2, 4)
"""Scales that tell a small size, even beside small stains, and those that tell a large one."""

COARSE_FROM_PX = 1.6
DIFFERENCE_VARIANCE = 1.0 / 3.0
"""Variance, px², that the difference of the two neighbours adds to the Gaussian s."""

AROUND_TILES = 2
"""Blur changes slowly across a photo; single tiles stray by a tenth."""

SHARPEST_PX = 0.3
"""No photo is sharper: a pixel alone blurs by that much."""

LARGEST_PX = 12.0
"""A blur beyond this is not told from no edge at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BlurReading:
    """Carry what each tile of a photo shows of its blur, (rows, columns) px.

    Attributes:
        edge_px: standard deviation by clean edges; NaN where there are too few.
        texture_px: by all that has a gradient; NaN without any.
    """

    edge_px: Floats
    texture_px: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class BlurGrade:
    """Carry what is believed of the blur of a photo beside others of its surface.

    Attributes:
        edge_px: (rows, columns) by the edges nearby, of the photo, or of photos that look alike;
            NaN where nothing tells.
        texture_px: (rows, columns) as the texture looks; 0 where edges nearby tell, NaN in a photo
            without any gradient.
        texture_mm: how coarse the texture of the surface looks where edges are known; NaN if so.
    """

    edge_px: Floats
    texture_px: Floats
    texture_mm: float

    def blur_px(self, gsd_mm_per_px: Floats, edge_px: Floats, texture_px: Floats) -> Floats:
        """Give the blur where the two readings and the size of a pixel are known.

        Args:
            gsd_mm_per_px: middle of its size along and across the tilt.
            edge_px: sampled from the attribute of this name.
            texture_px: likewise.
        """
        with np.errstate(invalid="ignore"):
            usual_px = np.float32(self.texture_mm) / gsd_mm_per_px
            ratio = np.maximum(texture_px / usual_px, 1.0)
            share = np.clip((ratio - SOFTER[0]) / (SOFTER[1] - SOFTER[0]), 0.0, 1.0)
            # what the surface is soft by counts less beside more blur
            own = (usual_px**2 - edge_px**2) / ratio**2
            variance = edge_px**2 + share * np.maximum(texture_px**2 - own - edge_px**2, 0.0)
        known = np.isfinite(edge_px)
        told = np.where(known & np.isfinite(variance), np.sqrt(np.abs(variance)), edge_px)
        found = np.where(known, told, texture_px)
        return np.asarray(np.maximum(found, SHARPEST_PX), dtype=np.float32)


def blur_px(grey: NDArray[np.uint8], *, tile_px: int = TILE_PX) -> Floats:
    """Give the standard deviation of the blur (rows, columns) px of each tile of one photo.

    NaN everywhere in a photo that has neither edge nor line.

    Raises:
        BadInput: when the photo is smaller than 8 × 8 px.
    """
    reading = read_blur(grey, tile_px=tile_px)
    (grade,) = grade_blur([reading], [1.0])
    pixel = np.ones_like(grade.edge_px)
    return grade.blur_px(pixel, grade.edge_px, grade.texture_px)


def grade_blur(readings: Sequence[BlurReading], gsd_mm_per_px: Sequence[float]) -> list[BlurGrade]:
    """Say what photos of one surface tell of each other's blur.

    A photo that has no edges takes those of photos whose texture looks alike, in millimetres. One
    that looks softer than all of them is left as it looks, so that a shaken photo is not made sharp
    by its neighbours.

    Args:
        readings: one a photo of one surface.
        gsd_mm_per_px: of each photo, about.

    >>> edges = np.full((1, 8), np.nan, np.float32)
    >>> edges[0, :3] = 0.7
    >>> texture = np.full((1, 8), 0.9, np.float32)
    >>> known = BlurReading(edge_px=edges, texture_px=texture)
    >>> bare = BlurReading(edge_px=edges * np.nan, texture_px=texture)
    >>> [round(float(grade.edge_px[0, 7]), 2) for grade in grade_blur([known, bare], [2.0, 2.0])]
    [0.7, 0.7]
    """
    sizes = [_texture_px(r) * gsd for r, gsd in zip(readings, gsd_mm_per_px, strict=True)]
    own = [reading.edge_px[np.isfinite(reading.edge_px)] for reading in readings]
    known = [number for number, tiles in enumerate(own) if len(tiles)]
    grades = []
    for number, reading in enumerate(readings):
        if len(own[number]) >= MIN_CLEAN_TILES:
            pool, size_mm = own[number], sizes[number]
        else:
            alike = [i for i in known if _alike(sizes[i], sizes[number])]
            pool = np.concatenate([np.empty(0, np.float32), *(own[i] for i in alike)])
            size_mm = float(np.median([sizes[i] for i in alike])) if alike else float("nan")
        enough = len(pool) >= MIN_CLEAN_TILES
        near = _around(reading.edge_px, MIN_CLEAN_TILES)
        told = np.isfinite(near)
        middle = float(np.median(pool)) if enough else float("nan")
        texture = np.where(told, np.float32(0.0), fill_blur(reading.texture_px))
        grades.append(
            BlurGrade(
                edge_px=np.where(told, near, np.float32(middle)),
                texture_px=np.asarray(texture, dtype=np.float32),
                texture_mm=size_mm if enough else float("nan"),
            )
        )
    return grades


def read_blur(grey: NDArray[np.uint8], *, tile_px: int = TILE_PX) -> BlurReading:
    """Read the blur of each tile.

    Args:
        grey: (H, W) uint8, sRGB.
        tile_px: side of a tile; the last ones of a row or column may be smaller.

    Raises:
        BadInput: when the photo is smaller than 8 × 8 px.
    """
    if grey.ndim != 2 or min(grey.shape) < 8:
        raise BadInput(f"blur needs a grey photo of at least 8×8 px, got shape {grey.shape}")
    light = linear_light(grey)
    shape = (-(-grey.shape[0] // tile_px), -(-grey.shape[1] // tile_px))
    crests = find_crests(grey, rim_px=1)
    groups = _strong_by_tile(crests, shape, tile_px)
    texture = np.full(shape, np.nan, dtype=np.float32)
    edge = np.full(shape, np.nan, dtype=np.float32)
    if groups:
        _read_texture(texture, light, crests, groups)
        _read_edges(edge, light, crests, groups)
    return BlurReading(edge_px=edge, texture_px=texture)


def fill_blur(found: Floats) -> Floats:
    """Give each tile the median of its 5 × 5 neighbours; the photo's median where none is known.

    A photo without any edge stays NaN.
    """
    if np.isnan(found).all():
        return found.copy()
    near = _around(found, 1)
    return np.where(np.isnan(near), np.float32(np.nanmedian(found)), near)


def _around(found: Floats, least: int) -> Floats:
    """Give each tile the median of its 5 × 5 neighbours; NaN where fewer than some are known."""
    padded = np.pad(found, AROUND_TILES, constant_values=np.nan)
    steps = range(2 * AROUND_TILES + 1)
    around = np.stack(
        [padded[r : r + found.shape[0], c : c + found.shape[1]] for r in steps for c in steps]
    )
    near = np.full(found.shape, np.nan, dtype=np.float32)
    known = np.isfinite(around).sum(axis=0) >= least
    near[known] = np.nanmedian(around[:, known], axis=0)
    return near


def _texture_px(reading: BlurReading) -> float:
    """Give the middle size of the texture between the edges; of all tiles where edges are all."""
    between = reading.texture_px[np.isnan(reading.edge_px) & np.isfinite(reading.texture_px)]
    every = reading.texture_px[np.isfinite(reading.texture_px)]
    chosen = between if len(between) >= MIN_CLEAN_TILES else every
    return float(np.median(chosen)) if len(chosen) else float("nan")


def _alike(first: float, second: float) -> bool:
    """Tell whether two photos look equally soft; one that says nothing is like no other."""
    return first < ALIKE * second and second < ALIKE * first


def _strong_by_tile(
    crests: Crests, shape: tuple[int, int], tile_px: int
) -> dict[tuple[int, int], NDArray[np.int64]]:
    """Give the numbers of the strong crests of each tile that has enough."""
    tile = crests.row // tile_px * shape[1] + crests.column // tile_px
    order = np.argsort(tile, kind="stable")
    names, first = np.unique(tile[order], return_index=True)
    found = {}
    for name, mine in zip(names, np.split(order, first)[1:], strict=True):
        if len(mine) >= MIN_EDGE_PIXELS:
            strength = crests.strength[mine]
            strong = mine[strength >= STRONG_SHARE * np.percentile(strength, STRONG_PERCENTILE)]
            found[divmod(int(name), shape[1])] = strong
    return found


def _read_edges(
    edge: Floats,
    light: Floats,
    crests: Crests,
    groups: dict[tuple[int, int], NDArray[np.int64]],
) -> None:
    """Put σ of the clean edges of each tile into ``edge``, by the narrowest strip that shows it."""
    left = {place: _spread(mine) for place, mine in groups.items()}
    for reach in REACHES_PX:
        if not left:
            return
        rim = rim_px(reach)
        numbers = np.concatenate(list(left.values()))
        row, column = crests.row[numbers], crests.column[numbers]
        inside = (row >= rim) & (row < light.shape[0] - rim)
        inside &= (column >= rim) & (column < light.shape[1] - rim)
        sigma = np.full(len(crests.row), np.nan, dtype=np.float32)
        fits = fit_edges(light, crests.take(numbers[inside]), reach_px=reach)
        sigma[numbers[inside]] = np.where(fits.misfit <= CLEAN_MISFIT, fits.sigma_px, np.nan)
        wider = {}
        for place, mine in left.items():
            clean = sigma[mine][np.isfinite(sigma[mine])]
            if len(clean) < MIN_CLEAN_EDGES:
                continue
            middle = float(np.median(clean))
            if middle * REACH_SIGMAS <= reach:
                edge[place] = middle
            else:
                wider[place] = mine
        left = wider


def _spread(numbers: NDArray[np.int64]) -> NDArray[np.int64]:
    """Give some of the crests of a tile, evenly."""
    if len(numbers) <= FITTED_EDGES:
        return numbers
    some: NDArray[np.int64] = numbers[
        np.linspace(0, len(numbers) - 1, FITTED_EDGES).round().astype(int)
    ]
    return some


def _read_texture(
    texture: Floats,
    light: Floats,
    crests: Crests,
    groups: dict[tuple[int, int], NDArray[np.int64]],
) -> None:
    """Put the size that the gradients of each tile show into ``texture``."""
    sizes = []
    for scale in SCALES_PX:
        right, down = gradient(light, scale)
        sizes.append(cv2.magnitude(right, down)[crests.row, crests.column])
    for place, mine in groups.items():
        finest = np.maximum(sizes[0][mine], 1e-6)
        ratios = [float(np.median(size[mine] / finest)) for size in sizes]
        texture[place] = _fitting_best(ratios)


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

"""Fit the blur of edges and bars where their pixels lie, without resampling any.

Around a pixel on the crest of an edge, the pixels of a strip across it are compared with a step, a
bar and a thin line behind a Gaussian. Each pixel is put at its distance from the edge, so that no
interpolation adds to σ and no curve or neighbour beyond the strip takes from it. A search over
patterns gives the start, Gauss–Newton the rest: σ, where each side lies, how strong it is.

A thin line does not tell its width from its blur: a bar that is no better than a line without any
width beyond what noise does, or narrower than 1.5 σ, is read as such a line, so that σ comes out
too large by the width of the bar, never too small.

Source: least squares of a blurred step, as ISO 12233 does along a slanted edge; the bars, the strip
and the bound for what counts as clean are our own.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import erf

from inspection.imaging.crests import CREST_SCALE_PX, TURNS, Crests

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

SIGMAS_PX = np.geomspace(0.35, 6.0, 15)
BARS_PX = (2.0, 3.0, 4.0, 5.0, 6.0, 7.5, 9.0)
LINE_PX = 0.3
"""Breadth of a thin line: as good as none."""
LEAST_BAR_SIGMAS = 1.5
"""A narrower bar is a line."""
BAR_SURE = 9.0
"""So many variances of a pixel must a bar explain beyond a step or a line: three sigmas."""

OFFSETS_PX = np.linspace(-1.0, 1.0, 5)
"""Places beside the crest where an edge is looked for."""
HALF_STRIP_PX = 2.0
MODEL_ERROR = 0.05
"""Share of an edge by which no model is ever better: the edges of concrete are not Gaussian."""
PROMISING = 5.0
"""Patterns that fit worse than this many times what noise explains are given up."""
ROUNDS = 5
SIGMA_RANGE_PX = (0.15, 12.0)
FAR_PX = 1e6
"""Where the other side of a step lies."""
CHUNK = 2048


@dataclass(frozen=True, slots=True, kw_only=True)
class Fits:
    """Carry what edges say of their blur, (n,).

    Attributes:
        sigma_px: standard deviation of the blur, the pixel included.
        misfit: about 1 where noise and ``MODEL_ERROR`` explain the rest; infinite where given up.
    """

    sigma_px: Floats
    misfit: Floats


def rim_px(reach_px: int) -> int:
    """Give how near to the border a strip of some reach fits in every direction."""
    return int(np.ceil(np.hypot(reach_px, HALF_STRIP_PX)))


def fit_edges(light: Floats, crests: Crests, *, reach_px: int) -> Fits:
    """Fit the blur of each edge.

    Args:
        light: (H, W) linear light.
        crests: n of them, at least ``rim_px(reach_px)`` from the border.
        reach_px: of the strip, to either side of the crest.
    """
    sigma = np.full(len(crests.row), np.nan, dtype=np.float32)
    misfit = np.full(len(crests.row), np.inf, dtype=np.float32)
    for turn in np.unique(crests.turn):
        strip = _strip(int(turn), reach_px)
        mine = np.nonzero(crests.turn == turn)[0]
        for start in range(0, len(mine), CHUNK):
            some = mine[start : start + CHUNK]
            rows = crests.row[some, None] + strip.down
            seen = light[rows, crests.column[some, None] + strip.right]
            sigma[some], misfit[some] = _fit(seen, strip, crests.noise[some])
    return Fits(sigma_px=sigma, misfit=misfit)


@dataclass(frozen=True, slots=True)
class _Strip:
    """Keep the pixels of a strip and the patterns that edges leave in them.

    Attributes:
        down: (k,) offsets of rows from the crest.
        right: (k,) of columns.
        across: (k,) distance from the crest across the edge.
        patterns: (k, p) float32, each without mean and of norm 1.
        starts: (p, 3): the two sides, and σ, of each pattern; steps and lines before bars.
        bars: number of the first bar.
    """

    down: NDArray[np.int64]
    right: NDArray[np.int64]
    across: Doubles
    patterns: Floats
    starts: Doubles
    bars: int


@cache
def _strip(turn: int, reach_px: int) -> _Strip:
    """Lay out the strip across an edge of one direction, and the patterns of all edges in it."""
    rim, angle = rim_px(reach_px), turn * np.pi / TURNS
    down, right = (a.ravel() for a in np.mgrid[-rim : rim + 1, -rim : rim + 1])
    across = right * np.cos(angle) + down * np.sin(angle)
    along = down * np.cos(angle) - right * np.sin(angle)
    inside = (np.abs(across) <= reach_px) & (np.abs(along) <= HALF_STRIP_PX)
    plain = [_starts(float(sigma)) for sigma in SIGMAS_PX]
    bars = [_bars(float(sigma), reach_px) for sigma in SIGMAS_PX]
    starts = np.concatenate(plain + bars)
    raw = _shape(across[inside], *starts.T[..., None])
    raw -= raw.mean(axis=1, keepdims=True)
    raw /= np.maximum(np.linalg.norm(raw, axis=1, keepdims=True), 1e-9)
    return _Strip(
        down=down[inside],
        right=right[inside],
        across=across[inside],
        patterns=raw.T.astype(np.float32).copy(),
        starts=starts,
        bars=sum(len(some) for some in plain),
    )


def _starts(sigma_px: float) -> Doubles:
    """List sides and σ (p, 3) of steps and lines of one blur."""
    steps = [[off, FAR_PX, sigma_px] for off in OFFSETS_PX]
    return np.concatenate([steps, _bar(LINE_PX, sigma_px)])


def _bars(sigma_px: float, reach_px: int) -> Doubles:
    """List sides and σ (p, 3) of the bars of one blur that a strip can show."""
    widths = [w for w in BARS_PX if LEAST_BAR_SIGMAS * sigma_px <= w <= reach_px + 1]
    return np.concatenate([np.empty((0, 3)), *(_bar(w, sigma_px) for w in widths)])


def _bar(width_px: float, sigma_px: float) -> Doubles:
    """List sides and σ (p, 3) of one bar, found at either side."""
    # the steepest place of a bar lies at its side, or where the blur of a thin one bends
    bend = float(np.sqrt(sigma_px**2 + width_px**2 / 12 + CREST_SCALE_PX**2))
    middle = np.concatenate(
        [OFFSETS_PX + side for side in np.array([-1, 1]) * max(width_px / 2, bend)]
    )
    return np.column_stack(
        [middle - width_px / 2, middle + width_px / 2, np.full(len(middle), sigma_px)]
    )


def _shape(across: Doubles, first: Doubles, second: Doubles, sigma: Doubles) -> Doubles:
    """Give a bar between two sides behind a Gaussian; a step where the second is far away."""
    root = np.sqrt(2) * sigma
    rising = erf((across - first) / root)
    return np.asarray(rising - erf((across - second) / root)) / 2


def _fit(seen: Floats, strip: _Strip, noise: Floats) -> tuple[Floats, Floats]:
    """Give σ and misfit (n,) of the strips of some edges (n, k)."""
    level = seen.astype(np.float64)
    level -= level.mean(axis=1, keepdims=True)
    total = (level * level).sum(axis=1)
    score = (level.astype(np.float32) @ strip.patterns) ** 2
    line = np.arange(len(level))
    error = noise.astype(np.float64) ** 2 + MODEL_ERROR**2 * total / level.shape[1]
    plain, bar = strip.bars, len(strip.starts)
    best = score[:, :plain].argmax(axis=1)
    if plain < bar:
        wide = plain + score[:, plain:].argmax(axis=1)
        sure = score[line, wide] - score[line, best] > BAR_SURE * error
        best = np.where(sure, wide, best)
    rest = total - score[line, best]
    free = level.shape[1] - 5
    sigma = np.full(len(seen), np.nan, dtype=np.float32)
    misfit = np.full(len(seen), np.inf, dtype=np.float32)
    good = np.nonzero(rest / free <= PROMISING * error)[0]
    if len(good):
        at, left = _refine(level[good], strip.across, strip.starts[best[good]])
        sigma[good], misfit[good] = at[:, 2], left / free / error[good]
    return sigma, misfit


def _refine(level: Doubles, across: Doubles, start: Doubles) -> tuple[Doubles, Doubles]:
    """Take some edges (n, k) to their least squares; sides and σ (n, 3), and what is left (n,)."""
    at = start.copy()
    single = start[:, 1] >= FAR_PX
    line = np.isclose(start[:, 1] - start[:, 0], LINE_PX)
    best, least = at.copy(), np.full(len(at), np.inf)
    for _ in range(ROUNDS + 1):
        thin = ~single & ~line & (at[:, 1] - at[:, 0] < LEAST_BAR_SIGMAS * at[:, 2])
        middle = (at[:, 0] + at[:, 1]) / 2
        at[thin, 0], at[thin, 1] = middle[thin] - LINE_PX / 2, middle[thin] + LINE_PX / 2
        line, least = line | thin, np.where(thin, np.inf, least)
        columns, left = _tangents(level, across, at, single, line)
        better = left < least
        best[better], least[better] = at[better], left[better]
        normal = np.einsum("nik,njk->nij", columns, columns)
        normal += 1e-6 * np.eye(5) * np.trace(normal, axis1=1, axis2=2)[:, None, None] / 5
        found = np.linalg.solve(normal, np.einsum("nik,nk->ni", columns, level)[..., None])[..., 0]
        height = np.where(np.abs(found[:, :1]) > 1e-9, found[:, :1], 1e-9)
        step = np.clip(found[:, 2:] / height, -0.5, 0.5)
        step[single, 1] = 0.0
        step[line, 1] = step[line, 0]
        at = at + step
        at[:, 2] = np.clip(at[:, 2], *SIGMA_RANGE_PX)
        at[line, 1] = at[line, 0] + LINE_PX
    return best, least


def _tangents(
    level: Doubles,
    across: Doubles,
    at: Doubles,
    single: NDArray[np.bool_],
    line: NDArray[np.bool_],
) -> tuple[Doubles, Doubles]:
    """Give (n, 5, k): the shape, a constant, its change with each side and σ; and what is left."""
    first, second, sigma = (at[:, i, None] for i in range(3))
    shape = _shape(across, first, second, sigma)
    near, far = (across - first) / sigma, (across - second) / sigma
    bell_near, bell_far = (
        np.exp(-z * z / 2) / (np.sqrt(2 * np.pi) * sigma) for z in (near, np.clip(far, -40, 40))
    )
    by_first, by_second = -bell_near, np.where(single[:, None], 0.0, bell_far)
    by_sigma = -near * bell_near + np.where(single[:, None], 0.0, np.clip(far, -40, 40) * bell_far)
    by_first = np.where(line[:, None], by_first + by_second, by_first)
    by_second = np.where(line[:, None], 0.0, by_second)
    columns = np.stack([shape, np.ones_like(shape), by_first, by_second, by_sigma], axis=1)
    plain = shape - shape.mean(axis=1, keepdims=True)
    power = np.maximum((plain * plain).sum(axis=1), 1e-12)
    left = (level * level).sum(axis=1) - (level * plain).sum(axis=1) ** 2 / power
    return columns, np.maximum(left, 0.0)

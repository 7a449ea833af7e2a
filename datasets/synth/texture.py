"""Make concrete and asphalt: grain, aggregate, pits, broom strokes and slow unevenness.

Fine noise is drawn in blocks of rows, each from its own seed, so that a surface of any size needs
little memory and looks the same however it is cut into stripes.
"""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from datasets.synth.canvas import SOFT, Canvas, encode
from datasets.synth.deck import Deck

Floats = NDArray[np.float32]

BLOCK_ROWS = 256
HALO_ROWS = 32
UNIFORM_SIGMA = 255 / 12**0.5
CONCRETE = 0.33
"""Linear reflectance of the deck concrete."""


def grain(seed: int, cols: int, start: int, stop: int) -> NDArray[np.uint8]:
    """Draw uniform noise of rows ``start`` to ``stop``, (stop − start, cols) uint8.

    >>> whole = grain(7, 4, -10, 600)
    >>> bool((grain(7, 4, 250, 260) == whole[260:270]).all())
    True
    """
    first, last = start // BLOCK_ROWS, (stop - 1) // BLOCK_ROWS
    parts = []
    for number in range(first, last + 1):
        rng = np.random.default_rng([seed, 2, number + 1000])
        flat = np.frombuffer(rng.bytes(BLOCK_ROWS * cols), dtype=np.uint8)
        parts.append(flat.reshape(BLOCK_ROWS, cols))
    offset = first * BLOCK_ROWS
    return np.concatenate(parts)[start - offset : stop - offset]


@dataclass(frozen=True, slots=True, kw_only=True)
class Relief:
    """Carry what is drawn once for the whole surface, coarser than the fine layer.

    Attributes:
        aggregate: (rows ÷ 4, cols ÷ 4) float32, about unit variance, stones of 8 to 20 mm.
        tone: (rows ÷ 4, cols ÷ 4) float32, about unit variance, which stone is light or dark.
        shade: (rows ÷ 8, cols ÷ 8) float32 factor: slow unevenness, light from one side.
    """

    aggregate: Floats
    tone: Floats
    shade: Floats


def lay_texture(canvas: Canvas, deck: Deck, seed: int) -> None:
    """Fill the canvas with bare concrete on the deck and asphalt beyond the joints."""
    relief = _relief(canvas, seed)
    rows, cols = canvas.grey.shape
    x_m = canvas.left_m + (np.arange(cols, dtype=np.float32) + 0.5) * canvas.resolution_m
    asphalt = ((x_m < 0) | (x_m > deck.length_m))[None, :]

    def fill(start: int) -> None:
        stop = min(start + BLOCK_ROWS, rows)
        noise = grain(seed, cols, start - HALO_ROWS, stop + HALO_ROWS)
        canvas.grey[start:stop] = encode(_stripe(noise, relief, start, stop, asphalt))

    with ThreadPoolExecutor(max_workers=min(2, os.cpu_count() or 1)) as pool:
        list(pool.map(fill, range(0, rows, BLOCK_ROWS)))
    _tint_ground(canvas, seed)


def octaves(
    rng: np.random.Generator, shape: tuple[int, int], cells_px: tuple[float, ...]
) -> Floats:
    """Give smooth noise, one octave a cell size, (shape) float32, about unit variance."""
    rows, cols = shape
    total = np.zeros(shape, dtype=np.float32)
    for cell_px in cells_px:
        coarse = rng.standard_normal(
            (max(2, round(rows / cell_px) + 2), max(2, round(cols / cell_px) + 2)),
            dtype=np.float32,
        )
        fitted = cv2.resize(coarse, (cols, rows), interpolation=cv2.INTER_CUBIC)
        total += fitted / max(float(fitted.std()), 1e-6)
    return total / np.float32(len(cells_px) ** 0.5)


def _relief(canvas: Canvas, seed: int) -> Relief:
    """Draw the coarse noise of a canvas."""
    rng = np.random.default_rng([seed, 3])
    rows, cols = canvas.grey.shape
    quarter = (rows // 4, cols // 4)
    raw = rng.standard_normal(quarter, dtype=np.float32)
    stones = cv2.GaussianBlur(raw, (0, 0), 1.3) - cv2.GaussianBlur(raw, (0, 0), 3.0)
    tone = cv2.GaussianBlur(rng.standard_normal(quarter, dtype=np.float32), (0, 0), 2.5)
    soft = canvas.tint.shape[:2]
    uneven = octaves(rng, soft, (3, 6, 14, 40, 160))
    lean = np.gradient(octaves(rng, soft, (6, 14, 40)), axis=1)
    slope = np.linspace(-0.05, 0.05, soft[1], dtype=np.float32)[None, :]
    return Relief(
        aggregate=stones / stones.std(),
        tone=tone / tone.std(),
        shade=np.asarray(1 + 0.055 * uneven + 0.10 * lean + slope, dtype=np.float32),
    )


def _stripe(
    noise: NDArray[np.uint8], relief: Relief, start: int, stop: int, asphalt: NDArray[np.bool_]
) -> Floats:
    """Compose the reflectance of some rows, (stop − start, cols)."""
    inner = slice(HALO_ROWS, HALO_ROWS + stop - start)
    centred = np.subtract(noise, 127.5, dtype=np.float32)
    sand = cv2.GaussianBlur(centred, (0, 0), 0.9)[inner] * (2 * np.pi**0.5 * 0.9 / UNIFORM_SIGMA)
    paste = cv2.GaussianBlur(centred, (0, 0), 2.2)[inner] * (2 * np.pi**0.5 * 2.2 / UNIFORM_SIGMA)
    broom = cv2.blur(centred, (2, 2 * HALO_ROWS - 1))[inner]
    broom *= (2 * (2 * HALO_ROWS - 1)) ** 0.5 / UNIFORM_SIGMA
    shape = (stop - start, noise.shape[1])
    stones = stretch(relief.aggregate, 4, start, shape)
    tone = stretch(relief.tone, 4, start, shape)
    factor = 1 + 0.055 * sand + 0.065 * paste + 0.014 * broom
    factor += np.clip(stones - 0.8, 0, 1.2) * np.clip(0.22 * tone, -0.4, 0.3)
    factor *= 1 - 0.5 * np.clip((paste + 0.5 * stones - 2.9) * 2.0, 0, 1)  # pits and blow-holes
    factor *= stretch(relief.shade, SOFT, start, shape)
    rough = 1 + 0.16 * sand + 0.22 * paste + 0.10 * stones
    surface = np.where(asphalt, 0.12 * np.maximum(rough, 0.25), CONCRETE * factor)
    return np.asarray(surface, dtype=np.float32)


def stretch(coarse: Floats, factor: int, start: int, shape: tuple[int, int]) -> Floats:
    """Give some rows of a coarse layer at the fine resolution, pixel centres aligned."""
    matrix = np.array(
        [[1 / factor, 0, 0.5 / factor - 0.5], [0, 1 / factor, (start + 0.5) / factor - 0.5]]
    )
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(
        cv2.warpAffine(
            coarse, matrix, (shape[1], shape[0]), flags=flags, borderMode=cv2.BORDER_REPLICATE
        ),
        dtype=np.float32,
    )


def _tint_ground(canvas: Canvas, seed: int) -> None:
    """Give the ground its warm grey and the slow drift of colour of weathered concrete."""
    rng = np.random.default_rng([seed, 4])
    drift = octaves(rng, canvas.tint.shape[:2], (30, 90, 250))[..., None]
    warm = np.array([1.035, 1.0, 0.935], dtype=np.float32)
    canvas.tint[:] = warm * (1 + drift * np.array([0.014, 0.003, -0.016], dtype=np.float32))

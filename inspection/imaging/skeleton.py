"""Thin the pixels of a linear damage to its centre line, block by block, exact at block borders.

Thinning removes one layer of pixels a round and a round looks only at neighbours; a block read
with a margin wider than the thickest place therefore gives the same centre line as the whole mask
would. So a crack that crosses a mosaic of 30 000 × 30 000 px needs no mask of that size.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from inspection.imaging.distance import distance_px

BLOCK_PX = 2048
"""Side of the core of one block."""

MARGIN_MAX_PX = 2976
"""Widest margin; a block with it has 64 Mpx. A linear damage is never that thick."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Skeleton:
    """Keep the pixels of a centre line.

    Attributes:
        pixels: (k, 2) int64, column and row, sorted by row, then column.
        depth_px: (k,) float32, distance to the nearest pixel outside of the mask.
    """

    pixels: NDArray[np.int64]
    depth_px: NDArray[np.float32]


def paint(runs: NDArray[np.int32], box: tuple[int, int, int, int]) -> NDArray[np.bool_]:
    """Paint the part of some runs that lies in a box x0 y0 x1 y1 as a mask.

    Args:
        runs: (m, 3) px: row, first column, column after the last; sorted by row.
        box: half-open, may reach beyond the raster.

    >>> paint(np.array([[0, 1, 3], [1, 0, 2]], dtype=np.int32), (0, 0, 3, 2)).astype(int).tolist()
    [[0, 1, 1], [1, 1, 0]]
    """
    x0, y0, x1, y1 = box
    first, last = np.searchsorted(runs[:, 0], [y0, y1])
    row = runs[first:last, 0] - y0
    start = np.clip(runs[first:last, 1], x0, x1) - x0
    stop = np.clip(runs[first:last, 2], x0, x1) - x0
    edges = np.zeros((y1 - y0, x1 - x0 + 1), dtype=np.int8)
    np.add.at(edges, (row, start), 1)
    np.subtract.at(edges, (row, stop), 1)
    painted: NDArray[np.bool_] = np.cumsum(edges[:, :-1], axis=1, dtype=np.int8).astype(bool)
    return painted


def thin(runs: NDArray[np.int32], *, block_px: int = BLOCK_PX) -> Skeleton:
    """Thin a mask to a centre line one pixel wide.

    Args:
        runs: (m, 3) px, sorted by row, then column.
        block_px: side of the core of one block.

    Source: Guo & Hall, "Parallel thinning with two-subiteration algorithms", CACM 32 (1989), A1.
    The better known algorithm of Zhang & Suen is no choice: it erases diagonal lines of even
    thickness (scikit-image 0.26 lost up to all of a bar at 45°).
    """
    columns, rows, depths = [], [], []
    for core in blocks(runs, block_px):
        line, depth = _thin_block(runs, core)
        row, column = np.nonzero(line)
        columns.append(column + core[0])
        rows.append(row + core[1])
        depths.append(depth[row, column])
    pixels = np.column_stack([np.concatenate(columns), np.concatenate(rows)]).astype(np.int64)
    order = np.lexsort((pixels[:, 0], pixels[:, 1]))
    return Skeleton(pixels=pixels[order], depth_px=np.concatenate(depths)[order])


def blocks(runs: NDArray[np.int32], block_px: int) -> Iterator[tuple[int, int, int, int]]:
    """List the boxes x0 y0 x1 y1 that tile the box of some runs and hold at least one of them."""
    left, right = int(runs[:, 1].min()), int(runs[:, 2].max())
    top, bottom = int(runs[0, 0]), int(runs[-1, 0]) + 1
    for y0 in range(top, bottom, block_px):
        y1 = min(y0 + block_px, bottom)
        first, last = np.searchsorted(runs[:, 0], [y0, y1])
        for x0 in range(left, right, block_px):
            x1 = min(x0 + block_px, right)
            if np.any((runs[first:last, 1] < x1) & (runs[first:last, 2] > x0)):
                yield x0, y0, x1, y1


def _thin_block(
    runs: NDArray[np.int32], core: tuple[int, int, int, int]
) -> tuple[NDArray[np.bool_], NDArray[np.float32]]:
    """Thin the core of one block; widen the margin until it exceeds what a round can reach."""
    x0, y0, x1, y1 = core
    margin = 34
    while True:
        mask = paint(runs, (x0 - margin, y0 - margin, x1 + margin, y1 + margin))
        depth = distance_px(mask)
        needed = 2 * int(np.ceil(depth.max())) + 8
        if needed <= margin or margin == MARGIN_MAX_PX:
            break
        margin = min(max(needed, 2 * margin), MARGIN_MAX_PX)
    inner = np.s_[margin : margin + y1 - y0, margin : margin + x1 - x0]
    return guo_hall(mask)[inner], depth[inner]


NEIGHBOUR_BITS = np.array([[1, 2, 4], [128, 0, 8], [64, 32, 16]], dtype=np.float32)
"""Bit of each neighbour in its code, clockwise from the top-left one."""


def guo_hall(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Thin a mask (H, W) to lines one pixel wide, keeping every connection and every end.

    >>> guo_hall(np.ones((3, 6), dtype=bool)).astype(int).tolist()
    [[0, 0, 0, 0, 0, 0], [0, 1, 1, 1, 1, 0], [0, 0, 0, 0, 0, 0]]
    """
    image = mask.astype(np.uint8)
    remaining = -1
    while remaining != (count := cv2.countNonZero(image)):
        remaining = count
        for stays in _STAYS:
            code = cv2.filter2D(image, cv2.CV_8U, NEIGHBOUR_BITS, borderType=cv2.BORDER_CONSTANT)
            image &= cv2.LUT(code, stays)
    return image.astype(bool)


def _kept(code: int, second: bool) -> int:
    """Tell whether a pixel with these neighbours stays in the first or second half of a round."""
    nw, n, ne, e, se, s, sw, w = ((code >> bit) & 1 for bit in range(8))
    crossings = (
        ((not n) & (ne | e)) + ((not e) & (se | s)) + ((not s) & (sw | w)) + ((not w) & (nw | n))
    )
    pairs = min(
        (nw | n) + (ne | e) + (se | s) + (sw | w), (n | ne) + (e | se) + (s | sw) + (w | nw)
    )
    side = (s | sw | (not nw)) & w if not second else (n | ne | (not se)) & e
    return int(not (crossings == 1 and 2 <= pairs <= 3 and not side))


_STAYS = tuple(
    np.array([_kept(code, second) for code in range(256)], dtype=np.uint8)
    for second in (False, True)
)
"""For both halves of a round: 1 where a pixel with these neighbours stays, 0 where it goes."""

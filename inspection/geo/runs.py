"""Describe sets of pixels as runs, and find which runs belong together.

A *run* is ``row, start, stop``: the pixels ``start ≤ x < stop`` of one row. A crack of 20 000 px
needs some hundred kilobytes as runs and half a gigabyte as a mask, so everything that is larger
than one chip is kept as runs. Two pixels *touch* when one is among the eight neighbours of the
other.
"""

import numpy as np
from numpy.typing import NDArray


def encode(values: NDArray[np.uint8]) -> tuple[NDArray[np.int32], NDArray[np.uint8]]:
    """Give the runs of equal non-zero value of an image, (m, 3) int32 px, and their values (m,).

    Runs are sorted by row, then by column.

    >>> runs, value = encode(np.array([[0, 1, 1], [2, 2, 1]], dtype=np.uint8))
    >>> runs.tolist(), value.tolist()
    ([[0, 1, 3], [1, 0, 2], [1, 2, 3]], [1, 2, 1])
    """
    height, width = values.shape
    framed = np.zeros((height, width + 2), dtype=values.dtype)
    framed[:, 1:-1] = values
    before, after = framed[:, :-1], framed[:, 1:]
    change = before != after
    # of the flat image: finding pixels in two dimensions takes thirty times as long
    row, start = np.divmod(np.flatnonzero(change & (after != 0)), width + 1)
    stop = np.flatnonzero(change & (before != 0)) % (width + 1)
    return np.column_stack([row, start, stop]).astype(np.int32), values[row, start]


def touching_below(runs: NDArray[np.int32]) -> NDArray[np.int64]:
    """Give the pairs (e, 2) of runs of which the second lies in the next row and touches the first.

    Args:
        runs: (m, 3) px, sorted by row then column, without overlap, columns ≥ 0.

    >>> touching_below(np.array([[0, 0, 2], [1, 2, 4], [2, 5, 6]])).tolist()
    [[0, 1]]
    """
    if len(runs) == 0:
        return np.empty((0, 2), dtype=np.int64)
    row, start, stop = runs.astype(np.int64).T
    stride = int(stop.max()) + 1
    next_row = (row + 1) * stride
    first = np.searchsorted(row * stride + stop, next_row + start, side="left")
    after_last = np.searchsorted(row * stride + start, next_row + stop, side="right")
    count = np.maximum(after_last - first, 0)
    upper = np.repeat(np.arange(len(runs)), count)
    within = np.arange(len(upper)) - np.repeat(np.cumsum(count) - count, count)
    return np.column_stack([upper, np.repeat(first, count) + within])


def components(count: int, pairs: NDArray[np.int64]) -> NDArray[np.int64]:
    """Label the connected components of a graph: (count,), each node by its smallest fellow.

    Every round hooks the larger of two neighbouring roots onto the smaller and then shortens all
    paths, so that a chain of a million nodes takes a few rounds, not a million.

    Source: Shiloach and Vishkin, "An O(log n) parallel connectivity algorithm", 1982.

    >>> components(4, np.array([[2, 3], [1, 3]])).tolist()
    [0, 1, 1, 1]
    """
    label = np.arange(count, dtype=np.int64)
    while True:
        one, other = label[pairs[:, 0]], label[pairs[:, 1]]
        differ = one != other
        if not differ.any():
            return label
        one, other = one[differ], other[differ]
        np.minimum.at(label, np.maximum(one, other), np.minimum(one, other))
        label = _shortened(label)


def _shortened(label: NDArray[np.int64]) -> NDArray[np.int64]:
    """Point every node straight at its root."""
    while True:
        above = label[label]
        if np.array_equal(above, label):
            return label
        label = above

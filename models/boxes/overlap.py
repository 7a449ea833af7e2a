"""Measure how boxes overlap, and drop those that say the same again."""

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]


def iou_table(first: NDArray[np.floating], second: NDArray[np.floating]) -> Numbers:
    """Return the IoU of each box of one list with each of another, (n, m), 0..1.

    Args:
        first: (n, 4) x0 y0 x1 y1.
        second: (m, 4).

    Examples:
        >>> a = np.array([[0, 0, 2, 2], [0, 0, 1, 1]], dtype=float)
        >>> iou_table(a, np.array([[0, 0, 2, 1]], dtype=float)).tolist()
        [[0.5], [0.5]]
    """
    one, two = first[:, None].astype(np.float64), second[None].astype(np.float64)
    low = np.maximum(one[..., :2], two[..., :2])
    high = np.minimum(one[..., 2:], two[..., 2:])
    shared = np.clip(high - low, 0, None).prod(axis=-1)
    areas = [(each[..., 2:] - each[..., :2]).prod(axis=-1) for each in (one, two)]
    union = areas[0] + areas[1] - shared
    iou: Numbers = np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)
    return iou


def suppress(
    boxes: NDArray[np.floating],
    scores: NDArray[np.floating],
    classes: NDArray[np.integer],
    *,
    overlap: float,
) -> NDArray[np.int64]:
    """Return the indices of the boxes that stay, the surest first.

    A box falls if its IoU with a surer one of its class that stays is greater than ``overlap``.

    Examples:
        >>> pair = np.array([[0, 0, 4, 4], [0, 0, 4, 3], [0, 0, 4, 4]], dtype=float)
        >>> kinds = np.array([0, 0, 1])
        >>> suppress(pair, np.array([0.4, 0.9, 0.3]), kinds, overlap=0.7).tolist()
        [1, 2]
    """
    order = np.argsort(-scores, kind="stable")
    falls = iou_table(boxes[order], boxes[order]) > overlap
    falls &= classes[order][:, None] == classes[order][None]
    stays = np.ones(len(order), dtype=np.bool_)
    for place in range(len(order)):
        if stays[place]:
            stays[place + 1 :] &= ~falls[place, place + 1 :]
    return np.asarray(order[stays], dtype=np.int64)

"""Decide the pixels of a chip's core, block by block, and only where something can be found.

Most blocks of a mosaic show nothing. What a block shows depends on its own pixels and the few
around it, so leaving the others out changes no pixel.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inspection.domain.detection import ChipScores
from inspection.domain.fragment import Thresholds, Winners, winners
from inspection.domain.taxonomy import DamageClass
from inspection.imaging.crest import RADIUS_PX, crests
from inspection.imaging.distance import distance_px
from inspection.imaging.enlarge import part

BLOCK_PX = 128
"""Side of a block; smaller ones skip more, and cost more each."""

JOINT_REACH_PX = 20
"""How far from a joint its broken edges lie, at most: 46 mm where a pixel is 2.3 mm."""

Window = tuple[slice, slice]


@dataclass(frozen=True, slots=True, kw_only=True)
class Decider:
    """Decide pixels of one chip.

    Attributes:
        scores: scores of the whole chip.
        valid: (H, W) of the chip, False where the raster has no data.
        thresholds: when a pixel counts.
        crest_share: see ``inspection.imaging.crest``.
    """

    scores: ChipScores
    valid: NDArray[np.bool_]
    thresholds: Thresholds
    crest_share: float

    def core(self, rows: slice, columns: slice) -> Winners:
        """Say which class each pixel of the core belongs to, its rows and columns in the chip."""
        shape = (rows.stop - rows.start, columns.stop - columns.start)
        label, score = np.zeros(shape, dtype=np.uint8), np.zeros(shape, dtype=np.float32)
        if len(self._reached(slice(None), slice(None))):
            for block in _blocks(rows, columns):
                chosen = self._reached(*(self._around(side) for side in block))
                if len(chosen):
                    inner = _within(block, (rows, columns))
                    found = self._block(block, chosen)
                    label[inner], score[inner] = found.label, found.score
        return Winners(label=label, score=score)

    def core_beside_joints(
        self, rows: slice, columns: slice
    ) -> tuple[Winners, NDArray[np.bool_] | None]:
        """Say the same of the core, and which of its pixels lie beside a joint; None for nowhere.

        Joints are looked for in the margin of the chip too, so that a joint along the edge of the
        core is not missed.
        """
        if DamageClass.JOINT not in self.scores.classes:
            return self.core(rows, columns), None
        outer = (
            _grown(rows, JOINT_REACH_PX, self.valid.shape[0]),
            _grown(columns, JOINT_REACH_PX, self.valid.shape[1]),
        )
        found = self.core(*outer)
        inner = _within((rows, columns), outer)
        joint = found.label == self.scores.classes.index(DamageClass.JOINT) + 1
        own = Winners(label=found.label[inner], score=found.score[inner])
        return own, beside(joint)[inner] if joint.any() else None

    def _reached(self, rows: slice, columns: slice) -> NDArray[np.int64]:
        """Give the classes of which a place reaches the lower threshold."""
        highest = self.scores.scores[:, rows, columns].max(axis=(1, 2), initial=0)
        return np.flatnonzero(highest >= np.asarray(self.thresholds.lower, dtype=np.float32))

    def _around(self, side: slice) -> slice:
        """Give the places between which the pixels of one side of a block lie."""
        stride, reach = self.scores.stride, int(self.scores.stride > 1)
        return slice(max(0, side.start // stride - reach), -(-side.stop // stride) + reach)

    def _block(self, block: Window, chosen: NDArray[np.int64]) -> Winners:
        """Say which of the chosen classes each pixel of a block belongs to."""
        outer = (
            _grown(block[0], RADIUS_PX, self.valid.shape[0]),
            _grown(block[1], RADIUS_PX, self.valid.shape[1]),
        )
        fine = part(self.scores, *outer, planes=chosen)
        seen = self.valid[outer]
        whole = bool(seen.all())  # as nearly everywhere: then nothing has to be masked
        crest = crests(fine, share=self.crest_share, valid=None if whole else seen)
        return winners(
            crest[:, *_within(block, outer)],
            chosen.tolist(),
            thresholds=self.thresholds,
            valid=None if whole else self.valid[block],
        )


def beside(joint: NDArray[np.bool_], reach_px: int = JOINT_REACH_PX) -> NDArray[np.bool_]:
    """Return the pixels within reach of a joint, the joint's own among them, (H, W)."""
    near = np.zeros(joint.shape, dtype=np.bool_)
    if joint.any():
        box = tuple(
            _grown(_extent(np.asarray(joint.any(axis=1 - axis))), reach_px, joint.shape[axis])
            for axis in (0, 1)
        )
        near[box] = distance_px(~joint[box]) <= np.float32(reach_px)
    return near


def _extent(line: NDArray[np.bool_]) -> slice:
    """Give the part of a line from its first true place to its last."""
    true = np.flatnonzero(line)
    return slice(int(true[0]), int(true[-1]) + 1)


def _blocks(rows: slice, columns: slice) -> Iterator[Window]:
    """Yield the blocks of the chip's grid, cut to the core."""
    for top in range(rows.start // BLOCK_PX * BLOCK_PX, rows.stop, BLOCK_PX):
        for left in range(columns.start // BLOCK_PX * BLOCK_PX, columns.stop, BLOCK_PX):
            yield (
                slice(max(top, rows.start), min(top + BLOCK_PX, rows.stop)),
                slice(max(left, columns.start), min(left + BLOCK_PX, columns.stop)),
            )


def _grown(side: slice, by: int, length: int) -> slice:
    """Give a side grown at both ends, inside the chip."""
    return slice(max(0, side.start - by), min(length, side.stop + by))


def _within(inner: Window, outer: Window) -> Window:
    """Give a window as rows and columns of a window around it."""
    (top, bottom), (left, right) = (
        (own.start - whole.start, own.stop - whole.start)
        for own, whole in zip(inner, outer, strict=True)
    )
    return slice(top, bottom), slice(left, right)

"""Describe pieces of damage seen in one chip, and join the pieces of all chips into detections.

A chip sees only a part of a crack. Its *fragments* are runs of pixels that reach the class's lower
threshold (*candidates*), each with what must be added up over the whole crack: the sum of scores
and the count of *seeds*, pixels that reach the upper threshold. Pieces of one class that touch,
in the same chip or over a border, are one detection; it stays when it has a seed and enough
pixels. Because both rules are asked of the whole piece and sums are integers, the outcome does not
depend on where the chips end, nor on the order in which they come.

A joint of slabs or formwork has dark, broken edges, and a stretch of such an edge seen by itself
looks like a crack. So each run also counts the pixels that lie *beside* a joint, and a crack that
keeps to a joint is told to be a part of it (``keeps_to_joint``). It stays among the detections.

Source of the two thresholds: Canny, "A computational approach to edge detection", 1986
(hysteresis): a faint stretch counts when it continues a clear one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from inspection.domain.detection import Detections
from inspection.domain.taxonomy import DamageClass
from inspection.errors import BadInput
from inspection.geo.runs import components, encode, touching_below

JOINT_SHARE = 0.5
"""Least share of a crack's pixels beside a joint for it to be a part of that joint."""

ELSEWHERE_PX = 400
"""Most pixels that such a crack may have elsewhere: what is left could be reported by itself."""

SCORE_STEPS = 65535
"""Scores are added as multiples of 1/65535, so that sums are exact in any order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fragments:
    """Keep m runs of candidate pixels in columns.

    Attributes:
        runs: (m, 3) int32 px: row, first column, column after the last, in raster pixels.
        class_index: (m,) int32, index into the classes of the detector.
        score_sum: (m,) int64, sum of scores over the pixels of the run, in 1/65535.
        seeds: (m,) int64, pixels of the run that reach the upper threshold.
        beside: (m,) int64, pixels of the run that lie beside a joint.
    """

    runs: NDArray[np.int32]
    class_index: NDArray[np.int32]
    score_sum: NDArray[np.int64]
    seeds: NDArray[np.int64]
    beside: NDArray[np.int64]

    def __post_init__(self) -> None:
        """Check that the columns belong together."""
        m = len(self.runs)
        shapes = {c.shape for c in (self.class_index, self.score_sum, self.seeds, self.beside)}
        if self.runs.shape != (m, 3) or shapes != {(m,)}:
            raise BadInput(f"fragments of {m} runs need columns ({m},), got {sorted(shapes)}")

    def __len__(self) -> int:
        """Count the runs."""
        return len(self.runs)

    @property
    def area_px(self) -> NDArray[np.int64]:
        """Count the pixels of each run, (m,)."""
        return (self.runs[:, 2] - self.runs[:, 1]).astype(np.int64)

    def take(self, which: NDArray[np.bool_] | NDArray[np.int64]) -> Self:
        """Give the chosen runs, in the order in which they are named."""
        return type(self)(
            runs=self.runs[which],
            class_index=self.class_index[which],
            score_sum=self.score_sum[which],
            seeds=self.seeds[which],
            beside=self.beside[which],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """Say when a pixel counts.

    Attributes:
        upper: probability from which a pixel of each class is a seed.
        continuation_ratio: a pixel is a candidate from ``upper × continuation_ratio``; 1 means
            that every candidate is a seed.
    """

    upper: tuple[float, ...]
    continuation_ratio: float

    def __post_init__(self) -> None:
        """Check that thresholds are probabilities."""
        if not all(0 < value <= 1 for value in self.upper):
            raise BadInput(f"thresholds must be above 0 and at most 1, got {self.upper}")
        if not 0 < self.continuation_ratio <= 1:
            raise BadInput(
                f"continuation_ratio must be above 0 and at most 1, got {self.continuation_ratio}"
            )

    @property
    def lower(self) -> tuple[float, ...]:
        """Give the probability from which a pixel of each class is a candidate."""
        return tuple(value * self.continuation_ratio for value in self.upper)


@dataclass(frozen=True, slots=True, kw_only=True)
class Winners:
    """Say which class each pixel belongs to.

    Attributes:
        label: (H, W) uint8, number of the class from 1, 0 for none.
        score: (H, W) float32, score of that class, 0 for none.
    """

    label: NDArray[np.uint8]
    score: NDArray[np.float32]


def winners(
    scores: NDArray[np.float32],
    numbers: Sequence[int],
    *,
    thresholds: Thresholds,
    valid: NDArray[np.bool_] | None,
) -> Winners:
    """Give each pixel to the class with the highest score among those whose threshold it reaches.

    The lower threshold counts, and the earlier class wins a tie.

    Args:
        scores: (k, H, W), a plane for each of the classes that come into question.
        numbers: (k,) rising, index of each plane's class among all classes.
        thresholds: when a pixel counts, for all classes.
        valid: (H, W), False where the raster has no data; no damage is found there. None where all
            have data.
    """
    best = np.zeros(scores.shape[1:], dtype=np.float32)
    label = np.zeros(scores.shape[1:], dtype=np.uint8)
    for number, plane in zip(numbers, scores, strict=True):
        better = (plane >= np.float32(thresholds.lower[number])) & (plane > best)
        if valid is not None:
            better &= valid
        np.copyto(best, plane, where=better)
        np.copyto(label, np.uint8(number + 1), where=better)
    return Winners(label=label, score=best)


def fragments(
    found: Winners,
    *,
    thresholds: Thresholds,
    x_px: int,
    y_px: int,
    beside_joint: NDArray[np.bool_] | None = None,
) -> Fragments:
    """Find the runs of candidate pixels in the core of one chip.

    Args:
        found: which class each pixel of the core belongs to.
        beside_joint: (H, W) of the core, pixels that lie beside a joint; None for nowhere.
        thresholds: when a pixel counts.
        x_px: column of the core's left edge in the raster.
        y_px: row of the core's top edge in the raster.
    """
    runs, value = encode(found.label)
    candidate = found.label > 0  # row by row: the same order as the runs
    score = found.score[candidate]
    upper = np.asarray((np.inf, *thresholds.upper), dtype=np.float32)
    length = (runs[:, 2] - runs[:, 1]).astype(np.int64)
    first = np.cumsum(length) - length
    return Fragments(
        runs=runs + np.array([y_px, x_px, x_px], dtype=np.int32),
        class_index=value.astype(np.int32) - 1,
        score_sum=_sums_from(np.rint(score.astype(np.float64) * SCORE_STEPS), first),
        seeds=_sums_from(score >= upper[found.label[candidate]], first),
        beside=(
            np.zeros(len(first), dtype=np.int64)
            if beside_joint is None
            else _sums_from(beside_joint[candidate], first)
        ),
    )


def closed_specks_dropped(
    found: Fragments, *, core: tuple[int, int, int, int], min_area_px: int
) -> Fragments:
    """Drop the pieces that end inside the core and are too small or without a seed.

    A piece that reaches the edge of the core may go on in the next chip and stays. What is dropped
    here would be dropped by ``join`` too; this only keeps noise from filling the memory.
    """
    x0, y0, x1, y1 = core
    row, start, stop = found.runs.T
    at_edge = (row == y0) | (row == y1 - 1) | (start == x0) | (stop == x1)
    label = _label(found)
    kept = _worthy(label, found, min_area_px)
    kept |= np.bincount(label, weights=at_edge, minlength=len(found)) > 0
    return found.take(kept[label])


def join(
    parts: Sequence[Fragments], *, classes: tuple[DamageClass, ...], min_area_px: int
) -> Detections:
    """Join the fragments of all chips into detections, sorted by their first run.

    Args:
        parts: fragments of each chip, in any order; the chips' cores must not overlap.
        classes: the classes that ``class_index`` counts.
        min_area_px: detections with fewer pixels are specks and are dropped.
    """
    whole = _seamless(_concatenated(parts))
    label = _label(whole)
    chosen = _worthy(label, whole, min_area_px)[label]
    whole, label = whole.take(chosen), label[chosen]
    order = np.argsort(label, kind="stable")
    whole, label = whole.take(order), label[order]
    first = np.flatnonzero(np.diff(label, prepend=-1))
    area, score = whole.area_px, whole.score_sum
    n = len(first)
    pixels = _sums_from(area, first)
    mean = _sums_from(score, first) / np.maximum(pixels, 1) / SCORE_STEPS
    told = whole.class_index[first]
    if DamageClass.CRACK in classes and DamageClass.JOINT in classes:
        joint = keeps_to_joint(pixels, _sums_from(whole.beside, first))
        joint &= told == classes.index(DamageClass.CRACK)
        told = np.where(joint, np.int32(classes.index(DamageClass.JOINT)), told)
    return Detections(
        classes=classes,
        class_index=told,
        confidence=mean.astype(np.float32).reshape(n),
        run_offsets=np.append(first, len(whole)).astype(np.int64),
        runs=whole.runs,
    )


def keeps_to_joint(area_px: NDArray[np.int64], beside_px: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Tell which cracks keep to a joint, so that they are taken for its edge.

    A crack that leaves the joint for farther than a short piece stays a crack, and so does one that
    only crosses it.

    Args:
        area_px: (n,) pixels of each crack.
        beside_px: (n,) those of them that lie beside a joint.
    """
    kept_to = (beside_px >= JOINT_SHARE * area_px) & (beside_px > 0)
    return np.asarray(kept_to & (area_px - beside_px <= ELSEWHERE_PX), dtype=np.bool_)


NOTHING = Fragments(
    runs=np.empty((0, 3), dtype=np.int32),
    class_index=np.empty(0, dtype=np.int32),
    score_sum=np.empty(0, dtype=np.int64),
    seeds=np.empty(0, dtype=np.int64),
    beside=np.empty(0, dtype=np.int64),
)
"""The fragments of a chip without damage."""


def _sums_from(
    column: NDArray[np.int64] | NDArray[np.float64] | NDArray[np.bool_], first: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Add up a column of whole numbers over groups that start at ``first``, each up to the next."""
    if len(first) == 0:
        return np.empty(0, dtype=np.int64)
    return np.asarray(np.add.reduceat(column.astype(np.int64), first), dtype=np.int64)


def _concatenated(parts: Sequence[Fragments]) -> Fragments:
    """Put all runs into one table, sorted by row, then by column."""
    parts = parts or [NOTHING]
    together = Fragments(
        runs=np.concatenate([part.runs for part in parts]),
        class_index=np.concatenate([part.class_index for part in parts]),
        score_sum=np.concatenate([part.score_sum for part in parts]),
        seeds=np.concatenate([part.seeds for part in parts]),
        beside=np.concatenate([part.beside for part in parts]),
    )
    return together.take(np.lexsort((together.runs[:, 1], together.runs[:, 0])))


def _seamless(sorted_runs: Fragments) -> Fragments:
    """Make one run of runs of a class that a border between chips had cut."""
    if len(sorted_runs) == 0:
        return sorted_runs
    row, start, stop = sorted_runs.runs.T
    continues = (row[1:] == row[:-1]) & (start[1:] == stop[:-1])
    continues &= sorted_runs.class_index[1:] == sorted_runs.class_index[:-1]
    first = np.flatnonzero(np.concatenate([[True], ~continues]))
    last = np.append(first[1:], len(row)) - 1
    return Fragments(
        runs=np.column_stack([row[first], start[first], stop[last]]),
        class_index=sorted_runs.class_index[first],
        score_sum=_sums_from(sorted_runs.score_sum, first),
        seeds=_sums_from(sorted_runs.seeds, first),
        beside=_sums_from(sorted_runs.beside, first),
    )


def _label(whole: Fragments) -> NDArray[np.int64]:
    """Label each run by the first run of its connected piece of the same class, (m,)."""
    pairs = touching_below(whole.runs)
    same = whole.class_index[pairs[:, 0]] == whole.class_index[pairs[:, 1]]
    return components(len(whole), pairs[same])


def _worthy(label: NDArray[np.int64], whole: Fragments, min_area_px: int) -> NDArray[np.bool_]:
    """Tell for each label whether its piece has a seed and enough pixels, (m,)."""
    area = np.bincount(label, weights=whole.area_px, minlength=len(whole))
    seeds = np.bincount(label, weights=whole.seeds, minlength=len(whole))
    return np.asarray((area >= min_area_px) & (seeds > 0), dtype=np.bool_)

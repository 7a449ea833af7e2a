"""Count how well predicted pixels and components agree with labels.

Counts add up over images, so a score of a set is that of all its pixels together, not a mean of
image scores.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from datasets.classes import IGNORE_INDEX
from datasets.manifest import Box
from inspection.domain.fragment import keeps_to_joint
from inspection.imaging.candidates import beside
from inspection.imaging.crest import crests
from inspection.imaging.distance import distance_px
from inspection.pipeline.detect import CREST_SHARE

Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class PixelCounts:
    """Count pixels of one class; the tolerant counts accept a distance of a few pixels.

    Attributes:
        predicted: Pixels predicted.
        labelled: Pixels labelled.
        both: Pixels predicted and labelled.
        predicted_near: Predicted pixels within the tolerance of a labelled one.
        labelled_near: Labelled pixels within the tolerance of a predicted one.
    """

    predicted: int = 0
    labelled: int = 0
    both: int = 0
    predicted_near: int = 0
    labelled_near: int = 0

    def __add__(self, other: "PixelCounts") -> "PixelCounts":
        """Return the counts of both sets together."""
        return PixelCounts(
            predicted=self.predicted + other.predicted,
            labelled=self.labelled + other.labelled,
            both=self.both + other.both,
            predicted_near=self.predicted_near + other.predicted_near,
            labelled_near=self.labelled_near + other.labelled_near,
        )

    @property
    def iou(self) -> float:
        """Return intersection over union; 0 where the class occurs nowhere."""
        union = self.predicted + self.labelled - self.both
        return self.both / union if union else 0.0

    @property
    def f1(self) -> float:
        """Return the harmonic mean of precision and recall of pixels."""
        total = self.predicted + self.labelled
        return 2 * self.both / total if total else 0.0

    @property
    def tolerant_f1(self) -> float:
        """Return F1 with the tolerance in both directions."""
        if not self.predicted or not self.labelled:
            return 0.0
        precision = self.predicted_near / self.predicted
        recall = self.labelled_near / self.labelled
        return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def candidates(
    probabilities: NDArray[np.float32],
    thresholds: Mapping[str, float],
    classes: Sequence[str],
    continuation_ratio: float,
    *,
    crest_share: float = CREST_SHARE,
) -> tuple[NDArray[np.uint8], Bools]:
    """Return the candidate class of each pixel, and where it reaches its full threshold.

    A candidate is the likeliest class among those that reach their threshold times the ratio and
    lie on the crest of their own answer; 0 where none does. These are the rules of
    ``inspection.domain.fragment`` and ``inspection.imaging.crest``.

    Args:
        probabilities: (c, h, w) float32, class 0 is background.
        thresholds: Threshold of each class name but background.
        classes: Names in order.
        continuation_ratio: Share of the threshold from which a pixel continues an object.
        crest_share: Least share of the highest probability of its class within 2 px.
    """
    told = crests(
        probabilities[1:], share=crest_share, valid=np.ones(probabilities.shape[1:], bool)
    )
    upper = np.array([thresholds[name] for name in classes[1:]], dtype=np.float32)
    lower = (upper * np.float32(continuation_ratio))[:, None, None]
    reached = np.where(told >= lower, told, np.float32(0))
    best = reached.max(axis=0)
    winner = reached.argmax(axis=0)
    found = np.where(best > 0, winner + 1, 0).astype(np.uint8)
    return found, np.asarray((best > 0) & (best >= upper[winner]), dtype=np.bool_)


def keep_seeded(
    found: NDArray[np.uint8], seeds: Bools, *, min_area_px: int = 1
) -> NDArray[np.uint8]:
    """Return the candidates without the 8-connected objects that hold no seed or are specks.

    Args:
        found: (h, w) candidate class, 0 for none.
        seeds: (h, w) pixels that reach their full threshold.
        min_area_px: Smallest object that is kept.
    """
    kept = np.zeros_like(found)
    for index in np.unique(found[seeds]):
        mask = found == index
        count, labels, stats, _ = cv2.connectedComponentsWithStats(
            mask.astype(np.uint8), connectivity=8
        )
        seeded = np.bincount(labels[seeds & mask], minlength=count) > 0
        seeded &= stats[:, cv2.CC_STAT_AREA] >= min_area_px
        kept[seeded[labels] & mask] = index
    return kept


def decided(
    found: NDArray[np.uint8], seeds: Bools, classes: Sequence[str], *, min_area_px: int = 1
) -> NDArray[np.uint8]:
    """Return the class of each pixel after the rules that look at whole objects, (h, w) uint8.

    Objects without a seed and specks are dropped, and cracks that keep to a joint become a part of
    it. This is the rule of ``inspection.domain.fragment``.

    Args:
        found: (h, w) candidate class, 0 for none.
        seeds: (h, w) pixels that reach their full threshold.
        classes: Names in order.
        min_area_px: Smallest object that is kept.
    """
    kept = keep_seeded(found, seeds, min_area_px=min_area_px)
    if not {"crack", "joint"} <= set(classes):
        return kept
    crack, joint = classes.index("crack"), classes.index("joint")
    near_joint = beside(found == joint)
    if not near_joint.any():
        return kept
    count, labels, stats, _ = cv2.connectedComponentsWithStats(
        (kept == crack).astype(np.uint8), connectivity=8
    )
    along = np.bincount(labels[near_joint], minlength=count).astype(np.int64)
    told = keeps_to_joint(stats[:, cv2.CC_STAT_AREA].astype(np.int64), along)
    told[0] = False
    kept[told[labels]] = joint
    return kept


def classify(
    probabilities: NDArray[np.float32],
    thresholds: Mapping[str, float],
    classes: Sequence[str],
    *,
    continuation_ratio: float = 1.0,
    min_area_px: int = 1,
    crest_share: float = CREST_SHARE,
) -> NDArray[np.uint8]:
    """Return the class of each pixel, (h, w) uint8, as the pipeline would decide it."""
    found, seeds = candidates(
        probabilities, thresholds, classes, continuation_ratio, crest_share=crest_share
    )
    return decided(found, seeds, classes, min_area_px=min_area_px)


def near(mask: Bools, reach_px: float) -> Bools:
    """Return the pixels whose centre lies within a distance of a set pixel's centre, (h, w)."""
    if not mask.any():
        return mask
    return np.asarray(distance_px(~mask) <= np.float32(reach_px), dtype=np.bool_)


def count_pixels(
    predicted: NDArray[np.uint8],
    labelled: NDArray[np.uint8],
    class_index: int,
    *,
    tolerance_px: float = 2.0,
) -> PixelCounts:
    """Count the pixels of one class in one image; undecided pixels count nowhere.

    Args:
        predicted: (h, w) class index.
        labelled: (h, w) class index or ``IGNORE_INDEX``.
        class_index: Class to count.
        tolerance_px: Distance of the tolerant counts.
    """
    decided = labelled != IGNORE_INDEX
    found = (predicted == class_index) & decided
    truth = labelled == class_index
    return PixelCounts(
        predicted=int(found.sum()),
        labelled=int(truth.sum()),
        both=int((found & truth).sum()),
        predicted_near=int((found & near(truth, tolerance_px)).sum()),
        labelled_near=int((truth & near(found, tolerance_px)).sum()),
    )


def f1_of(counts: PixelCounts) -> float:
    """Return what a threshold is chosen by: F1 within the tolerance where that was counted."""
    return counts.tolerant_f1 if counts.labelled_near or counts.predicted_near else counts.f1


def choose_threshold(
    counts_by_source: Sequence[Mapping[float, PixelCounts]], *, otherwise: float = 0.5
) -> float:
    """Return the threshold with the best mean F1 over the sources that hold the class.

    Args:
        counts_by_source: For each source, the pixel counts at each threshold tried; where they
            hold tolerant counts, these decide.
        otherwise: Returned if no source holds a labelled pixel.
    """
    useful = [
        counts for counts in counts_by_source if any(found.labelled for found in counts.values())
    ]
    if not useful:
        return otherwise

    def mean_f1(threshold: float) -> float:
        return sum(f1_of(counts[threshold]) for counts in useful) / len(useful)

    return max(sorted(useful[0]), key=mean_f1)


@dataclass(frozen=True, slots=True, kw_only=True)
class HitCounts:
    """Count labelled boxes hit, and predicted components far from any box.

    Attributes:
        boxes: Labelled boxes.
        hit: Boxes whose centre lies near a predicted component.
        components: Predicted components.
        false_alarms: Components that come near no box.
        area_m2: Surface looked at.
    """

    boxes: int = 0
    hit: int = 0
    components: int = 0
    false_alarms: int = 0
    area_m2: float = 0.0

    def __add__(self, other: "HitCounts") -> "HitCounts":
        """Return the counts of both images together."""
        return HitCounts(
            boxes=self.boxes + other.boxes,
            hit=self.hit + other.hit,
            components=self.components + other.components,
            false_alarms=self.false_alarms + other.false_alarms,
            area_m2=self.area_m2 + other.area_m2,
        )

    @property
    def hit_rate(self) -> float:
        """Return the share of boxes hit."""
        return self.hit / self.boxes if self.boxes else 0.0

    @property
    def false_alarms_per_100_m2(self) -> float:
        """Return false alarms on 100 m² of surface."""
        return 100 * self.false_alarms / self.area_m2 if self.area_m2 else 0.0


def long_components(mask: Bools, least_px: float) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return the labels (h, w) of 8-connected components, and the numbers of the long ones.

    Args:
        mask: (h, w) pixels of the class.
        least_px: Smallest diagonal of a component's box that is kept.
    """
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    diagonal = np.hypot(stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT])
    kept = np.flatnonzero(diagonal >= least_px)
    return np.asarray(labels, np.int32), kept[kept > 0].astype(np.int32)


def count_hits(
    mask: Bools,
    boxes: Sequence[Box],
    *,
    gsd_m_per_px: float,
    reach_m: float = 0.3,
    least_length_m: float = 0.1,
) -> HitCounts:
    """Count hit boxes and false alarms of one photo.

    A box is hit if a kept component has a pixel within ``reach_m`` of its centre. A component is a
    false alarm if no pixel of it lies within ``reach_m`` of any box.

    Args:
        mask: (h, w) pixels predicted as the class.
        boxes: Labelled boxes.
        gsd_m_per_px: Ground sample distance.
        reach_m: Distance that still counts as the same place.
        least_length_m: Smallest box diagonal of a component that is reported.
    """
    labels, kept = long_components(mask, least_length_m / gsd_m_per_px)
    reported = np.isin(labels, kept)
    to_reported = _distance_px(reported)
    hit = 0
    around = np.zeros(mask.shape, dtype=np.bool_)
    for box in boxes:
        x, y = box.centre_px
        row = int(np.clip(y, 0, mask.shape[0] - 1))
        col = int(np.clip(x, 0, mask.shape[1] - 1))
        hit += bool(to_reported[row, col] * gsd_m_per_px <= reach_m)
        rows = slice(max(0, int(box.y0_px)), max(0, int(np.ceil(box.y1_px))))
        around[rows, max(0, int(box.x0_px)) : max(0, int(np.ceil(box.x1_px)))] = True
    near_box = _distance_px(around) * gsd_m_per_px <= reach_m
    explained = np.intersect1d(np.unique(labels[near_box]), kept)
    return HitCounts(
        boxes=len(boxes),
        hit=hit,
        components=len(kept),
        false_alarms=len(kept) - len(explained),
        area_m2=mask.size * gsd_m_per_px**2,
    )


def _distance_px(mask: Bools) -> NDArray[np.float32]:
    if not mask.any():
        return np.full(mask.shape, np.inf, dtype=np.float32)
    return distance_px(~mask)

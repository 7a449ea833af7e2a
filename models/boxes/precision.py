"""Score boxes against labels: matched, average precision, thresholds, and how far luck reaches.

Precision is Ultralytics' own (``ap_per_class``: 101 points of the curve, joined linearly), so that
figures compare with what the field quotes for YOLO. It never quite reaches 1: without a fault it
is 0.995.

Importing this module needs Ultralytics.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.backends.torchvision_nms import ensure_torchvision
from models.boxes.detect import Boxes
from models.boxes.overlap import iou_table
from models.judging.intervals import SEED, SHARE, Interval

ensure_torchvision()
from PIL import Image  # noqa: E402
from ultralytics.utils import patches  # noqa: E402  # needs torchvision's nms
from ultralytics.utils.metrics import ap_per_class  # noqa: E402

Image.open = patches._image_open  # see models.training.network

IOUS = np.linspace(0.5, 0.95, 10)
"""Overlaps at which a box counts as found; the first alone is mAP50.

Source: Lin et al. 2014, Microsoft COCO (evaluation).
"""

DRAWS = 400
UNSEEN_THRESHOLD = 0.25
"""Threshold of a class of which the validation photos show nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Matched:
    """Hold what was seen in one photo and whether it is true.

    Attributes:
        scores: (n,) float32.
        classes: (n,) int64.
        right: (n, 10) bool, whether each box is true at each of ``IOUS``.
        labelled: (m,) int64 classes of the labelled boxes.
    """

    scores: NDArray[np.float32]
    classes: NDArray[np.int64]
    right: NDArray[np.bool_]
    labelled: NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassScore:
    """Hold how well the boxes of one class are found.

    Attributes:
        labelled: Labelled boxes.
        photos: Photos that show one.
        ap50: Average precision at IoU 0.5.
        ap50_interval: 95 % interval over photos; None where there are too few.
        ap: Mean average precision over IoU 0.5 to 0.95.
        threshold: Score at which boxes are told.
        precision: Share of the told boxes that are true at IoU 0.5.
        recall: Share of the labelled boxes that are told.
    """

    labelled: int
    photos: int
    ap50: float
    ap50_interval: Interval | None
    ap: float
    threshold: float
    precision: float
    recall: float

    @property
    def f1(self) -> float:
        """Return the harmonic mean of precision and recall."""
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0


def match(seen: Boxes, corners: NDArray[np.floating], classes: NDArray[np.integer]) -> Matched:
    """Pair what was seen in a photo with its labels.

    At each overlap, the surest box chooses first, of the labels of its class that are left the one
    that it covers best; a label is found once, and what comes later to it is false.

    Args:
        seen: Boxes, the surest first.
        corners: (m, 4) labelled boxes.
        classes: (m,) their classes.

    Source: Everingham et al. 2010, The Pascal VOC challenge, section 4.2.
    """
    table = iou_table(seen.corners, corners)
    table = np.where(seen.classes[:, None] == classes[None], table, 0.0)
    right = np.zeros((len(seen.scores), len(IOUS)), dtype=np.bool_)
    for column, least in enumerate(IOUS):
        free = np.ones(len(classes), dtype=np.bool_)
        for row in np.argsort(-seen.scores, kind="stable"):
            open_to_it = np.where(free, table[row], 0.0)
            best = int(open_to_it.argmax()) if len(classes) else 0
            if len(classes) and open_to_it[best] >= least:
                right[row, column] = True
                free[best] = False
    return Matched(
        scores=seen.scores,
        classes=seen.classes,
        right=right,
        labelled=np.asarray(classes, dtype=np.int64),
    )


def average_precision(matched: Sequence[Matched], count: int) -> NDArray[np.float64]:
    """Return the average precision of each class at each of ``IOUS``, (count, 10).

    A class without a label is not a number: nothing can be said of it.
    """
    found = np.full((count, len(IOUS)), np.nan)
    told = _curves(matched)
    found[told[6]] = told[5]
    return found


def mean_precision(precision: NDArray[np.float64]) -> tuple[float, float]:
    """Return mAP50 and mAP50-95 over the classes that are labelled; 0 without any."""
    labelled = precision[~np.isnan(precision).any(axis=1)]
    if not len(labelled):
        return 0.0, 0.0
    return float(labelled[:, 0].mean()), float(labelled.mean())


def best_thresholds(matched: Sequence[Matched], count: int) -> list[float]:
    """Return the score at which each class has its best F1 at IoU 0.5, smoothed over neighbours.

    Few labels make a ragged curve; the mean over a twentieth of it finds the middle of its height.
    """
    told = _curves(matched)
    width = len(told[10]) // 20
    found = [UNSEEN_THRESHOLD] * count
    for index, curve in zip(told[6], told[9], strict=True):
        smooth = np.convolve(np.pad(curve, width // 2, mode="edge"), np.ones(width) / width)
        smooth = smooth[width - 1 : width - 1 + len(curve)]
        found[index] = float(np.clip(told[10][int(smooth.argmax())], 0.01, 0.99))
    return found


def score_classes(
    matched: Sequence[Matched], thresholds: Sequence[float], *, draws: int = DRAWS
) -> tuple[list[ClassScore], Interval | None]:
    """Return the scores of each class, and the 95 % interval of mAP50.

    Args:
        matched: What was seen in each photo.
        thresholds: Score of each class at which boxes are told.
        draws: Sets of photos drawn again for the intervals.
    """
    count = len(thresholds)
    precision = average_precision(matched, count)
    intervals, of_mean = _intervals(matched, count, draws)
    scores = []
    for index, threshold in enumerate(thresholds):
        right, told, labelled, photos = _at_threshold(matched, index, threshold)
        scores.append(
            ClassScore(
                labelled=labelled,
                photos=photos,
                ap50=float(np.nan_to_num(precision[index, 0])),
                ap50_interval=intervals[index] if labelled else None,
                ap=float(np.nan_to_num(precision[index].mean())),
                threshold=threshold,
                precision=right / told if told else 0.0,
                recall=right / labelled if labelled else 0.0,
            )
        )
    return scores, of_mean


def _at_threshold(
    matched: Sequence[Matched], index: int, threshold: float
) -> tuple[int, int, int, int]:
    """Count boxes of a class: told and true, told, labelled, and the photos that show one."""
    right = told = labelled = photos = 0
    for each in matched:
        kept = (each.classes == index) & (each.scores >= threshold)
        shown = int((each.labelled == index).sum())
        told += int(kept.sum())
        right += int(each.right[kept, 0].sum())
        labelled += shown
        photos += int(shown > 0)
    return right, told, labelled, photos


def _intervals(
    matched: Sequence[Matched], count: int, draws: int
) -> tuple[list[Interval | None], Interval | None]:
    """Draw whole photos again with replacement; a draw without a class says nothing of it."""
    if len(matched) < 2:
        return [None] * count, None
    rng = np.random.default_rng(SEED)
    table = np.full((draws, count), np.nan)
    for row in range(draws):
        chosen = rng.integers(len(matched), size=len(matched))
        table[row] = average_precision([matched[place] for place in chosen], count)[:, 0]
    told = [_interval(column[~np.isnan(column)]) for column in table.T]
    means = [row[~np.isnan(row)].mean() for row in table if not np.isnan(row).all()]
    return told, _interval(np.array(means))


def _interval(values: NDArray[np.float64]) -> Interval | None:
    if not len(values):
        return None
    low, high = np.quantile(values, [(1 - SHARE) / 2, (1 + SHARE) / 2])
    return Interval(low=float(low), high=float(high))


def _curves(matched: Sequence[Matched]) -> tuple[NDArray[np.float64], ...]:
    """Ask Ultralytics for its curves over all photos."""
    answer: tuple[NDArray[np.float64], ...] = ap_per_class(
        np.concatenate([each.right for each in matched]),
        np.concatenate([each.scores for each in matched]),
        np.concatenate([each.classes for each in matched]),
        np.concatenate([each.labelled for each in matched]),
    )
    return answer

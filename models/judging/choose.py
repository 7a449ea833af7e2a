"""Choose, on validation images, from which probability on pixels are taken."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from datasets.classes import CRACK, IGNORE_INDEX, JOINT, LABEL_NAMES
from datasets.manifest import Sample, Source
from inspection.imaging.crest import crests
from inspection.pipeline.detect import CREST_SHARE, MIN_AREA_PX
from models.judging.evaluate import TOLERANCE_PX, Report
from models.judging.judges import labelled_outputs, mask_samples, pieces
from models.judging.metrics import PixelCounts, choose_threshold, f1_of, keep_seeded, near
from models.rule import Rule
from models.scoring import Scorer, score_padded

THRESHOLDS_TRIED = tuple(round(0.3 + 0.05 * step, 2) for step in range(14))  # 0.3 to 0.95
LINES = frozenset({CRACK, JOINT})
RATIOS_TRIED = (0.5, 0.65, 0.8)

Counts = dict[float, dict[float, PixelCounts]]
"""Pixel counts at each threshold tried, for each ratio tried."""


def choose_rule(
    scorer: Scorer,
    data_dir: Path,
    classes: Sequence[str],
    *,
    tried: Sequence[float] = THRESHOLDS_TRIED,
    ratios: Sequence[float] = RATIOS_TRIED,
    among: frozenset[str] = frozenset(),
    without: frozenset[str] = frozenset(),
    sets: Sequence[Path] = (),
    report: Report = print,
) -> Rule:
    """Return the rule with the best mean pixel F1 over the sources' ``val`` images.

    Pixels are decided as the pipeline decides them. Cracks and joints are compared within 2 px:
    how wide a line is drawn is the crest's affair, and labels are not that exact; a threshold only
    decides which lines are found. The ratio is the one that is best for cracks,
    with its own best threshold; every other class has its best threshold at that ratio.

    Args:
        scorer: Gives probabilities.
        data_dir: Folder of the published sets.
        classes: Names in order.
        tried: Thresholds to choose from.
        ratios: Continuation ratios to choose from.
        among: Sources that decide; a class that none of them labels is decided by all. Empty
            for all.
        without: Sources that must not be looked at.
        sets: YAML files of sets of one's own, whose ``val`` images count as those of a source.
        report: Hears how far it is.
    """
    every: dict[str, list[Counts]] = {name: [] for name in classes[1:]}
    chosen: dict[str, list[Counts]] = {name: [] for name in classes[1:]}
    for source, samples in mask_samples(data_dir, sets):
        if source.name in without:
            continue
        report(f"thresholds: {source.name}, {len(samples)} images")
        of_source = count_source(scorer, source, samples, classes, tried=tried, ratios=ratios)
        for index, by_ratio in of_source.items():
            every[LABEL_NAMES[index]].append(by_ratio)
            if source.name in among:
                chosen[LABEL_NAMES[index]].append(by_ratio)
    counts = {name: chosen[name] or found for name, found in every.items()}
    deciding = counts.get(LABEL_NAMES[CRACK], [])
    ratio = max(ratios, key=lambda one: _best_mean(deciding, one)) if deciding else ratios[0]
    return Rule(
        thresholds={
            name: choose_threshold([by_ratio[ratio] for by_ratio in found])
            for name, found in counts.items()
        },
        continuation_ratio=ratio,
    )


def count_source(
    scorer: Scorer,
    source: Source,
    samples: Sequence[Sample],
    classes: Sequence[str],
    *,
    tried: Sequence[float],
    ratios: Sequence[float],
) -> dict[int, Counts]:
    """Return the pixel counts of each label of a source that a model tells, by its index."""
    labelled = labelled_outputs(source, classes)
    counts: dict[int, Counts] = {
        index: {ratio: dict.fromkeys(tried, PixelCounts()) for ratio in ratios}
        for index in labelled
    }
    for sample in samples:
        for image in pieces(source, sample):
            scores = score_padded(scorer, image.rgb)
            everywhere = np.ones(scores.shape[1:], bool)
            for index, by_ratio in counts.items():
                of_class = scores[labelled[index]][None]
                crest = crests(of_class, share=CREST_SHARE, valid=everywhere)[0]
                for ratio, by_threshold in by_ratio.items():
                    count_at_thresholds(crest, image.classes, index, ratio, by_threshold)
    return counts


def _best_mean(counts: Sequence[Counts], ratio: float) -> float:
    """Return the best mean F1 over sources that one threshold reaches at a ratio."""
    of_ratio = [by_ratio[ratio] for by_ratio in counts]
    threshold = choose_threshold(of_ratio)
    return sum(f1_of(found[threshold]) for found in of_ratio if threshold in found)


def count_at_thresholds(
    score: NDArray[np.float32],
    labelled: NDArray[np.uint8],
    index: int,
    ratio: float,
    by_threshold: dict[float, PixelCounts],
) -> None:
    """Add the pixel counts of one class in one image at each threshold, in place."""
    decided = labelled != IGNORE_INDEX
    truth = labelled == index
    beside_truth = near(truth, TOLERANCE_PX) if index in LINES else truth & False
    for threshold, counts in by_threshold.items():
        lower = (score >= threshold * ratio).astype(np.uint8)
        found = keep_seeded(lower, score >= threshold, min_area_px=MIN_AREA_PX) > 0
        found &= decided
        around = near(found, TOLERANCE_PX) if index in LINES and truth.any() else truth & False
        by_threshold[threshold] = counts + PixelCounts(
            predicted=int(found.sum()),
            labelled=int(truth.sum()),
            both=int((found & truth).sum()),
            predicted_near=int((found & beside_truth).sum()),
            labelled_near=int((truth & around).sum()),
        )

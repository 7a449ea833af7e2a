"""Judge a model on labelled images that it was not trained on.

Three questions are asked: how well do pixels agree (IoU, F1, with and without tolerance), how many
labelled boxes of whole photos of an unseen site are hit at what price in false alarms, and how many
crack-free tiles are fired on.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from datasets.classes import CRACK, IGNORE_INDEX, JOINT, LABEL_NAMES
from datasets.labels import read_boxes, read_rgb
from datasets.manifest import Sample, Source, Split
from datasets.sources import find_source, read_source
from inspection.errors import NotFound
from inspection.pipeline.detect import MIN_AREA_PX
from models.judging.centreline import CentrelineCounts, count_centrelines
from models.judging.intervals import ScoreIntervals, bootstrap
from models.judging.judges import as_labels, labelled_outputs, mask_samples, pieces
from models.judging.metrics import (
    HitCounts,
    PixelCounts,
    candidates,
    classify,
    count_hits,
    count_pixels,
    decided,
    long_components,
)
from models.judging.reliability import Reliability, ReliabilityBin
from models.judging.tiles import TileScores, count_tiles, one_tile
from models.rule import Rule
from models.scoring import Scorer, score_padded, score_windows

Report = Callable[[str], None]
STRIP = "quay_strip"
TILES = "quaywall"
TOLERANCE_PX = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceScores:
    """Hold the pixel scores of one source.

    Attributes:
        source: Name of the source.
        split: Part that was scored; ``val`` also chose the thresholds.
        images: Images scored.
        counts: Pixel counts of each class name that is labelled there.
        intervals: 95 % intervals of their scores, drawn over images; None with fewer than two.
        centreline: Centre-line counts of cracks; None where cracks are not labelled.
        joints_called_crack: Share of labelled joint pixels predicted as crack; None without joints.
    """

    source: str
    split: str
    images: int
    counts: Mapping[str, PixelCounts]
    intervals: Mapping[str, ScoreIntervals | None] = field(default_factory=dict)
    centreline: CentrelineCounts | None = None
    joints_called_crack: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """Hold everything that a card says about scores.

    Attributes:
        pixels: Scores of each source with masks.
        strip: Boxes hit and false alarms of each photo of the unseen site.
        strip_tiles: Tiles of those photos, with and without cracks.
        tiles: Held-out tiles of the other quay; None if not measured.
        reliability: What was told of crack pixels, and what was true, in tenths.
    """

    pixels: tuple[SourceScores, ...]
    strip: Mapping[str, HitCounts]
    tiles: TileScores | None
    strip_tiles: TileScores = field(default_factory=TileScores)
    reliability: tuple[ReliabilityBin, ...] = ()


def score_source(
    scorer: Scorer,
    source: Source,
    samples: Sequence[Sample],
    rule: Rule,
    classes: Sequence[str],
    *,
    reliability: Reliability | None = None,
) -> SourceScores:
    """Return the pixel scores of one source with masks.

    Args:
        scorer: Gives probabilities.
        source: Description of the source.
        samples: Its images to score.
        rule: From which probability on pixels are taken.
        classes: Names in order.
        reliability: Takes in what is told of crack pixels, if given.
    """
    labelled = labelled_outputs(source, classes)
    of_images: dict[int, list[PixelCounts]] = {index: [] for index in labelled}
    lines = CentrelineCounts()
    joints = joints_as_crack = 0
    for sample in samples:
        counted = dict.fromkeys(labelled, PixelCounts())
        for image in pieces(source, sample):
            scores = score_padded(scorer, image.rgb)
            outputs = classify(
                scores,
                rule.thresholds,
                classes,
                continuation_ratio=rule.continuation_ratio,
                min_area_px=MIN_AREA_PX,
            )
            predicted = as_labels(outputs, classes)
            for index in labelled:
                counted[index] += count_pixels(
                    predicted, image.classes, index, tolerance_px=TOLERANCE_PX
                )
            crack, decided = image.classes == CRACK, image.classes != IGNORE_INDEX
            if CRACK in labelled:
                lines += count_centrelines(predicted == CRACK, crack, decided)
                if reliability is not None:
                    reliability.add(scores[labelled[CRACK]], crack, decided)
            joint = image.classes == JOINT
            joints += int(joint.sum())
            joints_as_crack += int((joint & (predicted == CRACK)).sum())
        for index, counts in of_images.items():
            counts.append(counted[index])
    return SourceScores(
        source=source.name,
        split=Split.VAL.value,
        images=len(samples),
        counts={LABEL_NAMES[i]: sum(counts, PixelCounts()) for i, counts in of_images.items()},
        intervals={LABEL_NAMES[index]: bootstrap(counts) for index, counts in of_images.items()},
        centreline=lines if CRACK in labelled else None,
        joints_called_crack=joints_as_crack / joints if joints else None,
    )


def crack_mask(
    scorer: Scorer,
    rgb: NDArray[np.uint8],
    rule: Rule,
    classes: Sequence[str],
) -> NDArray[np.bool_]:
    """Return the pixels of a photo of any size that are predicted as crack, (h, w)."""
    found = np.zeros(rgb.shape[:2], dtype=np.uint8)
    seeds = np.zeros(rgb.shape[:2], dtype=np.bool_)
    for window in score_windows(scorer, rgb):
        taken, sure = candidates(window.scores, rule.thresholds, classes, rule.continuation_ratio)
        found[window.rows, window.cols] = taken[window.own]
        seeds[window.rows, window.cols] = sure[window.own]
    told = decided(found, seeds, classes, min_area_px=MIN_AREA_PX)
    return np.asarray(as_labels(told, classes) == CRACK, dtype=np.bool_)


def score_strip(
    scorer: Scorer,
    data_dir: Path,
    rule: Rule,
    classes: Sequence[str],
    *,
    report: Report = print,
) -> tuple[dict[str, HitCounts], TileScores]:
    """Return hits and false alarms of each photo of the quay strip at its nominal resolution.

    The second value counts the photos' tiles that are fired on.
    """
    source = find_source(STRIP)
    assert source.gsd_mm_per_px is not None
    gsd_m_per_px = source.gsd_mm_per_px[0] / 1000
    results = {}
    tiles = TileScores()
    for sample in read_source(STRIP, data_dir):
        rgb = read_rgb(sample.image_path)
        boxes = read_boxes(source, sample, (rgb.shape[1], rgb.shape[0]))
        mask = crack_mask(scorer, rgb, rule, classes)
        results[sample.group] = count_hits(mask, boxes, gsd_m_per_px=gsd_m_per_px)
        tiles += count_tiles(mask, boxes, gsd_m_per_px=gsd_m_per_px)
        report(f"{STRIP}: {sample.group} {results[sample.group]}")
    return results, tiles


def score_tiles(
    scorer: Scorer,
    data_dir: Path,
    rule: Rule,
    classes: Sequence[str],
    *,
    least_px: float = 20.0,
) -> TileScores:
    """Return how many held-out quay-wall tiles with and without cracks are fired on.

    Args:
        scorer: Gives probabilities.
        data_dir: Folder of the published sets.
        rule: From which probability on pixels are taken.
        classes: Names in order.
        least_px: Smallest box diagonal of a component that counts as firing.
    """
    source = find_source(TILES)
    total = TileScores()
    for sample in read_source(TILES, data_dir):
        if sample.split is not Split.VAL:
            continue
        rgb = read_rgb(sample.image_path)
        mask = crack_mask(scorer, rgb, rule, classes)
        fired = len(long_components(mask, least_px)[1]) > 0
        has_crack = bool(read_boxes(source, sample, (rgb.shape[1], rgb.shape[0])))
        total += one_tile(has_crack=has_crack, fired=fired)
    return total


def evaluate(
    scorer: Scorer,
    data_dir: Path,
    rule: Rule,
    classes: Sequence[str],
    *,
    sets: Sequence[Path] = (),
    report: Report = print,
) -> Evaluation:
    """Return the scores of a model on every held-out set that is here.

    Args:
        scorer: Gives probabilities.
        data_dir: Folder of the published sets; those that are absent are left out.
        rule: From which probability on pixels are taken.
        classes: Names in order.
        sets: YAML files of sets of one's own that judge too.
        report: Hears how far it is.

    Raises:
        NotFound: Nothing that could judge is here.
    """
    pixels = []
    reliability = Reliability()
    for source, samples in mask_samples(data_dir, sets):
        report(f"pixels: {source.name}, {len(samples)} images")
        pixels.append(score_source(scorer, source, samples, rule, classes, reliability=reliability))
    strip: Mapping[str, HitCounts] = {}
    strip_tiles, tiles = TileScores(), None
    if is_here(STRIP, data_dir):
        strip, strip_tiles = score_strip(scorer, data_dir, rule, classes, report=report)
    if is_here(TILES, data_dir):
        tiles = score_tiles(scorer, data_dir, rule, classes)
    if not pixels and not strip:
        raise NotFound(
            f"no labelled images that could judge are in {data_dir}; set TENKEN_DATA_DIR, or name "
            "a set of your own with --set"
        )
    return Evaluation(
        pixels=tuple(pixels),
        strip=strip,
        strip_tiles=strip_tiles,
        tiles=tiles,
        reliability=reliability.bins,
    )


def is_here(name: str, data_dir: Path) -> bool:
    """Tell whether the folder of a published set is there."""
    return (data_dir / find_source(name).folder).is_dir()

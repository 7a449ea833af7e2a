"""Draw what a model sees right, misses and invents, on images that it was not trained on."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from datasets.classes import CRACK, IGNORE_INDEX
from datasets.manifest import Sample, Source
from inspection.pipeline.detect import MIN_AREA_PX
from models.judging.evaluate import TOLERANCE_PX
from models.judging.judges import as_labels, pieces
from models.judging.metrics import classify, count_pixels, near
from models.rule import Rule
from models.scoring import Scorer, score_padded

SIDE_PX: Final = 300
GAP_PX: Final = 6
HIT, MISSED, INVENTED = (60, 200, 90), (240, 60, 60), (250, 190, 30)
"""Red, green, blue of cracks that were found, that were not, and of what no label explains."""

Bytes = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """Hold one judged image.

    Attributes:
        name: Name of the image.
        score: F1 of cracks within 2 px; nought where there is no crack and something was found.
        invented: Share of the image's pixels that were called crack without a label near.
        picture: (s, s, 3) uint8 RGB with the judgement drawn in.
    """

    name: str
    score: float
    invented: float
    picture: Bytes


def judge_image(
    scorer: Scorer, source: Source, sample: Sample, rule: Rule, classes: Sequence[str]
) -> Example:
    """Return an image with what was found, missed and invented on it."""
    image = next(pieces(source, sample))
    outputs = classify(
        score_padded(scorer, image.rgb),
        rule.thresholds,
        classes,
        continuation_ratio=rule.continuation_ratio,
        min_area_px=MIN_AREA_PX,
    )
    predicted = as_labels(outputs, classes)
    counts = count_pixels(predicted, image.classes, CRACK, tolerance_px=TOLERANCE_PX)
    found, truth = predicted == CRACK, image.classes == CRACK
    decided = image.classes != IGNORE_INDEX
    invented = found & ~near(truth, TOLERANCE_PX) & decided
    missed = truth & ~near(found, TOLERANCE_PX)
    drawn = image.rgb.copy()
    for mask, colour in ((found & ~invented, HIT), (missed, MISSED), (invented, INVENTED)):
        drawn[mask] = colour
    return Example(
        name=image.name,
        score=counts.tolerant_f1,
        invented=float(invented.mean()),
        picture=np.hstack([fitted(image.rgb), fitted(drawn)]),
    )


def fitted(rgb: Bytes, side_px: int = SIDE_PX) -> Bytes:
    """Return the middle square of an image at a given side."""
    side = min(rgb.shape[:2])
    top, left = ((length - side) // 2 for length in rgb.shape[:2])
    square = rgb[top : top + side, left : left + side]
    method = cv2.INTER_AREA if side > side_px else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(square, (side_px, side_px), interpolation=method), dtype=np.uint8)


def choose(examples: Sequence[Example], *, of_each: int) -> list[list[Example]]:
    """Return the best, the worst, and those with most invented, no image twice.

    Best and worst are by score; an image without cracks has no score and can only be invented in.
    """
    by_score = sorted(examples, key=lambda example: (example.score, example.name))
    worst, best = by_score[:of_each], by_score[::-1][:of_each]
    taken = {example.name for example in (*worst, *best)}
    rest = [example for example in examples if example.name not in taken]
    false = sorted(rest, key=lambda example: -example.invented)[:of_each]
    return [best, worst, false]


def sheet(rows: Sequence[Sequence[Example]]) -> Bytes:
    """Return a contact sheet, a row for each kind, on white."""
    cells = [[example.picture for example in row] for row in rows if row]
    height, width = cells[0][0].shape[:2]
    columns = max(len(row) for row in cells)
    page = np.full(
        (
            len(cells) * (height + GAP_PX) - GAP_PX,
            columns * (width + GAP_PX) - GAP_PX,
            3,
        ),
        255,
        dtype=np.uint8,
    )
    for row, pictures in enumerate(cells):
        for column, picture in enumerate(pictures):
            top, left = row * (height + GAP_PX), column * (width + GAP_PX)
            page[top : top + height, left : left + width] = picture
    return page


def write_sheet(path: Path, rows: Sequence[Sequence[Example]]) -> None:
    """Write the contact sheet as a JPEG, without metadata."""
    path.parent.mkdir(parents=True, exist_ok=True)
    _, content = cv2.imencode(".jpg", sheet(rows)[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 82])
    path.write_bytes(content.tobytes())

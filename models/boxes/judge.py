"""Judge a box network on the validation photos of its sources."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import no_grad

from models.boxes.config import BoxConfig
from models.boxes.detect import Boxes, find_boxes_in
from models.boxes.network import BoxNetwork, Half
from models.boxes.photos import PhotoFile
from models.boxes.precision import (
    ClassScore,
    Matched,
    average_precision,
    match,
    mean_precision,
    score_classes,
)
from models.judging.intervals import Interval
from models.training.loop import to_tensor

Look = Callable[[NDArray[np.uint8]], Boxes]
Report = Callable[[str], None]

OVERLAPS: dict[Half, float] = {"many": 0.6, "one": 1.0}
"""IoU above which boxes of a class are one: the half that answers once needs no suppression."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """Hold what was found on the validation photos.

    Attributes:
        photos: How many there are.
        classes: Scores of each class, in order.
        map50: Mean average precision at IoU 0.5 over the labelled classes.
        map50_interval: 95 % interval over photos; None with fewer than two.
        map: Mean average precision over IoU 0.5 to 0.95.
    """

    photos: int
    classes: tuple[ClassScore, ...]
    map50: float
    map50_interval: Interval | None
    map: float


def network_look(network: BoxNetwork, config: BoxConfig, half: Half) -> Look:
    """Return what shows photos to a torch network, before it is registered."""

    def ask(shown: NDArray[np.uint8]) -> NDArray[np.float32]:
        with no_grad():
            return np.asarray(network(to_tensor([shown]))[0].numpy(), dtype=np.float32)

    return lambda rgb: find_boxes_in(
        ask,
        rgb,
        photo_px=config.photo_px,
        overlap=OVERLAPS[half],
        count=len(config.classes),
    )


def look_at_all(look: Look, photos: Sequence[PhotoFile]) -> list[Matched]:
    """Show every photo and pair what is seen with its labels."""
    found = []
    for photo in photos:
        labelled = photo.read()
        found.append(match(look(labelled.rgb), labelled.boxes, labelled.classes))
    return found


def judged(matched: Sequence[Matched], thresholds: Sequence[float]) -> Judgement:
    """Return the scores of photos that were looked at, at the thresholds of the classes."""
    classes, interval = score_classes(matched, thresholds)
    map50, whole = mean_precision(average_precision(matched, len(thresholds)))
    return Judgement(
        photos=len(matched),
        classes=tuple(classes),
        map50=map50,
        map50_interval=interval,
        map=whole,
    )

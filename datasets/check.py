"""Look for what makes a training set lie: near-copies across splits, broken or empty labels."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from datasets.classes import LABEL_NAMES
from datasets.labels import read_boxes, read_class_mask, read_rgb
from datasets.manifest import BOX_KINDS, Sample
from datasets.sources import find_source, read_source
from inspection.errors import BadInput

Report = Callable[[str], None]
SAME_BITS = 6  # of 64; unrelated photos differ in about 32


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceCheck:
    """Hold what was found in one source.

    Attributes:
        source: Name of the source.
        images_by_split: Number of readable images of each split.
        empty_labels: Images without any labelled object.
        broken: File and reason of each sample that cannot be read.
        boxes_outside: Files with a box that reaches over the edge of its image.
        copies_across_splits: Pairs of images of different splits that look alike.
        class_share: Share of decided pixels of each class name; empty for boxes.
    """

    source: str
    images_by_split: dict[str, int]
    empty_labels: int
    broken: tuple[tuple[str, str], ...]
    boxes_outside: tuple[str, ...]
    copies_across_splits: tuple[tuple[str, str], ...]
    class_share: dict[str, float]


def difference_hash(rgb: NDArray[np.uint8]) -> int:
    """Return 64 bits that say where brightness rises to the right on a 9 x 8 grid.

    Source: Krawetz 2013, "Kind of like that" (dHash).
    """
    grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    small = cv2.resize(grey, (9, 8), interpolation=cv2.INTER_AREA).astype(np.int16)
    bits = (small[:, 1:] > small[:, :-1]).ravel()
    return int.from_bytes(np.packbits(bits).tobytes(), "big")


def copies_across(hashes: Sequence[tuple[Sample, int]]) -> tuple[tuple[str, str], ...]:
    """Return the names of images of different splits whose hashes differ in few bits."""
    pairs = []
    for position, (first, first_hash) in enumerate(hashes):
        for second, second_hash in hashes[position + 1 :]:
            if first.split is second.split:
                continue
            if (first_hash ^ second_hash).bit_count() <= SAME_BITS:
                pairs.append((first.image_path.name, second.image_path.name))
    return tuple(pairs)


def check_source(name: str, data_dir: Path) -> SourceCheck:
    """Return what was found in a source below the data folder.

    Raises:
        NotFound: No reader has that name, or its folder is absent.
    """
    source = find_source(name)
    images: dict[str, int] = {}
    broken: list[tuple[str, str]] = []
    outside: list[str] = []
    hashes: list[tuple[Sample, int]] = []
    pixels = np.zeros(256, dtype=np.int64)
    empty = 0
    for sample in read_source(name, data_dir):
        try:
            rgb = read_rgb(sample.image_path)
            size_px = (rgb.shape[1], rgb.shape[0])
            if source.label_kind not in BOX_KINDS:
                counts = np.bincount(
                    read_class_mask(source, sample, size_px).ravel(), minlength=256
                )
                pixels += counts
                empty += int(not counts[1 : len(LABEL_NAMES)].any())
            else:
                boxes = read_boxes(source, sample, size_px)
                empty += int(not boxes)
                if any(reaches_outside(box.x0_px, box.x1_px, size_px[0]) for box in boxes) or any(
                    reaches_outside(box.y0_px, box.y1_px, size_px[1]) for box in boxes
                ):
                    outside.append(sample.label_path.name)
        except BadInput as error:
            broken.append((sample.image_path.name, str(error)))
            continue
        images[sample.split.value] = images.get(sample.split.value, 0) + 1
        hashes.append((sample, difference_hash(rgb)))
    return SourceCheck(
        source=name,
        images_by_split=images,
        empty_labels=empty,
        broken=tuple(broken),
        boxes_outside=tuple(outside),
        copies_across_splits=copies_across(hashes),
        class_share=share_of_classes(pixels),
    )


def reaches_outside(low_px: float, high_px: float, length_px: int) -> bool:
    """Tell whether an interval reaches more than a pixel out of 0..length.

    Examples:
        >>> reaches_outside(-0.5, 10, 10), reaches_outside(0, 12, 10)
        (False, True)
    """
    return low_px < -1 or high_px > length_px + 1


def share_of_classes(pixels: NDArray[np.int64]) -> dict[str, float]:
    """Return the share of each class among decided pixels; empty if there are none."""
    counts = pixels[: len(LABEL_NAMES)]
    total = int(counts.sum())
    if not total:
        return {}
    return {name: int(count) / total for name, count in zip(LABEL_NAMES, counts, strict=True)}

"""Find the photos with boxes that a box network learns from and is judged on, and draw batches."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from datasets.box_views import BoxedPhoto, four_together, relight, view
from datasets.labels import read_boxes, read_rgb
from datasets.manifest import Sample, Source, Split
from datasets.sources import find_source, read_source
from inspection.errors import BadInput
from models.boxes.config import BoxConfig
from models.training.loop import to_tensor

Targets = dict[str, torch.Tensor]
"""What Ultralytics' loss takes: ``batch_idx`` (m,), ``cls`` (m,), ``bboxes`` (m, 4) as middle and
size in shares of the view."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoFile:
    """Point to a photo and hold its boxes.

    Attributes:
        source: Name of its source.
        path: The photo.
        boxes: (n, 4) float32 x0 y0 x1 y1 px.
        classes: (n,) int64 index of the class of each box.
    """

    source: str
    path: Path
    boxes: NDArray[np.float32]
    classes: NDArray[np.int64]

    def read(self) -> BoxedPhoto:
        """Return the photo with its boxes."""
        return BoxedPhoto(rgb=read_rgb(self.path), boxes=self.boxes, classes=self.classes)


def photo_files(
    sources: Iterable[str], labels: Mapping[str, int], data_dir: Path, split: Split
) -> list[PhotoFile]:
    """Return the photos of a split of sources, with the boxes that are named.

    Args:
        sources: Names of sources.
        labels: Index of the class of each name of a box; others are left out.
        data_dir: Folder of the published sets.
        split: Which photos.

    Raises:
        NotFound: A source is absent.
        BadInput: A source has no boxes or no photo in the split, or a label is broken.
    """
    found = []
    for name in sources:
        source = replace(find_source(name), box_classes=labels)
        of_source = [
            _with_boxes(source, sample)
            for sample in read_source(name, data_dir)
            if sample.split is split
        ]
        if not of_source:
            raise BadInput(f"source {name} has no photo for {split.value}")
        found += of_source
    return found


def _with_boxes(source: Source, sample: Sample) -> PhotoFile:
    """Read the boxes of a photo; only YOLO's boxes, shares of the photo, need its size."""
    size = (0, 0)
    if source.label_kind.value.startswith("yolo"):
        height, width = read_rgb(sample.image_path).shape[:2]
        size = (width, height)
    boxes = read_boxes(source, sample, size)
    edges = [(box.x0_px, box.y0_px, box.x1_px, box.y1_px) for box in boxes]
    return PhotoFile(
        source=source.name,
        path=sample.image_path,
        boxes=np.array(edges, dtype=np.float32).reshape(-1, 4),
        classes=np.array([box.class_index for box in boxes], dtype=np.int64),
    )


def chances(photos: Sequence[PhotoFile], count: int) -> NDArray[np.float64]:
    """Return how often each photo is drawn, summing to 1: more often where a class is rare.

    A photo counts as much as its rarest class asks: the root of how much rarer that class is than
    one that every photo shows. One without any box counts 1.

    Args:
        photos: Of one source.
        count: Number of classes.

    Source: Gupta, Dollár, Girshick 2019, LVIS (repeat factor sampling).
    """
    shows = np.array([np.bincount(each.classes, minlength=count) > 0 for each in photos])
    share = np.maximum(shows.mean(axis=0), 1 / len(photos))
    factors = np.where(shows, np.sqrt(1 / share), 1.0).max(axis=1)
    return np.asarray(factors / factors.sum(), dtype=np.float64)


class BoxBatches:
    """Draw batches: a source by its share, a photo of it, a random view of one photo or of four."""

    def __init__(self, photos: Sequence[PhotoFile], config: BoxConfig) -> None:
        """Sort the photos by source."""
        self._config = config
        self._of = {
            name: [each for each in photos if each.source == find_source(name).name]
            for name in config.sampling
        }
        missing = sorted(name for name, found in self._of.items() if not found)
        if missing:
            raise BadInput(f"no training photos of {', '.join(missing)}")
        self._names = list(config.sampling)
        shares = np.array(list(config.sampling.values()), dtype=np.float64)
        self._shares = shares / shares.sum()
        self._chances = {
            name: chances(found, len(config.classes)) for name, found in self._of.items()
        }

    def draw(self, step: int) -> tuple[torch.Tensor, Targets]:
        """Return the batch of a step: (n, 3, s, s) float32 and what is to be found in it."""
        rng = np.random.default_rng((self._config.seed, step))
        return to_batch([self._view(rng, step) for _ in range(self._config.batch)])

    def _view(self, rng: np.random.Generator, step: int) -> BoxedPhoto:
        size = self._config.chip_px
        early = step < self._config.four_until * self._config.steps
        count = 4 if early and rng.random() < self._config.four_together else 1
        photos = tuple(self._photo(rng) for _ in range(count))
        bases = [self._config.photo_px / max(photo.rgb.shape[:2]) for photo in photos]
        if count == 4:
            return relight(rng, four_together(rng, photos, size, bases=bases))
        return relight(rng, view(rng, photos[0], size, size, base=bases[0]))

    def _photo(self, rng: np.random.Generator) -> BoxedPhoto:
        name = self._names[int(rng.choice(len(self._names), p=self._shares))]
        found = self._of[name]
        return found[int(rng.choice(len(found), p=self._chances[name]))].read()


def to_batch(views: Sequence[BoxedPhoto]) -> tuple[torch.Tensor, Targets]:
    """Return views of one size as a batch of the loss."""
    height, width = views[0].rgb.shape[:2]
    corners = np.concatenate([each.boxes for each in views]).astype(np.float32)
    middle = (corners[:, :2] + corners[:, 2:]) / 2
    spread = corners[:, 2:] - corners[:, :2]
    shares = np.hstack([middle, spread]) / np.array([width, height] * 2, dtype=np.float32)
    numbers = np.repeat(np.arange(len(views)), [len(each.boxes) for each in views])
    targets = {
        "batch_idx": torch.from_numpy(numbers).float(),
        "cls": torch.from_numpy(np.concatenate([each.classes for each in views])).float(),
        "bboxes": torch.from_numpy(shares.astype(np.float32)),
    }
    return to_tensor([each.rgb for each in views]), targets

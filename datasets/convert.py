"""Cut labelled images into training chips at native resolution, and build a folder of them."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from datasets import procedural
from datasets.chips import Chip, ChipRow, write_chip, write_manifest
from datasets.labels import read_class_mask, read_rgb
from datasets.manifest import Sample, Source
from datasets.sources import find_source, read_source
from inspection.errors import BadInput, Refused, Unavailable

DEFAULT_SOURCES = ("uav_concrete", "uav75", "cracksc", "quaywall", "paveseg", "brazil")


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildSummary:
    """Count what a build wrote: chips, and pixels of each class index, a row a source and split."""

    source: str
    split: str
    chips: int
    pixels_by_class: dict[int, int]


def window_starts(length_px: int, chip_px: int) -> list[int]:
    """Return the starts of the fewest evenly spaced windows that cover a length, in px.

    Examples:
        >>> window_starts(960, 512)
        [0, 448]
        >>> window_starts(448, 512)
        [0]
    """
    if length_px <= chip_px:
        return [0]
    count = -(-length_px // chip_px)
    last = length_px - chip_px
    return [round(index * last / (count - 1)) for index in range(count)]


def cut_chips(
    source: Source, sample: Sample, *, chip_px: int = 512, stem: str | None = None
) -> Iterator[Chip]:
    """Yield the chips of one labelled image; nothing is scaled.

    Args:
        source: Description of the set.
        sample: One image of it.
        chip_px: Largest side of a chip.
        stem: Beginning of the chips' names; by default that of the image's file.
    """
    rgb = read_rgb(sample.image_path)
    height_px, width_px = rgb.shape[:2]
    classes = read_class_mask(source, sample, (width_px, height_px))
    for y in window_starts(height_px, chip_px):
        for x in window_starts(width_px, chip_px):
            yield Chip(
                source=source.name,
                split=sample.split,
                group=sample.group,
                name=f"{stem or sample.image_path.stem}_{x}_{y}",
                rgb=rgb[y : y + chip_px, x : x + chip_px],
                classes=classes[y : y + chip_px, x : x + chip_px],
                gsd_mm_per_px=source.gsd_mm_per_px,
            )


def read_all_chips(name: str, data_dir: Path, *, chip_px: int) -> Iterator[Chip]:
    """Yield every chip of a source.

    Raises:
        Refused: The source only judges and must not be trained on.
    """
    source = find_source(name)
    if not source.trainable:
        raise Refused(f"source {name} only judges the detector; it is not for training")
    taken: set[str] = set()
    for sample in read_source(name, data_dir):
        stem = _free_stem(sample.image_path.stem, taken)
        yield from cut_chips(source, sample, chip_px=chip_px, stem=stem)


def _free_stem(stem: str, taken: set[str]) -> str:
    """Number the images of one name in several folders, so that no chip overwrites another."""
    name, number = stem, 2
    while name in taken:
        name, number = f"{stem}~{number}", number + 1
    taken.add(name)
    return name


def build_chips(
    names: Sequence[str],
    data_dir: Path,
    out_dir: Path,
    *,
    chip_px: int = 512,
    procedural_count: int = 0,
    seed: int = 0,
) -> list[BuildSummary]:
    """Write the chips of the sources, and of the renderer, with their manifest below a folder.

    Args:
        names: Sources to read.
        data_dir: Folder of the published sets.
        out_dir: Folder to write.
        chip_px: Largest side of a chip.
        procedural_count: Number of rendered chips to add to the training split.
        seed: Seed of the renderer.

    Returns:
        One summary a source and split.

    Raises:
        BadInput: Two sources have one name.
        Unavailable: The folder cannot be written.
    """
    names = tuple(dict.fromkeys(names))
    called = Counter(find_source(name).name for name in names)
    if twice := [name for name, count in called.items() if count > 1]:
        raise BadInput(f"two sources are called {twice[0]}; their chips would mix, rename one")
    rows: list[ChipRow] = []
    pixels: dict[tuple[str, str], np.ndarray[tuple[int], np.dtype[np.int64]]] = {}
    try:
        out_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Unavailable(f"folder {out_dir} cannot be made: {error.strerror}") from error

    def keep(chip: Chip, licence: str, *, shippable: bool = True) -> None:
        rows.append(write_chip(out_dir, chip, licence, shippable=shippable))
        counts = np.bincount(chip.classes.ravel(), minlength=256).astype(np.int64)
        key = (chip.source, chip.split.value)
        pixels[key] = pixels.get(key, np.zeros(256, dtype=np.int64)) + counts

    for name in names:
        source = find_source(name)
        for chip in read_all_chips(name, data_dir, chip_px=chip_px):
            keep(chip, source.licence, shippable=source.shippable)
    for chip in procedural.render_chips(procedural_count, seed=seed):
        keep(chip, procedural.LICENCE)
    write_manifest(out_dir, rows)
    return [
        BuildSummary(
            source=source,
            split=split,
            chips=sum(row.source == source and row.split == split for row in rows),
            pixels_by_class={int(i): int(counts[i]) for i in np.flatnonzero(counts)},
        )
        for (source, split), counts in pixels.items()
    ]

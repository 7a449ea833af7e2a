"""Hold training chips (native pixels with a class for each) and keep them in a folder."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from datasets.labels import read_rgb
from datasets.manifest import Split
from inspection.errors import BadInput, Broken, NotFound, Unavailable

MANIFEST_NAME = "chips.jsonl"


@dataclass(frozen=True, slots=True, kw_only=True)
class Chip:
    """Hold one training chip.

    Attributes:
        source: Name of the source.
        split: Part it plays.
        group: Site, photo or id block it came from.
        name: Unique name within its source.
        rgb: (h, w, 3) uint8.
        classes: (h, w) uint8, class index or ``IGNORE_INDEX``.
        gsd_mm_per_px: Nominal smallest and largest ground sample distance, None where unknown.
    """

    source: str
    split: Split
    group: str
    name: str
    rgb: NDArray[np.uint8]
    classes: NDArray[np.uint8]
    gsd_mm_per_px: tuple[float, float] | None

    def __post_init__(self) -> None:
        if self.rgb.shape != (*self.classes.shape, 3):
            raise BadInput(
                f"chip {self.name}: image {self.rgb.shape} and classes {self.classes.shape} differ"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class ChipRow:
    """Describe one chip of a built folder, as a line of its manifest."""

    source: str
    split: str
    group: str
    name: str
    licence: str
    width_px: int
    height_px: int
    gsd_mm_per_px: tuple[float, float] | None
    shippable: bool = True


def write_chip(folder: Path, chip: Chip, licence: str, *, shippable: bool = True) -> ChipRow:
    """Write a chip as two PNG files below the folder and return its manifest row.

    Raises:
        Unavailable: A file cannot be written.
    """
    place = folder / chip.source / chip.split.value
    place.mkdir(parents=True, exist_ok=True)
    _write_png(place / f"{chip.name}.png", chip.rgb[..., ::-1])
    _write_png(place / f"{chip.name}.classes.png", chip.classes)
    height_px, width_px = chip.classes.shape
    return ChipRow(
        source=chip.source,
        split=chip.split.value,
        group=chip.group,
        name=chip.name,
        licence=licence,
        width_px=width_px,
        height_px=height_px,
        gsd_mm_per_px=chip.gsd_mm_per_px,
        shippable=shippable,
    )


def _write_png(path: Path, pixels: NDArray[np.uint8]) -> None:
    """Write one picture; OpenCV only returns False where a disk is full or a folder is not ours."""
    encoded, content = cv2.imencode(".png", pixels)
    if not encoded:
        raise Broken(f"chip {path.name} cannot be made a PNG, shape {pixels.shape}")
    try:
        path.write_bytes(content.tobytes())
    except OSError as error:
        raise Unavailable(
            f"chip {path.name} cannot be written to {path.parent}: {error.strerror}; "
            "free some space or choose another folder"
        ) from error


def write_manifest(folder: Path, rows: list[ChipRow]) -> Path:
    """Write the manifest of a built folder, one JSON object a line, and return its path."""
    path = folder / MANIFEST_NAME
    path.write_text("".join(json.dumps(asdict(row)) + "\n" for row in rows), encoding="utf-8")
    return path


def read_manifest(folder: Path) -> list[ChipRow]:
    """Return the rows of a built folder.

    Raises:
        NotFound: The folder was not built.
        BadInput: A line is not a row.
    """
    path = folder / MANIFEST_NAME
    if not path.is_file():
        raise NotFound(f"{folder} has no {MANIFEST_NAME}; run `tenken datasets build` first")
    rows = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            fields = json.loads(line)
            gsd = fields.pop("gsd_mm_per_px")
            rows.append(ChipRow(**fields, gsd_mm_per_px=tuple(gsd) if gsd else None))
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise BadInput(f"{path.name} line {number} is not a chip row: {error}") from error
    return rows


def unshippable_sources(folder: Path, names: Iterable[str]) -> tuple[str, ...]:
    """Return which of the sources forbid shipping weights that were trained on them, in order."""
    bound = {row.source for row in read_manifest(folder) if not row.shippable}
    return tuple(sorted(bound.intersection(names)))


def read_chips(folder: Path, split: Split) -> Iterator[Chip]:
    """Yield the chips of one split of a built folder, in the order of its manifest.

    Raises:
        NotFound: The folder was not built.
        BadInput: A chip's file is missing or damaged.
    """
    for row in read_manifest(folder):
        if row.split != split.value:
            continue
        place = folder / row.source / row.split
        classes = cv2.imread(str(place / f"{row.name}.classes.png"), cv2.IMREAD_GRAYSCALE)
        if classes is None:
            raise BadInput(f"chip {row.source}/{row.name} has no readable class file; build again")
        yield Chip(
            source=row.source,
            split=split,
            group=row.group,
            name=row.name,
            rgb=read_rgb(place / f"{row.name}.png"),
            classes=np.asarray(classes, dtype=np.uint8),
            gsd_mm_per_px=row.gsd_mm_per_px,
        )

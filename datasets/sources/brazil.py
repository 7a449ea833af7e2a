"""Read the Brazilian highway set: forward vehicle views with crack and pothole masks.

The road is seen at a slant, so its pixels have no single ground sample distance.
"""

from pathlib import Path

from datasets.classes import BACKGROUND, CRACK, POTHOLE
from datasets.manifest import LabelKind, Sample, Source
from datasets.sources.layout import read_block_splits

SOURCE = Source(
    name="brazil",
    folder="roads/brazil",
    licence="MIT",
    citation="Passos et al. 2020, Cracks and potholes in road images; "
    "biankatpas/Cracks-and-Potholes-in-Road-Images-Dataset",
    label_kind=LabelKind.MASK,
    mask_classes={0: BACKGROUND, 1: CRACK, 2: POTHOLE},
)


def read(data_dir: Path) -> tuple[Sample, ...]:
    """Return the photos, split by blocks of consecutive ids (neighbours on one road)."""
    root = data_dir / SOURCE.folder
    return read_block_splits(SOURCE.name, root / "images", root / "masks", ".png")

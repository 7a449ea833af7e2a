"""Read the PaveSeg preview: road photos labelled by experts.

Value 150 (alligator) paints the whole cracked area, not its thin lines; manhole covers (180) are
background to us.
"""

from pathlib import Path

from datasets.classes import ALLIGATOR_CRACK, BACKGROUND, CRACK, JOINT, PATCH, POTHOLE
from datasets.manifest import LabelKind, Sample, Source
from datasets.sources.layout import read_block_splits

SOURCE = Source(
    name="paveseg",
    folder="roads/paveseg",
    licence="Apache-2.0",
    citation="FuturePave/PaveSeg-Dataset, preview",
    label_kind=LabelKind.MASK,
    mask_classes={
        0: BACKGROUND,
        30: CRACK,
        60: POTHOLE,
        90: PATCH,
        120: PATCH,
        150: ALLIGATOR_CRACK,
        180: BACKGROUND,
        210: JOINT,
    },
)


def read(data_dir: Path) -> tuple[Sample, ...]:
    """Return the photos, split by blocks of consecutive ids."""
    root = data_dir / SOURCE.folder
    return read_block_splits(SOURCE.name, root / "images", root / "masks", ".png")

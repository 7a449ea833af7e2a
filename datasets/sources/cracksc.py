"""Read CrackSC: pavement cracks under tree shadows and paint."""

from pathlib import Path

from datasets.classes import BACKGROUND, CRACK
from datasets.manifest import LabelKind, Sample, Source
from datasets.sources.layout import read_block_splits

SOURCE = Source(
    name="cracksc",
    folder="cracks/cracksc",
    licence="MIT",
    citation="Guo, Qian, Liu, Yu 2023, Pavement crack detection with transformers; "
    "jonguo111/Transformer-Crack",
    label_kind=LabelKind.MASK,
    mask_classes={0: BACKGROUND, 255: CRACK},
)


def read(data_dir: Path) -> tuple[Sample, ...]:
    """Return the photos, split by blocks of consecutive ids."""
    root = data_dir / SOURCE.folder
    return read_block_splits(SOURCE.name, root / "images", root / "masks", ".png")

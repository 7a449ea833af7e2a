"""Read CrackForest: 118 photos of urban road, 480 × 320 px, with MATLAB labels.

Its makers allow non-commercial research only, so weights trained on it are not shipped. Crowds of
its outlines touch the kerb and oil stains; values 3 and 4 in a few files are those and stay
undecided.
"""

from pathlib import Path

from datasets.classes import BACKGROUND, CRACK, IGNORE_INDEX
from datasets.manifest import LabelKind, Sample, Source
from datasets.sources.layout import read_block_splits

SOURCE = Source(
    name="crackforest",
    folder="cracks/crackforest",
    licence="LicenseRef-non-commercial-research",
    citation="Shi, Cui, Qi, Meng, Chen 2016, Automatic road crack detection using random "
    "structured forests, IEEE T-ITS 17; cuilimeng/CrackForest-dataset",
    label_kind=LabelKind.CRACKFOREST,
    mask_classes={1: BACKGROUND, 2: CRACK, 3: IGNORE_INDEX, 4: IGNORE_INDEX},
    shippable=False,
)


def read(data_dir: Path) -> tuple[Sample, ...]:
    """Return the photos, split by blocks of consecutive ids."""
    root = data_dir / SOURCE.folder
    return read_block_splits(SOURCE.name, root / "image", root / "groundTruth", ".mat")

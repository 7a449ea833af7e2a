"""Read DeepCrack: 537 photos of cracks in concrete and asphalt with masks, divided by its makers.

Its makers ask for academic use only, so weights trained on it are not shipped.
"""

from pathlib import Path

from datasets.classes import BACKGROUND, CRACK
from datasets.manifest import LabelKind, Sample, Source, Split
from datasets.sources.layout import pair_files

SOURCE = Source(
    name="deepcrack",
    folder="cracks/deepcrack",
    licence="LicenseRef-academic-use",
    citation="Liu, Yao, Lu, Xie, Li 2019, DeepCrack, Neurocomputing 338; yhlleo/DeepCrack",
    label_kind=LabelKind.MASK,
    mask_classes={0: BACKGROUND, 255: CRACK},
    shippable=False,
)


def read(data_dir: Path) -> tuple[Sample, ...]:
    """Return the photos in the publisher's split; photos cut from one picture stay together."""
    root = data_dir / SOURCE.folder
    return tuple(
        sample
        for split in (Split.TRAIN, Split.TEST)
        for sample in pair_files(
            SOURCE.name,
            root / f"{split.value}_img",
            root / f"{split.value}_lab",
            ".png",
            lambda stem, split=split: (split, f"{split.value}/{stem.rsplit('-', 1)[0]}"),  # type: ignore[misc]  # mypy: default of a lambda
        )
    )

"""Read CODEBRIM: 1590 bridge photos with boxes that carry several defects at once.

Its licence allows non-commercial research and education only, so weights trained on it are not
shipped.
"""

from pathlib import Path

from datasets.classes import BACKGROUND, CRACK, class_index
from datasets.manifest import LabelKind, Sample, Source
from datasets.sources.layout import read_block_splits

SOURCE = Source(
    name="codebrim",
    folder="structures/codebrim/original_dataset",
    licence="LicenseRef-non-commercial-research",
    citation="Mundt, Majumder, Murali, Panetsos, Ramesh 2019, Meta-learning convolutional neural "
    "architectures for multi-target concrete defect classification, CVPR; Zenodo 2620293",
    label_kind=LabelKind.DEFECT_BOXES,
    box_classes={
        "Background": BACKGROUND,
        "Crack": CRACK,
        "Spallation": class_index("spall"),
        "Efflorescence": class_index("efflorescence"),
        "ExposedBars": class_index("exposed_rebar"),
        "CorrosionStain": class_index("rust_stain"),
    },
    shippable=False,
)


def read(data_dir: Path) -> tuple[Sample, ...]:
    """Return the photos, split by blocks of consecutive ids (neighbours on one bridge)."""
    root = data_dir / SOURCE.folder
    return read_block_splits(SOURCE.name, root / "images", root / "annotations", ".xml")

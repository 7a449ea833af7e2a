"""Read RDD2022 China_MotorBike: road photos 512 px with Pascal VOC boxes.

D00 and D10 are longitudinal and transverse cracks, D01 and D11 those at construction joints; D20 is
alligator cracking; D40 a pothole; ``Repair`` a patch.
"""

from pathlib import Path

from datasets.classes import ALLIGATOR_CRACK, CRACK, PATCH, POTHOLE
from datasets.manifest import LabelKind, Sample, Source
from datasets.sources.layout import read_block_splits

SOURCE = Source(
    name="rdd_motorbike",
    folder="roads/rdd_motorbike",
    licence="CC-BY-SA-4.0",
    citation="Arya, Maeda, Ghosh, Toshniwal, Sekimoto 2022, RDD2022, arXiv:2209.08538",
    label_kind=LabelKind.VOC_BOXES,
    box_classes={
        "D00": CRACK,
        "D01": CRACK,  # along a construction joint; the Japanese part of RDD2022 has it
        "D10": CRACK,
        "D11": CRACK,
        "D20": ALLIGATOR_CRACK,
        "D40": POTHOLE,
        "Repair": PATCH,
    },
)


def read(data_dir: Path) -> tuple[Sample, ...]:
    """Return the photos, split by blocks of consecutive ids."""
    root = data_dir / SOURCE.folder
    return read_block_splits(SOURCE.name, root / "images", root / "annotations", ".xml")

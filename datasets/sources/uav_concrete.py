"""Read the UAV concrete crack set: 448 px photos with crack masks, divided by its publisher.

Some wide straight gaps between slabs are labelled as crack in this set.
"""

from pathlib import Path

from datasets.classes import BACKGROUND, CRACK
from datasets.manifest import LabelKind, Sample, Source
from datasets.sources.layout import read_fixed_splits

SOURCE = Source(
    name="uav_concrete",
    folder="cracks/uav_concrete",
    licence="CC0-1.0",
    citation="Kaggle UAV crack; split of jakki-Guan/ground-to-uav-crack-segmentation",
    label_kind=LabelKind.MASK,
    mask_classes={0: BACKGROUND, 255: CRACK},
)


def read(data_dir: Path) -> tuple[Sample, ...]:
    """Return the photos in the publisher's split."""
    return read_fixed_splits(SOURCE.name, data_dir / SOURCE.folder)

"""Read UAV75: 512 px tiles of concrete with 1-5 px cracks beside formwork joints."""

from pathlib import Path

from datasets.classes import BACKGROUND, CRACK, JOINT
from datasets.manifest import LabelKind, Sample, Source
from datasets.sources.layout import read_fixed_splits

SOURCE = Source(
    name="uav75",
    folder="cracks/uav75",
    licence="GPL-3.0-only",
    citation="Benz, Debus, Ha, Rodehorst 2019; ben-z-original/uav75",
    label_kind=LabelKind.MASK,
    mask_classes={0: BACKGROUND, 204: JOINT, 255: CRACK},
)


def read(data_dir: Path) -> tuple[Sample, ...]:
    """Return the tiles in the publisher's split."""
    return read_fixed_splits(SOURCE.name, data_dir / SOURCE.folder)

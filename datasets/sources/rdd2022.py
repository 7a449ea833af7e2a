"""Read RDD2022 as published: road photos of six countries with Pascal VOC boxes.

Only the ``train`` part of each country has labels.
"""

from pathlib import Path

from datasets.manifest import Sample, Source
from datasets.sources import rdd_motorbike
from datasets.sources.layout import read_block_splits
from inspection.errors import NotFound

SOURCE = Source(
    name="rdd2022",
    folder="roads/RDD2022",
    licence="CC-BY-SA-4.0",
    citation=rdd_motorbike.SOURCE.citation,
    label_kind=rdd_motorbike.SOURCE.label_kind,
    box_classes=rdd_motorbike.SOURCE.box_classes,
)


def read(data_dir: Path) -> tuple[Sample, ...]:
    """Return the photos of every country that is there, each split by blocks of consecutive ids.

    Raises:
        NotFound: No country is there.
    """
    root = data_dir / SOURCE.folder
    countries = sorted(folder.name for folder in root.iterdir() if (folder / "train").is_dir())
    if not countries:
        raise NotFound(f"rdd2022 needs <country>/train below {SOURCE.folder}")
    return tuple(
        sample
        for country in countries
        for sample in read_block_splits(
            SOURCE.name,
            root / country / "train" / "images",
            root / country / "train" / "annotations" / "xmls",
            ".xml",
            prefix=f"{country}/",
        )
    )

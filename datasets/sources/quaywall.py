"""Read drone tiles of a Japanese quay wall: 256 px, crack boxes, altitude 5, 10 or 15 m.

The boxes are chains around long cracks; outside them the tile is background.
"""

from pathlib import Path

from datasets.classes import CRACK
from datasets.manifest import LabelKind, Sample, Source
from datasets.sources.layout import images_of, pair_files
from datasets.split import split_by_block

SOURCE = Source(
    name="quaywall",
    folder="cracks/quaywall/h1",
    licence="CC-BY-SA-4.0",
    citation="Komi, Yoshida, Kameyama, Sensors 2025, 25, 4325; "
    "omu-geolab/CrackImageDatasetForDeepLearning",
    label_kind=LabelKind.YOLO_BOXES,
    box_classes={"0": CRACK},
    gsd_mm_per_px=(1.15, 3.45),
)


def photo_of(stem: str) -> str:
    """Return the photo that a tile was cut from.

    Examples:
        >>> photo_of("MAX_0006_5m_11_10")
        'MAX_0006_5m'
    """
    return stem.rsplit("_", 2)[0]


def read(data_dir: Path) -> tuple[Sample, ...]:
    """Return the tiles, split by photo; the third photo (15 m) is held out."""
    root = data_dir / SOURCE.folder
    photos = sorted({photo_of(path.stem) for path in images_of(root / "images")})
    places = split_by_block(photos, block_count=max(3, len(photos)), held_out=(2,))
    return pair_files(
        SOURCE.name,
        root / "images",
        root / "labels",
        ".txt",
        lambda stem: (places[photo_of(stem)][0], photo_of(stem)),
    )

"""Read the quay strip: whole drone photos of a concrete quay with crack boxes.

This set judges the detector on a site left out of training; it is never trained on. Its ground
sample distance is nominal (camera data sheet at 10 m), some cracks are unlabelled, and long cracks
are chains of boxes of at most 256 px.
"""

from pathlib import Path

from datasets.classes import CRACK
from datasets.manifest import LabelKind, Sample, Source, Split
from datasets.sources.layout import pair_files

SOURCE = Source(
    name="quay_strip",
    folder="flights/quay_strip",
    licence="CC-BY-SA-4.0",
    citation="Komi, Yoshida, Kameyama, Sensors 2025, 25, 4325; "
    "omu-geolab/CrackImageDatasetForDeepLearning",
    label_kind=LabelKind.YOLO_BOXES,
    box_classes={"0": CRACK},
    gsd_mm_per_px=(2.3, 2.3),
    trainable=False,
)


def read(data_dir: Path) -> tuple[Sample, ...]:
    """Return the photos, all of them for testing."""
    root = data_dir / SOURCE.folder
    return pair_files(
        SOURCE.name, root / "images", root / "labels", ".txt", lambda stem: (Split.TEST, stem)
    )

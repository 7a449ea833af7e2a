"""Read S2DS: 743 photos of concrete structures 1024 px with coloured labels, divided by its makers.

Its licence is not stated, so weights trained on it are not shipped.
"""

from pathlib import Path

from datasets.classes import BACKGROUND, CRACK, class_index
from datasets.manifest import LabelKind, Sample, Source, Split
from inspection.errors import BadInput, NotFound

LABEL_ENDING = "_lab.png"

SOURCE = Source(
    name="s2ds",
    folder="structures/s2ds",
    licence="LicenseRef-unstated",
    citation="Benz, Rodehorst 2022, Image-based detection of structural defects using hierarchical "
    "multi-scale attention, GCPR; ben-z-original/s2ds",
    label_kind=LabelKind.MASK,
    colour_classes={
        (0, 0, 0): BACKGROUND,
        (255, 255, 255): CRACK,
        (255, 0, 0): class_index("spall"),
        (255, 255, 0): class_index("rust_stain"),
        (0, 255, 255): class_index("efflorescence"),
        (0, 255, 0): class_index("vegetation"),
        (0, 0, 255): BACKGROUND,
    },
    shippable=False,
)


def read(data_dir: Path) -> tuple[Sample, ...]:
    """Return the photos in the publisher's split.

    Raises:
        NotFound: A folder is absent.
        BadInput: A photo has no label.
    """
    root = data_dir / SOURCE.folder
    return tuple(sample for split in Split for sample in _read_split(root / split.value, split))


def _read_split(folder: Path, split: Split) -> list[Sample]:
    if not folder.is_dir():
        raise NotFound(f"s2ds needs the folder {folder.name} beside the other splits")
    samples = []
    for image in sorted(folder.glob("*.png")):
        if image.name.endswith(LABEL_ENDING):
            continue
        label = image.with_name(image.stem + LABEL_ENDING)
        if not label.is_file():
            raise BadInput(f"s2ds: {image.name} has no label {label.name}")
        group = f"{split.value}/{image.stem}"
        samples.append(
            Sample(source=SOURCE.name, split=split, group=group, image_path=image, label_path=label)
        )
    return samples

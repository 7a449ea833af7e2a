"""Read CRACK500: crops of 500 road photos with masks; lists of pairs name the publisher's split.

Its licence is not stated, so weights trained on it are not shipped.
"""

from pathlib import Path

from datasets.classes import BACKGROUND, CRACK
from datasets.formats.written import read_text
from datasets.manifest import LabelKind, Sample, Source, Split
from inspection.errors import BadInput, NotFound

SOURCE = Source(
    name="crack500",
    folder="cracks/crack500",
    licence="LicenseRef-unstated",
    citation="Yang, Zhang, Yu, Prokhorov, Mei, Ling 2019, Feature pyramid and hierarchical "
    "boosting network for pavement crack detection, IEEE T-ITS; fyangneil/pavement-crack-detection",
    label_kind=LabelKind.MASK,
    mask_classes={0: BACKGROUND, 255: CRACK},
    shippable=False,
)


def photo_of(stem: str) -> str:
    """Return the road photo that a crop was cut from.

    Examples:
        >>> photo_of("20160222_081011_1_361")
        '20160222_081011'
    """
    return "_".join(stem.split("_")[:2])


def read(data_dir: Path) -> tuple[Sample, ...]:
    """Return the crops that the lists name, in the publisher's split.

    Raises:
        NotFound: A list is absent.
        BadInput: A line is not an image and a mask that exist below the set.
    """
    root = data_dir / SOURCE.folder
    return tuple(
        _pair(root, split, line, number)
        for split in (Split.TRAIN, Split.VAL, Split.TEST)
        for number, line in enumerate(_lines(root / f"{split.value}.txt"), start=1)
        if line.strip()
    )


def _lines(path: Path) -> list[str]:
    if not path.is_file():
        raise NotFound(f"crack500 needs the list {path.name} beside its folders")
    return read_text(path).splitlines()


def _pair(root: Path, split: Split, line: str, number: int) -> Sample:
    files = [root / name for name in line.split()]
    inside = all(file.resolve().is_relative_to(root.resolve()) for file in files)
    if len(files) != 2 or not inside or not all(file.is_file() for file in files):
        raise BadInput(f"crack500: {split.value}.txt line {number} names no pair: {line!r}")
    return Sample(
        source=SOURCE.name,
        split=split,
        group=f"{split.value}/{photo_of(files[0].stem)}",
        image_path=files[0],
        label_path=files[1],
    )

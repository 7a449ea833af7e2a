"""Pair images with their labels in the layouts that several sets share."""

from collections.abc import Callable
from pathlib import Path

from datasets.manifest import Sample, Split
from datasets.split import split_by_block
from inspection.errors import BadInput, NotFound

Place = Callable[[str], tuple[Split, str]]


def pair_files(
    source: str, images: Path, labels: Path, label_suffix: str, place: Place
) -> tuple[Sample, ...]:
    """Return one sample for each image that has a label of the same stem, in order of name.

    Args:
        source: Name of the source.
        images: Folder of images.
        labels: Folder of labels.
        label_suffix: Suffix of the label files, with its dot.
        place: Split and group of a stem.

    Raises:
        NotFound: A folder is absent.
        BadInput: An image has no label, so the copy of the set is incomplete.
    """
    check_folders(source, images, labels)
    samples = []
    for image in images_of(images):
        label = labels / f"{image.stem}{label_suffix}"
        if not label.is_file():
            raise BadInput(f"{source}: {image.name} has no label {label.name}")
        split, group = place(image.stem)
        samples.append(
            Sample(source=source, split=split, group=group, image_path=image, label_path=label)
        )
    return tuple(samples)


def images_of(folder: Path) -> list[Path]:
    """Return the photos of a folder in order of name; what archives of a Mac add is none."""
    return sorted(
        path
        for path in folder.iterdir()
        if path.suffix.lower() == ".jpg" and not path.name.startswith("._")
    )


def check_folders(source: str, *folders: Path) -> None:
    """Check that the folders of a set are there.

    Raises:
        NotFound: One is absent.
    """
    for folder in folders:
        if not folder.is_dir():
            raise NotFound(f"source {source} needs the folder {folder}")


def read_fixed_splits(source: str, root: Path) -> tuple[Sample, ...]:
    """Return the samples of a set that its publisher divided into ``train`` and ``val`` folders."""
    return tuple(
        sample
        for split in (Split.TRAIN, Split.VAL)
        for sample in pair_files(
            source,
            root / split.value / "images",
            root / split.value / "masks",
            ".png",
            lambda stem, split=split: (split, stem),  # type: ignore[misc]  # mypy: default of a lambda
        )
    )


def read_block_splits(
    source: str, images: Path, labels: Path, label_suffix: str, *, prefix: str = ""
) -> tuple[Sample, ...]:
    """Return the samples of an undivided set, split by blocks of consecutive ids.

    Args:
        source: Name of the source.
        images: Folder of images.
        labels: Folder of labels.
        label_suffix: Suffix of the label files, with its dot.
        prefix: What makes the names of the blocks differ from those of another folder.
    """
    check_folders(source, images, labels)
    stems = sorted(path.stem for path in images_of(images))
    places = {
        stem: (split, prefix + block) for stem, (split, block) in split_by_block(stems).items()
    }
    return pair_files(source, images, labels, label_suffix, lambda stem: places[stem])

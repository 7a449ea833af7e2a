"""Say which labelled images judge a model, and translate between its outputs and their labels.

Labels carry the indices of ``datasets.classes.LABEL_NAMES``. A network has outputs of its own, in
any order and number; what it sees is compared with labels by name.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from datasets.chips import Chip
from datasets.classes import LABEL_NAMES
from datasets.convert import cut_chips
from datasets.manifest import BOX_KINDS, MASK_KINDS, Sample, Source, Split
from datasets.sources import READERS, find_source, read_source
from inspection.errors import BadInput

PIECE_PX: Final = 2048
"""Largest side that is scored in one pass; all published images with masks are smaller."""

UNLABELLED: Final = 254
"""Index of what no label may carry; neither a label nor undecided."""


def mask_samples(
    data_dir: Path, sets: Sequence[Path] = ()
) -> Iterator[tuple[Source, list[Sample]]]:
    """Yield each source whose ``val`` images have a class for every pixel, with these images.

    Args:
        data_dir: Folder of the published sets; those that are absent are left out.
        sets: YAML files of sets of one's own (``datasets.sources.own``).

    Raises:
        NotFound: A set file, or a folder that it names, is absent.
        BadInput: A set file is unusable, its labels are boxes, or two have one name.
    """
    for name, (source, _) in READERS.items():
        has_masks = source.label_kind in MASK_KINDS and (data_dir / source.folder).is_dir()
        if has_masks and (judging := _judging(name, data_dir)):
            yield source, judging
    taken: set[str] = set()
    for path in sets:
        own = find_source(str(path))
        if own.label_kind in BOX_KINDS:
            raise BadInput(
                f"{path.name} has {own.label_kind.value}: boxes do not say which pixels are "
                "damage, so it cannot judge a network of pixels"
            )
        if own.name in taken:
            raise BadInput(f"{path.name}: another set is called {own.name} too; rename one")
        taken.add(own.name)
        yield own, _judging(str(path), data_dir)


def _judging(name: str, data_dir: Path) -> list[Sample]:
    return [sample for sample in read_source(name, data_dir) if sample.split is Split.VAL]


def pieces(source: Source, sample: Sample) -> Iterator[Chip]:
    """Yield a labelled image at native resolution: uncut, or where it is large in pieces.

    Pieces may overlap; what lies in two is judged twice.
    """
    yield from cut_chips(source, sample, chip_px=PIECE_PX)


def labelled_outputs(source: Source, classes: Sequence[str]) -> dict[int, int]:
    """Return the outputs of a model whose class a source labels, by the index of the label.

    Args:
        source: Whose labels.
        classes: Names of the outputs in order, background first.
    """
    return {
        index: classes.index(LABEL_NAMES[index])
        for index in sorted(source.labelled_classes)
        if 0 < index < len(LABEL_NAMES) and LABEL_NAMES[index] in classes
    }


def as_labels(outputs: NDArray[np.uint8], classes: Sequence[str]) -> NDArray[np.uint8]:
    """Return the label index of each output number; ``UNLABELLED`` where no label has its class.

    Args:
        outputs: Numbers of outputs, of any shape.
        classes: Names of the outputs in order.

    Examples:
        >>> as_labels(np.array([0, 1, 2], np.uint8), ("background", "spall", "crack")).tolist()
        [0, 6, 1]
    """
    table = [LABEL_NAMES.index(name) if name in LABEL_NAMES else UNLABELLED for name in classes]
    return np.array(table, dtype=np.uint8)[outputs]

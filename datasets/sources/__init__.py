"""One small module a published set: licence, citation, class map and layout.

Each module has ``SOURCE`` and ``read(data_dir)``, which returns the samples in a fixed order.
"""

from collections.abc import Callable
from pathlib import Path

from datasets.manifest import Sample, Source
from datasets.sources import (
    brazil,
    codebrim,
    crack500,
    crackforest,
    cracksc,
    dacl10k,
    deepcrack,
    paveseg,
    quay_strip,
    quaywall,
    rdd2022,
    rdd_motorbike,
    s2ds,
    uav75,
    uav_concrete,
)
from datasets.sources.own import read_own_set, samples_of
from inspection.errors import BadInput, NotFound

Reader = Callable[[Path], tuple[Sample, ...]]

READERS: dict[str, tuple[Source, Reader]] = {
    module.SOURCE.name: (module.SOURCE, module.read)
    for module in (
        uav_concrete,
        uav75,
        cracksc,
        quaywall,
        paveseg,
        brazil,
        rdd_motorbike,
        quay_strip,
        rdd2022,
        dacl10k,
        codebrim,
        deepcrack,
        crackforest,
        crack500,
        s2ds,
    )
}


SET_FILE_SUFFIXES = (".yaml", ".yml")

PROCEDURAL = "procedural"
"""Name of the rendered chips, which are no set of files."""


def find_source(name: str) -> Source:
    """Return the description of a source: a name of ``READERS``, or the path of a set file.

    Raises:
        NotFound: No reader has that name.
        BadInput: The set file is unusable, or takes the name of another source.
    """
    if name.endswith(SET_FILE_SUFFIXES):
        own = read_own_set(Path(name)).source
        if own.name in READERS or own.name == PROCEDURAL:
            raise BadInput(f"{Path(name).name}: name {own.name!r} is taken; choose another")
        return own
    if name not in READERS:
        raise NotFound(f"no source {name!r}; known: {', '.join(READERS)}")
    return READERS[name][0]


def read_source(name: str, data_dir: Path) -> tuple[Sample, ...]:
    """Return the labelled images of a source below the data folder.

    Raises:
        NotFound: No reader has that name, or its folder is absent.
    """
    if name.endswith(SET_FILE_SUFFIXES):
        return samples_of(read_own_set(Path(name)))
    source = find_source(name)
    folder = data_dir / source.folder
    if not folder.is_dir():
        raise NotFound(f"source {name} needs the folder {folder}; set TENKEN_DATA_DIR")
    return READERS[name][1](data_dir)

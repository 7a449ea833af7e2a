"""One small module a published set: licence, citation, class map and layout.

Each module has ``SOURCE`` and ``read(data_dir)``, which returns the samples in a fixed order.
"""

from collections.abc import Callable
from pathlib import Path

from datasets.manifest import Sample, Source
from datasets.sources import (
    brazil,
    cracksc,
    paveseg,
    quay_strip,
    quaywall,
    rdd_motorbike,
    uav75,
    uav_concrete,
)
from inspection.errors import NotFound

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
    )
}


def find_source(name: str) -> Source:
    """Return the description of a source.

    Raises:
        NotFound: No reader has that name.
    """
    if name not in READERS:
        raise NotFound(f"no source {name!r}; known: {', '.join(READERS)}")
    return READERS[name][0]


def read_source(name: str, data_dir: Path) -> tuple[Sample, ...]:
    """Return the labelled images of a source below the data folder.

    Raises:
        NotFound: No reader has that name, or its folder is absent.
    """
    source = find_source(name)
    folder = data_dir / source.folder
    if not folder.is_dir():
        raise NotFound(f"source {name} needs the folder {folder}; set TENKEN_DATA_DIR")
    return READERS[name][1](data_dir)

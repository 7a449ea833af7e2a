"""Keep detections in one file: the same detections always give the same bytes."""

import os
from pathlib import Path

import numpy as np

from inspection.domain.detection import Detections
from inspection.domain.taxonomy import DamageClass
from inspection.errors import Broken, NotFound, TenkenError
from inspection.imaging.columnarchive import pack, unpack

COLUMNS = {
    "class_index": np.int32,
    "confidence": np.float32,
    "run_offsets": np.int64,
    "runs": np.int32,
}
"""The columns of the file and their types; ``classes`` are stored beside them as text."""


def save_detections(path: Path, detections: Detections) -> None:
    """Write detections to a compressed ``.npz``; the file is complete or absent."""
    columns = {name: getattr(detections, name) for name in COLUMNS}
    columns["classes"] = np.array([c.value for c in detections.classes], dtype="U64")
    draft = path.with_name(f"{path.name}.{os.getpid()}.part")
    with draft.open("wb") as file:
        pack(columns, file)
    draft.replace(path)


def load_detections(path: Path) -> Detections:
    """Read detections that ``save_detections`` wrote.

    Raises:
        NotFound: when the file does not exist.
        Broken: when it is damaged or holds something else.
    """
    try:
        with path.open("rb") as file:
            arrays = unpack(file, {**COLUMNS, "classes": None})
        classes = tuple(DamageClass(str(value)) for value in arrays.pop("classes"))
        return Detections(classes=classes, **arrays)
    except FileNotFoundError as error:
        raise NotFound(f"no detections at {path.name}; run the detection first") from error
    except (OSError, ValueError, TypeError, TenkenError) as error:
        raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception) -> Broken:
    """Say that a file of detections is unusable."""
    return Broken(f"{path.name} holds no usable detections ({error}); run the detection again")

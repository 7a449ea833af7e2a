"""Keep detections in one file: the same detections always give the same bytes."""

import io
import os
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inspection.domain.detection import Detections
from inspection.domain.taxonomy import DamageClass
from inspection.errors import Broken, NotFound, TenkenError

COLUMNS = {
    "class_index": np.int32,
    "confidence": np.float32,
    "run_offsets": np.int64,
    "runs": np.int32,
}
"""The columns of the file and their types; ``classes`` are stored beside them as text."""

_EPOCH = (1980, 1, 1, 0, 0, 0)


def save_detections(path: Path, detections: Detections) -> None:
    """Write detections to a compressed ``.npz``; the file is complete or absent.

    Source: numpy.lib.format (NPY 1.0) in a ZIP whose members carry a constant date.
    """
    columns = {name: getattr(detections, name) for name in COLUMNS}
    columns["classes"] = np.array([c.value for c in detections.classes], dtype="U64")
    draft = path.with_name(f"{path.name}.{os.getpid()}.part")
    with zipfile.ZipFile(draft, "w") as archive:
        for name, column in columns.items():
            member = zipfile.ZipInfo(f"{name}.npy", date_time=_EPOCH)
            member.compress_type = zipfile.ZIP_DEFLATED
            content = io.BytesIO()
            np.lib.format.write_array(content, column, allow_pickle=False)
            archive.writestr(member, content.getvalue())
    draft.replace(path)


def load_detections(path: Path) -> Detections:
    """Read detections that ``save_detections`` wrote.

    Raises:
        NotFound: when the file does not exist.
        Broken: when it is damaged or holds something else.
    """
    try:
        # numpy.load leaves the file open when it turns out to be damaged
        with path.open("rb") as file, zipfile.ZipFile(file) as archive:
            arrays = {name: _column(archive, name) for name in COLUMNS}
            classes = tuple(DamageClass(str(value)) for value in _column(archive, "classes"))
        wrong = [name for name, dtype in COLUMNS.items() if arrays[name].dtype != dtype]
        if wrong:
            raise Broken(f"{path.name}: columns {', '.join(wrong)} have another type")
        return Detections(classes=classes, **arrays)
    except FileNotFoundError as error:
        raise NotFound(f"no detections at {path.name}; run the detection first") from error
    except (OSError, ValueError, KeyError, TypeError, EOFError, TenkenError) as error:
        raise _damaged(path, error) from error
    except (zipfile.BadZipFile, zlib.error, NotImplementedError) as error:
        raise _damaged(path, error) from error


def _column(archive: zipfile.ZipFile, name: str) -> NDArray[Any]:
    """Read one column of the archive; its checksum is checked on the way."""
    content = io.BytesIO(archive.read(f"{name}.npy"))
    return np.asarray(np.lib.format.read_array(content, allow_pickle=False))


def _damaged(path: Path, error: Exception) -> Broken:
    """Say that a file of detections is unusable."""
    return Broken(f"{path.name} holds no usable detections ({error}); run the detection again")

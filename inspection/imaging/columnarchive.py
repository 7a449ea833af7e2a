"""Put columns of numbers into one archive: the same columns always give the same bytes."""

import io
import zipfile
import zlib
from collections.abc import Mapping
from typing import IO, Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from inspection.errors import Broken

_EPOCH = (1980, 1, 1, 0, 0, 0)


def pack(columns: Mapping[str, NDArray[Any]], target: IO[bytes]) -> None:
    """Write columns into a compressed ``.npz``.

    Source: numpy.lib.format (NPY 1.0) in a ZIP whose members carry a constant date.
    """
    with zipfile.ZipFile(target, "w") as archive:
        for name, column in columns.items():
            member = zipfile.ZipInfo(f"{name}.npy", date_time=_EPOCH)
            member.compress_type = zipfile.ZIP_DEFLATED
            content = io.BytesIO()
            np.lib.format.write_array(content, column, allow_pickle=False)
            archive.writestr(member, content.getvalue())


def unpack(source: IO[bytes], types: Mapping[str, DTypeLike | None]) -> dict[str, NDArray[Any]]:
    """Read the named columns of an archive; checksums are checked on the way.

    Args:
        source: the archive.
        types: wanted type of each column; None takes any.

    Raises:
        Broken: when the archive is damaged, or a column is missing or has another type.
    """
    try:
        with zipfile.ZipFile(source) as archive:
            columns = {name: _column(archive, name) for name in types}
    except (OSError, ValueError, KeyError, TypeError, EOFError, NotImplementedError) as error:
        raise Broken(f"the archive is damaged: {error}") from error
    except (zipfile.BadZipFile, zlib.error) as error:
        raise Broken(f"the archive is damaged: {error}") from error
    wrong = [
        name
        for name, dtype in types.items()
        if dtype is not None and columns[name].dtype != np.dtype(dtype)
    ]
    if wrong:
        raise Broken(f"columns {', '.join(wrong)} have another type")
    return columns


def _column(archive: zipfile.ZipFile, name: str) -> NDArray[Any]:
    content = io.BytesIO(archive.read(f"{name}.npy"))
    return np.asarray(np.lib.format.read_array(content, allow_pickle=False))

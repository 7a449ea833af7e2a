"""Keep the fragments of a band of a mosaic as bytes: the same fragments, the same bytes."""

import io
from collections.abc import Sequence

import numpy as np

from inspection.domain.fragment import NOTHING, Fragments
from inspection.errors import BadInput, Broken
from inspection.imaging.columnarchive import pack, unpack

COLUMNS = {
    "runs": np.int32,
    "class_index": np.int32,
    "score_sum": np.int64,
    "seeds": np.int64,
    "beside": np.int64,
}
"""The columns and their types."""


def pack_fragments(parts: Sequence[Fragments]) -> bytes:
    """Give fragments as one archive, sorted by row, then by column.

    The order of the chips that they came from leaves no trace.
    """
    parts = parts or [NOTHING]
    columns = {name: np.concatenate([getattr(part, name) for part in parts]) for name in COLUMNS}
    order = np.lexsort((columns["runs"][:, 1], columns["runs"][:, 0]))
    content = io.BytesIO()
    pack({name: column[order] for name, column in columns.items()}, content)
    return content.getvalue()


def unpack_fragments(content: bytes) -> Fragments:
    """Read fragments that ``pack_fragments`` gave.

    Raises:
        Broken: when they are damaged or something else.
    """
    try:
        return Fragments(**unpack(io.BytesIO(content), COLUMNS))
    except BadInput as error:
        raise Broken(f"the columns do not belong together: {error}") from error

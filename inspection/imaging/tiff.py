"""Read where a TIFF keeps its directories and pixels, which GDAL does not tell.

Source: TIFF 6.0 (Adobe, 1992), section 2; BigTIFF as in libtiff 4.
"""

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

_BYTES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
_BYTES |= {16: 8, 17: 8, 18: 8}
"""Bytes of one value of each field type."""

_WHOLE = {3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}
"""Field types of unsigned whole numbers, as ``struct`` writes them."""

_STRIP_OFFSETS, _TILE_OFFSETS = 273, 324


@dataclass(frozen=True, slots=True, kw_only=True)
class Directory:
    """Say where one image of a TIFF lies, in bytes from the beginning of the file.

    Attributes:
        at: its directory.
        first_pixels: its first stored tile or strip; 0 when it stores none.
    """

    at: int
    first_pixels: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Layout:
    """Say how numbers are written: byte order, and the widths that BigTIFF doubles."""

    order: str
    offset: str
    count: str
    entry_bytes: int


def directories(path: Path) -> tuple[Directory, ...]:
    """List the images of a TIFF in the order in which they are linked; none for another file."""
    with path.open("rb") as file:
        head = file.read(16)
        order = {b"II": "<", b"MM": ">"}.get(head[:2])
        magic = struct.unpack(order + "H", head[2:4])[0] if order and len(head) == 16 else 0
        if order is None or magic not in {42, 43}:
            return ()
        if magic == 43:
            layout = _Layout(order=order, offset="Q", count="Q", entry_bytes=20)
            at = struct.unpack(order + "Q", head[8:16])[0]
        else:
            layout = _Layout(order=order, offset="I", count="H", entry_bytes=12)
            at = struct.unpack(order + "I", head[4:8])[0]
        found: list[Directory] = []
        while at and at not in {directory.at for directory in found}:
            first, after = _directory(file, at, layout)
            found.append(Directory(at=at, first_pixels=first))
            at = after
        return tuple(found)


def _directory(file: BinaryIO, at: int, layout: _Layout) -> tuple[int, int]:
    """Read one directory: where its pixels begin, and where the next directory lies."""
    file.seek(at)
    count = _number(file, layout.order + layout.count)
    entries = file.read(count * layout.entry_bytes)
    after = _number(file, layout.order + layout.offset)
    stored: list[int] = []
    for start in range(0, len(entries), layout.entry_bytes):
        entry = entries[start : start + layout.entry_bytes]
        tag, kind = struct.unpack(layout.order + "HH", entry[:4])
        if tag in {_STRIP_OFFSETS, _TILE_OFFSETS}:
            stored += [offset for offset in _values(file, entry, kind, layout) if offset]
    return min(stored, default=0), after


def _values(file: BinaryIO, entry: bytes, kind: int, layout: _Layout) -> tuple[int, ...]:
    """Read the whole numbers of one field, which stand in the entry or where it points."""
    width = struct.calcsize(layout.order + layout.offset)
    many = struct.unpack(layout.order + layout.offset, entry[4 : 4 + width])[0]
    content = entry[4 + width :]
    size = _BYTES[kind] * many
    if size > len(content):
        file.seek(struct.unpack(layout.order + layout.offset, content)[0])
        content = file.read(size)
    return struct.unpack(f"{layout.order}{many}{_WHOLE[kind]}", content[:size])


def _number(file: BinaryIO, form: str) -> int:
    """Read one number."""
    value: int = struct.unpack(form, file.read(struct.calcsize(form)))[0]
    return value

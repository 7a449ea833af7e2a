"""Put a GPS directory into an EXIF block without moving a byte of what is there.

Makers' notes hold offsets from the start of the block, so a rewritten block breaks them. The new
directory is appended; only the pointer to it changes. A main directory without that pointer is
appended as well, one entry longer, and the header points to it.

Source: EXIF 2.32 (CIPA DC-008-2019) §4.6 (IFD structure, tags), §4.6.6 (GPS attributes).
"""

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from inspection.errors import BadPhoto

GPS_POINTER: Final = 0x8825
BYTE, ASCII, LONG, RATIONAL = 1, 2, 4, 5
ARC_SECOND_PARTS: Final = 1_000_000
"""Denominator of the seconds of arc: one step is 0.03 mm on the ground."""
HEIGHT_PARTS: Final = 10_000
"""Denominator of metres: one step is 0.1 mm."""
EMPTY_BLOCK: Final = b"II*\x00\x08\x00\x00\x00" + b"\x00\x00" + b"\x00\x00\x00\x00"
"""A block with an empty main directory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GpsTag:
    """Carry what the GPS directory shall say.

    Attributes:
        lat_deg: WGS 84 latitude.
        lon_deg: WGS 84 longitude.
        height_m: negative below its zero, None to say nothing.
        at: aware UTC, None to say nothing.
        horizontal_std_m: None to say nothing.
    """

    lat_deg: float
    lon_deg: float
    height_m: float | None = None
    at: datetime | None = None
    horizontal_std_m: float | None = None


@dataclass(frozen=True, slots=True)
class _Entry:
    """Hold one entry of a directory: tag, type, count and its value as bytes."""

    tag: int
    kind: int
    count: int
    value: bytes


def with_gps(block: bytes | None, tag: GpsTag) -> bytes:
    """Give an EXIF block (without its ``Exif`` head) with a new GPS directory.

    Raises:
        BadPhoto: when the block is damaged.
    """
    block = block or EMPTY_BLOCK
    order = {b"II": "<", b"MM": ">"}.get(block[:2], "")
    if not order or len(block) < 14:
        raise BadPhoto(f"EXIF begins with {block[:4]!r}, not with a byte order; it is damaged")
    magic, main = struct.unpack_from(f"{order}HI", block, 2)
    entries, following = _directory(block, order, main)
    if magic != 42:
        raise BadPhoto(f"EXIF has the mark {magic} where 42 must be; it is damaged")
    grown = bytearray(block + b"\x00" * (len(block) % 2))
    gps_at = len(grown)
    grown += _directory_bytes(_gps_entries(tag, order), order, gps_at, 0)
    pointer = struct.pack(f"{order}I", gps_at)
    for index, entry in enumerate(entries):
        if entry.tag == GPS_POINTER:
            where = main + 2 + 12 * index
            struct.pack_into(f"{order}HHI", grown, where, GPS_POINTER, LONG, 1)
            grown[where + 8 : where + 12] = pointer
            return bytes(grown)
    main_at = len(grown)
    entries = sorted([*entries, _Entry(GPS_POINTER, LONG, 1, pointer)], key=lambda e: e.tag)
    grown += _plain_directory(entries, order, following)
    struct.pack_into(f"{order}I", grown, 4, main_at)
    return bytes(grown)


def _directory(block: bytes, order: str, at: int) -> tuple[list[_Entry], int]:
    """Read the entries of a directory as they stand (values or offsets) and the next offset."""
    if at < 8 or at + 2 > len(block):
        raise BadPhoto(f"EXIF points to byte {at} of {len(block)}; it is damaged")
    (count,) = struct.unpack_from(f"{order}H", block, at)
    end = at + 2 + 12 * count
    if end + 4 > len(block):
        raise BadPhoto(f"EXIF has a directory of {count} entries beyond its end; it is damaged")
    entries = []
    for where in range(at + 2, end, 12):
        tag, kind, values = struct.unpack_from(f"{order}HHI", block, where)
        entries.append(_Entry(tag, kind, values, block[where + 8 : where + 12]))
    return entries, struct.unpack_from(f"{order}I", block, end)[0]


def _plain_directory(entries: Iterable[_Entry], order: str, following: int) -> bytes:
    """Write entries whose four bytes already are value or offset."""
    body = b"".join(struct.pack(f"{order}HHI", e.tag, e.kind, e.count) + e.value for e in entries)
    return struct.pack(f"{order}H", len(body) // 12) + body + struct.pack(f"{order}I", following)


def _directory_bytes(entries: list[_Entry], order: str, at: int, following: int) -> bytes:
    """Write entries with their values; those over four bytes follow the directory."""
    beyond = at + 2 + 12 * len(entries) + 4
    plain, values = [], bytearray()
    for entry in entries:
        if len(entry.value) <= 4:
            plain.append(_Entry(entry.tag, entry.kind, entry.count, entry.value.ljust(4, b"\x00")))
            continue
        offset = struct.pack(f"{order}I", beyond + len(values))
        plain.append(_Entry(entry.tag, entry.kind, entry.count, offset))
        values += entry.value + b"\x00" * (len(entry.value) % 2)
    return _plain_directory(plain, order, following) + bytes(values)


def _gps_entries(tag: GpsTag, order: str) -> list[_Entry]:
    """Give the entries of the GPS directory in the order of their tags."""

    def text(number: int, value: str) -> _Entry:
        raw = value.encode("ascii") + b"\x00"
        return _Entry(number, ASCII, len(raw), raw)

    def rational(number: int, *parts: tuple[int, int]) -> _Entry:
        raw = b"".join(struct.pack(f"{order}II", *part) for part in parts)
        return _Entry(number, RATIONAL, len(parts), raw)

    entries = [
        _Entry(0, BYTE, 4, b"\x02\x03\x00\x00"),
        text(1, "N" if tag.lat_deg >= 0 else "S"),
        rational(2, *dms(abs(tag.lat_deg))),
        text(3, "E" if tag.lon_deg >= 0 else "W"),
        rational(4, *dms(abs(tag.lon_deg))),
    ]
    if tag.height_m is not None:
        parts = round(abs(tag.height_m) * HEIGHT_PARTS)
        entries.append(_Entry(5, BYTE, 1, b"\x01" if tag.height_m < 0 else b"\x00"))
        entries.append(rational(6, (parts, HEIGHT_PARTS)))
    if tag.at is not None:
        second = tag.at.second * 1_000_000 + tag.at.microsecond
        moment = ((tag.at.hour, 1), (tag.at.minute, 1), (second, 1_000_000))
        entries.append(rational(7, *moment))
    entries.append(text(9, "A"))
    entries.append(text(18, "WGS-84"))
    if tag.at is not None:
        entries.append(text(29, tag.at.strftime("%Y:%m:%d")))
    if tag.horizontal_std_m is not None:
        entries.append(rational(31, (max(1, round(tag.horizontal_std_m * 10_000)), 10_000)))
    return entries


def dms(degrees: float) -> tuple[tuple[int, int], tuple[int, int], tuple[int, int]]:
    """Give degrees, minutes and seconds of arc as rationals; no part is rounded up to 60.

    >>> dms(36.5946)
    ((36, 1), (35, 1), (40560000, 1000000))
    >>> dms(9.99999999999)
    ((10, 1), (0, 1), (0, 1000000))
    """
    parts = round(degrees * 3600 * ARC_SECOND_PARTS)
    minutes, seconds = divmod(parts, 60 * ARC_SECOND_PARTS)
    whole, minutes = divmod(minutes, 60)
    return (whole, 1), (minutes, 1), (seconds, ARC_SECOND_PARTS)

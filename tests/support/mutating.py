"""Spoil files as bad lines, bad disks and bad people do; equal seeds spoil equally."""

import io
import random
import re
import zipfile
import zlib
from collections.abc import Callable, Sequence

NUMBERS = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF,
           0x7FFFFFFFFFFFFFFF, 0xFFFFFFFFFFFFFFFF)  # fmt: skip
"""Lengths, counts and offsets that readers stumble over."""

WORDS = (b"nan", b"-inf", b"1e999", b"-0", b"9" * 400, b"", b"\0", b"null", b"true", b'"', b"{",
         b"]",
         b"<", b"&x;", b"\xff\xfe", b"\xed\xa0\x80", b"=1+1", b"../../", b"%00", b"\r", b"0x1F",
         "１".encode(), b"-9223372036854775809", b"1_0")  # fmt: skip
"""What stands in place of a number or a word of a text."""

TOKEN = re.compile(rb"[-+0-9.eE]+|[A-Za-z_]+")
LARGEST_BYTES = 300_000
PIECE_MAX = 64

Draw = random.Random
Mutator = Callable[[bytearray, Draw], bytearray]


def mutant(seeds: Sequence[bytes], number: int, salt: str) -> bytes:
    """Give one spoilt file.

    Args:
        seeds: good files.
        number: of the mutant.
        salt: keeps the mutants of one kind of file apart from those of another.
    """
    draw = random.Random(f"{salt}:{number}")  # no secret
    seed = draw.choice(seeds)
    if seed[:2] == b"PK" and draw.random() < 0.6:
        return _inside(seed, draw)
    if seed[:4] == b"\x89PNG" and draw.random() < 0.3:
        return _with_sums(_several(seed, seeds, draw))
    return _several(seed, seeds, draw)


def _several(seed: bytes, seeds: Sequence[bytes], draw: Draw) -> bytes:
    content = bytearray(seed)
    for _ in range(draw.choice((1, 1, 1, 2, 3, 8))):
        if draw.random() < 0.08:
            content = _splice(content, draw.choice(seeds), draw)
        else:
            content = draw.choice(MUTATORS)(content or bytearray(b"\0"), draw)
    return bytes(content[:LARGEST_BYTES])


def _place(content: bytearray, draw: Draw) -> int:
    """Choose a place, more often near the beginning, where headers are, and not in emptiness."""
    for _ in range(8):
        reach = draw.choice((64, 512, 4096, len(content)))
        at = draw.randrange(min(reach, len(content)) or 1)
        if content[at : at + 8].strip(b"\0"):
            break
    return at


def flip(content: bytearray, draw: Draw) -> bytearray:
    """Turn one bit."""
    at = _place(content, draw)
    content[at] ^= 1 << draw.randrange(8)
    return content


def overwrite(content: bytearray, draw: Draw) -> bytearray:
    """Write other bytes over some."""
    at, count = _place(content, draw), draw.randrange(1, 9)
    content[at : at + count] = draw.randbytes(count)
    return content


def truncate(content: bytearray, draw: Draw) -> bytearray:
    """Lose the end."""
    return content[: draw.randrange(len(content) + 1)]


def drop(content: bytearray, draw: Draw) -> bytearray:
    """Lose a piece."""
    at = _place(content, draw)
    del content[at : at + draw.randrange(1, PIECE_MAX)]
    return content


def repeat(content: bytearray, draw: Draw) -> bytearray:
    """Have a piece twice, or hundreds of times."""
    at = _place(content, draw)
    piece = content[at : at + draw.randrange(1, PIECE_MAX)]
    content[at:at] = piece * draw.choice((1, 1, 2, 16, 400))
    return content


def move(content: bytearray, draw: Draw) -> bytearray:
    """Have two pieces in each other's place."""
    count = draw.randrange(1, PIECE_MAX)
    a, b = sorted((_place(content, draw), _place(content, draw)))
    first, second = content[a : a + count], content[b : b + count]
    if b - a >= count:
        content[b : b + count], content[a : a + count] = first, second
    return content


def length(content: bytearray, draw: Draw) -> bytearray:
    """Write a number of the ends of its range where a length or an offset may stand."""
    at, width = _place(content, draw), draw.choice((1, 2, 4, 8))
    number = draw.choice(NUMBERS) & ((1 << 8 * width) - 1)
    content[at : at + width] = number.to_bytes(width, draw.choice(("little", "big")))
    return content


def word(content: bytearray, draw: Draw) -> bytearray:
    """Put something else in the place of a number or a word of a text."""
    start = _place(content, draw)
    found = TOKEN.search(content, start)
    if found is None:
        return overwrite(content, draw)
    content[found.start() : found.end()] = draw.choice(WORDS)
    return content


def nest(content: bytearray, draw: Draw) -> bytearray:
    """Open many brackets."""
    at = _place(content, draw)
    content[at:at] = draw.choice((b"[", b"{", b"(", b"<a>", b'{"a":', b"[[")) * draw.choice(
        (3, 2000)
    )
    return content


MUTATORS: tuple[Mutator, ...] = (flip, overwrite, truncate, drop, repeat, move, length, word, nest)


def _splice(content: bytearray, other: bytes, draw: Draw) -> bytearray:
    """Go on as another file does."""
    return content[: draw.randrange(len(content) + 1)] + other[draw.randrange(len(other) + 1) :]


def _inside(seed: bytes, draw: Draw) -> bytes:
    """Spoil one member of an archive and pack it again, so that what reads it gets that far."""
    with zipfile.ZipFile(io.BytesIO(seed)) as archive:
        members = [(info, archive.read(info)) for info in archive.infolist()]
    spoilt = draw.randrange(len(members))
    packed = io.BytesIO()
    with zipfile.ZipFile(
        packed, "w", draw.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))
    ) as new:
        for index, (info, content) in enumerate(members):
            inner = (
                _several(content or b"x", [content or b"x"], draw) if index == spoilt else content
            )
            new.writestr(info.filename, inner)
    return packed.getvalue()


def _with_sums(content: bytes) -> bytes:
    """Mend the checksums of a PNG, so that what is wrong in its chunks gets past them."""
    mended, at = bytearray(content[:8]), 8
    while at + 12 <= len(content):
        size = int.from_bytes(content[at : at + 4], "big")
        body = content[at + 4 : at + 8 + size]
        if at + 12 + size > len(content):
            break
        mended += content[at : at + 4] + body + zlib.crc32(body).to_bytes(4, "big")
        at += 12 + size
    return bytes(mended + content[at:])

"""Read messages of ArduPilot dataflash logs, binary and text, as far as they are whole.

A damaged stretch is stepped over to the next message that fits, and counted.

Source: ArduPilot ``libraries/AP_Logger/README.md`` and ``LogStructure.h``: every message begins
with 0xA3 0x95 and its type; FMT messages (type 128) tell length, name, format letters and columns.
"""

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

Value = float | int | str
Record = Mapping[str, Value]

HEAD: Final = b"\xa3\x95"
MOST: Final = 2.0**64
"""No number of a log has more than 64 bits."""

FMT_TYPE: Final = 128
FMT_LENGTH: Final = 89
_FMT: Final = struct.Struct("<BB4s16s64s")

_LETTERS: Final = {
    "a": ("64s", None),
    "b": ("b", None),
    "B": ("B", None),
    "h": ("h", None),
    "H": ("H", None),
    "i": ("i", None),
    "I": ("I", None),
    "f": ("f", None),
    "d": ("d", None),
    "g": ("e", None),
    "n": ("4s", None),
    "N": ("16s", None),
    "Z": ("64s", None),
    "c": ("h", 0.01),
    "C": ("H", 0.01),
    "e": ("i", 0.01),
    "E": ("I", 0.01),
    "L": ("i", 1e-7),
    "M": ("B", None),
    "q": ("q", None),
    "Q": ("Q", None),
}
"""Format letter → struct code and the factor to the unit of the column."""


@dataclass(slots=True, kw_only=True)
class Damage:
    """Count what a reader had to leave out.

    Attributes:
        skipped_bytes: bytes (or lines of a text log) that fit no message.
        stretches: how many separate places they were in.
        unfinished: True when the last message is cut off.
    """

    skipped_bytes: int = 0
    stretches: int = 0
    unfinished: bool = False

    def sentences(self, unit: str) -> tuple[str, ...]:
        """Say what was lost, in words; ``unit`` is what was counted.

        >>> Damage(skipped_bytes=12, stretches=1).sentences("bytes")
        ('12 bytes in 1 place fit no message and were skipped; triggers may be missing there',)
        """
        said = []
        if self.skipped_bytes:
            places = "1 place" if self.stretches == 1 else f"{self.stretches} places"
            said.append(
                f"{self.skipped_bytes} {unit} in {places} fit no message and were skipped; "
                "triggers may be missing there"
            )
        if self.unfinished:
            said.append("the log ends in the middle of a message; what came after it is missing")
        return tuple(said)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shape:
    """Describe one kind of message."""

    name: str
    length: int
    columns: tuple[str, ...]
    layout: struct.Struct
    factors: tuple[float | None, ...]


@dataclass(slots=True)
class BinaryLog:
    """Iterate over the wanted messages of a binary log; ``damage`` is complete at the end."""

    content: bytes
    wanted: frozenset[str]
    damage: Damage = field(default_factory=Damage)

    def __iter__(self) -> Iterator[tuple[str, Record]]:
        """Give (name, record) of every wanted message that is whole."""
        shapes: dict[int, _Shape] = {}
        at, end = 0, len(self.content)
        while at < end:
            length = self._length_at(at, shapes)
            if length == 0:
                at = self._step_over(at, shapes)
                continue
            if at + length > end:
                self.damage.unfinished = True
                return
            kind = self.content[at + 2]
            if kind == FMT_TYPE:
                _learn(self.content[at + 3 : at + FMT_LENGTH], shapes)
            elif shapes[kind].name in self.wanted:
                yield shapes[kind].name, _record(shapes[kind], self.content, at + 3)
            at += length

    def _length_at(self, at: int, shapes: Mapping[int, _Shape]) -> int:
        """Give the length of the message that begins here, 0 when none does."""
        if self.content[at : at + 2] != HEAD or at + 2 >= len(self.content):
            return 0
        kind = self.content[at + 2]
        if kind == FMT_TYPE:
            return FMT_LENGTH
        return shapes[kind].length if kind in shapes else 0

    def _step_over(self, start: int, shapes: Mapping[int, _Shape]) -> int:
        """Count the bytes up to the next message that is followed by another one, or the end."""
        at = self.content.find(HEAD, start + 1)
        while at >= 0:
            length = self._length_at(at, shapes)
            after = at + length
            if length and (after == len(self.content) or self._length_at(after, shapes)):
                break
            at = self.content.find(HEAD, at + 1)
        at = len(self.content) if at < 0 else at
        self.damage.skipped_bytes += at - start
        self.damage.stretches += 1
        return at


@dataclass(slots=True)
class TextLog:
    """Iterate over the wanted messages of a text log (as Mission Planner writes it)."""

    content: str
    wanted: frozenset[str]
    damage: Damage = field(default_factory=Damage)

    def __iter__(self) -> Iterator[tuple[str, Record]]:
        """Give (name, record) of every wanted line that is whole."""
        columns: dict[str, list[str]] = {}
        lines = self.content.splitlines()
        if lines and not self.content.endswith(("\n", "\r")):
            lines.pop()  # its last number may have lost digits
            self.damage.unfinished = True
        for line in lines:
            name, *cells = (cell.strip() for cell in line.split(","))
            if name == "FMT" and len(cells) >= 5:
                columns[cells[2]] = cells[4:]
                columns.setdefault("FMT", cells)
            elif name in self.wanted and name in columns:
                record = _text_record(columns[name], cells)
                if record is None:
                    self._lose()
                    continue
                yield name, record
            elif line.strip() and name not in columns:
                self._lose()

    def _lose(self) -> None:
        self.damage.skipped_bytes += 1
        self.damage.stretches += 1


def is_binary(content: bytes) -> bool:
    """Tell whether a file begins as a binary dataflash log, even a little damaged.

    >>> is_binary(bytes.fromhex("a39580") + bytes(86)), is_binary(b"FMT, 128, 89, FMT")
    (True, False)
    """
    return content[:4096].find(HEAD + bytes([FMT_TYPE])) >= 0


def is_text(content: bytes) -> bool:
    """Tell whether a file begins as a text dataflash log."""
    return content[:4096].lstrip(b"\xef\xbb\xbf\r\n ").startswith((b"FMT,", b"FMT ,"))


def _learn(body: bytes, shapes: dict[int, _Shape]) -> None:
    """Keep the shape that an FMT message tells; one that contradicts itself is not kept."""
    kind, length, name, letters, columns = _FMT.unpack(body)
    names = tuple(_string(columns).split(",")) if _string(columns) else ()
    codes = [_LETTERS.get(letter) for letter in _string(letters)]
    known = [code for code in codes if code is not None]
    layout = struct.Struct("<" + "".join(code for code, _ in known))
    if len(known) == len(codes) == len(names) and layout.size == length - 3:
        shapes[kind] = _Shape(
            name=_string(name),
            length=length,
            columns=names,
            layout=layout,
            factors=tuple(factor for _, factor in known),
        )


def _record(shape: _Shape, content: bytes, at: int) -> Record:
    """Decode the body of one message to the units of its columns."""
    values = shape.layout.unpack_from(content, at)
    return {
        name: _string(value)
        if isinstance(value, bytes)
        else (value if factor is None else value * factor)
        for name, value, factor in zip(shape.columns, values, shape.factors, strict=True)
    }


def _text_record(columns: list[str], cells: list[str]) -> Record | None:
    """Decode the cells of one line, None when some are missing."""
    if len(cells) < len(columns):
        return None
    merged = [*cells[: len(columns) - 1], ",".join(cells[len(columns) - 1 :])]
    return {name: _number_or_text(cell) for name, cell in zip(columns, merged, strict=True)}


def _number_or_text(cell: str) -> Value:
    for kind in (int, float):
        try:
            number = kind(cell)
        except ValueError:
            continue
        return number if abs(number) < MOST else cell
    return cell


def _string(raw: bytes) -> str:
    return raw.split(b"\x00", 1)[0].decode("ascii", errors="replace")

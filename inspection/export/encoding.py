"""Encode rows for programs that know one character set: UTF-8 with a mark, or Shift_JIS (CP932).

Some characters have a twin in CP932 that looks the same and only stands at another code point; such
a twin is written and counted. What has no twin becomes 〓, the printers' mark for a missing type,
and is counted too: nothing is replaced in silence.

Source: domain specification §7.2; Microsoft's table of code page 932.
"""

import csv
import io
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from inspection.export.cells import Cell, inert

Encoding = Literal["utf-8-sig", "utf-8", "cp932"]

MISSING_TYPE = "〓"

TWINS = {
    "\u301c": "\uff5e",  # wave dash → full-width tilde
    "\u2212": "\uff0d",  # minus sign → full-width hyphen-minus
    "\u2016": "\u2225",  # double vertical line → parallel to
    "\u2014": "\u2015",  # em dash → horizontal bar
    "\u2013": "-",
    "\u00a2": "\uffe0",
    "\u00a3": "\uffe1",
    "\u00ac": "\uffe2",
    "\u00a5": "\uffe5",
    "\u00a0": " ",
    "\u00b2": "2",
    "\u00b3": "3",
    "\u00b5": "\u03bc",  # micro sign → Greek mu
}
"""Characters that CP932 lacks, and the ones in it that people read as the same."""

_TO_TWINS = str.maketrans(TWINS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoded:
    """Carry encoded text and say what was changed for it.

    Attributes:
        content: the bytes.
        substituted: characters written as their twins, with their counts.
        replaced: characters that became 〓, with their counts.
    """

    content: bytes
    substituted: dict[str, int] = field(default_factory=dict)
    replaced: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class CsvReport:
    """Say what was written.

    Attributes:
        rows: lines without the heading.
        replaced: characters that the encoding lacks and that became 〓, with their counts.
        made_inert: texts that began like a formula and got an apostrophe.
        substituted: characters written as their twins in the encoding, with their counts.
    """

    rows: int
    replaced: dict[str, int]
    made_inert: int
    substituted: dict[str, int] = field(default_factory=dict)

    def sentences(self) -> list[str]:
        """Say in words what a reader of the file should know; empty when nothing was changed.

        >>> CsvReport(rows=1, replaced={"𠮷": 2}, made_inert=0).sentences()
        ["became 〓, which the encoding lacks: '𠮷' U+20BB7 ×2"]
        """
        said = []
        if self.replaced:
            said.append(f"became 〓, which the encoding lacks: {_counted(self.replaced)}")
        if self.substituted:
            said.append(f"written as their twins in CP932: {_counted(self.substituted)}")
        if self.made_inert:
            said.append(f"{self.made_inert} texts began like a formula and got an apostrophe")
        return said


def _counted(counts: dict[str, int]) -> str:
    return ", ".join(f"{char!r} U+{ord(char):04X} ×{count}" for char, count in counts.items())


def encode(text: str, encoding: Encoding) -> Encoded:
    """Encode a text; characters that the encoding lacks are replaced and counted.

    >>> encode("1〜2", "cp932").substituted, encode("𠮷", "cp932").replaced
    ({'〜': 1}, {'𠮷': 1})
    """
    if _has(encoding, text):
        return Encoded(content=text.encode(encoding))
    substituted: Counter[str] = Counter()
    replaced: Counter[str] = Counter()
    kept = []
    for character in text:
        if _has(encoding, character):
            kept.append(character)
        elif character in TWINS and _has(encoding, TWINS[character]):
            substituted[character] += 1
            kept.append(TWINS[character])
        else:
            replaced[character] += 1
            kept.append(MISSING_TYPE if encoding == "cp932" else "\N{REPLACEMENT CHARACTER}")
    return Encoded(
        content="".join(kept).encode(encoding),
        substituted=dict(sorted(substituted.items())),
        replaced=dict(sorted(replaced.items())),
    )


def _has(encoding: Encoding, text: str) -> bool:
    """Tell whether a text comes back as it was; Python writes some twins without a word."""
    try:
        return text.encode(encoding).decode(encoding) == text
    except UnicodeEncodeError:
        return False


def encode_rows(
    heading: Sequence[str], rows: Iterable[Sequence[Cell]], *, encoding: Encoding = "utf-8-sig"
) -> tuple[bytes, CsvReport]:
    """Encode a table as CSV (RFC 4180): CRLF, one heading, no formulas, empty where unknown."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([inert(title) for title in heading])
    count = changed = 0
    for row in rows:
        safe = [_safe(cell, encoding) for cell in row]
        changed += sum(a != b for a, b in zip(row, safe, strict=True))
        count += 1
        writer.writerow([_text(cell) for cell in safe])
    encoded = encode(text.getvalue(), encoding)
    report = CsvReport(
        rows=count,
        replaced=encoded.replaced,
        made_inert=changed,
        substituted=encoded.substituted,
    )
    return encoded.content, report


def _safe(cell: Cell, encoding: Encoding) -> Cell:
    """Make a cell inert as it will be written: a twin can be the sign that begins a formula."""
    if encoding == "cp932" and isinstance(cell, str):
        written = cell.translate(_TO_TWINS)
        return cell if inert(written) == written else f"'{cell}"
    return inert(cell)


def _text(cell: Cell) -> str:
    """Write a cell; an unknown value is empty, and floats have no exponent and no minus zero."""
    if cell is None or (isinstance(cell, float) and not math.isfinite(cell)):
        return ""
    if isinstance(cell, float):
        shown = f"{cell:.8f}".rstrip("0").rstrip(".")
        return "0" if shown == "-0" else shown
    return str(cell)

"""Read the characters of Japanese ledgers as the plain ones they stand for.

Ledgers mix full-width and half-width digits, two wave dashes, several minus signs, circled numbers
and Roman numerals of one character. What is compared or computed is folded first; what people
typed is kept beside it.

Source: domain specification §1.2, §1.6, §7.2 (CP932 maps one wave dash to two code points).
"""

import re
import unicodedata

from inspection.errors import BadInput

WAVE_DASHES = "\u301c\uff5e\u223c\u223e"
"""Characters that people type for "from … to"; NFKC turns only one of them into ``~``."""

MINUS_SIGNS = "\u2212\u2010\u2011\u2012\u2013\u2014\u2015\uff0d"
"""Characters that people type for a minus or a hyphen."""

_LONG_VOWEL = re.compile("(?<![ぁ-ゖァ-ヺー])ー+")
"""The long vowel of katakana, where no kana stands before it: a hyphen from the same key."""

_FOLDED = {ord(dash): "~" for dash in WAVE_DASHES} | {ord(sign): "-" for sign in MINUS_SIGNS}

UNKNOWN_WORDS = frozenset({"", "-", "--", "不明", "未詳", "なし(不明)", "unknown", "n/a", "?"})
"""What a ledger writes where nobody knows; all of it means null, never zero."""

_BETWEEN = re.compile(r"[\s+,、・/]+")
"""What people write between several codes of one cell."""

_CIRCLED_RANGES = ((0x2460, 1, 20), (0x3251, 21, 35), (0x32B1, 36, 50))
"""First code point, first number and last number of the blocks of circled numbers."""


def fold(text: str) -> str:
    """Give a text in plain characters: half-width, one wave dash ``~``, one minus, no border.

    >>> fold("　Ｍｇ０１０１〜０２０４ ")
    'Mg0101~0204'
    >>> fold("健全性Ⅲ"), fold("①"), fold("−１２．５")
    ('健全性III', '1', '-12.5')
    >>> fold("ｻｰﾊﾞｰ"), fold("ｰ４.５"), fold("076ー225")
    ('サーバー', '-4.5', '076-225')
    """
    plain = unicodedata.normalize("NFKC", text.translate(_FOLDED)).translate(_FOLDED).strip()
    return _LONG_VOWEL.sub(lambda found: "-" * len(found[0]), plain)


def is_unknown(text: str) -> bool:
    """Tell whether a cell says that nobody knows.

    >>> is_unknown("不明"), is_unknown("－"), is_unknown("0")
    (True, True, False)
    """
    return fold(text).lower() in UNKNOWN_WORDS


def read_codes(text: str) -> tuple[str, ...]:
    """Read the codes of one cell, each once, in capitals.

    >>> read_codes("c2+S1"), read_codes("Ｃ１、Ｍ"), read_codes(" ")
    (('C2', 'S1'), ('C1', 'M'), ())
    """
    return tuple(dict.fromkeys(code for code in _BETWEEN.split(fold(text).upper()) if code))


def circled(number: int) -> str:
    """Write a number from 1 to 50 in its circle.

    Raises:
        BadInput: when there is no such character.

    >>> circled(6), circled(20), circled(21), circled(26)
    ('⑥', '⑳', '㉑', '㉖')
    """
    for first, low, high in _CIRCLED_RANGES:
        if low <= number <= high:
            return chr(first + number - low)
    raise BadInput(f"there is no circled number {number}; 1 to 50 can be written")


def read_circled(character: str) -> int | None:
    """Read a circled number; None for any other character.

    >>> read_circled("㉖"), read_circled("6")
    (26, None)
    """
    if len(character) != 1:
        return None
    for first, low, high in _CIRCLED_RANGES:
        if 0 <= ord(character) - first <= high - low:
            return ord(character) - first + low
    return None


_ROMAN = {
    "I": "I",
    "II": "II",
    "III": "III",
    "IV": "IV",
    "1": "I",
    "2": "II",
    "3": "III",
    "4": "IV",
}
_SOUNDNESS = re.compile(
    r"(?:健全性|健全度|判定区分|判定|区分|soundness)*[:\s]*(IV|I{1,3}|[1-4])(?:判定)?"
)


def read_soundness(text: str) -> str:
    """Read a soundness I–IV in any of its spellings: Ⅲ, III, 3, ３, 判定区分Ⅲ.

    Raises:
        BadInput: when it is none of the four.

    >>> read_soundness("Ⅲ"), read_soundness("４"), read_soundness("健全性 ii")
    ('III', 'IV', 'II')
    """
    found = _SOUNDNESS.fullmatch(fold(text).upper().replace("SOUNDNESS", "soundness"))
    # two one-character numerals in a row, ⅠⅡ, would fold into a III that nobody wrote
    numerals = sum("\u2160" <= character <= "\u217f" for character in text)
    if found is None or numerals > 1:
        raise BadInput(f"soundness {text!r} is none of I, II, III, IV (Ⅰ–Ⅳ or 1–4 are read too)")
    return _ROMAN[found[1]]


_NUMBER = re.compile(
    r"([+-]?\d{1,3}(?:,\d{3})+(?:\.\d+)?|[+-]?\d+(?:\.\d+)?|[+-]?\.\d+)\s*((?:[^\d.,\s].*)?)"
)


def read_number(text: str, *, units: frozenset[str] = frozenset()) -> float:
    """Read a number in any width of digits, with thousands separators and a known unit.

    Args:
        text: what the cell says.
        units: units that may follow, folded and in lower case; any other is refused, because a
            length in kilometres must not be read as one in metres.

    Raises:
        BadInput: when it is no number, or its unit is not one of those allowed.

    >>> read_number("１，２３４．５ｍ", units=frozenset({"m"}))
    1234.5
    """
    found = _NUMBER.fullmatch(fold(text))
    if found is None:
        raise BadInput(f"{text!r} is no number")
    if found[2] and found[2].strip().lower() not in units:
        known = ", ".join(sorted(units)) or "none"
        raise BadInput(f"{text!r} has the unit {found[2].strip()!r}; allowed: {known}")
    return float(found[1].replace(",", ""))

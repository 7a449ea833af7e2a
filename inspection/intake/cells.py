"""Read one cell as the value that its field asks for."""

import re

from inspection.codelists.columns import CellKind, LedgerField
from inspection.codelists.members import load_countermeasures
from inspection.domain.eradate import fiscal_year, read_date, read_year
from inspection.domain.notation import WAVE_DASHES, fold, is_unknown, read_number, read_soundness
from inspection.domain.soundness import read_countermeasures
from inspection.errors import BadInput

Value = str | float | bool

_YES = frozenset({"有", "有り", "あり", "○", "〇", "◯", "はい", "true", "yes", "y", "1", "該当"})
_NO = frozenset({"無", "無し", "なし", "×", "✕", "いいえ", "false", "no", "n", "0", "非該当"})
_DMS = re.compile(  # folding turns ″ into two ′
    r"(\d{1,3})\s*[°度]\s*(\d{1,2})\s*['′分]\s*(\d{1,2}(?:\.\d+)?)\s*(?:[\"秒]|''|′′)?\s*([NSEW北南東西])?"
)
_KP = re.compile(
    r"(\d+(?:\.\d+)?)\s*(?:kp|k|km)\s*(?:\+?\s*(\d{1,3}(?:\.\d+)?)\s*m?)?|(\d+)\+(\d{1,3}(?:\.\d+)?)"
)
_HALF_CLASS = re.compile(r"(?:III|3)-([12])")


def read_cell(text: str, field: LedgerField) -> Value | None:
    """Give the value of a cell; None where it says nothing.

    Raises:
        BadInput: when it says something that cannot be read.
    """
    if field.kind not in (CellKind.TEXT, CellKind.FLAG, CellKind.CHOICE) and is_unknown(text):
        return None
    if not text.strip():
        return None
    return _READERS[field.kind](text, field)


def tidy(text: str) -> str:
    """Give words with one kind of wave dash and no border, so that encodings make no difference.

    CP932 knows the wave dash as U+FF5E, most UTF-8 files as U+301C.

    >>> tidy(" 1〜2号線 ")
    '1～2号線'
    """
    return re.sub(f"[{WAVE_DASHES}]", "\uff5e", text).strip(" \t\r\n\u3000")


def _text(text: str, field: LedgerField) -> str | None:
    del field
    return tidy(text) or None


def _code(text: str, field: LedgerField) -> str:
    del field
    return fold(text)


def _number(text: str, field: LedgerField) -> float:
    return _bounded(read_number(text, units=field.units), text, field)


def _bounded(value: float, text: str, field: LedgerField) -> float:
    if not field.low <= value <= field.high:
        raise BadInput(f"{text.strip()!r} is outside {field.low:g} to {field.high:g}")
    return value


def _degrees(text: str, field: LedgerField) -> float:
    """Read decimal degrees, or degrees, minutes and seconds."""
    found = _DMS.fullmatch(fold(text))
    if found is None:
        value = read_number(text, units=frozenset({"°", "度", "deg"}))
    else:
        minutes, seconds = float(found[2]), float(found[3])
        if minutes >= 60 or seconds >= 60:
            raise BadInput(f"{text.strip()!r} has minutes or seconds of 60 or more")
        value = float(found[1]) + minutes / 60 + seconds / 3600
        value = -value if found[4] in ("S", "W", "南", "西") else value
    try:
        return _bounded(value, text, field)
    except BadInput as error:
        raise BadInput(f"{error}; are latitude and longitude swapped?") from error


def _chainage(text: str, field: LedgerField) -> float:
    """Read metres along a route, to the millimetre: 12.3kp, 12k300, 12+300 or 12300 m."""
    del field
    found = _KP.fullmatch(fold(text).lower())
    if found is None:
        return read_number(text, units=frozenset({"m"}))
    if found[3] is not None:
        return round(int(found[3]) * 1000 + float(found[4]), 3)
    return round(float(found[1]) * 1000 + float(found[2] or 0), 3)  # 16.1 × 1000 is not 16100


def _year(text: str, field: LedgerField) -> float | None:
    """Read a year; a date in a column of years is read for its fiscal year."""
    del field
    try:
        return read_year(text)
    except BadInput:
        try:
            day = read_date(text)
        except BadInput:
            day = None
        if day is None:
            raise
        return fiscal_year(day)


def _date(text: str, field: LedgerField) -> str | None:
    del field
    day = read_date(text)
    return None if day is None else day.isoformat()


def _soundness(text: str, field: LedgerField) -> str:
    """Read I to IV, and the halves of III that only road sections have."""
    del field
    half = _HALF_CLASS.fullmatch(fold(text).upper())
    return f"III-{half[1]}" if half else read_soundness(text)


def _countermeasures(text: str, field: LedgerField) -> str:
    del field
    return ",".join(read_countermeasures(fold(text), known=load_countermeasures()))


def _flag(text: str, field: LedgerField) -> bool | None:
    del field
    return read_flag(text)


def read_flag(text: str) -> bool | None:
    """Read yes (有, ○, 1) or no (無, ×, 0); None where nobody knows.

    Raises:
        BadInput: when it is neither.

    >>> read_flag("有"), read_flag("×"), read_flag("不明")
    (True, False, None)
    """
    plain = fold(text).lower()
    if plain in _YES:
        return True
    if plain in _NO:
        return False
    if is_unknown(text):
        return None
    raise BadInput(f"{text.strip()!r} is neither yes (有, ○) nor no (無, ×)")


def _choice(text: str, field: LedgerField) -> str | None:
    found = field.choices.get(fold(text).lower())
    if found is None and is_unknown(text):
        return None
    if found is None:
        allowed = ", ".join(dict.fromkeys(field.choices.values()))
        raise BadInput(f"{text.strip()!r} is none of {allowed}")
    return found


_READERS = {
    CellKind.TEXT: _text,
    CellKind.CODE: _code,
    CellKind.NUMBER: _number,
    CellKind.DEGREES: _degrees,
    CellKind.CHAINAGE: _chainage,
    CellKind.YEAR: _year,
    CellKind.DATE: _date,
    CellKind.SOUNDNESS: _soundness,
    CellKind.COUNTERMEASURES: _countermeasures,
    CellKind.FLAG: _flag,
    CellKind.CHOICE: _choice,
}

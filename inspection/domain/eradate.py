"""Read years and dates of ledgers, in Japanese eras or not, and count fiscal years.

A fiscal year runs from April to March and is named by the year in which it begins.

Source: domain specification §1.1 (cycle of five years, warnings D), §7.1 (eras S-5).
"""

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone

from inspection.domain.notation import fold, is_unknown
from inspection.errors import BadInput

JST = timezone(timedelta(hours=9), "JST")

CYCLE_YEARS = 5
"""Years from one periodic inspection of a bridge to the next."""

WARN_MONTHS = (12, 6, 3)
"""Months before the due date at which a planner is warned."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Era:
    """Describe one Japanese era.

    Attributes:
        letter: what ledgers write for short.
        ja: its name.
        before: the year that comes before its first.
        last: its last year; years beyond are refused as slips of the pen.
    """

    letter: str
    ja: str
    before: int
    last: int


ERAS = (
    Era(letter="M", ja="明治", before=1867, last=45),
    Era(letter="T", ja="大正", before=1911, last=15),
    Era(letter="S", ja="昭和", before=1925, last=64),
    Era(letter="H", ja="平成", before=1988, last=31),
    Era(letter="R", ja="令和", before=2018, last=99),
)

_BY_NAME = {name: era for era in ERAS for name in (era.letter, era.ja, era.ja[0])}

_YEAR = (
    r"(?:(?P<era>[MTSHRmtshr]|明治|大正|昭和|平成|令和|[明大昭平令])\s*\.?\s*)?(?P<year>元|\d{1,4})"
)
_ONLY_YEAR = re.compile(_YEAR + r"\s*(?:年度?)?(?:\s*\((?P<same>[^)]*)\))?")
_DATE = re.compile(
    _YEAR + r"\s*(?:年|[-/.])\s*(?P<month>\d{1,2})\s*(?:月|[-/.])\s*(?P<day>\d{1,2})\s*日?"
)
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})")
_TIME = re.compile(r"[T\s]+\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?$")

OLDEST_YEAR, NEWEST_YEAR = 1600, 2200


def read_year(text: str) -> int | None:
    """Read a year, in an era or not; None where nobody knows.

    Raises:
        BadInput: when it is no year, or the era had no such year.

    >>> read_year("S55"), read_year("平成元年度"), read_year("Ｒ６"), read_year("1980年")
    (1980, 1989, 2024, 1980)
    >>> read_year("不明") is None
    True
    """
    if is_unknown(text):
        return None
    found = _ONLY_YEAR.fullmatch(fold(text))
    if found is None:
        raise BadInput(f"{text!r} is no year; write 1980, S55 or 昭和55年")
    year = _year(found, text)
    if found["same"] is not None and (again := _both_ways(found["same"])) not in (None, year):
        raise BadInput(f"{text!r} says two different years, {year} and {again}")
    return year


def _both_ways(text: str) -> int | None:
    """Read the year in brackets, as in 1980(S55); anything else in brackets is a remark."""
    found = _ONLY_YEAR.fullmatch(text.strip())
    return None if found is None else _year(found, text)


def _year(found: re.Match[str], text: str) -> int:
    """Give the year of a match."""
    number = 1 if found["year"] == "元" else int(found["year"])
    if found["era"] is None:
        if not OLDEST_YEAR <= number <= NEWEST_YEAR:
            raise BadInput(f"{text!r} is no year from {OLDEST_YEAR} to {NEWEST_YEAR}")
        return number
    era = _BY_NAME[found["era"].upper()]
    if not 1 <= number <= era.last:
        raise BadInput(f"{text!r}: {era.ja} had the years 1 to {era.last}, not {number}")
    return era.before + number


def day_in_japan(moment: datetime) -> date:
    """Give the day in Japan of an aware moment: there it begins nine hours before it does in UTC.

    >>> day_in_japan(datetime.fromisoformat("2026-03-31T15:00:00+00:00"))
    datetime.date(2026, 4, 1)
    """
    return moment.astimezone(JST).date()


def read_date(text: str) -> date | None:
    """Read a date, in an era or not, with or without a time of day; None where nobody knows.

    Raises:
        BadInput: when it is no date of the calendar.

    >>> read_date("昭和55年3月31日"), read_date("R6.4.1")
    (datetime.date(1980, 3, 31), datetime.date(2024, 4, 1))
    >>> read_date("2024/02/29"), read_date("20240229")
    (datetime.date(2024, 2, 29), datetime.date(2024, 2, 29))
    """
    if is_unknown(text):
        return None
    plain = _TIME.sub("", fold(text))
    if (compact := _COMPACT.fullmatch(plain)) is not None:
        year, month, day = (int(group) for group in compact.groups())
    elif (found := _DATE.fullmatch(plain)) is not None:
        year, month, day = _year(found, text), int(found["month"]), int(found["day"])
    else:
        raise BadInput(f"{text!r} is no date; write 2024-05-31, R6.5.31 or 令和6年5月31日")
    try:
        return date(year, month, day)
    except ValueError as error:
        raise BadInput(f"{text!r} is no day of the calendar: {error}") from error


def fiscal_year(day: date) -> int:
    """Give the fiscal year of a day.

    >>> fiscal_year(date(2025, 3, 31)), fiscal_year(date(2025, 4, 1))
    (2024, 2025)
    """
    return day.year if day.month >= 4 else day.year - 1


def due_fiscal_year(last_fiscal_year: int) -> int:
    """Give the fiscal year within which the next periodic inspection is due.

    >>> due_fiscal_year(2019)
    2024
    """
    return last_fiscal_year + CYCLE_YEARS


def due_date(last_fiscal_year: int) -> date:
    """Give the last day on which the next periodic inspection is in time.

    >>> due_date(2019)
    datetime.date(2025, 3, 31)
    """
    return date(due_fiscal_year(last_fiscal_year) + 1, 3, 31)


def months_left(today: date, due: date) -> int:
    """Count the whole months from today to a due date; negative when it has passed.

    >>> due = date(2025, 3, 31)
    >>> months_left(date(2025, 1, 1), due), months_left(date(2025, 4, 1), due)
    (2, -1)
    """
    whole = (due.year - today.year) * 12 + due.month - today.month
    return whole - (today.day > due.day)


def due_warning(today: date, last_fiscal_year: int) -> int | None:
    """Give the tightest warning that applies: 12, 6 or 3 months before, 0 when overdue.

    >>> due_warning(date(2024, 5, 1), 2019), due_warning(date(2025, 2, 1), 2019)
    (12, 3)
    >>> due_warning(date(2025, 4, 1), 2019), due_warning(date(2023, 1, 1), 2019)
    (0, None)
    """
    due = due_date(last_fiscal_year)
    if today > due:
        return 0
    left = months_left(today, due)
    return min((months for months in WARN_MONTHS if left < months), default=None)

"""Carry one page of a longer answer."""

from dataclasses import dataclass
from typing import Generic, TypeVar

from inspection.errors import BadInput

Row = TypeVar("Row")

LIMIT_MAX = 10_000
"""Most rows of one page; more would hold a reader's transaction open for seconds."""

OFFSET_MAX = 2**53 - 1
"""Most rows to leave out: the largest whole number that JSON carries exactly to every language
(RFC 8259 §6), far below the 63 bits of both databases."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[Row]):
    """Carry some rows, and how many there are in all.

    Attributes:
        rows: the rows of this page, in an order that does not change between pages.
        total: how many rows match, on all pages together.
    """

    rows: tuple[Row, ...]
    total: int


def check_window(limit: int, offset: int) -> None:
    """Check the limit and the offset of a page, both in rows.

    Raises:
        BadInput: when the limit is not 1–10000, or the offset is negative or beyond ``OFFSET_MAX``.

    >>> check_window(100, 0)
    """
    if not 1 <= limit <= LIMIT_MAX:
        raise BadInput(f"limit must be 1 to {LIMIT_MAX} rows, got {limit}")
    if not 0 <= offset <= OFFSET_MAX:
        raise BadInput(f"offset must be 0 to {OFFSET_MAX} rows, got {offset}")

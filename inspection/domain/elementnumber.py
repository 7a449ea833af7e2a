"""Number the elements of a bridge: a member symbol and two pairs of digits, such as ``Mg0101``.

Numbers count per span. For superstructure the first pair is the member (girder line, from the left
looking from the start point) and the last pair the panel along the bridge. For substructure the
last pair is the member.

Source: domain specification §1.6 (S-1, S-5; left/right and panel counting K-M).
"""

import re
from dataclasses import dataclass

from inspection.domain.notation import fold
from inspection.errors import BadInput

LARGEST_EXPANSION = 2000
"""More elements than this in one range are taken for a slip of the pen."""

_ONE = re.compile(r"(?:(?P<symbol>[A-Za-z]{2,4})\s*)?(?P<number>[0-9]{4})")
_NAMED = re.compile(r"(?:.+?\s+)?([A-Za-z]{2,4}\s*[0-9]{4}.*)", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class ElementNumber:
    """Name one element within its span.

    Attributes:
        symbol: symbol of the member, such as ``Mg``; checked against the code-list elsewhere.
        number: four digits.
    """

    symbol: str
    number: str

    def __post_init__(self) -> None:
        """Check the shape of both parts."""
        if _ONE.fullmatch(f"{self.symbol}{self.number}") is None or not self.symbol:
            raise BadInput(
                f"an element is 2 to 4 letters and 4 digits, such as Mg0101; "
                f"got {self.symbol!r} {self.number!r}"
            )

    def __str__(self) -> str:
        """Write it as records do.

        >>> str(ElementNumber(symbol="Mg", number="0101"))
        'Mg0101'
        """
        return f"{self.symbol}{self.number}"

    @property
    def first(self) -> int:
        """Give the number of the first two digits."""
        return int(self.number[:2])

    @property
    def last(self) -> int:
        """Give the number of the last two digits."""
        return int(self.number[2:])


def read_element(text: str) -> ElementNumber:
    """Read one element, with or without the name of its member before it.

    Raises:
        BadInput: when it is not one element.

    >>> str(read_element("主桁 Ｍｇ０１０１"))
    'Mg0101'
    """
    found = expand_elements(text)
    if len(found) != 1:
        raise BadInput(f"{text!r} names {len(found)} elements, one is needed")
    return found[0]


def expand_elements(text: str) -> tuple[ElementNumber, ...]:
    """Give every element that a range or a list names, in order, each once.

    A range runs over both pairs of digits: ``Mg0101～0204`` is four girders' panels, not 104.

    Raises:
        BadInput: when a part is no element, a range runs backwards, or it is absurdly large.

    >>> [str(e) for e in expand_elements("Mg0101～0203")]
    ['Mg0101', 'Mg0102', 'Mg0103', 'Mg0201', 'Mg0202', 'Mg0203']
    >>> [str(e) for e in expand_elements("Ds0101,0102、Cr0201")]
    ['Ds0101', 'Ds0102', 'Cr0201']
    """
    plain = fold(text)
    named = _NAMED.fullmatch(plain)
    parts = re.split(r"\s*[,、，・]\s*", named[1] if named else plain)
    found: list[ElementNumber] = []
    symbol = ""
    for part in parts:
        expanded = _expand(part, symbol, text)
        symbol = expanded[-1].symbol
        found += expanded
    return tuple(dict.fromkeys(found))


def _expand(part: str, symbol: str, text: str) -> list[ElementNumber]:
    """Expand one part of a list; a number without a symbol has that of the part before."""
    ends = [_ONE.fullmatch(end.strip()) for end in part.split("~")]
    if not 1 <= len(ends) <= 2 or any(end is None for end in ends):
        raise BadInput(f"{part!r} in {text!r} is no element such as Mg0101 or Mg0101～0204")
    matches = [end for end in ends if end is not None]
    first, last = matches[0], matches[-1]
    own = first["symbol"] or symbol
    if not own:
        raise BadInput(f"{part!r} in {text!r} has no member symbol; write such as Mg{part}")
    if last["symbol"] not in (None, own):
        raise BadInput(f"{part!r} in {text!r} runs from one member to another")
    low, high = _pairs(first["number"]), _pairs(last["number"])
    if low[0] > high[0] or low[1] > high[1]:
        raise BadInput(f"{part!r} in {text!r} runs backwards; each pair of digits must ascend")
    if (high[0] - low[0] + 1) * (high[1] - low[1] + 1) > LARGEST_EXPANSION:
        raise BadInput(f"{part!r} in {text!r} names more than {LARGEST_EXPANSION} elements")
    return [
        ElementNumber(symbol=own, number=f"{a:02}{b:02}")
        for a in range(low[0], high[0] + 1)
        for b in range(low[1], high[1] + 1)
    ]


def _pairs(number: str) -> tuple[int, int]:
    return int(number[:2]), int(number[2:])

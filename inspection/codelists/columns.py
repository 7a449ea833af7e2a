"""Load which headings of a ledger mean which field, and how a cell is read."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from typing import Any

from inspection.codelists.codelist import Codelist, load_codelist
from inspection.domain.notation import fold
from inspection.errors import BadCodelist

LEDGER = "ledger_column"
ELEMENTS = "element_column"
COSTS = "unit_cost_column"


class CellKind(StrEnum):
    """Say how a cell is read."""

    TEXT = "text"
    CODE = "code"
    NUMBER = "number"
    DEGREES = "degrees"
    CHAINAGE = "chainage"
    YEAR = "year"
    DATE = "date"
    SOUNDNESS = "soundness"
    COUNTERMEASURES = "countermeasures"
    FLAG = "flag"
    CHOICE = "choice"


class Target(StrEnum):
    """Say what a field becomes a part of."""

    ID = "id"
    ASSET = "asset"
    SHEET = "sheet"
    SECTION = "section"
    ATTRIBUTE = "attribute"
    ELEMENT = "element"
    COST = "cost"


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerField:
    """Describe one field of a ledger.

    Attributes:
        name: such as ``length_m``.
        kind: how a cell is read.
        target: what it becomes a part of.
        aliases: headings, folded by ``heading_key``, the preferred one first.
        units: units that may follow a number, folded and in lower case.
        low: least number that is read.
        high: greatest number that is read.
        choices: value by folded spelling.
    """

    name: str
    kind: CellKind
    target: Target
    aliases: tuple[str, ...]
    units: frozenset[str] = frozenset()
    low: float = float("-inf")
    high: float = float("inf")
    choices: Mapping[str, str] = field(default_factory=dict)


def heading_key(text: str) -> str:
    """Give a heading as it is compared: folded, without spaces, in one romaji spelling.

    >>> heading_key(" 橋長（ｍ） "), heading_key("syogen.kyouchou") == heading_key("shogen.kyocho")
    ('橋長(m)', True)
    """
    plain = re.sub(r"\s+", "", fold(text)).lower()
    if not plain.isascii() or ("." not in plain and "_" not in plain):
        return plain
    for spelling, ours in _ROMAJI:
        plain = re.sub(spelling, ours, plain)
    return plain


_ROMAJI = (
    (r"[sz]y(?=[aou])", "sh"),
    (r"ty(?=[aou])", "ch"),
    (r"jy(?=[aou])", "j"),
    (r"s(?=i)", "sh"),
    (r"shh", "sh"),
    (r"tu", "tsu"),
    (r"ttsu", "tsu"),
    (r"o[uo]", "o"),
    (r"uu", "u"),
)
"""Spellings of xROAD exports that differ (syogen, shogen; kyouchou, kyocho), to one of our own."""


@lru_cache(maxsize=4)
def load_fields(name: str = LEDGER) -> Mapping[str, LedgerField]:
    """Load the fields of asset ledgers, element sheets or price lists, by name."""
    return fields_of(load_codelist(name))


def fields_of(codelist: Codelist) -> Mapping[str, LedgerField]:
    """Build the fields from their code-list.

    Raises:
        BadCodelist: when a row is wrong, or a heading or a spelling means two things.
    """
    found: dict[str, LedgerField] = {}
    owner: dict[str, str] = {}
    for row in codelist.rows():
        try:
            one = _field(row)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise BadCodelist(
                f"code-list {codelist.id!r}, {row.get('field')!r}: {error}"
            ) from error
        for alias in one.aliases:
            if owner.setdefault(alias, one.name) != one.name:
                raise BadCodelist(
                    f"code-list {codelist.id!r}: heading {alias!r} means both "
                    f"{owner[alias]!r} and {one.name!r}"
                )
        found[one.name] = one
    return found


def _field(row: Mapping[str, Any]) -> LedgerField:
    """Build one field."""
    choices: dict[str, str] = {}
    for value, spellings in row.get("choices", {}).items():
        for spelling in (value, *spellings):  # the value itself is what we write
            if choices.setdefault(fold(str(spelling)).lower(), str(value)) != str(value):
                raise ValueError(f"spelling {spelling!r} means two values")
    kind = CellKind(row["kind"])
    if (kind is CellKind.CHOICE) != bool(choices):
        raise ValueError("choices belong to a field of kind choice, and only there")
    return LedgerField(
        name=str(row["field"]),
        kind=kind,
        target=Target(row["target"]),
        aliases=tuple(dict.fromkeys(heading_key(str(alias)) for alias in row["aliases"])),
        units=frozenset(fold(str(unit)).lower() for unit in row.get("units", ())),
        low=float(row.get("low", "-inf")),
        high=float(row.get("high", "inf")),
        choices=choices,
    )

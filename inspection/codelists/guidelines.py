"""Load the guidelines by which inspections are made; the version is a field of every inspection."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from inspection.codelists.codelist import Codelist, load_codelist, whole
from inspection.errors import BadCodelist, BadInput

OFFICIAL = "jp_bridge_"
"""Begin of the codes among which the fiscal year of a Japanese bridge inspection chooses."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Guideline:
    """Describe one guideline; ``last_year`` is None while it is in force."""

    code: str
    subject: str
    first_year: int
    last_year: int | None
    ja: str
    en: str


@lru_cache(maxsize=1)
def load_guidelines() -> Mapping[str, Guideline]:
    """Load the guidelines by code."""
    return guidelines(load_codelist("guideline"))


def guidelines(codelist: Codelist) -> Mapping[str, Guideline]:
    """Build the guidelines from their code-list.

    Raises:
        BadCodelist: when a row is wrong, or two of Japan's bridge guidelines claim one year.
    """
    found: dict[str, Guideline] = {}
    for row in codelist.rows():
        try:
            one = Guideline(
                code=str(row["code"]),
                subject=str(row["subject"]),
                first_year=whole(row["from"]),
                last_year=None if row.get("to") is None else whole(row["to"]),
                ja=str(row["ja"]),
                en=str(row["en"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise BadCodelist(f"code-list {codelist.id!r}: {error!r}") from error
        found[one.code] = one
    ours = sorted((g for c, g in found.items() if c.startswith(OFFICIAL)), key=_first_year)
    for before, after in pairwise(ours):
        if before.last_year is None or before.last_year + 1 != after.first_year:
            raise BadCodelist(
                f"code-list {codelist.id!r}: {before.code} and {after.code} leave a gap or overlap"
            )
    return found


def _first_year(guideline: Guideline) -> int:
    return guideline.first_year


def bridge_guideline(fiscal_year: int) -> str:
    """Name the guideline in force for Japan's bridges in a fiscal year; the first one before it.

    >>> bridge_guideline(2018), bridge_guideline(2019), bridge_guideline(2026)
    ('jp_bridge_2014', 'jp_bridge_2019', 'jp_bridge_2024')
    """
    ours = sorted(
        (g for code, g in load_guidelines().items() if code.startswith(OFFICIAL)), key=_first_year
    )
    begun = [g for g in ours if g.first_year <= fiscal_year]
    return (begun or ours)[-1 if begun else 0].code


def check_guideline(code: str) -> str:
    """Give the code of a guideline that is known.

    Raises:
        BadInput: when there is none of that code.
    """
    if code not in load_guidelines():
        raise BadInput(f"guideline {code!r} is none of {', '.join(load_guidelines())}")
    return code

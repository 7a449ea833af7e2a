"""Load the rules that grade bridges beside cracks: deck slabs, corrosion, appearance, soundness."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from inspection.codelists.codelist import Codelist, load_codelist, number, whole
from inspection.codelists.grades import load_soundness_candidates
from inspection.domain.appearance import AppearanceRule
from inspection.domain.corrosion import CorrosionRule
from inspection.domain.deckcrack import DeckCrackRule, DeckRow, DeckWords, Directions
from inspection.domain.soundness import SoundnessRule
from inspection.errors import BadCodelist, BadInput

DECK_2014 = "jp_deck_crack"
DECK_2004 = "jp_deck_crack_2004"

_FLAGS = ("leak", "conspicuous", "corner_spall")
_BOUNDS = ("mainly_mm", "max_mm", "grid_m")


@lru_cache(maxsize=2)
def load_deck_rule(name: str = DECK_2014) -> DeckCrackRule:
    """Load one version of the rule of ⑪ 床版ひびわれ."""
    return deck_rule(load_codelist(name))


def deck_rule(codelist: Codelist) -> DeckCrackRule:
    """Build the rule of ⑪ from its code-list.

    Raises:
        BadCodelist: when a field is missing, unknown or of the wrong type.
    """
    try:
        words = codelist["words"]
        return DeckCrackRule(
            id=codelist.id,
            version=codelist.version,
            type_ja=str(codelist["type_ja"]),
            words=DeckWords(
                mainly_share=number(words["mainly_share"]),
                conspicuous_share=number(words["conspicuous_share"]),
                conspicuous_mm=number(words["conspicuous_mm"]),
                second_share=number(words["second_share"]),
                second_angle_deg=number(words["second_angle_deg"]),
                crossings=whole(words["crossings"]),
                spall_area_m2=number(words["spall_area_m2"]),
            ),
            rows=tuple(_deck_row(row) for row in codelist.rows()),
            otherwise=str(codelist["otherwise"]),
        )
    except (KeyError, TypeError, ValueError, BadInput) as error:
        raise BadCodelist(f"code-list {codelist.id!r}: {error!r}") from error


def _deck_row(row: Mapping[str, Any]) -> DeckRow:
    """Build one row of the table."""
    unknown = set(row) - {"grade", "directions", *_FLAGS, *_BOUNDS}
    wrong = [name for name in _FLAGS if not isinstance(row.get(name, True), bool)]
    if unknown or wrong:
        raise ValueError(f"row {row}: {sorted(unknown) or wrong} cannot be used")
    mainly, most, grid = (None if name not in row else number(row[name]) for name in _BOUNDS)
    return DeckRow(
        grade=str(row["grade"]),
        directions=Directions(row["directions"]) if "directions" in row else None,
        mainly_mm=mainly,
        max_mm=most,
        grid_m=grid,
        leak=row.get("leak"),
        conspicuous=row.get("conspicuous"),
        corner_spall=row.get("corner_spall"),
    )


@lru_cache(maxsize=1)
def load_corrosion_rule() -> CorrosionRule:
    """Load the rule of ① 腐食."""
    return corrosion_rule(load_codelist("jp_corrosion"))


def corrosion_rule(codelist: Codelist) -> CorrosionRule:
    """Build the rule of ① from its code-list.

    Raises:
        BadCodelist: when a field is missing or the matrix breaks the order of grades.
    """
    try:
        return CorrosionRule(
            version=codelist.version,
            type_ja=str(codelist["type_ja"]),
            area_share=number(codelist["area_share"]),
            grades={str(key): str(letter) for key, letter in codelist["grades"].items()},
            needs_review=codelist.needs_review,
        )
    except (AttributeError, TypeError, ValueError, BadInput) as error:
        raise BadCodelist(f"code-list {codelist.id!r}: {error}") from error


@lru_cache(maxsize=1)
def load_appearance_rule() -> AppearanceRule:
    """Load the proposals of ⑤, ⑦ and ⑧."""
    return appearance_rule(load_codelist("appearance_rule"))


def appearance_rule(codelist: Codelist) -> AppearanceRule:
    """Build the proposals from their code-list.

    Raises:
        BadCodelist: when a share is missing or not between 0 and 1.
    """
    names = ("rusty_rebar_share", "stained_share", "element_share")
    try:
        shares = {name: number(codelist[name]) for name in names}
    except (TypeError, ValueError) as error:
        raise BadCodelist(f"code-list {codelist.id!r}: {error}") from error
    if not all(0 < share < 1 for share in shares.values()):
        raise BadCodelist(f"code-list {codelist.id!r}: shares lie between 0 and 1, got {shares}")
    return AppearanceRule(version=codelist.version, **shares)


@lru_cache(maxsize=1)
def load_soundness_rule() -> SoundnessRule:
    """Load the stand-in that proposes a soundness for a worst damage grade."""
    version = load_codelist("soundness_candidate").version
    return SoundnessRule(version=version, grades=load_soundness_candidates())

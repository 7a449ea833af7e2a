"""Load what bridge records are made of: members, damage types to check, countermeasures, texts."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from inspection.codelists.codelist import Codelist, load_codelist, whole
from inspection.codelists.damage_classes import load_damage_types
from inspection.domain.bridge import Material, MemberKind, Numbering, Targets, WorkGroup
from inspection.domain.damagerecord import NamedType
from inspection.domain.soundness import SOUNDNESS, Countermeasure
from inspection.errors import BadCodelist


@lru_cache(maxsize=1)
def load_members() -> Mapping[str, MemberKind]:
    """Load the member symbols."""
    return members(load_codelist("jp_member"))


def members(codelist: Codelist) -> Mapping[str, MemberKind]:
    """Build the member symbols from their code-list.

    Raises:
        BadCodelist: when a row is wrong or a symbol stands twice.
    """
    try:
        kinds = [
            MemberKind(
                symbol=str(row["symbol"]),
                ja=str(row["ja"]),
                en=str(row["en"]),
                group=WorkGroup(row["group"]),
                main=_yes_or_no(row["main"]),
                numbering=Numbering(row["numbering"]),
            )
            for row in codelist.rows()
        ]
    except (KeyError, TypeError, ValueError) as error:
        raise BadCodelist(f"code-list {codelist.id!r}: {error!r}") from error
    found = {kind.symbol: kind for kind in kinds}
    if len(found) != len(kinds):
        raise BadCodelist(f"code-list {codelist.id!r} names a symbol twice")
    return found


def _yes_or_no(value: object) -> bool:
    """Give a truth value; anything else is a slip."""
    if not isinstance(value, bool):
        raise ValueError(f"{value!r} must be true or false")
    return value


@lru_cache(maxsize=1)
def load_targets() -> Targets:
    """Load the damage types to check by member and material."""
    return targets(load_codelist("jp_target_damage"))


def targets(codelist: Codelist) -> Targets:
    """Build the damage types to check from their code-list.

    Raises:
        BadCodelist: when a symbol, a material or a damage type is unknown, or a list is not
            ascending.
    """
    known, types = load_members(), load_damage_types()
    found: dict[str, dict[Material, tuple[int, ...]]] = {}
    try:
        for symbol, materials in codelist["targets"].items():
            if symbol not in known:
                raise ValueError(f"{symbol!r} is no member symbol")
            found[symbol] = {}
            for code, numbers in materials.items():
                listed = tuple(whole(number) for number in numbers)
                if list(listed) != sorted(set(listed)) or not set(listed) <= set(types):
                    raise ValueError(f"{symbol} {code} must ascend within 1 to 26, got {listed}")
                found[symbol][Material(code)] = listed
    except (AttributeError, TypeError, ValueError) as error:
        raise BadCodelist(f"code-list {codelist.id!r}: {error}") from error
    return found


@lru_cache(maxsize=1)
def load_countermeasures() -> Mapping[str, Countermeasure]:
    """Load the countermeasure classes (対策区分), nine of them."""
    return countermeasures(load_codelist("jp_countermeasure"))


def countermeasures(codelist: Codelist) -> Mapping[str, Countermeasure]:
    """Build the countermeasure classes from their code-list.

    Raises:
        BadCodelist: when a row is wrong.
    """
    found: dict[str, Countermeasure] = {}
    for row in codelist.rows():
        try:
            usual = str(row["soundness"])
            if usual not in ("", *SOUNDNESS):
                raise ValueError(f"soundness {usual!r} is none of I to IV")
            code = str(row["code"])
            found[code] = Countermeasure(
                code=code, ja=str(row["ja"]), en=str(row["en"]), soundness=usual
            )
        except (KeyError, TypeError, ValueError) as error:
            raise BadCodelist(f"code-list {codelist.id!r}: {error!r}") from error
    return found


@lru_cache(maxsize=8)
def countermeasures_of(guideline: str) -> tuple[str, ...]:
    """Name the classes that records of a guideline use, such as ``jp_bridge_2019``.

    Raises:
        BadCodelist: when no class belongs to the guideline.
    """
    rows = load_codelist("jp_countermeasure").rows()
    codes = tuple(str(row["code"]) for row in rows if guideline in row["guidelines"])
    if not codes:
        raise BadCodelist(f"no countermeasure class belongs to guideline {guideline!r}")
    return codes


@lru_cache(maxsize=1)
def load_named_types() -> Mapping[int, NamedType]:
    """Load names and letters of the 26 damage types for records."""
    return {
        number: NamedType(ja=kind.ja, grades=kind.grades)
        for number, kind in load_damage_types().items()
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class GradeText:
    """Carry the words of the grades of one damage type and classification (分類)."""

    number: int
    division: int
    division_ja: str
    texts: Mapping[str, str]
    needs_review: bool


@lru_cache(maxsize=1)
def load_grade_texts() -> Mapping[tuple[int, int], GradeText]:
    """Load the words of the grades by damage type and classification."""
    return grade_texts(load_codelist("jp_grade_text"))


def grade_texts(codelist: Codelist) -> Mapping[tuple[int, int], GradeText]:
    """Build the words of the grades from their code-list.

    Raises:
        BadCodelist: when a row is wrong, doubled, or gives words to a letter that its type lacks.
    """
    types = load_damage_types()
    found: dict[tuple[int, int], GradeText] = {}
    for row in codelist.rows():
        try:
            text = GradeText(
                number=whole(row["number"]),
                division=whole(row["division"]),
                division_ja=str(row["division_ja"]),
                texts={str(letter): str(words) for letter, words in row["texts"].items()},
                needs_review=_yes_or_no(row["needs_review"]),
            )
            strange = set(text.texts) - set(types[text.number].grades)
            if strange or (text.number, text.division) in found:
                raise ValueError(f"{text.number}-{text.division}: {sorted(strange) or 'twice'}")
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise BadCodelist(f"code-list {codelist.id!r}: {error!r}") from error
        found[text.number, text.division] = text
    return found
